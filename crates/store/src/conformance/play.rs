//! Activities without a session, and whom users have met.

use std::sync::Arc;

use convoke_core::activity::{Activity, ActivityKey, Doing, Stamp};
use convoke_core::recent_players::{Encounter, Meetings, RecentPlayers, RecentPlayersKey};
use convoke_wire::multiplayer_activity::{EncounterType, JoinRestriction};
use convoke_wire::{TitleId, Xuid};

use super::fixtures::{at, sandbox};
use crate::{Commit, CommitError, PlayOp, Store};

const DAY: i64 = 24 * 60 * 60;

fn key(within: &str, owner: u64, title: u32) -> ActivityKey {
    ActivityKey {
        sandbox: sandbox(within),
        owner: Xuid(owner),
        title_id: TitleId(title),
    }
}

fn activity(key: ActivityKey, sequence: u64, updated: i64) -> Arc<Activity> {
    Arc::new(Activity {
        key,
        sequence,
        updated: at(updated),
        doing: Some(Doing {
            connection_string: format!("é ip=1 \" {sequence}"),
            join_restriction: JoinRestriction::Followed,
            max_players: Some(4),
            current_players: None,
            group_id: None,
            platform: None,
        }),
    })
}

fn play(operations: Vec<PlayOp>) -> Commit {
    Commit {
        play: operations,
        ..Commit::default()
    }
}

fn put(activity: &Arc<Activity>) -> Commit {
    play(vec![PlayOp::Do(Arc::clone(activity))])
}

fn met(user: u64, seconds: i64) -> Encounter {
    Encounter {
        user: Xuid(user),
        title_id: TitleId(7),
        kind: EncounterType::Opponent,
        met: at(seconds),
    }
}

fn list_of(within: &str, owner: u64) -> RecentPlayersKey {
    RecentPlayersKey {
        sandbox: sandbox(within),
        owner: Xuid(owner),
    }
}

fn meet(owner: u64, now: i64, encounters: &[Encounter]) -> PlayOp {
    PlayOp::Meet {
        meetings: Arc::new(Meetings {
            key: list_of("RETAIL", owner),
            met: encounters.to_vec(),
        }),
        now: at(now),
    }
}

fn forget(now: i64) -> Commit {
    play(vec![PlayOp::Forget { now: at(now) }])
}

fn encounters<S: Store>(store: &S, owner: u64) -> Vec<Encounter> {
    let list = store.recent_players(&list_of("RETAIL", owner));
    list.expect("an answer")
        .map(|list| list.met.clone())
        .unwrap_or_default()
}

pub(super) async fn an_activity_is_found_by_its_whole_key<S: Store>(store: Arc<S>) {
    let one = activity(key("RETAIL", 1, 7), 10, 0);
    let others = [
        activity(key("XDKS.1", 1, 7), 11, 0),
        activity(key("RETAIL", u64::MAX, 7), u64::MAX, 0),
        activity(key("RETAIL", 1, 77), 12, 0),
    ];
    store.commit(put(&one)).await.expect("put");
    for other in &others {
        store.commit(put(other)).await.expect("put");
    }
    let found = |key: &ActivityKey| store.activity(key).expect("an answer");
    assert_eq!(found(&key("retail", 1, 7)), Some(Arc::clone(&one)));
    for other in &others {
        assert_eq!(found(&other.key), Some(Arc::clone(other)));
    }
    assert_eq!(found(&key("RETAIL", 2, 7)), None);
    let next = activity(key("Retail", 1, 7), 13, 5);
    store.commit(put(&next)).await.expect("replaced");
    assert_eq!(found(&key("RETAIL", 1, 7)), Some(next));
}

