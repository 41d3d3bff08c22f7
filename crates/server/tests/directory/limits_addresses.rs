//! What one address may do before anybody knows who it is.

use convoke_server::config::Limits;
use serde_json::json;

use crate::fixtures::{self, session};
use crate::limits_rates::{rate, throttled};
use crate::world::{Answer, Player, StoreKind, World};

/// A service with small limits on addresses and none on users.
async fn small(change: impl FnOnce(&mut Limits)) -> World {
    World::configured(StoreKind::Memory, |config| {
        let limits = &mut config.limits;
        limits.mode = convoke_server::config::Mode::Off;
        limits.per_address.requests_per_second = 2.try_into().expect("not 0");
        limits.per_address.failed_authentications_per_minute = 3.try_into().expect("not 0");
        change(limits);
    })
    .await
}

async fn ask(player: &Player, address: &str) -> Answer {
    let call = player.request("GET", &session("open", "missing"));
    call.connected_from(address).send().await
}

async fn ask_through(player: &Player, proxy: &str, forwarded: &str) -> Answer {
    let call = player.request("GET", &session("open", "missing"));
    let call = call.header("X-Forwarded-For", forwarded);
    call.connected_from(proxy).send().await
}

#[tokio::test]
async fn an_address_asks_so_often_in_a_second_and_twice_as_often_at_once() {
    let w = small(|_| {}).await;
    let a = w.user(fixtures::A).await;
    for _ in 0..4 {
        ask(&a, "192.0.2.1").await.expect(204);
    }
    throttled(ask(&a, "192.0.2.1").await, &rate(5, 4, 2), "1");
    // Before authentication, and whatever is asked for.
    throttled(ask(&w.nobody(), "192.0.2.1").await, &rate(5, 4, 2), "1");
    ask(&a, "192.0.2.2").await.expect(204);
    w.advance(500).await;
    ask(&a, "192.0.2.1").await.expect(204);
    ask(&a, "192.0.2.1").await.expect(429);
    w.advance(2_000).await;
    for _ in 0..4 {
        ask(&a, "192.0.2.1").await.expect(204);
    }
}

#[tokio::test]
async fn an_address_whose_credentials_are_refused_too_often_is_not_listened_to() {
    let w = small(|limits| {
        limits.per_address.requests_per_second = 1000.try_into().expect("not 0");
    })
    .await;
    let a = w.user(fixtures::A).await;
    for _ in 0..3 {
        ask(&w.nobody(), "192.0.2.1").await.expect(401);
    }
    throttled(ask(&w.nobody(), "192.0.2.1").await, &rate(4, 3, 60), "20");
    throttled(ask(&a, "192.0.2.1").await, &rate(4, 3, 60), "20");
    ask(&a, "192.0.2.2").await.expect(204);
    w.advance(20_000).await;
    for _ in 0..10 {
        ask(&a, "192.0.2.1").await.expect(204);
    }
    ask(&w.nobody(), "192.0.2.1").await.expect(401);
    ask(&a, "192.0.2.1").await.expect(429);
    // Signing in counts alike.
    w.advance(20_000).await;
    let call = w.nobody().request("POST", "/user/authenticate");
    let body = json!({
        "RelyingParty": "http://auth.xboxlive.com", "TokenType": "JWT",
        "Properties": { "AuthMethod": "RPS", "SiteName": "user.auth.xboxlive.com",
            "RpsTicket": "d=somebody" },
    });
    call.json(body)
        .connected_from("192.0.2.1")
        .send()
        .await
        .expect(401);
    ask(&a, "192.0.2.1").await.expect(429);
}

#[tokio::test]
async fn an_ipv6_network_of_64_bits_is_one_address_and_this_machine_is_none() {
    let w = small(|_| {}).await;
    let a = w.user(fixtures::A).await;
    for host in 1..=4 {
        ask(&a, &format!("2001:db8:0:1::{host}")).await.expect(204);
    }
    ask(&a, "2001:db8:0:1:ffff::9").await.expect(429);
    ask(&a, "2001:db8:0:2::1").await.expect(204);
    for _ in 0..4 {
        ask(&a, "::ffff:192.0.2.7").await.expect(204);
    }
    ask(&a, "192.0.2.7").await.expect(429);
    for _ in 0..20 {
        ask(&a, "127.0.0.1").await.expect(204);
        ask(&a, "::1").await.expect(204);
        ask(&a, "::ffff:127.0.0.1").await.expect(204);
    }
}

#[tokio::test]
async fn only_trusted_proxies_say_for_whom_they_ask() {
    let w = small(|limits| {
        limits.trusted_proxies = ["10.0.0.0/8", "2001:db8:ffff::1"]
            .map(|text| text.parse().expect("a network"))
            .to_vec();
    })
    .await;
    let a = w.user(fixtures::A).await;
    let clients = |n: u32| format!("198.51.100.{n}");
    // Each client of a trusted proxy has a limit of its own.
    for n in 0..20 {
        ask_through(&a, "10.0.0.1", &clients(n)).await.expect(204);
    }
    // What a client claims further left is not believed: only what the proxies added.
    for n in 0..4 {
        let chain = format!("{}, 203.0.113.9 , 10.1.1.1", clients(n));
        ask_through(&a, "2001:db8:ffff::1", &chain)
            .await
            .expect(204);
    }
    ask_through(&a, "10.0.0.1", "203.0.113.9").await.expect(429);
    // Anybody else is taken for the client, whatever it claims.
    for n in 0..4 {
        ask_through(&a, "192.0.2.1", &clients(n)).await.expect(204);
    }
    ask_through(&a, "192.0.2.1", &clients(9)).await.expect(429);
    // Where a trusted proxy passes on what is no address, it is the client itself.
    for _ in 0..4 {
        ask_through(&a, "10.9.9.9", "198.51.100.1, unknown")
            .await
            .expect(204);
    }
    ask_through(&a, "10.9.9.9", "unknown").await.expect(429);
}

#[tokio::test]
async fn limits_on_addresses_can_be_switched_off() {
    let w = small(|limits| limits.per_address.enabled = false).await;
    for _ in 0..40 {
        ask(&w.nobody(), "192.0.2.1").await.expect(401);
    }
}
