//! A refused write leaves no trace: neither the part that was wrong nor the parts that were right.

use serde_json::{Map, Value, json};

use crate::fixtures::{A, A_DEVICE, B, C, create, session};
use crate::world::{Player, World};

/// Bodies that each have something wrong somewhere, and how they are refused.
fn bad_bodies() -> Vec<(Value, u16)> {
    let system = |value: Value| json!({"properties": {"system": value}});
    let own = |value: Value| json!({"members": {"me": {"properties": {"system": value}}}});
    let constants = |value: Value| json!({"constants": {"system": value}});
    let reserve = |value: Value| json!({"members": {"reserve_0": value}});
    let mut bodies = vec![
        (json!({"foo": 1}), 400),
        (json!({"Properties": {}}), 400),
        (json!({"membersInfo": {"first": 0}}), 400),
        (json!({"changeNumber": 2}), 400),
        (
            json!({"branch": "a2b0c9d0-0000-4000-8000-000000000001"}),
            400,
        ),
        (json!({"constants": {"bogus": {}}}), 400),
        (json!({"properties": {"bogus": {}}}), 400),
        (json!({"properties": []}), 400),
        (json!({"members": []}), 400),
        (json!({"servers": []}), 400),
        (json!({"members": {"somebody": {}}}), 400),
        (json!({"servers": {"s": {}}}), 403),
        (json!({"members": {"1": null}}), 403),
        (
            json!({"members": {"1": {"properties": {"custom": {"z": 1}}}}}),
            403,
        ),
        (
            json!({"members": {"me": {"roles": {"lfg": "friend"}}}}),
            400,
        ),
        (
            json!({"members": {"me": {"constants": {"system": {"xuid": "1002"}}}}}),
            403,
        ),
        (
            json!({"members": {"me": {"constants": {"custom": {"t": 1}}}}}),
            409,
        ),
        (json!({"constants": {"custom": {"seed": 1}}}), 409),
        (constants(json!({"maxMembersCount": 5})), 409),
        (constants(json!({"visibility": "private"})), 409),
        (constants(json!({"capabilities": {}})), 409),
        (constants(json!({"bogus": 1})), 400),
        (constants(json!({"maxMembersCount": "4"})), 400),
        (reserve(json!({})), 400),
        (
            reserve(json!({"constants": {"system": {"xuid": "C"}}})),
            400,
        ),
        (
            json!({"members": {"reserve_1": {"constants": {"system": {"xuid": "1003"}}}}}),
            400,
        ),
    ];
    let properties = [
        json!({"unknownThing": 1}),
        json!({"keywords": "a"}),
        json!({"keywords": [1]}),
        json!({"keywords": vec!["k"; 33]}),
        json!({"keywords": ["k".repeat(101)]}),
        json!({"turn": [7]}),
        json!({"turn": ["0"]}),
        json!({"turn": 0}),
        json!({"joinRestriction": "friends"}),
        json!({"joinRestriction": 1}),
        json!({"joinRestriction": "followed", "readRestriction": "local"}),
        json!({"closed": "true"}),
        json!({"locked": true}),
        json!({"host": 1}),
        json!({"allocateCloudCompute": true}),
        json!({"initializationSucceeded": true}),
        json!({"matchmaking": 1}),
        json!({"matchmakingResubmit": "yes"}),
        json!({"serverConnectionStringCandidates": "one"}),
        json!({"scheduledTime": 5}),
    ];
    bodies.extend(properties.map(|value| (system(value), 400)));
    let own_properties = [
        json!({"active": true, "ready": true}),
        json!({"active": 1}),
        json!({"connection": "x"}),
        json!({"subscription": 1}),
        json!({"secureDeviceAddress": 1}),
        json!({"measurements": {"t": {"latency": -1}}}),
        json!({"initializationGroup": [9]}),
        json!({"groups": ["a b"]}),
        json!({"unknownThing": 1}),
    ];
    bodies.extend(own_properties.map(|value| (own(value), 400)));
    bodies
}

/// The body with writes added to it that would be fine on their own.
fn with_good_parts(mut body: Value) -> Value {
    let good = json!({"trace": true});
    if let Some(properties) = object(&mut body, "properties") {
        properties.insert("custom".to_owned(), good.clone());
    }
    if let Some(members) = object(&mut body, "members") {
        let by_index = members.keys().any(|key| key.parse::<u64>().is_ok());
        if !by_index {
            let own = json!({"properties": {"custom": good}});
            members.entry("me").or_insert(own);
        }
    }
    body
}

/// The object of this name, made if there is none; nothing if there is something else.
fn object<'a>(body: &'a mut Value, name: &str) -> Option<&'a mut Map<String, Value>> {
    let value = body
        .as_object_mut()?
        .entry(name)
        .or_insert_with(|| json!({}));
    value.as_object_mut()
}

async fn a_and_b(w: &World) -> (Player, Player, String) {
    let (a, b) = (w.user(A).await, w.user(B).await);
    let path = session("open", "b");
    let mut body = create(A);
    body["members"]["me"]["properties"]["system"]["secureDeviceAddress"] = json!(A_DEVICE);
    body["properties"] = json!({"custom": {"kept": 1}, "system": {"keywords": ["k"]}});
    a.put(&path, body).await.expect(201);
    b.put(&path, create(B)).await.expect(200);
    (a, b, path)
}

every_store! {
    async fn a_refused_write_leaves_the_session_as_it_was(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        let before = a.get(&path).await.expect(200);
        for (bad, status) in bad_bodies() {
            for body in [bad.clone(), with_good_parts(bad)] {
                a.put(&path, body).await.expect_text(status);
                let after = a.get(&path).await.expect(200);
                assert_eq!(after.text(), before.text());
                assert_eq!(after.etag(), before.etag());
            }
        }
    }

    async fn a_refused_write_creates_no_session(w: World) {
        let a = w.user(A).await;
        let path = session("open", "b");
        for (bad, _) in bad_bodies() {
            let body = with_good_parts(bad);
            if body["members"].get("me").is_none() {
                continue;
            }
            let answer = a.put(&path, body.clone()).await;
            if [200, 201].contains(&answer.status) {
                // Custom constants are free to whoever creates the session.
                let chosen = body["constants"].get("custom").is_some()
                    || body["members"]["me"]["constants"].get("custom").is_some();
                assert!(chosen, "{} was accepted", answer.sent);
                a.delete(&format!("{path}/members/me")).await;
            }
            a.get(&path).await.expect_empty(204);
        }
    }

    async fn a_refused_join_leaves_the_session_as_it_was(w: World) {
        let (a, _, path) = a_and_b(&w).await;
        a.put(&path, json!({"properties": {"system": {"closed": true}}})).await.expect(200);
        let before = a.get(&path).await.expect(200);
        let c = w.user(C).await;
        let refused = c.put(&path, create(C)).await.expect(403);
        assert_eq!(refused.json(), before.json());
        let mut body = create(C);
        body["properties"] = json!({"custom": {"trace": true}});
        c.put(&path, body).await.expect(403);
        let after = a.get(&path).await.expect(200);
        assert_eq!(after.text(), before.text());
        assert_eq!(after.etag(), before.etag());
    }
}
