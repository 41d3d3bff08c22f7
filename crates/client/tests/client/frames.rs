//! Frames as services say them: those of the original, late ones, and ones that nobody understands.

use std::time::Duration;

use convoke_client::wire::rta::{ErrorCode, Resource};
use convoke_client::wire::{TitleId, Xuid};
use convoke_client::{Error, Event};
use futures_util::StreamExt as _;
use reqwest::StatusCode;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::far_end::FarEnd;
use crate::service::named;

const SCID: &str = crate::service::SCID;

fn tap(number: u64) -> String {
    format!(
        r#"[3,0,{{"ncid":"2D7F3C3B-9E00-4000-8000-000000000002","newField":1,"shoulderTaps":[{{"timestamp":"2026-05-23T11:56:49.9003854Z","subscription":"845CC784-7348-4A27-BCDE-C083579DD113","resourceType":"mpsd/session","resource":"{SCID}~Game~x","branch":"2d7f3c3b-9e00-4000-8000-000000000003","changeNumber":{number}}}]}}]"#
    )
}

#[tokio::test]
async fn the_handshake_is_that_of_the_original_clients() {
    let far_end = FarEnd::listen().await;
    let (realtime, mut events, accepted) = far_end.connect().await;
    assert!(
        accepted.head.starts_with("get /connect http/1.1\r\n"),
        "{}",
        accepted.head
    );
    assert!(
        accepted
            .head
            .contains("sec-websocket-protocol: rta.xboxlive.com.v2\r\n")
    );
    assert_eq!(realtime.connection(), Some(uuid::Uuid::from_u128(1)));
    assert!(matches!(events.next().await, Some(Event::Connected { .. })));
}

#[tokio::test]
async fn taps_come_once_and_what_is_unknown_is_passed_over() {
    let far_end = FarEnd::listen().await;
    let (_realtime, mut events, mut accepted) = far_end.connect().await;
    events.next().await.expect("connected");
    for text in [
        "[9,1]",
        "no JSON",
        "[3,77,{}]",
        "[3,0,{\"ncid\":1}]",
        "[1,99,0,5,null]",
    ] {
        accepted.say(text).await;
    }
    for number in [14, 14, 13, 15] {
        accepted.say(&tap(number)).await;
    }
    accepted.say("[4]").await;
    let mut told = Vec::new();
    loop {
        match events.next().await.expect("an event") {
            Event::Tapped(tap) => {
                assert_eq!(tap.session, named("game/x"));
                told.push(tap.change_number);
            }
            Event::Resync => break,
            other => panic!("not told: {other:?}"),
        }
    }
    assert!(told == [14, 15] || told == [15], "{told:?}");
}

#[tokio::test]
async fn invitations_are_told_as_such_and_other_data_as_it_is() {
    let far_end = FarEnd::listen().await;
    let (realtime, mut events, mut accepted) = far_end.connect().await;
    events.next().await.expect("connected");
    let resource = Resource::Notifications {
        xuid: Xuid(1003),
        title_id: TitleId(777),
    };
    let subscribing = tokio::spawn({
        let (realtime, resource) = (realtime.clone(), resource.clone());
        async move { realtime.subscribe(resource).await }
    });
    let uri = "https://notify.xboxlive.com/users/xuid(1003)/deviceId/current/titleId/777";
    assert_eq!(accepted.hear().await, format!("[1,2,\"{uri}\"]"));
    accepted.say("[1,2,0,7,null]").await;
    let key = subscribing.await.expect("asked").expect("subscribed");

    let invite = format!(
        r#"{{"service":"mpsd","inviteHandle":{{"id":"2d7f3c3b-9e00-4000-8000-000000000003","invitedXuid":"1003","senderXuid":"1001","inviteProtocol":"game",
        "expiration":"2026-05-24T11:56:49.9003854Z","sessionRef":{{"scid":"{SCID}","templateName":"game","name":"x"}},"inviteAttributes":{{"titleId":"777","context":"lvl=3"}},
        "inviteInfo":{{"sender":"Alpha","senderModernGamertag":"Alpha","senderModernGamertagSuffix":"","senderUniqueModernGamertag":"Alpha","senderImageUrl":"","new":1}}}}}}"#
    );
    accepted.say(&format!("[3,7,{invite}]")).await;
    let Some(Event::Invited(invited)) = events.next().await else {
        panic!("no invitation");
    };
    assert_eq!(invited.invite_handle.session_ref, named("game/x"));
    assert_eq!(invited.invite_handle.invite_info.sender, "Alpha");

    let activity = r#"{"notificationData":{"sender":{"xuid":"1001","imageUrl":"","gamertag":"A","modernGamertag":"A","modernGamertagSuffix":"","uniqueModernGamertag":"A"},"invitedUser":"1003","titleName":"T","connectionString":"ip=1","expirationTime":"2026-05-24T11:56:49Z"}}"#;
    accepted.say(&format!("[3,7,{activity}]")).await;
    assert!(
        matches!(events.next().await, Some(Event::InvitedToActivity(it)) if it.notification_data.title_name == "T")
    );

    accepted
        .say(r#"[3,7,{"KickNotification":{"big":18446744073709551616}}]"#)
        .await;
    let Some(Event::Data {
        subscription,
        resource: told,
        data,
    }) = events.next().await
    else {
        panic!("no data");
    };
    assert_eq!((subscription, told), (key, resource));
    assert_eq!(
        data.text(),
        r#"{"KickNotification":{"big":18446744073709551616}}"#
    );
}

