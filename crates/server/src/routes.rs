//! Handlers, one file per family of addresses: authenticate, convert, one call, render.

pub mod handle_queries;
pub mod handle_session;
pub mod handles;
pub mod operations;
pub mod people;
pub mod query_string;
pub mod session_parts;
pub mod sessions;
pub mod templates;

use http::request::Parts;

use crate::api_error::ApiError;
use crate::caller::Identity;
use crate::exchange;
use crate::reply::Viewer;
use crate::shared::Shared;

/// Who asks, and how the answer is rendered for them, for requests that name no user in the body.
fn begin(shared: &Shared, parts: &Parts) -> Result<(Identity, Viewer), ApiError> {
    let identity = Identity::of(shared, parts)?.acting_for(|| None)?;
    let contract = exchange::contract(&parts.headers)?;
    let viewer = viewer(&identity, contract);
    Ok((identity, viewer))
}

fn viewer(identity: &Identity, contract: convoke_wire::ContractVersion) -> Viewer {
    Viewer {
        xuid: identity.xuid(),
        contract,
    }
}
