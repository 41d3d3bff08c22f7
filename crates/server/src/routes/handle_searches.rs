//! `POST /handles/query` of type `search`: session browse.
//!
//! The index (`crate::browse`) says which handles match and in which order; here, from the best one
//! on, each is held against its session and the caller's people until there are enough.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use convoke_core::Rule;
use convoke_core::browse::{Catalogue, Found, Plan, Search, World};
use convoke_core::handle::Grant;
use convoke_core::handle::query::{self, Asking, Include, Owners, PeopleSet};
use convoke_core::handle::search_query::{SearchQuery, is_for_followers};
use convoke_core::limits::MAX_QUERY;
use convoke_core::privacy::permission::Permission;
use convoke_core::session::Session;
use convoke_core::session::query::Conditions;
use convoke_wire::handle::{Handle as WireHandle, HandleQuery};
use convoke_wire::{RawJson, Scid, Xuid};
use http::Uri;
use tokio::sync::OnceCell;

use super::handles::{Wanted, complete, may_read};
use super::query_string::parameter;
use crate::api_error::ApiError;
use crate::auth::Role;
use crate::caller::{Admitted, Identity, admit};
use crate::graph::{GraphError, SocialGraph as _};
use crate::live::{LiveSession, LiveSessions};
use crate::privacy::Asker;
use crate::reply::Viewer;
use crate::shared::Shared;

/// Chunks of 1,024 handles that are looked at before others may run.
const CHUNKS_IN_A_ROW: usize = 32;

/// One more handle is kept for so many that are asked for, since some will not be shown.
const SPARE: usize = 4;

/// Somebody who searches.
pub(super) struct Searching<'a> {
    pub(super) shared: &'a Shared,
    pub(super) identity: &'a Identity,
    pub(super) include: Include,
    pub(super) viewer: Viewer,
    /// What the query string asks of sessions.
    pub(super) conditions: Conditions,
}

/// The handles of one template that are open to the caller.
struct Open {
    admitted: Admitted,
    scid: Scid,
    catalogue: Arc<Catalogue>,
}

/// A handle that was found, with its session.
struct Candidate<'a> {
    admitted: &'a Admitted,
    found: Found,
    state: Arc<LiveSession>,
    owners: Vec<Xuid>,
}

/// Users that sessions are held against.
struct People<'a> {
    members: Option<BTreeSet<Xuid>>,
    owners: Option<BTreeSet<Xuid>>,
    asker: Option<Asker<'a>>,
    /// Whom the caller follows, once that is asked.
    followed: OnceCell<BTreeSet<Xuid>>,
}

