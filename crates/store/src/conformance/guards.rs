//! A step is taken whole or not at all.

use std::sync::Arc;

use super::fixtures::{
    Sketch, activity, at, edge, handles, id, invite, key, put, search, sketch, write_at,
};
use crate::{Commit, CommitError, HandleOp, PeopleOp, Store, StoreError, Version};
use convoke_core::index::IndexEntry;
use convoke_wire::Xuid;

pub(super) async fn a_guard_that_does_not_hold_is_a_conflict<S: Store>(store: Arc<S>) {
    let one = Sketch {
        number: 5,
        ..sketch("one")
    };
    let version = |branch: u128, change_number| Version {
        branch: uuid::Uuid::from_u128(branch),
        change_number,
    };
    let next = Sketch { number: 6, ..one };
    let missing = store.commit(one.write(Some(version(1, 4)))).await;
    assert!(matches!(missing, Err(CommitError::Conflict)), "{missing:?}");
    store.commit(one.write(None)).await.expect("created");
    for expected in [
        None,
        Some(version(1, 4)),
        Some(version(1, 6)),
        Some(version(2, 5)),
    ] {
        let refused = store.commit(next.write(expected)).await;
        assert!(
            matches!(refused, Err(CommitError::Conflict)),
            "{expected:?}: {refused:?}"
        );
        let refused = store.commit(write_at(key("one"), expected, None)).await;
        assert!(
            matches!(refused, Err(CommitError::Conflict)),
            "{expected:?}: {refused:?}"
        );
    }
    assert_eq!(
        store.load(&key("one")).expect("an answer"),
        Some(one.session())
    );
}

pub(super) async fn a_required_handle_must_live<S: Store>(store: Arc<S>) {
    store
        .commit(put(&invite(1, "one", Some(60))))
        .await
        .expect("put");
    store
        .commit(put(&invite(2, "one", None)))
        .await
        .expect("put");
    let require = |number, now| Commit {
        require_handles: vec![(id(2), at(0)), (id(number), at(now))],
        ..sketch("one").write(None)
    };
    for (number, now) in [(3, 0), (1, 60), (1, 61)] {
        let refused = store.commit(require(number, now)).await;
        assert!(
            matches!(refused, Err(CommitError::HandleGone)),
            "{number} at {now}: {refused:?}"
        );
    }
    store
        .commit(require(1, 59))
        .await
        .expect("the handle lives");
    store
        .commit(handles(vec![HandleOp::Delete(id(1))]))
        .await
        .expect("deleted");
    let refused = store
        .commit(Commit {
            sessions: Vec::new(),
            ..require(1, 0)
        })
        .await;
    assert!(
        matches!(refused, Err(CommitError::HandleGone)),
        "{refused:?}"
    );
}

pub(super) async fn a_required_key_must_be_free<S: Store>(store: Arc<S>) {
    let held = search(1, "one");
    store.commit(put(&held)).await.expect("put");
    let require = |names: &[&str]| Commit {
        require_free_keys: names
            .iter()
            .flat_map(|name| search(9, name).unique_keys())
            .collect(),
        ..put(&search(2, "one"))
    };
    let refused = store.commit(require(&["two", "ONE"])).await;
    assert!(matches!(refused, Err(CommitError::KeyTaken)), "{refused:?}");
    assert_eq!(store.handle(id(2)).expect("an answer"), None);
    store
        .commit(handles(vec![HandleOp::Delete(id(1))]))
        .await
        .expect("deleted");
    store
        .commit(require(&["two", "one"]))
        .await
        .expect("the keys are free");
}

pub(super) async fn guards_are_judged_in_a_fixed_order<S: Store>(store: Arc<S>) {
    let one = sketch("one");
    store.commit(put(&search(1, "one"))).await.expect("put");
    let mut commit = Commit {
        require_handles: vec![(id(7), at(0))],
        require_free_keys: search(1, "one").unique_keys(),
        ..one.write(Some(one.version()))
    };
    let refused = store.commit(commit.clone()).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    commit.sessions[0].expected = None;
    let refused = store.commit(commit.clone()).await;
    assert!(
        matches!(refused, Err(CommitError::HandleGone)),
        "{refused:?}"
    );
    commit.require_handles.clear();
    let refused = store.commit(commit.clone()).await;
    assert!(matches!(refused, Err(CommitError::KeyTaken)), "{refused:?}");
    commit.require_free_keys.clear();
    store.commit(commit).await.expect("all guards hold");
}

