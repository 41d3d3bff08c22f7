//! Who is told of a change, over a socket.

use convoke_server::config::StoreChoice;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Socket;
use crate::service::{Player, Service, me, path, resource, subscription_of};

const EVERYTHING: &[&str] = &["everything"];

fn custom(value: u64) -> Value {
    json!({"properties": {"custom": {"value": value}}})
}

/// A session of A and B, who has subscribed to these changes; all taps so far have been heard.
async fn meeting(changes: &[&str]) -> (Service, Player, Player, Socket) {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    let (_, of_a) = service.connect(&a).await;
    let active = me(&json!({"active": true, "connection": of_a}));
    service.put(&a, "g1", &active).await.ok(201);
    let (mut socket, of_b) = service.connect(&b).await;
    service.subscribe(&b, "g1", &of_b, changes).await;
    socket.round_trip().await;
    (service, a, b, socket)
}

#[tokio::test]
async fn h82_a_change_taps_every_subscriber_and_the_tap_can_be_read_at_once() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    let (mut at_a, of_a) = service.connect(&a).await;
    let (mut at_b, of_b) = service.connect(&b).await;
    service.subscribe(&a, "g1", &of_a, EVERYTHING).await;
    service.subscribe(&b, "g1", &of_b, EVERYTHING).await;
    at_a.until_tapped(2).await;
    at_b.until_tapped(2).await;
    let written = service.put(&a, "g1", &custom(1)).await.ok(200);
    for (player, socket) in [(&a, &mut at_a), (&b, &mut at_b)] {
        let event = socket.hear().await;
        let ncid = &event[2]["ncid"];
        assert!(ncid.is_string(), "{event}");
        let expected = json!([3, 0, {"ncid": ncid, "shoulderTaps": [{
            "timestamp": "2026-01-01T00:00:00.0000000Z", "subscription": subscription_of(player),
            "resourceType": "mpsd/session", "resource": resource("g1"),
            "branch": written["branch"], "changeNumber": 3}]}]);
        assert_eq!(event, expected);
        let read = service.get(player, "g1").await.ok(200);
        assert!(3 <= read["changeNumber"].as_u64().expect("a number"));
        assert_eq!(read["branch"], written["branch"]);
    }
}

#[tokio::test]
async fn h83_h84_only_what_was_subscribed_to_taps() {
    let (service, a, _, mut socket) = meeting(&["host"]).await;
    service.put(&a, "g1", &custom(1)).await.ok(200);
    socket.assert_silent().await;
    let device = "00000000-0000-4000-8000-000000000001";
    let address = json!({"members": {"me": {"properties":
        {"system": {"secureDeviceAddress": "AA=="}}}}});
    service.put(&a, "g1", &address).await.ok(200);
    let token = service.get(&a, "g1").await.ok(200)["members"]["0"]["deviceToken"].clone();
    let host = token.as_str().unwrap_or(device);
    let host = json!({"properties": {"system": {"host": host}}});
    let changed = service.put(&a, "g1", &host).await.ok(200);
    let taps = socket.taps().await;
    assert_eq!(taps[0]["changeNumber"], changed["changeNumber"]);

    let (service, _, _, mut socket) = meeting(&["membersList"]).await;
    let c = service.player(1003).await;
    let (_at_c, of_c) = service.connect(&c).await;
    let joins = me(&json!({"active": true, "connection": of_c}));
    let joined = service.put(&c, "g1", &joins).await.ok(200);
    assert_eq!(
        socket.taps().await[0]["changeNumber"],
        joined["changeNumber"]
    );
    let own = json!({"members": {"me": {"properties": {"custom": {"a": 1}}}}});
    service.put(&c, "g1", &own).await.ok(200);
    socket.assert_silent().await;
    let left = service
        .put(&c, "g1", &json!({"members": {"me": null}}))
        .await
        .ok(200);
    assert_eq!(socket.taps().await[0]["changeNumber"], left["changeNumber"]);
}

#[tokio::test]
async fn h85_a_write_that_changes_nothing_taps_nobody() {
    let (service, a, _, mut socket) = meeting(EVERYTHING).await;
    let before = service.get(&a, "g1").await.ok(200);
    service.put(&a, "g1", &json!({})).await.ok(200);
    let path = format!("{}?nocommit=true", crate::service::path("g1"));
    let tried = service.call(Method::PUT, &path, &a, Some(&custom(1))).await;
    tried.ok(200);
    socket.assert_silent().await;
    assert_eq!(service.get(&a, "g1").await.ok(200), before);
}

#[tokio::test]
async fn h86_taps_of_fast_writes_come_in_order_and_the_last_is_the_last_change() {
    let (service, a, _, mut socket) = meeting(EVERYTHING).await;
    let mut last = 0;
    for value in 1..=10 {
        let written = service.put(&a, "g1", &custom(value)).await.ok(200);
        last = written["changeNumber"].as_u64().expect("a number");
    }
    let mut heard = 0;
    while heard < last {
        for tap in socket.taps().await {
            let number = tap["changeNumber"].as_u64().expect("a number");
            assert!(heard <= number && number <= last, "{heard} {tap}");
            heard = number;
        }
    }
    socket.assert_silent().await;
}

/// A connection that so many sessions tap, its id, and a write that has another one tap it.
async fn in_sessions(service: &Service, player: &Player, count: u32) -> (Socket, String, Value) {
    let (socket, id) = service.connect(player).await;
    for number in 1..=count {
        let session = format!("s{number}");
        service.subscribe(player, &session, &id, EVERYTHING).await;
    }
    let subscribed = me(&json!({"active": true, "connection": id,
        "subscription": {"id": subscription_of(player), "changeTypes": ["host"]}}));
    (socket, id, subscribed)
}

