//! The inbox that is polled: what waits in it, for whom, and what becomes of it.

use serde_json::{Value, json};

use crate::handle_steps::{
    Cast, ID, TIME, cast, created, game, invite, join, joining, path_of, reference,
};
use crate::world::{Player, World};

const BATCH: &str = "/users/me/inbox/subscriptions/batch";

/// A is in `g1` and `g2` and has invited C to both, to the first one first.
async fn invited_twice(w: &World) -> (Cast, [Value; 2]) {
    let c = cast(w).await;
    let mut handles = Vec::new();
    for name in ["g1", "g2"] {
        join(&c.a, &game(name)).await;
        let body = invite(&reference("game", name), 1003);
        handles.push(created(c.a.post("/handles", body).await));
        w.advance(10_000).await;
    }
    let handles = handles.try_into().expect("two");
    (c, handles)
}

async fn inbox(player: &Player, query: &str) -> Vec<Value> {
    let answer = player.get(&format!("/users/me/inbox{query}")).await;
    let document = answer.expect(200).json();
    assert_eq!(document.as_object().expect("an object").len(), 1);
    document["items"].as_array().expect("a list").clone()
}

async fn waiting(player: &Player) -> Vec<Value> {
    let items = inbox(player, "").await;
    items
        .iter()
        .map(|it| it["SubscriptionId"].clone())
        .collect()
}

fn key(handle: &Value) -> Value {
    json!({"SubscriptionCategory": "Microsoft.Xbox.Multiplayer", "SubscriptionType": "GameInvites",
        "SubscriptionId": handle["id"]})
}

fn update(kind: &str, items: &[Value]) -> Value {
    json!({"items": items, "Timestamp": "2026-01-02T03:04:05.678Z", "UpdateType": kind})
}

