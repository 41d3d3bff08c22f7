//! Who may read, join and write.

use convoke_core::Caller;
use convoke_core::handle::Grant;
use convoke_core::refusal::{Class, Rule};
use convoke_core::session::Disposition::Updated;
use convoke_core::session::access::{depends_on_follows, may_read};
use serde_json::{Value, json};

use crate::support::{World, a, b, c, playing, server, user};

/// A session of `a` with these constants and system properties.
fn world(constants: &Value, properties: &Value) -> World {
    let mut system = json!({"maxMembersCount": 3, "inactiveRemovalTimeout": null});
    for (name, value) in constants.as_object().expect("an object") {
        system[name] = value.clone();
    }
    let mut world = World::new(&system);
    world.ok(&a(), &playing());
    world.ok(&a(), &json!({"properties": {"system": properties}}));
    world
}

fn reads(world: &World, caller: &Caller) -> Option<Rule> {
    let session = world.session.as_ref().expect("a session");
    may_read(session, caller, world.facts)
        .err()
        .map(|refusal| refusal.rule)
}

fn joins(world: &World, caller: &Caller) -> Option<Rule> {
    let attempt = world.clone().put(caller, &playing());
    attempt.err().map(|refusal| refusal.rule)
}

fn writes(world: &World, caller: &Caller) -> Option<Rule> {
    let body = json!({"properties": {"custom": {"x": 1}}});
    let attempt = world.clone().put(caller, &body);
    attempt.err().map(|refusal| refusal.rule)
}

#[test]
fn visibility_decides_what_a_stranger_may() {
    let rows = [
        // visibility, read, join, write
        ("open", None, None, Some(Rule::NotMember)),
        ("visible", None, Some(Rule::Visible), Some(Rule::NotMember)),
        (
            "private",
            Some(Rule::Private),
            Some(Rule::Private),
            Some(Rule::Private),
        ),
    ];
    for (visibility, read, join, write) in rows {
        let world = world(&json!({ "visibility": visibility }), &json!({}));
        assert_eq!(reads(&world, &b()), read, "{visibility}");
        assert_eq!(joins(&world, &b()), join, "{visibility}");
        assert_eq!(writes(&world, &b()), write, "{visibility}");
        for insider in [a(), server()] {
            assert_eq!(reads(&world, &insider), None, "{visibility}");
            assert_eq!(writes(&world, &insider), None, "{visibility}");
        }
    }
}

#[test]
fn a_reservation_opens_every_session() {
    for visibility in ["open", "visible", "private"] {
        let closed =
            json!({"closed": true, "joinRestriction": "local", "readRestriction": "local"});
        let mut world = world(&json!({ "visibility": visibility }), &closed);
        assert!(joins(&world, &b()).is_some());
        let seat = |xuid: &str| json!({"members": {"reserve_0": {"constants": {"system": {"xuid": xuid}}}}});
        world.ok(&a(), &seat("1002"));
        world.ok(&a(), &seat("1003"));
        assert_eq!(reads(&world, &b()), None);
        assert_eq!(joins(&world, &b()), None);
        assert_eq!(writes(&world, &b()), None);
    }
}

#[test]
fn restrictions_hold_for_strangers() {
    let local = {
        let mut caller = b();
        caller.device_id = a().device_id;
        caller
    };
    let rows = [
        // restriction, stranger, followed, local
        ("none", true, true, true),
        ("followed", false, true, true),
        ("local", false, false, true),
    ];
    for (word, stranger, followed, same_device) in rows {
        let both = json!({"joinRestriction": word, "readRestriction": word});
        let mut world = world(&json!({}), &both);
        assert_eq!(reads(&world, &b()).is_none(), stranger, "{word}");
        assert_eq!(joins(&world, &b()).is_none(), stranger, "{word}");
        assert_eq!(reads(&world, &local).is_none(), same_device, "{word}");
        assert_eq!(joins(&world, &local).is_none(), same_device, "{word}");
        let session = world.session.as_ref().expect("a session");
        assert_eq!(
            depends_on_follows(session, &b()),
            word == "followed",
            "{word}"
        );
        assert!(!depends_on_follows(session, &a()) && !depends_on_follows(session, &server()));
        world.facts.followed = true;
        assert_eq!(reads(&world, &b()).is_none(), followed, "{word}");
        assert_eq!(joins(&world, &b()).is_none(), followed, "{word}");
        assert_eq!(joins(&world, &server_with_user()), None, "{word}");
    }
    let open_to_read = json!({"joinRestriction": "local", "readRestriction": "none"});
    let world = world(&json!({}), &open_to_read);
    assert_eq!(reads(&world, &b()), None);
    assert_eq!(joins(&world, &b()), Some(Rule::JoinRestricted));
    assert_eq!(Rule::JoinRestricted.class(), Class::NoAccess);
}

