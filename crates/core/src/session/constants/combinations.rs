//! Constants that exclude or require each other.
//!
//! The numbers C1 to C13 and C19 are those of the specification's table of combinations.

use convoke_wire::session::constants::Capability::{
    self, Arbitration, AutoPopulateServerCandidates, Broadcast, CloudCompute, Connectivity,
    Gameplay, HasOwners, Large, Searchable, Team, UserAuthorizationStyle,
};
use convoke_wire::session::constants::Metrics;
use convoke_wire::session::roles::RoleTypes;

use super::Constants;
use crate::limits::{ARBITRATION_TIMEOUT_MS, FORFEIT_TIMEOUT_MS, MAX_MEMBERS, MAX_MEMBERS_LARGE};
use crate::refusal::{Refusal, Rule};

/// Checks the combinations that can be judged without the session's name and creator.
pub fn check(constants: &Constants, role_types: Option<&RoleTypes>) -> Result<(), Refusal> {
    check_large(constants)?;
    check_excluding(constants)?;
    check_required(constants)?;
    check_metrics(constants)?;
    check_initialization(constants)?;
    check_arbitration(constants)?;
    let managed = role_types
        .into_iter()
        .flatten()
        .find(|(_, kind)| kind.owner_managed == Some(true));
    if let (Some((name, _)), false) = (managed, constants.has(HasOwners)) {
        let path = format!("roleTypes.{name}.ownerManaged");
        return Err(Rule::InvalidCombination.at(path, needs(HasOwners))); // C11
    }
    Ok(())
}

fn needs(capability: Capability) -> String {
    format!("needs the capability `{}`", capability.as_str())
}

fn refuse(field: &str, detail: impl Into<String>) -> Result<(), Refusal> {
    Err(Rule::InvalidCombination.at(format!("constants.system.{field}"), detail))
}

/// C1 to C4.
fn check_large(constants: &Constants) -> Result<(), Refusal> {
    let large = constants.has(Large);
    let most = if large {
        MAX_MEMBERS_LARGE
    } else {
        MAX_MEMBERS
    };
    if !(1..=most).contains(&constants.max_members()) {
        let detail = if large {
            format!("expected 1 to {MAX_MEMBERS_LARGE}")
        } else {
            format!("expected 1 to {MAX_MEMBERS}; more takes the capability `large`")
        };
        return Err(Rule::OutOfRange.at("constants.system.maxMembersCount", detail)); // C3
    }
    if constants.has(Broadcast) && !large {
        return refuse("capabilities.broadcast", needs(Large)); // C4
    }
    if !large {
        return Ok(());
    }
    let excluded = [
        Connectivity,
        AutoPopulateServerCandidates,
        UserAuthorizationStyle,
        Team,
        Arbitration,
    ];
    for capability in excluded {
        if constants.has(capability) {
            let field = format!("capabilities.{}", capability.as_str());
            return refuse(&field, "excludes the capability `large`"); // C1
        }
    }
    if constants.member_initialization.is_some() {
        return refuse("memberInitialization", "excludes the capability `large`"); // C2
    }
    if constants.measurement_server_addresses.is_some() {
        return refuse(
            "measurementServerAddresses",
            "excludes the capability `large`",
        ); // C2
    }
    Ok(())
}

/// C5, C6 and C9.
fn check_excluding(constants: &Constants) -> Result<(), Refusal> {
    if constants.has(Team) && constants.has(Gameplay) {
        return refuse("capabilities.team", "excludes the capability `gameplay`"); // C5
    }
    if constants.has(Arbitration) && !constants.has(Gameplay) {
        return refuse("capabilities.arbitration", needs(Gameplay)); // C6
    }
    if constants.has(UserAuthorizationStyle)
        && constants.has(Searchable)
        && !constants.has(HasOwners)
    {
        let detail = "with `userAuthorizationStyle`, needs the capability `hasOwners`";
        return refuse("capabilities.searchable", detail); // C9
    }
    Ok(())
}

