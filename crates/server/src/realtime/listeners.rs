//! Who listens for what is told of users: the sockets that are subscribed to it.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::mailbox::Mailbox;

/// The sockets that listen, by what they listen for.
#[derive(Debug)]
pub(crate) struct Listeners<K>(Mutex<HashMap<K, Vec<Arc<Mailbox>>>>);

impl<K> Default for Listeners<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash> Listeners<K> {
    /// The sockets that listen for this.
    pub(super) fn of(&self, key: &K) -> Vec<Arc<Mailbox>> {
        self.all().get(key).cloned().unwrap_or_default()
    }

    fn enter(&self, key: &K, mailbox: &Arc<Mailbox>) {
        let mut all = self.all();
        let sockets = all.entry(key.clone()).or_default();
        sockets.push(Arc::clone(mailbox));
    }

    fn leave(&self, key: &K, mailbox: &Arc<Mailbox>) {
        let mut all = self.all();
        let Some(sockets) = all.get_mut(key) else {
            return;
        };
        sockets.retain(|other| !Arc::ptr_eq(other, mailbox));
        if sockets.is_empty() {
            all.remove(key);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<K, Vec<Arc<Mailbox>>>> {
        // Whatever panicked, the map is a map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The listening of one socket, which ends with it.
pub(super) struct Listening<K: Clone + Eq + Hash> {
    listeners: Arc<Listeners<K>>,
    mailbox: Arc<Mailbox>,
    keys: HashSet<K>,
}

impl<K: Clone + Eq + Hash> Listening<K> {
    /// For nothing yet.
    pub(super) fn new(listeners: &Arc<Listeners<K>>, mailbox: &Arc<Mailbox>) -> Self {
        Self {
            listeners: Arc::clone(listeners),
            mailbox: Arc::clone(mailbox),
            keys: HashSet::new(),
        }
    }

    /// This is all that the socket listens for now.
    pub(super) fn listen(&mut self, keys: HashSet<K>) {
        for key in self.keys.difference(&keys) {
            self.listeners.leave(key, &self.mailbox);
        }
        for key in keys.difference(&self.keys) {
            self.listeners.enter(key, &self.mailbox);
        }
        self.keys = keys;
    }
}

impl<K: Clone + Eq + Hash> Drop for Listening<K> {
    fn drop(&mut self) {
        self.listen(HashSet::new());
    }
}
