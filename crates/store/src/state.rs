//! Everything that is stored, in maps, and one step of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use convoke_core::handle::Handle;
use convoke_core::index::IndexEntry;
use convoke_core::people::Follow;
use convoke_core::session::Session;
use convoke_wire::{HandleId, Sandbox, SessionKey, Xuid};
use jiff::Timestamp;

use crate::derived::{self, Beside};
use crate::store::SessionState;
use crate::{Commit, CommitError, HandleOp, PeopleOp, SessionWrite, Version};

#[derive(Debug)]
struct StoredSession {
    key: SessionKey,
    state: SessionState,
}

/// Everything, by its identity and by whatever else it is found by.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// By the folded key.
    sessions: BTreeMap<String, StoredSession>,
    timers: BTreeSet<(Timestamp, String)>,
    /// Entry, folded sandbox, folded key.
    index: BTreeSet<(IndexEntry, String, String)>,
    handles: BTreeMap<HandleId, Arc<Handle>>,
    handle_keys: BTreeMap<String, HandleId>,
    /// Folded key of the session, handle.
    handles_of_session: BTreeSet<(String, HandleId)>,
    activities: BTreeSet<(Xuid, HandleId)>,
    follows: BTreeMap<(Xuid, Xuid), Follow>,
}

/// Changes.
impl State {
    /// Takes one step, or none when a guard does not hold.
    pub(crate) fn commit(&mut self, commit: &Commit) -> Result<(), CommitError> {
        self.check_guards(commit)?;
        for write in &commit.sessions {
            self.write_session(write);
        }
        for op in &commit.handles {
            self.change_handles(op);
        }
        for op in &commit.people {
            self.change_people(*op);
        }
        Ok(())
    }

    fn check_guards(&self, commit: &Commit) -> Result<(), CommitError> {
        let version = |write: &SessionWrite| {
            let stored = self.sessions.get(&write.key.folded())?;
            Some(Version::from(&*stored.state.session))
        };
        if commit
            .sessions
            .iter()
            .any(|write| version(write) != write.expected)
        {
            return Err(CommitError::Conflict);
        }
        let lives = |(id, now): &(HandleId, Timestamp)| {
            let handle = self.handles.get(id);
            handle.is_some_and(|handle| !handle.is_expired(*now))
        };
        if !commit.require_handles.iter().all(lives) {
            return Err(CommitError::HandleGone);
        }
        let taken = |key: &String| self.handle_keys.contains_key(key);
        if commit.require_free_keys.iter().any(taken) {
            return Err(CommitError::KeyTaken);
        }
        Ok(())
    }

    fn write_session(&mut self, write: &SessionWrite) {
        let folded = write.key.folded();
        let sandbox = write.key.sandbox.folded().into_owned();
        let before = self.sessions.remove(&folded);
        if let Some(stored) = &before {
            if let Some(due) = stored.state.next_timer {
                self.timers.remove(&(due, folded.clone()));
            }
            for entry in &stored.state.index {
                let row = (entry.clone(), sandbox.clone(), folded.clone());
                self.index.remove(&row);
            }
        }
        let Some(state) = write.next.clone() else {
            return;
        };
        if let Some(due) = state.next_timer {
            self.timers.insert((due, folded.clone()));
        }
        for entry in &state.index {
            let row = (entry.clone(), sandbox.clone(), folded.clone());
            self.index.insert(row);
        }
        let key = SessionKey {
            sandbox: write.key.sandbox.clone(),
            reference: state.session.reference.clone(),
        };
        self.sessions.insert(folded, StoredSession { key, state });
    }

    fn change_handles(&mut self, op: &HandleOp) {
        match op {
            HandleOp::Put(handle) => self.put_handle(handle),
            HandleOp::Delete(id) => self.remove_handle(*id),
            HandleOp::DeleteActivity { session, owner } => {
                for handle in self.handles_of_session(session) {
                    if handle.activity_owner() == Some(*owner) {
                        self.remove_handle(handle.id);
                    }
                }
            }
            HandleOp::DeleteOfSession { session, kinds } => {
                for handle in self.handles_of_session(session) {
                    if kinds.contains(&handle.kind()) {
                        self.remove_handle(handle.id);
                    }
                }
            }
            HandleOp::ClearExpiry { session, kind } => {
                for handle in self.handles_of_session(session) {
                    if handle.kind() == *kind && handle.expires.is_some() {
                        let mut lasting = Handle::clone(&handle);
                        lasting.expires = None;
                        self.put_handle(&Arc::new(lasting));
                    }
                }
            }
            HandleOp::DeleteExpired { now } => {
                let ended = |handle: &&Arc<Handle>| handle.is_expired(*now);
                let ended: Vec<_> = self.handles.values().filter(ended).cloned().collect();
                for handle in ended {
                    self.remove_handle(handle.id);
                }
            }
        }
    }

    fn put_handle(&mut self, handle: &Arc<Handle>) {
        self.remove_handle(handle.id);
        for key in handle.unique_keys() {
            if let Some(holder) = self.handle_keys.get(&key) {
                self.remove_handle(*holder);
            }
            self.handle_keys.insert(key, handle.id);
        }
        let session = handle.session_key().folded();
        self.handles_of_session.insert((session, handle.id));
        if let Some(owner) = handle.activity_owner() {
            self.activities.insert((owner, handle.id));
        }
        self.handles.insert(handle.id, Arc::clone(handle));
    }

    fn remove_handle(&mut self, id: HandleId) {
        let Some(handle) = self.handles.remove(&id) else {
            return;
        };
        for key in handle.unique_keys() {
            self.handle_keys.remove(&key);
        }
        let session = handle.session_key().folded();
        self.handles_of_session.remove(&(session, id));
        if let Some(owner) = handle.activity_owner() {
            self.activities.remove(&(owner, id));
        }
    }

