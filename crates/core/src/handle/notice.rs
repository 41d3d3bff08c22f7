//! What the invited user is told of an invitation, and in which titles.

use convoke_wire::notification::{InviteEvent, InviteNotice, NotifyingService};
use convoke_wire::{TitleId, Xuid};

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

/// Whether a title hears of an invitation: one to itself, or to a session of a service configuration
/// that it belongs to, whose titles are given.
///
/// Inferred: clients invite to one fixed title whichever the invited user has (handles I1).
pub fn is_heard_by(handle: &Handle, title_id: TitleId, family: &[TitleId]) -> bool {
    match &handle.body {
        Body::Invite { attributes, .. } => {
            attributes.title_id == title_id || family.contains(&title_id)
        }
        _ => false,
    }
}
