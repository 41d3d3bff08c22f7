//! Measures confirmed writes per second:
//! `store_throughput <engine> [writers] [seconds] [sessions] [bytes]`.
//!
//! Each writer replaces random sessions, one guarded step after the other, in a fresh directory
//! below the current one; afterwards the process is killed and its store opened again.
//! Engines: `log`, `sqlite`, and `file`, the yardstick: one plain file that every batch
//! is appended to and that cannot be read.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use convoke_core::session::{Session, next_timer};
use convoke_core::{Member, MemberState};
use convoke_store::log::{Contents, Log, Record};
use convoke_store::store::SessionState;
use convoke_store::{
    AnyStore, Commit, LogStore, SessionWrite, SqliteStore, Store, StoreError, Version,
};
use convoke_wire::{RawJson, Sandbox, SessionKey, Xuid};
use jiff::Timestamp;
use serde_json::json;

type Failure = Box<dyn Error + Send + Sync>;

/// Members of each session.
const MEMBERS: u32 = 4;
/// Writers that fill the store.
const LOADERS: u64 = 256;
/// Tells the process where to write, and to be killed by itself afterwards.
const DIRECTORY: &str = "STORE_THROUGHPUT_DIRECTORY";

fn main() -> Result<(), Failure> {
    let Some(dir) = std::env::var_os(DIRECTORY) else {
        return supervise();
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(write(Path::new(&dir)))?;
    // Nothing is closed, as when the process is killed.
    std::process::abort();
}

/// Lets another process write and die, and opens what it leaves behind.
fn supervise() -> Result<(), Failure> {
    let dir = tempfile::tempdir_in(".")?;
    let mut writing = Command::new(std::env::current_exe()?);
    let writing = writing.args(std::env::args().skip(1));
    writing.env(DIRECTORY, dir.path()).status()?;
    let engine = std::env::args().nth(1).unwrap_or_default();
    if engine == "file" {
        return Ok(());
    }
    let start = now();
    let store = open(&engine, dir.path())?;
    let opened = now() - start;
    let mut count = 0;
    store.for_each_session(&mut |_, _| count += 1)?;
    let read = now() - start;
    println!(
        "  after a kill: opened in {opened:.2?}, all {count} sessions read after {read:.2?}; \
         {} MiB on disk, {} MiB of memory",
        disk_bytes(dir.path())? >> 20,
        memory_kib()? >> 10,
    );
    Ok(())
}

fn open(engine: &str, dir: &Path) -> Result<AnyStore, Failure> {
    Ok(match engine {
        "log" => AnyStore::Log(LogStore::open(dir)?),
        "sqlite" => AnyStore::Sqlite(SqliteStore::open(dir)?),
        "file" => AnyStore::Log(LogStore::start(Arc::new(PlainFile::create(dir)?))?),
        other => return Err(format!("there is no engine {other}").into()),
    })
}

async fn write(dir: &Path) -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let engine = arguments.next().unwrap_or_else(|| "log".to_owned());
    let arguments: Vec<u64> = arguments
        .map(|text| text.parse())
        .collect::<Result<_, _>>()?;
    let argument = |at: usize, otherwise| arguments.get(at).copied().unwrap_or(otherwise);
    let (writers, seconds) = (argument(0, 64), argument(1, 10));
    let (sessions, bytes) = (argument(2, 100_000), argument(3, 2048));

    let store = Arc::new(open(&engine, dir)?);
    let document = Arc::new(document(usize::try_from(bytes)?)?);
    fill(&store, &document, sessions).await?;
    let before = store.metrics();
    let (cpu, start) = (cpu_ticks()?, now());
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let (store, document) = (Arc::clone(&store), Arc::clone(&document));
        let stop = Arc::clone(&stop);
        // Every writer has sessions of its own, so that no guard fails.
        let own: Vec<u64> = (writer..sessions)
            .step_by(usize::try_from(writers)?)
            .collect();
        tasks.spawn(async move { replace(&store, &document, &own, writer, &stop).await });
    }
    wait(seconds).await;
    stop.store(true, Ordering::Relaxed);
    let mut waits = Vec::new();
    while let Some(done) = tasks.join_next().await {
        waits.extend(done??);
    }
    let milliseconds = (now() - start).as_millis().max(1);
    let cpu = cpu_ticks()? - cpu;
    waits.sort_unstable();
    let share = |permille: usize| waits[(waits.len() - 1) * permille / 1000];
    let after = store.metrics();
    let batches = (after.batches - before.batches).max(1);
    let written = waits.len() as u128;
    println!(
        "{engine}, {writers} writers, {sessions} sessions of {bytes} bytes: {} writes/s, {} per batch, \
         {} us to the disk each; us p50 {} p99 {} p99.9 {} max {}; {} us of CPU per write",
        written * 1000 / milliseconds,
        (after.commits - before.commits) / batches,
        after.sync.saturating_sub(before.sync).as_micros() / u128::from(batches),
        share(500),
        share(990),
        share(999),
        share(1000),
        u128::from(cpu) * 10_000 / written,
    );
    Ok(())
}

