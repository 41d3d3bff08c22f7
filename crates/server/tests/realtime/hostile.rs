//! Clients that break the rules or do nothing: the service goes on, and only they suffer.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{CONNECTIONS, Socket, reason};
use crate::service::{Player, Service, me, subscription_of};

/// Raw bytes in place of frames, and the code of the close frame that they bring.
async fn end_of(service: &Service, bytes: &[u8]) -> Option<u16> {
    let a = service.player(1001).await;
    let mut socket = service.open(&a).await;
    socket
        .stream
        .get_mut()
        .write_all(bytes)
        .await
        .expect("sent");
    socket.closed().await.map(|(code, _)| code)
}

#[tokio::test]
async fn garbage_ends_its_own_socket() {
    let service = Service::start().await;
    let witness = service.player(1002).await;
    let mut witness = service.open(&witness).await;
    let check = async |bytes: &[u8], code: u16| {
        assert_eq!(end_of(&service, bytes).await, Some(code), "{bytes:?}");
    };
    check(b"GET / HTTP/1.1\r\n\r\n", 1002).await;
    check(&[0xff; 64], 1002).await;
    // A frame that is not masked.
    check(b"\x81\x05[9,1]", 1002).await;
    // Reserved bits, as if compressed.
    check(b"\xc1\x85\0\0\0\0[9,1]", 1002).await;
    // A ping in two parts.
    check(b"\x09\x80\0\0\0\0", 1002).await;
    // A frame of 2^62 bytes, and one byte more than may be.
    check(b"\x81\xff\x40\0\0\0\0\0\0\0\0\0\0\0", 1009).await;
    check(b"\x81\xff\0\0\0\0\0\x01\0\x01\0\0\0\0", 1009).await;
    // Text that is no text.
    check(b"\x81\x82\0\0\0\0\xc3\x28", 1007).await;
    witness.assert_silent().await;
}

#[tokio::test]
async fn many_parts_of_one_message_are_as_bounded_as_one() {
    let service = Service::start().await;
    let part = [b"\x01\xfe\xff\xff\0\0\0\0".as_slice(), &b" ".repeat(0xffff)].concat();
    let rest = b"\0\x8a\0\0\0\0          ".repeat(3);
    assert_eq!(end_of(&service, &[part, rest].concat()).await, Some(1009));
}

#[tokio::test]
async fn a_thousand_subscriptions_at_once_are_all_answered() {
    let service = Service::start().await;
    let mut socket = service.open(&service.player(1001).await).await;
    for seq in 0..1000 {
        socket.say(&format!("[1,{seq},\"{CONNECTIONS}\"]")).await;
    }
    let mut codes = Vec::new();
    for seq in 0..1000 {
        let answer = socket.hear().await;
        assert_eq!(answer[1], seq, "{answer}");
        codes.push(answer[2].as_u64().expect("a code"));
    }
    let count = |code| codes.iter().filter(|it| **it == code).count();
    assert_eq!([count(0), count(2), count(1001)], [100, 100, 800]);
}

#[tokio::test]
async fn whoever_says_nothing_for_a_minute_is_taken_for_dead() {
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
    let mut listens = service.open(&service.player(1002).await).await;
    for _ in 0..2 {
        // The listener hears each ping and answers it; the other one does not read.
        service
            .clock
            .until_waiting(2, Duration::from_secs(20))
            .await;
        service.clock.advance(Duration::from_secs(20));
        let ping = listens
            .stream
            .next()
            .await
            .expect("a frame")
            .expect("a ping");
        assert!(ping.is_ping() && ping.into_data().is_empty());
        listens.assert_silent().await;
    }
    assert_eq!(service.metric("convoke_rta_sockets_open").await, 2);
    service
        .clock
        .until_waiting(2, Duration::from_secs(20))
        .await;
    service.clock.advance(Duration::from_secs(20));
    service
        .until_metric("convoke_rta_sockets_ended_total{end=\"dead\"}", 1)
        .await;
    listens.round_trip().await;
    let mut rest = Vec::new();
    socket
        .stream
        .get_mut()
        .read_to_end(&mut rest)
        .await
        .expect("ended");
    assert_eq!(rest, [0x89, 0, 0x89, 0], "two pings and no word of closing");
    service.clock.advance(Duration::from_secs(30));
    let inactive = |session: &serde_json::Value| {
        session["members"]["0"]["properties"]["system"]["active"].is_null()
    };
    service.until(&a, "slow/x", inactive).await;
}

