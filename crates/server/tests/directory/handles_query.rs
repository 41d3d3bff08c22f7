//! `POST /handles/query` for activities: whose are found, in which order and with what beside them.

use serde_json::{Value, json};

use crate::handle_steps::{
    Cast, S1, activity, assert_json, cast, created, follow, game, join, system, text, time,
};
use crate::json::{assert_contains, no_nulls};
use crate::world::{Answer, Player};

pub(crate) const INCLUDED: &str = "/handles/query?include=relatedInfo,customProperties";

/// The body that asks for the activities of these users.
pub(crate) fn of(xuids: &[&str]) -> Value {
    json!({ "type": "activity", "scid": S1, "owners": { "xuids": xuids } })
}

/// The body that asks for the activities of the people of a user.
fn of_people(moniker: &str, of: &str) -> Value {
    let people = json!({ "moniker": moniker, "monikerXuid": of });
    json!({ "type": "activity", "scid": S1, "owners": { "people": people } })
}

/// The results of a query that succeeded.
#[track_caller]
pub(crate) fn results(answer: Answer) -> Vec<Value> {
    let answer = answer.expect(200);
    assert_json(&answer);
    let document = answer.json();
    no_nulls(&document);
    let fields = document.as_object().expect("an object");
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["results"]);
    document["results"]
        .as_array()
        .expect("results is a list")
        .clone()
}

/// The owners of the handles found.
#[track_caller]
pub(crate) fn owners(answer: Answer) -> Vec<String> {
    results(answer)
        .iter()
        .map(|found| text(found, "ownerXuid").to_owned())
        .collect()
}

/// Both are active in the session and have it as their activity.
pub(crate) async fn both_in(c: &Cast, name: &str) -> [Value; 2] {
    let mut handles = Vec::new();
    for player in [&c.a, &c.b] {
        join(player, &game(name)).await;
        handles.push(created(player.post("/handles", activity(name)).await));
    }
    handles.try_into().expect("two handles")
}

async fn favourite(owner: &Player, target: &Player) {
    follow(owner, target).await;
    let path = format!("/users/me/people/favorites/xuid({})", target.xuid);
    owner.request("PUT", &path).send().await.expect(204);
}

