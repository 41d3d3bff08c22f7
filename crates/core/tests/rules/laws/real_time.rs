//! Laws of changes, taps and lost connections.

use std::collections::BTreeSet;

use convoke_core::session::{ChangeTypes, Lost, Tap, connections, ended_activities, lose, taps};
use convoke_core::{Member, MemberState, Session};
use convoke_wire::session::change_type::ChangeType;
use convoke_wire::session::constants::Capability;
use jiff::Timestamp;
use proptest::prelude::proptest;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use proptest::{prop_assert, prop_assert_eq};
use uuid::Uuid;

use super::{Checked, MAX_HISTORIES, config, generate, run};
use crate::support::World;

/// The ways in which a member can be tapped: connection, id of the subscription, kinds of change.
///
/// Written anew from the documents of the member, so that it is no copy of the rule.
fn ways(member: &Member) -> Vec<(Uuid, Option<&str>, Option<ChangeTypes>)> {
    let uuid = |text: &String| text.parse::<Uuid>().expect("a GUID");
    let own = member.connection.as_ref().map(uuid);
    let mut ways = Vec::new();
    if let (Some(own), Some(subscription)) = (own, &member.subscription) {
        let kinds = ChangeTypes::named(&subscription.change_types);
        ways.push((own, subscription.id.as_deref(), Some(kinds)));
    }
    for (id, entry) in &member.secondary_subscriptions {
        let connection = entry.rta.as_ref().map(|rta| uuid(&rta.connection));
        if let Some(connection) = connection.or(own) {
            let kinds = ChangeTypes::named(&entry.change_types);
            ways.push((connection, Some(id), Some(kinds)));
        }
    }
    for (id, entry) in &member.legacy_subscriptions {
        if let (Some(own), Some(_)) = (own, &entry.profile) {
            ways.push((own, Some(id), None));
        }
    }
    ways
}

/// The member that a tap names: as it is now, or as it was before it was removed.
fn named<'a>(
    tap: &Tap,
    before: Option<&'a Session>,
    after: Option<&'a Session>,
) -> Option<&'a Member> {
    let of = |session: Option<&'a Session>| session.and_then(|s| s.members.get(&tap.member));
    of(after).or(of(before)).map(|member| &**member)
}

fn check_change(before: Option<&Session>, after: Option<&Session>) -> Checked {
    let changes = ChangeTypes::between(before, after);
    let differ = match (before, after) {
        (Some(before), Some(after)) => before.change_number != after.change_number,
        (None, None) => false,
        _ => true,
    };
    prop_assert_eq!(!changes.is_empty(), differ);
    prop_assert_eq!(changes.contains(ChangeType::Everything), differ);
    if before == after {
        prop_assert!(changes.is_empty());
    }
    Ok(())
}

fn check_taps(before: Option<&Session>, after: Option<&Session>) -> Checked {
    check_connections(before, after)?;
    let found = taps(before, after);
    let changes = ChangeTypes::between(before, after);
    let number = match (before, after) {
        (_, Some(after)) => after.change_number,
        (Some(before), None) => before.change_number + 1,
        (None, None) => 0,
    };
    let last = after.or(before);
    let Some(found) = found else {
        return check_nobody_waits(before, after, changes);
    };
    prop_assert!(!changes.is_empty(), "no change taps nobody");
    prop_assert!(!found.list.is_empty());
    prop_assert_eq!(found.change_number, number);
    prop_assert!(before.is_none_or(|before| before.change_number < number));
    prop_assert_eq!(Some(found.branch), last.map(|session| session.branch));
    for tap in &found.list {
        let member = named(tap, before, after).expect("the member of a tap");
        prop_assert_eq!(member.state, MemberState::Active);
        prop_assert!(!tap.matched.is_empty());
        prop_assert_eq!(tap.matched & changes, tap.matched);
        let stays = after.is_some_and(|after| after.members.contains_key(&tap.member));
        let mut here = ways(member).into_iter().filter(|(connection, id, _)| {
            *connection == tap.connection && *id == tap.subscription.as_deref()
        });
        let fits = |wanted: ChangeTypes| !stays || wanted & changes == tap.matched;
        prop_assert!(
            here.any(|(_, _, wanted)| wanted.is_none_or(fits)),
            "{:?} is no subscription",
            tap
        );
    }
    let large = last.is_some_and(|session| session.constants.has(Capability::Large));
    prop_assert!(!large, "large sessions tap nobody");
    check_everybody(&found.list, after)
}

/// Whoever wants everything is tapped by every change.
fn check_everybody(list: &[Tap], after: Option<&Session>) -> Checked {
    for (index, member) in after.iter().flat_map(|after| &after.members) {
        if member.state != MemberState::Active {
            continue;
        }
        for (connection, id, wanted) in ways(member) {
            if wanted.is_some_and(|wanted| wanted.contains(ChangeType::Everything)) {
                let reached = list.iter().any(|tap| {
                    (tap.member, tap.connection, tap.subscription.as_deref())
                        == (*index, connection, id)
                });
                prop_assert!(reached, "member {} missed a change", index);
            }
        }
    }
    Ok(())
}

fn check_nobody_waits(
    before: Option<&Session>,
    after: Option<&Session>,
    changes: ChangeTypes,
) -> Checked {
    let large = after
        .or(before)
        .is_some_and(|session| session.constants.has(Capability::Large));
    if large || changes.is_empty() {
        return Ok(());
    }
    check_everybody(&[], after)
}

