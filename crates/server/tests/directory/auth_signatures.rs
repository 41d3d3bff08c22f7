//! Requests signed with the proof key of their token: when they must be, and what is no proof.

use convoke_server::config::{Config, Mode, SignatureMode};
use http::header::AUTHORIZATION;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::auth_steps::{Token, call, mint, unauthorized};
use crate::fixtures::{create, session};
use crate::player::Call;
use crate::signer::{Content, Signer, negated};
use crate::world::{StoreKind, World};

async fn world(signatures: SignatureMode) -> World {
    let mode = |config: &mut Config| {
        config.auth.signatures = signatures;
        config.limits.mode = Mode::Off;
    };
    World::configured(StoreKind::Memory, mode).await
}

/// The header of user 1001, whose token is bound to the signer's key.
async fn bound(w: &World, signer: &Signer) -> String {
    let body = json!({"xuid": "1001", "titleId": "123", "proofKey": signer.jwk()});
    mint(w, body).await.of(0)
}

/// A reading request with this signature.
fn get(w: &World, path: &str, authorization: &str, signature: &str) -> Call {
    call(w, "GET", path, authorization).header("Signature", signature)
}

fn reading<'a>(path: &'a str, authorization: &'a str) -> Content<'a> {
    Content {
        method: "GET",
        path_and_query: path,
        authorization,
        body: b"",
    }
}

#[tokio::test]
async fn a13_a_signed_request_is_taken_once_and_only_as_it_was_signed() {
    let w = world(SignatureMode::Require).await;
    let signer = Signer::new();
    let authorization = bound(&w, &signer).await;
    let path = session("open", "signed");
    let body = create(1001).to_string();
    let content = Content {
        method: "PUT",
        path_and_query: &path,
        authorization: &authorization,
        body: body.as_bytes(),
    };
    let put = |body: &str, signature: &str| {
        call(&w, "PUT", &path, &authorization)
            .body(Some("application/json"), body)
            .header("Signature", signature)
    };
    let signature = signer.sign(w.now(), &content);
    let changed = body.replacen("true", "tru ", 1);
    assert_ne!(body, changed);
    unauthorized(put(&changed, &signature).send().await, "invalid_signature");
    put(&body, &signature).send().await.expect(201);

    // A replay, plain or disguised.
    unauthorized(put(&body, &signature).send().await, "invalid_signature");
    unauthorized(
        put(&body, &negated(&signature)).send().await,
        "invalid_signature",
    );
    // The same request, signed again, is another request.
    put(&body, &signer.sign(w.now(), &content))
        .send()
        .await
        .expect(200);

    let late = w.now() - SignedDuration::from_mins(6);
    unauthorized(
        put(&body, &signer.sign(late, &content)).send().await,
        "invalid_signature",
    );
}

#[tokio::test]
async fn a13_a_signature_is_good_for_five_minutes_in_both_directions() {
    let w = world(SignatureMode::Require).await;
    let signer = Signer::new();
    let authorization = bound(&w, &signer).await;
    let path = session("open", "none");
    let content = reading(&path, &authorization);
    let at = |moment: Timestamp| get(&w, &path, &authorization, &signer.sign(moment, &content));
    let tick = SignedDuration::from_nanos(100);
    for five in [SignedDuration::from_mins(5), SignedDuration::from_mins(-5)] {
        at(w.now() + five).send().await.expect_empty(204);
        let beyond = w.now() + five + if five.is_positive() { tick } else { -tick };
        let refused = at(beyond).send().await;
        assert!(refused.text().contains("5 minutes"), "{}", refused.text());
        unauthorized(refused, "invalid_signature");
        let six = w.now() + five + five / 5;
        unauthorized(at(six).send().await, "invalid_signature");
    }
    // Used at the start of its time, it is known to the end of it, ten minutes later.
    let ahead = w.now() + SignedDuration::from_mins(5);
    let signature = signer.sign(ahead, &content);
    get(&w, &path, &authorization, &signature)
        .send()
        .await
        .expect_empty(204);
    w.advance_lazily(600_000);
    let replayed = get(&w, &path, &authorization, &signature).send().await;
    assert!(
        replayed.text().contains("used before"),
        "{}",
        replayed.text()
    );
    unauthorized(replayed, "invalid_signature");
}

