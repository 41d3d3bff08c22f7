//! Verifying a provider's token: size, algorithm, key, signature, issuer, audience, times.
//!
//! Not here: whose keys verify it, and what its claims mean (`claim_map`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode};
use serde::Deserialize;
use serde_json::Value;

use super::keys::SigningKey;
use super::settings::{ProviderSettings, SignatureAlgorithm};
use crate::auth::error::AuthError;
use crate::auth::token::{MAX_TOKEN_LEN, check_times, read_header};

/// The kinds of token that say who somebody is. Others, such as logout tokens, are signed with the
/// same keys and must not be mistaken for them (RFC 8725, 3.11).
const TYPES: [&str; 4] = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"];

/// Largest token id that is kept.
const MAX_TOKEN_ID: usize = 128;

/// What a token's header says about its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) kid: Option<String>,
}

/// A token that its provider signed for us.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) claims: Value,
    pub(super) token_id: String,
    pub(super) expires: Timestamp,
}

/// The issuer that a token names, read without verifying anything. `None`: it names none.
pub(super) fn unverified_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    if MAX_TOKEN_LEN < token.len() {
        return None;
    }
    let claims = token.split('.').nth(1)?;
    let json = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let issuer: Issuer = serde_json::from_slice(&json).ok()?;
    Some(issuer.iss)
}

/// Reads a token's header: its algorithm must be one of the provider's.
pub(super) fn header(token: &str, settings: &ProviderSettings) -> Result<Header, AuthError> {
    let header = read_header(token)?;
    let mut allowed = settings.algorithms.iter();
    let Some(algorithm) = allowed.find(|one| one.name() == header.alg) else {
        return Err(AuthError::InvalidSignature(
            "the token is signed with an algorithm that is not accepted from its issuer",
        ));
    };
    if header.crit.is_some() {
        return Err(AuthError::InvalidSignature(
            "the token has critical extensions, which are not supported",
        ));
    }
    if let Some(kind) = &header.typ
        && !TYPES.iter().any(|known| kind.eq_ignore_ascii_case(known))
    {
        return Err(AuthError::InvalidSignature(
            "the token is of a type that does not say who somebody is",
        ));
    }
    Ok(Header {
        algorithm: *algorithm,
        kid: header.kid,
    })
}

/// Verifies everything after the choice of the key.
pub(super) fn verify(
    token: &str,
    header: &Header,
    key: &SigningKey,
    settings: &ProviderSettings,
    now: Timestamp,
) -> Result<Verified, AuthError> {
    let claims = verify_signature(token, header, key)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(settings.issuer.as_str()) {
        return Err(AuthError::InvalidSignature(
            "the token is not of this issuer",
        ));
    }
    if !is_for(&claims, &settings.audiences) {
        return Err(AuthError::WrongAudience);
    }
    let exp = second(&claims, "exp")?.ok_or(AuthError::Malformed("the token has no expiry"))?;
    let nbf = second(&claims, "nbf")?.unwrap_or(i64::MIN);
    check_times(nbf, exp, now)?;
    let expires = Timestamp::from_second(exp)
        .map_err(|_| AuthError::Malformed("the token's expiry is out of range"))?;
    let token_id = text("jti").unwrap_or_default();
    Ok(Verified {
        token_id: token_id.chars().take(MAX_TOKEN_ID).collect(),
        expires,
        claims,
    })
}

fn verify_signature(token: &str, header: &Header, key: &SigningKey) -> Result<Value, AuthError> {
    // The library's own checks of times use the machine's clock; ours use the caller's.
    let mut signature_only = Validation::new(header.algorithm.algorithm());
    signature_only.required_spec_claims.clear();
    signature_only.validate_exp = false;
    signature_only.validate_nbf = false;
    signature_only.validate_aud = false;
    decode::<Value>(token, key.decoding_key(), &signature_only)
        .map(|data| data.claims)
        .map_err(|error| match error.kind() {
            ErrorKind::Json(_) | ErrorKind::Utf8(_) => {
                AuthError::Malformed("the token's claims cannot be read")
            }
            _ => AuthError::InvalidSignature("the token's signature does not fit"),
        })
}

/// Whether a token is for one of the audiences: `aud` is text or a list (RFC 7519, 4.1.3).
fn is_for(claims: &Value, audiences: &[String]) -> bool {
    let named = |value: &Value| {
        let text = value.as_str();
        text.is_some_and(|text| audiences.iter().any(|one| one == text))
    };
    match claims.get("aud") {
        Some(Value::Array(all)) => all.iter().any(named),
        Some(one) => named(one),
        None => false,
    }
}

