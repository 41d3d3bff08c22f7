//! What travels: JSON documents, identifiers, headers and URIs of the session directory.
//!
//! Types here mirror the JSON and decide nothing; the rules are in `convoke-core`.

#![warn(missing_docs)]

pub mod ids;
