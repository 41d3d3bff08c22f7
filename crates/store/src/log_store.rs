//! The store that keeps everything in memory and every step in a log.
//!
//! Questions are answered from memory. One thread takes the steps that wait, brings them to the
//! log together, and only then makes them true in memory; so readers see durable states only.

mod documents;
mod members;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use convoke_core::activity::{Activity, ActivityKey};
use convoke_core::handle::Handle;
use convoke_core::index::IndexEntry;
use convoke_core::people::Follow;
use convoke_core::privacy::{Listing, PrivateList, Settings};
use convoke_core::recent_players::{RecentPlayers, RecentPlayersKey};
use convoke_core::session::Session;
use convoke_wire::{HandleId, Sandbox, SessionKey, Xuid};
use jiff::Timestamp;

use crate::batch_writer::BatchWriter;
use crate::lock::{Lock, refuse_other};
use crate::log::Log;
use crate::metrics::Counters;
use crate::state::{State, answered_by_state};
use crate::step::Step;
use crate::{Commit, CommitError, Metrics, Store, StoreError, append_log, shape, sqlite};
use writer::LogEngine;

/// Keeps all documents in memory, and durably in a log.
#[derive(Debug)]
pub struct LogStore {
    shared: Arc<Shared>,
    writer: BatchWriter<Step>,
    // Dropped after the writer, and so after the last use of the log.
    lock: Mutex<Option<Lock>>,
}

/// What the writer shares with everybody else.
#[derive(Debug)]
struct Shared {
    /// Changed by the writer only.
    state: RwLock<State>,
    log: Arc<dyn Log>,
    counters: Arc<Counters>,
    /// Held while log and memory may differ.
    step: Mutex<()>,
}

impl Shared {
    fn state(&self) -> RwLockReadGuard<'_, State> {
        // Nothing in `State` panics between the first and the last change of a draft.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogStore {
    /// Whether a directory has a store of this kind, sound or not.
    pub fn is_in(dir: &Path) -> bool {
        dir.join(append_log::FOLDER).is_dir()
    }

    /// Opens the store of a directory, or creates both.
    ///
    /// Fails when the data is damaged, foreign, of a newer version or in use by another process.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(dir, |log| log)
    }

    /// The same with a log in front of the log, for tests of what happens when one fails.
    pub fn open_with(
        dir: &Path,
        wrap: impl FnOnce(Arc<dyn Log>) -> Arc<dyn Log>,
    ) -> Result<Self, StoreError> {
        let lock = Lock::acquire(dir)?;
        refuse_other(dir, sqlite::DATA, "sqlite")?;
        let log = wrap(append_log::open(dir)?);
        let mut store = Self::start(log)?;
        store.lock = Mutex::new(Some(lock));
        Ok(store)
    }

    /// Starts on any log; nobody else may use it.
    pub fn start(log: Arc<dyn Log>) -> Result<Self, StoreError> {
        let state = documents::state(log.contents())?;
        let shared = Arc::new(Shared {
            state: RwLock::new(state),
            log,
            counters: Arc::default(),
            step: Mutex::default(),
        });
        Ok(Self {
            writer: BatchWriter::start(
                LogEngine::new(Arc::clone(&shared)),
                Arc::clone(&shared.counters),
            )?,
            shared,
            lock: Mutex::default(),
        })
    }

    /// Takes the steps that are waiting, then stops writing and lets go of the directory;
    /// reads go on until the store is dropped.
    ///
    /// Blocks until everything is in the log. Dropping the store does the same.
    pub fn close(&self) {
        self.writer.stop();
        self.shared.log.close();
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        drop(lock.take());
    }

    /// What the writer has done since the store was opened.
    pub fn metrics(&self) -> Metrics {
        self.writer.metrics()
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.shared.state()
    }
}

impl Store for LogStore {
    answered_by_state!();

    /// When the future is dropped after it was polled, the step may or may not have been taken.
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        shape::check(&commit)?;
        self.writer.commit(Step::for_log(commit)?).await
    }

    /// Compares the indexes with the documents, and the documents with the log.
    fn verify(&self) -> Result<Vec<String>, StoreError> {
        let (mut findings, kept, contents) = {
            // Both of one moment; what takes long comes after.
            let _step = self.shared.step.lock();
            let state = self.state();
            (
                state.verify(),
                documents::of(&state),
                self.shared.log.contents(),
            )
        };
        findings.extend(documents::differences(kept, contents));
        Ok(findings)
    }
}

#[cfg(test)]
mod tests;