#[tokio::test]
async fn a13_a_signature_of_another_path_method_token_or_key_is_no_proof() {
    let w = world(SignatureMode::Require).await;
    let signer = Signer::new();
    let authorization = bound(&w, &signer).await;
    let other_token = bound(&w, &signer).await;
    assert_ne!(authorization, other_token);
    let path = session("open", "none");
    let other_path = format!("{path}?nocommit=true");
    let good = reading(&path, &authorization);
    for content in [
        reading(&other_path, &authorization),
        reading(&path, &other_token),
        reading(&path, ""),
        Content {
            method: "PUT",
            ..reading(&path, &authorization)
        },
        Content {
            body: b"{}",
            ..reading(&path, &authorization)
        },
    ] {
        let signature = signer.sign(w.now(), &content);
        let refused = get(&w, &path, &authorization, &signature).send().await;
        unauthorized(refused, "invalid_signature");
    }
    let stranger = Signer::new().sign(w.now(), &good);
    unauthorized(
        get(&w, &path, &authorization, &stranger).send().await,
        "invalid_signature",
    );
    for header in ["", "AAAA", "not base64", &signer.sign(w.now(), &good)[4..]] {
        unauthorized(
            get(&w, &path, &authorization, header).send().await,
            "malformed",
        );
    }
    get(&w, &path, &authorization, &signer.sign(w.now(), &good))
        .send()
        .await
        .expect_empty(204);
}

