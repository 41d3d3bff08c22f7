//! Services that are known by the certificate of their connection.

use std::path::{Path, PathBuf};
use std::time::Duration;

use convoke_server::auth::{ClientCertificate, Trust};
use convoke_server::config::{CertifiedServiceConfig, Config};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::certificates::{Authority, Client, Pair};
use crate::client::{Answer, BOTH, ask};
use crate::service::Service;

const SCID: &str = "00000000-0000-4000-8000-00000000c0de";
const URI: &str = "spiffe://example.org/lobby";

fn path(part: &str) -> String {
    format!("/serviceconfigs/{SCID}/sessiontemplates/private/sessions/one{part}")
}

/// A service configuration with a template of private sessions.
fn service_configs(folder: &Path) -> PathBuf {
    let services = folder.join("services");
    let templates = services.join(SCID).join("templates");
    std::fs::create_dir_all(&templates).expect("made");
    let service = services.join(SCID).join("service.toml");
    std::fs::write(service, "title_ids = [\"1717113201\"]\n").expect("written");
    let template = json!({
        "contractVersion": 107,
        "constants": {"system": {"maxMembersCount": 8, "visibility": "private"}},
    });
    std::fs::write(templates.join("private.json"), template.to_string()).expect("written");
    services
}

fn server_role() -> CertifiedServiceConfig {
    CertifiedServiceConfig {
        name: "lobby".to_owned(),
        roles: vec!["sessions.server".to_owned()],
        ..CertifiedServiceConfig::default()
    }
}

pub(crate) fn pinned(pair: &Pair) -> CertifiedServiceConfig {
    let certificate = ClientCertificate::read(&pair.chain()[0], Trust::None).expect("readable");
    let bytes = certificate.spki_sha256.iter();
    let digits: Vec<String> = bytes.map(|byte| format!("{byte:02x}")).collect();
    let hash = digits.concat();
    CertifiedServiceConfig {
        spki_sha256: Some(hash),
        ..server_role()
    }
}

fn named() -> CertifiedServiceConfig {
    CertifiedServiceConfig {
        san_uri: Some(URI.to_owned()),
        ..server_role()
    }
}

/// Adds an authority to a configuration.
fn trust(authority: &Authority, config: &mut Config, folder: &Path) {
    let file = folder.join("ca.pem");
    std::fs::write(&file, &authority.certificate).expect("written");
    config.tls.as_mut().expect("a section").client_ca = Some(file);
}

/// A service with these entries, and a private session of user 1001 in it.
async fn with_session(
    services: Vec<CertifiedServiceConfig>,
    authority: Option<&Authority>,
) -> Service {
    let service = Service::start_with(|config, folder| {
        config.auth.services = services;
        config.service_configs = Some(service_configs(folder));
        if let Some(authority) = authority {
            trust(authority, config, folder);
        }
    })
    .await;
    let mut stream = service.connect().await;
    let body = json!({
        "members": {"me": {"properties": {"system": {"active": true}}}},
    });
    let token = token(&mut stream, "1001").await;
    call(&mut stream, "PUT", "", &token, Some(&body))
        .await
        .expect(201);
    service
}

/// The `Authorization` header of a user of the sample.
pub(crate) async fn token(stream: &mut TlsStream<TcpStream>, xuid: &str) -> String {
    let body = json!({"xuid": xuid, "titleId": "1717113201"});
    let answer = ask(stream, "POST /dev/token", &[], Some(&body))
        .await
        .expect(200)
        .json();
    let hash = answer["DisplayClaims"]["xui"][0]["uhs"]
        .as_str()
        .expect("a hash");
    format!(
        "XBL3.0 x={hash};{}",
        answer["Token"].as_str().expect("a token")
    )
}

/// A request for the session, or a part of it; with an empty token there is none.
async fn call(
    stream: &mut TlsStream<TcpStream>,
    method: &str,
    part: &str,
    token: &str,
    body: Option<&serde_json::Value>,
) -> Answer {
    let mut headers = vec![("x-xbl-contract-version", "107")];
    if !token.is_empty() {
        headers.push(("authorization", token));
    }
    ask(stream, &format!("{method} {}", path(part)), &headers, body).await
}

