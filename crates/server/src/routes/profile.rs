//! Profiles of the people of a user. `[client]`

use axum::response::Response;
use convoke_core::handle::query::PeopleSet;
use convoke_core::privacy::permission::Permission;
use convoke_wire::profile::{ProfileSetting, ProfileUser, Profiles};
use http::StatusCode;

use super::people::{identify, refuse};
use super::query_string::parameter;
use crate::api_error::ApiError;
use crate::auth::TokenUser;
use crate::call::Call;
use crate::edge_rule::EdgeRule;
use crate::graph::SocialGraph as _;
use crate::privacy::Asker;
use crate::reply;
use crate::shared::Shared;

/// Most settings that are asked for at once. Ours: clients know of fewer.
const MAX_SETTINGS: usize = 50;

/// `GET /users/{owner}/profile/settings/people/{group}?settings=`: one's people, or some of them,
/// who show the caller their profile.
pub async fn of_people(
    shared: &Shared,
    owner: &str,
    group: &str,
    call: &Call,
) -> Result<Response, ApiError> {
    let (identity, owner) = identify(call, owner)?;
    let asker = Asker::of(shared, &identity)?.filter(|asker| asker.xuid() == owner);
    let Some(asker) = asker else {
        return refuse(
            EdgeRule::ProfileOwner,
            "only the acting user asks for the profiles of their people",
        );
    };
    let Some(set) = PeopleSet::parse(group) else {
        return refuse(
            EdgeRule::ProfileGroup,
            "path: expected `People`, `Favorites` or `Friends`",
        );
    };
    let names = parameter(&call.head.uri, "settings").unwrap_or_default();
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    if MAX_SETTINGS < names.len() || names.iter().any(|name| name.is_empty()) {
        let text = format!("settings: expected 1 to {MAX_SETTINGS} names with commas between them");
        return refuse(EdgeRule::ProfileSettings, text);
    }
    let people = shared.graph.people(owner, set).await?;
    let sees = Permission::ViewTargetProfile;
    let verdicts = shared.graph.verdicts(&asker, sees, &people).await?;
    let shown = people.into_iter().zip(verdicts);
    let shown = shown.filter(|(_, verdict)| verdict.is_ok());
    let profile_users = shown.map(|(xuid, _)| ProfileUser {
        id: xuid,
        host_id: xuid,
        settings: {
            // Only tokens name users here, so the names of others are not known.
            let mut users = identity.principal.users.iter();
            let user = users.find(|user| user.xuid == xuid);
            names.iter().map(|name| setting(name, user)).collect()
        },
        is_sponsored_user: false,
    });
    let profiles = Profiles {
        profile_users: profile_users.collect(),
    };
    Ok(reply::json(StatusCode::OK, &profiles))
}

fn setting(name: &str, user: Option<&TokenUser>) -> ProfileSetting {
    let gamertag = || user.map(|user| user.gamertag.clone());
    let modern = user.and_then(|user| user.modern.as_ref());
    let value = match name.to_ascii_lowercase().as_str() {
        "gamertag" | "gamedisplayname" | "appdisplayname" => gamertag(),
        "moderngamertag" => modern.map(|it| it.name.clone()).or_else(gamertag),
        "moderngamertagsuffix" => modern.map(|it| it.suffix.clone()),
        "uniquemoderngamertag" => modern.map(|it| it.unique.clone()).or_else(gamertag),
        "gamerscore" => Some("0".to_owned()),
        _ => None,
    };
    ProfileSetting {
        id: name.to_owned(),
        value: value.unwrap_or_default(),
    }
}
