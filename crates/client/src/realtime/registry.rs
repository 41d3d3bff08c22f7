//! The sessions that are written again with every new connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convoke_wire::SessionRef;
use convoke_wire::session::change_type::ChangeType;
use indexmap::IndexMap;
use uuid::Uuid;

use crate::change::Change;
use crate::error::Error;
use crate::session::RemoteSession;

/// Most sessions. The service taps one connection for ten of them `[doc]`; the others are only kept
/// active.
const MAX_SESSIONS: usize = 100;

#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    all: IndexMap<SessionRef, Registered>,
    next: u64,
}

/// A session that is written again, and its turn.
#[derive(Debug, Clone)]
pub(super) struct Registered {
    pub(super) entry: Entry,
    pub(super) tracked: Tracked,
    pub(super) turn: Turn,
}

/// Held while a session is written, so that an entry, a leave and the writing over a new connection
/// come one after the other. Shared by all registrations of a session that follow one another.
pub(super) type Turn = Arc<tokio::sync::Mutex<()>>;

/// One registration: when a session is registered again, what is still done for the one before says
/// nothing about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry(u64);

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Tracked {
    pub(super) session: RemoteSession,
    pub(super) subscription: Option<(Uuid, Vec<ChangeType>)>,
}

impl Registry {
    pub(super) fn add(&self, tracked: Tracked) -> Result<Registered, Error> {
        let mut entries = self.entries();
        let reference = tracked.session.reference().clone();
        let former = entries.all.get(&reference).map(|it| Arc::clone(&it.turn));
        if MAX_SESSIONS <= entries.all.len() && former.is_none() {
            return Err(Error::TooMany(MAX_SESSIONS));
        }
        let registered = Registered {
            entry: Entry(entries.next),
            tracked,
            turn: former.unwrap_or_default(),
        };
        entries.next += 1;
        entries.all.insert(reference, registered.clone());
        Ok(registered)
    }

    pub(super) fn remove(&self, session: &SessionRef) -> Option<Registered> {
        self.entries().all.shift_remove(session)
    }

    pub(super) fn list(&self) -> Vec<Registered> {
        self.entries().all.values().cloned().collect()
    }

    /// Whether a registration is still the one of its session.
    pub(super) fn has(&self, session: &SessionRef, entry: Entry) -> bool {
        let entries = self.entries();
        entries.all.get(session).is_some_and(|it| it.entry == entry)
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tracked {
    /// A change that also makes the caller active over a connection.
    ///
    /// The subscription is written too: the service keeps it, but not when the member was removed
    /// meanwhile and joins anew. `[client]` for the rest
    pub(super) fn add_to(&self, change: Change, connection: Uuid) -> Change {
        let change = change.active(true).connection(connection);
        match &self.subscription {
            Some((id, kinds)) => change.subscription(*id, kinds),
            None => change,
        }
    }
}
