//! Handlers, one file per family of addresses: authenticate, convert, one call, render.

pub mod activities;
pub mod changes;
pub mod handle_queries;
mod handle_searches;
pub mod handle_session;
pub mod handles;
pub mod hoppers;
pub mod inbox;
pub mod notifications;
pub mod operations;
pub mod people;
pub mod people_hub;
pub mod privacy;
pub mod profile;
pub mod query_string;
pub mod realtime;
mod session_access;
pub mod session_parts;
pub mod session_queries;
pub mod sessions;
pub mod templates;

use convoke_core::rate_limit::Allowance;

use crate::api_error::ApiError;
use crate::call::Call;
use crate::caller::Identity;
use crate::exchange;
use crate::reply::Viewer;
use crate::shared::Shared;

/// Who asks, and how the answer is rendered for them, for requests that name no user in the body.
fn begin(call: &Call) -> Result<(Identity, Viewer), ApiError> {
    let identity = call.identity.clone().acting_for(|| None)?;
    let contract = exchange::contract(&call.head.headers)?;
    let viewer = viewer(&identity, contract);
    Ok((identity, viewer))
}

fn viewer(identity: &Identity, contract: convoke_wire::ContractVersion) -> Viewer {
    Viewer {
        xuid: identity.xuid(),
        contract,
    }
}

/// Counts a request about search handles, which have limits beside those of their service. `[doc]`
fn count_search(
    shared: &Shared,
    identity: &Identity,
    call: &Call,
    allowance: Allowance,
) -> Result<(), ApiError> {
    let now = shared.directory.clock.now();
    let limits = &shared.rate_limits;
    Ok(limits.count(&identity.principal, allowance, now, &call.over)?)
}
