//! `auth.strong_title_identity`: consoles, other devices, and what each of them may use.

use convoke_server::auth::TitleIdentity;
use serde_json::json;

use crate::fixtures::{A_CONNECTION, SCID, active, connected, leave, reserve, session};
use crate::handle_steps::invite;
use crate::world::{Player, StoreKind, World};

const CODE: &str = "access.title_identity";

async fn strict() -> World {
    World::configured(StoreKind::Memory, |config| {
        config.auth.strong_title_identity = TitleIdentity::Require;
    })
    .await
}

async fn on(w: &World, xuid: u64, device: Option<&str>) -> Player {
    let mut body = json!({"xuid": xuid.to_string(), "titleId": "123"});
    if let Some(device) = device {
        body["deviceType"] = json!(device);
    }
    w.token(body).await
}

#[tokio::test]
async fn devices_that_are_no_consoles_use_sessions_that_are_made_for_them() {
    let w = strict().await;
    let console = on(&w, 1001, Some("scarlett")).await;
    let path = session("open", "s");
    console.put(&path, active()).await.expect(201);
    for device in [Some("Win32"), Some("Android"), None] {
        let other = on(&w, 1002, device).await;
        let answers = [
            other.get(&path).await,
            other.put(&path, active()).await,
            other.put(&session("open", "own"), active()).await,
            other.get(&format!("{path}/members/0")).await,
        ];
        for answer in answers {
            assert_eq!(answer.status, 403, "{device:?}: {}", answer.text());
            let text = answer.text();
            assert!(text.contains("userAuthorizationStyle"), "{text}");
            let code = answer.header("x-convoke-refusal").unwrap_or_default();
            assert!(code.starts_with(CODE), "{code}");
        }
        let path = session("uas", "u");
        other.put(&path, connected(A_CONNECTION)).await;
        other.get(&path).await.expect(200);
        other.put(&path, leave()).await;
    }
    // The one who was refused is no member, and the console goes on.
    let document = console.get(&path).await.expect(200).json();
    assert_eq!(document["membersInfo"]["count"], 1);
}

#[tokio::test]
async fn an_invitation_makes_no_console_of_a_device() {
    let w = strict().await;
    let console = on(&w, 1001, Some("XboxOne")).await;
    console
        .put(&session("open", "s"), active())
        .await
        .expect(201);
    let reference = json!({"scid": SCID, "templateName": "open", "name": "s"});
    let made = console.post("/handles", invite(&reference, 1002)).await;
    let id = made.expect(201).json()["id"].clone();
    let way = format!("/handles/{}/session", id.as_str().expect("an id"));
    let other = on(&w, 1002, Some("Win32")).await;
    assert_eq!(other.put(&way, active()).await.status, 403);
    let same_user = on(&w, 1002, Some("PlayStation")).await;
    same_user.put(&way, active()).await.expect(200);
}

#[tokio::test]
async fn servers_are_not_bound_and_without_the_setting_nobody_is() {
    let w = strict().await;
    let console = on(&w, 1001, Some("XboxOne")).await;
    let path = session("open", "s");
    console.put(&path, active()).await.expect(201);
    let server = w.server().await;
    server.get(&path).await.expect(200);
    let joining = server
        .request("PUT", &path)
        .header("X-Xbl-On-Behalf-Of", "xuid(1003)");
    joining.json(active()).send().await.expect(200);

    let w = World::new(StoreKind::Memory).await;
    let other = on(&w, 1001, Some("Win32")).await;
    other.put(&path, active()).await.expect(201);
}

#[tokio::test]
async fn an_explanation_says_what_the_device_means() {
    let w = strict().await;
    let player = on(&w, 1001, Some("XboxOne")).await;
    let path = session("open", "s");
    player.put(&path, active()).await.expect(201);
    let server = w.server().await;
    let deciding = async |more: &str| {
        let asked = format!("{path}?explain=access&xuid={more}");
        let document = server.get(&asked).await.expect(200).json();
        let steps = document["join"]["steps"].as_array().expect("steps").clone();
        let last = steps.last().expect("a step");
        (last["step"].clone(), last["code"].clone())
    };
    assert_eq!(deciding("1001").await, (json!("place"), json!(null)));
    let user = async |more: &str| {
        let asked = format!("{path}?explain=access&xuid={more}");
        let document = server.get(&asked).await.expect(200).json();
        document["user"]["deviceType"].clone()
    };
    assert_eq!(user("1001").await, "XboxOne");
    assert_eq!(user("1001&deviceType=Win32").await, "Win32");
    assert_eq!(user("1002").await, json!(null));
    let refused = (json!("titleIdentity"), json!(CODE));
    assert_eq!(deciding("1001&deviceType=Win32").await, refused);
    assert_eq!(deciding("1002").await, refused);
    let console = deciding("1002&deviceType=Scarlett").await;
    assert_eq!(console, (json!("room"), json!(null)));
    // Whoever reserved the place had the console.
    player.put(&path, reserve(&[1003])).await.expect(200);
    assert_eq!(user("1003").await, json!(null));
    assert_eq!(deciding("1003").await, refused);
    let other = on(&w, 1003, Some("Win32")).await;
    assert_eq!(other.put(&path, active()).await.status, 403);
}
