//! Whom users have met in play: reported by titles and servers, read at the people hub.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use convoke_core::contract::read;
use convoke_core::recent_players::{Scene, of_groups, of_user, of_users};
use convoke_store::{Commit, PlayOp};
use convoke_wire::TitleId;
use http::StatusCode;

use crate::api_error::ApiError;
use crate::call::Call;
use crate::exchange;
use crate::reply;
use crate::shared::Shared;

/// Whose lists a report adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// The caller's.
    User,
    /// Those of the users that a server names.
    Users,
    /// Those of all who are in groups that a server names.
    Groups,
}

/// `POST /titles/{titleId}/recentplayers`, `/recentplayers/server` and `/recentplayergroups/server`.
pub async fn report(
    shared: &Shared,
    title_id: TitleId,
    report: Report,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let identity = call.identity.clone().acting_for(|| None)?;
    let body = exchange::json_body(&call.head, body).await?;
    let caller = identity.caller(shared);
    let now = shared.directory.clock.now();
    let scene = Scene {
        sandbox: identity.principal.sandbox.clone(),
        title_id,
        now,
    };
    let all = match report {
        Report::User => of_user(&read::document(&body)?, &caller, &scene),
        Report::Users => of_users(&read::document(&body)?, &caller, &scene),
        Report::Groups => of_groups(&read::document(&body)?, &caller, &scene),
    }?;
    let meet = all.into_iter().map(|meetings| PlayOp::Meet {
        meetings: Arc::new(meetings),
        now,
    });
    let commit = Commit {
        play: meet.collect(),
        ..Commit::default()
    };
    shared.directory.commits.take_to_the_end(commit).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
