//! A collector that fails or is slow, and requests that do not notice.

use std::net::{Ipv4Addr, TcpListener};

use axum::body::Body;
use convoke_server::telemetry::{MAX_QUEUED_SPANS, MAX_SPANS_PER_MESSAGE};
use http::{Request, StatusCode};

use crate::collector::Collector;
use crate::service::{Service, open, telemetry};

const COMPLAINT: &str = "the collector does not take traces";

#[tokio::test]
async fn without_a_collector_requests_are_answered_and_the_log_says_so_once() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let service = Service::start(&format!("http://{address}"), "").await;
    service.get("/healthz", &[], 200).await;
    service.get("/healthz", &[], 200).await;
    let log = service.close().await;
    assert_eq!(log.matches(COMPLAINT).count(), 1, "{log}");
    assert_eq!(log.lines().count(), 1, "{log}");
}

#[tokio::test]
async fn a_collector_that_refuses_is_named_with_its_status() {
    let collector = Collector::start_with(StatusCode::FORBIDDEN).await;
    let service = Service::start(&collector.endpoint(), "").await;
    service.get("/healthz", &[], 200).await;
    let log = service.close().await;
    assert!(log.contains("403 Forbidden"), "{log}");
    assert_eq!(log.matches(COMPLAINT).count(), 1, "{log}");
    assert_eq!(collector.received().spans.len(), 1, "it is not tried again");
}

#[tokio::test]
async fn spans_beyond_a_bound_are_dropped_and_requests_do_not_wait() {
    let collector = Collector::start().await;
    let service = Service::start(&collector.endpoint(), "").await;
    let app = open(telemetry(&collector.endpoint(), "")).expect("it opens");
    let edge = app.edge();
    let most = MAX_QUEUED_SPANS + MAX_SPANS_PER_MESSAGE;
    // None of them waits for anything, so this thread, which is the network's too, has no time for it.
    for _ in 0..most + 200 {
        let request = Request::get("/healthz").body(Body::empty());
        let answer = edge.answer(request.expect("a request"), None).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    service.close().await;
    let sent = collector.received().spans.len();
    assert!(MAX_QUEUED_SPANS <= sent, "{sent}");
    assert!(sent <= most, "{sent}");
}
