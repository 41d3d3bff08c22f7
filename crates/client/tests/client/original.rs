//! A server that knows only the original contract: no rule in a header, documents with fields that
//! are new, texts for errors.

use convoke_client::wire::handle::InviteAttributes;
use convoke_client::wire::{Scid, TitleId, Xuid};
use convoke_client::{Change, Join, UserState, WriteMode, Written};
use reqwest::StatusCode;
use uuid::Uuid;

use crate::script::{Said, Script, said};
use crate::service::{SCID, named};

/// As seen live, with a field in each place that this client has never heard of.
const SESSION: &str = r#"{"membersInfo":{"first":0,"next":2,"count":1,"accepted":1,"active":1},
"constants":{"system":{"readyRemovalTimeout":240000,"reservedRemovalTimeout":240000,"sessionEmptyTimeout":0,
"inactiveRemovalTimeout":300000,"version":1,"maxMembersCount":30,"visibility":"open","capabilities":{"connectivity":true,
"connectionRequiredForActiveMembers":true,"gameplay":true,"crossPlay":true,"userAuthorizationStyle":true},
"inviteProtocol":"game","memberInitialization":{"membersNeededToStart":1},"newConstant":1},"custom":{}},
"properties":{"system":{"joinRestriction":"followed","readRestriction":"followed","turn":[],"newProperty":{}},
"custom":{"WebRTCNetworkId":18446744073709551557,"d":1.10}},
"members":{"0":{"next":2,"gamertag":"Alpha","activeTitleId":"896928775","joinTime":"2026-05-23T11:56:49.9003854Z","newField":[],
"constants":{"system":{"xuid":"2533274790395904","index":0,"initialize":true},"custom":{}},
"properties":{"system":{"active":true,"connection":"b2779ac0-0d5e-4c53-9c8e-3c7a2f1d6b20","newState":1,
"subscription":{"id":"845CC784-7348-4A27-BCDE-C083579DD113","changeTypes":["everything","somethingNew"]}},"custom":{}}}},
"servers":{},"initializing":null,"correlationId":"6f3c3b9e-0000-4000-8000-000000000001","contractVersion":107,
"branch":"2D7F3C3B-9E00-4000-8000-000000000002","changeNumber":577,"startTime":"2026-05-23T11:56:49.9003854Z"}"#;
const SEEN: Xuid = Xuid(2_533_274_790_395_904);

fn with_tag(status: u16, body: &str) -> Said {
    (
        status,
        vec![("etag", "\"AUQ3N0=\"".to_owned())],
        body.to_owned(),
    )
}

#[tokio::test]
async fn a_session_is_read_with_all_that_is_new_in_it() {
    let script = Script::of(vec![with_tag(200, SESSION)]).await;
    let read = script.client().session(named("open/x")).get().await;
    let read = read.expect("readable").expect("there");
    assert_eq!(read.change_number(), 577);
    assert!(read.is_active(SEEN));
    let id = read.property("WebRTCNetworkId").expect("there");
    assert_eq!(id.text(), "18446744073709551557");
    let constants = read.constants().expect("readable").system.into_value();
    let constants = constants.expect("there");
    assert_eq!(constants.max_members_count.value(), Some(&30));
    let asked = script.asked();
    assert_eq!(asked[0].header("x-xbl-contract-version"), Some("107"));
    assert_eq!(
        asked[0].target,
        format!("/serviceconfigs/{SCID}/sessiontemplates/open/sessions/x")
    );
}

