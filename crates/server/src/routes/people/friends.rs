//! Friends, and writes and reads about several users at once.
//!
//! Where following makes friends, asking is following. Where requests do (`people.friend_model`),
//! asking sends one or accepts the other's, and whatever ends a friendship ends requests too.
//! `Inferred:` people 1.3

use axum::body::Body;
use axum::response::Response;
use convoke_core::contract::read;
use convoke_core::limits::{MAX_FOLLOWING, MAX_PEOPLE_BULK};
use convoke_store::Store;
use convoke_wire::Xuid;
use convoke_wire::people::{BulkResult, PeopleList, PeopleRequest};
use http::{Method, StatusCode};

use super::super::query_string::parameter;
use super::requests;
use super::writes::{add, check_writer, edge_to_write, remove};
use super::{identify, person, refuse};
use crate::api_error::ApiError;
use crate::call::Call;
use crate::config::FriendModel;
use crate::edge_rule::EdgeRule;
use crate::exchange;
use crate::reply;
use crate::shared::Shared;

/// What ends with a friendship: the words of `deleteRelationships`. `[client]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Both stop to follow.
    Friends,
    /// The caller stops to follow.
    Follows,
}

/// Inferred: without the parameter the caller's own edge goes where following makes friends, which
/// ends a friendship too, and otherwise the friendship or the request.
fn ending(shared: &Shared, call: &Call) -> Result<Ending, ApiError> {
    let word = parameter(&call.head.uri, "deleteRelationships").unwrap_or_default();
    match (word.to_ascii_lowercase().as_str(), shared.friend_model) {
        ("friends", _) | ("", FriendModel::Request) => Ok(Ending::Friends),
        ("follows", _) | ("", FriendModel::Follow) => Ok(Ending::Follows),
        _ => refuse(
            EdgeRule::PeopleWord,
            "deleteRelationships: expected `friends` or `follows`",
        ),
    }
}

async fn begin(shared: &Shared, owner: Xuid, target: Xuid) -> Result<(), ApiError> {
    match shared.friend_model {
        FriendModel::Follow => add(shared, owner, target).await,
        FriendModel::Request => requests::ask(shared, owner, target).await,
    }
}

async fn end(shared: &Shared, owner: Xuid, target: Xuid, what: Ending) -> Result<(), ApiError> {
    match (what, shared.friend_model) {
        (Ending::Follows, _) => remove(shared, owner, target).await,
        (Ending::Friends, FriendModel::Request) => requests::end(shared, owner, target).await,
        (Ending::Friends, FriendModel::Follow) => {
            remove(shared, owner, target).await?;
            remove(shared, target, owner).await
        }
    }
}

/// `PUT` and `DELETE /users/{owner}/people/friends/v2/{target}`: the person as it then is. `[client]`
pub async fn write(
    shared: &Shared,
    owner: &str,
    target: &str,
    call: &Call,
) -> Result<Response, ApiError> {
    let (owner, target) = edge_to_write(shared, owner, target, call)?;
    if call.head.method == Method::PUT {
        begin(shared, owner, target).await?;
    } else {
        end(shared, owner, target, ending(shared, call)?).await?;
    }
    let listed = shared.directory.store.follow(owner, target)?;
    let person = person(shared, target, owner, listed)?;
    Ok(reply::json(StatusCode::OK, &person))
}

async fn named(call: &Call, body: Body, most: usize) -> Result<Vec<Xuid>, ApiError> {
    let request: PeopleRequest = read::document(&exchange::json_body(&call.head, body).await?)?;
    if most < request.xuids.len() {
        let text = format!("xuids: at most {most} users, found {}", request.xuids.len());
        return refuse(EdgeRule::PeopleBulk, text);
    }
    let mut seen = std::collections::HashSet::new();
    let mut xuids = request.xuids;
    xuids.retain(|xuid| seen.insert(*xuid));
    Ok(xuids)
}

/// What a request about several users wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Get,
    Add,
    Remove,
}

fn wanted(call: &Call, default: Option<Wanted>) -> Result<Wanted, ApiError> {
    let word = parameter(&call.head.uri, "method").unwrap_or_default();
    match (word.to_ascii_lowercase().as_str(), default) {
        ("", Some(default)) => Ok(default),
        ("get", Some(_)) => Ok(Wanted::Get),
        ("add", _) => Ok(Wanted::Add),
        ("remove", _) => Ok(Wanted::Remove),
        _ => refuse(
            EdgeRule::PeopleWord,
            "method: expected `add` or `remove`, or `get` where people are read",
        ),
    }
}

/// `POST /bulk/users/{owner}/people/friends/v2`: each on its own, and what became of it. `[client]`
pub async fn bulk(
    shared: &Shared,
    owner: &str,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let (identity, owner) = identify(call, owner)?;
    check_writer(shared, &identity, owner)?;
    let wanted = wanted(call, None)?;
    let ending = ending(shared, call)?;
    let mut result = BulkResult::default();
    for target in named(call, body, MAX_PEOPLE_BULK).await? {
        let done = match wanted {
            Wanted::Add => begin(shared, owner, target).await,
            _ => end(shared, owner, target, ending).await,
        };
        match done {
            Ok(()) => result.updated_people.push(target),
            Err(ApiError::Edge(..)) => result.failed_to_update.push(target),
            Err(error) => return Err(error),
        }
    }
    Ok(reply::json(StatusCode::OK, &result))
}

/// `POST /users/{owner}/people/xuids`: some of the list, or a change of it. `[doc]`
pub async fn several(
    shared: &Shared,
    owner: &str,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let (identity, owner) = identify(call, owner)?;
    let wanted = wanted(call, Some(Wanted::Get))?;
    if wanted == Wanted::Get {
        let xuids = named(call, body, MAX_FOLLOWING).await?;
        if !identity.principal.has_user(owner) {
            return refuse(EdgeRule::PeopleOwner, "only its owner asks for users by id");
        }
        let mut people = Vec::new();
        for xuid in xuids {
            if let Some(listed) = shared.directory.store.follow(owner, xuid)? {
                people.push(person(shared, xuid, owner, Some(listed))?);
            }
        }
        let total_count = people.len();
        let list = PeopleList {
            people,
            total_count,
        };
        return Ok(reply::json(StatusCode::OK, &list));
    }
    check_writer(shared, &identity, owner)?;
    for target in named(call, body, MAX_PEOPLE_BULK).await? {
        match wanted {
            Wanted::Add => add(shared, owner, target).await?,
            _ => remove(shared, owner, target).await?,
        }
    }
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
