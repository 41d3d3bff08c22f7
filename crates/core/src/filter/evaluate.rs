//! Whether a condition holds of a search handle.

use super::{Case, Presence, Subject, Term};

impl Term {
    /// Whether it holds, in the present state of the session.
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Set {
                set,
                case,
                value,
                presence,
            } => {
                let has = subject.any(*set, |element| match case {
                    Case::Exact => element == value,
                    Case::Lowered => element.to_lowercase() == *value,
                });
                has == (*presence == Presence::Has)
            }
            Self::Text { field, op, value } => match subject.text(field) {
                Some(text) => op.holds(text.to_lowercase().as_str(), value),
                None => op.holds_of_nothing(),
            },
            Self::Number { field, op, value } => match subject.number(field) {
                Some(number) => op.holds(&number, value),
                None => op.holds_of_nothing(),
            },
            Self::Time { field, op, value } => match subject.time(*field) {
                Some(time) => op.holds(&time, value),
                None => op.holds_of_nothing(),
            },
            Self::Closed(wanted) => subject.session.properties.closed == *wanted,
        }
    }
}
