//! The people list on `social`: following, favourites, pages, and what a person looks like.

use serde_json::{Value, json};

use crate::handle_steps::{assert_json, cast, follow, text, user};
use crate::world::{Answer, Player, StoreKind, World};

/// The people of the document, in order.
#[track_caller]
pub(crate) fn xuids(answer: Answer) -> Vec<String> {
    xuids_of(&answer.expect(200).json())
}

/// The same of a document.
#[track_caller]
pub(crate) fn xuids_of(document: &Value) -> Vec<String> {
    let people = document["people"].as_array().expect("people is a list");
    people
        .iter()
        .map(|person| text(person, "xuid").to_owned())
        .collect()
}

/// The only person of the list.
#[track_caller]
pub(crate) fn only(answer: Answer) -> Value {
    let document = answer.expect(200).json();
    assert_eq!(document["totalCount"], 1, "{document}");
    assert_eq!(
        document["people"].as_array().map(Vec::len),
        Some(1),
        "{document}"
    );
    document["people"][0].clone()
}

/// A refusal in the form of this service.
#[track_caller]
pub(crate) fn coded(answer: Answer, status: u16, code: u64) {
    let answer = answer.expect(status);
    assert_json(&answer);
    let mut body = answer.json();
    for field in ["description", "source"] {
        assert!(!text(&body, field).is_empty(), "{field} in {body}");
        body[field] = json!("…");
    }
    let expected =
        json!({ "code": code, "description": "…", "source": "…", "traceInformation": null });
    assert_eq!(body, expected, "{}", answer.sent);
}

/// What is known of a person beside the five answers that every client reads.
#[track_caller]
pub(crate) fn assert_person(person: &Value, xuid: &str, flags: [(&str, bool); 4]) {
    assert_eq!(person["xuid"], xuid);
    for (name, expected) in flags {
        assert_eq!(person[name], json!(expected), "{name} in {person}");
    }
}

pub(crate) async fn unfollow(player: &Player, target: &Player) -> Answer {
    player
        .delete(&format!("/users/me/people/xuid({})", target.xuid))
        .await
}

pub(crate) async fn mark(player: &Player, method: &str, target: &Player) -> Answer {
    let path = format!("/users/me/people/favorites/xuid({})", target.xuid);
    player.request(method, &path).send().await
}

