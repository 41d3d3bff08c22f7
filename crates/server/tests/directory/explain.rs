//! Refusals explained: the machine-readable twin of an answer, and what it must not tell.

use convoke_wire::headers::CORRELATION_ID;
use serde_json::{Value, json};

use crate::fixtures::{A, B, C, SCID, active, create, custom, session, system};
use crate::world::{Answer, Call, Player, StoreKind, World};

const PROBLEM: &str = "application/problem+json";

/// The members of an explanation, checked for what all of them have in common.
#[track_caller]
fn explained(answer: &Answer) -> Value {
    let problem = answer.json();
    let sent = &answer.sent;
    assert_eq!(answer.header("content-type"), Some(PROBLEM), "{sent}");
    assert_eq!(problem["status"], answer.status, "{sent}");
    let code = problem["code"].as_str().expect("a code");
    assert_eq!(problem["docs"], format!("/docs/errors.md#{code}"), "{sent}");
    assert_eq!(problem["type"], problem["docs"], "{sent}");
    assert_eq!(problem["title"], problem["rule"], "{sent}");
    for text in ["rule", "detail", "cure"] {
        assert!(
            !problem[text].as_str().expect(text).is_empty(),
            "{sent}: {text}"
        );
    }
    let id = answer.header(CORRELATION_ID);
    assert_eq!(problem["correlationId"].as_str(), id, "{sent}");
    let header = answer.header("x-convoke-refusal").expect("the rule");
    let path = problem["path"].as_str().expect("a path");
    let expected = match path {
        "" => code.to_owned(),
        path => format!("{code}; path={path}"),
    };
    assert_eq!(header, expected, "{sent}");
    problem
}

/// Asks three times, plainly and in both ways for an explanation; gives the plain answer and code and
/// path of the explanation.
async fn refused(make: impl Fn(&str) -> Call, path: &str) -> (Answer, String, String) {
    let plain = make(path).send().await;
    assert_ne!(
        plain.header("content-type"),
        Some(PROBLEM),
        "{}",
        plain.sent
    );
    let by_header = make(path).header("accept", PROBLEM).send().await;
    let separator = if path.contains('?') { '&' } else { '?' };
    let by_query = make(&format!("{path}{separator}EXPLAIN=1")).send().await;
    for answer in [&by_header, &by_query] {
        assert_eq!(answer.status, plain.status, "{}", answer.sent);
        explained(answer);
        for name in [
            "allow",
            "etag",
            "www-authenticate",
            "retry-after",
            "x-convoke-refusal",
            "cache-control",
        ] {
            assert_eq!(
                answer.header(name),
                plain.header(name),
                "{}: {name}",
                answer.sent
            );
        }
    }
    let problem = by_header.json();
    let text = |name: &str| problem[name].as_str().expect("text").to_owned();
    (plain, text("code"), text("path"))
}

fn get(player: &Player) -> impl Fn(&str) -> Call + '_ {
    |path| player.request("GET", path)
}

fn put<'a>(player: &'a Player, body: &'a Value) -> impl Fn(&str) -> Call + 'a {
    |path| player.request("PUT", path).json(body.clone())
}

