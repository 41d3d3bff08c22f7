//! The trait that every store implements, and the atomic step it takes.

use std::sync::Arc;

use convoke_core::activity::{Activity, ActivityKey, Stamp};
use convoke_core::handle::Handle;
use convoke_core::index::IndexEntry;
use convoke_core::people::Follow;
use convoke_core::privacy::{Listing, PrivateList, Settings};
use convoke_core::recent_players::{Meetings, RecentPlayers, RecentPlayersKey};
use convoke_core::session::Session;
use convoke_wire::handle::HandleType;
use convoke_wire::{HandleId, SessionKey, Xuid};
use jiff::Timestamp;
use uuid::Uuid;

use crate::Metrics;
use crate::log_store::LogStore;
use crate::memory::MemoryStore;
use crate::sqlite::SqliteStore;

/// One state of a session among all it ever had: what a guarded write expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The session's branch.
    pub branch: Uuid,
    /// Its change number.
    pub change_number: u64,
}

impl From<&Session> for Version {
    fn from(session: &Session) -> Self {
        Self {
            branch: session.branch,
            change_number: session.change_number,
        }
    }
}

/// One atomic step: all of it happens, durably, or nothing does.
///
/// Operations on handles are applied in their order, after the guards have been checked.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// A session to replace, create or delete. At most one per key.
    pub sessions: Vec<SessionWrite>,
    /// Handles that must exist and not have ended by themselves at the given time.
    pub require_handles: Vec<(HandleId, Timestamp)>,
    /// Unique keys of handles that nobody may hold yet.
    pub require_free_keys: Vec<String>,
    /// Activities that must be in the given state; `None` where there must be none.
    pub require_activities: Vec<(ActivityKey, Option<Stamp>)>,
    /// Changes of handles.
    pub handles: Vec<HandleOp>,
    /// Changes of the people graph.
    pub people: Vec<PeopleOp>,
    /// Changes of what users do, and whom they have met.
    pub play: Vec<PlayOp>,
}

/// A guarded write of one session.
#[derive(Debug, Clone)]
pub struct SessionWrite {
    /// Which session.
    pub key: SessionKey,
    /// The state that must be there; `None` when there must be none.
    pub expected: Option<Version>,
    /// That state itself, where it is at hand: of a large session, only what differs is written.
    pub before: Option<Arc<Session>>,
    /// The state that shall be there; `None` deletes.
    pub next: Option<SessionState>,
}

/// What is stored for one session.
#[derive(Debug, Clone)]
pub struct SessionState {
    /// The document.
    pub session: Arc<Session>,
    /// When it will change by itself.
    pub next_timer: Option<Timestamp>,
}

/// A change of handles.
#[derive(Debug, Clone)]
pub enum HandleOp {
    /// Adds a handle; others that hold one of its unique keys are removed.
    Put(Arc<Handle>),
    /// Removes one handle, if it is there.
    Delete(HandleId),
    /// Removes the activity handles of one user on one session.
    DeleteActivity {
        /// The session.
        session: SessionKey,
        /// The user.
        owner: Xuid,
    },
    /// Removes handles of the given types on one session.
    DeleteOfSession {
        /// The session.
        session: SessionKey,
        /// The types.
        kinds: &'static [HandleType],
    },
    /// Lets handles of a type on one session no longer end by themselves.
    ClearExpiry {
        /// The session.
        session: SessionKey,
        /// The type.
        kind: HandleType,
    },
    /// Nobody is to be told of an invitation any more, if it is there.
    Settle(HandleId),
    /// Removes handles that have ended by themselves.
    DeleteExpired {
        /// Until when.
        now: Timestamp,
    },
}

/// A change of the people graph.
#[derive(Debug, Clone)]
pub enum PeopleOp {
    /// Adds or replaces an edge.
    Put(Follow),
    /// Marks an edge as a favourite or not, if it is there.
    SetFavorite {
        /// Whose list.
        owner: Xuid,
        /// Who is on it.
        target: Xuid,
        /// The mark.
        favorite: bool,
    },
    /// Removes an edge, if it is there.
    Delete {
        /// Whose list.
        owner: Xuid,
        /// Who is on it.
        target: Xuid,
    },
    /// Adds or replaces an entry of a private list.
    List(Listing),
    /// Removes an entry of a private list, if it is there.
    Unlist {
        /// Which list.
        list: PrivateList,
        /// Whose list.
        owner: Xuid,
        /// Who is on it.
        target: Xuid,
    },
    /// Replaces what a user has chosen about privacy.
    Choose {
        /// Who.
        owner: Xuid,
        /// The choices; none at all removes what was stored.
        settings: Settings,
    },
}

/// A change of what users do outside of sessions, and whom they have met.
#[derive(Debug, Clone)]
pub enum PlayOp {
    /// Adds or replaces the activity of a user in a title.
    Do(Arc<Activity>),
    /// Adds encounters to the list of a user.
    Meet {
        /// Whose list, and what is added.
        meetings: Arc<Meetings>,
        /// The present.
        now: Timestamp,
    },
    /// Removes activities and lists of encounters that are over.
    Forget {
        /// Until when.
        now: Timestamp,
    },
}

