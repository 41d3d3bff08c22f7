//! Block and mute lists: what they hold, whose they are, and what a block ends.

use serde_json::{Value, json};

use crate::handle_steps::{cast, follow, user};
use crate::people::{coded, xuids};
use crate::world::{Answer, Player, StoreKind, World};

pub(crate) async fn change(player: &Player, method: &str, list: &str, xuid: u64) -> Answer {
    let call = player.request(method, &format!("/users/me/people/{list}"));
    call.contract("2")
        .json(json!({ "Xuid": xuid.to_string() }))
        .send()
        .await
}

/// Blocks a user.
pub(crate) async fn block(player: &Player, target: &Player) {
    change(player, "PUT", "never", target.xuid)
        .await
        .expect_empty(200);
}

/// Chooses one setting, and no other.
pub(crate) async fn choose(player: &Player, setting: &str, audience: &str) {
    let mut body = serde_json::Map::new();
    body.insert(setting.to_owned(), json!(audience));
    player
        .put("/users/me/settings", Value::Object(body))
        .await
        .expect(200);
}

#[track_caller]
fn users(answer: Answer) -> Vec<String> {
    let answer = answer.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-cache, no-store"));
    let document = answer.json();
    let users = document["users"]
        .as_array()
        .expect("users is a list")
        .iter();
    users
        .map(|user| user["xuid"].as_str().expect("a xuid").to_owned())
        .collect()
}

every_store! {
    async fn c15_a_block_is_on_both_lists_and_ends_what_was_between_the_two(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        follow(&c.b, &c.a).await;
        follow(&c.a, &c.c).await;
        for _ in 0..2 {
            block(&c.a, &c.b).await;
        }
        for list in ["avoid", "never", "NEVER"] {
            assert_eq!(users(c.a.get(&format!("/users/me/people/{list}")).await), ["1002"]);
        }
        assert_eq!(xuids(c.a.get("/users/me/people").await), ["1003"]);
        assert_eq!(xuids(c.b.get("/users/me/people").await), Vec::<String>::new());
        coded(c.a.request("PUT", "/users/me/people/xuid(1002)").send().await, 403, 1011);
        coded(c.b.request("PUT", "/users/me/people/xuid(1001)").send().await, 403, 1049);
        change(&c.a, "DELETE", "never", 1002).await.expect_empty(200);
        change(&c.a, "DELETE", "never", 1002).await.expect_empty(200);
        assert_eq!(users(c.a.get("/users/me/people/avoid").await), Vec::<String>::new());
        follow(&c.b, &c.a).await;
    }

    async fn c16_a_mute_is_apart_from_blocks_and_ends_nothing(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        change(&c.a, "PUT", "mute", 1002).await.expect_empty(200);
        let lower = c.a.put("/users/me/people/mute", json!({ "xuid": "1003" })).await;
        lower.expect_empty(200);
        assert_eq!(users(c.a.get("/users/me/people/mute").await), ["1002", "1003"]);
        let path = "/users/me/people/mute?target=";
        assert_eq!(users(c.a.get(&format!("{path}xuid(1003)")).await), ["1003"]);
        assert_eq!(users(c.a.get(&format!("{path}xuid(1004)")).await), Vec::<String>::new());
        coded(c.a.get(&format!("{path}1003")).await, 400, 4000);
        assert_eq!(users(c.a.get("/users/me/people/never").await), Vec::<String>::new());
        assert_eq!(xuids(c.a.get("/users/me/people").await), ["1002"]);
        change(&c.a, "DELETE", "mute", 1002).await.expect_empty(200);
        assert_eq!(users(c.a.get("/users/me/people/mute").await), ["1003"]);
    }

    async fn c22_a_private_list_is_its_owners_alone(w: World) {
        let c = cast(&w).await;
        block(&c.a, &c.b).await;
        for list in ["avoid", "never", "mute"] {
            coded(c.b.get(&format!("/users/xuid(1001)/people/{list}")).await, 403, 1011);
        }
        let body = json!({ "Xuid": "1003" });
        coded(c.b.put("/users/xuid(1001)/people/never", body.clone()).await, 403, 1011);
        coded(c.b.get("/users/xuid(1001)/settings").await, 403, 1011);
        coded(c.b.put("/users/xuid(1001)/settings", json!({})).await, 403, 1011);
        c.a.get("/users/xuid(abc)/people/avoid").await.expect(400);
        let reader = w.token(json!({ "roles": ["privacy.read"] })).await;
        assert_eq!(users(reader.get("/users/xuid(1001)/people/avoid").await), ["1002"]);
        coded(reader.put("/users/xuid(1001)/people/never", body.clone()).await, 403, 1011);
        coded(c.a.put("/users/me/people/never", json!({ "Xuid": "1001" })).await, 400, 1015);
        for body in [json!({}), json!({ "Xuid": "x" }), json!([])] {
            c.a.put("/users/me/people/never", body).await.expect(400);
        }
        c.a.put("/users/me/people/avoid", body).await.expect(405);
    }

    async fn settings_are_read_as_they_count_and_replaced_whole(w: World) {
        let c = cast(&w).await;
        let defaults = c.a.get("/users/me/settings").await.expect(200).json();
        let expected = json!({
            "ShareFriendList": "Everyone", "ShareGameHistory": "Everyone",
            "CommunicateUsingTextAndVoice": "Everyone", "SharePresence": "Everyone",
            "ShareProfile": "Everyone", "ShareVideoAndMusicStatus": "Everyone",
            "CommunicateUsingVideo": "Everyone",
        });
        assert_eq!(defaults, expected);
        choose(&c.a, "SharePresence", "Blocked").await;
        choose(&c.a, "ShareProfile", "PeopleOnMyList").await;
        let mut expected = expected;
        expected["ShareProfile"] = json!("PeopleOnMyList");
        assert_eq!(c.a.get("/users/me/settings").await.json(), expected);
        for body in [json!({ "ShareSecrets": "Blocked" }), json!({ "ShareProfile": "Nobody" }), json!({ "ShareProfile": null })] {
            c.a.put("/users/me/settings", body).await.expect(400);
        }
        assert_eq!(c.a.get("/users/me/settings").await.json(), expected);
    }
}

