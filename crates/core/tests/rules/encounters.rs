//! Who has played with whom, by what changes of a session do: normal sessions and groups of large
//! ones.

use std::collections::BTreeSet;

use convoke_core::Session;
use convoke_core::limits::{MAX_MEETINGS_OF_CHANGE, MAX_RECENT_PLAYERS};
use convoke_core::session::encounters::{Met, Place, Player, meetings, met};
use convoke_core::session::{Groups, Outcome, Reported};
use convoke_core::template::Template;
use convoke_wire::{Sandbox, TitleId, Xuid};
use serde_json::{Value, json};

use crate::support::{World, a, b, c, playing, template, user};

/// A world, what it has told so far, and the groups that follow it.
struct Play {
    world: World,
    groups: Groups,
}

fn normal() -> Play {
    Play::new(&json!({"capabilities": {"gameplay": true}, "inactiveRemovalTimeout": null}))
}

fn large() -> Play {
    let capabilities = json!({"gameplay": true, "large": true});
    Play::new(
        &json!({"capabilities": capabilities, "maxMembersCount": 10_000, "inactiveRemovalTimeout": null}),
    )
}

fn me(system: &Value) -> Value {
    let properties = Value::from_iter([("system", system.clone())]);
    json!({"members": {"me": {"properties": properties}}})
}

fn leaving() -> Value {
    json!({"members": {"me": null}})
}

impl Play {
    fn new(system: &Value) -> Self {
        Self {
            world: World::new(system),
            groups: Groups::default(),
        }
    }

    /// What one write tells, with the moments in seconds since the beginning.
    fn write(&mut self, xuid: u64, body: &Value) -> BTreeSet<(u64, u64, i64)> {
        let before = self.world.session.clone();
        let outcome = self.world.put(&user(xuid), body).expect("taken");
        self.told(before.as_ref(), &outcome)
    }

    fn told(&mut self, before: Option<&Session>, outcome: &Outcome) -> BTreeSet<(u64, u64, i64)> {
        let (after, now) = (outcome.session.as_ref(), self.world.now);
        let mut all = met(before, after, now);
        let reported = &outcome.encounters;
        all.extend(self.groups.follow(before, after, reported, now));
        told(&all)
    }

    fn pass(&mut self, ms: i64) {
        self.world.wait_ms(ms);
    }
}

fn told(all: &[Met]) -> BTreeSet<(u64, u64, i64)> {
    let pairs = all.iter().map(|met| {
        let [one, other] = met.players.map(|player| player.xuid.0);
        let since = met.at.duration_since(crate::support::start());
        (one.min(other), one.max(other), since.as_secs())
    });
    pairs.collect()
}

fn set<const N: usize>(pairs: [(u64, u64, i64); N]) -> BTreeSet<(u64, u64, i64)> {
    pairs.into()
}

#[test]
fn who_goes_active_meets_all_who_are_and_who_stops_has_met_them_until_then() {
    let mut play = normal();
    assert_eq!(play.write(1, &playing()), set([]));
    play.pass(1000);
    assert_eq!(play.write(2, &playing()), set([(1, 2, 1)]));
    // Being in the session is not playing.
    assert_eq!(play.write(3, &me(&json!({}))), set([]));
    play.pass(1000);
    assert_eq!(play.write(3, &playing()), set([(1, 3, 2), (2, 3, 2)]));
    let custom = json!({"properties": {"custom": {"map": "x"}}});
    assert_eq!(play.write(3, &custom), set([]));
    play.pass(1000);
    let away = me(&json!({"active": false}));
    assert_eq!(play.write(1, &away), set([(1, 2, 3), (1, 3, 3)]));
    assert_eq!(play.write(1, &leaving()), set([]));
    play.pass(1000);
    assert_eq!(play.write(2, &leaving()), set([(2, 3, 4)]));
    assert_eq!(play.write(3, &leaving()), set([]));
    assert_eq!(play.world.session, None);
}

#[test]
fn with_the_end_of_a_session_all_have_met_all_once() {
    let owned = json!({"capabilities": {"gameplay": true, "hasOwners": true}});
    let mut play = Play::new(&owned);
    for xuid in 1..=4 {
        play.write(xuid, &playing());
    }
    play.pass(5000);
    let before = play.world.session.clone();
    let outcome = play.world.put(&user(1), &leaving()).expect("taken");
    assert_eq!(outcome.session, None);
    let all = met(before.as_ref(), None, play.world.now);
    let expected = [
        (1, 2, 5),
        (1, 3, 5),
        (1, 4, 5),
        (2, 3, 5),
        (2, 4, 5),
        (3, 4, 5),
    ];
    assert_eq!((all.len(), told(&all)), (6, set(expected)));
}

