//! Activity handles: `POST /handles`, what they are bound to and when they vanish.

use serde_json::{Value, json};

use crate::handle_steps::{
    ID, S1, S3, TIME, activity, assert_json, cast, created, game, handle, join, joining, masked,
    path_of, place_for, post, reference, reference_in, session_in, time, user,
};

every_store! {
    async fn h01_posting_an_activity_answers_201_with_the_whole_handle(w: World) {
        let c = cast(&w).await;
        c.a.request("PUT", &game("g1"))
            .header("If-None-Match", "*")
            .json(joining(&c.a))
            .send()
            .await
            .expect(201);

        let answer = c.a.post("/handles", activity("g1")).await;

        let document = created(answer);
        assert_eq!(
            masked(&document),
            json!({
                "id": ID, "type": "activity", "version": 1, "sessionRef": reference("game", "g1"),
                "createTime": TIME, "ownerXuid": "1001", "titleId": "777",
                "gameTypes": {}, "inviteProtocol": "game",
            })
        );
        assert_eq!(time(&document, "createTime"), w.now());
        let read = c.b.get(&path_of(&document)).await.expect(200);
        assert_json(&read);
        assert_eq!(read.json(), document);
    }

    async fn h02_posting_the_same_activity_again_replaces_the_handle(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let first = post(&c.a, activity("g1")).await;
        let second = post(&c.a, activity("g1")).await;
        assert_ne!(first, second);
        c.b.get(&first).await.expect_text(404);
        c.b.get(&second).await.expect(200);
    }

    async fn h03_a_user_has_one_activity_in_a_title(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let first = post(&c.a, activity("g1")).await;
        join(&c.a, &game("g2")).await;
        let second = post(&c.a, activity("g2")).await;
        c.b.get(&first).await.expect_text(404);
        c.b.get(&second).await.expect(200);
    }

    async fn h04_another_title_in_another_service_configuration_has_its_own_activity(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g2")).await;
        let first = post(&c.a, activity("g2")).await;
        let other = user(&w, 1001, "888").await;
        join(&other, &session_in(S3, "game", "g3")).await;
        let second = created(
            other
                .post(
                    "/handles",
                    handle("activity", &reference_in(S3, "game", "g3")),
                )
                .await,
        );
        assert_eq!(second["titleId"], "888");
        c.b.get(&first).await.expect(200);
        other.get(&path_of(&second)).await.expect(200);
    }

    async fn h05_a_stranger_to_the_session_may_not_post_an_activity(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        c.c.post("/handles", activity("g1")).await.expect_text(403);
    }

    async fn h06_a_reservation_is_not_enough_for_an_activity(w: World) {
        let c = cast(&w).await;
        let mut body = joining(&c.b);
        body["members"]["reserve_0"] = place_for(1001);
        c.b.put(&game("g5"), body).await.expect(201);
        c.a.post("/handles", activity("g5")).await.expect_text(403);
    }

    async fn h07_going_inactive_ends_the_activity(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g2")).await;
        join(&c.b, &game("g2")).await;
        let path = post(&c.a, activity("g2")).await;
        let inactive = json!({ "members": { "me": { "properties": {
            "system": { "active": false, "ready": false },
        } } } });
        let answer = c.a.put(&game("g2"), inactive).await;
        assert!(matches!(answer.status, 200 | 204), "{}", answer.status);
        c.b.get(&path).await.expect_text(404);
    }

    async fn h08_the_owner_deletes_an_activity_once(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let path = post(&c.a, activity("g1")).await;
        c.a.delete(&path).await.expect_empty(204);
        c.a.delete(&path).await.expect_text(404);
    }

    async fn h09_nobody_else_may_delete_an_activity(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        join(&c.b, &game("g1")).await;
        let path = post(&c.a, activity("g1")).await;
        c.b.delete(&path).await.expect_text(403);
        c.b.get(&path).await.expect(200);
    }

    async fn h10_a_body_that_is_no_handle_is_refused(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let session = reference("game", "g1");
        let cases: &[(&str, Value)] = &[
            (
                "unknown type",
                json!({ "type": "dance", "version": 1, "sessionRef": session }),
            ),
            (
                "version 2",
                json!({ "type": "activity", "version": 2, "sessionRef": session }),
            ),
            (
                "version as text",
                json!({ "type": "activity", "version": "one", "sessionRef": session }),
            ),
            ("no session", json!({ "type": "activity", "version": 1 })),
            (
                "null session",
                json!({ "type": "activity", "version": 1, "sessionRef": null }),
            ),
            ("no type", json!({ "version": 1, "sessionRef": session })),
            (
                "no scid",
                handle("activity", &json!({ "templateName": "game", "name": "g1" })),
            ),
            (
                "no template",
                handle("activity", &json!({ "scid": S1, "name": "g1" })),
            ),
            (
                "name as number",
                handle(
                    "activity",
                    &json!({ "scid": S1, "templateName": "game", "name": 1 }),
                ),
            ),
            ("no object", json!([])),
            ("a string", json!("activity")),
        ];
        for (case, body) in cases {
            let answer = c.a.post("/handles", body.clone()).await;
            assert_eq!(answer.status, 400, "{case}: {}", answer.text());
        }
        for (case, bytes) in [
            ("cut off", br#"{"type":"activity","#.as_slice()),
            ("empty", b""),
            ("trailing comma", br#"{"type":"activity","version":1,}"#),
            ("comment", b"{/* x */}"),
        ] {
            let answer =
                c.a.request("POST", "/handles")
                    .body(Some("application/json"), bytes)
                    .send()
                    .await;
            assert_eq!(answer.status, 400, "{case}: {}", answer.text());
        }
    }

    async fn h11_an_unknown_scid_or_template_is_not_found(w: World) {
        let c = cast(&w).await;
        let nowhere = reference_in("99999999-dead-4bad-8bad-999999999999", "game", "g1");
        c.a.post("/handles", handle("activity", &nowhere))
            .await
            .expect_text(404);
        c.a.post("/handles", handle("activity", &reference("nosuch", "g1")))
            .await
            .expect_text(404);
    }

    async fn h12_posting_a_handle_needs_contract_version_104_or_later(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let body = activity("g1");
        let missing =
            c.a.request("POST", "/handles")
                .without("X-Xbl-Contract-Version")
                .json(body.clone())
                .send()
                .await;
        missing.expect_text(400);
        for (version, status) in [
            ("103", 400),
            ("abc", 400),
            ("", 400),
            ("104", 201),
            ("105", 201),
            ("107", 201),
        ] {
            let answer =
                c.a.request("POST", "/handles")
                    .contract(version)
                    .json(body.clone())
                    .send()
                    .await;
            assert_eq!(
                answer.status,
                status,
                "contract `{version}`: {}",
                answer.text()
            );
        }
    }

    async fn h13_a_handle_that_is_no_guid_is_not_found(w: World) {
        let c = cast(&w).await;
        c.a.get("/handles/not-a-guid").await.expect_text(404);
        let answer = c.a.put("/handles", json!({})).await.expect(405);
        assert_eq!(answer.header("allow"), Some("POST"));
        c.a.get("/handles").await.expect(405);
    }

    async fn h14_an_id_in_the_body_is_ignored(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let mut body = activity("g1");
        body["id"] = json!("47ca0049-a5ba-4bc1-aa22-fcf834ce4c13");
        let document = created(c.a.post("/handles", body).await);
        assert_ne!(document["id"], "47ca0049-a5ba-4bc1-aa22-fcf834ce4c13");
        c.a.get("/handles/47ca0049-a5ba-4bc1-aa22-fcf834ce4c13")
            .await
            .expect_text(404);
    }
}
