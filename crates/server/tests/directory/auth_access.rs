//! What a good token may do: titles, sandboxes, roles, privileges and acting for others.

use serde_json::json;

use crate::auth_steps::{call, mint, unauthorized};
use crate::handle_steps::{
    S1, S2, activity, cast, cast_in, correlation, custom, follow, game, join, joining,
    member_xuids, post, searching, session_answer, session_in, user, via,
};

const NOT_YOURS: &str = "The requested service config cannot be accessed.";

every_store! {
    async fn a08_a_title_without_the_service_configuration_is_refused_in_the_known_words(w: World) {
        let c = cast(&w).await;
        let stranger = user(&w, 1002, "999").await;
        let handle_path = post(&c.a, correlation("g1")).await;
        let query = json!({ "type": "activity", "scid": S1, "owners": { "xuids": ["1001"] } });
        for (case, answer) in [
            ("get", stranger.get(&game("g1")).await),
            ("put", stranger.put(&game("g1"), joining(&stranger)).await),
            (
                "templates",
                stranger
                    .get(&format!("/serviceconfigs/{S1}/sessiontemplates"))
                    .await,
            ),
            ("handle", stranger.post("/handles", correlation("g1")).await),
            ("query", stranger.post("/handles/query", query).await),
            (
                "by handle",
                stranger.get(&format!("{handle_path}/session")).await,
            ),
            (
                "write by handle",
                stranger
                    .put(&format!("{handle_path}/session"), json!({}))
                    .await,
            ),
        ] {
            assert_eq!(answer.status, 403, "{case}: {}", answer.text());
            assert!(
                answer.text().starts_with(NOT_YOURS),
                "{case}: {}",
                answer.text()
            );
            answer.expect_text(403);
        }
    }

    async fn a09_sandboxes_keep_sessions_and_handles_apart(w: World) {
        let c = cast(&w).await;
        let token =
            json!({ "xuid": "1002", "gamertag": "B", "titleId": "777", "sandbox": "XLDP.1" });
        let developer = w.token(token).await;
        let retail = session_answer(c.a.put(&game("g1"), joining(&c.a)).await, 201);
        let sandboxed = session_answer(developer.put(&game("g1"), joining(&developer)).await, 201);
        assert_eq!(member_xuids(&retail), ["1001"]);
        assert_eq!(member_xuids(&sandboxed), ["1002"]);
        assert_ne!(retail["branch"], sandboxed["branch"]);
        assert_eq!(c.a.get(&game("g1")).await.json(), retail);
        assert_eq!(developer.get(&game("g1")).await.json(), sandboxed);

        let path = post(&c.a, activity("g1")).await;
        developer.get(&path).await.expect_text(404);
        developer
            .put(&format!("{path}/session"), joining(&developer))
            .await
            .expect_text(404);
        developer.delete(&path).await.expect_text(404);
        let query =
            json!({ "type": "activity", "scid": S1, "owners": { "xuids": ["1001", "1002"] } });
        let found = developer
            .post("/handles/query", query)
            .await
            .expect(200)
            .json();
        assert_eq!(found, json!({ "results": [] }));
        let theirs = post(&developer, correlation("g1")).await;
        let ours = post(&c.a, correlation("g1")).await;
        assert_ne!(theirs, ours);
        // The list of people is of the user and not of the sandbox.
        follow(&developer, &c.c).await;
        assert_eq!(c.b.get("/users/me/people").await.json()["totalCount"], 1);
    }

    async fn a09_the_name_of_a_sandbox_is_the_same_in_any_letter_case(w: World) {
        let upper = w
            .token(json!({ "xuid": "1001", "titleId": "777", "sandbox": "XLDP.1" }))
            .await;
        let lower = w
            .token(json!({ "xuid": "1002", "titleId": "777", "sandbox": "xldp.1" }))
            .await;
        upper.put(&game("g1"), joining(&upper)).await.expect(201);
        lower.put(&game("g1"), joining(&lower)).await.expect(200);
        let retail = w
            .token(json!({ "xuid": "1003", "titleId": "777", "sandbox": "retail" }))
            .await;
        retail.get(&game("g1")).await.expect_empty(204);
    }

    async fn a_server_names_its_sandbox_by_header(w: World) {
        let developer = w
            .token(json!({ "xuid": "1001", "titleId": "777", "sandbox": "XLDP.1" }))
            .await;
        developer
            .put(&game("g1"), joining(&developer))
            .await
            .expect(201);
        let server = w.server().await;
        server.get(&game("g1")).await.expect_empty(204);
        let there = server
            .request("GET", &game("g1"))
            .header("X-Xbl-Sandbox", "XLDP.1");
        session_answer(there.send().await, 200);
        // A user's token has said where the user is.
        let user = user(&w, 1001, "777").await;
        let elsewhere = user
            .request("GET", &game("g1"))
            .header("X-Xbl-Sandbox", "XLDP.1");
        unauthorized(elsewhere.send().await, "malformed");
        let here = user
            .request("GET", &game("g1"))
            .header("X-Xbl-Sandbox", "retail");
        here.send().await.expect_empty(204);
    }

    async fn a18_private_sessions_of_others_are_for_servers_only(w: World) {
        let c = cast_in(&w, "123").await;
        let path = session_in(S2, "priv", "p1");
        join(&c.a, &path).await;
        c.b.get(&path).await.expect_text(403);
        c.b.get(&format!("{path}/members/0")).await.expect_text(403);
        c.b.put(&path, json!({})).await.expect_text(403);
        session_answer(c.svc.get(&path).await, 200);
        session_answer(c.svc.put(&path, custom("a", 1)).await, 200);
        // Lists of sessions are refused, and not found until they are served.
        for filter in ["private=true", "reservations=true"] {
            let list = format!("/serviceconfigs/{S2}/sessions?xuid=1001&{filter}");
            let answer = c.b.get(&list).await;
            assert!(matches!(answer.status, 403 | 404), "{}", answer.status);
        }
    }

    async fn a19_another_member_is_changed_by_servers_only(w: World) {
        let c = cast(&w).await;
        for player in [&c.a, &c.b, &c.c, &c.d] {
            join(player, &game("g1")).await;
        }
        let removal = json!({ "members": { "3": null } });
        let refused = c.a.put(&game("g1"), removal.clone()).await.expect_text(403);
        assert!(refused.text().contains("server"), "{}", refused.text());
        assert_eq!(c.a.get(&game("g1")).await.json()["membersInfo"]["count"], 4);
        let session = session_answer(c.svc.put(&game("g1"), removal).await, 200);
        assert_eq!(member_xuids(&session), ["1001", "1002", "1003"]);
    }

    async fn a_server_acts_for_a_user_by_header_and_a_user_does_not(w: World) {
        let c = cast(&w).await;
        let behalf = "X-Xbl-On-Behalf-Of";
        let call = c
            .svc
            .request("PUT", &game("g1"))
            .header(behalf, "xuid(1003)")
            .json(joining(&c.c));
        assert_eq!(
            member_xuids(&session_answer(call.send().await, 201)),
            ["1003"]
        );
        // Without the header there is nobody to join.
        c.svc
            .put(&game("g1"), json!({ "members": { "me": {} } }))
            .await
            .expect_text(403);
        let call = c
            .svc
            .request("GET", &game("g1"))
            .header(behalf, "xuid(abc)");
        unauthorized(call.send().await, "malformed");

        let call =
            c.a.request("PUT", &game("g2"))
                .header(behalf, "xuid(1003)")
                .json(joining(&c.c));
        unauthorized(call.send().await, "malformed");
        c.svc.get(&game("g2")).await.expect_empty(204);
    }

    async fn a_role_that_is_not_the_servers_is_no_server(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let other = w.token(json!({ "roles": ["people.read"] })).await;
        other.put(&game("g1"), searching()).await.expect(403);
        other
            .delete(&format!("{}/members/0", game("g1")))
            .await
            .expect_text(403);
        let both = w
            .token(json!({ "xuid": "1002", "titleId": "777", "roles": ["sessions.server"] }))
            .await;
        both.put(&game("g1"), searching()).await.expect(200);
        let mut body = joining(&c.b);
        body["servers"] = json!({ "matchmaking": null });
        let session = session_answer(both.put(&game("g1"), body).await, 200);
        assert_eq!(member_xuids(&session), ["1001", "1002"]);
    }

    async fn a_user_without_the_multiplayer_privilege_joins_nothing(w: World) {
        let c = cast(&w).await;
        let without = json!({ "xuid": "1002", "titleId": "777", "privileges": [185, 252, 255] });
        let token = mint(&w, without).await;
        let create = call(&w, "PUT", &game("g1"), &token.of(0)).json(joining(&c.b));
        create.send().await.expect(403);
        let path = via(&c.a, correlation("g1")).await;
        join(&c.a, &game("g1")).await;
        let by_handle = call(&w, "PUT", &path, &token.of(0)).json(joining(&c.b));
        by_handle.send().await.expect(403);
        assert_eq!(member_xuids(&c.a.get(&game("g1")).await.json()), ["1001"]);
    }
}
