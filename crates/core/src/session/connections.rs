//! Real-time connections of members: which a session depends on, and what the loss of one does.
//!
//! Not here: when a connection counts as lost; the shell waits for a while first.

use std::collections::BTreeSet;
use std::sync::Arc;

use convoke_wire::Xuid;
use convoke_wire::ids::parse_guid;
use convoke_wire::session::constants::Capability;
use jiff::Timestamp;
use uuid::Uuid;

use super::member_map::Changed;
use super::taps::subscribers;
use super::{Member, MemberState, Session};
use crate::limits::MAX_SESSIONS_PER_CONNECTION;
use crate::refusal::{Refusal, Rule};

/// A session after connections were lost.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once, matched at once and never kept"
)]
pub enum Lost {
    /// No active or ready member is on such a connection.
    Nobody,
    /// Somebody is, but members of this session may be active without a connection. `Inferred:`
    /// handles C2
    NotRequired,
    /// Members turned inactive; one more change.
    Changed {
        /// The session afterwards.
        session: Session,
        /// Who turned inactive, by index. Their activities in the session have ended. `[doc]`
        members: Vec<(u32, Xuid)>,
    },
}

/// Turns inactive whoever is active or ready on a connection that was lost. `[doc]`
///
/// The session must already be settled to `now`. Subscriptions survive, because clients that
/// reconnect send only the new connection. `[client]` A member that has replaced its connection
/// meanwhile is not on the lost one, and a second loss of the same finds nobody. Timers are not run:
/// a member that may be inactive for no time at all is still there until the next evaluation.
pub fn lose(session: &Session, lost: &BTreeSet<Uuid>, now: Timestamp) -> Lost {
    let indices = lost.iter().flat_map(|id| session.members.on(*id));
    let members = indices.filter_map(|index| Some((index, session.members.get(&index)?.xuid)));
    let mut members: Vec<(u32, Xuid)> = members.collect();
    members.sort_unstable();
    if members.is_empty() {
        return Lost::Nobody;
    }
    if !requires_connections(session) {
        return Lost::NotRequired;
    }
    let mut session = session.clone();
    for (index, _) in &members {
        session
            .members
            .update(*index, |member| member.deactivate(now));
    }
    session.change_number += 1;
    Lost::Changed { session, members }
}

/// The connections whose loss would change the session.
pub fn required(session: &Session) -> BTreeSet<Uuid> {
    if !requires_connections(session) {
        return BTreeSet::new();
    }
    let members = session.members.values();
    members.filter_map(|member| depends_on(member)).collect()
}

/// The connections that the session taps when it changes.
pub fn tapped(session: &Session) -> BTreeSet<Uuid> {
    if session.constants.has(Capability::Large) {
        return BTreeSet::new();
    }
    let members = session.members.values();
    members
        .flat_map(|member| tapped_by(session, member))
        .collect()
}

/// Takes a place among the sessions that tap a connection for every connection that a write adds,
/// and refuses the write where there is none. `[doc]`
///
/// `place` gets a connection, and how many sessions may tap it with this one; it is asked only for
/// connections that the write adds, all of which are in the calling member's own entry. Writes that
/// happen at the same time in other sessions are its business, so a place is taken, not counted.
pub fn places<P>(
    before: Option<&Session>,
    after: &Session,
    place: impl Fn(Uuid, usize) -> Option<P>,
) -> Result<Vec<P>, Refusal> {
    let added = changes(before, Some(after)).tapped.added.into_iter();
    let taken = added.map(|id| place(id, MAX_SESSIONS_PER_CONNECTION));
    taken.collect::<Option<_>>().ok_or_else(|| {
        let path = "members.me.properties.system.connection";
        let detail = format!(
            "subscriptions of {MAX_SESSIONS_PER_CONNECTION} sessions use this connection already"
        );
        Rule::ConnectionSessions.at(path, detail)
    })
}

/// What one change does to the connections of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// To those whose loss would change it.
    pub required: Difference,
    /// To those that it taps.
    pub tapped: Difference,
}

/// What lies between two sets of connections.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Only in the set afterwards.
    pub added: BTreeSet<Uuid>,
    /// Only in the set before.
    pub removed: BTreeSet<Uuid>,
}

