//! `members`: joining, accepting, leaving, reserving, and members by index.

use convoke_core::contract::read;
use convoke_core::handle::Grant;
use convoke_core::refusal::Rule;
use convoke_core::session::Disposition::{Deleted, Unchanged, Updated};
use serde_json::{Value, json};

use crate::creation::open;
use crate::support::{World, a, b, c, has, playing, server, user};

fn roomy() -> Value {
    json!({"maxMembersCount": 4, "inactiveRemovalTimeout": null, "capabilities": {"connectivity": true}})
}

fn reserve(xuid: &str) -> Value {
    json!({"members": {"reserve_0": {"constants": {"system": {"xuid": xuid}}}}})
}

#[test]
fn members_are_chained_by_index_and_an_index_is_never_used_again() {
    let mut world = World::new(&open());
    world.ok(&a(), &playing());
    has(
        &world.ok(&b(), &playing()),
        &json!({"membersInfo": {"first": 0, "next": 2, "count": 2, "accepted": 2, "active": 2},
                "members": {"0": {"next": 1}, "1": {"next": 2, "constants": {"system": {"index": 1}}}}}),
    );
    has(
        &world.ok(&b(), &json!({"members": {"me": null}})),
        &json!({"membersInfo": {"count": 1, "next": 2}, "members": {"0": {"next": 2}, "1": null}}),
    );
    has(
        &world.ok(&b(), &playing()),
        &json!({"membersInfo": {"count": 2, "next": 3},
                "members": {"0": {"next": 2}, "1": null, "2": {"next": 3}}}),
    );
    has(
        &world.ok(&server(), &json!({"members": {"0": null}})),
        &json!({"membersInfo": {"first": 2, "count": 1}}),
    );
    world.becomes(&server(), &json!({"members": {"0": null}}), Unchanged);
    world.becomes(&server(), &json!({"members": {"2": null}}), Deleted);
}

#[test]
fn a_write_without_members_never_joins_and_only_members_write() {
    let mut world = World::new(&open());
    world.ok(&a(), &playing());
    let write = json!({"properties": {"custom": {"x": 1}}});
    world.refused(&b(), &write, Rule::NotMember, "");
    world.refused(&b(), &json!({}), Rule::NotMember, "");
    world.refused(&b(), &reserve("1003"), Rule::NotMember, "");
    world.becomes(&a(), &write, Updated);
    world.becomes(
        &server(),
        &json!({"properties": {"custom": {"x": 2}}}),
        Updated,
    );
    has(&world.document(), &json!({"membersInfo": {"count": 1}}));
}

#[test]
fn leaving_a_session_one_is_not_in_does_nothing_else() {
    let mut world = World::new(&open());
    world.ok(&a(), &playing());
    world.becomes(&b(), &json!({"members": {"me": null}}), Unchanged);
    let smuggled = json!({"members": {"me": null}, "properties": {"custom": {"x": 1}}});
    world.refused(&b(), &smuggled, Rule::NotMember, "");
    let seat =
        json!({"members": {"me": null, "reserve_0": {"constants": {"system": {"xuid": "1003"}}}}});
    world.refused(&b(), &seat, Rule::NotMember, "");

    let mut world = World::new(&json!({"visibility": "private"}));
    world.ok(&a(), &playing());
    world.refused(
        &b(),
        &json!({"members": {"me": null}}),
        Rule::Private,
        "members.me",
    );
}

#[test]
fn a_reserved_user_accepts_with_the_first_put_whatever_it_says() {
    for body in [
        json!({}),
        json!({"members": {"me": {}}}),
        json!({"properties": {}}),
        json!({"members": {"1": {}}}),
    ] {
        let mut world = World::new(&roomy());
        world.ok(&a(), &playing());
        world.ok(&a(), &reserve("1002"));
        has(
            &world.document(),
            &json!({"members": {"1": {"reserved": true, "gamertag": null,
            "joinTime": "2026-01-02T03:04:05.0000000Z"}}}),
        );
        world.wait_ms(1000);
        world.becomes(&b(), &body, Updated);
        has(
            &world.document(),
            &json!({"membersInfo": {"count": 2, "accepted": 2, "active": 1},
                    "members": {"1": {"reserved": null, "gamertag": "Player1002",
                                      "joinTime": "2026-01-02T03:04:06.0000000Z"}}}),
        );
        world.becomes(&b(), &body, Unchanged);
    }
}

#[test]
fn a_reservation_is_declined_by_leaving() {
    let mut world = World::new(&roomy());
    world.ok(&a(), &playing());
    world.ok(&a(), &reserve("1002"));
    world.becomes(&b(), &json!({"members": {"me": null}}), Updated);
    has(
        &world.document(),
        &json!({"membersInfo": {"count": 1, "next": 2}, "members": {"1": null}}),
    );
}

