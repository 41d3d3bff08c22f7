//! `members.me.properties`: what a member says of itself.

use convoke_core::refusal::Rule;
use convoke_core::session::Disposition::{Unchanged, Updated};
use serde_json::{Value, json};

use crate::support::{World, a, b, has, playing, user};

const GUID: &str = "0c1d8a4e-1a2b-4c3d-8e4f-5a6b7c8d9e0f";

fn world() -> World {
    let mut world = World::new(
        &json!({"maxMembersCount": 4, "inactiveRemovalTimeout": null,
        "readyRemovalTimeout": null, "capabilities": {"connectivity": true}}),
    );
    world.ok(&a(), &playing());
    world
}

fn me(system: &Value) -> Value {
    json!({"members": {"me": {"properties": {"system": system}}}})
}

fn at(field: &str) -> String {
    format!("members.me.properties.system.{field}")
}

#[test]
fn the_state_follows_active_and_ready() {
    let rows = [
        // from, written, to
        (json!({"active": true}), json!({"active": false}), None),
        (
            json!({"active": true}),
            json!({"active": false, "ready": false}),
            None,
        ),
        (
            json!({"active": true}),
            json!({"ready": false}),
            Some("active"),
        ),
        (
            json!({"active": true}),
            json!({"ready": true}),
            Some("ready"),
        ),
        (json!({"active": true}), json!({"active": null}), None),
        (json!({"active": true}), json!({}), Some("active")),
        (
            json!({"active": true}),
            json!({"groups": ["x"]}),
            Some("active"),
        ),
        (
            json!({"ready": true}),
            json!({"active": true}),
            Some("active"),
        ),
        (json!({"ready": true}), json!({"ready": false}), None),
        (json!({"ready": true}), json!({"active": false}), None),
        (
            json!({"ready": true}),
            json!({"groups": ["x"]}),
            Some("ready"),
        ),
        (
            json!({"active": false}),
            json!({"ready": true}),
            Some("ready"),
        ),
        (
            json!({"active": false}),
            json!({"active": true}),
            Some("active"),
        ),
        (
            json!({"active": false}),
            json!({"active": true, "ready": false}),
            Some("active"),
        ),
    ];
    for (from, written, to) in rows {
        let mut world = world();
        world.ok(&a(), &me(&from));
        let document = world.ok(&a(), &me(&written));
        let system = &document["members"]["0"]["properties"]["system"];
        let found = ["active", "ready"]
            .into_iter()
            .find(|word| system[word] == json!(true));
        assert_eq!(found, to, "{from} + {written}");
        let title = document["members"]["0"].get("activeTitleId").is_some();
        assert_eq!(title, to == Some("active"), "{from} + {written}");
        world.becomes(&a(), &me(&written), Unchanged);
    }
    let both = me(&json!({"active": true, "ready": true}));
    world().refused(&a(), &both, Rule::ActiveAndReady, &at("ready"));
}

#[test]
fn turning_inactive_drops_connection_and_title_but_keeps_the_subscription() {
    let mut world = world();
    let subscribed = json!({"active": true, "connection": GUID,
        "subscription": {"id": GUID, "changeTypes": ["everything"]}});
    has(
        &world.ok(&a(), &me(&subscribed)),
        &json!({"members": {"0": {"properties": {"system": subscribed}}}}),
    );
    has(
        &world.ok(&a(), &me(&json!({"active": false}))),
        &json!({"members": {"0": {"activeTitleId": null, "properties": {"system": {
            "active": null, "connection": null, "subscription": {"id": GUID}}}}}}),
    );
    has(
        &world.ok(&a(), &me(&json!({"active": true, "connection": GUID}))),
        &json!({"members": {"0": {"activeTitleId": "123", "properties": {"system": subscribed}}}}),
    );
}

