//! The members of a session against the plain map that they stand for.

use std::collections::BTreeMap;
use std::sync::Arc;

use convoke_core::index;
use convoke_core::session::member_map::{Changed, Members};
use convoke_core::session::{Member, MemberState};
use convoke_wire::Xuid;
use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

type Plain = BTreeMap<u32, Arc<Member>>;

/// Something done to the members of a session.
#[derive(Debug, Clone)]
enum Op {
    /// The next index, after so many that nobody got.
    Join { skipped: u32, state: MemberState },
    /// Whoever is the nth.
    Leave(usize),
    /// The nth enters a state at a time.
    Enter(usize, MemberState, i64),
    /// The nth holds a role, or none.
    Hold(usize, Option<u8>),
    /// The nth is on a connection, or on none.
    Connect(usize, Option<u8>),
}

fn states() -> impl Strategy<Value = MemberState> {
    prop_oneof![
        Just(MemberState::Reserved),
        Just(MemberState::Inactive),
        Just(MemberState::Ready),
        Just(MemberState::Active),
    ]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let skipped = prop_oneof![9 => Just(0_u32), 1 => 0..200_u32];
    let op = prop_oneof![
        5 => (skipped, states()).prop_map(|(skipped, state)| Op::Join { skipped, state }),
        2 => any::<usize>().prop_map(Op::Leave),
        2 => (any::<usize>(), states(), 0..50_i64).prop_map(|(n, state, at)| Op::Enter(n, state, at)),
        1 => (any::<usize>(), prop::option::of(0..3_u8)).prop_map(|(n, role)| Op::Hold(n, role)),
        1 => (any::<usize>(), prop::option::of(0..3_u8)).prop_map(|(n, id)| Op::Connect(n, id)),
    ];
    proptest::collection::vec(op, 0..400)
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).expect("a moment")
}

fn nth(plain: &Plain, n: usize) -> Option<u32> {
    let keys: Vec<u32> = plain.keys().copied().collect();
    (!keys.is_empty()).then(|| keys[n % keys.len()])
}

/// Does the same to both.
fn take(op: &Op, next: &mut u32, plain: &mut Plain, members: &mut Members) {
    match *op {
        Op::Join { skipped, state } => {
            let index = *next + skipped;
            *next = index + 1;
            // Users come back: a multiple of a prime walks through few numbers in no order.
            let xuid = Xuid(u64::from(index) * 7919 % 1_000_003);
            let member = Arc::new(Member::new(xuid, state, second(i64::from(index % 40))));
            assert_eq!(members.insert(index, Arc::clone(&member)), None);
            plain.insert(index, member);
        }
        Op::Leave(n) => {
            let Some(index) = nth(plain, n) else { return };
            assert_eq!(members.remove(&index), plain.remove(&index));
        }
        Op::Enter(n, state, at) => change(n, plain, members, |member| {
            member.state = state;
            member.state_since = second(at);
        }),
        Op::Hold(n, role) => change(n, plain, members, |member| {
            member.roles = role
                .map(|it| ("team".to_owned(), role_name(it)))
                .into_iter()
                .collect();
        }),
        Op::Connect(n, id) => change(n, plain, members, |member| {
            member.connection = id.map(|it| connection(it).to_string());
        }),
    }
}

fn change(n: usize, plain: &mut Plain, members: &mut Members, change: impl Fn(&mut Member)) {
    let Some(index) = nth(plain, n) else { return };
    members.update(index, &change).expect("a member");
    change(Arc::make_mut(plain.get_mut(&index).expect("a member")));
}

fn role_name(number: u8) -> String {
    format!("role{number}")
}

