//! Search handles have limits of their own, for reading and for writing, beside their service's.

use convoke_server::config::Mode;
use serde_json::json;

use crate::handle_steps::{Cast, S1, cast, handle, join, reference, session};
use crate::limits_rates::{rate, throttled};
use crate::world::{Answer, StoreKind, World};

/// A has a session that can be searched for.
async fn searchable(w: &World) -> Cast {
    let c = cast(w).await;
    join(&c.a, &session("browse", "b1")).await;
    c
}

async fn publish(c: &Cast) -> Answer {
    c.a.post("/handles", handle("search", &reference("browse", "b1")))
        .await
}

async fn query(c: &Cast) -> Answer {
    let body = json!({ "type": "search", "scid": S1 });
    c.a.post("/handles/query", body).await
}

#[tokio::test]
async fn search_handles_are_written_once_in_15_seconds() {
    let w = World::limited().await;
    let c = searchable(&w).await;
    let made = publish(&c).await.expect(201).json();
    throttled(publish(&c).await, &rate(2, 1, 15), "15");
    let path = format!("/handles/{}", made["id"].as_str().expect("an id"));
    throttled(c.a.delete(&path).await, &rate(3, 1, 15), "15");
    c.a.get(&path).await.expect(200);
    w.advance(15_000).await;
    c.a.delete(&path).await.expect(204);
    throttled(publish(&c).await, &rate(2, 1, 15), "15");
    // Handles of other types are not meant.
    c.a.post("/handles", handle("activity", &reference("browse", "b1")))
        .await
        .expect(201);
}

#[tokio::test]
async fn queries_for_search_handles_are_counted_apart_from_writes() {
    let w = World::limited().await;
    let c = searchable(&w).await;
    publish(&c).await.expect(201);
    assert_ne!(query(&c).await.status, 429);
    throttled(query(&c).await, &rate(2, 1, 15), "15");
    let people = json!({ "type": "activity", "owners": { "people": {
        "moniker": "people", "monikerXuid": "1001",
    } } });
    c.a.post("/handles/query", people).await.expect(200);
}

#[tokio::test]
async fn search_handles_are_written_20_times_in_300_seconds() {
    let w = World::limited().await;
    let c = searchable(&w).await;
    for _ in 0..19 {
        publish(&c).await.expect(201);
        w.advance(15_000).await;
    }
    // 285 s have passed: 19 writes counted, two more and the long window is over its limit.
    publish(&c).await.expect(201);
    throttled(publish(&c).await, &rate(21, 20, 300), "15");
}

#[tokio::test]
async fn they_count_as_requests_of_the_session_directory_too() {
    let w = World::limited().await;
    let c = searchable(&w).await;
    publish(&c).await.expect(201);
    for _ in 0..28 {
        c.a.get(&session("browse", "b1")).await.expect(200);
    }
    throttled(publish(&c).await, &rate(31, 30, 15), "15");
}

#[tokio::test]
async fn where_limits_are_only_reported_the_second_write_says_so() {
    let w = World::configured(StoreKind::Memory, |config| {
        config.limits.mode = Mode::Report;
    })
    .await;
    let c = searchable(&w).await;
    let first = publish(&c).await.expect(201);
    assert_eq!(first.header("x-ratelimit-would-throttle"), None);
    let second = publish(&c).await.expect(201);
    assert_eq!(second.header("x-ratelimit-would-throttle"), Some("1"));
}

#[tokio::test]
async fn server_principals_search_as_often_as_they_like() {
    let w = World::limited().await;
    let c = searchable(&w).await;
    for _ in 0..3 {
        let body = json!({ "type": "search", "scid": S1 });
        let answer = c.svc.post("/handles/query", body).await;
        assert_ne!(answer.status, 429);
    }
}
