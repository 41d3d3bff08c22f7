//! What is sent again, and for how long it waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use convoke_client::wire::Xuid;
use convoke_client::{Change, Client, Error, RetryPolicy, WriteMode};
use reqwest::StatusCode;

use crate::environment::Impatient;
use crate::script::{Said, Script, said};
use crate::service::named;

fn later(status: u16, seconds: &str) -> Said {
    (
        status,
        vec![("retry-after", seconds.to_owned())],
        String::new(),
    )
}

async fn script(answers: Vec<Said>) -> (Script, Client, Impatient) {
    let (script, environment) = (Script::of(answers).await, Impatient::default());
    let client = script.builder().environment(environment.clone());
    (script, client.build().expect("a client"), environment)
}

#[tokio::test]
async fn a_read_is_sent_again_when_the_service_says_so() {
    let (script, client, environment) =
        script(vec![later(429, "7"), said(503, ""), said(204, "")]).await;
    assert!(
        client
            .session(named("open/x"))
            .get()
            .await
            .expect("an answer")
            .is_none()
    );
    assert_eq!(script.asked().len(), 3);
    let waits = [Duration::from_secs(7), Duration::from_millis(500)];
    assert_eq!(environment.waits(), waits);
}

#[tokio::test]
async fn attempts_end() {
    let (script, client, environment) =
        script(vec![said(503, ""), said(503, ""), said(503, "busy")]).await;
    let refused = client
        .session(named("open/x"))
        .get()
        .await
        .expect_err("busy");
    assert_eq!(refused.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert!(refused.is_temporary());
    assert_eq!((script.asked().len(), environment.waits().len()), (3, 2));
}

#[tokio::test]
async fn a_service_that_asks_for_too_much_patience_gets_none() {
    let (script, client, environment) = script(vec![later(429, "300")]).await;
    let refused = client
        .session(named("open/x"))
        .get()
        .await
        .expect_err("throttled");
    let refusal = refused.refusal().expect("a refusal");
    assert_eq!(refusal.retry_after, Some(Duration::from_mins(5)));
    assert_eq!((script.asked().len(), environment.waits().len()), (1, 0));
}

#[tokio::test]
async fn what_could_be_done_twice_is_not_sent_again_when_nobody_knows() {
    let unsafe_writes = [
        (WriteMode::UpdateExisting, Change::new().reserve(Xuid(1))),
        (WriteMode::CreateNew, Change::new().active(true)),
    ];
    for (mode, change) in unsafe_writes {
        let (script, client, _) = script(vec![later(429, "0"), said(503, "")]).await;
        let refused = client.session(named("open/x")).write(mode, change).await;
        let status = refused.expect_err("unavailable").status();
        assert_eq!(status, Some(StatusCode::SERVICE_UNAVAILABLE));
        assert_eq!(script.asked().len(), 2);
    }
    let (script, client, _) = script(vec![said(503, "")]).await;
    let refused = client.handles().create_activity(&named("open/x")).await;
    assert!(refused.is_err());
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn leaving_is_sent_again() {
    let (script, client, _) = script(vec![said(503, ""), said(204, "")]).await;
    client.session(named("open/x")).leave().await.expect("left");
    let asked = script.asked();
    assert_eq!(asked[0].body, asked[1].body);
}

#[tokio::test]
async fn a_client_may_want_no_retries() {
    let script = Script::of(vec![said(503, "")]).await;
    let client = script
        .builder()
        .retry(RetryPolicy::NEVER)
        .build()
        .expect("a client");
    assert!(client.session(named("open/x")).get().await.is_err());
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn answers_are_read_up_to_a_limit_and_redirects_not_followed() {
    let script = Script::of(vec![
        said(200, &"x".repeat(2000)),
        (
            302,
            vec![("location", "http://127.0.0.1:9/".to_owned())],
            String::new(),
        ),
    ])
    .await;
    let client = script.builder().max_answer(1999).build().expect("a client");
    let session = client.session(named("open/x"));
    let large = session.get().await;
    assert!(
        matches!(large, Err(Error::TooLarge { most: 1999 })),
        "{large:?}"
    );
    let elsewhere = session.get().await.expect_err("not followed");
    assert_eq!(elsewhere.status(), Some(StatusCode::FOUND));
}

#[tokio::test]
async fn what_breaks_off_is_sent_again_once_when_that_is_safe() {
    use tokio::io::AsyncReadExt as _;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let client = Client::builder(&url).build().expect("a client");
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                if stream.read_u8().await.is_ok() {
                    seen.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    let read = client.session(named("open/x")).get().await;
    assert!(matches!(read, Err(Error::Broken { .. })), "{read:?}");
    let made = client.handles().create_activity(&named("open/x")).await;
    assert!(matches!(made, Err(Error::Broken { .. })), "{made:?}");
    assert_eq!(
        requests.load(Ordering::SeqCst),
        3,
        "two reads and one write"
    );
}
