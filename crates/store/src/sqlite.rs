//! The store in one SQLite file.
//!
//! One thread writes, in batches that reach the disk together; a few connections read.
//! A committed step is on the disk before it is answered, and readers see committed steps only.

mod apply;
mod checkpoint;
mod directory;
mod endings;
mod error;
mod members;
mod prepared;
mod reader;
mod schema;
mod values;
mod verify;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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
use crate::metrics::Counters;
use crate::{Commit, CommitError, Metrics, Store, StoreError, append_log, shape};
pub(crate) use directory::DATA;
use prepared::Prepared;
use reader::Readers;
use writer::SqliteEngine;

/// Keeps everything in the file `convoke.db` of one directory.
///
/// Timers and ends of handles after the year 2262 are taken for that year's.
#[derive(Debug)]
pub struct SqliteStore {
    // Dropped in this order: readers first, so that the writer can empty the log; the lock last.
    readers: Readers,
    writer: BatchWriter<Prepared>,
    path: PathBuf,
    // Closing any descriptor of the data file gives up the engine's own locks on it, so this one
    // stays open until the engine has closed all of its.
    _data: Arc<File>,
    lock: Mutex<Option<Lock>>,
}

impl SqliteStore {
    /// Whether a directory has a store of this kind, sound or not.
    pub fn is_in(dir: &Path) -> bool {
        dir.join(DATA).is_file()
    }

    /// Opens the store of a directory, or creates both.
    ///
    /// Fails without touching the data file when it is damaged, foreign, of a newer version or in
    /// use by another process.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let lock = Lock::acquire(dir)?;
        refuse_other(dir, append_log::FOLDER, "log")?;
        let path = directory::prepare(dir)?;
        let data = File::options().read(true).write(true).open(&path);
        let data = data.map_err(|error| StoreError::Failed(error.to_string()))?;
        let data = Arc::new(data);
        let counters = Arc::new(Counters::default());
        let engine = SqliteEngine::open(&path, Arc::clone(&data), Arc::clone(&counters))?;
        let writer = BatchWriter::start(engine, counters)?;
        let readers = Readers::open(&path)?;
        Ok(Self {
            readers,
            writer,
            path,
            _data: data,
            lock: Mutex::new(Some(lock)),
        })
    }

    /// Takes the steps that are waiting, then stops writing and lets go of the directory;
    /// reads go on until the store is dropped.
    ///
    /// Blocks until everything is in the file. Dropping the store does the same.
    pub fn close(&self) {
        self.writer.stop();
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        drop(lock.take());
    }

    /// What the writer has done since the store was opened.
    pub fn metrics(&self) -> Metrics {
        self.writer.metrics()
    }
}

impl Store for SqliteStore {
    fn load(&self, key: &SessionKey) -> Result<Option<Arc<Session>>, StoreError> {
        self.readers.with(|conn| reader::load(conn, key))
    }

    fn for_each_session(
        &self,
        visit: &mut dyn FnMut(SessionKey, Arc<Session>),
    ) -> Result<(), StoreError> {
        // A connection of its own: `visit` may use the store as long as it likes.
        reader::for_each_session(&schema::open_reader(&self.path)?, visit)
    }

    /// When the future is dropped after it was polled, the step may or may not have been taken.
    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        shape::check(&commit)?;
        self.writer.commit(Prepared::new(&commit)?).await
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<SessionKey>, StoreError> {
        self.readers.with(|conn| reader::due(conn, now, limit))
    }

    fn earliest_timer(&self) -> Result<Option<Timestamp>, StoreError> {
        self.readers.with(reader::earliest_timer)
    }

    fn find(
        &self,
        sandbox: &Sandbox,
        entry: &IndexEntry,
        limit: usize,
    ) -> Result<Vec<SessionKey>, StoreError> {
        self.readers
            .with(|conn| reader::find(conn, sandbox, entry, limit))
    }

    fn handle(&self, id: HandleId) -> Result<Option<Arc<Handle>>, StoreError> {
        self.readers.with(|conn| reader::handle(conn, id))
    }

    fn handle_by_key(&self, key: &str) -> Result<Option<Arc<Handle>>, StoreError> {
        self.readers.with(|conn| reader::handle_by_key(conn, key))
    }

    fn activities_of(
        &self,
        sandbox: &Sandbox,
        owner: Xuid,
    ) -> Result<Vec<Arc<Handle>>, StoreError> {
        self.readers
            .with(|conn| reader::activities_of(conn, sandbox, owner))
    }

    fn invitations_for(
        &self,
        sandbox: &Sandbox,
        invited: Xuid,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Arc<Handle>>, StoreError> {
        self.readers
            .with(|conn| reader::invitations_for(conn, sandbox, invited, now, limit))
    }

    fn following(&self, owner: Xuid) -> Result<Vec<Follow>, StoreError> {
        self.readers.with(|conn| reader::following(conn, owner))
    }

    fn follow(&self, owner: Xuid, target: Xuid) -> Result<Option<Follow>, StoreError> {
        self.readers
            .with(|conn| reader::follow(conn, owner, target))
    }

    fn followers(&self, target: Xuid, limit: usize) -> Result<Vec<Follow>, StoreError> {
        self.readers
            .with(|conn| reader::followers(conn, target, limit))
    }

    fn follower_count(&self, target: Xuid) -> Result<usize, StoreError> {
        self.readers
            .with(|conn| reader::follower_count(conn, target))
    }

    fn listed(&self, list: PrivateList, owner: Xuid) -> Result<Vec<Listing>, StoreError> {
        self.readers.with(|conn| reader::listed(conn, list, owner))
    }

    fn is_listed(&self, list: PrivateList, owner: Xuid, target: Xuid) -> Result<bool, StoreError> {
        self.readers
            .with(|conn| reader::is_listed(conn, list, owner, target))
    }

    fn listing(
        &self,
        list: PrivateList,
        owners: &[Xuid],
        target: Xuid,
    ) -> Result<Vec<Xuid>, StoreError> {
        self.readers
            .with(|conn| reader::listing(conn, list, owners, target))
    }

    fn settings(&self, owner: Xuid) -> Result<Settings, StoreError> {
        self.readers.with(|conn| reader::settings(conn, owner))
    }

    fn activity(&self, key: &ActivityKey) -> Result<Option<Arc<Activity>>, StoreError> {
        let found = |conn: &_| endings::one(conn, &endings::ACTIVITIES, &key.folded());
        Ok(self.readers.with(found)?.map(Arc::new))
    }

    fn recent_players(
        &self,
        key: &RecentPlayersKey,
    ) -> Result<Option<Arc<RecentPlayers>>, StoreError> {
        let found = |conn: &_| endings::one(conn, &endings::RECENT_PLAYERS, &key.folded());
        Ok(self.readers.with(found)?.map(Arc::new))
    }

    fn verify(&self) -> Result<Vec<String>, StoreError> {
        verify::findings(&mut schema::open_reader(&self.path)?)
    }
}
