//! `/handles/{id}/session`: a session read and written by dereferencing a handle.

use axum::body::Body;
use axum::response::Response;
use convoke_core::Caller;
use convoke_core::contract::read;
use convoke_core::handle::grant::{self, Question};
use convoke_core::handle::{Grant, Handle};
use convoke_wire::SessionKey;

use super::handles::{Found, find};
use super::query_string;
use super::sessions::{Existence, Reading, Through, Way, Writing, named_user};
use super::{begin, viewer};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::exchange;
use crate::graph::SocialGraph as _;
use crate::preconditions::Preconditions;
use crate::reply::Address;
use crate::shared::Shared;

/// `GET /handles/{id}/session`: 204 when the handle leads to no session.
pub async fn get(shared: &Shared, id: &str, call: &Call) -> Result<Response, ApiError> {
    let (identity, viewer) = begin(call)?;
    let Found { handle, admitted } = find(shared, &identity, id)?;
    let reading = Reading {
        key: handle.session_key(),
        grant: Some(granted(shared, &handle, &admitted.caller).await?),
        caller: admitted.caller,
        viewer,
    };
    reading
        .answer(
            shared,
            &Preconditions::of(&call.head.headers),
            Address::Told,
        )
        .await
}

/// `PUT /handles/{id}/session`: the session PUT, with what the handle grants.
///
/// Handle and session are judged in one step: a handle deleted before the commit refuses it (P19).
pub async fn put(shared: &Shared, id: &str, call: &Call, body: Body) -> Result<Response, ApiError> {
    let identity = call.identity.clone();
    let contract = exchange::contract(&call.head.headers)?;
    let commits = !query_string::is_set(&call.head.uri, "nocommit");
    let found = find(shared, &identity, id)?;
    let body = exchange::json_body(&call.head, body).await?;
    let change = read::session_change(&body)?;
    let identity = identity.acting_for(|| named_user(&body))?;
    let Found { handle, admitted } = found;
    let caller = identity.caller_in(shared, &admitted.config);
    let way = way(shared, &handle, &caller).await?;
    let waits_for = handle.waits_for();
    let settles = waits_for.is_some() && waits_for == caller.xuid();
    Writing {
        key: handle.session_key(),
        template: admitted.template(&handle.session.template_name)?,
        acting: identity.acting_users(&admitted.config, &caller),
        caller,
        change,
        handle: Some(Through {
            id: handle.id,
            way,
            settles,
        }),
        existence: Existence::Optional,
        commits,
        viewer: viewer(&identity, contract),
    }
    .answer(shared, &call.head.headers, Address::Told)
    .await
}

/// What coming through a handle means to a caller now.
pub(super) async fn way(
    shared: &Shared,
    handle: &Handle,
    caller: &Caller,
) -> Result<Way, ApiError> {
    Ok(Way {
        grant: Some(granted(shared, handle, caller).await?),
        publisher: handle.publisher(),
    })
}

/// What a handle grants to a caller now.
async fn granted(shared: &Shared, handle: &Handle, caller: &Caller) -> Result<Grant, ApiError> {
    let (holds, grant) = match grant::question(handle, caller) {
        Question::Settled(grant) => return Ok(grant),
        Question::Follows { owner, caller } => {
            let following = shared.graph.following(&[owner], caller).await?;
            (following.contains(&owner), Grant::ActivityOfFollower)
        }
        Question::MemberOf { origin, caller } => {
            let key = SessionKey {
                sandbox: handle.sandbox.clone(),
                reference: origin.clone(),
            };
            let state = shared.directory.read(&key).await?;
            let member = state.is_some_and(|state| state.session.member_of(caller).is_some());
            (member, Grant::Transfer)
        }
    };
    Ok(if holds { grant } else { Grant::Nothing })
}
