//! Updates of a session and of oneself as the reference client library writes them.

use serde_json::{Value, json};

use crate::fixtures::{A, A_DEVICE, B, active, create, custom, leave, me, session, system};
use crate::world::{Player, World};

async fn a_in(w: &World, template: &str) -> (Player, String) {
    let a = w.user(A).await;
    let path = session(template, "x");
    a.put(&path, create(A)).await.expect(201);
    (a, path)
}

/// The library names the user with everything it writes about them.
fn named(properties: Value) -> Value {
    let mut me = json!({"constants": {"system": {"xuid": "1001"}}});
    me["properties"] = properties;
    json!({"members": {"me": me}})
}

every_store! {
    async fn system_properties_are_written_one_at_a_time(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let rows = [
            json!({"joinRestriction": "local"}),
            json!({"readRestriction": "followed"}),
            json!({"turn": [0]}),
            json!({"keywords": ["pear"]}),
            json!({"closed": true}),
            json!({"locked": true}),
            json!({"matchmaking": {"targetSessionConstants": {"mode": "duel"}}}),
            json!({"matchmaking": {"serverConnectionString": "east.example:9000"}}),
            json!({"matchmakingResubmit": true}),
            json!({"matchmakingResubmit": false}),
            json!({"serverConnectionStringCandidates": ["one", "two", "three"]}),
        ];
        let mut expected = json!({"turn": []});
        a.put(&path, system(json!({"readRestriction": "none"}))).await.expect(200);
        expected["readRestriction"] = json!("none");
        for row in rows {
            for (field, value) in row.as_object().expect("an object") {
                expected[field] = value.clone();
            }
            let written = a.put(&path, system(row)).await.expect(200).json();
            assert_eq!(written["properties"]["system"], expected);
        }
    }

    async fn a_lock_without_a_closed_door_is_refused(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let answer = a.put(&path, system(json!({"locked": true}))).await;
        answer.expect_naming(400, "properties.system.locked");
    }

    async fn an_outcome_of_initialization_that_nobody_asked_for_is_refused(w: World) {
        let (a, path) = a_in(&w, "open").await;
        for value in [true, false] {
            let answer = a.put(&path, system(json!({"initializationSucceeded": value}))).await;
            answer.expect_naming(400, "properties.system.initializationSucceeded");
        }
    }

    async fn a_host_nobody_is_disappears(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let written = a.put(&path, system(json!({"host": "1234"}))).await.expect(200).json();
        assert!(written["properties"]["system"].get("host").is_none());
    }

    async fn title_properties_are_set_and_deleted_in_bulk(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let all = json!({"text": "v", "object": {"inner": 5}, "yes": true, "no": false,
            "yesText": "true", "number": 41, "list": [1, 2, 3], "empty": "", "zero": 0});
        let none: Value = all.as_object().expect("an object").keys()
            .map(|key| (key.clone(), Value::Null)).collect();
        let written = a.put(&path, custom(all.clone())).await.expect(200).json();
        assert_eq!(written["properties"]["custom"], all);
        let written = a.put(&path, custom(none.clone())).await.expect(200).json();
        assert_eq!(written["properties"]["custom"], json!({}));
        let own = |custom: &Value| named(json!({"system": {"active": true}, "custom": custom}));
        let written = a.put(&path, own(&all)).await.expect(200).json();
        assert_eq!(written["members"]["0"]["properties"]["custom"], all);
        let written = a.put(&path, own(&none)).await.expect(200).json();
        assert_eq!(written["members"]["0"]["properties"]["custom"], json!({}));
    }

    async fn a_status_is_written_with_the_users_own_name(w: World) {
        let (a, path) = a_in(&w, "keep").await;
        let b = w.user(B).await;
        b.put(&path, active()).await.expect(200);
        let away = named(json!({"system": {"active": false, "ready": false}}));
        let written = a.put(&path, away).await.expect(200).json();
        assert_eq!(written["members"]["0"]["properties"]["system"], json!({}));
        assert_eq!(written["membersInfo"]["active"], 1);
        let gone = b.get(&path).await.expect(200).json();
        assert!(gone["members"].get("0").is_none());
        let mut back = named(json!({"system": {"active": true}}));
        back["members"]["me"]["constants"]["custom"] = json!({"testValue": 9});
        back["members"]["me"]["constants"]["system"]["initialize"] = json!(true);
        let written = a.put(&path, back).await.expect(200).json();
        assert_eq!(written["members"]["2"]["constants"]["custom"], json!({"testValue": 9}));
    }

    async fn a_user_describes_their_device_group_and_measurements(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let address = named(json!({"system": {"active": true, "secureDeviceAddress": "QUJD"}}));
        let written = a.put(&path, address).await.expect(200).json();
        assert!(written["members"]["0"]["deviceToken"].is_string());
        let group = named(json!({"system": {"active": true, "initializationGroup": [0]}}));
        a.put(&path, group).await.expect(200);
        let measured = json!({"measurements": {"Peer_Token": {"latency": 21,
            "bandwidthDown": 22, "bandwidthUp": 23, "custom": {"loss": 24}}}});
        let written = a.put(&path, me(measured)).await.expect(200).json();
        let kept = &written["members"]["0"]["properties"]["system"]["measurements"];
        let expected = json!({"peer_token": {"latency": 21, "bandwidthDown": 22,
            "bandwidthUp": 23, "custom": {"loss": 24}}});
        assert_eq!(*kept, expected);
        let loose = me(json!({"serverMeasurements": {"measurement": 25}}));
        let written = a.put(&path, loose).await.expect(200).json();
        let kept = &written["members"]["0"]["properties"]["system"]["serverMeasurements"];
        assert_eq!(*kept, json!({"measurement": 25}));
    }

    async fn a_device_address_needs_connectivity(w: World) {
        let (a, path) = a_in(&w, "keep").await;
        let answer = a.put(&path, me(json!({"secureDeviceAddress": A_DEVICE}))).await;
        answer.expect_naming(400, "members.me.properties.system.secureDeviceAddress");
    }

    async fn a_subscription_names_its_change_types(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let all = ["host", "initialization", "matchmakingStatus", "membersList", "membersStatus",
            "joinability", "customProperty", "membersCustomProperty"];
        let id = "9c3a4b10-7d1e-4f6a-8b2c-0e5d6f7a8b9c";
        let subscription = json!({"id": id, "changeTypes": all});
        let body = named(json!({"system": {"subscription": subscription}}));
        let written = a.put(&path, body).await.expect(200).json();
        let kept = &written["members"]["0"]["properties"]["system"]["subscription"];
        assert_eq!(*kept, subscription);
        let without_id = named(json!({"system": {"subscription": {"changeTypes": ["host"]}}}));
        a.put(&path, without_id).await.expect(200);
    }

    async fn server_entries_are_not_for_titles(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let number = json!({"servers": {"server": 100}});
        let refused = a.put(&path, number.clone()).await;
        let status = refused.status;
        assert!([400, 403].contains(&status), "answered {status}: both are true of it");
        refused.expect_naming(status, "servers");
        let object = json!({"servers": {"server": {}}});
        a.put(&path, object).await.expect_naming(403, "servers");
        let server = w.server().await;
        server.put(&path, number).await.expect_naming(400, "servers.server");
    }

    async fn arbitrated_users_report_their_results(w: World) {
        let server = w.server().await;
        let path = session("bare", "match");
        let start = json!({"startTime": "2026-01-01T00:00:00.0000000Z"});
        let body = json!({
            "constants": {"system": {"capabilities": {"gameplay": true, "arbitration": true}}},
            "servers": {"arbitration": {"constants": {"system": start}}},
            "members": {"reserve_0": {"constants": {"system": {"xuid": "1001",
                "team": "blue"}}}},
        });
        server.put(&path, body).await.expect(201);
        let a = w.user(A).await;
        a.put(&path, active()).await.expect(200);
        let results = [
            json!({"results": {"blue": {"outcome": "loss"}}}),
            json!({"results": {"blue": {"outcome": "rank", "ranking": 3}}}),
        ];
        for arbitration in results {
            let written = a.put(&path, me(json!({"arbitration": arbitration}))).await.expect(200);
            let kept = &written.json()["members"]["0"]["properties"]["system"]["arbitration"];
            assert_eq!(*kept, arbitration);
        }
    }

    async fn the_last_word_is_leave(w: World) {
        let (a, path) = a_in(&w, "open").await;
        a.put(&path, leave()).await.expect_empty(204);
        a.get(&path).await.expect_empty(204);
    }
}
