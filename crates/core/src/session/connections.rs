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
pub fn lose(session: &Session, is_lost: impl Fn(Uuid) -> bool, now: Timestamp) -> Lost {
    let on_lost = |member: &Member| depends_on(member).is_some_and(&is_lost);
    let members: Vec<(u32, Xuid)> = session
        .members
        .iter()
        .filter(|(_, member)| on_lost(member))
        .map(|(index, member)| (*index, member.xuid))
        .collect();
    if members.is_empty() {
        return Lost::Nobody;
    }
    if !requires_connections(session) {
        return Lost::NotRequired;
    }
    let mut session = session.clone();
    for (index, _) in &members {
        if let Some(member) = session.members.get_mut(index) {
            Arc::make_mut(member).deactivate(now);
        }
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
    let all = members.flat_map(|member| subscribers(member));
    all.map(|subscriber| subscriber.connection).collect()
}

/// Refuses a write that has one connection tapped by more sessions than may. `[doc]`
///
/// `others` says how many other sessions tap a connection; it is asked only for connections that
/// the write adds, all of which are in the calling member's own entry.
pub fn check_tapped(
    before: Option<&Session>,
    after: &Session,
    others: impl Fn(Uuid) -> usize,
) -> Result<(), Refusal> {
    let former = before.map(tapped).unwrap_or_default();
    let mut added = tapped(after).into_iter().filter(|id| !former.contains(id));
    if added.any(|id| MAX_SESSIONS_PER_CONNECTION <= others(id)) {
        let path = "members.me.properties.system.connection";
        let detail = format!(
            "subscriptions of {MAX_SESSIONS_PER_CONNECTION} sessions use this connection already"
        );
        return Err(Rule::ConnectionSessions.at(path, detail));
    }
    Ok(())
}

fn requires_connections(session: &Session) -> bool {
    session
        .constants
        .has(Capability::ConnectionRequiredForActiveMembers)
}

/// The connection without which a member would not be active or ready.
fn depends_on(member: &Member) -> Option<Uuid> {
    match member.state {
        MemberState::Active | MemberState::Ready => parse_guid(member.connection.as_deref()?),
        MemberState::Inactive | MemberState::Reserved => None,
    }
}
