//! What the log says of requests, and what it never says.

use serde_json::json;

use crate::fixtures::{A, B, SCID, active, session};
use crate::log::Log;
use crate::world::{StoreKind, World};

#[tokio::test]
async fn a_request_that_fails_leaves_one_line_with_everything_to_find_it_by() {
    let w = World::new(StoreKind::Sqlite).await;
    let a = w.user(A).await;
    let _open = w.restart().await;
    let (log, _guard) = Log::collect(tracing::Level::INFO);
    let call = a.request("PUT", &session("open", "x"));
    let answer = call
        .header("MS-CV", "vector.1")
        .json(active())
        .send()
        .await
        .expect(503);
    let text = log.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    let line = &log.lines("a request failed")[0];
    assert_eq!(line["level"], "ERROR");
    let mut fields = line["fields"].clone();
    assert!(fields["duration_ms"].is_number(), "{fields}");
    fields["duration_ms"] = json!(0);
    assert_eq!(
        fields,
        json!({
            "message": "a request failed",
            "request.id": answer.header("x-xblcorrelationid"),
            "trace.id": "vector.1",
            "http.method": "PUT",
            "http.route": "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}",
            "http.status": 503,
            "caller.xuid": A,
            "session.ref": format!("{SCID}~open~x"),
            "refusal": "service.unavailable",
            "error": "the store cannot answer: the store is closed",
            "duration_ms": 0,
        })
    );
}

#[tokio::test]
async fn a_refusal_is_logged_for_developers_only() {
    let w = World::new(StoreKind::Memory).await;
    let a = w.user(A).await;
    let wrong = json!({"members": {"x": {}}});
    {
        let (log, _guard) = Log::collect(tracing::Level::INFO);
        a.put(&session("open", "x"), wrong.clone())
            .await
            .expect(400);
        assert_eq!(log.text(), "");
    }
    let (log, _guard) = Log::collect(tracing::Level::DEBUG);
    a.put(&session("open", "x"), wrong).await.expect(400);
    let lines = log.lines("a request was refused");
    assert_eq!(lines.len(), 1, "{}", log.text());
    let fields = &lines[0]["fields"];
    assert_eq!(fields["refusal"], "members.key", "{fields}");
    assert_eq!(fields["http.status"], 400, "{fields}");
}

#[tokio::test]
async fn a_request_without_an_id_of_its_sender_is_logged_with_the_trace_it_belongs_to() {
    let w = World::new(StoreKind::Memory).await;
    let (log, _guard) = Log::collect(tracing::Level::DEBUG);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for parent in [
        format!("00-{trace}-00f067aa0ba902b7-00"),
        format!("00-{trace}-0000000000000000-00"),
    ] {
        let call = w.nobody().request("GET", "/healthz");
        let answer = call.header("traceparent", &parent).send().await.expect(200);
        assert_eq!(answer.header("traceparent"), None);
    }
    let lines = log.lines("a request was answered");
    assert_eq!(lines[0]["fields"]["trace.id"], trace, "{}", log.text());
    assert_eq!(lines[1]["fields"].get("trace.id"), None, "it is not valid");
}

#[tokio::test]
async fn a_change_is_logged_with_its_number() {
    let w = World::new(StoreKind::Memory).await;
    let a = w.user(A).await;
    a.put(&session("open", "x"), active()).await.expect(201);
    let (log, _guard) = Log::collect(tracing::Level::DEBUG);
    let written = json!({"properties": {"custom": {"map": 1}}});
    a.put(&session("open", "x"), written).await.expect(200);
    let lines = log.lines("a request was answered");
    assert_eq!(lines[0]["fields"]["change.number"], 2, "{}", log.text());
}

/// Texts that must be nowhere in the log.
const SECRETS: [&str; 6] = [
    "Zephyrine",
    "custom-secret",
    "keyword-secret",
    "malformed-secret",
    "not-a-token",
    "people-secret",
];

#[tokio::test]
async fn no_token_gamertag_property_or_body_is_logged() {
    let w = World::new(StoreKind::Sqlite).await;
    let (log, _guard) = Log::collect(tracing::Level::TRACE);
    let person = json!({"xuid": "1001", "gamertag": "Zephyrine", "titleId": "123"});
    let issued = w
        .nobody()
        .post("/dev/token", person.clone())
        .await
        .expect(200);
    let token = issued.json()["Token"].as_str().expect("a token").to_owned();
    let (a, b) = (w.token(person).await, w.user(B).await);
    let path = session("open", "x");
    let mut document = active();
    document["properties"] = json!({"custom": {"map": "custom-secret"},
        "system": {"keywords": ["keyword-secret"]}});
    a.put(&path, document).await.expect(201);
    b.put(&path, json!({"members": {"me": {"malformed-secret": 1}}}))
        .await
        .expect(400);
    b.request("PUT", &path)
        .body(Some("application/json"), "{\"malformed-secret")
        .send()
        .await
        .expect(400);
    b.request("PUT", &path)
        .body(Some("text/malformed-secret"), "x")
        .send()
        .await
        .expect(415);
    w.nobody()
        .request("GET", &path)
        .header("Authorization", "XBL3.0 x=1;not-a-token")
        .send()
        .await
        .expect(401);
    w.nobody()
        .post(
            "/dev/token",
            json!({"gamertag": "malformed-secret", "xuid": []}),
        )
        .await;
    b.get("/users/gt(people-secret)/people").await;
    b.get("/users/me/people/gt(people-secret)").await;
    b.get("/handles/malformed-secret").await.expect(404);
    a.get("/readyz").await.expect(503);
    w.app().run_due_timers().await;
    let _open = w.restart().await;
    a.put(
        &path,
        json!({"properties": {"custom": {"map": "custom-secret 2"}}}),
    )
    .await
    .expect(503);

    let text = log.text();
    // The log is there, so that what follows means something.
    assert!(text.contains("a request failed"), "{text}");
    assert!(text.contains("a request was refused"), "{text}");
    let signature = token.rsplit('.').next().expect("a part");
    for secret in SECRETS.into_iter().chain([&*token, signature, "XBL3.0"]) {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}
