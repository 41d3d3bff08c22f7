//! Creating, emptying and re-creating a session.

use convoke_core::refusal::Rule;
use convoke_core::session::Disposition::{Created, Deleted, NothingCreated, Unchanged, Updated};
use serde_json::{Value, json};

use crate::support::{World, a, b, has, playing, server, user};

pub(crate) fn open() -> Value {
    json!({"maxMembersCount": 4, "visibility": "open", "capabilities": {"connectivity": true},
           "inactiveRemovalTimeout": 0})
}

fn keep() -> Value {
    json!({"visibility": "open", "sessionEmptyTimeout": 60_000})
}

#[test]
fn a_session_is_created_from_its_template_and_shown_whole() {
    let mut world = World::new(&open());
    let document = world.ok(
        &a(),
        &json!({"members": {"me": {"constants": {"system": {"xuid": "1001"}},
                "properties": {"system": {"active": true}}}}}),
    );
    let correlation = document["correlationId"].clone();
    assert_eq!(
        document,
        json!({
            "membersInfo": {"first": 0, "next": 1, "count": 1, "accepted": 1, "active": 1},
            "constants": {
                "system": {
                    "version": 1, "maxMembersCount": 4, "visibility": "open",
                    "reservedRemovalTimeout": 30_000, "inactiveRemovalTimeout": 0,
                    "readyRemovalTimeout": 180_000, "sessionEmptyTimeout": 0,
                    "capabilities": {"connectivity": true},
                },
                "custom": {},
            },
            "properties": {"system": {"turn": []}, "custom": {}},
            "servers": {},
            "members": {"0": {
                "next": 1,
                "joinTime": "2026-01-02T03:04:05.0000000Z",
                "constants": {"system": {"xuid": "1001", "index": 0}, "custom": {}},
                "properties": {"system": {"active": true}, "custom": {}},
                "gamertag": "Player1001",
                "activeTitleId": "123",
            }},
            "correlationId": correlation,
            "contractVersion": 107,
            "branch": "00000000-0000-0000-0000-000000000001",
            "changeNumber": 1,
            "startTime": "2026-01-02T03:04:05.0000000Z",
        })
    );
}

#[test]
fn a_session_without_members_is_not_created_unless_it_may_be_empty() {
    let mut world = World::new(&open());
    world.becomes(&a(), &json!({}), NothingCreated);
    world.becomes(&a(), &json!({"members": {"me": null}}), NothingCreated);
    assert_eq!(world.read(), Value::Null);

    let mut world = World::new(&keep());
    world.becomes(&server(), &json!({}), Created);
    has(
        &world.document(),
        &json!({"membersInfo": {"first": 0, "next": 0, "count": 0, "accepted": 0, "active": 0},
                "members": {}, "nextTimer": "2026-01-02T03:05:05.0000000Z"}),
    );

    let mut world = World::new(&json!({"sessionEmptyTimeout": null}));
    world.becomes(&a(), &json!({}), Created);
    has(
        &world.document(),
        &json!({"members": {}, "nextTimer": null}),
    );
}

#[test]
fn leaving_a_session_that_is_gone_creates_none() {
    let mut world = World::new(&keep());
    world.becomes(&a(), &json!({"members": {"me": null}}), NothingCreated);
    assert_eq!(world.read(), Value::Null);
    let path = "members.me";
    world.refused(
        &server(),
        &json!({"members": {"me": null}}),
        Rule::NoUser,
        path,
    );
}

#[test]
fn the_last_member_takes_the_session_along_unless_it_may_be_empty() {
    let leave = json!({"members": {"me": null}});
    let mut world = World::new(&open());
    world.ok(&a(), &playing());
    world.becomes(&a(), &leave, Deleted);
    assert_eq!(world.read(), Value::Null);

    let mut world = World::new(&keep());
    world.ok(&a(), &playing());
    world.becomes(&a(), &leave, Updated);
    has(
        &world.document(),
        &json!({"membersInfo": {"first": 1, "next": 1, "count": 0}, "members": {},
                "nextTimer": "2026-01-02T03:05:05.0000000Z"}),
    );
    world.wait_ms(59_999);
    assert_ne!(world.read(), Value::Null);
    world.ok(&b(), &playing());
    has(
        &world.read(),
        &json!({"nextTimer": null, "changeNumber": 3,
        "branch": "00000000-0000-0000-0000-000000000001",
        "startTime": "2026-01-02T03:04:05.0000000Z"}),
    );
    world.wait_ms(120_000);
    assert_ne!(world.read(), Value::Null);
    world.ok(&b(), &leave);
    world.wait_ms(60_000);
    assert_eq!(world.read(), Value::Null);
}

