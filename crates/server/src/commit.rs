//! The only write path: every change of a session, by whomever, goes through [`Directory::transact`].
//!
//! Lock the session, let time pass, decide by a pure rule, commit durably, publish, tap. In that order.

use std::sync::Arc;

use convoke_core::handle::Handle;
use convoke_core::session::{self, Reported, Session, Settled, ended_activities, settle};
use convoke_store::store::SessionState;
use convoke_store::{
    AnyStore, Commit, CommitError, HandleOp, SessionWrite, Store, StoreError, Version,
};
use convoke_wire::handle::HandleType;
use convoke_wire::session::changes::Cause;
use convoke_wire::{HandleId, SessionKey};
use jiff::Timestamp;

use crate::browse::{self, Browse};
use crate::clock::Clock;
use crate::commits::Commits;
use crate::encounters::{self, Encounters};
use crate::entropy::Entropy;
use crate::health::Health;
use crate::history::Histories;
use crate::live::{Exclusive, LiveSession, LiveSessions, session_of};
use crate::metrics::Metrics;
use crate::realtime::{Place, RealTime};
use crate::service_configs::Catalogue;
use crate::timer_queue::{TimerQueue, late};
use crate::to_the_end::{LeftOver, ToTheEnd};
use crate::trail;

/// How often a commit is tried again after another process changed the session.
const MAX_ATTEMPTS: usize = 8;

/// Handles that end with their session; correlation handles name it even when it is gone.
const ENDING_WITH_SESSION: &[HandleType] = &[
    HandleType::Activity,
    HandleType::Invite,
    HandleType::Search,
    HandleType::Transfer,
];

/// The sessions of this service and everything they are changed with.
#[derive(Debug)]
pub struct Directory {
    pub(crate) store: Arc<AnyStore>,
    pub(crate) live: Arc<LiveSessions>,
    pub(crate) timers: Arc<TimerQueue>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Arc<Health>,
    pub(crate) commits: Arc<Commits>,
    pub(crate) realtime: Arc<RealTime>,
    pub(crate) histories: Arc<Histories>,
    pub(crate) browse: Arc<Browse>,
    pub(crate) encounters: Arc<Encounters>,
}

/// What a decision wants to be done, all of it or nothing.
#[derive(Debug, Default)]
pub struct Step {
    /// The session afterwards.
    pub next: Next,
    /// Changes of handles beside those that follow from the session's own change.
    pub handles: Vec<HandleOp>,
    /// Handles that must still be there.
    pub require_handles: Vec<HandleId>,
    /// Unique keys of handles that nobody may hold.
    pub require_free_keys: Vec<String>,
    /// Brief encounters of members, which are kept nowhere in the session.
    pub encounters: Vec<Reported>,
    /// Places at connections, given back unless the step is done.
    pub(crate) places: Vec<Place>,
}

/// The session after a step.
#[derive(Debug, Default)]
pub enum Next {
    /// As it is.
    #[default]
    Keep,
    /// This state.
    Put(Arc<Session>),
    /// Gone.
    Delete,
}

/// Why a transaction did not happen.
#[derive(Debug)]
pub enum TransactError<E> {
    /// The decision refused.
    Refused(E),
    /// A required handle is gone.
    HandleGone,
    /// A required key is taken.
    KeyTaken,
    /// The store cannot answer, or others keep changing the session.
    Unavailable(StoreError),
}

