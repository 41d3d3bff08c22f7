//! Answers for web pages: preflights, and the headers that let a page read an answer.
//!
//! Written here because a preflight is answered with 204 whoever asks, and because the lists are
//! exact; credentials are never allowed, since tokens travel in a header. `Inferred:` auth-http 14

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::addresses;
use crate::config::Cors;
use crate::reply;
use crate::shared::Shared;

const METHODS: &str = "GET,PUT,POST,DELETE,OPTIONS";
const ALLOWED: &str = "authorization, content-type, x-xbl-contract-version, if-match, \
                       if-none-match, signature, ms-cv, accept-language";
// Inferred: the correlation id goes out as `x-xblcorrelationid`, the name seen on the wire.
const EXPOSED: &str = "etag, location, retry-after, date, content-location, \
                       x-xbl-correlation-id, x-xblcorrelationid";
/// Seconds for which a browser remembers a preflight.
const MAX_AGE: &str = "7200";

/// Answers preflights, and marks all other answers for the pages that may read them.
pub async fn marked(shared: &Shared, request: Request, next: Next) -> Response {
    let allowed = &shared.cors;
    let origin = request.headers().get(ORIGIN);
    let page = origin.filter(|origin| allows(allowed, origin)).cloned();
    if is_preflight(&request) {
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
        return response;
    }
    let mut response = addresses::limited(shared, request, next).await;
    if !allowed.origins.is_empty() {
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(page) = page {
            allow(headers, page);
        }
    }
    response
}

fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn allows(cors: &Cors, origin: &HeaderValue) -> bool {
    let known = |allowed: &crate::config::Origin| allowed.as_str() == origin;
    cors.origins.iter().any(known)
}

fn allow(headers: &mut HeaderMap, page: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, page);
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSED),
    );
}
