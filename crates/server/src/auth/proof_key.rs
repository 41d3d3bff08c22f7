//! The key that a client proves to hold by signing its requests: a P-256 key as a JWK (RFC 7517).
//!
//! Not here: the signatures (`signature`).

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

const COORDINATE_LEN: usize = 32;
/// `0x04`, then x and y: the uncompressed form (SEC 1, 2.3.3).
const POINT_LEN: usize = 1 + 2 * COORDINATE_LEN;

/// A public key on P-256; always a point of the curve.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Jwk", into = "Jwk")]
pub struct ProofKey([u8; POINT_LEN]);

/// The claim of a token that names its proof key (RFC 7800).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The key.
    pub jwk: ProofKey,
}

/// As it is written. `alg` and `use`, which clients send, say nothing that the curve does not.
#[derive(Serialize, Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

impl ProofKey {
    /// Whether a signature (r and s, 32 bytes each) of a message is by this key.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.0)
            .verify(message, signature)
            .is_ok()
    }

    /// The point, uncompressed.
    pub(super) fn point(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<Jwk> for ProofKey {
    type Error = &'static str;

    fn try_from(jwk: Jwk) -> Result<Self, Self::Error> {
        if (jwk.kty.as_str(), jwk.crv.as_str()) != ("EC", "P-256") {
            return Err("expected a JWK with `kty` EC and `crv` P-256");
        }
        let mut point = [0; POINT_LEN];
        point[0] = 4;
        for (text, place) in [jwk.x, jwk.y]
            .iter()
            .zip(point[1..].chunks_exact_mut(COORDINATE_LEN))
        {
            let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
            let bytes = bytes.ok().filter(|bytes| bytes.len() == COORDINATE_LEN);
            let bytes = bytes.ok_or("expected `x` and `y` of 32 bytes each in base64url")?;
            place.copy_from_slice(&bytes);
        }
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .map_err(|_| "expected `x` and `y` of a point of P-256")?;
        Ok(Self(point))
    }
}

impl From<ProofKey> for Jwk {
    fn from(key: ProofKey) -> Self {
        let (x, y) = key.0[1..].split_at(COORDINATE_LEN);
        Self {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        }
    }
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    // The example key of RFC 7517, A.1.
    const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";

    #[test]
    fn a_key_is_written_as_it_was_read_without_what_does_not_matter() {
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y});
        let mut sent = jwk.clone();
        sent["alg"] = "ES256".into();
        sent["use"] = "sig".into();
        let key: ProofKey = serde_json::from_value(sent).expect("a key");
        assert_eq!(serde_json::to_value(&key).expect("plain"), jwk);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let check = |jwk: Value| {
            assert!(
                serde_json::from_value::<ProofKey>(jwk.clone()).is_err(),
                "{jwk}"
            );
        };
        check(json!({"kty": "EC", "crv": "P-256", "x": X, "y": X}));
        check(json!({"kty": "EC", "crv": "P-256", "x": X}));
        check(json!({"kty": "EC", "crv": "P-256", "x": &X[1..], "y": Y}));
        check(json!({"kty": "EC", "crv": "P-256", "x": "", "y": ""}));
        check(json!({"kty": "EC", "crv": "P-384", "x": X, "y": Y}));
        check(json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}));
        check(json!({"kty": "oct", "k": "AAAA"}));
    }
}