#[tokio::test]
async fn whoever_does_not_read_is_cut_off_and_slows_nobody_down() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    let (mut deaf, of_deaf) = service.connect(&b).await;
    // Every tap is told to each of these, which fills the way to the client sooner.
    for seq in 1..100 {
        deaf.ask(&format!("[1,{seq},\"{CONNECTIONS}\"]")).await;
    }
    let (mut socket, id) = service.connect(&a).await;
    service.subscribe(&b, "g1", &of_deaf, &["everything"]).await;
    service.subscribe(&a, "g1", &id, &["everything"]).await;
    // Until ten taps in a row find one that waits already.
    let (mut number, mut in_a_row, mut merged) = (2, 0, 0);
    while in_a_row < 10 {
        number += 1;
        assert!(number < 5_000, "the way to the client is endless");
        let change = json!({"properties": {"custom": {"value": number}}});
        service.put(&a, "g1", &change).await.ok(200);
        socket.until_tapped(number).await;
        let now = service
            .metric("convoke_rta_taps_total{outcome=\"merged\"}")
            .await;
        in_a_row = if merged < now { in_a_row + 1 } else { 0 };
        merged = now;
    }
    service.clock.advance(Duration::from_secs(19));
    socket.round_trip().await;
    assert_eq!(
        service
            .metric("convoke_rta_sockets_ended_total{end=\"stalled\"}")
            .await,
        0
    );
    service.clock.advance(Duration::from_secs(1));
    service
        .until_metric("convoke_rta_sockets_ended_total{end=\"stalled\"}", 1)
        .await;
    service
        .put(&a, "g1", &json!({"properties": {"custom": {"value": 0}}}))
        .await
        .ok(200);
    socket.until_tapped(number + 1).await;
}

#[tokio::test]
async fn h94_a_client_that_missed_taps_is_told_once_to_read_everything_again() {
    const RESYNCS: &str = "convoke_rta_resyncs_total";
    let service = Service::start().await;
    let a = service.player(1001).await;
    let (mut socket, id) = service.connect(&a).await;
    // Every tap is told to each of these, which fills the way to the client sooner.
    for seq in 1..100 {
        socket.ask(&format!("[1,{seq},\"{CONNECTIONS}\"]")).await;
    }
    // More subscriptions than may wait, all of which one change taps.
    for xuid in 1001..=1003 {
        let many: serde_json::Map<_, _> = (0..100)
            .map(|number| {
                let id = format!("00000000-0000-4000-8000-{number:012}");
                (id, json!({"changeTypes": ["customProperty"]}))
            })
            .collect();
        let system = json!({"active": true, "connection": id, "secondarySubscriptions": many});
        let answer = service
            .put(&service.player(xuid).await, "g1", &me(&system))
            .await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    }
    lose_taps(&service, &a).await;
    while socket.hear_text().await != "[4]" {}
    socket.round_trip().await;
    assert_eq!(service.metric(RESYNCS).await, 1);
    lose_taps(&service, &a).await;
    socket.round_trip().await;
    service.pass(59, &mut [&mut socket]).await;
    socket.assert_silent().await;
    assert_eq!(service.metric(RESYNCS).await, 1);
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(socket.hear_text().await, "[4]", "for what was missed since");
    socket.assert_silent().await;
}