impl Directory {
    /// Reads what the store holds into memory.
    pub(crate) fn open(
        store: AnyStore,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        metrics: Arc<Metrics>,
        realtime: RealTime,
        catalogue: Arc<Catalogue>,
    ) -> Result<Self, StoreError> {
        let (store, health) = (Arc::new(store), Arc::<Health>::default());
        metrics.watch_store(Arc::clone(&store));
        let commits = Commits {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            metrics: Arc::clone(&metrics),
            health: Arc::clone(&health),
            left_over: LeftOver::default(),
        };
        let directory = Self {
            store,
            live: Arc::default(),
            timers: Arc::default(),
            clock,
            entropy,
            encounters: Arc::new(Encounters::new(catalogue, Arc::clone(&metrics))),
            metrics,
            health,
            commits: Arc::new(commits),
            realtime: Arc::new(realtime),
            histories: Arc::default(),
            browse: Arc::default(),
        };
        let now = directory.clock.now();
        let mut searchable = Vec::new();
        directory.store.for_each_session(&mut |key, session| {
            directory.realtime.restored(&key, &session, now);
            searchable.extend(session.search_handle);
            let state = LiveSession::new(session);
            directory.timers.set(&key, None, state.next_timer);
            directory.live.insert(&key, state);
        })?;
        for id in searchable {
            if let Some(handle) = directory.store.handle(id)? {
                directory.browse.restore(&handle);
            }
        }
        directory.browse.publish_restored();
        Ok(directory)
    }

    /// The present state of a session, with everything applied that was due.
    pub async fn read(&self, key: &SessionKey) -> Result<Option<Arc<LiveSession>>, StoreError> {
        match self.live.get(key) {
            Some(state) if state.is_due(self.clock.now()) => {}
            state => return Ok(state),
        }
        let exclusive = self.live.lock(key).await;
        let now = self.clock.now();
        let (_, state) = self.settle_locked(exclusive, key, now).await?;
        Ok(state)
    }

    /// Applies what is due; a reading whose answer nobody waits for.
    pub async fn settle(&self, key: &SessionKey) -> Result<(), StoreError> {
        self.read(key).await.map(drop)
    }

    /// Changes one session: `decide` sees the settled session and says what shall be.
    ///
    /// The answer is what `decide` returned, and the state afterwards. `decide` may run again
    /// when another process changed the session in between, so it must only read. The history tells
    /// the cause.
    pub async fn transact<T, E>(
        &self,
        key: &SessionKey,
        cause: Cause,
        mut decide: impl FnMut(Option<&Arc<LiveSession>>, Timestamp) -> Result<(Step, T), E>,
    ) -> Result<(T, Option<Arc<LiveSession>>), TransactError<E>> {
        let mut exclusive = self.live.lock(key).await;
        // Waiting takes time, so the moment of the change is when its turn comes.
        let now = self.clock.now();
        for _ in 0..MAX_ATTEMPTS {
            let (locked, before) = self
                .settle_locked(exclusive, key, now)
                .await
                .map_err(TransactError::Unavailable)?;
            exclusive = locked;
            let decided = decide(before.as_ref(), now);
            let (step, answer) = decided.map_err(TransactError::Refused)?;
            let (locked, result) = self
                .carry_out(exclusive, key, before, step, cause, now)
                .await;
            exclusive = locked;
            match result {
                Ok(after) => {
                    if let Some(state) = &after {
                        trail::changed(state.session.change_number);
                    }
                    return Ok((answer, after));
                }
                Err(CommitError::Conflict) => {
                    let reloaded = self.reload(&exclusive, key);
                    reloaded.map_err(TransactError::Unavailable)?;
                }
                Err(CommitError::HandleGone) => return Err(TransactError::HandleGone),
                Err(CommitError::KeyTaken) => return Err(TransactError::KeyTaken),
                Err(CommitError::Store(error)) => return Err(TransactError::Unavailable(error)),
            }
        }
        let detail = "the session is changed by another process faster than it can be written";
        Err(TransactError::Unavailable(StoreError::Failed(
            detail.to_owned(),
        )))
    }

