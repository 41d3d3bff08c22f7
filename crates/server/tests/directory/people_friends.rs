//! Friends, several people at once, the summary, and what is told of changes.

use convoke_server::config::{Config, FriendModel};
use convoke_server::people_feed::PeopleChange;
use convoke_wire::Xuid;
use convoke_wire::people::PeopleEvent;
use serde_json::{Value, json};

use crate::handle_steps::{cast, follow};
use crate::people::{coded, mark, unfollow, xuids};
use crate::privacy_lists::block;
use crate::world::{Answer, Player, StoreKind, World};

const FRIEND_B: &str = "/users/me/people/friends/v2/xuid(1002)";

async fn send(player: &Player, method: &str, path: &str) -> Answer {
    player.request(method, path).send().await
}

async fn listed(player: &Player) -> Vec<String> {
    xuids(player.get("/users/me/people").await)
}

every_store! {
    async fn c07_some_of_a_list_are_asked_for_by_number(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        follow(&c.a, &c.c).await;
        let path = "/users/me/people/xuids";
        let answer = c.a.post(path, json!({ "xuids": ["1002", "9999", "1002"] })).await;
        assert_eq!(answer.json()["totalCount"], 1);
        assert_eq!(xuids(answer), ["1002"]);
        for body in [json!({ "xuids": [], "x": 1 }), json!({}), json!({ "xuids": [1.5] })] {
            c.a.post(path, body).await.expect(400);
        }
        coded(c.b.post("/users/xuid(1001)/people/xuids", json!({ "xuids": [] })).await, 403, 1011);
        coded(c.a.post("/users/me/people/xuids?method=put", json!({ "xuids": [] })).await, 400, 1015);
    }

    async fn c07_several_are_added_and_removed_together(w: World) {
        let c = cast(&w).await;
        let add = "/users/me/people/xuids?method=add";
        let body = json!({ "xuids": ["1002", "1003"] });
        c.a.post(add, body.clone()).await.expect_empty(204);
        c.a.post(add, body.clone()).await.expect_empty(204);
        assert_eq!(listed(&c.a).await, ["1002", "1003"]);
        let remove = "/users/me/people/xuids?method=Remove";
        c.a.post(remove, json!({ "xuids": ["1002", "1004"] })).await.expect_empty(204);
        assert_eq!(listed(&c.a).await, ["1003"]);
        let many: Vec<String> = (2000..2051).map(|n| n.to_string()).collect();
        coded(c.a.post(add, json!({ "xuids": many })).await, 400, 1050);
        coded(c.a.post(add, json!({ "xuids": ["1001"] })).await, 400, 1015);
        coded(c.b.post("/users/xuid(1001)/people/xuids?method=add", body).await, 403, 1011);
    }

    async fn c08_a_summary_counts_and_only_ones_own_has_a_watermark(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        let of_b = c.a.get("/users/xuid(1002)/summary").await.expect(200).json();
        let expected = json!({
            "targetFollowingCount": 0, "targetFollowerCount": 1,
            "isCallerFollowingTarget": true, "isTargetFollowingCaller": false,
            "hasCallerMarkedTargetAsFavorite": false, "hasCallerMarkedTargetAsKnown": false,
            "legacyFriendStatus": "None",
        });
        assert_eq!(of_b, expected);
        mark(&c.a, "PUT", &c.b).await.expect_empty(204);
        let of_b = c.a.get("/users/xuid(1002)/summary").await.json();
        assert_eq!(of_b["hasCallerMarkedTargetAsFavorite"], true);
        let own = c.a.get("/users/me/summary").await.expect(200).json();
        assert_eq!(own["targetFollowingCount"], 1);
        assert_eq!(own["recentChangeCount"], 0);
        assert_eq!(own["watermark"], "1767225600000");
    }

    async fn a_follower_is_sent_away(w: World) {
        let c = cast(&w).await;
        follow(&c.b, &c.a).await;
        follow(&c.a, &c.b).await;
        for _ in 0..2 {
            let path = "/users/me/people/follower/xuid(1002)";
            c.a.delete(path).await.expect_empty(204);
        }
        assert_eq!(listed(&c.b).await, Vec::<String>::new());
        assert_eq!(listed(&c.a).await, ["1002"]);
        coded(c.c.delete("/users/xuid(1001)/people/follower/xuid(1002)").await, 403, 1011);
    }

    async fn friends_are_made_by_both_and_unmade_as_the_parameter_says(w: World) {
        let c = cast(&w).await;
        let first = send(&c.a, "PUT", FRIEND_B).await.expect(200).json();
        assert_eq!((&first["isFriend"], &first["isFollowedByCaller"]), (&json!(false), &json!(true)));
        let back = send(&c.b, "PUT", "/users/xuid(1002)/people/friends/v2/xuid(1001)").await;
        assert_eq!(back.expect(200).json()["isFriend"], true);
        let ended = send(&c.a, "DELETE", &format!("{FRIEND_B}?deleteRelationships=follows")).await;
        assert_eq!(ended.expect(200).json()["isFollowingCaller"], true);
        assert_eq!(listed(&c.b).await, ["1001"]);
        send(&c.a, "PUT", FRIEND_B).await.expect(200);
        let ended = send(&c.a, "DELETE", &format!("{FRIEND_B}?deleteRelationships=Friends")).await;
        assert_eq!(ended.expect(200).json()["isFollowingCaller"], false);
        assert_eq!(listed(&c.a).await, listed(&c.b).await);
        let odd = send(&c.a, "DELETE", &format!("{FRIEND_B}?deleteRelationships=all")).await;
        coded(odd, 400, 1015);
    }

    async fn a_bulk_write_says_what_became_of_each(w: World) {
        let c = cast(&w).await;
        let bulk = "/bulk/users/me/people/friends/v2?method=";
        let body = |xuids: Value| json!({ "xuids": xuids });
        let added = c.a.post(&format!("{bulk}add"), body(json!(["1002", "1001", "1003"]))).await;
        let expected = json!({ "updatedPeople": ["1002", "1003"], "failedToUpdate": ["1001"] });
        assert_eq!(added.expect(200).json(), expected);
        follow(&c.b, &c.a).await;
        let path = format!("{bulk}remove&deleteRelationships=friends");
        let removed = c.a.post(&path, body(json!(["1002"]))).await.expect(200).json();
        assert_eq!(removed, json!({ "updatedPeople": ["1002"], "failedToUpdate": [] }));
        assert_eq!(listed(&c.a).await, ["1003"]);
        assert_eq!(listed(&c.b).await, Vec::<String>::new());
        let many: Vec<String> = (2000..2051).map(|n| n.to_string()).collect();
        coded(c.a.post(&format!("{bulk}add"), body(json!(many))).await, 400, 1050);
        for word in ["", "get", "put"] {
            coded(c.a.post(&format!("{bulk}{word}"), body(json!([]))).await, 400, 1015);
        }
    }

    async fn c24_changes_are_told_for_the_lists_that_show_them(w: World) {
        let c = cast(&w).await;
        let mut changes = w.app().people_changes();
        let mut told = || {
            let mut all = Vec::new();
            while let Ok(PeopleChange { owner, event }) = changes.try_recv() {
                all.push((owner.0, event));
            }
            all
        };
        let one = |xuid| vec![Xuid(xuid)];
        follow(&c.a, &c.c).await;
        follow(&c.a, &c.c).await;
        let added = PeopleEvent::Added { xuids: one(1003) };
        assert_eq!(told(), [(1001, added)]);
        follow(&c.c, &c.a).await;
        let added = PeopleEvent::Added { xuids: one(1001) };
        let changed = PeopleEvent::Changed { xuids: one(1003) };
        assert_eq!(told(), [(1003, added), (1001, changed.clone())]);
        mark(&c.a, "PUT", &c.c).await.expect_empty(204);
        assert_eq!(told(), [(1001, changed)]);
        unfollow(&c.a, &c.c).await.expect_empty(204);
        unfollow(&c.a, &c.c).await.expect_empty(204);
        let removed = PeopleEvent::Removed { xuids: one(1003) };
        let changed = PeopleEvent::Changed { xuids: one(1001) };
        assert_eq!(told(), [(1001, removed), (1003, changed)]);
        let block = c.a.put("/users/me/people/never", json!({ "Xuid": "1003" })).await;
        block.expect_empty(200);
        assert_eq!(told(), [(1003, PeopleEvent::Removed { xuids: one(1001) })]);
    }
}

#[tokio::test]
async fn requests_from_before_end_with_a_block_and_nobody_is_told_how_many_wait() {
    for store in [StoreKind::Sqlite, StoreKind::Log] {
        let model = |it| move |config: &mut Config| config.people.friend_model = it;
        let w = World::configured(store, model(FriendModel::Request)).await;
        let (a, friend) = (w.user(1001).await, "/users/me/people/friends/v2/xuid(1003)");
        a.request("PUT", friend).send().await.expect(200);
        let w = w.restart_configured(model(FriendModel::Follow)).await;
        let mut changes = w.app().people_changes();
        let c = cast(&w).await;
        block(&c.a, &c.c).await;
        assert!(changes.try_recv().is_err());
        let w = w.restart_configured(model(FriendModel::Request)).await;
        let c = cast(&w).await;
        let summary =
            c.a.get("/users/xuid(1003)/summary")
                .await
                .expect(200)
                .json();
        assert_eq!(summary["legacyFriendStatus"], "None");
    }
}