#[tokio::test]
async fn a_service_without_time_for_subscriptions_is_asked_again() {
    let far_end = FarEnd::listen().await;
    let (realtime, mut events, mut accepted) = far_end.connect().await;
    let resource = Resource::Friends { xuid: Xuid(1) };
    let answering = async {
        accepted.hear().await;
        accepted.say("[1,2,0,1,null]").await;
    };
    let (key, ()) = tokio::join!(realtime.subscribe(resource), answering);
    let key = key.expect("subscribed");
    drop(accepted);
    far_end
        .clock
        .until_waiting(1, Duration::from_millis(400))
        .await;
    far_end.clock.advance(Duration::from_millis(500));
    let mut accepted = far_end.accept().await;
    accepted.give_connection(2).await;
    accepted.hear().await;
    accepted.say("[1,2,1001,\"throttled\"]").await;
    far_end
        .clock
        .until_waiting(1, Duration::from_millis(400))
        .await;
    far_end.clock.advance(Duration::from_millis(500));
    assert!(accepted.hear().await.starts_with("[1,3,"));
    accepted.say("[1,3,3,\"no\"]").await;
    loop {
        if let Event::Unsubscribed { subscription, code } = events.next().await.expect("an event") {
            assert_eq!((subscription, code), (key, ErrorCode::NoResourceData));
            return;
        }
    }
}

#[tokio::test]
async fn a_service_that_has_fallen_silent_is_asked_and_then_left() {
    let far_end = FarEnd::listen().await;
    let (_realtime, mut events, mut accepted) = far_end.connect().await;
    events.next().await.expect("connected");
    // It is there: the library answers the ping when it reads.
    far_end
        .clock
        .until_waiting(1, Duration::from_secs(30))
        .await;
    far_end.clock.advance(Duration::from_secs(30));
    let heard = accepted.stream.next().await;
    assert!(matches!(heard, Some(Ok(Message::Ping(_)))), "{heard:?}");
    accepted.say("[9]").await;
    // And now it is not.
    let length = Duration::from_secs(30);
    let gone = loop {
        tokio::select! {
            biased;
            event = events.next() => break event,
            () = far_end.clock.until_waiting(1, length) => far_end.clock.advance(length),
        }
    };
    assert!(
        matches!(&gone, Some(Event::Disconnected { reason }) if reason.contains("not answer")),
        "{gone:?}"
    );
}

#[tokio::test]
async fn callers_wait_for_an_answer_only_so_long() {
    let far_end = FarEnd::listen().await;
    let (realtime, _events, mut accepted) = far_end.connect().await;
    let waiting = async {
        accepted.hear().await;
        far_end
            .clock
            .until_waiting(1, Duration::from_secs(15))
            .await;
        far_end.clock.advance(Duration::from_secs(15));
    };
    let resource = Resource::Friends { xuid: Xuid(1) };
    let (answer, ()) = tokio::join!(realtime.subscribe(resource), waiting);
    assert!(matches!(answer, Err(Error::Silent(_))), "{answer:?}");
}

#[tokio::test]
async fn whoever_is_not_let_in_is_told_why() {
    let far_end = FarEnd::listen().await;
    let refusing = far_end.refuse("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
    let refused = far_end.fail(refusing).await;
    assert_eq!(refused.status(), Some(StatusCode::FORBIDDEN));
    assert_eq!(refused.refusal().map(|it| it.text.as_str()), Some("no"));

    let forging = far_end.refuse(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: bm8=\r\n\r\n",
    );
    let forged = far_end.fail(forging).await;
    assert!(matches!(forged, Error::Handshake(_)), "{forged:?}");

    let hanging_up = async {
        let mut accepted = far_end.accept().await;
        accepted.hear().await;
        accepted.stream.get_mut().shutdown().await.expect("shut");
    };
    let gone = far_end.fail(hanging_up).await;
    assert!(matches!(gone, Error::Handshake(_)), "{gone:?}");

    let refusing = async {
        let mut accepted = far_end.accept().await;
        accepted.hear().await;
        accepted.say("[1,1,1002,\"later\"]").await;
    };
    let refused = far_end.fail(refusing).await;
    assert!(
        matches!(refused, Error::Subscription(ErrorCode::ServiceUnavailable)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn closing_says_goodbye_and_then_nothing_more_is_told() {
    let far_end = FarEnd::listen().await;
    let (realtime, mut events, mut accepted) = far_end.connect().await;
    let closing = tokio::spawn(realtime.close());
    let heard = accepted.stream.next().await;
    assert!(matches!(heard, Some(Ok(Message::Close(_)))), "{heard:?}");
    // The answer to the closing goes out with the next reading.
    assert!(accepted.stream.next().await.is_none());
    drop(accepted);
    closing.await.expect("closed");
    assert!(matches!(events.next().await, Some(Event::Connected { .. })));
    assert!(events.next().await.is_none());
}
