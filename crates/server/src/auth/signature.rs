//! Request signatures: the `Signature` header, and what it signs. `[client]`
//!
//! Not here: which requests have to be signed for, and reading their bodies (`signed`).

mod replays;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;

use super::error::AuthError;
use super::header;
use super::proof_key::ProofKey;
use crate::config::SignatureMode;
use replays::{Refused, Replays};

/// The header that carries a request's signature. `[client]`
pub const SIGNATURE: HeaderName = HeaderName::from_static("signature");

/// How far a signature's time may be from ours, either way. Inferred.
const MAX_SKEW_NS: i128 = 5 * 60 * 1_000_000_000;

/// The one version of the policy that clients know. `[client]`
const POLICY_VERSION: u32 = 1;

/// The moment from which FILETIME counts, 1601, before 1970, in steps of 100 ns. `[client]`
const FILETIME_OF_1970: i128 = 116_444_736_000_000_000;

const HEAD_LEN: usize = 4 + 8;
const RS_LEN: usize = 64;
/// Version, time, r and s. `[client]`
const SIGNATURE_LEN: usize = HEAD_LEN + RS_LEN;

/// How much of a body is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedBody {
    /// Its first 8192 bytes: `MaxBodyBytes` of the endpoint list. `[client]`
    Beginning,
    /// All of it: the sign-in services, whose policy clients have built in. `[client]`
    Whole,
}

/// What a signature covers, as it came.
#[derive(Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The verb.
    pub method: &'a str,
    /// Path and query of the request line.
    pub target: &'a str,
    /// The `Authorization` header; empty without one.
    pub authorization: &'a str,
    /// The body before any decoding.
    pub body: &'a [u8],
    /// How much of it is signed.
    pub signed_body: SignedBody,
}

impl fmt::Debug for SignedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("method", &self.method)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// Why a request was not taken for its signature's sake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureError {
    /// It is not signed, or not as it has to be.
    Refused(AuthError),
    /// So many signatures have to be remembered that this one could not be told from a replay.
    Full,
}

impl From<AuthError> for SignatureError {
    fn from(error: AuthError) -> Self {
        Self::Refused(error)
    }
}

/// Checks signatures as the configuration asks.
#[derive(Debug, Default)]
pub struct Signatures {
    mode: SignatureMode,
    replays: Replays,
}

impl Signatures {
    /// Signatures that are checked in this way.
    pub fn new(mode: SignatureMode) -> Self {
        Self {
            mode,
            replays: Replays::default(),
        }
    }

    /// How they are checked.
    pub fn mode(&self) -> SignatureMode {
        self.mode
    }

    /// The header and the key that a request has to be checked with; `None` when it has not to be.
    pub fn wanted<'a>(
        &self,
        headers: &'a HeaderMap,
        key: Option<&'a ProofKey>,
    ) -> Result<Option<(&'a str, &'a ProofKey)>, AuthError> {
        if self.mode == SignatureMode::Off {
            return Ok(None);
        }
        match (header(headers)?, key) {
            (Some(header), Some(key)) => Ok(Some((header, key))),
            _ if self.mode == SignatureMode::Require => Err(AuthError::ProofRequired),
            _ => Ok(None),
        }
    }

    /// Checks a request that is wanted with this header and key.
    pub fn check(
        &self,
        request: &SignedRequest<'_>,
        (header, key): (&str, &ProofKey),
        now: Timestamp,
    ) -> Result<(), SignatureError> {
        let signature = Signature::parse(header)?;
        if MAX_SKEW_NS < (signature.nanoseconds() - now.as_nanosecond()).abs() {
            return Err(AuthError::InvalidSignature(
                "the signature's time is more than 5 minutes from ours, which the Date header has",
            )
            .into());
        }
        if !signature.fits(request, key) {
            return Err(AuthError::InvalidSignature(
                "the request's signature does not fit the request and the token's proof key",
            )
            .into());
        }
        if self.mode != SignatureMode::Require {
            return Ok(());
        }
        let useless_after = signature.nanoseconds() + MAX_SKEW_NS;
        // The other half of a signature can be negated, and it would still fit.
        let r = &signature.rs[..RS_LEN / 2];
        self.replays
            .admit(key, r, useless_after, now.as_nanosecond())
            .map_err(|refused| match refused {
                Refused::Replayed => SignatureError::Refused(AuthError::InvalidSignature(
                    "the request's signature has been used before",
                )),
                Refused::Full => SignatureError::Full,
            })
    }
}

/// The one `Signature` header of a request.
fn header(headers: &HeaderMap) -> Result<Option<&str>, AuthError> {
    let several = AuthError::Malformed("the request has several Signature headers");
    header::single(headers, &SIGNATURE, several, MALFORMED)
}

