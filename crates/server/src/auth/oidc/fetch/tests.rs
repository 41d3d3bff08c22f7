//! Fetching from servers that misbehave, over real sockets.

use std::collections::HashMap;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::auth::IssuerKeys;

const JWKS: &str = "/jwks";

/// What a server answers that does not.
const NEVER: &str = "";

/// Starts a server that answers a path with these bytes; it ends with the test. `pages` is told the server's address.
async fn serve(pages: impl FnOnce(&str) -> Vec<(&'static str, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let pages: HashMap<_, _> = pages(&base).into_iter().collect();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, pages.clone()));
        }
    });
    base
}

async fn answer(mut stream: TcpStream, pages: HashMap<&'static str, String>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("the rest of the request"));
    }
    let head = String::from_utf8(head).expect("ASCII");
    let path = head.split(' ').nth(1).expect("a path");
    match pages.get(path) {
        Some(response) if response == NEVER => std::future::pending().await,
        Some(response) => {
            // A client that has seen enough closes the connection.
            let _ = stream.write_all(response.as_bytes()).await;
        }
        None => unreachable!("nobody should ask for {path}"),
    }
}

/// An answer without a length: it ends where the connection ends.
fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}")
}

fn redirect(to: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nconnection: close\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"
    )
}

fn key_set() -> String {
    IssuerKeys::generate().jwks().to_string()
}

const DISCOVERY: &str = "/.well-known/openid-configuration";

fn discovery(issuer: &str, jwks_uri: &str) -> String {
    ok(&json!({"issuer": issuer, "jwks_uri": jwks_uri}).to_string())
}

fn fetcher(issuer: &str, jwks_uri: Option<String>) -> Fetcher {
    let text = "issuer = \"x\"\naudiences = [\"a\"]\n[claim_map]\nxuid = \"/x\"\n";
    let mut settings: ProviderSettings = toml::from_str(text).expect("valid");
    settings.issuer = issuer.to_owned();
    settings.jwks_uri = jwks_uri;
    Fetcher::with_timeout(&settings, Duration::from_millis(500)).expect("a client")
}

/// Everything that is said about a fetch that fails.
async fn failure(fetcher: Fetcher) -> String {
    let error = fetcher.keys().await.expect_err("nothing usable");
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

/// What is said when the key set is answered like this.
async fn refused_keys(response: String) -> String {
    let base = serve(|_| vec![(JWKS, response)]).await;
    failure(fetcher(&base, Some(format!("{base}{JWKS}")))).await
}

#[tokio::test]
async fn keys_are_found_by_discovery_or_where_the_configuration_says() {
    let base = serve(|base| {
        vec![
            (DISCOVERY, discovery(base, &format!("{base}{JWKS}"))),
            (
                "/realm/.well-known/openid-configuration",
                discovery(&format!("{base}/realm/"), &format!("{base}{JWKS}")),
            ),
            (JWKS, ok(&key_set())),
        ]
    })
    .await;
    let discovered = fetcher(&base, None).keys().await.expect("discovered");
    assert_eq!(discovered.len(), 1);
    let realm = fetcher(&format!("{base}/realm/"), None).keys().await;
    assert_eq!(realm.expect("below a path").len(), 1);
    let named = fetcher("https://id.invalid", Some(format!("{base}{JWKS}")));
    // Only an issuer on this machine may do without encryption; a configured address may always.
    assert_eq!(named.keys().await.expect("as configured").len(), 1);
}

#[tokio::test]
async fn a_discovery_document_of_another_issuer_is_refused() {
    for issuer in ["https://id.example", "", "{base}/"] {
        let base = serve(|base| {
            let issuer = issuer.replace("{base}", base);
            vec![(DISCOVERY, discovery(&issuer, &format!("{base}{JWKS}")))]
        })
        .await;
        let text = failure(fetcher(&base, None)).await;
        assert!(text.ends_with("describes another issuer"), "{text}");
    }
    let base = serve(|_| vec![(DISCOVERY, ok("{}"))]).await;
    let text = failure(fetcher(&base, None)).await;
    assert!(text.ends_with("describes another issuer"), "{text}");
}

#[tokio::test]
async fn keys_are_not_fetched_in_the_clear_from_other_machines() {
    for address in ["http://192.0.2.1/jwks", "ftp://127.0.0.1/jwks", "/jwks", ""] {
        let base = serve(|base| vec![(DISCOVERY, discovery(base, address))]).await;
        let text = failure(fetcher(&base, None)).await;
        assert!(
            text.contains("no jwks_uri from which keys may be fetched"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_document_has_its_largest_size() {
    let full = format!("{}{}", key_set(), " ".repeat(MAX_LEN));
    let base = serve(|_| vec![(JWKS, ok(&full[..MAX_LEN]))]).await;
    let keys = fetcher(&base, Some(format!("{base}{JWKS}"))).keys().await;
    assert_eq!(keys.expect("just short enough").len(), 1);

    let text = refused_keys(ok(&full[..=MAX_LEN])).await;
    assert!(text.ends_with("is longer than 262144 bytes"), "{text}");
    let declared = "HTTP/1.1 200 OK\r\ncontent-length: 262145\r\n\r\n".to_owned();
    let text = refused_keys(declared).await;
    assert!(text.ends_with("is longer than 262144 bytes"), "{text}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let text = refused_keys(NEVER.to_owned()).await;
    assert!(text.contains("timed out"), "{text}");
    // The time is for the whole document: a first byte does not buy more.
    let started = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_owned();
    let text = refused_keys(started).await;
    assert!(text.starts_with("cannot fetch http://127.0.0.1:"), "{text}");
}

#[tokio::test]
async fn redirects_stay_on_the_host() {
    let elsewhere = serve(|_| vec![(JWKS, ok(&key_set()))]).await;
    let text = refused_keys(redirect(&format!("{elsewhere}{JWKS}"))).await;
    assert!(text.contains("redirects to another host"), "{text}");
    let text = refused_keys(redirect(JWKS)).await;
    assert!(text.contains("redirects too often"), "{text}");

    let base = serve(|_| vec![(JWKS, redirect("/moved")), ("/moved", ok(&key_set()))]).await;
    let keys = fetcher(&base, Some(format!("{base}{JWKS}"))).keys().await;
    assert_eq!(keys.expect("on the same host").len(), 1);
}

#[tokio::test]
async fn only_a_key_set_with_status_200_counts() {
    let check = async |response: String, expected: &str| {
        let text = refused_keys(response).await;
        assert!(text.ends_with(expected), "{text}");
    };
    let status = |line: &str| format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n");
    check(
        status("204 No Content"),
        "answers 204 No Content, expected 200",
    )
    .await;
    check(
        status("500 Oh"),
        "answers 500 Internal Server Error, expected 200",
    )
    .await;
    check(ok("<html>"), "is no JSON document").await;
    check(ok(&"[".repeat(100_000)), "is no JSON document").await;
    check(ok("{}"), "is no JSON Web Key Set").await;
}

#[tokio::test]
async fn what_cannot_be_reached_is_named_without_its_secrets() {
    let unused = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = unused.local_addr().expect("an address");
    drop(unused);
    let text = failure(fetcher(&format!("http://{address}"), None)).await;
    assert!(
        text.starts_with(&format!("cannot fetch http://{address}/.well-known/")),
        "{text}"
    );
}
