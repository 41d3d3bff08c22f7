//! Who listens for notifications: the sockets that are subscribed to those of a user.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convoke_wire::{Sandbox, Xuid};

use super::mailbox::Mailbox;

/// A user where their notifications come from.
type Listener = (Sandbox, Xuid);

/// The sockets of every user that are subscribed to notifications, whichever the title.
#[derive(Debug, Default)]
pub(super) struct Audience(Mutex<HashMap<Listener, Vec<Arc<Mailbox>>>>);

impl Audience {
    /// A socket begins to listen.
    pub(super) fn enter(&self, sandbox: &Sandbox, xuid: Xuid, mailbox: &Arc<Mailbox>) {
        let mut all = self.all();
        let sockets = all.entry((sandbox.clone(), xuid)).or_default();
        sockets.push(Arc::clone(mailbox));
    }

    /// A socket listens no longer.
    pub(super) fn leave(&self, sandbox: &Sandbox, xuid: Xuid, mailbox: &Arc<Mailbox>) {
        let key = (sandbox.clone(), xuid);
        let mut all = self.all();
        let Some(sockets) = all.get_mut(&key) else {
            return;
        };
        sockets.retain(|other| !Arc::ptr_eq(other, mailbox));
        if sockets.is_empty() {
            all.remove(&key);
        }
    }

    /// The sockets that listen.
    pub(super) fn of(&self, sandbox: &Sandbox, xuid: Xuid) -> Vec<Arc<Mailbox>> {
        let key = (sandbox.clone(), xuid);
        self.all().get(&key).cloned().unwrap_or_default()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Listener, Vec<Arc<Mailbox>>>> {
        // Whatever panicked, the map is a map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
