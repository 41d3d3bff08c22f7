//! `/users/{requestor}/permission/validate`: whether something may be done to others.

use axum::body::Body;
use axum::response::Response;
use convoke_core::contract::read;
use convoke_core::limits::{MAX_PERMISSION_USERS, MAX_PERMISSIONS};
use convoke_core::privacy::permission::{Asked, Denial, Target, check};
use convoke_wire::Xuid;
use convoke_wire::privacy::{
    DenyReason, PermissionBatch, PermissionResponse, PermissionResponses, PermissionResult,
    PermissionUser,
};
use convoke_wire::uri::UserSegment;
use http::StatusCode;

use super::super::people::{identify, refuse};
use super::super::query_string::parameter;
use crate::api_error::ApiError;
use crate::auth::Role;
use crate::call::Call;
use crate::caller::Identity;
use crate::edge_rule::EdgeRule;
use crate::exchange;
use crate::privacy::Asker;
use crate::reply;
use crate::shared::Shared;

/// About whom something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    User(Xuid),
    CrossNetworkUser,
    CrossNetworkFriend,
}

impl About {
    /// A class of users of other networks, in any case. `allUsers` is an old word. `[doc]`
    fn class(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "crossnetworkuser" | "allusers" => Some(Self::CrossNetworkUser),
            "crossnetworkfriend" => Some(Self::CrossNetworkFriend),
            _ => None,
        }
    }
}

/// The user whom the path names, who must be the one who asks; a service with a role asks for all.
fn requestor(call: &Call, requestor: &str) -> Result<(Identity, Xuid), ApiError> {
    let (identity, named) = identify(call, requestor)?;
    if identity.xuid() == Some(named) || identity.principal.has_role(&Role::PrivacyRead) {
        return Ok((identity, named));
    }
    refuse(
        EdgeRule::PrivacyOwner,
        "only the acting user asks what is allowed to them",
    )
}

fn asked(text: &str, place: &str) -> Result<Asked, ApiError> {
    Asked::parse(text).map_or_else(
        || {
            let text: String = text.chars().take(100).collect();
            let text = format!("{place}: `{text}` is no permission or setting");
            refuse(EdgeRule::PrivacyPermission, text)
        },
        Ok,
    )
}

fn result(verdict: Result<(), Denial>) -> PermissionResult {
    let reason = |denial: Denial| DenyReason {
        reason: denial.reason.as_str().to_owned(),
        restricted_setting: denial.restricted_setting.map(str::to_owned),
    };
    PermissionResult {
        is_allowed: verdict.is_ok(),
        reasons: verdict.err().map(reason).into_iter().collect(),
    }
}

fn judge(asker: &Asker<'_>, asked: Asked, about: About) -> Result<PermissionResult, ApiError> {
    Ok(result(match about {
        About::User(xuid) => asker.verdict(asked, xuid)?,
        About::CrossNetworkUser => check(asked, asker, Target::CrossNetworkUser),
        About::CrossNetworkFriend => check(asked, asker, Target::CrossNetworkFriend),
    }))
}

fn asker<'a>(
    shared: &'a Shared,
    identity: &'a Identity,
    named: Xuid,
) -> Result<Asker<'a>, ApiError> {
    let own = Asker::of(shared, identity)?.filter(|asker| asker.xuid() == named);
    Ok(match own {
        Some(asker) => asker,
        None => Asker::on_behalf(shared, named)?,
    })
}

/// `GET …/permission/validate?setting=&target=`. `[doc]`
pub fn one(shared: &Shared, owner: &str, call: &Call) -> Result<Response, ApiError> {
    let (identity, named) = requestor(call, owner)?;
    let uri = &call.head.uri;
    let setting = parameter(uri, "setting").unwrap_or_default();
    let asked = asked(&setting, "setting")?;
    let target = parameter(uri, "target").unwrap_or_default();
    let about = match (About::class(&target), UserSegment::parse(&target)) {
        (Some(class), _) => class,
        (None, Ok(UserSegment::Xuid(xuid))) => About::User(xuid),
        (None, Ok(UserSegment::Gamertag(_))) => {
            let text = "no user is known by this gamertag";
            return refuse(EdgeRule::PeopleGamertag, text);
        }
        (None, _) => {
            let text =
                "target: expected `xuid(<decimal>)`, `CrossNetworkUser` or `CrossNetworkFriend`";
            return refuse(EdgeRule::PrivacyTarget, text);
        }
    };
    let result = judge(&asker(shared, &identity, named)?, asked, about)?;
    Ok(reply::json(StatusCode::OK, &result))
}

/// `POST …/permission/validate`: users and permissions in the order of the request. `[client]`
pub async fn batch(
    shared: &Shared,
    owner: &str,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let (identity, named) = requestor(call, owner)?;
    let bytes = exchange::json_body(&call.head, body).await?;
    let batch: PermissionBatch = read::document(&bytes)?;
    for (name, count, most) in [
        ("users", batch.users.len(), MAX_PERMISSION_USERS),
        ("permissions", batch.permissions.len(), MAX_PERMISSIONS),
    ] {
        if most < count {
            let text = format!("{name}: at most {most}, found {count}");
            return refuse(EdgeRule::PrivacyBatch, text);
        }
    }
    let permissions = batch.permissions.iter().enumerate();
    let permissions: Vec<Asked> = permissions
        .map(|(index, text)| asked(text, &format!("permissions.{index}")))
        .collect::<Result<_, _>>()?;
    let asker = asker(shared, &identity, named)?;
    let mut responses = Vec::with_capacity(batch.users.len());
    for (index, user) in batch.users.into_iter().enumerate() {
        let about = about(&user, index)?;
        let results = permissions.iter().map(|asked| judge(&asker, *asked, about));
        responses.push(PermissionResponse {
            permissions: results.collect::<Result<_, _>>()?,
            user,
        });
    }
    Ok(reply::json(
        StatusCode::OK,
        &PermissionResponses { responses },
    ))
}

fn about(user: &PermissionUser, index: usize) -> Result<About, ApiError> {
    let about = match (user.xuid, &user.anonymous_user) {
        (Some(xuid), None) => Some(About::User(xuid)),
        (None, Some(class)) => About::class(class),
        _ => None,
    };
    let text = || {
        format!(
            "users.{index}: expected either `xuid` or the `anonymousUser` \
             `crossNetworkUser` or `crossNetworkFriend`"
        )
    };
    about.map_or_else(|| refuse(EdgeRule::PrivacyTarget, text()), Ok)
}