/// What somebody with a certificate and nothing else is answered for the session.
async fn read_with(service: &Service, own: &Pair) -> Answer {
    let mut stream = service.dial(Some(own), BOTH).await.expect("a handshake");
    call(&mut stream, "GET", "", "", None).await
}

#[tokio::test]
async fn a18_a_pinned_certificate_reads_private_sessions_and_a_user_does_not() {
    let own = Client::default().self_signed();
    let service = with_session(vec![pinned(&own)], None).await;
    let answer = read_with(&service, &own).await.expect(200);
    assert_eq!(
        answer.json()["members"]["0"]["constants"]["system"]["xuid"],
        "1001"
    );
    for version in BOTH {
        let mut stream = service
            .dial(Some(&own), &[version])
            .await
            .expect("a handshake");
        call(&mut stream, "GET", "", "", None).await.expect(200);
    }
    let mut stream = service.connect().await;
    let other = token(&mut stream, "1002").await;
    call(&mut stream, "GET", "", &other, None).await.expect(403);
}

#[tokio::test]
async fn a_certificate_that_is_not_pinned_gives_no_rights_and_costs_no_connection() {
    let own = Client::default().self_signed();
    let service = with_session(vec![pinned(&own)], None).await;
    let stranger = Client::default().self_signed();
    let answer = read_with(&service, &stranger).await.expect(401);
    assert!(
        answer
            .head
            .contains("www-authenticate: xbl3.0 error=missing"),
        "{}",
        answer.head
    );
    // A user on such a connection is the user, and no more.
    let mut stream = service
        .dial(Some(&stranger), BOTH)
        .await
        .expect("a handshake");
    let [owner, other] = [
        token(&mut stream, "1001").await,
        token(&mut stream, "1002").await,
    ];
    call(&mut stream, "GET", "", &owner, None).await.expect(200);
    call(&mut stream, "GET", "", &other, None).await.expect(403);
}

#[tokio::test]
async fn an_authority_vouches_for_the_one_uri_of_its_certificates() {
    let [ours, theirs] = [Authority::new(), Authority::new()];
    let service = with_session(vec![named()], Some(&ours)).await;
    let check = async |pair: Pair, status: u16| {
        read_with(&service, &pair).await.expect(status);
    };
    let uris = |uris| Client {
        uris,
        ..Client::default()
    };
    check(ours.sign(&uris(&[URI])), 200).await;
    check(theirs.sign(&uris(&[URI])), 401).await;
    check(uris(&[URI]).self_signed(), 401).await;
    check(ours.sign(&uris(&["spiffe://example.org/other"])), 401).await;
    check(ours.sign(&uris(&[URI, "spiffe://example.org/other"])), 401).await;
    check(ours.sign(&uris(&[])), 401).await;
    let last_day = Some((2025, 12, 31));
    check(
        ours.sign(&Client {
            last_day,
            ..uris(&[URI])
        }),
        401,
    )
    .await;
}

#[tokio::test]
async fn a_certificate_gives_no_rights_after_its_time_even_on_an_old_connection() {
    // The clock starts at the last moment of the first one.
    let own = Client {
        last_day: Some((2026, 1, 1)),
        ..Client::default()
    }
    .self_signed();
    let expired = Client {
        last_day: Some((2025, 12, 31)),
        ..Client::default()
    }
    .self_signed();
    let service = with_session(vec![pinned(&own), pinned(&expired)], None).await;
    let answer = read_with(&service, &expired).await.expect(401);
    assert!(answer.head.contains("error=expired"), "{}", answer.head);
    let mut stream = service.dial(Some(&own), BOTH).await.expect("a handshake");
    call(&mut stream, "GET", "", "", None).await.expect(200);
    service.clock.advance(Duration::from_secs(1));
    let answer = call(&mut stream, "GET", "", "", None).await.expect(401);
    assert!(answer.head.contains("error=expired"), "{}", answer.head);
}

