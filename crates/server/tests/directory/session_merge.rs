//! How a write merges into a session: field by field, each field as a whole.

use serde_json::{Value, json};

use crate::fixtures::{A, active, create, custom, me, session, system};
use crate::json::assert_contains;
use crate::world::{Answer, Player, World};

/// A's fresh session of template `open`.
async fn c1(w: &World) -> (Player, String) {
    let a = w.user(A).await;
    let path = session("open", "c1");
    a.put(&path, create(A)).await.expect(201);
    (a, path)
}

/// Writes text that a JSON value would not keep digit for digit.
async fn put_text(player: &Player, path: &str, body: &str) -> Answer {
    let call = player.request("PUT", path);
    call.body(Some("application/json"), body).send().await
}

/// The write is accepted, and the session is the one that was there before.
async fn changes_nothing(player: &Player, path: &str, body: Value) {
    let before = player.get(path).await.expect(200);
    let written = player.put(path, body).await.expect(200);
    assert_eq!(written.text(), before.text(), "{}", written.sent);
    assert_eq!(written.etag(), before.etag(), "{}", written.sent);
    let after = player.get(path).await.expect(200);
    assert_eq!(after.body, before.body, "{}", written.sent);
    assert_eq!(after.etag(), before.etag(), "{}", written.sent);
}

