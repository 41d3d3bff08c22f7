//! What a handle grants at the moment it is used.

use convoke_wire::{SessionRef, Xuid};
use jiff::Timestamp;

use super::{Body, Handle};
use crate::caller::Caller;

/// Rights that a handle adds to those the caller has anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grant {
    /// None: the session's own rules apply.
    #[default]
    Nothing,
    /// Activity: reading, since the owner follows the caller (handles A9).
    ActivityOfFollower,
    /// Invite: reading and joining an open session, whatever its restrictions (I10).
    Invite,
    /// Search: reading and joining, unless the title chose `followed` (S15).
    Search,
    /// Transfer: reading and joining, since the caller is in the origin session (T2).
    Transfer,
}

/// What must be known of the world to tell what a handle grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question<'a> {
    /// Nothing: this is the answer.
    Settled(Grant),
    /// Whether the activity's owner follows the caller; then [`Grant::ActivityOfFollower`].
    Follows {
        /// The owner.
        owner: Xuid,
        /// The caller.
        caller: Xuid,
    },
    /// Whether the caller is in the session it comes from; then [`Grant::Transfer`].
    MemberOf {
        /// That session.
        origin: &'a SessionRef,
        /// The caller.
        caller: Xuid,
    },
}

/// The question that decides what a handle grants to a caller.
pub fn question<'a>(handle: &'a Handle, caller: &Caller) -> Question<'a> {
    let Some(caller) = caller.xuid() else {
        return Question::Settled(Grant::Nothing);
    };
    match &handle.body {
        Body::Activity { owner, .. } => Question::Follows {
            owner: *owner,
            caller,
        },
        Body::Invite { invited, .. } if *invited == caller => Question::Settled(Grant::Invite),
        // Anybody else comes as if through the session's own URI (I11).
        Body::Invite { .. } | Body::Correlation {} => Question::Settled(Grant::Nothing),
        Body::Search { .. } => Question::Settled(Grant::Search),
        Body::Transfer { origin } => Question::MemberOf { origin, caller },
    }
}

/// Whether the caller may know of the handle at all (1.9): invites are private.
pub fn may_see(handle: &Handle, caller: &Caller, now: Timestamp) -> bool {
    let involved = match &handle.body {
        Body::Invite { invited, .. } => {
            let xuid = caller.xuid();
            caller.server || xuid == Some(*invited) || (xuid.is_some() && xuid == handle.creator)
        }
        _ => true,
    };
    involved && !handle.is_expired(now)
}
