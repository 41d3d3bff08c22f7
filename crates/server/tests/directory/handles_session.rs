//! Sessions through handles: `GET` and `PUT /handles/{id}/session`, by the numbered examples.

use serde_json::json;

use crate::handle_steps::{
    Cast, S1, UNKNOWN, activity, assert_content_location, cast, connection, correlation, custom,
    follow, game, join, joining, leaving, member_xuids, post, refused_with_session, session_answer,
    system, via,
};

/// A is active in `g1` and has an activity there: the path of `H2` of the examples.
async fn activity_of_a(c: &Cast) -> String {
    join(&c.a, &game("g1")).await;
    post(&c.a, activity("g1")).await
}

every_store! {
    async fn h15_reading_by_handle_answers_the_session_and_says_where_it_is(w: World) {
        let c = cast(&w).await;
        let h2 = activity_of_a(&c).await;
        let answer = c.b.get(&format!("{h2}/session")).await;
        assert_content_location(&answer, S1, "game", "g1");
        let by_name = c.b.get(&game("g1")).await;
        assert_eq!(answer.etag(), by_name.etag());
        assert_eq!(session_answer(answer, 200), by_name.json());
        assert_eq!(by_name.header("content-location"), None);
    }

    async fn h16_reading_by_handle_with_the_current_tag_answers_304(w: World) {
        let c = cast(&w).await;
        let path = format!("{}/session", activity_of_a(&c).await);
        let etag = c.b.get(&path).await.expect(200).etag();
        let same =
            c.b.request("GET", &path)
                .header("If-None-Match", &etag)
                .send()
                .await
                .expect_empty(304);
        assert_eq!(same.etag(), etag);
        let stale = r#""00000000000000000000000000000000""#;
        c.b.request("GET", &path)
            .header("If-None-Match", stale)
            .send()
            .await
            .expect(200);
        // Clients differ in quoting what they read.
        let bare = etag.trim_matches('"');
        c.b.request("GET", &path)
            .header("If-None-Match", bare)
            .send()
            .await
            .expect_empty(304);
    }

    async fn h17_joining_by_handle_an_existing_session_answers_200(w: World) {
        let c = cast(&w).await;
        let path = format!("{}/session", activity_of_a(&c).await);
        let mut body = joining(&c.b);
        body["members"]["me"]["properties"]["system"]["subscription"] =
            json!({ "id": "AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA", "changeTypes": ["everything"] });
        let answer =
            c.b.request("PUT", &path)
                .header("If-Match", "*")
                .json(body)
                .send()
                .await;
        assert_content_location(&answer, S1, "game", "g1");
        let session = session_answer(answer, 200);
        assert_eq!(member_xuids(&session), ["1001", "1002"]);
        let me = &session["members"]["1"]["properties"]["system"];
        assert_eq!(me["connection"], json!(connection(&c.b)));
        assert_eq!(
            me["subscription"]["id"],
            "AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA"
        );
    }

    async fn h18_a_handle_that_nobody_was_given_is_not_found(w: World) {
        let c = cast(&w).await;
        c.b.put(&format!("{UNKNOWN}/session"), json!({}))
            .await
            .expect_text(404);
        c.b.get(&format!("{UNKNOWN}/session"))
            .await
            .expect_text(404);
        c.b.put("/handles/not-a-guid/session", json!({}))
            .await
            .expect_text(404);
        let guarded =
            c.b.request("PUT", &format!("{UNKNOWN}/session"))
                .header("If-Match", "*")
                .json(joining(&c.b));
        guarded.send().await.expect_text(404);
    }

    async fn h19_a_session_is_created_through_a_correlation_handle(w: World) {
        let c = cast(&w).await;
        let path = via(&c.a, correlation("g9")).await;
        c.a.get(&path).await.expect_empty(204);
        c.a.request("PUT", &path)
            .header("If-Match", "*")
            .json(joining(&c.a))
            .send()
            .await
            .expect_empty(412);
        c.a.get(&game("g9")).await.expect_empty(204);

        let answer = c.a.put(&path, joining(&c.a)).await;
        assert_content_location(&answer, S1, "game", "g9");
        let created = session_answer(answer, 201);
        assert_eq!(member_xuids(&created), ["1001"]);
        assert_eq!(session_answer(c.a.get(&game("g9")).await, 200), created);

        let again =
            c.a.request("PUT", &path)
                .header("If-None-Match", "*")
                .json(joining(&c.a))
                .send()
                .await;
        again.expect_empty(412);
        assert_eq!(c.a.get(&game("g9")).await.json(), created);
    }

    async fn h20_a_stale_tag_by_handle_answers_412_with_the_current_session(w: World) {
        let c = cast(&w).await;
        let path = format!("{}/session", activity_of_a(&c).await);
        let current = c.b.put(&path, joining(&c.b)).await.expect(200);
        let write =
            c.b.request("PUT", &path)
                .header("If-Match", r#""stale""#)
                .json(custom("a", 1));
        let refused = write.send().await;
        assert_eq!(refused.etag(), current.etag());
        assert_eq!(session_answer(refused, 412), current.json());
        assert_eq!(c.b.get(&game("g1")).await.json(), current.json());
    }

    async fn h21_leaving_by_handle_and_the_handle_going_with_the_session(w: World) {
        let c = cast(&w).await;
        let h2 = activity_of_a(&c).await;
        let path = format!("{h2}/session");
        join(&c.b, &game("g1")).await;
        let after = session_answer(c.b.put(&path, leaving()).await, 200);
        assert_eq!(member_xuids(&after), ["1001"]);
        c.a.put(&path, leaving()).await.expect_empty(204);
        c.a.get(&path).await.expect_text(404);
        c.a.get(&h2).await.expect_text(404);
        c.a.get(&game("g1")).await.expect_empty(204);
    }

    async fn h22_a_closed_session_shows_itself_to_those_it_refuses(w: World) {
        let c = cast(&w).await;
        let path = format!("{}/session", activity_of_a(&c).await);
        join(&c.b, &game("g1")).await;
        c.a.put(&game("g1"), system("closed", true))
            .await
            .expect(200);
        let shown = refused_with_session(c.c.put(&path, joining(&c.c)).await);
        assert_eq!(member_xuids(&shown), ["1001", "1002"]);
        assert_eq!(
            member_xuids(&c.a.get(&game("g1")).await.json()),
            ["1001", "1002"]
        );
        session_answer(c.b.put(&path, custom("a", 1)).await, 200);
    }

    async fn h23_a_full_session_shows_itself_to_those_it_refuses(w: World) {
        let c = cast(&w).await;
        let path = format!("{}/session", activity_of_a(&c).await);
        for player in [&c.b, &c.d, &c.e] {
            join(player, &game("g1")).await;
        }
        let shown = refused_with_session(c.c.put(&path, joining(&c.c)).await);
        assert_eq!(member_xuids(&shown), ["1001", "1002", "1004", "1005"]);
    }

    async fn h24_a_followed_session_admits_whom_a_member_follows(w: World) {
        let c = cast(&w).await;
        let path = format!("{}/session", activity_of_a(&c).await);
        c.a.put(&game("g1"), system("joinRestriction", "followed"))
            .await
            .expect(200);
        refused_with_session(c.c.put(&path, joining(&c.c)).await);
        // The joiner following a member does not count.
        follow(&c.c, &c.a).await;
        refused_with_session(c.c.put(&path, joining(&c.c)).await);
        follow(&c.a, &c.c).await;
        let session = session_answer(c.c.put(&path, joining(&c.c)).await, 200);
        assert_eq!(member_xuids(&session), ["1001", "1003"]);
    }

    async fn h25_a_foreign_xuid_in_members_me_is_replaced_by_the_callers(w: World) {
        let c = cast(&w).await;
        let path = format!("{}/session", activity_of_a(&c).await);
        let mut body = joining(&c.c);
        body["members"]["me"]["constants"]["system"]["xuid"] = json!("1001");
        let session = session_answer(c.c.put(&path, body).await, 200);
        assert_eq!(member_xuids(&session), ["1001", "1003"]);
        assert_eq!(session["members"]["1"]["gamertag"], "C");
    }

    async fn h26_a_connection_of_somebody_else_is_accepted(w: World) {
        let c = cast(&w).await;
        let path = format!("{}/session", activity_of_a(&c).await);
        let mut body = joining(&c.c);
        body["members"]["me"]["properties"]["system"]["connection"] = json!(connection(&c.a));
        let session = session_answer(c.c.put(&path, body).await, 200);
        assert_eq!(
            session["members"]["1"]["properties"]["system"]["connection"],
            json!(connection(&c.a))
        );
    }

    async fn h27_nocommit_by_handle_shows_the_join_and_keeps_nothing(w: World) {
        let c = cast(&w).await;
        let path = format!("{}/session", activity_of_a(&c).await);
        let before = c.a.get(&game("g1")).await;
        let shown =
            c.b.put(&format!("{path}?nocommit=true"), joining(&c.b))
                .await;
        assert_eq!(member_xuids(&session_answer(shown, 200)), ["1001", "1002"]);
        let after = c.a.get(&game("g1")).await;
        assert_eq!(after.etag(), before.etag());
        assert_eq!(after.json(), before.json());
    }

    async fn h28_only_get_and_put_are_known_of_a_session_by_handle(w: World) {
        let c = cast(&w).await;
        let path = format!("{}/session", activity_of_a(&c).await);
        for method in ["POST", "DELETE", "PATCH"] {
            let answer = c.b.request(method, &path).json(json!({})).send().await;
            assert_eq!(answer.status, 405, "{method}");
            assert_eq!(answer.header("allow"), Some("GET, PUT"), "{method}");
        }
    }

    async fn a_handle_is_used_in_any_spelling_of_its_path_and_id(w: World) {
        let c = cast(&w).await;
        let h2 = activity_of_a(&c).await;
        let id = h2.trim_start_matches("/handles/");
        for path in [
            format!("/Handles/{}/Session", id.to_uppercase()),
            format!("/HANDLES/{id}/SESSION"),
            format!("/handles/{id}/session/"),
            format!("//handles//{id}/session"),
        ] {
            let answer = c.b.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            assert_content_location(&answer, S1, "game", "g1");
        }
    }
}
