//! `/serviceconfigs/{scid}/hoppers/…`: the edge of matchmaking; no hopper exists yet.

use axum::response::Response;
use convoke_core::Rule;
use convoke_wire::Scid;
use convoke_wire::contract::ContractVersionError;
use convoke_wire::headers::CONTRACT_VERSION;
use http::HeaderMap;

use crate::api_error::ApiError;
use crate::call::Call;
use crate::caller::{Identity, admit};
use crate::edge_rule::EdgeRule;
use crate::shared::Shared;

/// The oldest contract version of matchmaking. `[doc]`
const OLDEST_CONTRACT: u64 = 103;

/// Every call about a hopper: 404, after the checks that need no hopper.
pub fn answer(
    shared: &Shared,
    scid: &Scid,
    hopper: &str,
    call: &Call,
) -> Result<Response, ApiError> {
    let identity = call.identity.clone().acting_for(|| None)?;
    check_contract(&call.head.headers)?;
    admit(shared, &identity, scid)?;
    check_privilege(shared, &identity)?;
    let shown: String = hopper.chars().take(140).collect();
    let text = format!("The hopper `{shown}` wasn't found");
    Err(ApiError::edge(EdgeRule::HopperUnknown, text))
}

fn check_contract(headers: &HeaderMap) -> Result<(), ApiError> {
    let header = headers.get(CONTRACT_VERSION);
    let missing = || {
        let text = "the header X-Xbl-Contract-Version is required";
        ApiError::edge(EdgeRule::ContractMissing, text)
    };
    let text = header.ok_or_else(missing)?.to_str();
    let text = text.unwrap_or("?").trim();
    let error = match text.parse() {
        Ok(version) if version < OLDEST_CONTRACT => ContractVersionError::TooOld(version),
        Ok(_) => return Ok(()),
        Err(_) => ContractVersionError::NotAnInteger(text.chars().take(40).collect()),
    };
    let text = format!("X-Xbl-Contract-Version: {error}");
    Err(ApiError::edge(EdgeRule::ContractUnsupported, text))
}

/// On a console, matchmaking takes the privilege to play with others. `[doc]`
fn check_privilege(shared: &Shared, identity: &Identity) -> Result<(), ApiError> {
    let user = identity.caller(shared).user;
    if !identity.principal.is_on_console() || user.is_none_or(|user| user.multiplayer) {
        return Ok(());
    }
    let detail = "on a console, matchmaking takes the multiplayer privilege (254)";
    Err(Rule::NoMultiplayer.at("", detail).into())
}
