//! Sessions that a store is filled with, and whether it has them all.

use convoke_core::session::{Session, next_timer};
use convoke_store::store::SessionState;
use convoke_store::{Commit, SessionWrite, Store};
use convoke_wire::{Sandbox, SessionKey};
use serde_json::json;

/// How many.
pub(crate) const SESSIONS: u32 = 60;

/// One of them; every third is large and has three members.
pub(crate) fn session(number: u32) -> (SessionKey, Session) {
    let large = number.is_multiple_of(3);
    let members = (0..3_u32).filter(|_| large).map(|index| {
        let member = json!({
            "xuid": (number * 10 + index).to_string(), "join_time": "2026-01-01T00:00:00Z",
            "state": "active", "state_since": "2026-01-01T00:00:00Z",
        });
        (index.to_string(), member)
    });
    let members: serde_json::Map<_, _> = members.collect();
    let empty_since = (!large).then_some("2026-01-01T00:00:00Z");
    let session: Session = serde_json::from_value(json!({
        "reference": {
            "scid": "6b1ff4f4-7f3a-4ab5-8c4a-08a4d37bb0a1",
            "templateName": "lobby",
            "name": format!("session-{number}"),
        },
        "branch": uuid::Uuid::from_u128(1),
        "change_number": 1,
        "start_time": "2026-01-01T00:00:00Z",
        "constants": {"session_empty_timeout": 1_000, "capabilities": {"large": large}},
        "properties": {"keywords": ["fun"], "custom": {"filling": "x".repeat(1_000)}},
        "members": members,
        "next_index": 3,
        "empty_since": empty_since,
    }))
    .unwrap();
    let key = SessionKey {
        sandbox: Sandbox::default(),
        reference: session.reference.clone(),
    };
    (key, session)
}

/// The step that makes it.
pub(crate) fn create(number: u32) -> Commit {
    let (key, session) = session(number);
    let next = SessionState {
        next_timer: next_timer(&session),
        session: session.into(),
    };
    Commit {
        sessions: vec![SessionWrite {
            key,
            expected: None,
            before: None,
            next: Some(next),
        }],
        ..Commit::default()
    }
}

/// Makes all of them.
pub(crate) async fn fill(store: &impl Store) {
    for number in 0..SESSIONS {
        store.commit(create(number)).await.unwrap();
    }
}

pub(crate) fn assert_filled(store: &impl Store) {
    for number in 0..SESSIONS {
        let (key, session) = session(number);
        assert_eq!(store.load(&key).unwrap().as_deref(), Some(&session));
    }
    let mut count = 0;
    store.for_each_session(&mut |_, _| count += 1).unwrap();
    assert_eq!(count, SESSIONS);
    assert_eq!(store.verify().unwrap(), Vec::<String>::new());
}
