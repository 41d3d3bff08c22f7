//! The cast, the places and the steps that the handle tests share.
//!
//! Not here: any rule. A step that fails says where, and the test says why it matters.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::document::check_etag;
/// The service configuration of the handle examples, for the titles 777 and 123.
pub(crate) use crate::fixtures::HANDLES_SCID as S1;
/// The service configuration of another title, 888.
pub(crate) use crate::fixtures::OTHER_SCID as S3;
/// The service configuration of the session examples, for title 123.
pub(crate) use crate::fixtures::SCID as S2;
use crate::json::no_nulls;
use crate::world::{Answer, Player, World};

/// A handle id that nobody has been given.
pub(crate) const UNKNOWN: &str = "/handles/0badc0de-0000-4000-8000-00000000dead";
/// What a masked identifier and a masked time look like in an expected document.
pub(crate) const ID: &str = "<id>";
pub(crate) const TIME: &str = "<time>";

/// Everybody who appears in the examples.
pub(crate) struct Cast {
    pub(crate) a: Player,
    pub(crate) b: Player,
    pub(crate) c: Player,
    pub(crate) d: Player,
    pub(crate) e: Player,
    pub(crate) svc: Player,
}

/// A (1001), B, C, D and E (1005), all in title 777, and the server principal.
pub(crate) async fn cast(w: &World) -> Cast {
    cast_in(w, "777").await
}

/// The same people in another title.
pub(crate) async fn cast_in(w: &World, title: &str) -> Cast {
    Cast {
        a: user(w, 1001, title).await,
        b: user(w, 1002, title).await,
        c: user(w, 1003, title).await,
        d: user(w, 1004, title).await,
        e: user(w, 1005, title).await,
        svc: w.server().await,
    }
}

/// A user signed in to one title.
pub(crate) async fn user(w: &World, xuid: u64, title: &str) -> Player {
    let gamertag = match xuid {
        1001 => "A".to_owned(),
        1002 => "B".to_owned(),
        1003 => "C".to_owned(),
        1004 => "D".to_owned(),
        _ => format!("P{xuid}"),
    };
    w.token(json!({ "xuid": xuid.to_string(), "gamertag": gamertag, "titleId": title }))
        .await
}

/// The path of a session of [`S1`].
pub(crate) fn session(template: &str, name: &str) -> String {
    session_in(S1, template, name)
}

/// The path of a session.
pub(crate) fn session_in(scid: &str, template: &str, name: &str) -> String {
    format!("/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}")
}

/// The path of a session of the template `game`.
pub(crate) fn game(name: &str) -> String {
    session("game", name)
}

/// A reference to a session of [`S1`].
pub(crate) fn reference(template: &str, name: &str) -> Value {
    reference_in(S1, template, name)
}

/// A reference to a session.
pub(crate) fn reference_in(scid: &str, template: &str, name: &str) -> Value {
    json!({ "scid": scid, "templateName": template, "name": name })
}

/// A connection id of the player's own.
pub(crate) fn connection(player: &Player) -> String {
    format!("c0ffee00-0000-4000-8000-{:012}", player.xuid)
}

/// The body with which every known client joins: active, with a connection.
pub(crate) fn joining(player: &Player) -> Value {
    json!({ "members": { "me": {
        "constants": { "system": { "xuid": player.xuid.to_string(), "initialize": true } },
        "properties": { "system": { "active": true, "connection": connection(player) } },
    } } })
}

/// The body that changes one custom property of the session.
pub(crate) fn custom(name: &str, value: impl Into<Value>) -> Value {
    let mut custom = serde_json::Map::new();
    custom.insert(name.to_owned(), value.into());
    json!({ "properties": { "custom": custom } })
}

/// The body that changes one system property of the session.
pub(crate) fn system(name: &str, value: impl Into<Value>) -> Value {
    let mut system = serde_json::Map::new();
    system.insert(name.to_owned(), value.into());
    json!({ "properties": { "system": system } })
}

/// The body of a member who turns active or inactive and needs no connection.
pub(crate) fn active(active: bool) -> Value {
    json!({ "members": { "me": { "properties": { "system": { "active": active } } } } })
}

/// The entry of `members` that keeps a place for a user.
pub(crate) fn place_for(xuid: u64) -> Value {
    json!({ "constants": { "system": { "xuid": xuid.to_string() } } })
}

/// The body with which a matchmaker makes its entry among the servers.
pub(crate) fn searching() -> Value {
    let properties = json!({ "system": { "status": "searching" } });
    json!({ "servers": { "matchmaking": { "properties": properties } } })
}

/// The body that admits only people on the devices of members, to reading and to joining.
pub(crate) fn local() -> Value {
    json!({ "properties": { "system": {
        "joinRestriction": "local", "readRestriction": "local",
    } } })
}

/// The body with which a member leaves.
pub(crate) fn leaving() -> Value {
    json!({ "members": { "me": null } })
}

/// Joins (or creates) the session, active, and returns it.
pub(crate) async fn join(player: &Player, path: &str) -> Value {
    let answer = player.put(path, joining(player)).await;
    assert!(
        matches!(answer.status, 200 | 201),
        "{path}: {} {}",
        answer.status,
        answer.text()
    );
    answer.json()
}

/// Joins (or creates) the session and changes one of its system properties.
pub(crate) async fn join_with(player: &Player, path: &str, name: &str, value: impl Into<Value>) {
    join(player, path).await;
    player.put(path, system(name, value)).await.expect(200);
}

/// The body of `POST /handles` for the types that need nothing but a session.
pub(crate) fn handle(kind: &str, session: &Value) -> Value {
    json!({ "type": kind, "version": 1, "sessionRef": session })
}

