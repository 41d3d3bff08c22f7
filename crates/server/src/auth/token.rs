//! Signed tokens: ES256 JWTs, signed and verified with the issuer's key.
//!
//! Not here: tokens of other issuers, and what the claims mean (`claims`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::Deserialize;

use super::claims::Claims;
use super::error::AuthError;
use super::keys::IssuerKeys;

/// Longest token that is looked at. Inferred.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// The relying party of all session services. `[client]`
pub const SERVICE_AUDIENCE: &str = "http://xboxlive.com";

/// The relying party of user, device and title tokens, which are no use at a service. `[client]`
pub const SIGN_IN_AUDIENCE: &str = "http://auth.xboxlive.com";

/// How long a token is honoured after its expiry: clients do not repeat a write after 401.
/// Inferred.
pub const EXPIRY_GRACE: SignedDuration = SignedDuration::from_secs(60);

/// How far a clock of another machine may be ahead of ours. Inferred.
const NOT_BEFORE_SKEW_SECONDS: i64 = 60;

/// What a token is expected to be for and from.
#[derive(Debug, Clone, Copy)]
pub struct Audience<'a> {
    /// The exact `iss` claim.
    pub issuer: &'a str,
    /// The exact `aud` claim.
    pub relying_party: &'a str,
}

/// Signs claims.
pub fn sign(claims: &Claims, keys: &IssuerKeys) -> String {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(keys.kid().to_owned());
    jsonwebtoken::encode(&header, claims, keys.encoding_key())
        .expect("the key was checked when it was loaded, and claims are plain JSON")
}

/// Verifies a token of ours: size, algorithm, key id, signature, issuer, audience, times.
pub fn verify(
    token: &str,
    keys: &IssuerKeys,
    expected: Audience<'_>,
    now: Timestamp,
) -> Result<Claims, AuthError> {
    let header = read_header(token)?;
    if header.alg != "ES256" {
        return Err(AuthError::InvalidSignature(
            "the token is not signed with ES256",
        ));
    }
    if header.crit.is_some() {
        return Err(AuthError::InvalidSignature(
            "the token has critical extensions, which are not supported",
        ));
    }
    if header.kid.as_deref() != Some(keys.kid()) {
        return Err(AuthError::InvalidSignature(
            "the token is not signed with a key of this issuer",
        ));
    }
    let claims = verify_signature(token, keys)?;
    if claims.iss != expected.issuer {
        return Err(AuthError::InvalidSignature(
            "the token is not of this issuer",
        ));
    }
    if claims.aud != expected.relying_party {
        return Err(AuthError::WrongAudience);
    }
    check_times(claims.nbf, claims.exp, now)?;
    Ok(claims)
}

/// The header fields that decide how a token is verified.
#[derive(Deserialize)]
pub(super) struct JoseHeader {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
    pub(super) crit: Option<serde_json::Value>,
}

/// Reads the header of a token that is short enough to be looked at.
pub(super) fn read_header(token: &str) -> Result<JoseHeader, AuthError> {
    if MAX_TOKEN_LEN < token.len() {
        return Err(AuthError::Malformed(
            "the token is longer than 16384 characters",
        ));
    }
    let mut parts = token.split('.');
    let (Some(header), Some(_), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(AuthError::Malformed("the token is no JWT of three parts"));
    };
    URL_SAFE_NO_PAD
        .decode(header)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or(AuthError::Malformed("the token's header cannot be read"))
}

fn verify_signature(token: &str, keys: &IssuerKeys) -> Result<Claims, AuthError> {
    // The library's own checks of times use the machine's clock; ours use the caller's.
    let mut signature_only = Validation::new(Algorithm::ES256);
    signature_only.required_spec_claims.clear();
    signature_only.validate_exp = false;
    signature_only.validate_nbf = false;
    signature_only.validate_aud = false;
    jsonwebtoken::decode::<Claims>(token, keys.decoding_key(), &signature_only)
        .map(|data| data.claims)
        .map_err(|error| match error.kind() {
            ErrorKind::Json(_) | ErrorKind::Utf8(_) => {
                AuthError::Malformed("the token's claims cannot be read")
            }
            _ => AuthError::InvalidSignature("the token's signature does not fit"),
        })
}