/// Why a store cannot answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The engine failed: disk full, file gone, and the like.
    #[error("the store failed: {0}")]
    Failed(String),
    /// What is stored cannot be understood.
    #[error("the data file is damaged or not one of this service: {0}")]
    Corrupt(String),
    /// A write has failed so that nobody knows what of it the disk holds. That is known again only
    /// when it is read anew.
    #[error("writing has failed and stays off until the next start: {0}")]
    Stopped(String),
    /// The file was written by a newer version of the service.
    #[error("the data file has format {found}, this version reads up to {known}")]
    TooNew {
        /// In the file.
        found: u32,
        /// Known here.
        known: u32,
    },
    /// Another process uses the file.
    #[error("the data directory is in use by another process: {0}")]
    InUse(String),
    /// The directory holds the files of another store, which opening this one would pass over.
    #[error(
        "{file} was written by the store \"{engine}\": set `store = \"{engine}\"` to go on with it, \
         or move it away to begin with nothing"
    )]
    OtherEngine {
        /// What was found.
        file: String,
        /// What to choose for it.
        engine: &'static str,
    },
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

/// Why a commit did not happen.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// A session or an activity is not in the expected state any more.
    #[error("it has changed in the meantime")]
    Conflict,
    /// A required handle is gone.
    #[error("the handle is gone")]
    HandleGone,
    /// A unique key is held already.
    #[error("the key is held by another handle")]
    KeyTaken,
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Durable storage. Reads see committed states only.
///
/// Reads are synchronous: they are answered from memory or a warm page cache in microseconds.
pub trait Store: Send + Sync + 'static {
    /// The current state of a session.
    fn load(&self, key: &SessionKey) -> Result<Option<Arc<Session>>, StoreError>;

    /// Hands every session to `visit`, in no particular order.
    fn for_each_session(
        &self,
        visit: &mut dyn FnMut(SessionKey, Arc<Session>),
    ) -> Result<(), StoreError>;

    /// Takes one atomic step. When this returns `Ok`, the step is durable.
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Sessions whose timer is due, earliest first.
    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<SessionKey>, StoreError>;

    /// The earliest timer of all sessions.
    fn earliest_timer(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Sessions found by an index entry within a sandbox, in key order.
    fn find(
        &self,
        sandbox: &convoke_wire::Sandbox,
        entry: &IndexEntry,
        limit: usize,
    ) -> Result<Vec<SessionKey>, StoreError>;

    /// A handle by id, ended or not.
    fn handle(&self, id: HandleId) -> Result<Option<Arc<Handle>>, StoreError>;

    /// The holder of a unique key.
    fn handle_by_key(&self, key: &str) -> Result<Option<Arc<Handle>>, StoreError>;

    /// The activity handles of a user in a sandbox, newest first.
    fn activities_of(
        &self,
        sandbox: &convoke_wire::Sandbox,
        owner: Xuid,
    ) -> Result<Vec<Arc<Handle>>, StoreError>;

    /// The invitations that a user is still to be told of, of those that have not ended by
    /// themselves: the newest ones, oldest first.
    fn invitations_for(
        &self,
        sandbox: &convoke_wire::Sandbox,
        invited: Xuid,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Arc<Handle>>, StoreError>;

    /// Whom a user follows, by the time they began to.
    fn following(&self, owner: Xuid) -> Result<Vec<Follow>, StoreError>;

    /// One edge of the people graph.
    fn follow(&self, owner: Xuid, target: Xuid) -> Result<Option<Follow>, StoreError>;

    /// Who follows a user, by the time they began to; at most so many.
    fn followers(&self, target: Xuid, limit: usize) -> Result<Vec<Follow>, StoreError>;

    /// How many follow a user.
    fn follower_count(&self, target: Xuid) -> Result<usize, StoreError>;

    /// A private list of a user, by the time people came on it.
    fn listed(&self, list: PrivateList, owner: Xuid) -> Result<Vec<Listing>, StoreError>;

    /// Whether somebody is on a private list of a user.
    fn is_listed(&self, list: PrivateList, owner: Xuid, target: Xuid) -> Result<bool, StoreError>;

    /// Those among some users on whose private list somebody is, at one moment.
    fn listing(
        &self,
        list: PrivateList,
        owners: &[Xuid],
        target: Xuid,
    ) -> Result<Vec<Xuid>, StoreError>;

    /// What a user has chosen about privacy.
    fn settings(&self, owner: Xuid) -> Result<Settings, StoreError>;

    /// The activity of a user in a title, over or not.
    fn activity(&self, key: &ActivityKey) -> Result<Option<Arc<Activity>>, StoreError>;

    /// Whom a user has met; some or all of it may be over.
    fn recent_players(
        &self,
        key: &RecentPlayersKey,
    ) -> Result<Option<Arc<RecentPlayers>>, StoreError>;

    /// Checks that derived data equals what the documents say; the findings, in words.
    fn verify(&self) -> Result<Vec<String>, StoreError>;
}

/// The store that the configuration chose.
#[derive(Debug)]
pub enum AnyStore {
    /// Nothing survives.
    Memory(MemoryStore),
    /// One SQLite file.
    Sqlite(SqliteStore),
    /// Files that are appended to, and everything in memory.
    Log(LogStore),
}

impl AnyStore {
    /// Takes the steps that are waiting, then stops writing. Blocks until that is done.
    pub fn close(&self) {
        match self {
            Self::Memory(_) => {}
            Self::Sqlite(store) => store.close(),
            Self::Log(store) => store.close(),
        }
    }

    /// What the writer has done since the store was opened.
    pub fn metrics(&self) -> Metrics {
        match self {
            Self::Memory(store) => store.metrics(),
            Self::Sqlite(store) => store.metrics(),
            Self::Log(store) => store.metrics(),
        }
    }
}

macro_rules! delegate {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            Self::Memory($store) => $call,
            Self::Sqlite($store) => $call,
            Self::Log($store) => $call,
        }
    };
}

