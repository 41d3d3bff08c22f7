//! What travels: JSON documents, identifiers, headers and URIs of the session directory.
//!
//! Types here mirror the JSON and decide nothing; the rules are in `convoke-core`.
//! Documents serialise without absent fields: a `null` never leaves the service.

#![warn(missing_docs)]

pub mod contract;
pub mod etag;
pub mod handle;
pub mod headers;
pub mod ids;
pub mod inbox;
pub mod json;
pub mod json_patch;
pub mod multiplayer_activity;
pub mod notification;
pub mod patch;
pub mod people;
pub mod privacy;
pub mod profile;
pub mod raw;
pub mod rta;
pub mod session;
pub mod template;
pub mod throttle;
pub mod time;
pub mod uri;

pub use contract::ContractVersion;
pub use ids::{
    HandleId, Sandbox, Scid, SessionKey, SessionName, SessionRef, TemplateName, TitleId, Xuid,
};
pub use patch::Field;
pub use raw::RawJson;
