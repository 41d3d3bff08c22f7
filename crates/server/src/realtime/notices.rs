//! Notifications that are told to whoever listens at the moment, and are kept nowhere.

use std::sync::Arc;

use convoke_wire::{RawJson, Sandbox, TitleId, Xuid};

use super::RealTime;
use super::mailbox::Posted;
use crate::metrics::NoticeOutcome;

/// One notification.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notice {
    /// Who is told.
    pub(crate) user: Xuid,
    /// In which title.
    pub(crate) title_id: TitleId,
    /// The data of its event.
    pub(crate) data: RawJson,
}

impl RealTime {
    /// Tells the sockets of a user that listen now.
    pub(crate) fn notify(&self, sandbox: &Sandbox, notice: &Arc<Notice>) {
        let sockets = self.audience.of(&(sandbox.clone(), notice.user));
        if sockets.is_empty() {
            self.metrics.noticed(NoticeOutcome::Nobody);
        }
        for socket in sockets {
            if socket.notify(Arc::clone(notice)) == Posted::Dropped {
                self.metrics.noticed(NoticeOutcome::Dropped);
            }
        }
    }
}
