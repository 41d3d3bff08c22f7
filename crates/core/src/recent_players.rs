//! Whom users have met in play: a short list for each, which titles and servers add to.

use std::collections::BTreeMap;

use convoke_wire::multiplayer_activity::{
    Encounter as WireEncounter, EncounterType, RecentPlayerGroups, RecentPlayers as UserRequest,
    ServerRecentPlayers,
};
use convoke_wire::{Sandbox, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::activity::check_title;
use crate::caller::Caller;
use crate::limits::{
    MAX_ENCOUNTERS, MAX_RECENT_PLAYER_LISTS, MAX_RECENT_PLAYERS, RECENT_PLAYER_TTL_S,
};
use crate::refusal::{Refusal, Rule};

/// Whose list it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecentPlayersKey {
    /// Where the encounters took place.
    pub sandbox: Sandbox,
    /// The user.
    pub owner: Xuid,
}

/// Somebody whom a user has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encounter {
    /// The other user.
    pub user: Xuid,
    /// In which title.
    pub title_id: TitleId,
    /// How.
    pub kind: EncounterType,
    /// When, as far as the service believes it.
    pub met: Timestamp,
}

/// Whom a user has met lately, the latest encounter first; never empty where it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentPlayers {
    /// Whose list.
    pub key: RecentPlayersKey,
    /// One encounter for each other user and title.
    pub met: Vec<Encounter>,
}

/// Encounters of one user that are to be added to the list of that user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meetings {
    /// Whose list.
    pub key: RecentPlayersKey,
    /// Whom the user has met.
    pub met: Vec<Encounter>,
}

impl RecentPlayersKey {
    /// A text that equals that of every other spelling of the sandbox.
    pub fn folded(&self) -> String {
        format!("{}~{}", self.sandbox.folded(), self.owner)
    }
}

impl Encounter {
    fn ends(&self) -> Timestamp {
        let life = SignedDuration::from_secs(RECENT_PLAYER_TTL_S);
        self.met.checked_add(life).unwrap_or(Timestamp::MAX)
    }
}

impl RecentPlayers {
    /// When nothing is left of the list.
    pub fn ends(&self) -> Timestamp {
        let ends = self.met.iter().map(Encounter::ends);
        ends.max().unwrap_or(Timestamp::MIN)
    }

    /// The encounters that are not over, the latest first.
    pub fn lasting(&self, now: Timestamp) -> impl Iterator<Item = &Encounter> {
        self.met.iter().filter(move |it| now < it.ends())
    }
}

/// The list with new encounters; `None` if there are none at all.
///
/// `Inferred:` of encounters with one user in one title the latest is kept, and of all the latest
/// [`MAX_RECENT_PLAYERS`].
pub fn with_meetings(
    before: Option<&RecentPlayers>,
    meetings: &Meetings,
    now: Timestamp,
) -> Option<RecentPlayers> {
    let mut latest: BTreeMap<(Xuid, TitleId), Encounter> = BTreeMap::new();
    let before = before.iter().flat_map(|list| &list.met);
    for encounter in before.chain(&meetings.met) {
        let believed = Encounter {
            met: encounter.met.min(now),
            ..*encounter
        };
        if believed.ends() <= now || believed.user == meetings.key.owner {
            continue;
        }
        let kept = latest.entry((believed.user, believed.title_id));
        let kept = kept.or_insert(believed);
        if kept.met <= believed.met {
            *kept = believed;
        }
    }
    let mut met: Vec<Encounter> = latest.into_values().collect();
    met.sort_by_key(|it| (std::cmp::Reverse(it.met), it.user, it.title_id));
    met.truncate(MAX_RECENT_PLAYERS);
    let key = meetings.key.clone();
    (!met.is_empty()).then_some(RecentPlayers { key, met })
}

/// Where encounters are reported from.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The sandbox of the caller.
    pub sandbox: Sandbox,
    /// The title of the path.
    pub title_id: TitleId,
    /// The present, for what has no time of its own.
    pub now: Timestamp,
}

