//! Creating a session from its template.

use serde_json::{Value, json};

use crate::document::with_known_ids;
use crate::fixtures::{
    A, A_CONNECTION, B, active, connected, create, leave, reserve, session, system,
};
use crate::json::assert_contains;

const START: &str = "2026-01-01T00:00:00.0000000Z";

every_store! {
    async fn e13_creating_answers_the_whole_document(w: World) {
        let a = w.user(A).await;
        let answer = a.put(&session("open", "c1"), create(A)).await.expect(201);
        assert_eq!(answer.header("location"), None);
        assert_eq!(answer.header("expires"), None);
        assert_eq!(with_known_ids(answer.json()), created_by_a());
        let read = a.get(&session("open", "c1")).await.expect(200);
        assert_eq!(read.body, answer.body);
        assert_eq!(read.etag(), answer.etag());
    }

    async fn e14_the_older_contract_groups_the_timeouts(w: World) {
        let a = w.user(A).await;
        let call = a.request("PUT", &session("open", "c2")).contract("105");
        let created = call.json(create(A)).send().await.expect(201).json();
        let mut expected = created_by_a();
        expected["contractVersion"] = json!(105);
        expected["properties"]["system"]["matchmaking"] = json!({});
        expected["constants"]["system"] = json!({
            "version": 1, "maxMembersCount": 4, "visibility": "open",
            "capabilities": {"connectivity": true},
            "timeouts": {"reserved": 30000, "inactive": 0, "ready": 180_000, "sessionEmpty": 0},
        });
        assert_eq!(with_known_ids(created), expected);
    }

    async fn e15_if_none_match_star_creates_but_never_touches_an_existing_session(w: World) {
        let a = w.user(A).await;
        let path = session("open", "c3");
        let put = || a.request("PUT", &path).header("if-none-match", "*").json(create(A));
        put().send().await.expect(201);
        put().send().await.expect_empty(412);
        assert_eq!(a.get(&path).await.expect(200).json()["changeNumber"], 1);
    }

    async fn e16_if_match_star_never_creates(w: World) {
        let a = w.user(A).await;
        let path = session("open", "c4");
        let call = a.request("PUT", &path).header("if-match", "*");
        call.json(create(A)).send().await.expect_empty(412);
        a.get(&path).await.expect_empty(204);
    }

    async fn e17_a_session_that_would_be_empty_at_once_is_not_created(w: World) {
        let a = w.user(A).await;
        let path = session("open", "c5");
        let only_custom = json!({"properties": {"custom": {"a": 1}}});
        for body in [json!({}), only_custom, leave()] {
            a.put(&path, body).await.expect_empty(204);
            a.get(&path).await.expect_empty(204);
        }
    }

    async fn e18_an_empty_session_is_created_when_it_may_stay_empty(w: World) {
        let server = w.server().await;
        let answer = server.put(&session("keep", "c6"), json!({})).await.expect(201);
        assert_eq!(answer.header("expires"), Some("Thu, 01 Jan 2026 00:01:00 GMT"));
        let expected = json!({
            "membersInfo": {"first": 0, "next": 0, "count": 0, "accepted": 0, "active": 0},
            "constants": {"system": {"version": 1, "maxMembersCount": 100, "visibility": "open",
                "capabilities": {}, "reservedRemovalTimeout": 30000, "inactiveRemovalTimeout": 0,
                "readyRemovalTimeout": 180_000, "sessionEmptyTimeout": 60000}, "custom": {}},
            "properties": {"system": {"turn": []}, "custom": {}},
            "servers": {}, "members": {},
            "correlationId": "<correlationId>", "contractVersion": 107, "branch": "<branch>",
            "changeNumber": 1, "startTime": START, "nextTimer": "2026-01-01T00:01:00.0000000Z",
        });
        assert_eq!(with_known_ids(answer.json()), expected);
    }

    async fn e19_a_constant_of_the_template_cannot_be_given_another_value(w: World) {
        let a = w.user(A).await;
        let path = session("open", "c7");
        let body = json!({"constants": {"system": {"maxMembersCount": 8}}, "members": {"me": {}}});
        a.put(&path, body).await.expect_naming(409, "constants.system.maxMembersCount");
        a.get(&path).await.expect_empty(204);
    }

    async fn e20_a_constant_of_the_template_can_be_repeated_and_others_added(w: World) {
        let a = w.user(A).await;
        let body = json!({"constants": {"system": {"maxMembersCount": 4, "version": 1},
            "custom": {"map": "x"}}, "members": {"me": {}}});
        let created = a.put(&session("open", "c8"), body).await.expect(201).json();
        assert_eq!(created["constants"]["custom"], json!({"map": "x"}));
        assert_contains(&created["constants"]["system"], &json!({"maxMembersCount": 4}));
    }

    async fn e21_empty_capabilities_in_the_template_rule_out_every_capability(w: World) {
        let a = w.user(A).await;
        let body = json!({"constants": {"system": {"capabilities": {"gameplay": true}}},
            "members": {"me": {}}});
        let answer = a.put(&session("caps0", "x"), body).await;
        answer.expect_naming(409, "constants.system.capabilities");
    }

    async fn e22_an_unknown_system_constant_is_refused_by_name(w: World) {
        let a = w.user(A).await;
        let body = json!({"constants": {"system": {"bogus": 1}}, "members": {"me": {}}});
        let answer = a.put(&session("open", "x"), body).await;
        answer.expect_naming(400, "constants.system.bogus");
    }

    async fn e23_a_session_that_is_not_large_holds_at_most_a_hundred_members(w: World) {
        let a = w.user(A).await;
        let constants = json!({"system": {"maxMembersCount": 101}});
        let body = json!({"constants": constants, "members": {"me": {}}});
        let answer = a.put(&session("keep", "x"), body).await;
        answer.expect_naming(400, "constants.system.maxMembersCount");
    }

    async fn e24_only_an_initiator_may_create_a_session_that_names_initiators(w: World) {
        let a = w.user(A).await;
        let path = session("keep", "x");
        let body = |xuid| json!({"constants": {"system": {"initiators": [xuid]}},
            "members": {"me": {}}});
        a.put(&path, body("1002")).await.expect_text(403);
        a.get(&path).await.expect_empty(204);
        let created = a.put(&path, body("1001")).await.expect(201).json();
        assert_eq!(created["constants"]["system"]["initiators"], json!(["1001"]));
    }

    async fn e25_user_authorization_style_restricts_to_local_users_by_default(w: World) {
        let a = w.user(A).await;
        let created = a.put(&session("uas", "x"), connected(A_CONNECTION)).await.expect(201).json();
        let restrictions = json!({"joinRestriction": "local", "readRestriction": "local"});
        assert_contains(&created["properties"]["system"], &restrictions);
        let own = json!({"active": true, "connection": A_CONNECTION});
        assert_contains(&created["members"]["0"]["properties"]["system"], &own);
    }

    async fn e26_nothing_is_stored_without_commit(w: World) {
        let a = w.user(A).await;
        let path = session("open", "c9");
        let asked = a.put(&format!("{path}?nocommit=true"), create(A)).await.expect(201);
        assert_eq!(with_known_ids(asked.json()), created_by_a());
        a.get(&path).await.expect_empty(204);
    }

    async fn e27_a_session_made_again_keeps_its_correlation_but_not_its_branch(w: World) {
        let a = w.user(A).await;
        let path = session("open", "c1");
        let first = a.put(&path, create(A)).await.expect(201);
        a.put(&path, custom_write()).await.expect(200);
        a.put(&path, leave()).await.expect_empty(204);
        w.advance(1500).await;
        let second = a.put(&path, create(A)).await.expect(201);
        assert_ne!(first.etag(), second.etag());
        let (first, second) = (first.json(), second.json());
        assert_eq!(first["correlationId"], second["correlationId"]);
        assert_ne!(first["branch"], second["branch"]);
        assert_eq!(second["changeNumber"], 1);
        assert_eq!(second["startTime"], "2026-01-01T00:00:01.5000000Z");
        assert_eq!(second["properties"]["custom"], json!({}));
    }

    async fn a_reservation_alone_is_enough_to_create_a_session(w: World) {
        let server = w.server().await;
        let created = server.put(&session("open", "x"), reserve(&[A, B])).await.expect(201).json();
        let counts = json!({"first": 0, "next": 2, "count": 2, "accepted": 0, "active": 0});
        assert_eq!(created["membersInfo"], counts);
        assert_eq!(created["nextTimer"], "2026-01-01T00:00:30.0000000Z");
    }

    async fn an_inactive_creator_is_due_for_removal_at_once(w: World) {
        let a = w.user(A).await;
        let created = a.put(&session("keep", "x"), json!({"members": {"me": {}}})).await;
        assert_eq!(created.expect(201).json()["nextTimer"], START);
    }

    async fn a_creator_may_keep_a_place_for_themselves(w: World) {
        let a = w.user(A).await;
        let path = session("open", "x");
        let created = a.put(&path, reserve(&[A])).await.expect(201).json();
        assert_eq!(created["members"]["0"]["reserved"], true);
        let accepted = a.put(&path, active()).await.expect(200).json();
        assert_eq!(accepted["membersInfo"]["accepted"], 1);
    }

    async fn server_entries_do_not_keep_a_session_alive(w: World) {
        let (a, server) = (w.user(A).await, w.server().await);
        let path = session("open", "x");
        let entry = json!({"servers": {"matchmaking": {}}});
        server.put(&path, entry.clone()).await.expect_empty(204);
        a.put(&path, create(A)).await.expect(201);
        server.put(&path, entry).await.expect(200);
        a.put(&path, leave()).await.expect_empty(204);
        server.get(&path).await.expect_empty(204);
    }

    async fn properties_given_at_creation_are_those_of_the_new_session(w: World) {
        let a = w.user(A).await;
        let mut body = active();
        let keywords = system(json!({"keywords": ["a"], "closed": true}));
        body["properties"] = keywords["properties"].clone();
        body["properties"]["custom"] = json!({"mode": "x"});
        let created = a.put(&session("open", "x"), body).await.expect(201).json();
        let expected = json!({"system": {"keywords": ["a"], "closed": true, "turn": []},
            "custom": {"mode": "x"}});
        assert_eq!(created["properties"], expected);
        assert_eq!(created["changeNumber"], 1);
    }

    async fn the_multiplayer_privilege_is_needed_to_create(w: World) {
        let body = json!({"xuid": "1001", "gamertag": "A", "titleId": "123", "privileges": [252]});
        let a = w.token(body).await;
        let path = session("open", "x");
        a.put(&path, create(A)).await.expect_text(403);
        a.get(&path).await.expect_empty(204);
    }
}

fn custom_write() -> Value {
    json!({"properties": {"custom": {"a": 1}}})
}

/// What A's creation of a session of template `open` answers.
fn created_by_a() -> Value {
    json!({
        "membersInfo": {"first": 0, "next": 1, "count": 1, "accepted": 1, "active": 1},
        "constants": {"system": {"version": 1, "maxMembersCount": 4, "visibility": "open",
            "capabilities": {"connectivity": true}, "reservedRemovalTimeout": 30000,
            "inactiveRemovalTimeout": 0, "readyRemovalTimeout": 180_000,
            "sessionEmptyTimeout": 0}, "custom": {}},
        "properties": {"system": {"turn": []}, "custom": {}},
        "servers": {},
        "members": {"0": {"next": 1, "joinTime": START, "gamertag": "A", "activeTitleId": "123",
            "constants": {"system": {"xuid": "1001", "index": 0}, "custom": {}},
            "properties": {"system": {"active": true}, "custom": {}}}},
        "correlationId": "<correlationId>", "contractVersion": 107, "branch": "<branch>",
        "changeNumber": 1, "startTime": START,
    })
}
