//! Identifiers as they travel: validated when made, compared as the service compares them.
//!
//! Not here: anything that looks an identifier up.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

/// Longest template or session name, in characters. `[doc]` for templates, `[client]` for sessions.
pub const NAME_MAX_LEN: usize = 100;

/// Why a piece of text is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
pub struct IdError {
    /// What the rule asks for, in words.
    pub expected: &'static str,
    /// What was there, cut to 120 characters.
    pub found: String,
}

impl IdError {
    pub(crate) fn new(expected: &'static str, found: &str) -> Self {
        Self {
            expected,
            found: found.chars().take(120).collect(),
        }
    }
}

/// Reads a GUID in the form that travels: 36 characters, hyphenated.
///
/// `Uuid` alone also reads braced, URN and plain forms.
pub fn parse_guid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok())?
}

/// A user: an unsigned 64-bit number, always a JSON string on the wire. `[client]`
///
/// Numbers are accepted on input, because the documents show both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xuid(pub u64);

/// A title (game): an unsigned 32-bit number, always a JSON string on the wire. `[client]`
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TitleId(pub u32);

macro_rules! decimal_id {
    ($name:ident, $number:ty, $expected:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                // `u64::from_str` would also take a leading plus sign.
                if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(IdError::new($expected, text));
                }
                text.parse()
                    .map(Self)
                    .map_err(|_| IdError::new($expected, text))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Decimal;
                impl Visitor<'_> for Decimal {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }

                    fn visit_u64<E: de::Error>(self, number: u64) -> Result<$name, E> {
                        <$number>::try_from(number)
                            .map($name)
                            .map_err(|_| E::custom(IdError::new($expected, &number.to_string())))
                    }
                }
                deserializer.deserialize_any(Decimal)
            }
        }
    };
}

decimal_id!(Xuid, u64, "a decimal XUID of at most 64 bits");
decimal_id!(TitleId, u32, "a decimal title id of at most 32 bits");

/// Text that keeps the writer's spelling and is compared without regard to ASCII case.
macro_rules! caseless_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text in the spelling of its writer.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text that equal values share: ASCII lower case.
            pub fn folded(&self) -> Cow<'_, str> {
                if self.0.bytes().any(|b| b.is_ascii_uppercase()) {
                    Cow::Owned(self.0.to_ascii_lowercase())
                } else {
                    Cow::Borrowed(&self.0)
                }
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.eq_ignore_ascii_case(&other.0)
            }
        }
        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                for byte in self.0.bytes() {
                    state.write_u8(byte.to_ascii_lowercase());
                }
                state.write_u8(0xff);
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                let fold = |b: u8| b.to_ascii_lowercase();
                self.0.bytes().map(fold).cmp(other.0.bytes().map(fold))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

caseless_text! {
    /// A service configuration id: GUID text of 36 characters, compared without regard to case.
    Scid
}

impl FromStr for Scid {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if parse_guid(text).is_some() {
            Ok(Self(text.into()))
        } else {
            Err(IdError::new("a service configuration id (GUID)", text))
        }
    }
}

caseless_text! {
    /// The name of a session template, at most [`NAME_MAX_LEN`] characters. `[doc]`
    TemplateName
}

impl FromStr for TemplateName {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.()".contains(&b);
        if (1..=NAME_MAX_LEN).contains(&text.len()) && text.bytes().all(allowed) && !is_dots(text) {
            Ok(Self(text.into()))
        } else {
            Err(IdError::new(
                "a template name (1 to 100 letters, digits, `-`, `_`, `.`, `(`, `)`)",
                text,
            ))
        }
    }
}

caseless_text! {
    /// The name of a session within its template, at most [`NAME_MAX_LEN`] characters.
    ///
    /// `~` separates the parts of a shoulder tap's resource and so may not occur. `[trace]`
    SessionName
}

impl FromStr for SessionName {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if (1..=NAME_MAX_LEN).contains(&text.len()) && text.bytes().all(allowed) && !is_dots(text) {
            Ok(Self(text.into()))
        } else {
            Err(IdError::new(
                "a session name (1 to 100 letters, digits, `-`, `_`, `.`)",
                text,
            ))
        }
    }
}

/// `.` and `..` would be eaten by every URL library on the way.
fn is_dots(text: &str) -> bool {
    text == "." || text == ".."
}

impl From<Uuid> for SessionName {
    fn from(id: Uuid) -> Self {
        Self(id.hyphenated().to_string().into())
    }
}

