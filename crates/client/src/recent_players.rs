//! Whom a user has met in play, as the people hub lists them.

use convoke_wire::Xuid;
use convoke_wire::time::WireTime;
use reqwest::Method;
use serde::Deserialize;

use crate::activities::{good, read};
use crate::client::Client;
use crate::error::Error;
use crate::hosts::Service;
use crate::raw::Call;

/// The version that clients ask the people hub with. `[client]`
const HUB_CONTRACT: &str = "7";

/// Somebody whom the caller has met. Whatever a service may leave out is optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentPlayer {
    /// The user.
    pub xuid: Xuid,
    /// The gamertag; empty where it is not known.
    #[serde(default)]
    pub gamertag: Option<String>,
    /// Whether the two are friends.
    #[serde(default)]
    pub is_friend: bool,
    /// In which titles they met.
    #[serde(default)]
    pub recent_player: Option<RecentEncounters>,
}

/// In which titles two users have met.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RecentEncounters {
    /// The latest first.
    #[serde(default)]
    pub titles: Vec<RecentEncounter>,
    /// The latest encounter, for people.
    #[serde(default)]
    pub text: Option<String>,
}

/// When two users have met in a title.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentEncounter {
    /// The title's name.
    #[serde(default)]
    pub title_name: Option<String>,
    /// The last time.
    #[serde(default)]
    pub last_played_with_date_time: Option<WireTime>,
}

#[derive(Debug, Deserialize)]
struct People {
    people: Vec<RecentPlayer>,
}

/// Asks for the caller's own list, the latest encounter first.
pub(crate) async fn of_caller(client: &Client) -> Result<Vec<RecentPlayer>, Error> {
    let call = Call::new(Method::GET, "/users/me/people/recentplayers")
        .service(Service::PeopleHub)
        .contract(HUB_CONTRACT)?;
    let people: People = read(&good(client.send(&call).await?)?, "list of people")?;
    Ok(people.people)
}
