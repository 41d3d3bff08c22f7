//! The addresses of activities without a session: what is under `/titles/{titleId}`.

use axum::body::Body;
use axum::response::Response;
use convoke_core::activity::Sending;
use convoke_wire::TitleId;
use http::Method;

use super::Target;
use crate::api_error::ApiError;
use crate::call::Call;
use crate::routes::activities;
use crate::shared::Shared;

/// What stands after `/titles/{titleId}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActivityAddress {
    /// `invites`, and `invites/server`
    Invites(Sending),
}

impl ActivityAddress {
    /// The verbs of the address, as `Allow` names them.
    pub(super) fn verbs(&self) -> &'static str {
        match self {
            Self::Invites(_) => "POST",
        }
    }
}

/// What a path names below a title.
pub(super) fn target(title: &str, words: &[&str]) -> Option<Target> {
    let title_id = title.parse().ok()?;
    let address = match words {
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
            activities::invite(shared, title_id, sending, call, body).await
        }
        (address, _) => Err(ApiError::Method(address.verbs())),
    }
}
