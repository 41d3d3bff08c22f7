//! Session constants as the reference client library writes them when it creates a session.

use serde_json::{Value, json};

use crate::fixtures::{A, A_CONNECTION, connected, session};

/// The library names the version and an empty custom bag with every set of constants.
fn creation(system: &Value) -> Value {
    let mut body = connected(A_CONNECTION);
    body["constants"] = json!({"custom": {}, "system": {"version": 1}});
    for (field, value) in system.as_object().expect("an object") {
        body["constants"]["system"][field] = value.clone();
    }
    body
}

every_store! {
    async fn constants_are_accepted_and_shown(w: World) {
        let a = w.user(A).await;
        let connectivity = json!({"connectivity": true});
        let rows = [
            ("small", json!({"maxMembersCount": 10, "visibility": "private"})),
            ("capabilities", json!({"capabilities": {"connectivity": true, "gameplay": true,
                "suppressPresenceActivityCheck": true, "userAuthorizationStyle": true,
                "connectionRequiredForActiveMembers": true, "crossPlay": true,
                "searchable": true, "hasOwners": true}})),
            ("timeouts", json!({"reservedRemovalTimeout": 2_001_000,
                "inactiveRemovalTimeout": 2_002_000, "readyRemovalTimeout": 2_003_000,
                "sessionEmptyTimeout": 2_004_000})),
            ("longest", json!({"inactiveRemovalTimeout": 4_503_599_627_370_495_u64})),
            ("metrics", json!({"capabilities": connectivity, "metrics": {"latency": true,
                "bandwidthDown": true, "bandwidthUp": true, "custom": true}})),
            ("p2p", json!({"capabilities": connectivity,
                "peerToPeerRequirements": {"latencyMaximum": 120, "bandwidthMinimum": 900}})),
            ("p2h", json!({"capabilities": connectivity,
                "peerToHostRequirements": {"latencyMaximum": 130, "bandwidthDownMinimum": 800,
                    "bandwidthUpMinimum": 70, "hostSelectionMetric": "bandwidth"}})),
            ("servers", json!({"measurementServerAddresses": {
                "east.example": {"secureDeviceAddress": "ZWFzdA=="},
                "west.example": {"secureDeviceAddress": "d2VzdA=="}}})),
            ("cloud", json!({"capabilities": {"cloudCompute": true},
                "cloudComputePackage": {"titleId": "123", "crossSandbox": true,
                    "gsiSet": "0b1e4d0c-0000-4000-8000-00000000c10d"}})),
            ("initialization", json!({"memberInitialization": {"joinTimeout": 4000,
                "measurementTimeout": 5000, "evaluationTimeout": 6000,
                "externalEvaluation": true, "membersNeededToStart": 0}})),
            ("owners", json!({"capabilities": {"hasOwners": true},
                "ownershipPolicies": {"migration": "endsession"}})),
        ];
        for (name, constants) in rows {
            let path = session("bare", name);
            let body = creation(&constants);
            let created = a.put(&path, body.clone()).await.expect(201).json();
            for (field, value) in constants.as_object().expect("an object") {
                assert_eq!(created["constants"]["system"][field], *value, "{name}: {field}");
            }
            let again = a.put(&path, body).await.expect(200).json();
            assert_eq!(again["changeNumber"], 1, "{name}: constants are sent again and again");
        }
    }

    async fn constants_that_cannot_be_are_refused_by_name(w: World) {
        let a = w.user(A).await;
        let rows = [
            ("capabilities", json!({"capabilities": {"connectivity": true, "large": true}})),
            ("metrics", json!({"metrics": {"latency": true}})),
            ("peerToPeerRequirements", json!({"peerToPeerRequirements": {"latencyMaximum": 1}})),
            ("peerToHostRequirements", json!({"peerToHostRequirements": {"latencyMaximum": 1}})),
            ("measurementServerAddresses", json!({"measurementServerAddresses":
                {"East.example": {"secureDeviceAddress": "ZWFzdA=="}}})),
            ("cloudComputePackage", json!({"cloudComputePackage": {"titleId": "123",
                "gsiSet": "0b1e4d0c-0000-4000-8000-00000000c10d"}})),
            ("memberInitialization", json!({"memberInitialization":
                {"membersNeededToStart": 101}})),
            ("arbitration", json!({"arbitration":
                {"arbitrationTimeout": 1000, "forfeitTimeout": 2000}})),
        ];
        for (field, constants) in rows {
            let answer = a.put(&session("bare", "x"), creation(&constants)).await;
            answer.expect_naming(400, &format!("constants.system.{field}"));
        }
    }

    async fn a_session_is_created_with_roles_and_friends(w: World) {
        let a = w.user(A).await;
        let me = json!({"roles": {"lfg": "friend"},
            "constants": {"custom": "Hi", "system": {"xuid": "1001", "initialize": true}},
            "properties": {"system": {"active": true, "groups": ["team-blue", "posse.7"],
                "encounters": ["Corner-9C3A4B10-7D1E-4F6A-8B2C-0E5D6F7A8B9C"]}}});
        let body = json!({
            "constants": {"custom": {}, "system": {"version": 1}},
            "members": {"me": me,
                "reserve_0": {"constants": {"system": {"xuid": "1002", "initialize": true},
                    "custom": {"skill": 90}}},
                "reserve_1": {"constants": {"system": {"xuid": "1003"},
                    "custom": {"down": true}}}},
        });
        let created = a.put(&session("role", "x"), body).await.expect(201).json();
        assert_eq!(created["membersInfo"]["count"], 3);
        assert_eq!(created["members"]["0"]["roles"], json!({"lfg": "friend"}));
        assert_eq!(created["members"]["0"]["constants"]["custom"], "Hi");
        let groups = json!({"active": true, "groups": ["team-blue", "posse.7"]});
        assert_eq!(created["members"]["0"]["properties"]["system"], groups);
        assert_eq!(created["members"]["1"]["constants"]["custom"], json!({"skill": 90}));
        assert_eq!(created["members"]["2"]["constants"]["custom"], json!({"down": true}));
        let friend = json!({"max": 1, "target": 1, "count": 1, "memberXuids": ["1001"]});
        assert_eq!(created["roleTypes"]["lfg"]["roles"]["friend"], friend);
    }

    async fn a_role_that_the_session_does_not_have_is_refused(w: World) {
        let a = w.user(A).await;
        for roles in [json!({"lfg": "enemy"}), json!({"admin": "friend"})] {
            let body = json!({"members": {"me": {"roles": roles}}});
            let answer = a.put(&session("role", "x"), body).await;
            answer.expect_naming(400, "members.me.roles");
        }
        let target_over_max = json!({"lfg": {"roles": {"friend": {"max": 1, "target": 1},
            "other": {"max": 1, "target": 3}}}});
        let body = json!({"roleTypes": target_over_max, "members": {"me": {}}});
        a.put(&session("bare", "x"), body).await.expect_naming(400, "roleTypes.lfg.roles.other");
    }
}
