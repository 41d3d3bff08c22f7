//! Roles and owners.

use convoke_core::refusal::Rule;
use convoke_core::session::Disposition::{Created, Deleted, Unchanged, Updated};
use serde_json::{Value, json};

use crate::support::{World, a, b, c, has, playing, server};

fn roles(capabilities: &Value, types: &Value) -> World {
    let mut world = World::with_template(&json!({
        "constants": {"system": {"inactiveRemovalTimeout": null, "capabilities": capabilities,
            "ownershipPolicies": if capabilities["hasOwners"] == json!(true) { json!({"migration": "oldest"}) } else { Value::Null }}},
        "roleTypes": types,
    }));
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    world
}

fn lfg() -> Value {
    json!({"lfg": {"roles": {"friend": {"max": 1, "target": 1}, "other": {"max": 5}}}})
}

fn take(types: &Value) -> Value {
    json!({"members": {"me": {"roles": types}}})
}

fn owned(policies: &Value) -> World {
    let mut world = World::new(
        &json!({"inactiveRemovalTimeout": null, "maxMembersCount": 8,
        "capabilities": {"hasOwners": true}, "ownershipPolicies": policies}),
    );
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    world
}

fn set(system: &Value) -> Value {
    json!({"properties": {"system": system}})
}

#[test]
fn a_role_is_held_by_at_most_its_maximum() {
    let mut world = roles(&json!({}), &lfg());
    let document = world.ok(&a(), &take(&json!({"lfg": "friend"})));
    assert_eq!(
        document["roleTypes"],
        json!({"lfg": {"roles": {
            "friend": {"max": 1, "target": 1, "count": 1, "memberXuids": ["1001"]},
            "other": {"max": 5, "count": 0, "memberXuids": []},
        }}})
    );
    has(
        &document,
        &json!({"members": {"0": {"roles": {"lfg": "friend"}}, "1": {"roles": null}}}),
    );
    world.becomes(&a(), &take(&json!({"LFG": "Friend"})), Unchanged);
    let friend = take(&json!({"lfg": "friend"}));
    world.refused(&b(), &friend, Rule::RoleFull, "members.me.roles.lfg");
    world.refused(&c(), &friend, Rule::RoleFull, "members.me.roles.lfg");
    let document = world.ok(&a(), &take(&json!({"lfg": "other"})));
    has(
        &document,
        &json!({"members": {"0": {"roles": {"lfg": "other"}}}}),
    );
    world.becomes(&b(), &friend, Updated);
    world.ok(&b(), &take(&json!({"lfg": null})));
    world.becomes(&b(), &take(&json!({"lfg": null})), Unchanged);
    world.becomes(&b(), &take(&json!({})), Unchanged);
    world.ok(&b(), &friend);
    world.ok(&b(), &json!({"members": {"me": null}}));
    world.becomes(&a(), &friend, Updated);
}

#[test]
fn a_large_session_counts_all_who_hold_a_role_and_names_the_viewer_alone() {
    let mut world = roles(
        &json!({"large": true}),
        &json!({"lfg": {"roles": {"other": {}}}}),
    );
    world.ok(&a(), &take(&json!({"lfg": "other"})));
    world.ok(&b(), &take(&json!({"lfg": "other"})));
    let shown_to = |viewer: Option<u64>| {
        let viewer = viewer.map(convoke_wire::Xuid);
        let seen = world.document_for(viewer, convoke_wire::ContractVersion::V107);
        seen["roleTypes"]["lfg"]["roles"]["other"].clone()
    };
    let named = |xuids: Value| json!({"count": 2, "memberXuids": xuids});
    assert_eq!(shown_to(Some(1002)), named(json!(["1002"])));
    assert_eq!(shown_to(Some(1003)), named(json!([])));
    assert_eq!(shown_to(None), named(json!([])));
}

#[test]
fn roles_that_are_not_defined_are_refused() {
    let mut world = roles(&json!({}), &lfg());
    for (sent, path) in [
        (json!({"raid": "tank"}), "members.me.roles.raid"),
        (json!({"lfg": "tank"}), "members.me.roles.lfg"),
    ] {
        world.refused(&a(), &take(&sent), Rule::NoSuchRole, path);
    }
    let mut plain = World::new(&json!({}));
    plain.refused(
        &a(),
        &take(&json!({"lfg": "friend"})),
        Rule::NoSuchRole,
        "members.me.roles.lfg",
    );
    assert!(plain.document().get("roleTypes").is_none());
}

