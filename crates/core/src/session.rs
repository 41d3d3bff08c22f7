//! A session: the version-neutral document that all rules work on.

pub mod access;
pub mod acting;
pub mod alumni;
pub mod apply;
pub mod arbitration;
pub mod change_types;
pub mod connections;
pub mod constants;
pub mod custom;
pub mod departures;
pub mod derived;
pub mod encounters;
pub mod initialization;
pub mod join;
pub mod member_map;
pub mod member_properties;
pub mod members;
pub mod owners;
pub mod properties;
pub mod query;
pub mod roles;
mod server_candidates;
pub mod servers;
pub mod shared_constants;
pub mod taps;
pub mod timeouts;

use std::sync::Arc;

use convoke_wire::etag::ETag;
use convoke_wire::session::initialization::Failure;
use convoke_wire::session::member::{
    LegacySubscription, Measurement, SecondarySubscription, Subscription,
};
use convoke_wire::session::roles::RoleTypes;
use convoke_wire::{RawJson, SessionRef, TitleId, Xuid};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use access::Facts;
pub use acting::{Actor, Party};
pub use alumni::Alumni;
pub use apply::{Disposition, Outcome, apply, apply_for};
pub use change_types::ChangeTypes;
pub use connections::{Lost, lose};
pub use constants::Constants;
pub use custom::Custom;
pub use derived::Derived;
pub use encounters::{Groups, Reported};
pub use initialization::Initialization;
pub use member_map::Members;
pub use properties::Properties;
pub use servers::Server;
pub use shared_constants::{SharedConstants, Sharing};
pub use taps::{Tap, Taps, taps};
pub use timeouts::{Settled, next_timer, settle};

/// One session in one state. Clones share everything that is large.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its identity, in the spelling of its creator.
    pub reference: SessionRef,
    /// New whenever the session is created; scopes `change_number`.
    pub branch: Uuid,
    /// 1 at creation, one more with every committed change.
    pub change_number: u64,
    /// When it was created.
    pub start_time: Timestamp,
    /// What was fixed at creation.
    pub constants: SharedConstants,
    /// Role definitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_types: Option<Arc<RoleTypes>>,
    /// What members may change.
    pub properties: Properties,
    /// By index.
    pub members: Members,
    /// The index that the next added member gets; only ever grows.
    pub next_index: u32,
    /// Written by services, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub servers: IndexMap<String, Arc<Server>>,
    /// The handle by which it is found, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_handle: Option<Uuid>,
    /// Since when nobody is in the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty_since: Option<Timestamp>,
    /// Users who left while the session was locked and may come back.
    #[serde(default, skip_serializing_if = "Alumni::is_empty")]
    pub alumni: Alumni,
    /// Its episodes, where initialisation is managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initialization: Option<Box<Initialization>>,
    /// How far the clock of its match has come, where it is arbitrated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arbitration: Option<arbitration::Phase>,
}

/// What a member is doing. `[doc]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberState {
    /// A place is kept; the user has not come yet.
    Reserved,
    /// In the session, not playing.
    Inactive,
    /// About to play; set by shells.
    Ready,
    /// Playing.
    Active,
}

/// One place in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The user.
    pub xuid: Xuid,
    /// When the user joined; while reserved, when the place was reserved.
    pub join_time: Timestamp,
    /// What the member is doing.
    pub state: MemberState,
    /// Since when; the timers of the state run from here.
    pub state_since: Timestamp,
    /// Asked for managed initialisation when added.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub initialize: bool,
    /// The episode that it takes part in, or waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initialization_episode: Option<u32>,
    /// Why it failed to initialise; until it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initialization_failure: Option<Failure>,
    /// Tournament team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Set by matchmaking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matchmaking_result: Option<RawJson>,
    /// The title's constants of the member; any JSON.
    #[serde(default, skip_serializing_if = "Custom::is_empty")]
    pub constants_custom: Custom,
    /// From the token, once accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gamertag: Option<String>,
    /// The device of the member's token; never rendered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// The title the member is active in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_title_id: Option<TitleId>,
    /// Real-time connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// What the member is tapped for; survives a lost connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<Subscription>,
    /// Further subscribers, by GUID.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub secondary_subscriptions: IndexMap<String, SecondarySubscription>,
    /// Subscriptions of old, by GUID; never rendered.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub legacy_subscriptions: IndexMap<String, LegacySubscription>,
    /// Base64 text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure_device_address: Option<String>,
    /// Members that must initialise together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initialization_group: Option<Vec<u32>>,
    /// Names of groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// By device token, lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measurements: Option<IndexMap<String, Measurement>>,
    /// By connection string, lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_measurements: Option<IndexMap<String, RawJson>>,
    /// Weight by role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_preference: Option<IndexMap<String, u32>>,
    /// Tournament results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arbitration: Option<RawJson>,
    /// Has been active at least once, in an arbitrated session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub arrived: bool,
    /// The title's properties of the member.
    #[serde(default, skip_serializing_if = "Custom::is_empty")]
    pub custom: Custom,
    /// Role by role type.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub roles: IndexMap<String, String>,
    /// What was derived of it already.
    #[serde(skip)]
    pub derived: Derived,
}

