//! The store that forgets: maps behind one lock. It is the reference for all others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convoke_core::activity::{Activity, ActivityKey};
use convoke_core::handle::Handle;
use convoke_core::index::IndexEntry;
use convoke_core::people::Follow;
use convoke_core::privacy::{Listing, PrivateList, Settings};
use convoke_core::recent_players::{RecentPlayers, RecentPlayersKey};
use convoke_core::session::Session;
use convoke_wire::{HandleId, Sandbox, SessionKey, Xuid};
use jiff::Timestamp;

use crate::draft::Draft;
use crate::metrics::Counters;
use crate::state::{State, answered_by_state};
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
    answered_by_state!();

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

    fn verify(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.state().verify())
    }
}
