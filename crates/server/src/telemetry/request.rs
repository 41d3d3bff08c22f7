//! The span of one request for the collector, and its place in the trace of the sender.

use http::{HeaderMap, Method};
use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use tracing::{Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use crate::metrics::method_label;
use crate::traceparent::Traceparent;

/// The target of spans that are for the collector.
pub(super) const TARGET: &str = "convoke_server::telemetry";

/// The list of tracing systems that the trace has passed. (W3C Trace Context)
const TRACESTATE: &str = "tracestate";

/// Longest `tracestate` that is passed on, in bytes. (W3C Trace Context, 3.3.1.5)
const MAX_TRACESTATE_LEN: usize = 512;

/// Begins the span. Names are those of OpenTelemetry's conventions where it has any.
///
/// The level keeps it out of every log but the most talkative.
pub(super) fn span(
    id: Uuid,
    method: &Method,
    parent: Option<&Traceparent>,
    headers: &HeaderMap,
) -> Span {
    let span = tracing::trace_span!(
        target: TARGET,
        parent: None,
        "request",
        otel.name = field::Empty,
        otel.kind = "server",
        otel.status_code = field::Empty,
        otel.status_description = field::Empty,
        request.id = %id,
        http.request.method = method_label(method),
        http.route = field::Empty,
        http.response.status_code = field::Empty,
        caller.xuid = field::Empty,
        session.ref = field::Empty,
        change.number = field::Empty,
        refusal = field::Empty,
    );
    if let Some(parent) = parent.filter(|_| !span.is_disabled()) {
        // It fails where nobody collects spans, and then there is nothing to place.
        let _ = span.set_parent(context(parent, headers));
    }
    span
}

fn context(parent: &Traceparent, headers: &HeaderMap) -> Context {
    let sender = SpanContext::new(
        TraceId::from_hex(parent.trace_id()).expect("32 hexadecimal digits"),
        SpanId::from_hex(parent.parent_id()).expect("16 hexadecimal digits"),
        TraceFlags::SAMPLED,
        true,
        state(headers),
    );
    Context::new().with_remote_span_context(sender)
}

/// What other systems noted in the trace; nothing when it is not valid.
fn state(headers: &HeaderMap) -> TraceState {
    let mut whole = String::new();
    for part in headers.get_all(TRACESTATE) {
        let Ok(part) = part.to_str() else {
            return TraceState::NONE;
        };
        if MAX_TRACESTATE_LEN < whole.len() + part.len() {
            return TraceState::NONE;
        }
        if !whole.is_empty() {
            whole.push(',');
        }
        whole.push_str(part);
    }
    whole.parse().unwrap_or_default()
}