#[tokio::test]
async fn a13_without_a_signature_or_a_proof_key_there_is_no_proof() {
    let w = world(SignatureMode::Require).await;
    let signer = Signer::new();
    let authorization = bound(&w, &signer).await;
    let path = session("open", "none");
    unauthorized(
        call(&w, "GET", &path, &authorization).send().await,
        "proof_required",
    );
    let unbound = mint(&w, json!({"xuid": "1001", "titleId": "123"}))
        .await
        .of(0);
    let signature = signer.sign(w.now(), &reading(&path, &unbound));
    unauthorized(
        get(&w, &path, &unbound, &signature).send().await,
        "proof_required",
    );
    unauthorized(w.nobody().get(&path).await, "missing");
    w.nobody().get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_signature_is_only_checked_where_the_configuration_says() {
    let check = async |mode, unsigned: u16, wrong: u16, unbound_and_wrong: u16, twice: u16| {
        let w = world(mode).await;
        let signer = Signer::new();
        let authorization = bound(&w, &signer).await;
        let unbound = mint(&w, json!({"xuid": "1001", "titleId": "123"}))
            .await
            .of(0);
        let path = session("open", "none");
        let right = signer.sign(w.now(), &reading(&path, &authorization));
        let statuses = [
            call(&w, "GET", &path, &authorization).send().await.status,
            get(&w, &path, &authorization, "wrong").send().await.status,
            get(&w, &path, &unbound, "wrong").send().await.status,
            get(&w, &path, &authorization, &right).send().await.status,
            get(&w, &path, &authorization, &right).send().await.status,
        ];
        let expected = [unsigned, wrong, unbound_and_wrong, 204, twice];
        assert_eq!(statuses, expected, "{mode:?}");
    };
    check(SignatureMode::Off, 204, 204, 204, 204).await;
    check(SignatureMode::Verify, 204, 401, 204, 204).await;
    check(SignatureMode::Require, 401, 401, 401, 401).await;
}

#[tokio::test]
async fn a_path_may_be_signed_as_it_was_before_it_was_encoded() {
    let w = world(SignatureMode::Require).await;
    let signer = Signer::new();
    let authorization = bound(&w, &signer).await;
    let sent = "/users/xuid%281001%29/people";
    for signed in [sent, "/users/xuid(1001)/people"] {
        let signature = signer.sign(w.now(), &reading(signed, &authorization));
        get(&w, sent, &authorization, &signature)
            .send()
            .await
            .expect(200);
    }
    let signature = signer.sign(
        w.now(),
        &reading("/users/xuid(1002)/people", &authorization),
    );
    unauthorized_in_json(get(&w, sent, &authorization, &signature)).await;
}

/// The people service words its refusals as JSON, with the same challenge.
async fn unauthorized_in_json(call: Call) {
    let answer = call.send().await;
    assert_eq!(answer.json()["code"], 4500);
    unauthorized(answer, "invalid_signature");
}

#[tokio::test]
async fn only_the_first_8192_bytes_of_a_body_are_signed() {
    let w = world(SignatureMode::Require).await;
    let signer = Signer::new();
    let authorization = bound(&w, &signer).await;
    let path = session("open", "long");
    let mut document = create(1001);
    document["properties"]["custom"]["text"] = Value::from("x".repeat(9000));
    let body = document.to_string();
    for covered in [&body.as_bytes()[..8192], body.as_bytes()] {
        let content = Content {
            method: "PUT",
            path_and_query: &path,
            authorization: &authorization,
            body: covered,
        };
        let answer = call(&w, "PUT", &path, &authorization)
            .body(Some("application/json"), body.clone())
            .header("Signature", &signer.sign(w.now(), &content))
            .send()
            .await;
        let whole = covered.len() == body.len();
        assert_eq!(
            answer.status,
            if whole { 401 } else { 201 },
            "{}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn a_client_that_signs_in_with_its_key_has_a_token_bound_to_it() {
    let w = world(SignatureMode::Require).await;
    let signer = Signer::new();
    let ask = async |path: &str, properties: Value, signer: Option<&Signer>| {
        let relying_party = match path {
            "/xsts/authorize" => "http://xboxlive.com",
            _ => "http://auth.xboxlive.com",
        };
        let body = json!({
            "RelyingParty": relying_party, "TokenType": "JWT", "Properties": properties,
        });
        let text = body.to_string();
        let mut request = w
            .nobody()
            .request("POST", path)
            .without(AUTHORIZATION.as_str());
        if let Some(signer) = signer {
            let content = Content {
                method: "POST",
                path_and_query: path,
                authorization: "",
                body: text.as_bytes(),
            };
            request = request.header("Signature", &signer.sign(w.now(), &content));
        }
        request.body(Some("application/json"), text).send().await
    };
    let key = signer.jwk();
    let properties = json!({
        "AuthMethod": "ProofOfPossession", "Id": "{1}", "DeviceType": "Win32", "ProofKey": key,
    });
    let path = "/device/authenticate";
    unauthorized(ask(path, properties.clone(), None).await, "proof_required");
    let stranger = Signer::new();
    unauthorized(
        ask(path, properties.clone(), Some(&stranger)).await,
        "invalid_signature",
    );
    let device = ask(path, properties, Some(&signer))
        .await
        .expect(200)
        .json();

    let ticket = json!({"AuthMethod": "RPS", "RpsTicket": "d=dev:1001"});
    let user = ask("/user/authenticate", ticket, None)
        .await
        .expect(200)
        .json();
    let title = json!({
        "AuthMethod": "ProofOfPossession", "DeviceToken": device["Token"], "TitleId": "123",
        "ProofKey": key,
    });
    let title = ask("/title/authenticate", title, Some(&signer))
        .await
        .expect(200)
        .json();
    let all = json!({
        "SandboxId": "RETAIL", "UserTokens": [user["Token"]],
        "DeviceToken": device["Token"], "TitleToken": title["Token"], "ProofKey": key,
    });
    let mut other = all.clone();
    other["ProofKey"] = stranger.jwk();
    let refused = ask("/xsts/authorize", other, Some(&stranger))
        .await
        .expect(401);
    assert!(
        refused.text().contains("different keys"),
        "{}",
        refused.text()
    );

    let token = Token::read(ask("/xsts/authorize", all, Some(&signer)).await);
    let authorization = token.of(0);
    let path = session("open", "none");
    unauthorized(
        call(&w, "GET", &path, &authorization).send().await,
        "proof_required",
    );
    let signature = signer.sign(w.now(), &reading(&path, &authorization));
    get(&w, &path, &authorization, &signature)
        .send()
        .await
        .expect_empty(204);
}
