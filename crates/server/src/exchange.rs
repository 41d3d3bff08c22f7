//! What every request goes through on its way in, and every answer on its way out.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use convoke_wire::ContractVersion;
use convoke_wire::contract::ContractVersionError;
use convoke_wire::headers::CONTRACT_VERSION;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tracing::Span;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::commit::Directory;
use crate::edge_rule::EdgeRule;
use crate::explain::{self, Explanation, REFUSAL};
use crate::metrics::Up;
use crate::request_ids::ClientIds;
use crate::shared::Shared;
use crate::trail::{self, Ending, Trail};

/// Longest request line that is taken, in bytes. `Inferred:` auth-http 12
pub const MAX_URI_LEN: usize = 8 * 1024;
/// Largest header block, in bytes. `Inferred:` auth-http 12
pub const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Most headers of a request. `Inferred:` auth-http 12
pub const MAX_HEADERS: usize = 64;
/// Largest body of the session directory, in bytes. `Inferred:` auth-http 12
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// One exchange: its ids, its common headers, its metrics, its line in the log.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    directory: &'a Directory,
    begun: Duration,
    _in_flight: Up,
    id: Uuid,
    ids: ClientIds,
    method: Method,
    uri: Uri,
    explained: bool,
    span: Span,
    /// The span that goes to a collector of traces.
    traced: Span,
}

impl<'a> Exchange<'a> {
    /// A request has come in.
    pub(crate) fn begin(shared: &'a Shared, request: &Request) -> Self {
        let directory = &*shared.directory;
        let id = directory.entropy.uuid();
        let ids = ClientIds::of(request.headers());
        let traced = shared
            .tracing
            .span(id, request.method(), &ids, request.headers());
        Self {
            directory,
            begun: directory.clock.elapsed(),
            _in_flight: directory.metrics.request_begins(),
            id,
            method: request.method().clone(),
            uri: request.uri().clone(),
            explained: explain::is_asked_for(request.uri(), request.headers()),
            span: trail::span(&traced, id, request.method(), &ids),
            traced,
            ids,
        }
    }

    /// The span that everything about the request belongs to.
    pub(crate) fn span(&self) -> Span {
        trail::innermost(&self.span, &self.traced)
    }

    /// The answer is there: it is completed and counted, and told to the log.
    pub(crate) fn finish(self, mut response: Response, trail: &Trail) -> Response {
        let Self { id, directory, .. } = self;
        let status = response.status();
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            let text = format!("Internal error {id}");
            let explanation = Explanation::new(EdgeRule::Internal, &text);
            response.extensions_mut().insert(explanation);
            *response.body_mut() = Body::from(text);
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        explain::finish(&mut response, self.explained, id);
        let duration = directory.clock.elapsed().saturating_sub(self.begun);
        let metrics = &directory.metrics;
        metrics.answered(trail.route(), &self.method, status, duration);
        let refusal = refusal_code(response.headers());
        if let Some(code) = refusal {
            metrics.refused(code);
        }
        let ending = Ending {
            id,
            ids: &self.ids,
            method: &self.method,
            uri: &self.uri,
            status,
            refusal,
            duration_ms: duration.as_secs_f64() * 1e3,
        };
        ending.tell(trail, &self.span, &self.traced);
        let headers = response.headers_mut();
        self.ids.answer(headers, id);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-cache, no-store"));
        response
    }
}

/// What may be asked of nobody.
pub(crate) fn check(request: &Request) -> Result<(), ApiError> {
    match unacceptable(request) {
        Some(rule) => Err(ApiError::edge(rule, rule.status().to_string())),
        None => Ok(()),
    }
}

/// The code of the rule that refused, as the answer tells it.
fn refusal_code(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(REFUSAL)?.to_str().ok()?;
    text.split(';').next()
}