pub(super) async fn a_guarded_activity_is_written_by_one<S: Store>(store: Arc<S>) {
    let guarded = |expected: Option<&Arc<Activity>>, next: &Arc<Activity>| Commit {
        require_activities: vec![(
            key("retail", 1, 7),
            expected.map(|activity| Stamp::from(&**activity)),
        )],
        ..put(next)
    };
    let (first, second) = (
        activity(key("RETAIL", 1, 7), 10, 0),
        activity(key("RETAIL", 1, 7), 11, 0),
    );
    let late = activity(key("RETAIL", 1, 7), 12, 9);
    store.commit(guarded(None, &first)).await.expect("created");
    for expected in [None, Some(&second), Some(&late)] {
        let refused = store.commit(guarded(expected, &late)).await;
        assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    }
    store
        .commit(guarded(Some(&first), &second))
        .await
        .expect("replaced");
    let refused = store.commit(guarded(Some(&first), &late)).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    let found = store.activity(&key("RETAIL", 1, 7)).expect("an answer");
    assert_eq!(found, Some(second));
}

pub(super) async fn activities_that_are_over_are_forgotten<S: Store>(store: Arc<S>) {
    let (old, new) = (
        activity(key("RETAIL", 1, 7), 10, 0),
        activity(key("RETAIL", 2, 7), 10, 1),
    );
    store.commit(put(&old)).await.expect("put");
    store.commit(put(&new)).await.expect("put");
    store.commit(forget(DAY - 1)).await.expect("nothing ends");
    let found = |activity: &Arc<Activity>| store.activity(&activity.key).expect("an answer");
    assert!(found(&old).is_some());
    store.commit(forget(DAY)).await.expect("one ends");
    assert_eq!((found(&old), found(&new)), (None, Some(Arc::clone(&new))));
    // Written again, it lasts from then on, also within the step that forgets.
    let again = activity(key("RETAIL", 2, 7), 11, DAY);
    let both = vec![
        PlayOp::Do(Arc::clone(&old)),
        PlayOp::Do(Arc::clone(&again)),
        PlayOp::Forget { now: at(DAY + 1) },
    ];
    store.commit(play(both)).await.expect("one ends");
    assert_eq!((found(&old), found(&new)), (None, Some(again)));
}

pub(super) async fn encounters_are_added_to_the_list_of_their_user<S: Store>(store: Arc<S>) {
    let (first, second) = (meet(1, 10, &[met(2, 1)]), meet(1, 10, &[met(3, 2)]));
    store.commit(play(vec![first, second])).await.expect("met");
    assert_eq!(encounters(&*store, 1), [met(3, 2), met(2, 1)]);
    let again = meet(1, 20, &[met(2, 15), met(1, 15)]);
    let other = meet(u64::MAX, 20, &[met(1, 3)]);
    store.commit(play(vec![again, other])).await.expect("met");
    assert_eq!(encounters(&*store, 1), [met(2, 15), met(3, 2)]);
    assert_eq!(encounters(&*store, u64::MAX), [met(1, 3)]);
    assert_eq!(encounters(&*store, 2), []);
    let elsewhere = store.recent_players(&list_of("XDKS.1", 1));
    assert_eq!(elsewhere.expect("an answer"), None);
    let spelled = store.recent_players(&list_of("retail", 1));
    let spelled: Option<Arc<RecentPlayers>> = spelled.expect("an answer");
    assert_eq!(spelled.map(|list| list.met.len()), Some(2));
    let oneself = meet(4, 20, &[met(4, 1)]);
    store.commit(play(vec![oneself])).await.expect("nobody met");
    assert_eq!(encounters(&*store, 4), []);
}

pub(super) async fn lists_are_forgotten_with_their_last_encounter<S: Store>(store: Arc<S>) {
    let one = meet(1, 10, &[met(2, 0), met(3, 5)]);
    let other = meet(2, 10, &[met(1, 0)]);
    store.commit(play(vec![one, other])).await.expect("met");
    store.commit(forget(30 * DAY)).await.expect("one ends");
    assert_eq!(encounters(&*store, 1), [met(3, 5), met(2, 0)]);
    assert_eq!(encounters(&*store, 2), []);
    store.commit(forget(30 * DAY + 5)).await.expect("the other");
    assert_eq!(encounters(&*store, 1), []);
}
