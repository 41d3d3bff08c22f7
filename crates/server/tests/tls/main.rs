//! The listener as its clients meet it: real sockets, real handshakes, a clock that tests move.
//!
//! Not here: what requests do (the tests of the directory). Nothing waits for real time.

mod certificates;
mod client;
#[path = "../support/waiting_clock.rs"]
mod clock;
#[path = "../support/log.rs"]
mod log;
mod service;

mod files;
mod handshakes;
mod reload;
mod services;
mod slow;
mod strangers;
