//! Tokens that somebody made or changed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convoke_server::auth::{Acting, AuthError, IssuerKeys, MAX_TOKEN_LEN, Role};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::{DEV_ONE, World, acting_xuid, claims, forged, headers, now};

#[test]
fn truncated_and_mangled_tokens_are_refused() {
    let world = World::new();
    let token = world.token(&json!({}));
    for length in 0..token.len() {
        let value = format!("XBL3.0 x=42;{}", &token[..length]);
        assert_ne!(world.reason(&value), "accepted", "{length}");
    }
    let parts: Vec<_> = token.split('.').collect();
    let (head, claims, signature) = (parts[0], parts[1], parts[2]);
    let other = claims_part(&json!({"xui": [{"uhs": "42", "xid": "1"}]}));
    let check = |token: String| {
        let reason = world.reason(&format!("XBL3.0 x=42;{token}"));
        assert!(
            ["malformed", "invalid_signature"].contains(&reason),
            "{token}: {reason}"
        );
    };
    check(format!("{head}.{other}.{signature}"));
    check(format!("{head}.{claims}."));
    check(format!("{head}.{claims}"));
    check(format!(".{claims}.{signature}"));
    check(format!("{head}..{signature}"));
    check(format!("{token}."));
    check(format!("{token}.{signature}"));
    check(format!("{token}="));
    check(format!("{token};{token}"));
    check(format!("{token},{token}"));
    let zero = URL_SAFE_NO_PAD.encode([0; 64]);
    check(format!("{head}.{claims}.{zero}"));
}

fn claims_part(changes: &Value) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims(changes)).expect("plain JSON"))
}

#[test]
fn unsigned_tokens_are_refused() {
    let world = World::new();
    let claims = serde_json::to_value(claims(&json!({}))).expect("plain JSON");
    for algorithm in ["none", "None", "NONE", "nOnE", "", "ES384", "es256"] {
        let header = json!({"typ": "JWT", "alg": algorithm, "kid": world.keys.kid()});
        for signature in [&[][..], &[0; 64][..]] {
            let token = forged(&header, &claims, signature);
            assert_eq!(
                world.reason(&format!("XBL3.0 x=42;{token}")),
                "invalid_signature",
                "{algorithm}"
            );
        }
    }
    let header = json!({"typ": "JWT", "kid": world.keys.kid()});
    let token = forged(&header, &claims, &[0; 64]);
    assert_eq!(world.reason(&format!("XBL3.0 x=42;{token}")), "malformed");
}

#[test]
fn the_public_key_is_no_hmac_secret() {
    let world = World::new();
    let jwks = world.keys.jwks();
    let part = |name: &str| {
        let text = jwks["keys"][0][name].as_str().expect("text");
        URL_SAFE_NO_PAD.decode(text).expect("base64url")
    };
    let point = [vec![4], part("x"), part("y")].concat();
    let json_text = jwks["keys"][0].to_string();
    for secret in [&point[..], &point[1..], json_text.as_bytes(), b""] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(world.keys.kid().to_owned());
        let key = EncodingKey::from_secret(secret);
        let Ok(token) = jsonwebtoken::encode(&header, &claims(&json!({})), &key) else {
            continue;
        };
        assert_eq!(
            world.reason(&format!("XBL3.0 x=42;{token}")),
            "invalid_signature"
        );
    }
}

#[test]
fn keys_of_others_are_refused() {
    let world = World::new();
    let other = World::new();
    let token = other.token(&json!({}));
    assert!(other.authenticate(&format!("XBL3.0 x=42;{token}")).is_ok());
    assert_eq!(
        world.reason(&format!("XBL3.0 x=42;{token}")),
        "invalid_signature"
    );
    // The attacker's key under the name of ours, and the attacker's key inside the header.
    let (_, rest) = token.split_once('.').expect("three parts");
    let (claims, _) = rest.split_once('.').expect("three parts");
    let jwk = other.keys.jwks()["keys"][0].clone();
    let check = |header: Value| {
        let head = URL_SAFE_NO_PAD.encode(header.to_string());
        let signature = URL_SAFE_NO_PAD.encode([1; 64]);
        let token = format!("{head}.{claims}.{signature}");
        assert_eq!(
            world.reason(&format!("XBL3.0 x=42;{token}")),
            "invalid_signature",
            "{header}"
        );
    };
    let kid = world.keys.kid();
    check(json!({"alg": "ES256", "kid": kid}));
    check(json!({"alg": "ES256", "kid": kid, "jwk": jwk}));
    check(json!({"alg": "ES256", "kid": kid, "jku": "https://evil.example/jwks"}));
    check(json!({"alg": "ES256", "kid": kid, "crit": ["exp"], "exp": 1}));
    check(json!({"alg": "ES256", "kid": other.keys.kid(), "jwk": jwk}));
    check(json!({"alg": "ES256", "kid": format!("{kid}\u{0}")}));
    check(json!({"alg": "ES256"}));
    let token = world.token(&json!({"iss": "https://evil.example"}));
    assert_eq!(
        world.reason(&format!("XBL3.0 x=42;{token}")),
        "invalid_signature"
    );
}