every_store! {
    async fn an_invitation_waits_with_all_that_a_client_reads(w: World) {
        let (c, [handle, _]) = invited_twice(&w).await;
        let item = inbox(&c.c, "?maxItems=1").await.remove(0);
        assert_eq!(item["SubscriptionId"], handle["id"]);
        let launch = &item["Actions"][0]["LaunchInfo"];
        assert_eq!(launch["mpsdHandleId"], handle["id"]);
        assert_eq!(launch["expirationTime"], handle["expiration"]);
        assert_eq!(item["Actions"][0]["ActionTime"], handle["createTime"]);
        let sender = item["Actions"][0]["Actor"]["Name"].as_str().expect("a name");
        let mut shown = item.clone();
        let action = &mut shown["Actions"][0];
        for path in ["/SubscriptionId", "/ActionId", "/LaunchInfo/mpsdHandleId"] {
            *action.pointer_mut(path).expect("an id") = json!(ID);
        }
        for path in ["/ActionTime", "/LaunchInfo/expirationTime"] {
            *action.pointer_mut(path).expect("a time") = json!(TIME);
        }
        shown["SubscriptionId"] = json!(ID);
        let named = |more: Value| {
            let mut all = json!({"SubscriptionCategory": "Microsoft.Xbox.Multiplayer",
                "SubscriptionType": "GameInvites", "SubscriptionId": ID});
            let fields = all.as_object_mut().expect("an object");
            fields.extend(more.as_object().expect("an object").clone());
            all
        };
        assert_eq!(
            shown,
            named(json!({
                "Actions": [named(json!({
                    "ActionId": ID, "ActionTime": TIME,
                    "Actor": {"Id": "1001", "Type": 1, "Name": sender, "ClassicGamertag": sender,
                        "ModernGamertag": sender, "ModernGamertagSuffix": "",
                        "UniqueModernGamertag": sender},
                    "LaunchInfo": {"mpsdHandleId": ID, "expirationTime": TIME, "gameTypes": "{}"},
                }))],
                "OtherActionCount": 0, "MarkedRead": false, "Seen": false, "HasToasted": false,
                "Image": "", "ImageType": 0,
                "NotificationOptions": {"Platforms": [], "Location": {"Id": "777", "Type": 3,
                    "Name": "Title 777", "Pfn": "", "DisplayImage": ""}},
            }))
        );
    }

    async fn an_inbox_has_the_oldest_first_and_shows_what_is_asked_for(w: World) {
        let (c, [one, other]) = invited_twice(&w).await;
        let both = [one["id"].clone(), other["id"].clone()];
        assert_eq!(waiting(&c.c).await, both);
        for path in ["/users/1003/inbox", "/Users/xuid(1003)/Inbox"] {
            let request = c.c.request("GET", path).header("Host", "notificationinbox.xboxlive.com");
            let items = request.send().await.expect(200).json();
            assert_eq!(items["items"][1]["SubscriptionId"], other["id"], "{path}");
        }
        assert!(waiting(&c.b).await.is_empty());
        for (query, count) in [
            ("?maxItems=1", 1),
            ("?maxItems=0", 0),
            ("?maxItems=200&maxActions=5", 2),
            ("?subscriptionCategory=Microsoft.Xbox.People", 0),
            ("?subscriptionType=Followers,GameInvites", 2),
            ("?subscriptionType=Followers", 0),
        ] {
            assert_eq!(inbox(&c.c, query).await.len(), count, "{query}");
        }
        let bare = inbox(&c.c, "?maxActions=0").await.remove(0);
        assert_eq!((&bare["Actions"], &bare["OtherActionCount"]), (&json!([]), &json!(1)));
        let wrong = c.c.get("/users/me/inbox?maxItems=many").await;
        assert_eq!(wrong.expect(400).text(), "maxItems: expected a number [inbox.query]");
    }

    async fn who_joins_or_does_not_want_an_invitation_does_not_find_it_any_more(w: World) {
        let (c, [one, other]) = invited_twice(&w).await;
        let seen = update("LastSeen", &[key(&one), key(&other)]);
        c.c.post(BATCH, seen).await.expect(200);
        assert_eq!(waiting(&c.c).await.len(), 2);
        // Nobody takes away what waits for others.
        c.b.post(BATCH, update("LastDeleted", &[key(&one)])).await.expect(200);
        assert_eq!(waiting(&c.c).await.len(), 2);
        let unknown = json!({"SubscriptionCategory": "Microsoft.Xbox.People",
            "SubscriptionType": "Followers", "SubscriptionId": "x"});
        let deleted = update("lastdeleted", &[unknown, key(&one)]);
        c.c.post(BATCH, deleted.clone()).await.expect(200);
        assert_eq!(waiting(&c.c).await, [other["id"].clone()]);
        c.c.post(BATCH, deleted).await.expect(200);
        // The invitation itself still lets in whom it invites.
        let path = format!("{}/session", path_of(&one));
        c.c.put(&path, joining(&c.c)).await.expect(200);
        join(&c.c, &game("g2")).await;
        assert!(waiting(&c.c).await.is_empty());
    }

    async fn an_inbox_is_its_owners_alone_and_an_update_has_a_form(w: World) {
        let (c, [one, _]) = invited_twice(&w).await;
        let foreign = "/users/xuid(1003)/inbox";
        assert_eq!(c.a.get(foreign).await.expect(403).text(), "an inbox is its owner's alone [inbox.owner]");
        let batch = format!("{foreign}/subscriptions/batch");
        let deleted = update("LastDeleted", &[key(&one)]);
        c.a.post(&batch, deleted).await.expect(403);
        let many = vec![key(&one); 257];
        for (body, words) in [
            (update("LastDeleted", &many), "items: at most 256 notifications"),
            (update("Deleted", &[]), "UpdateType"),
            (json!({"UpdateType": "LastRead"}), "items"),
        ] {
            let answer = c.c.post(BATCH, body).await;
            assert!(answer.text().contains(words), "{}", answer.text());
            answer.expect(400);
        }
        assert_eq!(waiting(&c.c).await.len(), 2);
    }
}