    /// Lets time pass on a locked session; a change of its own, with a number of its own.
    async fn settle_locked(
        &self,
        mut exclusive: Exclusive,
        key: &SessionKey,
        now: Timestamp,
    ) -> Result<(Exclusive, Option<Arc<LiveSession>>), StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let before = exclusive.state();
            let Some(state) = before.as_ref().filter(|state| state.is_due(now)) else {
                return Ok((exclusive, before));
            };
            let lateness = late(state.next_timer, now);
            let next = match settle(&state.session, now) {
                Settled::Unchanged => return Ok((exclusive, before)),
                Settled::Changed(session) => Next::Put(Arc::new(session)),
                Settled::Deleted => Next::Delete,
            };
            let step = Step {
                next,
                ..Step::default()
            };
            let (locked, result) = self
                .carry_out(exclusive, key, before, step, Cause::Timer, now)
                .await;
            exclusive = locked;
            match result {
                Ok(after) => {
                    self.metrics.settled(lateness);
                    return Ok((exclusive, after));
                }
                Err(CommitError::Conflict) => self.reload(&exclusive, key)?,
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::HandleGone | CommitError::KeyTaken) => {
                    unreachable!("settling requires nothing of handles")
                }
            }
        }
        Err(StoreError::Failed(
            "the session could not be settled".to_owned(),
        ))
    }

    /// Another process changed the session: what it left is where to start from.
    fn reload(&self, exclusive: &Exclusive, key: &SessionKey) -> Result<(), StoreError> {
        let stored = self.store.load(key)?;
        let state = stored.map(|session| Arc::new(LiveSession::new(session)));
        let former = exclusive.state().and_then(|state| state.next_timer);
        self.timers.set(
            key,
            former,
            state.as_ref().and_then(|state| state.next_timer),
        );
        let former = exclusive.state();
        let (old, new) = (session_of(former.as_ref()), session_of(state.as_ref()));
        let now = self.clock.now();
        self.realtime.followed(key, old, new, now);
        let searchable = new.and_then(|session| session.search_handle);
        let searchable = match searchable {
            Some(id) => self.store.handle(id)?,
            None => None,
        };
        self.browse.set(key, searchable.as_ref());
        exclusive.publish(state);
        exclusive.history().forget();
        exclusive.forget_groups();
        Ok(())
    }

    /// Commits one step and publishes its state.
    ///
    /// To the end, so that a client who goes away leaves no committed state unpublished.
    async fn carry_out(
        &self,
        exclusive: Exclusive,
        key: &SessionKey,
        before: Option<Arc<LiveSession>>,
        mut step: Step,
        cause: Cause,
        now: Timestamp,
    ) -> (Exclusive, Result<Option<Arc<LiveSession>>, CommitError>) {
        let unchanged = matches!(step.next, Next::Keep);
        let idle = unchanged && step.handles.is_empty() && step.require_handles.is_empty();
        if idle && step.encounters.is_empty() {
            return (exclusive, Ok(before));
        }
        let after = match &step.next {
            Next::Keep => before.clone(),
            Next::Put(session) => Some(Arc::new(LiveSession::new(Arc::clone(session)))),
            Next::Delete => None,
        };
        let invitations = invitations(&step);
        let reported = std::mem::take(&mut step.encounters);
        let places = std::mem::take(&mut step.places);
        let (old, new) = (session_of(before.as_ref()), session_of(after.as_ref()));
        let found_by = browse::Change::of(old, new, &step.handles);
        let commit = commit_of(key, before.as_ref(), after.as_ref(), step, now);
        let (timers, commits) = (Arc::clone(&self.timers), Arc::clone(&self.commits));
        let realtime = Arc::clone(&self.realtime);
        let (histories, browse) = (Arc::clone(&self.histories), Arc::clone(&self.browse));
        let encounters = Arc::clone(&self.encounters);
        let key = key.clone();
        ToTheEnd::new(&self.commits.left_over, async move {
            let result = if idle {
                Ok(())
            } else {
                commits.take(commit).await
            };
            let (old, new) = (session_of(before.as_ref()), session_of(after.as_ref()));
            if result.is_ok() {
                let change = encounters::Change {
                    key: &key,
                    before: old,
                    after: new,
                    reported: &reported,
                    now,
                };
                encounters.follow(&exclusive, change);
            }
            if result.is_ok() && !unchanged {
                let former = before.as_ref().and_then(|state| state.next_timer);
                let next = after.as_ref().and_then(|state| state.next_timer);
                timers.set(&key, former, next);
                exclusive.publish(after.clone());
                match &found_by {
                    browse::Change::None => {}
                    browse::Change::Gone => browse.set(&key, None),
                    browse::Change::Put(handle) => browse.set(&key, Some(handle)),
                }
                let history = exclusive.history();
                history.record(before.as_ref(), after.as_ref(), cause, now);
                if let (Some(last), None) = (&before, &after) {
                    histories.end(&key, history, Arc::clone(&last.session), now);
                    exclusive.end_history();
                }
                // Whoever is tapped may read at once, and is to find the change.
                realtime.published(&key, old, new, now);
                places.into_iter().for_each(Place::keep);
            }
            if result.is_ok() {
                for invitation in &invitations {
                    realtime.invited(invitation);
                }
            }
            (exclusive, result.map(|()| after))
        })
        .await
    }
}