#[test]
fn reservations_are_numbered_from_zero_and_name_their_user() {
    let mut world = World::new(&roomy());
    world.ok(&a(), &playing());
    let seat = |xuid: &str| json!({"constants": {"system": {"xuid": xuid}}});
    let rows = [
        (
            json!({"reserve_1": seat("1002")}),
            Rule::ReservationNumbering,
            "members.reserve_1",
        ),
        (
            json!({"reserve_0": seat("1002"), "reserve_2": seat("1003")}),
            Rule::ReservationNumbering,
            "members.reserve_2",
        ),
        (
            json!({"reserve_0": {}}),
            Rule::ReservationWithoutXuid,
            "members.reserve_0.constants.system.xuid",
        ),
        (
            json!({"reserve_0": null}),
            Rule::MemberKey,
            "members.reserve_0",
        ),
        (
            json!({"reserve_00": seat("1002")}),
            Rule::MemberKey,
            "members.reserve_00",
        ),
        (
            json!({"reserve_0": seat("1002"), "0": null}),
            Rule::MixedMemberKeys,
            "members",
        ),
        (json!({"Me": {}}), Rule::MemberKey, "members.Me"),
        (json!({"-1": null}), Rule::MemberKey, "members.-1"),
        (json!({"me_1002": {}}), Rule::NotActing, "members.me_1002"),
        (json!({"me_01001": {}}), Rule::MemberKey, "members.me_01001"),
        (
            json!({"me": {}, "me_all": {}}),
            Rule::MixedMemberKeys,
            "members.me",
        ),
        (
            json!({"reserve_0": seat("1002"), "me_1001": null}),
            Rule::MixedMemberKeys,
            "members",
        ),
        (
            json!({"me": {}, "0": null}),
            Rule::MixedMemberKeys,
            "members",
        ),
    ];
    for (members, rule, path) in rows {
        world.refused(&a(), &json!({ "members": members }), rule, path);
    }
    let mut both = seat("1002");
    both["properties"] = json!({"custom": {"x": 1}});
    let body = json!({"members": {"reserve_0": both}});
    world.refused(
        &a(),
        &body,
        Rule::ExistingMember,
        "members.reserve_0.properties",
    );
    let mut with_role = seat("1002");
    with_role["roles"] = json!({"lfg": "friend"});
    let body = json!({ "members": { "reserve_0": with_role } });
    let path = "members.reserve_0.roles";
    world.refused(&a(), &body, Rule::ExistingMember, path);
    let body = json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1002"}}, "properties": {}}}});
    world.becomes(&a(), &body, Updated);
}

#[test]
fn a_place_that_is_taken_is_not_reserved_twice() {
    let mut world = World::new(&roomy());
    world.ok(&a(), &playing());
    let seat = |custom: Value| json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1002"}, "custom": custom}}}});
    world.becomes(&a(), &seat(json!({"skill": 1})), Updated);
    world.becomes(&a(), &seat(json!({"skill": 1})), Unchanged);
    world.becomes(&a(), &seat(json!({})), Unchanged);
    let path = "members.reserve_0.constants.custom.skill";
    world.refused(
        &a(),
        &seat(json!({"skill": 2})),
        Rule::ReservationClash,
        path,
    );
    world.becomes(&a(), &reserve("1001"), Unchanged);
    world.ok(&a(), &reserve("1003"));
    world.ok(&a(), &reserve("1004"));
    world.refused(&a(), &reserve("1005"), Rule::Full, "members.reserve_0");
    world.refused(&user(1005), &playing(), Rule::Full, "members.me");
    world.becomes(&b(), &playing(), Updated);
}

#[test]
fn a_members_constants_are_fixed_when_the_member_is_added() {
    let mut world = World::new(&roomy());
    let me = |custom: Value| json!({"members": {"me": {"constants": {"system": {"xuid": 1001, "initialize": true}, "custom": custom}}}});
    let document = world.ok(&a(), &me(json!({"t": 1, "gone": null})));
    has(
        &document,
        &json!({"members": {"0": {"constants": {"system": {"initialize": null}, "custom": {"t": 1, "gone": null}}}}}),
    );
    world.becomes(&a(), &me(json!({"t": 1})), Unchanged);
    world.becomes(&a(), &me(json!({})), Unchanged);
    let path = "members.me.constants.custom";
    for (custom, path) in [
        (json!({"t": 2}), format!("{path}.t")),
        (json!({"u": 2}), format!("{path}.u")),
        (json!({"t": null}), format!("{path}.t")),
        (json!("Hello"), path.to_owned()),
    ] {
        world.refused(&a(), &me(custom), Rule::ConstantConflict, &path);
    }
    let mut world = World::new(&roomy());
    let document = world.ok(&a(), &me(json!("Hello")));
    assert_eq!(
        document["members"]["0"]["constants"]["custom"],
        json!("Hello")
    );
    world.becomes(&a(), &me(json!("Hello")), Unchanged);
    world.refused(&a(), &me(json!(7)), Rule::ConstantConflict, path);
}

