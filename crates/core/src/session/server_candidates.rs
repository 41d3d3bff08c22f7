//! `serverConnectionStringCandidates`, where the service fills them in.

use std::sync::Arc;

use convoke_wire::RawJson;
use convoke_wire::session::constants::Capability;
use serde::Deserialize;

use super::{Member, Session};
use crate::limits::{MAX_MAP_ENTRIES, MAX_TEXT_CHARS};

/// With `autoPopulateServerCandidates`, the list is the servers that all measured, in order, for as
/// long as somebody has measured any.
///
/// Inferred: the order is that of the worst latency, then of the mean; the documents only say that
/// there is one (session 8.5). Where nobody has measured, the list is as it was last written, since
/// matchmaking fills in what it has measured itself. `[doc]`
pub(super) fn fill(session: &mut Session, before: Option<&Session>) {
    let is_populated = session
        .constants
        .has(Capability::AutoPopulateServerCandidates);
    if !is_populated || !may_differ(session, before) {
        return;
    }
    if let Some(candidates) = ordered(session) {
        session.properties.server_connection_string_candidates =
            (!candidates.is_empty()).then_some(candidates);
    }
}

/// Whether the list or what the members measured is not as it was, which spares other writes the
/// reading of every measurement.
fn may_differ(session: &Session, before: Option<&Session>) -> bool {
    let Some(before) = before else { return true };
    let (now, former) = (&session.properties, &before.properties);
    let is_as_before = |(index, member): (&u32, &Arc<Member>)| {
        let former = before.members.get(index);
        former.and_then(|it| it.server_measurements.as_ref()) == member.server_measurements.as_ref()
    };
    let is_gone = |index: &u32| !session.members.contains_key(index);
    now.server_connection_string_candidates != former.server_connection_string_candidates
        || !session.members.iter().all(is_as_before)
        || before.members.keys().any(is_gone)
}

/// The servers that everyone measured who measured any; `None` when nobody did.
fn ordered(session: &Session) -> Option<Vec<String>> {
    let members = session.members.values();
    let measured: Vec<_> = members
        .filter_map(|member| member.server_measurements.as_ref())
        .collect();
    let (first, others) = measured.split_first()?;
    let mut servers: Vec<(u64, u128, &String)> = first
        .iter()
        .filter(|(server, _)| (1..=MAX_TEXT_CHARS).contains(&server.chars().count()))
        .filter_map(|(server, value)| {
            let mut worst = latency(value)?;
            let mut sum = u128::from(worst);
            for other in others {
                let latency = latency(other.get(server)?)?;
                worst = worst.max(latency);
                sum += u128::from(latency);
            }
            // All were measured by as many, so the sum orders as the mean does.
            Some((worst, sum, server))
        })
        .collect();
    servers.sort();
    let servers = servers.into_iter().take(MAX_MAP_ENTRIES);
    Some(servers.map(|(_, _, server)| server.clone()).collect())
}

/// The latency in a measurement, which may have any other content. `[client]`
fn latency(value: &RawJson) -> Option<u64> {
    #[derive(Deserialize)]
    struct Measured {
        latency: u64,
    }
    let measured: Measured = serde_json::from_str(value.text()).ok()?;
    Some(measured.latency)
}
