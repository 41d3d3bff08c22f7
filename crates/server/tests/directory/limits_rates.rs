//! The documented limits of users: what counts, for whom, and what the refusal says.

use axum::body::Body;
use convoke_server::config::{Mode, Scale};
use serde_json::{Value, json};

use crate::auth_steps::{call, mint};
use crate::fixtures::{self, session};
use crate::world::{Answer, Player, StoreKind, World};

/// Everything that a refused caller is told.
#[track_caller]
pub(crate) fn throttled(answer: Answer, body: &Value, retry_after: &str) {
    let answer = answer.expect(429);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("retry-after"), Some(retry_after));
    assert_eq!(answer.header("x-ratelimit-would-throttle"), None);
    assert_eq!(&answer.json(), body, "{}", answer.sent);
}

pub(crate) fn rate(current: u32, max: u32, period: u32) -> Value {
    json!({
        "version": 1, "currentRequests": current, "maxRequests": max,
        "periodInSeconds": period, "limitType": "Rate",
    })
}

/// Asks so often, and is always answered as expected.
async fn ask(player: &Player, path: &str, times: usize, status: u16) {
    for _ in 0..times {
        player.get(path).await.expect(status);
    }
}

/// A session that does not exist, which is an answer of 204.
fn missing() -> String {
    session("open", "missing")
}

#[tokio::test]
async fn e98_the_31st_request_within_15_seconds_is_refused_until_the_window_is_over() {
    let w = World::limited().await;
    let a = w.user(fixtures::A).await;
    ask(&a, &missing(), 1, 204).await;
    w.advance(10_001).await;
    ask(&a, &missing(), 29, 204).await;
    let answer = a.get(&missing()).await.expect(429);
    assert_eq!(
        answer.text(),
        r#"{"version":1,"currentRequests":31,"maxRequests":30,"periodInSeconds":15,"limitType":"Rate"}"#
    );
    assert_eq!(answer.header("cache-control"), Some("no-cache, no-store"));
    throttled(a.get(&missing()).await, &rate(32, 30, 15), "5");
    w.advance(4_998).await;
    throttled(a.get(&missing()).await, &rate(33, 30, 15), "1");
    w.advance(1).await;
    ask(&a, &missing(), 30, 204).await;
    throttled(a.get(&missing()).await, &rate(31, 30, 15), "15");
}

#[tokio::test]
async fn refused_requests_count_toward_300_in_300_seconds() {
    let w = World::limited().await;
    let a = w.user(fixtures::A).await;
    for slot in 0..7 {
        ask(&a, &missing(), 30, 204).await;
        if slot < 6 {
            ask(&a, &missing(), 13, 429).await;
            w.advance(15_000).await;
        }
    }
    // 288 so far, in 90 s; the burst is used up, the long window is not.
    throttled(a.get(&missing()).await, &rate(31, 30, 15), "15");
    w.advance(15_000).await;
    ask(&a, &missing(), 11, 204).await;
    throttled(a.get(&missing()).await, &rate(301, 300, 300), "195");
    w.advance(194_999).await;
    throttled(a.get(&missing()).await, &rate(302, 300, 300), "1");
    w.advance(1).await;
    // The short window began with the request before.
    ask(&a, &missing(), 29, 204).await;
    throttled(a.get(&missing()).await, &rate(31, 30, 15), "15");
}

#[tokio::test]
async fn users_titles_and_services_are_counted_apart() {
    let w = World::limited().await;
    let a = w.user(fixtures::A).await;
    ask(&a, &missing(), 30, 204).await;
    ask(&a, &missing(), 1, 429).await;
    ask(&w.user(fixtures::B).await, &missing(), 1, 204).await;
    let elsewhere = w.token(json!({ "xuid": "1001", "titleId": "777" })).await;
    ask(&elsewhere, &missing(), 1, 403).await;
    ask(&a, "/users/me/people", 10, 200).await;
    throttled(a.get("/users/me/people").await, &rate(11, 10, 15), "15");
    // Another token of the same user and title is no way around it.
    ask(&w.user(fixtures::A).await, &missing(), 1, 429).await;
}