/// A time in Unix seconds, which may have a fraction (RFC 7519, 2).
fn second(claims: &Value, name: &str) -> Result<Option<i64>, AuthError> {
    let wrong = AuthError::Malformed("the token's times are no numbers of seconds");
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the fraction is to go, and what is out of range saturates"
            )]
            let whole = number
                .as_i64()
                .or_else(|| number.as_f64().map(|float| float.floor() as i64));
            whole.map(Some).ok_or(wrong)
        }
        Some(_) => Err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn settings() -> ProviderSettings {
        let text =
            "issuer = \"https://id.example\"\naudiences = [\"a\"]\n[claim_map]\nxuid = \"/x\"\n";
        toml::from_str(text).expect("valid")
    }

    fn token(header: &Value, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.x", part(&header.to_string()), part(claims))
    }

    #[test]
    fn headers_that_are_not_accepted_are_refused() {
        let check = |header: Value, expected: Option<&str>| {
            let reason = super::header(&token(&header, "{}"), &settings()).err();
            assert_eq!(reason.as_ref().map(AuthError::reason), expected, "{header}");
        };
        check(json!({"alg": "RS256"}), None);
        check(
            json!({"alg": "EdDSA", "kid": "k", "typ": "at+JWT", "x5c": ["x"]}),
            None,
        );
        let bad = Some("invalid_signature");
        for alg in [
            "none", "None", "HS256", "HS384", "HS512", "rs256", "RS384", "",
        ] {
            check(json!({"alg": alg}), bad);
        }
        check(json!({"alg": "RS256", "typ": "logout+jwt"}), bad);
        check(json!({"alg": "RS256", "typ": "dpop+jwt"}), bad);
        check(json!({"alg": "RS256", "crit": ["b64"]}), bad);
        check(json!({"alg": 7}), Some("malformed"));
        check(json!({"alg": "RS256", "kid": 7}), Some("malformed"));
        check(json!({}), Some("malformed"));
        check(json!([]), Some("malformed"));
    }

    #[test]
    fn the_issuer_is_read_only_where_there_is_exactly_one() {
        let check = |claims: &str, expected: Option<&str>| {
            let issuer = unverified_issuer(&token(&json!({}), claims));
            assert_eq!(issuer.as_deref(), expected, "{claims}");
        };
        check(r#"{"iss":"i","sub":"s"}"#, Some("i"));
        check(r#"{"iss":"i","iss":"j"}"#, None);
        check(r#"{"iss":7}"#, None);
        check("{}", None);
        check("x", None);
        assert_eq!(unverified_issuer("a"), None);
        assert_eq!(unverified_issuer(&"a".repeat(MAX_TOKEN_LEN + 1)), None);
    }

    #[test]
    fn the_audience_is_text_or_a_list() {
        let check = |aud: Value, expected: bool| {
            let audiences = ["a".to_owned(), "b".to_owned()];
            assert_eq!(is_for(&json!({"aud": aud}), &audiences), expected, "{aud}");
        };
        check(json!("a"), true);
        check(json!(["x", "b"]), true);
        check(json!("A"), false);
        check(json!("ab"), false);
        check(json!([]), false);
        check(json!([["a"]]), false);
        check(json!({"a": "a"}), false);
        check(Value::Null, false);
        assert!(!is_for(&json!({}), &["a".to_owned()]));
    }

    #[test]
    fn times_may_have_fractions_and_extremes() {
        let check = |value: Value, expected: Result<Option<i64>, &str>| {
            let read = second(&json!({"exp": value}), "exp").map_err(|error| error.reason());
            assert_eq!(read, expected, "{value}");
        };
        check(json!(7), Ok(Some(7)));
        check(json!(7.9), Ok(Some(7)));
        check(json!(-7.5), Ok(Some(-8)));
        check(json!(1e300), Ok(Some(i64::MAX)));
        check(json!(u64::MAX), Ok(Some(i64::MAX)));
        check(Value::Null, Ok(None));
        check(json!("7"), Err("malformed"));
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(
            text in "\\PC{0,200}",
            near in "[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,20}",
            alg in "\\PC{0,8}",
            claims in "\\PC{0,40}",
        ) {
            let settings = settings();
            for token in [text, near, token(&json!({"alg": alg}), &claims)] {
                let _ = unverified_issuer(&token);
                let _ = header(&token, &settings);
            }
        }
    }
}
