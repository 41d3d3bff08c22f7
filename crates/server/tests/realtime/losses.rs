//! Lost connections: what happens, when, and what prevents it.

use std::sync::Arc;
use std::time::Duration;

use convoke_server::config::StoreChoice;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::client::{Socket, reason};
use crate::service::{Player, Service, me};

/// A and B, both subscribed to everything, in one session.
struct Meeting {
    service: Service,
    a: Player,
    b: Player,
    at_a: Socket,
    at_b: Socket,
}

impl Meeting {
    async fn of(session: &str) -> Self {
        let service = Service::start().await;
        let (a, b) = (service.player(1001).await, service.player(1002).await);
        let (mut at_a, of_a) = service.connect(&a).await;
        let (at_b, of_b) = service.connect(&b).await;
        service.subscribe(&a, session, &of_a, &["everything"]).await;
        service.subscribe(&b, session, &of_b, &["everything"]).await;
        at_a.until_tapped(2).await;
        Self {
            service,
            a,
            b,
            at_a,
            at_b,
        }
    }
}

fn is_active(session: &Value, index: &str) -> bool {
    session["members"][index]["properties"]["system"]["active"] == true
}

fn is_gone(session: &Value, index: &str) -> bool {
    session["members"].is_object() && session["members"][index].is_null()
}

#[tokio::test]
async fn h87_whoever_loses_the_connection_is_out_after_half_a_minute_and_the_others_are_tapped() {
    let Meeting {
        service,
        a,
        b,
        mut at_a,
        at_b,
    } = Meeting::of("g1").await;
    let reference = json!({"scid": "11111111-1111-4111-8111-111111111111",
        "templateName": "game", "name": "g1"});
    let activity = json!({"version": 1, "type": "activity", "sessionRef": reference});
    let handle = service
        .call(Method::POST, "/handles", &b, Some(&activity))
        .await
        .ok(201);
    let handle = format!("/handles/{}", handle["id"].as_str().expect("an id"));
    drop(at_b);
    service.until_metric("convoke_rta_sockets_open", 1).await;
    service.pass(29, &mut [&mut at_a]).await;
    assert!(is_active(&service.get(&a, "g1").await.ok(200), "1"));
    service.call(Method::GET, &handle, &b, None).await.ok(200);
    service.clock.advance(Duration::from_secs(2));
    // One tap may tell of both, that B is inactive and that B is gone.
    at_a.until_tapped(4).await;
    let session = service.get(&a, "g1").await.ok(200);
    assert!(
        is_active(&session, "0") && is_gone(&session, "1"),
        "{session}"
    );
    assert_eq!(
        service.call(Method::GET, &handle, &b, None).await.status,
        404
    );
    assert_eq!(service.metric("convoke_rta_members_lost_total").await, 1);
}

#[tokio::test]
async fn a_socket_that_its_client_closes_leaves_the_same_time_to_come_back() {
    let Meeting {
        service,
        a,
        mut at_a,
        mut at_b,
        ..
    } = Meeting::of("slow/g1").await;
    let farewell = CloseFrame {
        code: CloseCode::Normal,
        reason: "".into(),
    };
    at_b.stream.close(Some(farewell)).await.expect("sent");
    service
        .until_metric("convoke_rta_sockets_ended_total{end=\"gone\"}", 1)
        .await;
    service.pass(29, &mut [&mut at_a]).await;
    service.app.run_due_losses().await;
    assert!(is_active(&service.get(&a, "slow/g1").await.ok(200), "1"));
    service.clock.advance(Duration::from_secs(1));
    at_a.until_tapped(3).await;
    assert!(!is_active(&service.get(&a, "slow/g1").await.ok(200), "1"));
}

#[tokio::test]
async fn h88_a_new_connection_in_time_leaves_everything_as_it_was() {
    let Meeting {
        service,
        a,
        b,
        mut at_a,
        at_b,
    } = Meeting::of("g1").await;
    drop(at_b);
    service.until_metric("convoke_rta_sockets_open", 1).await;
    service.pass(10, &mut [&mut at_a]).await;
    let (mut at_b, id) = service.connect(&b).await;
    let renewed = me(&json!({"active": true, "connection": id}));
    let session = service.put(&b, "g1", &renewed).await.ok(200);
    assert!(is_active(&session, "1"));
    at_b.until_tapped(3).await;
    service.pass(50, &mut [&mut at_a, &mut at_b]).await;
    service.app.run_due_losses().await;
    assert!(is_active(&service.get(&a, "g1").await.ok(200), "1"));
    service
        .put(&a, "g1", &json!({"properties": {"custom": {"a": 1}}}))
        .await
        .ok(200);
    at_b.until_tapped(4).await;
}

#[tokio::test]
async fn h89_inactive_members_have_the_time_that_their_session_gives_them() {
    let Meeting {
        service,
        a,
        at_b,
        mut at_a,
        ..
    } = Meeting::of("slow/g1").await;
    drop(at_b);
    service.until_metric("convoke_rta_sockets_open", 1).await;
    service.pass(31, &mut [&mut at_a]).await;
    let wanted = |session: &Value| !is_active(session, "1");
    let session = service.until(&a, "slow/g1", wanted).await;
    assert!(!is_gone(&session, "1"), "{session}");
    assert_eq!(session["changeNumber"], 3);
    service.pass(58, &mut [&mut at_a]).await;
    assert!(!is_gone(&service.get(&a, "slow/g1").await.ok(200), "1"));
    service.clock.advance(Duration::from_secs(3));
    at_a.until_tapped(4).await;
    assert!(is_gone(&service.get(&a, "slow/g1").await.ok(200), "1"));
}

