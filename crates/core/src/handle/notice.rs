//! What the invited user is told of an invitation.

use convoke_wire::Xuid;
use convoke_wire::notification::{InviteEvent, InviteInfo, InviteNotice, NotifyingService};

use super::{Body, Handle};

/// The kind of invitation where the session's constants name none.
///
/// Inferred: a client drops a notification without one (handles 7.7).
const DEFAULT_INVITE_PROTOCOL: &str = "game";

/// The event that tells of an invite handle; `None` for a handle that invites nobody.
///
/// `gamertag` is the name of the user who invites; a service is named as its invitation says.
pub fn invitation(handle: &Handle, gamertag: Option<&str>) -> Option<InviteEvent> {
    let Body::Invite {
        invited,
        attributes,
        invite_protocol,
    } = &handle.body
    else {
        return None;
    };
    let name = match handle.creator {
        Some(_) => gamertag,
        None => attributes.sender_string.as_deref(),
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
            invite_info: InviteInfo::named(name.unwrap_or_default()),
        },
    })
}
