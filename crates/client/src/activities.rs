//! Activities without a session: what players do in a title, invitations to it, and whom they met.

use convoke_wire::json::read_answer;
use convoke_wire::multiplayer_activity::{
    ActivityQuery, DeleteActivity, Encounter, JoinRestriction, RecentPlayerGroup,
    RecentPlayerGroups, RecentPlayers, RecentPlayersOf, SendInvites, SequenceNumber,
    ServerRecentPlayers, SetActivity,
};
use convoke_wire::{TitleId, Xuid};
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::hosts::Service;
use crate::raw::{Answer, Call, Repeat};
use crate::refusal::Refusal;

/// Where the numbers of [`sequence_at`] begin: 2015-01-01, in seconds of Unix time. `[client]`
const SEQUENCE_EPOCH: i64 = 1_420_070_400;

/// Activities of one title.
#[derive(Debug, Clone)]
pub struct Activities {
    client: Client,
    title_id: TitleId,
}

/// An activity as the caller sees it. Whatever a service may leave out is optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayerActivity {
    /// Of its last write.
    #[serde(default)]
    pub sequence_number: Option<SequenceNumber>,
    /// The title.
    pub title_id: TitleId,
    /// How to join; only for who may. `[doc]`
    #[serde(default)]
    pub connection_string: Option<String>,
    /// Who may join.
    #[serde(default)]
    pub join_restriction: Option<JoinRestriction>,
    /// Places.
    #[serde(default)]
    pub max_players: Option<u64>,
    /// Places taken.
    #[serde(default)]
    pub current_players: Option<u64>,
    /// What activities of one game have in common.
    #[serde(default)]
    pub group_id: Option<String>,
    /// Where it takes place, as the service calls it; everywhere when missing.
    #[serde(default)]
    pub platform: Option<String>,
}

/// What one user does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivitiesOf {
    /// The user.
    pub user_id: Xuid,
    /// None or one; `None` where the service could not find out. `[doc]`
    #[serde(default)]
    pub activities: Option<Vec<PlayerActivity>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    user_activities: Vec<ActivitiesOf>,
}

/// A sequence number for a write at this moment, as clients of old make theirs, so that both order
/// each other's writes: 2^16 tenths of a microsecond since 2015. `[client]`
///
/// Two writes within 7 ms have the same number, and the service passes over the second.
pub fn sequence_at(moment: Timestamp) -> SequenceNumber {
    let since = moment.as_nanosecond() - i128::from(SEQUENCE_EPOCH) * 1_000_000_000;
    SequenceNumber(u64::try_from((since / 100) >> 16).unwrap_or(0).max(1))
}

impl Activities {
    pub(crate) fn new(client: Client, title_id: TitleId) -> Self {
        Self { client, title_id }
    }

    /// Says what a user does: the caller, or, for servers, anybody.
    ///
    /// A write whose number is not above that of the last one changes nothing, and is no error.
    /// `[doc]` [`sequence_at`] makes a number from the clock.
    pub async fn set(&self, user: Xuid, activity: &SetActivity) -> Result<(), Error> {
        let call = self.call(Method::PUT, &of(user)).repeat(Repeat::Always);
        self.done(call.json(activity)?).await
    }

    /// What a user does; `None` when the user does nothing, or does not show it.
    pub async fn get(&self, user: Xuid) -> Result<Option<PlayerActivity>, Error> {
        let answer = self.send(&self.call(Method::GET, &of(user))).await?;
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        read(&answer, "activity").map(Some)
    }

    /// Ends what a user does, unless a later write has said something else.
    pub async fn end(&self, user: Xuid, sequence_number: SequenceNumber) -> Result<(), Error> {
        let call = self.call(Method::DELETE, &of(user));
        self.done(call.json(&DeleteActivity { sequence_number })?)
            .await
    }

    /// What some users do, in their order; at most 30 of them. `[doc]`
    pub async fn of_users(&self, users: &[Xuid]) -> Result<Vec<ActivitiesOf>, Error> {
        let users = users.to_vec();
        // It only reads.
        let call = self
            .call(Method::POST, "/activities/query")
            .repeat(Repeat::Always)
            .json(&ActivityQuery { users })?;
        let results: Results = read(&self.send(&call).await?, "list of activities")?;
        Ok(results.user_activities)
    }

    /// Invites users, at most 16 of them; in the name of `sender` for servers, which have to say one.
    /// `[doc]`
    ///
    /// The invited are told over real time ([`crate::Event::InvitedToActivity`]); nothing is kept.
    pub async fn invite(&self, invites: &SendInvites) -> Result<(), Error> {
        let path = match invites.sender {
            Some(_) => "/invites/server",
            None => "/invites",
        };
        self.done(self.call(Method::POST, path).json(invites)?)
            .await
    }

    /// Tells whom the caller has met, at most 100 users. `[doc]`
    pub async fn report_recent_players(&self, met: &[Encounter]) -> Result<(), Error> {
        let recent_players = met.to_vec();
        self.report("/recentplayers", &RecentPlayers { recent_players })
            .await
    }

    /// Tells whom some users have met; for servers. At most 20 users, with 100 others each. `[doc]`
    pub async fn report_recent_players_of(&self, met: &[RecentPlayersOf]) -> Result<(), Error> {
        let body = ServerRecentPlayers {
            recent_players_by_xuid: met.to_vec(),
        };
        self.report("/recentplayers/server", &body).await
    }

    /// Tells who has met each other; for servers. At most 20 groups of 2 to 100 users. `[doc]`
    pub async fn report_groups(&self, groups: &[RecentPlayerGroup]) -> Result<(), Error> {
        let body = RecentPlayerGroups {
            recent_player_groups: groups.to_vec(),
        };
        self.report("/recentplayergroups/server", &body).await
    }

    /// The same report twice is one: lists keep the last encounter. `[client]`
    async fn report(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<(), Error> {
        let call = self.call(Method::POST, path).repeat(Repeat::Always);
        self.done(call.json(body)?).await
    }

    fn call(&self, method: Method, path: &str) -> Call {
        Call::new(method, format!("/titles/{}{path}", self.title_id))
            .service(Service::MultiplayerActivity)
    }

    async fn done(&self, call: Call) -> Result<(), Error> {
        self.send(&call).await.map(drop)
    }

    async fn send(&self, call: &Call) -> Result<Answer, Error> {
        good(self.client.send(call).await?)
    }
}

fn of(user: Xuid) -> String {
    format!("/users/{user}/activities")
}

/// An answer that is no refusal.
pub(crate) fn good(answer: Answer) -> Result<Answer, Error> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    Err(Refusal::of(&answer).into())
}

pub(crate) fn read<T: DeserializeOwned>(answer: &Answer, what: &'static str) -> Result<T, Error> {
    read_answer(&answer.body).map_err(|problem| Error::Unreadable { what, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_grow_with_the_clock_and_are_never_zero() {
        let check = |moment: &str, expected: u64| {
            let moment = moment.parse().expect("a moment");
            assert_eq!(sequence_at(moment), SequenceNumber(expected), "{moment}");
        };
        check("1970-01-01T00:00:00Z", 1);
        check("2015-01-01T00:00:00Z", 1);
        // 10^7 tenths of a microsecond in a second, by 2^16.
        check("2015-01-01T00:00:01Z", 152);
        check("2026-01-01T00:00:00Z", 52_971_679_687);
        check("2026-01-01T00:00:01Z", 52_971_679_840);
    }
}
