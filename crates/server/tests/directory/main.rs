//! The session directory as its clients see it: HTTP to the real router, on each store.
//!
//! Not here: rules tested without HTTP (they are beside the code). Nothing waits for real time.

mod document;
#[path = "../support/fixed.rs"]
mod fixed;
mod fixtures;
mod json;
#[path = "../support/log.rs"]
mod log;
mod player;
mod signer;
#[macro_use]
mod world;

mod auth_access;
mod auth_http;
mod auth_issuer;
mod auth_limits;
mod auth_paths;
mod auth_signatures;
mod auth_steps;
mod auth_tokens;
mod client_readers;
mod clients_handles;
mod explain;
mod handle_steps;
mod handles_activity;
mod handles_activity_rules;
mod handles_elements;
mod handles_invite;
mod handles_invite_rules;
mod handles_lifecycle;
mod handles_put;
mod handles_query;
mod handles_query_rules;
mod handles_race;
mod handles_rules;
mod handles_search;
mod handles_session;
mod handles_transfer;
mod limits_addresses;
mod limits_cors;
mod limits_overload;
mod limits_rates;
mod limits_search;
mod limits_smartmatch;
mod operations_files;
mod operations_ids;
mod operations_logs;
mod operations_metrics;
mod operations_ready;
mod people;
mod people_elsewhere;
mod people_friends;
mod people_hub;
mod people_joins;
mod people_profiles;
mod people_race;
mod people_rules;
mod people_service;
mod privacy_effects;
mod privacy_lists;
mod privacy_permissions;
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
