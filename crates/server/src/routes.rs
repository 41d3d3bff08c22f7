//! Handlers, one file per family of addresses: authenticate, convert, one call, render.

pub mod handle_queries;
pub mod handle_session;
pub mod handles;
pub mod operations;
pub mod people;
pub mod query_string;
pub mod session_parts;
pub mod sessions;
pub mod templates;