#[test]
fn the_title_of_the_token_is_the_active_title() {
    let mut world = world();
    let mut other = a();
    other.title_id = Some(convoke_wire::TitleId(456));
    has(
        &world.ok(&other, &me(&json!({"active": true}))),
        &json!({"members": {"0": {"activeTitleId": "456"}}}),
    );
    other.title_id = None;
    world.becomes(&other, &me(&json!({"active": true})), Unchanged);
}

#[test]
fn being_active_takes_a_connection_where_the_session_says_so() {
    let mut world =
        World::new(&json!({"capabilities": {"connectionRequiredForActiveMembers": true}}));
    let path = at("connection");
    world.refused(&a(), &playing(), Rule::ConnectionRequired, &path);
    let nil = json!({"active": true, "connection": "00000000-0000-0000-0000-000000000000"});
    world.refused(&a(), &me(&nil), Rule::ConnectionRequired, &path);
    world.ok(&a(), &me(&json!({"active": true, "connection": GUID})));
    world.becomes(&a(), &playing(), Unchanged);
    world.becomes(&a(), &me(&nil), Unchanged);
    world.refused(
        &a(),
        &me(&json!({"connection": null})),
        Rule::ConnectionRequired,
        &path,
    );
    world.refused(
        &a(),
        &me(&json!({"connection": "abc"})),
        Rule::BadText,
        &path,
    );
}

#[test]
fn a_subscription_is_replaced_whole_and_ends_with_an_empty_list() {
    let mut world = world();
    let write = |subscription: Value| me(&json!({ "subscription": subscription }));
    let upper = GUID.to_uppercase();
    let document = world.ok(
        &a(),
        &write(json!({"id": upper, "changeTypes": ["host", "Sparkles"]})),
    );
    let shown = &document["members"]["0"]["properties"]["system"]["subscription"];
    assert_eq!(
        *shown,
        json!({"id": upper, "changeTypes": ["host", "Sparkles"]})
    );
    let document = world.ok(&a(), &write(json!({"changeTypes": ["roles"]})));
    let shown = &document["members"]["0"]["properties"]["system"]["subscription"];
    assert_eq!(*shown, json!({"id": upper, "changeTypes": ["roles"]}));
    let gone = json!({"members": {"0": {"properties": {"system": {"subscription": null}}}}});
    has(
        &world.ok(&a(), &write(json!({"id": GUID, "changeTypes": []}))),
        &gone,
    );
    world.becomes(&a(), &write(Value::Null), Unchanged);
    // Without a list it subscribes to nothing, so it is none.
    world.ok(&a(), &write(json!({"id": GUID, "changeTypes": ["host"]})));
    has(&world.ok(&a(), &write(json!({ "id": GUID }))), &gone);
    let path = at("subscription.id");
    world.refused(&a(), &write(json!({"id": "x"})), Rule::BadText, &path);
}

#[test]
fn keyed_subscriptions_merge_by_guid_in_any_case() {
    let mut world = world();
    let id = |id: &str, entry: Value| me(&json!({"secondarySubscriptions": {id: entry}}));
    let entry = json!({"changeTypes": ["everything"], "rta": {"connection": GUID}});
    let other = "11111111-1111-1111-1111-111111111111";
    world.becomes(&a(), &id(GUID, entry.clone()), Updated);
    world.becomes(&a(), &id(&GUID.to_uppercase(), entry.clone()), Unchanged);
    let document = world.ok(&a(), &id(other, entry.clone()));
    assert_eq!(
        document["members"]["0"]["properties"]["system"]["secondarySubscriptions"],
        json!({GUID: entry, other: entry})
    );
    world.ok(&a(), &id(&GUID.to_uppercase(), Value::Null));
    let document = world.document();
    assert_eq!(
        document["members"]["0"]["properties"]["system"]["secondarySubscriptions"],
        json!({ other: entry })
    );
    world.refused(
        &a(),
        &id("x", json!({})),
        Rule::BadText,
        &at("secondarySubscriptions.x"),
    );
    let bad = json!({"rta": {"connection": "abc"}});
    let path = at(&format!("secondarySubscriptions.{other}.rta.connection"));
    world.refused(&a(), &id(other, bad), Rule::BadText, &path);
}

