//! What else holds for queries of activities: what is found, what stays hidden, and limits.

use serde_json::{Value, json};

use crate::handle_steps::{
    S2, cast, cast_in, game, handle, join, leaving, post, reference_in, session_in,
};

use crate::handles_query::{INCLUDED, both_in, of, owners, results};

every_store! {
    async fn only_the_asked_service_configuration_is_searched(w: World) {
        let c = cast_in(&w, "123").await;
        both_in(&c, "g1").await;
        let elsewhere = json!({ "type": "activity", "scid": S2, "owners": { "xuids": ["1001"] } });
        assert_eq!(
            owners(c.c.post("/handles/query", elsewhere).await),
            Vec::<String>::new()
        );
        let anywhere = json!({ "type": "activity", "owners": { "xuids": ["1001"] } });
        assert_eq!(owners(c.c.post("/handles/query", anywhere).await), ["1001"]);
    }

    async fn an_activity_whose_owner_is_no_longer_active_is_not_found(w: World) {
        let c = cast(&w).await;
        both_in(&c, "g1").await;
        c.a.put(&game("g1"), leaving()).await.expect(200);
        assert_eq!(
            owners(c.c.post(INCLUDED, of(&["1001", "1002"])).await),
            ["1002"]
        );
        c.b.put(&game("g1"), leaving()).await.expect_empty(204);
        assert_eq!(
            owners(c.c.post(INCLUDED, of(&["1001", "1002"])).await),
            Vec::<String>::new()
        );
    }

    async fn an_activity_in_a_private_session_is_shown_to_members_and_servers_only(w: World) {
        let c = cast_in(&w, "123").await;
        let path = session_in(S2, "priv", "p1");
        join(&c.a, &path).await;
        post(&c.a, handle("activity", &reference_in(S2, "priv", "p1"))).await;
        let query = json!({ "type": "activity", "scid": S2, "owners": { "xuids": ["1001"] } });
        for (who, player, count) in [
            ("owner", &c.a, 1),
            ("server", &c.svc, 1),
            ("stranger", &c.b, 0),
        ] {
            let found = results(player.post(INCLUDED, query.clone()).await);
            assert_eq!(found.len(), count, "{who}");
            if let Some(found) = found.first() {
                assert_eq!(found["relatedInfo"]["visibility"], "private");
            }
        }
    }

    async fn an_unreadable_session_still_shows_its_activity_and_hides_its_properties(w: World) {
        let c = cast(&w).await;
        both_in(&c, "g1").await;
        let local = json!({ "properties": {
            "system": { "joinRestriction": "local", "readRestriction": "local" },
            "custom": { "secret": 1 },
        } });
        c.a.put(&game("g1"), local).await.expect(200);
        let all = "/handles/query?include=relatedInfo,customProperties,session";
        let to_stranger = results(c.c.post(all, of(&["1001"])).await);
        assert_eq!(to_stranger[0]["relatedInfo"]["joinRestriction"], "local");
        assert_eq!(to_stranger[0]["customProperties"], json!({}));
        assert_eq!(to_stranger[0].get("session"), None);
        let to_member = results(c.b.post(all, of(&["1001"])).await);
        assert_eq!(to_member[0]["customProperties"], json!({ "secret": 1 }));
        assert_eq!(to_member[0]["session"], c.b.get(&game("g1")).await.json());
    }

    async fn a_query_takes_a_limit_of_0_to_100_in_body_or_query_string(w: World) {
        let c = cast(&w).await;
        both_in(&c, "g1").await;
        for (take, expected) in [
            ("0", Some(0)),
            ("1", Some(1)),
            ("100", Some(2)),
            ("101", None),
            ("-1", None),
            ("x", None),
        ] {
            let answer =
                c.c.post(
                    &format!("/handles/query?take={take}"),
                    of(&["1001", "1002"]),
                )
                .await;
            match expected {
                Some(count) => assert_eq!(results(answer).len(), count, "take={take}"),
                None => assert_eq!(answer.status, 400, "take={take}"),
            }
        }
        for (take, expected) in [
            (json!(0), Some(0)),
            (json!(1), Some(1)),
            (json!(101), None),
            (json!(-1), None),
            (json!("x"), None),
        ] {
            let mut body = of(&["1001", "1002"]);
            body["take"] = take.clone();
            let answer = c.c.post("/handles/query", body).await;
            match expected {
                Some(count) => assert_eq!(results(answer).len(), count, "take {take}"),
                None => assert_eq!(answer.status, 400, "take {take}"),
            }
        }
    }

    async fn a_query_leaves_what_it_finds_as_it_was(w: World) {
        let c = cast(&w).await;
        both_in(&c, "g1").await;
        let before = c.a.get(&game("g1")).await;
        let all = "/handles/query?include=relatedInfo,customProperties,session";
        assert_eq!(results(c.b.post(all, of(&["1001", "1002"])).await).len(), 2);
        let after = c.a.get(&game("g1")).await;
        assert_eq!((after.etag(), after.text()), (before.etag(), before.text()));
    }

    async fn a_service_asks_for_the_people_of_nobody_unless_it_may_read_lists(w: World) {
        let c = cast(&w).await;
        let people = |whose: Value| json!({ "type": "activity", "owners": { "people": whose } });
        let of_nobody = people(json!({ "moniker": "people" }));
        let refused = c.svc.post("/handles/query", of_nobody).await;
        refused.expect_naming(400, "owners.people.monikerXuid");
        let of_a = people(json!({ "moniker": "people", "monikerXuid": "1001" }));
        c.svc.post("/handles/query", of_a).await.expect_text(403);
    }

    async fn a_query_needs_a_body_of_the_right_types(w: World) {
        let c = cast(&w).await;
        for (case, body) in [
            (
                "xuids no list",
                json!({ "type": "activity", "owners": { "xuids": "1001" } }),
            ),
            (
                "xuid no number",
                json!({ "type": "activity", "owners": { "xuids": ["abc"] } }),
            ),
            (
                "owners a list",
                json!({ "type": "activity", "owners": ["1001"] }),
            ),
            (
                "moniker missing",
                json!({ "type": "activity", "owners": { "people": { "monikerXuid": "1003" } } }),
            ),
            (
                "scid no GUID",
                json!({ "type": "activity", "scid": "abc", "owners": { "xuids": ["1001"] } }),
            ),
            ("no object", json!([])),
        ] {
            let answer = c.c.post("/handles/query", body).await;
            assert_eq!(answer.status, 400, "{case}: {}", answer.text());
        }
        let numbers =
            json!({ "type": "activity", "owners": { "xuids": [1001] }, "somethingNew": true });
        assert_eq!(
            owners(c.c.post("/handles/query", numbers).await),
            Vec::<String>::new()
        );
        c.c.get("/handles/query").await.expect(405);
    }
}
