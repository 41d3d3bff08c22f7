//! The parts of a session that have URIs of their own, and `nocommit`.

use serde_json::{Value, json};

use crate::fixtures::{A, A_DEVICE, B, C, D, SCID, active, create, custom, leave, me, session};
use crate::json::no_nulls;
use crate::world::{Player, World};

/// A's session of template `open`, joined by B, with a server entry and a custom property.
async fn a_and_b(w: &World) -> (Player, Player, String) {
    let (a, b, server) = (w.user(A).await, w.user(B).await, w.server().await);
    let path = session("open", "e");
    a.put(&path, create(A)).await.expect(201);
    b.put(&path, create(B)).await.expect(200);
    a.put(&path, custom(json!({"map": "m"}))).await.expect(200);
    let body = json!({"servers": {"matchmaking": {"properties": {"custom": {"s": 1}}}}});
    server.put(&path, body).await.expect(200);
    (a, b, path)
}

every_store! {
    async fn each_element_reads_as_it_stands_in_the_session(w: World) {
        let (_, b, path) = a_and_b(&w).await;
        let read = b.get(&path).await.expect(200).json();
        let rows = [
            ("properties", "/properties"),
            ("constants", "/constants"),
            ("members", "/members"),
            ("servers", "/servers"),
            ("members/0", "/members/0"),
            ("members/1", "/members/1"),
            ("members/me", "/members/1"),
            ("servers/matchmaking", "/servers/matchmaking"),
            ("Members/ME", "/members/1"),
        ];
        for (element, place) in rows {
            let answer = b.get(&format!("{path}/{element}")).await.expect(200);
            assert_eq!(answer.header("content-type"), Some("application/json"), "{element}");
            assert_eq!(Some(&answer.json()), read.pointer(place), "{element}");
            no_nulls(&answer.json());
        }
    }

    async fn an_element_that_is_absent_from_a_session_answers_nothing(w: World) {
        let (_, _, path) = a_and_b(&w).await;
        let c = w.user(C).await;
        for element in ["members/7", "members/me", "servers/none"] {
            c.get(&format!("{path}/{element}")).await.expect_empty(204);
        }
    }

    async fn an_element_of_a_session_that_does_not_exist_is_not_found(w: World) {
        let a = w.user(A).await;
        let missing = session("open", "missing");
        let elements = ["properties", "constants", "members", "servers", "members/0",
            "members/me", "servers/matchmaking"];
        for element in elements {
            a.get(&format!("{missing}/{element}")).await.expect_text(404);
        }
        for element in ["members/me", "members/0", "servers/matchmaking"] {
            let server = w.server().await;
            let caller = if element == "members/me" { &a } else { &server };
            caller.delete(&format!("{missing}/{element}")).await.expect_text(404);
        }
    }

    async fn an_element_that_cannot_exist_is_not_found(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        let elements = ["bogus", "members/x", "members/-1", "members/0/constants",
            "properties/custom", "members/1e0"];
        for element in elements {
            a.get(&format!("{path}/{element}")).await.expect_text(404);
        }
        a.delete(&format!("{path}/members/x")).await.expect_text(404);
    }

    async fn an_element_is_read_under_the_conditions_of_its_session(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        let current = a.get(&path).await.expect(200).etag();
        let element = format!("{path}/properties");
        let call = a.request("GET", &element).header("if-none-match", &current);
        call.send().await.expect_empty(304);
        let hidden = session("priv", "e");
        a.put(&hidden, create(A)).await.expect(201);
        let c = w.user(C).await;
        for element in ["properties", "members", "members/me", "members/7"] {
            c.get(&format!("{hidden}/{element}")).await.expect_text(403);
        }
    }

    async fn a_verb_that_a_uri_does_not_know_is_refused_with_those_it_does(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        let templates = format!("/serviceconfigs/{SCID}/sessiontemplates");
        let rows = [
            (path.clone(), "GET, PUT"),
            (format!("{path}/properties"), "GET, PUT"),
            (format!("{path}/constants"), "GET"),
            (format!("{path}/members"), "GET"),
            (format!("{path}/servers"), "GET"),
            (format!("{path}/members/0"), "DELETE, GET"),
            (format!("{path}/members/me"), "DELETE, GET"),
            (format!("{path}/servers/matchmaking"), "DELETE, GET"),
            (templates.clone(), "GET"),
            (format!("{templates}/open"), "GET"),
        ];
        for (uri, allowed) in rows {
            for verb in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
                if allowed.contains(verb) {
                    continue;
                }
                let call = a.request(verb, &uri).json(json!({}));
                let answer = call.send().await.expect_text(405);
                let shown = answer.header("allow").unwrap_or_default();
                let mut shown: Vec<_> = shown.split(',').map(str::trim).collect();
                shown.sort_unstable();
                assert_eq!(shown.join(", "), allowed, "{}", answer.sent);
            }
        }
    }

    async fn a_server_deletes_a_member_by_index(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        let server = w.server().await;
        let second = format!("{path}/members/1");
        a.delete(&second).await.expect_text(403);
        let removed = server.delete(&second).await.expect(200);
        assert_eq!(removed.etag(), a.get(&path).await.etag());
        assert!(removed.json()["members"].get("1").is_none());
        server.delete(&second).await.expect_empty(204);
        server.delete(&format!("{path}/members/0")).await.expect_empty(204);
        a.get(&path).await.expect_empty(204);
    }

    async fn a_server_deletes_a_server_entry(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        let server = w.server().await;
        let entry = format!("{path}/servers/matchmaking");
        a.delete(&entry).await.expect_text(403);
        let removed = server.delete(&entry).await.expect(200).json();
        assert_eq!(removed["servers"], json!({}));
        server.delete(&entry).await.expect_empty(204);
        server.delete(&format!("{path}/members/me")).await.expect_text(403);
    }

    async fn a_large_session_shows_nobody_elses_element(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("big", "e");
        a.put(&path, active()).await.expect(201);
        b.put(&path, active()).await.expect(200);
        let own = b.get(&format!("{path}/members/me")).await.expect(200).json();
        let by_index = b.get(&format!("{path}/members/1")).await.expect(200).json();
        assert_eq!(own, by_index);
        assert_eq!(own["constants"]["system"]["xuid"], "1002");
        b.get(&format!("{path}/members/0")).await.expect_empty(204);
    }

    async fn a_large_sessions_members_are_not_deleted_by_index(w: World) {
        let (a, server) = (w.user(A).await, w.server().await);
        let path = session("big", "e");
        a.put(&path, active()).await.expect(201);
        server.delete(&format!("{path}/members/0")).await.expect_text(409);
        a.delete(&format!("{path}/members/me")).await.expect_empty(204);
    }

    async fn without_commit_the_answer_is_real_and_the_session_is_not_touched(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        let before = a.get(&path).await.expect(200);
        let dry = format!("{path}?nocommit=true");
        let asked = a.put(&dry, custom(json!({"map": "other"}))).await.expect(200).json();
        assert_eq!(asked["properties"]["custom"], json!({"map": "other"}));
        let asked = a.put(&dry, me(json!({"secureDeviceAddress": A_DEVICE}))).await.expect(200);
        assert!(asked.json()["members"]["0"]["deviceToken"].is_string());
        w.user(D).await.put(&dry, active()).await.expect(200);
        a.put(&format!("{path}?other=x&NoCommit=TRUE"), leave()).await.expect(200);
        a.put(&dry, leave()).await.expect(200);
        a.put(&dry, json!({"bogus": 1})).await.expect_naming(400, "bogus");
        let call = a.request("PUT", &dry).header("if-match", "\"stale\"");
        call.json(json!({})).send().await.expect(412);
        let after = a.get(&path).await.expect(200);
        assert_eq!(after.body, before.body);
        assert_eq!(after.etag(), before.etag());
        let kept = a.put(&format!("{path}?nocommit=false"), custom(json!({"map": "n"}))).await;
        assert_eq!(kept.expect(200).json()["properties"]["custom"], json!({"map": "n"}));
    }

    async fn a_write_to_the_properties_element_obeys_the_rules_of_a_session_write(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        let element = format!("{path}/properties");
        let rows: [(Value, &str); 3] = [
            (json!({"system": {"bogus": 1}}), "properties.system.bogus"),
            (json!({"system": {"locked": true}}), "properties.system.locked"),
            (json!({"other": {}}), "properties.other"),
        ];
        for (body, place) in rows {
            a.put(&element, body).await.expect_naming(400, place);
        }
        let before = a.get(&path).await.expect(200).etag();
        let written = a.put(&element, json!({"custom": {"map": "m"}})).await.expect(200);
        assert_eq!(written.etag(), before);
    }
}