#[tokio::test]
async fn tags_are_sent_back_as_they_came() {
    let newer = SESSION.replace("577", "578");
    let script = Script::of(vec![
        with_tag(200, SESSION),
        (412, vec![("etag", "\"other\"".to_owned())], newer),
        with_tag(200, SESSION),
    ])
    .await;
    let mut seen = Vec::new();
    let session = script.client().session(named("open/x"));
    let written = session.update(|now| {
        seen.push(now.change_number());
        Some(Change::new().property("a", &1))
    });
    assert!(matches!(written.await, Ok(Written::Updated(_))));
    assert_eq!(seen, [577, 578]);
    let asked = script.asked();
    let conditions: Vec<_> = asked.iter().map(|it| it.header("if-match")).collect();
    assert_eq!(conditions, [None, Some("\"AUQ3N0=\""), Some("\"other\"")]);
    assert_eq!(asked[1].body, r#"{"properties":{"custom":{"a":1}}}"#);
}

#[tokio::test]
async fn a_conflict_without_a_session_is_read_again() {
    let script = Script::of(vec![
        with_tag(200, SESSION),
        said(412, ""),
        with_tag(200, SESSION),
        with_tag(200, SESSION),
    ])
    .await;
    let session = script.client().session(named("open/x"));
    let written = session
        .update(|_| Some(Change::new().property("a", &1)))
        .await;
    // The tag is that of the state before, so nothing has changed.
    assert!(matches!(written, Ok(Written::Same(_))), "{written:?}");
    let methods: Vec<_> = script
        .asked()
        .iter()
        .map(|it| it.method.to_string())
        .collect();
    assert_eq!(methods, ["GET", "PUT", "GET", "PUT"]);
}

#[tokio::test]
async fn refusals_have_their_text_and_no_rule() {
    let text = "The requested session cannot be accessed.";
    let script = Script::of(vec![said(403, text)]).await;
    let refused = script
        .client()
        .session(named("open/x"))
        .get()
        .await
        .expect_err("refused");
    assert_eq!(
        refused.to_string(),
        format!("refused: 403 Forbidden: {text}")
    );
    let refusal = refused.refusal().expect("a refusal");
    assert_eq!((refusal.code(), refusal.session.is_none()), (None, true));
}

#[tokio::test]
async fn the_session_of_a_handle_is_named_by_a_path_or_a_url() {
    let path = format!("/serviceconfigs/{SCID}/sessionTemplates/open/sessions/x");
    for location in [
        path.clone(),
        format!("https://sessiondirectory.xboxlive.com{path}"),
    ] {
        let answer = (
            200,
            vec![("content-location", location)],
            SESSION.to_owned(),
        );
        let script = Script::of(vec![answer]).await;
        let joined = script
            .client()
            .handles()
            .join(Uuid::from_u128(1), Join::default())
            .await;
        assert_eq!(joined.expect("joined").0, named("open/x"));
        let asked = &script.asked()[0];
        assert_eq!(
            asked.target,
            format!("/handles/{}/session", Uuid::from_u128(1))
        );
        assert_eq!(asked.header("if-match"), Some("*"));
    }
    let script = Script::of(vec![said(200, SESSION)]).await;
    let lost = script
        .client()
        .handles()
        .join(Uuid::from_u128(1), Join::default())
        .await;
    assert!(
        lost.expect_err("nowhere")
            .to_string()
            .contains("Content-Location")
    );
}

#[tokio::test]
async fn a_handle_may_lack_what_this_service_always_has() {
    let handle = format!(
        r#"{{"id":"0F3C3B9E-0000-4000-8000-000000000001","type":"invite","version":1,"sessionRef":{{"scid":"{SCID}","templateName":"open","name":"x"}},
        "invitedXuid":"1002","inviteAttributes":{{"titleId":"896928775"}},"gameTypes":{{}},"expiration":"2026-05-24T11:56:49.9003854Z","inviteProtocol":"game"}}"#
    );
    let script = Script::of(vec![said(201, &handle)]).await;
    let attributes = InviteAttributes {
        title_id: TitleId(896_928_775),
        context: None,
        context_string: None,
        sender_string: None,
    };
    let made = script
        .client()
        .handles()
        .create_invite(&named("open/x"), Xuid(1002), attributes)
        .await;
    let made = made.expect("readable");
    assert_eq!((made.create_time, made.sender_xuid), (None, None));
    assert_eq!(
        script.asked()[0].body,
        format!(
            r#"{{"type":"invite","version":1,"sessionRef":{{"scid":"{SCID}","templateName":"open","name":"x"}},"invitedXuid":"1002","inviteAttributes":{{"titleId":"896928775"}}}}"#
        )
    );
}

#[tokio::test]
async fn sessions_of_users_are_listed() {
    let listed = format!(
        r#"{{"results":[{{"xuid":"1001","startTime":"2026-05-23T11:56:49.9003854Z","sessionRef":{{"scid":"{SCID}","templateName":"open","name":"x"}},
        "accepted":2,"status":"active","visibility":"full","joinRestriction":"followed","myTurn":true,"keywords":["a"]}},
        {{"sessionRef":{{"scid":"{SCID}","templateName":"open","name":"y"}},"status":"dreaming"}}]}}"#
    );
    let script = Script::of(vec![said(200, &listed), said(400, "no filter")]).await;
    let (client, scid) = (script.client(), SCID.parse::<Scid>().expect("a GUID"));
    let found = client
        .sessions(scid.clone())
        .user(Xuid(1001))
        .user(Xuid(1002))
        .send()
        .await;
    let found = found.expect("readable");
    assert_eq!(found[0].session_ref, named("open/x"));
    assert_eq!(
        (found[0].status, found[0].my_turn),
        (Some(UserState::Active), true)
    );
    assert_eq!(
        (found[1].status, found[1].accepted),
        (Some(UserState::Other), None)
    );
    let refused = client.sessions(scid).send().await.expect_err("no filter");
    assert_eq!(refused.status(), Some(StatusCode::BAD_REQUEST));
    let asked = script.asked();
    assert_eq!(asked[0].body, r#"{"xuids":["1001","1002"]}"#);
}

#[tokio::test]
async fn what_is_no_session_is_an_error_that_names_the_place() {
    let script = Script::of(vec![said(200, "<html>"), said(200, r#"{"membersInfo":7}"#)]).await;
    let session = script.client().session(named("open/x"));
    for place in [
        "unreadable session: body",
        "unreadable session: membersInfo",
    ] {
        let error = session.get().await.expect_err("no session").to_string();
        assert!(error.starts_with(place), "{error}");
    }
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn creating_is_a_write_that_finds_nothing() {
    let script = Script::of(vec![with_tag(201, SESSION)]).await;
    let session = script.client().session(named("open/x"));
    let written = session
        .write(WriteMode::CreateNew, Change::new().active(true))
        .await;
    assert!(matches!(written, Ok(Written::Created(_))), "{written:?}");
    let asked = &script.asked()[0];
    assert_eq!(asked.header("if-none-match"), Some("*"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
}