#[test]
fn a_session_that_is_created_again_keeps_only_its_correlation_id() {
    let mut world = World::new(&open());
    let first = world.ok(&a(), &playing());
    world.ok(&a(), &json!({"members": {"me": null}}));
    world.wait_ms(1000);
    let second = world.ok(&a(), &playing());
    assert_eq!(first["correlationId"], second["correlationId"]);
    assert_ne!(first["branch"], second["branch"]);
    assert_eq!(second["changeNumber"], json!(1));
    assert_eq!(second["startTime"], json!("2026-01-02T03:04:06.0000000Z"));
}

#[test]
fn constants_of_the_request_complete_those_of_the_template() {
    let create = |constants: Value| {
        let mut world = World::new(&open());
        world
            .put(
                &a(),
                &json!({"constants": constants, "members": {"me": {}}}),
            )
            .map(|_| world.document())
            .map_err(|refusal| (refusal.rule, refusal.path))
    };
    let conflict = |path: &str| Err((Rule::ConstantConflict, path.to_owned()));
    assert_eq!(
        create(json!({"system": {"maxMembersCount": 8}})),
        conflict("constants.system.maxMembersCount")
    );
    assert_eq!(
        create(json!({"system": {"capabilities": {"connectivity": true, "gameplay": true}}})),
        conflict("constants.system.capabilities")
    );
    assert_eq!(
        create(json!({"system": {"inactiveRemovalTimeout": null}})),
        conflict("constants.system.inactiveRemovalTimeout")
    );
    assert_eq!(
        create(json!({"system": {"bogus": 1}})),
        Err((Rule::MalformedBody, "constants.system.bogus".to_owned()))
    );
    let document = create(json!({
        "system": {"maxMembersCount": 4, "version": 1, "visibility": "OPEN", "inviteProtocol": "game",
                   "capabilities": {"Connectivity": true, "large": false}},
        "custom": {"map": "x", "none": null},
    }))
    .expect("equal and new values");
    has(
        &document,
        &json!({"constants": {"system": {"inviteProtocol": "game", "visibility": "open"}}}),
    );
    assert_eq!(document["constants"]["custom"], json!({"map": "x"}));
}

#[test]
fn a_null_in_a_template_means_unset_for_good() {
    let system = json!({"inviteProtocol": null, "readyRemovalTimeout": null, "version": null});
    let mut world = World::new(&system);
    let nulls = json!({"constants": {"system": system}, "members": {"me": {}}});
    let document = world.ok(&a(), &nulls);
    has(
        &document,
        &json!({"constants": {"system": {"inviteProtocol": null, "readyRemovalTimeout": null,
                "version": null, "reservedRemovalTimeout": 30_000}}}),
    );
    let mut world = World::new(&system);
    let body = json!({"constants": {"system": {"inviteProtocol": "game"}}, "members": {"me": {}}});
    let path = "constants.system.inviteProtocol";
    world.refused(&a(), &body, Rule::ConstantConflict, path);
}

#[test]
fn constants_sent_again_are_equal_or_refused() {
    let mut world = World::with_template(&json!({"constants": {
        "system": {"maxMembersCount": 4, "inviteProtocol": "game", "inactiveRemovalTimeout": null},
        "custom": {"fixed": 1}}}));
    let body = json!({"constants": {"system": {"version": 1, "inviteProtocol": "Game"},
                                    "custom": {"map": "x"}}, "members": {"me": {}}});
    world.becomes(&a(), &body, Created);
    world.becomes(&a(), &body, Unchanged);
    let rendered = json!({"constants": world.document()["constants"]});
    world.becomes(&a(), &rendered, Unchanged);
    world.becomes(
        &a(),
        &json!({"constants": {"system": {}, "custom": {}}}),
        Unchanged,
    );
    let rows = [
        (
            json!({"system": {"maxMembersCount": 5}}),
            "constants.system.maxMembersCount",
        ),
        (
            json!({"system": {"initiators": ["1001"]}}),
            "constants.system.initiators",
        ),
        (
            json!({"system": {"sessionEmptyTimeout": null}}),
            "constants.system.sessionEmptyTimeout",
        ),
        (
            json!({"system": {"capabilities": {"gameplay": true}}}),
            "constants.system.capabilities",
        ),
        (json!({"custom": {"map": "y"}}), "constants.custom.map"),
        (json!({"custom": {"map": null}}), "constants.custom.map"),
        (json!({"custom": {"new": 1}}), "constants.custom.new"),
        (json!({"custom": "x"}), "constants.custom"),
    ];
    for (constants, path) in rows {
        let body = json!({"constants": constants});
        world.refused(&a(), &body, Rule::ConstantConflict, path);
    }
    world.becomes(
        &a(),
        &json!({"constants": {"custom": {"other": null}}}),
        Unchanged,
    );
    let whole = json!({"constants": {"system": {"maxMembersCount": 4.0}}});
    let path = "constants.system.maxMembersCount";
    world.refused(&a(), &whole, Rule::MalformedBody, path);
}

