//! Writes of one's own people list, one user at a time.

use std::sync::Arc;

use axum::response::Response;
use convoke_core::limits::MAX_FOLLOWING;
use convoke_core::people::Follow;
use convoke_core::privacy::PrivateList;
use convoke_store::{Commit, PeopleOp, Store, StoreError};
use convoke_wire::Xuid;
use convoke_wire::people::PeopleEvent;
use http::{Method, StatusCode};

use super::{identify, refuse, user};
use crate::api_error::ApiError;
use crate::auth::Role;
use crate::call::Call;
use crate::caller::Identity;
use crate::edge_rule::EdgeRule;
use crate::friendship::Steps;
use crate::people_feed::PeopleChange;
use crate::reply;
use crate::shared::{PeopleLock, Shared};
use crate::to_the_end::ToTheEnd;

/// The privilege to change one's people. `[client]`
const ADD_FRIEND: u16 = 255;

/// Checks that the caller may change the owner's list.
pub(super) fn check_writer(
    shared: &Shared,
    identity: &Identity,
    owner: Xuid,
) -> Result<(), ApiError> {
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
pub(super) fn edge_to_write(
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

/// A write of the people graph: what becomes durable together, and what is told then.
#[derive(Debug, Default)]
pub(in crate::routes) struct PeopleWrite {
    pub(in crate::routes) ops: Vec<PeopleOp>,
    pub(in crate::routes) told: Vec<PeopleChange>,
    /// Kept until all of it is done.
    pub(in crate::routes) lock: Option<PeopleLock>,
}

impl PeopleWrite {
    /// Ends the friendship of two users, and whatever requests wait between them.
    pub(in crate::routes) fn dissolve(
        &mut self,
        shared: &Shared,
        one: Xuid,
        other: Xuid,
    ) -> Result<(), StoreError> {
        let mut steps = Steps::default();
        let (store, model) = (&shared.directory.store, shared.friend_model);
        steps.dissolve(store, model, one, other)?;
        self.take(steps);
        Ok(())
    }

    pub(super) fn take(&mut self, steps: Steps) {
        self.ops.extend(steps.ops);
        self.told.extend(steps.told);
    }

    /// To the end, so that a client who goes away leaves nothing untold.
    pub(in crate::routes) async fn carry_out(self, shared: &Shared) -> Result<(), ApiError> {
        let Self { ops, told, lock } = self;
        let commits = Arc::clone(&shared.directory.commits);
        let feed = Arc::clone(&shared.people_feed);
        let commit = Commit {
            people: ops,
            ..Commit::default()
        };
        let work = ToTheEnd::new(&shared.directory.commits.left_over, async move {
            let committed = commits.take(commit).await;
            if committed.is_ok() {
                for change in told {
                    feed.publish(change);
                }
            }
            drop(lock);
            committed
        });
        Ok(work.await?)
    }
}

/// What both lists are told of a change that one user makes to the other.
///
/// Inferred: on the other list the person looks different, if it has the person at all.
fn told(
    shared: &Shared,
    owner: Xuid,
    target: Xuid,
    event: fn(Vec<Xuid>) -> PeopleEvent,
) -> Result<Vec<PeopleChange>, StoreError> {
    let mut told = vec![PeopleChange {
        owner,
        event: event(vec![target]),
    }];
    if shared.directory.store.follow(target, owner)?.is_some() {
        let xuids = vec![owner];
        told.push(PeopleChange {
            owner: target,
            event: PeopleEvent::Changed { xuids },
        });
    }
    Ok(told)
}

/// Nobody gets nearer to whom they have blocked, or who has blocked them.
pub(super) fn check_unblocked(shared: &Shared, owner: Xuid, target: Xuid) -> Result<(), ApiError> {
    let store = &shared.directory.store;
    if store.is_listed(PrivateList::Blocked, owner, target)? {
        return refuse(EdgeRule::PeopleBlocked, "the caller has blocked the user");
    }
    if store.is_listed(PrivateList::Blocked, target, owner)? {
        return refuse(
            EdgeRule::PeopleRefused,
            "the user's privacy settings do not allow it",
        );
    }
    Ok(())
}

/// What puts a user on a list, unless it is full; nothing where the user is on it. `whose` names the
/// list for the caller.
pub(super) fn edge(
    shared: &Shared,
    owner: Xuid,
    target: Xuid,
    whose: &str,
) -> Result<Option<PeopleOp>, ApiError> {
    let store = &shared.directory.store;
    if store.follow(owner, target)?.is_some() {
        return Ok(None);
    }
    if MAX_FOLLOWING <= store.following(owner)?.len() {
        let text = format!("{whose} is full, with {MAX_FOLLOWING} people");
        return refuse(EdgeRule::PeopleFull, text);
    }
    Ok(Some(PeopleOp::Put(Follow {
        owner,
        target,
        favorite: false,
        added_at: shared.directory.clock.now(),
    })))
}

/// Puts a user on a list, unless it is there, full, or a block forbids.
pub(super) async fn add(shared: &Shared, owner: Xuid, target: Xuid) -> Result<(), ApiError> {
    if owner == target {
        return refuse(EdgeRule::PeopleSelf, "nobody follows themselves");
    }
    let lock = shared.people_locks.of_both(owner, target).await;
    check_unblocked(shared, owner, target)?;
    let Some(put) = edge(shared, owner, target, "the list")? else {
        return Ok(());
    };
    let write = PeopleWrite {
        ops: vec![put],
        told: told(shared, owner, target, |xuids| PeopleEvent::Added { xuids })?,
        lock: Some(lock),
    };
    write.carry_out(shared).await
}

/// Takes a user off a list, if it is there.
pub(in crate::routes) async fn remove(
    shared: &Shared,
    owner: Xuid,
    target: Xuid,
) -> Result<(), ApiError> {
    let lock = shared.people_locks.of_both(owner, target).await;
    let store = &shared.directory.store;
    if store.follow(owner, target)?.is_none() {
        return Ok(());
    }
    let mut write = PeopleWrite {
        ops: vec![PeopleOp::Delete { owner, target }],
        told: told(shared, owner, target, |xuids| PeopleEvent::Removed {
            xuids,
        })?,
        lock: Some(lock),
    };
    // Friends follow each other, so whoever stops is no friend any more.
    if store.is_listed(PrivateList::Friends, owner, target)? {
        write.dissolve(shared, owner, target)?;
    }
    write.carry_out(shared).await
}

/// `PUT /users/{owner}/people/{target}`: follow; idempotent.
pub async fn follow(
    shared: &Shared,
    owner: &str,
    target: &str,
    call: &Call,
) -> Result<Response, ApiError> {
    let (owner, target) = edge_to_write(shared, owner, target, call)?;
    add(shared, owner, target).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `DELETE /users/{owner}/people/{target}`: follow no longer; idempotent.
pub async fn unfollow(
    shared: &Shared,
    owner: &str,
    target: &str,
    call: &Call,
) -> Result<Response, ApiError> {
    let (owner, target) = edge_to_write(shared, owner, target, call)?;
    remove(shared, owner, target).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `DELETE /users/{owner}/people/follower/{target}`: be followed no longer; idempotent. `[client]`
pub async fn drop_follower(
    shared: &Shared,
    owner: &str,
    target: &str,
    call: &Call,
) -> Result<Response, ApiError> {
    let (owner, target) = edge_to_write(shared, owner, target, call)?;
    remove(shared, target, owner).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `PUT` and `DELETE /users/{owner}/people/favorites/{target}`.
pub async fn favorite(
    shared: &Shared,
    owner: &str,
    target: &str,
    call: &Call,
) -> Result<Response, ApiError> {
    let (owner, target) = edge_to_write(shared, owner, target, call)?;
    let lock = shared.people_locks.of_both(owner, target).await;
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
    let xuids = vec![target];
    let write = PeopleWrite {
        ops: vec![mark],
        told: vec![PeopleChange {
            owner,
            event: PeopleEvent::Changed { xuids },
        }],
        lock: Some(lock),
    };
    write.carry_out(shared).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
