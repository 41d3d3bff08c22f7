//! Invitations, as the invited user's client hears of them.

use std::time::Duration;

use convoke_server::config::StoreChoice;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Socket;
use crate::service::{Player, Service, me, reference};

/// The notifications of a user in a title.
fn notifications(xuid: u64, title: u32) -> String {
    format!("https://notify.xboxlive.com/users/xuid({xuid})/deviceId/current/titleId/{title}")
}

/// Subscribes to the notifications of a player in the title 777; the number of the subscription.
async fn listen(socket: &mut Socket, player: &Player) -> u64 {
    listen_in(socket, player, 777).await
}

async fn listen_in(socket: &mut Socket, player: &Player, title: u32) -> u64 {
    let uri = notifications(player.xuid, title);
    let answer = socket.ask(&format!("[1,7,\"{uri}\"]")).await;
    let number = answer[3].as_u64().expect("a number");
    assert_eq!(answer, json!([1, 7, 0, number, null]));
    number
}

/// A and C, and a session of A.
async fn meeting() -> (Service, Player, Player) {
    let service = Service::start().await;
    let (a, c) = (
        service.named(1001, "Alpha").await,
        service.player(1003).await,
    );
    begin(&service, &a, "loose/g1").await;
    (service, a, c)
}

async fn begin(service: &Service, player: &Player, session: &str) {
    let active = me(&json!({"active": true}));
    service.put(player, session, &active).await.ok(201);
}

fn invite(session: &str, invited: &Player) -> Value {
    json!({"type": "invite", "version": 1, "sessionRef": reference(session),
        "invitedXuid": invited.xuid.to_string(),
        "inviteAttributes": {"titleId": "777", "context": "lvl=3", "contextString": "///join"}})
}

async fn send(service: &Service, sender: &Player, body: &Value) -> Value {
    let sent = service.call(Method::POST, "/handles", sender, Some(body));
    sent.await.ok(201)
}

/// The next event is the invitation of a handle.
async fn hears(socket: &mut Socket, subscription: u64, handle: &Value) {
    let event = socket.hear().await;
    assert_eq!((&event[0], &event[1]), (&json!(3), &json!(subscription)));
    assert_eq!(event[2]["inviteHandle"]["id"], handle["id"], "{event}");
}

#[tokio::test]
async fn h40_an_invited_user_is_told_at_once_all_that_clients_require() {
    let (service, a, c) = meeting().await;
    let mut socket = service.open(&c).await;
    let number = listen(&mut socket, &c).await;
    let handle = send(&service, &a, &invite("loose/g1", &c)).await;
    let expected = json!([3, number, {"service": "mpsd", "inviteHandle": {
        "id": handle["id"], "invitedXuid": "1003", "senderXuid": "1001", "inviteProtocol": "game",
        "expiration": "2026-01-02T00:00:00.0000000Z", "sessionRef": reference("loose/g1"),
        "inviteAttributes": {"titleId": "777", "context": "lvl=3", "contextString": "///join"},
        "inviteInfo": {"sender": "Alpha", "senderModernGamertag": "Alpha",
            "senderModernGamertagSuffix": "", "senderUniqueModernGamertag": "Alpha",
            "senderImageUrl": ""}}}]);
    assert_eq!(socket.hear().await, expected);
    assert_eq!(
        handle["expiration"],
        expected[2]["inviteHandle"]["expiration"]
    );
    socket.assert_silent().await;
    // What was told is not told again, neither here nor elsewhere.
    listen(&mut socket, &c).await;
    socket.assert_silent().await;
    let told = "convoke_rta_notifications_total{outcome=\"told\"}";
    assert_eq!(service.metric(told).await, 1);
}

#[tokio::test]
async fn every_socket_and_subscription_of_the_user_is_told_and_nobody_else() {
    let (service, a, c) = meeting().await;
    let b = service.player(1002).await;
    let (mut one, mut two) = (service.open(&c).await, service.open(&c).await);
    let (mut of_b, mut of_a) = (service.open(&b).await, service.open(&a).await);
    let first = listen(&mut one, &c).await;
    let second = listen(&mut one, &c).await;
    let third = listen(&mut two, &c).await;
    let other_title = listen_in(&mut two, &c, 999).await;
    listen(&mut of_b, &b).await;
    listen(&mut of_a, &a).await;
    let handle = send(&service, &a, &invite("loose/g1", &c)).await;
    hears(&mut one, first, &handle).await;
    hears(&mut one, second, &handle).await;
    hears(&mut two, third, &handle).await;
    for socket in [&mut one, &mut two, &mut of_b, &mut of_a] {
        socket.assert_silent().await;
    }
    // A subscription that has ended hears nothing.
    assert_eq!(one.ask(&format!("[2,1,{first}]")).await, json!([2, 1, 0]));
    assert_eq!(
        two.ask(&format!("[2,1,{other_title}]")).await,
        json!([2, 1, 0])
    );
    service.clock.advance(Duration::from_secs(5));
    let handle = send(&service, &a, &invite("loose/g1", &c)).await;
    hears(&mut one, second, &handle).await;
    hears(&mut two, third, &handle).await;
    one.assert_silent().await;
}

