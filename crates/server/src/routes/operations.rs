//! Health, readiness, metrics and the reference documents, for whoever runs or uses the service.

use axum::body::Body;
use axum::response::Response;
use convoke_store::Store;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use crate::api_error::ApiError;
use crate::shared::Shared;

fn text(content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// `GET /healthz`: the process runs.
pub fn health() -> Response {
    text("text/plain; charset=utf-8", "ok\n")
}

/// `GET /readyz`: the store answers.
pub fn ready(shared: &Shared) -> Result<Response, ApiError> {
    shared.directory.store.earliest_timer()?;
    Ok(text("text/plain; charset=utf-8", "ready\n"))
}

/// `GET /docs/errors.md`: every code of a refusal, with its cause and cure.
pub fn error_reference() -> Response {
    let page = include_str!("../../../../docs/errors.md");
    text("text/markdown; charset=utf-8", page)
}

/// `GET /openapi.json`: the addresses that are served.
pub fn openapi() -> Response {
    let page = include_str!("../../../../docs/api/openapi.json");
    text("application/json", page)
}

/// `GET /metrics`: for Prometheus.
pub fn metrics(shared: &Shared) -> Response {
    let directory = &shared.directory;
    let page = directory
        .metrics
        .page(directory.live.len(), directory.timers.len());
    text(
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        page,
    )
}
