//! Clients whose certificate is not theirs, or none at all: it costs them their own connection.

use rustls::SupportedProtocolVersion;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tracing::Level;

use crate::certificates::{Client, Pair};
use crate::client::{BOTH, ask};
use crate::log::Log;
use crate::service::Service;
use crate::services::pinned;

/// Connects with a certificate, and is refused in or after the handshake.
async fn refused(service: &Service, own: &Pair, version: &'static SupportedProtocolVersion) {
    // With TLS 1.3 a client is through before the service has seen its certificate.
    let Ok(mut stream) = service.dial(Some(own), &[version]).await else {
        return;
    };
    let _ = stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        .await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect_err("an alert");
    assert_eq!(answer, b"");
}

/// Most times something is looked at before it is given up.
const MAX_LOOKS: usize = 2_000;

/// How many handshakes have failed, as the metrics say on an older connection.
async fn failures(stream: &mut TlsStream<TcpStream>) -> u64 {
    let metrics = ask(stream, "GET /metrics", &[], None)
        .await
        .expect(200)
        .text();
    let mut lines = metrics.lines();
    let count = lines.find_map(|line| line.strip_prefix("convoke_tls_handshake_failures_total "));
    count.expect("the metric").parse().expect("a number")
}

/// Returns when so many have failed; the client knows of it before the service has counted it.
async fn until_failures(stream: &mut TlsStream<TcpStream>, count: u64) {
    for _ in 0..MAX_LOOKS {
        if failures(stream).await == count {
            return;
        }
    }
    panic!("there were not {count} failures");
}

#[tokio::test]
async fn a_certificate_without_its_key_ends_one_connection_and_is_told_once() {
    let own = Client::default().self_signed();
    let services = vec![pinned(&own)];
    let (log, _guard) = Log::collect(Level::DEBUG);
    let service = Service::start_with(|config, _| config.auth.services = services).await;
    let mut earlier = service.connect().await;
    let stolen = Pair {
        key: Client::default().self_signed().key,
        ..own.clone()
    };
    let unreadable = Pair {
        certificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
        ..own.clone()
    };
    let mut count = 0;
    for version in BOTH {
        for pair in [&stolen, &unreadable] {
            refused(&service, pair, version).await;
            count += 1;
            until_failures(&mut earlier, count).await;
            let told = log.lines("a connection ended before its first request");
            assert_eq!(told.len() as u64, count, "{}", log.text());
            let mut again = service
                .dial(Some(&own), &[version])
                .await
                .expect("a handshake");
            ask(&mut again, "GET /healthz", &[], None).await.expect(200);
        }
    }
    assert_eq!(failures(&mut earlier).await, 4);
}
