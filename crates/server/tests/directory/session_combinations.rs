//! Constants that do not go together, asked for when a session is created from an empty template.

use serde_json::{Value, json};

use crate::fixtures::{A, active, session, system};

/// A creation with these system constants by an active A.
fn creation(constants: Value) -> Value {
    let mut body = active();
    body["constants"] = Value::from_iter([("system", constants)]);
    body
}

every_store! {
    async fn a_large_session_goes_without_what_needs_to_know_its_members(w: World) {
        let a = w.user(A).await;
        let flags = ["connectivity", "autoPopulateServerCandidates", "userAuthorizationStyle",
            "team", "arbitration"];
        for flag in flags {
            let mut capabilities = json!({"large": true, "gameplay": flag == "arbitration"});
            capabilities[flag] = json!(true);
            let body = creation(json!({"capabilities": capabilities}));
            let answer = a.put(&session("bare", flag), body).await;
            answer.expect_naming(400, "constants.system.capabilities");
        }
        let rows = [
            ("memberInitialization", json!({"membersNeededToStart": 1})),
            ("measurementServerAddresses", json!({"one": {"secureDeviceAddress": "AAAA"}})),
        ];
        for (field, value) in rows {
            let mut constants = json!({"capabilities": {"large": true}});
            constants[field] = value;
            let answer = a.put(&session("bare", field), creation(constants)).await;
            answer.expect_naming(400, &format!("constants.system.{field}"));
        }
    }

    async fn the_number_of_members_has_a_range_that_large_widens(w: World) {
        let a = w.user(A).await;
        let rows = [(1, false, 201), (100, false, 201), (0, false, 400), (-1, false, 400),
            (101, false, 400), (101, true, 201), (10_000, true, 201), (10_001, true, 400),
            (0, true, 400)];
        for (n, (max, large, status)) in rows.into_iter().enumerate() {
            let constants = json!({"maxMembersCount": max, "capabilities": {"large": large}});
            let answer = a.put(&session("bare", &format!("s{n}")), creation(constants)).await;
            match status {
                201 => drop(answer.expect(201)),
                _ => drop(answer.expect_naming(400, "constants.system.maxMembersCount")),
            }
        }
    }

    async fn a_broadcast_is_large_and_named_after_its_broadcaster(w: World) {
        let a = w.user(A).await;
        let broadcast = json!({"capabilities": {"large": true, "broadcast": true}});
        let small = creation(json!({"capabilities": {"broadcast": true}}));
        a.put(&session("bare", "1001"), small).await.expect_text(400);
        let misnamed = a.put(&session("bare", "x"), creation(broadcast.clone())).await;
        misnamed.expect_text(400);
        a.put(&session("bare", "1001"), creation(broadcast)).await.expect(201);
    }

    async fn capabilities_that_exclude_or_need_each_other(w: World) {
        let a = w.user(A).await;
        let place = "constants.system.capabilities";
        let refused = [
            json!({"team": true, "gameplay": true}),
            json!({"arbitration": true}),
            json!({"userAuthorizationStyle": true, "searchable": true}),
        ];
        for capabilities in refused {
            let body = creation(json!({"capabilities": capabilities}));
            a.put(&session("bare", "x"), body).await.expect_naming(400, place);
        }
        let accepted = [
            json!({"team": true}),
            json!({"searchable": true}),
            json!({"userAuthorizationStyle": true, "searchable": true, "hasOwners": true}),
        ];
        for (n, capabilities) in accepted.into_iter().enumerate() {
            let body = creation(json!({"capabilities": capabilities}));
            let created = a.put(&session("bare", &format!("s{n}")), body).await.expect(201);
            assert_eq!(created.json()["constants"]["system"]["capabilities"], capabilities);
        }
    }

    async fn only_a_server_creates_an_arbitrated_session(w: World) {
        let a = w.user(A).await;
        let body = creation(json!({"capabilities": {"arbitration": true, "gameplay": true}}));
        a.put(&session("bare", "x"), body).await.expect_text(403);
    }

    async fn a_constant_needs_the_capability_it_belongs_to(w: World) {
        let a = w.user(A).await;
        let rows = [
            ("metrics", "connectivity", json!({"latency": true})),
            ("peerToPeerRequirements", "connectivity", json!({})),
            ("peerToHostRequirements", "connectivity", json!({"latencyMaximum": 100})),
            ("cloudComputePackage", "cloudCompute", json!({"titleId": "123",
                "gsiSet": "a2b0c9d0-0000-4000-8000-000000000001"})),
            ("ownershipPolicies", "hasOwners", json!({"migration": "oldest"})),
        ];
        for (field, capability, value) in rows {
            let mut constants = json!({"capabilities": {}});
            constants[field] = value;
            let path = session("bare", field);
            let answer = a.put(&path, creation(constants.clone())).await;
            answer.expect_naming(400, &format!("constants.system.{field}"));
            constants["capabilities"][capability] = json!(true);
            let created = a.put(&path, creation(constants.clone())).await.expect(201).json();
            assert_eq!(created["constants"]["system"]["capabilities"], constants["capabilities"]);
        }
        let rows = [
            ("arbitration", json!({"forfeitTimeout": 1000, "arbitrationTimeout": 2000})),
            ("broadcastViewerTitleIds", json!(["777"])),
        ];
        for (field, value) in rows {
            let constants = Value::from_iter([(field, value)]);
            let answer = a.put(&session("bare", "x"), creation(constants)).await;
            answer.expect_naming(400, &format!("constants.system.{field}"));
        }
    }

    async fn metrics_cover_what_the_requirements_measure(w: World) {
        let a = w.user(A).await;
        let constants = |metrics: Value| json!({"capabilities": {"connectivity": true},
            "metrics": metrics, "peerToPeerRequirements": {"bandwidthMinimum": 1}});
        let short = [json!({}), json!({"latency": true}), json!({"bandwidthUp": true,
            "bandwidthDown": true, "latency": false})];
        for metrics in short {
            let answer = a.put(&session("bare", "x"), creation(constants(metrics))).await;
            answer.expect_naming(400, "constants.system.metrics");
        }
        let enough = json!({"latency": true, "bandwidthUp": true, "bandwidthDown": true});
        a.put(&session("bare", "x"), creation(constants(enough))).await.expect(201);
    }

    async fn initialization_fits_the_session(w: World) {
        let a = w.user(A).await;
        let rows = [
            json!({"membersNeededToStart": 5}),
            json!({"membersNeededToStart": 0, "evaluationTimeout": 1000}),
            json!({"membersNeededToStart": 0, "evaluationTimeout": 1000,
                "externalEvaluation": false}),
            json!({"membersNeededToStart": -1}),
            json!({"membersNeededToStart": "1"}),
            json!({"bogus": 1}),
            json!(true),
        ];
        for initialization in rows {
            let constants = json!({"maxMembersCount": 4, "memberInitialization": initialization});
            let answer = a.put(&session("bare", "x"), creation(constants)).await;
            answer.expect_naming(400, "constants.system.memberInitialization");
        }
        let external = json!({"membersNeededToStart": 0, "evaluationTimeout": 1000,
            "externalEvaluation": true});
        let constants = json!({"memberInitialization": external});
        let created = a.put(&session("bare", "x"), creation(constants)).await.expect(201).json();
        assert_eq!(created["constants"]["system"]["memberInitialization"], external);
    }

    async fn roles_are_named_in_lower_case_and_have_room(w: World) {
        let a = w.user(A).await;
        let creating = |types: Value| {
            let mut body = active();
            body["roleTypes"] = types;
            body
        };
        let role = |role: Value| json!({"lfg": {"roles": {"friend": role}}});
        let refused = [
            role(json!({"max": 0})),
            role(json!({"max": 2, "target": 0})),
            role(json!({"max": 2, "target": 3})),
            role(json!({"max": -1})),
            role(json!({"bogus": 1, "max": 1})),
            json!({"lfg": {"ownerManaged": true, "roles": {"friend": {"max": 1}}}}),
            json!({"lfg": {"roles": {"Friend": {"max": 1}}}}),
            json!({"LFG": {"roles": {"friend": {"max": 1}}}}),
            json!({"lf g": {"roles": {"friend": {"max": 1}}}}),
            json!({"lfg": {"roles": {"f-1": {"max": 1}}}}),
        ];
        for types in refused {
            let answer = a.put(&session("bare", "x"), creating(types)).await;
            answer.expect_naming(400, "roleTypes");
        }
        let types = role(json!({"max": 2, "target": 1}));
        let created = a.put(&session("bare", "x"), creating(types)).await.expect(201).json();
        let expected = json!({"lfg": {"roles": {"friend": {"max": 2, "target": 1, "count": 0,
            "memberXuids": []}}}});
        assert_eq!(created["roleTypes"], expected);
    }

    async fn properties_that_do_not_suit_the_session_are_refused(w: World) {
        let a = w.user(A).await;
        let rows = [
            ("priv", json!({"keywords": ["k"]}), "keywords"),
            ("keep", json!({"locked": true}), "locked"),
            ("keep", json!({"joinRestriction": "followed", "readRestriction": "local"}),
                "readRestriction"),
            ("keep", json!({"allocateCloudCompute": true}), "allocateCloudCompute"),
            ("keep", json!({"initializationSucceeded": true}), "initializationSucceeded"),
            ("keep", json!({"matchmaking": {"clientResult": {"status": "found"}}}),
                "matchmaking"),
            ("keep", json!({"owners": [0]}), "owners"),
            ("big", json!({"joinRestriction": "followed"}), "joinRestriction"),
            ("big", json!({"turn": [0]}), "turn"),
            ("big", json!({"host": "00112233445566778899aabbccddeeff"}), "host"),
        ];
        for (n, (template, properties, field)) in rows.into_iter().enumerate() {
            let path = session(template, &format!("s{n}"));
            a.put(&path, active()).await.expect(201);
            let answer = a.put(&path, system(properties.clone())).await;
            answer.expect_naming(400, &format!("properties.system.{field}"));
            let mut creation = active();
            creation["properties"] = system(properties)["properties"].take();
            a.put(&session(template, &format!("c{n}")), creation).await.expect_text(400);
        }
    }
}
