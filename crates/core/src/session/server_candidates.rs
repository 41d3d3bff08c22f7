//! `serverConnectionStringCandidates`, where the service fills them in.

use std::sync::Arc;

use convoke_wire::RawJson;
use convoke_wire::session::constants::Capability;
use serde::Deserialize;

use super::{Member, Session};
use crate::limits::{MAX_MAP_ENTRIES, MAX_TEXT_CHARS};

/// With `autoPopulateServerCandidates`, orders the servers anew that all measured, whenever what
/// members measured has changed.
///
/// Inferred: the order is that of the worst latency, then of the mean; the documents only say that
/// there is one (session 8.5). Until somebody has measured, the list is whose writer's it was.
pub(super) fn fill(session: &mut Session, before: Option<&Session>) {
    if !session
        .constants
        .has(Capability::AutoPopulateServerCandidates)
        || !measured_anew(session, before)
    {
        return;
    }
    let candidates = ordered(session);
    session.properties.server_connection_string_candidates =
        (!candidates.is_empty()).then_some(candidates);
}

/// Whether the members' measurements of servers differ from before.
fn measured_anew(session: &Session, before: Option<&Session>) -> bool {
    let is_measured = |member: &Arc<Member>| member.server_measurements.is_some();
    let former = |index: &u32| before.and_then(|before| before.members.get(index));
    let changed = session.members.iter().any(|(index, member)| {
        let former = former(index).and_then(|it| it.server_measurements.as_ref());
        former != member.server_measurements.as_ref()
    });
    let gone = before.into_iter().flat_map(|before| &before.members);
    let mut gone = gone.filter(|(index, _)| !session.members.contains_key(index));
    changed || gone.any(|(_, member)| is_measured(member))
}

fn ordered(session: &Session) -> Vec<String> {
    let members = session.members.values();
    let measured: Vec<_> = members
        .filter_map(|member| member.server_measurements.as_ref())
        .collect();
    let Some((first, others)) = measured.split_first() else {
        return Vec::new();
    };
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
    servers.map(|(_, _, server)| server.clone()).collect()
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
