//! JSON that the service keeps and never interprets: titles' `custom` values.

use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One JSON value as the exact text its writer sent.
///
/// Integers above 2^53, decimals and key order survive because nothing parses them. `[client]`
/// Clones share the text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Arc<RawValue>);

impl RawJson {
    /// Takes text that must be one JSON value.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text.to_owned()).map(Into::into)
    }

    /// The text `{}`.
    pub fn empty_object() -> Self {
        static EMPTY: LazyLock<RawJson> =
            LazyLock::new(|| RawJson::parse("{}").expect("an empty object is JSON"));
        EMPTY.clone()
    }

    /// The text of the value, without surrounding white space.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Size of the text in bytes.
    pub fn len(&self) -> usize {
        self.text().len()
    }

    /// Never true: the shortest JSON value is one byte.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// True for the literal `null`.
    pub fn is_null(&self) -> bool {
        self.text() == "null"
    }

    /// True when the value is an object.
    pub fn is_object(&self) -> bool {
        self.text().starts_with('{')
    }
}

impl From<Box<RawValue>> for RawJson {
    fn from(value: Box<RawValue>) -> Self {
        Self(value.into())
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Equal when the texts differ at most in white space between tokens.
impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || same(self.text(), other.text())
    }
}
impl Eq for RawJson {}

/// Whether two JSON texts differ at most in white space between tokens.
pub fn same(one: &str, other: &str) -> bool {
    one == other || significant(one).eq(significant(other))
}

/// The bytes of a JSON text without the white space between tokens.
fn significant(text: &str) -> impl Iterator<Item = u8> {
    let mut in_string = false;
    let mut escaped = false;
    text.bytes().filter(move |&byte| {
        if in_string {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            in_string = !closes;
            return true;
        }
        in_string = byte == b'"';
        !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_ignores_only_white_space_between_tokens() {
        let check = |a: &str, b: &str, equal: bool| {
            let (x, y) = (RawJson::parse(a).expect(a), RawJson::parse(b).expect(b));
            assert_eq!(x == y, equal, "{a} and {b}");
        };
        check("{\"a\": 1}", "{\"a\":1}", true);
        check("{\"a\":\"x y\"}", "{\"a\":\"xy\"}", false);
        check(r#"{"a":"\" "}"#, r#"{"a":"\""}"#, false);
        check(r#"["\\", 1]"#, r#"["\\",1]"#, true);
        check("1.10", "1.1", false);
    }

    #[test]
    fn digits_survive_a_round_trip() {
        let text = r#"{"id":18446744073709551615,"d":1.10}"#;
        let raw: RawJson = serde_json::from_str(text).expect("JSON");
        assert_eq!(serde_json::to_string(&raw).expect("JSON"), text);
    }
}
