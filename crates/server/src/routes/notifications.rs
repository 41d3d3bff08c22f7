//! `/system/notifications/endpoints`: where a client says that it wants notifications.

use axum::body::Body;
use axum::response::Response;
use convoke_core::contract::read;
use convoke_wire::notification::{EndpointAnswer, EndpointRequest};
use convoke_wire::rta::Resource;
use http::StatusCode;

use crate::api_error::ApiError;
use crate::call::Call;
use crate::edge_rule::EdgeRule;
use crate::exchange;
use crate::reply;
use crate::shared::Shared;

/// The transport of sockets.
const TRANSPORT: &str = "RTA";

/// `POST /system/notifications/endpoints`: checked, and not kept. `Inferred:` whoever subscribes to
/// the resource is notified, registered or not.
pub async fn register(shared: &Shared, call: &Call, body: Body) -> Result<Response, ApiError> {
    let body = exchange::json_body(&call.head, body).await?;
    let wanted: EndpointRequest = read::document(&body)?;
    check(&wanted, call).map_err(|text| ApiError::edge(EdgeRule::NotifyEndpoint, text))?;
    let answer = EndpointAnswer {
        endpoint_id: shared.directory.entropy.uuid(),
    };
    Ok(reply::json(StatusCode::CREATED, &answer))
}

fn check(wanted: &EndpointRequest, call: &Call) -> Result<(), &'static str> {
    let transport = wanted.transport.as_deref().unwrap_or(TRANSPORT);
    if !transport.eq_ignore_ascii_case(TRANSPORT) {
        return Err("transport: notifications are told over `RTA` only");
    }
    let Some(Resource::Notifications { xuid, .. }) = Resource::parse(&wanted.endpoint_uri) else {
        return Err("endpointUri: expected the address of a user's notifications");
    };
    if !call.identity.principal.has_user(xuid) {
        return Err("endpointUri: expected a user of the token");
    }
    Ok(())
}
