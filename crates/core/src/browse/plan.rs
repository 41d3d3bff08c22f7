//! In which order the conditions of a filter are looked at.

use super::bits::Bits;
use super::chunk::Chunk;
use crate::filter::{
    Filter, NumberField, Op, OrderBy, OrderKey, Presence, Set, Term, TextField, TimeField,
};

/// A filter and an order, arranged for catalogues.
#[derive(Debug)]
pub struct Plan<'a> {
    pub(super) alternatives: Vec<Alternative<'a>>,
    pub(super) order: Option<&'a OrderBy>,
}

/// One list of conditions.
#[derive(Debug, Default)]
pub(super) struct Alternative<'a> {
    /// Those that catalogues answer, first what leaves least for little.
    of_handle: Vec<&'a Term>,
    /// How many of these are about collections.
    sets: usize,
    /// Those that take the session.
    pub(super) of_session: Vec<&'a Term>,
}

impl<'a> Plan<'a> {
    /// Without a filter everything is wanted; without an order the newest come first.
    pub fn new(filter: Option<&'a Filter>, order: Option<&'a OrderBy>) -> Self {
        let everything = || vec![Alternative::default()];
        let lists = |filter: &'a Filter| {
            let lists = filter.alternatives().iter();
            lists.map(|terms| Alternative::of(terms)).collect()
        };
        Self {
            alternatives: filter.map_or_else(everything, lists),
            order,
        }
    }

    /// Whether handles are ordered by something that only their sessions know.
    pub(super) fn orders_by_session(&self) -> bool {
        self.order.is_some_and(|order| match &order.key {
            OrderKey::Text(field) => !is_text_of_handle(field) || is_reference(field),
            OrderKey::Number(field) => !is_number_of_handle(field),
            OrderKey::Time(field) => *field != TimeField::PostedTime,
            OrderKey::Closed | OrderKey::SuggestedLfg => true,
        })
    }
}

impl<'a> Alternative<'a> {
    fn of(terms: &'a [Term]) -> Self {
        let (mut of_handle, of_session): (Vec<_>, Vec<_>) =
            terms.iter().partition(|it| is_of_handle(it));
        of_handle.sort_by_key(|term| cost(term));
        Self {
            sets: of_handle.partition_point(|term| cost(term) == 0),
            of_handle,
            of_session,
        }
    }

    /// The places of a chunk for which all conditions of handles hold.
    ///
    /// `hopeful` leaves out those that come too late in the order. It looks at one column, so it is
    /// asked before the first condition that looks at one too.
    pub(super) fn select(&self, chunk: &Chunk, hopeful: impl FnOnce(Bits) -> Bits) -> Bits {
        let (sets, columns) = self.of_handle.split_at(self.sets);
        let all_hold = |left: Bits, terms: &[&Term]| {
            let mut left = left;
            for term in terms {
                if left.is_empty() {
                    break;
                }
                left = chunk.select(left, term);
            }
            left
        };
        let left = all_hold(chunk.occupied(), sets);
        if left.is_empty() {
            return left;
        }
        all_hold(hopeful(left), columns)
    }
}

/// Less for conditions that cost little and leave little: a collection is one lookup for a chunk,
/// and equality leaves less than a range.
fn cost(term: &Term) -> u8 {
    match term {
        Term::Set {
            presence: Presence::Has,
            ..
        } => 0,
        Term::Number { op: Op::Eq, .. } => 1,
        Term::Text { field, .. } if is_reference(field) => 6,
        Term::Text { op: Op::Eq, .. } => 2,
        Term::Number { op, .. } | Term::Time { op, .. } if *op != Op::Ne => 3,
        Term::Text { op, .. } if *op != Op::Ne => 4,
        _ => 5,
    }
}

fn is_of_handle(term: &Term) -> bool {
    match term {
        Term::Set { set, .. } => matches!(set, Set::Tags | Set::AchievementIds),
        Term::Text { field, .. } => is_text_of_handle(field),
        Term::Number { field, .. } => is_number_of_handle(field),
        Term::Time { field, .. } => *field == TimeField::PostedTime,
        Term::Closed(_) => false,
    }
}

fn is_number_of_handle(field: &NumberField) -> bool {
    matches!(field, NumberField::Attribute(_) | NumberField::TitleId)
}

fn is_text_of_handle(field: &TextField) -> bool {
    matches!(field, TextField::Attribute(_) | TextField::Language) || is_reference(field)
}

fn is_reference(field: &TextField) -> bool {
    matches!(
        field,
        TextField::Scid | TextField::TemplateName | TextField::Name
    )
}
