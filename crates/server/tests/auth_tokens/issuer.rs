//! What the development issuer hands out.

use convoke_server::auth::{
    Acting, Audience, Claims, MissingPrivileges, Role, SERVICE_AUDIENCE, verify,
};
use convoke_server::issuer::MAX_BODY_LEN;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::SignedDuration;
use jsonwebtoken::Algorithm;
use proptest::prelude::*;
use serde_json::json;

use crate::support::{NAME, World, acting_xuid, now};

#[tokio::test]
async fn a_dev_token_is_accepted_under_its_own_hash() {
    let world = World::new();
    let (status, body) = world
        .post_json(
            "/dev/token",
            &json!({"users": [{"xuid": "1", "gamertag": "Ann"}, {"xuid": "2"}], "sandbox": "XLDP.1",
                    "titleId": "1234", "deviceType": "Scarlett", "privileges": "185 254"}),
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let token = body["Token"].as_str().expect("text");
    let hash = body["DisplayClaims"]["xui"][1]["uhs"]
        .as_str()
        .expect("text");
    let principal = world
        .authenticate(&format!("XBL3.0 x={hash};{token}"))
        .expect("accepted");
    assert_eq!(acting_xuid(&principal), Some(2));
    assert_eq!(principal.sandbox.as_str(), "XLDP.1");
    assert_eq!(principal.device_type.as_deref(), Some("Scarlett"));
    assert!(principal.has_privilege(185, MissingPrivileges::Deny));
    assert!(!principal.has_privilege(252, MissingPrivileges::Allow));
}

#[tokio::test]
async fn a_dev_token_of_roles_alone_is_a_service() {
    let world = World::new();
    let (status, body) = world
        .post_json(
            "/dev/token",
            &json!({"roles": ["sessions.server", "admin"]}),
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["DisplayClaims"], json!({"xui": []}));
    let token = body["Token"].as_str().expect("text");
    let principal = world
        .authenticate(&format!("XBL3.0 x=-;{token}"))
        .expect("accepted");
    assert!(principal.is_service() && principal.has_role(&Role::Admin));
    assert_eq!(principal.acting, Acting::Nobody);
}

#[tokio::test]
async fn answers_have_the_right_status_and_headers() {
    let world = World::new();
    let (status, headers, _) = world.post("/dev/token", r#"{"xuid":"1"}"#).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[CONTENT_TYPE], "application/json");
    assert_eq!(headers[CACHE_CONTROL], "no-store");

    let (status, headers, body) = world.post("/dev/token", r#"{"xuid":"x"}"#).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(headers[CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(
        String::from_utf8_lossy(&body),
        "xuid: expected a decimal XUID of at most 64 bits, found `x`"
    );

    for path in [
        "/user/authenticate",
        "/device/authenticate",
        "/title/authenticate",
        "/xsts/authorize",
        "/dev/token",
    ] {
        let (status, _, _) = world.post(path, "{").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        let (status, _, _) = world.post(path, " ".repeat(MAX_BODY_LEN + 1)).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        let (status, headers, _) = world.get(path).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(headers["allow"], "POST", "{path}");
    }
}

#[tokio::test]
async fn the_published_key_verifies_our_tokens() {
    let world = World::new();
    let (status, _, body) = world.get("/.well-known/jwks.json").await;
    assert_eq!(status, StatusCode::OK);
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_slice(&body).expect("a key set");
    let token = world.token(&json!({}));
    let header = jsonwebtoken::decode_header(&token).expect("a header");
    let key = set.find(&header.kid.expect("a key id")).expect("published");
    let key = jsonwebtoken::DecodingKey::from_jwk(key).expect("a key");
    let mut validation = jsonwebtoken::Validation::new(Algorithm::ES256);
    validation.validate_exp = false;
    validation.set_audience(&[SERVICE_AUDIENCE]);
    validation.set_issuer(&[NAME]);
    assert!(jsonwebtoken::decode::<Claims>(&token, &key, &validation).is_ok());
}

#[test]
fn a_token_is_valid_for_exactly_its_life() {
    let world = World::new();
    let token = world.token(&json!({}));
    let expected = Audience {
        issuer: NAME,
        relying_party: SERVICE_AUDIENCE,
    };
    let check = |offset: i64, valid: bool| {
        let at = now() + SignedDuration::from_secs(offset);
        let result = verify(&token, &world.keys, expected, at);
        assert_eq!(result.is_ok(), valid, "{offset}");
    };
    check(-61, false);
    check(-60, true);
    check(3_659, true);
    check(3_660, false);
}

proptest! {
    #[test]
    fn no_header_makes_the_authenticator_panic(value in prop::collection::vec(any::<u8>(), 0..200)) {
        let world = World::new();
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            let mut map = HeaderMap::new();
            map.insert(AUTHORIZATION, value);
            prop_assert!(world.authenticator.authenticate(&map, None, now()).is_err());
        }
    }
}