#[test]
fn subscriptions_of_old_are_kept_and_never_shown() {
    let mut world = world();
    let before = world.document();
    let write =
        me(&json!({"subscriptions": {GUID: {"profile": "roster", "onBehalfOfTitleId": "5"}}}));
    world.becomes(&a(), &write, Updated);
    let mut after = world.document();
    after["changeNumber"] = before["changeNumber"].clone();
    assert_eq!(after, before);
    let member = world.member(0);
    assert_eq!(member.legacy_subscriptions.len(), 1);
    world.becomes(&a(), &write, Unchanged);
    world.becomes(&a(), &me(&json!({"subscriptions": {GUID: null}})), Updated);
}

#[test]
fn a_device_token_names_an_address_everywhere() {
    let token = |sda: &str| {
        let document = world().ok(&a(), &me(&json!({"secureDeviceAddress": sda})));
        document["members"]["0"]["deviceToken"]
            .as_str()
            .map(str::to_owned)
    };
    let sda = "AAAAAAAA00112233445566778899AABBCCDDEEFF";
    let first = token(sda).expect("a token");
    assert_eq!(first.len(), 32);
    assert!(
        first
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    );
    assert_eq!(token(sda), Some(first));
    assert_eq!(token(""), None);
    let mut world = world();
    for bad in ["=", "a b", "a===", &"A".repeat(4096)] {
        let body = me(&json!({ "secureDeviceAddress": bad }));
        world.refused(&a(), &body, Rule::BadText, &at("secureDeviceAddress"));
    }
    let mut plain = World::new(&json!({}));
    let body = me(&json!({ "secureDeviceAddress": sda }));
    plain.refused(
        &a(),
        &body,
        Rule::CapabilityNeeded,
        &at("secureDeviceAddress"),
    );
}

#[test]
fn an_initialisation_group_holds_its_member() {
    let mut world = world();
    world.ok(&b(), &playing());
    let group = |indices: Value| me(&json!({ "initializationGroup": indices }));
    let shown = |world: &World| {
        world.document()["members"]["1"]["properties"]["system"]["initializationGroup"].clone()
    };
    world.ok(&b(), &group(json!([0])));
    assert_eq!(shown(&world), json!([0, 1]));
    world.becomes(&b(), &group(json!([0, 1, 0])), Unchanged);
    world.refused(
        &b(),
        &group(json!([2])),
        Rule::NoSuchMember,
        &at("initializationGroup"),
    );
    world.ok(&a(), &json!({"members": {"me": null}}));
    assert_eq!(shown(&world), json!([1]));
    world.ok(&b(), &group(json!([])));
    assert_eq!(shown(&world), json!([1]));
    world.ok(&b(), &group(Value::Null));
    assert_eq!(shown(&world), Value::Null);
}

#[test]
fn groups_and_encounters_are_names() {
    let mut world = world();
    let body = me(&json!({"groups": ["team-buzz", "posse.99"], "encounters": ["CoffeeShop-1"]}));
    has(
        &world.ok(&a(), &body),
        &json!({"members": {"0": {"properties": {"system": {
            "groups": ["team-buzz", "posse.99"], "encounters": null}}}}}),
    );
    world.becomes(
        &a(),
        &me(&json!({"encounters": ["CoffeeShop-1"]})),
        Unchanged,
    );
    for field in ["groups", "encounters"] {
        let body = me(&json!({field: ["ok", "not ok"]}));
        world.refused(&a(), &body, Rule::BadText, &at(&format!("{field}.1")));
        let many: Vec<_> = (0..33).map(|n| format!("g{n}")).collect();
        world.refused(
            &a(),
            &me(&json!({ field: many })),
            Rule::TooMany,
            &at(field),
        );
    }
}

