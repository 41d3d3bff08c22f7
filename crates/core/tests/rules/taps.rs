//! Who is tapped for a change, where, and with what.

use convoke_core::session::{ChangeTypes, Member, Tap, Taps, taps};
use convoke_core::{Caller, Session};
use convoke_wire::session::change_type::ChangeType;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{World, a, b, c, playing, server, start};

/// A connection by number, as clients spell it.
fn guid(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

/// The body by which a user plays on a connection with a subscription.
fn subscribed(connection: u128, id: &str, kinds: &[&str]) -> Value {
    with(&json!({"active": true, "connection": guid(connection),
        "subscription": {"id": id, "changeTypes": kinds}}))
}

fn with(system: &Value) -> Value {
    json!({"members": {"me": {"properties": {"system": system}}}})
}

fn world() -> World {
    World::new(&json!({"inactiveRemovalTimeout": 5000,
        "capabilities": {"connectivity": true, "connectionRequiredForActiveMembers": true}}))
}

const ID_A: &str = "AAAAAAAA-0000-4000-8000-00000000000A";
const ID_B: &str = "bbbbbbbb-0000-4000-8000-00000000000b";

/// A is tapped for everything, B for some kinds.
fn two(kinds: &[&str]) -> World {
    let mut world = world();
    world.ok(&a(), &subscribed(1, ID_A, &["everything"]));
    world.ok(&b(), &subscribed(2, ID_B, kinds));
    world
}

/// A write, and its taps.
#[track_caller]
fn after(world: &mut World, caller: &Caller, body: &Value) -> Option<Taps> {
    let before = world.session.clone();
    world.ok(caller, body);
    taps(before.as_ref(), world.session.as_ref())
}

/// Taps as member, connection and subscription.
fn brief(taps: Option<&Taps>) -> Vec<(u32, u128, Option<&str>)> {
    let list = taps.map_or(&[] as &[Tap], |taps| &taps.list);
    list.iter()
        .map(|tap| {
            (
                tap.member,
                tap.connection.as_u128(),
                tap.subscription.as_deref(),
            )
        })
        .collect()
}

fn custom() -> Value {
    json!({"properties": {"custom": {"x": 1}}})
}

fn set(kinds: &[ChangeType]) -> ChangeTypes {
    kinds.iter().copied().collect()
}

const FOR_A: (u32, u128, Option<&str>) = (0, 1, Some(ID_A));
const FOR_B: (u32, u128, Option<&str>) = (1, 2, Some(ID_B));

#[test]
fn h82_every_subscriber_is_tapped_and_so_is_the_writer() {
    let mut world = two(&["everything", "customProperty"]);
    let found = after(&mut world, &a(), &custom()).expect("taps");
    assert_eq!(brief(Some(&found)), [FOR_A, FOR_B]);
    let session = world.session.as_ref().expect("a session");
    assert_eq!(found.branch, session.branch);
    assert_eq!((found.change_number, session.change_number), (3, 3));
    assert_eq!(found.list[0].matched, set(&[ChangeType::Everything]));
    assert_eq!(
        found.list[1].matched,
        set(&[ChangeType::Everything, ChangeType::CustomProperty])
    );
    let (_, tap) = found.shoulder_taps(start()).next().expect("a tap");
    assert_eq!(
        serde_json::to_value(tap).expect("JSON"),
        json!({"timestamp": "2026-01-02T03:04:05.0000000Z", "subscription": ID_A,
            "resourceType": "mpsd/session",
            "resource": "11111111-2222-3333-4444-555555555555~open~s",
            "branch": guid(1), "changeNumber": 3})
    );
}

#[test]
fn h83_a_subscriber_of_the_host_is_tapped_for_the_host_only() {
    let mut world = two(&["Host"]);
    let address = with(&json!({"secureDeviceAddress": "AAAA"}));
    assert_eq!(brief(after(&mut world, &a(), &address).as_ref()), [FOR_A]);
    let token = world.document()["members"]["0"]["deviceToken"].clone();
    assert_eq!(brief(after(&mut world, &a(), &custom()).as_ref()), [FOR_A]);
    let host = json!({"properties": {"system": {"host": token}}});
    assert_eq!(
        brief(after(&mut world, &a(), &host).as_ref()),
        [FOR_A, FOR_B]
    );
}

#[test]
fn h84_a_subscriber_of_the_list_is_tapped_for_who_comes_and_goes() {
    let mut world = two(&["membersList"]);
    let both = [FOR_A, FOR_B];
    let on_third = with(&json!({"active": true, "connection": guid(3)}));
    assert_eq!(brief(after(&mut world, &c(), &on_third).as_ref()), both);
    let own = json!({"members": {"me": {"properties": {"custom": {"x": 1}}}}});
    assert_eq!(brief(after(&mut world, &c(), &own).as_ref()), [FOR_A]);
    let leave = json!({"members": {"me": null}});
    assert_eq!(brief(after(&mut world, &c(), &leave).as_ref()), both);
}

#[test]
fn h85_a_write_that_changes_nothing_taps_nobody() {
    let mut world = two(&["everything"]);
    assert_eq!(after(&mut world, &a(), &json!({})), None);
    assert_eq!(taps(None, None), None);
    let session = world.session.as_ref();
    assert_eq!(taps(session, session), None);
}

#[test]
fn h95_members_who_share_a_connection_are_tapped_each() {
    let mut world = world();
    world.ok(&a(), &subscribed(1, ID_A, &["everything"]));
    world.ok(&b(), &subscribed(1, ID_B, &["everything"]));
    let found = after(&mut world, &a(), &custom());
    assert_eq!(brief(found.as_ref()), [FOR_A, (1, 1, Some(ID_B))]);
    // Even with one id for all, as one client has it.
    world.ok(&b(), &subscribed(1, ID_A, &["everything"]));
    let found = after(
        &mut world,
        &a(),
        &json!({"properties": {"custom": {"x": 2}}}),
    );
    assert_eq!(brief(found.as_ref()), [FOR_A, (1, 1, Some(ID_A))]);
}

#[test]
fn a_subscription_counts_from_the_write_that_makes_it_to_the_one_that_ends_it() {
    let mut world = world();
    let found = after(&mut world, &a(), &subscribed(1, ID_A, &["everything"])).expect("taps");
    assert_eq!((brief(Some(&found)), found.change_number), (vec![FOR_A], 1));
    let ends = with(&json!({"subscription": {"changeTypes": []}}));
    assert_eq!(after(&mut world, &a(), &ends), None);
    let again = with(&json!({"subscription": {"changeTypes": ["everything"]}}));
    let found = after(&mut world, &a(), &again);
    assert_eq!(brief(found.as_ref()), [(0, 1, None)], "no id was named");
}

#[test]
fn only_active_members_with_a_connection_are_tapped() {
    let mut world = World::new(&json!({"inactiveRemovalTimeout": 5000}));
    world.ok(&b(), &playing());
    let mut step = 0;
    let mut tapped = |world: &mut World, system: &Value| {
        world.ok(&a(), &with(system));
        step += 1;
        let body = json!({"properties": {"custom": {"x": step}}});
        brief(after(world, &b(), &body).as_ref()).len()
    };
    let subscription = json!({"id": ID_A, "changeTypes": ["everything"]});
    let active = json!({"active": true, "subscription": subscription});
    assert_eq!(tapped(&mut world, &active), 0, "no connection");
    assert_eq!(tapped(&mut world, &json!({"connection": guid(1)})), 1);
    assert_eq!(tapped(&mut world, &json!({"ready": true})), 0, "ready");
    assert_eq!(tapped(&mut world, &json!({"active": false})), 0, "inactive");
    // The subscription outlives the connection. `[client]`
    let back = json!({"active": true, "connection": guid(7).to_uppercase()});
    assert_eq!(tapped(&mut world, &back), 1);
}

#[test]
fn unknown_kinds_tap_nobody_not_even_at_the_end() {
    let mut world = two(&["tournaments", "arbitration", "whatever"]);
    assert_eq!(brief(after(&mut world, &a(), &custom()).as_ref()), [FOR_A]);
    let leave = json!({"members": {"me": null}});
    assert_eq!(brief(after(&mut world, &b(), &leave).as_ref()), [FOR_A]);
}

#[test]
fn d9_a_removed_member_is_tapped_once_more_whatever_it_subscribed_to() {
    let mut world = two(&["host"]);
    let kick = json!({"members": {"1": null}});
    let found = after(&mut world, &server(), &kick).expect("taps");
    assert_eq!(brief(Some(&found)), [FOR_A, FOR_B]);
    assert_eq!(found.list[1].matched, set(&[ChangeType::MembersList]));
    assert_eq!(found.change_number, 3);
    assert_eq!(brief(after(&mut world, &a(), &custom()).as_ref()), [FOR_A]);
}

#[test]
fn d9_a_member_who_was_inactive_before_its_removal_is_not_tapped() {
    let mut world = two(&["everything"]);
    world.ok(&b(), &with(&json!({"active": false})));
    let before = world.session.clone();
    world.wait_ms(5000);
    world.evaluate();
    let found = taps(before.as_ref(), world.session.as_ref()).expect("taps");
    assert_eq!(brief(Some(&found)), [FOR_A]);
}

#[test]
fn d10_a_deletion_taps_everybody_with_the_number_that_would_have_come_next() {
    let world = two(&["host"]);
    let session = world.session.as_ref().expect("a session");
    assert_eq!(session.change_number, 2);
    let found = taps(Some(session), None).expect("taps");
    assert_eq!(brief(Some(&found)), [FOR_A, FOR_B]);
    assert_eq!((found.branch, found.change_number), (session.branch, 3));

    let mut alone = self::world();
    alone.ok(&a(), &subscribed(1, ID_A, &["roles"]));
    let found = after(&mut alone, &a(), &json!({"members": {"me": null}})).expect("taps");
    assert_eq!(alone.session, None);
    assert_eq!((brief(Some(&found)), found.change_number), (vec![FOR_A], 2));
}

#[test]
fn h91_large_sessions_tap_nobody_and_refuse_every_form_of_subscription() {
    use convoke_core::Rule::NotOnLarge;
    let mut world = World::new(&json!({"capabilities": {"large": true}, "maxMembersCount": 200}));
    let connected = with(&json!({"active": true, "connection": guid(1)}));
    world.ok(&a(), &connected);
    let id = guid(9);
    for (field, value) in [
        (
            "subscription",
            json!({"id": id, "changeTypes": ["everything"]}),
        ),
        (
            "secondarySubscriptions",
            json!({id.as_str(): {"changeTypes": ["host"]}}),
        ),
        ("subscriptions", json!({id.as_str(): {"profile": "roster"}})),
    ] {
        let path = format!("members.me.properties.system.{field}");
        world.refused(&a(), &with(&json!({ field: value })), NotOnLarge, &path);
    }
    // Ending what is not there is no subscription.
    world.ok(
        &a(),
        &with(&json!({"subscriptions": {id.as_str(): null}, "secondarySubscriptions": {}})),
    );
    // Not even a stored one taps.
    let mut session = world.session.clone().expect("a session");
    let everything = convoke_wire::session::member::Subscription {
        id: None,
        change_types: vec!["everything".to_owned()],
    };
    let subscribe = |member: &mut Member| member.subscription = Some(everything);
    session.members.update(0, subscribe).expect("A");
    let next = Session {
        change_number: session.change_number + 1,
        ..session.clone()
    };
    assert_eq!(taps(Some(&session), Some(&next)), None);
}

#[test]
fn secondary_subscriptions_are_tapped_on_their_own_connections() {
    let mut world = world();
    let (one, two) = (guid(21).to_uppercase(), guid(22));
    let system = json!({"active": true, "connection": guid(1), "secondarySubscriptions": {
        one.as_str(): {"changeTypes": ["customProperty"], "rta": {"connection": guid(11)}},
        two.as_str(): {"changeTypes": ["membersList", "customProperty"]}}});
    world.ok(&a(), &with(&system));
    let found = after(&mut world, &a(), &custom());
    // Without a connection of its own it is on the member's.
    assert_eq!(
        brief(found.as_ref()),
        [(0, 11, Some(one.as_str())), (0, 1, Some(two.as_str()))]
    );
    let on_second = with(&json!({"active": true, "connection": guid(2)}));
    let found = after(&mut world, &b(), &on_second);
    assert_eq!(brief(found.as_ref()), [(0, 1, Some(two.as_str()))]);
    let ends = with(&json!({"secondarySubscriptions": {two.as_str(): null}}));
    world.ok(&a(), &ends);
    assert_eq!(
        after(
            &mut world,
            &c(),
            &with(&json!({"active": true, "connection": guid(3)}))
        ),
        None
    );
}

#[test]
fn subscriptions_of_old_are_tapped_for_what_their_profile_stands_for() {
    let kinds = |profile: &str| {
        let mut world = world();
        let id = guid(31);
        let system = json!({"active": true, "connection": guid(1),
            "subscriptions": {id.as_str(): {"profile": profile, "onBehalfOfTitleId": "777"}}});
        world.ok(&a(), &with(&system));
        // A deletion is every kind of change, so it shows the whole of the profile.
        let found = taps(world.session.as_ref(), None);
        let found = found.map(|taps| {
            assert_eq!(brief(Some(&taps)), [(0, 1, Some(id.as_str()))]);
            taps.list[0].matched
        });
        let all = found.unwrap_or_default().iter().map(ChangeType::as_str);
        all.collect::<Vec<_>>().join(" ")
    };
    let check = |profile: &str, words: &str| assert_eq!(kinds(profile), words, "{profile}");
    check(
        "party",
        "membersList membersStatus joinability customProperty membersCustomProperty",
    );
    check("matchmaking", "matchmakingStatus membersList");
    check("initialization", "initialization membersList");
    check("roster", "membersList membersStatus");
    check("queueHost", "membersList membersStatus joinability");
    check("queuehost", "membersList membersStatus joinability");
    check("Queue", "host matchmakingStatus membersList joinability");
    check("nobody", "");

    let mut world = world();
    let system = json!({"active": true, "connection": guid(1),
        "subscriptions": {guid(31): {"profile": "roster"}, guid(32): {}}});
    world.ok(&a(), &with(&system));
    assert_eq!(after(&mut world, &a(), &custom()), None);
    let on_second = with(&json!({"active": true, "connection": guid(2)}));
    let found = after(&mut world, &b(), &on_second);
    assert_eq!(brief(found.as_ref()), [(0, 1, Some(guid(31).as_str()))]);
}

#[test]
fn subscriptions_without_the_capability_are_tapped_too() {
    let mut world = World::new(&json!({}));
    world.ok(&a(), &subscribed(1, ID_A, &["everything"]));
    assert_eq!(brief(after(&mut world, &a(), &custom()).as_ref()), [FOR_A]);
}
