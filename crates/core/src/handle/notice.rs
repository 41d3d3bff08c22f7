//! What the invited user is told of an invitation, and in which titles.

use std::collections::BTreeMap;

use convoke_wire::inbox::{
    Actor, GAME_INVITES, InboxItem, InboxKey, InviteAction, InviteOptions, LaunchInfo, Location,
    MULTIPLAYER,
};
use convoke_wire::notification::{InviteEvent, InviteNotice, NotifyingService};
use convoke_wire::{RawJson, TitleId, Xuid};

use super::{Body, Handle};

/// The kind of invitation to a session of which nothing is known yet.
///
/// Inferred: a client drops a notification without one (handles 7.7).
const DEFAULT_INVITE_PROTOCOL: &str = "game";

/// The event that tells of an invite handle; `None` for a handle that invites nobody.
pub fn invitation(handle: &Handle) -> Option<InviteEvent> {
    let Body::Invite {
        invited,
        attributes,
        invite_protocol,
        sender,
        ..
    } = &handle.body
    else {
        return None;
    };
    Some(InviteEvent {
        service: NotifyingService::SessionDirectory,
        invite_handle: InviteNotice {
            id: handle.id,
            invited_xuid: *invited,
            // Inferred: a client drops an invitation that nobody sent, so a service sends as 0.
            sender_xuid: handle.creator.unwrap_or(Xuid(0)),
            invite_protocol: invite_protocol
                .clone()
                .unwrap_or_else(|| DEFAULT_INVITE_PROTOCOL.to_owned()),
            expiration: handle.expires?.into(),
            session_ref: handle.session.clone(),
            invite_attributes: attributes.clone(),
            invite_info: sender.clone(),
        },
    })
}

/// How a title is shown to whom it is about.
#[derive(Debug, Clone, Copy)]
pub struct TitleShown<'a> {
    /// What it is called.
    pub name: &'a str,
    /// A picture; empty for none.
    pub image_url: &'a str,
    /// By platform.
    pub game_types: &'a RawJson,
}

/// The title that an invitation is to; `None` for a handle that invites nobody.
pub fn invited_title(handle: &Handle) -> Option<TitleId> {
    match &handle.body {
        Body::Invite { attributes, .. } => Some(attributes.title_id),
        _ => None,
    }
}

/// What the inbox of the invited user shows of an invitation, which is one thing to act on; `None`
/// for a handle that invites nobody. `[client]`
pub fn inbox_item(handle: &Handle, title: TitleShown<'_>) -> Option<InboxItem> {
    let Body::Invite {
        attributes, sender, ..
    } = &handle.body
    else {
        return None;
    };
    let key = InboxKey {
        subscription_category: MULTIPLAYER.to_owned(),
        subscription_type: GAME_INVITES.to_owned(),
        subscription_id: handle.id.to_string(),
    };
    let types = title.game_types.text();
    let platforms: BTreeMap<String, RawJson> = serde_json::from_str(types).unwrap_or_default();
    Some(InboxItem {
        key: key.clone(),
        actions: vec![InviteAction {
            actor: Actor {
                classic_gamertag: sender.sender.clone(),
                modern_gamertag: sender.sender_modern_gamertag.clone(),
                modern_gamertag_suffix: sender.sender_modern_gamertag_suffix.clone(),
                unique_modern_gamertag: sender.sender_unique_modern_gamertag.clone(),
                name: sender.sender.clone(),
                id: handle.creator.unwrap_or(Xuid(0)),
                kind: 1,
            },
            action_id: handle.id,
            action_time: handle.created.into(),
            key,
            launch_info: LaunchInfo {
                mpsd_handle_id: handle.id,
                expiration_time: handle.expires?.into(),
                game_types: types.to_owned(),
            },
        }],
        other_action_count: 0,
        marked_read: false,
        seen: false,
        has_toasted: false,
        image: sender.sender_image_url.clone(),
        image_type: 0,
        notification_options: InviteOptions {
            location: Location {
                pfn: String::new(),
                display_image: title.image_url.to_owned(),
                name: title.name.to_owned(),
                id: attributes.title_id,
                kind: 3,
            },
            platforms: platforms.into_keys().collect(),
        },
    })
}

/// Whether a title hears of an invitation: one to itself, or to a session of a service configuration
/// that it belongs to, whose titles are given.
///
/// Inferred: clients invite to one fixed title whichever the invited user has (handles I1).
pub fn is_heard_by(handle: &Handle, title_id: TitleId, family: &[TitleId]) -> bool {
    invited_title(handle).is_some_and(|invited| invited == title_id || family.contains(&title_id))
}