#[test]
fn accepting_completes_the_constants_of_the_reservation() {
    let mut world = World::new(&roomy());
    world.ok(&a(), &playing());
    let seat = json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1002"}, "custom": {"skill": 1}}}}});
    world.ok(&a(), &seat);
    let me = |custom: Value| json!({"members": {"me": {"constants": {"custom": custom}}}});
    let path = "members.me.constants.custom.skill";
    world.refused(&b(), &me(json!({"skill": 2})), Rule::ConstantConflict, path);
    let document = world.ok(&b(), &me(json!({"skill": 1, "map": "x"})));
    assert_eq!(
        document["members"]["1"]["constants"]["custom"],
        json!({"skill": 1, "map": "x"})
    );
}

#[test]
fn constants_of_services_are_refused_from_users() {
    let mut world = World::new(&roomy());
    world.ok(&a(), &playing());
    let system = |system: Value| json!({"members": {"me": {"constants": {"system": system}}}});
    let at = |name: &str| format!("members.me.constants.system.{name}");
    for (sent, name) in [
        (json!({"index": 1}), "index"),
        (json!({"team": "red"}), "team"),
        (json!({"matchmakingResult": {}}), "matchmakingResult"),
    ] {
        world.refused(&a(), &system(sent), Rule::ServerOnlyConstant, &at(name));
    }
    world.becomes(
        &a(),
        &system(json!({"index": 0, "xuid": "1001"})),
        Unchanged,
    );
    world.refused(
        &a(),
        &system(json!({"xuid": "1002"})),
        Rule::ForeignXuid,
        &at("xuid"),
    );
    let seat = json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1002", "team": "red"}}}}});
    let path = "members.reserve_0.constants.system.team";
    world.refused(&a(), &seat, Rule::ServerOnlyConstant, path);
    let document = world.ok(&server(), &seat);
    has(
        &document,
        &json!({"members": {"1": {"constants": {"system": {"team": "red"}}}}}),
    );
    world.becomes(
        &b(),
        &json!({"members": {"me": {"constants": {"system": {"team": "red"}}}}}),
        Updated,
    );
}

#[test]
fn a_server_that_acts_for_a_user_sets_them_once() {
    let mut world = World::new(&roomy());
    world.ok(&a(), &playing());
    let mut delegated = b();
    delegated.server = true;
    let team = |team: &str| json!({"members": {"me": {"constants": {"system": {"team": team}}}}});
    let document = world.ok(&delegated, &team("red"));
    has(
        &document,
        &json!({"members": {"1": {"constants": {"system": {"team": "red"}}}}}),
    );
    world.becomes(&delegated, &team("red"), Unchanged);
    let path = "members.me.constants.system.team";
    world.refused(&delegated, &team("blue"), Rule::ConstantConflict, path);
    let index =
        json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1003", "index": 2}}}}});
    let path = "members.reserve_0.constants.system.index";
    world.refused(&delegated, &index, Rule::ConstantConflict, path);
}

#[test]
fn through_a_handle_the_first_accounts_xuid_is_overlooked() {
    let mut world = World::new(&roomy());
    world.ok(&a(), &playing());
    world.through(Some(Grant::Nothing));
    let body = json!({"members": {"me": {"constants": {"system": {"xuid": "1001", "initialize": true}},
                                         "properties": {"system": {"active": true}}}}});
    let document = world.ok(&b(), &body);
    has(
        &document,
        &json!({"members": {"1": {"constants": {"system": {"xuid": "1002"}}}}}),
    );
}

#[test]
fn other_members_are_written_by_servers_and_by_nobody_else() {
    let mut world = World::new(&roomy());
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    let custom = json!({"properties": {"custom": {"z": 1}}});
    world.refused(
        &b(),
        &json!({"members": {"0": custom}}),
        Rule::ExistingMember,
        "members.0",
    );
    world.refused(
        &b(),
        &json!({"members": {"0": null}}),
        Rule::ExistingMember,
        "members.0",
    );
    world.refused(&c(), &json!({"members": {"0": null}}), Rule::NotMember, "");
    let path = "members.0.properties";
    world.refused(
        &server(),
        &json!({"members": {"0": custom}}),
        Rule::ExistingMember,
        path,
    );
    world.refused(
        &server(),
        &json!({"members": {"7": {}}}),
        Rule::NoSuchMember,
        "members.7",
    );
    let same = json!({"members": {"0": {"constants": {"system": {"xuid": "1001", "index": 0}}}}});
    world.becomes(&server(), &same, Unchanged);
    let other = json!({"members": {"0": {"constants": {"system": {"xuid": "1002"}}}}});
    let path = "members.0.constants.system.xuid";
    world.refused(&server(), &other, Rule::ConstantConflict, path);
}

