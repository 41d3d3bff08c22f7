//! The rules of activity handles beyond the numbered examples: whose they are and how they end.

use serde_json::json;

use crate::handle_steps::{
    S1, S2, active, activity, cast, cast_in, created, follow, game, handle, join, join_with,
    joining, leaving, member_xuids, post, reference, reference_in, refused_with_session, session,
    session_answer, session_in, user,
};

every_store! {
    async fn rule_a1_a_server_has_no_activity(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        c.svc
            .post("/handles", activity("g1"))
            .await
            .expect_text(403);
    }

    async fn rule_a2_only_an_active_member_of_a_session_may_post_an_activity(w: World) {
        let c = cast_in(&w, "123").await;
        c.a.post("/handles", activity("missing"))
            .await
            .expect_text(403);
        let keep = session_in(S2, "keep", "k1");
        c.b.put(&keep, json!({ "members": { "me": {} } }))
            .await
            .expect(201);
        c.b.post(
            "/handles",
            handle("activity", &reference_in(S2, "keep", "k1")),
        )
        .await
        .expect_text(403);
        let active = active(true);
        c.b.put(&keep, active).await.expect(200);
        post(&c.b, handle("activity", &reference_in(S2, "keep", "k1"))).await;
    }

    async fn rule_a3_a_title_has_one_activity_of_a_user_across_scids(w: World) {
        let c = cast_in(&w, "123").await;
        join(&c.a, &game("g1")).await;
        join(&c.a, &session_in(S2, "open", "g1")).await;
        let first = post(&c.a, activity("g1")).await;
        let second = post(&c.a, handle("activity", &reference_in(S2, "open", "g1"))).await;
        c.b.get(&first).await.expect_text(404);
        c.b.get(&second).await.expect(200);
    }

    async fn rule_a4_a_scid_has_one_activity_of_a_user_across_titles(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let first = post(&c.a, activity("g1")).await;
        let other = user(&w, 1001, "123").await;
        join(&other, &game("g2")).await;
        let second = post(&other, activity("g2")).await;
        c.b.get(&first).await.expect_text(404);
        c.b.get(&second).await.expect(200);
    }

    async fn rule_a5_each_post_gives_a_new_id_and_other_users_keep_theirs(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        join(&c.b, &game("g1")).await;
        let of_b = post(&c.b, activity("g1")).await;
        let mut seen = vec![of_b.clone()];
        for _ in 0..3 {
            let path = post(&c.a, activity("g1")).await;
            assert!(!seen.contains(&path), "{path} was given before");
            seen.push(path);
        }
        c.c.get(&of_b).await.expect(200);
    }

    async fn rule_a6_an_activity_ends_with_the_membership(w: World) {
        let c = cast(&w).await;
        // Each row: how A ceases to be a member, and whether B is there to keep the session.
        for (name, remover, path, body) in [
            ("leaves", &c.a, game("leaves"), leaving()),
            ("alone", &c.a, game("alone"), leaving()),
            (
                "removed",
                &c.svc,
                game("removed"),
                json!({ "members": { "0": null } }),
            ),
        ] {
            join(&c.a, &path).await;
            if name != "alone" {
                join(&c.b, &path).await;
            }
            let activity = post(&c.a, activity(name)).await;
            let answer = remover.put(&path, body).await;
            assert!(
                matches!(answer.status, 200 | 204),
                "{name}: {} {}",
                answer.status,
                answer.text()
            );
            c.c.get(&activity).await.expect_text(404);
        }
    }

    async fn rule_a6_activities_end_when_the_last_owner_ends_the_session(w: World) {
        let c = cast(&w).await;
        let path = session("gameo", "o1");
        join(&c.a, &path).await;
        join(&c.b, &path).await;
        let of_b = post(&c.b, handle("activity", &reference("gameo", "o1"))).await;
        c.a.put(&path, leaving()).await.expect_empty(204);
        c.b.get(&of_b).await.expect_text(404);
    }

    async fn an_activity_has_the_spelling_of_its_session(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let shouted = reference_in(&S1.to_uppercase(), "GAME", "G1");
        let document = created(c.a.post("/handles", handle("activity", &shouted)).await);
        assert_eq!(document["sessionRef"], reference("game", "g1"));
    }

    async fn rule_a6_a_new_activity_may_follow_a_deleted_one(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let first = post(&c.a, activity("g1")).await;
        c.a.delete(&first).await.expect_empty(204);
        let second = post(&c.a, activity("g1")).await;
        c.b.get(&second).await.expect(200);
    }

    async fn rule_a7_an_activity_has_no_lifetime_of_its_own(w: World) {
        let c = cast_in(&w, "123").await;
        let keep = session_in(S2, "keep", "k1");
        c.a.put(&keep, active(true)).await.expect(201);
        let path = post(&c.a, handle("activity", &reference_in(S2, "keep", "k1"))).await;
        w.advance(30 * 24 * 3_600_000).await;
        let later = user(&w, 1002, "123").await;
        later.get(&path).await.expect(200);
    }

    async fn rule_a8_an_activity_gives_no_right_beyond_those_of_the_session(w: World) {
        let c = cast(&w).await;
        for (restriction, status) in [("none", 200), ("followed", 403), ("local", 403)] {
            let path = game(restriction);
            join_with(&c.a, &path, "joinRestriction", restriction).await;
            let activity = post(&c.a, activity(restriction)).await;
            let by_handle = c.c.put(&format!("{activity}/session"), joining(&c.c)).await;
            assert_eq!(
                by_handle.status,
                status,
                "{restriction} by handle: {}",
                by_handle.text()
            );
            let by_name = c.d.put(&path, joining(&c.d)).await;
            assert_eq!(
                by_name.status,
                status,
                "{restriction} by name: {}",
                by_name.text()
            );
        }
    }

    async fn rule_a9_the_activity_of_a_follower_lets_the_followed_read_a_local_session(w: World) {
        let c = cast(&w).await;
        join(&c.a, &session("browse", "b1")).await;
        let activity = post(&c.a, handle("activity", &reference("browse", "b1"))).await;
        let path = format!("{activity}/session");
        c.c.get(&path).await.expect_text(403);
        follow(&c.a, &c.c).await;
        session_answer(c.c.get(&path).await, 200);
        // Reading only: the join restriction of the session is still the default `local`.
        refused_with_session(c.c.put(&path, joining(&c.c)).await);
        c.d.get(&path).await.expect_text(403);
    }

    async fn rule_a10_an_old_activity_is_not_found_when_used(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let old = post(&c.a, activity("g1")).await;
        post(&c.a, activity("g1")).await;
        c.b.get(&format!("{old}/session")).await.expect_text(404);
        c.b.put(&format!("{old}/session"), joining(&c.b))
            .await
            .expect_text(404);
        let session = session_answer(c.a.get(&game("g1")).await, 200);
        assert_eq!(member_xuids(&session), ["1001"]);
    }
}
