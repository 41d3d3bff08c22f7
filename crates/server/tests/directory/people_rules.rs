//! Who may write and read a people list, and which users it may name.

use serde_json::json;

use crate::handle_steps::{cast, follow};
use crate::people::{assert_person, coded, only, xuids};

every_store! {
    async fn people_may_be_written_with_any_contract_and_body(w: World) {
        let c = cast(&w).await;
        let path = "/users/me/people/xuid(1002)";
        c.a.request("PUT", path)
            .without("X-Xbl-Contract-Version")
            .send()
            .await
            .expect_empty(204);
        for version in ["1", "2", "3"] {
            c.a.request("PUT", path)
                .contract(version)
                .send()
                .await
                .expect_empty(204);
        }
        let call = c.a.request("PUT", path).body(Some("application/json"), "");
        call.send().await.expect_empty(204);
        c.a.put("/users/xuid(1001)/people/xuid(1003)", json!({}))
            .await
            .expect_empty(204);
        assert_eq!(xuids(c.a.get("/users/me/people").await).len(), 2);
    }

    async fn nobody_writes_the_list_of_another(w: World) {
        let c = cast(&w).await;
        for (method, path) in [
            ("PUT", "/users/xuid(1001)/people/xuid(1003)"),
            ("DELETE", "/users/xuid(1001)/people/xuid(1003)"),
            ("PUT", "/users/xuid(1001)/people/favorites/xuid(1003)"),
        ] {
            coded(c.b.request(method, path).send().await, 403, 1011);
        }
        assert_eq!(
            xuids(c.a.get("/users/me/people").await),
            Vec::<String>::new()
        );
    }

    async fn the_list_of_another_is_shown_with_the_callers_own_relations(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        follow(&c.b, &c.c).await;
        let person = only(c.c.get("/users/xuid(1001)/people").await);
        let flags = [
            ("isFavorite", false),
            ("isFollowingCaller", true),
            ("isFollowedByCaller", false),
            ("isFriend", false),
        ];
        assert_person(&person, "1002", flags);
        let refused = c.c.get("/users/xuid(1001)/people?view=Favorite").await;
        assert!(matches!(refused.status, 400 | 403), "{}", refused.status);
    }

    async fn a_user_without_the_privilege_adds_nobody(w: World) {
        let alone = json!({ "xuid": "1001", "titleId": "777", "privileges": [185, 252, 254] });
        let alone = w.token(alone).await;
        coded(
            alone
                .request("PUT", "/users/me/people/xuid(1002)")
                .send()
                .await,
            403,
            1011,
        );
        assert_eq!(
            xuids(alone.get("/users/me/people").await),
            Vec::<String>::new()
        );
    }

    async fn numbers_that_are_no_users_are_refused(w: World) {
        let c = cast(&w).await;
        for target in [
            "xuid(abc)",
            "xuid()",
            "xuid(-1)",
            "xuid(18446744073709551616)",
            "xuid(1.5)",
        ] {
            for method in ["GET", "PUT", "DELETE"] {
                let answer =
                    c.a.request(method, &format!("/users/me/people/{target}"))
                        .send()
                        .await;
                assert_eq!(answer.status, 400, "{method} {target}: {}", answer.text());
            }
        }
        // The largest number is a user as any other.
        c.a.request("PUT", "/users/me/people/xuid(18446744073709551615)")
            .send()
            .await
            .expect_empty(204);
        assert_eq!(
            xuids(c.a.get("/users/me/people").await),
            ["18446744073709551615"]
        );
    }
}
