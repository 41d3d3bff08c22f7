//! From a provider's claims to ours.
//!
//! Not here: whether the claims are genuine (`verify`), and who has a hashed XUID (`links`).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use convoke_wire::ids::{Sandbox, TitleId, Xuid};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::claim_source::{ClaimSource, WrongType};
use super::links::Fingerprint;
use super::settings::ProviderSettings;
use crate::auth::error::AuthError;
use crate::auth::principal::AgeGroup;
use crate::auth::role::Role;

/// Longest gamertag, device id and device type, by our own choice.
const MAX_TEXT: usize = 128;

/// Which claims say who somebody is.
///
/// Each is a JSON pointer such as `/sub`, or text with pointers in braces such as
/// `{/given_name} {/family_name}`. Inferred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
pub struct ClaimMap {
    /// The XUID: a claim that is one, or `{ hash = "/sub" }` to make one of any lasting text.
    pub xuid: XuidSource,
    /// The gamertag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gamertag: Option<ClaimSource>,
    /// The age group: `Adult`, `Teen` or `Child`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_group: Option<ClaimSource>,
    /// The privileges: a list of ids, or text with spaces between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privileges: Option<ClaimSource>,
    /// The title id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_id: Option<ClaimSource>,
    /// The device id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<ClaimSource>,
    /// The device type: `Win32`, `Scarlett` and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_type: Option<ClaimSource>,
    /// The sandbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<ClaimSource>,
    /// The roles of a service: a list, or text with spaces between them. Other words are ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<ClaimSource>,
}

/// Where a user's XUID comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum XuidSource {
    /// A claim that is a decimal XUID.
    Claim(ClaimSource),
    /// A lasting text, from whose hash a XUID is made.
    Hash(ClaimSource),
}

/// What a token says, in our terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) user: Option<ProfileUser>,
    pub(super) title_id: Option<TitleId>,
    pub(super) device_id: Option<String>,
    pub(super) device_type: Option<String>,
    pub(super) sandbox: Sandbox,
    pub(super) roles: BTreeSet<Role>,
    pub(super) service: Option<String>,
}

/// A user as a token describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProfileUser {
    pub(super) id: UserId,
    pub(super) gamertag: Option<String>,
    pub(super) age_group: Option<AgeGroup>,
    pub(super) privileges: Option<BTreeSet<u16>>,
}

/// How a token names its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserId {
    Xuid(Xuid),
    Hashed(Fingerprint),
}

/// Reads claims by a provider's map.
///
/// A token with a role of ours is a service's and has no user; so has the token of a client that
/// acts for itself, whose subject is the client (RFC 9068, 2.2).
pub(super) fn profile(claims: &Value, settings: &ProviderSettings) -> Result<Profile, AuthError> {
    let map = &settings.claim_map;
    let roles = roles(map, claims)?;
    let user = if roles.is_empty() && !is_client_of_its_own(claims) {
        user(claims, settings)?
    } else {
        None
    };
    let service = (!roles.is_empty()).then(|| service_name(claims));
    let text = |source: &Option<ClaimSource>, problem| match source {
        Some(source) => printable(source, claims, problem),
        None => Ok(None),
    };
    let sandbox = text(&map.sandbox, SANDBOX)?
        .map(|id| id.parse())
        .transpose();
    Ok(Profile {
        user,
        title_id: title(claims, settings)?,
        device_id: text(&map.device_id, DEVICE_ID)?,
        device_type: text(&map.device_type, DEVICE_TYPE)?,
        sandbox: sandbox
            .map_err(|_| SANDBOX)?
            .unwrap_or_else(|| settings.sandbox.clone()),
        roles,
        service,
    })
}

const XUID: AuthError = AuthError::Malformed(
    "the token's claim for claim_map.xuid is missing, empty, or no decimal XUID",
);
const GAMERTAG: AuthError = AuthError::Malformed(
    "the token's claim for claim_map.gamertag is no printable text of at most 128 characters",
);
const AGE_GROUP: AuthError = AuthError::Malformed(
    "the token's claim for claim_map.age_group is none of Adult, Teen and Child",
);
const PRIVILEGES: AuthError = AuthError::Malformed(
    "the token's claim for claim_map.privileges is no list of ids from 0 to 65535",
);
const TITLE_ID: AuthError =
    AuthError::Malformed("the token's claim for claim_map.title_id is no decimal title id");
const OTHER_TITLE: AuthError =
    AuthError::Malformed("the token's title is none of its issuer's title_ids");
const DEVICE_ID: AuthError = AuthError::Malformed(
    "the token's claim for claim_map.device_id is no printable text of at most 128 characters",
);
const DEVICE_TYPE: AuthError = AuthError::Malformed(
    "the token's claim for claim_map.device_type is no printable text of at most 128 characters",
);
const SANDBOX: AuthError =
    AuthError::Malformed("the token's claim for claim_map.sandbox is no sandbox id");
const ROLES: AuthError = AuthError::Malformed(
    "the token's claim for claim_map.roles is neither a list of words nor text",
);

