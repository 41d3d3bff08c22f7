//! The people hub: lists of people with more about each. `[client]`

use axum::body::Body;
use axum::response::Response;
use convoke_core::contract::read;
use convoke_core::limits::{MAX_FOLLOWERS_SHOWN, MAX_FOLLOWING};
use convoke_core::people::Follow;
use convoke_core::privacy::PrivateList;
use convoke_core::recent_players::{Encounter, RecentPlayersKey};
use convoke_store::{Store, StoreError};
use convoke_wire::Xuid;
use convoke_wire::people::PeopleRequest;
use convoke_wire::people::hub::{
    HubEncounter, HubEncounters, HubPeople, HubPerson, Selector, fitting,
};
use http::StatusCode;

use super::people::{are_friends, check_reader, identify, reads_all, refuse};
use crate::api_error::ApiError;
use crate::auth::TokenUser;
use crate::call::Call;
use crate::caller::Identity;
use crate::config::FriendModel;
use crate::edge_rule::EdgeRule;
use crate::exchange;
use crate::reply;
use crate::service_configs::ServiceConfigs;
use crate::shared::Shared;

// Room of clients for a text and its terminator, in bytes. `[client]`
const GAMERTAG_ROOM: usize = 48;
const DISPLAY_NAME_ROOM: usize = 90;
const MODERN_ROOM: usize = 97;
const SUFFIX_ROOM: usize = 15;
const UNIQUE_ROOM: usize = 101;

/// `GET …/people/{selector}` and `POST …/people/batch`, with or without `/decoration/{list}`.
pub async fn people(
    shared: &Shared,
    owner: &str,
    selector: &Selector,
    decorations: Option<&str>,
    call: &Call,
    body: Body,
) -> Result<Response, ApiError> {
    let (identity, owner) = identify(call, owner)?;
    let met = match selector {
        Selector::RecentPlayers => met(shared, &identity, owner)?,
        _ => Vec::new(),
    };
    let xuids = chosen(shared, owner, selector, &identity, call, body).await?;
    let with_presence = decorations.is_some_and(|list| {
        let mut words = list.split(',');
        words.any(|word| word.trim().eq_ignore_ascii_case("presenceDetail"))
    });
    let known = xuids
        .into_iter()
        .map(|xuid| person(shared, &identity, owner, xuid, with_presence));
    let recent = met.into_iter().map(|(xuid, encounters)| {
        let person = person(shared, &identity, owner, xuid, with_presence)?;
        Ok(HubPerson {
            recent_player: Some(encounters),
            ..person
        })
    });
    let people = known.chain(recent);
    let answer = HubPeople {
        people: people.collect::<Result<_, StoreError>>()?,
        recommendation_summary: (),
        friend_finder_state: (),
        account_link_details: (),
        friend_request_summary: (),
    };
    Ok(reply::json(StatusCode::OK, &answer))
}

/// The users that a selector means, in the order of the answer.
async fn chosen(
    shared: &Shared,
    owner: Xuid,
    selector: &Selector,
    identity: &Identity,
    call: &Call,
    body: Body,
) -> Result<Vec<Xuid>, ApiError> {
    let store = &shared.directory.store;
    match selector {
        Selector::Users(list) => return listed(list),
        Selector::Batch => {
            let bytes = exchange::json_body(&call.head, body).await?;
            let request: PeopleRequest = read::document(&bytes)?;
            return checked(request.xuids);
        }
        _ => {}
    }
    check_reader(shared, identity, owner)?;
    let mut xuids = Vec::new();
    match selector {
        Selector::Friends => {
            for Follow { target, .. } in store.following(owner)? {
                xuids.extend(are_friends(shared, owner, target)?.then_some(target));
            }
        }
        Selector::Social => {
            let following = store.following(owner)?;
            xuids.extend(following.iter().map(|follow| follow.target));
        }
        Selector::Followers => {
            let followers = store.followers(owner, MAX_FOLLOWERS_SHOWN)?;
            xuids.extend(followers.iter().map(|follow| follow.owner));
        }
        Selector::RequestsReceived => {
            xuids = requests(shared, identity, owner, PrivateList::RequestsReceived)?;
        }
        Selector::RequestsSent => {
            xuids = requests(shared, identity, owner, PrivateList::RequestsSent)?;
        }
        // Nobody is known by name.
        Selector::Search
        | Selector::Recommendations
        | Selector::RecentPlayers
        | Selector::PlayedTitle(_)
        | Selector::Users(_)
        | Selector::Batch => {}
    }
    Ok(xuids)
}