/// C7 and C10.
fn check_required(constants: &Constants) -> Result<(), Refusal> {
    let rows = [
        (constants.metrics.is_some(), Connectivity, "metrics"), // C7
        (
            constants.peer_to_peer_requirements.is_some(),
            Connectivity,
            "peerToPeerRequirements",
        ), // C7
        (
            constants.peer_to_host_requirements.is_some(),
            Connectivity,
            "peerToHostRequirements",
        ), // C7
        (
            constants.cloud_compute_package.is_some(),
            CloudCompute,
            "cloudComputePackage",
        ), // C10
        (constants.arbitration.is_some(), Arbitration, "arbitration"), // C10
        (
            constants.ownership_policies.is_some(),
            HasOwners,
            "ownershipPolicies",
        ), // C10
        (
            constants.broadcast_viewer_title_ids.is_some(),
            Broadcast,
            "broadcastViewerTitleIds",
        ), // C10
    ];
    for (set, capability, field) in rows {
        if set && !constants.has(capability) {
            return refuse(field, needs(capability));
        }
    }
    Ok(())
}

/// C8: metrics that are set cover what the requirements need.
fn check_metrics(constants: &Constants) -> Result<(), Refusal> {
    let Some(set) = constants.metrics else {
        return Ok(());
    };
    let needed = derived_metrics(constants);
    let rows = [
        (needed.latency && !set.latency, "latency"),
        (
            needed.bandwidth_down && !set.bandwidth_down,
            "bandwidthDown",
        ),
        (needed.bandwidth_up && !set.bandwidth_up, "bandwidthUp"),
    ];
    match rows.iter().find(|(missing, _)| *missing) {
        Some((_, name)) => refuse(
            &format!("metrics.{name}"),
            "must be true: the session's requirements need it",
        ),
        None => Ok(()),
    }
}

/// The metrics that the requirements of a session need. `[doc]`
///
/// Every requirement has a default for each of its values, so being there is enough.
pub fn derived_metrics(constants: &Constants) -> Metrics {
    let pair = constants.peer_to_peer_requirements.is_some();
    let host = constants.peer_to_host_requirements.is_some();
    Metrics {
        latency: pair || host,
        bandwidth_down: pair || host,
        bandwidth_up: pair || host,
        custom: false,
    }
}

/// C12 and C13.
fn check_initialization(constants: &Constants) -> Result<(), Refusal> {
    let Some(init) = &constants.member_initialization else {
        return Ok(());
    };
    if init
        .members_needed_to_start
        .is_some_and(|needed| constants.max_members() < needed)
    {
        let detail = format!(
            "exceeds the {} places of the session",
            constants.max_members()
        );
        return refuse("memberInitialization.membersNeededToStart", detail); // C12
    }
    if init.evaluation_timeout.is_some() && init.external_evaluation != Some(true) {
        let detail = "needs `externalEvaluation` to be true";
        return refuse("memberInitialization.evaluationTimeout", detail); // C13
    }
    Ok(())
}

/// An arbitration ends no earlier than its forfeit time, and its players are not initialised. `[doc]`
fn check_arbitration(constants: &Constants) -> Result<(), Refusal> {
    if constants.has(Arbitration) && constants.member_initialization.is_some() {
        let detail = "excludes the capability `arbitration`";
        return refuse("memberInitialization", detail);
    }
    let Some(times) = &constants.arbitration else {
        return Ok(());
    };
    let forfeit = times.forfeit_timeout.unwrap_or(FORFEIT_TIMEOUT_MS);
    let arbitration = times.arbitration_timeout.unwrap_or(ARBITRATION_TIMEOUT_MS);
    if arbitration < forfeit {
        let detail = format!("{arbitration} ms is before the forfeit time of {forfeit} ms");
        return refuse("arbitration.arbitrationTimeout", detail);
    }
    Ok(())
}
