//! `properties.system`: what members may change and the service understands.

use serde::{Deserialize, Serialize};

use super::constants::word_enum;
use crate::patch::Field;
use crate::raw::RawJson;

/// System properties of a session. In a request, `null` removes a field. `[client]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SystemProperties {
    /// Words that session queries find.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub keywords: Field<Vec<String>>,
    /// Indices of the members whose turn it is.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub turn: Field<Vec<u32>>,
    /// Who may join an open session.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub join_restriction: Field<Restriction>,
    /// Who may read an open or visible session.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub read_restriction: Field<Restriction>,
    /// No new members, reservations excepted.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub closed: Field<bool>,
    /// Only former members may come back.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub locked: Field<bool>,
    /// Asks for a server of old.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub allocate_cloud_compute: Field<bool>,
    /// Device token of the host.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub host: Field<String>,
    /// The title's verdict on an initialisation episode; never rendered.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub initialization_succeeded: Field<bool>,
    /// Servers to try, best first.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub server_connection_string_candidates: Field<Vec<String>>,
    /// What matchmaking needs to know.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub matchmaking: Field<Matchmaking>,
    /// Whether matchmaking should go on.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub matchmaking_resubmit: Field<bool>,
    /// Indices of the members who own the session.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub owners: Field<Vec<u32>>,
    /// What a looking-for-group post says.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub description: Field<Description>,
    /// When the play is meant to begin, ISO 8601.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub scheduled_time: Field<String>,
    /// Who finds the session's search handle.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub search_handle_visibility: Field<String>,
}

word_enum! {
    /// A restriction on joining or reading, from closest to widest. `[doc]`
    Restriction {
        /// Users of a device whose user is active in the session.
        Local = "local",
        /// Local users, and users whom a member follows.
        Followed = "followed",
        /// Everybody.
        None = "none",
    }
}

/// `properties.system.matchmaking`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Matchmaking {
    /// Constants for the session that a match creates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_session_constants: Option<RawJson>,
    /// A server that the match must use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_connection_string: Option<String>,
    /// The result of matchmaking that a member did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_result: Option<RawJson>,
}

/// The text of a looking-for-group post.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The text.
    pub text: String,
    /// Its language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}
