//! Users whom an operator keeps out of a service configuration.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::fixtures::{A, B, HANDLES_SCID, SCID, active, custom, leave, session};
use crate::handle_steps::{invite, path_of, session_in};
use crate::world::{Answer, StoreKind, World};

/// A service without banned users, and the file to ban them in.
async fn world() -> (World, PathBuf) {
    let mut file = PathBuf::new();
    let w = World::configured(StoreKind::Memory, |config| {
        let folder = config.service_configs.as_ref().expect("a folder");
        file = folder.join(SCID).join("service.toml");
    })
    .await;
    (w, file)
}

fn write(w: &World, file: &PathBuf, banned: &str) {
    let text = fs::read_to_string(file).expect("the fixture's");
    let titles = text.lines().next().expect("the titles");
    fs::write(file, format!("{titles}\n{banned}\n")).expect("written");
    w.app().reload_service_configs().expect("valid");
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(answer.status, 403, "{}", answer.text());
    let code = answer.header("x-convoke-refusal").unwrap_or_default();
    assert!(code.starts_with("caller.banned"), "{code}");
}

#[tokio::test]
async fn a_banned_user_reads_joins_writes_and_makes_no_session_but_leaves() {
    let (w, file) = world().await;
    let (a, b) = (w.user(A).await, w.user(B).await);
    let (path, own) = (session("open", "s"), session("open", "own"));
    a.put(&path, active()).await.expect(201);
    b.put(&path, active()).await.expect(200);
    write(&w, &file, "banned_users = [\"1002\"]");
    refused(&b.get(&path).await);
    refused(&b.put(&path, active()).await);
    refused(&b.put(&path, custom(json!({"a": 1}))).await);
    refused(&b.put(&own, active()).await);
    refused(
        &b.get(&format!("/serviceconfigs/{SCID}/sessions?xuid=1002"))
            .await,
    );
    // Nobody else is concerned, and no other configuration.
    let document = a.get(&path).await.expect(200).json();
    assert_eq!(document["membersInfo"]["count"], 2);
    b.put(&session_in(HANDLES_SCID, "vis", "s"), active())
        .await
        .expect(201);
    b.put(&path, leave()).await.expect(200);
    let document = a.get(&path).await.expect(200).json();
    assert_eq!(document["membersInfo"]["count"], 1);
    refused(&b.put(&path, active()).await);
    write(&w, &file, "");
    b.put(&path, active()).await.expect(200);
}

#[tokio::test]
async fn neither_an_invitation_nor_a_server_lets_a_banned_user_in() {
    let (w, file) = world().await;
    let (a, b) = (w.user(A).await, w.user(B).await);
    let path = session("open", "s");
    a.put(&path, active()).await.expect(201);
    let reference = json!({"scid": SCID, "templateName": "open", "name": "s"});
    let made = a.post("/handles", invite(&reference, B)).await.expect(201);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    write(&w, &file, "banned_users = [1002]");
    refused(&b.put(&format!("/handles/{id}/session"), active()).await);
    let server = w.server().await;
    for users in ["1002", "1002,1003"] {
        let body = match users {
            "1002" => active(),
            _ => json!({"members": {"me_1002": {}, "me_1003": {}}}),
        };
        let joining = server
            .request("PUT", &path)
            .header("X-Xbl-OnBehalfOf-Users", users);
        refused(&joining.json(body).send().await);
    }
    let asked = format!("{path}?explain=access&xuid=1002");
    let told = server.get(&asked).await.expect(200).json();
    for question in ["read", "join", "write"] {
        let steps = told[question]["steps"].as_array().expect("steps");
        let last = steps.last().expect("a step");
        assert_eq!(last["code"], "caller.banned", "{told}");
    }
}

#[tokio::test]
async fn a_banned_user_makes_no_handle_and_finds_none() {
    let (w, file) = world().await;
    let (a, b) = (w.user(A).await, w.user(B).await);
    let path = session("open", "s");
    a.put(&path, active()).await.expect(201);
    b.put(&path, active()).await.expect(200);
    let reference = json!({"scid": SCID, "templateName": "open", "name": "s"});
    let activity = json!({"type": "activity", "version": 1, "sessionRef": reference});
    let made = a.post("/handles", activity.clone()).await.expect(201);
    let handle = path_of(&made.json());
    b.get(&handle).await.expect(200);
    let one = json!({"type": "activity", "owners": {"xuids": ["1001"]}, "scid": SCID});
    let everywhere = json!({"type": "activity", "owners": {"xuids": ["1001"]}});
    let search = json!({"type": "search", "scid": SCID, "templateName": "open", "global": true});
    let query = "/handles/query?include=relatedInfo";
    let count = |answer: Answer| {
        answer.expect(200).json()["results"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(count(b.post(query, everywhere.clone()).await), Some(1));
    let number = a.get(&path).await.expect(200).json()["changeNumber"].clone();

    write(&w, &file, "banned_users = [\"1002\"]");
    for body in [activity, invite(&reference, A)] {
        refused(&b.post("/handles", body).await);
    }
    refused(&b.get(&handle).await);
    refused(&b.post(query, one.clone()).await);
    refused(&b.post(query, search).await);
    assert_eq!(count(b.post(query, everywhere.clone()).await), Some(0));
    assert_eq!(
        a.get(&path).await.expect(200).json()["changeNumber"],
        number
    );
    assert_eq!(count(a.post(query, one.clone()).await), Some(1));

    write(&w, &file, "banned_users = []");
    assert_eq!(count(b.post(query, one).await), Some(1));
    b.get(&handle).await.expect(200);
}
