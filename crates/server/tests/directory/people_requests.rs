//! Friends by request: asked, accepted, declined, withdrawn and ended (`people.friend_model`).

use convoke_server::config::{FriendModel, Mode};
use convoke_server::people_feed::PeopleChange;
use convoke_wire::Xuid;
use convoke_wire::people::PeopleEvent;
use serde_json::{Value, json};

use crate::handle_steps::{cast, follow};
use crate::people::{coded, unfollow, xuids};
use crate::world::{Answer, Player, StoreKind, World};

const HUB: &str = "peoplehub.xboxlive.com";
const STORES: [StoreKind; 3] = [StoreKind::Memory, StoreKind::Sqlite, StoreKind::Log];

async fn by_request(store: StoreKind) -> World {
    World::configured(store, |config| {
        config.limits.mode = Mode::Off;
        config.people.friend_model = FriendModel::Request;
    })
    .await
}

fn friend(other: &Player) -> String {
    format!("/users/me/people/friends/v2/xuid({})", other.xuid)
}

async fn ask(player: &Player, other: &Player) -> Answer {
    player.request("PUT", &friend(other)).send().await
}

async fn end(player: &Player, other: &Player, query: &str) -> Answer {
    player.delete(&format!("{}{query}", friend(other))).await
}

async fn befriend(one: &Player, other: &Player) {
    ask(one, other).await.expect(200);
    ask(other, one).await.expect(200);
}

async fn at_hub(player: &Player, selector: &str) -> Vec<String> {
    let path = format!("/users/me/people/{selector}");
    let answer = player.request("GET", &path).header("Host", HUB);
    xuids(answer.send().await)
}

async fn requests(player: &Player) -> [Vec<String>; 2] {
    [
        at_hub(player, "friendRequests(sent)").await,
        at_hub(player, "friendrequests(received)").await,
    ]
}

async fn listed(player: &Player) -> Vec<String> {
    xuids(player.get("/users/me/people").await)
}

async fn status(player: &Player, other: &Player) -> Value {
    let path = format!("/users/xuid({})/summary", other.xuid);
    player.get(&path).await.expect(200).json()["legacyFriendStatus"].clone()
}

fn nobody() -> Vec<String> {
    Vec::new()
}

#[tokio::test]
async fn a_request_waits_until_it_is_accepted_and_then_both_follow_over_a_restart_too() {
    for store in STORES {
        let w = by_request(store).await;
        let c = cast(&w).await;
        for _ in 0..2 {
            let person = ask(&c.a, &c.b).await.expect(200).json();
            assert_eq!(person["isFriend"], false);
            assert_eq!(person["isFollowedByCaller"], false);
        }
        assert_eq!(requests(&c.a).await, [vec!["1002".to_owned()], nobody()]);
        assert_eq!(requests(&c.b).await, [nobody(), vec!["1001".to_owned()]]);
        assert_eq!(status(&c.a, &c.b).await, "OutgoingRequest");
        assert_eq!(status(&c.b, &c.a).await, "IncomingRequest");
        assert_eq!(status(&c.c, &c.a).await, "None");
        assert_eq!(listed(&c.a).await, nobody());

        let w = w.restart().await;
        let c = cast(&w).await;
        if matches!(store, StoreKind::Memory) {
            ask(&c.a, &c.b).await.expect(200);
        }
        let person = ask(&c.b, &c.a).await.expect(200).json();
        assert_eq!(person["isFriend"], true);
        assert_eq!(person["isFollowingCaller"], true);
        for (one, other) in [(&c.a, &c.b), (&c.b, &c.a)] {
            let other_xuid = other.xuid.to_string();
            assert_eq!(listed(one).await, [other_xuid.as_str()]);
            assert_eq!(at_hub(one, "friends").await, [other_xuid.as_str()]);
            assert_eq!(status(one, other).await, "MutuallyAccepted");
            assert_eq!(requests(one).await, [nobody(), nobody()]);
            let again = ask(one, other).await.expect(200).json();
            assert_eq!(again["isFriend"], true);
        }
    }
}

