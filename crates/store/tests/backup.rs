//! Copies of a store that is in use, made as `docs/operations.md` says, open and are whole.

#![expect(clippy::unwrap_used, reason = "a panic is the report of a test")]

#[path = "support/sessions.rs"]
mod sessions;

use std::fs;
use std::path::Path;

use convoke_store::{LogStore, SqliteStore, Store};
use rusqlite::Connection;

use sessions::{SESSIONS, assert_filled, create, fill, session};

/// The copy has what the store had then, and is written on like any other.
async fn assert_goes_on(copy: &impl Store) {
    assert_filled(copy);
    copy.commit(create(SESSIONS)).await.unwrap();
    let (key, session) = session(SESSIONS);
    assert_eq!(copy.load(&key).unwrap().as_deref(), Some(&session));
    assert_eq!(copy.verify().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_database_is_copied_while_it_is_used() {
    let (dir, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = SqliteStore::open(dir.path()).unwrap();
    fill(&store).await;
    let other = Connection::open(dir.path().join("convoke.db")).unwrap();
    let target = copied.path().join("convoke.db");
    let target = target.to_str().unwrap();
    other.execute("VACUUM INTO ?1", [target]).unwrap();
    drop(other);
    // The original goes on, and the copy does not hear of it.
    store.commit(create(SESSIONS + 1)).await.unwrap();
    let copy = SqliteStore::open(copied.path()).unwrap();
    assert_goes_on(&copy).await;
    assert_eq!(store.verify().unwrap(), Vec::<String>::new());
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a_log_is_copied_while_it_is_used() {
    let (dir, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = LogStore::open(dir.path()).unwrap();
    fill(&store).await;
    copy_files(
        &dir.path().join("convoke.log"),
        &copied.path().join("convoke.log"),
    );
    store.commit(create(SESSIONS + 1)).await.unwrap();
    let copy = LogStore::open(copied.path()).unwrap();
    assert_goes_on(&copy).await;
}

/// A copy that was made in the middle of a write ends within it; what was confirmed is there.
#[tokio::test]
async fn a_log_that_is_copied_within_a_write_lacks_that_write_only() {
    let (dir, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = LogStore::open(dir.path()).unwrap();
    fill(&store).await;
    store.commit(create(SESSIONS + 1)).await.unwrap();
    let (from, to) = (
        dir.path().join("convoke.log"),
        copied.path().join("convoke.log"),
    );
    copy_files(&from, &to);
    let newest = fs::read_dir(&to)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let newest = newest.max().unwrap();
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() - 100]).unwrap();
    let copy = LogStore::open(copied.path()).unwrap();
    assert_goes_on(&copy).await;
}
