//! Whether the ways between members reach the requirements, and whose fault it is when they do not.
//!
//! Inferred: the thresholds are documented, the procedure is not (session 6.4).

use std::collections::BTreeMap;

use convoke_wire::session::constants::{PeerToHostRequirements, PeerToPeerRequirements};
use convoke_wire::session::initialization::Failure;
use convoke_wire::session::member::Measurement;

use super::hosts;
use super::measuring::{Player, players};
use crate::limits::{
    HOST_BANDWIDTH_DOWN_MINIMUM_KBPS, HOST_BANDWIDTH_UP_MINIMUM_KBPS, LATENCY_MAXIMUM_MS,
    PEER_BANDWIDTH_MINIMUM_KBPS,
};
use crate::session::Session;

/// The members of the episode who do not reach the requirements, and what they lack most.
///
/// Both topologies are required where both are set: first those who fail among peers are found, then
/// the best host among the others, and then who does not reach that host.
pub(super) fn unfit(session: &Session) -> BTreeMap<u32, Failure> {
    let players = players(session);
    let mut unfit = BTreeMap::new();
    if let Some(needs) = &session.constants.peer_to_peer_requirements {
        unfit = blamed(&players, &Needs::from(needs));
    }
    if let Some(requirements) = &session.constants.peer_to_host_requirements {
        let needs = Needs::from(requirements);
        let fit: Vec<&Player<'_>> = players
            .iter()
            .filter(|player| !unfit.contains_key(&player.index))
            .collect();
        if let Some(host) = hosts::ranking(session, requirements, &fit).first() {
            for player in players.iter().filter(|player| player.is_judged) {
                if let Some(lack) = needs.lack_towards(player, host.token) {
                    let worst = unfit.entry(player.index).or_insert(lack);
                    *worst = lack.min(*worst);
                }
            }
        }
    }
    unfit
}

/// What a way has to reach.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    latency_ms: u64,
    down_kbps: u64,
    up_kbps: u64,
}

impl From<&PeerToPeerRequirements> for Needs {
    fn from(requirements: &PeerToPeerRequirements) -> Self {
        let bandwidth = requirements.bandwidth_minimum;
        let bandwidth = bandwidth.unwrap_or(PEER_BANDWIDTH_MINIMUM_KBPS);
        Self {
            latency_ms: requirements.latency_maximum.unwrap_or(LATENCY_MAXIMUM_MS),
            down_kbps: bandwidth,
            up_kbps: bandwidth,
        }
    }
}

impl From<&PeerToHostRequirements> for Needs {
    fn from(requirements: &PeerToHostRequirements) -> Self {
        let down = requirements.bandwidth_down_minimum;
        let up = requirements.bandwidth_up_minimum;
        Self {
            latency_ms: requirements.latency_maximum.unwrap_or(LATENCY_MAXIMUM_MS),
            down_kbps: down.unwrap_or(HOST_BANDWIDTH_DOWN_MINIMUM_KBPS),
            up_kbps: up.unwrap_or(HOST_BANDWIDTH_UP_MINIMUM_KBPS),
        }
    }
}

impl Needs {
    /// What a measured way lacks most; one that was not measured, or not in all, does not exist. `[doc]`
    fn lack(&self, measured: Option<&Measurement>) -> Option<Failure> {
        let Some(measured) = measured else {
            return Some(Failure::Network);
        };
        let is = |lacking: bool, failure: Failure| lacking.then_some(failure);
        let Measurement {
            latency,
            bandwidth_down,
            bandwidth_up,
            custom: _,
        } = measured;
        is(
            latency.is_some_and(|it| self.latency_ms < it),
            Failure::Latency,
        )
        .or(is(
            bandwidth_down.is_some_and(|it| it < self.down_kbps),
            Failure::BandwidthDown,
        ))
        .or(is(
            bandwidth_up.is_some_and(|it| it < self.up_kbps),
            Failure::BandwidthUp,
        ))
        .or(is(
            latency.is_none() || bandwidth_down.is_none() || bandwidth_up.is_none(),
            Failure::Network,
        ))
    }

    /// What a member's way to a device lacks most; there is none to its own.
    pub(super) fn lack_towards(&self, player: &Player<'_>, token: &str) -> Option<Failure> {
        if player.token.as_deref() == Some(token) {
            return None;
        }
        self.lack(way(player, token))
    }

    /// What the ways between two members lack most. Where one was judged in an earlier episode, its
    /// silence is no fault, because it is not asked to measure again.
    fn lack_between(&self, one: &Player<'_>, other: &Player<'_>) -> Option<Failure> {
        let (Some(here), Some(there)) = (&one.token, &other.token) else {
            return None;
        };
        let lack = |from: &Player<'_>, to: &str| {
            let counts = from.is_judged || way(from, to).is_some();
            self.lack_towards(from, to).filter(|_| counts)
        };
        let lacks = [lack(one, there), lack(other, here)];
        lacks.into_iter().flatten().min()
    }
}

/// What a member measured towards a device.
pub(super) fn way<'a>(player: &Player<'a>, token: &str) -> Option<&'a Measurement> {
    player.member.measurements.as_ref()?.get(token)
}

/// As long as pairs fail, the member with the most of them is blamed, the latest among equals.
fn blamed(players: &[Player<'_>], needs: &Needs) -> BTreeMap<u32, Failure> {
    let mut failing: Vec<([u32; 2], Failure)> = Vec::new();
    for (position, one) in players.iter().enumerate() {
        for other in &players[position + 1..] {
            let judged = one.is_judged || other.is_judged;
            if let Some(lack) = needs.lack_between(one, other).filter(|_| judged) {
                failing.push(([one.index, other.index], lack));
            }
        }
    }
    let mut blamed = BTreeMap::new();
    while !failing.is_empty() {
        let pairs_of = |index: u32| {
            failing
                .iter()
                .filter(move |(pair, _)| pair.contains(&index))
        };
        let judged = players.iter().filter(|player| player.is_judged);
        let worst = judged
            .map(|player| player.index)
            .max_by_key(|index| (pairs_of(*index).count(), *index));
        let Some(worst) = worst else { break };
        let Some(lack) = pairs_of(worst).map(|(_, lack)| *lack).min() else {
            break;
        };
        failing.retain(|(pair, _)| !pair.contains(&worst));
        blamed.insert(worst, lack);
    }
    blamed
}
