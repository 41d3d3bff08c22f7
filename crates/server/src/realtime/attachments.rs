//! Connections: which socket each leads to, which sessions depend on it, which tap it.
//!
//! What the sessions say is the truth, and this is only its other side, kept by every change. A
//! connection that was lost never comes back; a new subscription has a new one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convoke_core::session::connections::Changes;
use convoke_wire::SessionKey;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::mailbox::Mailbox;
use crate::clock::later;
use crate::timer_queue::TimerQueue;

const SHARDS: usize = 64;
/// Connections whose time is over that are looked at together.
const BATCH: usize = 1024;

/// All connections that lead to a socket or that a session names.
#[derive(Debug)]
pub(crate) struct Attachments {
    shards: [Mutex<HashMap<Uuid, Connection>>; SHARDS],
    /// When connections without a socket count as lost.
    losses: TimerQueue<Uuid>,
    grace: SignedDuration,
}

/// One connection.
#[derive(Debug, Default)]
struct Connection {
    /// The socket that it leads to.
    mailbox: Option<Arc<Mailbox>>,
    /// Sessions that its loss changes.
    required: BTreeSet<SessionKey>,
    /// Sessions that tap it, or will when a write of theirs is committed.
    tapped: BTreeSet<SessionKey>,
    /// When it counts as lost.
    due: Option<Timestamp>,
}

impl Connection {
    fn is_of_use(&self) -> bool {
        self.mailbox.is_some() || !self.required.is_empty() || !self.tapped.is_empty()
    }
}

/// A place among the sessions that tap a connection, taken before the write that needs it is
/// committed, so that no other write gets the same one. Given back when it is dropped, unless it was
/// [kept](Self::keep).
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Attachments>,
    id: Uuid,
    /// Nothing, where the session had the place before.
    session: Option<SessionKey>,
}

impl Place {
    /// The write is committed; from now on the place is the session's, until it changes again.
    pub(crate) fn keep(mut self) {
        self.session = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        let mut shard = self.connections.shard(self.id);
        if let Some(connection) = shard.get_mut(&self.id) {
            connection.tapped.remove(&session);
            if !connection.is_of_use() {
                shard.remove(&self.id);
            }
        }
    }
}

