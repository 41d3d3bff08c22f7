//! Why members, or the session itself, are gone with a change.
//!
//! Ours: the original tells that somebody is gone, and leaves titles to guess why.

use convoke_wire::session::changes::{Cause, Departure, DepartureReason, SessionEnd};
use convoke_wire::session::constants::Capability;
use jiff::Timestamp;

use super::timeouts::is_due;
use super::{Member, MemberState, Members, Session};

/// What is gone with one change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Departures {
    /// Members, in the order of their indices.
    pub members: Vec<Departure>,
    /// The session, and why.
    pub ended: Option<SessionEnd>,
}

impl Departures {
    /// Whether everybody is still there.
    pub fn is_nothing(&self) -> bool {
        self.members.is_empty() && self.ended.is_none()
    }
}

/// What is gone with the change from one state to another, `None` being no session any more.
///
/// `disconnected` are the members who are inactive because their connection was lost; `now` is the
/// moment of the change.
pub fn departures(
    before: &Session,
    after: Option<&Session>,
    cause: Cause,
    disconnected: &[u32],
    now: Timestamp,
) -> Departures {
    let ended = after.is_none().then(|| end(before, cause, now));
    let nobody = Members::new();
    let remaining = after.map_or(&nobody, |after| &after.members);
    let changed = remaining.differences(&before.members).into_iter();
    let gone = changed.filter(|it| it.after.is_none());
    let gone = gone.filter_map(|it| Some((it.index, it.before?)));
    let members = gone.map(|(index, member)| Departure {
        index,
        xuid: member.xuid,
        reason: match cause {
            Cause::Member { xuid } if xuid == member.xuid => DepartureReason::Left,
            Cause::Timer if is_due(before, member, now) => {
                timeout(member, disconnected.contains(&index))
            }
            Cause::Timer | Cause::Disconnect => DepartureReason::SessionEnded,
            Cause::Member { .. } | Cause::Server
                if ended == Some(SessionEnd::OwnersGone)
                    && !before.properties.owners.contains(&index) =>
            {
                DepartureReason::SessionEnded
            }
            Cause::Member { .. } | Cause::Server => DepartureReason::Removed,
        },
    });
    Departures {
        members: members.collect(),
        ended,
    }
}

fn timeout(member: &Member, disconnected: bool) -> DepartureReason {
    match member.state {
        MemberState::Reserved => DepartureReason::ReservedTimeout,
        _ if disconnected => DepartureReason::Disconnected,
        _ => DepartureReason::InactiveTimeout,
    }
}

/// Why a session is gone whose last state this was.
fn end(before: &Session, cause: Cause, now: Timestamp) -> SessionEnd {
    let is_timer = cause == Cause::Timer;
    // A session with owners goes with them, whoever is still in it.
    let others_remained = if is_timer {
        let mut members = before.members.values();
        members.any(|member| !is_due(before, member, now))
    } else {
        1 < before.members.len()
    };
    if before.members.is_empty() {
        SessionEnd::EmptyTimeout
    } else if others_remained && before.constants.has(Capability::HasOwners) {
        SessionEnd::OwnersGone
    } else if is_timer {
        SessionEnd::LastMemberTimedOut
    } else {
        SessionEnd::LastMemberLeft
    }
}
