//! The groups of a large session: who is in which, and who was a moment ago.
//!
//! Kept beside the session, so that a change costs what its groups cost and not what the session
//! does. It can be made from a session anew; only what was over by then is not known any more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use convoke_wire::Xuid;
use jiff::{SignedDuration, Timestamp};

use super::{Met, Player, Reported, differences, player, with_each};
use crate::limits::{
    ENCOUNTER_WINDOW_S, MAX_MEETINGS_OF_CHANGE, MAX_PASSED_GROUPS, MAX_RECENT_PLAYERS,
};
use crate::session::{Member, Session};

/// Who is in which group of a large session, by the groups' names.
///
/// Names are the same in either letter case. `[doc]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups {
    groups: BTreeMap<String, Group>,
    /// When somebody left which group, the earliest first, until nobody can meet them any more.
    left: VecDeque<(Timestamp, String)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Group {
    /// Who is in it, and since when.
    present: BTreeMap<Xuid, (Timestamp, Player)>,
    /// The same by when they came.
    arrivals: BTreeSet<(Timestamp, Xuid)>,
    /// Who left it of late, and when; the earliest first.
    passed: VecDeque<(Timestamp, Player)>,
}

impl Groups {
    /// The groups of a session whose past is not known.
    pub fn of(session: &Session) -> Self {
        let mut groups = Self::default();
        if session.has_groups() {
            for member in session.members.values() {
                for name in names(Some(member)) {
                    groups.enter(name, member, member.state_since);
                }
            }
        }
        groups
    }

    /// Follows a change of the session from one state to another, `None` being no session, and
    /// what was reported with it: who has met thereby.
    ///
    /// At most [`MAX_MEETINGS_OF_CHANGE`].
    pub fn follow(
        &mut self,
        before: Option<&Session>,
        after: Option<&Session>,
        reported: &[Reported],
        now: Timestamp,
    ) -> Vec<Met> {
        let counts = before.or(after).is_some_and(Session::has_groups);
        if !counts {
            return Vec::new();
        }
        self.forget(now);
        let mut met = Vec::new();
        let changed = differences(before, after);
        for (former, latter) in &changed {
            for name in names(*former).difference(&names(*latter)) {
                self.leave(name, former.map(|it| it.xuid), now, &mut met);
            }
        }
        for (former, latter) in &changed {
            for name in names(*latter).difference(&names(*former)) {
                if let Some(member) = latter {
                    self.meet(name, player(member), now, &mut met);
                    self.enter(name.clone(), member, now);
                }
            }
        }
        for report in reported {
            let place = |session: Option<&Session>| {
                session?
                    .member_of(report.xuid)
                    .and_then(|(_, member)| player(member))
            };
            // Whoever stops playing may report what was before.
            if let Some(player) = place(after).or_else(|| place(before)) {
                let names = report.names.iter().map(|name| name.to_ascii_lowercase());
                for name in names.collect::<BTreeSet<String>>() {
                    self.encounter(name, player, now, &mut met);
                }
            }
        }
        met
    }

    /// Whether there is nobody and nothing to remember.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Somebody was in a group for the last [`ENCOUNTER_WINDOW_S`] and leaves it now. `[doc]`
    fn encounter(&mut self, name: String, player: Player, now: Timestamp, met: &mut Vec<Met>) {
        let group = self.groups.get(&name);
        // Who is in the group anyway is known there.
        if group.is_some_and(|group| group.present.contains_key(&player.xuid)) {
            return;
        }
        self.meet(&name, Some(player), now, met);
        let passed = group_passed(self.groups.get(&name));
        for (until, other) in passed.rev().take(room(met)) {
            met.extend(with_each(player, std::iter::once(*other), *until));
        }
        self.pass(name, player, now);
    }

    /// Somebody is in a group from now on.
    fn enter(&mut self, name: String, member: &Arc<Member>, since: Timestamp) {
        if let Some(player) = player(member) {
            let group = self.groups.entry(name).or_default();
            group.present.insert(player.xuid, (since, player));
            group.arrivals.insert((since, player.xuid));
        }
    }

    /// Somebody leaves a group, and has played with those who are still there until now.
    fn leave(&mut self, name: &str, xuid: Option<Xuid>, now: Timestamp, met: &mut Vec<Met>) {
        let Some((group, xuid)) = self.groups.get_mut(name).zip(xuid) else {
            return;
        };
        if let Some((since, player)) = group.present.remove(&xuid) {
            group.arrivals.remove(&(since, xuid));
            self.meet(name, Some(player), now, met);
            self.pass(name.to_owned(), player, now);
        }
    }

    /// Somebody and those who are in a group have played together.
    ///
    /// Inferred: in a group of more than fit in a list, those count who came last.
    fn meet(&self, name: &str, player: Option<Player>, now: Timestamp, met: &mut Vec<Met>) {
        if let (Some(group), Some(player)) = (self.groups.get(name), player) {
            let latest = group.arrivals.iter().rev().take(room(met));
            let present = latest.filter_map(|(_, xuid)| group.present.get(xuid));
            met.extend(with_each(player, present.map(|(_, other)| *other), now));
        }
    }

    /// Remembers who left a group, for those who report later that they were in it at the time.
    fn pass(&mut self, name: String, player: Player, now: Timestamp) {
        let group = self.groups.entry(name.clone()).or_default();
        group.passed.push_back((now, player));
        if MAX_RECENT_PLAYERS < group.passed.len() {
            group.passed.pop_front();
        }
        self.left.push_back((now, name));
        while MAX_PASSED_GROUPS < self.left.len() {
            self.forget_first();
        }
    }

    /// Forgets who left so long ago that nobody can have met them in an encounter.
    fn forget(&mut self, now: Timestamp) {
        let window = SignedDuration::from_secs(ENCOUNTER_WINDOW_S);
        let is_over = |left: Timestamp| window <= now.duration_since(left);
        while self.left.front().is_some_and(|(left, _)| is_over(*left)) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        let Some((left, name)) = self.left.pop_front() else {
            return;
        };
        let Some(group) = self.groups.get_mut(&name) else {
            return;
        };
        // Those who did not fit were forgotten before.
        if group
            .passed
            .front()
            .is_some_and(|(first, _)| *first <= left)
        {
            group.passed.pop_front();
        }
        if group.passed.is_empty() && group.present.is_empty() {
            self.groups.remove(&name);
        }
    }
}

/// How many more may have met one who comes or goes.
fn room(met: &[Met]) -> usize {
    MAX_RECENT_PLAYERS.min(MAX_MEETINGS_OF_CHANGE.saturating_sub(met.len()))
}

fn group_passed(group: Option<&Group>) -> impl DoubleEndedIterator<Item = &(Timestamp, Player)> {
    group.into_iter().flat_map(|group| &group.passed)
}

/// The groups that a member plays in, folded.
fn names(member: Option<&Arc<Member>>) -> BTreeSet<String> {
    let playing = member.filter(|member| player(member).is_some());
    let names = playing.into_iter().flat_map(|member| &member.groups);
    names.map(|name| name.to_ascii_lowercase()).collect()
}
