//! Laws that hold for every history of a session.

mod generate;
mod real_time;

use std::collections::BTreeSet;

use convoke_core::contract::{read, render};
use convoke_core::session::apply::Target;
use convoke_core::session::taps::taps;
use convoke_core::session::{Disposition, Facts, Outcome, Settled, apply, next_timer, settle};
use convoke_core::{Caller, Entropy, MemberState, Refusal, Session};
use convoke_wire::{ContractVersion, Xuid, json};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{ProptestConfig, Strategy, any, proptest};
use proptest::{prop_assert, prop_assert_eq};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{World, user};
use generate::{Put, Step, caller};

type Checked = Result<(), proptest::test_runner::TestCaseError>;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Most histories that are tried until they have come to everything that they must come to.
const MAX_HISTORIES: usize = 4000;

/// Applies a body to a session, timers aside.
fn write(
    world: &World,
    session: &Session,
    caller: &Caller,
    body: &Value,
) -> Result<Outcome, Refusal> {
    let change = read::session_change(body.to_string().as_bytes())?;
    let target = Target::Existing(session);
    let entropy = Entropy {
        branch: Uuid::nil(),
    };
    apply(
        target,
        &world.template,
        &change,
        caller,
        world.facts,
        world.now,
        entropy,
    )
}

/// Runs a history, checking each step with what was before and what came out.
fn run(
    template: &Value,
    steps: &[Step],
    mut check: impl FnMut(&World, Option<&Session>, Option<&Put>) -> Checked,
) -> Checked {
    let mut world = World::with_template(template);
    for step in steps {
        match step {
            Step::Wait(ms) => {
                world.wait_ms(*ms);
                let before = world.session.clone();
                world.evaluate();
                check(&world, before.as_ref(), None)?;
            }
            Step::Put(put) => {
                world.evaluate();
                let before = world.session.clone();
                world.facts = Facts {
                    followed: put.followed,
                    handle: put.handle,
                    ..Facts::default()
                };
                let outcome = world.put_settled(&caller(put.who), &put.body.to_string());
                if let Ok(outcome) = &outcome {
                    check_disposition(before.as_ref(), outcome)?;
                } else {
                    prop_assert_eq!(&world.session, &before, "a refused write leaves no trace");
                }
                check(&world, before.as_ref(), outcome.is_ok().then_some(put))?;
            }
        }
    }
    Ok(())
}

/// The change number steps by exactly one, and only when something changed.
fn check_disposition(before: Option<&Session>, outcome: &Outcome) -> Checked {
    let after = outcome.session.as_ref();
    let numbers = (
        before.map(|s| s.change_number),
        after.map(|s| s.change_number),
    );
    match outcome.disposition {
        Disposition::Created => prop_assert_eq!(numbers, (None, Some(1))),
        Disposition::Updated => {
            let (Some(before), Some(after)) = (before, after) else {
                return Err(proptest::test_runner::TestCaseError::fail(
                    "an update needs both",
                ));
            };
            prop_assert_eq!(after.change_number, before.change_number + 1);
            prop_assert_eq!(after.branch, before.branch);
            prop_assert_eq!(&after.constants, &before.constants);
        }
        Disposition::Unchanged => prop_assert_eq!(before, after),
        Disposition::Deleted => prop_assert!(before.is_some() && after.is_none()),
        Disposition::NothingCreated => prop_assert!(before.is_none() && after.is_none()),
    }
    Ok(())
}

/// Whether a write ends its writer's place or ownership or touches others', or its writer created
/// the session without joining it: what may be refused the second time, and then has no effect
/// either.
fn may_be_refused_again(put: &Put, after: &Session) -> bool {
    let members = put.body.get("members").and_then(Value::as_object);
    let touches = members.is_some_and(|members| {
        members
            .iter()
            .any(|(key, member)| key.parse::<u32>().is_ok() || (key == "me" && member.is_null()))
    });
    let outside = caller(put.who)
        .xuid()
        .is_some_and(|xuid| after.member_of(xuid).is_none());
    let owners = !put.body["properties"]["system"]["owners"].is_null();
    touches || owners || (outside && after.change_number == 1)
}

/// Whether a write decides about an episode; said again, it is about the one that has begun since.
fn decides(put: &Put) -> bool {
    !put.body["properties"]["system"]["initializationSucceeded"].is_null()
}

