//! Search handles: what they may say, whose they are, and whom they let in.
//!
//! Not here: queries over them.

use serde_json::{Value, json};

use crate::handle_steps::{
    Cast, ID, S2, TIME, cast, cast_in, created, follow, game, handle, join, joining, leaving,
    masked, member_xuids, path_of, place_for, post, reference, reference_in, refused_with_session,
    session, session_answer, session_in, system, text, via,
};

/// `POST /handles` for a search handle of `b1` with these attributes.
fn search(attributes: &Value) -> Value {
    let mut body = handle("search", &reference("browse", "b1"));
    body["searchAttributes"] = attributes.clone();
    body
}

/// A owns `b1` and has posted it for search: the handle's path.
async fn posted(c: &Cast) -> String {
    join(&c.a, &session("browse", "b1")).await;
    post(&c.a, handle("search", &reference("browse", "b1"))).await
}

/// The body with which A creates a session that can be searched for and has no owners.
fn searchable(c: &Cast) -> Value {
    let mut body = joining(&c.a);
    body["constants"] = json!({ "system": { "capabilities": { "searchable": true } } });
    body
}

every_store! {
    async fn h49_a_search_handle_answers_201_and_keeps_the_letter_case(w: World) {
        let c = cast(&w).await;
        join(&c.a, &session("browse", "b1")).await;
        let attributes = json!({
            "tags": ["MicsRequired", "ProRank"], "strings": { "Class": "A" },
            "numbers": { "Skill_D": 10.145, "Skill_I": 14 },
        });
        let document = created(c.a.post("/handles", search(&attributes)).await);
        assert_eq!(
            masked(&document),
            json!({
                "id": ID, "type": "search", "version": 1, "createTime": TIME,
                "sessionRef": reference("browse", "b1"), "searchAttributes": attributes,
            })
        );
        assert_eq!(
            c.b.get(&path_of(&document)).await.expect(200).json(),
            document
        );
    }

    async fn h50_a_session_has_one_search_handle_and_the_newest_counts(w: World) {
        let c = cast(&w).await;
        let first = posted(&c).await;
        let second = post(&c.a, search(&json!({ "tags": ["x"] }))).await;
        assert_ne!(first, second);
        c.b.get(&first).await.expect_text(404);
        c.b.get(&second).await.expect(200);
        let document = c.a.get(&session("browse", "b1")).await.json();
        assert_eq!(
            format!("/handles/{}", text(&document, "searchHandle")),
            second
        );
        c.a.delete(&second).await.expect_empty(204);
        let document = c.a.get(&session("browse", "b1")).await.json();
        assert_eq!(document.get("searchHandle"), None);
    }

    async fn h51_a_session_that_is_not_searchable_or_missing_has_no_search_handle(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        c.a.post("/handles", handle("search", &reference("game", "g1")))
            .await
            .expect_text(403);
        c.a.post(
            "/handles",
            handle("search", &reference("browse", "missing")),
        )
        .await
        .expect_text(404);
        c.svc
            .post(
                "/handles",
                handle("search", &reference("browse", "missing")),
            )
            .await
            .expect_text(404);
    }

    async fn h51_search_attributes_are_checked(w: World) {
        let c = cast(&w).await;
        join(&c.a, &session("browse", "b1")).await;
        let long = |n: usize| "a".repeat(n);
        let map = |n: usize, value: Value| -> Value {
            Value::Object((0..n).map(|i| (format!("k{i}"), value.clone())).collect())
        };
        let list = |n: usize| -> Value { (0..n).map(|i| json!(format!("t{i}"))).collect() };
        let refused = [
            ("tag begins with a digit", json!({ "tags": ["1abc"] })),
            ("tag with a space", json!({ "tags": ["has space"] })),
            ("tag of 100", json!({ "tags": [long(100)] })),
            ("tag empty", json!({ "tags": [""] })),
            ("tag a number", json!({ "tags": [1] })),
            ("tags no list", json!({ "tags": "a" })),
            ("33 tags", json!({ "tags": list(33) })),
            ("number as text", json!({ "numbers": { "x": "5" } })),
            (
                "number name with a space",
                json!({ "numbers": { "a b": 5 } }),
            ),
            ("number name of 100", json!({ "numbers": { long(100): 5 } })),
            (
                "number name begins with a digit",
                json!({ "numbers": { "1a": 5 } }),
            ),
            ("33 numbers", json!({ "numbers": map(33, json!(1)) })),
            ("numbers no object", json!({ "numbers": [1] })),
            ("string as number", json!({ "strings": { "x": 5 } })),
            (
                "string of 100 bytes",
                json!({ "strings": { "x": long(100) } }),
            ),
            (
                "string of 50 two-byte letters",
                json!({ "strings": { "x": "é".repeat(50) } }),
            ),
            (
                "string name with a space",
                json!({ "strings": { "a b": "x" } }),
            ),
            ("33 strings", json!({ "strings": map(33, json!("x")) })),
            ("17 achievements", json!({ "achievementIds": list(17) })),
            ("achievement a number", json!({ "achievementIds": [1] })),
            (
                "more than 8 KiB",
                json!({ "tags": (0..32).map(|i| format!("t{i}{}", long(90))).collect::<Vec<_>>(),
                "strings": (0..32).map(|i| (format!("k{i}{}", long(90)), json!(long(99))))
                    .collect::<serde_json::Map<_, _>>() }),
            ),
            ("no object", json!([])),
        ];
        for (case, attributes) in refused {
            let answer = c.a.post("/handles", search(&attributes)).await;
            assert_eq!(answer.status, 400, "{case}: {}", answer.text());
        }
        let accepted = [
            json!({ "tags": [long(99), "a-b_c.d", "A1"] }),
            json!({ "tags": list(32) }),
            json!({ "numbers": { "x": -0.5, "y": 0, "z": 1e300, long(99): 5 } }),
            json!({ "numbers": map(32, json!(2.5)) }),
            json!({ "strings": { "x": long(99), "y": "", "z": "With Space" } }),
            json!({ "strings": map(32, json!("x")) }),
            json!({ "achievementIds": list(16), "locale": "en-US" }),
            json!({ "language": "de" }),
            json!({}),
        ];
        for attributes in accepted {
            let answer = c.a.post("/handles", search(&attributes)).await;
            assert_eq!(answer.status, 201, "{attributes}: {}", answer.text());
            assert_eq!(answer.json()["searchAttributes"], attributes);
        }
    }

    async fn h58_a_search_handle_opens_a_session_that_is_local_by_default(w: World) {
        let c = cast(&w).await;
        let path = format!("{}/session", posted(&c).await);
        let by_name = c.b.put(&session("browse", "b1"), joining(&c.b)).await;
        assert_eq!(by_name.status, 403, "{}", by_name.text());
        session_answer(c.b.get(&path).await, 200);
        let joined = session_answer(c.b.put(&path, joining(&c.b)).await, 200);
        assert_eq!(member_xuids(&joined), ["1001", "1002"]);
    }

    async fn h60_a_search_handle_goes_with_its_session(w: World) {
        let c = cast(&w).await;
        let path = posted(&c).await;
        c.a.put(&session("browse", "b1"), leaving())
            .await
            .expect_empty(204);
        c.a.get(&path).await.expect_text(404);
        c.a.get(&format!("{path}/session")).await.expect_text(404);
    }

    async fn rule_1_13_a_session_that_lost_its_last_owner_without_an_heir_is_found_no_more(w: World) {
        let c = cast_in(&w, "123").await;
        let path = session_in(S2, "bare", "heirless");
        let mut creation = joining(&c.a);
        creation["constants"] = json!({ "system": {
            "capabilities": { "searchable": true, "hasOwners": true },
            "ownershipPolicies": { "migration": "oldest" },
        } });
        creation["members"]["reserve_0"] = place_for(1002);
        c.a.put(&path, creation).await.expect(201);
        let body = handle("search", &reference_in(S2, "bare", "heirless"));
        let posted = post(&c.a, body.clone()).await;
        let ask = json!({ "type": "search", "scid": S2, "templateName": "bare" });
        let found = async || {
            let answer = c.d.post("/handles/query", ask.clone()).await.expect(200).json();
            answer["results"].as_array().map(Vec::len)
        };
        assert_eq!(found().await, Some(1));
        // B's place is only reserved, so there is nobody to take over.
        let left = session_answer(c.a.put(&path, leaving()).await, 200);
        assert_eq!(left["membersInfo"]["count"], 1);
        assert_eq!(left["properties"]["system"].get("owners"), None);
        assert_eq!(left.get("searchHandle"), None);
        c.svc.get(&posted).await.expect_text(404);
        c.b.put(&format!("{posted}/session"), joining(&c.b)).await.expect_text(404);
        assert_eq!(found().await, Some(0));
        // A member who comes does not own it, and publishes nothing.
        c.b.put(&path, joining(&c.b)).await.expect(200);
        c.b.post("/handles", body).await.expect_text(403);
        assert_eq!(found().await, Some(0));
    }

    async fn rule_s4_only_an_owner_or_a_server_posts_a_search_handle(w: World) {
        let c = cast(&w).await;
        let path = format!("{}/session", posted(&c).await);
        session_answer(c.b.put(&path, joining(&c.b)).await, 200);
        let body = handle("search", &reference("browse", "b1"));
        c.b.post("/handles", body.clone()).await.expect_text(403);
        c.c.post("/handles", body.clone()).await.expect_text(403);
        post(&c.svc, body).await;
        // Without owners every accepted member may, and nobody else.
        let c = cast_in(&w, "123").await;
        let open = session_in(S2, "bare", "s1");
        let mut creation = searchable(&c);
        creation["members"]["reserve_0"] = place_for(1003);
        c.a.put(&open, creation).await.expect(201);
        join(&c.b, &open).await;
        let body = handle("search", &reference_in(S2, "bare", "s1"));
        post(&c.b, body.clone()).await;
        c.c.post("/handles", body.clone()).await.expect_text(403);
        c.d.post("/handles", body).await.expect_text(403);
    }

    async fn rule_s11_search_attributes_may_be_left_out(w: World) {
        let c = cast(&w).await;
        join(&c.a, &session("browse", "b1")).await;
        let mut document = created(
            c.a.post("/handles", handle("search", &reference("browse", "b1")))
                .await,
        );
        // An empty object says the same as nothing.
        if document["searchAttributes"] == json!({}) {
            let fields = document.as_object_mut().expect("an object");
            fields.remove("searchAttributes");
        }
        assert_eq!(
            masked(&document),
            json!({
                "id": ID, "type": "search", "version": 1, "createTime": TIME,
                "sessionRef": reference("browse", "b1"),
            })
        );
    }

    async fn rule_s12_a_closed_or_full_session_keeps_its_search_handle(w: World) {
        let c = cast(&w).await;
        let path = posted(&c).await;
        for player in [&c.b, &c.d, &c.e] {
            session_answer(
                player
                    .put(&format!("{path}/session"), joining(player))
                    .await,
                200,
            );
        }
        c.b.get(&path).await.expect(200);
        c.a.put(&session("browse", "b1"), system("closed", true))
            .await
            .expect(200);
        c.b.get(&path).await.expect(200);
        refused_with_session(c.c.put(&format!("{path}/session"), joining(&c.c)).await);
    }

    async fn rule_s15_a_search_handle_does_not_open_what_is_followed(w: World) {
        let c = cast_in(&w, "123").await;
        let open = session_in(S2, "bare", "s1");
        c.a.put(&open, searchable(&c)).await.expect(201);
        let path = via(&c.a, handle("search", &reference_in(S2, "bare", "s1"))).await;
        session_answer(c.b.put(&path, joining(&c.b)).await, 200);
        c.a.put(&open, system("joinRestriction", "followed"))
            .await
            .expect(200);
        refused_with_session(c.c.put(&path, joining(&c.c)).await);
        follow(&c.a, &c.c).await;
        session_answer(c.c.put(&path, joining(&c.c)).await, 200);

        let path = format!("{}/session", posted(&c).await);
        let followed = json!({ "properties": { "system": {
            "joinRestriction": "followed", "readRestriction": "followed",
        } } });
        c.a.put(&session("browse", "b1"), followed)
            .await
            .expect(200);
        let refused = c.d.put(&path, joining(&c.d)).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
    }

    async fn rule_1_10_a_search_handle_is_deleted_by_its_creator_an_owner_or_a_server(w: World) {
        let c = cast(&w).await;
        let path = posted(&c).await;
        session_answer(
            c.b.put(&format!("{path}/session"), joining(&c.b)).await,
            200,
        );
        c.b.delete(&path).await.expect_text(403);
        c.c.delete(&path).await.expect_text(403);
        c.a.delete(&path).await.expect_empty(204);
        let path = post(&c.svc, handle("search", &reference("browse", "b1"))).await;
        c.a.delete(&path).await.expect_empty(204);
        let path = post(&c.a, handle("search", &reference("browse", "b1"))).await;
        c.svc.delete(&path).await.expect_empty(204);
        c.svc.delete(&path).await.expect_text(404);
    }
}
