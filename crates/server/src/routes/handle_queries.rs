//! `POST /handles/query`: the activities of users.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use convoke_core::Rule;
use convoke_core::contract::read;
use convoke_core::handle::Handle;
use convoke_core::handle::query::{self, Include, Owners, PeopleSet};
use convoke_core::privacy::permission::{Asked, Permission};
use convoke_core::rate_limit::Allowance;
use convoke_core::session::MemberState;
use convoke_store::Store;
use convoke_wire::handle::{Handle as WireHandle, HandleQuery, HandleResults, HandleType};
use convoke_wire::{Scid, Xuid};
use http::StatusCode;

use super::handles::{complete, included};
use super::query_string::parameter;
use super::{begin, count_search};
use crate::api_error::ApiError;
use crate::auth::Role;
use crate::call::Call;
use crate::caller::{Identity, admit};
use crate::exchange;
use crate::privacy::Asker;
use crate::reply::{self, Viewer};
use crate::shared::Shared;

/// `POST /handles/query`: at most 100 handles; there is no next page. `[doc]`
pub async fn post(shared: &Shared, call: &Call, body: Body) -> Result<Response, ApiError> {
    let (identity, viewer) = begin(call)?;
    let include = included(call);
    let uri = &call.head.uri;
    let wanted: HandleQuery = read::document(&exchange::json_body(&call.head, body).await?)?;
    match wanted.kind {
        HandleType::Activity => {}
        HandleType::Search => {
            count_search(shared, &identity, call, Allowance::SearchRead)?;
            let detail = "queries for search handles are not served yet";
            return Err(Rule::BadQuery.at("type", detail).into());
        }
        _ => {
            return Err(Rule::BadQuery
                .at("type", "expected `activity` or `search`")
                .into());
        }
    }
    if let Some(scid) = &wanted.scid {
        admit(shared, &identity, scid)?;
    }
    let xuid = parameter(uri, "xuid").map(|text| text.parse()).transpose();
    let xuid = xuid.map_err(|error: convoke_wire::ids::IdError| {
        Rule::BadQuery.at("xuid", error.to_string())
    })?;
    let reads_people = identity.principal.has_role(&Role::PeopleRead);
    let own = identity.own_xuids();
    let owners = query::owners(&wanted, xuid, &identity.caller(shared), &own, reads_people)?;
    let take = query::take(wanted.take, parameter(uri, "take").as_deref())?;
    let asking = Asking {
        shared,
        identity: &identity,
        scid: wanted.scid.as_ref(),
        include,
        viewer,
        asker: Asker::of(shared, &identity)?,
    };
    let mut results = Vec::new();
    for handle in asking.candidates(owners)? {
        if results.len() == take {
            break;
        }
        results.extend(asking.shown(&handle).await?);
    }
    Ok(reply::json(StatusCode::OK, &HandleResults { results }))
}

/// One query for activities.
struct Asking<'a> {
    shared: &'a Shared,
    identity: &'a Identity,
    scid: Option<&'a Scid>,
    include: Include,
    viewer: Viewer,
    /// Whose presence others must share with; nobody for a service.
    asker: Option<Asker<'a>>,
}

impl Asking<'_> {
    /// The activities in the order of the answer: as the users were named (Q3), or newest first (Q4).
    fn candidates(&self, owners: Owners) -> Result<Vec<Arc<Handle>>, ApiError> {
        match owners {
            Owners::Users(users) => self.activities(&users),
            Owners::People { set, of } => {
                let mut found = self.activities(&self.people(set, of)?)?;
                found.sort_by(|a, b| b.created.cmp(&a.created).then(a.id.cmp(&b.id)));
                Ok(found)
            }
        }
    }

    fn activities(&self, users: &[Xuid]) -> Result<Vec<Arc<Handle>>, ApiError> {
        let sandbox = &self.identity.principal.sandbox;
        let mut found = Vec::new();
        for user in users {
            let activities = self.shared.directory.store.activities_of(sandbox, *user)?;
            let matching =
                |handle: &Arc<Handle>| self.scid.is_none_or(|scid| *scid == handle.session.scid);
            found.extend(activities.into_iter().filter(matching));
        }
        Ok(found)
    }

    fn people(&self, set: PeopleSet, of: Xuid) -> Result<Vec<Xuid>, ApiError> {
        let store = &self.shared.directory.store;
        let mut people = Vec::new();
        for follow in store.following(of)? {
            let wanted = match set {
                PeopleSet::People => true,
                PeopleSet::Favorites => follow.favorite,
                PeopleSet::Friends => store.follow(follow.target, of)?.is_some(),
            };
            if wanted {
                people.push(follow.target);
            }
        }
        Ok(people)
    }

    /// The document of an activity that is still going on and that the caller may find.
    async fn shown(&self, handle: &Handle) -> Result<Option<WireHandle>, ApiError> {
        // Configurations that are not open to the caller's title have no activities for it.
        let Ok(admitted) = admit(self.shared, self.identity, &handle.session.scid) else {
            return Ok(None);
        };
        let Some(state) = self.shared.directory.read(&handle.session_key()).await? else {
            return Ok(None);
        };
        let owner = handle
            .activity_owner()
            .and_then(|xuid| state.session.member_of(xuid));
        let going_on = owner.is_some_and(|(_, member)| member.state == MemberState::Active);
        if !going_on || !query::may_find(handle, &state.session, &admitted.caller) {
            return Ok(None);
        }
        if let (Some(asker), Some(owner), false) =
            (&self.asker, handle.activity_owner(), admitted.caller.server)
        {
            // Presence says who may see what a user does (people 6.5).
            let sees = Asked::Permission(Permission::ViewTargetPresence);
            if asker.verdict(sees, owner)?.is_err() {
                return Ok(None);
            }
        }
        let mut shown = query::document(handle, admitted.config.game_types.clone());
        let (include, viewer) = (self.include, self.viewer);
        complete(
            self.shared,
            &mut shown,
            handle,
            Some(&state),
            &admitted,
            include,
            viewer,
        )?;
        Ok(Some(shown))
    }
}
