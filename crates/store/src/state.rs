//! Everything that is stored, in maps, and one step of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use convoke_core::activity::Activity;
use convoke_core::handle::Handle;
use convoke_core::index::{self, IndexEntry};
use convoke_core::people::Follow;
use convoke_core::privacy::{Listing, PrivateList, Settings};
use convoke_core::recent_players::RecentPlayers;
use convoke_core::session::{Member, Session};
use convoke_wire::{HandleId, Sandbox, SessionKey, Xuid};
use jiff::Timestamp;

use crate::derived::{self, Beside};
use crate::draft::Draft;
use crate::ending::Ending;
use crate::step::StoredSession;
use crate::{StoreError, apart};

/// The questions of [`Store`](crate::Store) that are answered from memory, for stores that have a
/// `state()`: written once, because each store would only pass them on.
macro_rules! answered_by_state {
    () => {
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

        fn invitations_for(
            &self,
            sandbox: &Sandbox,
            invited: Xuid,
            now: Timestamp,
            limit: usize,
        ) -> Result<Vec<Arc<Handle>>, StoreError> {
            Ok(self.state().invitations_for(sandbox, invited, now, limit))
        }

        fn following(&self, owner: Xuid) -> Result<Vec<Follow>, StoreError> {
            Ok(self.state().following(owner))
        }

        fn follow(&self, owner: Xuid, target: Xuid) -> Result<Option<Follow>, StoreError> {
            Ok(self.state().follow(owner, target))
        }

        fn followers(&self, target: Xuid, limit: usize) -> Result<Vec<Follow>, StoreError> {
            Ok(self.state().followers(target, limit))
        }

        fn follower_count(&self, target: Xuid) -> Result<usize, StoreError> {
            Ok(self.state().follower_count(target))
        }

        fn listed(&self, list: PrivateList, owner: Xuid) -> Result<Vec<Listing>, StoreError> {
            Ok(self.state().listed(list, owner))
        }

        fn is_listed(
            &self,
            list: PrivateList,
            owner: Xuid,
            target: Xuid,
        ) -> Result<bool, StoreError> {
            Ok(self.state().listing(&(list, owner, target)).is_some())
        }

        fn listing(
            &self,
            list: PrivateList,
            owners: &[Xuid],
            target: Xuid,
        ) -> Result<Vec<Xuid>, StoreError> {
            let state = self.state();
            let listing = owners.iter().copied();
            let listing = listing.filter(|owner| state.listing(&(list, *owner, target)).is_some());
            Ok(listing.collect())
        }

        fn settings(&self, owner: Xuid) -> Result<Settings, StoreError> {
            Ok(self.state().settings(owner))
        }

        fn activity(&self, key: &ActivityKey) -> Result<Option<Arc<Activity>>, StoreError> {
            Ok(self.state().doing.get(&key.folded()).cloned())
        }

        fn recent_players(
            &self,
            key: &RecentPlayersKey,
        ) -> Result<Option<Arc<RecentPlayers>>, StoreError> {
            Ok(self.state().met.get(&key.folded()).cloned())
        }
    };
}
pub(crate) use answered_by_state;

/// Everything, by its identity and by whatever else it is found by.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// By the folded key.
    sessions: HashMap<Arc<str>, StoredSession>,
    timers: BTreeSet<(Timestamp, Arc<str>)>,
    /// Entry, folded key, which begins with the folded sandbox and `~`.
    index: BTreeSet<(IndexEntry, Arc<str>)>,
    handles: BTreeMap<HandleId, Arc<Handle>>,
    handle_keys: HashMap<String, HandleId>,
    /// Folded key of the session, handle.
    handles_of_session: BTreeSet<(String, HandleId)>,
    activities: BTreeSet<(Xuid, HandleId)>,
    /// Invitations that somebody is still to be told of.
    invitations: BTreeSet<(Xuid, Timestamp, HandleId)>,
    /// Handles that end by themselves, by their end.
    ends: BTreeSet<(Timestamp, HandleId)>,
    follows: BTreeMap<(Xuid, Xuid), Follow>,
    /// Target, since when, owner.
    followers: BTreeSet<(Xuid, Timestamp, Xuid)>,
    listings: BTreeMap<ListingKey, Listing>,
    settings: BTreeMap<Xuid, Settings>,
    /// What users do outside of sessions.
    pub(crate) doing: Ending<Activity>,
    pub(crate) met: Ending<RecentPlayers>,
}

/// What identifies an entry of a private list: the list, its owner, who is on it.
pub(crate) type ListingKey = (PrivateList, Xuid, Xuid);

