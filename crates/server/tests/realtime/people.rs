//! What happens on a people list, told to whoever is subscribed to it.

use convoke_server::config::{Config, FriendModel};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Socket;
use crate::service::{Player, Service};

fn friends_of(xuid: u64) -> String {
    format!("http://social.xboxlive.com/users/xuid({xuid})/friends")
}

/// Subscribes, and has the number of the subscription.
async fn subscribe(socket: &mut Socket, seq: u32, uri: &str) -> u64 {
    let answer = socket.ask(&json!([1, seq, uri]).to_string()).await;
    assert_eq!(
        (&answer[2], &answer[4]),
        (&json!(0), &Value::Null),
        "{answer}"
    );
    assert_eq!(answer.as_array().map(Vec::len), Some(5));
    answer[3].as_u64().expect("a number")
}

async fn write(service: &Service, method: Method, player: &Player, target: &str) {
    let path = format!("/users/me/people/{target}");
    service.call(method, &path, player, None).await.ok(204);
}

async fn follow(service: &Service, player: &Player, target: &Player) {
    let target = format!("xuid({})", target.xuid);
    write(service, Method::PUT, player, &target).await;
}

fn event(subscription: u64, kind: &str, xuid: u64) -> Value {
    json!([3, subscription, { "NotificationType": kind, "Xuids": [xuid.to_string()] }])
}

#[tokio::test]
async fn c24_who_is_followed_is_told_to_the_followers_own_subscription() {
    let service = Service::start().await;
    let (a, c) = (service.player(1001).await, service.player(1003).await);
    let (mut at_a, mut at_c) = (service.open(&a).await, service.open(&c).await);
    let of_a = subscribe(&mut at_a, 1, &friends_of(1001)).await;
    let of_c = subscribe(
        &mut at_c,
        1,
        "https://social.xboxlive.com/users/xuid(1003)/friends",
    )
    .await;
    follow(&service, &a, &c).await;
    assert_eq!(at_a.hear().await, event(of_a, "Added", 1003));
    follow(&service, &a, &c).await;
    // C has not got A on the list, so that nothing has changed there.
    at_c.assert_silent().await;
    follow(&service, &c, &a).await;
    assert_eq!(at_c.hear().await, event(of_c, "Added", 1001));
    assert_eq!(at_a.hear().await, event(of_a, "Changed", 1003));
    write(&service, Method::PUT, &a, "favorites/xuid(1003)").await;
    assert_eq!(at_a.hear().await, event(of_a, "Changed", 1003));
    write(&service, Method::DELETE, &a, "xuid(1003)").await;
    assert_eq!(at_a.hear().await, event(of_a, "Removed", 1003));
    assert_eq!(at_c.hear().await, event(of_c, "Changed", 1001));
    let block = json!({ "Xuid": "1003" });
    let never = "/users/me/people/never";
    service
        .call(Method::PUT, never, &a, Some(&block))
        .await
        .ok(200);
    assert_eq!(at_c.hear().await, event(of_c, "Removed", 1001));
    at_a.assert_silent().await;
}

#[tokio::test]
async fn c24_whoever_is_asked_to_be_a_friend_is_told_how_many_ask() {
    let by_request = |config: &mut Config| config.people.friend_model = FriendModel::Request;
    let service = Service::start_with(by_request).await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    let mut at_b = service.open(&b).await;
    let of_b = subscribe(&mut at_b, 1, &friends_of(1002)).await;
    let count = |count: u64| {
        let kind = "IncomingFriendRequestCountChanged";
        json!([3, of_b, { "NotificationType": kind, "Count": count }])
    };
    let friend = "/users/me/people/friends/v2/xuid(1002)";
    for (method, expected) in [(Method::PUT, 1), (Method::DELETE, 0), (Method::PUT, 1)] {
        service.call(method, friend, &a, None).await.ok(200);
        assert_eq!(at_b.hear().await, count(expected));
    }
    let back = "/users/me/people/friends/v2/xuid(1001)";
    service.call(Method::PUT, back, &b, None).await.ok(200);
    assert_eq!(at_b.hear().await, event(of_b, "Added", 1001));
    assert_eq!(at_b.hear().await, count(0));
    at_b.assert_silent().await;
}

#[tokio::test]
async fn c24_the_list_of_another_is_not_told() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    let mut at_b = service.open(&b).await;
    let refused = at_b.ask(&json!([1, 9, friends_of(1001)]).to_string()).await;
    assert_eq!(refused, json!([1, 9, 3, "no resource data"]));
    follow(&service, &a, &b).await;
    at_b.assert_silent().await;
}

#[tokio::test]
async fn every_subscription_is_told_until_it_ends_and_the_socket_leaves_nothing() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    let (mut one, mut other) = (service.open(&a).await, service.open(&a).await);
    let first = subscribe(&mut one, 1, &friends_of(1001)).await;
    let second = subscribe(&mut one, 1, &friends_of(1001)).await;
    let third = subscribe(&mut other, 1, &friends_of(1001)).await;
    follow(&service, &a, &b).await;
    assert_eq!(one.hear().await, event(first, "Added", 1002));
    assert_eq!(one.hear().await, event(second, "Added", 1002));
    assert_eq!(other.hear().await, event(third, "Added", 1002));
    let ended = one.ask(&json!([2, 5, first]).to_string()).await;
    assert_eq!(ended, json!([2, 5, 0]));
    write(&service, Method::DELETE, &a, "xuid(1002)").await;
    assert_eq!(one.hear().await, event(second, "Removed", 1002));
    one.ask(&json!([2, 6, second]).to_string()).await;
    follow(&service, &a, &b).await;
    one.assert_silent().await;
    assert_eq!(other.hear().await, event(third, "Removed", 1002));
    drop((one, other));
    service.until_metric("convoke_rta_subscriptions", 0).await;
    follow(&service, &b, &a).await;
}

#[tokio::test]
async fn changes_come_in_their_order_to_a_socket_that_reads_later() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    let mut at_a = service.open(&a).await;
    let of_a = subscribe(&mut at_a, 1, &friends_of(1001)).await;
    for _ in 0..300 {
        follow(&service, &a, &b).await;
        write(&service, Method::DELETE, &a, "xuid(1002)").await;
    }
    // Nobody had to wait for it, and the network had room for all.
    for _ in 0..300 {
        assert_eq!(at_a.hear().await, event(of_a, "Added", 1002));
        assert_eq!(at_a.hear().await, event(of_a, "Removed", 1002));
    }
    at_a.assert_silent().await;
}
