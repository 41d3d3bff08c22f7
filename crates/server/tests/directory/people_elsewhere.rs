//! A directory whose people graph is kept by a service of the operator's.

use serde_json::{Value, json};

use crate::fixtures::SCID as S2;
use crate::handle_steps::{
    active, activity, cast, cast_in, created, follow, game, handle, invite, join, joining, post,
    reference, refused_with_session, session, session_answer, session_in, via,
};
use crate::people::coded;
use crate::people_service::{Answers, PeopleService};
use crate::privacy_lists::{block, choose};
use crate::world::{Answer, Player};

/// The body with which somebody makes a session for those whom a member follows.
fn for_the_followed(restrictions: &[&str]) -> Value {
    let mut body = active(true);
    for restriction in restrictions {
        body["properties"]["system"][*restriction] = json!("followed");
    }
    body
}

#[track_caller]
fn unavailable(answer: Answer) {
    let answer = answer.expect_empty(503);
    assert_eq!(answer.header("retry-after"), Some("2"));
}

/// The owners of the activities that the caller finds.
async fn found(player: &Player, owners: Value) -> Vec<String> {
    let body = json!({ "type": "activity", "owners": owners });
    let answer = player.post("/handles/query", body).await.expect(200).json();
    let results = answer["results"].as_array().expect("a list").iter();
    results
        .map(|it| it["ownerXuid"].as_str().expect("an owner").to_owned())
        .collect()
}

#[tokio::test]
async fn c12_it_says_whom_the_members_of_a_session_follow() {
    let service = PeopleService::start().await;
    let there = cast_in(&service.world, "123").await;
    let w = service.directory().await;
    let c = cast_in(&w, "123").await;
    follow(&there.a, &there.b).await;
    follow(&there.c, &there.a).await;
    let path = session_in(S2, "keep", "s1");
    let body = for_the_followed(&["joinRestriction"]);
    c.a.put(&path, body).await.expect(201);
    refused_with_session(c.c.put(&path, active(true)).await);
    session_answer(c.b.put(&path, active(true)).await, 200);
    // Members are in already, and nobody need be asked about them.
    let asked = service.asked();
    session_answer(c.b.put(&path, active(true)).await, 200);
    session_answer(c.a.get(&path).await, 200);
    session_answer(c.svc.get(&path).await, 200);
    assert_eq!(service.asked(), asked);
    // B follows D, and is a member by now.
    follow(&there.b, &there.d).await;
    session_answer(c.d.put(&path, active(true)).await, 200);
}

#[tokio::test]
async fn c14_a_no_is_believed_for_one_second_and_a_yes_for_five() {
    let service = PeopleService::start().await;
    let there = cast_in(&service.world, "123").await;
    let w = service.directory().await;
    let c = cast_in(&w, "123").await;
    let path = session_in(S2, "keep", "s1");
    let body = for_the_followed(&["joinRestriction", "readRestriction"]);
    c.a.put(&path, body).await.expect(201);
    c.b.get(&path).await.expect_text(403);
    follow(&there.a, &there.b).await;
    w.advance(999).await;
    c.b.get(&path).await.expect_text(403);
    assert_eq!(service.asked(), 1);
    w.advance(1).await;
    session_answer(c.b.get(&path).await, 200);
    let unfollow = "/users/me/people/xuid(1002)";
    there.a.delete(unfollow).await.expect(204);
    w.advance(4_999).await;
    session_answer(c.b.get(&path).await, 200);
    assert_eq!(service.asked(), 2);
    w.advance(1).await;
    c.b.get(&path).await.expect_text(403);
    assert_eq!(service.asked(), 3);
}

#[tokio::test]
async fn c20_it_says_whose_activities_the_caller_finds() {
    let service = PeopleService::start().await;
    let there = cast(&service.world).await;
    let w = service.directory().await;
    let c = cast(&w).await;
    for player in [&c.b, &c.c, &c.d] {
        join(player, &game("g1")).await;
        post(player, activity("g1")).await;
    }
    follow(&there.a, &there.b).await;
    follow(&there.a, &there.c).await;
    follow(&there.c, &there.a).await;
    let favourite = "/users/me/people/favorites/xuid(1002)";
    there.a.request("PUT", favourite).send().await.expect(204);
    choose(&there.d, "SharePresence", "Blocked").await;
    let of = |moniker: &str| json!({ "people": { "moniker": moniker } });
    let all = json!({ "xuids": ["1002", "1003", "1004"] });
    assert_eq!(found(&c.a, of("friends")).await, ["1003"]);
    assert_eq!(found(&c.a, of("favorites")).await, ["1002"]);
    assert_eq!(found(&c.a, of("people")).await.len(), 2);
    assert_eq!(found(&c.a, all.clone()).await, ["1002", "1003"]);
    // The list was asked for once, and about presence once for each user.
    assert_eq!(service.asked(), 4);
    assert_eq!(found(&c.svc, all).await.len(), 3);
}

#[tokio::test]
async fn c21_it_says_who_may_be_invited() {
    let service = PeopleService::start().await;
    let there = cast(&service.world).await;
    let w = service.directory().await;
    let c = cast(&w).await;
    join(&c.a, &game("g1")).await;
    let g1 = reference("game", "g1");
    block(&there.b, &there.a).await;
    created(c.a.post("/handles", invite(&g1, 1002)).await);
    block(&there.a, &there.c).await;
    let refused = c.a.post("/handles", invite(&g1, 1003)).await;
    refused.expect_naming(403, "BlockListRestrictsTarget");
    // What the token says need not be asked.
    let asked = service.asked();
    let silent = json!({ "xuid": "1001", "titleId": "777", "privileges": [185, 254, 255] });
    let silent = w.token(silent).await;
    let refused = silent.post("/handles", invite(&g1, 1004)).await;
    refused.expect_naming(403, "MissingPrivilege");
    assert_eq!(service.asked(), asked);
}

