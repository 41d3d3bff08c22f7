//! Up to 1,024 search handles, and what they are found by, in columns.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use convoke_wire::TitleId;
use convoke_wire::handle::SearchAttributes;
use jiff::Timestamp;

use super::bits::Bits;
use super::posts::{Post, Posts};
use super::sorted::Sorted;
use super::words::Words;
use crate::filter::{
    Case, Direction, NumberField, Op, OrderKey, Presence, Rank, Set, Term, TextField, TimeField,
};
use crate::filter::{language, reference_text};
use crate::handle::Handle;

/// How many places a chunk has.
pub(super) const CHUNK: usize = 1024;

/// Handles by place. Texts and names are in lower case; columns that nothing is in are not there.
#[derive(Debug, Clone, Default)]
pub(super) struct Chunk {
    posts: Posts,
    posted: Sorted<Timestamp>,
    titles: Sorted<f64>,
    languages: Sorted<Arc<str>>,
    tags: HashMap<Arc<str>, Bits>,
    /// In the letter case that they came in.
    achievements: HashMap<Arc<str>, Bits>,
    strings: HashMap<Arc<str>, Arc<Sorted<Arc<str>>>>,
    numbers: HashMap<Arc<str>, Arc<Sorted<f64>>>,
}

impl Chunk {
    pub(super) fn put(
        &mut self,
        place: usize,
        session: Arc<str>,
        handle: &Arc<Handle>,
        attributes: &SearchAttributes,
        title_id: Option<TitleId>,
        words: &mut Words,
    ) {
        self.remove(place);
        self.posted.put(place, handle.created);
        if let Some(title) = title_id {
            self.titles.put(place, f64::from(title.0));
        }
        if let Some(language) = language(attributes) {
            self.languages
                .put(place, words.get(&language.to_lowercase()));
        }
        for tag in attributes.tags.iter().flatten() {
            let tag = words.get(&tag.to_lowercase());
            self.tags.entry(tag).or_default().set(place);
        }
        for id in attributes.achievement_ids.iter().flatten() {
            let id = words.get(id);
            self.achievements.entry(id).or_default().set(place);
        }
        // Of names that differ in letter case only, the first one counts.
        for (name, text) in attributes.strings.iter().flatten() {
            let column = self.strings.entry(words.get(&folded(name))).or_default();
            if column.get(place).is_none() {
                let text = words.get(&text.to_lowercase());
                Arc::make_mut(column).put(place, text);
            }
        }
        for (name, number) in attributes.numbers.iter().flatten() {
            let column = self.numbers.entry(words.get(&folded(name))).or_default();
            if let (None, Some(number)) = (column.get(place), number.as_f64()) {
                Arc::make_mut(column).put(place, number);
            }
        }
        let handle = Arc::clone(handle);
        self.posts.put(place, Post { session, handle });
    }

    pub(super) fn remove(&mut self, place: usize) {
        if self.post(place).is_none() {
            return;
        }
        self.posts.remove(place);
        self.posted.remove(place);
        self.titles.remove(place);
        self.languages.remove(place);
        let emptied = |bits: &mut Bits| {
            bits.clear(place);
            bits.is_empty()
        };
        self.tags.retain(|_, bits| !emptied(bits));
        self.achievements.retain(|_, bits| !emptied(bits));
        self.strings.retain(|_, column| !is_emptied(column, place));
        self.numbers.retain(|_, column| !is_emptied(column, place));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.occupied().is_empty()
    }

    pub(super) fn occupied(&self) -> Bits {
        self.posts.present()
    }

    pub(super) fn post(&self, place: usize) -> Option<&Post> {
        self.posts.get(place)
    }

    pub(super) fn handles(&self) -> impl Iterator<Item = &Arc<Handle>> {
        self.posts.iter().map(|post| &post.handle)
    }

    /// The places among some for which a condition of handles holds; all of them for others.
    pub(super) fn select(&self, within: Bits, term: &Term) -> Bits {
        match term {
            Term::Set {
                set,
                case,
                value,
                presence,
            } => {
                let Some(having) = self.having(*set, *case, value) else {
                    return within;
                };
                match presence {
                    Presence::Has => within & having,
                    Presence::Lacks => within & !having,
                }
            }
            Term::Text { field, op, value } => self.select_text(within, field, *op, value),
            Term::Number { field, op, value } => {
                let nothing = Sorted::default();
                let column = match field {
                    NumberField::Attribute(name) => {
                        self.numbers.get(name.as_str()).map_or(&nothing, |it| it)
                    }
                    NumberField::TitleId => &self.titles,
                    _ => return within,
                };
                with_missing(column, within, *op, |number| number.partial_cmp(value))
            }
            Term::Time {
                field: TimeField::PostedTime,
                op,
                value,
            } => with_missing(&self.posted, within, *op, |time| time.partial_cmp(value)),
            Term::Time { .. } | Term::Closed(_) => within,
        }
    }

