//! Handles as a client reads them: whatever a service may leave out is optional here.

use convoke_wire::handle::{HandleType, InviteAttributes, RoleInfo, SearchAttributes};
use convoke_wire::session::properties::Restriction;
use convoke_wire::time::WireTime;
use convoke_wire::{RawJson, SessionRef, TitleId, Xuid};
use serde::Deserialize;
use uuid::Uuid;

/// A handle.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandleInfo {
    /// Made by the service.
    pub id: Uuid,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: HandleType,
    /// The session it leads to.
    pub session_ref: SessionRef,
    /// When it was made.
    #[serde(default)]
    pub create_time: Option<WireTime>,
    /// Activity: the title of its owner.
    #[serde(default)]
    pub title_id: Option<TitleId>,
    /// Activity: its owner.
    #[serde(default)]
    pub owner_xuid: Option<Xuid>,
    /// Activity and invite: how the title is called on each platform.
    #[serde(default)]
    pub game_types: Option<RawJson>,
    /// Activity and invite: from the session's constants.
    #[serde(default)]
    pub invite_protocol: Option<String>,
    /// Invite: who is invited.
    #[serde(default)]
    pub invited_xuid: Option<Xuid>,
    /// Invite: who invites; absent when a service does.
    #[serde(default)]
    pub sender_xuid: Option<Xuid>,
    /// Invite: as sent.
    #[serde(default)]
    pub invite_attributes: Option<InviteAttributes>,
    /// Invite: when it ends.
    #[serde(default)]
    pub expiration: Option<WireTime>,
    /// Search: as sent.
    #[serde(default)]
    pub search_attributes: Option<SearchAttributes>,
    /// Transfer: the session whose members may use it.
    #[serde(default)]
    pub origin_session_ref: Option<SessionRef>,
    /// With [`Include::RelatedInfo`].
    #[serde(default)]
    pub related_info: Option<RelatedInfo>,
    /// With [`Include::CustomProperties`]: the session's, as they were written.
    #[serde(default)]
    pub custom_properties: Option<RawJson>,
    /// With [`Include::RoleInfo`].
    #[serde(default)]
    pub role_info: Option<RoleInfo>,
}

/// What a handle tells of its session.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RelatedInfo {
    /// `open`, `visible`, `private`, or `full` when open and without a free place.
    #[serde(default)]
    pub visibility: Option<String>,
    /// Who may join.
    #[serde(default)]
    pub join_restriction: Option<Restriction>,
    /// Whether the session takes nobody.
    #[serde(default)]
    pub closed: bool,
    /// Places.
    #[serde(default)]
    pub max_members_count: Option<u32>,
    /// Places taken, reservations included.
    #[serde(default)]
    pub members_count: Option<u32>,
    /// When the handle was posted. `[client]`: it may be absent.
    #[serde(default)]
    pub posted_time: Option<WireTime>,
    /// Search: who owns the session.
    #[serde(default)]
    pub session_owners: Option<Vec<Xuid>>,
    /// From the session's properties.
    #[serde(default)]
    pub keywords: Option<Vec<String>>,
}

/// What a query tells of each handle, besides the handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// How full and how open the session is.
    RelatedInfo,
    /// The session's custom properties.
    CustomProperties,
    /// The session's roles, and who has them.
    RoleInfo,
    /// The title of the handle's owner.
    ActivityInfo,
}

impl Include {
    /// The word in the query.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::RelatedInfo => "relatedInfo",
            Self::CustomProperties => "customProperties",
            Self::RoleInfo => "roleInfo",
            Self::ActivityInfo => "activityInfo",
        }
    }
}