#[tokio::test]
async fn h90_one_connection_serves_the_subscriptions_of_ten_sessions() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let (_socket, id, subscribed) = in_sessions(&service, &a, 10).await;
    let refused = service.put(&a, "s11", &subscribed).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(
        refused.text.contains("members.connection.sessions"),
        "{refused:?}"
    );
    assert_eq!(service.get(&a, "s11").await.status, 204);
    // Without a subscription it may be in more, and a place that was given up is free.
    service
        .put(&a, "s11", &me(&json!({"active": true, "connection": id})))
        .await
        .ok(201);
    service
        .put(&a, "s3", &json!({"members": {"me": null}}))
        .await;
    service.put(&a, "s12", &subscribed).await.ok(201);
}

#[tokio::test]
async fn concurrent_writes_share_what_is_left_of_the_ten_sessions_of_a_connection() {
    // On a disk, where others are judged while a write is being made durable.
    let service = Service::start_with(|config| config.store = StoreChoice::Sqlite).await;
    let a = service.player(1001).await;
    let (_socket, _, subscribed) = in_sessions(&service, &a, 9).await;
    for round in 1..=5 {
        let names: Vec<String> = (0..8).map(|number| format!("r{round}-{number}")).collect();
        let writes = names.iter().map(|name| service.put(&a, name, &subscribed));
        let answers = join_all(writes).await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        let of = |status: u16| statuses.iter().filter(|one| **one == status).count();
        assert_eq!((of(201), of(409)), (1, 7), "{statuses:?}");
        let tenth = statuses.iter().position(|status| *status == 201);
        let tenth = &names[tenth.expect("one of them")];
        // Whoever leaves gives the place back, to the next round.
        let leave = json!({"members": {"me": null}});
        service.put(&a, tenth, &leave).await.ok(204);
    }
}

#[tokio::test]
async fn what_is_not_committed_takes_no_place_at_a_connection() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let (_socket, _, subscribed) = in_sessions(&service, &a, 9).await;
    for _ in 0..2 {
        let rehearsed = format!("{}?nocommit=true", path("s10"));
        let put = service.call(Method::PUT, &rehearsed, &a, Some(&subscribed));
        put.await.ok(201);
    }
    service.put(&a, "s10", &subscribed).await.ok(201);
    assert_eq!(service.put(&a, "s11", &subscribed).await.status, 409);
}

#[tokio::test]
async fn h91_h92_large_sessions_take_no_subscription_and_others_want_a_connection() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let (_socket, id) = service.connect(&a).await;
    let subscribed = me(&json!({"active": true, "connection": id,
        "subscription": {"id": subscription_of(&a), "changeTypes": ["everything"]}}));
    assert_eq!(service.put(&a, "large/x", &subscribed).await.status, 400);
    let active = me(&json!({"active": true}));
    service.put(&a, "loose/x", &active).await.ok(201);
    assert_eq!(service.put(&a, "game/x", &active).await.status, 400);
}

#[tokio::test]
async fn h95_members_who_share_a_connection_are_tapped_each() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    let (mut socket, id) = service.connect(&a).await;
    service.subscribe(&a, "g1", &id, EVERYTHING).await;
    service.subscribe(&b, "g1", &id, EVERYTHING).await;
    socket.round_trip().await;
    service.put(&a, "g1", &custom(1)).await.ok(200);
    let mut taps = socket.taps().await;
    if taps.len() == 1 {
        taps.extend(socket.taps().await);
    }
    let mut subscriptions: Vec<_> = taps.iter().map(|tap| tap["subscription"].clone()).collect();
    subscriptions.sort_by_key(ToString::to_string);
    assert_eq!(subscriptions, [subscription_of(&a), subscription_of(&b)]);
    assert!(taps.iter().all(|tap| tap["changeNumber"] == 3), "{taps:?}");
}

#[tokio::test]
async fn whoever_is_removed_and_whoever_was_in_a_deleted_session_is_tapped_once_more() {
    let (service, _, b, mut socket) = meeting(&["host"]).await;
    service
        .put(&b, "g1", &json!({"members": {"me": null}}))
        .await
        .ok(200);
    assert_eq!(socket.taps().await[0]["changeNumber"], 3);

    let (mut alone, id) = service.connect(&b).await;
    let session = service.subscribe(&b, "g2", &id, &["host"]).await;
    alone.round_trip().await;
    service
        .put(&b, "g2", &json!({"members": {"me": null}}))
        .await
        .ok(204);
    let taps = alone.taps().await;
    assert_eq!(taps[0]["branch"], session["branch"]);
    assert_eq!(taps[0]["changeNumber"], 2);
    assert_eq!(service.get(&b, "g2").await.status, 204);
}

#[tokio::test]
async fn deleting_a_member_taps_as_leaving_does() {
    let (service, a, _, mut socket) = meeting(&["membersList"]).await;
    let element = format!("{}/members/me", crate::service::path("g1"));
    let left = service.call(Method::DELETE, &element, &a, None).await;
    let left = left.ok(200);
    let taps = socket.taps().await;
    assert_eq!(taps[0]["changeNumber"], left["changeNumber"]);
    assert_eq!(taps[0]["branch"], left["branch"]);
}