impl Member {
    /// A place for a user, with nothing known of them.
    pub fn new(xuid: Xuid, state: MemberState, now: Timestamp) -> Self {
        Self {
            xuid,
            join_time: now,
            state,
            state_since: now,
            initialize: false,
            initialization_episode: None,
            initialization_failure: None,
            team: None,
            matchmaking_result: None,
            constants_custom: Custom::default(),
            gamertag: None,
            device_id: None,
            active_title_id: None,
            connection: None,
            subscription: None,
            secondary_subscriptions: IndexMap::new(),
            legacy_subscriptions: IndexMap::new(),
            secure_device_address: None,
            initialization_group: None,
            groups: Vec::new(),
            measurements: None,
            server_measurements: None,
            role_preference: None,
            arbitration: None,
            arrived: false,
            custom: Custom::default(),
            roles: IndexMap::new(),
            derived: Derived::default(),
        }
    }

    /// Names the member's device: the same for the same address in every session. `[trace]`
    ///
    /// Inferred: the first 16 bytes of a SHA-256 of the address, in lower-case hexadecimal.
    pub fn device_token(&self) -> Option<String> {
        let address = self.secure_device_address.as_ref()?;
        let digest = Sha256::new()
            .chain_update("mpsd-device:")
            .chain_update(address)
            .finalize();
        Some(format!("{:032x}", leading_u128(&digest)))
    }

    /// True once the user has come.
    pub fn is_accepted(&self) -> bool {
        self.state != MemberState::Reserved
    }
}

impl Session {
    /// The validator of this state, the same for all callers and contract versions.
    pub fn etag(&self) -> ETag {
        let digest = Sha256::new()
            .chain_update(self.branch.as_bytes())
            .chain_update(self.change_number.to_be_bytes())
            .finalize();
        ETag(leading_u128(&digest))
    }

    /// Bytes of what titles keep in it.
    pub fn weight(&self) -> usize {
        let servers = self.servers.values().map(|server| server.weight());
        let own = self.properties.weight() + self.constants.custom.len();
        own + self.members.totals().weight + servers.sum::<usize>()
    }

    /// The member entry of a user.
    pub fn member_of(&self, xuid: Xuid) -> Option<(u32, &Arc<Member>)> {
        let index = self.members.index_of(xuid)?;
        self.members.get(&index).map(|member| (index, member))
    }

    /// Whether a user has come; a place that is only kept for them does not count.
    pub fn has_accepted(&self, xuid: Xuid) -> bool {
        let place = self.member_of(xuid);
        place.is_some_and(|(_, member)| member.is_accepted())
    }

    /// Members that are no longer reserved.
    pub fn accepted(&self) -> impl Iterator<Item = (u32, &Arc<Member>)> {
        self.members
            .iter()
            .filter(|(_, member)| member.is_accepted())
            .map(|(index, member)| (*index, member))
    }

    /// Whether no place is free.
    pub fn is_full(&self) -> bool {
        let taken = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        self.constants.max_members() <= taken
    }

    /// Stable for a session reference, also over deletion and re-creation. `[doc]`
    pub fn correlation_id(&self) -> Uuid {
        let SessionRef {
            scid,
            template_name,
            name,
        } = &self.reference;
        let digest = Sha256::new()
            .chain_update(&*scid.folded())
            .chain_update("~")
            .chain_update(&*template_name.folded())
            .chain_update("~")
            .chain_update(&*name.folded())
            .finalize();
        uuid::Builder::from_u128(leading_u128(&digest)).into_uuid()
    }
}

/// The first 16 bytes of a digest.
fn leading_u128(digest: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    u128::from_be_bytes(bytes)
}

/// The users whose activity in this session ended with a change from one state to another.
///
/// An activity handle lives as long as its owner is an active member. `[doc]`
pub fn ended_activities(before: Option<&Session>, after: Option<&Session>) -> Vec<Xuid> {
    let Some(before) = before else {
        return Vec::new();
    };
    let is_active = |member: &&Arc<Member>| member.state == MemberState::Active;
    let plays = |xuid| {
        let member = after.and_then(|session| session.member_of(xuid));
        member.is_some_and(|(_, member)| is_active(&member))
    };
    let nobody = Members::new();
    let after = after.map_or(&nobody, |session| &session.members);
    let changed = after.differences(&before.members).into_iter();
    changed
        .filter_map(|changed| changed.before.filter(is_active))
        .map(|member| member.xuid)
        .filter(|xuid| !plays(*xuid))
        .collect()
}
