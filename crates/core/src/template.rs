//! Templates: moulds that sessions are created from, validated when they are loaded.

use convoke_wire::session::roles::RoleTypes;
use convoke_wire::template::SessionTemplate;
use convoke_wire::{ContractVersion, Field};

use crate::limits::MAX_SESSION_CUSTOM_BYTES;
use crate::refusal::{Refusal, Rule};
use crate::session::constants::combinations;
use crate::session::constants::merge::{self, Prescribed};
use crate::session::{Custom, SharedConstants, roles};

/// A valid template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The document as it was written.
    pub document: SessionTemplate,
    /// Which defaults apply.
    pub contract: ContractVersion,
    /// The constants it prescribes, in the current spelling.
    pub prescribed: Prescribed,
    /// Those of a session whose creator adds none; shared by all such sessions.
    pub constants: SharedConstants,
    /// The role types it defines.
    pub role_types: Option<RoleTypes>,
}

impl Template {
    /// Checks a template document against every rule that can be judged without a session.
    pub fn new(document: SessionTemplate) -> Result<Self, Refusal> {
        let contract = ContractVersion::try_from(u64::from(document.contract_version))
            .map_err(|error| Rule::OutOfRange.at("contractVersion", error.to_string()))?;
        let system = match &document.constants.system {
            Field::Absent | Field::Null => {
                convoke_wire::session::constants::SystemConstants::default()
            }
            Field::Value(system) => merge::upgraded(system.clone(), "constants.system")?,
        };
        let custom = Custom::read(&document.constants.custom);
        let custom = custom.unwrap_or_default();
        if MAX_SESSION_CUSTOM_BYTES < custom.len() {
            let detail = format!("at most {MAX_SESSION_CUSTOM_BYTES} bytes");
            return Err(Rule::CustomTooLarge.at("constants.custom", detail));
        }
        let prescribed = Prescribed { system, custom };
        merge::check_ranges(&prescribed.system, "constants.system")?;
        let constants = merge::fill(&prescribed.system, &prescribed.custom, contract);
        combinations::check(&constants, document.role_types.as_ref())?;
        if let Some(types) = &document.role_types {
            roles::check_definitions(types)?;
        }
        Ok(Self {
            role_types: document.role_types.clone(),
            document,
            contract,
            prescribed,
            constants: constants.into(),
        })
    }
}
