//! Where sessions, handles and the people graph are kept.
//!
//! One trait, [`Store`]; nothing in it knows a rule of the directory.

#![warn(missing_docs)]

pub mod codec;
mod derived;
pub mod memory;
mod metrics;
mod queue;
mod shape;
pub mod sqlite;
mod state;
pub mod store;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use memory::MemoryStore;
pub use metrics::Metrics;
pub use sqlite::SqliteStore;
pub use store::{
    AnyStore, Commit, CommitError, HandleOp, PeopleOp, SessionWrite, Store, StoreError, Version,
};
