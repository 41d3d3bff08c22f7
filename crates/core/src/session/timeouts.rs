//! All timeouts: what time does to a session, and when it will do so next.
//!
//! A timer's expiry changes nothing at that instant: the state is brought up to date before the
//! next read or write. `[doc]` The scheduler only makes sure that there is a next one.

use jiff::{SignedDuration, Timestamp};

use super::initialization::{self, Trigger};
use super::member_map::Totals;
use super::members::{self, Emptied};
use super::{Member, MemberState, Session, arbitration, server_candidates};

/// A session after time has passed.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once, matched at once and never kept"
)]
pub enum Settled {
    /// Nothing was due.
    Unchanged,
    /// Members turned inactive or were removed; one more change.
    Changed(Session),
    /// The session's time is over.
    Deleted,
}

/// Lets time pass: applies every timeout that is due at `now`.
///
/// At most one transition per member, and a transition's own timer starts at `now`:
/// timeouts are not stacked. `[doc]`
pub fn settle(session: &Session, now: Timestamp) -> Settled {
    if next_timer(session).is_none_or(|due| now < due) {
        return Settled::Unchanged;
    }
    if empty_timer(session).is_some_and(|due| due <= now) {
        return Settled::Deleted;
    }
    let mut settled = session.clone();
    let in_time = |totals: &Totals| earliest(session, totals).is_some_and(|due| due <= now);
    let due: Vec<(u32, MemberState)> = session
        .members
        .where_totals(in_time)
        .into_iter()
        .filter(|(_, member)| member_timer(session, member).is_some_and(|due| due <= now))
        .map(|(index, member)| (index, member.state))
        .collect();
    for (index, state) in due {
        if state == MemberState::Ready {
            settled
                .members
                .update(index, |member| member.deactivate(now));
        } else {
            members::remove(&mut settled, index);
        }
    }
    super::properties::drop_unknown_host(&mut settled);
    initialization::advance(&mut settled, Trigger::Time, now);
    arbitration::advance(&mut settled, now);
    let had_owners = !session.properties.owners.is_empty();
    if members::after_removal(&mut settled, had_owners) == Emptied::Delete
        || members::check_empty(&mut settled, now) == Emptied::Delete
    {
        return Settled::Deleted;
    }
    server_candidates::fill(&mut settled, Some(session));
    settled.change_number += 1;
    Settled::Changed(settled)
}

/// The next moment at which [`settle`] would change this session.
pub fn next_timer(session: &Session) -> Option<Timestamp> {
    let timers = [
        earliest(session, session.members.totals()),
        empty_timer(session),
        initialization::stage_timer(session),
        arbitration::timer(session),
    ];
    timers.into_iter().flatten().min()
}

/// The first moment at which somebody's time is over, of whom only this is counted.
fn earliest(session: &Session, totals: &Totals) -> Option<Timestamp> {
    let timed = [
        MemberState::Reserved,
        MemberState::Inactive,
        MemberState::Ready,
    ];
    let due = |state| {
        let since = arbitration::timer_begins(session, totals.earliest(state)?)?;
        after(since, timeout(session, state)?)
    };
    timed.into_iter().filter_map(due).min()
}

/// Whether the time of a member in its present state is over, or the time in which its episode awaits
/// it.
pub(super) fn is_due(session: &Session, member: &Member, now: Timestamp) -> bool {
    member_timer(session, member).is_some_and(|due| due <= now)
        || initialization::is_awaited_no_more(session, member, now)
}

/// When the time of a member in its present state is over, if that counts at present.
fn member_timer(session: &Session, member: &Member) -> Option<Timestamp> {
    if initialization::holds_timer(member) {
        return None;
    }
    let since = arbitration::timer_begins(session, member.state_since)?;
    after(since, timeout(session, member.state)?)
}

fn timeout(session: &Session, state: MemberState) -> Option<u64> {
    let constants = &session.constants;
    match state {
        MemberState::Reserved => constants.reserved_removal_timeout,
        MemberState::Inactive => constants.inactive_removal_timeout,
        MemberState::Ready => constants.ready_removal_timeout,
        MemberState::Active => None,
    }
}

fn empty_timer(session: &Session) -> Option<Timestamp> {
    after(
        session.empty_since?,
        session.constants.session_empty_timeout?,
    )
}

/// A moment some ms later; one beyond the calendar never comes.
pub(super) fn after(start: Timestamp, timeout_ms: u64) -> Option<Timestamp> {
    let timeout = SignedDuration::from_millis(i64::try_from(timeout_ms).ok()?);
    start.checked_add(timeout).ok()
}