#[tokio::test]
async fn e79_a_member_who_lost_the_connection_keeps_the_subscription_and_may_come_back() {
    let Meeting {
        service,
        a,
        b,
        mut at_a,
        at_b,
    } = Meeting::of("slow/g1").await;
    drop(at_b);
    service.until_metric("convoke_rta_sockets_open", 1).await;
    service.pass(30, &mut [&mut at_a]).await;
    let session = service
        .until(&a, "slow/g1", |session| !is_active(session, "1"))
        .await;
    let system = &session["members"]["1"]["properties"]["system"];
    assert!(system["connection"].is_null(), "{system}");
    assert_eq!(system["subscription"]["changeTypes"], json!(["everything"]));
    let (mut at_b, id) = service.connect(&b).await;
    let back = me(&json!({"active": true, "connection": id}));
    let session = service.put(&b, "slow/g1", &back).await.ok(200);
    assert!(is_active(&session, "1"), "{session}");
    at_b.until_tapped(4).await;
}

#[tokio::test]
async fn a_connection_that_never_was_and_one_that_nobody_is_subscribed_to_are_lost_as_well() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let unknown = "12345678-0000-4000-8000-000000000000";
    service
        .put(
            &a,
            "slow/x",
            &me(&json!({"active": true, "connection": unknown})),
        )
        .await
        .ok(201);
    let (mut socket, id) = service.connect(&a).await;
    service
        .put(
            &a,
            "slow/y",
            &me(&json!({"active": true, "connection": id})),
        )
        .await
        .ok(201);
    assert_eq!(socket.ask("[2,1,0]").await, json!([2, 1, 0]));
    service
        .put(
            &a,
            "loose/z",
            &me(&json!({"active": true, "connection": unknown})),
        )
        .await
        .ok(201);
    service.pass(29, &mut [&mut socket]).await;
    service.app.run_due_losses().await;
    for session in ["slow/x", "slow/y"] {
        assert!(
            is_active(&service.get(&a, session).await.ok(200), "0"),
            "{session}"
        );
    }
    service.clock.advance(Duration::from_secs(1));
    for session in ["slow/x", "slow/y"] {
        service
            .until(&a, session, |session| !is_active(session, "0"))
            .await;
    }
    assert!(is_active(&service.get(&a, "loose/z").await.ok(200), "0"));
}

#[tokio::test]
async fn the_connections_of_a_service_that_was_started_again_have_their_time_too() {
    let durable = |config: &mut convoke_server::config::Config| config.store = StoreChoice::Sqlite;
    let mut service = Service::start_with(durable).await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    let (mut socket, of_a) = service.connect(&a).await;
    service
        .put(
            &a,
            "slow/x",
            &me(&json!({"active": true, "connection": of_a})),
        )
        .await
        .ok(201);
    let (at_b, of_b) = service.connect(&b).await;
    service
        .put(
            &b,
            "slow/x",
            &me(&json!({"active": true, "connection": of_b})),
        )
        .await
        .ok(200);
    service
        .stop
        .take()
        .expect("not stopped")
        .send(())
        .expect("served");
    assert_eq!(socket.closed().await, reason(1001, "shutting down"));
    drop((socket, at_b));
    let Service {
        app,
        clock,
        serving,
        folder,
        ..
    } = service;
    serving.await.expect("stopped");
    Arc::into_inner(app).expect("nobody else's").close().await;
    let service = Service::restart(folder, clock, durable).await;
    let (mut socket, of_a) = service.connect(&a).await;
    assert!(is_active(&service.get(&a, "slow/x").await.ok(200), "0"));
    service
        .put(
            &a,
            "slow/x",
            &me(&json!({"active": true, "connection": of_a})),
        )
        .await
        .ok(200);
    service.pass(30, &mut [&mut socket]).await;
    let session = service
        .until(&a, "slow/x", |session| !is_active(session, "1"))
        .await;
    assert!(is_active(&session, "0"), "{session}");
}

#[tokio::test]
async fn h93_a_socket_lives_for_two_hours() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let (mut socket, id) = service.connect(&a).await;
    service
        .put(
            &a,
            "slow/x",
            &me(&json!({"active": true, "connection": id})),
        )
        .await
        .ok(201);
    service.pass(7199, &mut [&mut socket]).await;
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(socket.closed().await, reason(1001, "lifetime"));
    service.until_metric("convoke_rta_sockets_open", 0).await;
    service.clock.advance(Duration::from_secs(29));
    service.app.run_due_losses().await;
    assert!(is_active(&service.get(&a, "slow/x").await.ok(200), "0"));
    service.clock.advance(Duration::from_secs(1));
    service
        .until(&a, "slow/x", |session| !is_active(session, "0"))
        .await;
}