    fn change_people(&mut self, op: PeopleOp) {
        match op {
            PeopleOp::Put(follow) => {
                self.follows.insert((follow.owner, follow.target), follow);
            }
            PeopleOp::SetFavorite {
                owner,
                target,
                favorite,
            } => {
                if let Some(follow) = self.follows.get_mut(&(owner, target)) {
                    follow.favorite = favorite;
                }
            }
            PeopleOp::Delete { owner, target } => {
                self.follows.remove(&(owner, target));
            }
        }
    }
}

/// Answers.
impl State {
    pub(crate) fn session(&self, folded: &str) -> Option<Arc<Session>> {
        let stored = self.sessions.get(folded)?;
        Some(Arc::clone(&stored.state.session))
    }

    pub(crate) fn all_sessions(&self) -> Vec<(SessionKey, Arc<Session>)> {
        self.sessions
            .values()
            .map(|stored| (stored.key.clone(), Arc::clone(&stored.state.session)))
            .collect()
    }

    pub(crate) fn due(&self, now: Timestamp, limit: usize) -> Vec<SessionKey> {
        self.timers
            .iter()
            .take_while(|(due, _)| *due <= now)
            .take(limit)
            .filter_map(|(_, key)| self.key(key))
            .collect()
    }

    pub(crate) fn earliest_timer(&self) -> Option<Timestamp> {
        self.timers.first().map(|(due, _)| *due)
    }

    pub(crate) fn find(
        &self,
        sandbox: &Sandbox,
        entry: &IndexEntry,
        limit: usize,
    ) -> Vec<SessionKey> {
        let sandbox = sandbox.folded().into_owned();
        let start = (entry.clone(), sandbox, String::new());
        self.index
            .range(start.clone()..)
            .take_while(|(at, within, _)| *at == start.0 && *within == start.1)
            .take(limit)
            .filter_map(|(_, _, key)| self.key(key))
            .collect()
    }

    fn key(&self, folded: &str) -> Option<SessionKey> {
        self.sessions.get(folded).map(|stored| stored.key.clone())
    }

    pub(crate) fn handle(&self, id: HandleId) -> Option<Arc<Handle>> {
        self.handles.get(&id).cloned()
    }

    pub(crate) fn handle_by_key(&self, key: &str) -> Option<Arc<Handle>> {
        self.handles.get(self.handle_keys.get(key)?).cloned()
    }

    pub(crate) fn activities_of(&self, sandbox: &Sandbox, owner: Xuid) -> Vec<Arc<Handle>> {
        let mut found: Vec<Arc<Handle>> = self
            .activities
            .range((owner, HandleId::nil())..=(owner, HandleId::max()))
            .filter_map(|(_, id)| self.handle(*id))
            .filter(|handle| handle.sandbox == *sandbox)
            .collect();
        found.sort_by_key(|handle| (std::cmp::Reverse(handle.created), handle.id));
        found
    }

    fn handles_of_session(&self, session: &SessionKey) -> Vec<Arc<Handle>> {
        let session = session.folded();
        let first = (session.clone(), HandleId::nil());
        let last = (session, HandleId::max());
        self.handles_of_session
            .range(first..=last)
            .filter_map(|(_, id)| self.handle(*id))
            .collect()
    }

    pub(crate) fn following(&self, owner: Xuid) -> Vec<Follow> {
        let mut found: Vec<Follow> = self
            .follows
            .range((owner, Xuid(0))..=(owner, Xuid(u64::MAX)))
            .map(|(_, follow)| *follow)
            .collect();
        found.sort_by_key(|follow| (follow.added_at, follow.target));
        found
    }

    pub(crate) fn follow(&self, owner: Xuid, target: Xuid) -> Option<Follow> {
        self.follows.get(&(owner, target)).copied()
    }

    /// Compares everything derived with the documents.
    pub(crate) fn verify(&self) -> Vec<String> {
        let mut findings = Vec::new();
        let (mut timers, mut entries, mut keys, mut activities) = (0, 0, 0, 0);
        for (folded, stored) in &self.sessions {
            let sandbox = stored.key.sandbox.folded();
            let kept = Beside {
                next_timer: stored
                    .state
                    .next_timer
                    .filter(|due| self.timers.contains(&(*due, folded.clone()))),
                entries: stored
                    .state
                    .index
                    .iter()
                    .filter(|entry| {
                        let row = ((*entry).clone(), sandbox.to_string(), folded.clone());
                        self.index.contains(&row)
                    })
                    .map(IndexEntry::to_text)
                    .collect(),
            };
            findings.extend(derived::findings(folded, &stored.state.session, &kept));
            timers += usize::from(stored.state.next_timer.is_some());
            entries += stored.state.index.len();
        }
        for handle in self.handles.values() {
            activities += usize::from(handle.activity_owner().is_some());
            for key in handle.unique_keys() {
                keys += 1;
                if self.handle_keys.get(&key) != Some(&handle.id) {
                    findings.push(format!("handle {}: does not hold {key}", handle.id));
                }
            }
        }
        for (what, kept, said) in [
            ("timers", self.timers.len(), timers),
            ("index entries", self.index.len(), entries),
            ("handle keys", self.handle_keys.len(), keys),
            ("activities", self.activities.len(), activities),
            (
                "handles of sessions",
                self.handles_of_session.len(),
                self.handles.len(),
            ),
        ] {
            if kept != said {
                findings.push(format!("{kept} {what} are kept, the documents have {said}"));
            }
        }
        findings
    }
}