impl Searching<'_> {
    /// At most 100 handles; there is no next page. `[doc]`
    pub(super) async fn answer(
        &self,
        wanted: &HandleQuery,
        uri: &Uri,
    ) -> Result<Vec<Bytes>, ApiError> {
        let caller = self.identity.caller(self.shared);
        let asking = Asking {
            caller: &caller,
            own: &self.identity.own_xuids(),
            reads_people: self.identity.principal.has_role(&Role::PeopleRead),
        };
        let query = SearchQuery::read(wanted, &asking)?;
        self.conditions.admit(&caller, asking.own, &[])?;
        let take = query::take(
            Rule::BadQuery,
            wanted.take,
            parameter(uri, "take").as_deref(),
        )?;
        let open = self.open(wanted)?;
        let people = self.people(&query).await?;
        let plan = Plan::new(query.filter.as_ref(), query.order.as_ref());
        let mut most = take.saturating_add(take.div_ceil(SPARE));
        loop {
            let (found, dropped) = self.search(&plan, &open, most, &people).await;
            let shown = self
                .shown(&plan, &query, &open, &people, found, take)
                .await?;
            if shown.len() == take || dropped == 0 {
                return Ok(shown);
            }
            // Too many of the best are not to be shown; look further.
            most = most.saturating_mul(8);
        }
    }

    /// The catalogues that are asked for and open to the caller.
    fn open(&self, wanted: &HandleQuery) -> Result<Vec<Open>, ApiError> {
        let (scid, template) = (wanted.scid.as_ref(), wanted.template_name.as_ref());
        if let Some(scid) = scid {
            let admitted = admit(self.shared, self.identity, scid)?.unless_banned()?;
            if let Some(template) = template {
                admitted.template(template)?;
            }
        }
        let sandbox = &self.identity.principal.sandbox;
        let catalogues = self
            .shared
            .directory
            .browse
            .catalogues(sandbox, scid, template);
        let open = catalogues.into_iter().filter_map(|(key, catalogue)| {
            let admitted = admit(self.shared, self.identity, &key.scid).ok()?;
            let admitted = admitted.unless_banned().ok()?;
            admitted.template(&key.template).ok()?;
            Some(Open {
                admitted,
                scid: key.scid,
                catalogue,
            })
        });
        Ok(open.collect())
    }

    async fn people(&self, query: &SearchQuery) -> Result<People<'_>, ApiError> {
        let people = People {
            members: self.users(query.members.as_ref()).await?,
            owners: self.users(query.owners.as_ref()).await?,
            asker: Asker::of(self.shared, self.identity)?,
            followed: OnceCell::new(),
        };
        if query.orders_by_people() {
            self.followed(&people).await?;
        }
        Ok(people)
    }

    async fn users(&self, owners: Option<&Owners>) -> Result<Option<BTreeSet<Xuid>>, GraphError> {
        Ok(match owners {
            None => None,
            Some(Owners::Users(users)) => Some(users.iter().copied().collect()),
            Some(Owners::People { set, of }) => {
                let people = self.shared.graph.people(*of, *set).await?;
                Some(people.into_iter().collect())
            }
        })
    }

    /// Whom the caller follows; nobody where the caller acts for no user.
    async fn followed<'p>(&self, people: &'p People<'_>) -> Result<&'p BTreeSet<Xuid>, GraphError> {
        let ask = || async {
            let Some(asker) = &people.asker else {
                return Ok(BTreeSet::new());
            };
            let graph = &self.shared.graph;
            let followed = graph.people(asker.xuid(), PeopleSet::People).await?;
            Ok(followed.into_iter().collect())
        };
        people.followed.get_or_try_init(ask).await
    }

    /// The best handles as far as the index knows, and how many more there are.
    async fn search<'o>(
        &self,
        plan: &'o Plan<'o>,
        open: &'o [Open],
        most: usize,
        people: &People<'_>,
    ) -> (impl ExactSizeIterator<Item = Found> + use<'o>, usize) {
        let world = Known {
            live: &self.shared.directory.live,
            followed: people.followed.get(),
        };
        let mut search = Search::new(plan, most);
        for Open { catalogue, .. } in open {
            let mut next = 0;
            while next < catalogue.chunks() {
                let end = (next + CHUNKS_IN_A_ROW).min(catalogue.chunks());
                search.look(catalogue, next..end, &world);
                next = end;
                if next < catalogue.chunks() {
                    tokio::task::yield_now().await;
                }
            }
        }
        let dropped = search.dropped();
        (search.found(), dropped)
    }

    /// The documents of those that may be shown, from the best one on, until there are enough.
    async fn shown(
        &self,
        plan: &Plan<'_>,
        query: &SearchQuery,
        open: &[Open],
        people: &People<'_>,
        mut found: impl ExactSizeIterator<Item = Found>,
        take: usize,
    ) -> Result<Vec<Bytes>, ApiError> {
        let mut shown = Vec::new();
        while shown.len() < take {
            let mut group = Vec::new();
            for found in found.by_ref().take(MAX_QUERY) {
                let Some(candidate) = self.candidate(open, found).await? else {
                    continue;
                };
                if self.matches(plan, query, people, &candidate).await? {
                    group.push(candidate);
                }
            }
            let unwelcome = self.unwelcome(query, people, &group).await?;
            for candidate in &group {
                let owners = &candidate.owners;
                if shown.len() < take && !owners.iter().any(|owner| unwelcome.contains(owner)) {
                    shown.push(self.document(candidate).await?);
                }
            }
            if found.len() == 0 {
                break;
            }
        }
        Ok(shown)
    }

    /// A handle that is still the search handle of its session.
    async fn candidate<'o>(
        &self,
        open: &'o [Open],
        found: Found,
    ) -> Result<Option<Candidate<'o>>, ApiError> {
        let scid = &found.handle.session.scid;
        let open = match open {
            [only] => only,
            many => match many.iter().find(|open| open.scid == *scid) {
                Some(open) => open,
                None => return Ok(None),
            },
        };
        let state = self.present(&found).await?;
        Ok(state.map(|state| Candidate {
            admitted: &open.admitted,
            owners: query::session_owners(&found.handle, &state.session),
            found,
            state,
        }))
    }

    /// The session of a handle that is still its search handle, with everything applied that is due.
    async fn present(&self, found: &Found) -> Result<Option<Arc<LiveSession>>, ApiError> {
        let directory = &self.shared.directory;
        let state = match directory.live.get_folded(&found.session) {
            Some(state) if state.is_due(directory.clock.now()) => {
                directory.read(&found.handle.session_key()).await?
            }
            state => state,
        };
        Ok(state.filter(|state| state.session.search_handle == Some(found.handle.id)))
    }

    async fn matches(
        &self,
        plan: &Plan<'_>,
        query: &SearchQuery,
        people: &People<'_>,
        candidate: &Candidate<'_>,
    ) -> Result<bool, ApiError> {
        let session = &candidate.state.session;
        let now = self.shared.directory.clock.now();
        let fits = query.shows(session, now) && self.conditions.fit(session);
        if !fits || !Search::holds(plan, &candidate.found, session) {
            return Ok(false);
        }
        let has_member =
            |users: &BTreeSet<Xuid>| session.accepted().any(|(_, it)| users.contains(&it.xuid));
        let has_owner =
            |users: &BTreeSet<Xuid>| candidate.owners.iter().any(|it| users.contains(it));
        if !people.members.as_ref().is_none_or(has_member) {
            return Ok(false);
        }
        if !people.owners.as_ref().is_none_or(has_owner) {
            return Ok(false);
        }
        if query.followed && !has_owner(self.followed(people).await?) {
            return Ok(false);
        }
        Ok(!is_for_followers(session, &candidate.admitted.caller)
            || has_member(self.followed(people).await?))
    }

    /// Owners whose sessions are not for the caller: who has blocked the caller (Q9), and, where the
    /// query says so, with whom there is no communication. Services see all (Q12).
    async fn unwelcome(
        &self,
        query: &SearchQuery,
        people: &People<'_>,
        group: &[Candidate<'_>],
    ) -> Result<HashSet<Xuid>, ApiError> {
        let Some(asker) = &people.asker else {
            return Ok(HashSet::new());
        };
        let owners: BTreeSet<&Xuid> = group.iter().flat_map(|it| &it.owners).collect();
        let owners: Vec<Xuid> = owners
            .into_iter()
            .copied()
            .filter(|it| *it != asker.xuid())
            .collect();
        if owners.is_empty() {
            return Ok(HashSet::new());
        }
        let graph = &self.shared.graph;
        let blocking = graph.blocking(&owners, asker.xuid()).await?;
        let mut unwelcome: HashSet<Xuid> = blocking.into_iter().collect();
        if query.communicates {
            let writes = Permission::CommunicateUsingText;
            let verdicts = graph.verdicts(asker, writes, &owners).await?;
            let denied = owners.iter().zip(verdicts).filter(|(_, it)| it.is_err());
            unwelcome.extend(denied.map(|(owner, _)| *owner));
        }
        Ok(unwelcome)
    }

    /// The document of a handle, as text.
    async fn document(&self, candidate: &Candidate<'_>) -> Result<Bytes, ApiError> {
        let Candidate {
            admitted,
            found,
            state,
            ..
        } = candidate;
        let (shared, handle) = (self.shared, &found.handle);
        let wanted = Wanted {
            include: self.include,
            viewer: self.viewer,
            // A search handle lets whoever finds it read (S15).
            grant: Some(Grant::Search),
        };
        if self.include.session {
            // How a session is shown depends on who looks at it.
            let mut shown = query::document(handle, RawJson::empty_object());
            complete(shared, &mut shown, handle, Some(state), admitted, wanted).await?;
            return Ok(text(&shown).into());
        }
        let readable = may_read(shared, state, admitted, wanted).await?;
        Ok(state.listed(self.include, readable, || {
            let mut shown = query::document(handle, RawJson::empty_object());
            let session = Some(&*state.session);
            query::include(&mut shown, handle, session, self.include, readable);
            text(&shown)
        }))
    }
}

fn text(shown: &WireHandle) -> Vec<u8> {
    serde_json::to_vec(shown).expect("documents have text keys only")
}

/// What the index may ask while it looks.
struct Known<'a> {
    live: &'a LiveSessions,
    followed: Option<&'a BTreeSet<Xuid>>,
}

impl World for Known<'_> {
    fn session(&self, key: &str) -> Option<Arc<Session>> {
        let state = self.live.get_folded(key)?;
        Some(Arc::clone(&state.session))
    }

    fn follows(&self, user: Xuid) -> bool {
        self.followed
            .is_some_and(|followed| followed.contains(&user))
    }
}