fn server_with_user() -> Caller {
    Caller {
        server: true,
        ..b()
    }
}

#[test]
fn local_takes_an_active_member_of_the_device() {
    let both = json!({"joinRestriction": "local", "readRestriction": "local"});
    let mut world = world(&json!({}), &both);
    let mut local = b();
    local.device_id = a().device_id;
    assert_eq!(joins(&world, &local), None);
    world.ok(
        &a(),
        &json!({"members": {"me": {"properties": {"system": {"active": false}}}}}),
    );
    assert_eq!(joins(&world, &local), Some(Rule::JoinRestricted));
    let mut unknown = b();
    unknown.device_id = None;
    assert_eq!(joins(&world, &unknown), Some(Rule::JoinRestricted));
}

#[test]
fn closed_takes_nobody_and_locked_only_those_who_were_there() {
    let mut world = world(&json!({}), &json!({"closed": true}));
    assert_eq!(joins(&world, &b()), Some(Rule::Closed));
    assert_eq!(reads(&world, &b()), None);
    let set = |system: Value| json!({"properties": {"system": system}});
    let leave = json!({"members": {"me": null}});
    world.ok(&a(), &set(json!({"closed": false})));
    world.ok(&b(), &playing());
    world.ok(&a(), &set(json!({"closed": true, "locked": true})));
    world.ok(&b(), &leave);
    assert_eq!(joins(&world, &b()), None);
    assert_eq!(joins(&world, &c()), Some(Rule::Closed));
    world.ok(&b(), &playing());
    world.ok(&server(), &json!({"members": {"2": null}}));
    // Whoever comes back still has to satisfy the restriction and find a place.
    world.ok(&a(), &set(json!({"joinRestriction": "followed"})));
    assert_eq!(joins(&world, &b()), Some(Rule::JoinRestricted));
    world.facts.followed = true;
    assert_eq!(joins(&world, &b()), None);
    for xuid in ["1007", "1008"] {
        world.ok(
            &a(),
            &json!({"members": {"reserve_0": {"constants": {"system": {"xuid": xuid}}}}}),
        );
    }
    assert_eq!(joins(&world, &b()), Some(Rule::Full));
    world.ok(&a(), &set(json!({"locked": false})));
    assert!(world.session.as_ref().expect("a session").alumni.is_empty());
    world.ok(&a(), &set(json!({"locked": true})));
    assert_eq!(joins(&world, &b()), Some(Rule::Closed));
}

#[test]
fn a_locked_session_remembers_those_whom_time_removed() {
    let mut world =
        World::new(&json!({"inactiveRemovalTimeout": 1000, "reservedRemovalTimeout": 1000}));
    world.ok(&a(), &playing());
    world.ok(&b(), &playing());
    world.ok(
        &a(),
        &json!({"properties": {"system": {"closed": true, "locked": true}},
        "members": {"reserve_0": {"constants": {"system": {"xuid": "1003"}}}}}),
    );
    world.ok(
        &b(),
        &json!({"members": {"me": {"properties": {"system": {"active": false}}}}}),
    );
    world.wait_ms(1000);
    world.evaluate();
    assert_eq!(world.document()["membersInfo"]["count"], json!(1));
    assert_eq!(joins(&world, &b()), None);
    // A place that was only reserved is no membership.
    assert_eq!(joins(&world, &c()), Some(Rule::Closed));
}

