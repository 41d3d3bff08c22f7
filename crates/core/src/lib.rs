//! The rules of the session directory, as pure functions.
//!
//! Everything here is values in, values out: no I/O, no clock, no randomness.
//! Time comes in as `now`, identifiers as [`entropy::Entropy`], the outside world as facts.
//!
//! - [`session::settle`] lets time pass, [`session::apply`] applies one write,
//!   [`session::lose`] ends connections.
//! - [`session::taps`] says who is told of a change, and of which.
//! - [`contract`] turns wire documents into changes and sessions into wire documents.
//! - [`handle`] holds the rules of handles and what each grants.
//! - [`activity`] holds the rules of activities without a session.
//! - [`filter`] is the language in which search handles are asked for; [`browse`] finds them.
//! - [`recent_players`] is whom users have met in play.
//! - [`rate_limit`] counts requests in the two windows that the services document.

#![warn(missing_docs)]

pub mod activity;
pub mod browse;
pub mod caller;
pub mod contract;
pub mod entropy;
pub mod filter;
pub mod handle;
pub mod index;
pub mod limits;
pub mod people;
pub mod privacy;
pub mod rate_limit;
pub mod recent_players;
pub mod refusal;
pub mod session;
pub mod template;
pub mod token_bucket;

pub use caller::{Caller, User};
pub use entropy::Entropy;
pub use refusal::{Refusal, Rule};
pub use session::{Member, MemberState, Session};