every_store! {
    async fn c01_following_makes_one_person_of_the_followers_list(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        for path in [
            "/users/me/people",
            "/users/xuid(1001)/people",
            "/users/xuid%281001%29/people?view=All",
        ] {
            let person = only(c.a.get(path).await);
            assert_person(
                &person,
                "1002",
                [
                    ("isFavorite", false),
                    ("isFollowingCaller", false),
                    ("isFollowedByCaller", true),
                    ("isFriend", false),
                ],
            );
            for name in ["isIdentityShared", "isSquadMateWith", "isUnfollowingFeed"] {
                assert_ne!(person.get(name), Some(&json!(true)), "{name}");
            }
            if let Some(networks) = person.get("socialNetworks") {
                assert_eq!(*networks, json!([]));
            }
        }
        let of_b = c.b.get("/users/me/people").await.expect(200);
        assert_json(&of_b);
        assert_eq!(of_b.json(), json!({ "people": [], "totalCount": 0 }));
    }

    async fn c01_unfollowing_takes_the_person_away_and_may_be_repeated(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        follow(&c.a, &c.c).await;
        unfollow(&c.a, &c.b).await.expect_empty(204);
        unfollow(&c.a, &c.b).await.expect_empty(204);
        assert_eq!(xuids(c.a.get("/users/me/people").await), ["1003"]);
    }

    async fn c02_favourites_are_a_view_of_the_list(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        follow(&c.a, &c.c).await;
        assert_eq!(mark(&c.a, "PUT", &c.d).await.status, 404);
        mark(&c.a, "PUT", &c.b).await.expect_empty(204);
        mark(&c.a, "PUT", &c.b).await.expect_empty(204);
        for view in ["Favorite", "favorite", "FAVORITE"] {
            let person = only(c.a.get(&format!("/users/me/people?view={view}")).await);
            assert_eq!(person["xuid"], "1002");
            assert_eq!(person["isFavorite"], true);
        }
        assert_eq!(c.a.get("/users/me/people?view=Foo").await.status, 400);
        mark(&c.a, "DELETE", &c.b).await.expect_empty(204);
        assert_eq!(
            c.a.get("/users/me/people?view=Favorite").await.json(),
            json!({ "people": [], "totalCount": 0 })
        );
        assert_eq!(xuids(c.a.get("/users/me/people").await), ["1002", "1003"]);
    }

    async fn c02_whoever_is_unfollowed_is_no_favourite_when_followed_again(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        mark(&c.a, "PUT", &c.b).await.expect_empty(204);
        unfollow(&c.a, &c.b).await.expect_empty(204);
        assert_eq!(
            c.a.get("/users/me/people?view=Favorite").await.json()["totalCount"],
            0
        );
        follow(&c.a, &c.b).await;
        assert_eq!(only(c.a.get("/users/me/people").await)["isFavorite"], false);
        // Following again somebody who is a favourite changes nothing.
        mark(&c.a, "PUT", &c.b).await.expect_empty(204);
        follow(&c.a, &c.b).await;
        assert_eq!(only(c.a.get("/users/me/people").await)["isFavorite"], true);
    }

    async fn c03_a_page_counts_the_whole_view(w: World) {
        let c = cast(&w).await;
        for target in [&c.b, &c.c, &c.d] {
            follow(&c.a, target).await;
            w.advance(1000).await;
        }
        mark(&c.a, "PUT", &c.d).await.expect_empty(204);
        // Favourites first, then in the order of following.
        for (query, expected) in [
            ("", vec!["1004", "1002", "1003"]),
            ("?startIndex=1&maxItems=1", vec!["1002"]),
            ("?startIndex=1", vec!["1002", "1003"]),
            ("?maxItems=2", vec!["1004", "1002"]),
            ("?STARTINDEX=2&MAXITEMS=9", vec!["1003"]),
            ("?startIndex=9", vec![]),
            ("?maxItems=0", vec![]),
        ] {
            let answer =
                c.a.get(&format!("/users/me/people{query}"))
                    .await
                    .expect(200);
            assert_eq!(answer.json()["totalCount"], 3, "{query}");
            assert_eq!(xuids(answer), expected, "{query}");
        }
        for query in [
            "?startIndex=-1",
            "?startIndex=x",
            "?maxItems=x",
            "?maxItems=-1",
        ] {
            let answer = c.a.get(&format!("/users/me/people{query}")).await;
            assert_eq!(answer.status, 400, "{query}");
        }
    }

    async fn c04_the_friends_view_has_those_who_follow_each_other(w: World) {
        let c = cast(&w).await;
        follow(&c.a, &c.b).await;
        follow(&c.a, &c.c).await;
        follow(&c.b, &c.a).await;
        follow(&c.d, &c.a).await;
        let call =
            c.a.request("GET", "/users/xuid(1001)/people?view=FriendList")
                .contract("3");
        assert_person(
            &only(call.send().await),
            "1002",
            [
                ("isFavorite", false),
                ("isFollowingCaller", true),
                ("isFollowedByCaller", true),
                ("isFriend", true),
            ],
        );
        let legacy =
            c.a.get("/users/me/people?view=LegacyXboxLiveFriends")
                .await
                .expect(200);
        assert_eq!(legacy.json(), json!({ "people": [], "totalCount": 0 }));
    }

    async fn c05_a_person_is_found_where_either_follows_the_other(w: World) {
        let c = cast(&w).await;
        let path = "/users/me/people/xuid(1003)";
        assert_eq!(c.a.get(path).await.status, 404);
        follow(&c.c, &c.a).await;
        let person = c.a.get(path).await.expect(200);
        assert_json(&person);
        assert_person(
            &person.json(),
            "1003",
            [
                ("isFavorite", false),
                ("isFollowingCaller", true),
                ("isFollowedByCaller", false),
                ("isFriend", false),
            ],
        );
        follow(&c.a, &c.c).await;
        assert_person(
            &c.a.get(path).await.expect(200).json(),
            "1003",
            [
                ("isFavorite", false),
                ("isFollowingCaller", true),
                ("isFollowedByCaller", true),
                ("isFriend", true),
            ],
        );
        unfollow(&c.c, &c.a).await.expect_empty(204);
        assert_person(
            &c.a.get(path).await.expect(200).json(),
            "1003",
            [
                ("isFavorite", false),
                ("isFollowingCaller", false),
                ("isFollowedByCaller", true),
                ("isFriend", false),
            ],
        );
    }

    async fn c06_following_oneself_is_refused_and_following_twice_is_not(w: World) {
        let c = cast(&w).await;
        coded(
            c.a.request("PUT", "/users/me/people/xuid(1001)")
                .send()
                .await,
            400,
            1015,
        );
        follow(&c.a, &c.b).await;
        follow(&c.a, &c.b).await;
        assert_eq!(xuids(c.a.get("/users/me/people").await), ["1002"]);
    }
}

#[tokio::test]
async fn c06_a_list_holds_two_thousand_people() {
    let w = World::new(StoreKind::Memory).await;
    let c = cast(&w).await;
    let put = |n: u32| {
        let path = format!("/users/me/people/xuid({})", 5000 + n);
        c.a.request("PUT", &path).send()
    };
    for n in 0..2000 {
        put(n).await.expect(204);
    }
    coded(put(2000).await, 400, 1028);
    // Whoever is there already is no addition.
    put(0).await.expect(204);
    c.a.delete("/users/me/people/xuid(5000)").await.expect(204);
    put(2000).await.expect(204);
    let list = c.a.get("/users/me/people?maxItems=2000").await;
    assert_eq!(list.json()["totalCount"], 2000);
    assert_eq!(xuids(list).len(), 2000);
    assert_eq!(xuids(c.a.get("/users/me/people").await).len(), 100);
}

#[tokio::test]
async fn the_people_list_is_kept_across_a_restart() {
    let w = World::new(StoreKind::Sqlite).await;
    let c = cast(&w).await;
    follow(&c.a, &c.b).await;
    follow(&c.a, &c.c).await;
    mark(&c.a, "PUT", &c.c).await.expect_empty(204);
    let before = c.a.get("/users/me/people").await.json();
    drop(c);
    let w = w.restart().await;
    let a = user(&w, 1001, "777").await;
    assert_eq!(a.get("/users/me/people").await.json(), before);
}
