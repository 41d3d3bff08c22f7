//! People lists: whom a user follows, and what is told of changes.

pub mod hub;

use serde::{Deserialize, Serialize};

use crate::ids::Xuid;
use crate::session::constants::word_enum;
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
    /// Both follow each other; where friends are made by request, both agreed on it.
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

/// The body of a request about several users. `[doc]`: other members are prohibited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeopleRequest {
    /// Who they are.
    pub xuids: Vec<Xuid>,
}

/// What became of each user of a bulk write. `[client]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkResult {
    /// Those for whom it was done.
    pub updated_people: Vec<Xuid>,
    /// Those for whom it was refused.
    pub failed_to_update: Vec<Xuid>,
}

/// How the caller and another user stand to each other. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonSummary {
    /// How many the target follows.
    pub target_following_count: usize,
    /// How many follow the target.
    pub target_follower_count: usize,
    /// The caller follows the target.
    pub is_caller_following_target: bool,
    /// The target follows the caller.
    pub is_target_following_caller: bool,
    /// The caller marked the target.
    pub has_caller_marked_target_as_favorite: bool,
    /// Always false here: there are no real names to share.
    pub has_caller_marked_target_as_known: bool,
    /// Whether the two are friends by request; `None`, in this word, where following makes friends.
    pub legacy_friend_status: FriendStatus,
    /// Only of oneself: changes since the list was last looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent_change_count: Option<u32>,
    /// Only of oneself: where the list stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<String>,
}

word_enum! {
    /// How two users stand to each other by requests, as the caller sees it. `[doc]`
    FriendStatus {
        /// Nobody has asked.
        None = "None",
        /// One has asked, and the other has accepted.
        MutuallyAccepted = "MutuallyAccepted",
        /// The caller has asked.
        OutgoingRequest = "OutgoingRequest",
        /// The target has asked.
        IncomingRequest = "IncomingRequest",
    }
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
