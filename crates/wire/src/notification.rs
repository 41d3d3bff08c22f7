//! What users are notified of over real-time activity: invitations; and registering for it.
//!
//! A client drops a notification that lacks anything it reads, so nothing here is optional that
//! the client requires. `[client]`

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::handle::InviteAttributes;
use crate::ids::{HandleId, SessionRef, Xuid};
use crate::session::constants::word_enum;
use crate::time::WireTime;

/// An invitation to a session, as an event of the notification resource. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteEvent {
    /// The service that sends it.
    pub service: NotifyingService,
    /// The invitation.
    pub invite_handle: InviteNotice,
}

word_enum! {
    /// The service that sends a notification. `[client]`
    NotifyingService {
        /// The session directory.
        SessionDirectory = "mpsd",
    }
}

/// The invite handle that an invitation is about. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteNotice {
    /// The handle.
    pub id: HandleId,
    /// Who is invited.
    pub invited_xuid: Xuid,
    /// Who invites; required, so a service's invitation has one too.
    pub sender_xuid: Xuid,
    /// From the session's constants; required.
    pub invite_protocol: String,
    /// When the handle ends.
    pub expiration: WireTime,
    /// Where it leads.
    pub session_ref: SessionRef,
    /// As the sender wrote it.
    pub invite_attributes: InviteAttributes,
    /// How the sender is shown.
    pub invite_info: InviteInfo,
}

/// How the sender of an invitation is shown. All are required and may be empty. `[client]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteInfo {
    /// Classic gamertag.
    pub sender: String,
    /// Modern gamertag.
    pub sender_modern_gamertag: String,
    /// Its number, where it has one.
    pub sender_modern_gamertag_suffix: String,
    /// Both together.
    pub sender_unique_modern_gamertag: String,
    /// A picture.
    pub sender_image_url: String,
}

impl InviteInfo {
    /// A sender with one name and no picture.
    pub fn named(gamertag: &str) -> Self {
        Self {
            sender: gamertag.to_owned(),
            sender_modern_gamertag: gamertag.to_owned(),
            sender_unique_modern_gamertag: gamertag.to_owned(),
            ..Self::default()
        }
    }
}

/// An invitation to an activity without a session, as an event of the notification resource.
/// `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityInviteEvent {
    /// The invitation.
    pub notification_data: ActivityInvite,
}

/// An invitation to an activity. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityInvite {
    /// Who invites.
    pub sender: ActivitySender,
    /// Who is invited.
    pub invited_user: Xuid,
    /// How the title is called; required.
    pub title_name: String,
    /// A picture of the title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_image_url: Option<String>,
    /// How to join, opaque to the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_string: Option<String>,
    /// When the invitation ends.
    pub expiration_time: WireTime,
}

/// The sender of an invitation to an activity. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivitySender {
    /// The user; required.
    pub xuid: Xuid,
    /// A picture.
    pub image_url: String,
    /// Classic gamertag.
    pub gamertag: String,
    /// Modern gamertag.
    pub modern_gamertag: String,
    /// Its number, where it has one.
    pub modern_gamertag_suffix: String,
    /// Both together.
    pub unique_modern_gamertag: String,
}

impl ActivitySender {
    /// A user with one name and no picture.
    pub fn named(xuid: Xuid, gamertag: &str) -> Self {
        Self {
            xuid,
            image_url: String::new(),
            gamertag: gamertag.to_owned(),
            modern_gamertag: gamertag.to_owned(),
            modern_gamertag_suffix: String::new(),
            unique_modern_gamertag: gamertag.to_owned(),
        }
    }
}

/// The body of `POST /system/notifications/endpoints`. Unknown fields are ignored. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointRequest {
    /// The notification resource that the client subscribes to.
    pub endpoint_uri: String,
    /// `RTA`; the same when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
}

/// The answer to a registration. `[client]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointAnswer {
    /// A name for the registration.
    pub endpoint_id: Uuid,
}
