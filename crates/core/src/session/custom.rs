//! `custom` bags: the title's own JSON, merged by top-level field and never interpreted.

use convoke_wire::{Field, RawJson};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::refusal::{Refusal, Rule};

/// A title's JSON: an object whose fields are merged one by one, or any other value as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "RawJson", try_from = "RawJson")]
pub enum Custom {
    /// An object, in the order its fields were first written.
    Fields(IndexMap<String, RawJson>),
    /// Anything else; only member constants can be that. `[client]`
    Whole(RawJson),
}

impl Default for Custom {
    fn default() -> Self {
        Self::Fields(IndexMap::new())
    }
}

impl Custom {
    /// The bag that a request writes, if it writes one.
    pub(crate) fn read(field: &Field<RawJson>, path: &str) -> Result<Option<Self>, Refusal> {
        let raw = field.value().cloned();
        raw.map(Self::try_from)
            .transpose()
            .map_err(|error| Rule::MalformedBody.at(path, error.to_string()))
    }

    /// True for `{}`.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Fields(fields) if fields.is_empty())
    }

    /// Merges a written bag: each field replaced whole, `null` removes it. `[client]`
    #[must_use]
    pub fn merged(&self, written: &Self) -> Self {
        let Self::Fields(patch) = written else {
            return written.clone();
        };
        let mut fields = match self {
            Self::Fields(fields) => fields.clone(),
            Self::Whole(_) => IndexMap::new(),
        };
        for (name, value) in patch {
            if value.is_null() {
                fields.shift_remove(name);
            } else {
                fields.insert(name.clone(), value.clone());
            }
        }
        Self::Fields(fields)
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
        match (self, repeated) {
            (Self::Fields(fixed), Self::Fields(again)) => again
                .iter()
                .find(|(name, value)| fixed.get(*name).map_or(!value.is_null(), |f| f != *value))
                .map(|(name, _)| name.clone()),
            (a, b) => (a != b).then(String::new),
        }
    }

    /// Size of the rendered text in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Whole(raw) => raw.len(),
            // Quotes, colon and comma for each field; braces around all.
            Self::Fields(fields) => fields
                .iter()
                .map(|(name, value)| name.len() + value.len() + 4)
                .sum::<usize>()
                .saturating_add(2),
        }
    }

    /// The bag as one JSON value.
    pub fn to_raw(&self) -> RawJson {
        match self {
            Self::Whole(raw) => raw.clone(),
            Self::Fields(fields) => {
                let text = serde_json::to_string(fields).expect("names and raw values serialise");
                RawJson::parse(&text).expect("a serialised map is JSON")
            }
        }
    }
}

impl From<Custom> for RawJson {
    fn from(custom: Custom) -> Self {
        custom.to_raw()
    }
}

impl TryFrom<RawJson> for Custom {
    type Error = serde_json::Error;

    fn try_from(raw: RawJson) -> Result<Self, serde_json::Error> {
        if raw.is_object() {
            serde_json::from_str(raw.text()).map(Self::Fields)
        } else {
            Ok(Self::Whole(raw))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(text: &str) -> Custom {
        RawJson::parse(text).expect(text).try_into().expect(text)
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