/// The difference is what lies between the two sets, whatever members the states share.
fn check_connections(before: Option<&Session>, after: Option<&Session>) -> Checked {
    let changes = connections::changes(before, after);
    let check = |difference: &connections::Difference, of: fn(&Session) -> BTreeSet<Uuid>| {
        let (former, latter) = (before.map(of), after.map(of));
        let (former, latter) = (former.unwrap_or_default(), latter.unwrap_or_default());
        prop_assert_eq!(&difference.added, &(&latter - &former));
        prop_assert_eq!(&difference.removed, &(&former - &latter));
        Ok(())
    };
    check(&changes.required, connections::required)?;
    check(&changes.tapped, connections::tapped)
}

fn check_loss(session: &Session, lost: Uuid, now: Timestamp) -> Checked {
    let on = BTreeSet::from([lost]);
    let Lost::Changed {
        session: after,
        members,
    } = lose(session, &on, now)
    else {
        prop_assert!(!connections::required(session).contains(&lost));
        return Ok(());
    };
    prop_assert!(connections::required(session).contains(&lost));
    prop_assert!(!connections::required(&after).contains(&lost));
    prop_assert_eq!(after.change_number, session.change_number + 1);
    prop_assert_eq!(
        lose(&after, &on, now),
        Lost::Nobody,
        "a second loss finds nobody"
    );
    for (index, member) in &session.members {
        let now_is = after.members.get(index).expect("a member");
        if members.contains(&(*index, member.xuid)) {
            prop_assert_eq!(now_is.state, MemberState::Inactive);
            prop_assert_eq!(&now_is.subscription, &member.subscription);
        } else {
            prop_assert_eq!(now_is, member);
        }
    }
    let told: Vec<_> = members.iter().map(|(_, xuid)| *xuid).collect();
    for ended in ended_activities(Some(session), Some(&after)) {
        prop_assert!(told.contains(&ended));
    }
    let changes = ChangeTypes::between(Some(session), Some(&after));
    let expected = [ChangeType::Everything, ChangeType::MembersStatus];
    prop_assert_eq!(changes, expected.into_iter().collect());
    check_taps(Some(session), Some(&after))
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn there_is_a_change_exactly_when_there_is_a_new_number(
        template in generate::template(), steps in generate::steps(),
    ) {
        run(&template, &steps, |world, before, _| {
            check_change(before, world.session.as_ref())?;
            check_change(world.session.as_ref(), world.session.as_ref())
        })?;
    }

    #[test]
    fn taps_go_to_who_subscribed_to_what_changed_and_to_nobody_else(
        template in generate::template(), steps in generate::steps(),
    ) {
        run(&template, &steps, |world, before, _| {
            check_taps(before, world.session.as_ref())?;
            check_taps(world.session.as_ref(), None)?;
            prop_assert_eq!(taps(world.session.as_ref(), world.session.as_ref()), None);
            Ok(())
        })?;
    }

    #[test]
    fn a_lost_connection_turns_inactive_who_is_on_it_and_touches_nobody_else(
        template in generate::template(), steps in generate::steps(),
    ) {
        run(&template, &steps, |world, _, _| {
            let Some(session) = &world.session else { return Ok(()) };
            for lost in generate::CONNECTIONS {
                check_loss(session, lost.parse().expect("a GUID"), world.now)?;
            }
            Ok(())
        })?;
    }
}

/// What histories come to: kinds of change, of taps and of losses.
fn note(seen: &mut BTreeSet<String>, before: Option<&Session>, world: &World) {
    let after = world.session.as_ref();
    let changes = ChangeTypes::between(before, after);
    seen.extend(changes.iter().map(|kind| kind.as_str().to_owned()));
    for tap in taps(before, after).iter().flat_map(|taps| &taps.list) {
        let stays = after.is_some_and(|after| after.members.contains_key(&tap.member));
        let whose = if stays {
            "a member"
        } else {
            "a removed member"
        };
        seen.insert(format!("{whose} is tapped"));
        let member = named(tap, before, after).expect("the member of a tap");
        let id = tap.subscription.as_deref();
        if id.is_some_and(|id| member.secondary_subscriptions.contains_key(id)) {
            seen.insert("secondary".to_owned());
        }
        if id.is_some_and(|id| member.legacy_subscriptions.contains_key(id)) {
            seen.insert("legacy".to_owned());
        }
    }
    if let Some(session) = after {
        let lost: Uuid = generate::CONNECTIONS[0].parse().expect("a GUID");
        let word = match lose(session, &[lost].into(), world.now) {
            Lost::Nobody => "nobody",
            Lost::NotRequired => "not required",
            Lost::Changed { .. } => "lost",
        };
        seen.insert(word.to_owned());
    }
}

#[test]
fn histories_reach_every_kind_of_change_tap_and_loss() {
    let words = [
        "a member is tapped",
        "a removed member is tapped",
        "secondary",
        "legacy",
        "nobody",
        "not required",
        "lost",
    ];
    // There are no episodes of initialisation yet.
    let kinds = ChangeType::ALL
        .iter()
        .filter(|kind| **kind != ChangeType::Initialization);
    let expected: Vec<_> = words
        .into_iter()
        .chain(kinds.map(|kind| kind.as_str()))
        .collect();
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..MAX_HISTORIES {
        if expected.iter().all(|word| seen.contains(*word)) {
            return;
        }
        let template = generate::template().new_tree(&mut runner).expect("a tree");
        let steps = generate::steps().new_tree(&mut runner).expect("a tree");
        let noted = run(&template.current(), &steps.current(), |world, before, _| {
            note(&mut seen, before, world);
            Ok(())
        });
        noted.expect("a history");
    }
    panic!("{expected:?} are not all among {seen:?}");
}
