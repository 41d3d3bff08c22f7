//! Transfer handles, from a lobby into a game, and correlation handles, another name for a session.

use serde_json::json;

use crate::handle_steps::{
    Cast, ID, S1, S2, TIME, active, activity, assert_content_location, cast, cast_in, correlation,
    created, custom, game, handle, invite, join, join_with, joining, leaving, local, masked,
    member_xuids, path_of, post, reference, reference_in, refused_with_session, session_answer,
    session_in, system, transfer, user, via,
};

const DAY: u64 = 24 * 3_600_000;

/// A and B are in `lobby1`; A is in `game2`, which is local; the transfer from one to the other.
async fn transfer_of_a(c: &Cast) -> String {
    join(&c.a, &game("lobby1")).await;
    join(&c.b, &game("lobby1")).await;
    join_with(&c.a, &game("game2"), "joinRestriction", "local").await;
    post(
        &c.a,
        transfer(&reference("game", "game2"), &reference("game", "lobby1")),
    )
    .await
}

every_store! {
    async fn h61_a_transfer_leads_members_of_its_origin_into_its_target(w: World) {
        let c = cast(&w).await;
        let x1 = transfer_of_a(&c).await;
        let answer = c.b.put(&format!("{x1}/session"), joining(&c.b)).await;
        assert_content_location(&answer, S1, "game", "game2");
        assert_eq!(member_xuids(&session_answer(answer, 200)), ["1001", "1002"]);
        refused_with_session(c.c.put(&format!("{x1}/session"), joining(&c.c)).await);
    }

    async fn h61_a_transfer_answers_201_with_the_whole_handle(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("game2")).await;
        let (target, origin) = (reference("game", "game2"), reference("game", "lobby1"));
        let document = created(c.a.post("/handles", transfer(&target, &origin)).await);
        assert_eq!(
            masked(&document),
            json!({
                "id": ID, "type": "transfer", "version": 1, "createTime": TIME,
                "sessionRef": target, "originSessionRef": origin,
            })
        );
        assert_eq!(
            c.c.get(&path_of(&document)).await.expect(200).json(),
            document
        );
    }

    async fn rule_t1_only_a_member_of_the_target_or_a_server_makes_a_transfer(w: World) {
        let c = cast(&w).await;
        transfer_of_a(&c).await;
        let body = transfer(&reference("game", "game2"), &reference("game", "lobby1"));
        c.b.post("/handles", body.clone()).await.expect_text(403);
        post(&c.svc, body.clone()).await;
        for (case, body) in [
            ("no origin", handle("transfer", &reference("game", "game2"))),
            (
                "origin null",
                transfer(&reference("game", "game2"), &json!(null)),
            ),
            (
                "origin without name",
                transfer(
                    &reference("game", "game2"),
                    &json!({ "scid": S1, "templateName": "game" }),
                ),
            ),
        ] {
            let answer = c.a.post("/handles", body).await;
            assert_eq!(answer.status, 400, "{case}: {}", answer.text());
        }
    }

    async fn rule_t2_a_transfer_opens_restrictions_and_not_what_is_closed_or_full(w: World) {
        let c = cast(&w).await;
        let x1 = transfer_of_a(&c).await;
        let path = format!("{x1}/session");
        c.a.put(&game("game2"), local()).await.expect(200);
        c.b.get(&game("game2")).await.expect_text(403);
        session_answer(c.b.get(&path).await, 200);
        c.c.get(&path).await.expect_text(403);
        c.a.put(&game("game2"), system("closed", true))
            .await
            .expect(200);
        refused_with_session(c.b.put(&path, joining(&c.b)).await);
        c.a.put(&game("game2"), system("closed", false))
            .await
            .expect(200);
        // Whoever has left the lobby comes as a stranger.
        c.b.put(&game("lobby1"), leaving()).await.expect(200);
        c.b.put(&path, joining(&c.b)).await.expect_text(403);
        c.b.put(&game("lobby1"), joining(&c.b)).await.expect(200);
        session_answer(c.b.put(&path, joining(&c.b)).await, 200);
    }

    async fn rule_t3_a_transfer_waits_a_day_for_a_target_that_never_existed(w: World) {
        let c = cast(&w).await;
        let body = transfer(&reference("game", "never"), &reference("game", "nolobby"));
        let x1 = post(&c.svc, body).await;
        c.b.get(&x1).await.expect(200);
        c.b.get(&format!("{x1}/session")).await.expect_empty(204);
        w.advance(DAY - 1_000).await;
        let later = user(&w, 1002, "777").await;
        later.get(&x1).await.expect(200);
        w.advance(2_000).await;
        later.get(&x1).await.expect_text(404);
        later
            .put(&format!("{x1}/session"), joining(&later))
            .await
            .expect_text(404);
    }

    async fn rule_t3_a_transfer_whose_target_came_to_exist_lasts(w: World) {
        let c = cast_in(&w, "123").await;
        let target = reference_in(S2, "open", "late");
        let x1 = post(&c.svc, transfer(&target, &reference("game", "lobby1"))).await;
        let path = session_in(S2, "open", "late");
        c.a.put(&path, active(true)).await.expect(201);
        w.advance(DAY + 1_000).await;
        let later = user(&w, 1002, "123").await;
        later.get(&x1).await.expect(200);
        session_answer(later.get(&format!("{x1}/session")).await, 200);
    }

    async fn rule_t3_a_transfer_goes_with_its_target_and_not_with_its_origin(w: World) {
        let c = cast(&w).await;
        let x1 = transfer_of_a(&c).await;
        c.a.put(&game("lobby1"), leaving()).await.expect(200);
        c.b.put(&game("lobby1"), leaving()).await.expect_empty(204);
        c.b.get(&x1).await.expect(200);
        c.a.put(&game("game2"), leaving()).await.expect_empty(204);
        c.b.get(&x1).await.expect_text(404);
    }

    async fn rule_1_10_a_transfer_is_deleted_by_its_creator_or_a_server(w: World) {
        let c = cast(&w).await;
        let x1 = transfer_of_a(&c).await;
        c.b.delete(&x1).await.expect_text(403);
        c.a.delete(&x1).await.expect_empty(204);
        let x2 = post(
            &c.a,
            transfer(&reference("game", "game2"), &reference("game", "lobby1")),
        )
        .await;
        assert_ne!(x1, x2);
        c.svc.delete(&x2).await.expect_empty(204);
        c.a.delete(&x2).await.expect_text(404);
    }

    async fn e74_an_activity_or_transfer_counts_as_a_change_of_the_session(w: World) {
        let c = cast(&w).await;
        for (kind, body) in [
            ("activity", activity("activity")),
            (
                "transfer",
                transfer(&reference("game", "transfer"), &reference("game", "lobby1")),
            ),
        ] {
            let path = game(kind);
            let before = c.a.put(&path, joining(&c.a)).await.expect(201);
            assert_eq!(before.json()["changeNumber"], 1);
            post(&c.a, body).await;
            let write =
                c.a.request("PUT", &path)
                    .header("If-Match", &before.etag())
                    .json(custom("a", 1));
            let refused = write.send().await;
            let etag = refused.etag();
            assert_ne!(etag, before.etag(), "{kind}");
            let current = session_answer(refused, 412);
            assert_eq!(current["changeNumber"], 2, "{kind}");
            let mut expected = before.json();
            expected["changeNumber"] = json!(2);
            assert_eq!(current, expected, "{kind}");
            let write =
                c.a.request("PUT", &path)
                    .header("If-Match", &etag)
                    .json(custom("a", 1));
            assert_eq!(
                session_answer(write.send().await, 200)["changeNumber"],
                3,
                "{kind}"
            );
        }
    }

    async fn an_invite_or_a_correlation_is_no_change_of_the_session(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let before = c.a.get(&game("g1")).await;
        post(&c.a, invite(&reference("game", "g1"), 1003)).await;
        post(&c.a, correlation("g1")).await;
        let after = c.a.get(&game("g1")).await;
        assert_eq!(after.etag(), before.etag());
        assert_eq!(after.json(), before.json());
    }

    async fn rule_c1_a_session_has_one_correlation_handle(w: World) {
        let c = cast(&w).await;
        let first = created(c.a.post("/handles", correlation("g1")).await);
        assert_eq!(
            masked(&first),
            json!({
                "id": ID, "type": "correlation", "version": 1, "createTime": TIME,
                "sessionRef": reference("game", "g1"),
            })
        );
        // The names of a session are the same in any letter case.
        for (player, session) in [
            (&c.a, reference("game", "g1")),
            (&c.b, reference("game", "g1")),
            (&c.b, reference("GAME", "G1")),
        ] {
            let again = player
                .post("/handles", handle("correlation", &session))
                .await
                .expect(200);
            assert_eq!(again.json(), first);
        }
        let other = created(c.a.post("/handles", correlation("g2")).await);
        assert_ne!(other["id"], first["id"]);
    }

    async fn rule_c1_a_correlation_handle_gives_no_rights(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let path = via(&c.a, correlation("g1")).await;
        session_answer(c.b.get(&path).await, 200);
        c.a.put(&path, local()).await.expect(200);
        c.b.get(&path).await.expect_text(403);
        c.b.put(&path, joining(&c.b)).await.expect_text(403);
    }

    async fn rule_1_10_a_correlation_is_deleted_by_its_creator_or_a_server_and_made_anew(w: World) {
        let c = cast(&w).await;
        let body = correlation("g1");
        let first = post(&c.a, body.clone()).await;
        c.b.delete(&first).await.expect_text(403);
        c.a.delete(&first).await.expect_empty(204);
        c.a.get(&first).await.expect_text(404);
        let second = post(&c.a, body).await;
        assert_ne!(second, first);
        c.svc.delete(&second).await.expect_empty(204);
    }
}