impl Attachments {
    /// None. Connections have this long to be replaced when they are lost.
    pub(super) fn new(grace: SignedDuration) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            losses: TimerQueue::default(),
            grace,
        }
    }

    /// A connection leads to a socket.
    pub(super) fn connect(&self, id: Uuid, mailbox: Arc<Mailbox>, now: Timestamp) {
        self.change(id, now, |connection| connection.mailbox = Some(mailbox));
    }

    /// A connection leads nowhere any more.
    pub(super) fn disconnect(&self, id: Uuid, now: Timestamp) {
        self.change(id, now, |connection| connection.mailbox = None);
    }

    /// Where a connection leads.
    pub(super) fn mailbox(&self, id: Uuid) -> Option<Arc<Mailbox>> {
        self.shard(id).get(&id)?.mailbox.clone()
    }

    /// Follows a session's change.
    pub(super) fn apply(&self, key: &SessionKey, changes: &Changes, now: Timestamp) {
        for id in &changes.tapped.removed {
            self.change(*id, now, |connection| _ = connection.tapped.remove(key));
        }
        for id in &changes.tapped.added {
            self.change(*id, now, |connection| {
                connection.tapped.insert(key.clone());
            });
        }
        for id in &changes.required.removed {
            self.change(*id, now, |connection| _ = connection.required.remove(key));
        }
        for id in &changes.required.added {
            self.change(*id, now, |connection| {
                connection.required.insert(key.clone());
            });
        }
    }

    /// A place for a session among the `most` that tap a connection, if one is free.
    pub(super) fn place(
        self: &Arc<Self>,
        id: Uuid,
        session: &SessionKey,
        most: usize,
    ) -> Option<Place> {
        let mut shard = self.shard(id);
        let connection = shard.entry(id).or_default();
        let is_new = !connection.tapped.contains(session);
        if is_new && most <= connection.tapped.len() {
            return None;
        }
        connection.tapped.insert(session.clone());
        drop(shard);
        let session = is_new.then(|| session.clone());
        let connections = Arc::clone(self);
        Some(Place {
            connections,
            id,
            session,
        })
    }

    /// The connections whose time is over, by the sessions that depend on them.
    ///
    /// They are not due again unless [`postpone`](Self::postpone) says so.
    pub(super) fn take_due(&self, now: Timestamp) -> BTreeMap<SessionKey, BTreeSet<Uuid>> {
        let mut lost: BTreeMap<SessionKey, BTreeSet<Uuid>> = BTreeMap::new();
        for id in self.losses.due(now, BATCH) {
            let mut shard = self.shard(id);
            let Some(connection) = shard.get_mut(&id) else {
                continue;
            };
            self.losses.set(&id, connection.due.take(), None);
            for key in &connection.required {
                lost.entry(key.clone()).or_default().insert(id);
            }
        }
        lost
    }

    /// Has connections that count as lost looked at again, because a session could not be changed.
    pub(super) fn postpone(&self, ids: &BTreeSet<Uuid>, until: Timestamp) {
        for id in ids {
            let mut shard = self.shard(*id);
            if let Some(connection) = shard.get_mut(id)
                && !connection.required.is_empty()
            {
                self.losses
                    .set(id, connection.due.replace(until), Some(until));
            }
        }
    }

    /// When the next connection counts as lost.
    pub(super) fn earliest_loss(&self) -> Option<Timestamp> {
        self.losses.earliest()
    }

    /// Waits until one is set that is earlier than all others.
    pub(super) async fn earlier_loss(&self) {
        self.losses.earlier().await;
    }

    /// Changes one connection and sees to its timer.
    fn change(&self, id: Uuid, now: Timestamp, change: impl FnOnce(&mut Connection)) {
        let mut shard = self.shard(id);
        let connection = shard.entry(id).or_default();
        change(connection);
        let at_risk = connection.mailbox.is_none() && !connection.required.is_empty();
        let due = match connection.due {
            _ if !at_risk => None,
            None => Some(later(now, self.grace)),
            running => running,
        };
        self.losses.set(&id, connection.due, due);
        connection.due = due;
        if !connection.is_of_use() {
            shard.remove(&id);
        }
    }

    fn shard(&self, id: Uuid) -> MutexGuard<'_, HashMap<Uuid, Connection>> {
        // Clients choose ids too, so neighbours may be in one shard; the maps themselves are seeded.
        let bits = id.as_u128();
        let folded = (bits ^ (bits >> 64)) % SHARDS as u128;
        let shard = &self.shards[usize::try_from(folded).expect("less than 64")];
        // A panic while a map is changed leaves a map.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use convoke_wire::SessionRef;

    use super::*;

    fn session(name: &str) -> SessionKey {
        SessionKey {
            sandbox: "RETAIL".parse().expect("a sandbox"),
            reference: SessionRef {
                scid: "00000000-0000-0000-0000-000000000001"
                    .parse()
                    .expect("an id"),
                template_name: "game".parse().expect("a template"),
                name: name.parse().expect("a name"),
            },
        }
    }

    #[test]
    fn a_place_is_given_back_unless_it_is_kept_and_leaves_nothing_behind() {
        let attachments = Arc::new(Attachments::new(SignedDuration::from_secs(30)));
        let id = Uuid::from_u128(7);
        let place = |name: &str| attachments.place(id, &session(name), 2);
        let (first, second) = (place("a").expect("one"), place("b").expect("another"));
        assert!(place("c").is_none());
        // The same session takes no second place, and does not give back what it had before.
        drop(place("a").expect("its own"));
        assert!(place("c").is_none());
        drop(first);
        let third = place("c").expect("that of the first");
        assert!(place("a").is_none());
        third.keep();
        drop(second);
        let gone = Changes {
            tapped: convoke_core::session::connections::Difference {
                removed: BTreeSet::from([id]),
                ..Default::default()
            },
            ..Changes::default()
        };
        assert!(!attachments.shard(id).is_empty());
        attachments.apply(&session("c"), &gone, Timestamp::UNIX_EPOCH);
        assert!(attachments.shard(id).is_empty());
    }
}
