//! The order of results: one key, and how handles compare by it.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Timestamp;

use super::error::FilterError;
use super::field::{NumberField, Place, TextField, TimeField};
use super::lex::{Kind, tokens};
use super::parse::Parser;
use super::resolve::resolve;
use super::subject::Subject;
use crate::handle::Handle;
use crate::limits::MAX_FILTER_CHARS;

/// By what search handles are ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy {
    /// The key.
    pub key: OrderKey,
    /// Which way.
    pub direction: Direction,
}

/// What handles are ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderKey {
    /// A text, in lower case.
    Text(TextField),
    /// A number.
    Number(NumberField),
    /// A point in time.
    Time(TimeField),
    /// Open sessions before closed ones.
    Closed,
    /// Posts of people whom the caller follows, then those with the fewest places left, then the
    /// newest (O3). `Inferred:`
    SuggestedLfg,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// The value of an order's key.
#[derive(Debug, Clone, PartialEq)]
pub enum Rank {
    /// In lower case.
    Text(Arc<str>),
    /// Finite.
    Number(f64),
    /// Earlier is less.
    Time(Timestamp),
    /// Open is less.
    Closed(bool),
    /// More to be suggested is greater.
    Suggested {
        /// Whether the caller follows an owner.
        followed: bool,
        /// Members still wanted, negated; nothing where none is.
        fullness: Option<f64>,
        /// When it was posted.
        posted: Timestamp,
    },
}

impl OrderBy {
    /// Reads an order: a path, and `asc` or `desc` (3.6).
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let tokens = tokens(text, MAX_FILTER_CHARS)?;
        let mut parser = Parser::new(&tokens);
        let first = parser.peek();
        if !matches!(first.kind, Kind::Word(_)) {
            return Err(first.unexpected("a path, or `suggestedLfg`"));
        }
        let path = parser.path()?;
        let key = match path.as_slice() {
            [only] if only.name.eq_ignore_ascii_case("suggestedLfg") => OrderKey::SuggestedLfg,
            _ => match resolve(&path, parser.peek())? {
                Place::Text(field) => OrderKey::Text(field),
                Place::Number(field) => OrderKey::Number(field),
                Place::Time(field) => OrderKey::Time(field),
                Place::Closed => OrderKey::Closed,
                Place::Set(_) => {
                    return Err(first.unexpected("something to order by, and not a collection"));
                }
            },
        };
        let descending = parser.keyword("desc");
        let said = descending || parser.keyword("asc");
        let rest = parser.peek();
        if rest.kind != Kind::End {
            let expected = if said {
                "the end: handles are ordered by one key"
            } else {
                "`asc`, `desc` or the end: handles are ordered by one key"
            };
            return Err(rest.unexpected(expected));
        }
        let direction = if descending {
            Direction::Descending
        } else {
            Direction::Ascending
        };
        Ok(Self { key, direction })
    }

    /// The value of the key; `None` where it is missing.
    ///
    /// `followed` says whether the caller follows an owner of the session.
    pub fn rank(&self, subject: &Subject<'_>, followed: bool) -> Option<Rank> {
        Some(match &self.key {
            OrderKey::Text(field) => Rank::Text(subject.text(field)?.to_lowercase().into()),
            OrderKey::Number(field) => Rank::Number(subject.number(field)?),
            OrderKey::Time(field) => Rank::Time(subject.time(*field)?),
            OrderKey::Closed => Rank::Closed(subject.session.properties.closed),
            OrderKey::SuggestedLfg => {
                let needs = subject.number(&NumberField::Needs);
                Rank::Suggested {
                    followed,
                    fullness: needs.filter(|needs| *needs > 0.0).map(|needs| -needs),
                    posted: subject.handle.created,
                }
            }
        })
    }
}

impl Direction {
    /// How two ranks compare: those without one come last, whichever way the others go (O4).
    pub fn compare(self, one: Option<&Rank>, other: Option<&Rank>) -> Ordering {
        match (one, other) {
            (Some(one), Some(other)) => {
                let ascending = one.partial_cmp(other).unwrap_or(Ordering::Equal);
                match self {
                    Self::Ascending => ascending,
                    Self::Descending => ascending.reverse(),
                }
            }
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            (Self::Number(one), Self::Number(other)) => one.partial_cmp(other),
            (Self::Time(one), Self::Time(other)) => Some(one.cmp(other)),
            (Self::Closed(one), Self::Closed(other)) => Some(one.cmp(other)),
            (
                Self::Suggested {
                    followed,
                    fullness,
                    posted,
                },
                Self::Suggested {
                    followed: other_followed,
                    fullness: other_fullness,
                    posted: other_posted,
                },
            ) => {
                let ordering = followed.cmp(other_followed);
                let fuller = fullness.partial_cmp(other_fullness)?;
                Some(ordering.then(fuller).then(posted.cmp(other_posted)))
            }
            _ => None,
        }
    }
}

/// Among equals, and without an order: the newest first, then by id (O4, O5).
pub fn newest_first(one: &Handle, other: &Handle) -> Ordering {
    other.created.cmp(&one.created).then(one.id.cmp(&other.id))
}
