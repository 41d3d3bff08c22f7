//! Friend requests: sent, accepted by asking back, and ended. `[client]`

use convoke_store::{PeopleOp, Store as _};
use convoke_wire::Xuid;
use convoke_wire::people::{FriendStatus, PeopleEvent};

use super::refuse;
use super::writes::{PeopleWrite, check_unblocked, edge};
use crate::api_error::ApiError;
use crate::edge_rule::EdgeRule;
use crate::friendship::{Full, Steps, status};
use crate::people_feed::PeopleChange;
use crate::shared::Shared;

/// Asks a user to be a friend, or accepts what the user has asked; idempotent.
///
/// Friends follow each other from then on, so neither list may be full.
pub(super) async fn ask(shared: &Shared, owner: Xuid, target: Xuid) -> Result<(), ApiError> {
    if owner == target {
        return refuse(EdgeRule::PeopleSelf, "nobody is a friend of themselves");
    }
    let store = &shared.directory.store;
    let lock = shared.people_locks.of_both(owner, target).await;
    check_unblocked(shared, owner, target)?;
    let mut write = PeopleWrite {
        lock: Some(lock),
        ..PeopleWrite::default()
    };
    let (mut steps, now) = (Steps::default(), shared.directory.clock.now());
    match status(store, owner, target)? {
        FriendStatus::MutuallyAccepted | FriendStatus::OutgoingRequest => return Ok(()),
        FriendStatus::None => {
            let room = steps.request(store, owner, target, now)?;
            if let Err(full) = room {
                let text = match full {
                    Full::Sender => "too many requests of the caller wait already",
                    Full::Receiver => "too many requests wait for the user already",
                };
                return refuse(EdgeRule::PeopleRequestsFull, text);
            }
        }
        FriendStatus::IncomingRequest => {
            let both = [
                (owner, target, "the caller's list"),
                (target, owner, "the list of the user who asked"),
            ];
            for (one, other, whose) in both {
                let put = edge(shared, one, other, whose)?;
                let xuids = vec![other];
                let event = match put {
                    Some(_) => PeopleEvent::Added { xuids },
                    None => PeopleEvent::Changed { xuids },
                };
                write.ops.extend(put);
                write.told.push(PeopleChange { owner: one, event });
            }
            steps.dissolve(store, shared.friend_model, owner, target)?;
            steps.befriend(owner, target, now);
        }
    }
    write.take(steps);
    write.carry_out(shared).await
}

/// Ends a friendship with the following both ways, withdraws a request or declines one; idempotent.
pub(super) async fn end(shared: &Shared, owner: Xuid, target: Xuid) -> Result<(), ApiError> {
    let store = &shared.directory.store;
    let lock = shared.people_locks.of_both(owner, target).await;
    let before = status(store, owner, target)?;
    if before == FriendStatus::None {
        return Ok(());
    }
    let mut write = PeopleWrite {
        lock: Some(lock),
        ..PeopleWrite::default()
    };
    if before == FriendStatus::MutuallyAccepted {
        for (one, other) in [(owner, target), (target, owner)] {
            if store.follow(one, other)?.is_some() {
                write.ops.push(PeopleOp::Delete {
                    owner: one,
                    target: other,
                });
                let xuids = vec![other];
                write.told.push(PeopleChange {
                    owner: one,
                    event: PeopleEvent::Removed { xuids },
                });
            }
        }
    }
    write.dissolve(shared, owner, target)?;
    write.carry_out(shared).await
}
