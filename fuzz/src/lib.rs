//! What must hold for any bytes, one function for each target of the fuzzer.
//!
//! The fuzzer looks for bytes for which a function panics or takes long; the tests of the server run
//! the same functions over the checked-in corpus. Not here: any way of making bytes.

mod activities;
mod bodies;
mod credentials;
mod files;
mod filters;
mod frames;
mod query_strings;
mod refusals;
mod requests;
mod service;
mod signatures;
mod uris;

pub use activities::{activity_body, set_activity};
pub use bodies::{handle_body, handle_query, session_body};
pub use credentials::{authorization, token};
pub use files::{configuration, service_file, template};
pub use filters::filter;
pub use frames::real_time_frame;
pub use query_strings::query_string;
pub use requests::request;
pub use signatures::signature;
pub use uris::path;

/// A function that panics when something does not hold for the bytes.
pub type Target = fn(&[u8]);

/// Every target by the name of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("activity_body", activity_body),
    ("authorization", authorization),
    ("configuration", configuration),
    ("filter", filter),
    ("handle_body", handle_body),
    ("handle_query", handle_query),
    ("path", path),
    ("query_string", query_string),
    ("real_time_frame", real_time_frame),
    ("request", request),
    ("service_file", service_file),
    ("session_body", session_body),
    ("set_activity", set_activity),
    ("signature", signature),
    ("template", template),
    ("token", token),
];
