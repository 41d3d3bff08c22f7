//! What is wrong with a filter or an order, and where.

use std::fmt;

/// The first place at which a text stops making sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// Where, counted in characters from 1.
    pub column: usize,
    /// How many characters are meant; 0 at the end of the text.
    pub length: usize,
    /// What could have been there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            column,
            expected,
            found,
            ..
        } = self;
        write!(f, "column {column}: expected {expected}, found {found}")
    }
}

impl std::error::Error for FilterError {}
