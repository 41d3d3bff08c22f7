//! `/users/{owner}/people`: whom a user follows.

use axum::response::Response;
use convoke_core::limits::MAX_FOLLOWING;
use convoke_core::people::Follow;
use convoke_store::{Commit, CommitError, PeopleOp, Store, StoreError};
use convoke_wire::Xuid;
use convoke_wire::people::{PeopleList, Person};
use convoke_wire::uri::UserSegment;
use http::{Method, StatusCode};

use super::query_string::parameter;
use crate::api_error::ApiError;
use crate::auth::Role;
use crate::call::Call;
use crate::caller::Identity;
use crate::edge_rule::EdgeRule;
use crate::reply;
use crate::shared::Shared;

/// The privilege to change one's people. `[client]`
const ADD_FRIEND: u16 = 255;
/// People on a page unless the request says otherwise. `[doc]`
const DEFAULT_PAGE: usize = 100;

fn refuse<T>(rule: EdgeRule, text: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::edge(rule, text))
}

/// The user a path segment names, `me` being the acting one.
fn user(segment: &str, identity: &Identity) -> Result<Xuid, ApiError> {
    match UserSegment::parse(segment) {
        Ok(UserSegment::Xuid(xuid)) => Ok(xuid),
        Ok(UserSegment::Me) => match identity.xuid() {
            Some(xuid) => Ok(xuid),
            None => refuse(EdgeRule::PeopleMe, "`me` takes a token with an XUID claim"),
        },
        Ok(UserSegment::Gamertag(_)) => refuse(
            EdgeRule::PeopleGamertag,
            "no user is known by this gamertag",
        ),
        Err(error) => refuse(EdgeRule::PeopleUser, format!("path: {error}")),
    }
}

/// The caller, acting for the path's owner where its token has several users.
fn identify(call: &Call, owner: &str) -> Result<(Identity, Xuid), ApiError> {
    let named = match UserSegment::parse(owner) {
        Ok(UserSegment::Xuid(xuid)) => Some(xuid),
        _ => None,
    };
    let identity = call.identity.clone().acting_for(|| named)?;
    let owner = user(owner, &identity)?;
    Ok((identity, owner))
}

/// `GET /users/{owner}/people`: a page of the list.
pub fn list(shared: &Shared, owner: &str, call: &Call) -> Result<Response, ApiError> {
    let (identity, owner) = identify(call, owner)?;
    let uri = &call.head.uri;
    let view = parameter(uri, "view")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let own = identity.principal.has_user(owner) || identity.principal.has_role(&Role::PeopleRead);
    let store = &shared.directory.store;
    let mut follows = store.following(owner)?;
    match view.as_str() {
        "" | "all" => {}
        "friendlist" => {
            let mut friends = Vec::new();
            for follow in follows {
                friends.extend(store.follow(follow.target, owner)?.map(|_| follow));
            }
            follows = friends;
        }
        "favorite" if own => follows.retain(|follow| follow.favorite),
        "legacyxboxlivefriends" if own => follows.clear(),
        "favorite" | "legacyxboxlivefriends" => {
            return refuse(
                EdgeRule::PeopleViewForeign,
                "view: this part of a list is its owner's to see",
            );
        }
        _ => {
            let text = "view: expected All, Favorite, LegacyXboxLiveFriends or FriendList";
            return refuse(EdgeRule::PeopleView, text);
        }
    }
    let number = |name: &str, default: usize| match parameter(uri, name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .or_else(|_| refuse(EdgeRule::PeoplePage, format!("{name}: expected a number"))),
    };
    let start = number("startIndex", 0)?;
    let most = number("maxItems", DEFAULT_PAGE)?.min(MAX_FOLLOWING);
    // Favourites first, then by the time of following, then by user.
    follows.sort_by_key(|follow| (!follow.favorite, follow.added_at, follow.target));
    let viewer = identity.xuid().unwrap_or(owner);
    let shown = follows.iter().skip(start).take(most);
    let people = shown.map(|follow| person(shared, follow.target, viewer, Some(*follow)));
    let page = PeopleList {
        total_count: follows.len(),
        people: people.collect::<Result<_, _>>()?,
    };
    Ok(reply::json(StatusCode::OK, &page))
}

