//! Who has opened which sockets: so many of one user, title and device, and no more.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convoke_wire::rta::CloseReason;
use convoke_wire::{TitleId, Xuid};

use super::mailbox::Mailbox;
use crate::auth::Principal;

/// Most sockets of one owner; another one closes the oldest. `Inferred:` handles 7.5
const MAX_SOCKETS: usize = 10;

/// Whose sockets are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    xuid: Option<Xuid>,
    title_id: Option<TitleId>,
    device_id: Option<String>,
    service: Option<String>,
}

impl Owner {
    pub(super) fn of(principal: &Principal) -> Self {
        Self {
            xuid: principal.acting_user().map(|user| user.xuid),
            title_id: principal.title_id,
            device_id: principal.device_id.clone(),
            service: principal.service.clone(),
        }
    }
}

/// The open sockets of every owner, oldest first.
#[derive(Debug, Default)]
pub(super) struct Owners(Mutex<HashMap<Owner, VecDeque<Arc<Mailbox>>>>);

impl Owners {
    /// One more socket; the oldest of too many is told to close.
    pub(super) fn enter(&self, owner: Owner, mailbox: &Arc<Mailbox>) {
        let mut all = self.all();
        let sockets = all.entry(owner).or_default();
        sockets.push_back(Arc::clone(mailbox));
        if MAX_SOCKETS < sockets.len()
            && let Some(oldest) = sockets.pop_front()
        {
            oldest.close(CloseReason::TooManySockets);
        }
    }

    /// A socket has ended.
    pub(super) fn leave(&self, owner: &Owner, mailbox: &Arc<Mailbox>) {
        let mut all = self.all();
        let Some(sockets) = all.get_mut(owner) else {
            return;
        };
        sockets.retain(|other| !Arc::ptr_eq(other, mailbox));
        if sockets.is_empty() {
            all.remove(owner);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Owner, VecDeque<Arc<Mailbox>>>> {
        // Whatever panicked, the map is a map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
