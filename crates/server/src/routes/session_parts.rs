//! Elements of a session: `constants`, `properties`, `members`, `servers` and single ones of them.

use axum::body::Body;
use axum::response::Response;
use convoke_core::Rule;
use convoke_core::contract::{SessionChange, read, render};
use convoke_wire::SessionRef;
use http::StatusCode;

use super::begin;
use super::sessions::{Existence, Writing, reading};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::caller::{admit, key_of};
use crate::exchange;
use crate::live::LiveSession;
use crate::preconditions::{Preconditions, Verdict};
use crate::reply::{self, Address, Viewer};
use crate::router::Part;
use crate::shared::Shared;

/// `GET …/sessions/{name}/{part}`: 204 when the part is absent, 404 when the session is. `[doc]`
pub async fn get(
    shared: &Shared,
    reference: SessionRef,
    part: Part,
    call: &Call,
) -> Result<Response, ApiError> {
    let (identity, viewer) = begin(call)?;
    let admitted = admit(shared, &identity, &reference.scid)?;
    admitted.template(&reference.template_name)?;
    let reading = reading(&identity, admitted, reference, viewer);
    let state = reading
        .state(shared)
        .await?
        .ok_or_else(ApiError::session_not_found)?;
    match Preconditions::of(&call.head.headers).for_read(Some(state.etag)) {
        Verdict::Holds => Ok(element(&state, &part, viewer)),
        Verdict::NotModified => Ok(reply::not_modified(&state)),
        Verdict::Failed | Verdict::FailedShowing => {
            Err(ApiError::Precondition(Some(reply::shown(&state, viewer))))
        }
    }
}

fn element(state: &LiveSession, part: &Part, viewer: Viewer) -> Response {
    let session = &state.session;
    let absent = || reply::empty(StatusCode::NO_CONTENT);
    let own = viewer.xuid.and_then(|xuid| session.member_of(xuid));
    let own = own.map(|(index, _)| index);
    let member = |index: u32| {
        render::member(session, index, viewer.xuid, viewer.contract)
            .map_or_else(absent, |member| reply::element(state, &member))
    };
    match part {
        Part::Constants => reply::element(
            state,
            &render::constants(&session.constants, viewer.contract),
        ),
        Part::Properties => reply::element(state, &render::properties(session, viewer.contract)),
        Part::Members => reply::element(
            state,
            &render::members(session, viewer.xuid, viewer.contract),
        ),
        Part::Me => own.map_or_else(absent, member),
        Part::Member(index) => member(*index),
        Part::Servers => reply::element(state, &render::servers(session)),
        Part::Server(name) => {
            let servers = render::servers(session);
            servers
                .get(name)
                .map_or_else(absent, |server| reply::element(state, server))
        }
    }
}

/// `PUT …/sessions/{name}/properties`: a session PUT of properties only.
pub async fn put_properties(
    shared: &Shared,
    reference: SessionRef,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let (identity, viewer) = begin(call)?;
    let commits = !super::query_string::is_set(&call.head.uri, "nocommit");
    let admitted = admit(shared, &identity, &reference.scid)?;
    let template = admitted.template(&reference.template_name)?;
    let change = read::properties_change(&exchange::json_body(&call.head, body).await?)?;
    Writing {
        acting: identity.acting_users(&admitted.config, &admitted.caller),
        key: key_of(&identity, reference),
        caller: admitted.caller,
        template,
        change,
        handle: None,
        existence: Existence::Required,
        commits,
        viewer,
    }
    .answer(shared, &call.head.headers, Address::Known)
    .await
}

/// `DELETE` of a member or server entry: 200 with the session, or 204 when there is nothing left
/// to show: the element was not there, or the session ended with it.
pub async fn delete(
    shared: &Shared,
    reference: SessionRef,
    part: Part,
    call: &Call,
) -> Result<Response, ApiError> {
    let (identity, viewer) = begin(call)?;
    let admitted = admit(shared, &identity, &reference.scid)?;
    let template = admitted.template(&reference.template_name)?;
    let key = key_of(&identity, reference);
    let state = shared
        .directory
        .read(&key)
        .await?
        .ok_or_else(ApiError::session_not_found)?;
    let session = &state.session;
    let present = match &part {
        Part::Me => {
            let Some(xuid) = identity.xuid() else {
                let detail = "this takes a token with an XUID claim";
                return Err(Rule::NoUser.at("members.me", detail).into());
            };
            session.member_of(xuid).is_some()
        }
        Part::Member(index) => session.members.contains_key(index),
        Part::Server(name) => session.servers.contains_key(name),
        Part::Constants | Part::Properties | Part::Members | Part::Servers => true,
    };
    if part == Part::Me && !present {
        return Ok(reply::empty(StatusCode::NO_CONTENT));
    }
    let change = match part {
        Part::Member(index) => SessionChange::remove_member(index),
        Part::Server(name) => SessionChange::remove_server(name),
        _ => SessionChange::leave(),
    };
    let writing = Writing {
        acting: identity.acting_users(&admitted.config, &admitted.caller),
        key,
        caller: admitted.caller,
        template,
        change,
        handle: None,
        existence: Existence::Required,
        commits: true,
        viewer,
    };
    // Also what is not there must be the caller's to remove, so the write judges first.
    let answer = writing
        .answer(shared, &call.head.headers, Address::Known)
        .await?;
    Ok(if present {
        answer
    } else {
        reply::empty(StatusCode::NO_CONTENT)
    })
}
