//! What holds in every history of a match: players come and go, measure and decide, and time passes.

use std::collections::BTreeSet;

use convoke_core::session::initialization::episode;
use convoke_core::session::next_timer;
use convoke_core::{Caller, MemberState, Session};
use convoke_wire::session::initialization::{Failure, Stage};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseError, TestRunner};
use proptest::{prop_assert, prop_assert_eq};
use serde_json::{Map, Value, json};

use crate::support::{World, initializing, server, starting, user};

type Checked = Result<(), TestCaseError>;

const PLAYERS: u64 = 6;

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// Time passes, in ms.
    Wait(i64),
    /// A player writes.
    Own(u64, Value),
    /// A player says how long the way to each device is; none for a device that it does not reach.
    Measure(u64, [Option<u64>; 4]),
    /// A server reserves places.
    Reserve(Vec<u64>),
    /// A server removes a member.
    Remove(u32),
    /// Somebody writes session properties.
    Properties(Value),
}

/// Constants under which episodes go different ways.
fn template() -> impl Strategy<Value = Value> {
    let times = (0..3_u32, any::<bool>(), 0..2000_u64).prop_map(|(needed, external, time)| {
        let mut init = json!({"membersNeededToStart": needed, "externalEvaluation": external,
            "joinTimeout": time, "measurementTimeout": time / 2});
        if external {
            init["evaluationTimeout"] = json!(time / 3);
        }
        init
    });
    let needs = proptest::sample::select(vec![
        json!({}),
        json!({"metrics": {"custom": true}}),
        json!({"measurementServerAddresses": {"s": {"secureDeviceAddress": "AAAA"}}}),
        json!({"peerToPeerRequirements": {}}),
        json!({"peerToHostRequirements": {"hostSelectionMetric": "bandwidth"}}),
        json!({"peerToPeerRequirements": {}, "peerToHostRequirements": {}}),
    ]);
    (times, needs).prop_map(|(init, needs)| {
        let mut system = json!({"maxMembersCount": 5, "sessionEmptyTimeout": 500,
            "inactiveRemovalTimeout": 700, "readyRemovalTimeout": 300, "reservedRemovalTimeout": 400,
            "capabilities": {"connectivity": true}, "memberInitialization": init});
        for (name, value) in needs.as_object().expect("an object") {
            system[name] = value.clone();
        }
        system
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 1..=PLAYERS;
    let own = proptest::sample::select(vec![
        json!({"active": true, "secureDeviceAddress": "AAAA"}),
        json!({"active": true, "secureDeviceAddress": "BBBB"}),
        json!({"active": true, "secureDeviceAddress": "CCCC"}),
        json!({"active": true}),
        json!({"ready": true}),
        json!({"active": false, "secureDeviceAddress": null}),
        json!({"initializationGroup": [0]}),
        json!({"initializationGroup": [1, 2]}),
        json!({"serverMeasurements": {"s": {"latency": 1}}}),
        json!({"measurements": {}}),
    ])
    .prop_map(|system| {
        initializing(&json!({"members": {"me": {"properties": {"system": system}}}}))
    });
    let own = prop_oneof![9 => own, 1 => Just(json!({"members": {"me": null}}))];
    let ways = proptest::array::uniform4(proptest::option::weighted(0.8, 200..300_u64));
    let properties = proptest::sample::select(vec![
        json!({"initializationSucceeded": true}),
        json!({"initializationSucceeded": false}),
        json!({"host": token("AAAA")}),
        json!({"host": null}),
    ]);
    let step = prop_oneof![
        3 => (0..1500_i64).prop_map(Step::Wait),
        6 => (who(), own).prop_map(|(who, body)| Step::Own(who, body)),
        4 => (who(), ways).prop_map(|(who, ways)| Step::Measure(who, ways)),
        1 => vec(who(), 1..3).prop_map(Step::Reserve),
        1 => (0..6_u32).prop_map(Step::Remove),
        2 => properties.prop_map(Step::Properties),
    ];
    (vec(who(), 1..4), vec(step, 1..30)).prop_map(|(first, mut steps)| {
        steps.insert(0, Step::Reserve(first));
        steps
    })
}

fn token(address: &str) -> String {
    let mut member = convoke_core::Member::new(
        convoke_wire::Xuid(1),
        MemberState::Active,
        crate::support::start(),
    );
    member.secure_device_address = Some(address.to_owned());
    member.device_token().expect("an address")
}

/// The caller and the body of a step; none of a passage of time.
fn write(step: &Step) -> Option<(Caller, Value)> {
    match step {
        Step::Wait(_) => None,
        Step::Own(who, body) => Some((user(1000 + who), body.clone())),
        Step::Measure(who, ways) => {
            let tokens = ["AAAA", "BBBB", "CCCC", "DDDD"].map(token);
            let measured = tokens.into_iter().zip(ways).filter_map(|(token, way)| {
                let way =
                    json!({"latency": (*way)?, "bandwidthDown": 100_000, "bandwidthUp": 20_000});
                Some((token, way))
            });
            let measured = Value::Object(measured.collect::<Map<_, _>>());
            let body =
                json!({"members": {"me": {"properties": {"system": {"measurements": measured}}}}});
            Some((user(1000 + who), body))
        }
        Step::Reserve(users) => {
            let users: BTreeSet<u64> = users.iter().map(|who| 1000 + who).collect();
            let users: Vec<u64> = users.into_iter().collect();
            Some((server(), starting(&users)))
        }
        Step::Remove(index) => {
            let mut members = Map::new();
            members.insert(index.to_string(), Value::Null);
            Some((server(), json!({ "members": members })))
        }
        Step::Properties(system) => Some((server(), json!({"properties": {"system": system}}))),
    }
}

/// Runs a history; each change is checked with the states around it.
fn run(
    system: &Value,
    steps: &[Step],
    mut check: impl FnMut(&World, Option<&Session>, By) -> Checked,
) -> Checked {
    let mut world = World::new(system);
    for step in steps {
        if let Step::Wait(ms) = step {
            world.wait_ms(*ms);
        }
        let before = world.session.clone();
        world.evaluate();
        if before != world.session {
            check(&world, before.as_ref(), By::Time)?;
        }
        if let Some((caller, body)) = write(step) {
            let before = world.session.clone();
            if world.put_settled(&caller, &body.to_string()).is_ok() {
                check(&world, before.as_ref(), By::Write)?;
            }
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Time,
    Write,
}

fn runs(session: &Session) -> Option<(u32, Stage)> {
    let episode = episode(session).filter(|it| it.stage != Stage::Failed);
    episode.map(|it| (it.number, it.stage))
}

/// Only the running episode and the next have members, and where none runs, none has.
fn check_numbers(session: &Session) -> Checked {
    let running = runs(session).map(|(number, _)| number);
    for (index, member) in &session.members {
        let allowed = match (member.initialization_episode, running) {
            (None, _) => true,
            (Some(own), Some(running)) => own == running || own == running + 1,
            (Some(_), None) => false,
        };
        prop_assert!(allowed, "member {} of {:?} in {:?}", index, member, running);
        prop_assert!(member.initialization_episode.is_none() || member.initialize);
    }
    if let Some((number, stage)) = runs(session).filter(|(_, stage)| *stage != Stage::Joining) {
        let mut members = session.members.values();
        let awaited =
            members.any(|it| it.initialization_episode == Some(number) && !it.is_accepted());
        prop_assert!(
            !awaited,
            "{:?} goes on without a member it waits for",
            stage
        );
    }
    Ok(())
}

/// Left alone, an episode ends: each of its stages has a time that runs out.
fn check_end(world: &World) -> Checked {
    let mut world = world.clone();
    let mut evaluations = 0;
    while let Some(session) = world.session.as_ref().filter(|it| runs(it).is_some()) {
        let due = next_timer(session);
        prop_assert!(due.is_some(), "nothing ends {:?}", episode(session));
        world.now = due.map_or(world.now, |due| due.max(world.now));
        world.evaluate();
        evaluations += 1;
        prop_assert!(evaluations < 30, "an episode does not end");
    }
    Ok(())
}

/// An evaluation of time does at most one thing to a member.
fn check_single(before: &Session, after: &Session) -> Checked {
    for (index, former) in &before.members {
        let Some(latter) = after.members.get(index) else {
            continue;
        };
        let changes = [
            former.state != latter.state,
            former.initialization_failure != latter.initialization_failure,
        ];
        let changes = changes.iter().filter(|changed| **changed).count();
        prop_assert!(changes <= 1, "{:?} became {:?}", former, latter);
    }
    let stages = [before, after].map(|it| episode(it).map(|it| (it.number, it.stage, it.since)));
    if let [Some((number, stage, since)), Some((again, same, later))] = stages {
        prop_assert!(number <= again && since <= later);
        prop_assert!((number, stage) != (again, same) || since == later);
    }
    Ok(())
}

/// A failure stays until its member leaves, and only an episode makes one.
fn check_failures(before: Option<&Session>, after: &Session) -> Checked {
    let before = before.filter(|before| before.branch == after.branch);
    for (index, member) in &after.members {
        let former = before.and_then(|before| before.members.get(index));
        let was = former.and_then(|former| former.initialization_failure);
        if was.is_some() {
            prop_assert_eq!(was, member.initialization_failure);
        }
        if former.is_some_and(|former| former.initialization_episode.is_none()) {
            prop_assert!(
                was == member.initialization_failure || !former.is_some_and(|it| it.initialize)
            );
        }
    }
    Ok(())
}

/// The first episode succeeds with as many members as it needs, and fails with fewer.
fn check_needed(before: Option<&Session>, after: &Session) -> Checked {
    let Some(init) = &after.constants.member_initialization else {
        return Ok(());
    };
    let needed = init.members_needed_to_start.unwrap_or(1) as usize;
    let before = before.filter(|before| before.branch == after.branch);
    if before.is_none() {
        let asking = after.members.values().filter(|it| it.initialize).count();
        prop_assert!(needed <= asking, "{} began with {}", needed, asking);
    }
    let first = |session: &Session| runs(session).is_some_and(|(number, _)| number == 1);
    let ended = before.is_some_and(first) && !first(after);
    if !ended || init.external_evaluation == Some(true) {
        return Ok(());
    }
    let of_first = |index: &u32| {
        let former = before.and_then(|before| before.members.get(index));
        former.is_some_and(|it| it.initialization_episode == Some(1))
    };
    let count = |failure: Option<Failure>| {
        let members = after.members.iter().filter(|(index, _)| of_first(index));
        members
            .filter(|(_, it)| it.initialization_failure == failure)
            .count()
    };
    if episode(after).is_some_and(|it| it.stage == Stage::Failed) {
        prop_assert!(count(Some(Failure::Episode)) < needed);
        prop_assert_eq!(count(None), 0);
    } else {
        prop_assert!(needed <= count(None));
    }
    Ok(())
}

/// Evaluating again, by a write that says nothing, finds nothing to do.
fn check_stable(world: &World) -> Checked {
    let Some(session) = &world.session else {
        return Ok(());
    };
    let mut again = world.clone();
    let outcome = again.put_settled(&server(), "{}").expect("an empty write");
    prop_assert_eq!(outcome.session.as_ref(), Some(session));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn episodes_keep_their_laws(system in template(), steps in steps()) {
        run(&system, &steps, |world, before, by| {
            let Some(after) = &world.session else { return Ok(()) };
            check_numbers(after)?;
            check_end(world)?;
            check_failures(before, after)?;
            check_needed(before, after)?;
            check_stable(world)?;
            match (before, by) {
                (Some(before), By::Time) => check_single(before, after),
                _ => Ok(()),
            }
        })?;
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_stored_of_an_episode_is_read_as_it_was(system in template(), steps in steps()) {
        run(&system, &steps, |world, _, _| {
            let Some(session) = &world.session else { return Ok(()) };
            let text = serde_json::to_string(session).expect("JSON");
            let read: Session = serde_json::from_str(&text).expect("the stored form");
            prop_assert_eq!(&read, session);
            Ok(())
        })?;
    }
}

/// Most histories that are tried until they have come to everything that they must come to.
const MAX_HISTORIES: usize = 4000;

#[test]
fn histories_reach_every_stage_and_every_failure() {
    let mut missing: BTreeSet<&str> = ["again", "initialised", "hostCandidates", "broken"].into();
    missing.extend(Stage::ALL.iter().map(|stage| stage.as_str()));
    // The ways of these histories are wide enough, always.
    let narrow = [Failure::BandwidthDown, Failure::BandwidthUp];
    let failures = Failure::ALL.iter().filter(|it| !narrow.contains(it));
    missing.extend(failures.map(|failure| failure.as_str()));
    let mut runner = TestRunner::deterministic();
    let (templates, histories) = (template(), steps());
    for _ in 0..MAX_HISTORIES {
        if missing.is_empty() {
            return;
        }
        let system = templates.new_tree(&mut runner).expect("a tree").current();
        let steps = histories.new_tree(&mut runner).expect("a tree").current();
        run(&system, &steps, |world, _, _| {
            let Some(session) = &world.session else {
                return Ok(());
            };
            let Some(state) = &session.initialization else {
                return Ok(());
            };
            if let Some(episode) = state.episode {
                missing.remove(episode.stage.as_str());
            }
            if 2 < state.latest {
                missing.remove("again");
            }
            if !state.host_candidates.is_empty() {
                missing.remove("hostCandidates");
            }
            if !state.broken_groups.is_empty() {
                missing.remove("broken");
            }
            for member in session.members.values() {
                match member.initialization_failure {
                    Some(failure) => missing.remove(failure.as_str()),
                    None if member.initialize && state.episode.is_none() => {
                        missing.remove("initialised")
                    }
                    None => false,
                };
            }
            Ok(())
        })
        .expect("nothing is checked");
    }
    panic!("{missing:?} did not happen");
}
