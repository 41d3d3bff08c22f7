//! Large sessions in a log: what is written of them, and what older versions have written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use convoke_core::session::{Member, MemberState, Session};
use convoke_wire::{Sandbox, SessionKey, Xuid};
use jiff::Timestamp;
use serde_json::json;

use super::LogStore;
use crate::log::{Contents, Log, Record, Table};
use crate::store::SessionState;
use crate::{Commit, SessionWrite, Store, StoreError, Version, codec};

const MEMBERS: u32 = 200;

/// A log in memory that notes what is written.
#[derive(Debug, Default)]
struct Kept {
    documents: Mutex<BTreeMap<(Table, Bytes), Bytes>>,
    writes: Mutex<Vec<Vec<Record>>>,
}

impl Log for Kept {
    fn write(&self, records: Vec<Record>) -> Result<(), StoreError> {
        let mut documents = self.documents.lock().unwrap();
        for record in &records {
            let identity = (record.table, record.key.clone());
            match &record.value {
                Some(value) => documents.insert(identity, value.clone()),
                None => documents.remove(&identity),
            };
        }
        self.writes.lock().unwrap().push(records);
        Ok(())
    }

    fn contents(&self) -> Contents {
        let documents = self.documents.lock().unwrap().clone();
        let record = |((table, key), value)| {
            let value = Some(value);
            Ok(Record { table, key, value })
        };
        Box::new(documents.into_iter().map(record))
    }

    fn close(&self) {}
}

impl Kept {
    /// How many records of a table the last write had, and the bytes of all of them.
    fn last_write(&self, table: Table) -> (usize, usize) {
        let writes = self.writes.lock().unwrap();
        let last = writes.last().unwrap().iter();
        let bytes = last.clone().filter_map(|record| record.value.as_ref());
        let bytes = bytes.map(Bytes::len).sum();
        (last.filter(|record| record.table == table).count(), bytes)
    }
}

fn key() -> SessionKey {
    let reference = json!({
        "scid": "6b1ff4f4-7f3a-4ab5-8c4a-08a4d37bb0a1", "templateName": "lobby", "name": "many",
    });
    SessionKey {
        sandbox: Sandbox::default(),
        reference: serde_json::from_value(reference).unwrap(),
    }
}

fn member(index: u32) -> (u32, Arc<Member>) {
    let (user, now) = (Xuid(index.into()), Timestamp::UNIX_EPOCH);
    (index, Arc::new(Member::new(user, MemberState::Active, now)))
}

fn large(members: u32) -> Arc<Session> {
    let mut session: Session = serde_json::from_value(json!({
        "reference": key().reference, "branch": uuid::Uuid::from_u128(1), "change_number": 1,
        "start_time": Timestamp::UNIX_EPOCH, "properties": {}, "members": {},
        "constants": {"capabilities": {"large": true}}, "next_index": members,
    }))
    .unwrap();
    session.members = (0..members).map(member).collect();
    Arc::new(session)
}

/// The state after one user has joined.
fn joined(before: &Arc<Session>) -> Arc<Session> {
    let mut next = Session::clone(before);
    let (index, member) = member(next.next_index);
    next.members.insert(index, member);
    next.next_index += 1;
    next.change_number += 1;
    Arc::new(next)
}

async fn write(store: &LogStore, before: Option<&Arc<Session>>, next: Option<&Arc<Session>>) {
    let write = SessionWrite {
        key: key(),
        expected: before.map(|session| Version::from(&**session)),
        before: before.cloned(),
        next: next.map(|session| SessionState {
            session: Arc::clone(session),
            next_timer: None,
        }),
    };
    let sessions = vec![write];
    let commit = Commit {
        sessions,
        ..Commit::default()
    };
    store.commit(commit).await.unwrap();
}

fn assert_kept(store: &LogStore, session: &Arc<Session>) {
    assert_eq!(store.load(&key()).unwrap().as_ref(), Some(session));
    assert_eq!(store.verify().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_large_session_of_an_older_log_is_taken_apart_by_its_next_change() {
    let log = Arc::new(Kept::default());
    let whole = large(MEMBERS);
    let identity = (Table::Sessions, Bytes::from(key().folded()));
    let document = codec::pack_session(&Sandbox::default(), &whole).unwrap();
    log.documents.lock().unwrap().insert(identity, document);
    let store = LogStore::start(log.clone()).unwrap();
    assert_kept(&store, &whole);
    let next = joined(&whole);
    write(&store, Some(&whole), Some(&next)).await;
    assert_eq!(log.last_write(Table::Members).0, MEMBERS as usize + 1);
    assert_kept(&store, &next);
    drop(store);
    let store = LogStore::start(log.clone()).unwrap();
    assert_kept(&store, &next);
    let last = joined(&store.load(&key()).unwrap().unwrap());
    write(&store, Some(&next), Some(&last)).await;
    assert_eq!(log.last_write(Table::Members).0, 1);
    assert_kept(&store, &last);
}

#[tokio::test]
async fn a_join_writes_as_much_whether_ten_or_ten_thousand_are_there() {
    let mut bytes = Vec::new();
    for members in [10_u32, 10_000] {
        let log = Arc::new(Kept::default());
        let store = LogStore::start(log.clone()).unwrap();
        let session = large(members);
        write(&store, None, Some(&session)).await;
        let next = joined(&session);
        write(&store, Some(&session), Some(&next)).await;
        let (written, all) = log.last_write(Table::Members);
        assert_eq!(written, 1);
        bytes.push(all);
        assert_kept(&store, &next);
        write(&store, Some(&next), None).await;
        assert!(log.documents.lock().unwrap().is_empty());
    }
    // Numbers have a few digits more.
    assert!(bytes[1] <= bytes[0] + 20, "{bytes:?}");
}

#[test]
fn members_without_their_session_are_damage() {
    let log = Arc::new(Kept::default());
    let (_, member) = member(7);
    let identity = (Table::Members, super::members::key(&key().folded(), 7));
    let document = codec::pack_member(&member).unwrap();
    log.documents.lock().unwrap().insert(identity, document);
    let error = LogStore::start(log).unwrap_err();
    assert!(error.to_string().contains("its members are"), "{error}");
}
