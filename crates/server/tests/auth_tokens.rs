//! Tokens from one end to the other: the issuer's routes make them, the authenticator reads them.
//!
//! Names that begin with `aNN` are conformance examples of the authentication specification.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convoke_server::auth::{
    Acting, Audience, AuthError, AuthSettings, Authenticator, Claims, IssuerKeys, MAX_TOKEN_LEN,
    MissingPrivileges, Principal, Role, SERVICE_AUDIENCE, SIGN_IN_AUDIENCE, sign, verify,
};
use convoke_server::issuer::{
    Issuer, IssuerConfig, IssuerContext, MAX_BODY_LEN, PublicHost, WebScheme, routes,
};
use convoke_wire::ids::Xuid;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

const NAME: &str = "https://issuer.example";
const DEV_ONE: u64 = 2_533_274_790_395_904;

/// A deployment: one set of keys, an issuer over HTTP, an authenticator.
struct World {
    keys: Arc<IssuerKeys>,
    authenticator: Authenticator,
    router: Router,
}

impl World {
    fn new() -> Self {
        Self::with_keys(IssuerKeys::generate())
    }

    fn with_keys(keys: IssuerKeys) -> Self {
        let keys = Arc::new(keys);
        let settings = AuthSettings {
            issuer: NAME.to_owned(),
            ..AuthSettings::default()
        };
        let mut config = IssuerConfig::new(NAME);
        config.public_hosts = vec![PublicHost {
            scheme: WebScheme::Https,
            host: "mpsd.example".to_owned(),
            port: None,
        }];
        let context = IssuerContext {
            issuer: Arc::new(Issuer::new(Arc::clone(&keys), config)),
            now: Arc::new(now),
            new_id: Arc::new(|| Uuid::from_u128(7)),
        };
        Self {
            authenticator: Authenticator::new(Arc::clone(&keys), settings),
            keys,
            router: routes(context),
        }
    }

    /// Signs claims that differ from good ones in these fields.
    fn token(&self, changes: &Value) -> String {
        sign(&claims(changes), &self.keys)
    }

    fn authenticate(&self, value: &str) -> Result<Arc<Principal>, AuthError> {
        self.authenticator.authenticate(&headers(value), now())
    }

    fn reason(&self, value: &str) -> &'static str {
        match self.authenticate(value) {
            Ok(_) => "accepted",
            Err(error) => error.reason(),
        }
    }

    async fn post(&self, path: &str, body: impl Into<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/json")
            .header("x-xbl-contract-version", "1")
            .body(body.into())
            .expect("a request");
        self.send(request).await
    }

    async fn get(&self, path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        self.send(request).await
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body in memory").to_bytes();
        (parts.status, parts.headers, body.to_vec())
    }

    async fn post_json(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let (status, _, body) = self.post(path, body.to_string()).await;
        (status, json_of(&body))
    }
}

fn now() -> Timestamp {
    "2025-01-01T00:00:00Z".parse().expect("a timestamp")
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn headers(value: &str) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.insert(AUTHORIZATION, value.parse().expect("a header value"));
    map
}

fn claims(changes: &Value) -> Claims {
    let second = now().as_second();
    let mut all = json!({
        "iss": NAME, "aud": SERVICE_AUDIENCE, "jti": "t",
        "iat": second, "nbf": second, "exp": second + 3_600,
        "xui": [{"uhs": "42", "xid": DEV_ONE.to_string()}],
    });
    let object = all.as_object_mut().expect("an object");
    object.extend(changes.as_object().expect("an object").clone());
    serde_json::from_value(all).expect("valid claims")
}

fn two_users() -> Value {
    json!({"xui": [{"uhs": "42", "xid": "1"}, {"uhs": "43", "xid": "2"}]})
}

fn acting_xuid(principal: &Principal) -> Option<u64> {
    principal.acting_user().map(|user| user.xuid.0)
}