#[test]
fn measurements_are_of_others() {
    let mut world = world();
    let document = world.ok(&a(), &me(&json!({"secureDeviceAddress": "AAAA"})));
    let own = document["members"]["0"]["deviceToken"]
        .as_str()
        .expect("a token")
        .to_owned();
    let body = me(&json!({"measurements": {own.to_uppercase(): {"latency": 1}}}));
    world.refused(
        &a(),
        &body,
        Rule::OwnMeasurement,
        &at(&format!("measurements.{own}")),
    );
    let body = me(&json!({
        "measurements": {"ABC": {"latency": 20, "bandwidthDown": 1, "custom": {"n": 18_446_744_073_709_551_615_u64}}},
        "serverMeasurements": {"Server:1": {"measurement": 1004}, "gone": null},
        "RolePreference": {"medic": 100},
    }));
    let document = world.ok(&a(), &body);
    let system = &document["members"]["0"]["properties"]["system"];
    assert_eq!(
        system["measurements"],
        json!({"abc": {"latency": 20, "bandwidthDown": 1, "custom": {"n": 18_446_744_073_709_551_615_u64}}})
    );
    assert_eq!(
        system["serverMeasurements"],
        json!({"server:1": {"measurement": 1004}})
    );
    world.becomes(&a(), &body, Unchanged);
    let body = me(&json!({"RolePreference": {"medic": 101}}));
    world.refused(&a(), &body, Rule::OutOfRange, &at("RolePreference.medic"));
    let body = me(&json!({"measurements": {"abc": {"latency": -1}}}));
    world.refused(
        &a(),
        &body,
        Rule::MalformedBody,
        &at("measurements.abc.latency"),
    );
}

#[test]
fn a_titles_bag_of_a_member_merges_by_field() {
    let mut world = world();
    let write = |custom: Value| json!({"members": {"me": {"properties": {"custom": custom}}}});
    let shown = |world: &World| world.document()["members"]["0"]["properties"]["custom"].clone();
    world.ok(&a(), &write(json!({"a": 1, "b": {"x": 1, "y": 2}})));
    world.ok(&a(), &write(json!({"b": {"x": 9}, "a": null})));
    assert_eq!(shown(&world), json!({"b": {"x": 9}}));
    world.ok(&a(), &write(Value::Null));
    assert_eq!(shown(&world), json!({}));
    let path = "members.me.properties.custom";
    world.refused(&a(), &write(json!([1])), Rule::CustomNotObject, path);
    let big = json!({"big": "x".repeat(20_000)});
    world.refused(&a(), &write(big), Rule::CustomTooLarge, path);
}

#[test]
fn a_null_bag_clears_what_the_member_may_write() {
    let mut world = world();
    world.ok(
        &a(),
        &me(
            &json!({"secureDeviceAddress": "AAAA", "groups": ["g"], "connection": GUID,
        "subscription": {"id": GUID, "changeTypes": ["host"]}, "RolePreference": {"x": 1}}),
        ),
    );
    let document = world.ok(&a(), &me(&Value::Null));
    assert_eq!(document["members"]["0"]["properties"]["system"], json!({}));
    world.becomes(&a(), &me(&Value::Null), Unchanged);
}

#[test]
fn a_member_writes_only_its_own_properties_and_reads_them_back() {
    let mut world = world();
    world.ok(&b(), &playing());
    world.ok(
        &a(),
        &me(
            &json!({"secureDeviceAddress": "AAAA", "groups": ["g"], "connection": GUID,
        "subscription": {"id": GUID, "changeTypes": ["host"]}, "initializationGroup": [1]}),
        ),
    );
    let document = world.document();
    let own = json!({"members": {"me": {"constants": document["members"]["0"]["constants"],
                                        "properties": document["members"]["0"]["properties"]}}});
    world.becomes(&a(), &own, Unchanged);
    world.refused(
        &user(1009),
        &own,
        Rule::ForeignXuid,
        "members.me.constants.system.xuid",
    );
}