    fn having(&self, set: Set, case: Case, value: &str) -> Option<Bits> {
        match (set, case) {
            (Set::Tags, _) => Some(self.tags.get(value).copied().unwrap_or_default()),
            (Set::AchievementIds, Case::Exact) => {
                Some(self.achievements.get(value).copied().unwrap_or_default())
            }
            (Set::AchievementIds, Case::Lowered) => {
                let ids = self.achievements.iter();
                let alike = ids.filter(|(id, _)| id.to_lowercase() == value);
                Some(alike.fold(Bits::default(), |all, (_, bits)| all | *bits))
            }
            _ => None,
        }
    }

    fn select_text(&self, within: Bits, field: &TextField, op: Op, value: &str) -> Bits {
        let nothing = Sorted::default();
        let column = match field {
            TextField::Attribute(name) => self.strings.get(name.as_str()).map_or(&nothing, |it| it),
            TextField::Language => &self.languages,
            _ => {
                return self.posts.select(within, |post| {
                    let text = reference_text(&post.handle, field);
                    text.is_none_or(|text| op.holds(text.to_lowercase().as_str(), value))
                });
            }
        };
        with_missing(column, within, op, |text| (**text).partial_cmp(value))
    }

    /// The values of an order's key, as far as handles know them.
    pub(super) fn ranks(&self, key: &OrderKey) -> Ranks<'_> {
        match key {
            OrderKey::Text(TextField::Attribute(name)) => {
                let column = self.strings.get(name.as_str());
                column.map_or(Ranks::None, |column| Ranks::Texts(column))
            }
            OrderKey::Number(NumberField::Attribute(name)) => {
                let column = self.numbers.get(name.as_str());
                column.map_or(Ranks::None, |column| Ranks::Numbers(column))
            }
            OrderKey::Text(TextField::Language) => Ranks::Texts(&self.languages),
            OrderKey::Number(NumberField::TitleId) => Ranks::Numbers(&self.titles),
            OrderKey::Time(TimeField::PostedTime) => Ranks::Times(&self.posted),
            _ => Ranks::None,
        }
    }
}

/// The values of an order's key in a chunk.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ranks<'a> {
    /// None of its handles has any.
    None,
    Texts(&'a Sorted<Arc<str>>),
    Numbers(&'a Sorted<f64>),
    Times(&'a Sorted<Timestamp>),
}

impl Ranks<'_> {
    pub(super) fn get(&self, place: usize) -> Option<Rank> {
        match self {
            Self::None => None,
            Self::Texts(column) => column.get(place).map(|text| Rank::Text(Arc::clone(text))),
            Self::Numbers(column) => column.get(place).copied().map(Rank::Number),
            Self::Times(column) => column.get(place).copied().map(Rank::Time),
        }
    }

    /// The places among some that do not come after a rank, with values and those alone.
    pub(super) fn up_to(&self, last: &Rank, direction: Direction, within: Bits) -> Bits {
        let op = match direction {
            Direction::Ascending => Op::Le,
            Direction::Descending => Op::Ge,
        };
        match (self, last) {
            (Self::None, _) => Bits::default(),
            (Self::Texts(column), Rank::Text(last)) => {
                column.select(within, op, |text| text.partial_cmp(last))
            }
            (Self::Numbers(column), Rank::Number(last)) => {
                column.select(within, op, |number| number.partial_cmp(last))
            }
            (Self::Times(column), Rank::Time(last)) => {
                column.select(within, op, |time| time.partial_cmp(last))
            }
            _ => within,
        }
    }
}

/// The places where a value is wanted, and those without one if the comparison holds of nothing.
fn with_missing<T: PartialOrd>(
    column: &Sorted<T>,
    within: Bits,
    op: Op,
    compare: impl Fn(&T) -> Option<Ordering>,
) -> Bits {
    let selected = column.select(within, op, compare);
    if op.holds_of_nothing() {
        return selected | (within & !column.present());
    }
    selected
}

fn is_emptied<T: Clone + PartialOrd>(column: &mut Arc<Sorted<T>>, place: usize) -> bool {
    if column.get(place).is_some() {
        Arc::make_mut(column).remove(place);
    }
    column.present().is_empty()
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}