async fn fill(
    store: &Arc<AnyStore>,
    document: &Arc<Session>,
    sessions: u64,
) -> Result<(), Failure> {
    let mut loaders = tokio::task::JoinSet::new();
    for loader in 0..LOADERS {
        let (store, document) = (Arc::clone(store), Arc::clone(document));
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
    Ok(())
}

/// Replaces random ones of some sessions; how long each took, in microseconds.
async fn replace(
    store: &AnyStore,
    document: &Session,
    own: &[u64],
    seed: u64,
    stop: &AtomicBool,
) -> Result<Vec<u128>, Failure> {
    let mut versions = vec![1; own.len()];
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut waits = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let at = usize::try_from(random)? % own.len();
        let step = step(document, own[at], Some(versions[at]), versions[at] + 1)?;
        let start = now();
        store.commit(step).await?;
        waits.push((now() - start).as_micros());
        versions[at] += 1;
    }
    Ok(waits)
}

/// The yardstick: every batch is appended to a file, which is then brought to the disk.
#[derive(Debug)]
struct PlainFile(Mutex<(File, Vec<u8>)>);

impl PlainFile {
    fn create(dir: &Path) -> Result<Self, Failure> {
        let file = File::create_new(dir.join("plain"))?;
        Ok(Self(Mutex::new((file, Vec::new()))))
    }
}

impl Log for PlainFile {
    fn write(&self, records: Vec<Record>) -> Result<(), StoreError> {
        let failed = |error: std::io::Error| StoreError::Failed(error.to_string());
        let mut inner = self.0.lock().map_err(|_| StoreError::Closed)?;
        let (file, buffer) = &mut *inner;
        buffer.clear();
        for record in records {
            buffer.extend_from_slice(&record.key);
            buffer.extend_from_slice(record.value.as_deref().unwrap_or_default());
        }
        file.write_all(buffer).map_err(failed)?;
        file.sync_data().map_err(failed)
    }

    fn contents(&self) -> Contents {
        Box::new(std::iter::empty())
    }

    fn close(&self) {}
}

/// The processor time of this process, in hundredths of a second, as Linux counts it.
fn cpu_ticks() -> Result<u64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let mut ticks = 0;
    for field in after_name.split_whitespace().skip(11).take(2) {
        ticks += field.parse::<u64>()?;
    }
    Ok(ticks)
}

fn memory_kib() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.unwrap_or_default().parse()?)
}

fn disk_bytes(dir: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let (path, metadata) = entry.and_then(|it| Ok((it.path(), it.metadata()?)))?;
        bytes += if metadata.is_dir() {
            disk_bytes(&path)?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
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
    session.properties.custom = RawJson::parse(&filling)?.into();
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
    let before = expected.map(|change_number| Session {
        reference: key.reference.clone(),
        change_number,
        ..document.clone()
    });
    let write = SessionWrite {
        expected: before.as_ref().map(Version::from),
        before: before.map(Arc::new),
        next: Some(SessionState {
            next_timer: next_timer(&session),
            session: Arc::new(session),
        }),
        key,
    };
    Ok(Commit {
        sessions: vec![write],
        ..Commit::default()
    })
}