const MALFORMED: AuthError =
    AuthError::Malformed("the Signature header is not base64 of 76 bytes of version 1");

/// A signature that has been read, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    /// In steps of 100 ns since 1601.
    filetime: u64,
    rs: [u8; RS_LEN],
}

impl Signature {
    fn parse(value: &str) -> Result<Self, AuthError> {
        let mut bytes = [0; SIGNATURE_LEN];
        // One byte more than is expected would not fit, and is an error.
        let length = STANDARD.decode_slice(value, &mut bytes);
        if length != Ok(SIGNATURE_LEN) {
            return Err(MALFORMED);
        }
        let (head, rs) = bytes.split_at(HEAD_LEN);
        let (version, filetime) = head.split_at(4);
        if version != POLICY_VERSION.to_be_bytes() {
            return Err(MALFORMED);
        }
        Ok(Self {
            filetime: u64::from_be_bytes(filetime.try_into().expect("eight bytes")),
            rs: rs.try_into().expect("64 bytes"),
        })
    }

    /// Since 1970.
    fn nanoseconds(&self) -> i128 {
        (i128::from(self.filetime) - FILETIME_OF_1970) * 100
    }

    fn fits(&self, request: &SignedRequest<'_>, key: &ProofKey) -> bool {
        if key.verifies(&self.message(request, request.target), &self.rs) {
            return true;
        }
        // go-xsapi signs the path as it was before it was encoded for the request line. `[client]`
        decoded_path(request.target)
            .is_some_and(|target| key.verifies(&self.message(request, &target), &self.rs))
    }

    /// The bytes that are hashed and signed.
    fn message(&self, request: &SignedRequest<'_>, target: &str) -> Vec<u8> {
        /// `MaxBodyBytes` of the endpoint list. `[client]`
        const MAX_BODY_BYTES: usize = 8192;
        let body = match request.signed_body {
            SignedBody::Whole => request.body,
            SignedBody::Beginning => &request.body[..request.body.len().min(MAX_BODY_BYTES)],
        };
        let parts: [&[u8]; 6] = [
            &POLICY_VERSION.to_be_bytes(),
            &self.filetime.to_be_bytes(),
            request.method.as_bytes(),
            target.as_bytes(),
            request.authorization.as_bytes(),
            body,
        ];
        let mut message = Vec::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
        for part in parts {
            message.extend_from_slice(part);
            message.push(0);
        }
        message
    }
}

/// A target whose path is decoded, if that makes a difference.
fn decoded_path(target: &str) -> Option<String> {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    if !path.contains('%') {
        return None;
    }
    let path = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .ok()?;
    Some(match query {
        Some(query) => format!("{path}?{query}"),
        None => path.into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_76_bytes_of_version_1_are_a_signature() {
        let check = |bytes: &[u8], good: bool| {
            let result = Signature::parse(&STANDARD.encode(bytes));
            assert_eq!(result.is_ok(), good, "{}", bytes.len());
        };
        let mut bytes = [0; 77];
        bytes[3] = 1;
        check(&bytes[..76], true);
        check(&bytes[..75], false);
        check(&bytes, false);
        check(&[], false);
        bytes[3] = 2;
        check(&bytes[..76], false);
        bytes[0..4].copy_from_slice(&[1, 0, 0, 0]);
        check(&bytes[..76], false);
    }

    #[test]
    fn a_path_is_decoded_and_a_query_is_not() {
        let check = |target: &str, expected: Option<&str>| {
            assert_eq!(decoded_path(target).as_deref(), expected, "{target}");
        };
        check("/users/xuid%281%29?a=%28", Some("/users/xuid(1)?a=%28"));
        check("/a%20b", Some("/a b"));
        check("/a?b=%28", None);
        check("/a%ff", None);
        check("", None);
    }

    proptest! {
        #[test]
        fn reading_never_panics(value in "\\PC{0,200}") {
            let _ = Signature::parse(&value);
        }

        #[test]
        fn reading_what_looks_like_one_never_panics(
            bytes in proptest::collection::vec(any::<u8>(), 70..80),
            padding in "={0,3}",
        ) {
            let text = STANDARD.encode(&bytes);
            let signature = Signature::parse(&format!("{}{padding}", text.trim_end_matches('=')));
            if let Ok(signature) = signature {
                prop_assert_eq!(bytes.len(), SIGNATURE_LEN);
                // Any time can be compared with any other.
                prop_assert!(signature.nanoseconds() < i128::from(u64::MAX) * 100);
            }
        }
    }
}
