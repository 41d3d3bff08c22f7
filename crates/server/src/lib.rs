//! Placeholder.

pub mod auth;
pub mod issuer;
pub mod service_configs;
