//! Documents of the privacy service: lists of users, and what is allowed between two of them.

use serde::{Deserialize, Serialize};

use crate::ids::Xuid;

/// A block or mute list. `[doc]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserList {
    /// Who is on it.
    pub users: Vec<ListedUser>,
}

/// One user on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedUser {
    /// Who.
    pub xuid: Xuid,
}

/// The body with which a user comes on a list or leaves it. `[client]` for the capital letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListChange {
    /// Who.
    #[serde(rename = "Xuid", alias = "xuid")]
    pub xuid: Xuid,
}

/// Whether something is allowed. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PermissionResult {
    /// The answer.
    pub is_allowed: bool,
    /// Why not; absent when it is allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<DenyReason>,
}

/// One reason why something is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DenyReason {
    /// Its name.
    pub reason: String,
    /// The privilege or setting of the requestor's own that is the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restricted_setting: Option<String>,
}

/// Many questions at once: every permission for every user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionBatch {
    /// About whom.
    pub users: Vec<PermissionUser>,
    /// What, by name or number.
    pub permissions: Vec<String>,
}

/// A user, or a class of users of other networks: exactly one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PermissionUser {
    /// A user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xuid: Option<Xuid>,
    /// A class: `crossNetworkUser` or `crossNetworkFriend`. `[client]`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous_user: Option<String>,
}

/// The answers, in the order of the users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionResponses {
    /// One for each user.
    pub responses: Vec<PermissionResponse>,
}

/// The answers about one user, in the order of the permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionResponse {
    /// As it was asked.
    pub user: PermissionUser,
    /// One for each permission.
    pub permissions: Vec<PermissionResult>,
}
