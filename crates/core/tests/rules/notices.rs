//! What an invited user is told.

use convoke_core::handle::create::{Maker, make};
use convoke_core::handle::{Handle, notice};
use convoke_core::{Caller, Session};
use convoke_wire::{Sandbox, TitleId, json as wire_json};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{World, a, playing, reference, server, start};

fn handle(session: &Session, caller: &Caller, kind: &str, rest: &Value) -> Handle {
    let mut body = json!({"type": kind, "version": 1, "sessionRef": session.reference});
    for (name, value) in rest.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let request = wire_json::read(body.to_string().as_bytes()).expect("a request");
    let maker = Maker {
        caller,
        sandbox: &Sandbox::default(),
        session_ref: reference("s"),
        session: Some(session),
        default_title: TitleId(777),
        id: Uuid::from_u128(5),
        now: start(),
    };
    make(&request, &maker).expect("a handle")
}

fn session(system: &Value) -> Session {
    let mut world = World::new(system);
    world.ok(&a(), &playing());
    world.session.expect("a session")
}

fn event(handle: &Handle, gamertag: Option<&str>) -> Value {
    serde_json::to_value(notice::invitation(handle, gamertag)).expect("JSON")
}

#[test]
fn h40_the_invited_user_is_told_everything_that_clients_require() {
    let session = session(&json!({"inviteProtocol": "party"}));
    let attributes = json!({"titleId": "777", "context": "lvl=3", "contextString": "///join"});
    let rest = json!({"invitedXuid": "1003", "inviteAttributes": attributes});
    let handle = handle(&session, &a(), "invite", &rest);
    assert_eq!(
        event(&handle, Some("Alpha")),
        json!({"service": "mpsd", "inviteHandle": {
            "id": Uuid::from_u128(5), "invitedXuid": "1003", "senderXuid": "1001",
            "inviteProtocol": "party", "expiration": "2026-01-03T03:04:05.0000000Z",
            "sessionRef": session.reference, "inviteAttributes": attributes,
            "inviteInfo": {"sender": "Alpha", "senderModernGamertag": "Alpha",
                "senderModernGamertagSuffix": "", "senderUniqueModernGamertag": "Alpha",
                "senderImageUrl": ""}}})
    );
    let unnamed = event(&handle, None);
    assert_eq!(unnamed["inviteHandle"]["inviteInfo"]["sender"], json!(""));
}

#[test]
fn an_invitation_of_a_service_has_a_sender_too() {
    let session = session(&json!({}));
    let attributes = json!({"titleId": "777", "senderString": "League"});
    let rest = json!({"invitedXuid": "1003", "inviteAttributes": attributes});
    let handle = handle(&session, &server(), "invite", &rest);
    let event = event(&handle, Some("Alpha"));
    let notice = &event["inviteHandle"];
    assert_eq!(notice["senderXuid"], json!("0"));
    assert_eq!(notice["inviteProtocol"], json!("game"));
    assert_eq!(notice["inviteInfo"]["sender"], json!("League"));
}

#[test]
fn other_handles_invite_nobody() {
    let session = session(&json!({}));
    let activity = handle(&session, &a(), "activity", &json!({}));
    assert_eq!(notice::invitation(&activity, Some("Alpha")), None);
}
