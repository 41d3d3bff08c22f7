//! What the span of a request says, and which requests have one.

use axum::body::Body;
use http::Request;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use tracing_subscriber::filter::LevelFilter;

use crate::collector::{Collector, attribute};
use crate::service::{Service, open, telemetry};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const SCID: &str = "00000000-0000-0000-0000-000000000000";
const ROUTE: &str = "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}";

fn parent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

/// An id as headers have it.
fn hexadecimal(id: &[u8]) -> String {
    let digits: Vec<String> = id.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

fn said(span: &Span, key: &str) -> String {
    attribute(&span.attributes, key).unwrap_or_else(|| panic!("no {key} in {span:?}"))
}

#[tokio::test]
async fn a_request_is_a_span_in_the_trace_of_its_sender() {
    let collector = Collector::start().await;
    let service = Service::start(&collector.endpoint(), "service_name = \"lobby\"").await;
    let path = format!("/serviceconfigs/{SCID}/sessiontemplates/open/sessions/x");
    let headers = [
        ("traceparent", &*parent("01")),
        ("tracestate", "vendor=a"),
        ("tracestate", "other=b"),
        ("x-xbl-contract-version", "107"),
    ];
    let answer = service.get(&path, &headers, 401).await;
    let id = answer.headers()["x-xblcorrelationid"].clone();
    assert_eq!(service.close().await, "", "the log");

    let received = collector.received();
    let [span] = &*received.spans else {
        panic!("{received:?}");
    };
    assert_eq!(hexadecimal(&span.trace_id), TRACE);
    assert_eq!(hexadecimal(&span.parent_span_id), PARENT);
    assert_eq!(span.trace_state, "vendor=a,other=b");
    assert_eq!(span.name, format!("GET {ROUTE}"));
    assert_eq!(span.kind(), SpanKind::Server);
    assert_eq!(said(span, "http.request.method"), "GET");
    assert_eq!(said(span, "http.route"), ROUTE);
    assert_eq!(said(span, "http.response.status_code"), "401");
    assert_eq!(said(span, "request.id"), id.to_str().expect("text"));
    assert_eq!(said(span, "session.ref"), format!("{SCID}~open~x"));
    assert_eq!(said(span, "refusal"), "auth.missing");
    assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
    // The client is to blame, and not the service.
    assert_eq!(
        span.status.clone().unwrap_or_default().code(),
        StatusCode::Unset
    );

    let resource = &received.resources[0].attributes;
    let named = |key| attribute(resource, key);
    assert_eq!(named("service.name").as_deref(), Some("lobby"));
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(named("service.version").as_deref(), Some(version));
}

#[tokio::test]
async fn a_request_of_nobodys_trace_begins_one() {
    let collector = Collector::start().await;
    let service = Service::start(&collector.endpoint(), "").await;
    service.get("/healthz", &[], 200).await;
    let wrong = format!("00-{TRACE}-0000000000000000-01");
    let headers = [("traceparent", &*wrong), ("tracestate", "vendor=a")];
    service.get("/healthz", &headers, 200).await;
    service.close().await;

    let spans = collector.received().spans;
    assert_eq!(spans.len(), 2, "{spans:?}");
    for span in &spans {
        assert_eq!(span.trace_id.len(), 16, "{span:?}");
        assert_ne!(hexadecimal(&span.trace_id), TRACE);
        assert!(span.parent_span_id.is_empty(), "{span:?}");
        assert_eq!(span.trace_state, "");
        assert_eq!(said(span, "http.response.status_code"), "200");
    }
    assert_ne!(spans[0].trace_id, spans[1].trace_id);
}

#[tokio::test]
async fn a_state_of_the_trace_that_is_not_valid_is_left_out() {
    let collector = Collector::start().await;
    let service = Service::start(&collector.endpoint(), "").await;
    let long = format!("vendor={}", "x".repeat(512));
    for state in [&*long, "no list", "é=1"] {
        let headers = [("traceparent", &*parent("01")), ("tracestate", state)];
        service.get("/healthz", &headers, 200).await;
    }
    service.close().await;
    let spans = collector.received().spans;
    assert_eq!(spans.len(), 3, "{spans:?}");
    for span in spans {
        assert_eq!(span.trace_state, "");
        assert_eq!(hexadecimal(&span.trace_id), TRACE);
    }
}

#[tokio::test]
async fn a_failure_of_the_service_is_an_error() {
    let collector = Collector::start().await;
    let service = Service::start(&collector.endpoint(), "").await;
    // Its timers do not run, so it is not ready.
    let unready = open(telemetry(&collector.endpoint(), "")).expect("it opens");
    let request = Request::get("/readyz")
        .body(Body::empty())
        .expect("a request");
    let answer = unready.edge().answer(request, None).await;
    assert_eq!(answer.status(), 503);
    service.close().await;
    let spans = collector.received().spans;
    let [span] = &*spans else {
        panic!("{spans:?}");
    };
    assert_eq!(span.name, "GET /readyz");
    assert_eq!(span.status.clone().expect("one").code(), StatusCode::Error);
}

#[tokio::test]
async fn the_ratio_decides_whatever_the_sender_says_unless_it_may() {
    for (keys, flags, sent) in [
        ("sample_ratio = 0.0", "01", false),
        ("sample_ratio = 1.0", "00", true),
        ("sample_ratio = 0.0\nfollow_parent = true", "01", true),
        ("sample_ratio = 1.0\nfollow_parent = true", "00", false),
    ] {
        let collector = Collector::start().await;
        let service = Service::start(&collector.endpoint(), keys).await;
        let headers = [("traceparent", &*parent(flags))];
        service.get("/healthz", &headers, 200).await;
        service.close().await;
        let spans = collector.received().spans;
        assert_eq!(spans.len(), usize::from(sent), "{keys} {flags}");
    }
}

#[tokio::test]
async fn the_log_has_its_own_span_and_lines_where_it_wants_them() {
    let collector = Collector::start().await;
    let telemetry = telemetry(&collector.endpoint(), "");
    let service = Service::start_with(telemetry, LevelFilter::DEBUG).await;
    let headers = [("traceparent", &*parent("01"))];
    service.get("/healthz", &headers, 200).await;
    let log = service.close().await;
    let line = log
        .lines()
        .find(|line| line.contains("a request was answered"));
    let line = line.unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains(&format!("trace.id=\"{TRACE}\"")), "{line}");
    assert!(!log.contains("http.response.status_code"), "{log}");
    assert_eq!(collector.received().spans.len(), 1, "one for the collector");
}
