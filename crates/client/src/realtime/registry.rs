//! The sessions that are written again with every new connection.

use std::sync::{Mutex, MutexGuard, PoisonError};

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
pub(super) struct Registry(Mutex<IndexMap<SessionRef, Tracked>>);

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Tracked {
    pub(super) session: RemoteSession,
    pub(super) subscription: Option<(Uuid, Vec<ChangeType>)>,
}

impl Registry {
    pub(super) fn add(&self, tracked: Tracked) -> Result<(), Error> {
        let mut all = self.all();
        let reference = tracked.session.reference();
        if MAX_SESSIONS <= all.len() && !all.contains_key(reference) {
            return Err(Error::TooMany(MAX_SESSIONS));
        }
        all.insert(reference.clone(), tracked);
        Ok(())
    }

    pub(super) fn remove(&self, session: &SessionRef) -> Option<Tracked> {
        self.all().shift_remove(session)
    }

    pub(super) fn list(&self) -> Vec<Tracked> {
        self.all().values().cloned().collect()
    }

    pub(super) fn contains(&self, session: &SessionRef) -> bool {
        self.all().contains_key(session)
    }

    fn all(&self) -> MutexGuard<'_, IndexMap<SessionRef, Tracked>> {
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
