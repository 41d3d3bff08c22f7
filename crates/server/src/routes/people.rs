//! `/users/{owner}/people` and `/users/{owner}/summary`: whom a user follows, read.

pub mod friends;
mod requests;
pub mod writes;

use axum::response::Response;
use convoke_core::limits::MAX_FOLLOWING;
use convoke_core::people::Follow;
use convoke_core::privacy::Setting;
use convoke_store::{Store, StoreError};
use convoke_wire::Xuid;
use convoke_wire::people::{FriendStatus, PeopleList, Person, PersonSummary};
use convoke_wire::uri::UserSegment;
use http::StatusCode;
use jiff::Timestamp;

use super::query_string::parameter;
use crate::api_error::ApiError;
use crate::auth::Role;
use crate::call::Call;
use crate::caller::Identity;
use crate::config::FriendModel;
use crate::edge_rule::EdgeRule;
use crate::friendship;
use crate::privacy;
use crate::reply;
use crate::shared::Shared;

/// People on a page unless the request says otherwise. `[doc]`
const DEFAULT_PAGE: usize = 100;

pub(super) fn refuse<T>(rule: EdgeRule, text: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::edge(rule, text))
}

/// The user a path segment names, `me` being the acting one.
pub(super) fn user(segment: &str, identity: &Identity) -> Result<Xuid, ApiError> {
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
pub(super) fn identify(call: &Call, owner: &str) -> Result<(Identity, Xuid), ApiError> {
    let named = match UserSegment::parse(owner) {
        Ok(UserSegment::Xuid(xuid)) => Some(xuid),
        _ => None,
    };
    let identity = call.identity.clone().acting_for(|| named)?;
    let owner = user(owner, &identity)?;
    Ok((identity, owner))
}

/// Whether the caller sees all of a list: its owner, or a service that reads people.
pub(super) fn reads_all(identity: &Identity, owner: Xuid) -> bool {
    identity.principal.has_user(owner) || identity.principal.has_role(&Role::PeopleRead)
}

/// Checks that the owner shares the list with the caller.
pub(super) fn check_reader(
    shared: &Shared,
    identity: &Identity,
    owner: Xuid,
) -> Result<(), ApiError> {
    if reads_all(identity, owner)
        || privacy::is_shared(shared, identity, Setting::ShareFriendList, owner)?
    {
        return Ok(());
    }
    refuse(
        EdgeRule::PeoplePrivate,
        "the owner does not share the list with the caller",
    )
}

/// `GET /users/{owner}/people`: a page of the list.
pub fn list(shared: &Shared, owner: &str, call: &Call) -> Result<Response, ApiError> {
    let (identity, owner) = identify(call, owner)?;
    let uri = &call.head.uri;
    let view = parameter(uri, "view")
        .unwrap_or_default()
        .to_ascii_lowercase();
    check_reader(shared, &identity, owner)?;
    let own = reads_all(&identity, owner);
    let store = &shared.directory.store;
    let mut follows = store.following(owner)?;
    match view.as_str() {
        "" | "all" => {}
        "friendlist" => {
            let mut friends = Vec::new();
            for follow in follows {
                friends.extend(are_friends(shared, owner, follow.target)?.then_some(follow));
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

/// Whether two users are friends.
pub(super) fn are_friends(shared: &Shared, one: Xuid, other: Xuid) -> Result<bool, StoreError> {
    let store = &shared.directory.store;
    friendship::are_friends(store, shared.friend_model, one, other)
}

/// A person on a list, with the relations of whoever looks at it.
pub(super) fn person(
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
        is_friend: are_friends(shared, viewer, xuid)?,
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
    check_reader(shared, &identity, owner)?;
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

/// `GET /users/{owner}/summary`: how many people, and how the two stand to each other. `[doc]`
pub fn summary(shared: &Shared, owner: &str, call: &Call) -> Result<Response, ApiError> {
    let (identity, owner) = identify(call, owner)?;
    let store = &shared.directory.store;
    let following = store.following(owner)?;
    let viewer = identity.xuid().unwrap_or(owner);
    let (to, from) = (store.follow(viewer, owner)?, store.follow(owner, viewer)?);
    let own = viewer == owner;
    let newest = following.last().map(|follow| follow.added_at);
    let summary = PersonSummary {
        target_following_count: following.len(),
        target_follower_count: store.follower_count(owner)?,
        is_caller_following_target: to.is_some(),
        is_target_following_caller: from.is_some(),
        has_caller_marked_target_as_favorite: to.is_some_and(|follow| follow.favorite),
        has_caller_marked_target_as_known: false,
        legacy_friend_status: match shared.friend_model {
            FriendModel::Follow => FriendStatus::None,
            FriendModel::Request => friendship::status(store, viewer, owner)?,
        },
        // Inferred: nothing records when an owner has looked, so nothing is new.
        recent_change_count: own.then_some(0),
        watermark: own.then(|| newest.map_or(0, Timestamp::as_millisecond).to_string()),
    };
    Ok(reply::json(StatusCode::OK, &summary))
}
