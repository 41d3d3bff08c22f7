//! Invitations to activities without a session, as the invited user's client hears of them.

use std::fs;

use convoke_server::config::InviteLifetime;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Socket;
use crate::service::{Player, SCID, Service};

const PATH: &str = "/titles/777/invites";

async fn listen(socket: &mut Socket, player: &Player, title: u32) -> u64 {
    let uri = format!(
        "https://notify.xboxlive.com/users/xuid({})/deviceId/current/titleId/{title}",
        player.xuid
    );
    let answer = socket.ask(&format!("[1,7,\"{uri}\"]")).await;
    assert_eq!(answer[2], 0, "{answer}");
    answer[3].as_u64().expect("a number")
}

fn invited(users: &[&str]) -> Value {
    json!({"invitedUsers": users, "connectionString": "ip=1"})
}

/// What C hears of an invitation by A.
async fn told(service: &Service) -> Value {
    let (a, c) = (service.player(1001).await, service.player(1003).await);
    let mut socket = service.open(&c).await;
    listen(&mut socket, &c, 777).await;
    let body = invited(&["1003"]);
    let sent = service.call(Method::POST, PATH, &a, Some(&body));
    sent.await.ok(204);
    socket.hear().await
}

/// What the service says of a refusal.
async fn refused(service: &Service, player: &Player, path: &str, body: &Value) -> Value {
    let answer = service.call(Method::POST, path, player, Some(body)).await;
    let document = answer.ok(400);
    let message = document["debugMessage"].as_str().expect("a text");
    assert_eq!(
        document,
        json!({"errorCode": document["errorCode"], "debugMessage": message})
    );
    document
}

#[tokio::test]
async fn h99_the_invited_who_listen_in_the_title_are_told() {
    let service = Service::start().await;
    let (a, c) = (
        service.named(1001, "Alpha").await,
        service.player(1003).await,
    );
    let mut socket = service.open(&c).await;
    let number = listen(&mut socket, &c, 777).await;
    listen(&mut socket, &c, 778).await;
    let body = invited(&["1003", "1004"]);
    service
        .call(Method::POST, PATH, &a, Some(&body))
        .await
        .ok(204);
    let expected = json!([3, number, {"notificationData": {
        "sender": {"xuid": "1001", "imageUrl": "", "gamertag": "Alpha", "modernGamertag": "Alpha",
            "modernGamertagSuffix": "", "uniqueModernGamertag": "Alpha"},
        "invitedUser": "1003", "titleName": "Title 777", "connectionString": "ip=1",
        "expirationTime": "2026-01-02T00:00:00.0000000Z"}}]);
    assert_eq!(socket.hear().await, expected);
    socket.assert_silent().await;
    // It is kept nowhere.
    listen(&mut socket, &c, 777).await;
    socket.assert_silent().await;
    let outcome = |word: &str| format!("convoke_rta_notifications_total{{outcome=\"{word}\"}}");
    assert_eq!(service.metric(&outcome("told")).await, 1);
    assert_eq!(service.metric(&outcome("nobody")).await, 1);
}

#[tokio::test]
async fn h99_an_invitation_says_when_it_ends_as_configured() {
    let service = Service::start_with(|config| {
        config.handles.invite_lifetime = InviteLifetime::try_from(90).expect("seconds");
    })
    .await;
    let event = told(&service).await;
    let end = &event[2]["notificationData"]["expirationTime"];
    assert_eq!(end, "2026-01-01T00:01:30.0000000Z");
}

#[tokio::test]
async fn h99_an_invitation_shows_the_title_as_its_service_configuration_does() {
    let service = Service::start_with(|config| {
        let folder = config.service_configs.as_ref().expect("a folder");
        let file = folder.join(SCID).join("service.toml");
        let titles = "[titles.777]\nname = \"Contoso Racing\"\n\
                      image_url = \"https://contoso.example/racing.png\"\n";
        let text = fs::read_to_string(&file).expect("the service's") + titles;
        fs::write(file, text).expect("a file");
    })
    .await;
    let event = told(&service).await;
    let shown = &event[2]["notificationData"];
    assert_eq!(shown["titleName"], "Contoso Racing");
    assert_eq!(shown["titleImageUrl"], "https://contoso.example/racing.png");
}

#[tokio::test]
async fn h99_what_is_refused_is_refused_in_the_form_of_the_service() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let many: Vec<String> = (2000..2017).map(|user: u32| user.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (wrong, forbidden) = ("RequestValidationError", "AuthorizationError");
    for (path, body, code, words) in [
        (
            PATH,
            invited(&many),
            wrong,
            "expected 1 to 16 users, found 17",
        ),
        (PATH, invited(&[]), wrong, "expected 1 to 16 users, found 0"),
        (PATH, json!({"invitedUsers": "1003"}), wrong, "invitedUsers"),
        (PATH, json!({}), wrong, "invitedUsers"),
        (
            "/titles/777/invites/server",
            json!({"invitedUsers": ["1003"], "sender": "1001"}),
            forbidden,
            "this address is for servers",
        ),
        (
            "/titles/778/invites",
            invited(&["1003"]),
            forbidden,
            "the title of the path is not the token's",
        ),
    ] {
        let document = refused(&service, &a, path, &body).await;
        assert_eq!(document["errorCode"], code, "{document}");
        let message = document["debugMessage"].as_str().expect("a text");
        assert!(message.contains(words), "{message}");
    }
    let answer = service.call(Method::GET, PATH, &a, None).await;
    assert_eq!(answer.ok(405)["errorCode"], "InvalidRequest");
}

#[tokio::test]
async fn nobody_is_invited_to_an_activity_by_whom_they_have_blocked_and_blocking_forbids_inviting()
{
    let service = Service::start().await;
    let (a, c) = (service.player(1001).await, service.player(1003).await);
    let mut socket = service.open(&c).await;
    listen(&mut socket, &c, 777).await;
    let block = json!({"xuid": "1001"});
    service
        .call(
            Method::PUT,
            "/users/xuid(1003)/people/never",
            &c,
            Some(&block),
        )
        .await
        .ok(200);
    let body = invited(&["1003"]);
    service
        .call(Method::POST, PATH, &a, Some(&body))
        .await
        .ok(204);
    socket.assert_silent().await;
    let document = refused(&service, &c, PATH, &invited(&["1002", "1001"])).await;
    assert_eq!(document["errorCode"], "AuthorizationError");
    let message = document["debugMessage"].as_str().expect("a text");
    assert!(message.contains("invitedUsers.1"), "{message}");
}
