//! Profiles of several users, as their clients decode them.

use serde::{Deserialize, Serialize};

use crate::ids::Xuid;

/// The answer of the profile service. `[client]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profiles {
    /// The users.
    pub profile_users: Vec<ProfileUser>,
}

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileUser {
    /// The user.
    pub id: Xuid,
    /// The user again.
    pub host_id: Xuid,
    /// What was asked for, in that order.
    pub settings: Vec<ProfileSetting>,
    /// Always false here.
    pub is_sponsored_user: bool,
}

/// One setting of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileSetting {
    /// Its name.
    pub id: String,
    /// Its value; empty where it is not known.
    pub value: String,
}
