//! The contract version: which shape of the documents a request speaks.

use std::fmt;
use std::str::FromStr;

/// A contract version that the session directory speaks, `100 * major + minor`. `[doc]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractVersion(u16);

impl ContractVersion {
    /// The oldest version still understood.
    pub const V104: Self = Self(104);
    /// The last version with the grouped `timeouts` and `managedInitialization`.
    pub const V105: Self = Self(105);
    /// The current version.
    pub const V107: Self = Self(107);

    /// The number on the wire.
    pub fn number(self) -> u16 {
        self.0
    }

    /// True for the versions with the older document shapes (104 to 106).
    ///
    /// Inferred: 106 is mentioned nowhere; it is read as 105.
    pub fn is_legacy(self) -> bool {
        self.0 < 107
    }
}

impl fmt::Display for ContractVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a contract version is not spoken here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContractVersionError {
    /// Not a number at all.
    #[error("`{0}` is not an integer")]
    NotAnInteger(String),
    /// A number outside 104 to 107.
    #[error("version {0} is not supported; this service speaks 104 to 107")]
    Unsupported(u64),
    /// A number below 103, for matchmaking. `[doc]`
    #[error("version {0} is not supported; matchmaking takes 103 or later")]
    TooOld(u64),
}

impl TryFrom<u64> for ContractVersion {
    type Error = ContractVersionError;

    fn try_from(number: u64) -> Result<Self, ContractVersionError> {
        match u16::try_from(number) {
            Ok(version @ 104..=107) => Ok(Self(version)),
            _ => Err(ContractVersionError::Unsupported(number)),
        }
    }
}

impl FromStr for ContractVersion {
    type Err = ContractVersionError;

    fn from_str(text: &str) -> Result<Self, ContractVersionError> {
        let trimmed = text.trim();
        let number: u64 = trimmed
            .parse()
            .map_err(|_| ContractVersionError::NotAnInteger(trimmed.chars().take(40).collect()))?;
        Self::try_from(number)
    }
}