/// What is wrong with a request whatever it asks for.
fn unacceptable(request: &Request) -> Option<EdgeRule> {
    // Proxies differ in which one they believe (RFC 9112, 3.2).
    if 1 < request.headers().get_all(HOST).iter().count() {
        return Some(EdgeRule::Malformed);
    }
    let uri = request
        .uri()
        .path_and_query()
        .map_or(0, |text| text.as_str().len());
    if MAX_URI_LEN < uri {
        return Some(EdgeRule::UriTooLong);
    }
    let headers = request.headers().iter();
    if MAX_HEADERS < request.headers().len() {
        return Some(EdgeRule::HeadersTooLarge);
    }
    let size: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    (MAX_HEADER_BYTES < size).then_some(EdgeRule::HeadersTooLarge)
}

/// The answer to a request whose handling panicked.
pub(crate) fn after_panic() -> Response {
    trail::failed("a request handler panicked".to_owned());
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

/// The contract version that a request speaks.
pub fn contract(headers: &HeaderMap) -> Result<ContractVersion, ApiError> {
    let header = headers.get(CONTRACT_VERSION).ok_or_else(|| {
        let text = "the header X-Xbl-Contract-Version is required";
        ApiError::edge(EdgeRule::ContractMissing, text)
    })?;
    let version = header.to_str().unwrap_or("?").parse();
    version.map_err(|error: ContractVersionError| {
        let text = format!("X-Xbl-Contract-Version: {error}");
        ApiError::edge(EdgeRule::ContractUnsupported, text)
    })
}

/// The whole body, within the limit; `admission` sees to it that it comes in time.
///
/// A body without a `Content-Type` is taken for JSON. `[client]`
pub async fn json_body(parts: &Parts, body: Body) -> Result<Bytes, ApiError> {
    let bytes = whole_body(parts, body).await?;
    if !bytes.is_empty() {
        check_media_type(&parts.headers)?;
    }
    decoded(&parts.headers, bytes)
}

/// The whole body as it came, within the limit and in time.
pub async fn whole_body(parts: &Parts, body: Body) -> Result<Bytes, ApiError> {
    if let Some(declared) = parts.headers.get(CONTENT_LENGTH) {
        let length: Option<usize> = declared.to_str().ok().and_then(|text| text.parse().ok());
        if length.is_some_and(|length| MAX_BODY_BYTES < length) {
            return Err(body_too_large());
        }
    }
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(body_too_large()),
        Err(_) => Err(body_incomplete()),
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(header) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let text = header.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") || essence.is_empty() {
        return Ok(());
    }
    Err(media_type(essence))
}

/// The refusal of a body that did not come.
pub fn body_incomplete() -> ApiError {
    let text = "body: it did not arrive whole in time";
    ApiError::edge(EdgeRule::BodyIncomplete, text)
}

fn body_too_large() -> ApiError {
    let text = format!("body: larger than {MAX_BODY_BYTES} bytes");
    ApiError::edge(EdgeRule::BodyTooLarge, text)
}

fn media_type(found: &str) -> ApiError {
    let found: String = found.chars().take(100).collect();
    let text = format!("Content-Type: expected application/json, found `{found}`");
    ApiError::edge(EdgeRule::MediaType, text)
}

/// Undoes `Content-Encoding: gzip`, within the same limit.
fn decoded(headers: &HeaderMap, bytes: Bytes) -> Result<Bytes, ApiError> {
    use std::io::Read;

    let encoding = headers
        .get(http::header::CONTENT_ENCODING)
        .map(|value| value.to_str().unwrap_or("?"));
    match encoding.map(str::trim) {
        None | Some("" | "identity") => Ok(bytes),
        Some(name) if name.eq_ignore_ascii_case("gzip") => {
            let most = MAX_BODY_BYTES as u64 + 1;
            let mut plain = Vec::new();
            let read = flate2::read::MultiGzDecoder::new(&*bytes)
                .take(most)
                .read_to_end(&mut plain);
            if read.is_err() {
                return Err(convoke_core::Rule::MalformedBody
                    .at("", "not gzip, as its encoding says")
                    .into());
            }
            if MAX_BODY_BYTES < plain.len() {
                return Err(body_too_large());
            }
            Ok(plain.into())
        }
        Some(other) => Err(media_type(&format!("encoded as {other}"))),
    }
}
