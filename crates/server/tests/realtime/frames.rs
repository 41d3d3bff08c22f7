//! What is asked over a socket, and how it is answered.

use convoke_wire::ids::parse_guid;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{CONNECTIONS, reason};
use crate::service::Service;

fn subscribe(seq: u32, uri: &str) -> String {
    format!("[1,{seq},\"{uri}\"]")
}

#[tokio::test]
async fn h77_h78_a_socket_stands_for_one_connection_however_often_it_is_asked() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let mut socket = service.open(&a).await;
    let first = socket.ask(&subscribe(1, CONNECTIONS)).await;
    let id = first[4]["ConnectionId"].clone();
    assert_eq!(first, json!([1, 1, 0, 0, {"ConnectionId": id}]));
    assert!(parse_guid(id.as_str().expect("text")).is_some(), "{id}");
    let second = socket.ask(&subscribe(2, CONNECTIONS)).await;
    assert_eq!(second, json!([1, 2, 0, 1, {"ConnectionId": id}]));
    let bare = "http://SessionDirectory.xboxlive.com/Connections";
    let third = socket.ask(&subscribe(0, bare)).await;
    assert_eq!(third, json!([1, 0, 0, 2, {"ConnectionId": id}]));
    let mut other = service.open(&a).await;
    let other = other.ask(&subscribe(1, CONNECTIONS)).await;
    assert_eq!(other[3], 0);
    assert_ne!(other[4]["ConnectionId"], id);
}

#[tokio::test]
async fn h79_what_cannot_be_subscribed_to_is_refused_by_code() {
    let service = Service::start().await;
    let mut socket = service.open(&service.player(1001).await).await;
    let mut check = async |uri: &str, expected: Value| {
        let mut answer = socket.ask(&subscribe(5, uri)).await;
        answer.as_array_mut().expect("a frame").drain(..2);
        // The number of the subscription.
        if answer[0] == 0 {
            answer[1].take();
        }
        assert_eq!(answer, expected, "{uri}");
    };
    let unknown = || json!([1, "unknown resource"]);
    check("https://example.com/x", unknown()).await;
    check("", unknown()).await;
    let presence = "https://userpresence.xboxlive.com/users/xuid(1002)";
    check(&format!("{presence}/richpresence"), unknown()).await;
    let offline = json!({"xuid": "1002", "state": "Offline", "devices": []});
    check(&format!("{presence}/devices"), json!([0, null, offline])).await;
    check(&format!("{presence}/titles/777"), json!([0, null, offline])).await;
    check(
        "http://social.xboxlive.com/users/xuid(1001)/friends",
        json!([0, null, null]),
    )
    .await;
    let scid = "11111111-1111-4111-8111-111111111111";
    let stat = format!("https://userstats.xboxlive.com/users/xuid(1001)/scids/{scid}/stats/Kills");
    let value = json!({"name": "Kills", "type": "Integer", "value": 0});
    check(&stat, json!([0, null, value])).await;
    let notify = |xuid: u64| {
        format!("https://notify.xboxlive.com/users/xuid({xuid})/deviceId/current/titleId/777")
    };
    check(&notify(1001), json!([0, null, null])).await;
    check(&notify(1002), json!([3, "no resource data"])).await;
}

#[tokio::test]
async fn h80_an_ended_subscription_is_told_nothing_and_its_number_is_not_given_again() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let (mut socket, id) = service.connect(&a).await;
    assert_eq!(socket.ask(&subscribe(2, CONNECTIONS)).await[3], 1);
    service.subscribe(&a, "g1", &id, &["everything"]).await;
    assert_eq!(socket.hear().await[1], 0);
    assert_eq!(socket.hear().await[1], 1, "each subscription is told");
    assert_eq!(socket.ask("[2,1,0]").await, json!([2, 1, 0]));
    let change = json!({"properties": {"custom": {"a": 1}}});
    service.put(&a, "g1", &change).await.ok(200);
    assert_eq!(socket.hear().await[1], 1);
    assert_eq!(
        socket.ask("[2,1,0]").await,
        json!([2, 1, 5, "unknown subscription"])
    );
    assert_eq!(
        socket.ask("[2,9,999]").await,
        json!([2, 9, 5, "unknown subscription"])
    );
    assert_eq!(socket.ask("[2,2,1]").await, json!([2, 2, 0]));
    service
        .put(&a, "g1", &json!({"properties": {"custom": {"a": 2}}}))
        .await
        .ok(200);
    socket.assert_silent().await;
    let again = socket.ask(&subscribe(3, CONNECTIONS)).await;
    assert_eq!(again[3], 2);
    assert_ne!(
        again[4]["ConnectionId"],
        json!(id),
        "what was lost does not come back"
    );
}

