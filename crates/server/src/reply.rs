//! Answers that are not refusals.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use convoke_wire::time::http_date;
use convoke_wire::{ContractVersion, Xuid, uri};
use http::header::{CACHE_CONTROL, CONTENT_LOCATION, CONTENT_TYPE, ETAG, EXPIRES};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use uuid::Uuid;

use crate::api_error::Shown;
use crate::live::LiveSession;

/// Who a document is rendered for.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    /// The acting user.
    pub xuid: Option<Xuid>,
    /// The contract version of the request.
    pub contract: ContractVersion,
}

/// Whether the answer names the session's own address: only for requests through a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// `Content-Location` is left out.
    Known,
    /// `Content-Location` has the path of the session. `[client]`
    Told,
}

/// Room for the headers of nearly every answer, so that their table is made once.
const USUAL_HEADERS: usize = 12;

/// A session document, of which `body` is the text for the viewer.
pub fn session(status: StatusCode, state: &LiveSession, body: Bytes, address: Address) -> Response {
    let mut response = json_bytes(status, body);
    validators(&mut response, state);
    if address == Address::Told {
        let path = uri::session_path(&state.session.reference);
        if let Ok(value) = HeaderValue::try_from(path) {
            response.headers_mut().insert(CONTENT_LOCATION, value);
        }
    }
    response
}

/// The state that the reader has already.
pub fn not_modified(state: &LiveSession) -> Response {
    let mut response = empty(StatusCode::NOT_MODIFIED);
    validators(&mut response, state);
    response
}

/// One element of a session.
pub fn element<T: Serialize>(state: &LiveSession, element: &T) -> Response {
    let mut response = json(StatusCode::OK, element);
    validators(&mut response, state);
    response
}

/// What a refusal shows of a session.
pub fn shown(state: &LiveSession, viewer: Viewer) -> Box<Shown> {
    Box::new(Shown {
        body: state.body(viewer.xuid, viewer.contract),
        etag: etag(state),
    })
}

fn etag(state: &LiveSession) -> HeaderValue {
    let mut text = [b'"'; 34];
    Uuid::from_u128(state.etag.0)
        .simple()
        .encode_lower(&mut text[1..33]);
    HeaderValue::from_bytes(&text).expect("quoted hexadecimal digits")
}

fn validators(response: &mut Response, state: &LiveSession) {
    let headers = response.headers_mut();
    headers.insert(ETAG, etag(state));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("max-age=0, must-revalidate"),
    );
    let expires = state.next_timer.map(http_date).map(HeaderValue::try_from);
    if let Some(Ok(expires)) = expires {
        headers.insert(EXPIRES, expires);
    }
}

/// Any document.
pub fn json<T: Serialize>(status: StatusCode, document: &T) -> Response {
    let body = serde_json::to_vec(document).expect("documents have text keys only");
    json_bytes(status, Bytes::from(body))
}

/// The answer to a query whose results are rendered already.
pub fn results(results: &[Bytes]) -> Response {
    let mut body = br#"{"results":["#.to_vec();
    body.reserve(results.iter().map(|text| text.len() + 1).sum::<usize>() + 2);
    for (number, text) in results.iter().enumerate() {
        if 0 < number {
            body.push(b',');
        }
        body.extend_from_slice(text);
    }
    body.extend_from_slice(b"]}");
    json_bytes(StatusCode::OK, body.into())
}

fn json_bytes(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(USUAL_HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
