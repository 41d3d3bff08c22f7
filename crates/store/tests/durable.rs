//! What every store on the disk does: passes the suite, keeps what it confirmed, and says so when
//! it cannot.

#![expect(clippy::unwrap_used, reason = "a panic is the report of a test")]

#[path = "support/sessions.rs"]
mod sessions;

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use convoke_store::conformance::{self, Engine};
use convoke_store::log::{Contents, Log, Record};
use convoke_store::{CommitError, LogStore, Store, StoreError};
use tempfile::TempDir;

use sessions::{SESSIONS, assert_filled, create, fill, session};

/// Declares tests that hold for every engine: each becomes `name::sqlite` and `name::log`.
macro_rules! every_engine {
    ($(async fn $name:ident($engine:ident: Engine) $body:block)+) => {$(
        async fn $name($engine: Engine) $body

        mod $name {
            use super::Engine;

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                super::$name(Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn log() {
                super::$name(Engine::Log).await;
            }
        }
    )+};
}

/// A store with sessions in it, closed.
async fn filled(engine: Engine) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = engine.open(dir.path()).unwrap();
    fill(&store).await;
    dir
}

every_engine! {
    async fn it_conforms(engine: Engine) {
        let directories = RefCell::new(Vec::new());
        conformance::run_all(|| {
            let dir = tempfile::tempdir().unwrap();
            let store = engine.open(dir.path()).unwrap();
            directories.borrow_mut().push(dir);
            store
        })
        .await;
    }

    async fn a_reopened_store_has_everything(engine: Engine) {
        let dir = filled(engine).await;
        assert_filled(&engine.open(dir.path()).unwrap());
        // Once more, after a start that wrote nothing.
        assert_filled(&engine.open(dir.path()).unwrap());
    }

    async fn a_closed_store_reads_and_does_not_write(engine: Engine) {
        let dir = filled(engine).await;
        let store = engine.open(dir.path()).unwrap();
        store.commit(create(SESSIONS)).await.unwrap();
        store.close();
        let refused = store.commit(create(SESSIONS + 1)).await;
        let closed = matches!(refused, Err(CommitError::Store(StoreError::Closed)));
        assert!(closed, "{refused:?}");
        assert!(store.load(&session(SESSIONS).0).unwrap().is_some());
        store.close();
    }

    async fn closing_takes_the_steps_that_wait_and_answers_everybody(engine: Engine) {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(engine.open(dir.path()).unwrap());
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..200 {
            let store = Arc::clone(&store);
            writers.spawn(async move { (number, store.commit(create(number)).await) });
        }
        let first = writers.join_next().await.unwrap().unwrap();
        store.close();
        let mut answers = writers.join_all().await;
        answers.push(first);
        for (number, answer) in answers {
            let stored = store.load(&session(number).0).unwrap().is_some();
            match answer {
                Ok(()) => assert!(stored, "{number} is confirmed and gone"),
                Err(CommitError::Store(StoreError::Closed)) => assert!(!stored, "{number}"),
                Err(error) => panic!("{number}: {error}"),
            }
        }
    }

    async fn steps_that_wait_together_reach_the_disk_together(engine: Engine) {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(engine.open(dir.path()).unwrap());
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..400 {
            let store = Arc::clone(&store);
            writers.spawn(async move { store.commit(create(number % 300)).await });
        }
        let answers = writers.join_all().await;
        let taken = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(taken, 300);
        let metrics = store.metrics();
        assert_eq!(
            (metrics.commits, metrics.refused, metrics.failed),
            (300, 100, 0)
        );
        assert!(metrics.batches < metrics.commits, "{metrics:?}");
        assert!(1 < metrics.largest_batch, "{metrics:?}");
        assert!(300_000 < metrics.bytes, "{metrics:?}");
        assert!(!metrics.sync.is_zero(), "{metrics:?}");
    }

    async fn one_process_uses_a_directory_at_a_time(engine: Engine) {
        let dir = tempfile::tempdir().unwrap();
        let first = engine.open(dir.path()).unwrap();
        let second = engine.open(dir.path()).unwrap_err();
        assert!(matches!(second, StoreError::InUse(_)), "{second}");
        let path = dir.path().display().to_string();
        assert!(second.to_string().contains(&path), "{second}");
        first.commit(create(1)).await.unwrap();
        drop(first);
        engine.open(dir.path()).unwrap();
    }

    async fn the_files_of_another_engine_are_not_passed_over(engine: Engine) {
        let dir = filled(engine).await;
        for other in Engine::ALL.into_iter().filter(|other| *other != engine) {
            let error = other.open(dir.path()).unwrap_err();
            assert!(matches!(error, StoreError::OtherEngine { .. }), "{error:?}");
            let name = format!("{engine:?}").to_lowercase();
            assert!(error.to_string().contains(&format!("store = \"{name}\"")), "{error}");
        }
        assert_filled(&engine.open(dir.path()).unwrap());
    }
}

