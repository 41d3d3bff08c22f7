//! A process that is killed while it writes loses nothing it has confirmed.

#![expect(clippy::unwrap_used, reason = "a panic is the report of a test")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write, stdout};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use convoke_core::handle::{Handle, search_key};
use convoke_core::session::{Member, MemberState, Session, next_timer};
use convoke_store::conformance::Engine;
use convoke_store::store::SessionState;
use convoke_store::{Commit, HandleOp, SessionWrite, Store, Version};
use convoke_wire::{HandleId, Sandbox, SessionKey, Xuid};
use serde_json::json;

/// Tells this test binary to be the process that writes.
const DIRECTORY: &str = "CONVOKE_KILL_TEST_DIRECTORY";
/// Tells it the engine.
const ENGINE: &str = "CONVOKE_KILL_TEST_ENGINE";
/// Tells it how large the documents shall be.
const FILLING: &str = "CONVOKE_KILL_TEST_FILLING";
/// Of each engine; with the twenty of the whole server, fifty in all.
const KILLS: usize = 15;
const WRITERS: u64 = 32;
/// From this round on documents are so large that the log is carried over at about the kill.
const LARGE_FROM: usize = 13;

/// What is in the store at least: the change number by session.
type Confirmed = BTreeMap<u64, u64>;

#[test]
fn nothing_confirmed_to_sqlite_is_lost_when_the_process_is_killed() {
    nothing_confirmed_is_lost(Engine::Sqlite);
}

#[test]
fn nothing_confirmed_to_the_log_is_lost_when_the_process_is_killed() {
    nothing_confirmed_is_lost(Engine::Log);
}

fn nothing_confirmed_is_lost(engine: Engine) {
    let dir = tempfile::tempdir().unwrap();
    let mut confirmed = Confirmed::new();
    for round in 0..KILLS {
        // A different moment each time, and not a round number of batches.
        let (filling, confirmations) = match round.checked_sub(LARGE_FROM) {
            None => (1_500, 50 + round * 61),
            Some(large) => (120_000, 520 + large * 20),
        };
        let mut child = start_writing(engine, dir.path(), filling);
        read_and_kill(&mut child, confirmations, &mut confirmed);
        check(engine, dir.path(), &confirmed);
    }
    let total: u64 = confirmed.values().sum();
    assert!(
        total > 50 * KILLS as u64,
        "only {total} writes were confirmed"
    );
}

