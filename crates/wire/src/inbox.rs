//! The inbox of a user: what one client polls instead of listening. Invitations to sessions are all
//! that is in it. `[client]`

use serde::{Deserialize, Serialize};

use crate::ids::{HandleId, TitleId, Xuid};
use crate::session::constants::word_enum;
use crate::time::WireTime;

/// The category of notifications about playing together. `[client]`
pub const MULTIPLAYER: &str = "Microsoft.Xbox.Multiplayer";

/// The type of invitations to sessions within that category. `[client]`
pub const GAME_INVITES: &str = "GameInvites";

/// What waits for a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// The oldest first.
    pub items: Vec<InboxItem>,
}

/// A notification, and what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InboxItem {
    /// Which notification it is.
    #[serde(flatten)]
    pub key: InboxKey,
    /// At most as many as were asked for.
    pub actions: Vec<InviteAction>,
    /// How many more there are.
    pub other_action_count: u32,
    /// Whether the user has read it.
    pub marked_read: bool,
    /// Whether the user has seen it.
    pub seen: bool,
    /// Whether it has popped up.
    pub has_toasted: bool,
    /// A picture; empty for none.
    pub image: String,
    /// How `image` is to be read.
    pub image_type: u32,
    /// Where it leads.
    pub notification_options: InviteOptions,
}

/// What tells one notification from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InboxKey {
    /// Such as [`MULTIPLAYER`].
    pub subscription_category: String,
    /// Such as [`GAME_INVITES`].
    pub subscription_type: String,
    /// For an invitation, its handle.
    pub subscription_id: String,
}

/// An invitation to a session, as something that can be acted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InviteAction {
    /// Who invites.
    pub actor: Actor,
    /// The handle.
    pub action_id: HandleId,
    /// When the invitation was made.
    pub action_time: WireTime,
    /// The notification that it belongs to.
    #[serde(flatten)]
    pub key: InboxKey,
    /// How to follow it.
    pub launch_info: LaunchInfo,
}

/// The user whose deed a notification tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Actor {
    /// Classic gamertag.
    pub classic_gamertag: String,
    /// Modern gamertag.
    pub modern_gamertag: String,
    /// Its number, where it has one.
    pub modern_gamertag_suffix: String,
    /// Both together.
    pub unique_modern_gamertag: String,
    /// What to call them.
    pub name: String,
    /// The user.
    pub id: Xuid,
    /// 1 for a user.
    #[serde(rename = "Type")]
    pub kind: u32,
}

/// What a title that follows an invitation is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaunchInfo {
    /// The handle that leads to the session.
    pub mpsd_handle_id: HandleId,
    /// When the handle ends.
    pub expiration_time: WireTime,
    /// The handle's `gameTypes`, as JSON in a text. `[client]`
    pub game_types: String,
}

/// Where an invitation leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InviteOptions {
    /// The title.
    pub location: Location,
    /// The platforms that it is known to be on.
    pub platforms: Vec<String>,
}

/// A title, as the place where an invitation is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Location {
    /// Its package family name; empty where it is not known.
    pub pfn: String,
    /// A picture; empty for none.
    pub display_image: String,
    /// What it is called.
    pub name: String,
    /// Which it is.
    pub id: TitleId,
    /// 3 for a title.
    #[serde(rename = "Type")]
    pub kind: u32,
}

/// What has become of some notifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxUpdate {
    /// Which ones.
    pub items: Vec<InboxKey>,
    /// What the user has done with them.
    #[serde(rename = "UpdateType")]
    pub kind: UpdateKind,
}

word_enum! {
    /// What a user does with notifications. `[client]`
    UpdateKind {
        /// They were shown.
        LastSeen = "LastSeen",
        /// They were read.
        LastRead = "LastRead",
        /// They are not wanted any more.
        LastDeleted = "LastDeleted",
    }
}
