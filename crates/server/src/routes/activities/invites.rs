//! Invitations to activities without a session: told to the invited who listen, and kept nowhere.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use convoke_core::Rule;
use convoke_core::activity::{Sending, check_invites};
use convoke_core::contract::read;
use convoke_core::privacy::permission::Permission;
use convoke_wire::multiplayer_activity::SendInvites;
use convoke_wire::notification::{ActivityInvite, ActivityInviteEvent, ActivitySender};
use convoke_wire::{RawJson, TitleId, Xuid};
use http::StatusCode;

use crate::api_error::ApiError;
use crate::call::Call;
use crate::caller::Identity;
use crate::exchange;
use crate::graph::SocialGraph as _;
use crate::privacy::{Asker, is_welcome};
use crate::realtime::Notice;
use crate::reply;
use crate::shared::Shared;

/// `POST /titles/{titleId}/invites`, and `/invites/server`: tells the invited who listen.
///
/// What the invited have chosen does not refuse, or it could be found out.
pub async fn invite(
    shared: &Shared,
    title_id: TitleId,
    sending: Sending,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let identity = call.identity.clone().acting_for(|| None)?;
    let body = exchange::json_body(&call.head, body).await?;
    let request: SendInvites = read::document(&body)?;
    let caller = identity.caller(shared);
    let sender = check_invites(&request, sending, &caller, title_id)?;
    check_sender(shared, &identity, sending, sender, &request.invited_users).await?;
    let title = shared.catalogue.current().title(title_id);
    let directory = &shared.directory;
    for invited in &request.invited_users {
        if !is_welcome(shared, sender, *invited).await? {
            continue;
        }
        let now = directory.clock.now();
        let end = now.checked_add(shared.invite_lifetime);
        let event = ActivityInviteEvent {
            notification_data: ActivityInvite {
                sender: shown(&identity, sending, sender),
                invited_user: *invited,
                title_name: title.name.clone(),
                title_image_url: title.image_url.clone(),
                connection_string: request.connection_string.clone(),
                expiration_time: end.unwrap_or(now).into(),
            },
        };
        let text = serde_json::to_string(&event).expect("texts serialise");
        let notice = Arc::new(Notice {
            user: *invited,
            title_id,
            data: RawJson::parse(&text).expect("just written"),
        });
        let sandbox = &identity.principal.sandbox;
        directory.realtime.notify(sandbox, &notice);
    }
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// Whether the sender may write to all whom the request invites.
async fn check_sender(
    shared: &Shared,
    identity: &Identity,
    sending: Sending,
    sender: Xuid,
    invited: &[Xuid],
) -> Result<(), ApiError> {
    let user = match sending {
        Sending::AsUser => Asker::of(shared, identity)?,
        Sending::AsServer => None,
    };
    let asker = match user {
        Some(user) => user,
        None => Asker::on_behalf(shared, sender)?,
    };
    let writes = Permission::CommunicateUsingText;
    let verdicts = shared.graph.verdicts(&asker, writes, invited).await?;
    for (position, verdict) in verdicts.into_iter().enumerate() {
        if let Err(denial) = verdict
            && !denial.is_the_targets()
        {
            let path = format!("invitedUsers.{position}");
            let reason = denial.reason.as_str();
            let detail = format!("the sender may not write to this user: {reason}");
            return Err(Rule::ActivityForbidden.at(path, detail).into());
        }
    }
    Ok(())
}

/// How the sender is shown; of a user for whom a server sends, only the number is known.
fn shown(identity: &Identity, sending: Sending, sender: Xuid) -> ActivitySender {
    let user = identity.principal.acting_user();
    let Some(user) = user.filter(|_| sending == Sending::AsUser) else {
        return ActivitySender::named(sender, "");
    };
    let mut shown = ActivitySender::named(sender, &user.gamertag);
    if let Some(modern) = &user.modern {
        shown.modern_gamertag.clone_from(&modern.name);
        shown.modern_gamertag_suffix.clone_from(&modern.suffix);
        shown.unique_modern_gamertag.clone_from(&modern.unique);
    }
    shown
}