#[tokio::test]
async fn a_title_of_the_same_service_configuration_hears_and_another_does_not() {
    let (service, a, c) = meeting().await;
    let mut socket = service.open(&c).await;
    let other = listen_in(&mut socket, &c, 999).await;
    let to_title = |title: &str| {
        let mut body = invite("loose/g1", &c);
        body["inviteAttributes"]["titleId"] = json!(title);
        body
    };
    let to_other = send(&service, &a, &to_title("999")).await;
    hears(&mut socket, other, &to_other).await;
    service.clock.advance(Duration::from_secs(5));
    let own = listen(&mut socket, &c).await;
    let to_neither = send(&service, &a, &to_title("896928775")).await;
    hears(&mut socket, own, &to_neither).await;
    socket.assert_silent().await;
}

#[tokio::test]
async fn an_invitation_waits_for_the_next_subscription_even_over_a_restart() {
    for store in [StoreChoice::Sqlite, StoreChoice::Log] {
        let durable = |config: &mut convoke_server::config::Config| config.store = store;
        let service = Service::start_with(durable).await;
        let (a, c) = (
            service.named(1001, "Alpha").await,
            service.player(1003).await,
        );
        begin(&service, &a, "loose/g1").await;
        let first = send(&service, &a, &invite("loose/g1", &c)).await;
        service.clock.advance(Duration::from_secs(5));
        let second = send(&service, &a, &invite("loose/g1", &c)).await;
        let waits = "convoke_rta_notifications_total{outcome=\"waits\"}";
        assert_eq!(service.metric(waits).await, 2);
        let service = service.again(durable).await;
        let mut socket = service.open(&c).await;
        let number = listen(&mut socket, &c).await;
        let event = socket.hear().await;
        assert_eq!(event[2]["inviteHandle"]["id"], first["id"]);
        assert_eq!(event[2]["inviteHandle"]["inviteInfo"]["sender"], "Alpha");
        hears(&mut socket, number, &second).await;
        socket.assert_silent().await;
        drop(socket);
        // Told is told, over a restart too.
        let service = service.again(durable).await;
        let mut socket = service.open(&c).await;
        listen(&mut socket, &c).await;
        socket.assert_silent().await;
    }
}

#[tokio::test]
async fn what_was_deleted_has_expired_or_was_used_is_not_told() {
    let (service, a, c) = meeting().await;
    let pause = || service.clock.advance(Duration::from_secs(5));
    let deleted = send(&service, &a, &invite("loose/g1", &c)).await;
    let path = format!("/handles/{}", deleted["id"].as_str().expect("an id"));
    service.call(Method::DELETE, &path, &a, None).await.ok(204);
    pause();
    // Used, and left again: the invitation did its work.
    let used = send(&service, &a, &invite("loose/g1", &c)).await;
    let path = format!("/handles/{}/session", used["id"].as_str().expect("an id"));
    let join = me(&json!({"active": true}));
    service
        .call(Method::PUT, &path, &c, Some(&join))
        .await
        .ok(200);
    pause();
    // Made while the user is in the session.
    send(&service, &a, &invite("loose/g1", &c)).await;
    let mut socket = service.open(&c).await;
    listen(&mut socket, &c).await;
    socket.assert_silent().await;
    drop(socket);
    let leave = json!({"members": {"me": null}});
    service.put(&c, "loose/g1", &leave).await.ok(200);
    let mut socket = service.open(&c).await;
    let number = listen(&mut socket, &c).await;
    let event = socket.hear().await;
    assert_eq!((&event[0], &event[1]), (&json!(3), &json!(number)));
    assert_ne!(event[2]["inviteHandle"]["id"], used["id"]);
    socket.assert_silent().await;
    drop(socket);
    pause();
    send(&service, &a, &invite("loose/g1", &c)).await;
    service.clock.advance(Duration::from_hours(24));
    let c = service.player(1003).await;
    let mut socket = service.open(&c).await;
    listen(&mut socket, &c).await;
    socket.assert_silent().await;
}

#[tokio::test]
async fn a_sender_who_repeats_an_invitation_within_five_seconds_is_heard_once() {
    let (service, a, c) = meeting().await;
    begin(&service, &a, "loose/g2").await;
    let first = send(&service, &a, &invite("loose/g1", &c)).await;
    send(&service, &a, &invite("loose/g1", &c)).await;
    let elsewhere = send(&service, &a, &invite("loose/g2", &c)).await;
    service.clock.advance(Duration::from_secs(4));
    send(&service, &a, &invite("loose/g1", &c)).await;
    service.clock.advance(Duration::from_secs(1));
    let later = send(&service, &a, &invite("loose/g1", &c)).await;
    let mut socket = service.open(&c).await;
    let number = listen(&mut socket, &c).await;
    // All of them are there; what was made at one moment comes in the order of its ids.
    let mut heard = Vec::new();
    for _ in 0..3 {
        let event = socket.hear().await;
        assert_eq!(event[1], json!(number));
        heard.push(event[2]["inviteHandle"]["id"].clone());
    }
    socket.assert_silent().await;
    assert_eq!(heard.pop(), Some(later["id"].clone()));
    for made in [first, elsewhere] {
        assert!(heard.contains(&made["id"]), "{heard:?}");
    }
}

