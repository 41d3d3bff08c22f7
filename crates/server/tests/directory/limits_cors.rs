//! What web pages are told, and that nobody else notices.

use convoke_server::config::Origin;

use crate::fixtures::{self, session};
use crate::world::{Answer, StoreKind, World};

const PAGE: &str = "https://play.example";
const METHODS: &str = "GET,PUT,POST,DELETE,OPTIONS";
const ALLOWED: &str = "authorization, content-type, x-xbl-contract-version, if-match, if-none-match, signature, ms-cv, accept-language";
const EXPOSED: &str =
    "etag, location, retry-after, date, content-location, x-xbl-correlation-id, x-xblcorrelationid";

async fn world() -> World {
    World::configured(StoreKind::Memory, |config| {
        let origins = [PAGE, "http://localhost:5173"];
        let origin = |text: &str| Origin::try_from(text.to_owned()).expect("an origin");
        config.cors.origins = origins.map(origin).to_vec();
    })
    .await
}

/// What a browser asks before it lets a page ask.
async fn preflight(w: &World, path: &str, origin: &str) -> Answer {
    w.nobody()
        .request("OPTIONS", path)
        .without("x-xbl-contract-version")
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "PUT")
        .header("Access-Control-Request-Headers", "authorization")
        .send()
        .await
        .expect_empty(204)
}

/// All headers of the answer that are about web pages.
fn cors(answer: &Answer) -> Vec<(&str, &str)> {
    let about = |name: &str| name.starts_with("access-control-") || name == "vary";
    let headers = answer.headers.iter();
    let mut found: Vec<_> = headers
        .map(|(name, value)| (name.as_str(), value.to_str().expect("text")))
        .filter(|(name, _)| about(name))
        .collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn a22_preflights_are_answered_without_credentials_and_allow_configured_origins() {
    let w = world().await;
    for path in [
        session("open", "s"),
        "/users/me/people".to_owned(),
        "/dev/token".to_owned(),
        "/nowhere".to_owned(),
    ] {
        for origin in [PAGE, "http://localhost:5173"] {
            let answer = preflight(&w, &path, origin).await;
            let expected = [
                ("access-control-allow-headers", ALLOWED),
                ("access-control-allow-methods", METHODS),
                ("access-control-allow-origin", origin),
                ("access-control-expose-headers", EXPOSED),
                ("access-control-max-age", "7200"),
                ("vary", "Origin"),
            ];
            assert_eq!(cors(&answer), expected, "{path}");
        }
        for origin in [
            "https://evil.example",
            "https://play.example.evil",
            "http://play.example",
            "https://play.example:8443",
            "https://PLAY.example",
            "null",
        ] {
            let answer = preflight(&w, &path, origin).await;
            assert_eq!(cors(&answer), [("vary", "Origin")], "{origin} {path}");
        }
    }
}

#[tokio::test]
async fn answers_may_be_read_by_pages_of_configured_origins_even_refusals() {
    let w = world().await;
    let a = w.user(fixtures::A).await;
    let path = session("open", "s");
    for (player, status) in [(&a, 204), (&w.nobody(), 401)] {
        let call = player.request("GET", &path).header("Origin", PAGE);
        let answer = call.send().await.expect(status);
        let expected = [
            ("access-control-allow-origin", PAGE),
            ("access-control-expose-headers", EXPOSED),
            ("vary", "Origin"),
        ];
        assert_eq!(cors(&answer), expected, "{status}");
    }
    let call = a
        .request("GET", &path)
        .header("Origin", "https://evil.example");
    assert_eq!(cors(&call.send().await.expect(204)), [("vary", "Origin")]);
    assert_eq!(cors(&a.get(&path).await), [("vary", "Origin")]);
}

#[tokio::test]
async fn a_page_can_read_that_it_is_throttled() {
    let w = world().await;
    let a = w.user(fixtures::A).await;
    let ask = || {
        a.request("GET", "/users/me/people")
            .header("Origin", PAGE)
            .send()
    };
    for _ in 0..10 {
        ask().await.expect(200);
    }
    let answer = ask().await.expect(429);
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    preflight(&w, "/users/me/people", PAGE).await;
}

#[tokio::test]
async fn without_origins_no_page_is_told_anything_and_options_is_no_verb() {
    let w = World::limited().await;
    let a = w.user(fixtures::A).await;
    let path = session("open", "s");
    let call = a.request("GET", &path).header("Origin", PAGE);
    assert_eq!(cors(&call.send().await.expect(204)), []);
    let answer = preflight(&w, &path, PAGE).await;
    assert_eq!(cors(&answer), [("vary", "Origin")]);
    let options = a.request("OPTIONS", &path).send().await.expect(405);
    assert_eq!(options.header("allow"), Some("GET, PUT"));
}
