//! `/users/{owner}/inbox`: the invitations that wait, for clients that poll instead of listening.
//!
//! An invitation that was told over a socket is not here any more, and one that is not wanted any
//! more is not told. Not here: that one was seen or read is not kept, so each looks new. `[client]`

use std::collections::BTreeSet;

use axum::body::Body;
use axum::response::Response;
use convoke_core::contract::read;
use convoke_core::handle::Handle;
use convoke_core::handle::notice::{TitleShown, inbox_item, invited_title};
use convoke_store::{Commit, HandleOp};
use convoke_wire::inbox::{
    GAME_INVITES, Inbox, InboxItem, InboxKey, InboxUpdate, MULTIPLAYER, UpdateKind,
};
use convoke_wire::{RawJson, Xuid};
use http::StatusCode;

use super::people::identify;
use super::query_string::parameter;
use crate::api_error::ApiError;
use crate::call::Call;
use crate::caller::Identity;
use crate::edge_rule::EdgeRule;
use crate::exchange;
use crate::realtime::invitations::{MAX_TOLD, waiting_of};
use crate::reply;
use crate::shared::Shared;

/// `GET /users/{owner}/inbox`: at most `maxItems`, the oldest first; `maxActions` of each.
pub async fn get(shared: &Shared, owner: &str, call: &Call) -> Result<Response, ApiError> {
    let (identity, owner) = owner_of(call, owner)?;
    let (most, actions) = (number(call, "maxItems")?, number(call, "maxActions")?);
    let listed = |name: &str, word: &str| {
        parameter(&call.head.uri, name).is_none_or(|list| {
            list.split(',')
                .any(|it| it.trim().eq_ignore_ascii_case(word))
        })
    };
    let asked =
        listed("subscriptionCategory", MULTIPLAYER) && listed("subscriptionType", GAME_INVITES);
    let mut items = Vec::new();
    if asked {
        let now = shared.directory.clock.now();
        let sandbox = &identity.principal.sandbox;
        let waiting = waiting_of(shared, sandbox, owner, |_| true, now).await?;
        let shown = waiting.iter().filter_map(|handle| item(shared, handle));
        items.extend(shown.take(most).map(|item| with_actions(item, actions)));
    }
    Ok(reply::json(StatusCode::OK, &Inbox { items }))
}

/// `POST /users/{owner}/inbox/subscriptions/batch`: invitations that are not wanted any more go;
/// unknown ones have gone already.
pub async fn update(
    shared: &Shared,
    owner: &str,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let (identity, owner) = owner_of(call, owner)?;
    let update: InboxUpdate = read::document(&exchange::json_body(&call.head, body).await?)?;
    if MAX_TOLD < update.items.len() {
        let text = format!("items: at most {MAX_TOLD} notifications");
        return Err(ApiError::edge(EdgeRule::InboxQuery, text));
    }
    if update.kind == UpdateKind::LastDeleted {
        let named: BTreeSet<String> = update.items.iter().filter_map(invitation).collect();
        dismiss(shared, &identity, owner, &named).await?;
    }
    Ok(reply::empty(StatusCode::OK))
}

/// The caller, whose own the inbox must be. A client writes the XUID alone here. `[client]`
fn owner_of(call: &Call, owner: &str) -> Result<(Identity, Xuid), ApiError> {
    let is_bare = owner.parse::<Xuid>().is_ok();
    let (identity, owner) = if is_bare {
        identify(call, &format!("xuid({owner})"))?
    } else {
        identify(call, owner)?
    };
    if identity.principal.has_user(owner) {
        return Ok((identity, owner));
    }
    let text = "an inbox is its owner's alone";
    Err(ApiError::edge(EdgeRule::InboxOwner, text))
}

/// A number of the query string; without one, as many as there are.
fn number(call: &Call, name: &str) -> Result<usize, ApiError> {
    let Some(text) = parameter(&call.head.uri, name) else {
        return Ok(usize::MAX);
    };
    let number = text.parse::<u32>().map_err(|_| {
        let text = format!("{name}: expected a number");
        ApiError::edge(EdgeRule::InboxQuery, text)
    })?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

fn item(shared: &Shared, handle: &Handle) -> Option<InboxItem> {
    let configs = shared.catalogue.current();
    let id = invited_title(handle)?;
    let title = configs.title(id);
    let config = configs.get(&handle.session.scid);
    let game_types = config.map(|config| config.game_types.clone());
    let shown = TitleShown {
        name: &title.name,
        image_url: title.image_url.as_deref().unwrap_or_default(),
        game_types: &game_types.unwrap_or_else(RawJson::empty_object),
    };
    inbox_item(handle, shown)
}

fn with_actions(mut item: InboxItem, most: usize) -> InboxItem {
    let all = item.actions.len();
    item.actions.truncate(most);
    let left_out = u32::try_from(all - item.actions.len()).unwrap_or(u32::MAX);
    item.other_action_count = left_out;
    item
}

/// The handle that a notification about an invitation is about, in lower case.
fn invitation(key: &InboxKey) -> Option<String> {
    let is_one = key.subscription_category.eq_ignore_ascii_case(MULTIPLAYER)
        && key.subscription_type.eq_ignore_ascii_case(GAME_INVITES);
    is_one.then(|| key.subscription_id.to_ascii_lowercase())
}

async fn dismiss(
    shared: &Shared,
    identity: &Identity,
    owner: Xuid,
    named: &BTreeSet<String>,
) -> Result<(), ApiError> {
    let now = shared.directory.clock.now();
    let is_named = |handle: &Handle| named.contains(&handle.id.to_string());
    let sandbox = &identity.principal.sandbox;
    let waiting = waiting_of(shared, sandbox, owner, is_named, now).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let commit = Commit {
        handles: waiting.iter().map(|it| HandleOp::Settle(it.id)).collect(),
        ..Commit::default()
    };
    Ok(shared.directory.commits.take_to_the_end(commit).await?)
}