#[test]
fn a_full_session_takes_nobody() {
    let mut world = world(&json!({}), &json!({}));
    world.ok(&b(), &playing());
    world.ok(&c(), &playing());
    assert_eq!(joins(&world, &user(1004)), Some(Rule::Full));
    world.through(Some(Grant::Invite));
    assert_eq!(joins(&world, &user(1004)), Some(Rule::FullByHandle));
    world.through(None);
    world.becomes(
        &b(),
        &json!({"members": {"me": {"properties": {"custom": {"x": 1}}}}}),
        Updated,
    );
    let full = (Rule::Full.class(), Rule::FullByHandle.class());
    assert_eq!(full, (Class::Invalid, Class::NoAccess));
}

#[test]
fn handles_grant_what_their_kind_says() {
    let local = json!({"joinRestriction": "local", "readRestriction": "local"});
    let followed = json!({"joinRestriction": "followed", "readRestriction": "followed"});
    let uas = json!({"userAuthorizationStyle": true});
    let rows = [
        // grant, capabilities, visibility, restrictions, read, join
        (Grant::Nothing, &uas, "open", &local, false, false),
        (Grant::Invite, &uas, "open", &local, true, true),
        (Grant::Invite, &uas, "open", &followed, true, true),
        (Grant::Invite, &uas, "visible", &local, false, false),
        (Grant::Invite, &uas, "private", &local, false, false),
        (Grant::Search, &uas, "open", &local, true, true),
        (Grant::Search, &uas, "open", &followed, false, false),
        (Grant::Transfer, &uas, "open", &followed, true, true),
        (Grant::Transfer, &uas, "visible", &followed, true, false),
        (Grant::Transfer, &uas, "private", &local, false, false),
        (Grant::ActivityOfFollower, &uas, "open", &local, true, false),
        (
            Grant::ActivityOfFollower,
            &json!({}),
            "open",
            &local,
            false,
            false,
        ),
    ];
    for (grant, capabilities, visibility, restrictions, read, join) in rows {
        let constants = json!({"visibility": visibility, "capabilities": capabilities});
        let mut world = world(&constants, restrictions);
        world.through(Some(grant));
        let context = format!("{grant:?} {visibility} {restrictions}");
        assert_eq!(reads(&world, &b()).is_none(), read, "{context}");
        assert_eq!(joins(&world, &b()).is_none(), join, "{context}");
    }
    let mut world = world(&json!({}), &json!({"closed": true}));
    for grant in [Grant::Invite, Grant::Search, Grant::Transfer] {
        world.through(Some(grant));
        assert_eq!(joins(&world, &b()), Some(Rule::Closed));
        assert_eq!(reads(&world, &b()), None);
    }
}

#[test]
fn the_multiplayer_privilege_is_needed_for_everything_but_leaving() {
    let mut lonely = user(1004);
    lonely.user.as_mut().expect("a user").multiplayer = false;
    let world = world(&json!({}), &json!({}));
    assert_eq!(reads(&world, &lonely), Some(Rule::NoMultiplayer));
    assert_eq!(joins(&world, &lonely), Some(Rule::NoMultiplayer));
    assert_eq!(writes(&world, &lonely), Some(Rule::NoMultiplayer));
    let nobody = Caller::default();
    assert_eq!(reads(&world, &nobody), Some(Rule::NoUser));
    assert_eq!(joins(&world, &nobody), Some(Rule::NoUser));
    assert_eq!(writes(&world, &nobody), Some(Rule::NoUser));
    assert_eq!(joins(&world, &server()), Some(Rule::NoUser));
}

#[test]
fn where_titles_have_to_be_known_for_sure_others_use_sessions_made_for_them() {
    let mut elsewhere = user(1004);
    elsewhere.title_unproven = true;
    let refused = Some(Rule::TitleUnproven);
    let mut consoles = world(&json!({}), &json!({}));
    assert_eq!(reads(&consoles, &elsewhere), refused);
    assert_eq!(joins(&consoles, &elsewhere), refused);
    assert_eq!(writes(&consoles, &elsewhere), refused);
    // Neither an invitation nor a place makes a console of the device.
    consoles.through(Some(Grant::Invite));
    assert_eq!(joins(&consoles, &elsewhere), refused);
    let mut same_user = a();
    same_user.title_unproven = true;
    assert_eq!(writes(&consoles, &same_user), refused);
    assert_eq!(reads(&consoles, &same_user), refused);
    consoles.ok(&same_user, &json!({"members": {"me": null}}));
    // A server answers for whom it acts for.
    let server = Caller {
        server: true,
        ..elsewhere.clone()
    };
    let shared = world(
        &json!({"capabilities": {"userAuthorizationStyle": true}}),
        &json!({"joinRestriction": "followed", "readRestriction": "followed"}),
    );
    assert_eq!(reads(&shared, &server), None);
    assert_eq!(joins(&shared, &server), None);
    assert_eq!(reads(&shared, &elsewhere), Some(Rule::ReadRestricted));
    let mut followed = shared.clone();
    followed.facts.followed = true;
    assert_eq!(reads(&followed, &elsewhere), None);
    assert_eq!(joins(&followed, &elsewhere), None);
    let mut new = World::new(&json!({}));
    new.refused(&elsewhere, &playing(), Rule::TitleUnproven, "");
    new.ok(&a(), &playing());
}

