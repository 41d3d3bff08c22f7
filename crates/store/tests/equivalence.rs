//! Whatever steps are taken, the stores on the disk answer as the store in memory does.

#![expect(clippy::unwrap_used, reason = "a panic is the report of a test")]

use std::collections::BTreeSet;
use std::mem::discriminant;
use std::sync::Arc;

use convoke_core::activity::{Activity, ActivityKey, Stamp};
use convoke_core::handle::Handle;
use convoke_core::index::IndexEntry;
use convoke_core::people::Follow;
use convoke_core::privacy::{Audience, Listing, PrivateList, Setting, Settings};
use convoke_core::recent_players::{Encounter, Meetings, RecentPlayersKey};
use convoke_core::session::{Session, next_timer};
use convoke_store::conformance::Engine;
use convoke_store::store::SessionState;
use convoke_store::{
    Commit, CommitError, HandleOp, MemoryStore, PeopleOp, PlayOp, SessionWrite, Store, Version,
};
use convoke_wire::handle::HandleType;
use convoke_wire::multiplayer_activity::EncounterType;
use convoke_wire::{HandleId, SessionKey, SessionRef, TitleId, Xuid};
use jiff::Timestamp;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

const SANDBOXES: [&str; 3] = ["RETAIL", "retail", "XDKS.1"];
const NAMES: [&str; 4] = ["one", "ONE", "two", "Three"];
const WORDS: [&str; 3] = ["Fun", "fUN", "slow"];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

fn reference(name: &str) -> SessionRef {
    let value = json!({
        "scid": "6b1ff4f4-7f3a-4ab5-8c4a-08a4d37bb0a1",
        "templateName": "lobby",
        "name": name,
    });
    serde_json::from_value(value).unwrap()
}

fn keys() -> impl Strategy<Value = SessionKey> {
    (0..SANDBOXES.len(), 0..NAMES.len()).prop_map(|(sandbox, name)| SessionKey {
        sandbox: SANDBOXES[sandbox].parse().unwrap(),
        reference: reference(NAMES[name]),
    })
}

/// A guarded write, with the guard still to be found out.
#[derive(Debug, Clone)]
struct Write {
    key: SessionKey,
    guard: Guard,
    /// Whether the store is handed the state that is replaced.
    tells: bool,
    next: Option<Session>,
}

#[derive(Debug, Clone, Copy)]
enum Guard {
    /// What is there.
    Holds,
    /// Whatever is there.
    Guesses(Option<Version>),
}

fn guards() -> impl Strategy<Value = Guard> {
    prop_oneof![
        4 => Just(Guard::Holds),
        1 => prop::option::of(versions()).prop_map(Guard::Guesses),
    ]
}

fn versions() -> impl Strategy<Value = Version> {
    (1..3_u128, 1..4_u64).prop_map(|(branch, change_number)| Version {
        branch: uuid::Uuid::from_u128(branch),
        change_number,
    })
}

prop_compose! {
    fn writes()(
        key in keys(),
        guard in guards(),
        version in versions(),
        members in btree_set(1..4_u64, 0..3),
        words in btree_set(0..WORDS.len(), 0..3),
        due in prop::option::of(0..5_i64),
        deletes in prop::bool::weighted(0.2),
        (large, tells) in (prop::bool::weighted(0.6), any::<bool>()),
    ) -> Write {
        let members: serde_json::Map<String, Value> = members
            .into_iter()
            .map(|xuid| {
                let since = at(due.unwrap_or_default() - 30);
                let state = if due.is_some() { "reserved" } else { "active" };
                let member = json!({"xuid": xuid, "join_time": since, "state": state, "state_since": since});
                (xuid.to_string(), member)
            })
            .collect();
        let words: Vec<&str> = words.into_iter().map(|word| WORDS[word]).collect();
        let session = serde_json::from_value(json!({
            "reference": key.reference,
            "branch": version.branch,
            "change_number": version.change_number,
            "start_time": at(0),
            "constants": {"reserved_removal_timeout": 30_000, "capabilities": {"large": large}},
            "properties": {"keywords": words},
            "members": members,
            "next_index": 9,
        }));
        Write { key, guard, tells, next: (!deletes).then_some(session.unwrap()) }
    }
}

