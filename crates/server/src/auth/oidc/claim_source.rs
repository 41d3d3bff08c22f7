//! Where in a token's claims a value is: a JSON pointer, or text with pointers in it.
//!
//! Not here: what the value means (`claim_map`).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// Longest source, by our own choice.
const MAX_LEN: usize = 512;

/// A JSON pointer (RFC 6901) into the claims, such as `/sub`, or text with pointers in braces, such
/// as `{/given_name} {/family_name}`.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimSource {
    text: String,
    form: Form,
}

#[derive(Clone, PartialEq, Eq)]
enum Form {
    Pointer,
    Template(Vec<Part>),
}

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Pointer(String),
}

/// Why text is no source of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimSourceError {
    /// Neither of the two forms. A constant is more likely a forgotten slash, so it is none.
    #[error(
        "expected a JSON pointer such as `/sub`, or text with pointers in braces such as \
         `{{/given_name}} {{/family_name}}`"
    )]
    Neither,
    /// A pointer has a `~` that is not followed by `0` or `1`.
    #[error("in a JSON pointer `~` is written `~0`, and `/` within a name is written `~1`")]
    Escape,
    /// A brace is open, or closed without being open.
    #[error("every `{{` needs a JSON pointer and a `}}` after it")]
    Brace,
    /// It is too long.
    #[error("expected at most 512 characters")]
    Long,
}

/// A claim that has another type than was expected of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrongType;

impl ClaimSource {
    /// The value in these claims. `None`: it is not there, or null.
    pub(super) fn value<'a>(&self, claims: &'a Value) -> Result<Option<Cow<'a, Value>>, WrongType> {
        match &self.form {
            Form::Pointer => {
                let found = claims.pointer(&self.text).filter(|value| !value.is_null());
                Ok(found.map(Cow::Borrowed))
            }
            Form::Template(parts) => {
                let text = filled_in(parts, claims)?;
                Ok(text.map(|text| Cow::Owned(Value::String(text))))
            }
        }
    }

    /// The value as text; numbers become their digits.
    pub(super) fn text(&self, claims: &Value) -> Result<Option<String>, WrongType> {
        self.value(claims)?.map(|value| plain(&value)).transpose()
    }
}

/// A template's text; `None` when one of its pointers leads nowhere.
fn filled_in(parts: &[Part], claims: &Value) -> Result<Option<String>, WrongType> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(between) => text.push_str(between),
            Part::Pointer(pointer) => match claims.pointer(pointer) {
                None | Some(Value::Null) => return Ok(None),
                Some(value) => text.push_str(&plain(value)?),
            },
        }
    }
    Ok(Some(text))
}

fn plain(value: &Value) -> Result<String, WrongType> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(WrongType),
    }
}

impl FromStr for ClaimSource {
    type Err = ClaimSourceError;

    fn from_str(text: &str) -> Result<Self, ClaimSourceError> {
        if MAX_LEN < text.len() {
            return Err(ClaimSourceError::Long);
        }
        let form = if text.starts_with('/') {
            check_pointer(text)?;
            Form::Pointer
        } else {
            Form::Template(template(text)?)
        };
        Ok(Self {
            text: text.to_owned(),
            form,
        })
    }
}

fn template(text: &str) -> Result<Vec<Part>, ClaimSourceError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (pointer, after) = after.split_once('}').ok_or(ClaimSourceError::Brace)?;
        if before.contains('}') || !pointer.starts_with('/') || pointer.contains('{') {
            return Err(ClaimSourceError::Brace);
        }
        check_pointer(pointer)?;
        parts.push(Part::Text(before.to_owned()));
        parts.push(Part::Pointer(pointer.to_owned()));
        rest = after;
    }
    if rest.contains('}') {
        return Err(ClaimSourceError::Brace);
    }
    if parts.is_empty() {
        return Err(ClaimSourceError::Neither);
    }
    parts.push(Part::Text(rest.to_owned()));
    Ok(parts)
}

fn check_pointer(pointer: &str) -> Result<(), ClaimSourceError> {
    let escapes = pointer.split('~').skip(1);
    for after in escapes {
        if !after.starts_with(['0', '1']) {
            return Err(ClaimSourceError::Escape);
        }
    }
    Ok(())
}

impl fmt::Debug for ClaimSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClaimSource({:?})", self.text)
    }
}

impl Serialize for ClaimSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ClaimSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for ClaimSource {
    fn schema_name() -> Cow<'static, str> {
        "ClaimSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn source(text: &str) -> ClaimSource {
        text.parse().expect(text)
    }

    #[test]
    fn pointers_and_templates_find_what_they_name() {
        let claims = json!({
            "sub": "u1", "n": 7, "none": null, "realm_access": {"roles": ["a"]},
            "https://example.com/xuid": "9", "given_name": "Ann", "family_name": "Lee",
        });
        let check = |text: &str, expected: Option<Value>| {
            let found = source(text).value(&claims).expect("a fitting type");
            assert_eq!(found.map(Cow::into_owned), expected, "{text}");
        };
        check("/sub", Some(json!("u1")));
        check("/realm_access/roles", Some(json!(["a"])));
        check("/realm_access/roles/0", Some(json!("a")));
        check("/https:~1~1example.com~1xuid", Some(json!("9")));
        check("/none", None);
        check("/missing/deeper", None);
        check("{/given_name} {/family_name}", Some(json!("Ann Lee")));
        check("P{/n}", Some(json!("P7")));
        check("{/given_name}{/missing}", None);
        check("{/given_name}{/none}", None);
        assert_eq!(source("{/realm_access}").value(&claims), Err(WrongType));
        assert_eq!(source("/n").text(&claims), Ok(Some("7".to_owned())));
        assert_eq!(source("/realm_access").text(&claims), Err(WrongType));
    }

    #[test]
    fn text_that_is_no_source_is_refused() {
        use ClaimSourceError::{Brace, Escape, Long, Neither};
        let check = |text: &str, expected| {
            assert_eq!(text.parse::<ClaimSource>(), Err(expected), "{text}");
        };
        check("", Neither);
        check("sub", Neither);
        check("/a~", Escape);
        check("/a~2", Escape);
        check("{/a~x}", Escape);
        check("{sub}", Brace);
        check("{}", Brace);
        check("x{/a", Brace);
        check("x}{/a}", Brace);
        check("{/a}}", Brace);
        check("{/a{/b}", Brace);
        check(&"/".repeat(MAX_LEN + 1), Long);
    }

    proptest! {
        #[test]
        fn reading_a_source_never_panics(text in "\\PC{0,60}") {
            let _ = text.parse::<ClaimSource>();
        }

        #[test]
        fn near_sources_never_panic(text in "[{}/~01ab ]{0,24}") {
            let claims = json!({"a": {"b": [1, "x", null]}, "b": {}, "": 5});
            if let Ok(source) = text.parse::<ClaimSource>() {
                let _ = source.value(&claims);
                let _ = source.text(&claims);
                prop_assert_eq!(serde_json::to_value(&source).expect("text"), json!(text));
            }
        }
    }
}
