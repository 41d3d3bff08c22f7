//! Game servers that write for users: for several at once, with and without rights of their own.

use serde_json::{Value, json};

use crate::fixtures::{A, B, C, active, leave, session, system};
use crate::world::{Answer, Player, World};

const USERS: &str = "x-xbl-onbehalfof-users";
const TITLE: &str = "x-xbl-onbehalfof-title";
const DENY: &str = "x-xbl-deny-scope";
const A_AND_B: &str = "1001;priv=multiplayer,1002;priv=multiplayer";

/// A server's write for these users.
async fn put_for(server: &Player, users: &str, path: &str, body: Value) -> Answer {
    let call = server.request("PUT", path).header(USERS, users);
    call.json(body).send().await
}

/// The same, with no more rights than the users have.
async fn put_as(server: &Player, users: &str, path: &str, body: Value) -> Answer {
    let call = server.request("PUT", path).header(USERS, users);
    let call = call.header(DENY, "Multiplayer.Manage");
    call.json(body).send().await
}

/// What `members` is written with.
fn members(members: Value) -> Value {
    Value::from_iter([("members", members)])
}

fn going_active() -> Value {
    json!({"properties": {"system": {"active": true}}})
}

/// The users of a session, by their places.
fn xuids(session: &Value) -> Vec<(String, String)> {
    let members = session["members"].as_object().expect("members");
    let xuid = |member: &Value| member["constants"]["system"]["xuid"].clone();
    let text = |value: Value| value.as_str().expect("text").to_owned();
    let all = members.iter();
    all.map(|(index, member)| (index.clone(), text(xuid(member))))
        .collect()
}

fn place(index: &str, xuid: &str) -> (String, String) {
    (index.to_owned(), xuid.to_owned())
}