#[test]
fn a_titles_constant_that_the_template_unsets_is_neither_shown_nor_set() {
    let document = json!({"constants": {"system": {}, "custom": {"a": null, "b": 1}}});
    let mut world = World::with_template(&document);
    let created = world.ok(&a(), &json!({"members": {"me": {}}}));
    assert_eq!(created["constants"]["custom"], json!({"b": 1}));
    let mut world = World::with_template(&document);
    let body = json!({"constants": {"custom": {"a": 1}}, "members": {"me": {}}});
    world.refused(&a(), &body, Rule::ConstantConflict, "constants.custom.a");
}

#[test]
fn initiators_and_the_multiplayer_privilege_decide_who_creates() {
    let body = json!({"constants": {"system": {"initiators": ["1002"]}}, "members": {"me": {}}});
    let mut world = World::new(&keep());
    let path = "constants.system.initiators";
    world.refused(&a(), &body, Rule::NotInitiator, path);
    world.becomes(&b(), &body, Created);
    world.becomes(&a(), &playing(), Updated);

    let mut lonely = user(1001);
    lonely.user.as_mut().expect("a user").multiplayer = false;
    let mut world = World::new(&keep());
    world.refused(&lonely, &json!({}), Rule::NoMultiplayer, "");
    world.refused(&lonely, &playing(), Rule::NoMultiplayer, "");
    let nobody = convoke_core::Caller::default();
    world.refused(&nobody, &json!({}), Rule::NoUser, "");
    let by_server = json!({"constants": {"system": {"initiators": ["1002"]}}});
    world.becomes(&server(), &by_server, Created);
}

#[test]
fn a_broadcast_is_named_by_its_broadcaster_and_an_arbitration_made_by_a_server() {
    let broadcast = json!({"capabilities": {"large": true, "broadcast": true}});
    let path = "constants.system.capabilities.broadcast";
    let mut world = World::new(&broadcast);
    world.refused(&a(), &playing(), Rule::InvalidCombination, path);
    world.refused(&server(), &json!({}), Rule::InvalidCombination, path);
    world.reference.name = "1001".parse().expect("a name");
    world.refused(&b(), &playing(), Rule::InvalidCombination, path);
    world.becomes(&a(), &playing(), Created);

    let mut world = World::new(&json!({"sessionEmptyTimeout": 1000,
        "capabilities": {"gameplay": true, "arbitration": true}}));
    let path = "constants.system.capabilities.arbitration";
    world.refused(&a(), &playing(), Rule::ServerCreated, path);
    let start = json!({"system": {"startTime": "2026-01-02T03:04:05Z"}});
    let body = json!({"servers": {"arbitration": {"constants": start}}});
    world.becomes(&server(), &body, Created);
}

#[test]
fn a_creation_with_friends_gives_the_creator_the_lowest_index() {
    let mut world = World::new(&open());
    let body = json!({"members": {
        "reserve_1": {"constants": {"system": {"xuid": 1003}}},
        "reserve_0": {"constants": {"system": {"xuid": "1002"}}},
        "me": {"properties": {"system": {"active": true}}},
    }});
    let document = world.ok(&a(), &body);
    has(
        &document,
        &json!({
            "membersInfo": {"first": 0, "next": 3, "count": 3, "accepted": 1, "active": 1},
            "members": {
                "0": {"next": 1, "reserved": null, "constants": {"system": {"xuid": "1001"}}},
                "1": {"next": 2, "reserved": true, "gamertag": null,
                      "constants": {"system": {"xuid": "1002", "index": 1}}},
                "2": {"next": 3, "reserved": true, "constants": {"system": {"xuid": "1003"}}},
            },
            "nextTimer": "2026-01-02T03:04:35.0000000Z",
        }),
    );
}

#[test]
fn too_much_is_refused_at_creation() {
    let mut world = World::new(&open());
    let big = "x".repeat(70_000);
    let body = json!({"constants": {"custom": {"big": big}}, "members": {"me": {}}});
    world.refused(&a(), &body, Rule::CustomTooLarge, "constants.custom");
    let big = "x".repeat(20_000);
    let body = json!({"members": {"me": {"constants": {"custom": {"big": big}}}}});
    world.refused(
        &a(),
        &body,
        Rule::CustomTooLarge,
        "members.me.constants.custom",
    );
    let reserve = |n: u64| {
        (
            format!("reserve_{n}"),
            json!({"constants": {"system": {"xuid": n}}}),
        )
    };
    let five: serde_json::Map<_, _> = (0..5).map(reserve).collect();
    world.refused(
        &a(),
        &json!({"members": five}),
        Rule::Full,
        "members.reserve_4",
    );
}