prop_compose! {
    fn handles()(
        id in 1..7_u128,
        key in keys(),
        body in prop_oneof![
            (1..4_u64, 1..3_u32).prop_map(|(owner, title)| json!({"type": "activity", "owner": owner, "title_id": title})),
            Just(json!({"type": "invite", "invited": "2", "attributes": {"titleId": "7"}, "settled": false})),
            Just(json!({"type": "search", "attributes": {}})),
            Just(json!({"type": "correlation"})),
        ],
        created in 0..3_i64,
        expires in prop::option::of(0..5_i64),
    ) -> Arc<Handle> {
        let handle = json!({
            "id": HandleId::from_u128(id),
            "sandbox": key.sandbox,
            "session": key.reference,
            "created": at(created),
            "expires": expires.map(at),
            "body": body,
        });
        Arc::new(serde_json::from_value(handle).unwrap())
    }
}

fn handle_ops() -> impl Strategy<Value = HandleOp> {
    let ids = || (1..7_u128).prop_map(HandleId::from_u128);
    prop_oneof![
        4 => handles().prop_map(HandleOp::Put),
        1 => ids().prop_map(HandleOp::Delete),
        1 => ids().prop_map(HandleOp::Settle),
        1 => (keys(), 1..4_u64).prop_map(|(session, owner)| HandleOp::DeleteActivity { session, owner: Xuid(owner) }),
        1 => keys().prop_map(|session| HandleOp::DeleteOfSession { session, kinds: &[HandleType::Search, HandleType::Activity] }),
        1 => keys().prop_map(|session| HandleOp::ClearExpiry { session, kind: HandleType::Invite }),
        1 => (0..5_i64).prop_map(|now| HandleOp::DeleteExpired { now: at(now) }),
    ]
}

fn lists() -> impl Strategy<Value = PrivateList> {
    prop_oneof![Just(PrivateList::Blocked), Just(PrivateList::Muted)]
}

fn people_ops() -> impl Strategy<Value = PeopleOp> {
    let users = || prop_oneof![Just(1_u64), Just(2), Just(10), Just(u64::MAX)].prop_map(Xuid);
    prop_oneof![
        3 => (users(), users(), any::<bool>(), 0..4_i64).prop_map(|(owner, target, favorite, added)| {
            PeopleOp::Put(Follow { owner, target, favorite, added_at: at(added) })
        }),
        1 => (users(), users(), any::<bool>()).prop_map(|(owner, target, favorite)| PeopleOp::SetFavorite { owner, target, favorite }),
        1 => (users(), users()).prop_map(|(owner, target)| PeopleOp::Delete { owner, target }),
        2 => (lists(), users(), users(), 0..4_i64).prop_map(|(list, owner, target, added)| {
            PeopleOp::List(Listing { list, owner, target, added_at: at(added) })
        }),
        1 => (lists(), users(), users()).prop_map(|(list, owner, target)| PeopleOp::Unlist { list, owner, target }),
        1 => (users(), any::<bool>()).prop_map(|(owner, chosen)| {
            let chosen = chosen.then_some((Setting::SharePresence, Audience::Blocked));
            PeopleOp::Choose { owner, settings: Settings(chosen.into_iter().collect()) }
        }),
    ]
}

fn activity_keys() -> impl Strategy<Value = ActivityKey> {
    (0..SANDBOXES.len(), 1..3_u64, 1..3_u32).prop_map(|(sandbox, owner, title)| ActivityKey {
        sandbox: SANDBOXES[sandbox].parse().unwrap(),
        owner: Xuid(owner),
        title_id: TitleId(title),
    })
}

/// The present of the steps is five days after the time of everything else.
const LATER: i64 = 5 * 24 * 60 * 60;

