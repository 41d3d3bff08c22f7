//! The issuer's keys: one P-256 pair that signs tokens, one secret from which ids are derived.
//!
//! Not here: the file they are kept in (`keys/file`).

mod file;

use std::fmt;
use std::io;
use std::path::PathBuf;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convoke_wire::ids::Xuid;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use file::KEY_FILE;

const SECRET_LEN: usize = 32;

/// The keys of the embedded issuer. Debug output shows the key id only.
pub struct IssuerKeys {
    kid: String,
    x: String,
    y: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    pkcs8: Vec<u8>,
    secret: [u8; SECRET_LEN],
    derive: hmac::Key,
}

/// Why the issuer's keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("cannot access the issuer key `{}`", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is there but is no key. It is never replaced, because every token would die.
    #[error(
        "the issuer key `{}` is damaged: {reason}; restore it from a backup, or delete it to have \
         a new one made, which makes every token issued so far invalid",
        path.display()
    )]
    Damaged {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it, without any of its content.
        reason: &'static str,
    },
}

impl IssuerKeys {
    /// New keys that live in memory only.
    pub fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .expect("the system's randomness does not fail");
        let pkcs8 = pair
            .to_pkcs8v1()
            .expect("a key that was just generated has an encoding");
        let mut secret = [0; SECRET_LEN];
        aws_lc_rs::rand::fill(&mut secret).expect("the system's randomness does not fail");
        Self::from_parts(pkcs8.as_ref().to_vec(), secret)
            .expect("a key that was just encoded can be read")
    }

    /// Keys from their stored parts; `None` when the first is no P-256 key in PKCS#8 form.
    fn from_parts(pkcs8: Vec<u8>, secret: [u8; SECRET_LEN]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).ok()?;
        let point = pair.public_key().as_ref();
        // Uncompressed: 0x04, then x and y of 32 bytes each.
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        // The key id is the key's thumbprint (RFC 7638), so that equal keys have equal ids.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Some(Self {
            kid: URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)),
            encoding: EncodingKey::from_ec_der(&pkcs8),
            decoding: DecodingKey::from_ec_der(point),
            x,
            y,
            derive: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            pkcs8,
            secret,
        })
    }

    /// The key id that tokens carry in their header.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key as a JSON Web Key Set (RFC 7517).
    pub fn jwks(&self) -> Value {
        json!({"keys": [{
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "use": "sig",
            "kid": self.kid,
            "x": self.x,
            "y": self.y,
        }]})
    }

    /// The user hash of a user within one token: a decimal number of 64 bits. Inferred.
    pub fn user_hash(&self, token_id: &str, xuid: Xuid) -> String {
        u64::from_be_bytes(self.derived("uhs", &format!("{token_id}\0{xuid}"))).to_string()
    }

    /// The service's name for a device: sixteen hexadecimal digits, the same each time.
    pub fn device_id(&self, own_id: &str) -> String {
        format!("{:016X}", u64::from_be_bytes(self.derived("did", own_id)))
    }

    fn derived(&self, purpose: &str, text: &str) -> [u8; 8] {
        let tag = hmac::sign(&self.derive, format!("{purpose}\0{text}").as_bytes());
        tag.as_ref()
            .first_chunk()
            .copied()
            .expect("an HMAC-SHA-256 tag has 32 bytes")
    }

    pub(super) fn encoding_key(&self) -> &EncodingKey {
        &self.encoding
    }

    pub(super) fn decoding_key(&self) -> &DecodingKey {
        &self.decoding
    }
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerKeys")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_set_describes_the_public_key_only() {
        let keys = IssuerKeys::generate();
        let jwks = keys.jwks();
        let key = jwks["keys"][0].as_object().expect("one key");
        assert_eq!(key["kid"], keys.kid());
        assert_eq!(key["alg"], "ES256");
        assert!(!key.contains_key("d"));
        for part in ["x", "y"] {
            let bytes = URL_SAFE_NO_PAD
                .decode(key[part].as_str().expect("text"))
                .expect("base64url");
            assert_eq!(bytes.len(), 32);
        }
    }

    #[test]
    fn user_hashes_differ_by_token_by_user_and_by_issuer() {
        let keys = IssuerKeys::generate();
        let hash = keys.user_hash("t1", Xuid(1));
        assert!(hash.parse::<u64>().is_ok(), "{hash}");
        assert_eq!(hash, keys.user_hash("t1", Xuid(1)));
        assert_ne!(hash, keys.user_hash("t2", Xuid(1)));
        assert_ne!(hash, keys.user_hash("t1", Xuid(2)));
        assert_ne!(keys.user_hash("t1", Xuid(1)), keys.user_hash("t", Xuid(11)));
        assert_ne!(hash, IssuerKeys::generate().user_hash("t1", Xuid(1)));
    }

    #[test]
    fn debug_output_shows_the_key_id_only() {
        let text = format!("{:?}", IssuerKeys::generate());
        assert!(text.len() < 100, "{text}");
    }
}
