//! `GET …/sessions/{name}?explain=access&xuid={xuid}`: which rule lets a user read, join or write a
//! session, or refuses it. Ours, for game servers, operators and developers.
//!
//! The rules are walked by what decides about requests (`convoke_core::session::access`).

use std::borrow::Cow;

use axum::response::Response;
use convoke_core::refusal::{Refusal, Rule};
use convoke_core::session::access::{self, Question};
use convoke_core::session::{Facts, Session};
use convoke_core::{Caller, User};
use convoke_wire::session::access::{AccessExplanation, AssumedUser, FoundAccess};
use convoke_wire::session::properties::Restriction;
use convoke_wire::{SessionKey, SessionRef, Xuid};
use http::StatusCode;

use super::handle_session::way;
use super::handles::find;
use super::query_string::parameter;
use super::sessions::{Way, joining_facts, judges, needs, ties};
use crate::api_error::ApiError;
use crate::auth::{CONSOLES, Role, TitleIdentity, is_console};
use crate::call::Call;
use crate::caller::{Admitted, Identity, key_of};
use crate::reply;
use crate::shared::Shared;

/// Whether the request asks why a user has access, and not for the session.
pub(super) fn is_asked_for(call: &Call) -> bool {
    let explain = parameter(&call.head.uri, "explain");
    explain.is_some_and(|what| what.eq_ignore_ascii_case("access"))
}

/// Answers with the rules that decide about a user's access, step by step.
pub(super) async fn explain(
    shared: &Shared,
    identity: &Identity,
    admitted: &Admitted,
    reference: SessionRef,
    call: &Call,
) -> Result<Response, ApiError> {
    check_asker(shared, identity, admitted, &reference)?;
    let key = key_of(identity, reference);
    let state = shared.directory.read(&key).await?;
    let state = state.ok_or_else(ApiError::session_not_found)?;
    let session = &*state.session;
    let mut assumed = user_asked_about(session, admitted, call)?;
    if assumed.device_type.is_none() {
        assumed.device_type = device_of_member(shared, session, assumed.xuid);
    }
    let user = caller_of(shared, admitted, &assumed);
    let way = match parameter(&call.head.uri, "handle") {
        Some(id) => way_through(shared, identity, &key, &user, &id).await?,
        None => Way::default(),
    };
    let facts = facts_of(shared, session, &user, way).await?;
    let decided = |question| access::explain(question, session, &user, facts);
    let explanation = AccessExplanation {
        session_ref: session.reference.clone(),
        change_number: session.change_number,
        user: assumed,
        found: found(session, &user, facts),
        read: decided(Question::Read),
        join: decided(Question::Join),
        write: decided(Question::Write),
    };
    Ok(reply::json(StatusCode::OK, &explanation))
}

/// It tells what the session hides, so users ask only where everybody is a developer.
fn check_asker(
    shared: &Shared,
    identity: &Identity,
    admitted: &Admitted,
    reference: &SessionRef,
) -> Result<(), Refusal> {
    let principal = &identity.principal;
    let operates = principal.has_role(&Role::Admin) && principal.serves(&reference.scid);
    if admitted.caller.server || operates || shared.for_developers {
        return Ok(());
    }
    let detail = "only servers, operators and developers ask why users have access";
    Err(Rule::ForeignAccess.at("explain", detail))
}

/// The user as a token would describe them.
///
/// A member plays on the device that is known of them, anybody else on none, and everybody the
/// title of who asks, unless the question says otherwise.
fn user_asked_about(
    session: &Session,
    admitted: &Admitted,
    call: &Call,
) -> Result<AssumedUser, Refusal> {
    let bad = |name: &str, detail: &str| Rule::BadAccessQuestion.at(name, detail);
    let read = |name: &str| parameter(&call.head.uri, name);
    let xuid = read("xuid").ok_or_else(|| bad("xuid", "names the user, and is missing"))?;
    let xuid: Xuid = xuid
        .parse()
        .map_err(|_| bad("xuid", "expected a decimal number"))?;
    let multiplayer = match read("multiplayer") {
        None => true,
        Some(word) => word
            .to_ascii_lowercase()
            .parse()
            .map_err(|_| bad("multiplayer", "expected `true` or `false`"))?,
    };
    let title_id = match read("titleId") {
        None => admitted.caller.title_id,
        Some(id) => {
            let id = id.parse();
            Some(id.map_err(|_| bad("titleId", "expected a decimal number"))?)
        }
    };
    let device_id = read("deviceId").map(Cow::into_owned);
    let device_type = read("deviceType").map(Cow::into_owned);
    let known = session.member_of(xuid).map(|(_, member)| member);
    Ok(AssumedUser {
        xuid,
        multiplayer,
        title_id,
        device_id: device_id.or_else(|| known.and_then(|member| member.device_id.clone())),
        device_type,
    })
}

/// What kind of device a member is taken to play on where it matters.
///
/// Who has taken a place has come with a token of a console; for a reserved one somebody else has.
fn device_of_member(shared: &Shared, session: &Session, xuid: Xuid) -> Option<String> {
    let matters = shared.authenticator.title_identity() == TitleIdentity::Require;
    (matters && session.has_accepted(xuid)).then(|| CONSOLES[0].to_owned())
}

fn caller_of(shared: &Shared, admitted: &Admitted, user: &AssumedUser) -> Caller {
    let console = user.device_type.as_deref().is_some_and(is_console);
    let title_identity = shared.authenticator.title_identity();
    Caller {
        user: Some(User {
            xuid: user.xuid,
            gamertag: None,
            multiplayer: user.multiplayer,
            banned: admitted.config.banned_users.contains(&user.xuid),
        }),
        server: false,
        title_id: user.title_id,
        device_id: user.device_id.clone(),
        title_unproven: title_identity == TitleIdentity::Require && !console,
    }
}

/// The way through a handle, which has to lead to the session.
async fn way_through(
    shared: &Shared,
    identity: &Identity,
    key: &SessionKey,
    user: &Caller,
    id: &str,
) -> Result<Way, ApiError> {
    let handle = find(shared, identity, id)?.handle;
    if handle.session_key().folded() != key.folded() {
        let refusal = Rule::BadAccessQuestion.at("handle", "leads to another session");
        return Err(refusal.into());
    }
    way(shared, &handle, user).await
}

async fn facts_of(
    shared: &Shared,
    session: &Session,
    user: &Caller,
    way: Way,
) -> Result<Facts, ApiError> {
    let owners = judges(session, user, way.publisher);
    let ties = ties(shared, needs(session, user, owners)).await?;
    Ok(joining_facts(shared, &ties, session, user, way)?)
}

fn found(session: &Session, user: &Caller, facts: Facts) -> FoundAccess {
    let properties = &session.properties;
    let place = user.xuid().and_then(|xuid| session.member_of(xuid));
    FoundAccess {
        visibility: session.constants.visibility(),
        read_restriction: properties.read_restriction.unwrap_or(Restriction::None),
        join_restriction: properties.join_restriction.unwrap_or(Restriction::None),
        closed: properties.closed,
        locked: properties.locked,
        members_count: u32::try_from(session.members.len()).unwrap_or(u32::MAX),
        max_members_count: session.constants.max_members(),
        has_place: place.is_some(),
        followed: facts.followed,
        blocked: facts.blocked,
    }
}
