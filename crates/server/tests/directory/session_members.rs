//! Joining, updating and leaving a session.

use serde_json::{Value, json};

use crate::document::with_known_ids;
use crate::fixtures::{A, A_DEVICE, B, B_DEVICE, C, D, active, create, leave, me, session, system};
use crate::world::{Player, World};

/// A's session of template `open`, which B has joined.
async fn a_and_b(w: &World) -> (Player, Player, String) {
    let (a, b) = (w.user(A).await, w.user(B).await);
    let path = session("open", "c1");
    a.put(&path, create(A)).await.expect(201);
    b.put(&path, create(B)).await.expect(200);
    (a, b, path)
}

every_store! {
    async fn e41_a_second_user_joins_at_the_end_of_the_list(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("open", "c1");
        a.put(&path, create(A)).await.expect(201);
        w.advance(2000).await;
        let call = b.request("PUT", &path).header("if-match", "*").json(create(B));
        let joined = call.send().await.expect(200).json();
        let member = |index: u64, xuid: &str, gamertag: &str, time: &str| json!({
            "next": index + 1, "joinTime": time, "gamertag": gamertag, "activeTitleId": "123",
            "constants": {"system": {"xuid": xuid, "index": index}, "custom": {}},
            "properties": {"system": {"active": true}, "custom": {}},
        });
        let expected = json!({
            "membersInfo": {"first": 0, "next": 2, "count": 2, "accepted": 2, "active": 2},
            "constants": {"system": {"version": 1, "maxMembersCount": 4, "visibility": "open",
                "capabilities": {"connectivity": true}, "reservedRemovalTimeout": 30000,
                "inactiveRemovalTimeout": 0, "readyRemovalTimeout": 180_000,
                "sessionEmptyTimeout": 0}, "custom": {}},
            "properties": {"system": {"turn": []}, "custom": {}},
            "servers": {},
            "members": {"0": member(0, "1001", "A", "2026-01-01T00:00:00.0000000Z"),
                "1": member(1, "1002", "B", "2026-01-01T00:00:02.0000000Z")},
            "correlationId": "<correlationId>", "contractVersion": 107, "branch": "<branch>",
            "changeNumber": 2, "startTime": "2026-01-01T00:00:00.0000000Z",
        });
        assert_eq!(with_known_ids(joined), expected);
    }

    async fn e42_an_index_is_never_used_again(w: World) {
        let (_, b, path) = a_and_b(&w).await;
        let left = b.put(&path, leave()).await.expect(200).json();
        assert_eq!(left["membersInfo"]["count"], 1);
        assert_eq!(left["membersInfo"]["next"], 2);
        assert_eq!(left["members"]["0"]["next"], 2);
        let joined = b.put(&path, create(B)).await.expect(200).json();
        assert_eq!(joined["members"]["2"]["constants"]["system"]["index"], 2);
        assert_eq!(joined["members"]["0"]["next"], 2);
        assert_eq!(joined["membersInfo"]["next"], 3);
    }

    async fn e43_a_user_cannot_write_another_member(w: World) {
        let (_, b, path) = a_and_b(&w).await;
        let body = json!({"members": {"0": {"properties": {"custom": {"z": 1}}}}});
        b.put(&path, body).await.expect_naming(403, "members.0");
    }

    async fn e44_only_a_server_removes_another_member(w: World) {
        let (_, b, path) = a_and_b(&w).await;
        b.put(&path, leave()).await.expect(200);
        b.put(&path, create(B)).await.expect(200);
        let body = json!({"members": {"0": null}});
        b.put(&path, body.clone()).await.expect_naming(403, "members.0");
        let server = w.server().await;
        let removed = server.put(&path, body).await.expect(200).json();
        assert!(removed["members"].get("0").is_none());
        let counts = json!({"first": 2, "next": 3, "count": 1, "accepted": 1, "active": 1});
        assert_eq!(removed["membersInfo"], counts);
    }

    async fn e45_the_session_goes_with_its_last_member(w: World) {
        let a = w.user(A).await;
        let path = session("open", "c1");
        a.put(&path, create(A)).await.expect(201);
        a.put(&path, leave()).await.expect_empty(204);
        a.get(&path).await.expect_empty(204);
        a.put(&path, leave()).await.expect_empty(204);
    }

    async fn e46_an_empty_session_stays_for_the_empty_timeout(w: World) {
        let a = w.user(A).await;
        let path = session("keep", "x");
        a.put(&path, active()).await.expect(201);
        w.advance(5000).await;
        let left = a.put(&path, leave()).await.expect(200).json();
        let counts = json!({"first": 1, "next": 1, "count": 0, "accepted": 0, "active": 0});
        assert_eq!(left["membersInfo"], counts);
        assert_eq!(left["members"], json!({}));
        assert_eq!(left["nextTimer"], "2026-01-01T00:01:05.0000000Z");
        w.advance_lazily(60_000);
        let server = w.server().await;
        server.get(&path).await.expect_empty(204);
    }

    async fn e47_deleting_oneself_is_leaving(w: World) {
        let (a, b, path) = a_and_b(&w).await;
        let own = format!("{path}/members/me");
        let left = b.delete(&own).await.expect(200);
        assert_eq!(left.etag(), a.get(&path).await.etag());
        assert_eq!(left.json()["membersInfo"]["count"], 1);
        b.delete(&own).await.expect_empty(204);
        a.delete(&own).await.expect_empty(204);
        a.get(&path).await.expect_empty(204);
        a.delete(&own).await.expect_text(404);
    }

    async fn e48_a_member_is_not_active_and_ready_at_once(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        let answer = a.put(&path, me(json!({"active": true, "ready": true}))).await;
        answer.expect_naming(400, "members.me.properties.system");
    }

    async fn e49_nobody_joins_as_somebody_else(w: World) {
        let (a, b, path) = a_and_b(&w).await;
        let place = "members.me.constants.system.xuid";
        a.put(&path, create(B)).await.expect_naming(403, place);
        b.put(&session("open", "fresh"), create(A)).await.expect_naming(403, place);
    }

    async fn e50_a_members_constants_can_be_repeated_but_never_changed(w: World) {
        let a = w.user(A).await;
        let path = session("open", "c1");
        let body = |t: u64| json!({"members": {"me": {"constants": {"custom": {"t": t}},
            "properties": {"system": {"active": true}}}}});
        let created = a.put(&path, body(1)).await.expect(201).json();
        assert_eq!(created["members"]["0"]["constants"]["custom"], json!({"t": 1}));
        a.put(&path, body(2)).await.expect_naming(409, "members.me.constants.custom");
        let repeated = a.put(&path, body(1)).await.expect(200).json();
        assert_eq!(repeated["changeNumber"], 1);
    }

    async fn e51_initialize_is_dropped_where_there_is_no_initialization(w: World) {
        let a = w.user(A).await;
        let created = a.put(&session("open", "x"), initialize()).await.expect(201).json();
        let constants = json!({"xuid": "1001", "index": 0});
        assert_eq!(created["members"]["0"]["constants"]["system"], constants);
    }

    async fn e51_initialize_is_kept_where_members_are_initialized(w: World) {
        let a = w.user(A).await;
        let created = a.put(&session("init1", "x"), initialize()).await.expect(201).json();
        let constants = json!({"xuid": "1001", "index": 0, "initialize": true});
        assert_eq!(created["members"]["0"]["constants"]["system"], constants);
    }

    async fn e52_nobody_joins_a_full_session(w: World) {
        let (_, _, path) = a_and_b(&w).await;
        for xuid in [D, 1005] {
            w.user(xuid).await.put(&path, active()).await.expect(200);
        }
        let c = w.user(C).await;
        c.put(&path, active()).await.expect_text(400);
        let server = w.server().await;
        let read = server.get(&path).await.expect(200).json();
        assert_eq!(read["membersInfo"]["count"], 4);
    }

    async fn e53_a_device_token_depends_on_the_device_address_alone(w: World) {
        let (a, b, path) = a_and_b(&w).await;
        let body = me(json!({"active": true, "secureDeviceAddress": A_DEVICE}));
        let written = a.put(&path, body.clone()).await.expect(200).json();
        let member = &written["members"]["0"];
        assert_eq!(member["properties"]["system"]["secureDeviceAddress"], A_DEVICE);
        let token = member["deviceToken"].as_str().expect("a device token");
        let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        assert!(token.len() == 32 && token.bytes().all(is_hex), "{token}");
        let elsewhere = a.put(&session("open", "c2"), body.clone()).await.expect(201).json();
        assert_eq!(elsewhere["members"]["0"]["deviceToken"], token);
        let other = me(json!({"secureDeviceAddress": B_DEVICE}));
        let written = b.put(&path, other).await.expect(200).json();
        assert_ne!(written["members"]["1"]["deviceToken"], token);
        let answer = a.put(&session("vis", "x"), body).await;
        answer.expect_naming(400, "members.me.properties.system.secureDeviceAddress");
    }

    async fn e54_a_host_that_is_no_members_device_is_silently_dropped(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        let token = device_token(&a, &path, A_DEVICE, "0").await;
        let host = |token: &str| system(json!({"host": token}));
        let written = a.put(&path, host(&token.to_uppercase())).await.expect(200).json();
        let shown = written["properties"]["system"]["host"].as_str().expect("a host");
        assert!(shown.eq_ignore_ascii_case(&token), "{shown}");
        let written = a.put(&path, host("deadbeef")).await.expect(200).json();
        assert!(written["properties"]["system"].get("host").is_none());
    }

    async fn of_two_who_would_be_host_the_second_reads_who_is(w: World) {
        let (a, b, path) = a_and_b(&w).await;
        let of_a = device_token(&a, &path, A_DEVICE, "0").await;
        let of_b = device_token(&b, &path, B_DEVICE, "1").await;
        let etag = a.get(&path).await.expect(200).etag();
        let claim = |player: &Player, token: &str| {
            let call = player.request("PUT", &path).header("if-match", &etag);
            call.json(system(json!({"host": token})))
        };
        claim(&b, &of_b).send().await.expect(200);
        let lost = claim(&a, &of_a).send().await.expect(412).json();
        assert_eq!(lost["properties"]["system"]["host"], json!(of_b));
    }

    async fn e55_the_host_leaves_with_its_member(w: World) {
        let (a, b, path) = a_and_b(&w).await;
        let token = device_token(&b, &path, B_DEVICE, "1").await;
        a.put(&path, system(json!({"host": token}))).await.expect(200);
        b.put(&path, leave()).await.expect(200);
        let read = a.get(&path).await.expect(200).json();
        assert_eq!(read["properties"]["system"], json!({"turn": []}));
    }

    async fn e56_turn_marks_members_that_exist(w: World) {
        let (a, b, path) = a_and_b(&w).await;
        let turn = |indices: &[u64]| system(json!({"turn": indices}));
        let written = a.put(&path, turn(&[0])).await.expect(200).json();
        assert_eq!(written["members"]["0"]["turn"], true);
        a.put(&path, turn(&[7])).await.expect_naming(400, "properties.system.turn");
        a.put(&path, turn(&[0, 1])).await.expect(200);
        b.put(&path, leave()).await.expect(200);
        let read = a.get(&path).await.expect(200).json();
        assert_eq!(read["properties"]["system"]["turn"], json!([0]));
    }

    async fn e57_a_member_does_not_measure_itself(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        let token = device_token(&a, &path, A_DEVICE, "0").await;
        let own = Value::from_iter([(token, json!({"latency": 1}))]);
        let answer = a.put(&path, me(json!({"measurements": own}))).await;
        answer.expect_naming(400, "members.me.properties.system.measurements");
    }

    async fn going_inactive_clears_connection_and_title_but_not_the_subscription(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        let subscription = json!({"id": "5Ab2c9d0-0000-4000-8000-000000000001",
            "changeTypes": ["everything"]});
        a.put(&path, me(json!({"subscription": subscription}))).await.expect(200);
        let body = me(json!({"active": false, "ready": false}));
        let written = a.put(&path, body).await.expect(200).json();
        let member = &written["members"]["0"];
        assert_eq!(member["properties"]["system"], json!({"subscription": subscription}));
        assert!(member.get("activeTitleId").is_none());
        assert_eq!(written["membersInfo"]["active"], 1);
    }

    async fn joining_does_not_happen_by_writing_properties_only(w: World) {
        let (_, _, path) = a_and_b(&w).await;
        let c = w.user(C).await;
        c.put(&path, json!({"properties": {"custom": {"a": 1}}})).await.expect(403);
        c.put(&path, leave()).await.expect(200);
        let read = c.get(&path).await.expect(200).json();
        assert_eq!(read["membersInfo"]["count"], 2);
        assert_eq!(read["changeNumber"], 2);
    }
}

fn initialize() -> Value {
    json!({"members": {"me": {"constants": {"system": {"xuid": "1001", "initialize": true}},
        "properties": {"system": {"active": true}}}}})
}

async fn device_token(player: &Player, path: &str, address: &str, index: &str) -> String {
    let body = me(json!({"secureDeviceAddress": address}));
    let written = player.put(path, body).await.expect(200).json();
    let token = written["members"][index]["deviceToken"].as_str();
    token.expect("a device token").to_owned()
}