fn check_list(session: &Session, before: Option<&Session>, document: &Value) -> Checked {
    let limit = session.constants.max_members() as usize;
    prop_assert!(session.members.len() <= limit);
    if let Some(before) = before.filter(|before| before.branch == session.branch) {
        prop_assert!(before.next_index <= session.next_index);
        let fresh = session
            .members
            .keys()
            .filter(|index| !before.members.contains_key(index));
        prop_assert!(
            fresh.into_iter().all(|index| before.next_index <= *index),
            "an index was used again"
        );
    }
    prop_assert!(
        session
            .members
            .keys()
            .all(|index| *index < session.next_index)
    );
    let xuids: BTreeSet<_> = session.members.values().map(|member| member.xuid).collect();
    prop_assert_eq!(xuids.len(), session.members.len(), "one member per user");
    let info = &document["membersInfo"];
    let count = |wanted: fn(MemberState) -> bool| {
        json!(
            session
                .members
                .values()
                .filter(|member| wanted(member.state))
                .count()
        )
    };
    prop_assert_eq!(&info["count"], &count(|_| true));
    prop_assert_eq!(
        &info["accepted"],
        &count(|state| state != MemberState::Reserved)
    );
    prop_assert_eq!(
        &info["active"],
        &count(|state| state == MemberState::Active)
    );
    if session.members.is_empty() {
        prop_assert_eq!(&info["first"], &info["next"]);
    }
    if document["constants"]["system"]["capabilities"]["large"] == json!(true) {
        return Ok(());
    }
    let mut visited = 0;
    let mut index = info["first"].clone();
    while index != info["next"] {
        let member = &document["members"][index.to_string()];
        prop_assert_eq!(&member["constants"]["system"]["index"], &index);
        visited += 1;
        prop_assert!(visited <= session.members.len(), "the chain ends");
        index = member["next"].clone();
    }
    prop_assert_eq!(visited, session.members.len(), "the chain visits all");
    Ok(())
}

