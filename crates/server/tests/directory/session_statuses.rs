//! One row for each way that an operation on a session can end.

use serde_json::{Value, json};

use crate::fixtures::{A, B, C, D, active, create, custom, leave, me, reserve, session, system};
use crate::world::{Answer, Player, World};

/// What the body of an answer is.
#[derive(Clone, Copy, Debug)]
enum Body {
    Session,
    Text,
    Nothing,
}

/// The people of these tables, and A's sessions `open/s` (with B) and `priv/s`.
struct Cast {
    a: Player,
    b: Player,
    stranger: Player,
    server: Player,
}

impl Cast {
    async fn new(w: &World) -> Self {
        let cast = Self {
            a: w.user(A).await,
            b: w.user(B).await,
            stranger: w.user(C).await,
            server: w.server().await,
        };
        cast.a
            .put(&session("open", "s"), create(A))
            .await
            .expect(201);
        cast.b
            .put(&session("open", "s"), create(B))
            .await
            .expect(200);
        cast.a
            .put(&session("priv", "s"), create(A))
            .await
            .expect(201);
        cast
    }
}

#[track_caller]
fn ends(answer: Answer, status: u16, body: Body) {
    match body {
        Body::Session => {
            let answer = answer.expect(status);
            assert!(answer.json()["membersInfo"].is_object(), "{}", answer.sent);
        }
        Body::Text => drop(answer.expect_text(status)),
        Body::Nothing => drop(answer.expect_empty(status)),
    }
}

