//! The rules of `PUT /handles/{id}/session` beyond the numbered examples.

use serde_json::{Value, json};

use crate::handle_steps::{
    S1, activity, assert_content_location, cast, correlation, custom, game, handle, invite, join,
    join_with, joining, leaving, local, member_xuids, place_for, post, reference, searching,
    session_answer, system, transfer, via,
};

every_store! {
    async fn rule_p1_the_body_by_handle_is_that_of_the_session(w: World) {
        let c = cast(&w).await;
        let path = via(&c.a, correlation("g1")).await;
        let mut body = joining(&c.a);
        body["constants"] = json!({ "custom": { "map": "x" } });
        body["properties"] = json!({ "system": { "keywords": ["k"] }, "custom": { "mode": 3 } });
        body["members"]["reserve_0"] = place_for(1002);
        let session = session_answer(c.a.put(&path, body).await, 201);
        assert_eq!(session["constants"]["custom"], json!({ "map": "x" }));
        assert_eq!(session["properties"]["system"]["keywords"], json!(["k"]));
        assert_eq!(session["properties"]["custom"], json!({ "mode": 3 }));
        assert_eq!(session["members"]["1"]["reserved"], true);

        let servers = searching();
        c.a.put(&path, servers.clone()).await.expect(403);
        let session = session_answer(c.svc.put(&path, servers).await, 200);
        assert_eq!(
            session["servers"]["matchmaking"]["properties"]["system"]["status"],
            "searching"
        );

        for (case, body) in [
            ("unknown member", json!({ "foo": 1 })),
            ("no object", json!([])),
            ("unknown system property", system("unknownThing", 1)),
        ] {
            let answer = c.a.put(&path, body).await;
            assert_eq!(answer.status, 400, "{case}: {}", answer.text());
        }
    }

    async fn rule_p1_an_empty_object_changes_nothing(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let path = via(&c.a, activity("g1")).await;
        let before = c.a.get(&path).await.expect(200);
        let after = c.a.put(&path, json!({})).await;
        assert_content_location(&after, S1, "game", "g1");
        assert_eq!(after.etag(), before.etag());
        assert_eq!(session_answer(after, 200), before.json());
    }

    async fn rule_p2_every_answer_with_the_session_carries_tag_and_location(w: World) {
        let c = cast(&w).await;
        let path = via(&c.a, correlation("g1")).await;
        for (status, body) in [
            (201, joining(&c.a)),
            (200, custom("a", 1)),
            (200, custom("a", 1)),
        ] {
            let answer = c.a.put(&path, body).await;
            assert_content_location(&answer, S1, "game", "g1");
            assert_eq!(answer.header("location"), None);
            session_answer(answer, status);
        }
    }

    async fn rule_p3_to_p6_the_four_write_modes_work_by_handle(w: World) {
        let c = cast(&w).await;
        let path = via(&c.a, correlation("g1")).await;
        // Each row in order: header, value, status.
        let missing: &[(&str, &str, u16)] = &[
            ("If-Match", "*", 412),
            ("If-Match", r#""0123456789abcdef0123456789abcdef""#, 412),
            ("If-None-Match", "*", 201),
        ];
        for (name, value, status) in missing {
            let answer =
                c.a.request("PUT", &path)
                    .header(name, value)
                    .json(joining(&c.a))
                    .send()
                    .await;
            assert_eq!(answer.status, *status, "{name}: {value}");
            assert_eq!(
                answer.body.is_empty(),
                *status == 412,
                "{name}: {value}: {}",
                answer.text()
            );
        }
        let etag = c.a.get(&path).await.etag();
        let bare = etag.trim_matches('"').to_owned();
        let refused =
            c.a.request("PUT", &path)
                .header("If-None-Match", "*")
                .json(custom("a", 1))
                .send()
                .await;
        refused.expect_empty(412);
        let update =
            c.a.request("PUT", &path)
                .header("If-Match", "*")
                .json(custom("a", 1))
                .send()
                .await;
        session_answer(update, 200);
        let stale =
            c.a.request("PUT", &path)
                .header("If-Match", &etag)
                .json(custom("a", 2))
                .send()
                .await;
        let current = session_answer(stale, 412);
        assert_eq!(current["properties"]["custom"]["a"], 1);
        let etag = c.a.get(&path).await.etag();
        assert_ne!(etag.trim_matches('"'), bare);
        let synchronized =
            c.a.request("PUT", &path)
                .header("If-Match", &etag)
                .json(custom("a", 3))
                .send()
                .await;
        let bare = synchronized.etag().trim_matches('"').to_owned();
        session_answer(synchronized, 200);
        let by_bare_tag =
            c.a.request("PUT", &path)
                .header("If-Match", &bare)
                .json(custom("a", 4))
                .send()
                .await;
        session_answer(by_bare_tag, 200);
        session_answer(c.a.put(&path, custom("a", 5)).await, 200);
    }

    async fn rule_p7_a_deleted_handle_cannot_be_written_through(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let before = c.a.get(&game("g1")).await.json();
        let handle = post(&c.a, correlation("g1")).await;
        c.a.delete(&handle).await.expect_empty(204);
        c.a.put(&format!("{handle}/session"), custom("a", 1))
            .await
            .expect_text(404);
        assert_eq!(c.a.get(&game("g1")).await.json(), before);
    }

    async fn rule_p8_leaving_by_handle_a_session_that_is_gone_succeeds(w: World) {
        let c = cast(&w).await;
        let path = via(&c.a, correlation("g1")).await;
        join(&c.a, &game("g1")).await;
        c.a.put(&path, leaving()).await.expect_empty(204);
        c.a.put(&path, leaving()).await.expect_empty(204);
    }

    async fn rule_p9_only_an_invite_a_search_and_a_transfer_open_a_local_session(w: World) {
        let c = cast(&w).await;
        let target = reference("game", "g1");
        join_with(&c.a, &game("g1"), "joinRestriction", "local").await;
        join(&c.a, &game("lobby")).await;
        join(&c.b, &game("lobby")).await;
        let cases: [(&str, Value, u16); 4] = [
            ("activity", handle("activity", &target), 403),
            ("correlation", handle("correlation", &target), 403),
            (
                "transfer",
                transfer(&target, &reference("game", "lobby")),
                200,
            ),
            ("invite", invite(&target, 1002), 200),
        ];
        for (kind, body, status) in cases {
            let path = post(&c.a, body).await;
            let answer = c.b.put(&format!("{path}/session"), joining(&c.b)).await;
            assert_eq!(answer.status, status, "{kind}: {}", answer.text());
            if status == 200 {
                c.b.put(&game("g1"), leaving()).await.expect(200);
            }
        }
    }

    async fn rule_p10_a_session_that_cannot_be_read_refuses_with_text(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        c.a.put(&game("g1"), local()).await.expect(200);
        let path = via(&c.a, activity("g1")).await;
        c.c.get(&path).await.expect_text(403);
        c.c.put(&path, joining(&c.c)).await.expect_text(403);
    }

    async fn rule_p10_a_reservation_is_accepted_by_handle_in_spite_of_closed(w: World) {
        let c = cast(&w).await;
        let mut body = joining(&c.a);
        body["members"]["reserve_0"] = place_for(1002);
        body["properties"] = json!({ "system": { "closed": true, "joinRestriction": "local" } });
        c.a.put(&game("g1"), body).await.expect(201);
        let path = via(&c.a, activity("g1")).await;
        let session = session_answer(c.b.put(&path, joining(&c.b)).await, 200);
        assert_eq!(session["membersInfo"]["accepted"], 2);
    }

    async fn rule_p11_a_member_writes_by_handle_as_by_name(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        join(&c.b, &game("g1")).await;
        let path = via(&c.a, activity("g1")).await;
        let session = session_answer(c.b.put(&path, joining(&c.b)).await, 200);
        assert_eq!(member_xuids(&session), ["1001", "1002"]);
        let foreign = json!({ "members": { "0": { "properties": { "custom": { "z": 1 } } } } });
        c.b.put(&path, foreign).await.expect(403);
    }

    async fn rule_p12_a_foreign_xuid_is_replaced_by_handle_and_refused_by_name(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let path = via(&c.a, activity("g1")).await;
        let mut body = joining(&c.b);
        body["members"]["me"]["constants"]["system"]["xuid"] = json!("1001");
        c.b.put(&game("g1"), body.clone()).await.expect(403);
        assert_eq!(member_xuids(&c.a.get(&game("g1")).await.json()), ["1001"]);
        let session = session_answer(c.b.put(&path, body.clone()).await, 200);
        assert_eq!(member_xuids(&session), ["1001", "1002"]);
        // The same body again is an update of the same member.
        let session = session_answer(c.b.put(&path, body).await, 200);
        assert_eq!(member_xuids(&session), ["1001", "1002"]);
    }

    async fn rule_p14_nocommit_by_handle_creates_nothing(w: World) {
        let c = cast(&w).await;
        let path = via(&c.a, correlation("g1")).await;
        let shown =
            c.a.put(&format!("{path}?nocommit=true"), joining(&c.a))
                .await;
        assert_eq!(member_xuids(&session_answer(shown, 201)), ["1001"]);
        c.a.get(&path).await.expect_empty(204);
        c.a.put(&format!("{path}?nocommit=true"), json!({ "foo": 1 }))
            .await
            .expect_text(400);
    }

    async fn rule_p15_joining_by_an_invite_binds_no_activity(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let path = post(&c.a, invite(&reference("game", "g1"), 1002)).await;
        session_answer(
            c.b.put(&format!("{path}/session"), joining(&c.b)).await,
            200,
        );
        let query = json!({ "type": "activity", "scid": S1, "owners": { "xuids": ["1002"] } });
        let found = c.b.post("/handles/query", query).await.expect(200).json();
        assert_eq!(found, json!({ "results": [] }));
    }

    async fn rule_p16_creating_by_handle_needs_the_rights_of_creating_by_name(w: World) {
        let c = cast(&w).await;
        let path = via(&c.a, correlation("g1")).await;
        let mut body = joining(&c.a);
        body["constants"] = json!({ "system": { "initiators": ["1002"] } });
        c.a.put(&path, body.clone()).await.expect(403);
        c.a.get(&path).await.expect_empty(204);
        body["constants"] = json!({ "system": { "maxMembersCount": 8 } });
        c.a.put(&path, body.clone()).await.expect_text(409);
        body["constants"] = json!({ "system": { "initiators": ["1001"] } });
        session_answer(c.a.put(&path, body).await, 201);
        // Nothing is created where nobody joins and an empty session does not last.
        let empty = via(&c.a, correlation("g2")).await;
        c.a.put(&empty, json!({})).await.expect_empty(204);
        c.a.get(&empty).await.expect_empty(204);
    }

    async fn rule_p18_nothing_lies_below_a_session_by_handle(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let path = post(&c.a, activity("g1")).await;
        for below in [
            "session/properties",
            "session/members/me",
            "session/members/0",
            "session/constants",
            "sessions",
            "x",
        ] {
            let answer = c.a.get(&format!("{path}/{below}")).await;
            assert_eq!(answer.status, 404, "{below}: {}", answer.text());
        }
    }

    async fn a_media_type_that_is_not_json_is_refused_by_handle(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let path = via(&c.a, activity("g1")).await;
        let body = custom("a", 1).to_string();
        for (kind, status) in [
            (Some("text/xml"), 415),
            (Some("application/json"), 200),
            (Some("application/json; charset=utf-8"), 200),
            (Some("Application/JSON"), 200),
            (None, 200),
        ] {
            let answer =
                c.a.request("PUT", &path)
                    .body(kind, body.as_bytes())
                    .send()
                    .await;
            assert_eq!(answer.status, status, "{kind:?}: {}", answer.text());
        }
    }
}
