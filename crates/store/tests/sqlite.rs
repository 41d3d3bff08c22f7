//! The store in one SQLite file knows its own file from any other.

#![expect(clippy::unwrap_used, reason = "a panic is the report of a test")]

#[path = "support/sessions.rs"]
mod sessions;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use convoke_core::index::{self, IndexEntry};
use convoke_core::people::Follow;
use convoke_core::privacy::{Listing, PrivateList};
use convoke_core::recent_players::{Encounter, Meetings, RecentPlayersKey};
use convoke_store::codec::{self, Encoded};
use convoke_store::{Commit, PeopleOp, PlayOp, SqliteStore, Store, StoreError};
use convoke_wire::multiplayer_activity::EncounterType;
use convoke_wire::{Sandbox, TitleId, Xuid};
use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use sessions::{SESSIONS, assert_filled, create, fill, session};

/// A store with sessions in it, closed.
async fn filled() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    fill(&store).await;
    drop(store);
    let file = dir.path().join("convoke.db");
    (dir, file)
}

#[tokio::test]
async fn a_closed_store_leaves_one_file_and_no_log() {
    let (dir, file) = filled().await;
    let mut names: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["convoke.db", "convoke.lock"]);
    assert!(0 < fs::metadata(file).unwrap().len());
}

/// Opening must fail, in words that say why, and leave the file as it was.
fn assert_refused(dir: &Path, words: &str) -> StoreError {
    let file = dir.join("convoke.db");
    let before = fs::read(&file).unwrap();
    let error = SqliteStore::open(dir).unwrap_err();
    assert!(
        error.to_string().contains(words),
        "expected `{words}`: {error}"
    );
    assert_eq!(fs::read(&file).unwrap(), before, "the file was changed");
    error
}

fn assert_damaged(dir: &Path, words: &str) {
    let error = assert_refused(dir, words);
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}

/// A directory whose data file has the given content.
fn with_file(content: &[u8]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("convoke.db"), content).unwrap();
    dir
}

#[test]
fn files_of_others_are_refused() {
    assert_damaged(with_file(b"").path(), "only 0 bytes long");
    assert_damaged(with_file(b"hello\n").path(), "only 6 bytes long");
    let text = "a text file, and a long one\n".repeat(100);
    assert_damaged(with_file(text.as_bytes()).path(), "not an SQLite file");

    let dir = tempfile::tempdir().unwrap();
    let foreign = Connection::open(dir.path().join("convoke.db")).unwrap();
    foreign
        .execute_batch("CREATE TABLE mine (id INTEGER); INSERT INTO mine VALUES (1)")
        .unwrap();
    drop(foreign);
    assert_damaged(dir.path(), "another program");
}