every_store! {
    async fn every_family_of_refusals_has_a_twin_that_names_rule_and_place(w: World) {
        let (a, b, nobody) = (w.user(A).await, w.user(B).await, w.nobody());
        let open = session("open", "s");
        a.put(&open, create(A)).await.expect(201);
        let mut rows: Vec<(Answer, String, String, u16, &str, &str)> = Vec::new();
        let mut row = |(plain, code, path): (Answer, String, String), status, rule, place| {
            rows.push((plain, code, path, status, rule, place));
        };
        let bad = system(json!({"locked": true}));
        row(refused(put(&a, &bad), &open).await, 400, "properties.locked", "properties.system.locked");
        let typo = json!({"properties": {"system": {"closd": true}}});
        row(refused(put(&a, &typo), &open).await, 400, "body.malformed", "properties.system.closd");
        let version = |path: &str| a.request("GET", path).without("x-xbl-contract-version");
        row(refused(version, &open).await, 400, "contract.missing", "");
        let version = |path: &str| a.request("GET", path).contract("3");
        row(refused(version, &open).await, 400, "contract.unsupported", "");
        row(refused(get(&nobody), &open).await, 401, "auth.missing", "");
        let forged = |path: &str| nobody.request("GET", path).header("authorization", "XBL3.0 x=1;e30.e30.e30");
        row(refused(forged, &open).await, 401, "auth.malformed", "");
        let private = session("priv", "s");
        a.put(&private, create(A)).await.expect(201);
        row(refused(get(&b), &private).await, 403, "access.private", "");
        row(refused(get(&a), "/nothing").await, 404, "uri.unknown", "");
        row(refused(get(&a), &session("none", "s")).await, 404, "template.unknown", "");
        let gone = format!("{}/members", session("open", "gone"));
        row(refused(get(&a), &gone).await, 404, "sessions.not_found", "");
        let patch = |path: &str| a.request("PATCH", path);
        row(refused(patch, &open).await, 405, "method", "");
        let constant = json!({"constants": {"custom": {"a": 1}}});
        row(refused(put(&a, &constant), &open).await, 409, "constants.conflict", "constants.custom.a");
        let large = custom(json!({"filler": "x".repeat(300 * 1024)}));
        row(refused(put(&a, &large), &open).await, 413, "body.size", "");
        let long = format!("{open}?filler={}", "x".repeat(9 * 1024));
        row(refused(get(&a), &long).await, 414, "request.uri", "");
        let form = |path: &str| a.request("PUT", path).body(Some("application/x-www-form-urlencoded"), "a=b");
        row(refused(form, &open).await, 415, "body.media_type", "");
        let cookie = |path: &str| a.request("GET", path).header("cookie", &"c".repeat(33 * 1024));
        row(refused(cookie, &open).await, 431, "request.headers", "");
        for (plain, code, path, status, rule, place) in rows {
            let plain = plain.expect_text(status);
            assert_eq!((code.as_str(), path.as_str()), (rule, place), "{}", plain.sent);
            if status != 401 {
                assert!(plain.text().ends_with(&format!(" [{rule}]")), "{}", plain.text());
            }
        }
    }

    async fn the_people_service_keeps_its_objects_and_has_the_same_twin(w: World) {
        let (a, nobody) = (w.user(A).await, w.nobody());
        let rows: [(&Player, &str, u16, u64, &str); 6] = [
            (&nobody, "/users/me/people", 401, 4500, "auth.missing"),
            (&a, "/users/gt(x)/people", 404, 4100, "people.gamertag"),
            (&a, "/users/xuid(x)/people", 400, 4000, "people.user"),
            (&a, "/users/me/people?view=Foo", 400, 1015, "people.view"),
            (&a, "/users/xuid(9)/people?view=Favorite", 403, 1011, "people.view.foreign"),
            (&a, "/users/me/people/xuid(9)", 404, 4100, "people.not_found"),
        ];
        for (caller, path, status, number, rule) in rows {
            let (plain, code, _) = refused(get(caller), path).await;
            assert_eq!((plain.status, code.as_str()), (status, rule), "{path}");
            let body = plain.json();
            assert_eq!(body["code"], number, "{path}");
            assert!(body["description"].is_string() && body["source"] == "Convoke", "{path}");
        }
    }

    async fn the_issuer_keeps_its_bodies_and_has_the_same_twin(w: World) {
        let nobody = w.nobody();
        let post = |body: Value| {
            let nobody = &nobody;
            move |path: &str| nobody.request("POST", path).json(body.clone())
        };
        let sign_in = |ticket: &str| json!({
            "RelyingParty": "http://auth.xboxlive.com", "TokenType": "JWT",
            "Properties": {"AuthMethod": "RPS", "SiteName": "user.auth.xboxlive.com", "RpsTicket": ticket},
        });
        let exchange = json!({
            "RelyingParty": "http://xboxlive.com", "TokenType": "JWT",
            "Properties": {"SandboxId": "RETAIL", "UserTokens": ["e30.e30.e30"]},
        });
        let rows = [
            ("/user/authenticate", json!({}), 400, "issuer.body", ""),
            ("/user/authenticate", sign_in("x"), 400, "issuer.body", "Properties.RpsTicket"),
            ("/user/authenticate", sign_in("d=dev:Nobody"), 401, "issuer.user", ""),
            ("/xsts/authorize", exchange, 401, "issuer.token", "Properties.UserTokens[0]"),
        ];
        for (path, body, status, rule, place) in rows {
            let (plain, code, found) = refused(post(body), path).await;
            assert_eq!((plain.status, code.as_str(), found.as_str()), (status, rule, place), "{path}");
        }
        let (_, code, _) = refused(get(&nobody), "/titles/other/endpoints").await;
        assert_eq!(code, "issuer.title");
        let (plain, code, _) = refused(get(&nobody), "/dev/token").await;
        assert_eq!((plain.status, code.as_str()), (405, "method"));
        assert!(plain.body.is_empty() && plain.header("allow").is_some());
        let huge = json!({"xuid": "1", "gamertag": "x".repeat(65 * 1024)});
        let (plain, code, _) = refused(post(huge), "/dev/token").await;
        assert_eq!((plain.status, code.as_str()), (413, "body.size"));
    }

    async fn a_failed_precondition_is_explained_together_with_the_session(w: World) {
        let (a, c) = (w.user(A).await, w.user(C).await);
        let (open, private) = (session("open", "s"), session("priv", "s"));
        let shown = a.put(&open, create(A)).await.expect(201);
        a.put(&private, create(A)).await.expect(201);
        let stale = |player: &Player, path: &str| {
            player.request("PUT", path).header("if-match", "\"00\"").json(json!({}))
        };
        let (plain, code, _) = refused(|path| stale(&a, path), &open).await;
        assert_eq!((plain.status, code.as_str()), (412, "precondition.failed"));
        let twin = stale(&a, &open).header("accept", PROBLEM).send().await;
        assert_eq!(twin.json()["session"], plain.json());
        assert_eq!(twin.etag(), shown.etag());

        // Who may not read the session learns the same whether there is one or not.
        let mut twins = Vec::new();
        for path in [private, session("priv", "none")] {
            let (plain, ..) = refused(|path| stale(&c, path), &path).await;
            plain.expect_empty(412);
            let twin = stale(&c, &path).header("accept", PROBLEM).send().await;
            twins.push(without_id(&twin));
        }
        assert_eq!(twins[0], twins[1]);
        assert_eq!(twins[0].get("session"), None);
    }

    async fn a_session_that_may_be_read_but_not_changed_is_in_the_twin_too(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let open = session("open", "s");
        a.put(&open, create(A)).await.expect(201);
        let change = custom(json!({"a": 1}));
        let call = |path: &str| b.request("PUT", path).json(change.clone());
        let plain = call(&open).send().await.expect(403);
        let twin = call(&open).header("accept", PROBLEM).send().await.expect(403);
        assert_eq!(explained(&twin)["session"], plain.json());
        assert_eq!(plain.header("x-convoke-refusal"), Some("access.not_member"));
    }

    async fn a_hidden_handle_is_explained_as_one_that_does_not_exist(w: World) {
        let (a, b, c) = (w.user(A).await, w.user(B).await, w.user(C).await);
        a.put(&session("open", "s"), active()).await.expect(201);
        let invite = json!({
            "type": "invite", "version": 1, "invitedXuid": B.to_string(),
            "inviteAttributes": {"titleId": "123"},
            "sessionRef": {"scid": SCID, "templateName": "open", "name": "s"},
        });
        let made = a.post("/handles", invite).await.expect(201);
        let hidden = made.header("location").expect("a path").to_owned();
        b.get(&hidden).await.expect(200);
        let mut twins = Vec::new();
        for path in [hidden.as_str(), "/handles/0badc0de-0000-4000-8000-00000000dead", "/handles/x"] {
            let (plain, ..) = refused(get(&c), path).await;
            plain.expect_text(404);
            let twin = c.get(&format!("{path}?explain=true")).await;
            assert_eq!(explained(&twin)["code"], "handles.not_found");
            twins.push(without_id(&twin));
        }
        assert_eq!(twins[0], twins[1]);
        assert_eq!(twins[0], twins[2]);
    }

    async fn an_answer_that_is_no_refusal_stays_as_it_is(w: World) {
        let a = w.user(A).await;
        let open = session("open", "s");
        a.put(&open, create(A)).await.expect(201);
        let asked = a.request("GET", &format!("{open}?explain=true"));
        let answer = asked.header("accept", PROBLEM).send().await.expect(200);
        assert_eq!(answer.json(), a.get(&open).await.json());
        assert_eq!(answer.header("x-convoke-refusal"), None);
        let known = a.request("GET", &format!("{open}?explain=true"));
        let known = known.header("if-none-match", &answer.etag()).send().await;
        known.expect_empty(304);
        a.get(&format!("{}?explain=true", session("open", "none"))).await.expect_empty(204);
    }

    async fn the_reference_of_errors_is_served_without_credentials(w: World) {
        let answer = w.nobody().get("/docs/errors.md").await.expect(200);
        assert_eq!(answer.header("content-type"), Some("text/markdown; charset=utf-8"));
        assert!(answer.text().contains("<a id=\"access.not_member\"></a>"));
    }
}

