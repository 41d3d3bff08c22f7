//! Signed requests: the `Signature` header, the proof key as it is written, and what a signature
//! covers.
//!
//! Not here: which requests have to be signed (the server's `signed`).

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use convoke_server::auth::{
    AuthError, ProofKey, SIGNATURE, SignatureError, Signatures, SignedBody, SignedRequest,
};
use convoke_server::config::SignatureMode;
use http::{HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

/// A client that holds its proof key; another one in every process, so that no input can hold a
/// signature of its.
struct Client {
    pair: EcdsaKeyPair,
    key: ProofKey,
}

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let point = pair.public_key().as_ref();
    let [x, y] = [&point[1..33], &point[33..]].map(|half| URL_SAFE_NO_PAD.encode(half));
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
    let key = serde_json::from_value(jwk).expect("a key of the curve");
    Client { pair, key }
});

/// A byte of clock skew, then lines: a `Signature` header, a proof key, a path and query, an
/// `Authorization` header, and the body of a request.
///
/// A header that the client did not sign is never good; a key is read as it was written; what the
/// client signs is good once, within its time, and for nothing else.
pub fn signature(bytes: &[u8]) {
    let Some((skew, rest)) = bytes.split_first() else {
        return;
    };
    let mut lines = rest.splitn(5, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (header, jwk) = (line(), line());
    let (target, authorization) = (lossy(line()), lossy(line()));
    let request = SignedRequest {
        method: "PUT",
        target: &target,
        authorization: &authorization,
        body: line(),
        signed_body: SignedBody::Beginning,
    };
    foreign_header(header, &request);
    if let Ok(key) = serde_json::from_slice::<ProofKey>(jwk) {
        proof_key(&key, header, &request);
    }
    own_signature(&request, i64::from(skew.cast_signed()) * 5);
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A header as it came from somebody else.
fn foreign_header(header: &[u8], request: &SignedRequest<'_>) {
    let Ok(value) = HeaderValue::from_bytes(header) else {
        return;
    };
    let mut headers = HeaderMap::from_iter([(SIGNATURE, value.clone())]);
    let key = Some(&CLIENT.key);
    let modes = [
        SignatureMode::Off,
        SignatureMode::Verify,
        SignatureMode::Require,
    ];
    let [off, verify, require] = modes.map(Signatures::new);
    assert_eq!(off.wanted(&headers, key).map(|it| it.is_some()), Ok(false));
    for signatures in [&verify, &require] {
        match signatures.wanted(&headers, key) {
            Ok(wanted) => {
                let wanted = wanted.expect("there is a header and a key");
                let error = signatures.check(request, wanted, now());
                expect_refused(error.expect_err("the client did not sign"));
            }
            Err(error) => assert_eq!(error.reason(), "malformed"),
        }
    }
    headers.append(SIGNATURE, value);
    let error = verify.wanted(&headers, key).expect_err("two headers");
    assert_eq!(error.reason(), "malformed");
}

fn expect_refused(error: SignatureError) {
    let SignatureError::Refused(error) = error else {
        panic!("nothing was remembered: {error:?}");
    };
    let known = ["malformed", "invalid_signature"];
    assert!(known.contains(&error.reason()), "{error}");
}

/// A key that somebody else has named.
fn proof_key(key: &ProofKey, header: &[u8], request: &SignedRequest<'_>) {
    let written = serde_json::to_value(key).expect("a key is plain JSON");
    let again: ProofKey = serde_json::from_value(written.clone()).expect("what was written");
    assert!(again == *key, "{written}");
    for name in ["x", "y"] {
        let length = written[name].as_str().map(str::len);
        assert_eq!(length, Some(43), "{written}");
    }
    let signatures = Signatures::new(SignatureMode::Require);
    let Ok(header) = std::str::from_utf8(header) else {
        return;
    };
    // Whoever has made the key may have signed with it, but only once.
    let _ = signatures.check(request, (header, key), now());
    let again = signatures.check(request, (header, key), now());
    expect_refused(again.expect_err("it was signed, and used, or not signed"));
}

/// A request that the client signs, when its clock is so many seconds ahead.
fn own_signature(request: &SignedRequest<'_>, ahead: i64) {
    let at = now() + SignedDuration::from_secs(ahead);
    let header = CLIENT.sign(at, request);
    let check = |request: &SignedRequest<'_>, signatures: &Signatures| {
        signatures.check(request, (&header, &CLIENT.key), now())
    };
    let signatures = Signatures::new(SignatureMode::Require);
    if 300 < ahead.abs() {
        expect_refused(check(request, &signatures).expect_err("out of its time"));
        return;
    }
    let longer = format!("{}x", request.target);
    let other_target = SignedRequest {
        target: &longer,
        ..*request
    };
    let longer = format!("{}x", request.authorization);
    let other_token = SignedRequest {
        authorization: &longer,
        ..*request
    };
    let other_method = SignedRequest {
        method: "GET",
        ..*request
    };
    for other in [other_target, other_token, other_method] {
        expect_refused(check(&other, &signatures).expect_err("another request"));
    }
    let longer = [request.body, b"x"].concat();
    let other_body = SignedRequest {
        body: &longer,
        ..*request
    };
    let is_covered = request.body.len() < 8192;
    let other = check(&other_body, &Signatures::new(SignatureMode::Verify));
    assert_eq!(other.is_err(), is_covered, "{} bytes", request.body.len());
    assert_eq!(check(request, &signatures), Ok(()));
    assert_eq!(check(request, &signatures), Err(used_before()));
    let encoded = encoded_path(request.target);
    let sent = SignedRequest {
        target: &encoded,
        ..*request
    };
    let verify = Signatures::new(SignatureMode::Verify);
    assert_eq!(
        check(&sent, &verify),
        Ok(()),
        "signed before it was encoded"
    );
}

fn used_before() -> SignatureError {
    SignatureError::Refused(AuthError::InvalidSignature(
        "the request's signature has been used before",
    ))
}

/// The same target with its path encoded.
fn encoded_path(target: &str) -> String {
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    format!("{}{query}", utf8_percent_encode(path, NON_ALPHANUMERIC))
}

impl Client {
    /// The header as clients make it: version, FILETIME, r and s.
    fn sign(&self, at: Timestamp, request: &SignedRequest<'_>) -> String {
        let filetime = at.as_nanosecond() / 100 + 116_444_736_000_000_000;
        let filetime = u64::try_from(filetime).expect("after 1601").to_be_bytes();
        let parts: [&[u8]; 6] = [
            &1_u32.to_be_bytes(),
            &filetime,
            request.method.as_bytes(),
            request.target.as_bytes(),
            request.authorization.as_bytes(),
            &request.body[..request.body.len().min(8192)],
        ];
        let mut message = parts.join(&0);
        message.push(0);
        let signed = self.pair.sign(&SystemRandom::new(), &message);
        let head = [&1_u32.to_be_bytes()[..], &filetime].concat();
        STANDARD.encode([&head, signed.expect("signed").as_ref()].concat())
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).expect("a time in range")
}
