//! `servers`: entries that services write. Their content is opaque here.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::Bags;
use crate::patch::present;
use crate::raw::RawJson;

/// A bag of fields that is kept as written.
pub type OpaqueBag = IndexMap<String, RawJson>;

/// One entry of `servers` in a request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerRequest {
    /// Fixed when the entry is created.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub constants: Option<Bags<OpaqueBag>>,
    /// Merged field by field.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub properties: Option<Bags<OpaqueBag>>,
}

/// One entry of `servers` in an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Fixed when the entry was created.
    pub constants: Bags<OpaqueBag>,
    /// What services change.
    pub properties: Bags<OpaqueBag>,
}