#[test]
fn owner_managed_roles_are_given_by_owners() {
    let types = json!({"lfg": {"ownerManaged": true, "roles": {"confirmed": {"max": 2}}}});
    let mut world = roles(&json!({"hasOwners": true}), &types);
    let confirmed = json!({"lfg": "confirmed"});
    world.refused(
        &b(),
        &take(&confirmed),
        Rule::RoleOwnerManaged,
        "members.me.roles.lfg",
    );
    let give = |index: &str, role: Value| json!({"members": {index: {"roles": {"lfg": role}}}});
    let document = world.ok(&a(), &give("1", json!("confirmed")));
    has(
        &document,
        &json!({"members": {"1": {"roles": {"lfg": "confirmed"}}}}),
    );
    world.becomes(&b(), &take(&confirmed), Unchanged);
    world.refused(
        &b(),
        &take(&json!({"lfg": null})),
        Rule::RoleOwnerManaged,
        "members.me.roles.lfg",
    );
    world.becomes(&server(), &give("0", json!("confirmed")), Updated);
    world.ok(&c(), &playing());
    world.refused(
        &a(),
        &give("2", json!("confirmed")),
        Rule::RoleFull,
        "members.2.roles.lfg",
    );
    world.becomes(&a(), &give("0", Value::Null), Updated);
}

#[test]
fn role_settings_change_only_where_they_are_mutable_and_by_owners() {
    let types = json!({"lfg": {"mutableRoleSettings": ["max"], "roles": {"friend": {"max": 1, "target": 1}}}});
    let change = |role: Value| json!({"roleTypes": {"lfg": {"roles": {"friend": role}}}});
    let mut world = roles(&json!({"hasOwners": true}), &types);
    world.refused(
        &b(),
        &change(json!({"max": 2})),
        Rule::OwnersOnly,
        "roleTypes",
    );
    world.becomes(&b(), &change(json!({"max": 1})), Unchanged);
    let path = "roleTypes.lfg.roles.friend.target";
    world.refused(
        &a(),
        &change(json!({"target": 2})),
        Rule::RoleSettingFixed,
        path,
    );
    world.refused(
        &a(),
        &change(json!({"max": 0})),
        Rule::RoleDefinition,
        "roleTypes.lfg.roles.friend.max",
    );
    let document = world.ok(&a(), &change(json!({"max": 2})));
    has(
        &document,
        &json!({"roleTypes": {"lfg": {"roles": {"friend": {"max": 2, "target": 1}}}}}),
    );
    let echo = json!({"roleTypes": document["roleTypes"]});
    world.becomes(&a(), &echo, Unchanged);
    world.ok(&a(), &take(&json!({"lfg": "friend"})));
    world.ok(&b(), &take(&json!({"lfg": "friend"})));
    let document = world.ok(&a(), &change(json!({"max": 1})));
    has(
        &document,
        &json!({"roleTypes": {"lfg": {"roles": {"friend": {"max": 1, "count": 2}}}}}),
    );
    world.refused(
        &c(),
        &take(&json!({"lfg": "friend"})),
        Rule::RoleFull,
        "members.me.roles.lfg",
    );

    let mut ownerless = roles(&json!({}), &types);
    ownerless.becomes(&b(), &change(json!({"max": 2})), Updated);
    for (body, rule, path) in [
        (
            json!({"roleTypes": {"raid": {"roles": {}}}}),
            Rule::NoSuchRole,
            "roleTypes.raid",
        ),
        (
            json!({"roleTypes": {"lfg": {"roles": {"x": {}}}}}),
            Rule::NoSuchRole,
            "roleTypes.lfg.roles.x",
        ),
        (
            json!({"roleTypes": {"lfg": {"ownerManaged": true}}}),
            Rule::RoleSettingFixed,
            "roleTypes.lfg.ownerManaged",
        ),
        (
            json!({"roleTypes": {"lfg": {"mutableRoleSettings": []}}}),
            Rule::RoleSettingFixed,
            "roleTypes.lfg.mutableRoleSettings",
        ),
    ] {
        ownerless.refused(&b(), &body, rule, path);
    }
}

#[test]
fn a_creation_may_define_role_types_and_complete_mutable_settings() {
    let body = |types: Value| json!({"roleTypes": types, "members": {"me": {"properties": {"system": {"active": true}}}}});
    let mut world = World::new(&json!({}));
    let document = world.ok(
        &a(),
        &body(json!({"raid": {"roles": {"tank": {"max": 2}}}})),
    );
    has(
        &document,
        &json!({"roleTypes": {"raid": {"roles": {"tank": {"max": 2, "count": 0}}}}}),
    );
    let template = |mutable: Value| {
        World::with_template(&json!({"constants": {"system": {}},
        "roleTypes": {"lfg": {"mutableRoleSettings": mutable, "roles": {"confirmed": {"max": 5}}}}}))
    };
    let sent = body(json!({"lfg": {"roles": {"confirmed": {"target": 4}}}}));
    let document = template(json!(["target"])).ok(&a(), &sent);
    has(
        &document,
        &json!({"roleTypes": {"lfg": {"roles": {"confirmed": {"max": 5, "target": 4}}}}}),
    );
    let path = "roleTypes.lfg.roles.confirmed.target";
    template(json!([])).refused(&a(), &sent, Rule::RoleSettingFixed, path);
    let over = body(json!({"lfg": {"roles": {"confirmed": {"target": 6}}}}));
    template(json!(["target"])).refused(&a(), &over, Rule::RoleDefinition, path);
}

