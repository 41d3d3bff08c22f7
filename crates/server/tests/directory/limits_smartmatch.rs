//! The edge of matchmaking: its limits and who may use it. Hoppers come later.

use serde_json::{Value, json};

use crate::fixtures::{A, SCID, session};
use crate::limits_rates::{rate, throttled};
use crate::world::{Answer, Player, World};

fn hopper() -> String {
    format!("/serviceconfigs/{SCID}/hoppers/duel")
}

fn ticket() -> Value {
    json!({
        "giveUpDuration": 60, "preserveSession": "never",
        "ticketSessionRef": { "scid": SCID, "templateName": "open", "name": "s" },
    })
}

async fn search(player: &Player) -> Answer {
    let call = player.request("POST", &hopper()).contract("103");
    call.json(ticket()).send().await
}

#[tokio::test]
async fn a14_the_11th_matchmaking_call_within_15_seconds_is_refused() {
    let w = World::limited().await;
    let a = w.user(A).await;
    let stats = format!("{}/stats", hopper());
    let its_ticket = format!("{}/tickets/0584338f-a2ff-4eb9-b167-c0e8ddecae72", hopper());
    for _ in 0..3 {
        search(&a).await.expect_text(404);
        a.get(&stats).await.expect_text(404);
        a.delete(&its_ticket).await.expect_text(404);
    }
    w.advance(3_500).await;
    a.get(&its_ticket).await.expect_text(404);
    let eleventh = search(&a).await.expect(429);
    assert_eq!(
        eleventh.text(),
        r#"{"version":1,"currentRequests":11,"maxRequests":10,"periodInSeconds":15,"limitType":"Rate"}"#
    );
    assert_eq!(eleventh.header("retry-after"), Some("12"));
    throttled(a.get(&stats).await, &rate(12, 10, 15), "12");

    // The same user in another title, and other services, are not concerned.
    let elsewhere = w.token(json!({ "xuid": "1001", "titleId": "777" })).await;
    let scid = crate::fixtures::HANDLES_SCID;
    let other = format!("/serviceconfigs/{scid}/hoppers/duel");
    elsewhere.get(&format!("{other}/stats")).await.expect(404);
    a.get(&session("open", "missing")).await.expect(204);

    w.advance(11_500).await;
    search(&a).await.expect_text(404);
}

#[tokio::test]
async fn a17_an_unknown_hopper_is_not_found_by_name() {
    let w = World::limited().await;
    let a = w.user(A).await;
    search(&a).await.expect_naming(404, "duel");
    let elsewhere = "/serviceconfigs/99999999-9999-4999-8999-999999999999/hoppers/duel";
    let call = a.request("POST", elsewhere).json(ticket());
    call.send().await.expect_naming(404, "[scid.unknown]");
    let patch = a.request("PATCH", &hopper()).send().await.expect_text(405);
    assert_eq!(patch.header("allow"), Some("POST"));
    w.nobody().post(&hopper(), ticket()).await.expect_text(401);
}

#[tokio::test]
async fn a21_on_a_console_matchmaking_takes_the_multiplayer_privilege() {
    let w = World::limited().await;
    for (device, privileges, status) in [
        (Some("XboxOne"), json!([252]), 403),
        (Some("Scarlett"), json!([]), 403),
        (Some("scarlett"), json!([252]), 403),
        (Some("Scarlett"), json!([254]), 404),
        (Some("Win32"), json!([252]), 404),
        (Some("Android"), json!([]), 404),
        (None, json!([252]), 404),
    ] {
        let mut body = json!({ "xuid": "1001", "titleId": "123", "privileges": privileges });
        if let Some(device) = device {
            body["deviceType"] = json!(device);
        }
        let player = w.token(body).await;
        w.advance(15_000).await;
        let answer = search(&player).await;
        assert_eq!(answer.status, status, "{device:?}: {}", answer.text());
        if status == 403 {
            answer.expect_naming(403, "254");
        }
    }
}

#[tokio::test]
async fn matchmaking_speaks_contract_103_and_later() {
    let w = World::limited().await;
    let a = w.user(A).await;
    for (version, status) in [
        ("103", 404),
        ("107", 404),
        ("110", 404),
        ("102", 400),
        ("x", 400),
    ] {
        let call = a.request("GET", &format!("{}/stats", hopper()));
        let answer = call.contract(version).send().await;
        assert_eq!(answer.status, status, "{version}: {}", answer.text());
    }
    let call = a
        .request("POST", &hopper())
        .without("x-xbl-contract-version");
    call.send().await.expect_naming(400, "contract.missing");
}

#[tokio::test]
async fn matchmaking_has_host_names_of_its_own() {
    let w = World::limited().await;
    let a = w.user(A).await;
    for (host, text) in [
        ("smartmatch.xboxlive.com", "hopper.unknown"),
        ("momatch.xboxlive.com", "hopper.unknown"),
        ("localhost:8080", "hopper.unknown"),
        ("sessiondirectory.xboxlive.com", "uri.unknown"),
    ] {
        let call = a.request("POST", &hopper()).header("Host", host);
        call.json(ticket()).send().await.expect_naming(404, text);
    }
    let call = a
        .request("GET", &session("open", "s"))
        .header("Host", "smartmatch.xboxlive.com");
    call.send().await.expect_naming(404, "uri.unknown");
}
