//! The requests that block game and group-finding clients are known to send, and what they rely on.

use serde_json::{Value, json};

use crate::fixtures::{
    A, A_CONNECTION, B, B_CONNECTION, C, LOBBY_SCID, active, connected, custom, leave, me, session,
};
use crate::json::assert_contains;
use crate::world::{Player, World};

const SUBSCRIPTION: &str = "9C3A4B10-7D1E-4F6A-8B2C-0E5D6F7A8B9C";
const LOBBY_CUSTOM: &str = concat!(
    r#"{"hostName":"Anna","worldName":"Höhle & Co","version":"1.2.3","MemberCount":1,"#,
    r#""MaxMemberCount":12,"Joinability":"joinable_by_friends","ownerId":"1001","#,
    r#""rakNetGUID":"","worldType":"Survival","protocol":77,"TitleId":0,"LanGame":true,"#,
    r#""WebRTCNetworkId":18446744073709551557,"isHardcore":false,"nonces":{},"#,
    r#""SupportedConnections":[{"ConnectionType":3,"HostIpAddress":"","HostPort":0,"#,
    r#""NetherNetId":18446744073709551557}]}"#,
);

/// Lobby clients spell one word of the path with a capital letter.
fn lobby(name: &str) -> String {
    format!("/serviceconfigs/{LOBBY_SCID}/sessionTemplates/MinecraftLobby/sessions/{name}")
}

fn lobby_member(xuid: u64, connection: &str) -> Value {
    json!({"me": {"constants": {"system": {"xuid": xuid.to_string(), "initialize": true}},
        "properties": {"system": {"active": true, "connection": connection,
            "subscription": {"id": SUBSCRIPTION, "changeTypes": ["everything"]}}}}})
}