#[test]
fn the_creator_owns_and_owners_alone_write_system_properties() {
    let mut world =
        owned(&json!({"migration": "oldest", "nonOwnerModifiableSystemProperties": ["Turn"]}));
    has(
        &world.document(),
        &json!({"properties": {"system": {"owners": [0]}}}),
    );
    for (written, field) in [
        (json!({"closed": true}), "closed"),
        (json!({"owners": [0, 1]}), "owners"),
        (json!({"keywords": ["x"]}), "keywords"),
        (
            json!({"joinRestriction": "followed", "readRestriction": "followed"}),
            "joinRestriction",
        ),
    ] {
        world.refused(
            &b(),
            &set(&written),
            Rule::OwnersOnly,
            &format!("properties.system.{field}"),
        );
    }
    world.becomes(
        &b(),
        &set(&json!({"closed": false, "owners": [0]})),
        Unchanged,
    );
    world.becomes(&b(), &set(&json!({"turn": [1]})), Updated);
    world.becomes(&b(), &json!({"properties": {"custom": {"x": 1}}}), Updated);
    world.becomes(&a(), &set(&json!({"closed": true})), Updated);
    world.becomes(&server(), &set(&json!({"closed": null})), Updated);
    world.refused(
        &c(),
        &json!({"members": {"me": {}}, "properties": {"system": {"closed": true}}}),
        Rule::OwnersOnly,
        "properties.system.closed",
    );
}

#[test]
fn ownership_is_given_and_taken_by_owners() {
    let mut world = owned(&json!({"migration": "oldest"}));
    world.refused(
        &a(),
        &set(&json!({"owners": [7]})),
        Rule::NoSuchMember,
        "properties.system.owners.0",
    );
    has(
        &world.ok(&a(), &set(&json!({"owners": [1]}))),
        &json!({"properties": {"system": {"owners": [1]}}}),
    );
    world.refused(
        &a(),
        &set(&json!({"owners": [0]})),
        Rule::OwnersOnly,
        "properties.system.owners",
    );
    world.becomes(&b(), &set(&json!({"owners": [1, 0]})), Updated);
    world.becomes(&b(), &json!({"members": {"me": null}}), Updated);
    has(
        &world.document(),
        &json!({"properties": {"system": {"owners": [0]}}}),
    );
}

#[test]
fn the_oldest_member_inherits_where_the_policy_says_so() {
    let mut world = owned(&json!({"migration": "oldest"}));
    world.ok(
        &a(),
        &json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1003"}}}}}),
    );
    world.ok(&a(), &json!({"members": {"me": null}}));
    has(
        &world.document(),
        &json!({"properties": {"system": {"owners": [1]}}, "membersInfo": {"count": 2}}),
    );
    world.becomes(&b(), &set(&json!({"closed": true})), Updated);
}

#[test]
fn the_session_ends_with_its_last_owner_otherwise() {
    for policies in [json!({"migration": "endsession"}), json!({}), Value::Null] {
        let mut world = owned(&policies);
        let with_servers = json!({"members": {"me": null}, "servers": {"x": {}}});
        world.refused(&a(), &with_servers, Rule::ServersOnly, "servers");
        world.becomes(&a(), &json!({"members": {"me": null}}), Deleted);
        assert_eq!(world.read(), Value::Null);
    }
    let mut world =
        World::new(&json!({"inactiveRemovalTimeout": 1000, "capabilities": {"hasOwners": true}}));
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    world.ok(
        &a(),
        &json!({"members": {"me": {"properties": {"system": {"active": false}}}}}),
    );
    has(
        &world.read(),
        &json!({"properties": {"system": {"owners": [0]}}}),
    );
    world.wait_ms(1000);
    assert_eq!(world.read(), Value::Null);
}

#[test]
fn owners_remove_members_and_a_server_makes_the_first_owner() {
    let mut world = owned(&json!({"migration": "oldest"}));
    world.becomes(&a(), &json!({"members": {"1": null}}), Updated);
    has(&world.document(), &json!({"membersInfo": {"count": 1}}));

    let mut world = World::new(
        &json!({"inactiveRemovalTimeout": null, "sessionEmptyTimeout": null,
        "capabilities": {"hasOwners": true}}),
    );
    world.becomes(&server(), &json!({}), Created);
    world.ok(&a(), &playing());
    has(
        &world.document(),
        &json!({"properties": {"system": {"owners": null}}}),
    );
    world.refused(
        &a(),
        &set(&json!({"owners": [0]})),
        Rule::OwnersOnly,
        "properties.system.owners",
    );
    world.becomes(&server(), &set(&json!({"owners": [0]})), Updated);
    world.becomes(&a(), &set(&json!({"closed": true})), Updated);
}
