//! The rules of the session directory, scenario by scenario: JSON in, JSON out.

mod access;
mod activities;
mod browse;
mod change_types;
mod connections;
mod contract_versions;
mod creation;
mod departures;
mod encounters;
mod filters;
mod handles;
mod initialization;
mod laws;
mod members;
mod notices;
mod own_properties;
mod privacy;
mod properties;
mod rate_limit;
mod recent_players;
mod roles_owners;
mod server_candidates;
mod support;
mod taps;
mod templates;
mod timeouts;
