//! The ways in which clients open a socket.

use std::time::Duration;

use reqwest::Method;

use crate::client::{Socket, reason};
use crate::service::{Player, Service};

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "rta.xboxlive.com.V2");

async fn status(service: &Service, target: &str, headers: &[(&str, &str)]) -> u16 {
    match Socket::open(service.address, target, headers).await {
        Ok(_) => 101,
        Err(refused) => refused.status,
    }
}

async fn nonce(service: &Service, player: &Player) -> String {
    let answer = service
        .call(Method::GET, "/nonce", player, None)
        .await
        .ok(200);
    let nonce = answer["nonce"].as_str().expect("a nonce").to_owned();
    assert!(
        nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{nonce}"
    );
    nonce
}

#[tokio::test]
async fn h75_a_socket_opens_with_a_header_and_confirms_the_sub_protocol_if_there_is_one() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let auth = ("authorization", a.authorization.as_str());
    for target in ["/connect", "/socket", "/CONNECT"] {
        let socket = Socket::open(service.address, target, &[auth, PROTOCOL]).await;
        let head = socket.expect(target).head;
        assert!(
            head.contains("\r\nsec-websocket-protocol: rta.xboxlive.com.v2\r\n"),
            "{head}"
        );
    }
    let socket = Socket::open(service.address, "/connect", &[auth]).await;
    let head = socket.expect("a socket").head;
    assert!(!head.contains("sec-websocket-protocol"), "{head}");
    let answer = Socket::open(service.address, "/connect", &[PROTOCOL]).await;
    let refused = answer.err().expect("no credentials");
    assert_eq!(refused.status, 401);
    assert!(
        refused.head.contains("\r\nwww-authenticate: "),
        "{refused:?}"
    );
    let wrong = ("authorization", "XBL3.0 x=1;nonsense");
    assert_eq!(status(&service, "/connect", &[wrong]).await, 401);
}

#[tokio::test]
async fn an_unknown_sub_protocol_is_refused_and_one_among_several_is_chosen() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let auth = ("authorization", a.authorization.as_str());
    let offer = |names| ("sec-websocket-protocol", names);
    assert_eq!(
        status(&service, "/connect", &[auth, offer("rta.V9, graphql-ws")]).await,
        400
    );
    let offered = [auth, offer("graphql-ws"), offer("echo-protocol, other")];
    let socket = Socket::open(service.address, "/connect", &offered).await;
    let head = socket.expect("a socket").head;
    assert!(
        head.contains("\r\nsec-websocket-protocol: echo-protocol\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn h76_a_nonce_opens_one_socket_within_a_minute() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let target = format!("/connect?nonce={}", nonce(&service, &a).await);
    let socket = Socket::open(service.address, &target, &[PROTOCOL]).await;
    let own = "[1,7,\"https://notify.xboxlive.com/users/xuid(1001)/deviceId/current/titleId/777\"]";
    let answer = socket.expect("a socket").ask(own).await;
    assert_eq!(
        answer,
        serde_json::json!([1, 7, 0, 0, null]),
        "it stands for its user"
    );
    assert_eq!(status(&service, &target, &[PROTOCOL]).await, 401);
    let late = format!("/connect?nonce={}", nonce(&service, &a).await);
    let in_time = format!("/connect?nonce={}", nonce(&service, &a).await);
    service.clock.advance(Duration::from_secs(59));
    assert_eq!(status(&service, &in_time, &[]).await, 101);
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(status(&service, &late, &[]).await, 401);
    assert_eq!(status(&service, "/connect?nonce=", &[]).await, 401);
    let nobody = Player {
        xuid: 0,
        authorization: String::new(),
    };
    assert_eq!(
        service
            .call(Method::GET, "/nonce", &nobody, None)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn what_is_no_handshake_is_told_to_become_one() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let answer = service.call(Method::GET, "/connect", &a, None).await;
    assert_eq!(answer.status, 426, "{answer:?}");
    assert!(answer.text.contains("[rta.upgrade]"), "{answer:?}");
    assert_eq!(
        service
            .call(Method::POST, "/connect", &a, None)
            .await
            .status,
        405
    );
}

#[tokio::test]
async fn the_eleventh_socket_of_a_user_closes_the_first() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(service.open(&a).await);
    }
    let mut other = service.open(&service.player(1002).await).await;
    sockets[0].assert_silent().await;
    let mut eleventh = service.open(&a).await;
    assert_eq!(
        sockets[0].closed().await,
        reason(1008, "too many connections")
    );
    for socket in &mut sockets[1..] {
        socket.assert_silent().await;
    }
    eleventh.assert_silent().await;
    other.assert_silent().await;
}

#[tokio::test]
async fn a_socket_ends_with_the_token_that_opened_it() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    // Tokens of the issuer live for sixteen hours, and a minute longer.
    service.clock.advance(Duration::from_mins(15 * 60 + 30));
    let mut socket = service.open(&a).await;
    service.pass(31 * 60 - 1, &mut [&mut socket]).await;
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(socket.closed().await, reason(1001, "token expired"));
}

#[tokio::test]
async fn every_answer_over_a_connection_has_its_date() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let url = |path: &str| format!("http://{}{path}", service.address);
    for (path, status) in [
        ("/healthz", 200),
        (&crate::service::path("g1"), 204),
        ("/x", 404),
    ] {
        let request = service
            .http
            .get(url(path))
            .header("x-xbl-contract-version", "107");
        let request = request.header("authorization", &a.authorization);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{path}");
        let date = answer.headers()["date"].to_str().expect("text");
        // RFC 1123, as clients of the original read it.
        let read = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S GMT", date);
        assert!(read.is_ok(), "{date}: {read:?}");
    }
}