#[tokio::test]
async fn a_session_without_a_protocol_makes_invitations_that_nobody_is_told_of() {
    let (service, a, c) = meeting().await;
    begin(&service, &a, "quiet/q1").await;
    let mut socket = service.open(&c).await;
    listen(&mut socket, &c).await;
    let handle = send(&service, &a, &invite("quiet/q1", &c)).await;
    assert!(handle.get("inviteProtocol").is_none(), "{handle}");
    socket.assert_silent().await;
    listen(&mut socket, &c).await;
    socket.assert_silent().await;
}

#[tokio::test]
async fn h101_a_client_registers_and_subscribes_for_its_own_users_only() {
    let (service, a, c) = meeting().await;
    let mut socket = service.open(&c).await;
    for host in ["https://notify", "HTTP://Notify", "https://NOTIFY"] {
        let uri = format!("{host}.XboxLive.com/users/xuid(1003)/deviceId/current/titleId/777");
        let answer = socket.ask(&format!("[1,1,\"{uri}\"]")).await;
        assert_eq!(answer[2], 0, "{uri}");
    }
    let foreign = notifications(a.xuid, 777);
    let answer = socket.ask(&format!("[1,2,\"{foreign}\"]")).await;
    assert_eq!(answer, json!([1, 2, 3, "no resource data"]));

    let body = |uri: &str, transport: &str| {
        json!({"systemId": "3f1b6d8e-7c52-4f3a-9a55-1f7d3b2f9a01", "endpointUri": uri,
            "platform": "Win32", "transport": transport, "locale": "en-US", "titleId": "777",
            "filters": [{"action": "Include", "source": 6, "type": 1}]})
    };
    let path = "/system/notifications/endpoints";
    let own = body(&notifications(c.xuid, 777), "RTA");
    let answer = service
        .call(Method::POST, path, &c, Some(&own))
        .await
        .ok(201);
    let id = answer["endpointId"].as_str().expect("an id");
    assert_eq!(answer, json!({"endpointId": id}));
    assert_eq!(id.len(), 36);
    for (wrong, words) in [
        (
            body(&foreign, "RTA"),
            "endpointUri: expected a user of the token",
        ),
        (
            body("https://example.com/x", "RTA"),
            "endpointUri: expected the address of a user's notifications",
        ),
        (
            body(&notifications(c.xuid, 777), "WNS"),
            "transport: notifications are told over `RTA` only",
        ),
        (json!({"transport": "RTA"}), "endpointUri"),
    ] {
        let answer = service.call(Method::POST, path, &c, Some(&wrong)).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.text.contains(words), "{answer:?}");
    }
}

#[tokio::test]
async fn all_that_waits_is_told_in_its_order() {
    let (service, a, c) = meeting().await;
    let mut sent = Vec::new();
    for _ in 0..70 {
        let handle = send(&service, &a, &invite("loose/g1", &c)).await;
        sent.push(handle["id"].clone());
        service.clock.advance(Duration::from_secs(5));
    }
    let mut socket = service.open(&c).await;
    let number = listen(&mut socket, &c).await;
    for id in sent {
        hears(&mut socket, number, &json!({"id": id})).await;
    }
    socket.assert_silent().await;
}

#[tokio::test]
async fn h41_nobody_hears_of_whom_they_have_blocked_or_muted() {
    let (service, a, c) = meeting().await;
    let mut socket = service.open(&c).await;
    let number = listen(&mut socket, &c).await;
    for list in ["never", "mute"] {
        let path = format!("/users/xuid(1003)/people/{list}");
        let body = json!({"xuid": "1001"});
        service
            .call(Method::PUT, &path, &c, Some(&body))
            .await
            .ok(200);
        let handle = send(&service, &a, &invite("loose/g1", &c)).await;
        assert_eq!(handle["invitedXuid"], "1003");
        socket.assert_silent().await;
        listen(&mut socket, &c).await;
        socket.assert_silent().await;
        // The handle can be used nevertheless, and what is lifted hides nothing any more.
        let path_to = format!("/handles/{}", handle["id"].as_str().expect("an id"));
        service.call(Method::GET, &path_to, &c, None).await.ok(200);
        service
            .call(Method::DELETE, &path_to, &c, None)
            .await
            .ok(204);
        service
            .call(Method::DELETE, &path, &c, Some(&body))
            .await
            .ok(200);
        service.clock.advance(Duration::from_secs(5));
    }
    let handle = send(&service, &a, &invite("loose/g1", &c)).await;
    hears(&mut socket, number, &handle).await;
}
