//! What holds for handles of every type: creation, reading, deletion and where the path ends.

use serde_json::{Value, json};

use crate::handle_steps::{
    S1, S2, UNKNOWN, active, activity, assert_content_location, assert_guid, cast, cast_in,
    correlation, created, custom, game, handle, invite, join, joining, leaving, local, path_of,
    post, reference, reference_in, session, session_answer, session_in, text, transfer, user, via,
};

/// One body of each type for a session, as its members or a server would post it.
fn bodies(session: &Value) -> [(&'static str, Value); 5] {
    [
        ("activity", handle("activity", session)),
        ("invite", invite(session, 1003)),
        ("search", handle("search", session)),
        ("transfer", transfer(session, &reference("game", "lobby"))),
        ("correlation", handle("correlation", session)),
    ]
}

every_store! {
    async fn rule_h1_a_handle_cannot_be_changed(w: World) {
        let c = cast(&w).await;
        let path = post(&c.a, correlation("g1")).await;
        for method in ["PUT", "POST", "PATCH"] {
            let answer = c.a.request(method, &path).json(json!({})).send().await;
            assert_eq!(answer.status, 405, "{method}");
            assert_eq!(answer.header("allow"), Some("GET, DELETE"), "{method}");
        }
    }

    async fn rule_h2_a_handle_creates_no_session(w: World) {
        let c = cast(&w).await;
        for (kind, body) in bodies(&reference("game", "g1")) {
            if matches!(kind, "invite" | "transfer" | "correlation") {
                created(c.svc.post("/handles", body).await);
            }
        }
        c.svc.get(&game("g1")).await.expect_empty(204);
    }

    async fn rule_h3_a_session_without_a_name_is_given_a_guid(w: World) {
        let c = cast(&w).await;
        let nameless = json!({ "scid": S1, "templateName": "game" });
        let document = created(c.a.post("/handles", handle("correlation", &nameless)).await);
        let name = text(&document["sessionRef"], "name").to_owned();
        assert_guid(&name);
        assert_eq!(document["sessionRef"], reference("game", &name));
        let path = format!("{}/session", path_of(&document));
        let answer = c.a.put(&path, joining(&c.a)).await;
        assert_content_location(&answer, S1, "game", &name);
        session_answer(answer, 201);
        let other = created(c.a.post("/handles", handle("correlation", &nameless)).await);
        assert_ne!(other["sessionRef"]["name"], json!(name));
    }

    async fn rule_h4_there_are_five_types_and_each_answers_with_its_document(w: World) {
        let c = cast(&w).await;
        join(&c.a, &session("browse", "b1")).await;
        for (kind, body) in bodies(&reference("browse", "b1")) {
            let document = created(c.a.post("/handles", body).await);
            assert_eq!(document["type"], kind);
            assert_eq!(document["version"], 1);
            assert_eq!(document["sessionRef"], reference("browse", "b1"));
            assert_eq!(
                c.a.get(&path_of(&document)).await.expect(200).json(),
                document
            );
        }
    }

    async fn rule_h5_the_version_is_one(w: World) {
        let c = cast(&w).await;
        join(&c.a, &session("browse", "b1")).await;
        for (kind, mut body) in bodies(&reference("browse", "b1")) {
            for version in [json!(0), json!(2), json!(-1), json!("1x"), json!(1.5)] {
                body["version"] = version.clone();
                let answer = c.a.post("/handles", body.clone()).await;
                assert_eq!(
                    answer.status,
                    400,
                    "{kind} version {version}: {}",
                    answer.text()
                );
            }
            body.as_object_mut().expect("an object").remove("version");
            assert_eq!(
                created(c.a.post("/handles", body).await)["version"],
                1,
                "{kind}"
            );
        }
    }

    async fn rule_h7_service_configuration_and_template_must_exist_for_every_type(w: World) {
        let c = cast(&w).await;
        let nowhere = reference_in("99999999-dead-4bad-8bad-999999999999", "game", "g1");
        for session in [nowhere, reference("nosuch", "g1")] {
            for (kind, body) in bodies(&session) {
                let answer = c.a.post("/handles", body.clone()).await;
                assert_eq!(answer.status, 404, "{kind}: {}", answer.text());
                if kind != "activity" {
                    let answer = c.svc.post("/handles", body).await;
                    assert_eq!(
                        answer.status,
                        404,
                        "{kind} by the server: {}",
                        answer.text()
                    );
                }
            }
        }
    }

    async fn rule_h9_the_type_is_known_and_may_be_in_any_letter_case(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        for kind in [
            json!("party"),
            json!(""),
            json!(1),
            json!(null),
            json!(["activity"]),
        ] {
            let mut body = activity("g1");
            body["type"] = kind.clone();
            let answer = c.a.post("/handles", body).await;
            assert_eq!(answer.status, 400, "{kind}: {}", answer.text());
        }
        // Enumerations are read in any case and written in one: clients compare exactly.
        let document = created(
            c.a.post("/handles", handle("Activity", &reference("game", "g1")))
                .await,
        );
        assert_eq!(document["type"], "activity");
    }

    async fn a_bad_session_name_or_scid_is_refused(w: World) {
        let c = cast(&w).await;
        for (case, session) in [
            ("tilde", reference("game", "a~b")),
            ("slash", reference("game", "a/b")),
            ("space", reference("game", "a b")),
            ("empty", reference("game", "")),
            ("too long", reference("game", &"a".repeat(101))),
            ("dots", reference("game", "..")),
            ("scid no GUID", reference_in("abc", "game", "g1")),
        ] {
            let answer = c.a.post("/handles", handle("correlation", &session)).await;
            assert_eq!(answer.status, 400, "{case}: {}", answer.text());
        }
    }

    async fn unknown_fields_of_a_handle_are_ignored(w: World) {
        let c = cast(&w).await;
        let mut body = correlation("g1");
        body["somethingNew"] = json!({ "a": [1, null] });
        body["sessionRef"]["extra"] = json!(true);
        let document = created(c.a.post("/handles", body).await);
        assert_eq!(document.get("somethingNew"), None);
        assert_eq!(document["sessionRef"], reference("game", "g1"));
    }

    async fn preconditions_and_media_types_of_the_handle_collection(w: World) {
        let c = cast(&w).await;
        let body = correlation("g1");
        let guarded =
            c.a.request("POST", "/handles")
                .header("If-Match", "*")
                .header("If-None-Match", "*");
        created(guarded.json(body.clone()).send().await);
        for (kind, status) in [
            (Some("text/xml"), 415),
            (None, 200),
            (Some("application/json; charset=utf-8"), 200),
        ] {
            let answer =
                c.a.request("POST", "/handles")
                    .body(kind, body.to_string())
                    .send()
                    .await;
            assert_eq!(answer.status, status, "{kind:?}: {}", answer.text());
        }
    }

    async fn rule_1_9_an_invite_is_seen_by_sender_invitee_and_server_only(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        join(&c.b, &game("g1")).await;
        let path = post(&c.a, invite(&reference("game", "g1"), 1003)).await;
        for (who, player, status) in [
            ("sender", &c.a, 200),
            ("invitee", &c.c, 200),
            ("server", &c.svc, 200),
            ("member", &c.b, 404),
            ("stranger", &c.d, 404),
        ] {
            let answer = player.get(&path).await;
            assert_eq!(answer.status, status, "{who}: {}", answer.text());
        }
    }

    async fn rule_1_9_what_is_no_handle_is_not_found(w: World) {
        let c = cast(&w).await;
        for path in [
            UNKNOWN,
            "/handles/0",
            "/handles/{0badc0de-0000-4000-8000-00000000dead}",
            "/handles/0badc0de0000400080000000000000dead",
        ] {
            let path = path.replace('{', "%7B").replace('}', "%7D");
            c.a.get(&path).await.expect_text(404);
            c.a.delete(&path).await.expect_text(404);
        }
    }

    async fn rule_1_9_include_adds_to_the_handle(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        c.a.put(&game("g1"), custom("map", "x")).await.expect(200);
        let all = "include=relatedInfo,customProperties,session";
        let posted = created(c.a.post(&format!("/handles?{all}"), activity("g1")).await);
        let read =
            c.b.get(&format!("{}?{all}", path_of(&posted)))
                .await
                .expect(200)
                .json();
        for document in [&posted, &read] {
            assert_eq!(document["customProperties"], json!({ "map": "x" }));
            assert_eq!(document["relatedInfo"]["membersCount"], 1);
            assert_eq!(document["session"], c.b.get(&game("g1")).await.json());
        }
    }

    async fn rule_1_10_an_activity_is_deleted_in_its_own_title_only(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let path = post(&c.a, activity("g1")).await;
        user(&w, 1001, "123")
            .await
            .delete(&path)
            .await
            .expect_text(403);
        c.c.delete(&path).await.expect_text(403);
        c.a.get(&path).await.expect(200);
        c.a.delete(&path).await.expect_empty(204);
        c.a.delete(UNKNOWN).await.expect_text(404);
    }

    async fn rule_1_11_reading_by_handle_takes_its_steps_in_order(w: World) {
        let c = cast(&w).await;
        let path = via(&c.a, correlation("g1")).await;
        c.b.get(&path).await.expect_empty(204);
        join(&c.a, &game("g1")).await;
        let etag = c.b.get(&path).await.expect(200).etag();
        c.b.request("GET", &path)
            .header("If-None-Match", &etag)
            .send()
            .await
            .expect_empty(304);
        c.a.put(&game("g1"), local()).await.expect(200);
        let refused = c.b.get(&path).await.expect_text(403);
        assert_eq!(refused.header("etag"), None);
        assert_eq!(refused.header("content-location"), None);
        session_answer(c.a.get(&path).await, 200);
        session_answer(c.svc.get(&path).await, 200);
    }

    async fn rule_1_11_a_session_whose_time_has_passed_is_gone_for_its_handles(w: World) {
        let c = cast_in(&w, "123").await;
        let path = session_in(S2, "keep", "k1");
        let first = session_answer(c.a.put(&path, active(true)).await, 201);
        let reference = reference_in(S2, "keep", "k1");
        let alias = via(&c.a, handle("correlation", &reference)).await;
        let invited = post(&c.a, invite(&reference, 1003)).await;
        c.a.put(&path, leaving()).await.expect(200);
        w.advance_lazily(61_000);
        c.a.get(&alias).await.expect_empty(204);
        c.a.get(&invited).await.expect_text(404);
        c.a.request("PUT", &alias)
            .header("If-Match", "*")
            .json(active(true))
            .send()
            .await
            .expect_empty(412);
        let second = session_answer(c.b.put(&alias, active(true)).await, 201);
        assert_ne!(second["branch"], first["branch"]);
        assert_eq!(second["changeNumber"], 1);
        c.a.get(&invited).await.expect_text(404);
    }

    async fn contract_versions_hold_for_every_handle_path(w: World) {
        let c = cast(&w).await;
        let path = post(&c.a, correlation("g1")).await;
        for (method, path) in [
            ("GET", path.clone()),
            ("GET", format!("{path}/session")),
            ("PUT", format!("{path}/session")),
            ("POST", "/handles/query".to_owned()),
            ("DELETE", path),
        ] {
            let call = c.a.request(method, &path).without("X-Xbl-Contract-Version");
            let call = if method.starts_with('P') {
                call.json(json!({}))
            } else {
                call
            };
            call.send().await.expect_text(400);
        }
    }

    async fn a_session_by_handle_is_rendered_in_the_contract_of_the_request(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let path = via(&c.a, correlation("g1")).await;
        let old =
            c.a.request("GET", &path)
                .contract("105")
                .send()
                .await
                .expect(200)
                .json();
        assert_eq!(old["contractVersion"], 105);
        assert_eq!(old["constants"]["system"]["timeouts"]["inactive"], 0);
        let new = c.a.get(&path).await.expect(200).json();
        assert_eq!(new["contractVersion"], 107);
        assert_eq!(new["constants"]["system"]["inactiveRemovalTimeout"], 0);
    }
}