every_store! {
    async fn e28_a_write_of_custom_properties_is_one_change(w: World) {
        let (a, path) = c1(&w).await;
        let body = custom(json!({"a": 1, "b": {"x": 1, "y": 2}}));
        let written = a.put(&path, body).await.expect(200).json();
        assert_eq!(written["changeNumber"], 2);
        assert_eq!(written["properties"]["custom"], json!({"a": 1, "b": {"x": 1, "y": 2}}));
    }

    async fn e29_a_custom_field_is_replaced_whole_and_its_neighbours_stay(w: World) {
        let (a, path) = c1(&w).await;
        a.put(&path, custom(json!({"a": 1, "b": {"x": 1, "y": 2}}))).await.expect(200);
        let written = a.put(&path, custom(json!({"b": {"x": 9}}))).await.expect(200).json();
        assert_eq!(written["properties"]["custom"], json!({"a": 1, "b": {"x": 9}}));
        assert_eq!(written["changeNumber"], 3);
    }

    async fn e30_null_removes_a_custom_field(w: World) {
        let (a, path) = c1(&w).await;
        a.put(&path, custom(json!({"a": 1, "b": {"x": 9}}))).await.expect(200);
        let written = a.put(&path, custom(json!({"a": null}))).await.expect(200).json();
        assert_eq!(written["properties"]["custom"], json!({"b": {"x": 9}}));
    }

    async fn e31_null_inside_a_custom_field_is_data(w: World) {
        let (a, path) = c1(&w).await;
        let written = a.put(&path, custom(json!({"n": {"inner": null}}))).await.expect(200).json();
        assert_eq!(written["properties"]["custom"], json!({"n": {"inner": null}}));
    }

    async fn e32_numbers_in_custom_properties_keep_their_digits(w: World) {
        let (a, path) = c1(&w).await;
        let body = r#"{"properties":{"custom":{"id":18446744073709551615,"d":1.10}}}"#;
        let written = put_text(&a, &path, body).await.expect(200);
        let read = a.get(&path).await.expect(200);
        for answer in [written, read] {
            assert!(answer.text().contains(r#""id":18446744073709551615"#), "{}", answer.text());
            assert!(answer.text().contains(r#""d":1.10"#), "{}", answer.text());
        }
    }

    async fn e33_the_same_write_again_changes_nothing(w: World) {
        let (a, path) = c1(&w).await;
        let body = r#"{"properties":{"custom":{"id":18446744073709551615,"d":1.10}}}"#;
        let first = put_text(&a, &path, body).await.expect(200);
        let second = put_text(&a, &path, body).await.expect(200);
        assert_eq!(first.json()["changeNumber"], 2);
        assert_eq!(second.json()["changeNumber"], 2);
        assert_eq!(first.etag(), second.etag());
    }

    async fn e34_an_empty_write_changes_nothing(w: World) {
        let (a, path) = c1(&w).await;
        changes_nothing(&a, &path, json!({})).await;
    }

    async fn e35_an_array_is_replaced_not_appended_to(w: World) {
        let (a, path) = c1(&w).await;
        a.put(&path, system(json!({"keywords": ["a", "b"]}))).await.expect(200);
        let written = a.put(&path, system(json!({"keywords": ["c"]}))).await.expect(200).json();
        assert_eq!(written["properties"]["system"]["keywords"], json!(["c"]));
    }

    async fn e36_a_flag_that_is_false_is_not_shown(w: World) {
        let (a, path) = c1(&w).await;
        changes_nothing(&a, &path, system(json!({"closed": false}))).await;
        let closed = a.put(&path, system(json!({"closed": true}))).await.expect(200).json();
        assert_eq!(closed["properties"]["system"]["closed"], true);
        let reopened = a.put(&path, system(json!({"closed": false}))).await.expect(200).json();
        assert_eq!(reopened["properties"]["system"], json!({"turn": []}));
    }

    async fn e37_properties_can_be_written_back_as_they_were_read(w: World) {
        let (a, path) = c1(&w).await;
        let rich = json!({"properties": {"custom": {"map": "m", "deep": {"a": [1, {}]}},
            "system": {"keywords": ["k"], "turn": [0], "matchmakingResubmit": false,
                "joinRestriction": "followed", "readRestriction": "none", "closed": true,
                "matchmaking": {"targetSessionConstants": {"custom": {}}},
                "serverConnectionStringCandidates": ["one", "two"]}}});
        for body in [json!({}), rich] {
            a.put(&path, body).await.expect(200);
            let read = a.get(&path).await.expect(200).json();
            changes_nothing(&a, &path, json!({"properties": read["properties"]})).await;
        }
    }

    async fn e38_an_unknown_system_property_is_refused_by_name(w: World) {
        let (a, path) = c1(&w).await;
        let answer = a.put(&path, system(json!({"unknownThing": 1}))).await;
        answer.expect_naming(400, "properties.system.unknownThing");
    }

    async fn e39_constants_can_be_repeated_but_never_changed(w: World) {
        let (a, path) = c1(&w).await;
        let constants = |value| json!({"constants": {"system": {"maxMembersCount": value}}});
        changes_nothing(&a, &path, constants(4)).await;
        let answer = a.put(&path, constants(5)).await;
        answer.expect_naming(409, "constants.system.maxMembersCount");
    }

    async fn e40_the_properties_element_can_be_written_alone(w: World) {
        let (a, path) = c1(&w).await;
        let element = format!("{path}/properties");
        let written = a.put(&element, json!({"custom": {"q": 1}})).await.expect(200);
        let read = a.get(&path).await.expect(200);
        assert_eq!(written.json(), read.json());
        assert_eq!(written.etag(), read.etag());
        assert_eq!(read.json()["properties"]["custom"], json!({"q": 1}));
        let missing = format!("{}/properties", session("open", "none"));
        a.put(&missing, json!({"custom": {"q": 1}})).await.expect_text(404);
    }

    async fn null_for_a_whole_bag_clears_what_was_written_to_it(w: World) {
        let (a, path) = c1(&w).await;
        let body = json!({"properties": {"system": {"keywords": ["k"], "closed": true},
            "custom": {"a": 1}}});
        a.put(&path, body).await.expect(200);
        let cleared = a.put(&path, json!({"properties": {"custom": null}})).await.expect(200);
        assert_eq!(cleared.json()["properties"]["custom"], json!({}));
        let cleared = a.put(&path, json!({"properties": {"system": null}})).await.expect(200);
        assert_eq!(cleared.json()["properties"]["system"], json!({"turn": []}));
    }

    async fn a_member_property_merges_as_a_session_property_does(w: World) {
        let (a, path) = c1(&w).await;
        let own = |custom: Value| json!({"members": {"me": {"properties": {"custom": custom}}}});
        a.put(&path, own(json!({"a": 1, "b": {"x": 1, "y": 2}}))).await.expect(200);
        let written = a.put(&path, own(json!({"a": null, "b": {"x": 2}}))).await.expect(200).json();
        let expected = json!({"system": {"active": true}, "custom": {"b": {"x": 2}}});
        assert_eq!(written["members"]["0"]["properties"], expected);
    }

    async fn the_order_and_spelling_of_a_custom_field_survive(w: World) {
        let (a, path) = c1(&w).await;
        let field = r#""z":{"b":1e2,"a":[ ],"é":"\u00e9"}"#;
        let body = format!(r#"{{"properties":{{"custom":{{{field}}}}}}}"#);
        put_text(&a, &path, &body).await.expect(200);
        let read = a.get(&path).await.expect(200);
        let place = |text: &str| read.text().find(text);
        assert!(place(r#""b":1e2"#) < place(r#""a":["#), "{}", read.text());
        assert!(place(r#""b":1e2"#).is_some(), "{}", read.text());
        assert_eq!(read.json()["properties"]["custom"]["z"]["é"], "é");
    }

    async fn writes_to_different_fields_commute(w: World) {
        let writes = [custom(json!({"a": 1})), custom(json!({"b": 2})),
            system(json!({"keywords": ["k"]})), me(json!({"secureDeviceAddress": "AAAA"}))];
        let (a, path) = c1(&w).await;
        let other = session("open", "c2");
        a.put(&other, active()).await.expect(201);
        for body in &writes {
            a.put(&path, body.clone()).await.expect(200);
        }
        for body in writes.iter().rev() {
            a.put(&other, body.clone()).await.expect(200);
        }
        let (one, two) = (a.get(&path).await.json(), a.get(&other).await.json());
        assert_eq!(one["properties"], two["properties"]);
        assert_contains(&one["members"], &two["members"]);
        assert_eq!(one["changeNumber"], 5);
    }
}
