//! `/handles/{id}/session`: a session read and written by dereferencing a handle.

use axum::body::Body;
use axum::response::Response;
use convoke_core::Caller;
use convoke_core::contract::read;
use convoke_core::handle::grant::{self, Question};
use convoke_core::handle::{Grant, Handle};
use convoke_store::Store;
use convoke_wire::SessionKey;
use http::request::Parts;

use super::handles::{Found, find};
use super::query_string;
use super::sessions::{Existence, Reading, Writing, named_user};
use super::{begin, viewer};
use crate::api_error::ApiError;
use crate::caller::Identity;
use crate::exchange;
use crate::preconditions::Preconditions;
use crate::reply::Address;
use crate::shared::Shared;

/// `GET /handles/{id}/session`: 204 when the handle leads to no session.
pub async fn get(shared: &Shared, id: &str, parts: &Parts) -> Result<Response, ApiError> {
    let (identity, viewer) = begin(shared, parts).await?;
    let Found { handle, admitted } = find(shared, &identity, id)?;
    let reading = Reading {
        key: handle.session_key(),
        grant: Some(granted(shared, &handle, &admitted.caller).await?),
        caller: admitted.caller,
        viewer,
    };
    reading
        .answer(shared, &Preconditions::of(&parts.headers), Address::Told)
        .await
}

/// `PUT /handles/{id}/session`: the session PUT, with what the handle grants.
///
/// Handle and session are judged in one step: a handle deleted before the commit refuses it (P19).
pub async fn put(
    shared: &Shared,
    id: &str,
    parts: &Parts,
    body: Body,
) -> Result<Response, ApiError> {
    let identity = Identity::of(shared, parts).await?;
    let contract = exchange::contract(&parts.headers)?;
    let commits = !query_string::is_set(&parts.uri, "nocommit");
    let found = find(shared, &identity, id)?;
    let body = exchange::json_body(parts, body).await?;
    let change = read::session_change(&body)?;
    let identity = identity.acting_for(|| named_user(&body))?;
    let Found { handle, admitted } = found;
    let caller = identity.caller_in(shared, &handle.session.scid);
    let grant = granted(shared, &handle, &caller).await?;
    Writing {
        key: handle.session_key(),
        template: admitted.template(&handle.session.template_name)?,
        caller,
        change,
        handle: Some((handle.id, grant)),
        existence: Existence::Optional,
        commits,
        viewer: viewer(&identity, contract),
    }
    .answer(shared, &parts.headers, Address::Told)
    .await
}

/// What a handle grants to a caller now.
async fn granted(shared: &Shared, handle: &Handle, caller: &Caller) -> Result<Grant, ApiError> {
    let (holds, grant) = match grant::question(handle, caller) {
        Question::Settled(grant) => return Ok(grant),
        Question::Follows { owner, caller } => {
            let follow = shared.directory.store.follow(owner, caller)?;
            (follow.is_some(), Grant::ActivityOfFollower)
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
