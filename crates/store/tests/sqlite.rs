//! The store in a file passes the suite.

use std::cell::RefCell;

use convoke_store::{SqliteStore, conformance};

#[tokio::test(flavor = "multi_thread")]
async fn the_sqlite_store_conforms() {
    let directories = RefCell::new(Vec::new());
    conformance::run_all(|| {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        directories.borrow_mut().push(dir);
        store
    })
    .await;
}
