//! Sessions of many members.

use std::sync::Arc;

use convoke_core::index::IndexEntry;
use convoke_core::session::{Constants, Member, MemberState, Members, Session, next_timer};
use convoke_wire::Xuid;
use serde_json::json;

use super::fixtures::{at, key, reference, sandbox};
use crate::store::SessionState;
use crate::{Commit, SessionWrite, Store, Version};

/// What is known of the state that a write replaces.
#[derive(Clone, Copy)]
enum Before<'a> {
    /// There is none.
    Nothing,
    /// It is at hand.
    Known(&'a Arc<Session>),
    /// Only its version is.
    Version(&'a Arc<Session>),
}

/// A large session in its first state, with as many members as are asked for.
fn large(members: u32) -> Arc<Session> {
    let mut session: Session = serde_json::from_value(json!({
        "reference": reference("many"), "branch": uuid::Uuid::from_u128(1), "change_number": 1,
        "start_time": at(0), "properties": {"keywords": ["crowd"]}, "members": {},
        "constants": {"capabilities": {"large": true}, "ready_removal_timeout": 30_000},
        "next_index": members,
    }))
    .expect("a session");
    session.members = (0..members).map(member).collect();
    Arc::new(session)
}

fn member(index: u32) -> (u32, Arc<Member>) {
    let user = Xuid(u64::from(index) + 1_000);
    (
        index,
        Arc::new(Member::new(user, MemberState::Active, at(0))),
    )
}

/// The state after one more change.
fn changed(session: &Arc<Session>, change: impl FnOnce(&mut Session)) -> Arc<Session> {
    let mut next = Session::clone(session);
    next.change_number += 1;
    change(&mut next);
    Arc::new(next)
}

/// Writes a state, or deletes, and checks that the store answers with it.
async fn write<S: Store>(store: &S, before: Before<'_>, next: Option<&Arc<Session>>) {
    let (expected, before) = match before {
        Before::Nothing => (None, None),
        Before::Known(session) => (Some(session), Some(Arc::clone(session))),
        Before::Version(session) => (Some(session), None),
    };
    let write = SessionWrite {
        key: key("many"),
        expected: expected.map(|session| Version::from(&**session)),
        before,
        next: next.map(|session| SessionState {
            session: Arc::clone(session),
            next_timer: next_timer(session),
        }),
    };
    let sessions = vec![write];
    let commit = Commit {
        sessions,
        ..Commit::default()
    };
    store.commit(commit).await.expect("written");
    assert_eq!(store.load(&key("many")).expect("an answer").as_ref(), next);
    assert_eq!(store.verify().expect("an answer"), Vec::<String>::new());
    let mut visited = Vec::new();
    let all = &mut |_, session| visited.push(session);
    store.for_each_session(all).expect("an answer");
    assert_eq!(visited.first(), next);
    let due = store.earliest_timer().expect("an answer");
    assert_eq!(due, next.and_then(|session| next_timer(session)));
}

fn is_found<S: Store>(store: &S, index: u32) -> bool {
    let entry = IndexEntry::Member(Xuid(u64::from(index) + 1_000));
    let found = store.find(&sandbox("RETAIL"), &entry, 2);
    found.expect("an answer") == [key("many")]
}

pub(super) async fn one_of_many_members_comes_changes_and_goes<S: Store>(store: Arc<S>) {
    let first = large(300);
    write(&*store, Before::Nothing, Some(&first)).await;
    let joined = changed(&first, |session| {
        let (index, member) = member(300);
        session.members.insert(index, member);
    });
    write(&*store, Before::Known(&first), Some(&joined)).await;
    assert!(is_found(&*store, 300));
    let ready = changed(&joined, |session| {
        let enter = |member: &mut Member| member.state = MemberState::Ready;
        session.members.update(17, enter);
    });
    write(&*store, Before::Known(&joined), Some(&ready)).await;
    let left = changed(&ready, |session| {
        session.members.remove(&3);
        session.members.remove(&300);
    });
    write(&*store, Before::Known(&ready), Some(&left)).await;
    assert!(!is_found(&*store, 3) && !is_found(&*store, 300) && is_found(&*store, 4));
    let back = changed(&left, |session| {
        let (_, member) = member(3);
        session.members.insert(301, member);
        session.members.remove(&4);
    });
    write(&*store, Before::Known(&left), Some(&back)).await;
    assert!(is_found(&*store, 3) && !is_found(&*store, 4));
    write(&*store, Before::Known(&back), None).await;
    assert!(!is_found(&*store, 17));
}

pub(super) async fn a_large_session_is_replaced_without_knowing_its_state<S: Store>(store: Arc<S>) {
    let first = large(100);
    write(&*store, Before::Nothing, Some(&first)).await;
    let fewer = changed(&first, |session| {
        session.members = (50..110).map(member).collect();
    });
    write(&*store, Before::Version(&first), Some(&fewer)).await;
    assert!(!is_found(&*store, 49) && is_found(&*store, 109));
    let nobody = changed(&fewer, |session| session.members = Members::new());
    write(&*store, Before::Version(&fewer), Some(&nobody)).await;
    let many = changed(&nobody, |session| {
        session.members = (200..264).map(member).collect();
    });
    write(&*store, Before::Known(&nobody), Some(&many)).await;
    write(&*store, Before::Version(&many), None).await;
    write(&*store, Before::Nothing, Some(&first)).await;
}

pub(super) async fn a_session_of_the_same_name_may_be_large_or_not<S: Store>(store: Arc<S>) {
    let large = large(80);
    write(&*store, Before::Nothing, Some(&large)).await;
    for knows in [true, false] {
        let before = |session| {
            let known = Before::Known(session);
            if knows {
                known
            } else {
                Before::Version(session)
            }
        };
        let small = changed(&large, |session| {
            session.constants = Constants::default().into();
            session.change_number += u64::from(knows);
        });
        write(&*store, before(&large), Some(&small)).await;
        assert!(is_found(&*store, 7));
        write(&*store, before(&small), Some(&large)).await;
        assert!(is_found(&*store, 7));
    }
}
