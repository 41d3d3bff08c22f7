//! Traces as a collector receives them: real sockets, and the messages of the protocol decoded.
//!
//! Nothing waits for time: what is left is sent when sending ends, and that is when tests look.

mod collector;
mod service;

mod bounds;
mod headers;
mod spans;
