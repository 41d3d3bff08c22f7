//! What makes a request a socket: who asks, and the handshake of RFC 6455.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convoke_wire::rta::SUB_PROTOCOL;
use http::header::{
    AUTHORIZATION, CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::upgrade::OnUpgrade;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::auth::Principal;
use crate::caller::Identity;
use crate::connections::Peer;
use crate::edge_rule::EdgeRule;
use crate::shared::Shared;

/// Sub-protocols that mean the same here: a library offers the second one. `[client]`
const KNOWN_PROTOCOLS: [&str; 2] = [SUB_PROTOCOL, "echo-protocol"];
/// What the key of a handshake is answered with. RFC 6455, 1.3
const HANDSHAKE_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The one version of the protocol.
const VERSION: &str = "13";

/// A socket that opens once its answer is sent.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(super) principal: Arc<Principal>,
    pub(super) upgrade: OnUpgrade,
}

/// Who opens a socket: by the header, or by a nonce in the query.
///
/// Not every token is for one user; such a one stands for its first. `Inferred:`
pub(crate) async fn identity(
    shared: &Shared,
    head: &Parts,
    peer: Option<&Peer>,
) -> Result<Identity, ApiError> {
    let nonce = head.uri.query().and_then(nonce_of);
    let nonce = nonce.filter(|_| !head.headers.contains_key(AUTHORIZATION));
    let Some(nonce) = nonce else {
        let identity = Identity::of(shared, &head.headers, peer).await?;
        let first = identity.principal.users.first().map(|user| user.xuid);
        return identity.acting_for(|| first);
    };
    let now = shared.directory.clock.now();
    let unused = Uuid::try_parse(nonce).ok();
    let principal = unused.and_then(|nonce| shared.directory.realtime.nonces.take(nonce, now));
    let principal = principal.ok_or_else(|| {
        let text = "nonce: it is not one that is unused and less than a minute old";
        ApiError::edge(EdgeRule::RealTimeNonce, text)
    })?;
    Ok(principal.into())
}

fn nonce_of(query: &str) -> Option<&str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(name, value)| (name == "nonce").then_some(value))
}

/// Answers a handshake; the answer takes the socket with it to where the connection is.
pub(crate) fn open(head: &Parts, identity: &Identity) -> Result<Response, ApiError> {
    let headers = &head.headers;
    let upgrade = head.extensions.get::<OnUpgrade>().cloned();
    let is_handshake = names(headers, &UPGRADE, "websocket")
        && names(headers, &CONNECTION, "upgrade")
        && headers
            .get(SEC_WEBSOCKET_VERSION)
            .is_some_and(|it| it == VERSION);
    let (Some(upgrade), Some(key), true) = (upgrade, key_of(headers), is_handshake) else {
        let text = "this address takes the handshake of a websocket, version 13, over HTTP/1.1";
        return Err(ApiError::edge(EdgeRule::RealTimeUpgrade, text));
    };
    let protocol = protocol_of(headers)?;
    let accept = digest(
        &SHA1_FOR_LEGACY_USE_ONLY,
        &[key.as_bytes(), HANDSHAKE_GUID].concat(),
    );
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    let accept = HeaderValue::from_str(&STANDARD.encode(accept));
    answer.insert(
        SEC_WEBSOCKET_ACCEPT,
        accept.expect("base64 is a header value"),
    );
    if let Some(protocol) = protocol {
        answer.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response.extensions_mut().insert(Opening {
        principal: Arc::clone(&identity.principal),
        upgrade,
    });
    Ok(response)
}

/// The key of the handshake: 16 bytes in base64.
fn key_of(headers: &HeaderMap) -> Option<&str> {
    let key = headers.get(SEC_WEBSOCKET_KEY)?.to_str().ok()?.trim();
    (STANDARD.decode(key).ok()?.len() == 16).then_some(key)
}

/// The sub-protocol to confirm: the first known one of those offered, and none when none is offered,
/// because clients take neither silence nor an answer to nothing. `[client]`
fn protocol_of(headers: &HeaderMap) -> Result<Option<HeaderValue>, ApiError> {
    let mut offered = tokens(headers, &SEC_WEBSOCKET_PROTOCOL).peekable();
    if offered.peek().is_none() {
        return Ok(None);
    }
    let is_known = |name: &&str| {
        KNOWN_PROTOCOLS
            .iter()
            .any(|it| it.eq_ignore_ascii_case(name))
    };
    let known = offered.find(is_known).map(HeaderValue::from_str);
    let Some(Ok(known)) = known else {
        let text = format!("Sec-WebSocket-Protocol: expected `{SUB_PROTOCOL}`, or none at all");
        return Err(ApiError::edge(EdgeRule::RealTimeProtocol, text));
    };
    Ok(Some(known))
}

fn names(headers: &HeaderMap, header: &HeaderName, token: &str) -> bool {
    tokens(headers, header).any(|it| it.eq_ignore_ascii_case(token))
}

/// The parts of a header's lists.
fn tokens<'a>(headers: &'a HeaderMap, header: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(header).into_iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}
