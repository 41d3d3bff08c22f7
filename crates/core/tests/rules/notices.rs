//! What an invited user is told.

use convoke_core::handle::create::{Maker, make};
use convoke_core::handle::{Handle, notice};
use convoke_core::{Caller, Session};
use convoke_wire::notification::InviteInfo;
use convoke_wire::{Sandbox, TitleId, Xuid, json as wire_json};
use jiff::SignedDuration;
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
        sender: InviteInfo::named("Alpha"),
        invite_lifetime: SignedDuration::from_hours(24),
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

fn event(handle: &Handle) -> Value {
    serde_json::to_value(notice::invitation(handle)).expect("JSON")
}

#[test]
fn h40_the_invited_user_is_told_everything_that_clients_require() {
    let session = session(&json!({"inviteProtocol": "party"}));
    let attributes = json!({"titleId": "777", "context": "lvl=3", "contextString": "///join"});
    let rest = json!({"invitedXuid": "1003", "inviteAttributes": attributes});
    let handle = handle(&session, &a(), "invite", &rest);
    assert_eq!(
        event(&handle),
        json!({"service": "mpsd", "inviteHandle": {
            "id": Uuid::from_u128(5), "invitedXuid": "1003", "senderXuid": "1001",
            "inviteProtocol": "party", "expiration": "2026-01-03T03:04:05.0000000Z",
            "sessionRef": session.reference, "inviteAttributes": attributes,
            "inviteInfo": {"sender": "Alpha", "senderModernGamertag": "Alpha",
                "senderModernGamertagSuffix": "", "senderUniqueModernGamertag": "Alpha",
                "senderImageUrl": ""}}})
    );
}

#[test]
fn an_invitation_of_a_service_has_a_sender_too() {
    let session = session(&json!({}));
    let attributes = json!({"titleId": "777", "senderString": "League"});
    let rest = json!({"invitedXuid": "1003", "inviteAttributes": attributes});
    let handle = handle(&session, &server(), "invite", &rest);
    let event = event(&handle);
    let notice = &event["inviteHandle"];
    assert_eq!(notice["senderXuid"], json!("0"));
    assert_eq!(notice["inviteProtocol"], json!("game"));
    assert_eq!(notice["inviteInfo"]["sender"], json!("League"));
}

#[test]
fn other_handles_invite_nobody() {
    let session = session(&json!({}));
    let activity = handle(&session, &a(), "activity", &json!({}));
    assert_eq!(notice::invitation(&activity), None);
    assert_eq!(activity.waits_for(), None);
    assert_eq!(activity.settled(), None);
    assert!(!notice::is_heard_by(
        &activity,
        TitleId(777),
        &[TitleId(777)]
    ));
}

#[test]
fn an_invitation_waits_for_its_user_until_it_is_settled() {
    let session = session(&json!({"inviteProtocol": "game"}));
    let rest = json!({"invitedXuid": "1003", "inviteAttributes": {"titleId": "777"}});
    let handle = handle(&session, &a(), "invite", &rest);
    assert_eq!(handle.waits_for(), Some(Xuid(1003)));
    let told = handle.settled().expect("it was not settled");
    assert_eq!(told.waits_for(), None);
    assert_eq!(told.settled(), None);
    assert_eq!(notice::invitation(&told), notice::invitation(&handle));
}

#[test]
fn nobody_is_told_of_invitations_to_a_session_without_a_protocol() {
    let session = session(&json!({}));
    let rest = json!({"invitedXuid": "1003", "inviteAttributes": {"titleId": "777"}});
    assert_eq!(handle(&session, &a(), "invite", &rest).waits_for(), None);
}

#[test]
fn a_title_hears_of_invitations_to_itself_and_to_its_service_configuration() {
    let session = session(&json!({"inviteProtocol": "game"}));
    let rest = json!({"invitedXuid": "1003", "inviteAttributes": {"titleId": "777"}});
    let handle = handle(&session, &a(), "invite", &rest);
    let family = [TitleId(777), TitleId(778)];
    for (title, family, heard) in [
        (777, &family[..], true),
        (778, &family, true),
        (779, &family, false),
        (777, &[], true),
        (778, &[], false),
    ] {
        let found = notice::is_heard_by(&handle, TitleId(title), family);
        assert_eq!(found, heard, "{title} {family:?}");
    }
}
