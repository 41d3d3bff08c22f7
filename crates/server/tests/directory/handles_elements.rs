//! Templates and the deletion of single elements of a session: members by index, oneself, servers.

use serde_json::{Value, json};

use crate::handle_steps::{
    Cast, S1, activity, cast, game, join, joining, member_xuids, place_for, post, searching,
    session, session_answer, text,
};

/// A and B are in `g1`.
async fn two_in_g1(c: &Cast) {
    join(&c.a, &game("g1")).await;
    join(&c.b, &game("g1")).await;
}

every_store! {
    async fn h71_templates_are_listed_in_order_and_shown_as_they_were_loaded(w: World) {
        let c = cast(&w).await;
        let list =
            c.a.get(&format!("/serviceconfigs/{S1}/sessiontemplates"))
                .await
                .expect(200)
                .json();
        // The two sources for this list differ: names alone, or objects with a name.
        let names: Vec<&str> = list["results"]
            .as_array()
            .expect("results is a list")
            .iter()
            .map(|entry| {
                entry
                    .as_str()
                    .unwrap_or_else(|| text(entry, "templateName"))
            })
            .collect();
        assert!(names.is_sorted(), "{names:?}");
        assert!(
            names.contains(&"browse") && names.contains(&"game"),
            "{names:?}"
        );
        let template =
            c.a.get(&format!("/serviceconfigs/{S1}/sessiontemplates/game"))
                .await
                .expect(200)
                .json();
        assert_eq!(template["contractVersion"], 107);
        assert_eq!(template["constants"]["system"]["inviteProtocol"], "game");
        let browse =
            c.a.get(&format!("/serviceconfigs/{S1}/sessiontemplates/browse"))
                .await
                .expect(200)
                .json();
        assert_eq!(
            browse["roleTypes"]["lfg"]["roles"]["confirmed"],
            json!({ "max": 4, "target": 3 })
        );
        c.a.get(&format!("/serviceconfigs/{S1}/sessiontemplates/none"))
            .await
            .expect_text(404);
        c.a.get("/serviceconfigs/99999999-dead-4bad-8bad-999999999999/sessiontemplates")
            .await
            .expect_text(404);
        for method in ["PUT", "DELETE", "POST"] {
            let answer =
                c.a.request(
                    method,
                    &format!("/serviceconfigs/{S1}/sessiontemplates/game"),
                )
                .json(json!({}))
                .send()
                .await;
            assert_eq!(answer.status, 405, "{method}");
        }
    }

    async fn h72_a_server_removes_a_member_by_index(w: World) {
        let c = cast(&w).await;
        two_in_g1(&c).await;
        let path = format!("{}/members/1", game("g1"));
        c.a.delete(&path).await.expect_text(403);
        c.b.delete(&format!("{}/members/0", game("g1")))
            .await
            .expect_text(403);
        let session = session_answer(c.svc.delete(&path).await, 200);
        assert_eq!(member_xuids(&session), ["1001"]);
        c.svc.delete(&path).await.expect_empty(204);
        c.svc
            .delete(&format!("{}/members/1", game("missing")))
            .await
            .expect_text(404);
        c.svc
            .delete(&format!("{}/members/x", game("g1")))
            .await
            .expect_text(404);
        c.svc
            .delete(&format!("{}/members/0", game("g1")))
            .await
            .expect_empty(204);
        c.svc.get(&game("g1")).await.expect_empty(204);
    }

    async fn h72_an_owner_removes_a_member_by_index(w: World) {
        let c = cast(&w).await;
        let path = session("gameo", "o1");
        join(&c.a, &path).await;
        join(&c.b, &path).await;
        c.b.delete(&format!("{path}/members/0"))
            .await
            .expect_text(403);
        let session = session_answer(c.a.delete(&format!("{path}/members/1")).await, 200);
        assert_eq!(member_xuids(&session), ["1001"]);
    }

    async fn h72_a_stale_tag_keeps_the_member(w: World) {
        let c = cast(&w).await;
        two_in_g1(&c).await;
        let path = format!("{}/members/1", game("g1"));
        let stale = r#""00000000000000000000000000000000""#;
        let refused = c
            .svc
            .request("DELETE", &path)
            .header("If-Match", stale)
            .send()
            .await;
        let current = session_answer(refused, 412);
        assert_eq!(member_xuids(&current), ["1001", "1002"]);
        let etag = c.svc.get(&game("g1")).await.etag();
        let done = c
            .svc
            .request("DELETE", &path)
            .header("If-Match", &etag)
            .send()
            .await;
        assert_eq!(member_xuids(&session_answer(done, 200)), ["1001"]);
    }

    async fn h72_a_body_of_a_deletion_is_not_looked_at(w: World) {
        let c = cast(&w).await;
        two_in_g1(&c).await;
        let path = format!("{}/members/1", game("g1"));
        let call = c.svc.request("DELETE", &path);
        let answer = call.body(Some("text/plain"), "{\"members\":").send().await;
        assert_eq!(member_xuids(&session_answer(answer, 200)), ["1001"]);
    }

    async fn h73_a_member_deletes_oneself(w: World) {
        let c = cast(&w).await;
        two_in_g1(&c).await;
        let path = format!("{}/members/me", game("g1"));
        let answer = c.b.delete(&path).await;
        // 200 with the session here, 204 where the session document is described: both mean done.
        assert!(
            matches!(answer.status, 200 | 204),
            "{} {}",
            answer.status,
            answer.text()
        );
        assert_eq!(member_xuids(&c.a.get(&game("g1")).await.json()), ["1001"]);
        c.b.delete(&path).await.expect_empty(204);
        c.svc.delete(&path).await.expect_text(403);
        c.b.delete(&format!("{}/members/me", game("missing")))
            .await
            .expect_text(404);
        c.a.delete(&path).await.expect_empty(204);
        c.a.get(&game("g1")).await.expect_empty(204);
    }

    async fn h73_deleting_oneself_declines_a_reservation_and_ends_the_activity(w: World) {
        let c = cast(&w).await;
        let mut body = joining(&c.a);
        body["members"]["reserve_0"] = place_for(1003);
        c.a.put(&game("g1"), body).await.expect(201);
        let path = format!("{}/members/me", game("g1"));
        let answer = c.c.delete(&path).await;
        assert!(
            matches!(answer.status, 200 | 204),
            "{} {}",
            answer.status,
            answer.text()
        );
        join(&c.b, &game("g1")).await;
        let activity = post(&c.b, activity("g1")).await;
        c.b.delete(&path).await;
        c.a.get(&activity).await.expect_text(404);
        assert_eq!(member_xuids(&c.a.get(&game("g1")).await.json()), ["1001"]);
    }

    async fn h74_a_server_entry_is_deleted_by_a_server(w: World) {
        let c = cast(&w).await;
        two_in_g1(&c).await;
        let path = format!("{}/servers/matchmaking", game("g1"));
        c.svc.delete(&path).await.expect_empty(204);
        let servers = searching();
        c.svc.put(&game("g1"), servers).await.expect(200);
        c.a.delete(&path).await.expect_text(403);
        let session = session_answer(c.svc.delete(&path).await, 200);
        assert_eq!(session["servers"], json!({}));
        c.svc.delete(&path).await.expect_empty(204);
        c.svc
            .delete(&format!("{}/servers/matchmaking", game("missing")))
            .await
            .expect_text(404);
    }

    async fn every_answer_of_an_element_deletion_is_the_whole_session(w: World) {
        let c = cast(&w).await;
        two_in_g1(&c).await;
        let deleted = session_answer(
            c.svc.delete(&format!("{}/members/1", game("g1"))).await,
            200,
        );
        let read: Value = c.svc.get(&game("g1")).await.json();
        assert_eq!(deleted, read);
    }
}
