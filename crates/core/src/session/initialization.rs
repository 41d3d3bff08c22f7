//! Managed initialisation: whether the members of a session can play with each other.
//!
//! Members who ask for it are enrolled in episodes, one episode at a time. An episode waits for its
//! members to join, lets them measure the ways between them, and judges. [`table`] is the state
//! machine; here is what it keeps, and when it runs. Sessions without `memberInitialization` have
//! nothing of this.

mod enrolment;
mod evaluation;
mod groups;
mod hosts;
mod machine;
mod measuring;
pub mod table;

use std::collections::BTreeSet;

use convoke_wire::session::initialization::Stage;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::constants::merge;
use super::{Member, MemberState, Session, timeouts};

pub(super) use enrolment::{check_creation, enrol};
pub(super) use groups::note_removal;
pub(super) use machine::{Trigger, advance};

/// What a session with `memberInitialization` knows of its episodes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Initialization {
    /// The number of the latest episode that was begun or passed over; 0 before the first.
    pub latest: u32,
    /// The episode that runs, or the first one if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub episode: Option<Episode>,
    /// Members of the running episode whose groups lost somebody.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub broken_groups: BTreeSet<u32>,
    /// Device tokens that could be the host, best first, until there is a host.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub host_candidates: Vec<String>,
}

/// One episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// Counts from 1 in a session.
    pub number: u32,
    /// How far it has come.
    pub stage: Stage,
    /// Since when.
    pub since: Timestamp,
}

impl Initialization {
    /// The number of the episode that runs.
    pub fn running(&self) -> Option<u32> {
        let episode = self.episode.filter(|it| it.stage != Stage::Failed);
        episode.map(|it| it.number)
    }
}

/// The episode that runs, or the first one if it failed.
pub fn episode(session: &Session) -> Option<Episode> {
    session.initialization.as_ref()?.episode
}

/// Whether the title is asked for its verdict.
pub(super) fn awaits_verdict(session: &Session) -> bool {
    episode(session).is_some_and(|it| it.stage == Stage::Evaluating)
}

/// When the time of the present stage is over.
pub(super) fn stage_timer(session: &Session) -> Option<Timestamp> {
    let episode = episode(session)?;
    let constants = session.constants.member_initialization.as_ref()?;
    let times = merge::explicit(constants);
    let timeout = match episode.stage {
        Stage::Joining => times.join_timeout,
        Stage::Measuring => times.measurement_timeout,
        Stage::Evaluating => times.evaluation_timeout,
        Stage::Failed => None,
    };
    timeouts::after(episode.since, timeout?)
}

/// Whether an episode holds the timer of the member's state, which then runs from the episode's end.
///
/// Inferred: the documents say that the timers of reserved and ready members do not apply meanwhile.
pub(super) fn holds_timer(member: &Member) -> bool {
    let held = matches!(member.state, MemberState::Reserved | MemberState::Ready);
    held && member.initialization_episode.is_some()
}

/// Whether a member is awaited by the episode whose joining stage is over at `now`.
pub(super) fn is_awaited_no_more(session: &Session, member: &Member, now: Timestamp) -> bool {
    member.state == MemberState::Reserved
        && member.initialization_episode.is_some()
        && episode(session).is_some_and(|episode| {
            episode.stage == Stage::Joining && member.initialization_episode == Some(episode.number)
        })
        && stage_timer(session).is_some_and(|due| due <= now)
}