fn has_null(document: &Value) -> bool {
    match document {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

/// A document that is shown can be sent back by whoever may, and says nothing new.
fn check_echo(world: &World, session: &Session, xuid: Xuid, contract: ContractVersion) -> Checked {
    let document = world.document_for(Some(xuid), contract);
    let index = session.member_of(xuid).expect("a member").0.to_string();
    let large = document["members"].get("me");
    let own = large.unwrap_or(&document["members"][&index]);
    let body = json!({
        "constants": document["constants"],
        "properties": document["properties"],
        "members": {"me": {"constants": own["constants"], "properties": own["properties"]}},
    });
    let outcome = write(world, session, &user(xuid.0), &body);
    let outcome = outcome.map_err(|refusal| {
        proptest::test_runner::TestCaseError::fail(format!("{refusal} for {body}"))
    })?;
    prop_assert_eq!(outcome.disposition, Disposition::Unchanged, "{}", body);
    Ok(())
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn a_write_applied_twice_has_no_further_effect(template in generate::template(), steps in generate::steps()) {
        run(&template, &steps, |world, _, put| {
            let (Some(session), Some(put)) = (&world.session, put) else { return Ok(()) };
            let writer = caller(put.who);
            // Whoever has just reserved a place for itself accepts it by writing again. `[doc]`
            let place = writer.xuid().and_then(|xuid| session.member_of(xuid));
            if place.is_some_and(|(_, member)| !member.is_accepted()) || decides(put) {
                return Ok(());
            }
            match write(world, session, &writer, &put.body) {
                Ok(again) => {
                    prop_assert_eq!(again.disposition, Disposition::Unchanged, "{}", put.body);
                    prop_assert_eq!(again.session.as_ref(), Some(session));
                }
                Err(refusal) => prop_assert!(may_be_refused_again(put, session), "{}: {}", put.body, refusal),
            }
            Ok(())
        })?;
    }

    #[test]
    fn the_member_list_is_a_chain_with_right_totals(template in generate::template(), steps in generate::steps()) {
        run(&template, &steps, |world, before, _| match &world.session {
            Some(session) => check_list(session, before, &world.document()),
            None => Ok(()),
        })?;
    }

    #[test]
    fn no_null_is_ever_shown(template in generate::template(), steps in generate::steps()) {
        run(&template, &steps, |world, _, _| {
            for (who, contract) in [(1001, ContractVersion::V107), (1002, ContractVersion::V105)] {
                if world.session.is_some() {
                    let document = world.document_for(Some(Xuid(who)), contract);
                    prop_assert!(!has_null(&document), "{:#}", document);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_is_shown_can_be_sent_back(template in generate::template(), steps in generate::steps()) {
        run(&template, &steps, |world, _, _| {
            let Some(session) = &world.session else { return Ok(()) };
            for (_, member) in session.accepted() {
                for contract in [ContractVersion::V105, ContractVersion::V107] {
                    check_echo(world, session, member.xuid, contract)?;
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn the_stored_form_loses_nothing(template in generate::template(), steps in generate::steps()) {
        run(&template, &steps, |world, _, _| {
            let Some(session) = &world.session else { return Ok(()) };
            let text = serde_json::to_string(session).expect("JSON");
            let read: Session = serde_json::from_str(&text).expect("the stored form");
            prop_assert_eq!(&read, session);
            prop_assert_eq!(serde_json::to_string(&read).expect("JSON"), text);
            Ok(())
        })?;
    }

    #[test]
    fn what_was_derived_of_members_is_that_of_their_present_state(
        template in generate::template(), steps in generate::steps(),
    ) {
        run(&template, &steps, |world, _, _| {
            let Some(session) = &world.session else { return Ok(()) };
            let text = serde_json::to_string(session).expect("JSON");
            // Of whom was just read nothing was derived yet.
            let read: Session = serde_json::from_str(&text).expect("the stored form");
            for contract in [ContractVersion::V105, ContractVersion::V107] {
                let shown = |session| {
                    let document = render::session(session, None, contract);
                    serde_json::to_string(&document).expect("JSON")
                };
                prop_assert_eq!(shown(session), shown(&read));
            }
            prop_assert_eq!(taps(Some(session), None), taps(Some(&read), None));
            Ok(())
        })?;
    }

    #[test]
    fn one_evaluation_is_enough_except_for_what_it_began(
        template in generate::template(), steps in generate::steps(), later in 0..20_000_i64,
    ) {
        run(&template, &steps, |world, _, _| match &world.session {
            Some(session) => check_settled(session, world.now + SignedDuration::from_millis(later)),
            None => Ok(()),
        })?;
    }

    #[test]
    fn time_is_monotonic(
        template in generate::template(), steps in generate::steps(), first in 0..8000_i64, rest in 0..8000_i64,
    ) {
        run(&template, &steps, |world, _, _| match &world.session {
            Some(session) => {
                let t1 = world.now + SignedDuration::from_millis(first);
                check_monotonic(session, t1, t1 + SignedDuration::from_millis(rest))
            }
            None => Ok(()),
        })?;
    }

    #[test]
    fn writes_of_different_fields_commute(
        template in generate::template(), steps in generate::steps(), one in fields("p"), other in fields("q"),
    ) {
        let mut world = World::with_template(&template);
        for step in &steps {
            if let Step::Put(put) = step {
                world.facts = Facts { followed: put.followed, handle: put.handle, ..Facts::default() };
                let _refused_or_not = world.put(&caller(put.who), &put.body);
            }
        }
        world.evaluate();
        let Some(session) = world.session.clone() else { return Ok(()) };
        let members: Vec<_> = session.accepted().map(|(_, member)| user(member.xuid.0)).collect();
        let (Some(first), Some(last)) = (members.first(), members.last()) else { return Ok(()) };
        let both = |writes: [(&Caller, &Value); 2]| {
            let mut session = session.clone();
            for (caller, custom) in writes {
                let body = json!({"properties": {"custom": custom}});
                let outcome = write(&world, &session, caller, &body).expect("members write custom");
                session = outcome.session.expect("a session");
            }
            session
        };
        let (a, b) = (both([(first, &one), (last, &other)]), both([(last, &other), (first, &one)]));
        prop_assert_eq!(a, b);
    }
}

/// A titles' bag whose fields begin with a letter.
fn fields(prefix: &'static str) -> impl Strategy<Value = Value> {
    proptest::collection::vec((0..4_u8, any::<Option<i64>>()), 0..4).prop_map(move |fields| {
        let fields = fields
            .into_iter()
            .map(|(n, value)| (format!("{prefix}{n}"), json!(value)));
        Value::Object(fields.collect())
    })
}

fn ready(session: &Session) -> BTreeSet<u32> {
    let ready = session
        .members
        .iter()
        .filter(|(_, member)| member.state == MemberState::Ready);
    ready.map(|(index, _)| *index).collect()
}

fn check_settled(session: &Session, at: Timestamp) -> Checked {
    let due = next_timer(session).is_some_and(|due| due <= at);
    match settle(session, at) {
        Settled::Unchanged => prop_assert!(!due),
        Settled::Deleted => prop_assert!(due),
        Settled::Changed(settled) => {
            prop_assert!(due);
            prop_assert_eq!(settled.change_number, session.change_number + 1);
            prop_assert_ne_etag(session, &settled)?;
            // MPSD: timeouts are not stacked. A member whose ready time is over turns inactive now,
            // and if that may last no time at all, the next evaluation removes it.
            let turned: BTreeSet<_> = ready(session)
                .into_iter()
                .filter(|index| {
                    settled
                        .members
                        .get(index)
                        .is_some_and(|member| member.state == MemberState::Inactive)
                })
                .collect();
            let began = !turned.is_empty() && settled.constants.inactive_removal_timeout == Some(0);
            match settle(&settled, at) {
                Settled::Unchanged => prop_assert!(!began),
                Settled::Deleted => prop_assert!(began),
                Settled::Changed(again) => {
                    prop_assert!(began);
                    let gone: BTreeSet<_> = settled
                        .members
                        .keys()
                        .filter(|i| !again.members.contains_key(i))
                        .copied()
                        .collect();
                    prop_assert_eq!(gone, turned);
                    prop_assert_eq!(settle(&again, at), Settled::Unchanged);
                }
            }
        }
    }
    Ok(())
}

fn prop_assert_ne_etag(a: &Session, b: &Session) -> Checked {
    prop_assert!(a.etag() != b.etag());
    Ok(())
}

fn settled(session: &Session, at: Timestamp) -> Option<Session> {
    match settle(session, at) {
        Settled::Unchanged => Some(session.clone()),
        Settled::Changed(session) => Some(session),
        Settled::Deleted => None,
    }
}

/// Looking in between never keeps a member longer. It may remove one sooner that was ready at
/// first, because its time as inactive began sooner, or whose episode ends sooner; otherwise it makes
/// no difference.
fn check_monotonic(session: &Session, t1: Timestamp, t2: Timestamp) -> Checked {
    let members =
        |session: Option<&Session>| session.map(|s| s.members.clone()).unwrap_or_default();
    let at_once = members(settled(session, t2).as_ref());
    let step_by_step = members(settled(session, t1).and_then(|s| settled(&s, t2)).as_ref());
    let episode = session.initialization.as_ref();
    if episode.is_some_and(|state| state.running().is_some()) {
        prop_assert!(step_by_step.keys().all(|index| at_once.contains_key(index)));
    } else if ready(session).is_empty() {
        prop_assert_eq!(at_once, step_by_step);
    } else {
        prop_assert!(step_by_step.keys().all(|index| at_once.contains_key(index)));
        let sooner = at_once
            .keys()
            .filter(|index| !step_by_step.contains_key(index));
        let owners_decide = !session.properties.owners.is_empty();
        prop_assert!(
            owners_decide
                || sooner
                    .into_iter()
                    .all(|index| ready(session).contains(index))
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(1024))]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _refused = read::session_change(&bytes);
        let _refused = read::properties_change(&bytes);
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _refused = json::check(text);
        }
    }

    #[test]
    fn no_damaged_body_makes_the_reader_panic(
        body in generate::body(), places in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = body.to_string().into_bytes();
        for (place, byte) in places {
            let place = place % bytes.len();
            bytes[place] = byte;
        }
        if let Err(refusal) = read::session_change(&bytes) {
            prop_assert!(!refusal.detail.is_empty());
        }
    }

    #[test]
    fn no_json_like_text_makes_the_check_panic(text in "[\\[\\]{}:,\"\\\\a0-9.eE+ntrufls -]{0,60}") {
        let checked = json::check(&text);
        let parsed = serde_json::from_str::<Value>(&text);
        prop_assert!(checked.is_err() || parsed.is_ok(), "{}", text);
    }
}

#[test]
fn histories_reach_every_kind_of_outcome() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let expected = [
        "Created",
        "Updated",
        "Unchanged",
        "Deleted",
        "NothingCreated",
        "time",
        "alumni",
        "Active",
        "Ready",
        "Inactive",
        "Reserved",
        "access.private",
        "access.visible",
        "access.join_restriction",
        "access.closed",
        "access.not_member",
        "members.full",
        "members.existing",
        "members.connection",
        "roles.full",
        "servers.server_only",
        "properties.owners_only",
        "constants.conflict",
        "members.large",
    ];
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..MAX_HISTORIES {
        if expected.iter().all(|word| seen.contains(*word)) {
            return;
        }
        let template = generate::template()
            .new_tree(&mut runner)
            .expect("a tree")
            .current();
        let steps = generate::steps()
            .new_tree(&mut runner)
            .expect("a tree")
            .current();
        let mut world = World::with_template(&template);
        for step in steps {
            match step {
                Step::Wait(ms) => {
                    world.wait_ms(ms);
                    let before = world.session.as_ref().map(|session| session.change_number);
                    world.evaluate();
                    if before != world.session.as_ref().map(|session| session.change_number) {
                        seen.insert("time".to_owned());
                    }
                }
                Step::Put(put) => {
                    world.facts = Facts {
                        followed: put.followed,
                        handle: put.handle,
                        ..Facts::default()
                    };
                    let word = match world.put(&caller(put.who), &put.body) {
                        Ok(outcome) => format!("{:?}", outcome.disposition),
                        Err(refusal) => refusal.rule.code().to_owned(),
                    };
                    seen.insert(word);
                }
            }
            let members = world
                .session
                .iter()
                .flat_map(|session| session.members.values());
            seen.extend(members.map(|member| format!("{:?}", member.state)));
            if world
                .session
                .as_ref()
                .is_some_and(|session| !session.alumni.is_empty())
            {
                seen.insert("alumni".to_owned());
            }
        }
    }
    panic!("{expected:?} are not all among {seen:?}");
}
