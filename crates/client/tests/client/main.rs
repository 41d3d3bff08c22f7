//! The client as its users meet it: against the service itself, and against a server that speaks
//! only the original contract.
//!
//! Nothing waits for real time: the service's clock and the client's are moved by tests.

#[path = "../../../server/tests/support/waiting_clock.rs"]
mod clock;
mod environment;
mod far_end;
mod script;
mod service;
mod wire;

mod access;
mod activities;
mod examples;
mod frames;
mod handles;
mod original;
mod realtime;
mod retries;
mod sessions;
mod tokens;
