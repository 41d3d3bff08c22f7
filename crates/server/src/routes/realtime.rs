//! Opening sockets, and the nonces that open them.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use crate::api_error::ApiError;
use crate::call::Call;
use crate::realtime;
use crate::reply;
use crate::shared::Shared;

#[derive(Serialize)]
struct NonceBody {
    nonce: String,
}

/// `GET /nonce`: opens one socket within a minute, for who cannot send headers with it. `[client]`
pub fn nonce(shared: &Shared, call: &Call) -> Response {
    let directory = &shared.directory;
    let nonce = directory.entropy.uuid();
    let principal = std::sync::Arc::clone(&call.identity.principal);
    let nonces = &directory.realtime.nonces;
    nonces.issue(nonce, principal, directory.clock.now());
    // Clients put it into an address as it is.
    let nonce = nonce.simple().to_string();
    reply::json(StatusCode::OK, &NonceBody { nonce })
}

/// `GET /connect`: the handshake of a websocket. `[client]`
pub fn connect(call: &Call) -> Result<Response, ApiError> {
    realtime::open(&call.head, &call.identity)
}
