//! Lists of recent players, fed by sessions whose members are really connected.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{Player, Service};

const SESSION: &str = "play/g1";

/// Whom a player has met, and when.
async fn met(service: &Service, player: &Player) -> Vec<(String, String)> {
    let path = "/users/me/people/recentplayers";
    let hub = service.call(Method::GET, path, player, None).await.ok(200);
    let people = hub["people"].as_array().expect("people").iter();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let seen = people.map(|person| {
        let title = &person["recentPlayer"]["titles"][0];
        (
            text(&person["xuid"]),
            text(&title["lastPlayedWithDateTime"]),
        )
    });
    seen.collect()
}

/// Returns when the list of a player is of other users or times than these.
async fn until_other(
    service: &Service,
    player: &Player,
    than: &[(String, String)],
) -> Vec<(String, String)> {
    for _ in 0..2_000 {
        let seen = met(service, player).await;
        if seen != than {
            return seen;
        }
    }
    panic!("still {than:?}");
}

#[tokio::test]
async fn whoever_loses_the_connection_was_played_with_until_then() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001).await, service.player(1002).await);
    let (mut at_a, of_a) = service.connect(&a).await;
    let (at_b, of_b) = service.connect(&b).await;
    service
        .subscribe(&a, SESSION, &of_a, &["membersStatus"])
        .await;
    service
        .subscribe(&b, SESSION, &of_b, &["membersStatus"])
        .await;
    service.pass(5, &mut [&mut at_a]).await;
    let together = until_other(&service, &a, &[]).await;
    assert_eq!(together.len(), 1);
    assert_eq!(together[0].0, "1002");
    // Changes that have nothing to do with who plays write nothing.
    let custom = json!({"properties": {"custom": {"map": "x"}}});
    service.put(&a, SESSION, &custom).await.ok(200);
    drop(at_b);
    service.until_metric("convoke_rta_sockets_open", 1).await;
    service.pass(20, &mut [&mut at_a]).await;
    assert_eq!(met(&service, &a).await, together);
    service.pass(11, &mut [&mut at_a]).await;
    service
        .until(&a, SESSION, |session| session["members"]["1"].is_null())
        .await;
    service.clock.advance(Duration::from_secs(5));
    let apart = until_other(&service, &a, &together).await;
    assert_eq!(apart[0].0, "1002");
    assert!(together[0].1 < apart[0].1, "{together:?} {apart:?}");
    let others = until_other(&service, &b, &[]).await;
    assert_eq!(others[0], ("1001".to_owned(), apart[0].1.clone()));
}