/// A token with a header of the attacker's choice and a signature of the attacker's making.
fn forged(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = URL_SAFE_NO_PAD.encode(signature);
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[test]
fn a02_the_user_hash_names_the_acting_user() {
    let world = World::new();
    let token = world.token(&json!({}));
    let principal = world
        .authenticate(&format!("XBL3.0 x=42;{token}"))
        .expect("valid");
    assert_eq!(acting_xuid(&principal), Some(DEV_ONE));
}

#[test]
fn a03_unknown_user_hash_is_refused() {
    let world = World::new();
    let token = world.token(&json!({}));
    let error = world
        .authenticate(&format!("XBL3.0 x=43;{token}"))
        .expect_err("no such user");
    assert_eq!(error, AuthError::UnknownUserHash);
    assert_eq!(error.www_authenticate(), "XBL3.0 error=unknown_user_hash");
    assert!(world.authenticate(&format!("xbl3.0 x=42;{token}")).is_ok());
}

#[test]
fn a04_the_user_hash_selects_among_several_users() {
    let world = World::new();
    let token = world.token(&two_users());
    let principal = world
        .authenticate(&format!("XBL3.0 x=43;{token}"))
        .expect("valid");
    assert_eq!(acting_xuid(&principal), Some(2));
    assert!(principal.has_user(Xuid(1)), "the same token");
    let first = principal.act_for(Xuid(1)).expect("the same token");
    assert_eq!(acting_xuid(&first), Some(1));
}

#[test]
fn a05_all_users_leaves_the_choice_to_the_request() {
    let world = World::new();
    let token = world.token(&two_users());
    let principal = world
        .authenticate(&format!("XBL3.0 x=*;{token}"))
        .expect("valid");
    assert_eq!(principal.acting, Acting::Undecided);
    assert_eq!(acting_xuid(&principal), None);
    let first = principal.act_for(Xuid(1)).expect("named by the request");
    assert_eq!(acting_xuid(&first), Some(1));
    assert!(principal.act_for(Xuid(3)).is_none());

    let token = world.token(&json!({}));
    let alone = world
        .authenticate(&format!("XBL3.0 x=*;{token}"))
        .expect("valid");
    assert_eq!(acting_xuid(&alone), Some(DEV_ONE));
}

#[test]
fn a06_a_token_of_another_audience_is_refused() {
    let world = World::new();
    for audience in ["rp://api.example/", SIGN_IN_AUDIENCE, ""] {
        let token = world.token(&json!({"aud": audience}));
        assert_eq!(
            world.reason(&format!("XBL3.0 x=42;{token}")),
            "wrong_audience",
            "{audience}"
        );
    }
}

#[test]
fn a07_an_expired_token_is_honoured_for_sixty_seconds() {
    let world = World::new();
    let check = |age: i64, expected: &str| {
        let token = world.token(&json!({"exp": now().as_second() - age}));
        let reason = world.reason(&format!("XBL3.0 x=42;{token}"));
        assert_eq!(reason, expected, "{age}");
    };
    check(30, "accepted");
    check(90, "expired");
}

#[tokio::test]
async fn a10_a_user_token_becomes_a_header_that_services_accept() {
    let world = World::new();
    let (status, user) = world
        .post_json(
            "/user/authenticate",
            &json!({
                "RelyingParty": SIGN_IN_AUDIENCE, "TokenType": "JWT",
                "Properties": {
                    "AuthMethod": "RPS", "SiteName": "user.auth.xboxlive.com",
                    "RpsTicket": format!("d=dev:{DEV_ONE}"),
                },
            }),
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{user}");
    let hash_only = json!([{"uhs": user["DisplayClaims"]["xui"][0]["uhs"]}]);
    assert_eq!(user["DisplayClaims"]["xui"], hash_only);

    let (status, service) = world
        .post_json(
            "/xsts/authorize",
            &json!({
                "RelyingParty": SERVICE_AUDIENCE, "TokenType": "JWT",
                "Properties": {"SandboxId": "RETAIL", "UserTokens": [user["Token"]]},
            }),
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{service}");
    assert_eq!(service["IssueInstant"], "2025-01-01T00:00:00.0000000Z");
    assert_eq!(service["NotAfter"], "2025-01-01T16:00:00.0000000Z");
    let shown = &service["DisplayClaims"]["xui"][0];
    assert_eq!(shown["xid"], DEV_ONE.to_string());
    assert_eq!(shown["gtg"], format!("Player{DEV_ONE}"));
    let hash = shown["uhs"].as_str().expect("text");
    assert!(hash.bytes().all(|b| b.is_ascii_digit()), "{hash}");

    let token = service["Token"].as_str().expect("text");
    let principal = world
        .authenticate(&format!("XBL3.0 x={hash};{token}"))
        .expect("accepted");
    let acting = principal.acting_user().expect("a user");
    assert_eq!(acting.xuid, Xuid(DEV_ONE));
    assert!(acting.has_privilege(254, MissingPrivileges::Deny));
    assert!(!principal.is_service());

    // The user token itself is of no use at a service.
    let token = user["Token"].as_str().expect("text");
    assert_eq!(
        world.reason(&format!("XBL3.0 x={hash};{token}")),
        "wrong_audience"
    );
}

#[tokio::test]
async fn a11_an_unknown_user_is_refused_with_a_number() {
    let world = World::new();
    let request = json!({
        "RelyingParty": SIGN_IN_AUDIENCE, "TokenType": "JWT",
        "Properties": {"AuthMethod": "RPS", "RpsTicket": "d=dev:Nobody"},
    });
    let (status, body) = world.post_json("/user/authenticate", &request).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        body,
        json!({
            "Identity": "0", "XErr": 2_148_916_233_u32,
            "Message": "there is no user of this gamertag", "Redirect": "",
        })
    );
}

#[tokio::test]
async fn a23_the_endpoint_list_needs_no_credentials() {
    let world = World::new();
    let (status, headers, body) = world.get("/titles/default/endpoints?type=1").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[CONTENT_TYPE], "application/json");
    let list = json_of(&body);
    let endpoints = list["EndPoints"].as_array().expect("a list");
    for host in ["*.xboxlive.com", "mpsd.example"] {
        let endpoint = endpoints.iter().find(|entry| entry["Host"] == host);
        let endpoint = endpoint.expect("listed");
        assert_eq!(endpoint["RelyingParty"], SERVICE_AUDIENCE);
    }
    let (status, _, _) = world.get("/titles/nonsense/endpoints").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

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
    let error = world.authenticator.authenticate(&headers, now());
    assert_eq!(error.expect_err("two headers").reason(), "malformed");
    let missing = world.authenticator.authenticate(&HeaderMap::new(), now());
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
        world.authenticator.authenticate(&map, now())
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
            prop_assert!(world.authenticator.authenticate(&map, now()).is_err());
        }
    }
}
