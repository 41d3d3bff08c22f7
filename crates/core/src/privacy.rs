//! Privacy: whom users want nothing to do with, what they let others see, and what follows.
//!
//! The permission rules themselves are in `permission`. Not here: where any of it is kept.

pub mod permission;
pub mod settings;

pub use settings::{Audience, Setting, Settings};

use convoke_wire::Xuid;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A list of users beside the people list, each with the time when they came on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrivateList {
    /// Blocked: no relation of any kind in either direction. `avoid` and `never` are this list. `[client]`
    Blocked,
    /// Muted: not heard. `[doc]`
    Muted,
    /// Friends, where friends are made by request; each is on the other's list. `[client]`
    Friends,
    /// Whom the owner has asked to be a friend; the owner is on their [`Self::RequestsReceived`].
    RequestsSent,
    /// Who has asked the owner.
    RequestsReceived,
}

impl PrivateList {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Blocked,
        Self::Muted,
        Self::Friends,
        Self::RequestsSent,
        Self::RequestsReceived,
    ];

    /// The word for it where it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Muted => "muted",
            Self::Friends => "friends",
            Self::RequestsSent => "requestssent",
            Self::RequestsReceived => "requestsreceived",
        }
    }
}

/// One entry of a private list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Which list.
    pub list: PrivateList,
    /// Whose list it is.
    pub owner: Xuid,
    /// Who is on it.
    pub target: Xuid,
    /// Since when.
    pub added_at: Timestamp,
}
