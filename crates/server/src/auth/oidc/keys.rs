//! A provider's public keys, from its key set (RFC 7517).
//!
//! Not here: fetching the set, and when (`key_source`).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// How long keys stay good when their provider cannot be reached. Inferred.
pub(super) const STALE_KEYS: SignedDuration = SignedDuration::from_hours(24);

/// Most keys of a set that are looked at, by our own choice.
const MAX_KEYS: usize = 64;

/// A public key of a provider.
pub(crate) struct SigningKey {
    jwk: Jwk,
    decoding: DecodingKey,
    /// The Unix second from which tokens signed with it are not accepted any more. It moves on with
    /// every fetch that finds the key, and is in the past once a fetch does not.
    good_until: AtomicI64,
}

/// The keys of a provider that can verify signatures.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Arc<SigningKey>>);

/// The members of a JSON Web Key that we use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

impl SigningKey {
    fn new(jwk: Jwk) -> Option<Self> {
        if jwk
            .purpose
            .as_deref()
            .is_some_and(|purpose| purpose != "sig")
        {
            return None;
        }
        let (x, y) = (jwk.x.as_deref(), jwk.y.as_deref());
        let decoding = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => DecodingKey::from_rsa_components(jwk.n.as_deref()?, jwk.e.as_deref()?),
            ("EC", Some("P-256" | "P-384")) => DecodingKey::from_ec_components(x?, y?),
            ("OKP", Some("Ed25519")) => DecodingKey::from_ed_components(x?),
            // Shared secrets (`oct`) above all.
            _ => return None,
        };
        Some(Self {
            decoding: decoding.ok()?,
            jwk,
            good_until: AtomicI64::new(i64::MIN),
        })
    }

    /// Whether tokens signed with this key are still accepted.
    pub(crate) fn is_good(&self, now: Timestamp) -> bool {
        now.as_second() < self.good_until.load(Ordering::Acquire)
    }

    /// The key, for the library.
    pub(super) fn decoding_key(&self) -> &DecodingKey {
        &self.decoding
    }

    /// Whether the key is made for this algorithm: no key verifies two kinds of signature.
    fn fits(&self, algorithm: Algorithm, name: &str) -> bool {
        let kind = match algorithm {
            Algorithm::RS256
            | Algorithm::RS384
            | Algorithm::RS512
            | Algorithm::PS256
            | Algorithm::PS384
            | Algorithm::PS512 => ("RSA", None),
            Algorithm::ES256 => ("EC", Some("P-256")),
            Algorithm::ES384 => ("EC", Some("P-384")),
            Algorithm::EdDSA => ("OKP", Some("Ed25519")),
            _ => return false,
        };
        let right_kind = self.jwk.kty == kind.0
            && kind
                .1
                .is_none_or(|curve| self.jwk.crv.as_deref() == Some(curve));
        // RFC 9864 names the algorithm of these keys by their curve.
        let declared = self.jwk.alg.as_deref().map(|alg| match alg {
            "Ed25519" => "EdDSA",
            other => other,
        });
        right_kind && declared.is_none_or(|alg| alg == name)
    }
}

impl KeySet {
    /// The usable keys of a key set; others in it are ignored. `None`: it is no key set.
    pub(super) fn read(document: &Value) -> Option<Self> {
        let keys = document.get("keys")?.as_array()?;
        let usable = keys.iter().take(MAX_KEYS).filter_map(|key| {
            let jwk = Jwk::deserialize(key).ok()?;
            SigningKey::new(jwk).map(Arc::new)
        });
        Some(Self(usable.collect()))
    }

