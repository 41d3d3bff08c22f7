//! Connections that take their time: they are ended, and keep nobody else from being served.

use std::time::Duration;

use convoke_server::connections::HEADER_TIMEOUT;
use convoke_server::tls::HANDSHAKE_TIMEOUT;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::client::{answer, ask};
use crate::service::Service;
use crate::services::token;

async fn served(service: &Service) {
    ask(&mut service.connect().await, "GET /healthz", &[], None)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_handshake_that_stalls_is_ended_and_others_are_served_meanwhile() {
    let service = Service::start().await;
    let mut silent = TcpStream::connect(service.address)
        .await
        .expect("it listens");
    let mut stalled = TcpStream::connect(service.address)
        .await
        .expect("it listens");
    // The beginning of a record of 512 bytes that never comes.
    stalled.write_all(&[22, 3, 1, 2, 0, 1]).await.expect("sent");
    service.clock.until_waiting(2, HANDSHAKE_TIMEOUT).await;
    served(&service).await;

    let last = Duration::from_millis(1);
    service
        .clock
        .advance(HANDSHAKE_TIMEOUT.saturating_sub(last));
    served(&service).await;
    assert!(still_open(&silent) && still_open(&stalled));
    service.clock.advance(last);
    for stream in [&mut silent, &mut stalled] {
        let mut rest = Vec::new();
        // Ended; what was sent and not read makes it a reset.
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty(), "{rest:?}");
    }
    served(&service).await;
}

#[tokio::test]
async fn headers_that_drip_are_ended_and_others_are_served_meanwhile() {
    let service = Service::start().await;
    let mut slow = service.connect().await;
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n")
        .await
        .expect("sent");
    slow.flush().await.expect("sent");
    service.clock.until_waiting(1, HEADER_TIMEOUT).await;
    let step = HEADER_TIMEOUT / 10;
    for _ in 0..9 {
        service.clock.advance(step);
        slow.write_all(b"x: y\r\n").await.expect("sent");
        slow.flush().await.expect("sent");
        served(&service).await;
    }
    // Every byte was in time, but the head was not.
    service.clock.advance(step);
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest).await;
    assert!(
        !String::from_utf8_lossy(&rest).contains("200 OK"),
        "answered"
    );
    served(&service).await;
}

/// Time for a body to arrive, as the rule says that is told.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The head of a write and the beginning of its body, on a connection of their own.
async fn stalled(service: &Service, token: &str, query: &str) -> TlsStream<TcpStream> {
    let mut stream = service.connect().await;
    let head = format!(
        "PUT /serviceconfigs/00000000-0000-4000-8000-00000000c0de/sessiontemplates/lobby/sessions/s{query} HTTP/1.1\r\n\
         host: localhost\r\nauthorization: {token}\r\nx-xbl-contract-version: 107\r\n\
         content-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    // The head is read, and the body is waited for.
    answer(&mut stream).await.expect(100);
    stream.write_all(b"{\"members\":").await.expect("sent");
    stream.flush().await.expect("sent");
    stream
}

#[tokio::test]
async fn a_body_that_stalls_is_refused_with_408_and_others_are_served_meanwhile() {
    let service = Service::start().await;
    let token = token(&mut service.connect().await, "1001").await;
    let mut plain = stalled(&service, &token, "").await;
    let mut explained = stalled(&service, &token, "?explain=true").await;
    let last = Duration::from_millis(1);
    service.clock.advance(BODY_TIMEOUT.saturating_sub(last));
    served(&service).await;
    assert!(still_open(plain.get_ref().0) && still_open(explained.get_ref().0));
    service.clock.advance(last);
    let refused = answer(&mut plain).await.expect(408);
    assert_eq!(
        refused.text(),
        "body: it did not arrive whole in time [body.incomplete]"
    );
    let twin = answer(&mut explained).await.expect(408);
    for head in [&refused.head, &twin.head] {
        assert!(
            head.contains("\r\nx-convoke-refusal: body.incomplete\r\n"),
            "{head}"
        );
    }
    let mut problem = twin.json();
    let id = problem
        .as_object_mut()
        .expect("an object")
        .remove("correlationId");
    let id = id.as_ref().and_then(Value::as_str).expect("an id");
    assert!(
        twin.head
            .contains(&format!("\r\nx-xblcorrelationid: {id}\r\n")),
        "{}",
        twin.head
    );
    assert_eq!(
        problem,
        json!({
            "type": "/docs/errors.md#body.incomplete",
            "title": "A body arrives whole within 30 seconds.",
            "status": 408,
            "code": "body.incomplete",
            "rule": "A body arrives whole within 30 seconds.",
            "path": "",
            "detail": "body: it did not arrive whole in time",
            "cure": "Send the request again; check `Content-Length` and the network between.",
            "docs": "/docs/errors.md#body.incomplete",
        })
    );
    // What would come now is no request, so both connections are closed.
    for stream in [&mut plain, &mut explained] {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert_eq!(rest, b"");
    }
    served(&service).await;
}

/// Whether the other end has not closed, as far as is known here.
fn still_open(stream: &TcpStream) -> bool {
    let mut byte = [0];
    matches!(stream.try_read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}
