//! The store in memory passes the suite.

use convoke_store::{MemoryStore, conformance};

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_store_conforms() {
    conformance::run_all(MemoryStore::new).await;
}
