//! Friends: two users who follow each other, or who agreed on it by a request, as the
//! configuration says (`people.friend_model`). `[client]`
//!
//! Both sides of a friendship and of a request are kept, each on a list of its own user, and change
//! in one step. Not here: who may write, and the addresses.

use convoke_core::limits::MAX_FRIEND_REQUESTS;
use convoke_core::privacy::{Listing, PrivateList};
use convoke_store::{AnyStore, PeopleOp, Store as _, StoreError};
use convoke_wire::Xuid;
use convoke_wire::people::{FriendStatus, PeopleEvent};
use jiff::Timestamp;

use crate::config::FriendModel;
use crate::people_feed::PeopleChange;

use PrivateList::{Friends, RequestsReceived, RequestsSent};

/// Whether two users are friends.
pub(crate) fn are_friends(
    store: &AnyStore,
    model: FriendModel,
    one: Xuid,
    other: Xuid,
) -> Result<bool, StoreError> {
    Ok(match model {
        FriendModel::Follow => {
            store.follow(one, other)?.is_some() && store.follow(other, one)?.is_some()
        }
        FriendModel::Request => store.is_listed(Friends, one, other)?,
    })
}

/// How another user stands to a user where friends are made by request.
pub(crate) fn status(
    store: &AnyStore,
    user: Xuid,
    other: Xuid,
) -> Result<FriendStatus, StoreError> {
    for (list, status) in [
        (Friends, FriendStatus::MutuallyAccepted),
        (RequestsSent, FriendStatus::OutgoingRequest),
        (RequestsReceived, FriendStatus::IncomingRequest),
    ] {
        if store.is_listed(list, user, other)? {
            return Ok(status);
        }
    }
    Ok(FriendStatus::None)
}

/// What becomes durable, and what is told then.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) ops: Vec<PeopleOp>,
    pub(crate) told: Vec<PeopleChange>,
}

/// Why there is no room for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The sender has sent too many that wait.
    Sender,
    /// Too many wait for the receiver.
    Receiver,
}

impl Steps {
    /// One user asks another, who is told how many ask now.
    pub(crate) fn request(
        &mut self,
        store: &AnyStore,
        sender: Xuid,
        receiver: Xuid,
        now: Timestamp,
    ) -> Result<Result<(), Full>, StoreError> {
        let waiting = store.listed(RequestsReceived, receiver)?.len();
        if MAX_FRIEND_REQUESTS <= waiting {
            return Ok(Err(Full::Receiver));
        }
        if MAX_FRIEND_REQUESTS <= store.listed(RequestsSent, sender)?.len() {
            return Ok(Err(Full::Sender));
        }
        self.list(RequestsSent, sender, receiver, now);
        self.list(RequestsReceived, receiver, sender, now);
        self.tell_count(receiver, waiting + 1);
        Ok(Ok(()))
    }

    /// The two are friends from now on.
    pub(crate) fn befriend(&mut self, one: Xuid, other: Xuid, now: Timestamp) {
        self.list(Friends, one, other, now);
        self.list(Friends, other, one, now);
    }

    /// Ends the friendship of two users, and whatever requests wait between them.
    ///
    /// Where users become friends otherwise, requests may be left from before. They end too, but are
    /// shown to nobody, so nobody is told how many there are.
    pub(crate) fn dissolve(
        &mut self,
        store: &AnyStore,
        model: FriendModel,
        one: Xuid,
        other: Xuid,
    ) -> Result<(), StoreError> {
        for (owner, target) in [(one, other), (other, one)] {
            for list in [Friends, RequestsSent] {
                if store.is_listed(list, owner, target)? {
                    self.unlist(list, owner, target);
                }
            }
            if store.is_listed(RequestsReceived, owner, target)? {
                self.unlist(RequestsReceived, owner, target);
                if model == FriendModel::Request {
                    let waiting = store.listed(RequestsReceived, owner)?.len();
                    self.tell_count(owner, waiting.saturating_sub(1));
                }
            }
        }
        Ok(())
    }

    fn list(&mut self, list: PrivateList, owner: Xuid, target: Xuid, added_at: Timestamp) {
        self.ops.push(PeopleOp::List(Listing {
            list,
            owner,
            target,
            added_at,
        }));
    }

    fn unlist(&mut self, list: PrivateList, owner: Xuid, target: Xuid) {
        self.ops.push(PeopleOp::Unlist {
            list,
            owner,
            target,
        });
    }

    fn tell_count(&mut self, owner: Xuid, waiting: usize) {
        let count = u64::try_from(waiting).unwrap_or(u64::MAX);
        self.told.push(PeopleChange {
            owner,
            event: PeopleEvent::IncomingFriendRequestCountChanged { count },
        });
    }
}
