//! Which member's device is the best host.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use convoke_wire::session::constants::{HostSelectionMetric, PeerToHostRequirements};
use convoke_wire::session::member::Measurement;

use super::evaluation::{Needs, way};
use super::measuring::{Player, players};
use crate::session::{MemberState, Session};

/// A device that could be the host.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    /// Its device token.
    pub(super) token: &'a str,
    /// How many of the members who are judged reach it; those on it do.
    reached_by: usize,
}

/// The devices that could be the host, best first: that which most members reach, then by the metric
/// of the session, then the one whose member came first. `Inferred:` session 6.4
///
/// A host that is set is the only candidate. `[doc]`
pub(super) fn ranking<'a>(
    session: &Session,
    requirements: &PeerToHostRequirements,
    players: &[&'a Player<'_>],
) -> Vec<Candidate<'a>> {
    let host = session.properties.host.as_deref();
    let mut seen = BTreeSet::new();
    let candidates = players.iter().filter_map(|player| {
        let token = player.token.as_deref()?;
        let stands = match host {
            Some(host) => token.eq_ignore_ascii_case(host),
            None => player.member.state == MemberState::Active,
        };
        (stands && seen.insert(token)).then_some(token)
    });
    let needs = Needs::from(requirements);
    let metric = requirements.host_selection_metric;
    let metric = metric.unwrap_or(HostSelectionMetric::Latency);
    let mut ranked: Vec<Candidate<'a>> = candidates
        .map(|token| Candidate {
            token,
            reached_by: judged(players)
                .filter(|player| needs.lack_towards(player, token).is_none())
                .count(),
        })
        .collect();
    // The order of indices stays among equals.
    ranked.sort_by_key(|it| (Reverse(it.reached_by), cost(players, it.token, metric)));
    ranked
}

/// Names the devices that everybody who passed reaches, unless there is a host.
pub(super) fn name(session: &mut Session) {
    let Some(requirements) = &session.constants.peer_to_host_requirements else {
        return;
    };
    if session.properties.host.is_some() {
        return;
    }
    let players = players(session);
    let players: Vec<&Player<'_>> = players.iter().collect();
    let everybody = judged(&players).count();
    let named = ranking(session, requirements, &players)
        .into_iter()
        .filter(|candidate| candidate.reached_by == everybody)
        .map(|candidate| candidate.token.to_owned())
        .collect();
    if let Some(state) = &mut session.initialization {
        state.host_candidates = named;
    }
}

/// Forgets all candidates once there is a host `[doc]`, and those whose members are gone.
/// `Inferred:` for the latter.
pub(super) fn drop_stale(session: &mut Session) {
    let Some(state) = &mut session.initialization else {
        return;
    };
    if session.properties.host.is_some() {
        state.host_candidates.clear();
    }
    if state.host_candidates.is_empty() {
        return;
    }
    let members = session.members.values();
    let present: BTreeSet<String> = members.filter_map(|it| it.device_token()).collect();
    state
        .host_candidates
        .retain(|token| present.contains(token));
}

fn judged<'a, 'b, 'c>(
    players: &'c [&'a Player<'b>],
) -> impl Iterator<Item = &'a Player<'b>> + use<'a, 'b, 'c> {
    players.iter().copied().filter(|player| player.is_judged)
}

/// The average of the metric over those who measured it, as a number of which the smallest is best.
fn cost(players: &[&Player<'_>], token: &str, metric: HostSelectionMetric) -> u128 {
    let of = |measured: &Measurement| -> Option<u128> {
        let sum = match metric {
            HostSelectionMetric::Latency => u128::from(measured.latency?),
            HostSelectionMetric::BandwidthUp => u128::from(measured.bandwidth_up?),
            HostSelectionMetric::BandwidthDown => u128::from(measured.bandwidth_down?),
            HostSelectionMetric::Bandwidth => {
                u128::from(measured.bandwidth_up?) + u128::from(measured.bandwidth_down?)
            }
        };
        Some(sum)
    };
    let values: Vec<u128> = judged(players)
        .filter_map(|player| of(way(player, token)?))
        .collect();
    // In thousandths, so that close averages differ.
    let sum = values.iter().sum::<u128>() * 1000;
    let Some(average) = sum.checked_div(values.len() as u128) else {
        return u128::MAX;
    };
    match metric {
        HostSelectionMetric::Latency => average,
        _ => u128::MAX - 1 - average,
    }
}
