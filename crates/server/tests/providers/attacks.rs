//! Tokens that must not be believed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::provider::{Provider, part, settings};
use crate::world::World;

#[tokio::test]
async fn a12_unsigned_tokens_and_public_keys_used_as_secrets_are_refused() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let world = World::new(&settings(&provider.issuer, ""));
    let token = provider.sign_in("alice").await.access;
    world.at_issue_of(&token);
    assert!(world.accepts(&token).await);

    let claims = part(&token, 1);
    let kid = part(&token, 0)["kid"].clone();
    for alg in ["none", "None", "NONE", ""] {
        let forged = unsigned(&json!({"alg": alg, "kid": kid, "typ": "JWT"}), &claims);
        assert_eq!(world.refusal(&forged).await, "invalid_signature", "{alg}");
        assert_eq!(
            world.refusal(&format!("{forged}eA")).await,
            "invalid_signature"
        );
    }
    let jwks = provider.jwks().await;
    let key = &jwks["keys"][0];
    let modulus = URL_SAFE_NO_PAD
        .decode(key["n"].as_str().expect("RSA"))
        .expect("base64url");
    let der = spki(&modulus);
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines(&der)
    );
    for secret in [
        modulus,
        der,
        pem.into_bytes(),
        key.to_string().into_bytes(),
        vec![],
    ] {
        for alg in [Algorithm::HS256, Algorithm::HS512] {
            let mut header = Header::new(alg);
            header.kid = kid.as_str().map(str::to_owned);
            let forged = encode(&header, &claims, &EncodingKey::from_secret(&secret));
            let forged = forged.expect("any bytes are a secret");
            assert_eq!(world.refusal(&forged).await, "invalid_signature");
        }
    }
    assert!(world.accepts(&token).await, "the real one still is");
}

#[tokio::test]
async fn tokens_for_others_and_of_others_are_refused() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let elsewhere =
        settings(&provider.issuer, "").replace("https://convoke.example", "https://x.example");
    let world = World::new(&elsewhere);
    let tokens = provider.sign_in("alice").await;
    world.at_issue_of(&tokens.access);
    assert_eq!(world.refusal(&tokens.access).await, "wrong_audience");
    // The audience of an id token is the client.
    let world = World::new(&settings(&provider.issuer, ""));
    world.at_issue_of(&tokens.access);
    assert_eq!(world.refusal(&tokens.id).await, "wrong_audience");
    let both = settings(&provider.issuer, "").replace("[\"https", "[\"game\", \"https");
    let world = World::new(&both);
    world.at_issue_of(&tokens.access);
    assert!(world.accepts(&tokens.id).await && world.accepts(&tokens.access).await);

    let stranger = Provider::start(&json!({})).expect("started once already");
    let token = stranger.sign_in("alice").await.access;
    assert_eq!(world.refusal(&token).await, "invalid_signature");
}

#[tokio::test]
async fn one_providers_keys_say_nothing_about_anothers_users() {
    let Some(good) = Provider::start(&json!({"kid": "shared"})) else {
        return;
    };
    // Signs what claims to be of the other, with a key of its own of the same name.
    let told = json!({"issuer": good.issuer, "kid": "shared"});
    let liar = Provider::start(&told).expect("started once already");
    let honest = Provider::start(&json!({"kid": "other"})).expect("started once already");
    let told = json!({"issuer": good.issuer, "kid": "other"});
    let borrower = Provider::start(&told).expect("started once already");
    let both = settings(&good.issuer, "") + &settings(&honest.issuer, "");
    let world = World::new(&both);
    let token = good.sign_in("alice").await.access;
    world.at_issue_of(&token);
    assert!(world.accepts(&token).await);
    assert!(world.accepts(&honest.sign_in("alice").await.access).await);
    for impostor in [&liar, &borrower] {
        let forged = impostor.sign_in("alice").await.access;
        assert_eq!(part(&forged, 1)["iss"], good.issuer);
        assert_eq!(world.refusal(&forged).await, "invalid_signature");
    }
    // A genuine signature does not carry over to another issuer's name or to other claims.
    let mut claims = part(&token, 1);
    claims["iss"] = json!(honest.issuer);
    assert_eq!(
        world.refusal(&with_claims(&token, &claims)).await,
        "invalid_signature"
    );
    claims["iss"] = json!(good.issuer);
    claims["sub"] = json!("bob");
    assert_eq!(
        world.refusal(&with_claims(&token, &claims)).await,
        "invalid_signature"
    );
    // The same subject at two providers is two people.
    let (here, _) = world.joins_as(&format!("Bearer {token}")).await;
    let token = honest.sign_in("alice").await.access;
    let (there, _) = world.joins_as(&format!("Bearer {token}")).await;
    assert_ne!(here, there);
}

#[tokio::test]
async fn tokens_beyond_the_size_limit_are_not_looked_at() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let world = World::new(&settings(&provider.issuer, ""));
    let token = provider.sign_in("alice").await.access;
    world.at_issue_of(&token);
    let mut claims = part(&token, 1);
    claims["filler"] = json!("x".repeat(16 * 1024));
    assert_eq!(
        world.refusal(&with_claims(&token, &claims)).await,
        "malformed"
    );
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(header), part(claims))
}

/// A token with other claims under the same signature.
fn with_claims(token: &str, claims: &Value) -> String {
    let parts: Vec<_> = token.split('.').collect();
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("{}.{claims}.{}", parts[0], parts[2])
}

/// An RSA key of 2048 bits and exponent 65537 in the form that PEM files hold.
fn spki(modulus: &[u8]) -> Vec<u8> {
    let start = "30820122300d06092a864886f70d01010105000382010f003082010a0282010100";
    let bytes = start.as_bytes().chunks(2).map(|pair| {
        let digits = std::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(digits, 16).expect("hexadecimal")
    });
    let end = [2, 3, 1, 0, 1];
    bytes.chain(modulus.iter().copied()).chain(end).collect()
}

fn lines(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    lines.join("\n")
}