#[tokio::test]
async fn a_newer_file_is_refused_and_said_to_be_newer() {
    let (dir, file) = filled().await;
    let conn = Connection::open(&file).unwrap();
    conn.pragma_update(None, "user_version", 7).unwrap();
    conn.pragma_update(None, "journal_mode", "delete").unwrap();
    drop(conn);
    let error = assert_refused(dir.path(), "format 7");
    assert!(
        matches!(error, StoreError::TooNew { found: 7, known: 5 }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_file_of_the_first_version_is_brought_up_to_date() {
    let (dir, file) = filled().await;
    let edge = Follow {
        owner: Xuid(1),
        target: Xuid(2),
        favorite: true,
        added_at: Timestamp::UNIX_EPOCH,
    };
    let conn = Connection::open(&file).unwrap();
    put_together(&conn);
    conn.execute_batch(
        "DROP TABLE private_lists; DROP TABLE privacy_settings; DROP INDEX follows_by_target;
         DROP TABLE activities; DROP TABLE recent_players;
         INSERT INTO follows (owner, target, favorite, added_at) VALUES ('1', '2', 1, 0)",
    )
    .unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
    conn.close().unwrap();
    for _ in 0..2 {
        let store = SqliteStore::open(dir.path()).unwrap();
        assert_filled(&store);
        assert_eq!(store.followers(Xuid(2), 10).unwrap(), [edge]);
        let block = Listing {
            list: PrivateList::Blocked,
            owner: Xuid(1),
            target: Xuid(3),
            added_at: Timestamp::UNIX_EPOCH,
        };
        let commit = Commit {
            people: vec![PeopleOp::List(block)],
            ..Commit::default()
        };
        store.commit(commit).await.unwrap();
        assert_eq!(
            store.listed(PrivateList::Blocked, Xuid(1)).unwrap(),
            [block]
        );
        assert_eq!(store.verify().unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_file_of_the_second_version_is_brought_up_to_date_and_keeps_its_lists() {
    let (dir, file) = filled().await;
    let conn = Connection::open(&file).unwrap();
    put_together(&conn);
    conn.execute_batch(
        "DROP TABLE activities; DROP TABLE recent_players;
         INSERT INTO private_lists (list, owner, target, added_at) VALUES ('muted', '1', '2', 0)",
    )
    .unwrap();
    conn.pragma_update(None, "user_version", 2).unwrap();
    conn.close().unwrap();
    let met = Meetings {
        key: RecentPlayersKey {
            sandbox: Sandbox::default(),
            owner: Xuid(1),
        },
        met: vec![Encounter {
            user: Xuid(2),
            title_id: TitleId(7),
            kind: EncounterType::Default,
            met: Timestamp::UNIX_EPOCH,
        }],
    };
    for _ in 0..2 {
        let store = SqliteStore::open(dir.path()).unwrap();
        assert_filled(&store);
        let muted = store.is_listed(PrivateList::Muted, Xuid(1), Xuid(2));
        assert!(muted.unwrap());
        let meetings = Arc::new(met.clone());
        let now = Timestamp::UNIX_EPOCH;
        let commit = Commit {
            play: vec![PlayOp::Meet { meetings, now }],
            ..Commit::default()
        };
        store.commit(commit).await.unwrap();
        let found = store.recent_players(&met.key).unwrap();
        assert_eq!(found.map(|list| list.met.clone()), Some(met.met.clone()));
        assert_eq!(store.verify().unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_file_of_the_third_version_has_the_members_of_large_sessions_stored_apart() {
    let (dir, file) = filled().await;
    let conn = Connection::open(&file).unwrap();
    put_together(&conn);
    conn.pragma_update(None, "user_version", 3).unwrap();
    conn.close().unwrap();
    for _ in 0..2 {
        let store = SqliteStore::open(dir.path()).unwrap();
        assert_filled(&store);
        let entry = IndexEntry::Member(Xuid(31));
        let found = store.find(&Sandbox::default(), &entry, 9).unwrap();
        assert_eq!(found, [session(3).0]);
    }
    let conn = Connection::open(&file).unwrap();
    let count = |sql| conn.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!(
        count("SELECT count(*) FROM session_members"),
        SESSIONS / 3 * 3
    );
    let whole = "SELECT count(*) FROM sessions WHERE body LIKE '%\"xuid\"%'";
    assert_eq!(count(whole), 0);
}

/// Has large sessions as versions before the fourth had them: whole in one row.
fn put_together(conn: &Connection) {
    for number in (0..SESSIONS).step_by(3) {
        let (key, session) = session(number);
        let entries = index::entries(&session);
        let entries: Vec<String> = entries.iter().map(IndexEntry::to_text).collect();
        let entries = serde_json::to_string(&entries).unwrap();
        let Encoded { text, checksum } = codec::encode_session(&session).unwrap();
        let sql = "UPDATE sessions SET entries = ?2, body = ?3, checksum = ?4 WHERE key = ?1";
        let changed = conn.execute(sql, (key.folded(), entries, text, checksum));
        assert_eq!(changed.unwrap(), 1);
    }
    conn.execute_batch("DROP TABLE session_members").unwrap();
}

#[tokio::test]
async fn a_log_without_its_file_is_not_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("convoke.db-wal"), "confirmed writes").unwrap();
    let error = SqliteStore::open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("convoke.db-wal"), "{error}");
    assert!(!dir.path().join("convoke.db").exists());
}

#[tokio::test]
async fn an_interrupted_first_start_is_no_obstacle() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("convoke.db-new"), "half a fi").unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    store.commit(create(1)).await.unwrap();
    assert!(!dir.path().join("convoke.db-new").exists());
}

#[tokio::test]
async fn a_truncated_file_is_refused() {
    let (dir, file) = filled().await;
    let whole = fs::read(&file).unwrap();
    for length in [whole.len() - 1, whole.len() / 2, 4096, 100, 99, 1] {
        fs::write(&file, &whole[..length]).unwrap();
        assert_damaged(dir.path(), "damaged");
    }
    fs::write(&file, &whole).unwrap();
    assert_filled(&SqliteStore::open(dir.path()).unwrap());
}

#[tokio::test]
async fn a_damaged_header_is_refused() {
    let (dir, file) = filled().await;
    let whole = fs::read(&file).unwrap();
    // Name of the format, page size, file formats, payload fractions, application, version.
    for at in [0, 15, 16, 21, 22, 23, 68, 71] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        fs::write(&file, &damaged).unwrap();
        assert_damaged(dir.path(), "damaged");
    }
}

/// Every page, at its beginning and within: the damage is refused at once or harmless.
#[tokio::test]
async fn damage_in_a_page_is_an_error_and_never_a_wrong_answer() {
    let (dir, file) = filled().await;
    let whole = fs::read(&file).unwrap();
    let mut refused = 0;
    for page in 0..whole.len() / 4096 {
        for offset in [0, 3, 5, 9, 700, 2_500, 4_090] {
            let mut damaged = whole.clone();
            damaged[page * 4096 + offset] ^= 0x15;
            fs::write(&file, &damaged).unwrap();
            let store = match SqliteStore::open(dir.path()) {
                Ok(store) => store,
                Err(StoreError::Corrupt(_) | StoreError::TooNew { .. }) => {
                    assert_eq!(fs::read(&file).unwrap(), damaged, "the file was changed");
                    refused += 1;
                    continue;
                }
                Err(error) => panic!("page {page}, byte {offset}: {error:?}"),
            };
            for number in 0..SESSIONS {
                let (key, session) = session(number);
                match store.load(&key) {
                    Ok(found) => assert_eq!(found.as_deref(), Some(&session)),
                    Err(StoreError::Corrupt(_)) => refused += 1,
                    Err(error) => panic!("page {page}, byte {offset}: {error:?}"),
                }
            }
        }
    }
    assert!(
        whole.len() / 4096 < refused,
        "only {refused} damages were noticed"
    );
}

#[tokio::test]
async fn verification_names_what_does_not_fit() {
    let check = async |sql: &str, words: &str| {
        let (dir, file) = filled().await;
        let conn = Connection::open(file).unwrap();
        assert!(0 < conn.execute(sql, []).unwrap(), "{sql}");
        drop(conn);
        let store = SqliteStore::open(dir.path()).unwrap();
        let findings = store.verify().unwrap();
        let found = findings.iter().any(|finding| finding.contains(words));
        assert!(found, "{sql}: expected `{words}` in {findings:#?}");
    };
    let one = "WHERE key LIKE '%session-7'";
    check(
        &format!("DELETE FROM session_index {one}"),
        "not found by keyword:fun",
    )
    .await;
    check(
        &format!("DELETE FROM sessions {one}"),
        "the session is gone or has it not",
    )
    .await;
    check(
        &format!("UPDATE sessions SET next_timer = 5 {one}"),
        "the timer is",
    )
    .await;
    check(
        &format!("UPDATE sessions SET next_timer = NULL {one}"),
        "unset",
    )
    .await;
    check(
        &format!("UPDATE sessions SET entries = '[]' {one}"),
        "not found by keyword:fun",
    )
    .await;
    check(
        &format!("UPDATE sessions SET entries = '[\"keyword:odd\",\"keyword:fun\"]' {one}"),
        "its list of index entries",
    )
    .await;
    check(
        &format!("UPDATE sessions SET name = 'other' {one}"),
        "another name",
    )
    .await;
    check(
        &format!("UPDATE sessions SET change_number = 9 {one}"),
        "does not fit",
    )
    .await;
    check(
        &format!("UPDATE sessions SET body = replace(body, 'xx', 'xy') {one}"),
        "checksum",
    )
    .await;
    check(
        "INSERT INTO handle_keys VALUES ('search~x', 'y')",
        "its handle is gone",
    )
    .await;
    check(
        "INSERT INTO activities VALUES ('retail~1~7', 5, 5, '{}')",
        "activity retail~1~7: ",
    )
    .await;
    check(
        "INSERT INTO recent_players VALUES ('retail~1', 5, 5, '{}')",
        "recent players retail~1: ",
    )
    .await;
}

#[tokio::test]
async fn an_operator_can_query_the_file_with_sql() {
    let (_dir, file) = filled().await;
    let conn = Connection::open(file).unwrap();
    let sql = "SELECT count(*) FROM sessions
               WHERE body ->> '$.document.properties.keywords[0]' = 'fun' AND name = 'session-7'";
    let count: u32 = conn.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}