#[tokio::test]
async fn a_request_counts_whatever_its_handler_says_and_not_before_it_is_authenticated() {
    let w = World::limited().await;
    let a = w.user(fixtures::A).await;
    let other = "/serviceconfigs/99999999-9999-4999-8999-999999999999/sessiontemplates";
    ask(&a, other, 10, 404).await;
    for _ in 0..10 {
        a.put(&missing(), json!({ "foo": 1 })).await.expect(400);
        let call = a.request("GET", &missing());
        call.without("x-xbl-contract-version")
            .send()
            .await
            .expect(400);
    }
    // These do not count.
    let forged = format!("XBL3.0 x=1;{}", "x".repeat(40));
    for _ in 0..40 {
        w.nobody().get(&missing()).await.expect(401);
        call(&w, "GET", &missing(), &forged)
            .send()
            .await
            .expect(401);
        a.request("PATCH", &missing()).send().await.expect(405);
        a.get("/nowhere").await.expect(404);
        a.get("/healthz").await.expect(200);
        a.get("/metrics").await.expect(200);
        let body = json!({ "xuid": "1001" });
        a.post("/dev/token", body).await.expect(200);
    }
    throttled(a.get(&missing()).await, &rate(31, 30, 15), "15");
    // A refused request changes nothing, not even if it would have been refused anyway.
    let create = json!({ "properties": { "custom": { "a": 1 } } });
    a.put(&missing(), create).await.expect(429);
    w.advance(15_000).await;
    ask(&a, &missing(), 1, 204).await;
}

#[tokio::test]
async fn a_token_of_several_users_counts_for_the_one_who_acts_or_else_for_the_first() {
    let w = World::limited().await;
    let users = json!([{ "xuid": "1001" }, { "xuid": "1002" }]);
    let both = mint(&w, json!({ "users": users, "titleId": "123" })).await;
    let path = missing();
    let ask = |authorization: String| {
        let call = call(&w, "GET", &path, &authorization);
        async { call.send().await.status }
    };
    for _ in 0..30 {
        assert_eq!(ask(both.of(1)).await, 204);
    }
    assert_eq!(ask(both.of(1)).await, 429);
    // An open choice counts for the first user, so that it is no way around a limit.
    for _ in 0..30 {
        assert_eq!(ask(both.with("*")).await, 401);
    }
    assert_eq!(ask(both.with("*")).await, 429);
    assert_eq!(ask(both.of(0)).await, 429);
}

#[tokio::test]
async fn figures_are_scaled_and_the_answer_says_the_scaled_one() {
    let w = World::configured(StoreKind::Memory, |config| {
        config.limits.scale = Scale::try_from(1.5).expect("positive");
    })
    .await;
    let a = w.user(fixtures::A).await;
    ask(&a, "/users/me/people", 15, 200).await;
    throttled(a.get("/users/me/people").await, &rate(16, 15, 15), "15");
}

#[tokio::test]
async fn where_limits_are_only_reported_answers_say_which_would_have_been_refused() {
    let w = World::configured(StoreKind::Memory, |config| {
        config.limits.mode = Mode::Report;
    })
    .await;
    let a = w.user(fixtures::A).await;
    for count in 1..40 {
        let answer = a.get(&missing()).await.expect(204);
        let expected = (30 < count).then_some("1");
        assert_eq!(answer.header("x-ratelimit-would-throttle"), expected);
    }
    let refused = a.put(&missing(), json!({ "foo": 1 })).await.expect(400);
    assert_eq!(refused.header("x-ratelimit-would-throttle"), Some("1"));
    w.advance(15_000).await;
    let answer = a.get(&missing()).await.expect(204);
    assert_eq!(answer.header("x-ratelimit-would-throttle"), None);
}

#[tokio::test]
async fn server_principals_are_limited_by_requests_at_the_same_time() {
    let w = World::configured(StoreKind::Memory, |config| {
        config.limits.service_concurrency = 1.try_into().expect("not 0");
    })
    .await;
    let lobby = w.server().await;
    for _ in 0..400 {
        lobby.get(&missing()).await.expect(204);
    }
    // A request whose body does not come is a request that runs.
    let never = Body::new(Never);
    let mut running = Box::pin(lobby.request("PUT", &missing()).send_arriving(never));
    let pending = std::future::poll_fn(|context| {
        std::task::Poll::Ready(running.as_mut().poll(context).is_pending())
    });
    assert!(pending.await);
    let concurrency = json!({
        "version": 1, "currentRequests": 2, "maxRequests": 1,
        "periodInSeconds": 0, "limitType": "Concurrency",
    });
    throttled(lobby.get(&missing()).await, &concurrency, "1");
    w.user(fixtures::A).await.get(&missing()).await.expect(204);
    // The sender goes away.
    drop(running);
    lobby.get(&missing()).await.expect(204);
}

/// A body that does not come.
struct Never;

impl axum::body::HttpBody for Never {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }
}