/// The invitations in a step that somebody is to be told of.
fn invitations(step: &Step) -> Vec<Arc<Handle>> {
    let puts = step.handles.iter().filter_map(|op| match op {
        HandleOp::Put(handle) => Some(handle),
        _ => None,
    });
    puts.filter(|handle| handle.waits_for().is_some())
        .cloned()
        .collect()
}

/// The atomic step of the store for a step of the directory.
fn commit_of(
    key: &SessionKey,
    before: Option<&Arc<LiveSession>>,
    after: Option<&Arc<LiveSession>>,
    step: Step,
    now: Timestamp,
) -> Commit {
    let mut commit = Commit {
        require_handles: step
            .require_handles
            .into_iter()
            .map(|id| (id, now))
            .collect(),
        require_free_keys: step.require_free_keys,
        handles: Vec::new(),
        ..Commit::default()
    };
    if !matches!(step.next, Next::Keep) {
        let (old, new) = (session_of(before), session_of(after));
        for owner in ended_activities(old, new) {
            commit.handles.push(HandleOp::DeleteActivity {
                session: key.clone(),
                owner,
            });
        }
        if old.is_none() {
            // A target that has come to exist keeps its transfers for as long as it lives.
            commit.handles.push(HandleOp::ClearExpiry {
                session: key.clone(),
                kind: HandleType::Transfer,
            });
        }
        if new.is_none() {
            commit.handles.push(HandleOp::DeleteOfSession {
                session: key.clone(),
                kinds: ENDING_WITH_SESSION,
            });
        }
        if let Some(id) = let_go(old, new) {
            commit.handles.push(HandleOp::Delete(id));
        }
        commit.sessions.push(SessionWrite {
            key: key.clone(),
            expected: old.map(Version::from),
            before: before.map(|state| Arc::clone(&state.session)),
            next: after.map(|state| SessionState {
                session: Arc::clone(&state.session),
                next_timer: state.next_timer,
            }),
        });
    }
    commit.handles.extend(step.handles);
    commit
}

/// The search handle that a session had and does not show any more.
fn let_go(old: Option<&Session>, new: Option<&Session>) -> Option<HandleId> {
    let (before, after) = (old?.search_handle, new?.search_handle);
    before.filter(|_| after.is_none())
}

impl From<session::Outcome> for Next {
    /// What an outcome of the rules means for the store.
    fn from(outcome: session::Outcome) -> Self {
        use session::Disposition::{Created, Deleted, NothingCreated, Unchanged, Updated};
        match (outcome.disposition, outcome.session) {
            (Created | Updated, Some(session)) => Self::Put(Arc::new(session)),
            (Deleted, _) => Self::Delete,
            (Created | Updated, None) | (Unchanged | NothingCreated, _) => Self::Keep,
        }
    }
}
