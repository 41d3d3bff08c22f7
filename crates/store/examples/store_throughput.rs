//! Measures confirmed writes per second: `store_throughput [writers] [seconds] [sessions] [bytes]`.
//!
//! Each writer replaces random sessions, one guarded step after the other, in a fresh directory
//! below the current one.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use convoke_core::session::{Session, next_timer};
use convoke_core::{Member, MemberState, index};
use convoke_store::store::SessionState;
use convoke_store::{Commit, SessionWrite, SqliteStore, Store, Version};
use convoke_wire::{RawJson, Sandbox, SessionKey, Xuid};
use jiff::Timestamp;
use serde_json::json;

type Failure = Box<dyn Error + Send + Sync>;

/// Members of each session.
const MEMBERS: u32 = 4;
/// Writers that fill the store.
const LOADERS: u64 = 256;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<u64> = std::env::args()
        .skip(1)
        .map(|text| text.parse())
        .collect::<Result<_, _>>()?;
    let argument = |at: usize, otherwise| arguments.get(at).copied().unwrap_or(otherwise);
    let (writers, seconds) = (argument(0, 64), argument(1, 10));
    let (sessions, bytes) = (argument(2, 100_000), argument(3, 2048));

    let dir = tempfile::tempdir_in(".")?;
    let store = Arc::new(SqliteStore::open(dir.path())?);
    let document = Arc::new(document(usize::try_from(bytes)?)?);
    let mut loaders = tokio::task::JoinSet::new();
    for loader in 0..LOADERS {
        let (store, document) = (Arc::clone(&store), Arc::clone(&document));
        loaders.spawn(async move {
            for number in (loader..sessions).step_by(usize::try_from(LOADERS)?) {
                let step = step(&document, number, None, 1)?;
                store.commit(step).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(loaded) = loaders.join_next().await {
        loaded??;
    }
    let before = store.metrics();

    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let (store, document) = (Arc::clone(&store), Arc::clone(&document));
        let stop = Arc::clone(&stop);
        tasks.spawn(async move {
            // Every writer has sessions of its own, so that no guard fails.
            let own = (writer..sessions).step_by(usize::try_from(writers)?);
            let mut own: Vec<(u64, u64)> = own.map(|number| (number, 1)).collect();
            let mut random = writer.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut waits = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = usize::try_from(random)? % own.len();
                let (number, version) = own[at];
                let step = step(&document, number, Some(version), version + 1)?;
                let start = now();
                store.commit(step).await?;
                waits.push((now() - start).as_micros());
                own[at].1 += 1;
            }
            Ok::<_, Failure>(waits)
        });
    }
    let start = now();
    wait(seconds).await;
    stop.store(true, Ordering::Relaxed);
    let mut waits = Vec::new();
    while let Some(done) = tasks.join_next().await {
        waits.extend(done??);
    }
    let milliseconds = (now() - start).as_millis().max(1);
    waits.sort_unstable();
    let share = |permille: usize| waits[(waits.len() - 1) * permille / 1000];
    let after = store.metrics();
    let batches = (after.batches - before.batches).max(1);
    println!(
        "{writers} writers, {sessions} sessions of {bytes} bytes: {} writes/s, {} per batch; \
         µs p50 {} p99 {} p99.9 {} max {}",
        waits.len() as u128 * 1000 / milliseconds,
        (after.commits - before.commits) / batches,
        share(500),
        share(990),
        share(999),
        share(1000),
    );
    println!("{after:?}");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs the time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a measurement takes the time it is told to take"
)]
async fn wait(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// A session with a few members, filled up to a size.
fn document(bytes: usize) -> Result<Session, Failure> {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    let mut session: Session = serde_json::from_value(json!({
        "reference": key(0)?.reference,
        "branch": uuid::Uuid::from_u128(1),
        "change_number": 1,
        "start_time": now,
        "constants": {"max_members_count": 8, "inactive_removal_timeout": 0},
        "properties": {"keywords": ["fun"]},
        "members": {},
        "next_index": MEMBERS,
    }))?;
    session.members = (0..MEMBERS)
        .map(|index| {
            let xuid = Xuid(2_533_274_790_395_904 + u64::from(index));
            let member = Member::new(xuid, MemberState::Active, now);
            (index, Arc::new(member))
        })
        .collect();
    let rest = bytes.saturating_sub(convoke_store::codec::encode_session(&session)?.text.len());
    let filling = format!(r#"{{"filling":"{}"}}"#, "x".repeat(rest.saturating_sub(26)));
    session.properties.custom = RawJson::parse(&filling)?.try_into()?;
    Ok(session)
}

fn key(number: u64) -> Result<SessionKey, Failure> {
    // Names are random in reality, so they are spread over the index here too.
    let name = uuid::Uuid::from_u64_pair(number.wrapping_mul(0x9e37_79b9_7f4a_7c15), number);
    let reference = json!({
        "scid": "6b1ff4f4-7f3a-4ab5-8c4a-08a4d37bb0a1",
        "templateName": "lobby",
        "name": name,
    });
    Ok(SessionKey {
        sandbox: Sandbox::default(),
        reference: serde_json::from_value(reference)?,
    })
}

fn step(
    document: &Session,
    number: u64,
    expected: Option<u64>,
    change_number: u64,
) -> Result<Commit, Failure> {
    let key = key(number)?;
    let session = Session {
        reference: key.reference.clone(),
        change_number,
        ..document.clone()
    };
    let write = SessionWrite {
        expected: expected.map(|change_number| Version {
            branch: session.branch,
            change_number,
        }),
        next: Some(SessionState {
            next_timer: next_timer(&session),
            index: index::entries(&session),
            session: Arc::new(session),
        }),
        key,
    };
    Ok(Commit {
        sessions: vec![write],
        ..Commit::default()
    })
}
