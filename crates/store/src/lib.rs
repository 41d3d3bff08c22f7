//! Where sessions, handles, activities and the people graph are kept.
//!
//! One trait, [`Store`]; nothing in it knows a rule of the directory.

#![warn(missing_docs)]

mod apart;
mod append_log;
mod batch_writer;
pub mod codec;
mod derived;
mod draft;
mod ending;
mod lock;
pub mod log;
mod log_store;
pub mod memory;
mod metrics;
mod queue;
mod shape;
pub mod sqlite;
mod state;
mod step;
pub mod store;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use log_store::LogStore;
pub use memory::MemoryStore;
pub use metrics::{BATCH_BOUNDS, Metrics};
pub use sqlite::SqliteStore;
pub use store::{
    AnyStore, Commit, CommitError, HandleOp, PeopleOp, PlayOp, SessionWrite, Store, StoreError,
    Version,
};