fn user(claims: &Value, settings: &ProviderSettings) -> Result<Option<ProfileUser>, AuthError> {
    let map = &settings.claim_map;
    let id = match &map.xuid {
        XuidSource::Claim(source) => {
            let text = source.text(claims).map_err(|_| XUID)?.ok_or(XUID)?;
            UserId::Xuid(text.parse().map_err(|_| XUID)?)
        }
        XuidSource::Hash(source) => {
            let text = source.text(claims).map_err(|_| XUID)?;
            let text = text.filter(|text| !text.is_empty()).ok_or(XUID)?;
            UserId::Hashed(Fingerprint::new(&settings.issuer, &text))
        }
    };
    let gamertag = match &map.gamertag {
        Some(source) => printable(source, claims, GAMERTAG)?,
        None => None,
    };
    let age_group = match &map.age_group {
        Some(source) => match source.text(claims).map_err(|_| AGE_GROUP)? {
            Some(text) => Some(AgeGroup::from_claim(&text).ok_or(AGE_GROUP)?),
            None => None,
        },
        None => None,
    };
    let privileges = match &map.privileges {
        Some(source) => words(source, claims).map_err(|_| PRIVILEGES)?,
        None => None,
    };
    let parsed = |all: Vec<String>| all.iter().map(|id| id.parse()).collect::<Result<_, _>>();
    let privileges = privileges.map(parsed).transpose().map_err(|_| PRIVILEGES)?;
    Ok(Some(ProfileUser {
        id,
        gamertag,
        age_group,
        privileges: privileges.or_else(|| settings.default_privileges.clone()),
    }))
}

/// The roles that we know. Others unlock nothing, and must not make a service of a player whose
/// provider has roles for purposes of its own.
fn roles(map: &ClaimMap, claims: &Value) -> Result<BTreeSet<Role>, AuthError> {
    let Some(source) = &map.roles else {
        return Ok(BTreeSet::new());
    };
    let names = words(source, claims)
        .map_err(|_| ROLES)?
        .unwrap_or_default();
    let known = names.iter().map(|name| Role::from(name.as_str()));
    Ok(known
        .filter(|role| !matches!(role, Role::Other(_)))
        .collect())
}

fn is_client_of_its_own(claims: &Value) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let subject = text("sub");
    subject.is_some() && (subject == text("client_id") || subject == text("azp"))
}

fn service_name(claims: &Value) -> String {
    let text = |name: &&str| claims.get(name).and_then(Value::as_str);
    let name = ["client_id", "azp", "sub"].iter().find_map(text);
    name.unwrap_or_default().to_owned()
}

fn title(claims: &Value, settings: &ProviderSettings) -> Result<Option<TitleId>, AuthError> {
    let named = match &settings.claim_map.title_id {
        Some(source) => source.text(claims).map_err(|_| TITLE_ID)?,
        None => None,
    };
    match (named, settings.title_ids.as_slice()) {
        (None, [only]) => Ok(Some(*only)),
        (None, _) => Ok(None),
        (Some(text), allowed) => {
            let title: TitleId = text.parse().map_err(|_| TITLE_ID)?;
            if allowed.is_empty() || allowed.contains(&title) {
                Ok(Some(title))
            } else {
                Err(OTHER_TITLE)
            }
        }
    }
}

fn printable(
    source: &ClaimSource,
    claims: &Value,
    problem: AuthError,
) -> Result<Option<String>, AuthError> {
    let Ok(text) = source.text(claims) else {
        return Err(problem);
    };
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if MAX_TEXT < text.chars().count() || text.chars().any(char::is_control) {
        return Err(problem);
    }
    Ok(Some(text))
}

/// A list of words, or text with spaces between them.
fn words(source: &ClaimSource, claims: &Value) -> Result<Option<Vec<String>>, WrongType> {
    let Some(value) = source.value(claims)? else {
        return Ok(None);
    };
    let word = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(WrongType),
    };
    match value.as_ref() {
        Value::String(text) => Ok(Some(
            text.split_ascii_whitespace().map(str::to_owned).collect(),
        )),
        Value::Array(all) => all.iter().map(word).collect::<Result<_, _>>().map(Some),
        _ => Err(WrongType),
    }
}

#[derive(Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct HashOf<T> {
    hash: T,
}

impl Serialize for XuidSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Claim(source) => source.serialize(serializer),
            Self::Hash(hash) => HashOf { hash }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for XuidSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = XuidSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON pointer such as `\"/xuid\"`, or `{ hash = \"/sub\" }`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<XuidSource, E> {
                text.parse().map(XuidSource::Claim).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<XuidSource, A::Error> {
                let table = HashOf::deserialize(MapAccessDeserializer::new(map))?;
                Ok(XuidSource::Hash(table.hash))
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }
}

impl JsonSchema for XuidSource {
    fn schema_name() -> Cow<'static, str> {
        "XuidSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "properties": {"hash": {
                    "type": "string",
                    "description": "The claim whose hash makes a XUID that is the same at every sign-in.",
                }},
                "required": ["hash"],
                "additionalProperties": false,
            },
        ]})
    }
}

#[cfg(test)]
mod tests;
