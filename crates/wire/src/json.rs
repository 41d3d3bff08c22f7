//! Reading JSON from outside: one check of the whole text, then a typed read that names its path.

mod known;
mod objects;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_path_to_error::{Path, Segment};

use objects::{lenient, strict};

/// Deepest nesting of a request body. `Inferred:` auth-http 12.
pub const MAX_DEPTH: usize = 64;

/// Why a text is not the document it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {problem}", if path.is_empty() { "body" } else { "" }, path)]
pub struct ReadError {
    /// Where in the document, as `members.me.constants`; empty for the whole.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
}

/// Reads one document from the bytes of a body.
///
/// Refuses what is not UTF-8, not JSON, nested deeper than [`MAX_DEPTH`], or names a key twice.
/// A byte order mark is skipped.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
    let text = decode(bytes)?;
    check(text)?;
    typed(text)
}

/// Reads the answer of a service: fields that are unknown, and keys that come twice, are nobody's
/// fault but the service's, and are passed over.
pub fn read_answer<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
    let text = decode(bytes)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(lenient(&mut deserializer));
    let value = read.map_err(|error| ReadError {
        path: dotted(error.path()),
        problem: problem(error.inner()),
    })?;
    deserializer.end().map_err(|error| ReadError {
        path: String::new(),
        problem: problem(&error),
    })?;
    Ok(value)
}

/// The text of a body.
pub fn decode(bytes: &[u8]) -> Result<&str, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| ReadError {
        path: String::new(),
        problem: format!("not UTF-8 at byte {}", error.valid_up_to()),
    })
}

/// Reads text that has passed [`check`].
fn typed<T: DeserializeOwned>(text: &str) -> Result<T, ReadError> {
    // The tracking of paths costs time, so it is only done for texts that fail.
    let mut deserializer = serde_json::Deserializer::from_str(text);
    if let Ok(value) = T::deserialize(strict(&mut deserializer)) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(strict(&mut deserializer)).map_err(|error| ReadError {
        path: dotted(error.path()),
        problem: problem(error.inner()),
    })
}

/// A path as every other message writes it: names and positions joined by dots.
fn dotted(path: &Path) -> String {
    let steps = path.iter().map(|step| match step {
        Segment::Seq { index } => index.to_string(),
        Segment::Map { key } => key.clone(),
        Segment::Enum { variant } => variant.clone(),
        Segment::Unknown => "?".to_owned(),
    });
    steps.collect::<Vec<_>>().join(".")
}

/// The message of a JSON error; its position is kept only for malformed text.
fn problem(error: &serde_json::Error) -> String {
    let message = error.to_string();
    if error.is_data() {
        match message.rfind(" at line ") {
            Some(end) => message[..end].to_owned(),
            None => message,
        }
    } else {
        format!("not JSON: {message}")
    }
}

/// Checks that the text is one JSON value within the limits, strings and keys included.
pub fn check(text: &str) -> Result<(), ReadError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // The limit is ours, below, with a path; serde_json's own is 128.
    let mut fault = None;
    let outcome = Checked {
        path: &mut Vec::new(),
        fault: &mut fault,
    }
    .deserialize(&mut deserializer);
    let result = outcome.and_then(|()| deserializer.end());
    match (fault, result) {
        (Some(fault), _) => Err(fault),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(ReadError {
            path: String::new(),
            problem: problem(&error),
        }),
    }
}

/// Walks one value, remembering where it is.
struct Checked<'a, 'de> {
    path: &'a mut Vec<Step<'de>>,
    fault: &'a mut Option<ReadError>,
}

/// One step of a path, which becomes text only where it is told.
enum Step<'de> {
    Element(usize),
    Entry(Cow<'de, str>),
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Element(index) => write!(f, "{index}"),
            Self::Entry(key) => f.write_str(key),
        }
    }
}

/// The key of an entry: a part of the text, unless it has escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The keys of one object so far. Most objects have few, which are compared faster than hashed.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    const FEW: usize = 8;

    /// Whether the key is new.
    fn insert(&mut self, key: Cow<'de, str>) -> bool {
        if self.few.contains(&key) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(key);
            return true;
        }
        self.many.insert(key)
    }
}

impl<'de> Checked<'_, 'de> {
    fn fail<E: serde::de::Error>(&mut self, problem: String) -> E {
        let path: Vec<String> = self.path.iter().map(Step::to_string).collect();
        *self.fault = Some(ReadError {
            path: path.join("."),
            problem,
        });
        E::custom("refused")
    }

    fn enter<E: serde::de::Error>(&mut self, step: Step<'de>) -> Result<(), E> {
        self.path.push(step);
        if MAX_DEPTH < self.path.len() {
            return Err(self.fail(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Checked<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            self.enter(Step::Element(index))?;
            let seed = Checked {
                path: self.path,
                fault: self.fault,
            };
            let element = elements.next_element_seed(seed)?;
            self.path.pop();
            if element.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let mut keys = Keys::default();
        while let Some(key) = entries.next_key::<Key<'de>>()? {
            let twice = !keys.insert(key.0.clone());
            self.enter(Step::Entry(key.0))?;
            if twice {
                return Err(self.fail("the key occurs twice in its object".to_owned()));
            }
            entries.next_value_seed(Checked {
                path: self.path,
                fault: self.fault,
            })?;
            self.path.pop();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_checked_before_it_is_read() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let check = |text: &str, path: &str, problem: &str| {
            let found = super::check(text).expect_err(text);
            assert_eq!(found.path, path, "{text}");
            assert!(found.problem.contains(problem), "{text}: {found}");
        };
        check("{\"a\":{\"b\":1,\"b\":2}}", "a.b", "twice");
        check("{\"a\":[{\"b\":1,\"b\":2}]}", "a.0.b", "twice");
        check("{\"members\":", "", "not JSON");
        check("{} {}", "", "not JSON");
        check("\"\\ud800\"", "", "not JSON");
        check("[1e999]", "", "not JSON");
        check("", "", "not JSON");
        assert!(
            super::check(&deep(65))
                .expect_err("too deep")
                .problem
                .contains("deeper")
        );
        assert_eq!(super::check(&deep(64)), Ok(()));
        assert_eq!(
            super::check("[18446744073709551616, 1.10, null, \"x\"]"),
            Ok(())
        );
        assert_eq!(
            super::check(&deep(100_000)).expect_err("deep").problem,
            format!("nested deeper than {MAX_DEPTH} levels")
        );
    }

    #[test]
    fn a_byte_order_mark_is_skipped_and_other_encodings_are_refused() {
        assert_eq!(read::<u32>(b"\xef\xbb\xbf7"), Ok(7));
        assert!(
            read::<u32>(b"\xff")
                .expect_err("not text")
                .problem
                .contains("UTF-8")
        );
    }
}