caseless_text! {
    /// The environment that data belongs to; `RETAIL` unless a token says otherwise. `[doc]`
    Sandbox
}

impl Sandbox {
    /// The sandbox of released titles and the default of every token.
    pub const RETAIL: &'static str = "RETAIL";
}

impl Default for Sandbox {
    fn default() -> Self {
        Self(Self::RETAIL.into())
    }
}

impl FromStr for Sandbox {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if (1..=NAME_MAX_LEN).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(IdError::new(
                "a sandbox id (1 to 100 letters, digits, `-`, `_`, `.`)",
                text,
            ))
        }
    }
}

/// The identity of a session within a sandbox, in the spelling of its first writer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionRef {
    /// The service configuration.
    pub scid: Scid,
    /// The template within it.
    pub template_name: TemplateName,
    /// The session's own name.
    pub name: SessionName,
}

impl SessionRef {
    /// `scid~template~name`, as shoulder taps name a session. `[trace]`
    pub fn resource(&self) -> String {
        format!("{}~{}~{}", self.scid, self.template_name, self.name)
    }

    /// Reads what a shoulder tap names a session by; `None` when it is not in that form.
    pub fn from_resource(resource: &str) -> Option<Self> {
        let mut parts = resource.split('~');
        let (scid, template, name) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        Some(Self {
            scid: scid.parse().ok()?,
            template_name: template.parse().ok()?,
            name: name.parse().ok()?,
        })
    }
}

/// The identity of a session in the whole deployment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey {
    /// Users of different sandboxes never meet. `[doc]`
    pub sandbox: Sandbox,
    /// The session within the sandbox.
    pub reference: SessionRef,
}

impl SessionKey {
    /// `sandbox~scid~template~name` in lower case: the one text that equal keys share.
    pub fn folded(&self) -> String {
        let SessionRef {
            scid,
            template_name,
            name,
        } = &self.reference;
        let parts = [
            self.sandbox.as_str(),
            scid.as_str(),
            template_name.as_str(),
            name.as_str(),
        ];
        let mut key = parts.join("~");
        key.make_ascii_lowercase();
        key
    }
}

/// The identity of a handle.
pub type HandleId = Uuid;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xuids_are_strings_out_and_strings_or_numbers_in() {
        let check = |json: &str, expected: Option<u64>| {
            assert_eq!(
                serde_json::from_str::<Xuid>(json).ok().map(|x| x.0),
                expected,
                "{json}"
            );
        };
        check("\"2533274790395904\"", Some(2_533_274_790_395_904));
        check("18446744073709551615", Some(u64::MAX));
        check("\"18446744073709551616\"", None);
        check("\"+1\"", None);
        check("\"\"", None);
        check("-1", None);
        check("1.5", None);
        check("null", None);
        assert_eq!(
            serde_json::to_string(&Xuid(1001)).expect("a string"),
            "\"1001\""
        );
    }

    #[test]
    fn session_names_refuse_what_would_break_a_path_or_a_tap() {
        let check = |text: &str, valid: bool| {
            assert_eq!(text.parse::<SessionName>().is_ok(), valid, "{text}");
        };
        check("foo", true);
        check("team-buzz_1.x", true);
        check("a~b", false);
        check("a b", false);
        check("a/b", false);
        check("", false);
        check("..", false);
        check(&"a".repeat(100), true);
        check(&"a".repeat(101), false);
        assert!("global(lfg)".parse::<TemplateName>().is_ok());
    }

    #[test]
    fn the_resource_of_a_tap_is_read_back() {
        let reference = SessionRef {
            scid: "11111111-2222-3333-4444-555555555555"
                .parse()
                .expect("valid"),
            template_name: "global(lfg)".parse().expect("valid"),
            name: "Foo".parse().expect("valid"),
        };
        let resource = reference.resource();
        assert_eq!(SessionRef::from_resource(&resource), Some(reference));
        for other in [
            "",
            "a~b~c",
            &format!("{resource}~d"),
            &resource.replacen('~', "/", 1),
        ] {
            assert_eq!(SessionRef::from_resource(other), None, "{other}");
        }
    }

    #[test]
    fn names_compare_without_regard_to_case_and_keep_their_spelling() {
        let a: SessionName = "Foo".parse().expect("valid");
        let b: SessionName = "fOO".parse().expect("valid");
        assert_eq!(a, b);
        assert_eq!(a.to_string(), "Foo");
        assert_eq!(a.folded(), "foo");
    }
}
