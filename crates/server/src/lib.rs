//! Placeholder.

pub mod auth;
pub mod issuer;