#[test]
fn only_gameplay_counts_and_older_contracts_imply_it() {
    let pairs = |document: &Value| {
        let mut play = Play {
            world: World::with_template(document),
            groups: Groups::default(),
        };
        play.write(1, &playing());
        play.write(2, &playing()).len()
    };
    let of = |contract: u32, capabilities: Value| {
        let constants = json!({"system": {"capabilities": capabilities}});
        json!({"contractVersion": contract, "constants": constants})
    };
    assert_eq!(pairs(&of(107, json!({"gameplay": true}))), 1);
    assert_eq!(pairs(&of(107, json!({"gameplay": false}))), 0);
    assert_eq!(pairs(&of(107, json!({}))), 0);
    for legacy in [104, 105] {
        assert_eq!(pairs(&of(legacy, json!({}))), 1, "{legacy}");
        assert_eq!(pairs(&of(legacy, json!({"team": true}))), 0, "{legacy}");
    }
    // Of a large session nobody is told for being in it.
    assert_eq!(pairs(&of(107, json!({"gameplay": true, "large": true}))), 0);
    // What is implied is not shown.
    let implied = template(&json!({})).map(|it: Template| it.constants.is_gameplay());
    assert_eq!(implied, Ok(false));
    let mut world = World::with_template(&of(105, json!({})));
    let shown = world.ok(&a(), &playing());
    assert_eq!(shown["constants"]["system"]["capabilities"], json!({}));
}