#[test]
fn viewers_of_a_broadcast_come_from_its_titles() {
    let mut world = World::new(
        &json!({"visibility": "private", "broadcastViewerTitleIds": ["77"],
        "capabilities": {"large": true, "broadcast": true}}),
    );
    world.reference.name = "1001".parse().expect("a name");
    world.ok(&a(), &playing());
    assert_eq!(reads(&world, &b()), Some(Rule::Private));
    let mut viewer = b();
    viewer.title_id = Some(convoke_wire::TitleId(77));
    assert_eq!(reads(&world, &viewer), None);
    assert_eq!(writes(&world, &viewer), Some(Rule::NotMember));
}

#[test]
fn servers_alone_write_servers() {
    let mut world = world(&json!({}), &json!({}));
    let entry = json!({"servers": {"matchmaking": {"constants": {"custom": {"k": 1}},
        "properties": {"system": {"status": "searching", "none": null}, "custom": {"x": 1}}}}});
    world.refused(&a(), &entry, Rule::ServersOnly, "servers");
    world.ok(&a(), &json!({"servers": {}}));
    let document = world.ok(&server(), &entry);
    assert_eq!(
        document["servers"],
        json!({"matchmaking": {"constants": {"system": {}, "custom": {"k": 1}},
               "properties": {"system": {"status": "searching"}, "custom": {"x": 1}}}})
    );
    world.becomes(
        &server(),
        &entry,
        convoke_core::session::Disposition::Unchanged,
    );
    let echo = json!({"servers": document["servers"]});
    world.becomes(
        &server(),
        &echo,
        convoke_core::session::Disposition::Unchanged,
    );
    for constants in [
        json!({"custom": {"k": 2}}),
        json!({"system": {"startTime": "x"}}),
        json!({"custom": {"k": null}}),
    ] {
        let body = json!({"servers": {"matchmaking": {"constants": constants}}});
        let path = "servers.matchmaking.constants";
        world.refused(&server(), &body, Rule::ConstantConflict, path);
    }
    let found = json!({"servers": {"matchmaking": {"properties": {"system": {"status": null, "lockId": 1}, "custom": null}}}});
    let document = world.ok(&server(), &found);
    assert_eq!(
        document["servers"]["matchmaking"]["properties"],
        json!({"system": {"lockId": 1}, "custom": {}})
    );
    let bad = json!({"servers": {"matchmaking": {"properties": {"custom": 7}}}});
    let path = "servers.matchmaking.properties.custom";
    world.refused(&server(), &bad, Rule::CustomNotObject, path);
    world.refused(
        &server(),
        &json!({"servers": {"a b": {}}}),
        Rule::ServerName,
        "servers.a b",
    );
    let many: serde_json::Map<_, _> = (0..17).map(|n| (format!("s{n}"), json!({}))).collect();
    world.refused(
        &server(),
        &json!({ "servers": many }),
        Rule::TooMany,
        "servers",
    );
    let document = world.ok(&server(), &json!({"servers": {"matchmaking": null}}));
    assert_eq!(document["servers"], json!({}));
}

#[test]
fn what_servers_keep_counts_towards_the_size_of_the_document() {
    let mut world = world(&json!({}), &json!({}));
    let fill = |n: usize| json!({"servers": {"s": {"properties": {"system": {format!("k{n}"): "x".repeat(200_000)}}}}});
    for n in 0..5 {
        world.ok(&server(), &fill(n));
    }
    world.refused(&server(), &fill(5), Rule::DocumentTooLarge, "");
}