#[tokio::test]
async fn c04_who_only_follow_each_other_are_no_friends() {
    let w = by_request(StoreKind::Memory).await;
    let c = cast(&w).await;
    follow(&c.a, &c.b).await;
    follow(&c.b, &c.a).await;
    befriend(&c.a, &c.c).await;
    let friends = c.a.get("/users/xuid(1001)/people?view=FriendList").await;
    let friends = friends.expect(200).json();
    assert_eq!(friends["totalCount"], 1);
    assert_eq!(friends["people"][0]["xuid"], "1003");
    assert_eq!(friends["people"][0]["isFriend"], true);
    assert_eq!(listed(&c.a).await, ["1002", "1003"]);
    assert_eq!(at_hub(&c.a, "friends").await, ["1003"]);
}

#[tokio::test]
async fn a_request_is_declined_and_withdrawn_and_neither_ends_following() {
    let w = by_request(StoreKind::Memory).await;
    let c = cast(&w).await;
    follow(&c.a, &c.b).await;
    for (by, of, query) in [
        (&c.a, &c.b, ""),
        (&c.b, &c.a, "?deleteRelationships=friends"),
    ] {
        ask(&c.a, &c.b).await.expect(200);
        end(by, of, query).await.expect(200);
        assert_eq!(requests(&c.a).await, [nobody(), nobody()]);
        assert_eq!(requests(&c.b).await, [nobody(), nobody()]);
        assert_eq!(listed(&c.a).await, ["1002"]);
        end(by, of, query).await.expect(200);
    }
    // What is withdrawn is not accepted by asking back.
    let person = ask(&c.b, &c.a).await.expect(200).json();
    assert_eq!(person["isFriend"], false);
}

#[tokio::test]
async fn a_friendship_ends_with_following_both_ways_or_with_ones_own() {
    let w = by_request(StoreKind::Memory).await;
    let c = cast(&w).await;
    for query in ["", "?deleteRelationships=Friends"] {
        befriend(&c.a, &c.b).await;
        let person = end(&c.b, &c.a, query).await.expect(200).json();
        assert_eq!(person["isFriend"], false);
        assert_eq!(
            (listed(&c.a).await, listed(&c.b).await),
            (nobody(), nobody())
        );
    }
    befriend(&c.a, &c.b).await;
    end(&c.a, &c.b, "?deleteRelationships=follows")
        .await
        .expect(200);
    assert_eq!(listed(&c.b).await, ["1001"]);
    assert_eq!(status(&c.b, &c.a).await, "None");
    // So does an end of following by its own address.
    befriend(&c.a, &c.b).await;
    unfollow(&c.b, &c.a).await.expect_empty(204);
    assert_eq!(listed(&c.a).await, ["1002"]);
    assert_eq!(status(&c.a, &c.b).await, "None");
    assert_eq!(at_hub(&c.a, "friends").await, nobody());
}

#[tokio::test]
async fn c15_a_block_ends_friendship_and_requests_and_forbids_new_ones() {
    let w = by_request(StoreKind::Memory).await;
    let c = cast(&w).await;
    befriend(&c.a, &c.b).await;
    ask(&c.c, &c.a).await.expect(200);
    for target in ["1002", "1003"] {
        let block =
            c.a.put("/users/me/people/never", json!({ "Xuid": target }))
                .await;
        block.expect_empty(200);
    }
    assert_eq!(status(&c.b, &c.a).await, "None");
    assert_eq!(
        (listed(&c.a).await, listed(&c.b).await),
        (nobody(), nobody())
    );
    assert_eq!(requests(&c.a).await, [nobody(), nobody()]);
    assert_eq!(requests(&c.c).await, [nobody(), nobody()]);
    coded(ask(&c.b, &c.a).await, 403, 1049);
    coded(ask(&c.a, &c.b).await, 403, 1011);
    coded(ask(&c.a, &c.a).await, 400, 1015);
}

#[tokio::test]
async fn several_are_asked_and_ended_together() {
    let w = by_request(StoreKind::Memory).await;
    let c = cast(&w).await;
    ask(&c.b, &c.a).await.expect(200);
    let bulk = "/bulk/users/me/people/friends/v2?method=";
    let body = json!({ "xuids": ["1002", "1001", "1003"] });
    let done = c.a.post(&format!("{bulk}add"), body).await.expect(200);
    let expected = json!({ "updatedPeople": ["1002", "1003"], "failedToUpdate": ["1001"] });
    assert_eq!(done.json(), expected);
    assert_eq!(at_hub(&c.a, "friends").await, ["1002"]);
    assert_eq!(requests(&c.a).await, [vec!["1003".to_owned()], nobody()]);
    let body = json!({ "xuids": ["1002", "1003"] });
    let done = c.a.post(&format!("{bulk}remove"), body).await.expect(200);
    assert_eq!(done.json()["failedToUpdate"], json!([]));
    assert_eq!(at_hub(&c.a, "friends").await, nobody());
    assert_eq!(requests(&c.c).await, [nobody(), nobody()]);
}

