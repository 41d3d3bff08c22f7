//! `constants.system`: what is fixed when a session is created, and what a template prescribes.

use std::collections::BTreeSet;
use std::fmt;

use indexmap::IndexMap;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use crate::ids::{TitleId, Xuid};
use crate::patch::Field;

/// System constants in either contract's spelling.
///
/// In a template or a request, `null` means *explicitly unset*: the default is suppressed. `[doc]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SystemConstants {
    /// Major session version; only 1 exists.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub version: Field<u32>,
    /// 1 to 100, with `large` to 10,000.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub max_members_count: Field<u32>,
    /// Who may see and join.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub visibility: Field<Visibility>,
    /// Users who may create the session.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub initiators: Field<Vec<Xuid>>,
    /// Kind of invitation sent to users; none when unset.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub invite_protocol: Field<String>,
    /// Until an unaccepted reservation is removed, in ms; `null` is never.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub reserved_removal_timeout: Field<u64>,
    /// Until an inactive member is removed, in ms; `null` is never.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub inactive_removal_timeout: Field<u64>,
    /// Until a ready member becomes inactive, in ms; `null` is never.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub ready_removal_timeout: Field<u64>,
    /// Until an empty session is deleted, in ms; `null` is never.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub session_empty_timeout: Field<u64>,
    /// The four timeouts as contracts 104 and 105 group them.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub timeouts: Field<Timeouts>,
    /// Features switched on for the session.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub capabilities: Field<Capabilities>,
    /// Which measurements matter.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub metrics: Field<Metrics>,
    /// Managed initialisation.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub member_initialization: Field<MemberInitialization>,
    /// Managed initialisation as contracts 104 and 105 spell it.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub managed_initialization: Field<ManagedInitialization>,
    /// What every pair of members must reach.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub peer_to_peer_requirements: Field<PeerToPeerRequirements>,
    /// What every member must reach towards the host.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub peer_to_host_requirements: Field<PeerToHostRequirements>,
    /// Servers that members measure, keyed by lower-case connection string.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub measurement_server_addresses: Field<IndexMap<String, MeasurementServer>>,
    /// Server allocation of old; kept, never acted on.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub cloud_compute_package: Field<CloudComputePackage>,
    /// Times of a tournament's arbitration.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub arbitration: Field<ArbitrationTimes>,
    /// Titles whose users may read a broadcast session.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub broadcast_viewer_title_ids: Field<Vec<TitleId>>,
    /// How ownership behaves.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub ownership_policies: Field<OwnershipPolicies>,
}

/// Reads one of a few words without regard to case and names them all when it is none of them.
macro_rules! word_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word, in any case.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str().eq_ignore_ascii_case(text))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::unknown_variant(&text, &[$($word),+]))
            }
        }
    };
}
pub(crate) use word_enum;

word_enum! {
    /// Who may see and join a session. `[doc]`
    Visibility {
        /// Only members may see it, only reserved users may join.
        Private = "private",
        /// Anybody may see it, only reserved users may join.
        Visible = "visible",
        /// Anybody may see and join it, within its restrictions.
        Open = "open",
    }
}

word_enum! {
    /// A feature of a session. `[doc]`
    Capability {
        /// Members may publish secure device addresses.
        Connectivity = "connectivity",
        /// Members are not checked against presence.
        SuppressPresenceActivityCheck = "suppressPresenceActivityCheck",
        /// The session is real play.
        Gameplay = "gameplay",
        /// More than 100 members, smaller documents.
        Large = "large",
        /// Being active takes a live connection.
        ConnectionRequiredForActiveMembers = "connectionRequiredForActiveMembers",
        /// Server allocation of old.
        CloudCompute = "cloudCompute",
        /// The service orders server candidates by measurements.
        AutoPopulateServerCandidates = "autoPopulateServerCandidates",
        /// Usable where titles cannot be told apart strongly.
        UserAuthorizationStyle = "userAuthorizationStyle",
        /// Platforms may mix.
        CrossPlay = "crossPlay",
        /// Watched by many.
        Broadcast = "broadcast",
        /// A tournament team.
        Team = "team",
        /// A tournament match.
        Arbitration = "arbitration",
        /// Owners decide.
        HasOwners = "hasOwners",
        /// May be found by search handles.
        Searchable = "searchable",
        /// Members write matchmaking results themselves.
        ClientMatchmaking = "clientMatchmaking",
        /// Accepted and without effect.
        BlockBadMsaReputation = "blockBadMsaReputation",
    }
}

/// The capabilities that are on. `false` on the wire is the same as absent. `[client]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities(pub BTreeSet<Capability>);

impl Capabilities {
    /// Whether the capability is on.
    pub fn has(&self, capability: Capability) -> bool {
        self.0.contains(&capability)
    }
}

