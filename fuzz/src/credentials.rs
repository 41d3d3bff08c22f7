//! Credentials: the header, the token in it, and what the token says.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convoke_server::auth::{
    Acting, Audience, AuthError, AuthSettings, Authenticator, Claims, Credentials, IssuerKeys,
    MAX_TOKEN_LEN, SERVICE_AUDIENCE, Scheme, UserHash, sign, verify,
};
use convoke_wire::Xuid;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

const HERE: Audience<'_> = Audience {
    issuer: "https://issuer.example",
    relying_party: SERVICE_AUDIENCE,
};

static KEYS: LazyLock<Arc<IssuerKeys>> = LazyLock::new(|| Arc::new(IssuerKeys::generate()));
static AUTHENTICATOR: LazyLock<Authenticator> = LazyLock::new(|| {
    let settings = AuthSettings {
        issuer: HERE.issuer.to_owned(),
        ..AuthSettings::default()
    };
    Authenticator::new(Arc::clone(&KEYS), settings)
});

/// The value of an `Authorization` header: never good without our signature, and what is read of
/// it is what was written.
pub fn authorization(bytes: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]);
        let error = AUTHENTICATOR
            .authenticate(&headers, None, now())
            .expect_err("no key of ours signed");
        let known = ["missing", "malformed", "invalid_signature"];
        assert!(known.contains(&error.reason()), "{error}");
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Credentials::parse(text) {
        Ok(read) => {
            assert!(
                read.token.bytes().all(|byte| byte.is_ascii_graphic()),
                "{text}"
            );
            let written = match &read.scheme {
                Scheme::Bearer => format!("bearer {}", read.token),
                Scheme::Xbl3(hash) => format!("xbl3.0 x={};{}", word(hash), read.token),
            };
            assert!(
                written.eq_ignore_ascii_case(text),
                "{written} is not {text}"
            );
            assert_eq!(Credentials::parse(&written).as_ref(), Ok(&read));
            let error = verify(read.token, &KEYS, HERE, now()).expect_err("no key of ours signed");
            assert_ne!(error.reason(), "missing", "{text}");
        }
        Err(error) => assert!(["missing", "malformed"].contains(&error.reason()), "{text}"),
    }
}

fn word(hash: &UserHash) -> &str {
    match hash {
        UserHash::Decimal(digits) => digits,
        UserHash::All => "*",
        UserHash::None => "-",
    }
}

/// The JSON parts of a token: as the header they never make it good; as claims under our signature
/// they come back unchanged and make a principal that is only ever one of its users.
pub fn token(bytes: &[u8]) {
    let header = URL_SAFE_NO_PAD.encode(bytes);
    for signature in ["", "AAAA", &"A".repeat(86)] {
        let forged = format!("{header}.{header}.{signature}");
        let error = verify(&forged, &KEYS, HERE, now()).expect_err("no key of ours signed");
        assert!(
            ["malformed", "invalid_signature"].contains(&error.reason()),
            "{error}"
        );
    }
    let Ok(mut claims) = serde_json::from_slice::<Claims>(bytes) else {
        return;
    };
    let written = serde_json::to_vec(&claims).expect("claims are plain JSON");
    let again: Claims = serde_json::from_slice(&written).expect("what was written");
    assert!(again == claims, "{claims:?}");
    HERE.issuer.clone_into(&mut claims.iss);
    HERE.relying_party.clone_into(&mut claims.aud);
    let signed = sign(&claims, &KEYS);
    match verify(&signed, &KEYS, HERE, now()) {
        Ok(verified) => assert!(verified == claims, "{claims:?}"),
        Err(AuthError::Expired | AuthError::NotYetValid) => {}
        Err(error) => assert!(MAX_TOKEN_LEN < signed.len(), "{error}: {claims:?}"),
    }
    check_principals(&claims);
}

fn check_principals(claims: &Claims) {
    let named = claims
        .xui
        .first()
        .map(|user| UserHash::Decimal(user.uhs.clone()));
    for hash in [Some(UserHash::All), Some(UserHash::None), named]
        .into_iter()
        .flatten()
    {
        let Ok(principal) = claims.clone().principal(&hash) else {
            continue;
        };
        let token_users: Vec<Xuid> = claims.xui.iter().filter_map(|user| user.xid).collect();
        assert!(
            principal
                .users
                .iter()
                .all(|user| token_users.contains(&user.xuid)),
            "{claims:?}"
        );
        match principal.acting {
            Acting::User(index) => assert!(index < principal.users.len(), "{claims:?}"),
            Acting::Undecided => assert!(1 < principal.users.len(), "{claims:?}"),
            Acting::Nobody => assert!(principal.acting_user().is_none(), "{claims:?}"),
        }
        for user in &principal.users {
            let both = user
                .privileges
                .iter()
                .flatten()
                .find(|id| user.restricted.contains(id));
            assert_eq!(both, None, "{claims:?}");
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).expect("a time in range")
}
