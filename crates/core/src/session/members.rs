//! The member list: adding, leaving, removal and what removal cleans up.

use std::sync::Arc;

use convoke_wire::RawJson;
use convoke_wire::session::constants::{Capability, OwnershipMigration};
use jiff::Timestamp;

use super::{Member, MemberState, Session, initialization, owners};

/// What becomes of a session that may have lost its last member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emptied {
    /// It goes on, perhaps empty.
    Keep,
    /// It is deleted in the same step.
    Delete,
}

/// Adds a member at the end of the list; indices are never used twice. `[client]`
pub(super) fn add(session: &mut Session, member: Member) -> u32 {
    let index = session.next_index;
    session.next_index += 1;
    session.members.insert(index, Arc::new(member));
    session.empty_since = None;
    index
}

/// Removes a member and what refers to it.
pub(super) fn remove(session: &mut Session, index: u32) {
    let Some(member) = session.members.remove(&index) else {
        return;
    };
    initialization::note_removal(session, index);
    session.properties.turn.retain(|turn| *turn != index);
    session.properties.owners.retain(|owner| *owner != index);
    for other in grouped_with(session, index) {
        session.members.update(other, |other| {
            let groups = other.initialization_group.iter_mut();
            groups.for_each(|group| group.retain(|peer| *peer != index));
        });
    }
    if session.properties.locked && member.is_accepted() {
        session.alumni.insert(member.xuid);
    }
}

/// The members who initialise together with a member; large sessions have no such groups. `[doc]`
fn grouped_with(session: &Session, index: u32) -> Vec<u32> {
    if session.constants.has(Capability::Large) {
        return Vec::new();
    }
    let is_grouped = |member: &Member| {
        let group = member.initialization_group.as_ref();
        group.is_some_and(|group| group.contains(&index))
    };
    let members = session.members.iter();
    let grouped = members.filter(|(_, other)| is_grouped(other));
    grouped.map(|(other, _)| *other).collect()
}

/// Brings ownership up to date after members may have been removed.
pub(super) fn after_removal(session: &mut Session, had_owners: bool) -> Emptied {
    match owners::migrate(session, had_owners) {
        Some(OwnershipMigration::EndSession) => Emptied::Delete,
        Some(OwnershipMigration::Oldest) | None => Emptied::Keep,
    }
}

/// Judges whether a session without members goes on, and starts its timer.
pub(super) fn check_empty(session: &mut Session, now: Timestamp) -> Emptied {
    if !session.members.is_empty() {
        return Emptied::Keep;
    }
    if session.constants.session_empty_timeout == Some(0) {
        return Emptied::Delete;
    }
    session.empty_since.get_or_insert(now);
    Emptied::Keep
}

impl Member {
    /// The bytes that titles filled.
    pub(super) fn weight(&self) -> usize {
        let measured = self.measurements.iter().flatten();
        let towards_members = measured.map(|(token, measurement)| {
            token.len() + measurement.custom.as_ref().map_or(0, RawJson::len)
        });
        let measured = self.server_measurements.iter().flatten();
        let towards_servers = measured.map(|(server, value)| server.len() + value.len());
        let raw = [&self.matchmaking_result, &self.arbitration].into_iter();
        self.custom.len()
            + self.constants_custom.len()
            + towards_members.sum::<usize>()
            + towards_servers.sum::<usize>()
            + raw.flatten().map(RawJson::len).sum::<usize>()
    }

    /// Turns the member inactive; its subscription stays. `[client]`
    pub(super) fn deactivate(&mut self, now: Timestamp) {
        self.connection = None;
        self.active_title_id = None;
        self.enter(MemberState::Inactive, now);
    }

    /// Enters a state; its timers run from the moment it was entered.
    pub(super) fn enter(&mut self, state: MemberState, now: Timestamp) {
        if self.state != state {
            self.state = state;
            self.state_since = now;
        }
    }
}