#[tokio::test]
async fn h59_it_says_whom_the_owner_of_a_session_has_blocked() {
    let service = PeopleService::start().await;
    let there = cast(&service.world).await;
    let w = service.directory().await;
    let c = cast(&w).await;
    join(&c.a, &session("browse", "b1")).await;
    let path = via(&c.a, handle("search", &reference("browse", "b1"))).await;
    block(&there.a, &there.c).await;
    c.c.put(&path, joining(&c.c)).await.expect(403);
    session_answer(c.b.put(&path, joining(&c.b)).await, 200);
}

#[tokio::test]
async fn nothing_passes_while_it_does_not_answer_and_members_go_on() {
    let service = PeopleService::start().await;
    let w = service.directory_with(100).await;
    let c = cast_in(&w, "123").await;
    let path = session_in(S2, "keep", "s1");
    let body = for_the_followed(&["joinRestriction", "readRestriction"]);
    c.a.put(&path, body).await.expect(201);
    let this = |status, body: &str| Answers::This(status, None, body.to_owned());
    let to_itself = Some(("location", "/".to_owned()));
    let foreign = json!({ "people": [{ "xuid": "7", "isFollowingCaller": true }] });
    let unclear = json!({ "people": [{ "xuid": "1001" }] });
    let long = format!("{{\"people\":[{}]}}", " ".repeat(4 * 1024 * 1024));
    for answers in [
        this(500, ""),
        this(204, ""),
        this(403, "{}"),
        this(200, "no JSON"),
        this(200, "{}"),
        this(200, &foreign.to_string()),
        this(200, &unclear.to_string()),
        this(200, &long),
        Answers::This(302, to_itself, String::new()),
        Answers::Nothing,
    ] {
        service.answers(answers);
        unavailable(c.b.get(&path).await);
        unavailable(c.b.put(&path, active(true)).await);
        session_answer(c.a.put(&path, active(true)).await, 200);
    }
    // Errors are not remembered.
    let nobody = json!({ "people": [] }).to_string();
    service.answers(this(200, &nobody));
    c.b.get(&path).await.expect_text(403);
}

#[tokio::test]
async fn nobody_is_found_or_invited_while_permissions_are_not_known() {
    let service = PeopleService::start().await;
    let w = service.directory().await;
    let c = cast(&w).await;
    join(&c.b, &game("g1")).await;
    post(&c.b, activity("g1")).await;
    let query = json!({ "type": "activity", "owners": { "xuids": ["1002"] } });
    let g1 = reference("game", "g1");
    let verdict = |xuid: &str, permissions: Value| json!({ "responses": [{ "user": { "xuid": xuid }, "permissions": permissions }] });
    let yes = json!({ "isAllowed": true });
    for answer in [
        json!({ "responses": [] }),
        verdict("7", json!([yes])),
        verdict("1002", json!([])),
        verdict("1002", json!([yes, yes])),
        verdict("1002", json!([{}])),
    ] {
        service.answers(Answers::This(200, None, answer.to_string()));
        unavailable(c.a.post("/handles/query", query.clone()).await);
        unavailable(c.b.post("/handles", invite(&g1, 1001)).await);
    }
    let people = json!({ "type": "activity", "owners": { "people": { "moniker": "people" } } });
    unavailable(c.a.post("/handles/query", people).await);
    // A reason that is not known here is the other user's.
    let no = json!([{ "isAllowed": false, "reasons": [{ "reason": "Whatever" }] }]);
    let answer = verdict("1001", no).to_string();
    service.answers(Answers::This(200, None, answer));
    created(c.b.post("/handles", invite(&g1, 1001)).await);
}

#[tokio::test]
async fn members_who_come_while_it_is_asked_are_asked_about_too() {
    let service = PeopleService::start().await;
    let there = cast_in(&service.world, "123").await;
    let w = service.directory().await;
    let c = cast_in(&w, "123").await;
    let path = session_in(S2, "keep", "s1");
    let body = for_the_followed(&["joinRestriction"]);
    c.a.put(&path, body).await.expect(201);
    follow(&there.d, &there.b).await;
    let (svc, late) = (w.server().await, path.clone());
    // A place is taken by D, whom nobody was asked about yet.
    let body = json!({ "members": { "reserve_0": {
        "constants": { "system": { "xuid": "1004" } },
    } } });
    svc.put(&path, body).await.expect(200);
    let comes = async move {
        c.d.put(&late, active(true)).await.expect(200);
    };
    service.before_answering(comes);
    session_answer(c.b.put(&path, active(true)).await, 200);
}

#[tokio::test]
async fn people_are_read_and_written_there_and_not_here() {
    let service = PeopleService::start().await;
    let w = service.directory().await;
    let c = cast(&w).await;
    for (method, path) in [
        ("GET", "/users/me/people"),
        ("PUT", "/users/me/people/xuid(1002)"),
        ("GET", "/users/me/people/social"),
        ("GET", "/users/me/people/never"),
        ("GET", "/users/me/settings"),
        (
            "GET",
            "/users/me/permission/validate?setting=1000&target=xuid(1002)",
        ),
    ] {
        coded(c.a.request(method, path).send().await, 404, 4000);
    }
    assert_eq!(service.asked(), 0);
}