#[test]
fn ones_own_index_is_as_good_as_me() {
    let mut world = World::new(&roomy());
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    let body = json!({"members": {"1": {"properties": {"system": {"active": false}, "custom": {"z": 1}}}}});
    let document = world.ok(&b(), &body);
    has(
        &document,
        &json!({"members": {"1": {"properties": {"system": {"active": null}, "custom": {"z": 1}}}}}),
    );
    world.becomes(&b(), &json!({"members": {"1": null}}), Updated);
    has(&world.document(), &json!({"membersInfo": {"count": 1}}));
}

#[test]
fn a_member_without_the_multiplayer_privilege_may_only_leave() {
    let mut world = World::new(&roomy());
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    let mut lonely = b();
    lonely.user.as_mut().expect("a user").multiplayer = false;
    let write = json!({"properties": {"custom": {"x": 1}}});
    world.refused(&lonely, &write, Rule::NoMultiplayer, "");
    world.refused(&lonely, &playing(), Rule::NoMultiplayer, "members.me");
    world.becomes(&lonely, &json!({"members": {"me": null}}), Updated);
}

#[test]
fn a_member_on_a_second_device_stays_one_member() {
    let mut world = World::new(&roomy());
    let sda = |sda: &str| json!({"members": {"me": {"properties": {"system": {"active": true, "secureDeviceAddress": sda}}}}});
    let first = world.ok(&a(), &sda("AAAA"));
    let mut elsewhere = a();
    elsewhere.device_id = Some("device-2".to_owned());
    let second = world.ok(&elsewhere, &sda("BBBB"));
    has(&second, &json!({"membersInfo": {"count": 1}}));
    assert_ne!(
        first["members"]["0"]["deviceToken"],
        second["members"]["0"]["deviceToken"]
    );
}

#[test]
fn large_sessions_show_only_the_reader_and_keep_no_places() {
    let mut world = World::new(
        &json!({"maxMembersCount": 5000, "capabilities": {"large": true},
        "inactiveRemovalTimeout": null}),
    );
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    let seen = world.document_for(
        Some(convoke_wire::Xuid(1002)),
        convoke_wire::ContractVersion::V107,
    );
    has(
        &seen,
        &json!({"membersInfo": {"count": 2, "next": 2}, "properties": {"system": {"turn": null}},
        "members": {"0": null, "1": null, "me": {"constants": {"system": {"xuid": "1002", "index": 1}}}}}),
    );
    assert_eq!(world.document()["members"], json!({}));
    world.refused(
        &a(),
        &reserve("1003"),
        Rule::LargeSession,
        "members.reserve_0",
    );
    world.refused(
        &server(),
        &json!({"members": {"1": null}}),
        Rule::LargeSession,
        "members.1",
    );
    let me = |system: Value| json!({"members": {"me": {"properties": {"system": system}}}});
    let at = |field: &str| format!("members.me.properties.system.{field}");
    for (system, field) in [
        (
            json!({"subscription": {"changeTypes": ["everything"]}}),
            "subscription",
        ),
        (
            json!({"secondarySubscriptions": {"00000000-0000-0000-0000-000000000001": {}}}),
            "secondarySubscriptions",
        ),
        (json!({"initializationGroup": [0]}), "initializationGroup"),
    ] {
        world.refused(&a(), &me(system), Rule::NotOnLarge, &at(field));
    }
    world.becomes(&a(), &me(json!({"encounters": ["CoffeeShop"]})), Unchanged);
    world.becomes(&a(), &me(json!({"groups": ["team-buzz"]})), Updated);
    for (properties, rule, field) in [
        (json!({"turn": [0]}), Rule::NotOnLarge, "turn"),
        (json!({"host": "abc"}), Rule::NotOnLarge, "host"),
        (
            json!({"joinRestriction": "followed", "readRestriction": "followed"}),
            Rule::RestrictionNotAllowed,
            "joinRestriction",
        ),
    ] {
        let body = json!({"properties": {"system": properties}});
        world.refused(&a(), &body, rule, &format!("properties.system.{field}"));
    }
}

#[test]
fn keys_of_members_are_understood_only_as_the_service_writes_them() {
    for key in [
        "",
        "me ",
        "ME",
        "+1",
        "01",
        "4294967296",
        "1.0",
        "reserve_",
        "reserve_-1",
        "reserve_+1",
        "null",
    ] {
        let body = json!({"members": {key: {}}}).to_string();
        let refusal = read::session_change(body.as_bytes()).expect_err(key);
        assert_eq!(refusal.rule, Rule::MemberKey, "{key}");
    }
}
