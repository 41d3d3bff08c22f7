//! What lost connections do to sessions, and how many sessions one connection serves.

use std::collections::BTreeSet;

use convoke_core::refusal::{Class, Rule};
use convoke_core::session::connections::{places, required, tapped};
use convoke_core::session::{Lost, ended_activities, lose, next_timer};
use convoke_core::{MemberState, Session};
use convoke_wire::Xuid;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{World, a, b, c, has};

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn me(system: &Value) -> Value {
    json!({"members": {"me": {"properties": {"system": system}}}})
}

fn on(connection: u128) -> Value {
    me(&json!({"active": true, "connection": id(connection).to_string()}))
}

fn subscribed(connection: u128) -> Value {
    me(
        &json!({"active": true, "connection": id(connection).to_string().to_uppercase(),
        "subscription": {"id": id(99).to_string(), "changeTypes": ["everything"]}}),
    )
}

fn world(timeout: &Value) -> World {
    World::new(
        &json!({"inactiveRemovalTimeout": timeout, "sessionEmptyTimeout": 60_000,
        "capabilities": {"connectivity": true, "connectionRequiredForActiveMembers": true}}),
    )
}

/// Loses a connection in a world; who turned inactive.
fn drop_connection(world: &mut World, connection: u128) -> Vec<(u32, Xuid)> {
    world.evaluate();
    let session = world.session.clone().expect("a session");
    match lose(&session, &[id(connection)].into(), world.now) {
        Lost::Changed {
            session: after,
            members,
        } => {
            assert_eq!(after.change_number, session.change_number + 1);
            world.session = Some(after);
            members
        }
        Lost::Nobody => Vec::new(),
        Lost::NotRequired => panic!("the session requires connections"),
    }
}

#[test]
fn e79_a_lost_connection_turns_its_member_inactive_and_keeps_the_subscription() {
    let mut world = world(&json!(60_000));
    world.ok(&b(), &on(2));
    world.ok(&a(), &subscribed(1));
    world.wait_ms(30_000);
    let before = world.session.clone();
    assert_eq!(drop_connection(&mut world, 1), [(1, Xuid(1001))]);
    has(
        &world.document(),
        &json!({"changeNumber": 3, "membersInfo": {"count": 2, "active": 1},
            "nextTimer": "2026-01-02T03:05:35.0000000Z",
            "members": {"0": {"properties": {"system": {"active": true}}},
                "1": {"activeTitleId": null, "properties": {"system": {"active": null, "connection": null,
                    "subscription": {"id": id(99).to_string(), "changeTypes": ["everything"]}}}}}}),
    );
    let ended = ended_activities(before.as_ref(), world.session.as_ref());
    assert_eq!(ended, [Xuid(1001)]);
    let document = world.ok(&a(), &on(3));
    has(
        &document,
        &json!({"membersInfo": {"active": 2}, "nextTimer": null,
            "members": {"1": {"properties": {"system": {"active": true, "connection": id(3).to_string(),
                "subscription": {"changeTypes": ["everything"]}}}}}}),
    );
}

#[test]
fn h87_without_time_to_be_inactive_the_next_evaluation_removes_the_member() {
    let mut world = world(&json!(0));
    world.ok(&a(), &on(1));
    world.ok(&b(), &on(2));
    assert_eq!(drop_connection(&mut world, 2), [(1, Xuid(1002))]);
    let session = world.session.as_ref().expect("a session");
    assert_eq!(
        session.members.get(&1).expect("a member").state,
        MemberState::Inactive
    );
    assert_eq!(next_timer(session), Some(world.now));
    has(
        &world.read(),
        &json!({"changeNumber": 4, "members": {"1": null}}),
    );
}

#[test]
fn h88_a_member_that_replaced_its_connection_is_not_on_the_lost_one() {
    let mut world = world(&json!(0));
    world.ok(&a(), &on(1));
    world.ok(&a(), &on(2));
    assert_eq!(drop_connection(&mut world, 1), []);
    has(
        &world.read(),
        &json!({"changeNumber": 2, "membersInfo": {"active": 1}}),
    );
    assert_eq!(drop_connection(&mut world, 2), [(0, Xuid(1001))]);
}

#[test]
fn a_connection_is_lost_once() {
    let mut world = world(&json!(60_000));
    world.ok(&a(), &on(1));
    assert_eq!(drop_connection(&mut world, 1).len(), 1);
    let session = world.session.as_ref().expect("a session");
    assert_eq!(
        lose(session, &(1..=9).map(id).collect(), world.now),
        Lost::Nobody
    );
}