/// A person on a list, with the relations of whoever looks at it.
fn person(
    shared: &Shared,
    xuid: Xuid,
    viewer: Xuid,
    listed: Option<Follow>,
) -> Result<Person, StoreError> {
    let store = &shared.directory.store;
    let (followed, following) = (store.follow(viewer, xuid)?, store.follow(xuid, viewer)?);
    Ok(Person {
        xuid,
        is_favorite: followed.is_some_and(|follow| follow.favorite),
        is_following_caller: following.is_some(),
        is_followed_by_caller: followed.is_some(),
        is_friend: followed.is_some() && following.is_some(),
        added_date_time_utc: listed.map(|follow| follow.added_at.into()),
        social_networks: Vec::new(),
        is_identity_shared: false,
        is_squad_mate_with: false,
        is_unfollowing_feed: false,
    })
}

/// `GET /users/{owner}/people/{target}`: 404 when neither follows the other. `[client]`
pub fn get(shared: &Shared, owner: &str, target: &str, call: &Call) -> Result<Response, ApiError> {
    let (identity, owner) = identify(call, owner)?;
    let target = user(target, &identity)?;
    let store = &shared.directory.store;
    let listed = store.follow(owner, target)?;
    if listed.is_none() && store.follow(target, owner)?.is_none() {
        return refuse(EdgeRule::PeopleNotFound, "neither user follows the other");
    }
    let viewer = identity.xuid().unwrap_or(owner);
    Ok(reply::json(
        StatusCode::OK,
        &person(shared, target, viewer, listed)?,
    ))
}

/// Checks that the caller may change the owner's list.
fn check_writer(shared: &Shared, identity: &Identity, owner: Xuid) -> Result<(), ApiError> {
    if identity.principal.has_role(&Role::Admin) {
        return Ok(());
    }
    if !identity.principal.has_user(owner) {
        return refuse(
            EdgeRule::PeopleOwner,
            "only its owner changes a people list",
        );
    }
    let policy = shared.authenticator.missing_privileges();
    if !identity.principal.has_privilege(ADD_FRIEND, policy) {
        return refuse(
            EdgeRule::PeoplePrivilege,
            "the caller lacks the privilege 255",
        );
    }
    Ok(())
}

/// The edge that a write of one's own list is about.
fn edge_to_write(
    shared: &Shared,
    owner: &str,
    target: &str,
    call: &Call,
) -> Result<(Xuid, Xuid), ApiError> {
    let (identity, owner) = identify(call, owner)?;
    let target = user(target, &identity)?;
    check_writer(shared, &identity, owner)?;
    Ok((owner, target))
}

async fn commit(shared: &Shared, operation: PeopleOp) -> Result<Response, ApiError> {
    let commit = Commit {
        people: vec![operation],
        ..Commit::default()
    };
    match shared.directory.commits.take(commit).await {
        Ok(()) => Ok(reply::empty(StatusCode::NO_CONTENT)),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(error) => Err(StoreError::Failed(error.to_string()).into()),
    }
}

/// `PUT /users/{owner}/people/{target}`: follow; idempotent.
pub async fn follow(
    shared: &Shared,
    owner: &str,
    target: &str,
    call: &Call,
) -> Result<Response, ApiError> {
    let (owner, target) = edge_to_write(shared, owner, target, call)?;
    if owner == target {
        return refuse(EdgeRule::PeopleSelf, "nobody follows themselves");
    }
    let store = &shared.directory.store;
    let _adding = shared.follow_locks.of(owner).await;
    if store.follow(owner, target)?.is_some() {
        return Ok(reply::empty(StatusCode::NO_CONTENT));
    }
    if MAX_FOLLOWING <= store.following(owner)?.len() {
        let text = format!("the list holds at most {MAX_FOLLOWING} people");
        return refuse(EdgeRule::PeopleFull, text);
    }
    let follow = Follow {
        owner,
        target,
        favorite: false,
        added_at: shared.directory.clock.now(),
    };
    commit(shared, PeopleOp::Put(follow)).await
}

/// `DELETE /users/{owner}/people/{target}`: follow no longer; idempotent.
pub async fn unfollow(
    shared: &Shared,
    owner: &str,
    target: &str,
    call: &Call,
) -> Result<Response, ApiError> {
    let (owner, target) = edge_to_write(shared, owner, target, call)?;
    commit(shared, PeopleOp::Delete { owner, target }).await
}

/// `PUT` and `DELETE /users/{owner}/people/favorites/{target}`.
pub async fn favorite(
    shared: &Shared,
    owner: &str,
    target: &str,
    call: &Call,
) -> Result<Response, ApiError> {
    let (owner, target) = edge_to_write(shared, owner, target, call)?;
    if shared.directory.store.follow(owner, target)?.is_none() {
        return refuse(
            EdgeRule::PeopleFavorite,
            "a favourite must be followed first",
        );
    }
    let mark = PeopleOp::SetFavorite {
        owner,
        target,
        favorite: call.head.method == Method::PUT,
    };
    commit(shared, mark).await
}
