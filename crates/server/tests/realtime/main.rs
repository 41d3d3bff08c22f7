//! Real time as its clients meet it: a listener, sockets, and a clock that tests move.
//!
//! | examples of the specification | where |
//! |---|---|
//! | h75, h76 | `opening.rs` |
//! | h77 to h81 | `frames.rs` |
//! | h82 to h86, h90 to h92, h94, h95 | `taps.rs` |
//! | h40, h41, h101 | `invitations.rs` |
//! | h99 | `activity_invites.rs` |
//! | h87 to h89, h93, e79 | `losses.rs` |
//! | c24 of people and privacy | `people.rs` |
//!
//! `story.rs` tells h82 and h88 in one, by the client SDK. What hostile clients do is in `hostile.rs`. Not here: who is tapped by which change, and frames
//! letter by letter, which are tested where they are decided. Nothing waits for real time.

mod client;
#[path = "../support/waiting_clock.rs"]
mod clock;
#[expect(dead_code, reason = "one of two is enough here")]
#[path = "../../../client/tests/client/environment.rs"]
mod environment;
mod service;

mod activity_invites;
mod changes;
mod encounters;
mod frames;
mod hostile;
mod invitations;
mod losses;
mod opening;
mod people;
mod story;
mod taps;
