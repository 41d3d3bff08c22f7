//! Constants: the merge of template and creation request, and what is fixed afterwards.

pub mod combinations;
pub mod merge;

use convoke_wire::session::constants::{
    ArbitrationTimes, Capabilities, Capability, CloudComputePackage, MeasurementServer,
    MemberInitialization, Metrics, OwnershipPolicies, PeerToHostRequirements,
    PeerToPeerRequirements, Visibility,
};
use convoke_wire::{TitleId, Xuid};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::Custom;
use crate::limits::{MAX_MEMBERS, MAX_MEMBERS_LARGE};

/// The constants of a session, with all defaults filled in.
///
/// `None` is *unset*: never supplied, or explicitly set to `null`; for a timeout it means never.
/// Timeouts are in ms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Constants {
    /// Major session version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Places.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_members_count: Option<u32>,
    /// Who may see and join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// Users who may create the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiators: Option<Vec<Xuid>>,
    /// Kind of invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_protocol: Option<String>,
    /// Until an unaccepted reservation is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved_removal_timeout: Option<u64>,
    /// Until an inactive member is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inactive_removal_timeout: Option<u64>,
    /// Until a ready member becomes inactive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_removal_timeout: Option<u64>,
    /// Until an empty session is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_empty_timeout: Option<u64>,
    /// Features that are on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// Which measurements matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
    /// Managed initialisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_initialization: Option<MemberInitialization>,
    /// What every pair of members must reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_to_peer_requirements: Option<PeerToPeerRequirements>,
    /// What every member must reach towards the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_to_host_requirements: Option<PeerToHostRequirements>,
    /// Servers that members measure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurement_server_addresses: Option<IndexMap<String, MeasurementServer>>,
    /// Server allocation of old.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_compute_package: Option<CloudComputePackage>,
    /// Times of a tournament's arbitration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arbitration: Option<ArbitrationTimes>,
    /// Titles whose users may read a broadcast session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broadcast_viewer_title_ids: Option<Vec<TitleId>>,
    /// How ownership behaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ownership_policies: Option<OwnershipPolicies>,
    /// The template is of contract 104 or 105, whose sessions are gameplay without saying so. `[doc]`
    /// Never rendered.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub implies_gameplay: bool,
    /// The title's constants; any JSON.
    #[serde(skip_serializing_if = "Custom::is_empty")]
    pub custom: Custom,
}

impl Constants {
    /// Whether a capability is on.
    pub fn has(&self, capability: Capability) -> bool {
        self.capabilities
            .as_ref()
            .is_some_and(|on| on.has(capability))
    }

    /// Whether the session is actual gameplay, not a lobby or a team.
    pub fn is_gameplay(&self) -> bool {
        self.has(Capability::Gameplay) || self.implies_gameplay && !self.has(Capability::Team)
    }

    /// Places, also where the constant is unset.
    pub fn max_members(&self) -> u32 {
        self.max_members_count
            .unwrap_or(if self.has(Capability::Large) {
                MAX_MEMBERS_LARGE
            } else {
                MAX_MEMBERS
            })
    }

    /// Visibility, also where the constant is unset.
    pub fn visibility(&self) -> Visibility {
        self.visibility.unwrap_or(Visibility::Open)
    }
}
