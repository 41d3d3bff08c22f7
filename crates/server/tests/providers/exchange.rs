//! A provider's tokens exchanged for ours, with the development issuer off.

use http::StatusCode;
use serde_json::{Value, json};

use crate::provider::{Provider, part, settings};
use crate::world::{Answer, World};

fn authorize(tokens: &[&str], more: &Value) -> Value {
    let mut properties = json!({"UserTokens": tokens});
    let object = properties.as_object_mut().expect("an object");
    object.extend(more.as_object().expect("an object").clone());
    json!({"RelyingParty": "http://xboxlive.com", "TokenType": "JWT", "Properties": properties})
}

fn ticket(token: &str) -> Value {
    json!({"RelyingParty": "http://auth.xboxlive.com", "TokenType": "JWT", "Properties": {
        "AuthMethod": "RPS", "SiteName": "user.auth.xboxlive.com", "RpsTicket": format!("d={token}"),
    }})
}

async fn exchange(world: &World, tokens: &[&str], more: Value) -> Answer {
    world
        .post("/xsts/authorize", &authorize(tokens, &more))
        .await
}

/// The header that uses an answer's token as the nth of its users.
fn header(answer: &Answer, n: usize) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let hash = answer.body["DisplayClaims"]["xui"][n]["uhs"]
        .as_str()
        .expect("text");
    let token = answer.body["Token"].as_str().expect("text");
    format!("XBL3.0 x={hash};{token}")
}

fn token(answer: &Answer) -> &str {
    answer.body["Token"].as_str().expect("text")
}

#[tokio::test]
async fn a_token_is_exchanged_for_the_form_that_clients_send() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let more =
        "sandbox = \"XLDP.1\"\ntitle_ids = [\"1717113201\"]\ndefault_privileges = [185, 254]";
    let world = World::new(&settings(&provider.issuer, more));
    let theirs = provider.sign_in("alice").await.access;
    world.at_issue_of(&theirs);
    let (xuid, _) = world.joins_as(&format!("Bearer {theirs}")).await;

    let direct = exchange(&world, &[&theirs], json!({})).await;
    let shown = &direct.body["DisplayClaims"]["xui"][0];
    assert_eq!(shown["xid"], xuid.as_str(), "{direct:?}");
    assert_eq!(shown["gtg"], "Player alice");
    assert_eq!(shown["prv"], "185 254");
    assert_eq!(world.joins_as(&header(&direct, 0)).await.0, xuid);
    let claims = part(token(&direct), 1);
    assert_eq!(claims["sbx"], "XLDP.1");
    assert_eq!(claims["xti"]["tid"], "1717113201");
    assert_eq!(claims["idp"], provider.issuer.as_str());
    assert_eq!(
        claims["exp"],
        part(&theirs, 1)["exp"],
        "it ends with what it was made of"
    );

    // The long way of unmodified clients, by a user token.
    let user = world.post("/user/authenticate", &ticket(&theirs)).await;
    assert_eq!(user.status, StatusCode::OK, "{user:?}");
    assert!(user.body["DisplayClaims"]["xui"][0]["xid"].is_null());
    let service = exchange(&world, &[token(&user)], json!({"SandboxId": "xldp.1"})).await;
    assert_eq!(world.joins_as(&header(&service, 0)).await.0, xuid);
    let again = part(token(&service), 1);
    for claim in ["sbx", "xti", "idp", "exp"] {
        assert_eq!(again[claim], claims[claim], "{claim}");
    }
    // A user token is good for nothing else.
    assert_eq!(world.refusal(token(&user)).await, "wrong_audience");
}

#[tokio::test]
async fn several_players_share_a_token_as_on_one_console() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let world = World::new(&settings(&provider.issuer, ""));
    let alice = provider.sign_in("alice").await.access;
    let bob = provider.sign_in("bob").await.access;
    world.at_issue_of(&bob);
    let user = world.post("/user/authenticate", &ticket(&bob)).await;
    let both = exchange(&world, &[&alice, token(&user)], json!({})).await;
    let first = world.joins_as(&header(&both, 0)).await;
    let second = world.joins_as(&header(&both, 1)).await;
    assert_eq!(first.1, "Player alice");
    assert_eq!(second.1, "Player bob");
    let twice = exchange(&world, &[&alice, &alice], json!({})).await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST, "{twice:?}");
}

