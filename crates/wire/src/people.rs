//! People lists: whom a user follows, and what is told of changes.

use serde::{Deserialize, Serialize};

use crate::ids::Xuid;
use crate::time::WireTime;

/// A page of a people list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeopleList {
    /// The page.
    pub people: Vec<Person>,
    /// Size of the whole view, not of the page. `[doc]`
    pub total_count: usize,
}

/// One person on a list. `[doc]`, later fields `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The user.
    pub xuid: Xuid,
    /// Marked by the owner.
    pub is_favorite: bool,
    /// The person follows the owner.
    pub is_following_caller: bool,
    /// The owner follows the person.
    pub is_followed_by_caller: bool,
    /// Both follow each other.
    pub is_friend: bool,
    /// When the owner began to follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_date_time_utc: Option<WireTime>,
    /// Always empty here.
    pub social_networks: Vec<String>,
    /// Always false here.
    pub is_identity_shared: bool,
    /// Always false here.
    pub is_squad_mate_with: bool,
    /// Always false here.
    pub is_unfollowing_feed: bool,
}

/// What happened on a user's people list, as an event of the friends resource. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "NotificationType", rename_all_fields = "PascalCase")]
pub enum PeopleEvent {
    /// The user follows more people.
    Added {
        /// Who they are.
        xuids: Vec<Xuid>,
    },
    /// Something else about people on the list changed.
    Changed {
        /// Who they are.
        xuids: Vec<Xuid>,
    },
    /// The user follows fewer people.
    Removed {
        /// Who they are.
        xuids: Vec<Xuid>,
    },
    /// More or fewer users ask to be friends.
    IncomingFriendRequestCountChanged {
        /// How many there are now.
        count: u64,
    },
}

/// The error body of the coded services. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceError {
    /// The service's own number.
    pub code: u32,
    /// Which service speaks.
    pub source: String,
    /// What is wrong, in words.
    pub description: String,
    /// Always `null`: the one place where a client expects it. `[client]`
    pub trace_information: Option<String>,
}
