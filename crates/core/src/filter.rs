//! The language in which search handles are asked for: a filter, and an order.
//!
//! A text is read into a [`Filter`] that is right by construction: paths exist, literals have the
//! type of what they are compared with. `docs/filter-language.md` is its reference page.
//!
//! Not here: where handles are kept, and how those that match are found quickly.

mod error;
mod evaluate;
mod field;
mod lex;
mod order;
mod parse;
mod print;
mod resolve;
mod subject;

use jiff::Timestamp;

pub use error::FilterError;
pub use field::{NumberField, RoleNumber, Set, TextField, TimeField};
pub use order::{Direction, OrderBy, OrderKey, Rank, newest_first};
pub use subject::{Subject, scheduled};
pub(crate) use subject::{language, reference_text};

/// What a search handle must be like: at least one alternative holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// One, or two around the single `or` that the language has. None is empty.
    alternatives: Vec<Vec<Term>>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// Of a collection.
    Set {
        /// Which.
        set: Set,
        /// How its elements are read.
        case: Case,
        /// What is looked for in it.
        value: String,
        /// Whether it is to be there.
        presence: Presence,
    },
    /// Of a text, which is read in lower case, with `tolower` or without (F3, F4).
    Text {
        /// Which.
        field: TextField,
        /// How it is compared.
        op: Op,
        /// With what.
        value: String,
    },
    /// Of a number.
    Number {
        /// Which.
        field: NumberField,
        /// How it is compared.
        op: Op,
        /// With what; finite.
        value: f64,
    },
    /// Of a point in time.
    Time {
        /// Which.
        field: TimeField,
        /// How it is compared.
        op: Op,
        /// With what.
        value: Timestamp,
    },
    /// Whether the session is closed.
    Closed(bool),
}

/// How elements of a collection are read before they are compared with a literal as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// As they are.
    Exact,
    /// In lower case.
    Lowered,
}

/// Whether a collection is to have an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Has,
    /// It is not; so does an empty collection. `[doc]`
    Lacks,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Equal.
    Eq,
    /// Not equal; true of what is missing. `[doc]`
    Ne,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
}

impl Filter {
    /// Reads a filter.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::filter(text)
    }

    /// What it may come to: every condition of at least one of these lists holds.
    pub fn alternatives(&self) -> &[Vec<Term>] {
        &self.alternatives
    }

    /// A filter of one or two alternatives, none of them empty.
    pub fn of(alternatives: Vec<Vec<Term>>) -> Option<Self> {
        let counted = (1..=2).contains(&alternatives.len());
        let filled = alternatives.iter().all(|terms| !terms.is_empty());
        (counted && filled).then_some(Self { alternatives })
    }

    /// Whether a search handle is wanted, in the present state of its session.
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        let holds = |terms: &Vec<Term>| terms.iter().all(|term| term.holds(subject));
        self.alternatives.iter().any(holds)
    }
}

impl Op {
    /// Whether two values compare so.
    pub fn holds<T: PartialOrd + ?Sized>(self, value: &T, literal: &T) -> bool {
        match self {
            Self::Eq => value == literal,
            Self::Ne => value != literal,
            Self::Gt => value > literal,
            Self::Ge => value >= literal,
            Self::Lt => value < literal,
            Self::Le => value <= literal,
        }
    }

    /// Whether it holds of what is missing (3.5).
    pub fn holds_of_nothing(self) -> bool {
        self == Self::Ne
    }
}
