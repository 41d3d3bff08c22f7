//! The session directory as its clients see it: HTTP to the real router, on each store.
//!
//! Not here: rules tested without HTTP (they are beside the code). Nothing waits for real time.

mod document;
mod fixtures;
mod json;
mod player;
#[macro_use]
mod world;

mod session_access;
mod session_bad_bodies;
mod session_clients;
mod session_clients_constants;
mod session_clients_properties;
mod session_combinations;
mod session_constants;
mod session_create;
mod session_elements;
mod session_headers;
mod session_identity;
mod session_laws;
mod session_member_bodies;
mod session_members;
mod session_merge;
mod session_owners;
mod session_preconditions;
mod session_reservations;
mod session_roles;
mod session_statuses;
mod session_templates;
mod session_timers;
mod session_walks;
