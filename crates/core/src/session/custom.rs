//! `custom` bags: the title's own JSON, merged by top-level field and never interpreted.

use std::borrow::Cow;
use std::fmt;

use convoke_wire::{Field, RawJson, raw};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// A title's JSON: an object whose fields are merged one by one, or any other value as a whole;
/// only member constants can be that. `[client]`
///
/// It is kept as the one text that stores and readers get, its fields in the order in which they
/// were first written, and only looked into when it is written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(into = "RawJson", from = "RawJson")]
pub struct Custom(
    /// `None` for `{}`, as which most bags stay.
    Option<RawJson>,
);

/// The fields of an object, with the text of each value.
pub(crate) type Fields<'a> = IndexMap<Name<'a>, &'a RawValue>;

/// The name of a field: a part of the bag's text, unless it has escapes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Custom {
    /// The bag that a request writes, if it writes one.
    pub(crate) fn read(field: &Field<RawJson>) -> Option<Self> {
        field.value().cloned().map(Self::from)
    }

    /// True for `{}`.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The text of the bag.
    pub fn text(&self) -> &str {
        self.0.as_ref().map_or("{}", RawJson::text)
    }

    /// Size of the text in bytes.
    pub fn len(&self) -> usize {
        self.text().len()
    }

    /// Whether two bags are one text: of the states of one session, whether nothing was written,
    /// because what says the same as before keeps its text.
    pub(crate) fn is_same_text(&self, other: &Self) -> bool {
        self.text() == other.text()
    }

    /// The bag as one JSON value.
    pub fn to_raw(&self) -> RawJson {
        self.0.clone().unwrap_or_else(RawJson::empty_object)
    }

    /// The fields of the bag; `None` when it is no object.
    pub(crate) fn fields(&self) -> Option<Fields<'_>> {
        match &self.0 {
            None => Some(Fields::new()),
            Some(raw) if raw.is_object() => {
                Some(serde_json::from_str(raw.text()).expect("the text of an object"))
            }
            Some(_) => None,
        }
    }

    /// The bag of these fields.
    pub(crate) fn of(fields: &Fields<'_>) -> Self {
        if fields.is_empty() {
            return Self::default();
        }
        let text = to_raw_value(fields).expect("names and raw values serialise");
        Self(Some(text.into()))
    }

    /// Merges a written bag: each field replaced whole, `null` removes it. `[client]`
    ///
    /// What says the same as before keeps its text.
    #[must_use]
    pub fn merged(&self, written: &Self) -> Self {
        let Some(patch) = written.fields() else {
            return if self == written {
                self.clone()
            } else {
                written.clone()
            };
        };
        let (mut fields, mut changed) = match self.fields() {
            Some(fields) => (fields, false),
            None => (Fields::new(), true),
        };
        for (name, value) in patch {
            if value.get() == "null" {
                changed |= fields.shift_remove(&name).is_some();
                continue;
            }
            let known = fields.get(&name);
            if known.is_none_or(|known| !raw::same(known.get(), value.get())) {
                fields.insert(name, value);
                changed = true;
            }
        }
        if changed {
            Self::of(&fields)
        } else {
            self.clone()
        }
    }

    /// The bag without the fields that are `null`: what a first write leaves.
    #[must_use]
    pub fn without_nulls(&self) -> Self {
        Self::default().merged(self)
    }

    /// The field at which another bag says something else, if it does.
    ///
    /// `Some("")` stands for the whole value.
    pub fn conflict(&self, repeated: &Self) -> Option<String> {
        match (self.fields(), repeated.fields()) {
            (Some(fixed), Some(again)) => {
                let differs = |name: &Name<'_>, value: &RawValue| match fixed.get(name) {
                    Some(fixed) => !raw::same(fixed.get(), value.get()),
                    None => value.get() != "null",
                };
                let mut again = again.into_iter();
                again.find_map(|(name, value)| differs(&name, value).then(|| name.to_string()))
            }
            _ => (self != repeated).then(String::new),
        }
    }
}

/// Equal when the fields are, in whatever order, up to white space between tokens.
impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        if self.text() == other.text() {
            return true;
        }
        match (self.fields(), other.fields()) {
            (Some(one), Some(other)) => {
                let same = |(name, value): (&Name<'_>, &&RawValue)| {
                    let other = other.get(name);
                    other.is_some_and(|other| raw::same(value.get(), other.get()))
                };
                one.len() == other.len() && one.iter().all(same)
            }
            _ => raw::same(self.text(), other.text()),
        }
    }
}

impl Eq for Custom {}

impl From<Custom> for RawJson {
    fn from(custom: Custom) -> Self {
        custom.to_raw()
    }
}

impl From<RawJson> for Custom {
    fn from(raw: RawJson) -> Self {
        Self((raw.text() != "{}").then_some(raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(text: &str) -> Custom {
        RawJson::parse(text).expect(text).into()
    }

    #[test]
    fn fields_are_replaced_whole_and_null_removes() {
        let check = |stored: &str, written: &str, expected: &str| {
            let merged = custom(stored).merged(&custom(written));
            assert_eq!(merged.to_raw().text(), expected, "{stored} + {written}");
        };
        check(
            r#"{"a":1,"b":{"x":1,"y":2}}"#,
            r#"{"b":{"x":9}}"#,
            r#"{"a":1,"b":{"x":9}}"#,
        );
        check(r#"{"a":1,"b":2}"#, r#"{"a":null}"#, r#"{"b":2}"#);
        check("{}", r#"{"n":{"inner":null}}"#, r#"{"n":{"inner":null}}"#);
        check(r#"{"a":1}"#, "{}", r#"{"a":1}"#);
        check(r#""Hello""#, r#"{"a":1}"#, r#"{"a":1}"#);
        check(
            "{}",
            r#"{ "a" : 1, "b":null, "a":[ 2 ] }"#,
            r#"{"a":[ 2 ]}"#,
        );
        check(r#"{"a":1}"#, r#"{"a":null}"#, "{}");
    }

    #[test]
    fn bags_are_equal_when_their_fields_are() {
        let check = |one: &str, other: &str, expected: bool| {
            assert_eq!(custom(one) == custom(other), expected, "{one} {other}");
        };
        check(r#"{"a":1,"b":[2,3]}"#, r#"{"b":[2, 3],"a":1}"#, true);
        check(r#"{"a":1,"b":2}"#, r#"{"a":2,"b":1}"#, false);
        check(r#"{"a":1}"#, r#"{"a":1,"b":null}"#, false);
        check(r#"{"a":"x y"}"#, r#"{"a":"xy"}"#, false);
        check("{}", "{}", true);
        check("[1,2]", "[1, 2]", true);
        check("[1,2]", "[2,1]", false);
    }

    #[test]
    fn a_repeated_bag_conflicts_only_where_it_differs() {
        let check = |fixed: &str, again: &str, expected: Option<&str>| {
            assert_eq!(custom(fixed).conflict(&custom(again)).as_deref(), expected);
        };
        check(r#"{"t":1}"#, r#"{"t":1}"#, None);
        check(r#"{"t":1}"#, "{}", None);
        check(r#"{"t":1}"#, r#"{"t":2}"#, Some("t"));
        check(r#"{"t":1}"#, r#"{"u":2}"#, Some("u"));
        check(r#""Hello""#, r#""Hello""#, None);
        check(r#""Hello""#, "7", Some(""));
    }
}
