//! Arbitrated sessions: tournament matches on a fixed timeline, by a fixed roster. `[doc]`
//!
//! A server creates the session with its players and a server entry `arbitration` that says when
//! the match begins. From then on players report results. When nobody has come by the forfeit time
//! the match is canceled; after it the match is decided once every active member has reported, and
//! at the arbitration time by what is there. The entry then has the result.

mod entry;
mod results;

use convoke_wire::session::arbitration::{ArbitrationStatus, ResultState};
use convoke_wire::session::constants::Capability;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Member, MemberState, Session, timeouts};
use crate::caller::Caller;
use crate::limits::{ARBITRATION_TIMEOUT_MS, FORFEIT_TIMEOUT_MS};
use crate::refusal::{Refusal, Rule};

pub(super) use entry::{check_entry, check_removal};
pub(super) use results::check_report;

/// How far the clock has come in an arbitrated session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Before the start.
    Waiting,
    /// Before the forfeit time.
    Arriving,
    /// After it.
    Playing,
}

/// When what happens; a moment beyond the calendar never comes.
#[derive(Debug, Clone, Copy)]
struct Times {
    start: Option<Timestamp>,
    forfeit: Option<Timestamp>,
    arbitration: Option<Timestamp>,
}

/// Whether a player may report a result now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reporting {
    /// The session is not arbitrated.
    Never,
    /// The match has not begun.
    NotYet,
    /// It goes on.
    Open,
    /// It is decided.
    Over,
}

fn times(session: &Session) -> Option<Times> {
    let start = entry::start(session)?;
    let timeouts = session.constants.arbitration.as_ref();
    let forfeit = timeouts.and_then(|it| it.forfeit_timeout);
    let arbitration = timeouts.and_then(|it| it.arbitration_timeout);
    let later = |timeout: Option<u64>, default| timeouts::after(start, timeout.unwrap_or(default));
    Some(Times {
        start: Some(start),
        forfeit: later(forfeit, FORFEIT_TIMEOUT_MS),
        arbitration: later(arbitration, ARBITRATION_TIMEOUT_MS),
    })
}

/// A session that is arbitrated begins to be.
pub(super) fn begin(session: &mut Session) -> Result<(), Refusal> {
    if !session.constants.has(Capability::Arbitration) || session.arbitration.is_some() {
        return Ok(());
    }
    entry::check_there(session)?;
    session.arbitration = Some(Phase::Waiting);
    Ok(())
}

/// Follows the clock and the reports as far as they lead.
pub(super) fn advance(session: &mut Session, now: Timestamp) {
    let (Some(phase), Some(times)) = (session.arbitration, times(session)) else {
        return;
    };
    note_arrivals(session);
    let is_due = |moment: Option<Timestamp>| moment.is_some_and(|moment| moment <= now);
    let reached = if is_due(times.forfeit) {
        Phase::Playing
    } else if is_due(times.start) {
        Phase::Arriving
    } else {
        Phase::Waiting
    };
    session.arbitration = Some(reached.max(phase));
    if entry::decided(session).is_some() {
        return;
    }
    let nobody_came = || !session.members.values().any(|member| member.arrived);
    if phase < Phase::Playing && reached == Phase::Playing && nobody_came() {
        entry::decide(session, ResultState::Canceled, None);
    } else if reached == Phase::Playing {
        results::arbitrate(session, is_due(times.arbitration));
    }
}

/// Who is active has come, whatever becomes of them.
fn note_arrivals(session: &mut Session) {
    let arriving = |member: &Member| member.state == MemberState::Active && !member.arrived;
    let members = session.members.iter();
    let new: Vec<u32> = members
        .filter(|(_, member)| arriving(member))
        .map(|(index, _)| *index)
        .collect();
    for index in new {
        session
            .members
            .update(index, |member| member.arrived = true);
    }
}

/// When the clock next changes something.
pub(super) fn timer(session: &Session) -> Option<Timestamp> {
    let phase = session.arbitration?;
    if entry::decided(session).is_some() {
        return None;
    }
    let times = times(session)?;
    match phase {
        Phase::Waiting => times.start,
        Phase::Arriving => times.forfeit,
        Phase::Playing => times.arbitration,
    }
}

/// From when on the timer of a member's state runs; `None` is never.
///
/// Inferred: the roster is fixed, so time takes nobody out of it before the arbitration time.
pub(super) fn timer_begins(session: &Session, since: Timestamp) -> Option<Timestamp> {
    if session.arbitration.is_none() {
        return Some(since);
    }
    match times(session) {
        Some(times) => times.arbitration.map(|free| free.max(since)),
        None => Some(since),
    }
}

/// Whether reports are taken.
pub(super) fn reporting(session: &Session) -> Reporting {
    match session.arbitration {
        None => Reporting::Never,
        Some(_) if entry::decided(session).is_some() => Reporting::Over,
        Some(Phase::Waiting) => Reporting::NotYet,
        Some(Phase::Arriving | Phase::Playing) => Reporting::Open,
    }
}

/// Refuses a user who would add somebody to the roster. `[doc]`
pub(super) fn check_addition(
    session: &Session,
    caller: &Caller,
    path: &str,
) -> Result<(), Refusal> {
    if session.arbitration.is_none() || caller.server {
        return Ok(());
    }
    let detail = "the players of an arbitrated session are those whom a server has put in it";
    Err(Rule::RosterFixed.at(path, detail))
}

/// Refuses a user who would take somebody off the roster. `[doc]`
///
/// Inferred: once the match is decided, players may go.
pub(super) fn check_taking_off(
    session: &Session,
    caller: &Caller,
    path: &str,
) -> Result<(), Refusal> {
    if entry::decided(session).is_some() {
        return Ok(());
    }
    check_addition(session, caller, path)
}

/// How far the match has come.
pub fn status(session: &Session) -> Option<ArbitrationStatus> {
    let phase = session.arbitration?;
    Some(if entry::decided(session).is_some() {
        ArbitrationStatus::Complete
    } else if phase == Phase::Waiting {
        ArbitrationStatus::Waiting
    } else if session.members.values().any(|member| member.arrived) {
        ArbitrationStatus::InProgress
    } else {
        ArbitrationStatus::Joining
    })
}

/// How far the match has come for a player. `[doc]` for the words.
///
/// Inferred: a match that is decided is complete for everybody, unless it lacks the report that the
/// player did not send in time.
pub fn member_status(session: &Session, member: &Member) -> Option<ArbitrationStatus> {
    let phase = session.arbitration?;
    let reported = member.arbitration.is_some();
    Some(match entry::decided(session) {
        Some(ResultState::PartialResults | ResultState::NoResults) if !reported => {
            ArbitrationStatus::Incomplete
        }
        Some(_) => ArbitrationStatus::Complete,
        None if phase == Phase::Waiting => ArbitrationStatus::Waiting,
        None if reported => ArbitrationStatus::Complete,
        None if member.arrived => ArbitrationStatus::Playing,
        None => ArbitrationStatus::Joining,
    })
}
