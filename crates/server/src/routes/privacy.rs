//! Privacy: block and mute lists, and what a user has chosen.

pub mod permissions;

use axum::body::Body;
use axum::response::Response;
use convoke_core::contract::read;
use convoke_core::limits::MAX_PRIVATE_LIST;
use convoke_core::privacy::settings::Age;
use convoke_core::privacy::{Listing, PrivateList, Setting, Settings};
use convoke_store::{PeopleOp, Store};
use convoke_wire::Xuid;
use convoke_wire::people::PeopleEvent;
use convoke_wire::privacy::{ListChange, ListedUser, UserList};
use http::{Method, StatusCode};

use super::people::writes::PeopleWrite;
use super::people::{identify, refuse, user};
use super::query_string::parameter;
use crate::api_error::ApiError;
use crate::auth::Role;
use crate::call::Call;
use crate::caller::Identity;
use crate::edge_rule::EdgeRule;
use crate::exchange;
use crate::people_feed::PeopleChange;
use crate::reply;
use crate::shared::Shared;

/// The caller, whose own the lists of the path must be; `role` reads those of others.
fn owner_of(call: &Call, owner: &str, role: &Role) -> Result<(Identity, Xuid), ApiError> {
    let (identity, owner) = identify(call, owner)?;
    let principal = &identity.principal;
    if principal.has_user(owner) || principal.has_role(role) {
        return Ok((identity, owner));
    }
    refuse(
        EdgeRule::PrivacyOwner,
        "privacy lists and settings are their owner's alone",
    )
}

/// `GET /users/{owner}/people/avoid`, `never` and `mute`. `[doc]`
pub fn list(
    shared: &Shared,
    owner: &str,
    list: PrivateList,
    call: &Call,
) -> Result<Response, ApiError> {
    let (identity, owner) = owner_of(call, owner, &Role::PrivacyRead)?;
    let store = &shared.directory.store;
    let listings = match parameter(&call.head.uri, "target") {
        None => store
            .listed(list, owner)?
            .iter()
            .map(|it| it.target)
            .collect(),
        Some(text) => {
            let target = user(&text, &identity)?;
            let there = store.is_listed(list, owner, target)?;
            there.then_some(target).into_iter().collect::<Vec<_>>()
        }
    };
    let users = listings.into_iter().map(|xuid| ListedUser { xuid });
    let users = UserList {
        users: users.collect(),
    };
    Ok(reply::json(StatusCode::OK, &users))
}

/// `PUT` and `DELETE /users/{owner}/people/never` and `mute`; both idempotent. `[client]`
pub async fn change(
    shared: &Shared,
    owner: &str,
    list: PrivateList,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let (_, owner) = owner_of(call, owner, &Role::Admin)?;
    let bytes = exchange::json_body(&call.head, body).await?;
    let target = read::document::<ListChange>(&bytes)?.xuid;
    if call.head.method == Method::DELETE {
        let unlist = PeopleOp::Unlist {
            list,
            owner,
            target,
        };
        let write = PeopleWrite {
            ops: vec![unlist],
            lock: Some(shared.people_locks.of_both(owner, target).await),
            ..PeopleWrite::default()
        };
        write.carry_out(shared).await?;
    } else {
        add(shared, owner, target, list).await?;
    }
    Ok(reply::empty(StatusCode::OK))
}

async fn add(
    shared: &Shared,
    owner: Xuid,
    target: Xuid,
    list: PrivateList,
) -> Result<(), ApiError> {
    if owner == target {
        return refuse(EdgeRule::PrivacySelf, "nobody blocks or mutes themselves");
    }
    let store = &shared.directory.store;
    let lock = shared.people_locks.of_both(owner, target).await;
    if store.is_listed(list, owner, target)? {
        return Ok(());
    }
    if MAX_PRIVATE_LIST <= store.listed(list, owner)?.len() {
        let text = format!("the list holds at most {MAX_PRIVATE_LIST} users");
        return refuse(EdgeRule::PrivacyFull, text);
    }
    let mut write = PeopleWrite {
        ops: Vec::with_capacity(3),
        lock: Some(lock),
        ..PeopleWrite::default()
    };
    write.ops.push(PeopleOp::List(Listing {
        list,
        owner,
        target,
        added_at: shared.directory.clock.now(),
    }));
    if list == PrivateList::Blocked {
        // Inferred: a block ends whatever was between the two (people 1.5).
        write.dissolve(shared, owner, target)?;
        for (owner, target) in [(owner, target), (target, owner)] {
            if store.follow(owner, target)?.is_some() {
                write.ops.push(PeopleOp::Delete { owner, target });
                let xuids = vec![target];
                write.told.push(PeopleChange {
                    owner,
                    event: PeopleEvent::Removed { xuids },
                });
            }
        }
    }
    write.carry_out(shared).await
}

/// `GET /users/{owner}/settings`: every setting as it counts. Ours.
pub fn settings(shared: &Shared, owner: &str, call: &Call) -> Result<Response, ApiError> {
    let (_, owner) = owner_of(call, owner, &Role::PrivacyRead)?;
    let chosen = shared.directory.store.settings(owner)?;
    Ok(reply::json(StatusCode::OK, &effective(&chosen)))
}

/// `PUT /users/{owner}/settings`: replaces what was chosen; what is left out is as by default. Ours.
pub async fn choose(
    shared: &Shared,
    owner: &str,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let (_, owner) = owner_of(call, owner, &Role::Admin)?;
    let bytes = exchange::json_body(&call.head, body).await?;
    let settings: Settings = read::document(&bytes)?;
    let answer = reply::json(StatusCode::OK, &effective(&settings));
    let write = PeopleWrite {
        ops: vec![PeopleOp::Choose { owner, settings }],
        ..PeopleWrite::default()
    };
    write.carry_out(shared).await?;
    Ok(answer)
}

fn effective(chosen: &Settings) -> Settings {
    let all = Setting::ALL.iter();
    let all = all.map(|setting| (*setting, chosen.audience(*setting, Age::Adult)));
    Settings(all.collect())
}
