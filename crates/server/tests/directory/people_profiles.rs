//! Profiles of one's people, asked for by moniker.

use serde_json::{Value, json};

use crate::handle_steps::{cast, follow};
use crate::people::{coded, mark};
use crate::privacy_lists::choose;
use crate::world::Player;

async fn profiles(player: &Player, group: &str) -> Vec<Value> {
    let path = format!("/users/me/profile/settings/people/{group}?settings=Gamertag,Gamerscore");
    let call = player.request("GET", &path).contract("2");
    let answer = call.header("Host", "profile.xboxlive.com").send().await;
    let document = answer.expect(200).json();
    document["profileUsers"].as_array().expect("a list").clone()
}

fn profile(xuid: &str, gamertag: &str) -> Value {
    json!({
        "id": xuid, "hostId": xuid, "isSponsoredUser": false,
        "settings": [
            { "id": "Gamertag", "value": gamertag },
            { "id": "Gamerscore", "value": "0" },
        ],
    })
}

every_store! {
    async fn profiles_take_the_monikers_of_people(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        follow(&c.a, &c.c).await;
        follow(&c.b, &c.a).await;
        mark(&c.a, "PUT", &c.c).await.expect_empty(204);
        let (b, c_) = (profile("1002", ""), profile("1003", ""));
        assert_eq!(profiles(&c.a, "People").await, [b.clone(), c_.clone()]);
        assert_eq!(profiles(&c.a, "favorites").await, [c_]);
        assert_eq!(profiles(&c.a, "Friends").await, [b]);
        assert_eq!(profiles(&c.d, "People").await, Vec::<Value>::new());
    }

    async fn who_hides_the_profile_is_left_out(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        follow(&c.a, &c.c).await;
        choose(&c.b, "ShareProfile", "PeopleOnMyList").await;
        assert_eq!(profiles(&c.a, "people").await, [profile("1003", "")]);
        follow(&c.b, &c.a).await;
        assert_eq!(profiles(&c.a, "people").await.len(), 2);
        let child = json!({ "xuid": "1001", "titleId": "777", "privileges": [254, 255] });
        let child = w.token(child).await;
        assert_eq!(profiles(&child, "people").await, Vec::<Value>::new());
    }

    async fn only_ones_own_people_are_asked_for_and_by_known_words(w: World) {
        let c = cast(&w).await;
        let base = "/profile/settings/people";
        let group = format!("{base}/People?settings=Gamertag");
        coded(c.b.get(&format!("/users/xuid(1001){group}")).await, 403, 1011);
        coded(c.svc.get(&format!("/users/xuid(1001){group}")).await, 403, 1011);
        for rest in ["/Everybody?settings=Gamertag", "/People", "/People?settings=", "/People?settings=a,,b"] {
            coded(c.a.get(&format!("/users/me{base}{rest}")).await, 400, 1015);
        }
        let many = vec!["Gamertag"; 51].join(",");
        coded(c.a.get(&format!("/users/me{base}/People?settings={many}")).await, 400, 1015);
        c.a.post(&format!("/users/me{base}/People?settings=Gamertag"), json!({})).await.expect(405);
    }
}