fn connection(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

fn check(plain: &Plain, members: &Members) {
    let pairs: Vec<_> = members.iter().collect();
    assert_eq!(pairs, plain.iter().collect::<Vec<_>>());
    assert_eq!(members.len(), plain.len());
    assert_eq!(members.is_empty(), plain.is_empty());
    let in_state = |state| plain.values().filter(move |member| member.state == state);
    let totals = members.totals();
    assert_eq!(totals.count as usize, plain.len());
    assert_eq!(
        totals.active as usize,
        in_state(MemberState::Active).count()
    );
    let reserved = in_state(MemberState::Reserved).count();
    assert_eq!(totals.accepted as usize, plain.len() - reserved);
    for state in [
        MemberState::Reserved,
        MemberState::Inactive,
        MemberState::Ready,
    ] {
        let earliest = in_state(state).map(|member| member.state_since).min();
        assert_eq!(totals.earliest(state), earliest, "{state:?}");
    }
    for number in 0..3 {
        let role = role_name(number);
        let holds = |member: &&Arc<Member>| member.roles.get("team") == Some(&role);
        let holders = plain.values().filter(holds).count();
        assert_eq!(members.holders("team", &role) as usize, holders);
        let id = connection(number).to_string();
        let plays = [MemberState::Active, MemberState::Ready];
        let depends = |member: &Arc<Member>| {
            plays.contains(&member.state) && member.connection.as_ref() == Some(&id)
        };
        let any = plain.values().any(depends);
        assert_eq!(members.depend_on(connection(number)), any);
    }
    for (index, member) in plain {
        assert_eq!(members.get(index), Some(member));
        assert_eq!(members.index_of(member.xuid), Some(*index));
    }
    assert_eq!(members.index_of(Xuid(1_000_003)), None);
    let again: Members = plain
        .iter()
        .map(|(i, member)| (*i, Arc::clone(member)))
        .collect();
    assert_eq!(&again, members);
    let text = serde_json::to_string(members).expect("JSON");
    assert_eq!(text, serde_json::to_string(plain).expect("JSON"));
    let read: Members = serde_json::from_str(&text).expect("members");
    assert_eq!(&read, members);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn members_are_what_a_plain_map_would_be(ops in ops()) {
        let (mut next, mut plain, mut members) = (0, Plain::new(), Members::new());
        for op in &ops {
            let (before, plain_before) = (members.clone(), plain.clone());
            take(op, &mut next, &mut plain, &mut members);
            prop_assert!(before.iter().eq(plain_before.iter()), "clones are states of their own");
        }
        check(&plain, &members);
    }

    #[test]
    fn differences_are_what_is_not_the_same(ops in ops(), split in any::<prop::sample::Index>()) {
        let (mut next, mut plain, mut members) = (0, Plain::new(), Members::new());
        let (early, late) = ops.split_at(split.index(ops.len() + 1));
        for op in early {
            take(op, &mut next, &mut plain, &mut members);
        }
        let (before, old) = (members.clone(), plain.clone());
        for op in late {
            take(op, &mut next, &mut plain, &mut members);
        }
        let all = old.keys().chain(plain.keys()).copied();
        let all: std::collections::BTreeSet<u32> = all.collect();
        let sides = all.into_iter().map(|index| Changed {
            index,
            before: old.get(&index),
            after: plain.get(&index),
        });
        let expected: Vec<_> = sides.filter(|it| it.before != it.after).collect();
        let found = members.differences(&before);
        let told: Vec<_> = found.iter().filter(|it| it.before != it.after).copied().collect();
        prop_assert_eq!(told, expected);
        prop_assert_eq!(before == members, old == plain);
    }
}

#[test]
fn only_what_changed_is_told_when_one_of_ten_thousand_changes() {
    let member = |n: u32| {
        let member = Member::new(Xuid(n.into()), MemberState::Active, second(0));
        (n, Arc::new(member))
    };
    let before: Members = (0..10_000).map(member).collect();
    let mut after = before.clone();
    let (index, joiner) = member(10_000);
    after.insert(index, joiner);
    after.update(17, |member| member.state = MemberState::Inactive);
    let indices: Vec<_> = after
        .differences(&before)
        .iter()
        .map(|it| it.index)
        .collect();
    assert_eq!(indices, [17, 10_000]);
    // What was not touched is the same in memory, and not a copy.
    let shared = |index: u32| {
        let (one, other) = (before.get(&index), after.get(&index));
        Arc::ptr_eq(one.expect("a member"), other.expect("a member"))
    };
    let copied = (0..10_000).filter(|index| !shared(*index)).count();
    assert_eq!(copied, 1, "only the member that changed");
    assert_eq!(index::Difference::default(), index::difference(None, None));
}
