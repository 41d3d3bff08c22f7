//! Each property of a member: what may be written to it and how it is shown.

use serde_json::{Value, json};

use crate::fixtures::{A, A_DEVICE, B, C, HANDLES_SCID, create, me, session};
use crate::world::{Player, World};

const SUBSCRIPTION: &str = "5AB2C9D0-0000-4000-8000-000000000001";

/// A's session of this template.
async fn a_in(w: &World, template: &str) -> (Player, String) {
    let a = w.user(A).await;
    let path = session(template, "m");
    a.put(&path, create(A)).await.expect(201);
    (a, path)
}

/// Writes these system properties of A's and reads back what is shown of them.
async fn shown(a: &Player, path: &str, system: Value) -> Value {
    let written = a.put(path, me(system)).await.expect(200).json();
    let read = a.get(path).await.expect(200).json();
    assert_eq!(written["members"], read["members"]);
    read["members"]["0"]["properties"]["system"].clone()
}

every_store! {
    async fn a_member_property_of_the_wrong_kind_is_refused_by_name(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let before = a.get(&path).await.expect(200);
        let rows = [
            ("active", vec![json!(1), json!("true")]),
            ("ready", vec![json!("no")]),
            ("connection", vec![json!("x"), json!(5)]),
            ("subscription", vec![json!("x"), json!({"id": "x", "changeTypes": []}),
                json!({"id": SUBSCRIPTION, "changeTypes": "everything"})]),
            ("secureDeviceAddress", vec![json!("*"), json!(1), json!("A".repeat(4096))]),
            ("initializationGroup", vec![json!([9]), json!([-1]), json!("0"), json!([0.5])]),
            ("groups", vec![json!("x"), json!([1]), json!(["a b"]), json!(["a~b"]),
                json!(vec!["g"; 33]), json!(["g".repeat(101)])]),
            ("encounters", vec![json!([1]), json!(["a b"]), json!(vec!["e"; 33])]),
            ("measurements", vec![json!([]), json!({"t": {"latency": -1}}), json!({"t": 1}),
                json!({"t": {"bandwidthUp": "1"}})]),
            ("serverMeasurements", vec![json!([]), json!("x")]),
            ("RolePreference", vec![json!({"tank": 101}), json!({"tank": -1}), json!([])]),
            ("unknownThing", vec![json!(1), json!({})]),
        ];
        for (field, values) in rows {
            for value in values {
                let body = me(Value::from_iter([(field, value)]));
                let place = format!("members.me.properties.system.{field}");
                a.put(&path, body).await.expect_naming(400, &place);
            }
        }
        let after = a.get(&path).await.expect(200);
        assert_eq!(after.body, before.body);
        assert_eq!(after.etag(), before.etag());
    }

    async fn a_member_object_has_three_parts_and_no_more(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let rows = [
            (json!({"bogus": {}}), "members.me.bogus"),
            (json!({"gamertag": "Z"}), "members.me.gamertag"),
            (json!({"constants": {"bogus": {}}}), "members.me.constants.bogus"),
            (json!({"properties": {"bogus": {}}}), "members.me.properties.bogus"),
            (json!({"properties": {"custom": 5}}), "members.me.properties.custom"),
            (json!({"constants": {"system": {"bogus": 1}}}), "members.me.constants.system.bogus"),
            (json!({"roles": "friend"}), "members.me.roles"),
            (json!({"roles": {"lfg": "friend"}}), "members.me.roles"),
            (json!(5), "members.me"),
        ];
        for (body, place) in rows {
            let answer = a.put(&path, json!({"members": {"me": body}})).await;
            answer.expect_naming(400, place);
        }
        for key in ["ME", "you", "00", "1.5", "reserve_", "reserve_01", "me_", ""] {
            let members = Value::from_iter([(key, json!({}))]);
            a.put(&path, json!({"members": members})).await.expect_text(400);
        }
    }

    async fn constants_that_only_servers_set_are_refused(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let rows = [("index", json!(7)), ("team", json!("t")), ("matchmakingResult", json!({}))];
        for (field, value) in rows {
            let system = json!({field: value, "xuid": "1002"});
            let reservation = json!({"constants": {"system": system}});
            let body = json!({"members": {"reserve_0": reservation}});
            let place = format!("members.reserve_0.constants.system.{field}");
            a.put(&path, body).await.expect_naming(403, &place);
            let system = Value::from_iter([(field, value)]);
            let body = json!({"members": {"me": {"constants": {"system": system}}}});
            let place = format!("members.me.constants.system.{field}");
            a.put(&path, body).await.expect_naming(403, &place);
        }
    }

    async fn a_xuid_may_be_written_as_a_number_and_is_shown_as_text(w: World) {
        let a = w.user(A).await;
        let path = session("open", "m");
        let mut body = create(A);
        body["members"]["me"]["constants"]["system"]["xuid"] = json!(1001);
        body["members"]["reserve_0"] = json!({"constants": {"system": {"xuid": 1002}}});
        let created = a.put(&path, body).await.expect(201).json();
        assert_eq!(created["members"]["0"]["constants"]["system"]["xuid"], "1001");
        assert_eq!(created["members"]["1"]["constants"]["system"]["xuid"], "1002");
    }

    async fn each_property_is_shown_as_it_was_written(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let rows = [
            json!({"secureDeviceAddress": A_DEVICE}),
            json!({"groups": ["team-buzz", "posse.99"]}),
            json!({"initializationGroup": [0]}),
            json!({"measurements": {"00112233445566778899aabbccddeeff": {"latency": 3,
                "bandwidthDown": 4, "bandwidthUp": 5, "custom": {"x": [1]}}}}),
            json!({"serverMeasurements": {"east": {"latency": 9}}}),
            json!({"RolePreference": {"tank": 100, "healer": 0}}),
            json!({"subscription": {"id": SUBSCRIPTION, "changeTypes": ["host", "joinability"]}}),
            json!({"connection": "aaaaaaaa-0000-4000-8000-000000000001"}),
        ];
        let mut expected = json!({"active": true});
        for row in rows {
            for (field, value) in row.as_object().expect("an object") {
                expected[field] = value.clone();
            }
            assert_eq!(shown(&a, &path, row).await, expected);
        }
    }

    async fn each_property_is_removed_by_null(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let all = json!({"secureDeviceAddress": A_DEVICE, "groups": ["g"],
            "initializationGroup": [0], "measurements": {}, "serverMeasurements": {},
            "RolePreference": {"tank": 1},
            "subscription": {"id": SUBSCRIPTION, "changeTypes": ["everything"]}});
        a.put(&path, me(all.clone())).await.expect(200);
        for field in all.as_object().expect("an object").keys() {
            let left = shown(&a, &path, Value::from_iter([(field.as_str(), Value::Null)])).await;
            assert!(left.get(field).is_none(), "{field}: {left}");
        }
        assert_eq!(shown(&a, &path, json!({})).await, json!({"active": true}));
    }

    async fn a_device_address_can_be_emptied(w: World) {
        let (a, path) = a_in(&w, "open").await;
        a.put(&path, me(json!({"secureDeviceAddress": A_DEVICE}))).await.expect(200);
        let written = a.put(&path, me(json!({"secureDeviceAddress": ""}))).await.expect(200);
        let member = written.json()["members"]["0"].clone();
        assert!(member.get("deviceToken").is_none());
        assert_eq!(member["properties"]["system"], json!({"active": true}));
    }

    async fn measurements_are_kept_by_device_tokens_in_lower_case(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let system = json!({"measurements": {"ABCDEF": {"latency": 1}},
            "serverMeasurements": {"East US": {"latency": 2}}});
        let kept = shown(&a, &path, system).await;
        assert_eq!(kept["measurements"], json!({"abcdef": {"latency": 1}}));
        assert_eq!(kept["serverMeasurements"], json!({"east us": {"latency": 2}}));
    }

    async fn encounters_are_taken_and_never_shown(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let kept = shown(&a, &path, json!({"encounters": ["trade.1"]})).await;
        assert_eq!(kept, json!({"active": true}));
    }

    async fn an_empty_list_of_groups_is_not_shown(w: World) {
        let (a, path) = a_in(&w, "open").await;
        a.put(&path, me(json!({"groups": ["g"]}))).await.expect(200);
        assert_eq!(shown(&a, &path, json!({"groups": []})).await, json!({"active": true}));
    }

    async fn unknown_change_types_are_accepted(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let subscription = json!({"id": SUBSCRIPTION,
            "changeTypes": ["EVERYTHING", "scheduledtime", "somethingNew"]});
        let kept = shown(&a, &path, json!({"subscription": subscription})).await;
        assert_eq!(kept["subscription"]["id"], SUBSCRIPTION);
    }

    async fn secondary_subscriptions_are_merged_one_by_one(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let second = "5ab2c9d0-0000-4000-8000-000000000002";
        let connection = json!({"connection": "aaaaaaaa-0000-4000-8000-000000000001"});
        let entry = json!({"changeTypes": ["roles"], "rta": connection});
        let one = Value::from_iter([(SUBSCRIPTION, entry.clone())]);
        a.put(&path, me(json!({"secondarySubscriptions": one}))).await.expect(200);
        let two = Value::from_iter([(second, entry.clone()), (SUBSCRIPTION, Value::Null)]);
        let kept = shown(&a, &path, json!({"secondarySubscriptions": two})).await;
        let expected = Value::from_iter([(second, entry)]);
        assert_eq!(kept["secondarySubscriptions"], expected);
    }

    async fn an_own_index_speaks_of_oneself(w: World) {
        let (a, path) = a_in(&w, "open").await;
        w.user(B).await.put(&path, create(B)).await.expect(200);
        let body = json!({"members": {"0": {"properties": {"custom": {"z": 1}}}}});
        let written = a.put(&path, body).await.expect(200).json();
        assert_eq!(written["members"]["0"]["properties"]["custom"], json!({"z": 1}));
    }

    async fn the_same_user_in_another_title_is_the_same_member(w: World) {
        let body = json!({"xuid": "1001", "gamertag": "A", "titleId": "777"});
        let (first, second) = (w.token(body).await, w.user(A).await);
        let path = format!("/serviceconfigs/{HANDLES_SCID}/sessiontemplates/vis/sessions/m");
        let created = first.put(&path, create(A)).await.expect(201).json();
        assert_eq!(created["members"]["0"]["activeTitleId"], "777");
        let written = second.put(&path, create(A)).await.expect(200).json();
        assert_eq!(written["membersInfo"]["count"], 1);
        assert_eq!(written["members"]["0"]["activeTitleId"], "123");
    }

    async fn subscriptions_of_old_are_kept_to_oneself(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let entry = json!({"profile": "roster", "onBehalfOfTitleId": "123"});
        let legacy = Value::from_iter([(SUBSCRIPTION, entry)]);
        let kept = shown(&a, &path, json!({"subscriptions": legacy})).await;
        assert_eq!(kept, json!({"active": true}));
    }

    async fn the_older_contract_calls_an_initialization_group_a_group(w: World) {
        let (a, path) = a_in(&w, "open").await;
        let call = a.request("PUT", &path).contract("105").json(me(json!({"group": [0]})));
        call.send().await.expect(200);
        let kept = shown(&a, &path, json!({})).await;
        assert_eq!(kept, json!({"active": true, "initializationGroup": [0]}));
    }

    async fn member_constants_may_be_any_json(w: World) {
        let a = w.user(A).await;
        for (n, custom) in [json!("Hello"), json!([1]), json!(7), json!({"a": {"b": null}})]
            .into_iter().enumerate()
        {
            let path = session("open", &format!("m{n}"));
            let mut body = create(A);
            body["members"]["me"]["constants"]["custom"] = custom.clone();
            let created = a.put(&path, body.clone()).await.expect(201).json();
            assert_eq!(created["members"]["0"]["constants"]["custom"], custom);
            assert_eq!(a.put(&path, body).await.expect(200).json()["changeNumber"], 1);
        }
    }

    async fn e94_a_large_session_shows_only_oneself_and_takes_no_subscription(w: World) {
        let (a, path) = a_in(&w, "big").await;
        let b = w.user(B).await;
        let joined = b.put(&path, create(B)).await.expect(200).json();
        assert_eq!(joined["membersInfo"]["count"], 2);
        let own = &joined["members"]["me"]["constants"]["system"]["xuid"];
        assert_eq!(*own, "1002");
        assert_eq!(joined["properties"]["system"], json!({}));
        let seen = w.user(C).await.get(&path).await.expect(200).json();
        assert_eq!(seen["members"], json!({}));
        assert_eq!(seen["membersInfo"], joined["membersInfo"]);
        let rows = [
            ("subscription", json!({"id": SUBSCRIPTION, "changeTypes": ["everything"]})),
            ("initializationGroup", json!([0])),
            ("secureDeviceAddress", json!(A_DEVICE)),
        ];
        for (field, value) in rows {
            let place = format!("members.me.properties.system.{field}");
            let body = me(Value::from_iter([(field, value)]));
            a.put(&path, body).await.expect_naming(400, &place);
        }
        let body = me(json!({"groups": ["g"], "encounters": ["e"]}));
        let written = a.put(&path, body).await.expect(200).json();
        let kept = json!({"active": true, "groups": ["g"]});
        assert_eq!(written["members"]["me"]["properties"]["system"], kept);
    }
}
