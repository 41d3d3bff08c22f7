//! Health, readiness, metrics and the reference documents, for whoever runs or uses the service.

use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use crate::health;
use crate::metrics::Moment;
use crate::reply;
use crate::shared::Shared;

fn text(content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// `GET /healthz`: the process runs.
pub fn alive() -> Response {
    text("text/plain; charset=utf-8", "ok\n")
}

/// `GET /readyz`: each check, and 503 when one fails.
pub fn ready(shared: &Shared) -> Response {
    let report = health::report(shared);
    let status = if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    reply::json(status, &report)
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
    let page = directory.metrics.page(&Moment {
        live_sessions: directory.live.len(),
        pending_timers: directory.timers.len(),
        search_handles: directory.browse.len(),
        timers_lag: directory.timers.lag(directory.clock.now()),
        report: health::report(shared),
    });
    text(
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        page,
    )
}
