//! What a handle grants at the moment it is used.

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
pub enum Question {
    /// Nothing: this is the answer.
    Settled(Grant),
    /// Whether the activity's owner follows the caller.
    OwnerFollowsCaller,
    /// Whether the caller is a member of the origin session.
    CallerInOrigin,
}

/// The question that decides what a handle grants to a caller.
pub fn question(handle: &Handle, caller: &Caller) -> Question {
    match &handle.body {
        Body::Activity { .. } => Question::OwnerFollowsCaller,
        Body::Invite { invited, .. } if caller.xuid() == Some(*invited) => {
            Question::Settled(Grant::Invite)
        }
        // Anybody else comes as if through the session's own URI (I11).
        Body::Invite { .. } | Body::Correlation {} => Question::Settled(Grant::Nothing),
        Body::Search { .. } => Question::Settled(Grant::Search),
        Body::Transfer { .. } => Question::CallerInOrigin,
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
