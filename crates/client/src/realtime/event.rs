//! What a client is told over its connection.

use convoke_wire::notification::{ActivityInviteEvent, InviteEvent};
use convoke_wire::rta::{ErrorCode, Resource};
use convoke_wire::time::WireTime;
use convoke_wire::{RawJson, SessionRef};
use uuid::Uuid;

use super::SubscriptionKey;
use crate::error::Error;
use crate::snapshot::Snapshot;

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// There is a connection, also the first time; members write its id.
    Connected {
        /// The id.
        connection: Uuid,
    },
    /// The connection is gone; the next one is on its way.
    Disconnected {
        /// What the service or the network said.
        reason: String,
    },
    /// A session has changed.
    Tapped(Tap),
    /// A session was written again over a new connection.
    Refreshed {
        /// The session.
        session: SessionRef,
        /// What it is now.
        snapshot: Snapshot,
    },
    /// A session could not be written again, and may be with the next connection.
    NotRefreshed {
        /// The session.
        session: SessionRef,
        /// Why.
        error: Error,
    },
    /// The caller is no longer in a session: it is gone, or does not take the caller back.
    Lost {
        /// The session.
        session: SessionRef,
        /// Why.
        error: Error,
    },
    /// The caller is invited to a session.
    Invited(Box<InviteEvent>),
    /// The caller is invited to an activity without a session.
    InvitedToActivity(Box<ActivityInviteEvent>),
    /// Another resource has something to say.
    Data {
        /// The subscription.
        subscription: SubscriptionKey,
        /// Its resource.
        resource: Resource,
        /// What it says; its form is the resource's.
        data: RawJson,
    },
    /// A subscription was not given again after a reconnect.
    Unsubscribed {
        /// The subscription, which is no more.
        subscription: SubscriptionKey,
        /// Why.
        code: ErrorCode,
    },
    /// Events may have been lost: whatever is followed is to be read again.
    Resync,
    /// Connecting failed too often, or cannot succeed. Nothing follows.
    GivenUp {
        /// The last error.
        error: Error,
    },
}

/// A session has changed; what has changed, its document says. `[doc]`
///
/// Of a session that changes fast, only the last change may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tap {
    /// The session.
    pub session: SessionRef,
    /// Scopes the change number: another branch is another session of the same name.
    pub branch: Uuid,
    /// That of the change.
    pub change_number: u64,
    /// When the change was committed.
    pub timestamp: WireTime,
    /// The id of the subscription, as its member wrote it.
    pub subscription: Option<String>,
}