every_store! {
    async fn reading_ends_in_one_of_these_ways(w: World) {
        let cast = Cast::new(&w).await;
        let rows = [
            (&cast.a, session("open", "s"), 200, Body::Session),
            (&cast.stranger, session("open", "s"), 200, Body::Session),
            (&cast.server, session("priv", "s"), 200, Body::Session),
            (&cast.stranger, session("open", "none"), 204, Body::Nothing),
            (&cast.stranger, session("priv", "s"), 403, Body::Text),
            (&cast.a, session("none", "s"), 404, Body::Text),
            (&cast.a, session("open", "a~b"), 404, Body::Text),
            (&cast.a, "/serviceconfigs".to_owned(), 404, Body::Text),
            (&cast.a, "/nothing/here".to_owned(), 404, Body::Text),
        ];
        for (caller, path, status, body) in rows {
            ends(caller.get(&path).await, status, body);
        }
    }

    async fn writing_ends_in_one_of_these_ways(w: World) {
        let cast = Cast::new(&w).await;
        let (open, private) = (session("open", "s"), session("priv", "s"));
        let large = json!({"members": {"0": null}});
        let rows: Vec<(&Player, String, Value, u16, Body)> = vec![
            (&cast.a, open.clone(), custom(json!({"a": 1})), 200, Body::Session),
            (&cast.a, open.clone(), json!({}), 200, Body::Session),
            (&cast.a, session("open", "new"), create(A), 201, Body::Session),
            (&cast.a, session("open", "new"), leave(), 204, Body::Nothing),
            (&cast.a, session("open", "new"), json!({}), 204, Body::Nothing),
            (&cast.a, open.clone(), json!([]), 400, Body::Text),
            (&cast.a, open.clone(), json!("text"), 400, Body::Text),
            (&cast.a, open.clone(), json!({"properties": 1}), 400, Body::Text),
            (&cast.a, open.clone(), system(json!({"closed": "yes"})), 400, Body::Text),
            (&cast.a, open.clone(), system(json!({"locked": true})), 400, Body::Text),
            (&cast.b, open.clone(), json!({"members": {"0": null}}), 403, Body::Text),
            (&cast.stranger, open.clone(), custom(json!({"a": 1})), 403, Body::Session),
            (&cast.stranger, private.clone(), custom(json!({"a": 1})), 403, Body::Text),
            (&cast.stranger, private, active(), 403, Body::Text),
            (&cast.a, session("none", "s"), create(A), 404, Body::Text),
            (&cast.a, open, json!({"constants": {"custom": {"a": 1}}}), 409, Body::Text),
            (&cast.a, session("big", "s"), active(), 201, Body::Session),
            (&cast.server, session("big", "s"), large, 409, Body::Text),
            (&cast.a, session("big", "s"), json!({"members": {"7": null}}), 409, Body::Text),
        ];
        for (caller, path, sent, status, body) in rows {
            ends(caller.put(&path, sent).await, status, body);
        }
    }

    async fn joining_a_session_without_room_is_malformed(w: World) {
        let cast = Cast::new(&w).await;
        let path = session("open", "s");
        cast.a.put(&path, reserve(&[D, 1005])).await.expect(200);
        ends(cast.stranger.put(&path, active()).await, 400, Body::Text);
    }

    async fn a_body_over_the_limit_is_too_large(w: World) {
        let cast = Cast::new(&w).await;
        let path = session("open", "s");
        let filler = "x".repeat(256 * 1024);
        let answer = cast.a.put(&path, custom(json!({"filler": filler}))).await;
        ends(answer, 413, Body::Text);
        let padded = format!("{}{{}}", " ".repeat(100 * 1024));
        let call = cast.a.request("PUT", &path);
        call.body(Some("application/json"), padded).send().await.expect(200);
    }

    async fn a_custom_bag_over_its_limit_is_malformed(w: World) {
        let cast = Cast::new(&w).await;
        let path = session("open", "s");
        let text = |kib: usize| json!({"filler": "x".repeat(kib * 1024)});
        cast.a.put(&path, custom(text(60))).await.expect(200);
        let answer = cast.a.put(&path, custom(text(65))).await;
        answer.expect_naming(400, "properties.custom");
        let own = |kib: usize| json!({"members": {"me": {"properties": {"custom": text(kib)}}}});
        cast.a.put(&path, own(15)).await.expect(200);
        cast.a.put(&path, own(17)).await.expect_naming(400, "members.me.properties.custom");
        cast.a.put(&path, custom(json!({"more": "x".repeat(5 * 1024)}))).await.expect(400);
        let mut join = active();
        join["members"]["me"]["constants"] = json!({"custom": text(17)});
        let answer = cast.stranger.put(&path, join).await;
        answer.expect_naming(400, "members.me.constants.custom");
    }

    async fn a_document_over_its_limit_conflicts(w: World) {
        let path = session("big", "heavy");
        let mut heavy = active();
        heavy["members"]["me"]["properties"]["custom"] = json!({"filler": "x".repeat(15 * 1024)});
        let mut joined = 0;
        let refused = loop {
            let answer = w.user(2001 + joined).await.put(&path, heavy.clone()).await;
            if ![200, 201].contains(&answer.status) {
                break answer;
            }
            joined += 1;
        };
        ends(refused, 409, Body::Text);
        assert!((64..70).contains(&joined), "{joined} times 15 KiB in one MiB");
        let read = w.server().await.get(&path).await.expect(200).json();
        assert_eq!(read["membersInfo"]["count"], joined);
    }

    async fn text_that_is_no_json_object_is_malformed(w: World) {
        let cast = Cast::new(&w).await;
        let deep = format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100));
        let deep = format!(r#"{{"properties":{{"custom":{deep}}}}}"#);
        let rows: [&[u8]; 11] = [
            b"{", b"null", b"[]", b"1", b"{}}", b"{,}", b"{\"properties\":{},}",
            b"{} // comment", b"{\"properties\":{},\"properties\":{}}",
            b"{\"properties\":{\"custom\":{\"a\":\"\xff\"}}}", deep.as_bytes(),
        ];
        for bytes in rows {
            let call = cast.a.request("PUT", &session("open", "s"));
            let answer = call.body(Some("application/json"), bytes).send().await;
            ends(answer, 400, Body::Text);
        }
    }

    async fn text_around_the_object_does_not_matter(w: World) {
        let cast = Cast::new(&w).await;
        for text in ["{}\n", "  {}  \r\n", "\u{feff}{}", "{\t}"] {
            let call = cast.a.request("PUT", &session("open", "s"));
            let answer = call.body(Some("application/json"), text).send().await;
            assert_eq!(answer.expect(200).json()["changeNumber"], 2, "{text:?}");
        }
    }

    async fn credentials_are_asked_for_before_anything_else(w: World) {
        let nobody = w.nobody();
        let rows = [
            nobody.request("GET", &session("none", "s")),
            nobody.request("PUT", &session("open", "s")).body(None, "{"),
            nobody.request("GET", &session("open", "s")).without("x-xbl-contract-version"),
            nobody.request("DELETE", &format!("{}/members/me", session("open", "s"))),
        ];
        for call in rows {
            let answer = call.send().await.expect(401);
            assert!(answer.header("www-authenticate").is_some(), "{}", answer.sent);
        }
    }

    async fn what_is_wrong_is_looked_for_in_a_fixed_order(w: World) {
        let cast = Cast::new(&w).await;
        let (open, private, none) = (session("open", "s"), session("priv", "s"), session("none", "s"));
        // The contract version, the address, the body, the precondition, then who may do what.
        let call = |path: &str, body: &str| {
            cast.stranger.request("PUT", path).body(Some("application/json"), body)
        };
        let refused = call(&none, "{").without("x-xbl-contract-version").send().await;
        refused.expect_naming(400, "[contract.missing]");
        ends(call(&none, "{").send().await, 404, Body::Text);
        ends(call(&private, "{").header("if-match", "\"stale\"").send().await, 400, Body::Text);
        let write = custom(json!({"a": 1})).to_string();
        ends(call(&open, &write).header("if-match", "\"stale\"").send().await, 412, Body::Session);
        ends(call(&open, &write).send().await, 403, Body::Session);
        // Constants are judged before properties, and properties before servers.
        let mut all = custom(json!({"a": 1}));
        all["constants"] = json!({"system": {"maxMembersCount": 9}});
        all["properties"]["system"] = json!({"locked": true});
        cast.a.put(&open, all.clone()).await.expect_naming(409, "constants.system.maxMembersCount");
        all.as_object_mut().expect("an object").remove("constants");
        cast.a.put(&open, all).await.expect_naming(400, "properties.system.locked");
    }

    async fn a_server_principal_has_no_seat_of_its_own(w: World) {
        let cast = Cast::new(&w).await;
        let path = session("open", "s");
        for body in [active(), leave(), me(json!({}))] {
            cast.server.put(&path, body).await.expect_naming(403, "members.me");
        }
        assert_eq!(cast.server.xuid, 0);
    }
}