/// Friend requests that wait, the oldest first; there are none where following makes friends.
fn requests(
    shared: &Shared,
    identity: &Identity,
    owner: Xuid,
    list: PrivateList,
) -> Result<Vec<Xuid>, ApiError> {
    if shared.friend_model == FriendModel::Follow {
        return Ok(Vec::new());
    }
    if !reads_all(identity, owner) {
        let text = "friend requests are shown to the user whose they are";
        return refuse(EdgeRule::PeoplePrivate, text);
    }
    let listed = shared.directory.store.listed(list, owner)?;
    Ok(listed.iter().map(|listing| listing.target).collect())
}

/// Whom the owner has met, which is told to the owner and to services that read people.
fn met(
    shared: &Shared,
    identity: &Identity,
    owner: Xuid,
) -> Result<Vec<(Xuid, HubEncounters)>, ApiError> {
    if !reads_all(identity, owner) {
        let text = "recent players are shown to the user whose they are";
        return refuse(EdgeRule::PeoplePrivate, text);
    }
    let directory = &shared.directory;
    let list = directory.store.recent_players(&RecentPlayersKey {
        sandbox: identity.principal.sandbox.clone(),
        owner,
    })?;
    let mut met: Vec<(Xuid, HubEncounters)> = Vec::new();
    let now = directory.clock.now();
    let configs = shared.catalogue.current();
    for encounter in list.iter().flat_map(|list| list.lasting(now)) {
        let title = shown(&configs, encounter);
        let known = met.iter_mut().find(|(user, _)| *user == encounter.user);
        if let Some((_, known)) = known {
            known.titles.push(title);
        } else {
            let text = title.title_name.clone();
            let titles = vec![title];
            met.push((encounter.user, HubEncounters { titles, text }));
        }
    }
    Ok(met)
}

fn shown(configs: &ServiceConfigs, encounter: &Encounter) -> HubEncounter {
    HubEncounter {
        title_name: configs.title(encounter.title_id).name,
        last_played_with_date_time: encounter.met.into(),
    }
}

fn listed(list: &str) -> Result<Vec<Xuid>, ApiError> {
    let xuids = list.split(',').map(|text| text.trim().parse::<Xuid>());
    match xuids.collect::<Result<_, _>>() {
        Ok(xuids) => checked(xuids),
        Err(error) => refuse(EdgeRule::HubUsers, format!("path: {error}")),
    }
}

fn checked(xuids: Vec<Xuid>) -> Result<Vec<Xuid>, ApiError> {
    if MAX_FOLLOWING < xuids.len() {
        let text = format!("at most {MAX_FOLLOWING} users, found {}", xuids.len());
        return refuse(EdgeRule::HubUsers, text);
    }
    Ok(xuids)
}

fn person(
    shared: &Shared,
    identity: &Identity,
    owner: Xuid,
    xuid: Xuid,
    with_presence: bool,
) -> Result<HubPerson, StoreError> {
    let viewer = identity.xuid().unwrap_or(owner);
    let store = &shared.directory.store;
    let (to, from) = (store.follow(viewer, xuid)?, store.follow(xuid, viewer)?);
    // Only tokens name users here, so the names of others are not known.
    let named = identity.principal.users.iter().find(|it| it.xuid == xuid);
    let names = Names::of(named);
    Ok(HubPerson {
        xuid,
        is_friend: are_friends(shared, viewer, xuid)?,
        is_favorite: to.is_some_and(|follow| follow.favorite),
        is_following_caller: from.is_some(),
        is_followed_by_caller: to.is_some(),
        is_identity_shared: false,
        is_quarantined: false,
        added_date_time_utc: to.map(|follow| follow.added_at.into()),
        display_name: fitting(names.gamertag, DISPLAY_NAME_ROOM),
        real_name: String::new(),
        display_pic_raw: String::new(),
        use_avatar: false,
        gamertag: fitting(names.gamertag, GAMERTAG_ROOM),
        modern_gamertag: fitting(names.modern, MODERN_ROOM),
        modern_gamertag_suffix: fitting(names.suffix, SUFFIX_ROOM),
        unique_modern_gamertag: fitting(names.unique, UNIQUE_ROOM),
        gamer_score: "0".to_owned(),
        presence_state: "Unknown".to_owned(),
        presence_text: String::new(),
        presence_details: with_presence.then(Vec::new),
        recent_player: None,
    })
}

#[derive(Default)]
struct Names<'a> {
    gamertag: &'a str,
    modern: &'a str,
    suffix: &'a str,
    unique: &'a str,
}

impl<'a> Names<'a> {
    fn of(user: Option<&'a TokenUser>) -> Self {
        let Some(user) = user else {
            return Self::default();
        };
        let gamertag = user.gamertag.as_str();
        match &user.modern {
            Some(modern) => Self {
                gamertag,
                modern: &modern.name,
                suffix: &modern.suffix,
                unique: &modern.unique,
            },
            None => Self {
                gamertag,
                modern: gamertag,
                suffix: "",
                unique: gamertag,
            },
        }
    }
}
