//! The store that forgets: maps behind one lock. It is the reference for all others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convoke_core::handle::Handle;
use convoke_core::index::IndexEntry;
use convoke_core::people::Follow;
use convoke_core::session::Session;
use convoke_wire::{HandleId, Sandbox, SessionKey, Xuid};
use jiff::Timestamp;

use crate::draft::Draft;
use crate::metrics::Counters;
use crate::state::State;
use crate::step::Step;
use crate::{Commit, CommitError, Metrics, Store, StoreError, shape};

/// Keeps everything in memory; for tests, demonstrations and directories that may forget.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Box<Mutex<State>>,
    counters: Counters,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was done since the store was made.
    pub fn metrics(&self) -> Metrics {
        self.counters.read()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in `State` panics between the first and the last change of a draft.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load(&self, key: &SessionKey) -> Result<Option<Arc<Session>>, StoreError> {
        Ok(self.state().session(&key.folded()))
    }

    fn for_each_session(
        &self,
        visit: &mut dyn FnMut(SessionKey, Arc<Session>),
    ) -> Result<(), StoreError> {
        // A copy of the pointers, so that `visit` may use the store.
        let all = self.state().all_sessions();
        for (key, session) in all {
            visit(key, session);
        }
        Ok(())
    }

    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        shape::check(&commit)?;
        let mut step = Step::in_memory(commit);
        let mut draft = Draft::default();
        let mut state = self.state();
        let answer = draft.take(&state, &mut step);
        if answer.is_ok() {
            state.apply(draft);
        }
        self.counters.answered([&answer]);
        answer
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<SessionKey>, StoreError> {
        Ok(self.state().due(now, limit))
    }

    fn earliest_timer(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.state().earliest_timer())
    }

    fn find(
        &self,
        sandbox: &Sandbox,
        entry: &IndexEntry,
        limit: usize,
    ) -> Result<Vec<SessionKey>, StoreError> {
        Ok(self.state().find(sandbox, entry, limit))
    }

    fn handle(&self, id: HandleId) -> Result<Option<Arc<Handle>>, StoreError> {
        Ok(self.state().handle(id))
    }

    fn handle_by_key(&self, key: &str) -> Result<Option<Arc<Handle>>, StoreError> {
        Ok(self.state().handle_by_key(key))
    }

    fn activities_of(
        &self,
        sandbox: &Sandbox,
        owner: Xuid,
    ) -> Result<Vec<Arc<Handle>>, StoreError> {
        Ok(self.state().activities_of(sandbox, owner))
    }

    fn following(&self, owner: Xuid) -> Result<Vec<Follow>, StoreError> {
        Ok(self.state().following(owner))
    }

    fn follow(&self, owner: Xuid, target: Xuid) -> Result<Option<Follow>, StoreError> {
        Ok(self.state().follow(owner, target))
    }

    fn verify(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.state().verify())
    }
}
