//! What the people list does to sessions and queries: `followed`, `local` and the monikers.

use serde_json::{Value, json};

use crate::handle_steps::{
    Cast, S1, S2, active, activity, cast, cast_in, custom, follow, game, join, join_with,
    member_xuids, place_for, post, refused_with_session, session_answer, session_in, system, text,
};
use crate::world::{Answer, Player, World};

/// The restriction of both reading and joining.
fn both(restriction: &str) -> Value {
    json!({ "properties": { "system": {
        "joinRestriction": restriction, "readRestriction": restriction,
    } } })
}

/// A creates a session where only joining is restricted: its path.
async fn followed_session(c: &Cast) -> String {
    let path = session_in(S2, "keep", "s1");
    let mut body = active(true);
    body["properties"] = system("joinRestriction", "followed")["properties"].clone();
    c.a.put(&path, body).await.expect(201);
    path
}

/// A user of a device.
async fn on_device(w: &World, xuid: u64, device: &str) -> Player {
    w.token(json!({ "xuid": xuid.to_string(), "titleId": "123", "deviceId": device }))
        .await
}

/// The owners of the activities found.
#[track_caller]
fn owners(answer: Answer) -> Vec<String> {
    let found = answer.expect(200).json();
    let found = found["results"].as_array().expect("results is a list");
    found
        .iter()
        .map(|handle| text(handle, "ownerXuid").to_owned())
        .collect()
}

/// The query for the activities of a user's people.
fn people_of(moniker: &str, of: Option<&str>) -> Value {
    let mut people = json!({ "moniker": moniker });
    if let Some(xuid) = of {
        people["monikerXuid"] = json!(xuid);
    }
    json!({ "type": "activity", "scid": S1, "owners": { "people": people } })
}