/// Refused because something is full, with the rule and what the text says of it.
#[track_caller]
fn full(answer: Answer, rule: &str, says: &str) {
    let code = answer.header("x-convoke-refusal").unwrap_or_default();
    assert!(code.split(';').next() == Some(rule), "{code}");
    assert!(answer.text().contains(says), "{}", answer.text());
    coded(answer, 400, 1028);
}

#[tokio::test]
async fn so_many_requests_wait_and_no_more() {
    let w = by_request(StoreKind::Memory).await;
    let c = cast(&w).await;
    let bulk = "/bulk/users/me/people/friends/v2?method=add";
    for first in (10_000..11_000).step_by(50) {
        let all: Vec<String> = (first..first + 50).map(|xuid| xuid.to_string()).collect();
        let done =
            c.a.post(bulk, json!({ "xuids": all }))
                .await
                .expect(200)
                .json();
        assert_eq!(done["failedToUpdate"], json!([]), "{first}");
    }
    full(
        ask(&c.a, &c.b).await,
        "people.requests.full",
        "of the caller",
    );
    let one = "/users/me/people/friends/v2/xuid(10500)";
    c.a.delete(one).await.expect(200);
    ask(&c.a, &c.b).await.expect(200);
}

#[tokio::test]
async fn requests_are_shown_to_their_user_and_counted_for_whom_they_wait() {
    let w = by_request(StoreKind::Memory).await;
    let c = cast(&w).await;
    let mut changes = w.app().people_changes();
    let mut told = || {
        let mut all = Vec::new();
        while let Ok(PeopleChange { owner, event }) = changes.try_recv() {
            all.push((owner.0, event));
        }
        all
    };
    let count = |count| PeopleEvent::IncomingFriendRequestCountChanged { count };
    let added = |xuid| PeopleEvent::Added {
        xuids: vec![Xuid(xuid)],
    };
    let removed = |xuid| PeopleEvent::Removed {
        xuids: vec![Xuid(xuid)],
    };
    ask(&c.a, &c.b).await.expect(200);
    ask(&c.c, &c.b).await.expect(200);
    ask(&c.c, &c.b).await.expect(200);
    assert_eq!(told(), [(1002, count(1)), (1002, count(2))]);
    ask(&c.b, &c.a).await.expect(200);
    let accepted = [(1002, added(1001)), (1001, added(1002)), (1002, count(1))];
    assert_eq!(told(), accepted);
    end(&c.b, &c.c, "").await.expect(200);
    assert_eq!(told(), [(1002, count(0))]);
    end(&c.a, &c.b, "").await.expect(200);
    assert_eq!(told(), [(1001, removed(1002)), (1002, removed(1001))]);

    ask(&c.c, &c.b).await.expect(200);
    let foreign =
        c.a.request("GET", "/users/xuid(1002)/people/friendRequests(received)");
    let foreign = foreign.header("Host", HUB).send().await;
    assert_eq!(foreign.status, 403, "{}", foreign.sent);
}

#[tokio::test]
async fn a_friend_whose_list_is_full_is_not_accepted() {
    let w = by_request(StoreKind::Memory).await;
    let c = cast(&w).await;
    ask(&c.b, &c.a).await.expect(200);
    let add = "/users/me/people/xuids?method=add";
    for first in (10_000..12_000).step_by(50) {
        let all: Vec<String> = (first..first + 50).map(|xuid| xuid.to_string()).collect();
        c.a.post(add, json!({ "xuids": all }))
            .await
            .expect_empty(204);
    }
    full(
        ask(&c.a, &c.b).await,
        "people.full",
        "the caller's list is full",
    );
    assert_eq!(status(&c.a, &c.b).await, "IncomingRequest");
    assert_eq!(listed(&c.b).await, nobody());
    ask(&c.a, &c.c).await.expect(200);
    let theirs = "the list of the user who asked is full";
    full(ask(&c.c, &c.a).await, "people.full", theirs);
    assert_eq!(listed(&c.c).await, nobody());
}