fn play_ops() -> impl Strategy<Value = PlayOp> {
    let moments = || prop_oneof![0..5_i64, LATER..LATER + 5];
    let encounters = (1..4_u64, 1..3_u32, moments()).prop_map(|(user, title, met)| Encounter {
        user: Xuid(user),
        title_id: TitleId(title),
        kind: EncounterType::Teammate,
        met: at(met),
    });
    let met = vec(encounters, 1..4);
    prop_oneof![
        3 => (activity_keys(), 1..4_u64, moments()).prop_map(|(key, sequence, updated)| {
            PlayOp::Do(Arc::new(Activity { key, sequence, updated: at(updated), doing: None }))
        }),
        3 => (activity_keys(), met, moments()).prop_map(|(key, met, now)| {
            let key = RecentPlayersKey { sandbox: key.sandbox, owner: key.owner };
            PlayOp::Meet { meetings: Arc::new(Meetings { key, met }), now: at(now) }
        }),
        1 => (moments(), prop_oneof![Just(0), Just(1), Just(30)]).prop_map(|(now, days)| {
            PlayOp::Forget { now: at(now + days * 24 * 60 * 60) }
        }),
    ]
}

prop_compose! {
    fn required_activities()(
        key in activity_keys(),
        state in prop::option::of((1..4_u64, 0..5_i64)),
    ) -> (ActivityKey, Option<Stamp>) {
        (key, state.map(|(sequence, updated)| Stamp { sequence, updated: at(updated) }))
    }
}

/// A step whose guards on sessions are still to be found out.
#[derive(Debug, Clone)]
struct Step {
    writes: Vec<Write>,
    rest: Commit,
}

prop_compose! {
    fn steps()(
        writes in vec(writes(), 0..3),
        require_handles in prop::option::weighted(0.1, (1..7_u128, 0..5_i64)),
        require_free in prop::option::weighted(0.1, handles()),
        handles in vec(handle_ops(), 0..3),
        people in vec(people_ops(), 0..2),
        play in vec(play_ops(), 0..3),
        require_activity in prop::option::weighted(0.2, required_activities()),
    ) -> Step {
        let rest = Commit {
            sessions: Vec::new(),
            require_handles: require_handles
                .map(|(id, now)| (HandleId::from_u128(id), at(now)))
                .into_iter()
                .collect(),
            require_free_keys: require_free.map(|handle| handle.unique_keys()).unwrap_or_default(),
            require_activities: require_activity.into_iter().collect(),
            handles,
            people,
            play,
        };
        Step { writes, rest }
    }
}

impl Step {
    fn commit(&self, store: &MemoryStore) -> Commit {
        let resolve = |write: &Write| {
            let before = store.load(&write.key).unwrap();
            let next = write.next.as_ref();
            SessionWrite {
                key: write.key.clone(),
                expected: match write.guard {
                    Guard::Holds => before.as_deref().map(Version::from),
                    Guard::Guesses(version) => version,
                },
                next: next.map(|session| SessionState {
                    next_timer: next_timer(session),
                    session: Arc::new(sharing(session, before.as_deref())),
                }),
                before: before.filter(|_| write.tells),
            }
        };
        Commit {
            sessions: self.writes.iter().map(resolve).collect(),
            ..self.rest.clone()
        }
    }
}

/// A session that shares the members with an earlier state that are equal.
fn sharing(session: &Session, before: Option<&Session>) -> Session {
    let mut session = session.clone();
    for (index, member) in before.into_iter().flat_map(|before| &before.members) {
        if session.members.get(index) == Some(member) {
            session.members.insert(*index, Arc::clone(member));
        }
    }
    session
}

