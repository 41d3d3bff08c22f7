//! Tokens: of the issuer, kept and renewed; of others, as they are.

use std::time::Duration;

use convoke_client::wire::Xuid;
use convoke_client::{Change, Client, DevIssuer, DevSubject, Error, Token, TokenSource, WriteMode};
use reqwest::StatusCode;

use crate::script::{Script, said};
use crate::service::{Service, named};

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_its_end() {
    let service = Service::start().await;
    let issuer = DevIssuer::new(&service.client, DevSubject::player(Xuid(1001)));
    let first = issuer.token().await.expect("issued");
    assert_eq!(issuer.token().await.expect("kept"), first);
    let life = issuer.issue().await.expect("issued").not_after;
    let life = life.duration_since(jiff::Timestamp::from_second(1_767_225_600).expect("a time"));
    let life = Duration::try_from(life).expect("a life");
    let margin = Duration::from_secs(61);
    service.clock.advance(life.saturating_sub(margin));
    assert_eq!(issuer.token().await.expect("kept"), first);
    service.clock.advance(Duration::from_secs(1));
    assert_ne!(issuer.token().await.expect("issued"), first);
}

#[tokio::test]
async fn many_clones_share_one_token() {
    let token =
        r#"{"NotAfter":"2026-01-02T00:00:00Z","Token":"t","DisplayClaims":{"xui":[{"uhs":"1"}]}}"#;
    let script = Script::of(vec![
        said(200, token),
        said(204, ""),
        said(204, ""),
        said(204, ""),
    ])
    .await;
    let clock = std::sync::Arc::new(crate::clock::TestClock::new());
    let client = script
        .builder()
        .environment(crate::environment::Steady::by(&clock));
    let client = client
        .build()
        .expect("a client")
        .with_dev_token(DevSubject::player(Xuid(1)));
    let asking = (0..3).map(|_| {
        let client = client.clone();
        async move {
            client
                .session(named("open/x"))
                .get()
                .await
                .expect("an answer")
        }
    });
    futures_util::future::join_all(asking).await;
    let asked = script.asked();
    assert_eq!(asked[0].target, "/dev/token");
    assert_eq!(asked[0].header("authorization"), None);
    for asked in &asked[1..] {
        assert_eq!(asked.header("authorization"), Some("XBL3.0 x=1;t"));
    }
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let token = |text: &str| {
        said(
            200,
            &format!(r#"{{"NotAfter":"2099-01-02T00:00:00Z","Token":"{text}"}}"#),
        )
    };
    let script = Script::of(vec![
        token("old"),
        said(401, "expired"),
        token("new"),
        said(401, "still not"),
    ])
    .await;
    let client = script.client().with_dev_token(DevSubject::player(Xuid(1)));
    let refused = client
        .session(named("open/x"))
        .get()
        .await
        .expect_err("refused");
    assert_eq!(refused.status(), Some(StatusCode::UNAUTHORIZED));
    let asked = script.asked();
    let sent: Vec<_> = asked.iter().map(|it| it.header("authorization")).collect();
    assert_eq!(
        sent,
        [None, Some("XBL3.0 x=-;old"), None, Some("XBL3.0 x=-;new")]
    );
}

#[tokio::test]
async fn a_token_for_good_is_sent_as_it_is_and_not_again() {
    let script = Script::of(vec![said(401, "")]).await;
    let token = Token::new("Bearer abc").expect("a header");
    let client = script.builder().token(token).build().expect("a client");
    let refused = client.session(named("open/x")).get().await;
    assert_eq!(
        refused.expect_err("refused").status(),
        Some(StatusCode::UNAUTHORIZED)
    );
    assert_eq!(
        script.asked()[0].header("authorization"),
        Some("Bearer abc")
    );
}

#[tokio::test]
async fn a_service_without_an_issuer_says_so() {
    let service = Service::start_with(|config| config.dev_issuer = false).await;
    let refused = service.player(1001).session(named("open/x")).get().await;
    assert!(
        matches!(&refused, Err(Error::NoToken(text)) if text.contains("no development issuer")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn nobody_is_refused_and_a_stopped_service_is_not_there() {
    let service = Service::start().await;
    let session = service.client.session(named("open/x"));
    let refused = session
        .write(WriteMode::CreateNew, Change::new())
        .await
        .expect_err("nobody");
    let refusal = refused.refusal().expect("a refusal");
    assert_eq!(refusal.status, StatusCode::UNAUTHORIZED);
    assert!(
        refusal
            .authenticate
            .as_deref()
            .is_some_and(|it| it.contains("error=missing"))
    );

    let address = service.address;
    service.stop().await;
    let client = Client::builder(&format!("http://{address}"))
        .build()
        .expect("a client");
    let gone = client.session(named("open/x")).get().await;
    assert!(matches!(gone, Err(Error::Connect { .. })), "{gone:?}");
}
