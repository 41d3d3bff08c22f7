//! The HTTP service: routes, authentication, the one write path, and the timers.
//!
//! Rules are in `convoke-core`; this crate fetches what they need and carries out what they say.

pub mod addresses;
pub mod admission;
pub mod api_error;
pub mod app;
pub mod auth;
pub mod call;
pub mod caller;
pub mod clock;
pub mod commit;
mod commits;
pub mod config;
pub mod connections;
pub mod cors;
mod directory_entry;
pub mod edge;
pub mod edge_rule;
pub mod entropy;
pub mod exchange;
pub mod explain;
pub mod health;
pub mod hosts;
pub mod issuer;
pub mod live;
pub mod metrics;
pub mod parts;
pub mod preconditions;
pub mod rate_limits;
mod realtime;
mod recent;
pub mod reply;
pub mod request_ids;
pub mod route;
pub mod router;
pub mod routes;
pub mod service_configs;
pub mod shared;
pub mod signed;
mod tally;
pub mod telemetry;
pub mod timer_queue;
pub mod timers;
pub mod tls;
mod to_the_end;
mod traceparent;
mod trail;
