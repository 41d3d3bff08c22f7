//! A client that signs its requests, written from the description of the protocol alone.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A proof key and the policy that all clients sign by.
pub(crate) struct Signer(EcdsaKeyPair);

/// What is signed.
pub(crate) struct Content<'a> {
    pub(crate) method: &'a str,
    pub(crate) path_and_query: &'a str,
    pub(crate) authorization: &'a str,
    pub(crate) body: &'a [u8],
}

impl Signer {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    /// The public key, as clients put it into `ProofKey`.
    pub(crate) fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(|half| URL_SAFE_NO_PAD.encode(half));
        json!({"crv": "P-256", "alg": "ES256", "use": "sig", "kty": "EC", "x": x, "y": y})
    }

    /// The `Signature` header: version, FILETIME, r, s.
    pub(crate) fn sign(&self, at: Timestamp, content: &Content<'_>) -> String {
        let filetime = at.as_nanosecond() / 100 + 116_444_736_000_000_000;
        let filetime = u64::try_from(filetime).expect("after 1601").to_be_bytes();
        let mut text = vec![0, 0, 0, 1, 0];
        text.extend(filetime);
        text.push(0);
        for part in [
            content.method,
            content.path_and_query,
            content.authorization,
        ] {
            text.extend(part.as_bytes());
            text.push(0);
        }
        text.extend(content.body);
        text.push(0);
        let signed = self.0.sign(&SystemRandom::new(), &text).expect("signed");
        let mut header = vec![0, 0, 0, 1];
        header.extend(filetime);
        header.extend(signed.as_ref());
        STANDARD.encode(header)
    }
}

/// The other signature of the same content by the same key, which everybody can make: with n - s
/// in place of s.
pub(crate) fn negated(header: &str) -> String {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let mut bytes = STANDARD.decode(header).expect("base64");
    let mut borrow = 0;
    for (index, byte) in bytes[44..].iter_mut().enumerate().rev() {
        let digits = &ORDER[2 * index..2 * index + 2];
        let order = i32::from_str_radix(digits, 16).expect("hexadecimal");
        let difference = order - i32::from(*byte) - borrow;
        borrow = i32::from(difference < 0);
        *byte = u8::try_from(difference.rem_euclid(256)).expect("a byte");
    }
    STANDARD.encode(bytes)
}