#[tokio::test]
async fn a_list_holds_a_thousand_users() {
    let w = World::new(StoreKind::Memory).await;
    let c = cast(&w).await;
    for n in 0..1000 {
        change(&c.a, "PUT", "never", 5000 + n).await.expect(200);
    }
    coded(change(&c.a, "PUT", "never", 7000).await, 400, 1028);
    change(&c.a, "PUT", "never", 5000).await.expect(200);
    change(&c.a, "PUT", "mute", 7000).await.expect(200);
    change(&c.a, "DELETE", "never", 5000).await.expect(200);
    change(&c.a, "PUT", "never", 7000).await.expect(200);
}

#[tokio::test]
async fn lists_and_settings_are_kept_across_a_restart() {
    for store in [StoreKind::Sqlite, StoreKind::Log] {
        let w = World::new(store).await;
        let c = cast(&w).await;
        block(&c.a, &c.b).await;
        change(&c.a, "PUT", "mute", 1003).await.expect(200);
        choose(&c.a, "SharePresence", "Blocked").await;
        let paths = [
            "/users/me/people/never",
            "/users/me/people/mute",
            "/users/me/settings",
        ];
        let mut before = Vec::new();
        for path in paths {
            before.push(c.a.get(path).await.expect(200).json());
        }
        drop(c);
        let w = w.restart().await;
        let a = user(&w, 1001, "777").await;
        for (path, before) in paths.iter().zip(before) {
            assert_eq!(a.get(path).await.json(), before, "{path}");
        }
    }
}
