//! Connections that take their time: they are ended, and keep nobody else from being served.

use std::time::Duration;

use convoke_server::connections::HEADER_TIMEOUT;
use convoke_server::tls::HANDSHAKE_TIMEOUT;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::ask;
use crate::service::Service;

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

/// Whether the other end has not closed, as far as is known here.
fn still_open(stream: &TcpStream) -> bool {
    let mut byte = [0];
    matches!(stream.try_read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}
