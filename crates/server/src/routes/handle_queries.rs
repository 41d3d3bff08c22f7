//! `POST /handles/query`: the activities of users; searches are in `handle_searches`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use convoke_core::Rule;
use convoke_core::contract::read;
use convoke_core::handle::Handle;
use convoke_core::handle::query::{self, Include, Owners};
use convoke_core::limits::MAX_QUERY;
use convoke_core::privacy::permission::Permission;
use convoke_core::rate_limit::Allowance;
use convoke_core::session::MemberState;
use convoke_core::session::query::Conditions;
use convoke_store::Store;
use convoke_wire::handle::{Handle as WireHandle, HandleQuery, HandleResults, HandleType};
use convoke_wire::{Scid, Xuid};
use http::StatusCode;

use super::handle_searches::Searching;
use super::handles::{Wanted, complete, included};
use super::query_string::parameter;
use super::{begin, count_search};
use crate::api_error::ApiError;
use crate::auth::Role;
use crate::call::Call;
use crate::caller::{Admitted, Identity, admit};
use crate::exchange;
use crate::graph::SocialGraph as _;
use crate::privacy::Asker;
use crate::reply::{self, Viewer};
use crate::shared::Shared;

/// `POST /handles/query`: at most 100 handles; there is no next page. `[doc]`
pub async fn post(shared: &Shared, call: &Call, body: Body) -> Result<Response, ApiError> {
    let (identity, viewer) = begin(call)?;
    let include = included(call);
    let uri = &call.head.uri;
    let conditions = Conditions::read(
        |name| parameter(uri, name).map(Cow::into_owned),
        viewer.contract,
    )?;
    let wanted: HandleQuery = read::document(&exchange::json_body(&call.head, body).await?)?;
    match wanted.kind {
        HandleType::Activity => {}
        HandleType::Search => {
            count_search(shared, &identity, call, Allowance::SearchRead)?;
            let searching = Searching {
                shared,
                identity: &identity,
                include,
                viewer,
                conditions,
            };
            let results = searching.answer(&wanted, uri).await?;
            return Ok(reply::results(&results));
        }
        _ => {
            return Err(Rule::BadQuery
                .at("type", "expected `activity` or `search`")
                .into());
        }
    }
    if let Some(scid) = &wanted.scid {
        admit(shared, &identity, scid)?.unless_banned()?;
    }
    let xuid = parameter(uri, "xuid").map(|text| text.parse()).transpose();
    let xuid = xuid.map_err(|error: convoke_wire::ids::IdError| {
        Rule::BadQuery.at("xuid", error.to_string())
    })?;
    let reads_people = identity.principal.has_role(&Role::PeopleRead);
    let (caller, own) = (identity.caller(shared), identity.own_xuids());
    let owners = query::Asking {
        caller: &caller,
        own: &own,
        reads_people,
    }
    .owners(&wanted, xuid)?;
    let users = match &owners {
        Owners::Users(users) => users.as_slice(),
        Owners::People { .. } => &[],
    };
    conditions.admit(&caller, &own, users)?;
    let take = query::take(
        Rule::BadQuery,
        wanted.take,
        parameter(uri, "take").as_deref(),
    )?;
    let asking = Asking {
        shared,
        identity: &identity,
        scid: wanted.scid.as_ref(),
        include,
        viewer,
        conditions,
        asker: Asker::of(shared, &identity)?,
    };
    let mut results = Vec::new();
    for handles in asking.candidates(owners).await?.chunks(MAX_QUERY) {
        let hidden = asking.hidden(handles).await?;
        for handle in handles {
            if results.len() == take {
                break;
            }
            results.extend(asking.shown(handle, &hidden).await?);
        }
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
    conditions: Conditions,
    /// Whose presence others must share with; nobody for a service.
    asker: Option<Asker<'a>>,
}

impl Asking<'_> {
    /// The activities in the order of the answer: as the users were named (Q3), or newest first (Q4).
    async fn candidates(&self, owners: Owners) -> Result<Vec<Arc<Handle>>, ApiError> {
        match owners {
            Owners::Users(users) => self.activities(&users),
            Owners::People { set, of } => {
                let mut found = self.activities(&self.shared.graph.people(of, set).await?)?;
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

    /// Those who made some activities and do not share with the caller what they do (people 6.5).
    async fn hidden(&self, handles: &[Arc<Handle>]) -> Result<BTreeSet<Xuid>, ApiError> {
        let Some(asker) = &self.asker else {
            return Ok(BTreeSet::new());
        };
        let owners = handles.iter().filter_map(|handle| handle.activity_owner());
        let owners: Vec<Xuid> = owners.collect::<BTreeSet<_>>().into_iter().collect();
        let sees = Permission::ViewTargetPresence;
        let verdicts = self.shared.graph.verdicts(asker, sees, &owners).await?;
        let hidden = owners.into_iter().zip(verdicts);
        let hidden = hidden.filter(|(_, verdict)| verdict.is_err());
        Ok(hidden.map(|(owner, _)| owner).collect())
    }

    /// The document of an activity that is still going on and that the caller may find.
    async fn shown(
        &self,
        handle: &Handle,
        hidden: &BTreeSet<Xuid>,
    ) -> Result<Option<WireHandle>, ApiError> {
        // Configurations that are not open to the caller or its title have no activities for it.
        let admitted = admit(self.shared, self.identity, &handle.session.scid);
        let Ok(admitted) = admitted.and_then(Admitted::unless_banned) else {
            return Ok(None);
        };
        let Some(state) = self.shared.directory.read(&handle.session_key()).await? else {
            return Ok(None);
        };
        let owner = handle
            .activity_owner()
            .and_then(|xuid| state.session.member_of(xuid));
        let going_on = owner.is_some_and(|(_, member)| member.state == MemberState::Active);
        let fits = going_on && self.conditions.fit(&state.session);
        if !fits || !query::may_find(handle, &state.session, &admitted.caller) {
            return Ok(None);
        }
        let is_hidden = handle
            .activity_owner()
            .is_some_and(|owner| hidden.contains(&owner));
        if is_hidden && !admitted.caller.server {
            return Ok(None);
        }
        let mut shown = query::document(handle, admitted.config.game_types.clone());
        let wanted = Wanted {
            include: self.include,
            viewer: self.viewer,
            grant: None,
        };
        complete(
            self.shared,
            &mut shown,
            handle,
            Some(&state),
            &admitted,
            wanted,
        )
        .await?;
        Ok(Some(shown))
    }
}