#[test]
fn each_is_told_of_the_other_in_the_title_that_they_play() {
    let player = |xuid, title: Option<u32>| Player {
        xuid: Xuid(xuid),
        title: title.map(TitleId),
    };
    let at = crate::support::start();
    let pair = |one, other| Met {
        players: [one, other],
        at,
    };
    let all = [
        pair(player(1, Some(7)), player(2, Some(8))),
        pair(player(1, Some(7)), player(3, None)),
        pair(player(3, None), player(4, None)),
    ];
    let place = Place {
        sandbox: Sandbox::default(),
        title: TitleId(9),
    };
    let lists = meetings(&all, &place);
    let shown: Vec<_> = lists
        .iter()
        .map(|list| {
            let met = list.met.iter().map(|it| (it.user.0, it.title_id.0));
            (list.key.owner.0, met.collect::<Vec<_>>())
        })
        .collect();
    let expected = [
        (1, vec![(2, 7), (3, 7)]),
        (2, vec![(1, 8)]),
        (3, vec![(1, 7), (4, 9)]),
        (4, vec![(3, 9)]),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn e94_members_of_a_group_meet_while_both_are_active_in_it() {
    let mut play = large();
    let in_groups = |names: &[&str]| me(&json!({"active": true, "groups": names}));
    assert_eq!(
        play.write(1, &in_groups(&["Boffins-posse", "other"])),
        set([])
    );
    assert_eq!(play.write(2, &in_groups(&[])), set([]));
    play.pass(1000);
    // Names are the same in either case.
    assert_eq!(
        play.write(2, &me(&json!({"groups": ["boffins-POSSE"]}))),
        set([(1, 2, 1)])
    );
    assert_eq!(
        play.write(2, &me(&json!({"groups": ["Boffins-posse"]}))),
        set([])
    );
    // Not active, not in the group.
    assert_eq!(
        play.write(3, &me(&json!({"groups": ["boffins-posse"]}))),
        set([])
    );
    play.pass(1000);
    assert_eq!(
        play.write(3, &me(&json!({"active": true}))),
        set([(1, 3, 2), (2, 3, 2)])
    );
    play.pass(1000);
    let away = me(&json!({"active": false}));
    assert_eq!(play.write(1, &away), set([(1, 2, 3), (1, 3, 3)]));
    play.pass(1000);
    assert_eq!(play.write(2, &me(&json!({"groups": []}))), set([(2, 3, 4)]));
    assert_eq!(play.write(3, &leaving()), set([]));
    // Whose time together is over has met nobody since.
    assert_eq!(play.write(1, &in_groups(&["boffins-posse"])), set([]));
}

#[test]
fn e94_an_encounter_counts_for_the_thirty_seconds_before_it() {
    let trade = me(&json!({"encounters": ["trade.1", "TRADE.1"]}));
    for (wait, expected) in [
        (0, set([(1, 2, 0)])),
        (29_999, set([(1, 2, 0)])),
        (30_000, set([])),
    ] {
        let mut play = large();
        play.write(1, &playing());
        play.write(2, &playing());
        let number = |play: &Play| play.world.session.as_ref().map(|it| it.change_number);
        let before = number(&play);
        assert_eq!(play.write(1, &trade), set([]));
        play.pass(wait);
        // Both report it, one after the other, and nothing of it is kept in the session.
        assert_eq!(play.write(2, &trade), expected, "{wait}");
        assert_eq!(number(&play), before);
    }
}

#[test]
fn e94_an_encounter_with_a_group_is_one_with_all_who_are_or_just_were_in_it() {
    let mut play = large();
    let posse = me(&json!({"active": true, "groups": ["posse"]}));
    for xuid in 1..=3 {
        play.write(xuid, &posse);
    }
    play.write(4, &playing());
    play.pass(10_000);
    play.write(1, &me(&json!({"groups": []})));
    play.pass(20_000);
    let trade = me(&json!({"encounters": ["posse"]}));
    // 1 has left 20 s before: they met until then.
    assert_eq!(
        play.write(4, &trade),
        set([(1, 4, 10), (2, 4, 30), (3, 4, 30)])
    );
    play.pass(10_000);
    // 4 reported 10 s before; whoever enters the group now does not meet 4, who left it then.
    assert_eq!(play.write(5, &posse), set([(2, 5, 40), (3, 5, 40)]));
    // A member of the group has met all of it anyway.
    assert_eq!(play.write(5, &trade), set([]));
    // Whoever is not active has no encounters, but may report one on the way out.
    play.write(6, &me(&json!({})));
    assert_eq!(play.write(6, &trade), set([]));
    let out = me(&json!({"active": false, "encounters": ["posse"]}));
    let expected = [(2, 4, 40), (3, 4, 40), (4, 5, 40)];
    assert_eq!(play.write(4, &out), set(expected));
}

#[test]
fn a_group_that_fills_a_list_tells_of_those_who_came_last() {
    let mut play = large();
    let posse = me(&json!({"active": true, "groups": ["posse"]}));
    for xuid in 1..=150 {
        play.pass(1000);
        assert_eq!(play.write(xuid, &posse).len() as u64, (xuid - 1).min(100));
    }
    let last = play.write(150, &me(&json!({"groups": []})));
    assert_eq!(last.len(), MAX_RECENT_PLAYERS);
    assert!(last.iter().all(|(other, _, _)| 50 <= *other));
}

#[test]
fn one_change_tells_of_a_bounded_number() {
    let mut play = large();
    let posse = me(&json!({"active": true, "groups": ["posse"]}));
    for xuid in 1..=200 {
        play.write(xuid, &posse);
    }
    let before = play.world.session.clone();
    let ended = play
        .groups
        .follow(before.as_ref(), None, &[], play.world.now);
    assert_eq!(ended.len(), MAX_MEETINGS_OF_CHANGE);
    // Nobody is left, and a while later nothing is remembered.
    play.pass(30_000);
    let nothing = play
        .groups
        .follow(before.as_ref(), before.as_ref(), &[], play.world.now);
    assert_eq!(nothing, []);
    assert!(play.groups.is_empty());
}

#[test]
fn groups_made_anew_know_who_is_in_them() {
    let mut play = large();
    let words = ["red", "Blue", "green"];
    let mut seed: u64 = 7;
    let mut draw = |most: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % most
    };
    for _ in 0..300 {
        play.pass(500);
        let names: Vec<&str> = words.into_iter().filter(|_| draw(2) == 0).collect();
        let body = match draw(8) {
            0 => leaving(),
            1 => me(&json!({"active": false})),
            _ => me(&json!({"active": true, "groups": names})),
        };
        play.write(1 + draw(12), &body);
        play.write(99, &playing());
    }
    play.pass(31_000);
    let session = play.world.session.clone();
    let report = |names: &[&str]| Reported {
        xuid: Xuid(99),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let reported = [report(&["RED", "blue", "green", "grey"])];
    let mut anew = session.as_ref().map(Groups::of).expect("a session");
    let follow = |groups: &mut Groups| {
        let (state, now) = (session.as_ref(), play.world.now);
        let all = groups.follow(state, state, &reported, now);
        all.iter()
            .map(|met| met.players.map(|it| it.xuid))
            .collect::<BTreeSet<_>>()
    };
    let (followed, remade) = (follow(&mut play.groups), follow(&mut anew));
    assert_eq!(followed, remade);
    assert!(3 < followed.len(), "{followed:?}");
}

#[test]
fn encounters_belong_to_the_user_whose_place_reports_them() {
    let mut world = World::new(&json!({"capabilities": {"gameplay": true, "large": true}}));
    let of = |outcome: Outcome| outcome.encounters;
    let body = me(&json!({"active": true, "encounters": ["trade.1"]}));
    let created = world.put(&a(), &body).expect("created");
    let expected = Reported {
        xuid: Xuid(1001),
        names: vec!["trade.1".to_owned()],
    };
    assert_eq!(of(created), std::slice::from_ref(&expected));
    // By one's own index as by `me`; an empty list is none. `[doc]`
    let own = json!({"members": {"0": {"properties": {"system": {"encounters": ["trade.1"]}}}}});
    assert_eq!(of(world.put(&a(), &own).expect("taken")), [expected]);
    let none = me(&json!({"encounters": []}));
    assert_eq!(of(world.put(&a(), &none).expect("taken")), []);
    assert_eq!(of(world.put(&b(), &playing()).expect("taken")), []);
    assert!(world.put(&c(), &own).is_err());
}
