//! Who listens for changes of people lists: the sockets that are subscribed to those of a user.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convoke_wire::Xuid;

use super::RealTime;
use super::mailbox::Mailbox;
use crate::people_feed::PeopleChange;

/// The sockets of every user that are subscribed to the user's people list.
#[derive(Debug, Default)]
pub(crate) struct People(Mutex<HashMap<Xuid, Vec<Arc<Mailbox>>>>);

impl People {
    /// A change is durable: whoever listens is told.
    pub(crate) fn tell(&self, change: &PeopleChange) {
        let listening = self.all().get(&change.owner).cloned();
        for mailbox in listening.into_iter().flatten() {
            mailbox.post_people(change.clone());
        }
    }

    fn enter(&self, xuid: Xuid, mailbox: &Arc<Mailbox>) {
        let mut all = self.all();
        all.entry(xuid).or_default().push(Arc::clone(mailbox));
    }

    fn leave(&self, xuid: Xuid, mailbox: &Arc<Mailbox>) {
        let mut all = self.all();
        let Some(listening) = all.get_mut(&xuid) else {
            return;
        };
        listening.retain(|other| !Arc::ptr_eq(other, mailbox));
        if listening.is_empty() {
            all.remove(&xuid);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Xuid, Vec<Arc<Mailbox>>>> {
        // Whatever panicked, the map is a map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The listening of one socket, which ends with it.
pub(super) struct Listening {
    realtime: Arc<RealTime>,
    mailbox: Arc<Mailbox>,
    users: BTreeSet<Xuid>,
}

impl Listening {
    /// To nobody's list yet.
    pub(super) fn new(realtime: &Arc<RealTime>, mailbox: &Arc<Mailbox>) -> Self {
        Self {
            realtime: Arc::clone(realtime),
            mailbox: Arc::clone(mailbox),
            users: BTreeSet::new(),
        }
    }

    /// These are the users to whose lists the socket is subscribed now.
    pub(super) fn listen(&mut self, users: BTreeSet<Xuid>) {
        let people = &self.realtime.people;
        for xuid in self.users.difference(&users) {
            people.leave(*xuid, &self.mailbox);
        }
        for xuid in users.difference(&self.users) {
            people.enter(*xuid, &self.mailbox);
        }
        self.users = users;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.listen(BTreeSet::new());
    }
}
