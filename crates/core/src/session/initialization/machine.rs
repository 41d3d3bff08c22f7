//! Follows the table: which conditions hold, and what the acts do.

use convoke_wire::session::initialization::Failure;
use jiff::Timestamp;

use super::table::{Act, State, TABLE, When};
use super::{Episode, enrolment, evaluation, groups, hosts, measuring, stage_timer};
use crate::session::{Member, MemberState, Session, members};

/// What brought an evaluation about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session) enum Trigger {
    /// A write, or time that is not a stage's.
    Change,
    /// Time: what is over at the moment of the evaluation is.
    Time,
    /// A write with `initializationSucceeded`.
    Verdict(bool),
}

/// Follows the table for as long as a row applies.
///
/// A trigger serves one row: a stage that begins now has all of its time, even if that is none.
pub(in crate::session) fn advance(session: &mut Session, mut trigger: Trigger, now: Timestamp) {
    if session.initialization.is_none() {
        return;
    }
    hosts::drop_stale(session);
    let mut state = super::episode(session).map_or(State::Idle, |it| it.stage.into());
    // It ends: a row to `Joining` uses up all who wait, and every other leads on from there.
    while let Some(row) = TABLE
        .iter()
        .find(|row| row.from == state && holds(session, row.when, trigger, now))
    {
        for act in row.acts {
            perform(session, *act, now);
        }
        state = row.to;
        enter(session, state, now);
        trigger = Trigger::Change;
    }
}

/// Shows the stage of the state that was entered.
fn enter(session: &mut Session, entered: State, now: Timestamp) {
    let Some(state) = &mut session.initialization else {
        return;
    };
    match entered.stage() {
        Some(stage) => {
            state.episode = Some(Episode {
                number: state.latest,
                stage,
                since: now,
            });
        }
        None if entered == State::Idle => state.episode = None,
        None => {}
    }
}

fn holds(session: &Session, when: When, trigger: Trigger, now: Timestamp) -> bool {
    let time_is_over =
        || trigger == Trigger::Time && stage_timer(session).is_some_and(|due| due <= now);
    match when {
        When::MembersWait => waiting(session).next().is_some(),
        When::EverybodyJoined => !of_episode(session).any(|(_, it)| !it.is_accepted()),
        When::JoinTimeout | When::MeasurementTimeout | When::EvaluationTimeout => time_is_over(),
        When::SomethingToMeasure => measuring::is_needed(session),
        When::EverybodyMeasured => measuring::silent(session).is_empty(),
        When::ExternalEvaluation => {
            let constants = session.constants.member_initialization.as_ref();
            constants.is_some_and(|it| it.external_evaluation == Some(true))
        }
        When::EnoughPassed => {
            let needed = if number(session) == 1 {
                enrolment::members_needed(session) as usize
            } else {
                1
            };
            needed <= enrolled(session).count()
        }
        When::TitleAccepts => trigger == Trigger::Verdict(true),
        When::TitleRejects => trigger == Trigger::Verdict(false),
        When::FirstEpisode => number(session) == 1,
        When::Otherwise => true,
    }
}

fn perform(session: &mut Session, act: Act, now: Timestamp) {
    match act {
        Act::StartEpisode => {
            if let Some(state) = &mut session.initialization {
                state.latest += 1;
            }
        }
        Act::RemoveReserved => {
            let reserved = of_episode(session).filter(|(_, it)| !it.is_accepted());
            let reserved: Vec<u32> = reserved.map(|(index, _)| index).collect();
            for index in reserved {
                members::remove(session, index);
            }
        }
        Act::FailSilent => {
            for index in measuring::silent(session) {
                fail(session, index, Failure::Timeout);
            }
        }
        Act::FailUnfit => {
            for (index, failure) in evaluation::unfit(session) {
                fail(session, index, failure);
            }
        }
        Act::FailGroups => groups::fail_groups(session),
        Act::NameHosts => {
            if number(session) == 1 {
                hosts::name(session);
            }
        }
        Act::FailOthers => {
            let others: Vec<u32> = enrolled(session).map(|(index, _)| index).collect();
            fail_all(session, &others);
        }
        Act::FailWaiting => {
            let waiting: Vec<u32> = waiting(session).map(|(index, _)| index).collect();
            fail_all(session, &waiting);
        }
        Act::Release => release(session, now),
    }
}

fn fail_all(session: &mut Session, members: &[u32]) {
    for index in members {
        fail(session, *index, Failure::Episode);
    }
}

fn fail(session: &mut Session, index: u32, failure: Failure) {
    let fail = |member: &mut Member| member.initialization_failure = Some(failure);
    session.members.update(index, fail);
}

/// The members of the episode, and those who waited in vain, are done with it. The timers that it held
/// begin anew.
fn release(session: &mut Session, now: Timestamp) {
    let number = number(session);
    if let Some(state) = &mut session.initialization {
        state.broken_groups.clear();
    }
    let is_done = |member: &Member| {
        let of_it = member.initialization_episode == Some(number);
        let in_vain = member.initialization_episode.is_some()
            && member.initialization_failure == Some(Failure::Episode);
        of_it || in_vain
    };
    let done = session.members.iter().filter(|(_, member)| is_done(member));
    let done: Vec<u32> = done.map(|(index, _)| *index).collect();
    for index in done {
        session.members.update(index, |member| {
            member.initialization_episode = None;
            if matches!(member.state, MemberState::Ready | MemberState::Reserved) {
                member.state_since = now;
            }
        });
    }
}

/// The number of the episode that runs.
fn number(session: &Session) -> u32 {
    session.initialization.as_ref().map_or(0, |it| it.latest)
}

/// The members of the running episode, failed ones as well.
fn of_episode(session: &Session) -> impl Iterator<Item = (u32, &Member)> {
    let number = number(session);
    let members = session.members.iter();
    members
        .filter(move |(_, member)| member.initialization_episode == Some(number))
        .map(|(index, member)| (*index, member.as_ref()))
}

/// The members of the running episode who have not failed.
pub(super) fn enrolled(session: &Session) -> impl Iterator<Item = (u32, &Member)> {
    of_episode(session).filter(|(_, member)| member.initialization_failure.is_none())
}

/// The members whose episode comes after the running one.
fn waiting(session: &Session) -> impl Iterator<Item = (u32, &Member)> {
    let number = number(session);
    let members = session.members.iter();
    members
        .filter(move |(_, it)| it.initialization_episode.is_some_and(|own| number < own))
        .map(|(index, member)| (*index, member.as_ref()))
}
