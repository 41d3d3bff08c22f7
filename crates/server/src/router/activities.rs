//! The addresses of activities without a session: what is under `/titles/{titleId}`.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use convoke_core::activity::Sending;
use convoke_wire::TitleId;
use http::Method;

use super::Target;
use crate::api_error::ApiError;
use crate::call::Call;
use crate::routes::activities::recent_players::{self, Report};
use crate::routes::activities::{self, invites};
use crate::shared::Shared;

/// What stands after `/titles/{titleId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActivityAddress {
    /// `users/{xuid}/activities`
    Of(String),
    /// `activities/query`
    Query,
    /// `invites`, and `invites/server`
    Invites(Sending),
    /// `recentplayers`, `recentplayers/server` and `recentplayergroups/server`
    RecentPlayers(Report),
}

impl ActivityAddress {
    /// The verbs of the address, as `Allow` names them.
    pub(super) fn verbs(&self) -> &'static str {
        match self {
            Self::Of(_) => "GET, PUT, DELETE",
            Self::Query | Self::Invites(_) | Self::RecentPlayers(_) => "POST",
        }
    }
}

/// What a path names below a title.
///
/// `written` are the segments from the title on, `words` those after it.
pub(super) fn target(written: &[Cow<'_, str>], words: &[&str]) -> Option<Target> {
    let title_id = written.first()?.parse().ok()?;
    let address = match words {
        ["users", _, "activities"] => ActivityAddress::Of(written.get(2)?.to_string()),
        ["activities", "query"] => ActivityAddress::Query,
        ["recentplayers"] => ActivityAddress::RecentPlayers(Report::User),
        ["recentplayers", "server"] => ActivityAddress::RecentPlayers(Report::Users),
        ["recentplayergroups", "server"] => ActivityAddress::RecentPlayers(Report::Groups),
        ["invites"] => ActivityAddress::Invites(Sending::AsUser),
        ["invites", "server"] => ActivityAddress::Invites(Sending::AsServer),
        _ => return None,
    };
    Some(Target::Activity(title_id, address))
}

/// Leads to the handler.
pub(super) async fn answer(
    shared: &Shared,
    title_id: TitleId,
    address: ActivityAddress,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    match (address, &call.head.method) {
        (ActivityAddress::Invites(sending), &Method::POST) => {
            invites::invite(shared, title_id, sending, call, body).await
        }
        (ActivityAddress::Of(user), &Method::GET) => {
            activities::get(shared, title_id, &user, call).await
        }
        (ActivityAddress::Of(user), &Method::PUT) => {
            activities::set(shared, title_id, &user, call, body).await
        }
        (ActivityAddress::Of(user), &Method::DELETE) => {
            activities::end(shared, title_id, &user, call, body).await
        }
        (ActivityAddress::Query, &Method::POST) => {
            activities::query(shared, title_id, call, body).await
        }
        (ActivityAddress::RecentPlayers(report), &Method::POST) => {
            recent_players::report(shared, title_id, report, call, body).await
        }
        (address, _) => Err(ApiError::Method(address.verbs())),
    }
}
