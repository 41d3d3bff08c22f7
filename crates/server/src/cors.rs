//! Answers for web pages: preflights, and the headers that let a page read an answer.
//!
//! Written here because a preflight is answered with 204 whoever asks, and because the lists are
//! exact; credentials are never allowed, since tokens travel in a header. `Inferred:` auth-http 14

use axum::extract::Request;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::config::{Cors, Origin};
use crate::reply;

const METHODS: &str = "GET,PUT,POST,DELETE,OPTIONS";
const ALLOWED: &str = "authorization, content-type, x-xbl-contract-version, if-match, \
                       if-none-match, signature, ms-cv, accept-language";
// Inferred: the correlation id goes out as `x-xblcorrelationid`, the name seen on the wire.
const EXPOSED: &str = "etag, location, retry-after, date, content-location, \
                       x-xbl-correlation-id, x-xblcorrelationid";
/// Seconds for which a browser remembers a preflight.
const MAX_AGE: &str = "7200";

/// The page that asks, if it may read the answer.
pub fn page(cors: &Cors, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let known = |allowed: &Origin| allowed.as_str() == origin;
    cors.origins.iter().any(known).then(|| origin.clone())
}

/// Whether a browser asks what a page may send, before the page does.
pub fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight.
pub fn preflight(page: Option<HeaderValue>) -> Response {
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(page) = page {
        allow(headers, page);
        let fixed = HeaderValue::from_static;
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, fixed(METHODS));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, fixed(ALLOWED));
        headers.insert(ACCESS_CONTROL_MAX_AGE, fixed(MAX_AGE));
    }
    response
}

/// An answer, marked for the page that may read it.
pub fn marked(cors: &Cors, page: Option<HeaderValue>, mut response: Response) -> Response {
    if cors.origins.is_empty() {
        return response;
    }
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(page) = page {
        allow(headers, page);
    }
    response
}

fn allow(headers: &mut HeaderMap, page: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, page);
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSED),
    );
}