#[test]
fn oversize_tokens_are_refused_before_they_are_looked_at() {
    let world = World::new();
    let value = format!("XBL3.0 x=42;{}", "a".repeat(MAX_TOKEN_LEN + 1));
    assert_eq!(world.reason(&value), "malformed");
    let long = world.token(&json!({"svc": "s".repeat(MAX_TOKEN_LEN)}));
    assert!(MAX_TOKEN_LEN < long.len());
    assert_eq!(world.reason(&format!("Bearer {long}")), "malformed");
    let fits = world.token(&json!({"svc": "s".repeat(MAX_TOKEN_LEN / 2)}));
    assert!(fits.len() < MAX_TOKEN_LEN);
    assert_eq!(world.reason(&format!("XBL3.0 x=42;{fits}")), "accepted");
}

#[test]
fn a_second_authorization_header_is_refused() {
    let world = World::new();
    let good = format!("XBL3.0 x=42;{}", world.token(&json!({})));
    let mut headers = headers(&good);
    headers.append(AUTHORIZATION, good.parse().expect("a header value"));
    let error = world.authenticator.authenticate(&headers, None, now());
    assert_eq!(error.expect_err("two headers").reason(), "malformed");
    let missing = world
        .authenticator
        .authenticate(&HeaderMap::new(), None, now());
    assert_eq!(missing, Err(AuthError::Missing));
    // Line breaks do not even become a header value; other controls are refused here.
    assert!(HeaderValue::from_str("XBL3.0 x=42;a\r\nX-Xbl-Sandbox: B").is_err());
    assert_eq!(world.reason("XBL3.0 x=42;a\tb"), "malformed");
}

#[test]
fn only_services_act_for_others() {
    let world = World::new();
    let act = |token: &str, pairs: &[(&'static str, &str)]| {
        let mut map = headers(token);
        for (name, value) in pairs {
            map.insert(*name, value.parse().expect("a header value"));
        }
        world.authenticator.authenticate(&map, None, now())
    };
    let player = format!("XBL3.0 x=42;{}", world.token(&json!({})));
    assert!(act(&player, &[("x-xbl-on-behalf-of", "xuid(1)")]).is_err());
    assert!(act(&player, &[("x-xbl-sandbox", "XLDP.1")]).is_err());
    let own = format!("xuid({DEV_ONE})");
    assert!(act(&player, &[("x-xbl-on-behalf-of", &own)]).is_ok());

    let roles = json!({"xui": [], "svc": "lobby", "rol": ["sessions.server"]});
    let service = format!("Bearer {}", world.token(&roles));
    let pairs = [
        ("x-xbl-on-behalf-of", "xuid(1)"),
        ("x-xbl-sandbox", "XLDP.1"),
    ];
    let principal = act(&service, &pairs).expect("a service");
    assert_eq!(acting_xuid(&principal), Some(1));
    assert_eq!(principal.sandbox.as_str(), "XLDP.1");
    assert!(principal.has_role(&Role::SessionsServer));
    let plain = act(&service, &[]).expect("a service");
    assert_eq!((plain.acting, plain.users.len()), (Acting::Nobody, 0));
    assert_eq!(plain.sandbox.as_str(), "RETAIL", "requests do not mix");
}

#[test]
fn tokens_outlive_a_restart_on_the_same_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let world = || World::with_keys(IssuerKeys::load_or_create(directory.path()).expect("keys"));
    let value = format!("XBL3.0 x=42;{}", world().token(&json!({})));
    assert!(world().authenticate(&value).is_ok());
}