#[tokio::test]
async fn a_certificate_without_the_role_is_refused_with_403() {
    let own = Client::default().self_signed();
    let entry = CertifiedServiceConfig {
        roles: vec!["people.read".to_owned()],
        ..pinned(&own)
    };
    let service = with_session(vec![entry], None).await;
    read_with(&service, &own).await.expect(403);
}

#[tokio::test]
async fn roles_count_in_the_named_service_configurations_only() {
    let [here, elsewhere] = [
        Client::default().self_signed(),
        Client::default().self_signed(),
    ];
    let entry = |pair: &Pair, scid: &str| CertifiedServiceConfig {
        scids: Some(vec![scid.to_owned()]),
        ..pinned(pair)
    };
    let other = "4fc10100-5f7a-4470-899b-280835760c07";
    let services = vec![entry(&here, SCID), entry(&elsewhere, other)];
    let service = with_session(services, None).await;
    read_with(&service, &here).await.expect(200);
    let answer = read_with(&service, &elsewhere).await.expect(403);
    assert!(
        answer.text().contains("[scid.service]"),
        "{}",
        answer.text()
    );
    // Acting for somebody does not extend it, and a user of its own does not lose by it.
    let mut stream = service
        .dial(Some(&elsewhere), BOTH)
        .await
        .expect("a handshake");
    let line = format!("GET {}", path(""));
    let headers = [
        ("x-xbl-contract-version", "107"),
        ("x-xbl-on-behalf-of", "xuid(1001)"),
    ];
    ask(&mut stream, &line, &headers, None).await.expect(403);
    let [owner, stranger] = [
        token(&mut stream, "1001").await,
        token(&mut stream, "1002").await,
    ];
    call(&mut stream, "GET", "", &owner, None).await.expect(200);
    call(&mut stream, "GET", "", &stranger, None)
        .await
        .expect(403);
}

#[tokio::test]
async fn a_user_on_a_services_connection_is_user_and_service_at_once() {
    let own = Client::default().self_signed();
    let service = with_session(vec![pinned(&own)], None).await;
    let join = json!({"members": {"me": {"properties": {"system": {"active": true}}}}});
    let remove = json!({"members": {"0": null}});
    let mut stream = service.dial(Some(&own), BOTH).await.expect("a handshake");
    let both = token(&mut stream, "1002").await;
    call(&mut stream, "PUT", "", &both, Some(&join))
        .await
        .expect(200);

    let mut plain = service.connect().await;
    call(&mut plain, "PUT", "", &both, Some(&remove))
        .await
        .expect(403);
    let answer = call(&mut stream, "PUT", "", &both, Some(&remove))
        .await
        .expect(200);
    assert_eq!(answer.json()["membersInfo"]["count"], 1);
    // A token that is no good is not saved by the certificate.
    call(&mut stream, "GET", "", "XBL3.0 x=1;a.b.c", None)
        .await
        .expect(401);
}

#[tokio::test]
async fn a_service_acts_for_others_and_chooses_its_sandbox_by_header() {
    let own = Client::default().self_signed();
    let service = with_session(vec![pinned(&own)], None).await;
    let mut stream = service.dial(Some(&own), BOTH).await.expect("a handshake");
    let line = format!("PUT {}", path(""));
    let join = json!({"members": {"me": {"properties": {"system": {"active": true}}}}});
    let headers = [
        ("x-xbl-contract-version", "107"),
        ("x-xbl-on-behalf-of", "xuid(1003)"),
    ];
    let answer = ask(&mut stream, &line, &headers, Some(&join))
        .await
        .expect(200);
    assert_eq!(answer.json()["membersInfo"]["count"], 2);
    let elsewhere = [
        ("x-xbl-contract-version", "107"),
        ("x-xbl-sandbox", "XLDP.1"),
    ];
    let line = format!("GET {}", path(""));
    let answer = ask(&mut stream, &line, &elsewhere, None).await;
    assert_ne!(
        answer.status,
        200,
        "sandboxes never meet: {}",
        answer.text()
    );
}