pub(super) async fn a_refused_step_leaves_no_trace<S: Store>(store: Arc<S>) {
    let stays = Sketch {
        members: &[1],
        due: Some(60),
        ..sketch("stays")
    };
    store.commit(stays.write(None)).await.expect("created");
    store
        .commit(put(&activity(1, "stays", 1, 7)))
        .await
        .expect("put");
    let changed = Sketch {
        number: 2,
        members: &[2],
        keywords: &["new"],
        due: Some(30),
        ..stays
    };
    let new = Sketch {
        members: &[3],
        due: Some(10),
        ..sketch("new")
    };
    let mut sessions = changed.write(Some(stays.version())).sessions;
    sessions.extend(new.write(None).sessions);
    let everything = Commit {
        sessions,
        handles: vec![
            HandleOp::Put(activity(2, "new", 1, 7)),
            HandleOp::Put(search(3, "new")),
            HandleOp::DeleteExpired { now: at(0) },
        ],
        people: vec![PeopleOp::Put(edge(1, 2, false, 0))],
        ..Commit::default()
    };
    let last = Sketch {
        number: 9,
        ..sketch("last")
    };
    let mut conflict = everything.clone();
    conflict
        .sessions
        .extend(last.write(Some(last.version())).sessions);
    let gone = Commit {
        require_handles: vec![(id(8), at(0))],
        ..everything.clone()
    };
    let taken = Commit {
        require_free_keys: activity(9, "stays", 1, 7).unique_keys(),
        ..everything.clone()
    };
    for refused in [conflict, gone, taken] {
        store
            .commit(refused)
            .await
            .expect_err("a guard does not hold");
        assert_eq!(
            store.load(&key("stays")).expect("an answer"),
            Some(stays.session())
        );
        assert_eq!(store.load(&key("new")).expect("an answer"), None);
        assert_eq!(store.earliest_timer().expect("an answer"), Some(at(60)));
        let find = |entry| {
            store
                .find(&key("new").sandbox, &entry, 9)
                .expect("an answer")
        };
        assert_eq!(find(IndexEntry::Member(Xuid(3))), []);
        assert_eq!(find(IndexEntry::Keyword("new".to_owned())), []);
        assert_eq!(find(IndexEntry::Member(Xuid(1))), [key("stays")]);
        assert!(store.handle(id(1)).expect("an answer").is_some());
        assert_eq!(store.handle(id(2)).expect("an answer"), None);
        assert_eq!(store.handle(id(3)).expect("an answer"), None);
        assert_eq!(store.following(Xuid(1)).expect("an answer"), []);
    }
    store.commit(everything).await.expect("all guards hold");
    assert_eq!(
        store.load(&key("stays")).expect("an answer"),
        Some(changed.session())
    );
    assert_eq!(
        store.load(&key("new")).expect("an answer"),
        Some(new.session())
    );
    assert_eq!(store.earliest_timer().expect("an answer"), Some(at(10)));
    assert_eq!(store.handle(id(1)).expect("an answer"), None);
    assert!(store.handle(id(3)).expect("an answer").is_some());
    assert_eq!(
        store.following(Xuid(1)).expect("an answer"),
        [edge(1, 2, false, 0)]
    );
}

pub(super) async fn a_step_without_changes_only_checks<S: Store>(store: Arc<S>) {
    store
        .commit(Commit::default())
        .await
        .expect("nothing to do");
    let one = sketch("one");
    store
        .commit(write_at(key("one"), None, None))
        .await
        .expect("there is none");
    store.commit(one.write(None)).await.expect("created");
    let refused = store.commit(write_at(key("one"), None, None)).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
}

pub(super) async fn malformed_steps_fail<S: Store>(store: Arc<S>) {
    let mut twice = sketch("one").write(None);
    twice.sessions.extend(sketch("ONE").write(None).sessions);
    let other = write_at(key("one"), None, Some(&sketch("two")));
    for malformed in [twice, other] {
        let failed = store.commit(malformed).await;
        let fails = matches!(failed, Err(CommitError::Store(StoreError::Failed(_))));
        assert!(fails, "{failed:?}");
        assert_eq!(store.load(&key("one")).expect("an answer"), None);
    }
    // The store is none the worse for it.
    store
        .commit(sketch("one").write(None))
        .await
        .expect("created");
}

pub(super) async fn guarded_increments_lose_no_update<S: Store>(store: Arc<S>) {
    const WRITERS: u64 = 16;
    const INCREMENTS: u64 = 10;
    store
        .commit(sketch("one").write(None))
        .await
        .expect("created");
    let increment = |store: Arc<S>| async move {
        for _ in 0..INCREMENTS {
            loop {
                let stored = store.load(&key("one")).expect("an answer").expect("there");
                let next = Sketch {
                    number: stored.change_number + 1,
                    ..sketch("one")
                };
                match store
                    .commit(next.write(Some(Version::from(&*stored))))
                    .await
                {
                    Ok(()) => break,
                    Err(CommitError::Conflict) => tokio::task::yield_now().await,
                    Err(error) => panic!("an increment failed: {error}"),
                }
            }
        }
    };
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(increment(Arc::clone(&store)));
    }
    writers.join_all().await;
    let stored = store.load(&key("one")).expect("an answer").expect("there");
    assert_eq!(stored.change_number, 1 + WRITERS * INCREMENTS);
}

pub(super) async fn one_of_many_creators_wins<S: Store>(store: Arc<S>) {
    let mut creators = tokio::task::JoinSet::new();
    for branch in 1..=32 {
        let store = Arc::clone(&store);
        creators.spawn(async move {
            let mine = Sketch {
                branch,
                ..sketch("one")
            };
            match store.commit(mine.write(None)).await {
                Ok(()) => Some(branch),
                Err(CommitError::Conflict) => None,
                Err(error) => panic!("a creation failed: {error}"),
            }
        });
    }
    let winners: Vec<u128> = creators.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    let stored = store.load(&key("one")).expect("an answer").expect("there");
    assert_eq!(stored.branch, uuid::Uuid::from_u128(winners[0]));
}