#[tokio::test]
async fn a_store_that_cannot_answer_says_no_more_in_the_twin() {
    let w = World::new(StoreKind::Sqlite).await;
    let a = w.user(A).await;
    w.close().await;
    let change = create(A);
    let (plain, code, _) = refused(put(&a, &change), &session("open", "s")).await;
    assert_eq!(plain.header("retry-after"), Some("2"));
    plain.expect_empty(503);
    assert_eq!(code, "service.unavailable");
}

#[tokio::test]
async fn an_error_in_the_service_is_explained_by_where_its_log_says_more() {
    let w = World::new(StoreKind::Memory).await;
    let a = w.user(A).await;
    let open = session("open", "s");
    let change = create(A);
    // The request itself takes the last one, so that its handler panics.
    let failing = |path: &str| {
        w.leave_identifiers(1);
        put(&a, &change)(path)
    };
    let (plain, code, path) = refused(failing, &open).await;
    assert_eq!((code.as_str(), path.as_str()), ("internal", ""));
    let id = plain.header(CORRELATION_ID).expect("an id").to_owned();
    let plain = plain.expect_text(500);
    assert_eq!(plain.text(), format!("Internal error {id}"));
    let twin = failing(&format!("{open}?explain=true")).send().await;
    assert_eq!(
        without_id(&twin),
        json!({
            "type": "/docs/errors.md#internal",
            "title": "The service works without errors of its own.",
            "status": 500,
            "code": "internal",
            "rule": "The service works without errors of its own.",
            "path": "",
            "detail": format!("Internal error {id}"),
            "cure": "Report it with the correlation id; sending the same request again may give the same answer.",
            "docs": "/docs/errors.md#internal",
        })
    );
    w.leave_identifiers(1000);
    a.put(&open, change).await.expect(201);
}

/// An explanation without what differs in every exchange.
fn without_id(twin: &Answer) -> Value {
    let mut problem = explained(twin);
    problem
        .as_object_mut()
        .expect("an object")
        .remove("correlationId");
    problem
}