/// Checks the times of a token, given in Unix seconds, with tolerance at both ends.
pub(super) fn check_times(nbf: i64, exp: i64, now: Timestamp) -> Result<(), AuthError> {
    let second = now.as_second();
    if exp.saturating_add(EXPIRY_GRACE.as_secs()) <= second {
        return Err(AuthError::Expired);
    }
    if second < nbf.saturating_sub(NOT_BEFORE_SKEW_SECONDS) {
        return Err(AuthError::NotYetValid);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static KEYS: LazyLock<IssuerKeys> = LazyLock::new(IssuerKeys::generate);

    const HERE: Audience<'_> = Audience {
        issuer: "https://issuer.example",
        relying_party: SERVICE_AUDIENCE,
    };

    fn claims(nbf: i64, exp: i64) -> Claims {
        Claims {
            iss: HERE.issuer.to_owned(),
            aud: HERE.relying_party.to_owned(),
            iat: nbf,
            nbf,
            exp,
            jti: "t".to_owned(),
            xui: Vec::new(),
            xti: None,
            xdi: None,
            sbx: None,
            svc: None,
            rol: Vec::new(),
            cnf: None,
            idp: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn what_is_signed_is_verified() {
        let claims = claims(1_000, 2_000);
        let token = sign(&claims, &KEYS);
        assert_eq!(verify(&token, &KEYS, HERE, at(1_500)), Ok(claims));
    }

    #[test]
    fn times_have_sixty_seconds_of_tolerance_at_both_ends() {
        let token = sign(&claims(1_000, 2_000), &KEYS);
        let check = |second: i64, expected: Option<AuthError>| {
            let result = verify(&token, &KEYS, HERE, at(second)).err();
            assert_eq!(result, expected, "{second}");
        };
        check(939, Some(AuthError::NotYetValid));
        check(940, None);
        check(2_000, None);
        check(2_059, None);
        check(2_060, Some(AuthError::Expired));
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let token = sign(&claims(i64::MIN, i64::MAX), &KEYS);
        assert!(verify(&token, &KEYS, HERE, Timestamp::MAX).is_ok());
        assert!(verify(&token, &KEYS, HERE, Timestamp::MIN).is_ok());
    }

    #[test]
    fn issuer_and_audience_are_compared_exactly() {
        let token = sign(&claims(0, 2_000), &KEYS);
        let check = |issuer: &str, relying_party: &str, reason: &str| {
            let expected = Audience {
                issuer,
                relying_party,
            };
            let error = verify(&token, &KEYS, expected, at(0)).expect_err(reason);
            assert_eq!(error.reason(), reason, "{issuer} {relying_party}");
        };
        check(
            "https://other.example",
            SERVICE_AUDIENCE,
            "invalid_signature",
        );
        check(HERE.issuer, "http://xboxlive.com/", "wrong_audience");
        check(HERE.issuer, "HTTP://XBOXLIVE.COM", "wrong_audience");
        check(HERE.issuer, SIGN_IN_AUDIENCE, "wrong_audience");
    }

    proptest! {
        #[test]
        fn verifying_never_panics(token in "\\PC{0,200}") {
            prop_assert!(verify(&token, &KEYS, HERE, at(0)).is_err());
        }

        #[test]
        fn verifying_text_in_the_shape_of_a_token_never_panics(
            token in "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,90}",
        ) {
            prop_assert!(verify(&token, &KEYS, HERE, at(0)).is_err());
        }

        #[test]
        fn a_changed_character_is_noticed(position in 0_usize..10_000, with in "[A-Za-z0-9._-]") {
            let token = sign(&claims(0, 2_000), &KEYS);
            let position = position % token.len();
            let mut changed = token.clone();
            changed.replace_range(position..=position, &with);
            prop_assume!(changed != token);
            prop_assert!(verify(&changed, &KEYS, HERE, at(0)).is_err());
        }
    }
}
