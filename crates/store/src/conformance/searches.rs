//! Sessions found by their timers and by their index entries.

use std::sync::Arc;

use convoke_core::index::IndexEntry;
use convoke_wire::{SessionKey, Xuid};

use super::fixtures::{Sketch, at, key, key_in, sandbox, sketch, write_at};
use crate::Store;

fn member(xuid: u64) -> IndexEntry {
    IndexEntry::Member(Xuid(xuid))
}

fn keyword(word: &str) -> IndexEntry {
    IndexEntry::Keyword(word.to_owned())
}

fn keys(names: &[&str]) -> Vec<SessionKey> {
    names.iter().map(|name| key(name)).collect()
}

pub(super) async fn due_sessions_come_earliest_first<S: Store>(store: Arc<S>) {
    assert_eq!(store.earliest_timer().expect("an answer"), None);
    assert_eq!(store.due(at(1_000), 9).expect("an answer"), []);
    for (name, due) in [("late", 90), ("b", 60), ("a", 60), ("early", 30)] {
        let session = Sketch {
            due: Some(due),
            ..sketch(name)
        };
        store.commit(session.write(None)).await.expect("created");
    }
    store
        .commit(sketch("never").write(None))
        .await
        .expect("created");
    let due = |now, limit| store.due(at(now), limit).expect("an answer");
    assert_eq!(store.earliest_timer().expect("an answer"), Some(at(30)));
    assert_eq!(due(29, 9), []);
    assert_eq!(due(30, 9), keys(&["early"]));
    assert_eq!(due(60, 9), keys(&["early", "a", "b"]));
    assert_eq!(due(1_000, 9), keys(&["early", "a", "b", "late"]));
    assert_eq!(due(1_000, 2), keys(&["early", "a"]));
    assert_eq!(due(1_000, 0), []);
}

pub(super) async fn a_timer_moves_with_its_session<S: Store>(store: Arc<S>) {
    let first = Sketch {
        due: Some(30),
        ..sketch("one")
    };
    let states = [
        Sketch {
            number: 2,
            due: Some(90),
            ..first
        },
        Sketch {
            number: 3,
            due: Some(90),
            members: &[1],
            ..first
        },
        Sketch {
            number: 4,
            due: None,
            ..first
        },
        Sketch {
            number: 5,
            due: Some(20),
            ..first
        },
    ];
    store.commit(first.write(None)).await.expect("created");
    let mut before = first.version();
    for state in states {
        store
            .commit(state.write(Some(before)))
            .await
            .expect("replaced");
        before = state.version();
        assert_eq!(
            store.earliest_timer().expect("an answer"),
            state.due.map(at)
        );
    }
    store
        .commit(write_at(key("one"), Some(before), None))
        .await
        .expect("deleted");
    assert_eq!(store.earliest_timer().expect("an answer"), None);
}

pub(super) async fn sessions_are_found_by_member_and_keyword<S: Store>(store: Arc<S>) {
    let sessions = [
        Sketch {
            members: &[1, 2],
            keywords: &["Fun", "member:3"],
            ..sketch("b")
        },
        Sketch {
            members: &[2],
            keywords: &["FUN", "a'b\"c\nd"],
            ..sketch("a")
        },
        Sketch {
            members: &[3],
            ..sketch("c")
        },
    ];
    for session in sessions {
        store.commit(session.write(None)).await.expect("created");
    }
    let find = |entry| {
        store
            .find(&sandbox("Retail"), &entry, 9)
            .expect("an answer")
    };
    assert_eq!(find(member(1)), keys(&["b"]));
    assert_eq!(find(member(2)), keys(&["a", "b"]));
    assert_eq!(find(member(3)), keys(&["c"]));
    assert_eq!(find(member(4)), []);
    assert_eq!(find(keyword("fun")), keys(&["a", "b"]));
    assert_eq!(find(keyword("member:3")), keys(&["b"]));
    assert_eq!(find(keyword("a'b\"c\nd")), keys(&["a"]));
    assert_eq!(find(keyword("fu")), []);
}

pub(super) async fn a_search_ends_at_its_sandbox_and_limit<S: Store>(store: Arc<S>) {
    let here = |name| Sketch {
        members: &[1],
        ..sketch(name)
    };
    for (within, name) in [
        ("A", "x"),
        ("A.1", "y"),
        ("A-1", "y"),
        ("A", "y"),
        ("B", "x"),
        ("A", "X.y"),
    ] {
        let write = write_at(key_in(within, name), None, Some(&here(name)));
        store.commit(write).await.expect("created");
    }
    let find = |within, limit| {
        let found = store.find(&sandbox(within), &member(1), limit);
        found.expect("an answer")
    };
    assert_eq!(
        find("a", 9),
        [key_in("A", "x"), key_in("A", "X.y"), key_in("A", "y")]
    );
    assert_eq!(find("a", 2), [key_in("A", "x"), key_in("A", "X.y")]);
    assert_eq!(find("a.1", 9), [key_in("A.1", "y")]);
    assert_eq!(find("RETAIL", 9), []);
}

pub(super) async fn index_entries_follow_the_document<S: Store>(store: Arc<S>) {
    let states = [
        Sketch {
            members: &[1, 2],
            keywords: &["a"],
            ..sketch("one")
        },
        Sketch {
            members: &[2, 3],
            keywords: &["a"],
            ..sketch("one")
        },
        Sketch {
            members: &[2, 3],
            keywords: &["b"],
            ..sketch("one")
        },
        Sketch {
            members: &[],
            keywords: &[],
            ..sketch("one")
        },
        Sketch {
            members: &[1],
            keywords: &["a", "b"],
            ..sketch("one")
        },
    ];
    let check = |expected: Option<&Sketch<'_>>| {
        let find = |entry| {
            store
                .find(&sandbox("RETAIL"), &entry, 9)
                .expect("an answer")
        };
        for xuid in 1..4 {
            let has = expected.is_some_and(|state| state.members.contains(&xuid));
            assert_eq!(
                find(member(xuid)).len(),
                usize::from(has),
                "{xuid}, {expected:?}"
            );
        }
        for word in ["a", "b"] {
            let has = expected.is_some_and(|state| state.keywords.contains(&word));
            assert_eq!(
                find(keyword(word)).len(),
                usize::from(has),
                "{word}, {expected:?}"
            );
        }
    };
    let mut before = None;
    for (number, state) in (1..).zip(states) {
        let state = Sketch { number, ..state };
        store.commit(state.write(before)).await.expect("written");
        check(Some(&state));
        before = Some(state.version());
    }
    store
        .commit(write_at(key("one"), before, None))
        .await
        .expect("deleted");
    check(None);
}