#[test]
fn all_members_on_lost_connections_turn_inactive_in_one_change() {
    let mut world = world(&json!(60_000));
    world.ok(&a(), &on(1));
    world.ok(&b(), &on(1));
    let ready = me(&json!({"ready": true, "connection": id(3).to_string()}));
    world.ok(&c(), &ready);
    let session = world.session.as_ref().expect("a session");
    let lost = [id(1), id(3), id(4)].into();
    let Lost::Changed { session, members } = lose(session, &lost, world.now) else {
        panic!("three members lost their connections");
    };
    assert_eq!(members, [(0, Xuid(1001)), (1, Xuid(1002)), (2, Xuid(1003))]);
    assert_eq!(session.change_number, 4);
    let states: Vec<_> = session
        .members
        .values()
        .map(|member| member.state)
        .collect();
    assert_eq!(states, [MemberState::Inactive; 3]);
    assert!(
        session
            .members
            .values()
            .all(|member| member.connection.is_none())
    );
}

#[test]
fn without_the_capability_a_lost_connection_changes_nothing() {
    let mut world = World::new(&json!({}));
    world.ok(&a(), &on(1));
    let session = world.session.as_ref().expect("a session");
    assert_eq!(lose(session, &[id(1)].into(), world.now), Lost::NotRequired);
    assert_eq!(lose(session, &[id(2)].into(), world.now), Lost::Nobody);
    assert_eq!(required(session), BTreeSet::new());
}

#[test]
fn h92_being_active_takes_a_connection_where_the_session_requires_one() {
    let mut world = world(&json!(60_000));
    let active = me(&json!({"active": true}));
    let path = "members.me.properties.system.connection";
    world.refused(&a(), &active, Rule::ConnectionRequired, path);
    world.ok(&a(), &on(1));
    let ends = me(&json!({"connection": null}));
    world.refused(&a(), &ends, Rule::ConnectionRequired, path);
    World::new(&json!({})).ok(&a(), &active);
}

#[test]
fn a_session_names_the_connections_that_it_depends_on_and_those_that_it_taps() {
    let mut world = world(&json!(60_000));
    world.ok(&a(), &subscribed(1));
    world.ok(&b(), &on(2));
    let further = json!({"active": true, "connection": id(3).to_string(), "secondarySubscriptions":
        {id(98).to_string(): {"changeTypes": ["host"], "rta": {"connection": id(4).to_string()}}}});
    world.ok(&c(), &me(&further));
    let session = world.session.as_ref().expect("a session");
    assert_eq!(required(session), [1, 2, 3].map(id).into());
    assert_eq!(tapped(session), [1, 4].map(id).into());
    world.ok(&a(), &me(&json!({"active": false})));
    let session = world.session.as_ref().expect("a session");
    assert_eq!(required(session), [2, 3].map(id).into());
    assert_eq!(tapped(session), [4].map(id).into());
}

#[test]
fn h90_one_connection_serves_the_subscriptions_of_ten_sessions() {
    let mut world = world(&json!(60_000));
    world.ok(&a(), &on(1));
    let unsubscribed = world.session.clone().expect("a session");
    world.ok(&a(), &subscribed(1));
    let session = world.session.clone().expect("a session");
    let check = |before: Option<&Session>, others: usize| {
        places(before, &session, |asked, most| {
            assert_eq!(asked, id(1));
            (others < most).then_some(others)
        })
    };
    assert_eq!(check(None, 9), Ok(vec![9]));
    assert_eq!(check(Some(&unsubscribed), 9), Ok(vec![9]));
    for before in [None, Some(&unsubscribed)] {
        let refusal = check(before, 10).expect_err("the eleventh");
        assert_eq!(refusal.rule, Rule::ConnectionSessions);
        assert_eq!(refusal.rule.class(), Class::Conflict);
        assert_eq!(refusal.path, "members.me.properties.system.connection");
    }
    // What was tapped already is not counted again, and being there unsubscribed is no tap.
    assert_eq!(check(Some(&session), 10), Ok(Vec::new()));
    let never = |_, _| -> Option<()> { panic!("nothing is tapped") };
    let places = places(Some(&session), &unsubscribed, never);
    assert_eq!(places, Ok(Vec::new()));
}
