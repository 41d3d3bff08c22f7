//! A certificate that changes while the service runs.

use std::fs;

use convoke_server::tls::LOOK_INTERVAL;

use crate::certificates::{self, Pair, write_secret};
use crate::client::{BOTH, Dial, ask};
use crate::service::Service;

/// Whether new connections are made with this certificate.
async fn serves(service: &Service, pair: &Pair) -> bool {
    let dial = Dial {
        trusted: pair,
        own: None,
        versions: BOTH,
    };
    let Ok(mut stream) = dial.connect(service.address).await else {
        return false;
    };
    ask(&mut stream, "GET /healthz", &[], None)
        .await
        .expect(200);
    true
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections_and_old_ones_stay() {
    let service = Service::start().await;
    let mut old = service.connect().await;
    ask(&mut old, "GET /healthz", &[], None).await.expect(200);
    let new = certificates::listener();
    new.write(service.folder.path());
    assert!(!serves(&service, &new).await, "not yet");
    let reload = service.app.reload_certificate().expect("there is one");
    reload.expect("valid");
    assert!(serves(&service, &new).await);
    assert!(!serves(&service, &service.pair).await);
    ask(&mut old, "GET /healthz", &[], None).await.expect(200);
}

#[tokio::test]
async fn a_change_of_the_files_is_noticed_without_being_told() {
    let service = Service::start().await;
    service.clock.until_waiting(1, LOOK_INTERVAL).await;
    let new = certificates::listener();
    // As a renewal does it that is caught in the middle: the certificate before its key.
    fs::write(service.folder.path().join("server.pem"), &new.certificate).expect("written");
    service.clock.advance(LOOK_INTERVAL);
    service.clock.until_waiting(1, LOOK_INTERVAL).await;
    assert!(serves(&service, &service.pair).await, "half a pair is none");

    new.write(service.folder.path());
    service.clock.advance(LOOK_INTERVAL);
    service.clock.until_waiting(1, LOOK_INTERVAL).await;
    assert!(serves(&service, &new).await);
}

#[tokio::test]
async fn files_that_are_no_good_change_nothing_and_the_reason_is_named() {
    let service = Service::start().await;
    let folder = service.folder.path().to_owned();
    let check = |reason: &str| {
        let reload = service.app.reload_certificate().expect("there is one");
        let error = format!("{:#}", reload.expect_err("invalid"));
        assert!(error.contains(reason), "`{reason}` is not in: {error}");
    };
    write_secret(&folder.join("server.key"), &certificates::listener().key);
    check("server.key is not the key of the certificate");
    fs::write(folder.join("server.pem"), "-----BEGIN CERTIFICATE-----\n").expect("written");
    check("server.pem is no PEM");
    fs::remove_file(folder.join("server.pem")).expect("removed");
    check("tls.certificate: failed to read");
    assert!(serves(&service, &service.pair).await);
}
