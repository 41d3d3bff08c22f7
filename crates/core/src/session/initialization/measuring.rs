//! Who has what to measure, and who has uploaded it.

use convoke_wire::session::constants::Metrics;

use super::machine;
use crate::session::constants::combinations::derived_metrics;
use crate::session::{Member, Session};

/// A member whose ways count.
#[derive(Debug)]
pub(super) struct Player<'a> {
    /// Its index.
    pub(super) index: u32,
    /// The member.
    pub(super) member: &'a Member,
    /// The device that others measure the way to; none without an address.
    pub(super) token: Option<String>,
    /// Whether the running episode judges it; others were judged in an earlier one.
    pub(super) is_judged: bool,
}

/// The members of the running episode who have not failed, and those whom an earlier one initialised,
/// by index.
pub(super) fn players(session: &Session) -> Vec<Player<'_>> {
    let judged = machine::enrolled(session).map(|(index, member)| (index, member, true));
    let earlier = session.accepted().filter(|(_, member)| {
        let done = member.initialization_episode.is_none();
        member.initialize && done && member.initialization_failure.is_none()
    });
    let earlier = earlier.map(|(index, member)| (index, member.as_ref(), false));
    let mut players: Vec<_> = judged
        .chain(earlier)
        .map(|(index, member, is_judged)| Player {
            index,
            member,
            token: member.device_token(),
            is_judged,
        })
        .collect();
    players.sort_by_key(|player| player.index);
    players
}

/// Whether any member of the episode has something to measure.
pub(super) fn is_needed(session: &Session) -> bool {
    let players = players(session);
    let task = Task::of(session);
    let mut judged = players.iter().filter(|player| player.is_judged);
    judged.any(|player| task.servers || task.has_ways(player, &players))
}

/// The members of the episode who have something to measure and have not uploaded it.
pub(super) fn silent(session: &Session) -> Vec<u32> {
    let players = players(session);
    let task = Task::of(session);
    let silent = players.iter().filter(|player| {
        let ways = player.member.measurements.is_none() && task.has_ways(player, &players);
        let servers = player.member.server_measurements.is_none() && task.servers;
        player.is_judged && (ways || servers)
    });
    silent.map(|player| player.index).collect()
}

/// What there is to measure in a session.
struct Task<'a> {
    /// The ways to other members.
    members: bool,
    /// If set, only those to this device.
    host: Option<&'a str>,
    /// The ways to servers.
    servers: bool,
}

impl<'a> Task<'a> {
    fn of(session: &'a Session) -> Self {
        let constants = &session.constants;
        let metrics = constants
            .metrics
            .unwrap_or_else(|| derived_metrics(constants));
        let servers = constants.measurement_server_addresses.as_ref();
        let only_host = constants.peer_to_host_requirements.is_some()
            && constants.peer_to_peer_requirements.is_none();
        Self {
            members: metrics != Metrics::default(),
            // A host that is known is the only one that is measured. `[doc]`
            host: session.properties.host.as_deref().filter(|_| only_host),
            servers: servers.is_some_and(|servers| !servers.is_empty()),
        }
    }

    /// Whether a member has a way to another device.
    fn has_ways(&self, player: &Player<'_>, players: &[Player<'_>]) -> bool {
        self.members
            && players.iter().any(|other| {
                let token = other.token.as_deref();
                let wanted = self
                    .host
                    .is_none_or(|host| token.is_some_and(|token| token.eq_ignore_ascii_case(host)));
                wanted && token.is_some() && other.token != player.token
            })
    }
}