/// The body of `POST /handles` for an activity in a session of the template `game`.
pub(crate) fn activity(name: &str) -> Value {
    handle("activity", &reference("game", name))
}

/// The body of `POST /handles` for another name of a session of the template `game`.
pub(crate) fn correlation(name: &str) -> Value {
    handle("correlation", &reference("game", name))
}

/// The body of `POST /handles` for an invite.
pub(crate) fn invite(session: &Value, invited: u64) -> Value {
    json!({
        "type": "invite", "version": 1, "sessionRef": session,
        "invitedXuid": invited.to_string(), "inviteAttributes": { "titleId": "777" },
    })
}

/// The body of `POST /handles` for a transfer from `origin` to `target`.
pub(crate) fn transfer(target: &Value, origin: &Value) -> Value {
    json!({ "type": "transfer", "version": 1, "sessionRef": target, "originSessionRef": origin })
}

/// Posts a handle, checks the answer's headers and returns the handle's path.
pub(crate) async fn post(player: &Player, body: Value) -> String {
    path_of(&created(player.post("/handles", body).await))
}

/// Posts a handle and returns the path of the session behind it.
pub(crate) async fn via(player: &Player, body: Value) -> String {
    format!("{}/session", post(player, body).await)
}

/// The path of a handle.
pub(crate) fn path_of(handle: &Value) -> String {
    format!("/handles/{}", text(handle, "id"))
}

/// The answer to a created handle: 201, the headers of a creation, and the document.
#[track_caller]
pub(crate) fn created(answer: Answer) -> Value {
    let answer = answer.expect(201);
    let document = answer.json();
    no_nulls(&document);
    assert_guid(text(&document, "id"));
    let path = path_of(&document);
    assert_eq!(answer.header("location"), Some(path.as_str()));
    assert_eq!(answer.header("content-location"), Some(path.as_str()));
    assert_eq!(answer.header("cache-control"), Some("no-cache, no-store"));
    assert_json(&answer);
    document
}

/// The answer that carries a session: its document and headers.
#[track_caller]
pub(crate) fn session_answer(answer: Answer, status: u16) -> Value {
    let answer = answer.expect(status);
    assert_json(&answer);
    check_etag(&answer.etag());
    let document = answer.json();
    no_nulls(&document);
    assert!(
        document["membersInfo"].is_object(),
        "no session: {document}"
    );
    document
}

/// A refusal that shows the session to a caller who may read but not write it.
#[track_caller]
pub(crate) fn refused_with_session(answer: Answer) -> Value {
    let answer = answer.expect(403);
    assert_json(&answer);
    let document = answer.json();
    assert!(
        document["membersInfo"].is_object(),
        "no session: {document}"
    );
    document
}

/// The body is declared as JSON.
#[track_caller]
pub(crate) fn assert_json(answer: &Answer) {
    let kind = answer.header("content-type").unwrap_or_default();
    assert_eq!(kind.split(';').next(), Some("application/json"));
}

/// The header that names the session behind a handle: exactly six segments, nothing else.
#[track_caller]
pub(crate) fn assert_content_location(answer: &Answer, scid: &str, template: &str, name: &str) {
    let expected = session_in(scid, template, name);
    assert_eq!(
        answer.header("content-location"),
        Some(expected.as_str()),
        "wrong Content-Location with status {}",
        answer.status
    );
}

/// The text of a field that must be there.
#[track_caller]
pub(crate) fn text<'a>(document: &'a Value, field: &str) -> &'a str {
    document[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text `{field}` in {document}"))
}

/// The time in a field that must be there, in the form of the wire: seven digits and `Z`.
#[track_caller]
pub(crate) fn time(document: &Value, field: &str) -> Timestamp {
    let text = text(document, field);
    let fraction = text
        .strip_suffix('Z')
        .and_then(|rest| rest.split_once('.'))
        .unwrap_or_else(|| panic!("`{field}` is no UTC time with a fraction: {text}"));
    assert_eq!(fraction.1.len(), 7, "`{field}` has no seven digits: {text}");
    text.parse()
        .unwrap_or_else(|why| panic!("`{field}` is no time: {text}: {why}"))
}

/// Lower-case GUID text of 36 characters.
#[track_caller]
pub(crate) fn assert_guid(text: &str) {
    assert!(
        text.len() == 36 && uuid::Uuid::try_parse(text).is_ok(),
        "not a GUID: {text}"
    );
    assert_eq!(text, text.to_ascii_lowercase());
}

/// The handle with its identifier and its times replaced, each after a check of its form.
#[track_caller]
pub(crate) fn masked(document: &Value) -> Value {
    let mut masked = document.clone();
    assert_guid(text(document, "id"));
    masked["id"] = json!(ID);
    for field in ["createTime", "expiration"] {
        if document.get(field).is_some() {
            time(document, field);
            masked[field] = json!(TIME);
        }
    }
    masked
}

/// The xuids of the members, in the order of their indices.
#[track_caller]
pub(crate) fn member_xuids(session: &Value) -> Vec<String> {
    let members = session["members"]
        .as_object()
        .expect("members is an object");
    let mut found: Vec<(u32, String)> = members
        .iter()
        .map(|(index, member)| {
            let xuid = text(&member["constants"]["system"], "xuid").to_owned();
            (index.parse().expect("a member index"), xuid)
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, xuid)| xuid).collect()
}

/// `follower` puts `target` on their people list.
pub(crate) async fn follow(follower: &Player, target: &Player) {
    let path = format!("/users/me/people/xuid({})", target.xuid);
    follower.request("PUT", &path).send().await.expect(204);
}