every_store! {
    async fn e95_a_server_lets_several_users_in_with_one_write(w: World) {
        let server = w.server().await;
        let path = session("open", "s2s");
        let call = server.request("PUT", &path).header(USERS, A_AND_B).header(TITLE, "123");
        let body = members(json!({"me_all": going_active()}));
        let created = call.json(body).send().await.expect(201).json();
        assert_eq!(created["membersInfo"],
            json!({"first": 0, "next": 2, "count": 2, "accepted": 2, "active": 2}));
        assert_eq!(xuids(&created), [place("0", "1001"), place("1", "1002")]);
        assert_eq!(created["members"]["1"]["activeTitleId"], "123");
        assert_eq!(created["changeNumber"], 1);
        let me = put_for(&server, A_AND_B, &path, active()).await;
        me.expect_naming(400, "members.me: the request acts for 2 users");
    }

    async fn e96_a_server_writes_a_large_session_for_one_user_at_a_time(w: World) {
        let server = w.server().await;
        let path = session("big", "s2s");
        let all = members(json!({"me_all": going_active()}));
        put_for(&server, A_AND_B, &path, all.clone()).await.expect_naming(403, "members");
        server.get(&path).await.expect_empty(204);
        let one = "1001;priv=multiplayer";
        let created = put_for(&server, one, &path, all.clone()).await.expect(201).json();
        assert_eq!(created["members"]["me"]["constants"]["system"]["xuid"], "1001");
        put_for(&server, A_AND_B, &path, all).await.expect_naming(403, "members");
        let joined = put_for(&server, "1002;priv=multiplayer", &path, active()).await;
        assert_eq!(joined.expect(200).json()["membersInfo"]["count"], 2);
    }

    async fn each_user_is_written_by_the_most_particular_key(w: World) {
        let server = w.server().await;
        let path = session("slow", "s2s");
        let join = members(json!({"me_1002": going_active(), "me_1001": {}}));
        let created = put_for(&server, A_AND_B, &path, join).await.expect(201).json();
        assert_eq!(xuids(&created), [place("0", "1001"), place("1", "1002")]);
        assert_eq!(created["membersInfo"]["active"], 1);
        let three = format!("1003;priv=multiplayer,{A_AND_B}");
        let tagged = |tag: &str| json!({"properties": {"custom": {"tag": tag}}});
        let body = members(json!({"me_all": tagged("all"), "me_allInSession": tagged("inside"),
            "me_1002": tagged("own")}));
        let written = put_for(&server, &three, &path, body).await.expect(200).json();
        let tag = |index: &str| written["members"][index]["properties"]["custom"]["tag"].clone();
        assert_eq!([tag("0"), tag("1"), tag("2")], ["inside", "own", "all"]);
        assert_eq!(written["members"]["2"]["constants"]["system"]["xuid"], "1003");
        let inside = members(json!({"me_allInSession": null}));
        let four = format!("1004;priv=multiplayer,{A_AND_B}");
        let left = put_for(&server, &four, &path, inside).await.expect(200).json();
        assert_eq!(xuids(&left), [place("2", "1003")]);
        let nobody = members(json!({"me_all": null}));
        put_for(&server, &three, &path, nobody).await.expect_empty(204);
    }

    async fn one_acting_user_is_me(w: World) {
        let server = w.server().await;
        let path = session("open", "s2s");
        let one = "1001;priv=multiplayer";
        put_for(&server, one, &path, active()).await.expect(201);
        let call = server.request("GET", &format!("{path}/members/me")).header(USERS, one);
        let own = call.send().await.expect(200).json();
        assert_eq!(own["constants"]["system"]["xuid"], "1001");
        let all = members(json!({"me_all": null}));
        put_for(&server, one, &path, all).await.expect_empty(204);
    }

    async fn a_users_own_key_is_as_good_as_me(w: World) {
        let a = w.user(A).await;
        let path = session("open", "s2s");
        let own = members(json!({"me_1001": going_active()}));
        a.put(&path, own).await.expect(201);
        let answer = a.put(&path, members(json!({"me_1002": null}))).await;
        answer.expect_naming(403, "members.me_1002");
    }

    async fn refusals_name_the_key_that_was_sent(w: World) {
        let server = w.server().await;
        let path = session("open", "s2s");
        let both = members(json!({"me_all": going_active()}));
        put_for(&server, A_AND_B, &path, both.clone()).await.expect(201);
        let mistake = json!({"properties": {"system": {"active": true, "ready": true}}});
        let foreign = json!({"constants": {"system": {"xuid": "1002"}}});
        let mine = json!({"properties": {"system": {"measurements": 5}}});
        let rows = [
            (json!({"me_1003": {}}), 403, "members.me_1003:"),
            (json!({"me_all": mistake}), 400, "members.me_all.properties.system"),
            (json!({"me_1002": mine}), 400, "members.me_1002.properties.system.measurements"),
            (json!({"me_all": foreign}), 403, "members.me_all.constants.system.xuid"),
            (json!({"me": {}, "me_1001": {}}), 400, "members.me:"),
            (json!({"me_all": {}, "reserve_0": {}}), 400, "members:"),
            (json!({"me_1002": {"roles": {"lfg": "x"}}}), 400, "members.me_1002.roles.lfg"),
        ];
        let before = server.get(&path).await.expect(200).etag();
        for (body, status, place) in rows {
            let answer = put_for(&server, A_AND_B, &path, members(body)).await;
            answer.expect_naming(status, place);
        }
        server.put(&path, both).await.expect_naming(403, "members.me_all:");
        let full = "1003;priv=multiplayer,1004;priv=multiplayer,1005;priv=multiplayer";
        let answer = put_for(&server, full, &path, members(json!({"me_all": {}}))).await;
        answer.expect_naming(400, "members.me_all: all 4 places are taken");
        assert_eq!(server.get(&path).await.expect(200).etag(), before);
    }

    async fn users_whom_nobody_vouches_for_do_not_play(w: World) {
        let server = w.server().await;
        let path = session("open", "s2s");
        let all = members(json!({"me_all": going_active()}));
        let one = "1001;priv=multiplayer,1002";
        put_for(&server, one, &path, all.clone()).await.expect_naming(403, "members.me_all:");
        server.get(&path).await.expect_empty(204);
        put_for(&server, A_AND_B, &path, all).await.expect(201);
        let off = members(json!({"me_1002": null}));
        let left = put_for(&server, "1002,1003", &path, off).await.expect(200).json();
        assert_eq!(xuids(&left), [place("0", "1001")]);
    }

    async fn a_servers_rights_stand_above_those_of_its_users_unless_it_denies_them(w: World) {
        let (server, a) = (w.server().await, w.user(A).await);
        let path = session("priv", "s2s");
        a.put(&path, active()).await.expect(201);
        a.put(&path, system(json!({"closed": true}))).await.expect(200);
        let b_and_c = "1002;priv=multiplayer,1003;priv=multiplayer";
        let join = members(json!({"me_all": going_active()}));
        put_as(&server, b_and_c, &path, join.clone()).await.expect_naming(403, "members.me_all:");
        let call = server.request("GET", &path).header(DENY, "multiplayer.manage");
        call.send().await.expect_text(403);
        let joined = put_for(&server, b_and_c, &path, join).await.expect(200).json();
        assert_eq!(joined["membersInfo"]["count"], 3);
        let open = system(json!({"closed": null}));
        put_as(&server, "1004;priv=multiplayer", &path, open.clone()).await.expect_text(403);
        put_as(&server, b_and_c, &path, open).await.expect(200);
        let other = members(json!({"0": null}));
        put_as(&server, b_and_c, &path, other.clone()).await.expect_naming(403, "members.0");
        put_for(&server, b_and_c, &path, other).await.expect(200);
        let gone = put_as(&server, b_and_c, &path, members(json!({"me_all": null}))).await;
        gone.expect_empty(204);
    }

    async fn the_first_acting_user_owns_what_several_create(w: World) {
        let server = w.server().await;
        let path = session("own", "s2s");
        let all = members(json!({"me_all": going_active()}));
        let created = put_for(&server, "1002;priv=multiplayer,1001;priv=multiplayer", &path, all)
            .await.expect(201).json();
        assert_eq!(xuids(&created), [place("0", "1002"), place("1", "1001")]);
        assert_eq!(created["properties"]["system"]["owners"], json!([0]));
        let (a, b) = (w.user(A).await, w.user(B).await);
        a.put(&path, system(json!({"keywords": ["k"]}))).await.expect_text(403);
        b.put(&path, system(json!({"keywords": ["k"]}))).await.expect(200);
    }

    async fn a_matchmaker_says_what_it_found_about_those_it_places(w: World) {
        let (server, b) = (w.server().await, w.user(B).await);
        let path = session("open", "s2s");
        let result = json!({"serverMeasurements": {"east": {"latency": 12}}});
        let seat = json!({"constants": {"system": {"xuid": "1002", "team": "blue",
            "matchmakingResult": result}, "custom": {"skill": 7}}});
        let mut body = members(json!({"reserve_0": seat}));
        let servers = json!(["east.example:1", "west.example:2"]);
        body["properties"] = json!({"system": {"serverConnectionStringCandidates": servers}});
        body["servers"] = json!({"matchmaking": {"properties": {"system": {"status": "found"}}}});
        let created = server.put(&path, body).await.expect(201).json();
        assert_eq!(created["properties"]["system"]["serverConnectionStringCandidates"], servers);
        assert_eq!(created["servers"]["matchmaking"]["properties"]["system"]["status"], "found");
        let constants = json!({"system": {"xuid": "1002", "index": 0, "team": "blue",
            "matchmakingResult": result}, "custom": {"skill": 7}});
        assert_eq!(created["members"]["0"]["constants"], constants);
        // It stays with the member who accepts.
        let accepted = b.put(&path, active()).await.expect(200).json();
        assert_eq!(accepted["members"]["0"]["constants"], constants);
    }

    async fn several_reserved_users_accept_at_once(w: World) {
        let server = w.server().await;
        let path = session("open", "s2s");
        let seat = |xuid: u64| json!({"constants": {"system": {"xuid": xuid.to_string()}}});
        let body = members(json!({"reserve_0": seat(B), "reserve_1": seat(C)}));
        server.put(&path, body).await.expect(201);
        let two = "1003;priv=multiplayer,1002;priv=multiplayer";
        let all = members(json!({"me_all": going_active()}));
        let accepted = put_for(&server, two, &path, all).await.expect(200).json();
        assert_eq!(accepted["membersInfo"]["accepted"], 2);
        assert_eq!(xuids(&accepted), [place("0", "1002"), place("1", "1003")]);
    }
}

