//! What the steps of one batch come to, before anything of it has happened.
//!
//! Steps see each other here, in their order, and nobody else sees them. Once the draft is
//! durable, [`State::apply`](crate::state::State) makes it true.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use convoke_core::activity::{Activity, ActivityKey, Stamp};
use convoke_core::handle::Handle;
use convoke_core::people::Follow;
use convoke_core::privacy::{Listing, Settings};
use convoke_core::recent_players::{RecentPlayers, with_meetings};
use convoke_core::session::Session;
use convoke_wire::{HandleId, SessionKey, Xuid};
use jiff::Timestamp;

use crate::ending::{Changes, Ends};
use crate::state::{ListingKey, State};
use crate::step::{PutHandle, SessionChange, Step, StoredSession};
use crate::{CommitError, HandleOp, PeopleOp, PlayOp, SessionWrite, Version};

/// What is to be changed; `None` stands for removal.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// By the folded key.
    pub(crate) sessions: HashMap<Arc<str>, Option<StoredSession>>,
    pub(crate) handles: BTreeMap<HandleId, Option<PutHandle>>,
    pub(crate) follows: BTreeMap<(Xuid, Xuid), Option<Follow>>,
    pub(crate) listings: BTreeMap<ListingKey, Option<Listing>>,
    pub(crate) settings: BTreeMap<Xuid, Option<Settings>>,
    pub(crate) doing: Changes<Activity>,
    pub(crate) met: Changes<RecentPlayers>,
    /// Who holds a unique key, where that changes.
    keys: HashMap<String, Option<HandleId>>,
    /// Folded key of the session, handle: all that were put, also those removed again.
    put_on: BTreeSet<(String, HandleId)>,
}

impl Draft {
    /// Adds one step, or nothing when a guard does not hold.
    pub(crate) fn take(&mut self, state: &State, step: &mut Step) -> Result<(), CommitError> {
        self.check_guards(state, step)?;
        for change in &mut step.sessions {
            let next = change.next.take();
            self.sessions.insert(Arc::clone(&change.key), next);
        }
        let mut written = step.handles.drain(..);
        for op in &step.commit.handles {
            self.change_handles(state, op, &mut written);
        }
        for op in &step.commit.people {
            self.change_people(state, op);
        }
        for op in &step.commit.play {
            self.change_play(state, op);
        }
        Ok(())
    }

    fn check_guards(&self, state: &State, step: &Step) -> Result<(), CommitError> {
        let holds = |(write, change): (&SessionWrite, &SessionChange)| {
            self.session(state, &change.key).map(Version::from) == write.expected
        };
        let mut writes = step.commit.sessions.iter().zip(&step.sessions);
        if !writes.all(holds) {
            return Err(CommitError::Conflict);
        }
        let unchanged = |(key, expected): &(ActivityKey, Option<Stamp>)| {
            let found = state.doing.drafted(&self.doing, &key.folded());
            found.map(|it| Stamp::from(&**it)) == *expected
        };
        if !step.commit.require_activities.iter().all(unchanged) {
            return Err(CommitError::Conflict);
        }
        let lives = |(id, now): &(HandleId, Timestamp)| {
            let handle = self.handle(state, *id);
            handle.is_some_and(|handle| !handle.is_expired(*now))
        };
        if !step.commit.require_handles.iter().all(lives) {
            return Err(CommitError::HandleGone);
        }
        let taken = |key: &String| self.holder(state, key).is_some();
        if step.commit.require_free_keys.iter().any(taken) {
            return Err(CommitError::KeyTaken);
        }
        Ok(())
    }

    /// `written` has the texts of the handles that are put, if there is a log.
    fn change_handles(
        &mut self,
        state: &State,
        op: &HandleOp,
        written: &mut impl Iterator<Item = Bytes>,
    ) {
        match op {
            HandleOp::Put(handle) => {
                let text = written.next().unwrap_or_default();
                self.put(state, handle, text);
            }
            HandleOp::Delete(id) => self.remove(state, *id),
            HandleOp::DeleteActivity { session, owner } => {
                for handle in self.handles_of_session(state, session) {
                    if handle.activity_owner() == Some(*owner) {
                        self.remove(state, handle.id);
                    }
                }
            }
            HandleOp::DeleteOfSession { session, kinds } => {
                for handle in self.handles_of_session(state, session) {
                    if kinds.contains(&handle.kind()) {
                        self.remove(state, handle.id);
                    }
                }
            }
            HandleOp::ClearExpiry { session, kind } => {
                for handle in self.handles_of_session(state, session) {
                    if handle.kind() == *kind && handle.expires.is_some() {
                        let mut lasting = Handle::clone(&handle);
                        lasting.expires = None;
                        self.put(state, &Arc::new(lasting), Bytes::new());
                    }
                }
            }
            HandleOp::Settle(id) => {
                let waiting = self.handle(state, *id);
                if let Some(settled) = waiting.and_then(|handle| handle.settled()) {
                    self.put(state, &Arc::new(settled), Bytes::new());
                }
            }
            HandleOp::DeleteExpired { now } => {
                for id in self.ended_handles(state, *now) {
                    self.remove(state, id);
                }
            }
        }
    }