/// Changes.
impl State {
    /// Makes a draft true that was made on this state.
    pub(crate) fn apply(&mut self, draft: Draft) {
        for (key, next) in draft.sessions {
            self.write_session(key, next);
        }
        // Keys change hands, so all that is given up comes before all that is taken.
        for id in draft.handles.keys() {
            self.remove_handle(*id);
        }
        for put in draft.handles.into_values().flatten() {
            self.insert_handle(put.handle);
        }
        for (edge, follow) in draft.follows {
            let backwards = |follow: Follow| (follow.target, follow.added_at, follow.owner);
            let former = match follow {
                Some(follow) => self.follows.insert(edge, follow),
                None => self.follows.remove(&edge),
            };
            if let Some(former) = former {
                self.followers.remove(&backwards(former));
            }
            self.followers.extend(follow.map(backwards));
        }
        for (key, listing) in draft.listings {
            match listing {
                Some(listing) => self.listings.insert(key, listing),
                None => self.listings.remove(&key),
            };
        }
        for (owner, settings) in draft.settings {
            match settings {
                Some(settings) => self.settings.insert(owner, settings),
                None => self.settings.remove(&owner),
            };
        }
        self.doing.apply(draft.doing);
        self.met.apply(draft.met);
    }

    /// Puts members back that were read apart from their session.
    pub(crate) fn put_back(
        &mut self,
        key: &Arc<str>,
        members: Vec<(u32, Arc<Member>)>,
    ) -> Result<(), StoreError> {
        let Some(stored) = self.sessions.get(key) else {
            let detail = format!("session {key} is not there, its members are");
            return Err(StoreError::Corrupt(detail));
        };
        let mut stored = stored.clone();
        let session = Arc::make_mut(&mut stored.session);
        stored.next_timer = apart::put_back(session, members)?;
        self.write_session(Arc::clone(key), Some(stored));
        Ok(())
    }

    fn write_session(&mut self, key: Arc<str>, next: Option<StoredSession>) {
        let before = self.sessions.remove(&key);
        let old_timer = before.as_ref().and_then(|stored| stored.next_timer);
        let new_timer = next.as_ref().and_then(|stored| stored.next_timer);
        let of = |stored: &Option<StoredSession>| stored.as_ref().map(|it| Arc::clone(&it.session));
        let (old, new) = (of(&before), of(&next));
        let index = index::difference(old.as_deref(), new.as_deref());
        if old_timer != new_timer {
            if let Some(due) = old_timer {
                self.timers.remove(&(due, Arc::clone(&key)));
            }
            if let Some(due) = new_timer {
                self.timers.insert((due, Arc::clone(&key)));
            }
        }
        for entry in index.removed {
            self.index.remove(&(entry, Arc::clone(&key)));
        }
        for entry in index.added {
            self.index.insert((entry, Arc::clone(&key)));
        }
        if let Some(mut next) = next {
            next.written = Bytes::new();
            self.sessions.insert(key, next);
        }
    }

    fn insert_handle(&mut self, handle: Arc<Handle>) {
        for key in handle.unique_keys() {
            self.handle_keys.insert(key, handle.id);
        }
        let session = handle.session_key().folded();
        self.handles_of_session.insert((session, handle.id));
        if let Some(owner) = handle.activity_owner() {
            self.activities.insert((owner, handle.id));
        }
        if let Some(invited) = handle.waits_for() {
            self.invitations
                .insert((invited, handle.created, handle.id));
        }
        if let Some(end) = handle.expires {
            self.ends.insert((end, handle.id));
        }
        self.handles.insert(handle.id, handle);
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
        if let Some(invited) = handle.waits_for() {
            self.invitations.remove(&(invited, handle.created, id));
        }
        if let Some(end) = handle.expires {
            self.ends.remove(&(end, id));
        }
    }
}

/// Answers.
impl State {
    pub(crate) fn stored(&self, folded: &str) -> Option<&StoredSession> {
        self.sessions.get(folded)
    }

    pub(crate) fn session(&self, folded: &str) -> Option<Arc<Session>> {
        let stored = self.stored(folded)?;
        Some(Arc::clone(&stored.session))
    }

