//! Who may read, join and write a session.

use serde_json::{Value, json};

use crate::fixtures::{
    A, A_CONNECTION, B, B_CONNECTION, C, SCID, active, connected, create, custom, leave, reserve,
    session, system,
};
use crate::world::{Answer, Player, World};

/// A's session of this template with these system properties, and B who is a stranger to it.
async fn a_session(w: &World, template: &str, properties: Value) -> (Player, Player, String) {
    let (a, b) = (w.user(A).await, w.user(B).await);
    let path = session(template, "s");
    let mut body = active();
    body["properties"] = system(properties)["properties"].take();
    a.put(&path, body).await.expect(201);
    (a, b, path)
}

/// A refusal to somebody who may read: the whole session as it is.
#[track_caller]
fn expect_session(answer: Answer, status: u16, members: u64) {
    let answer = answer.expect(status);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["membersInfo"]["count"], members);
}

every_store! {
    async fn e64_a_visible_session_is_read_by_all_and_joined_by_none(w: World) {
        let (_, b, path) = a_session(&w, "vis", json!({})).await;
        b.get(&path).await.expect(200);
        expect_session(b.put(&path, active()).await, 403, 1);
        expect_session(b.put(&path, custom(json!({"a": 1}))).await, 403, 1);
    }

    async fn e65_followed_lets_in_whom_a_member_follows(w: World) {
        let restrictions = json!({"joinRestriction": "followed", "readRestriction": "followed"});
        let (a, b, path) = a_session(&w, "open", restrictions).await;
        b.get(&path).await.expect_text(403);
        b.put(&path, create(B)).await.expect_text(403);
        let follow = a.request("PUT", "/users/me/people/xuid(1002)").contract("3");
        follow.send().await.expect_empty(204);
        b.get(&path).await.expect(200);
        let joined = b.put(&path, create(B)).await.expect(200).json();
        assert_eq!(joined["membersInfo"]["count"], 2);
    }

    async fn followed_is_about_members_following_the_joiner_not_the_reverse(w: World) {
        let restrictions = json!({"joinRestriction": "followed", "readRestriction": "none"});
        let (_, b, path) = a_session(&w, "open", restrictions).await;
        let follow = b.request("PUT", "/users/me/people/xuid(1001)").contract("3");
        follow.send().await.expect_empty(204);
        b.get(&path).await.expect(200);
        expect_session(b.put(&path, active()).await, 403, 1);
    }

    async fn e66_reading_is_never_more_restricted_than_joining(w: World) {
        let (a, _, path) = a_session(&w, "open", json!({})).await;
        let refused = [("followed", "local"), ("none", "local"), ("none", "followed")];
        for (join, read) in refused {
            let body = system(json!({"joinRestriction": join, "readRestriction": read}));
            a.put(&path, body).await.expect_naming(400, "properties.system.readRestriction");
        }
        let accepted = [("local", "local"), ("local", "followed"), ("followed", "none")];
        for (join, read) in accepted {
            let body = system(json!({"joinRestriction": join, "readRestriction": read}));
            let written = a.put(&path, body).await.expect(200).json();
            assert_eq!(written["properties"]["system"]["joinRestriction"], join);
            assert_eq!(written["properties"]["system"]["readRestriction"], read);
        }
    }

    async fn e67_a_closed_session_admits_only_whom_it_kept_a_place_for(w: World) {
        let (a, b, path) = a_session(&w, "open", json!({"closed": true})).await;
        expect_session(b.put(&path, active()).await, 403, 1);
        a.put(&path, reserve(&[B])).await.expect(200);
        let joined = b.put(&path, active()).await.expect(200).json();
        assert_eq!(joined["membersInfo"]["accepted"], 2);
    }

    async fn e68_a_locked_session_readmits_those_who_left_it(w: World) {
        let (a, b, path) = a_session(&w, "open", json!({})).await;
        let locked = json!({"locked": true});
        let answer = a.put(&path, system(locked)).await;
        answer.expect_naming(400, "properties.system.locked");
        b.put(&path, active()).await.expect(200);
        let body = system(json!({"closed": true, "locked": true}));
        let written = a.put(&path, body).await.expect(200).json();
        let expected = json!({"closed": true, "locked": true, "turn": []});
        assert_eq!(written["properties"]["system"], expected);
        b.put(&path, leave()).await.expect(200);
        let c = w.user(C).await;
        expect_session(c.put(&path, active()).await, 403, 1);
        b.put(&path, active()).await.expect(200);
    }

    async fn unlocking_forgets_who_left(w: World) {
        let (a, b, path) = a_session(&w, "open", json!({})).await;
        b.put(&path, active()).await.expect(200);
        let locked = |locked: bool| system(json!({"closed": true, "locked": locked}));
        a.put(&path, locked(true)).await.expect(200);
        b.put(&path, leave()).await.expect(200);
        a.put(&path, locked(false)).await.expect(200);
        a.put(&path, locked(true)).await.expect(200);
        expect_session(b.put(&path, active()).await, 403, 1);
    }

    async fn e69_user_authorization_style_rules_out_joining_by_everybody(w: World) {
        let a = w.user(A).await;
        let path = session("uas", "s");
        a.put(&path, connected(A_CONNECTION)).await.expect(201);
        let body = system(json!({"joinRestriction": "none", "readRestriction": "none"}));
        a.put(&path, body).await.expect_naming(400, "properties.system.joinRestriction");
    }

    async fn e70_a_private_session_has_no_keywords(w: World) {
        let (a, _, path) = a_session(&w, "priv", json!({})).await;
        let answer = a.put(&path, system(json!({"keywords": ["k"]}))).await;
        answer.expect_naming(400, "properties.system.keywords");
    }

    async fn e71_only_servers_write_server_entries(w: World) {
        let (a, _, path) = a_session(&w, "open", json!({})).await;
        let status = json!({"properties": {"system": {"status": "searching"}}});
        let body = json!({"servers": {"matchmaking": status}});
        a.put(&path, body.clone()).await.expect_naming(403, "servers");
        let server = w.server().await;
        let written = server.put(&path, body).await.expect(200).json();
        let expected = json!({"matchmaking": {"constants": {"system": {}, "custom": {}},
            "properties": {"system": {"status": "searching"}, "custom": {}}}});
        assert_eq!(written["servers"], expected);
        let body = json!({"servers": {"matchmaking": null}});
        let removed = server.put(&path, body).await.expect(200).json();
        assert_eq!(removed["servers"], json!({}));
    }

    async fn e97_an_invite_gets_past_a_join_restriction(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("uas", "s");
        a.put(&path, connected(A_CONNECTION)).await.expect(201);
        let invite = json!({"version": 1, "type": "invite", "invitedXuid": "1002",
            "sessionRef": {"scid": SCID, "templateName": "uas", "name": "s"},
            "inviteAttributes": {"titleId": "123"}});
        let handle = a.post("/handles", invite).await.expect(201).json();
        b.put(&path, connected(B_CONNECTION)).await.expect_text(403);
        let by_handle = format!("/handles/{}/session", handle["id"].as_str().expect("an id"));
        let call = b.request("PUT", &by_handle).header("if-match", "*");
        let joined = call.json(connected(B_CONNECTION)).send().await.expect(200);
        assert_eq!(joined.json()["membersInfo"]["accepted"], 2);
        assert_eq!(joined.header("content-location"), Some(path.as_str()));
    }

    async fn local_means_the_device_of_an_active_member(w: World) {
        let on = |xuid: &str, device: &str| json!({"xuid": xuid, "titleId": "123",
            "gamertag": format!("P{xuid}"), "deviceId": device});
        let a = w.token(on("1001", "F500000000000001")).await;
        let b = w.token(on("1002", "F500000000000001")).await;
        let c = w.token(on("1003", "F500000000000002")).await;
        let path = session("uas", "s");
        a.put(&path, connected(A_CONNECTION)).await.expect(201);
        c.get(&path).await.expect_text(403);
        c.put(&path, active()).await.expect_text(403);
        b.get(&path).await.expect(200);
        b.put(&path, connected(B_CONNECTION)).await.expect(200);
    }

    async fn strangers_read_an_open_session_but_write_only_by_joining(w: World) {
        let (_, b, path) = a_session(&w, "open", json!({})).await;
        b.get(&path).await.expect(200);
        expect_session(b.put(&path, custom(json!({"a": 1}))).await, 403, 1);
        expect_session(b.put(&format!("{path}/properties"), json!({"custom": {}})).await, 403, 1);
        b.put(&path, active()).await.expect(200);
        b.put(&path, custom(json!({"a": 1}))).await.expect(200);
    }

    async fn leaving_a_session_one_is_not_in_gives_no_rights_to_it(w: World) {
        let (a, b, path) = a_session(&w, "open", json!({})).await;
        let before = a.get(&path).await.expect(200);
        b.put(&path, leave()).await.expect(200);
        for add in [custom(json!({"a": 1})), reserve(&[C])] {
            let mut body = leave();
            for (part, value) in add.as_object().expect("an object") {
                match part.as_str() {
                    "members" => body["members"]["reserve_0"] = value["reserve_0"].clone(),
                    _ => body[part] = value.clone(),
                }
            }
            expect_session(b.put(&path, body).await, 403, 1);
        }
        assert_eq!(a.get(&path).await.expect(200).text(), before.text());
        let private = session("priv", "s");
        a.put(&private, active()).await.expect(201);
        b.put(&private, leave()).await.expect_text(403);
        b.delete(&format!("{private}/members/me")).await.expect_empty(204);
    }

    async fn who_reads_a_session_sees_addresses_and_connections_too(w: World) {
        let (_, b, path) = a_session(&w, "open", json!({})).await;
        let own = json!({"active": true, "connection": A_CONNECTION,
            "secureDeviceAddress": "AAAAAAAA00112233445566778899AABBCCDDEEFF",
            "subscription": {"id": A_CONNECTION, "changeTypes": ["everything"]}});
        let body = json!({"members": {"me": {"properties": {"system": own}}}});
        w.user(A).await.put(&path, body).await.expect(200);
        let seen = b.get(&path).await.expect(200).json();
        assert_eq!(seen["members"]["0"]["properties"]["system"], own);
    }

    async fn a_server_reads_and_writes_whatever_the_restrictions(w: World) {
        let (_, _, path) = a_session(&w, "priv", json!({"closed": true})).await;
        let server = w.server().await;
        server.get(&path).await.expect(200);
        let written = server.put(&path, custom(json!({"a": 1}))).await.expect(200).json();
        assert_eq!(written["properties"]["custom"], json!({"a": 1}));
        server.put(&path, active()).await.expect_naming(403, "members.me");
    }
}