/// Everything that can be asked of a store.
fn answers(store: &impl Store) -> Vec<String> {
    let mut answers = Vec::new();
    let mut note = |question: &str, answer: &dyn std::fmt::Debug| {
        answers.push(format!("{question}: {answer:?}"));
    };
    let mut all = Vec::new();
    let visit = &mut |key: SessionKey, session: Arc<Session>| {
        all.push((key.folded(), key.reference.name.to_string(), session));
    };
    store.for_each_session(visit).unwrap();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    note("all", &all);
    note("earliest", &store.earliest_timer().unwrap());
    for now in 0..5 {
        note("due", &store.due(at(now), 3).unwrap());
    }
    let words = WORDS.map(str::to_lowercase).map(IndexEntry::Keyword);
    let entries: BTreeSet<IndexEntry> = (1..4)
        .map(|xuid| IndexEntry::Member(Xuid(xuid)))
        .chain(words)
        .collect();
    for sandbox in SANDBOXES {
        let sandbox = sandbox.parse().unwrap();
        for entry in &entries {
            note("find", &store.find(&sandbox, entry, 2).unwrap());
        }
        for name in NAMES {
            let key = SessionKey {
                sandbox: sandbox.clone(),
                reference: reference(name),
            };
            note("load", &store.load(&key).unwrap());
        }
        for owner in 1..4 {
            note(
                "activities",
                &store.activities_of(&sandbox, Xuid(owner)).unwrap(),
            );
            let waiting = store.invitations_for(&sandbox, Xuid(owner), at(1), 3);
            note("invitations", &waiting.unwrap());
        }
    }
    for (sandbox, owner) in SANDBOXES.iter().flat_map(|it| [(it, 1), (it, 2)]) {
        let (sandbox, owner) = (sandbox.parse().unwrap(), Xuid(owner));
        for title in 1..3 {
            let key = ActivityKey {
                sandbox: convoke_wire::Sandbox::clone(&sandbox),
                owner,
                title_id: TitleId(title),
            };
            note("activity", &store.activity(&key).unwrap());
        }
        let key = RecentPlayersKey { sandbox, owner };
        note("met", &store.recent_players(&key).unwrap());
    }
    for id in 1..7 {
        let handle = store.handle(HandleId::from_u128(id)).unwrap();
        note("handle", &handle);
        for key in handle.iter().flat_map(|handle| handle.unique_keys()) {
            note("holder", &store.handle_by_key(&key).unwrap());
        }
    }
    for owner in [1, 2, 10, u64::MAX] {
        note("following", &store.following(Xuid(owner)).unwrap());
        note("follow", &store.follow(Xuid(owner), Xuid(2)).unwrap());
        note("followers", &store.followers(Xuid(owner), 3).unwrap());
        note("count", &store.follower_count(Xuid(owner)).unwrap());
        note("settings", &store.settings(Xuid(owner)).unwrap());
        for list in PrivateList::ALL {
            note("listed", &store.listed(list, Xuid(owner)).unwrap());
            let one = store.is_listed(list, Xuid(owner), Xuid(2));
            note("is listed", &one.unwrap());
        }
    }
    answers
}

/// What became of a step, without the words.
fn outcome(result: &Result<(), CommitError>) -> Option<std::mem::Discriminant<CommitError>> {
    result.as_ref().err().map(discriminant)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_stores_answer_alike(steps in vec(steps(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let memory = MemoryStore::new();
        let dirs = Engine::ALL.map(|engine| (engine, tempfile::tempdir().unwrap()));
        let stores: Vec<_> = dirs
            .iter()
            .map(|(engine, dir)| engine.open(dir.path()).unwrap())
            .collect();
        for step in steps {
            let commit = step.commit(&memory);
            let in_memory = runtime.block_on(memory.commit(commit.clone()));
            for store in &stores {
                let on_disk = runtime.block_on(store.commit(commit.clone()));
                prop_assert_eq!(outcome(&in_memory), outcome(&on_disk), "{:?} and {:?}", in_memory, on_disk);
                prop_assert_eq!(answers(&memory), answers(store));
            }
        }
        prop_assert_eq!(memory.verify().unwrap(), Vec::<String>::new());
        let expected = answers(&memory);
        for store in stores {
            prop_assert_eq!(store.verify().unwrap(), Vec::<String>::new());
        }
        for (engine, dir) in dirs {
            let reopened = engine.open(dir.path()).unwrap();
            prop_assert_eq!(&expected, &answers(&reopened));
            prop_assert_eq!(reopened.verify().unwrap(), Vec::<String>::new());
        }
    }
}
