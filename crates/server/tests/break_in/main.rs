//! Attempts to break in over a real socket, byte for byte as an attacker would send them.
//!
//! | attempt | where |
//! |---|---|
//! | forged, truncated and foreign tokens; confusion of algorithms; acting for others | `credentials.rs`, and rule by rule in `../auth_tokens/attacks.rs`, `../directory/auth_tokens.rs` |
//! | another sandbox, title or audience; a service without its role | `credentials.rs`, `../directory/auth_access.rs` |
//! | two readings of where a request ends | `smuggling.rs` |
//! | oversize heads, other protocols and versions, `Host` | `heads.rs` |
//! | tricks with paths | `targets.rs`, `../directory/auth_paths.rs` |
//! | line breaks in names, on their way into headers | `names.rs` |
//! | bodies that grow, nest, repeat or lie about their length | `bodies.rs`, `../directory/auth_limits.rs` |
//!
//! Every attempt ends with [`service::Service::assert_untouched`]: nothing has changed.
//! Not here: what a name of the wire means (`../directory`), and anything that waits.

mod bodies;
mod credentials;
#[path = "../support/fixed.rs"]
mod fixed;
mod heads;
mod names;
mod service;
mod smuggling;
mod socket;
mod targets;