/// Changes a session until a tap is lost, because its client has read nothing for so long.
async fn lose_taps(service: &Service, player: &Player) {
    const LOST: &str = "convoke_rta_taps_total{outcome=\"dropped\"}";
    let before = service.metric(LOST).await;
    for value in 0..1_000 {
        let change = json!({"properties": {"custom": {"value": value}}});
        service.put(player, "g1", &change).await.ok(200);
        if before < service.metric(LOST).await {
            return;
        }
    }
    panic!("the way to the client is endless");
}

#[tokio::test]
async fn a_socket_that_only_sends_half_of_a_frame_waits_and_is_cut_off() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let mut socket = service.open(&a).await;
    socket
        .stream
        .get_mut()
        .write_all(b"\x81\xfe\xff")
        .await
        .expect("sent");
    for _ in 0..3 {
        service
            .clock
            .until_waiting(1, Duration::from_secs(20))
            .await;
        service.clock.advance(Duration::from_secs(20));
    }
    service
        .until_metric("convoke_rta_sockets_ended_total{end=\"dead\"}", 1)
        .await;
}

#[tokio::test]
async fn a_foreign_connection_id_brings_nothing_of_its_owner() {
    let service = Service::start().await;
    let (a, c) = (service.player(1001).await, service.player(1003).await);
    let (mut at_a, of_a) = service.connect(&a).await;
    let (mut at_c, _) = service.connect(&c).await;
    // C may name A's connection, as sub-accounts do; then A hears of C's session, and C does not.
    let body = me(&json!({"active": true, "connection": of_a,
        "subscription": {"id": subscription_of(&c), "changeTypes": ["everything"]}}));
    service.put(&c, "g1", &body).await.ok(201);
    assert_eq!(at_a.taps().await[0]["subscription"], subscription_of(&c));
    at_c.assert_silent().await;
}

#[tokio::test]
async fn a_stopping_service_closes_its_sockets_even_those_that_do_not_answer() {
    let mut service = Service::start().await;
    let a = service.player(1001).await;
    let mut sockets: Vec<Socket> = Vec::new();
    for _ in 0..3 {
        sockets.push(service.open(&a).await);
    }
    service
        .stop
        .take()
        .expect("not stopped")
        .send(())
        .expect("served");
    for socket in &mut sockets {
        assert_eq!(socket.closed().await, reason(1001, "shutting down"));
    }
    // None of them has ended the connection yet; the service does not wait for ever.
    service.clock.until_waiting(3, Duration::from_secs(5)).await;
    service.clock.advance(Duration::from_secs(5));
    service.serving.await.expect("stopped");
}

#[tokio::test]
async fn a_stopping_service_gives_up_requests_that_do_not_end() {
    let mut service = Service::start().await;
    let mut endless = TcpStream::connect(service.address)
        .await
        .expect("it listens");
    let head = b"POST /dev/token HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{";
    endless.write_all(head).await.expect("sent");
    // For the rest of the body.
    let patience = Duration::from_secs(30);
    service.clock.until_waiting(1, patience).await;
    let stop = service.stop.take().expect("not stopped");
    stop.send(()).expect("served");
    let drain = Duration::from_secs(10);
    service.clock.until_waiting(1, drain).await;
    service.clock.advance(drain);
    service.serving.await.expect("stopped");
    let mut answer = Vec::new();
    // Ended; what was sent and not read makes it a reset.
    let _ = endless.read_to_end(&mut answer).await;
    assert!(answer.is_empty(), "{answer:?}");
}

#[tokio::test]
async fn sockets_may_end_without_a_word_so_that_clients_connect_again() {
    let service = Service::start_with(|config| config.rta.abrupt_close = true).await;
    let a = service.player(1001).await;
    let mut socket = service.open(&a).await;
    service.pass(7190, &mut [&mut socket]).await;
    service.clock.advance(Duration::from_secs(10));
    assert_eq!(socket.closed().await, None);
}