/// The whole body that creates a lobby, which some clients send again for every update.
fn lobby_body() -> String {
    let member = lobby_member(A, A_CONNECTION);
    let system = r#"{"joinRestriction":"followed","readRestriction":"followed","closed":false}"#;
    let properties = format!(r#"{{"system":{system},"custom":{LOBBY_CUSTOM}}}"#);
    format!("{{\"properties\":{properties},\"members\":{member}}}\n")
}

async fn a_lobby(w: &World) -> (Player, String) {
    let a = w.user(A).await;
    let path = lobby("5d1c8a62-0000-4000-8000-00000000abcd");
    let call = a
        .request("PUT", &path)
        .body(Some("application/json"), lobby_body());
    call.send().await.expect(201);
    (a, path)
}

async fn follow(a: &Player, xuid: u64) {
    let path = format!("/users/me/people/xuid({xuid})");
    a.request("PUT", &path)
        .contract("3")
        .send()
        .await
        .expect_empty(204);
}

every_store! {
    async fn a_lobby_is_created_with_what_its_template_says(w: World) {
        let (a, path) = a_lobby(&w).await;
        let read = a.get(&path).await.expect(200);
        let text = format!(r#""custom":{LOBBY_CUSTOM}"#);
        assert!(read.text().contains(&text), "{}", read.text());
        let read = read.json();
        let constants = json!({"readyRemovalTimeout": 240_000, "reservedRemovalTimeout": 240_000,
            "sessionEmptyTimeout": 0, "inactiveRemovalTimeout": 300_000, "version": 1,
            "maxMembersCount": 30, "visibility": "open", "inviteProtocol": "game",
            "capabilities": {"connectivity": true, "connectionRequiredForActiveMembers": true,
                "gameplay": true, "crossPlay": true, "userAuthorizationStyle": true},
            "memberInitialization": {"membersNeededToStart": 1}});
        assert_eq!(read["constants"], json!({"system": constants, "custom": {}}));
        let system = json!({"joinRestriction": "followed", "readRestriction": "followed",
            "turn": []});
        assert_eq!(read["properties"]["system"], system);
        let member = json!({"next": 1, "gamertag": "A", "activeTitleId": "123",
            "joinTime": "2026-01-01T00:00:00.0000000Z",
            "constants": {"system": {"xuid": "1001", "index": 0, "initialize": true},
                "custom": {}},
            "properties": {"system": {"active": true, "connection": A_CONNECTION,
                "subscription": {"id": SUBSCRIPTION, "changeTypes": ["everything"]}},
                "custom": {}}});
        assert_eq!(read["members"]["0"], member);
        assert!(read.get("initializing").is_none());
    }

    async fn the_whole_creation_body_again_is_an_update(w: World) {
        let (a, path) = a_lobby(&w).await;
        let before = a.get(&path).await.expect(200);
        let call = a.request("PUT", &path).body(Some("application/json"), lobby_body());
        assert_eq!(call.send().await.expect(200).etag(), before.etag());
        let newer = lobby_body().replace(r#""MemberCount":1"#, r#""MemberCount":2"#);
        let call = a.request("PUT", &path).body(Some("application/json"), newer);
        let written = call.send().await.expect(200).json();
        assert_eq!(written["properties"]["custom"]["MemberCount"], 2);
        assert_eq!(written["membersInfo"]["count"], 1);
    }

    async fn one_number_can_be_updated_alone(w: World) {
        let (a, path) = a_lobby(&w).await;
        let written = a.put(&path, custom(json!({"MemberCount": 7}))).await.expect(200);
        assert!(written.text().contains(r#""WebRTCNetworkId":18446744073709551557"#));
        let written = written.json();
        assert_eq!(written["properties"]["custom"]["MemberCount"], 7);
        assert_eq!(written["properties"]["custom"]["worldName"], "Höhle & Co");
        let nonces = custom(json!({"nonces": {"1002": "x"}}));
        a.put(&path, nonces).await.expect(200);
        let written = a.put(&path, custom(json!({"nonces": {"1003": "y"}}))).await.expect(200);
        assert_eq!(written.json()["properties"]["custom"]["nonces"], json!({"1003": "y"}));
    }

    async fn properties_go_back_as_they_were_read(w: World) {
        let (a, path) = a_lobby(&w).await;
        let before = a.get(&path).await.expect(200);
        let text = before.text();
        let start = text.find(r#""properties":{"system":{"#).expect("properties of the session");
        let length = json_length(&text[start + r#""properties":"#.len()..]);
        let properties = &text[start..start + r#""properties":"#.len() + length];
        let body = format!("{{{properties}}}");
        let call = a.request("PUT", &path).body(Some("application/json"), body);
        assert_eq!(call.send().await.expect(200).etag(), before.etag());
    }

    async fn publishing_creates_and_never_takes_over(w: World) {
        let a = w.user(A).await;
        let path = lobby("7E0A1B2C-3D4E-4F50-8A6B-7C8D9E0FA1B2");
        let publish = || a.request("PUT", &path).header("if-none-match", "*")
            .body(Some("application/json; charset=utf-8"), lobby_body());
        let created = publish().send().await.expect(201).json();
        let id = &created["members"]["0"]["properties"]["system"]["subscription"]["id"];
        assert_eq!(*id, SUBSCRIPTION, "echoed in the case it was sent in");
        publish().send().await.expect_empty(412);
    }

    async fn a_friend_joins_and_leaves_by_name(w: World) {
        let (a, path) = a_lobby(&w).await;
        let b = w.user(B).await;
        let join = || json!({"members": lobby_member(B, B_CONNECTION)});
        let refused = b.put(&path, join()).await.expect_text(403);
        assert!(refused.text().contains("cannot be accessed"), "{}", refused.text());
        follow(&a, B).await;
        let joined = b.put(&path, join()).await.expect(200).json();
        assert_eq!(joined["membersInfo"]["active"], 2);
        let call = b.request("PUT", &path).header("if-match", "*").json(leave());
        let left = call.send().await.expect(200).json();
        let counts = json!({"first": 0, "next": 2, "count": 1, "accepted": 1, "active": 1});
        assert_eq!(left["membersInfo"], counts);
    }

    async fn leaving_a_session_that_is_gone_is_no_error(w: World) {
        let (a, path) = a_lobby(&w).await;
        a.put(&path, leave()).await.expect_empty(204);
        a.put(&path, leave()).await.expect_empty(204);
        let call = a.request("PUT", &path).header("if-match", "*").json(leave());
        call.send().await.expect_empty(412);
    }

    async fn a_host_whose_socket_dropped_has_minutes_to_come_back(w: World) {
        let (a, path) = a_lobby(&w).await;
        let created = a.get(&path).await.expect(200).json();
        a.put(&path, me(json!({"active": false, "ready": false}))).await.expect(200);
        w.advance(299_999).await;
        let back = a.put(&path, connected(B_CONNECTION)).await.expect(200).json();
        assert_eq!(back["branch"], created["branch"]);
        let system = json!({"active": true, "connection": B_CONNECTION,
            "subscription": {"id": SUBSCRIPTION, "changeTypes": ["everything"]}});
        assert_eq!(back["members"]["0"]["properties"]["system"], system);
        a.put(&path, me(json!({"active": false}))).await.expect(200);
        w.advance(300_000).await;
        a.get(&path).await.expect_empty(204);
    }

    async fn two_users_may_bring_the_same_connection_and_subscription(w: World) {
        let (a, path) = a_lobby(&w).await;
        follow(&a, B).await;
        let b = w.user(B).await;
        let body = json!({"members": lobby_member(B, A_CONNECTION)});
        let joined = b.put(&path, body).await.expect(200).json();
        assert_eq!(joined["membersInfo"]["active"], 2);
    }

    async fn a_lobby_holds_thirty(w: World) {
        let (a, path) = a_lobby(&w).await;
        let xuids: Vec<u64> = (3001..=3029).collect();
        let reserve = |xuids: &[u64]| crate::fixtures::reserve(xuids);
        a.put(&path, reserve(&xuids)).await.expect(200);
        a.put(&path, reserve(&[3030])).await.expect_text(400);
    }

    async fn a_connection_of_zeros_is_none(w: World) {
        let a = w.user(A).await;
        let body = connected("00000000-0000-0000-0000-000000000000");
        let created = a.put(&session("open", "z"), body).await.expect(201).json();
        assert_eq!(created["members"]["0"]["properties"]["system"], json!({"active": true}));
    }

    async fn a_group_post_has_a_description_a_time_and_a_role_target(w: World) {
        let a = w.user(A).await;
        let path = session("global(lfg)", "5d1c8a62-0000-4000-8000-00000000abcd");
        let second = json!({"changeTypes": ["roles", "scheduledtime"],
            "rta": {"connection": A_CONNECTION}});
        let body = json!({
            "properties": {"system": {"description": {"text": "late raid", "locale": "en-US"},
                "scheduledTime": "2026-01-02T20:00:00.0000000Z",
                "searchHandleVisibility": "xboxlive"}},
            "roleTypes": {"lfg": {"roles": {"confirmed": {"target": 4}}}},
            "members": {"me": {"constants": {"system": {"xuid": "1001", "initialize": true}},
                "properties": {"system": {"active": true,
                    "secondarySubscriptions": {(SUBSCRIPTION): second}}},
                "roles": {"lfg": "confirmed"}}},
        });
        let created = a.put(&path, body.clone()).await.expect(201).json();
        assert_contains(&created["properties"], &body["properties"]);
        let confirmed = json!({"max": 15, "target": 4, "count": 1, "memberXuids": ["1001"]});
        assert_eq!(created["roleTypes"]["lfg"]["roles"]["confirmed"], confirmed);
        assert_eq!(created["members"]["0"]["roles"], json!({"lfg": "confirmed"}));
        assert_eq!(created["properties"]["system"]["owners"], json!([0]));
        a.delete(&format!("{path}/members/me")).await.expect_empty(204);
    }

    async fn members_walk_in_order_however_many_came_and_went(w: World) {
        let a = w.user(A).await;
        let path = session("keep", "walk");
        a.put(&path, active()).await.expect(201);
        for xuid in [B, C, B, C, B] {
            let player = w.user(xuid).await;
            player.put(&path, active()).await.expect(200);
            player.put(&path, leave()).await.expect(200);
        }
        let read = a.get(&path).await.expect(200).json();
        assert_eq!(read["membersInfo"]["next"], 6);
        assert_eq!(read["members"]["0"]["next"], 6);
        assert_eq!(read["changeNumber"], 11);
    }
}

/// How long the JSON value is that the text starts with.
fn json_length(text: &str) -> usize {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    values.next().expect("a value").expect("valid JSON");
    values.byte_offset()
}
