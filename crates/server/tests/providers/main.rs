//! Identity providers, tried with a real OpenID provider in a process of its own.
//!
//! The provider is a Node program in `provider/`; `./test` installs what it needs. Without it these
//! tests are skipped, and say so, unless `CONVOKE_TEST_REQUIRE_NODE=1`.

#[path = "../support/fixed.rs"]
mod fixed;
mod provider;
mod world;

mod attacks;
mod exchange;
mod key_changes;
mod sign_in;