#[tokio::test]
async fn h81_unknown_messages_are_ignored_and_malformed_ones_end_the_socket() {
    let service = Service::start().await;
    let a = service.player(1001).await;
    let mut socket = service.open(&a).await;
    socket.say("[9,1]").await;
    socket.say(" [2,1,0] \n").await;
    assert_eq!(
        socket.hear().await,
        json!([2, 1, 5, "unknown subscription"])
    );
    socket.say("not json").await;
    assert_eq!(socket.closed().await, reason(1007, "malformed message"));
    let mut socket = service.open(&a).await;
    let binary = Message::binary(b"[9,1]".to_vec());
    futures_util::SinkExt::send(&mut socket.stream, binary)
        .await
        .expect("sent");
    assert_eq!(socket.closed().await, reason(1003, "frames are text"));
    let mut socket = service.open(&a).await;
    socket.say(&subscribe(1, &"x".repeat(64 * 1024))).await;
    assert_eq!(socket.closed().await, reason(1009, "message too large"));
}

#[tokio::test]
async fn subscriptions_are_limited_in_number_and_in_how_fast_they_are_made() {
    let service = Service::start().await;
    let mut socket = service.open(&service.player(1001).await).await;
    let friends = |seq| subscribe(seq, "https://social.xboxlive.com/users/xuid(1001)/friends");
    for seq in 0..100 {
        assert_eq!(
            socket.ask(&friends(seq)).await,
            json!([1, seq, 0, seq, null])
        );
    }
    let full = json!([1, 100, 2, "subscription limit reached"]);
    assert_eq!(socket.ask(&friends(100)).await, full);
    assert_eq!(service.metric("convoke_rta_subscriptions").await, 100);
    socket.ask("[2,1,5]").await;
    assert_eq!(socket.ask(&friends(7)).await, json!([1, 7, 0, 100, null]));
    for seq in 102..200 {
        assert_eq!(socket.ask(&friends(seq)).await[2], 2);
    }
    assert_eq!(
        socket.ask(&friends(200)).await,
        json!([1, 200, 1001, "throttled"])
    );
    service.clock.advance(Duration::from_millis(100));
    for seq in 0..5 {
        assert_eq!(socket.ask(&friends(seq)).await[2], 2);
    }
    assert_eq!(socket.ask(&friends(6)).await[2], 1001);
}

#[tokio::test]
async fn statistics_and_presence_have_limits_of_their_own() {
    let service = Service::start().await;
    let mut socket = service.open(&service.player(1001).await).await;
    let scid = "11111111-1111-4111-8111-111111111111";
    let stat = format!("https://userstats.xboxlive.com/users/xuid(1001)/scids/{scid}/stats/Kills");
    let presence = "https://userpresence.xboxlive.com/users/xuid(1002)/devices".to_owned();
    let mut asked = 0;
    for (uri, most) in [(stat, 1000), (presence, 2500)] {
        for number in 0..=most {
            // As fast as subscriptions may be made.
            if asked % 200 == 0 {
                service.clock.advance(Duration::from_secs(4));
            }
            asked += 1;
            let code = &socket.ask(&subscribe(7, &uri)).await[2];
            assert_eq!(
                *code,
                if number < most { 0 } else { 2 },
                "{number} of {most}"
            );
        }
    }
}
