//! Who has played with whom: what a change of a session adds to lists of recent players.
//!
//! Active members play with each other: in a normal session all of them, in a large one those who
//! are in a group of the same name. `[doc]` Only sessions that are gameplay count. `[doc]`
//!
//! Inferred: users have met when their time together begins, and once more when it ends, so that a
//! list says when somebody was last played with. Not here: what is kept in a list
//! (`crate::recent_players`).

mod groups;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use convoke_wire::multiplayer_activity::EncounterType;
use convoke_wire::session::constants::Capability;
use convoke_wire::{Sandbox, TitleId, Xuid};
use jiff::Timestamp;

use super::{Member, MemberState, Session};
use crate::limits::MAX_MEETINGS_OF_CHANGE;
use crate::recent_players::{Encounter, Meetings, RecentPlayersKey};

pub use groups::Groups;

/// What a user reports of brief encounters: `encounters` of one write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The user.
    pub xuid: Xuid,
    /// The names of the groups that the user was in for a moment.
    pub names: Vec<String>,
}

/// Somebody who plays, and in which title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Player {
    /// The user.
    pub xuid: Xuid,
    /// The title that the member is active in; a token may name none.
    pub title: Option<TitleId>,
}

/// Two users who have played together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// Both, in no particular order.
    pub players: [Player; 2],
    /// When they last did, as far as the change tells.
    pub at: Timestamp,
}

/// Where users have met.
#[derive(Debug, Clone)]
pub struct Place {
    /// The sandbox of the session.
    pub sandbox: Sandbox,
    /// The title of users whose tokens name none.
    pub title: TitleId,
}

impl Session {
    /// Whether playing in the session feeds lists of recent players.
    pub fn is_gameplay(&self) -> bool {
        self.constants.is_gameplay()
    }

    /// Whether its members say by groups with whom they play.
    pub fn has_groups(&self) -> bool {
        self.is_gameplay() && self.constants.has(Capability::Large)
    }
}

/// Who has met by the change of a normal session from one state to another, `None` being no
/// session. Nobody meets in a large one by that alone.
///
/// At most [`MAX_MEETINGS_OF_CHANGE`].
pub fn met(before: Option<&Session>, after: Option<&Session>, now: Timestamp) -> Vec<Met> {
    let counts = |session: &&Session| session.is_gameplay() && !session.has_groups();
    if before.or(after).as_ref().is_none_or(|it| !counts(it)) {
        return Vec::new();
    }
    let changed = differences(before, after);
    let plays = |member: Option<&Arc<Member>>| member.and_then(player);
    let went = changed
        .iter()
        .filter(|(_, latter)| plays(*latter).is_none());
    let went = went.filter_map(|(former, _)| plays(*former));
    let came = changed
        .iter()
        .filter(|(former, _)| plays(*former).is_none());
    let came = came.filter_map(|(_, latter)| plays(*latter));
    let mut all = Vec::new();
    add(&mut all, went, before, now);
    add(&mut all, came, after, now);
    all.truncate(MAX_MEETINGS_OF_CHANGE);
    all
}

/// Each of some players with all who play in a state, those some among themselves once.
fn add(
    all: &mut Vec<Met>,
    some: impl Iterator<Item = Player>,
    state: Option<&Session>,
    now: Timestamp,
) {
    let mut done = BTreeSet::new();
    for one in some {
        done.insert(one.xuid);
        let members = state.into_iter().flat_map(|it| it.members.values());
        let others = members.filter_map(player);
        let others = others.filter(|other| !done.contains(&other.xuid));
        all.extend(with_each(one, others, now));
    }
}

/// A player with each of others.
fn with_each(
    player: Player,
    others: impl Iterator<Item = Player>,
    at: Timestamp,
) -> impl Iterator<Item = Met> {
    let others = others.filter(move |other| other.xuid != player.xuid);
    others.map(move |other| Met {
        players: [player, other],
        at,
    })
}

/// The member, if it plays.
fn player(member: &Arc<Member>) -> Option<Player> {
    (member.state == MemberState::Active).then_some(Player {
        xuid: member.xuid,
        title: member.active_title_id,
    })
}

/// What is to be added to the lists of those who have met, one entry for each list.
///
/// Each is told of the other in the title that they play themselves.
pub fn meetings(all: &[Met], place: &Place) -> Vec<Meetings> {
    let mut lists: BTreeMap<Xuid, Vec<Encounter>> = BTreeMap::new();
    for Met {
        players: [one, other],
        at,
    } in all
    {
        for (owner, met) in [(one, other), (other, one)] {
            lists.entry(owner.xuid).or_default().push(Encounter {
                user: met.xuid,
                title_id: owner.title.or(met.title).unwrap_or(place.title),
                kind: EncounterType::Default,
                met: *at,
            });
        }
    }
    let meetings = lists.into_iter().map(|(owner, met)| {
        let sandbox = place.sandbox.clone();
        let key = RecentPlayersKey { sandbox, owner };
        Meetings { key, met }
    });
    meetings.collect()
}

type Change<'a> = (Option<&'a Arc<Member>>, Option<&'a Arc<Member>>);

/// The members that differ between two states, in the order of their indices.
fn differences<'a>(before: Option<&'a Session>, after: Option<&'a Session>) -> Vec<Change<'a>> {
    let all = |session: &'a Session| session.members.values();
    match (before, after) {
        (Some(before), Some(after)) => {
            let changed = after.members.differences(&before.members).into_iter();
            changed.map(|it| (it.before, it.after)).collect()
        }
        (before, after) => {
            let gone = before.into_iter().flat_map(all);
            let come = after.into_iter().flat_map(all);
            let gone = gone.map(|member| (Some(member), None));
            gone.chain(come.map(|member| (None, Some(member))))
                .collect()
        }
    }
}
