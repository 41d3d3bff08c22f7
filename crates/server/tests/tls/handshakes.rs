//! What a client may speak, and what happens to one that speaks something else.

use rustls::ProtocolVersion;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::certificates;
use crate::client::{BOTH, Dial, ask};
use crate::service::Service;

#[tokio::test]
async fn requests_are_answered_over_tls_1_3_and_1_2() {
    let service = Service::start().await;
    for (version, expected) in [
        (&TLS13, ProtocolVersion::TLSv1_3),
        (&TLS12, ProtocolVersion::TLSv1_2),
    ] {
        let mut stream = service.dial(None, &[version]).await.expect("a handshake");
        let session = stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(expected));
        assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert!(session.peer_certificates().is_some());
        for _ in 0..2 {
            let answer = ask(&mut stream, "GET /healthz", &[], None).await;
            answer.expect(200);
        }
    }
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_certificate_gets_no_connection() {
    let service = Service::start().await;
    let dial = Dial {
        trusted: &certificates::listener(),
        own: None,
        versions: BOTH,
    };
    let error = dial.connect(service.address).await.expect_err("untrusted");
    assert!(
        error.to_string().contains("invalid peer certificate"),
        "{error}"
    );
    ask(&mut service.connect().await, "GET /healthz", &[], None)
        .await
        .expect(200);
}

#[tokio::test]
async fn plain_http_is_told_to_use_https() {
    let service = Service::start().await;
    let mut stream = TcpStream::connect(service.address)
        .await
        .expect("it listens");
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    assert_eq!(
        answer,
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: 47\r\nconnection: close\r\n\r\n\
         this port speaks HTTPS; use https:// in the URL"
    );
}

#[tokio::test]
async fn tls_1_1_is_refused_with_the_alert_for_it() {
    let service = Service::start().await;
    let answer = async |version| {
        let mut stream = TcpStream::connect(service.address)
            .await
            .expect("it listens");
        stream
            .write_all(&client_hello(version))
            .await
            .expect("sent");
        let mut record = [0; 7];
        stream.read_exact(&mut record).await.expect("a record");
        record
    };
    let refused = answer([3, 2]).await;
    // An alert of two bytes: fatal, protocol_version.
    assert_eq!((refused[0], &refused[3..]), (21, &[0, 2, 2, 70][..]));
    // The same message with TLS 1.2 is answered with a handshake record.
    assert_eq!(answer([3, 3]).await[0], 22);
}

#[tokio::test]
async fn what_is_no_handshake_ends_the_connection() {
    let service = Service::start().await;
    for bytes in [&[0x16, 3, 1, 0, 4, 9, 9, 9, 9][..], &[0; 64], &[0xff; 64]] {
        let mut stream = TcpStream::connect(service.address)
            .await
            .expect("it listens");
        stream.write_all(bytes).await.expect("sent");
        let mut answer = Vec::new();
        // It may also be reset, because the rest is not read.
        let _ = stream.read_to_end(&mut answer).await;
        assert!(
            answer.first().is_none_or(|first| *first == 21),
            "{answer:?}"
        );
    }
}

/// The first message of a client whose newest version is this one (RFC 5246, 7.4.1.2).
fn client_hello(version: [u8; 2]) -> Vec<u8> {
    let mut hello = version.to_vec();
    hello.extend([7; 32]); // random
    hello.push(0); // no session
    hello.extend([0, 2, 0xc0, 0x2b]); // ECDHE, ECDSA, AES-128-GCM
    hello.extend([1, 0]); // no compression
    hello.extend([0, 16]); // extensions: signatures, curves
    hello.extend([0, 13, 0, 4, 0, 2, 4, 3]);
    hello.extend([0, 10, 0, 4, 0, 2, 0, 29]);
    let length = u8::try_from(hello.len()).expect("short");
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(hello);
    record
}