    pub(crate) fn all_sessions(&self) -> Vec<(SessionKey, Arc<Session>)> {
        self.sessions
            .values()
            .map(|stored| (stored.key(), Arc::clone(&stored.session)))
            .collect()
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = (&Arc<str>, &StoredSession)> {
        self.sessions.iter()
    }

    pub(crate) fn handles(&self) -> impl Iterator<Item = &Arc<Handle>> {
        self.handles.values()
    }

    pub(crate) fn follows(&self) -> impl Iterator<Item = &Follow> {
        self.follows.values()
    }

    pub(crate) fn listings(&self) -> impl Iterator<Item = &Listing> {
        self.listings.values()
    }

    pub(crate) fn all_settings(&self) -> impl Iterator<Item = (Xuid, &Settings)> {
        self.settings
            .iter()
            .map(|(owner, settings)| (*owner, settings))
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
        let within = format!("{}~", sandbox.folded());
        let start = (entry.clone(), Arc::from(within.as_str()));
        self.index
            .range((Bound::Included(start), Bound::Unbounded))
            .take_while(|(at, key)| at == entry && key.starts_with(&within))
            .take(limit)
            .filter_map(|(_, key)| self.key(key))
            .collect()
    }

    fn key(&self, folded: &str) -> Option<SessionKey> {
        self.sessions.get(folded).map(StoredSession::key)
    }

    pub(crate) fn handle(&self, id: HandleId) -> Option<Arc<Handle>> {
        self.handles.get(&id).cloned()
    }

    pub(crate) fn handle_by_key(&self, key: &str) -> Option<Arc<Handle>> {
        self.handle(self.holder(key)?)
    }

    pub(crate) fn holder(&self, key: &str) -> Option<HandleId> {
        self.handle_keys.get(key).copied()
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

    pub(crate) fn invitations_for(
        &self,
        sandbox: &Sandbox,
        invited: Xuid,
        now: Timestamp,
        limit: usize,
    ) -> Vec<Arc<Handle>> {
        let first = (invited, Timestamp::MIN, HandleId::nil());
        let last = (invited, Timestamp::MAX, HandleId::max());
        let mut found: Vec<Arc<Handle>> = self
            .invitations
            .range(first..=last)
            .rev()
            .filter_map(|(_, _, id)| self.handle(*id))
            .filter(|handle| handle.sandbox == *sandbox && !handle.is_expired(now))
            .take(limit)
            .collect();
        found.reverse();
        found
    }

    pub(crate) fn handles_of_session(&self, session: &str) -> impl Iterator<Item = HandleId> {
        let first = (session.to_owned(), HandleId::nil());
        let last = (session.to_owned(), HandleId::max());
        let found = self.handles_of_session.range(first..=last);
        found.map(|(_, id)| *id)
    }

    pub(crate) fn ended_handles(&self, now: Timestamp) -> impl Iterator<Item = HandleId> {
        let found = self.ends.range(..=(now, HandleId::max()));
        found.map(|(_, id)| *id)
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

    pub(crate) fn followers(&self, target: Xuid, limit: usize) -> Vec<Follow> {
        let found = self.all_followers(target);
        found
            .filter_map(|owner| self.follow(owner, target))
            .take(limit)
            .collect()
    }

    fn all_followers(&self, target: Xuid) -> impl Iterator<Item = Xuid> {
        let (first, last) = (Timestamp::MIN, Timestamp::MAX);
        let all = (target, first, Xuid(0))..=(target, last, Xuid(u64::MAX));
        self.followers.range(all).map(|(_, _, owner)| *owner)
    }

    pub(crate) fn follower_count(&self, target: Xuid) -> usize {
        self.all_followers(target).count()
    }

    pub(crate) fn listed(&self, list: PrivateList, owner: Xuid) -> Vec<Listing> {
        let mut found: Vec<Listing> = self
            .listings
            .range((list, owner, Xuid(0))..=(list, owner, Xuid(u64::MAX)))
            .map(|(_, listing)| *listing)
            .collect();
        found.sort_by_key(|listing| (listing.added_at, listing.target));
        found
    }

    pub(crate) fn listing(&self, key: &ListingKey) -> Option<Listing> {
        self.listings.get(key).copied()
    }

    pub(crate) fn settings(&self, owner: Xuid) -> Settings {
        self.settings.get(&owner).cloned().unwrap_or_default()
    }

    /// Compares everything derived with the documents.
    pub(crate) fn verify(&self) -> Vec<String> {
        let mut findings = Vec::new();
        let (mut timers, mut entries, mut keys, mut ends) = (0, 0, 0, 0);
        let (mut activities, mut invitations) = (0, 0);
        for (folded, stored) in &self.sessions {
            let said = index::entries(&stored.session);
            let indexed = |entry: &&IndexEntry| {
                let row = (IndexEntry::clone(entry), Arc::clone(folded));
                self.index.contains(&row)
            };
            let kept = Beside {
                next_timer: stored
                    .next_timer
                    .filter(|due| self.timers.contains(&(*due, Arc::clone(folded)))),
                entries: said
                    .iter()
                    .filter(indexed)
                    .map(IndexEntry::to_text)
                    .collect(),
            };
            findings.extend(derived::findings(folded, &stored.session, &kept));
            timers += usize::from(stored.next_timer.is_some());
            entries += said.len();
        }
        for handle in self.handles.values() {
            activities += usize::from(handle.activity_owner().is_some());
            invitations += usize::from(handle.waits_for().is_some());
            ends += usize::from(handle.expires.is_some());
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
            ("invitations", self.invitations.len(), invitations),
            ("ends of handles", self.ends.len(), ends),
            ("followers", self.followers.len(), self.follows.len()),
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
        findings.extend(self.doing.verify("activity"));
        findings.extend(self.met.verify("recent players"));
        findings
    }
}
