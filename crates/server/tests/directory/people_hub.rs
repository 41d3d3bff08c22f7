//! The people hub: lists of people as its clients decode them.

use serde_json::{Value, json};

use crate::handle_steps::{assert_json, cast, follow};
use crate::people::{coded, mark, xuids_of};
use crate::world::Answer;

/// The users of an answer, in its order.
fn people(answer: Answer) -> Vec<String> {
    let answer = answer.expect(200);
    assert_json(&answer);
    let document = answer.json();
    for name in [
        "recommendationSummary",
        "friendFinderState",
        "accountLinkDetails",
        "friendRequestSummary",
    ] {
        assert_eq!(document.get(name), Some(&Value::Null), "{name}");
    }
    xuids_of(&document)
}

every_store! {
    async fn c09_the_hub_lists_friends_with_what_xsapi_reads(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        follow(&c.b, &c.a).await;
        follow(&c.a, &c.c).await;
        mark(&c.a, "PUT", &c.b).await.expect_empty(204);
        let call = c.a.request("GET", "/users/xuid(1001)/people/friends/decoration/presenceDetail");
        let answer = call.contract("7").header("Host", "peoplehub.xboxlive.com").send().await;
        let person = answer.json()["people"][0].clone();
        assert_eq!(people(answer), ["1002"]);
        let expected = json!({
            "xuid": "1002", "isFriend": true, "isFavorite": true,
            "isFollowingCaller": true, "isFollowedByCaller": true,
            "isIdentityShared": false, "isQuarantined": false,
            "addedDateTimeUtc": "2026-01-01T00:00:00.0000000Z",
            "displayName": "", "realName": "", "displayPicRaw": "", "useAvatar": false,
            "gamertag": "", "modernGamertag": "", "modernGamertagSuffix": "", "uniqueModernGamertag": "",
            "gamerScore": "0", "presenceState": "Unknown", "presenceText": "", "presenceDetails": [],
        });
        assert_eq!(person, expected);
        let body = json!({ "xuids": ["1003", "1002"] });
        let batch = c.a.post("/users/xuid(1001)/people/batch/decoration/presenceDetail", body.clone()).await;
        assert_eq!(people(batch), ["1003", "1002"]);
        let plain = c.a.post("/users/me/people/batch", body).await;
        assert_eq!(plain.json()["people"][0].get("presenceDetails"), None);
        let own = c.a.get("/users/me/people/xuids(1001)").await.expect(200).json();
        assert_eq!(own["people"][0]["gamertag"], "A");
    }

    async fn each_selector_has_its_people(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        follow(&c.b, &c.a).await;
        follow(&c.a, &c.c).await;
        follow(&c.d, &c.a).await;
        for (selector, expected) in [
            ("social", vec!["1002", "1003"]),
            ("Friends", vec!["1002"]),
            ("followers", vec!["1002", "1004"]),
            ("friendRequests(received)", vec![]),
            ("friendrequests(sent)", vec![]),
            ("recommendations", vec![]),
            ("recentPlayers", vec![]),
            ("search?q=A&maxItems=9", vec![]),
            ("playedTitle(777)", vec![]),
            ("xuids(9,1002)", vec!["9", "1002"]),
            ("social/decoration/nonsense,detail", vec!["1002", "1003"]),
        ] {
            let answer = c.a.get(&format!("/users/me/people/{selector}")).await;
            assert_eq!(people(answer), expected, "{selector}");
        }
        coded(c.a.get("/users/me/people/xuids(1,x)").await, 400, 1015);
        let many: Vec<String> = (0..2001).map(|n| n.to_string()).collect();
        coded(c.a.post("/users/me/people/batch", json!({ "xuids": many })).await, 400, 1015);
        c.a.get("/users/me/people/batch").await.expect(405);
        c.a.post("/users/me/people/social", json!({})).await.expect(405);
    }

    async fn the_list_of_another_is_shown_where_it_is_shared(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        let paths = ["/users/xuid(1001)/people", "/users/xuid(1001)/people/social"];
        for path in paths {
            c.c.get(path).await.expect(200);
        }
        let hide = |audience: &str| c.a.put("/users/me/settings", json!({ "ShareFriendList": audience }));
        hide("PeopleOnMyList").await.expect(200);
        for path in paths {
            c.b.get(path).await.expect(200);
            c.a.get(path).await.expect(200);
            coded(c.c.get(path).await, 403, 1011);
        }
        // Nor is it found out person by person.
        for target in [1002, 1004] {
            let path = format!("/users/xuid(1001)/people/xuid({target})");
            coded(c.c.get(&path).await, 403, 1011);
        }
        c.b.get("/users/xuid(1001)/people/xuid(1002)").await.expect(200);
        let reader = w.token(json!({ "roles": ["people.read"] })).await;
        reader.get(paths[0]).await.expect(200);
    }

    async fn each_host_serves_its_own(w: World) {
        let c = cast(&w).await;
        for (host, path, status) in [
            ("peoplehub", "/users/me/people/social", 200),
            ("social", "/users/me/people/social", 404),
            ("social", "/users/me/summary", 200),
            ("privacy", "/users/me/people/mute", 200),
            ("peoplehub", "/users/me/people/mute", 404),
            ("privacy", "/users/me/people", 404),
        ] {
            let call = c.a.request("GET", path);
            let answer = call.header("Host", &format!("{host}.xboxlive.com")).send().await;
            assert_eq!(answer.status, status, "{host} {path}");
        }
    }
}
