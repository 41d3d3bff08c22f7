//! Members: as answered ([`Member`]) and as written ([`MemberRequest`]).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::Bags;
use super::arbitration::ArbitrationStatus;
use crate::ids::{TitleId, Xuid};
use crate::patch::{Field, is_false, present};
use crate::raw::RawJson;
use crate::time::WireTime;

/// One entry of `members` in a request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberRequest {
    /// Set when the member is added; equal values may be sent again.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub constants: Option<Bags<MemberConstants>>,
    /// Merged field by field.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub properties: Option<Bags<MemberProperties>>,
    /// Role by role type; `null` gives the role up.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub roles: Option<IndexMap<String, Option<String>>>,
}

/// One entry of `members` in an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The next existing index, or `membersInfo.next`.
    pub next: u32,
    /// When the member joined, or was reserved.
    pub join_time: WireTime,
    /// Fixed when the member was added.
    pub constants: Bags<MemberConstants>,
    /// What the member may change.
    pub properties: Bags<MemberProperties>,
    /// From the token, once accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gamertag: Option<String>,
    /// Names the member's device; derived from its secure device address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_token: Option<String>,
    /// Until the user's first PUT.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reserved: bool,
    /// The title the member is active in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_title_id: Option<TitleId>,
    /// Whether it is the member's turn.
    #[serde(default, skip_serializing_if = "is_false")]
    pub turn: bool,
    /// Role by role type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<IndexMap<String, String>>,
    /// Why the member failed to initialise: a word of
    /// [`Failure`](super::initialization::Failure).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initialization_failure: Option<String>,
    /// `initializationFailure` as contracts 104 and 105 spell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_metric: Option<String>,
    /// The episode the member is enrolled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initialization_episode: Option<u32>,
    /// How far the match of an arbitrated session has come for the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arbitration_status: Option<ArbitrationStatus>,
}

/// `members.*.constants.system`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MemberConstants {
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xuid: Option<Xuid>,
    /// Equals the key of the entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// Whether the member takes part in managed initialisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialize: Option<bool>,
    /// Tournament team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Set by matchmaking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matchmaking_result: Option<RawJson>,
}

/// `members.*.properties.system`. In a request, `null` removes a field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MemberProperties {
    /// Excludes `active`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub ready: Field<bool>,
    /// The user is playing.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub active: Field<bool>,
    /// Real-time connection, a GUID.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub connection: Field<String>,
    /// What the member is tapped for.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub subscription: Field<Subscription>,
    /// Further subscribers, keyed by GUID; merged entry by entry.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub secondary_subscriptions: Field<IndexMap<String, Option<SecondarySubscription>>>,
    /// Subscriptions of old, keyed by GUID; merged entry by entry, never rendered.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub subscriptions: Field<IndexMap<String, Option<LegacySubscription>>>,
    /// Base64, at most 4,095 characters; empty clears.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub secure_device_address: Field<String>,
    /// Members that must succeed together, by index.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub initialization_group: Field<Vec<u32>>,
    /// `initializationGroup` as contracts 104 and 105 spell it.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub group: Field<Vec<u32>>,
    /// Names of groups the member is in.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub groups: Field<Vec<String>>,
    /// Names of groups just left; never rendered.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub encounters: Field<Vec<String>>,
    /// Measured towards other members, keyed by device token.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub measurements: Field<IndexMap<String, Measurement>>,
    /// Measured towards servers, keyed by connection string.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub server_measurements: Field<IndexMap<String, RawJson>>,
    /// Weight by role, 0 to 100.
    #[serde(rename = "RolePreference", skip_serializing_if = "Field::is_absent")]
    pub role_preference: Field<IndexMap<String, u32>>,
    /// Tournament results that the member reports.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub arbitration: Field<RawJson>,
}

/// What a member is tapped for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subscription {
    /// Chosen by the title, a GUID; echoed in taps as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Kinds of change; unknown ones are kept and never fire.
    #[serde(default)]
    pub change_types: Vec<String>,
}

/// A further subscriber on a connection of its own. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecondarySubscription {
    /// Kinds of change.
    #[serde(default)]
    pub change_types: Vec<String>,
    /// The connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rta: Option<SecondaryConnection>,
}

/// The connection of a further subscriber.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondaryConnection {
    /// Real-time connection, a GUID.
    pub connection: String,
}

/// A subscription of contracts 104 and 105.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LegacySubscription {
    /// `party`, `matchmaking`, `initialization`, `roster`, `queueHost` or `queue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The title that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of_title_id: Option<TitleId>,
}

/// What was measured towards one other member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Measurement {
    /// In ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<u64>,
    /// In kbps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth_down: Option<u64>,
    /// In kbps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth_up: Option<u64>,
    /// The title's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<RawJson>,
}
