//! Tokens that are not what they say, and good tokens used for what they do not allow.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convoke_server::auth::{IssuerKeys, SIGN_IN_AUDIENCE};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::service::{
    ATTACKER, ROBBERY, SCID, Service, TITLE, VICTIM, head, now, request, session, user,
};

/// Tries to take and to see the treasure with an `Authorization` header.
async fn assert_unauthorized(service: &Service, case: &str, authorization: &str, reason: &str) {
    for (verb, body) in [("PUT", ROBBERY), ("GET", "")] {
        let answer = service.ask(verb, &session("s1"), authorization, body).await;
        assert_eq!(answer.status, 401, "{case}: {answer:?}");
        let expected = format!("XBL3.0 error={reason}");
        assert_eq!(
            answer.header("www-authenticate"),
            Some(expected.as_str()),
            "{case}"
        );
        assert!(!answer.body.contains("treasure"), "{case}: {answer:?}");
    }
}

/// The three parts of the victim's own token, which an attacker may have seen.
fn parts(authorization: &str) -> (String, [String; 3]) {
    let (hash, token) = authorization
        .split_once(';')
        .expect("a user hash and a token");
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    (hash.to_owned(), parts.try_into().expect("three parts"))
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decoded(part: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test]
async fn a_truncated_or_changed_token_opens_nothing() {
    let service = Service::new().await;
    let (hash, [header, claims, signature]) = parts(&service.victim);
    let (_, [_, others_claims, others_signature]) = parts(&service.attacker);
    for (case, token, reason) in [
        ("no signature", format!("{header}.{claims}"), "malformed"),
        (
            "empty signature",
            format!("{header}.{claims}."),
            "invalid_signature",
        ),
        (
            "half a signature",
            format!("{header}.{claims}.{}", &signature[..43]),
            "invalid_signature",
        ),
        (
            "another's claims",
            format!("{header}.{others_claims}.{signature}"),
            "invalid_signature",
        ),
        (
            "another's signature",
            format!("{header}.{claims}.{others_signature}"),
            "invalid_signature",
        ),
        (
            "claims without end",
            format!("{header}.{}.{signature}", &claims[..claims.len() / 2]),
            "invalid_signature",
        ),
        ("no header", format!(".{claims}.{signature}"), "malformed"),
        (
            "padding",
            format!("{header}.{claims}.{signature}="),
            "invalid_signature",
        ),
        (
            "four parts",
            format!("{header}.{claims}.{signature}.{signature}"),
            "malformed",
        ),
    ] {
        assert_unauthorized(&service, case, &format!("{hash};{token}"), reason).await;
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn an_algorithm_of_the_attackers_choice_opens_nothing() {
    let service = Service::new().await;
    let (hash, [header, claims, _]) = parts(&service.victim);
    let good = decoded(&header);
    for algorithm in [
        "none", "None", "nOnE", "", "RS256", "ES384", "EdDSA", "es256",
    ] {
        let mut changed = good.clone();
        changed["alg"] = json!(algorithm);
        for signature in ["", "AAAA"] {
            let token = format!("{hash};{}.{claims}.{signature}", encoded(&changed));
            assert_unauthorized(&service, algorithm, &token, "invalid_signature").await;
        }
    }
    // The public key, which everybody may have, as the secret of a symmetric signature.
    let keys = service.ask("GET", "/.well-known/jwks.json", "", "").await;
    let keys: Value = serde_json::from_str(&keys.body).expect("a key set");
    let key = &keys["keys"][0];
    let part = |name: &str| {
        URL_SAFE_NO_PAD
            .decode(key[name].as_str().expect("text"))
            .expect("base64url")
    };
    let point = [vec![4], part("x"), part("y")].concat();
    for secret in [
        point.as_slice(),
        key.to_string().as_bytes(),
        keys.to_string().as_bytes(),
    ] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = key["kid"].as_str().map(str::to_owned);
        let secret = EncodingKey::from_secret(secret);
        let token = jsonwebtoken::encode(&header, &decoded(&claims), &secret).expect("signed");
        assert_unauthorized(
            &service,
            "HS256",
            &format!("{hash};{token}"),
            "invalid_signature",
        )
        .await;
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn a_key_of_another_issuer_opens_nothing_whatever_name_it_bears() {
    let service = Service::new().await;
    let (hash, [header, claims, _]) = parts(&service.victim);
    let folder = tempfile::tempdir().expect("a folder");
    let foreign = IssuerKeys::load_or_create(folder.path()).expect("keys");
    let foreign_key = foreign.jwks()["keys"][0].clone();
    let claims: convoke_server::auth::Claims =
        serde_json::from_value(decoded(&claims)).expect("claims");
    let signed = convoke_server::auth::sign(&claims, &foreign);
    assert_unauthorized(
        &service,
        "its own name",
        &format!("{hash};{signed}"),
        "invalid_signature",
    )
    .await;
    let (_, rest) = signed.split_once('.').expect("three parts");
    let ours = decoded(&header);
    for (name, value) in [
        ("typ", json!("JWT")),
        ("jwk", foreign_key),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/chain.pem")),
        ("kid", json!("../../../../dev/null")),
        ("kid", json!("' OR 1=1 --")),
        ("crit", json!(["b64"])),
    ] {
        let mut header = ours.clone();
        header[name] = value;
        let token = format!("{hash};{}.{rest}", encoded(&header));
        assert_unauthorized(&service, name, &token, "invalid_signature").await;
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn a_token_of_another_audience_or_for_signing_in_opens_nothing() {
    let service = Service::new().await;
    let ticket = json!({
        "RelyingParty": SIGN_IN_AUDIENCE, "TokenType": "JWT",
        "Properties": {"AuthMethod": "RPS", "SiteName": "user.auth.xboxlive.com", "RpsTicket": "d=dev:1001"},
    });
    let signed_in = token_of(&service, "/user/authenticate", &ticket).await;
    let (_, token) = signed_in.split_once(';').expect("a token");
    let elsewhere = json!({
        "RelyingParty": "rp://api.example/", "TokenType": "JWT",
        "Properties": {"UserTokens": [token], "SandboxId": "RETAIL"},
    });
    let elsewhere = token_of(&service, "/xsts/authorize", &elsewhere).await;
    for (case, authorization) in [("sign-in", signed_in), ("another audience", elsewhere)] {
        assert_unauthorized(&service, case, &authorization, "wrong_audience").await;
    }
    service.assert_untouched().await;
}

async fn token_of(service: &Service, path: &str, body: &Value) -> String {
    let answer = service.ask("POST", path, "", &body.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let issued: Value = serde_json::from_str(&answer.body).expect("a token");
    let hash = issued["DisplayClaims"]["xui"][0]["uhs"]
        .as_str()
        .expect("a user hash");
    format!(
        "XBL3.0 x={hash};{}",
        issued["Token"].as_str().expect("a token")
    )
}

#[tokio::test]
async fn another_sandbox_or_title_neither_sees_nor_changes_the_session() {
    let service = Service::new().await;
    let sandboxed = json!({"xuid": VICTIM.to_string(), "titleId": TITLE, "sandbox": "XLDP.1"});
    let sandboxed = service.token(&sandboxed).await;
    let answer = service.ask("GET", &session("s1"), &sandboxed, "").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (204, ""),
        "{answer:?}"
    );
    // The header that chooses a sandbox is for services.
    let chosen = [("connection", "close"), ("x-xbl-sandbox", "RETAIL")];
    let answer = service
        .send_one(head("PUT", &session("s1"), &sandboxed, &chosen, ROBBERY))
        .await;
    assert_eq!(answer.status, 401, "{answer:?}");
    let stranger = service
        .token(&json!({"xuid": VICTIM.to_string(), "titleId": "4242"}))
        .await;
    for (verb, body) in [("PUT", ROBBERY), ("GET", "")] {
        let answer = service.ask(verb, &session("s1"), &stranger, body).await;
        assert_eq!(answer.status, 403, "{verb}: {answer:?}");
        assert!(!answer.body.contains("treasure"), "{answer:?}");
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn a_handle_of_one_sandbox_does_not_exist_in_another() {
    let service = Service::new().await;
    let reference = json!({"scid": SCID, "templateName": "lobby", "name": "s1"});
    let body = json!({"type": "correlation", "version": 1, "sessionRef": reference}).to_string();
    let made = service
        .ask("POST", "/handles", &service.victim, &body)
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = made.header("location").expect("a place").to_owned();
    let sandboxed = json!({"xuid": ATTACKER.to_string(), "titleId": TITLE, "sandbox": "XLDP.1"});
    let sandboxed = service.token(&sandboxed).await;
    let join = r#"{"members":{"me":{}}}"#;
    for (verb, path, body) in [
        ("GET", path.clone(), ""),
        ("DELETE", path.clone(), ""),
        ("GET", format!("{path}/session"), ""),
        ("PUT", format!("{path}/session"), join),
    ] {
        let answer = service.ask(verb, &path, &sandboxed, body).await;
        assert_eq!(answer.status, 404, "{verb} {path}: {answer:?}");
    }
    assert_eq!(
        service.ask("GET", &path, &service.victim, "").await.status,
        200
    );
    service.assert_untouched().await;
}

#[tokio::test]
async fn a_user_acts_for_nobody_else() {
    let service = Service::new().await;
    let path = session("s1");
    let behalf = format!("xuid({VICTIM})");
    let headers = [
        ("connection", "close"),
        ("x-xbl-on-behalf-of", behalf.as_str()),
    ];
    for (verb, body) in [("PUT", ROBBERY), ("GET", "")] {
        let answer = service
            .send_one(head(verb, &path, &service.attacker, &headers, body))
            .await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    let named = |xuid: u64| json!({"constants": {"system": {"xuid": xuid.to_string()}}});
    for body in [
        json!({"members": {"me": named(VICTIM)}}),
        json!({"members": {"0": null}}),
        json!({"members": {"0": {"properties": {"custom": {"a": 1}}}}}),
    ] {
        let answer = service
            .ask("PUT", &path, &service.attacker, &body.to_string())
            .await;
        assert_eq!(answer.status, 403, "{body}: {answer:?}");
    }
    // The attacker's token under the victim's user hash.
    let (victims_hash, _) = parts(&service.victim);
    let (_, [header, claims, signature]) = parts(&service.attacker);
    let mixed = format!("{victims_hash};{header}.{claims}.{signature}");
    assert_unauthorized(&service, "another's hash", &mixed, "unknown_user_hash").await;
    let friend = format!("/users/xuid({VICTIM})/people/xuid({ATTACKER})");
    for verb in ["PUT", "DELETE"] {
        let answer = service.ask(verb, &friend, &service.attacker, "").await;
        assert_eq!(answer.status, 403, "{verb}: {answer:?}");
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn a_service_without_the_role_does_nothing_that_takes_it() {
    let service = Service::new().await;
    let other = service.token(&json!({"roles": ["people.read"]})).await;
    let server = json!({"servers": {"matchmaking": {"properties": {"system": {}}}}}).to_string();
    for body in [ROBBERY, &server, r#"{"members":{"0":null}}"#] {
        let answer = service.ask("PUT", &session("s1"), &other, body).await;
        assert_eq!(answer.status, 403, "{body}: {answer:?}");
    }
    let answer = service
        .ask(
            "DELETE",
            &format!("{}/members/0", session("s1")),
            &other,
            "",
        )
        .await;
    assert_eq!(answer.status, 403, "{answer:?}");
    let boasting = json!({"roles": ["SESSIONS.SERVER", "sessions.server.", "sessions.*"]});
    let boasting = service.token(&boasting).await;
    let answer = service.ask("PUT", &session("s1"), &boasting, &server).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    service.assert_untouched().await;
}

#[tokio::test]
async fn a_token_counts_in_one_place_only() {
    let service = Service::new().await;
    let path = session("s1");
    let token = service.victim.clone();
    let bare = token.split_once(';').expect("a token").1;
    for headers in [
        &[("cookie", bare)][..],
        &[("x-authorization", &token)],
        &[("proxy-authorization", &token)],
        &[("x-xbl-authorization", &token)],
        &[
            ("x-original-authorization", &token),
            ("x-forwarded-user", "1001"),
        ],
    ] {
        let all = [&[("connection", "close")], headers].concat();
        let answer = service
            .send_one(head("PUT", &path, "", &all, ROBBERY))
            .await;
        assert_eq!(answer.status, 401, "{headers:?}: {answer:?}");
    }
    for query in [
        format!("access_token={bare}"),
        format!("authorization={bare}"),
    ] {
        let answer = service
            .ask("PUT", &format!("{path}?{query}"), "", ROBBERY)
            .await;
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(!answer.body.contains(bare), "the answer repeats a token");
    }
    let twice = head(
        "PUT",
        &path,
        &token,
        &[("authorization", &token), ("connection", "close")],
        ROBBERY,
    );
    let answer = service.send_one(twice).await;
    assert_eq!(answer.status, 401, "{answer:?}");
    // A word before a good token is no good token.
    for value in [
        format!("Basic {bare}"),
        format!("{token},{token}"),
        format!("{token} {token}"),
    ] {
        let answer = service
            .send_one(request("PUT", &path, &value, ROBBERY))
            .await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    service.assert_untouched().await;
}

#[tokio::test]
async fn a_token_before_or_after_its_time_opens_nothing() {
    let service = Service::new().await;
    // The issuer's key stays inside of the service, so times are changed and the signature breaks.
    let (hash, [header, claims, signature]) = parts(&service.victim);
    let second = now().as_second();
    for (name, value) in [("exp", second + 10_000_000), ("nbf", 0), ("iat", 0)] {
        let mut changed = decoded(&claims);
        changed[name] = json!(value);
        let token = format!("{hash};{header}.{}.{signature}", encoded(&changed));
        assert_unauthorized(&service, name, &token, "invalid_signature").await;
    }
    assert_ne!(user(VICTIM), user(ATTACKER));
    service.assert_untouched().await;
}