/// The encounters that a user reports: only the caller's own list changes. `[doc]`
pub fn of_user(
    request: &UserRequest,
    caller: &Caller,
    scene: &Scene,
) -> Result<Vec<Meetings>, Refusal> {
    check_title(caller, scene.title_id)?;
    let owner = caller.xuid();
    let owner = owner.ok_or_else(|| forbidden("this takes a token with an XUID claim"))?;
    check_count("recentPlayers", request.recent_players.len(), 1)?;
    Ok(vec![scene.meetings(owner, &request.recent_players)])
}

/// The encounters that a server reports, one list for each user. `[doc]`
pub fn of_users(
    request: &ServerRecentPlayers,
    caller: &Caller,
    scene: &Scene,
) -> Result<Vec<Meetings>, Refusal> {
    check_server(caller)?;
    let lists = &request.recent_players_by_xuid;
    check_lists("recentPlayersByXuid", lists.len())?;
    let each = lists.iter().enumerate().map(|(position, list)| {
        let path = format!("recentPlayersByXuid.{position}.recentPlayers");
        check_count(&path, list.recent_players.len(), 1)?;
        Ok(scene.meetings(list.xuid, &list.recent_players))
    });
    Ok(joined(each.collect::<Result<_, _>>()?))
}

/// The encounters of groups that a server reports: all in a group have met each other. `[doc]`
pub fn of_groups(
    request: &RecentPlayerGroups,
    caller: &Caller,
    scene: &Scene,
) -> Result<Vec<Meetings>, Refusal> {
    check_server(caller)?;
    let groups = &request.recent_player_groups;
    check_lists("recentPlayerGroups", groups.len())?;
    let mut all = Vec::new();
    for (position, group) in groups.iter().enumerate() {
        let path = format!("recentPlayerGroups.{position}.recentPlayers");
        check_count(&path, group.recent_players.len(), 2)?;
        let kind = group.encounter_type.unwrap_or(EncounterType::Default);
        let met = group.timestamp.map_or(scene.now, |time| time.0);
        let encounter = |user| Encounter {
            user,
            title_id: scene.title_id,
            kind,
            met,
        };
        for player in &group.recent_players {
            // The player too, who is left out when the list is made.
            let met = group.recent_players.iter().map(|it| encounter(it.id));
            all.push(Meetings {
                key: scene.key(player.id),
                met: met.collect(),
            });
        }
    }
    Ok(joined(all))
}

impl Scene {
    fn key(&self, owner: Xuid) -> RecentPlayersKey {
        RecentPlayersKey {
            sandbox: self.sandbox.clone(),
            owner,
        }
    }

    fn meetings(&self, owner: Xuid, reported: &[WireEncounter]) -> Meetings {
        let met = reported.iter().map(|it| Encounter {
            user: it.id,
            title_id: self.title_id,
            kind: it.encounter_type.unwrap_or(EncounterType::Default),
            met: it.timestamp.0,
        });
        Meetings {
            key: self.key(owner),
            met: met.collect(),
        }
    }
}

/// One entry for each user, so that each list is written once.
fn joined(all: Vec<Meetings>) -> Vec<Meetings> {
    let mut by_owner: BTreeMap<Xuid, Meetings> = BTreeMap::new();
    for meetings in all {
        match by_owner.get_mut(&meetings.key.owner) {
            Some(known) => known.met.extend(meetings.met),
            None => {
                by_owner.insert(meetings.key.owner, meetings);
            }
        }
    }
    by_owner.into_values().collect()
}

fn check_server(caller: &Caller) -> Result<(), Refusal> {
    if caller.server {
        Ok(())
    } else {
        Err(forbidden("this address is for servers"))
    }
}

fn check_lists(path: &str, count: usize) -> Result<(), Refusal> {
    if (1..=MAX_RECENT_PLAYER_LISTS).contains(&count) {
        return Ok(());
    }
    let detail = format!("expected 1 to {MAX_RECENT_PLAYER_LISTS} entries, found {count}");
    Err(Rule::ActivityField.at(path, detail))
}

fn check_count(path: &str, count: usize, least: usize) -> Result<(), Refusal> {
    if (least..=MAX_ENCOUNTERS).contains(&count) {
        return Ok(());
    }
    let detail = format!("expected {least} to {MAX_ENCOUNTERS} players, found {count}");
    Err(Rule::ActivityField.at(path, detail))
}

fn forbidden(detail: &str) -> Refusal {
    Rule::ActivityForbidden.at("", detail)
}
