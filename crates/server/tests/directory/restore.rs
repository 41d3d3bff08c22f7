//! After a backup was put back: every session has another branch, and is otherwise as it was.

use convoke_server::config::{Config, StoreChoice};
use convoke_server::data_folder::give_new_branches;
use serde_json::{Value, json};

use crate::fixed::TestEntropy;
use crate::fixtures::{A, B, active, custom, leave, reserve, session};
use crate::world::{StoreKind, World};

/// What is the same before and after.
fn without_branch(document: &Value) -> Value {
    let mut document = document.clone();
    let fields = document.as_object_mut().expect("an object");
    assert!(fields.remove("branch").is_some());
    document
}

async fn every_session_has_another_branch(store: StoreKind) {
    let w = World::new(store).await;
    let (a, b) = (w.user(A).await, w.user(B).await);
    let paths = [
        session("open", "one"),
        session("big", "large"),
        session("keep", "empty"),
        session("open", "reserved"),
    ];
    for path in &paths {
        a.put(path, active()).await.expect(201);
    }
    b.put(&paths[1], active()).await.expect(200);
    a.put(&paths[2], leave()).await.expect(200);
    a.put(&paths[3], reserve(&[B])).await.expect(200);
    let server = w.server().await;
    let mut before = Vec::new();
    for path in &paths {
        let answer = server.get(path).await.expect(200);
        before.push((answer.json(), answer.etag()));
    }

    let (w, count) = w.restart_restored().await;
    assert_eq!(count, paths.len());
    assert_eq!(w.app().verify_store().expect("an answer"), [""; 0]);
    let server = w.server().await;
    for (path, (old, etag)) in paths.iter().zip(&before) {
        let answer = server.get(path).await.expect(200);
        let new = answer.json();
        assert_ne!(new["branch"], old["branch"], "{path}");
        assert_eq!(without_branch(&new), without_branch(old), "{path}");
        assert_ne!(&answer.etag(), etag, "{path}");
        // Whoever has kept the tag from before does not overwrite what they have not seen.
        let write = server.request("PUT", path).header("If-Match", etag);
        let write = write.json(custom(json!({"a": 1}))).send().await;
        assert_eq!(write.status, 412, "{}", write.text());
    }
    // Timers go on: the empty session and the reservation end when they would have.
    w.advance(120_000).await;
    let server = w.server().await;
    server.get(&paths[2]).await.expect_empty(204);
    let members = server.get(&paths[3]).await.expect(200).json();
    assert_eq!(members["membersInfo"]["count"], 1);
    // And after all that they are restored once more.
    let (w, count) = w.restart_restored().await;
    assert_eq!(count, paths.len() - 1);
    let again = w.server().await.get(&paths[0]).await.expect(200).json();
    assert_ne!(again["branch"], before[0].0["branch"]);
    assert_eq!(w.app().verify_store().expect("an answer"), [""; 0]);
}

#[tokio::test]
async fn every_session_of_a_restored_database_has_another_branch() {
    every_session_has_another_branch(StoreKind::Sqlite).await;
}

#[tokio::test]
async fn every_session_of_a_restored_log_has_another_branch() {
    every_session_has_another_branch(StoreKind::Log).await;
}

#[tokio::test]
async fn new_branches_need_a_data_folder_that_nobody_uses() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = async |config: &Config| {
        let error = give_new_branches(config, &TestEntropy::default()).await;
        format!("{:#}", error.expect_err("refused"))
    };
    let mut config = Config {
        data: folder.path().join("data"),
        ..Config::default()
    };
    let missing = refused(&config).await;
    assert!(missing.starts_with("there is no data folder "), "{missing}");
    assert!(!config.data.exists());
    config.store = StoreChoice::Memory;
    assert_eq!(
        refused(&config).await,
        "sessions in memory are not restored"
    );
    // A folder without a store of the kind gets none.
    std::fs::create_dir(&config.data).expect("a folder");
    for store in [StoreChoice::Sqlite, StoreChoice::Log] {
        config.store = store;
        let absent = refused(&config).await;
        assert!(
            absent.starts_with("there is no store of this kind in "),
            "{absent}"
        );
        let entries = std::fs::read_dir(&config.data).expect("a folder");
        assert_eq!(entries.count(), 0);
    }
    config.store = StoreChoice::Sqlite;
    let server = convoke_store::SqliteStore::open(&config.data).expect("a store");
    let used = refused(&config).await;
    assert!(used.contains("in use"), "{used}");
    drop(server);
    let done = give_new_branches(&config, &TestEntropy::default()).await;
    assert_eq!(done.expect("an empty store"), 0);
    config.store = StoreChoice::Log;
    let other = refused(&config).await;
    assert!(other.ends_with("`store` is \"log\""), "{other}");
}
