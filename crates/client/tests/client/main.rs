//! The client as its users meet it: against the service itself, and against a server that speaks
//! only the original contract.
//!
//! Nothing waits for real time: the service's clock and the client's are moved by tests.

#[expect(dead_code, reason = "nothing here waits for the clock")]
#[path = "../../../server/tests/support/waiting_clock.rs"]
mod clock;
mod environment;
mod script;
mod service;

mod handles;
mod original;
mod retries;
mod sessions;
mod tokens;