    /// The key that a token's header names, if it is still good.
    ///
    /// A header without key id means the only key that fits, if there is only one.
    pub(super) fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        name: &str,
        now: Timestamp,
    ) -> Option<Arc<SigningKey>> {
        let fits = |key: &&Arc<SigningKey>| {
            let named = kid.is_none() || key.jwk.kid.as_deref() == kid;
            named && key.fits(algorithm, name) && key.is_good(now)
        };
        let mut fitting = self.0.iter().filter(fits);
        let first = fitting.next()?;
        let only = fitting.next().is_none();
        (only || kid.is_some()).then(|| Arc::clone(first))
    }

    /// This set as fetched at `now`, in place of an older one.
    ///
    /// Keys that were there before stay the same values, so that what was verified with them goes
    /// on; those that are gone are not good from this moment.
    pub(super) fn replacing(self, old: &Self, now: Timestamp) -> Self {
        let good_until = now.as_second().saturating_add(STALE_KEYS.as_secs());
        let fetched = self.0.into_iter().map(|key| {
            let known = old.0.iter().find(|known| known.jwk == key.jwk);
            known.map_or(key, Arc::clone)
        });
        let keys: Vec<_> = fetched.collect();
        for key in &keys {
            key.good_until.store(good_until, Ordering::Release);
        }
        for gone in &old.0 {
            if !keys.iter().any(|key| Arc::ptr_eq(key, gone)) {
                gone.good_until.store(i64::MIN, Ordering::Release);
            }
        }
        Self(keys)
    }

    /// How many usable keys there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.jwk.kid)
            .field("kty", &self.jwk.kty)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::IssuerKeys;
    use proptest::prelude::*;
    use serde_json::json;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    /// A fresh key on P-256 with these members changed.
    fn key(kid: &str, changes: &Value) -> Value {
        let mut key = IssuerKeys::generate().jwks()["keys"][0].clone();
        key["kid"] = json!(kid);
        for (name, value) in changes.as_object().expect("an object") {
            key[name.as_str()] = value.clone();
        }
        key
    }

    fn set(keys: &[Value], old: &KeySet, now: Timestamp) -> KeySet {
        let read = KeySet::read(&json!({"keys": keys})).expect("a key set");
        read.replacing(old, now)
    }

    fn finds(set: &KeySet, kid: Option<&str>, now: Timestamp) -> bool {
        set.find(kid, Algorithm::ES256, "ES256", now).is_some()
    }

    #[test]
    fn keys_of_other_kinds_and_for_other_purposes_are_ignored() {
        let check = |key: Value, expected: usize| {
            let set = KeySet::read(&json!({"keys": [key]})).expect("a key set");
            assert_eq!(set.len(), expected, "{key}");
        };
        check(key("a", &json!({})), 1);
        check(key("a", &json!({"use": null, "alg": null})), 1);
        check(key("a", &json!({"use": "enc"})), 0);
        check(key("a", &json!({"crv": "secp256k1"})), 0);
        check(key("a", &json!({"x": null})), 0);
        check(key("a", &json!({"y": "*"})), 0);
        check(json!({"kty": "oct", "k": "c2VjcmV0", "kid": "a"}), 0);
        check(json!({"kty": "RSA", "kid": "a", "e": "AQAB"}), 0);
        check(json!({"kty": "new"}), 0);
        check(json!("key"), 0);
        check(json!({"kty": 7}), 0);
    }

    #[test]
    fn a_document_without_a_list_of_keys_is_no_key_set() {
        for document in [
            json!({}),
            json!([]),
            json!({"keys": {}}),
            json!("x"),
            Value::Null,
        ] {
            assert!(KeySet::read(&document).is_none(), "{document}");
        }
        assert_eq!(KeySet::read(&json!({"keys": []})).expect("empty").len(), 0);
    }

    #[test]
    fn a_key_verifies_only_the_algorithm_it_is_for() {
        let rsa = json!({"kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB"});
        let declared = json!({"kty": "RSA", "kid": "d", "n": "AQAB", "e": "AQAB", "alg": "RS256"});
        let all = set(
            &[key("e", &json!({})), rsa, declared],
            &KeySet::default(),
            at(0),
        );
        let check = |kid: &str, algorithm: Algorithm, name: &str, expected: bool| {
            let found = all.find(Some(kid), algorithm, name, at(0)).is_some();
            assert_eq!(found, expected, "{kid} {name}");
        };
        check("e", Algorithm::ES256, "ES256", true);
        check("e", Algorithm::ES384, "ES384", false);
        check("e", Algorithm::RS256, "RS256", false);
        check("e", Algorithm::HS256, "HS256", false);
        check("e", Algorithm::EdDSA, "EdDSA", false);
        check("r", Algorithm::RS256, "RS256", true);
        check("r", Algorithm::PS512, "PS512", true);
        check("r", Algorithm::HS256, "HS256", false);
        check("d", Algorithm::RS256, "RS256", true);
        check("d", Algorithm::PS256, "PS256", false);
    }

    #[test]
    fn a_header_without_key_id_means_the_only_key_that_fits() {
        let rsa = json!({"kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB"});
        let one = set(&[key("a", &json!({})), rsa], &KeySet::default(), at(0));
        assert!(finds(&one, None, at(0)));
        let two = set(
            &[key("a", &json!({})), key("b", &json!({}))],
            &KeySet::default(),
            at(0),
        );
        assert!(!finds(&two, None, at(0)));
        assert!(finds(&two, Some("b"), at(0)) && !finds(&two, Some("c"), at(0)));
    }

    #[test]
    fn keys_are_good_for_a_day_after_they_were_last_seen() {
        let key = key("a", &json!({}));
        let first = set(std::slice::from_ref(&key), &KeySet::default(), at(0));
        assert!(finds(&first, Some("a"), at(86_399)));
        assert!(!finds(&first, Some("a"), at(86_400)));
        let held = Arc::clone(&first.0[0]);
        let again = set(&[key], &first, at(1_000));
        assert!(
            Arc::ptr_eq(&held, &again.0[0]),
            "the same key is the same value"
        );
        assert!(held.is_good(at(87_399)));
    }

    #[test]
    fn a_key_that_its_provider_took_back_is_not_good_any_more() {
        let (a, b) = (key("a", &json!({})), key("b", &json!({})));
        let first = set(&[a], &KeySet::default(), at(0));
        let held = Arc::clone(&first.0[0]);
        assert!(held.is_good(at(1)));
        let second = set(&[b], &first, at(1));
        assert!(!held.is_good(at(1)));
        assert!(finds(&second, Some("b"), at(1)) && !finds(&second, Some("a"), at(1)));
        // Another key of the same name is another key.
        let third = set(&[key("b", &json!({}))], &second, at(2));
        assert!(!second.0[0].is_good(at(2)) && third.0[0].is_good(at(2)));
    }

    proptest! {
        #[test]
        fn no_key_makes_reading_panic(
            kty in "(RSA|EC|OKP|oct)", crv in "(P-256|P-384|Ed25519)", part in "[A-Za-z0-9_=*-]{0,90}",
        ) {
            let key = json!({"kty": kty, "crv": crv, "n": part, "e": part, "x": part, "y": part});
            let set = KeySet::read(&json!({"keys": [key]})).expect("a key set");
            prop_assert!(set.len() <= 1);
        }
    }
}