impl Store for AnyStore {
    fn load(&self, key: &SessionKey) -> Result<Option<Arc<Session>>, StoreError> {
        delegate!(self, store => store.load(key))
    }

    fn for_each_session(
        &self,
        visit: &mut dyn FnMut(SessionKey, Arc<Session>),
    ) -> Result<(), StoreError> {
        delegate!(self, store => store.for_each_session(visit))
    }

    async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        delegate!(self, store => store.commit(commit).await)
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<SessionKey>, StoreError> {
        delegate!(self, store => store.due(now, limit))
    }

    fn earliest_timer(&self) -> Result<Option<Timestamp>, StoreError> {
        delegate!(self, store => store.earliest_timer())
    }

    fn find(
        &self,
        sandbox: &convoke_wire::Sandbox,
        entry: &IndexEntry,
        limit: usize,
    ) -> Result<Vec<SessionKey>, StoreError> {
        delegate!(self, store => store.find(sandbox, entry, limit))
    }

    fn handle(&self, id: HandleId) -> Result<Option<Arc<Handle>>, StoreError> {
        delegate!(self, store => store.handle(id))
    }

    fn handle_by_key(&self, key: &str) -> Result<Option<Arc<Handle>>, StoreError> {
        delegate!(self, store => store.handle_by_key(key))
    }

    fn activities_of(
        &self,
        sandbox: &convoke_wire::Sandbox,
        owner: Xuid,
    ) -> Result<Vec<Arc<Handle>>, StoreError> {
        delegate!(self, store => store.activities_of(sandbox, owner))
    }

    fn invitations_for(
        &self,
        sandbox: &convoke_wire::Sandbox,
        invited: Xuid,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Arc<Handle>>, StoreError> {
        delegate!(self, store => store.invitations_for(sandbox, invited, now, limit))
    }

    fn following(&self, owner: Xuid) -> Result<Vec<Follow>, StoreError> {
        delegate!(self, store => store.following(owner))
    }

    fn follow(&self, owner: Xuid, target: Xuid) -> Result<Option<Follow>, StoreError> {
        delegate!(self, store => store.follow(owner, target))
    }

    fn followers(&self, target: Xuid, limit: usize) -> Result<Vec<Follow>, StoreError> {
        delegate!(self, store => store.followers(target, limit))
    }

    fn follower_count(&self, target: Xuid) -> Result<usize, StoreError> {
        delegate!(self, store => store.follower_count(target))
    }

    fn listed(&self, list: PrivateList, owner: Xuid) -> Result<Vec<Listing>, StoreError> {
        delegate!(self, store => store.listed(list, owner))
    }

    fn is_listed(&self, list: PrivateList, owner: Xuid, target: Xuid) -> Result<bool, StoreError> {
        delegate!(self, store => store.is_listed(list, owner, target))
    }

    fn listing(
        &self,
        list: PrivateList,
        owners: &[Xuid],
        target: Xuid,
    ) -> Result<Vec<Xuid>, StoreError> {
        delegate!(self, store => store.listing(list, owners, target))
    }

    fn settings(&self, owner: Xuid) -> Result<Settings, StoreError> {
        delegate!(self, store => store.settings(owner))
    }

    fn activity(&self, key: &ActivityKey) -> Result<Option<Arc<Activity>>, StoreError> {
        delegate!(self, store => store.activity(key))
    }

    fn recent_players(
        &self,
        key: &RecentPlayersKey,
    ) -> Result<Option<Arc<RecentPlayers>>, StoreError> {
        delegate!(self, store => store.recent_players(key))
    }

    fn verify(&self) -> Result<Vec<String>, StoreError> {
        delegate!(self, store => store.verify())
    }
}