#[tokio::test]
async fn the_headers_take_a_game_server_and_are_read_strictly() {
    let w = World::limited().await;
    let (server, a) = (w.server().await, w.user(A).await);
    let path = session("open", "s2s");
    a.put(&path, active()).await.expect(201);
    let reader = w.token(json!({"roles": ["people.read"]})).await;
    for caller in [&a, &reader] {
        for (name, value) in [(USERS, A_AND_B), (TITLE, "123")] {
            let call = caller.request("GET", &path).header(name, value);
            call.send().await.expect(401);
        }
    }
    // Everybody may ask for less.
    let call = a.request("GET", &path).header(DENY, "Multiplayer.Manage");
    call.send().await.expect(200);
    let rows = [
        (USERS, "1001,1001"),
        (USERS, "1001;priv=voice"),
        (USERS, ""),
        (TITLE, "0x7b"),
        (DENY, "Everything"),
    ];
    for (name, value) in rows {
        let call = server.request("GET", &path).header(name, value);
        call.send().await.expect(401);
    }
    let call = server.request("GET", &path).header(TITLE, "888");
    call.send().await.expect_text(403);
    let call = server.request("GET", &path).header(USERS, "1001");
    let both = call.header("x-xbl-on-behalf-of", "xuid(1001)");
    both.send().await.expect(401);
}

#[tokio::test]
async fn a_server_sets_no_activity_for_its_users() {
    let w = World::limited().await;
    let (server, a) = (w.server().await, w.user(A).await);
    let path = session("open", "s2s");
    a.put(&path, active()).await.expect(201);
    let activity = json!({"version": 1, "type": "activity", "sessionRef":
        {"scid": crate::fixtures::SCID, "templateName": "open", "name": "s2s"}});
    let headers = [
        (USERS, "1001;priv=multiplayer"),
        ("x-xbl-on-behalf-of", "xuid(1001)"),
    ];
    for (name, value) in headers {
        let call = server.request("POST", "/handles").header(name, value);
        call.json(activity.clone())
            .send()
            .await
            .expect_naming(403, "type");
    }
    a.post("/handles", activity).await.expect(201);
    a.put(&path, leave()).await.expect_empty(204);
}
