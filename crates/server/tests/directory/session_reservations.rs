//! Places kept for users who have not come yet.

use serde_json::{Value, json};

use crate::document::with_known_ids;
use crate::fixtures::{A, B, C, D, active, leave, reserve, session};
use crate::json::assert_contains;
use crate::world::{Player, World};

/// A's session of this template, with a place kept for B.
async fn b_reserved(w: &World, template: &str) -> (Player, Player, String) {
    let (a, b) = (w.user(A).await, w.user(B).await);
    let path = session(template, "r");
    a.put(&path, active()).await.expect(201);
    a.put(&path, reserve(&[B])).await.expect(200);
    (a, b, path)
}

/// Creates with the caller active and these places kept.
fn create_with(xuids: &[u64]) -> Value {
    let mut body = reserve(xuids);
    body["members"]["me"] = json!({"properties": {"system": {"active": true}}});
    body
}

every_store! {
    async fn e58_a_creator_reserves_places_for_friends_in_order(w: World) {
        let a = w.user(A).await;
        let answer = a.put(&session("open", "r"), create_with(&[B, C])).await.expect(201);
        assert_eq!(answer.header("expires"), Some("Thu, 01 Jan 2026 00:00:30 GMT"));
        let start = "2026-01-01T00:00:00.0000000Z";
        let reserved = |index: u64, xuid: &str| json!({
            "next": index + 1, "joinTime": start, "reserved": true,
            "constants": {"system": {"xuid": xuid, "index": index}, "custom": {}},
            "properties": {"system": {}, "custom": {}},
        });
        let expected = json!({
            "membersInfo": {"first": 0, "next": 3, "count": 3, "accepted": 1, "active": 1},
            "constants": {"system": {"version": 1, "maxMembersCount": 4, "visibility": "open",
                "capabilities": {"connectivity": true}, "reservedRemovalTimeout": 30000,
                "inactiveRemovalTimeout": 0, "readyRemovalTimeout": 180_000,
                "sessionEmptyTimeout": 0}, "custom": {}},
            "properties": {"system": {"turn": []}, "custom": {}},
            "servers": {},
            "members": {
                "0": {"next": 1, "joinTime": start, "gamertag": "A", "activeTitleId": "123",
                    "constants": {"system": {"xuid": "1001", "index": 0}, "custom": {}},
                    "properties": {"system": {"active": true}, "custom": {}}},
                "1": reserved(1, "1002"), "2": reserved(2, "1003")},
            "correlationId": "<correlationId>", "contractVersion": 107, "branch": "<branch>",
            "changeNumber": 1, "startTime": start, "nextTimer": "2026-01-01T00:00:30.0000000Z",
        });
        assert_eq!(with_known_ids(answer.json()), expected);
    }

    async fn e59_the_first_write_of_a_reserved_user_accepts(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("open", "r");
        a.put(&path, create_with(&[B, C])).await.expect(201);
        w.advance(1000).await;
        let accepted = b.put(&path, json!({"members": {"me": {}}})).await.expect(200).json();
        let now = "2026-01-01T00:00:01.0000000Z";
        let expected = json!({"next": 2, "joinTime": now, "gamertag": "B",
            "constants": {"system": {"xuid": "1002", "index": 1}, "custom": {}},
            "properties": {"system": {}, "custom": {}}});
        assert_eq!(accepted["members"]["1"], expected);
        let counts = json!({"first": 0, "next": 3, "count": 3, "accepted": 2, "active": 1});
        assert_eq!(accepted["membersInfo"], counts);
        assert_eq!(accepted["nextTimer"], now);
        let read = a.get(&path).await.expect(200).json();
        assert!(read["members"].get("1").is_none());
        assert_eq!(read["membersInfo"]["count"], 2);
    }

    async fn e60_a_reservation_lapses_after_the_reserved_timeout(w: World) {
        let (a, _, path) = b_reserved(&w, "open").await;
        w.advance_lazily(29_999);
        let early = a.get(&path).await.expect(200).json();
        assert_eq!(early["members"]["1"]["reserved"], true);
        assert_eq!(early["changeNumber"], 2);
        w.advance_lazily(1);
        let late = a.get(&path).await.expect(200).json();
        assert!(late["members"].get("1").is_none());
        assert_eq!(late["changeNumber"], 3);
        let counts = json!({"first": 0, "next": 2, "count": 1, "accepted": 1, "active": 1});
        assert_eq!(late["membersInfo"], counts);
        assert!(late.get("nextTimer").is_none());
    }

    async fn e61_reservations_are_numbered_from_zero_and_name_a_user(w: World) {
        let (a, _, path) = b_reserved(&w, "open").await;
        let entry = json!({"constants": {"system": {"xuid": "1003"}}});
        let gap = json!({"members": {"reserve_1": entry}});
        a.put(&path, gap).await.expect_naming(400, "members.reserve_1");
        let gap = json!({"members": {"reserve_0": entry, "reserve_2": entry}});
        a.put(&path, gap).await.expect_naming(400, "members.reserve_2");
        for nobody in [json!({}), json!({"constants": {"system": {}}})] {
            let body = json!({"members": {"reserve_0": nobody}});
            a.put(&path, body).await.expect_naming(400, "members.reserve_0");
        }
        let body = json!({"members": {"reserve_x": entry}});
        a.put(&path, body).await.expect_naming(400, "members.reserve_x");
    }

    async fn e62_a_reservation_opens_a_private_session(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("priv", "r");
        a.put(&path, active()).await.expect(201);
        b.get(&path).await.expect_text(403);
        b.put(&path, active()).await.expect_text(403);
        a.put(&path, reserve(&[B])).await.expect(200);
        b.get(&path).await.expect(200);
        let joined = b.put(&path, active()).await.expect(200).json();
        assert_eq!(joined["membersInfo"]["accepted"], 2);
    }

    async fn e63_a_large_session_keeps_no_places(w: World) {
        let a = w.user(A).await;
        let path = session("big", "r");
        a.put(&path, create_with(&[B])).await.expect_naming(409, "members.reserve_0");
        a.put(&path, active()).await.expect(201);
        a.put(&path, reserve(&[B])).await.expect_naming(409, "members.reserve_0");
    }

    async fn only_members_and_servers_reserve(w: World) {
        let (_, _, path) = b_reserved(&w, "open").await;
        let c = w.user(C).await;
        c.put(&path, reserve(&[D])).await.expect(403);
        let server = w.server().await;
        let written = server.put(&path, reserve(&[D])).await.expect(200).json();
        assert_eq!(written["members"]["2"]["reserved"], true);
    }

    async fn reserving_again_keeps_the_reservation_there_is(w: World) {
        let (a, _, path) = b_reserved(&w, "open").await;
        let before = a.get(&path).await.expect(200);
        let again = a.put(&path, reserve(&[B])).await.expect(200);
        assert_eq!(again.etag(), before.etag());
        let mut other = reserve(&[B]);
        other["members"]["reserve_0"]["constants"]["custom"] = json!({"skill": 7});
        a.put(&path, other).await.expect_naming(409, "members.reserve_0");
    }

    async fn a_reservation_takes_up_a_place(w: World) {
        let (a, b, path) = b_reserved(&w, "open").await;
        a.put(&path, reserve(&[C, D])).await.expect(200);
        a.put(&path, reserve(&[1005])).await.expect_text(400);
        let stranger = w.user(1005).await;
        stranger.put(&path, active()).await.expect_text(400);
        b.put(&path, active()).await.expect(200);
    }

    async fn a_reserved_user_declines_by_leaving(w: World) {
        let (a, b, path) = b_reserved(&w, "open").await;
        let declined = b.put(&path, leave()).await.expect(200).json();
        assert_eq!(declined["membersInfo"]["count"], 1);
        a.put(&path, reserve(&[B])).await.expect(200);
        b.delete(&format!("{path}/members/me")).await.expect(200);
        let read = a.get(&path).await.expect(200).json();
        assert_eq!(read["membersInfo"]["count"], 1);
        assert_eq!(read["membersInfo"]["next"], 3);
    }

    async fn any_first_write_of_a_reserved_user_accepts(w: World) {
        let (_, b, path) = b_reserved(&w, "keep").await;
        let written = b.put(&path, json!({"properties": {"custom": {"a": 1}}})).await;
        let written = written.expect(200).json();
        assert_eq!(written["membersInfo"]["accepted"], 2);
        assert_eq!(written["properties"]["custom"], json!({"a": 1}));
    }

    async fn accepting_may_add_to_the_constants_but_not_change_them(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("open", "r");
        let mut body = create_with(&[B]);
        body["members"]["reserve_0"]["constants"]["custom"] = json!({"skill": 7});
        a.put(&path, body).await.expect(201);
        let accept = |custom: Value| json!({"members": {"me": {
            "constants": {"system": {"xuid": "1002"}, "custom": custom},
            "properties": {"system": {"active": true}}}}});
        let answer = b.put(&path, accept(json!({"skill": 8}))).await;
        answer.expect_naming(409, "members.me.constants.custom");
        let accepted = b.put(&path, accept(json!({"skill": 7, "car": "x"}))).await.expect(200);
        let custom = json!({"skill": 7, "car": "x"});
        assert_eq!(accepted.json()["members"]["1"]["constants"]["custom"], custom);
    }

    async fn a_session_with_only_a_reservation_left_stays(w: World) {
        let (a, b, path) = b_reserved(&w, "open").await;
        a.put(&path, leave()).await.expect(200);
        let joined = b.put(&path, active()).await.expect(200).json();
        let counts = json!({"first": 1, "next": 2, "count": 1, "accepted": 1, "active": 1});
        assert_contains(&joined["membersInfo"], &counts);
    }

    async fn reservations_do_not_mix_with_other_members_operations(w: World) {
        let (_, _, path) = b_reserved(&w, "open").await;
        let mut body = reserve(&[C]);
        body["members"]["1"] = Value::Null;
        let server = w.server().await;
        server.put(&path, body).await.expect_naming(400, "members");
    }
}