/// A log that fails when it is told to, before or after the records are on the disk.
#[derive(Debug)]
struct Failing {
    log: Arc<dyn Log>,
    before: Arc<AtomicBool>,
    after: Arc<AtomicBool>,
}

impl Log for Failing {
    fn write(&self, records: Vec<Record>) -> Result<(), StoreError> {
        if self.before.load(Ordering::Relaxed) {
            return Err(StoreError::Failed("no space left on device".to_owned()));
        }
        self.log.write(records)?;
        if self.after.load(Ordering::Relaxed) {
            return Err(StoreError::Failed("input/output error".to_owned()));
        }
        Ok(())
    }

    fn contents(&self) -> Contents {
        self.log.contents()
    }

    fn close(&self) {
        self.log.close();
    }
}

#[tokio::test]
async fn after_a_failed_write_nothing_is_written_until_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let flags = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let [before, after] = flags.clone();
    for (failing, survives) in flags.into_iter().zip([false, true]) {
        let (before, after) = (Arc::clone(&before), Arc::clone(&after));
        let wrap = |log| Arc::new(Failing { log, before, after }) as _;
        let store = LogStore::open_with(dir.path(), wrap).unwrap();
        let old = u32::from(survives) * 10;
        store.commit(create(old)).await.unwrap();
        failing.store(true, Ordering::Relaxed);
        let refused = store.commit(create(old + 1)).await.unwrap_err();
        assert!(
            refused.to_string().contains("until the next start"),
            "{refused}"
        );
        // The disk works again, and nobody knows what is on it.
        failing.store(false, Ordering::Relaxed);
        let refused = store.commit(create(old + 2)).await.unwrap_err();
        assert!(
            matches!(refused, CommitError::Store(StoreError::Stopped(_))),
            "{refused}"
        );
        for (number, stored) in [(old, true), (old + 1, false), (old + 2, false)] {
            let found = store.load(&session(number).0).unwrap();
            assert_eq!(found.is_some(), stored, "{number}");
        }
        assert_eq!((store.metrics().commits, store.metrics().failed), (1, 2));
        drop(store);
        let reopened = LogStore::open(dir.path()).unwrap();
        assert!(reopened.load(&session(old).0).unwrap().is_some());
        // It was on the disk before its writer was told that it was not.
        assert_eq!(
            reopened.load(&session(old + 1).0).unwrap().is_some(),
            survives
        );
        assert!(reopened.load(&session(old + 2).0).unwrap().is_none());
        assert_eq!(reopened.verify().unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn verification_compares_memory_with_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let store = LogStore::open(dir.path()).unwrap();
    store.commit(create(1)).await.unwrap();
    assert_eq!(store.verify().unwrap(), Vec::<String>::new());
    let folder = dir.path().join("convoke.log");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    let mut content = std::fs::read(file.path()).unwrap();
    let last = content.len() - 1;
    content[last] ^= 1;
    std::fs::write(file.path(), content).unwrap();
    let findings = store.verify().unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding.contains("damaged or gone")),
        "{findings:?}"
    );
    assert!(
        findings
            .iter()
            .any(|finding| finding.contains("not in the log")),
        "{findings:?}"
    );
}