#[tokio::test]
async fn what_a_provider_binds_a_user_to_cannot_be_asked_away() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let world = World::new(&settings(&provider.issuer, "sandbox = \"XLDP.1\""));
    let alice = provider.sign_in("alice").await.access;
    world.at_issue_of(&alice);
    let elsewhere = exchange(&world, &[&alice], json!({"SandboxId": "RETAIL"})).await;
    assert_eq!(elsewhere.status, StatusCode::UNAUTHORIZED);
    assert!(elsewhere.body["XErr"].is_null(), "{elsewhere:?}");
    let service = provider.service_token().await;
    let refused = exchange(&world, &[&service], json!({})).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let message = refused.body["Message"].as_str().expect("text");
    assert_eq!(message, "Properties.UserTokens[0]: the token names no user");
    // A token that is refused at a service is refused here, by the same words.
    let mut forged = alice.clone();
    forged.pop();
    forged.pop();
    let refused = exchange(&world, &[&forged], json!({})).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{refused:?}");
    let stranger =
        Provider::start(&json!({"issuer": provider.issuer})).expect("started once already");
    let forged = stranger.sign_in("alice").await.access;
    for answer in [
        exchange(&world, &[&forged], json!({})).await,
        world.post("/user/authenticate", &ticket(&forged)).await,
    ] {
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
        let message = answer.body["Message"].as_str().expect("text");
        assert!(
            message.contains("a key that its issuer does not publish"),
            "{message}"
        );
    }
    let unknown = world
        .post("/user/authenticate", &ticket("EwBIA8l6BAAU"))
        .await;
    assert_eq!(unknown.body["XErr"], 2_148_916_233_u32, "{unknown:?}");
}

#[tokio::test]
async fn nothing_is_handed_to_whoever_asks_when_the_development_issuer_is_off() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let world = World::with_dev_issuer(&settings(&provider.issuer, ""), true);
    let theirs = provider.sign_in("alice").await.access;
    world.at_issue_of(&theirs);
    let dev = world.post("/dev/token", &json!({"xuid": "1001"})).await;
    let user = world.post("/user/authenticate", &ticket("dev:1001")).await;
    let device_request = json!({"RelyingParty": "http://auth.xboxlive.com", "TokenType": "JWT",
        "Properties": {"Id": "{A}", "DeviceType": "Win32"}});
    let device = world.post("/device/authenticate", &device_request).await;
    assert_eq!(world.ask(&header(&dev, 0)).await.status, StatusCode::OK);
    // While it is on, its users and a provider's are exchanged side by side, on one device.
    let mixed = exchange(
        &world,
        &[&theirs, token(&user)],
        json!({"DeviceToken": token(&device)}),
    )
    .await;
    assert_eq!(
        mixed.body["DisplayClaims"]["xui"][1]["xid"], "1001",
        "{mixed:?}"
    );

    let world = world.restart(false).await;
    for path in ["/dev/token", "/device/authenticate", "/title/authenticate"] {
        assert_eq!(
            world.post(path, &device_request).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let ticket = world.post("/user/authenticate", &ticket("dev:1001")).await;
    assert_eq!(ticket.status, StatusCode::UNAUTHORIZED, "{ticket:?}");
    // What it made before it was switched off is no good any more, at services and in exchanges.
    assert_eq!(
        world.ask(&header(&dev, 0)).await.status,
        StatusCode::UNAUTHORIZED
    );
    for refused in [
        exchange(&world, &[token(&user)], json!({})).await,
        exchange(&world, &[&theirs], json!({"DeviceToken": token(&device)})).await,
        exchange(&world, &[], json!({"DeviceToken": token(&device)})).await,
    ] {
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{refused:?}");
        let message = refused.body["Message"].as_str().expect("text");
        assert!(message.contains("development issuer"), "{message}");
    }
    let nothing = exchange(&world, &[], json!({})).await;
    assert_eq!(nothing.status, StatusCode::BAD_REQUEST, "{nothing:?}");
    let good = exchange(&world, &[&theirs], json!({})).await;
    assert_eq!(world.ask(&header(&good, 0)).await.status, StatusCode::OK);
}