/// The difference that a change makes to [`required`] and [`tapped`].
///
/// Members that the two states share are only compared by identity, so that the change of one member
/// in a session of thousands costs little.
pub fn changes(before: Option<&Session>, after: Option<&Session>) -> Changes {
    let (old, new) = touched(before, after);
    if old.is_empty() && new.is_empty() {
        return Changes::default();
    }
    let (old, new) = ((before, &*old), (after, &*new));
    Changes {
        required: difference(old, new, required_by, requires),
        tapped: difference(old, new, tapped_by, taps),
    }
}

/// A session, and its members who are not the same on the other side.
type Side<'a, 'b> = (Option<&'a Session>, &'b [&'a Member]);

/// `of` are the connections of a member, `has` says whether any member of a session has one.
fn difference<'a, I: Iterator<Item = Uuid>>(
    (before, old): Side<'a, '_>,
    (after, new): Side<'a, '_>,
    of: impl Fn(&'a Session, &'a Member) -> I,
    has: impl Fn(&Session, Uuid) -> bool,
) -> Difference {
    let all = |session: Option<&'a Session>, members: &[&'a Member]| -> BTreeSet<Uuid> {
        let session = session.into_iter();
        session
            .flat_map(|session| members.iter().flat_map(|member| of(session, member)))
            .collect()
    };
    let (old, new) = (all(before, old), all(after, new));
    // A member that did not change may be on the same connection.
    let outside = |ids: &BTreeSet<Uuid>, others: &BTreeSet<Uuid>, session: Option<&Session>| {
        let mut only: BTreeSet<Uuid> = ids.difference(others).copied().collect();
        only.retain(|id| !session.is_some_and(|session| has(session, *id)));
        only
    };
    Difference {
        added: outside(&new, &old, before),
        removed: outside(&old, &new, after),
    }
}

/// The connection that a member of a session must not lose.
fn required_by(session: &Session, member: &Member) -> std::option::IntoIter<Uuid> {
    let depended = depends_on(member).filter(|_| requires_connections(session));
    depended.into_iter()
}

/// Whether the loss of a connection would change a session.
fn requires(session: &Session, connection: Uuid) -> bool {
    requires_connections(session) && session.members.depend_on(connection)
}

/// The connections that are tapped for a member; large sessions tap none.
fn tapped_by<'a>(session: &Session, member: &'a Member) -> impl Iterator<Item = Uuid> + use<'a> {
    let taps = !session.constants.has(Capability::Large);
    let all = subscribers(member).iter().filter(move |_| taps);
    all.map(|subscriber| subscriber.connection)
}

/// Whether a session taps a connection.
fn taps(session: &Session, connection: Uuid) -> bool {
    let taps = |member: &Member| tapped_by(session, member).any(|id| id == connection);
    !session.constants.has(Capability::Large) && session.members.values().any(|it| taps(it))
}

/// The members, before and after, that are not the same in both.
fn touched<'a>(
    before: Option<&'a Session>,
    after: Option<&'a Session>,
) -> (Vec<&'a Member>, Vec<&'a Member>) {
    let all = |session: &'a Session| session.members.values().map(|member| &**member).collect();
    let (before, after) = match (before, after) {
        (Some(before), Some(after)) => (&before.members, &after.members),
        (before, after) => {
            return (
                before.map(all).unwrap_or_default(),
                after.map(all).unwrap_or_default(),
            );
        }
    };
    let changed = after.differences(before);
    let of = |side: fn(&Changed<'a>) -> Option<&'a Arc<Member>>| {
        let members = changed.iter().filter_map(side);
        members.map(|member| &**member).collect()
    };
    (of(|it| it.before), of(|it| it.after))
}

fn requires_connections(session: &Session) -> bool {
    session
        .constants
        .has(Capability::ConnectionRequiredForActiveMembers)
}

/// The connection without which a member would not be active or ready.
pub(super) fn depends_on(member: &Member) -> Option<Uuid> {
    match member.state {
        MemberState::Active | MemberState::Ready => parse_guid(member.connection.as_deref()?),
        MemberState::Inactive | MemberState::Reserved => None,
    }
}
