//! Each constant of a session: its values, its default, and how it is shown.

use serde_json::{Value, json};

use crate::fixtures::{A, active, session};

/// A creation with these system constants by an active A.
fn creation(constants: Value) -> Value {
    let mut body = active();
    body["constants"] = Value::from_iter([("system", constants)]);
    body
}

every_store! {
    async fn a_constant_of_the_wrong_kind_or_range_is_refused_by_name(w: World) {
        let a = w.user(A).await;
        let timeouts = ["reservedRemovalTimeout", "inactiveRemovalTimeout",
            "readyRemovalTimeout", "sessionEmptyTimeout"];
        let mut rows = vec![
            ("version", vec![json!(0), json!(2), json!("1"), json!(1.5)]),
            ("maxMembersCount", vec![json!("4"), json!(4.5), json!([])]),
            ("visibility", vec![json!("hidden"), json!(""), json!(1), json!("full")]),
            ("initiators", vec![json!("1001"), json!([true]), json!(["A"]), json!({})]),
            ("inviteProtocol", vec![json!(5), json!(["game"])]),
            ("capabilities", vec![json!([]), json!(true), json!({"bogus": true}),
                json!({"gameplay": "true"}), json!({"gameplay": 1})]),
            ("metrics", vec![json!([]), json!({"latency": 1}), json!({"bogus": true})]),
            ("memberInitialization", vec![json!([]), json!({"joinTimeout": -1})]),
            ("peerToPeerRequirements", vec![json!([]), json!({"latencyMaximum": -1}),
                json!({"bogus": 1})]),
            ("peerToHostRequirements", vec![json!({"hostSelectionMetric": "ping"}),
                json!({"bandwidthUpMinimum": "1"})]),
            ("measurementServerAddresses", vec![json!([]), json!({"Upper": {}}),
                json!({"one": 1})]),
            ("bogus", vec![json!(1), json!({})]),
        ];
        for field in timeouts {
            rows.push((field, vec![json!(-1), json!("5"), json!(0.5), json!(1_u64 << 53)]));
        }
        for (field, values) in rows {
            for value in values {
                let mut constants = json!({"capabilities": {"connectivity": true}});
                constants[field] = value;
                let answer = a.put(&session("bare", "x"), creation(constants)).await;
                answer.expect_naming(400, &format!("constants.system.{field}"));
            }
        }
    }

    async fn what_is_given_is_shown_and_what_is_not_has_its_default(w: World) {
        let a = w.user(A).await;
        let created = a.put(&session("bare", "d"), active()).await.expect(201).json();
        let defaults = json!({"version": 1, "maxMembersCount": 100, "visibility": "open",
            "capabilities": {}, "reservedRemovalTimeout": 30000, "inactiveRemovalTimeout": 0,
            "readyRemovalTimeout": 180_000, "sessionEmptyTimeout": 0});
        assert_eq!(created["constants"], json!({"system": defaults, "custom": {}}));
        let given = json!({"version": 1, "maxMembersCount": 9, "visibility": "open",
            "initiators": ["1001"], "inviteProtocol": "tournamentGame",
            "capabilities": {"connectivity": true, "cloudCompute": true, "hasOwners": true},
            "reservedRemovalTimeout": 1, "inactiveRemovalTimeout": 2, "readyRemovalTimeout": 3,
            "sessionEmptyTimeout": 4,
            "metrics": {"latency": true, "bandwidthDown": true, "bandwidthUp": true,
                "custom": false},
            "peerToPeerRequirements": {"latencyMaximum": 11, "bandwidthMinimum": 12},
            "peerToHostRequirements": {"latencyMaximum": 13, "bandwidthDownMinimum": 14,
                "bandwidthUpMinimum": 15, "hostSelectionMetric": "bandwidth"},
            "measurementServerAddresses": {"server one": {"secureDeviceAddress": "AAAA"}},
            "cloudComputePackage": {"titleId": "123", "crossSandbox": true,
                "gsiSet": "a2b0c9d0-0000-4000-8000-000000000001"},
            "ownershipPolicies": {"migration": "oldest", "allowNonOwnerInviteHandles": true,
                "nonOwnerModifiableSystemProperties": ["closed"]}});
        let created = a.put(&session("bare", "g"), creation(given.clone())).await.expect(201);
        assert_eq!(created.json()["constants"]["system"], given);
        let repeated = a.put(&session("bare", "g"), creation(given)).await.expect(200).json();
        assert_eq!(repeated["changeNumber"], 1);
    }

    async fn words_are_read_in_any_case(w: World) {
        let a = w.user(A).await;
        let requirements = json!({"hostSelectionMetric": "bandwidthUp"});
        let constants = json!({"visibility": "PRIVATE", "peerToHostRequirements": requirements,
            "capabilities": {"CrossPlay": true, "connectivity": true}});
        let path = session("bare", "x");
        let created = a.put(&path, creation(constants.clone())).await.expect(201).json();
        let system = &created["constants"]["system"];
        assert_eq!(system["visibility"], "private");
        let capabilities = json!({"crossPlay": true, "connectivity": true});
        assert_eq!(system["capabilities"], capabilities);
        let metric = system["peerToHostRequirements"]["hostSelectionMetric"].as_str();
        assert!(metric.is_some_and(|text| text.eq_ignore_ascii_case("bandwidthup")));
        a.put(&path, creation(constants)).await.expect(200);
    }

    async fn a_capability_that_is_false_is_as_good_as_absent(w: World) {
        let a = w.user(A).await;
        let path = session("bare", "x");
        let constants = json!({"capabilities": {"gameplay": false, "crossPlay": true}});
        let created = a.put(&path, creation(constants)).await.expect(201).json();
        let shown = &created["constants"]["system"]["capabilities"];
        assert_eq!(*shown, json!({"crossPlay": true}));
        let same = json!({"capabilities": {"crossPlay": true, "large": false}});
        a.put(&path, creation(same)).await.expect(200);
        let other = json!({"capabilities": {"crossPlay": true, "gameplay": true}});
        let answer = a.put(&path, creation(other)).await;
        answer.expect_naming(409, "constants.system.capabilities");
    }

    async fn capabilities_without_an_effect_here_are_kept_and_shown(w: World) {
        let a = w.user(A).await;
        let capabilities = json!({"suppressPresenceActivityCheck": true, "crossPlay": true,
            "blockBadMsaReputation": true});
        let constants = json!({"capabilities": capabilities.clone()});
        let created = a.put(&session("bare", "x"), creation(constants)).await.expect(201).json();
        assert_eq!(created["constants"]["system"]["capabilities"], capabilities);
    }

    async fn a_constant_that_was_left_out_cannot_be_added_later(w: World) {
        let a = w.user(A).await;
        let path = session("bare", "x");
        a.put(&path, active()).await.expect(201);
        let rows = [
            (json!({"system": {"inviteProtocol": "game"}}), "constants.system.inviteProtocol"),
            (json!({"system": {"sessionEmptyTimeout": 5}}), "constants.system.sessionEmptyTimeout"),
            (json!({"custom": {"a": 1}}), "constants.custom"),
        ];
        for (constants, place) in rows {
            let answer = a.put(&path, json!({"constants": constants})).await;
            answer.expect_naming(409, place);
        }
        let defaults = json!({"constants": {"system": {"sessionEmptyTimeout": 0, "version": 1},
            "custom": {}}});
        a.put(&path, defaults).await.expect(200);
    }

    async fn custom_constants_keep_their_digits(w: World) {
        let a = w.user(A).await;
        let constants = r#"{"custom":{"seed":18446744073709551615,"f":2.50}}"#;
        let me = r#"{"me":{"properties":{"system":{"active":true}}}}"#;
        let body = format!(r#"{{"constants":{constants},"members":{me}}}"#);
        let call = a.request("PUT", &session("bare", "x"));
        let created = call.body(Some("application/json"), body).send().await.expect(201);
        let digits = r#""seed":18446744073709551615,"f":2.50"#;
        assert!(created.text().contains(digits), "{}", created.text());
        let read = a.get(&session("bare", "x")).await.expect(200);
        assert!(read.text().contains(digits), "{}", read.text());
    }

    async fn null_suppresses_the_default_of_a_constant(w: World) {
        let a = w.user(A).await;
        let constants = json!({"reservedRemovalTimeout": null, "inviteProtocol": null});
        let created = a.put(&session("bare", "x"), creation(constants)).await.expect(201).json();
        let system = created["constants"]["system"].as_object().expect("constants");
        assert!(!system.contains_key("reservedRemovalTimeout"));
        assert!(!system.contains_key("inviteProtocol"));
        assert_eq!(system["readyRemovalTimeout"], 180_000);
    }
}