impl Serialize for Capabilities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for capability in &self.0 {
            map.serialize_entry(capability, &true)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Capabilities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Flags;
        impl<'de> Visitor<'de> for Flags {
            type Value = Capabilities;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of capability names and booleans")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Capabilities, A::Error> {
                let mut on = BTreeSet::new();
                while let Some(capability) = map.next_key::<Capability>()? {
                    if map.next_value::<bool>()? {
                        on.insert(capability);
                    }
                }
                Ok(Capabilities(on))
            }
        }
        deserializer.deserialize_map(Flags)
    }
}

/// The timeouts as a group: inside it, what is missing never fires. `[doc]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timeouts {
    /// In ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<u64>,
    /// In ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive: Option<u64>,
    /// In ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<u64>,
    /// In ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_empty: Option<u64>,
}

/// Which measurements matter for initialisation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Metrics {
    /// Round-trip times.
    pub latency: bool,
    /// Towards the member.
    pub bandwidth_down: bool,
    /// From the member.
    pub bandwidth_up: bool,
    /// The title's own.
    pub custom: bool,
}

/// Managed initialisation, contract 107. Missing inner values have defaults. `[doc]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MemberInitialization {
    /// In ms; 10,000 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_timeout: Option<u64>,
    /// In ms; 30,000 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurement_timeout: Option<u64>,
    /// In ms; 5,000 when missing; only with external evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation_timeout: Option<u64>,
    /// Whether the title decides about success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_evaluation: Option<bool>,
    /// Of the first episode; 1 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_needed_to_start: Option<u32>,
}

/// Managed initialisation, contracts 104 and 105.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ManagedInitialization {
    /// In ms; 5,000 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_timeout: Option<u64>,
    /// In ms; 5,000 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurement_timeout: Option<u64>,
    /// In ms; 5,000 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation_timeout: Option<u64>,
    /// The opposite of external evaluation; false when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_evaluate: Option<bool>,
    /// Of the first episode; 2 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_needed_to_start: Option<u32>,
}

/// What every pair of members must reach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PeerToPeerRequirements {
    /// In ms; 250 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_maximum: Option<u64>,
    /// In kbps; 10,000 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth_minimum: Option<u64>,
}

word_enum! {
    /// How hosts are compared.
    HostSelectionMetric {
        /// Lowest wins.
        Latency = "latency",
        /// Highest wins.
        BandwidthUp = "bandwidthup",
        /// Highest wins.
        BandwidthDown = "bandwidthdown",
        /// Highest sum of up and down wins.
        Bandwidth = "bandwidth",
    }
}

/// What every member must reach towards the host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PeerToHostRequirements {
    /// In ms; 250 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_maximum: Option<u64>,
    /// In kbps; 100,000 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth_down_minimum: Option<u64>,
    /// In kbps; 1,000 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth_up_minimum: Option<u64>,
    /// `latency` when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_selection_metric: Option<HostSelectionMetric>,
}

/// A server that members measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MeasurementServer {
    /// Its secure device address.
    pub secure_device_address: String,
}

/// Server allocation of old.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CloudComputePackage {
    /// The title whose servers are meant.
    pub title_id: TitleId,
    /// The image set.
    pub gsi_set: Uuid,
    /// A variant of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Uuid>,
    /// Whether other sandboxes' servers may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_sandbox: Option<bool>,
}

/// Times of a tournament's arbitration, in ms after its start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ArbitrationTimes {
    /// 60,000 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forfeit_timeout: Option<u64>,
    /// 300,000 when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arbitration_timeout: Option<u64>,
}

word_enum! {
    /// What happens when the last owner leaves.
    OwnershipMigration {
        /// The oldest member becomes owner.
        Oldest = "oldest",
        /// The session ends.
        EndSession = "endsession",
    }
}

/// How ownership behaves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OwnershipPolicies {
    /// `endsession` when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migration: Option<OwnershipMigration>,
    /// False when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_non_owner_invite_handles: Option<bool>,
    /// System properties that members without ownership may change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_owner_modifiable_system_properties: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enum_words_are_read_in_any_case_and_written_in_one() {
        let read: Visibility = serde_json::from_str("\"Open\"").expect("a visibility");
        assert_eq!(serde_json::to_string(&read).expect("JSON"), "\"open\"");
        let error = serde_json::from_str::<Visibility>("\"secret\"").expect_err("no such word");
        assert!(
            error
                .to_string()
                .contains("expected one of `private`, `visible`, `open`")
        );
    }

    #[test]
    fn capabilities_that_are_false_are_absent() {
        let read: Capabilities =
            serde_json::from_str(r#"{"crossplay":true,"large":false}"#).expect("capabilities");
        assert_eq!(
            serde_json::to_string(&read).expect("JSON"),
            r#"{"crossPlay":true}"#
        );
        assert!(serde_json::from_str::<Capabilities>(r#"{"flying":true}"#).is_err());
        assert!(serde_json::from_str::<Capabilities>(r#"{"large":1}"#).is_err());
    }
}