every_store! {
    async fn c10_the_people_of_a_query_are_those_the_caller_follows(w: World) {
        let c = cast(&w).await;
        join(&c.b, &game("g1")).await;
        post(&c.b, activity("g1")).await;
        let query = "/handles/query";
        let people = || people_of("people", Some("1001"));
        assert_eq!(
            owners(c.a.post(query, people()).await),
            Vec::<String>::new()
        );
        follow(&c.b, &c.a).await;
        assert_eq!(
            owners(c.a.post(query, people()).await),
            Vec::<String>::new()
        );
        follow(&c.a, &c.b).await;
        assert_eq!(owners(c.a.post(query, people()).await), ["1002"]);
        let favourites = || people_of("favorites", Some("1001"));
        assert_eq!(
            owners(c.a.post(query, favourites()).await),
            Vec::<String>::new()
        );
        c.a.request("PUT", "/users/me/people/favorites/xuid(1002)")
            .send()
            .await
            .expect(204);
        assert_eq!(owners(c.a.post(query, favourites()).await), ["1002"]);
        assert_eq!(
            owners(c.a.post(query, people_of("friends", Some("1001"))).await),
            ["1002"]
        );
        c.b.delete("/users/me/people/xuid(1001)").await.expect(204);
        assert_eq!(
            owners(c.a.post(query, people_of("friends", Some("1001"))).await),
            Vec::<String>::new()
        );
        assert_eq!(
            owners(c.a.post(query, people_of("all", Some("1001"))).await),
            ["1002"]
        );
        let mut both = people();
        both["owners"]["xuids"] = json!(["1002"]);
        c.a.post(query, both).await.expect_text(400);
        c.a.post(query, people_of("followers", Some("1001")))
            .await
            .expect_text(400);
    }

    async fn c10_the_caller_is_not_among_the_callers_people(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        join(&c.b, &game("g1")).await;
        post(&c.a, activity("g1")).await;
        post(&c.b, activity("g1")).await;
        follow(&c.a, &c.b).await;
        follow(&c.b, &c.a).await;
        assert_eq!(
            owners(c.a.post("/handles/query", people_of("people", None)).await),
            ["1002"]
        );
    }

    async fn c10_the_newest_activity_comes_first(w: World) {
        let c = cast(&w).await;
        for player in [&c.b, &c.d, &c.c] {
            join(player, &game("g1")).await;
            post(player, activity("g1")).await;
            follow(&c.a, player).await;
            w.advance(1000).await;
        }
        let found = owners(
            c.a.post("/handles/query", people_of("people", Some("1001")))
                .await,
        );
        assert_eq!(found, ["1003", "1004", "1002"]);
    }

    async fn c11_the_people_of_a_stranger_are_not_for_users_to_ask_about(w: World) {
        let c = cast(&w).await;
        join(&c.b, &game("g1")).await;
        post(&c.b, activity("g1")).await;
        follow(&c.a, &c.b).await;
        let query = people_of("people", Some("1001"));
        c.c.post("/handles/query", query.clone())
            .await
            .expect_text(403);
        let reader = w
            .token(json!({ "roles": ["people.read", "sessions.server"] }))
            .await;
        assert_eq!(owners(reader.post("/handles/query", query).await), ["1002"]);
    }

    async fn c12_followed_admits_whom_any_member_follows(w: World) {
        let c = cast_in(&w, "123").await;
        let path = followed_session(&c).await;
        follow(&c.a, &c.b).await;
        follow(&c.c, &c.a).await;
        session_answer(c.b.put(&path, active(true)).await, 200);
        refused_with_session(c.c.put(&path, active(true)).await);
        refused_with_session(c.d.put(&path, active(true)).await);
        follow(&c.b, &c.d).await;
        session_answer(c.d.put(&path, active(true)).await, 200);
        // A place kept is enough.
        c.a.put(
            &path,
            json!({ "members": { "reserve_0": place_for(1005) } }),
        )
        .await
        .expect(200);
        let full = session_answer(c.e.put(&path, active(true)).await, 200);
        assert_eq!(member_xuids(&full), ["1001", "1002", "1004", "1005"]);
        // Whoever is in stays in.
        c.a.delete("/users/me/people/xuid(1002)").await.expect(204);
        let after = session_answer(c.b.put(&path, custom("a", 1)).await, 200);
        assert_eq!(after["membersInfo"]["count"], 4);
    }

    async fn c12_local_is_the_device_of_an_active_member(w: World) {
        let c = cast_in(&w, "123").await;
        let (a, beside, elsewhere) = (
            on_device(&w, 1001, "device-1").await,
            on_device(&w, 1003, "device-1").await,
            on_device(&w, 1004, "device-2").await,
        );
        for restriction in ["local", "followed"] {
            let path = session_in(S2, "keep", restriction);
            let mut body = active(true);
            body["properties"] = both(restriction)["properties"].clone();
            a.put(&path, body).await.expect(201);
            elsewhere.put(&path, active(true)).await.expect_text(403);
            // A token without a device is local to nobody.
            c.b.put(&path, active(true)).await.expect_text(403);
            session_answer(beside.get(&path).await, 200);
            let joined = session_answer(beside.put(&path, active(true)).await, 200);
            assert_eq!(member_xuids(&joined), ["1001", "1003"]);
        }
    }

    async fn c12_an_inactive_member_makes_nobody_local(w: World) {
        let path = session_in(S2, "slow", "s1");
        let (a, beside) = (
            on_device(&w, 1001, "device-1").await,
            on_device(&w, 1003, "device-1").await,
        );
        let mut body = active(false);
        body["properties"] = both("local")["properties"].clone();
        a.put(&path, body).await.expect(201);
        beside.put(&path, active(true)).await.expect_text(403);
        a.put(&path, active(true)).await.expect(200);
        session_answer(beside.put(&path, active(true)).await, 200);
    }

    async fn c12_two_users_without_a_device_are_not_local_to_each_other(w: World) {
        let c = cast_in(&w, "123").await;
        let path = session_in(S2, "keep", "s1");
        join_with(&c.a, &path, "joinRestriction", "local").await;
        refused_with_session(c.b.put(&path, active(true)).await);
    }

    async fn c13_a_place_kept_for_somebody_lets_nobody_in_whom_they_follow(w: World) {
        let c = cast_in(&w, "123").await;
        let path = followed_session(&c).await;
        c.a.put(
            &path,
            json!({ "members": { "reserve_0": place_for(1002) } }),
        )
        .await
        .expect(200);
        follow(&c.b, &c.c).await;
        refused_with_session(c.c.put(&path, active(true)).await);
        session_answer(c.b.put(&path, active(true)).await, 200);
        session_answer(c.c.put(&path, active(true)).await, 200);
    }

    async fn c14_reading_may_be_for_the_followed_only(w: World) {
        let c = cast_in(&w, "123").await;
        let path = session_in(S2, "keep", "s1");
        let mut body = active(true);
        body["properties"] = both("followed")["properties"].clone();
        c.a.put(&path, body).await.expect(201);
        follow(&c.a, &c.b).await;
        follow(&c.c, &c.a).await;
        c.c.get(&path).await.expect_text(403);
        c.c.get(&format!("{path}/members")).await.expect_text(403);
        session_answer(c.b.get(&path).await, 200);
        session_answer(c.a.get(&path).await, 200);
        session_answer(c.svc.get(&path).await, 200);
        let mut guarded = c.c.request("GET", &path);
        guarded = guarded.header("If-None-Match", &c.a.get(&path).await.etag());
        guarded.send().await.expect_text(403);
    }
}