every_store! {
    async fn h42_activities_come_in_the_order_asked_with_what_is_included(w: World) {
        let c = cast(&w).await;
        let [of_a, of_b] = both_in(&c, "g1").await;
        let found = results(c.c.post(INCLUDED, of(&["1002", "1001"])).await);
        assert_eq!(found.len(), 2);
        for (found, own) in found.iter().zip([of_b, of_a]) {
            assert_contains(found, &own);
            assert_contains(
                &found["relatedInfo"],
                &json!({
                    "visibility": "open", "joinRestriction": "none", "closed": false,
                    "maxMembersCount": 4, "membersCount": 2, "inviteProtocol": "game",
                }),
            );
            time(&found["relatedInfo"], "postedTime");
            assert_eq!(found["customProperties"], json!({}));
        }
    }

    async fn h42_what_is_included_follows_the_session(w: World) {
        let c = cast(&w).await;
        both_in(&c, "g1").await;
        c.a.put(
            &game("g1"),
            json!({ "properties": {
            "system": { "closed": true, "joinRestriction": "followed", "keywords": ["k"] },
            "custom": { "map": { "name": "x" }, "id": 18_446_744_073_709_551_615_u64 },
        } }),
        )
        .await
        .expect(200);
        let found = results(c.c.post(INCLUDED, of(&["1001"])).await);
        assert_contains(
            &found[0]["relatedInfo"],
            &json!({
                "visibility": "open", "joinRestriction": "followed", "closed": true,
                "maxMembersCount": 4, "membersCount": 2, "keywords": ["k"],
            }),
        );
        assert_eq!(
            found[0]["customProperties"],
            json!({ "map": { "name": "x" }, "id": 18_446_744_073_709_551_615_u64 })
        );
        // Open and at capacity is rendered as full.
        c.a.put(&game("g1"), system("joinRestriction", "none"))
            .await
            .expect(200);
        c.a.put(&game("g1"), system("closed", false))
            .await
            .expect(200);
        join(&c.d, &game("g1")).await;
        join(&c.e, &game("g1")).await;
        let found = results(c.c.post(INCLUDED, of(&["1001"])).await);
        assert_contains(
            &found[0]["relatedInfo"],
            &json!({ "visibility": "full", "membersCount": 4 }),
        );
    }

    async fn h43_without_include_the_handle_comes_alone(w: World) {
        let c = cast(&w).await;
        let [of_a, of_b] = both_in(&c, "g1").await;
        for path in [
            "/handles/query",
            "/handles/query?include=",
            "/handles/query?include=unknownThing",
        ] {
            let found = results(c.c.post(path, of(&["1002", "1001"])).await);
            assert_eq!(found, [of_b.clone(), of_a.clone()], "{path}");
        }
    }

    async fn h44_xuids_and_people_exclude_each_other(w: World) {
        let c = cast(&w).await;
        let both = json!({ "type": "activity", "scid": S1, "owners": {
            "xuids": ["1001"], "people": { "moniker": "people", "monikerXuid": "1003" },
        } });
        c.c.post(INCLUDED, both).await.expect_text(400);
        c.c.post(
            INCLUDED,
            json!({ "type": "activity", "scid": S1, "owners": {} }),
        )
        .await
        .expect_text(400);
    }

    async fn h45_monikers_name_the_callers_own_people(w: World) {
        let c = cast(&w).await;
        both_in(&c, "g1").await;
        follow(&c.c, &c.b).await;
        favourite(&c.c, &c.a).await;
        assert_eq!(
            owners(c.c.post(INCLUDED, of_people("Favorites", "1003")).await),
            ["1001"]
        );
        c.c.post(INCLUDED, of_people("Favorites", "1001"))
            .await
            .expect_text(403);
        c.c.post(INCLUDED, of_people("nobody", "1003"))
            .await
            .expect_text(400);
        for (moniker, expected) in [
            ("favorite", 1),
            ("FAVORITES", 1),
            ("people", 2),
            ("People", 2),
            ("friends", 0),
        ] {
            let found = owners(c.c.post(INCLUDED, of_people(moniker, "1003")).await);
            assert_eq!(found.len(), expected, "{moniker}: {found:?}");
        }
    }

    async fn h46_a_xuid_in_the_query_string_stands_for_owners(w: World) {
        let c = cast(&w).await;
        let [of_a, _] = both_in(&c, "g1").await;
        let bare = json!({ "type": "activity", "scid": S1 });
        assert_eq!(
            results(c.c.post("/handles/query?xuid=1001", bare.clone()).await),
            [of_a]
        );
        assert_eq!(
            owners(
                c.c.post("/handles/query?XUID=1002&include=relatedInfo", bare.clone())
                    .await
            ),
            ["1002"]
        );
        c.c.post("/handles/query", bare.clone())
            .await
            .expect_text(400);
        c.c.post("/handles/query?xuid=abc", bare)
            .await
            .expect_text(400);
    }

    async fn h47_at_most_a_hundred_users_are_asked_about(w: World) {
        let c = cast(&w).await;
        both_in(&c, "g1").await;
        let many: Vec<String> = (0..101).map(|n| (5000 + n).to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        c.c.post(INCLUDED, of(&many)).await.expect_text(400);
        assert_eq!(
            owners(c.c.post(INCLUDED, of(&many[..100])).await),
            Vec::<String>::new()
        );
        assert_eq!(
            owners(c.c.post(INCLUDED, of(&["5000", "1001", "5001"])).await),
            ["1001"]
        );
        assert_eq!(
            owners(c.c.post(INCLUDED, of(&["1001", "1002", "1001"])).await),
            ["1001", "1002"]
        );
    }

    async fn h48_only_activities_and_searches_are_queried(w: World) {
        let c = cast(&w).await;
        for kind in ["correlation", "invite", "transfer", "dance", ""] {
            let body = json!({ "type": kind, "scid": S1, "owners": { "xuids": ["1001"] } });
            let answer = c.c.post("/handles/query", body).await;
            assert_eq!(answer.status, 400, "{kind}: {}", answer.text());
        }
        c.c.post(
            "/handles/query",
            json!({ "scid": S1, "owners": { "xuids": ["1001"] } }),
        )
        .await
        .expect_text(400);
    }
}
