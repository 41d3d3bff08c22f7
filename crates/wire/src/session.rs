//! The session document as it is answered ([`Session`]) and as it is written ([`SessionRequest`]).

pub mod access;
pub mod arbitration;
pub mod change_type;
pub mod changes;
pub mod constants;
pub mod initialization;
pub mod member;
pub mod properties;
pub mod query;
pub mod roles;
pub mod server;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::patch::{Field, present};
use crate::raw::RawJson;
use crate::time::WireTime;
use arbitration::Arbitration;
use constants::SystemConstants;
use initialization::Initializing;
use member::{Member, MemberRequest};
use properties::SystemProperties;
use roles::RoleTypes;
use server::{Server, ServerRequest};

/// The two bags that constants and properties consist of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    bound(deserialize = "S: Deserialize<'de>", serialize = "S: Serialize")
)]
pub struct Bags<S> {
    /// Fields that the service understands.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub system: Field<S>,
    /// Fields that belong to the title.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub custom: Field<RawJson>,
}

impl<S> Default for Bags<S> {
    fn default() -> Self {
        Self {
            system: Field::Absent,
            custom: Field::Absent,
        }
    }
}

/// The body of a session PUT. Every field is optional; `{}` is valid. `[doc]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionRequest {
    /// Set at creation; equal values may be sent again later.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub constants: Option<Bags<SystemConstants>>,
    /// Role definitions, or later changes of their mutable settings.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub role_types: Option<RoleTypes>,
    /// Merged field by field.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub properties: Option<Bags<SystemProperties>>,
    /// Keyed by `me`, `reserve_<n>`, an index, or the multi-user keys; `null` removes.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub members: Option<IndexMap<String, Option<MemberRequest>>>,
    /// Keyed by server name; `null` removes.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub servers: Option<IndexMap<String, Option<ServerRequest>>>,
}

/// Totals and the ends of the member list. `[client]` reads all five.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MembersInfo {
    /// The lowest index in use; equals `next` when nobody is in the session.
    pub first: u32,
    /// The index that the next added member gets.
    pub next: u32,
    /// Members, reservations included.
    pub count: u32,
    /// Members that are no longer reserved.
    pub accepted: u32,
    /// Members that are active.
    pub active: u32,
}

/// A session as the service answers it.
///
/// `members`, `servers` and the bags are always there, even when empty: `[client]` loops otherwise.
/// `C` is how `constants` are at hand: typed, or as the text that many sessions share; `M` is how
/// `members` are: typed, or as the texts that states of a session share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session<C = Bags<SystemConstants>, M = IndexMap<String, Member>> {
    /// Totals of the member list.
    pub members_info: MembersInfo,
    /// What was fixed at creation.
    pub constants: C,
    /// Role definitions and who holds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_types: Option<RoleTypes>,
    /// What members may change.
    pub properties: Bags<SystemProperties>,
    /// Written by services, keyed by name.
    pub servers: IndexMap<String, Server>,
    /// Keyed by index in decimal; in large sessions only `me`.
    pub members: M,
    /// The running (or failed first) initialisation episode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initializing: Option<Initializing>,
    /// Device tokens that could be the host, best first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_candidates: Option<Vec<String>>,
    /// Stable for a session reference, also over deletion and re-creation. `[doc]`
    pub correlation_id: Uuid,
    /// The version this document is rendered for.
    pub contract_version: u16,
    /// New whenever the session is created; scopes `changeNumber`. `[doc]`
    pub branch: Uuid,
    /// 1 at creation, one more with every committed change. `[trace]`
    pub change_number: u64,
    /// When the session was created.
    pub start_time: WireTime,
    /// When the service will change the session by itself, if it will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_timer: Option<WireTime>,
    /// The session's search handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_handle: Option<Uuid>,
    /// How far the match of an arbitrated session has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arbitration: Option<Arbitration>,
}
