//! `roleTypes`: kinds of roles, the roles in them, and who holds them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::constants::word_enum;
use crate::ids::Xuid;

/// Role types by name.
pub type RoleTypes = IndexMap<String, RoleType>;

/// One kind of role; a member holds at most one role of each type. `[doc]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RoleType {
    /// Whether only owners assign it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_managed: Option<bool>,
    /// Settings that may change after creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutable_role_settings: Option<Vec<RoleSetting>>,
    /// The roles by name.
    pub roles: IndexMap<String, Role>,
}

word_enum! {
    /// A setting of a role.
    RoleSetting {
        /// How many may hold it.
        Max = "max",
        /// How many should hold it.
        Target = "target",
    }
}

/// One role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Role {
    /// How many may hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// How many should hold it; never enforced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<u32>,
    /// How many hold it; only in answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Who holds it; only in answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_xuids: Option<Vec<Xuid>>,
}