fn start_writing(engine: Engine, dir: &Path, filling: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writes_until_killed", "--nocapture"])
        .env(DIRECTORY, dir)
        .env(ENGINE, format!("{engine:?}"))
        .env(FILLING, filling.to_string())
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the process after it has confirmed some writes, and collects all that it has confirmed.
fn read_and_kill(child: &mut Child, confirmations: usize, confirmed: &mut Confirmed) {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    let mut seen = 0;
    while seen < confirmations {
        line.clear();
        assert!(
            0 < output.read_line(&mut line).unwrap(),
            "the process ended by itself"
        );
        seen += usize::from(note(&line, confirmed));
    }
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(!status.success(), "the process ended by itself: {status}");
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    for line in rest.split_inclusive('\n') {
        note(line, confirmed);
    }
}

/// Reads `confirmed <session> <change number>`, if it is that and complete.
fn note(line: &str, confirmed: &mut Confirmed) -> bool {
    let fields: Vec<&str> = line.split(' ').collect();
    let [head, session, number] = fields[..] else {
        return false;
    };
    // The name of the running test may stand before the first line.
    let Some(number) = number
        .strip_suffix('\n')
        .filter(|_| head.ends_with("confirmed"))
    else {
        return false;
    };
    let number: u64 = number.parse().unwrap();
    let known = confirmed.entry(session.parse().unwrap()).or_default();
    *known = number.max(*known);
    true
}

/// Everything confirmed is there, and nothing is there by half.
fn check(engine: Engine, dir: &Path, confirmed: &Confirmed) {
    let store = engine.open(dir).unwrap();
    for (session, number) in confirmed {
        let stored = store.load(&key(*session)).unwrap();
        let stored = stored.unwrap_or_else(|| panic!("session {session} is gone"));
        assert!(
            *number <= stored.change_number,
            "session {session} is too old"
        );
        let first = stored.change_number.saturating_sub(2).max(1);
        let latest: Vec<u64> = (first..=stored.change_number).collect();
        let members = stored.members.values().map(|member| member.xuid.0);
        assert_eq!(members.collect::<Vec<_>>(), latest, "of session {session}");
        // A step of two operations is there whole.
        let handle = store.handle_by_key(&search_key(&key(*session))).unwrap();
        assert_eq!(
            handle.unwrap().id,
            handle_id(*session, stored.change_number)
        );
    }
    assert_eq!(store.verify().unwrap(), Vec::<String>::new());
}

/// Does nothing unless it is told to be the process that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_until_killed() {
    let Some(dir) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let filling: usize = std::env::var(FILLING).unwrap().parse().unwrap();
    let filling = "x".repeat(filling);
    let name = std::env::var(ENGINE).unwrap();
    let engine = Engine::ALL
        .into_iter()
        .find(|engine| format!("{engine:?}") == name);
    let store = Arc::new(engine.unwrap().open(dir.as_ref()).unwrap());
    let mut writers = tokio::task::JoinSet::new();
    for session in 0..WRITERS {
        let (store, filling) = (Arc::clone(&store), filling.clone());
        writers.spawn(async move {
            loop {
                let stored = store.load(&key(session)).unwrap();
                let number = stored.as_ref().map_or(1, |stored| stored.change_number + 1);
                store
                    .commit(step(session, stored, number, &filling))
                    .await
                    .unwrap();
                // One write of the whole line; a line is confirmed when its end is there.
                let line = format!("confirmed {session} {number}\n");
                stdout().lock().write_all(line.as_bytes()).unwrap();
            }
        });
    }
    writers.join_all().await;
}

fn key(session: u64) -> SessionKey {
    let reference = json!({
        "scid": "6b1ff4f4-7f3a-4ab5-8c4a-08a4d37bb0a1",
        "templateName": "lobby",
        "name": format!("session-{session}"),
    });
    SessionKey {
        sandbox: Sandbox::default(),
        reference: serde_json::from_value(reference).unwrap(),
    }
}

fn handle_id(session: u64, number: u64) -> HandleId {
    HandleId::from_u64_pair(session, number)
}

/// Replaces a session and its search handle; timer and index entries change every time. The last
/// three users who came are its members; every other session is large.
fn step(session: u64, before: Option<Arc<Session>>, number: u64, filling: &str) -> Commit {
    let reference = key(session).reference;
    let since = jiff::Timestamp::from_second(i64::try_from(number).unwrap()).unwrap();
    let large = session.is_multiple_of(2);
    let mut document: Session = serde_json::from_value(json!({
        "reference": reference,
        "branch": uuid::Uuid::from_u128(1),
        "change_number": number,
        "start_time": "2026-01-01T00:00:00Z",
        "constants": {"reserved_removal_timeout": 30_000, "capabilities": {"large": large}},
        "properties": {"keywords": [format!("word-{number}")], "custom": {"filling": filling}},
        "members": {},
        "next_index": number + 1,
    }))
    .unwrap();
    let former = before.iter().flat_map(|before| &before.members);
    let former = former.map(|(index, member)| (*index, Arc::clone(member)));
    let newest = Arc::new(Member::new(Xuid(number), MemberState::Reserved, since));
    let all = former.chain([(u32::try_from(number).unwrap(), newest)]);
    document.members = all
        .filter(|(index, _)| number < u64::from(*index) + 3)
        .collect();
    let handle: Handle = serde_json::from_value(json!({
        "id": handle_id(session, number),
        "sandbox": "RETAIL",
        "session": reference,
        "created": since,
        "body": {"type": "search", "attributes": {}},
    }))
    .unwrap();
    Commit {
        sessions: vec![SessionWrite {
            key: key(session),
            expected: before.as_deref().map(Version::from),
            before,
            next: Some(SessionState {
                next_timer: next_timer(&document),
                session: Arc::new(document),
            }),
        }],
        handles: vec![HandleOp::Put(Arc::new(handle))],
        ..Commit::default()
    }
}