    fn put(&mut self, state: &State, handle: &Arc<Handle>, written: Bytes) {
        self.remove(state, handle.id);
        for key in handle.unique_keys() {
            if let Some(holder) = self.holder(state, &key) {
                self.remove(state, holder);
            }
            self.keys.insert(key, Some(handle.id));
        }
        let session = handle.session_key().folded();
        self.put_on.insert((session, handle.id));
        let put = PutHandle {
            handle: Arc::clone(handle),
            written,
        };
        self.handles.insert(handle.id, Some(put));
    }

    fn remove(&mut self, state: &State, id: HandleId) {
        let Some(handle) = self.handle(state, id) else {
            return;
        };
        for key in handle.unique_keys() {
            self.keys.insert(key, None);
        }
        self.handles.insert(id, None);
    }

    fn change_people(&mut self, state: &State, op: &PeopleOp) {
        match *op {
            PeopleOp::Put(follow) => {
                self.follows
                    .insert((follow.owner, follow.target), Some(follow));
            }
            PeopleOp::SetFavorite {
                owner,
                target,
                favorite,
            } => {
                if let Some(mut follow) = self.follow(state, owner, target) {
                    follow.favorite = favorite;
                    self.follows.insert((owner, target), Some(follow));
                }
            }
            PeopleOp::Delete { owner, target } => {
                if self.follow(state, owner, target).is_some() {
                    self.follows.insert((owner, target), None);
                }
            }
            PeopleOp::List(listing) => {
                let key = (listing.list, listing.owner, listing.target);
                self.listings.insert(key, Some(listing));
            }
            PeopleOp::Unlist {
                list,
                owner,
                target,
            } => {
                let key = (list, owner, target);
                let there = match self.listings.get(&key) {
                    Some(drafted) => drafted.is_some(),
                    None => state.listing(&key).is_some(),
                };
                if there {
                    self.listings.insert(key, None);
                }
            }
            PeopleOp::Choose {
                owner,
                ref settings,
            } => {
                let chosen = (!settings.0.is_empty()).then(|| settings.clone());
                self.settings.insert(owner, chosen);
            }
        }
    }

    fn change_play(&mut self, state: &State, op: &PlayOp) {
        match op {
            PlayOp::Do(activity) => {
                let next = Some(Arc::clone(activity));
                self.doing.insert(Ends::key(&**activity).into(), next);
            }
            PlayOp::Meet { meetings, now } => {
                let key: Arc<str> = meetings.key.folded().into();
                let before = state.met.drafted(&self.met, &key);
                let known = before.is_some();
                match with_meetings(before.map(|it| &**it), meetings, *now) {
                    None if !known => {}
                    next => {
                        self.met.insert(key, next.map(Arc::new));
                    }
                }
            }
            PlayOp::Forget { now } => {
                state.doing.forget(&mut self.doing, *now);
                state.met.forget(&mut self.met, *now);
            }
        }
    }
}

/// What is there once the draft is.
impl Draft {
    fn session<'a>(&'a self, state: &'a State, key: &str) -> Option<&'a Session> {
        match self.sessions.get(key) {
            Some(drafted) => drafted.as_ref().map(|stored| &*stored.session),
            None => state.stored(key).map(|stored| &*stored.session),
        }
    }

    fn handle(&self, state: &State, id: HandleId) -> Option<Arc<Handle>> {
        match self.handles.get(&id) {
            Some(drafted) => drafted.as_ref().map(|put| Arc::clone(&put.handle)),
            None => state.handle(id),
        }
    }

    fn holder(&self, state: &State, key: &str) -> Option<HandleId> {
        match self.keys.get(key) {
            Some(drafted) => *drafted,
            None => state.holder(key),
        }
    }

    fn follow(&self, state: &State, owner: Xuid, target: Xuid) -> Option<Follow> {
        match self.follows.get(&(owner, target)) {
            Some(drafted) => *drafted,
            None => state.follow(owner, target),
        }
    }

    fn handles_of_session(&self, state: &State, session: &SessionKey) -> Vec<Arc<Handle>> {
        let folded = session.folded();
        let ids = state.handles_of_session(&folded);
        let mut found: Vec<Arc<Handle>> = ids
            .filter(|id| !self.handles.contains_key(id))
            .filter_map(|id| state.handle(id))
            .collect();
        let first = (folded.clone(), HandleId::nil());
        let last = (folded, HandleId::max());
        let drafted = self.put_on.range(first..=last);
        found.extend(drafted.filter_map(|(_, id)| {
            let put = self.handles.get(id)?.as_ref()?;
            // Its id may have been put on another session since.
            (put.handle.session_key() == *session).then(|| Arc::clone(&put.handle))
        }));
        found
    }

    fn ended_handles(&self, state: &State, now: Timestamp) -> Vec<HandleId> {
        let mut ended: Vec<HandleId> = state
            .ended_handles(now)
            .filter(|id| !self.handles.contains_key(id))
            .collect();
        let drafted = self.handles.values().flatten();
        let drafted = drafted.filter(|put| put.handle.is_expired(now));
        ended.extend(drafted.map(|put| put.handle.id));
        ended
    }
}
