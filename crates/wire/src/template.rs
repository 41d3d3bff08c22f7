//! Session templates as files and as `GET …/sessiontemplates/{name}` answers them.

use serde::{Deserialize, Serialize};

use crate::ids::{Scid, TemplateName};
use crate::session::Bags;
use crate::session::constants::SystemConstants;
use crate::session::roles::RoleTypes;

/// A template: a session PUT restricted to constants and role types. `[doc]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionTemplate {
    /// Which defaults apply; 107 when missing.
    #[serde(default = "current_contract")]
    pub contract_version: u16,
    /// Moulds, not defaults: sessions cannot override them. `[doc]`
    pub constants: Bags<SystemConstants>,
    /// Role definitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_types: Option<RoleTypes>,
}

fn current_contract() -> u16 {
    107
}

/// One line of the template list. `Inferred:` the documents show another page's content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateListItem {
    /// The service configuration.
    pub scid: Scid,
    /// The template.
    pub template_name: TemplateName,
    /// The contract it is written in.
    pub contract_version: u16,
}
