//! Documents that travel over real-time activity, exactly as clients read them.

use convoke_wire::handle::InviteAttributes;
use convoke_wire::notification::{
    ActivityInvite, ActivityInviteEvent, ActivitySender, InviteEvent, InviteInfo, InviteNotice,
    NotifyingService,
};
use convoke_wire::people::PeopleEvent;
use convoke_wire::rta::{ConnectionData, ServerFrame, ShoulderTap, TapEvent, TapResource};
use convoke_wire::session::change_type::ChangeType;
use convoke_wire::session::member::{MemberProperties, Subscription};
use convoke_wire::{Field, RawJson, SessionRef, TitleId, Xuid, json};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

const SCID: &str = "11111111-1111-4111-8111-111111111111";
const NCID: &str = "508e6b30-e694-42ad-a396-5ff48612463f";
const BRANCH: &str = "b65ae271-a117-4359-b963-27ff55d3ab92";

#[track_caller]
fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(document: &T, text: &str) {
    assert_eq!(serde_json::to_string(document).expect("JSON"), text);
    assert_eq!(json::read::<T>(text.as_bytes()).as_ref(), Ok(document));
}

fn guid(text: &str) -> Uuid {
    text.parse().expect("a GUID")
}

fn session_ref() -> SessionRef {
    SessionRef {
        scid: SCID.parse().expect("a GUID"),
        template_name: "game".parse().expect("a name"),
        name: "g1".parse().expect("a name"),
    }
}

fn tap() -> ShoulderTap {
    let time: jiff::Timestamp = "2014-10-10T20:32:46.7127383Z".parse().expect("a time");
    ShoulderTap {
        timestamp: time.into(),
        subscription: Some("C35AA3C2-0169-492b-8ae2-0939c7089f38".into()),
        resource_type: TapResource::Session,
        resource: session_ref().resource().into(),
        branch: guid(BRANCH),
        change_number: 2,
    }
}

#[test]
fn h77_the_connection_is_named_as_clients_read_it() {
    let connection_id = guid("b2779ac0-0d5e-4c53-9c8e-3c7a2f1d6b20");
    check(
        &ConnectionData { connection_id },
        r#"{"ConnectionId":"b2779ac0-0d5e-4c53-9c8e-3c7a2f1d6b20"}"#,
    );
}

#[test]
fn h82_a_shoulder_tap_is_an_object_with_ncid_and_taps() {
    let event = TapEvent {
        ncid: guid(NCID),
        shoulder_taps: vec![tap()],
    };
    let text = concat!(
        r#"{"ncid":"508e6b30-e694-42ad-a396-5ff48612463f","shoulderTaps":[{"#,
        r#""timestamp":"2014-10-10T20:32:46.7127383Z","#,
        r#""subscription":"C35AA3C2-0169-492b-8ae2-0939c7089f38","#,
        r#""resourceType":"mpsd/session","#,
        r#""resource":"11111111-1111-4111-8111-111111111111~game~g1","#,
        r#""branch":"b65ae271-a117-4359-b963-27ff55d3ab92","changeNumber":2}]}"#
    );
    check(&event, text);
    let data = RawJson::parse(&serde_json::to_string(&event).expect("JSON")).expect("JSON");
    let frame = ServerFrame::Event {
        subscription: 3,
        data,
    };
    assert_eq!(frame.to_string(), format!("[3,3,{text}]"));
}

#[test]
fn a_tap_without_a_subscription_id_has_no_empty_one() {
    let tap = ShoulderTap {
        subscription: None,
        ..tap()
    };
    let text = serde_json::to_string(&tap).expect("JSON");
    assert!(!text.contains("\"subscription\""), "{text}");
    assert_eq!(json::read(text.as_bytes()), Ok(tap));
}

#[test]
fn h40_an_invitation_has_everything_that_clients_require() {
    let expiration: jiff::Timestamp = "2026-01-03T00:00:00Z".parse().expect("a time");
    let event = InviteEvent {
        service: NotifyingService::SessionDirectory,
        invite_handle: InviteNotice {
            id: guid(NCID),
            invited_xuid: Xuid(1003),
            sender_xuid: Xuid(1001),
            invite_protocol: "game".to_owned(),
            expiration: expiration.into(),
            session_ref: session_ref(),
            invite_attributes: InviteAttributes {
                title_id: TitleId(777),
                context: Some("lvl=3".to_owned()),
                context_string: Some("///join".to_owned()),
                sender_string: None,
            },
            invite_info: InviteInfo::named("Alpha"),
        },
    };
    check(
        &event,
        concat!(
            r#"{"service":"mpsd","inviteHandle":{"#,
            r#""id":"508e6b30-e694-42ad-a396-5ff48612463f","#,
            r#""invitedXuid":"1003","senderXuid":"1001","inviteProtocol":"game","#,
            r#""expiration":"2026-01-03T00:00:00.0000000Z","#,
            r#""sessionRef":{"scid":"11111111-1111-4111-8111-111111111111","templateName":"game","name":"g1"},"#,
            r#""inviteAttributes":{"titleId":"777","context":"lvl=3","contextString":"///join"},"#,
            r#""inviteInfo":{"sender":"Alpha","senderModernGamertag":"Alpha","#,
            r#""senderModernGamertagSuffix":"","senderUniqueModernGamertag":"Alpha","senderImageUrl":""}}}"#
        ),
    );
}

#[test]
fn h99_an_invitation_to_an_activity_names_sender_title_and_end() {
    let expiration: jiff::Timestamp = "2026-01-03T00:00:00Z".parse().expect("a time");
    let mut event = ActivityInviteEvent {
        notification_data: ActivityInvite {
            sender: ActivitySender::named(Xuid(1001), "Alpha"),
            invited_user: Xuid(1003),
            title_name: "Game".to_owned(),
            title_image_url: None,
            connection_string: Some("ip=1".to_owned()),
            expiration_time: expiration.into(),
        },
    };
    let text = concat!(
        r#"{"notificationData":{"sender":{"xuid":"1001","imageUrl":"","gamertag":"Alpha","#,
        r#""modernGamertag":"Alpha","modernGamertagSuffix":"","uniqueModernGamertag":"Alpha"},"#,
        r#""invitedUser":"1003","titleName":"Game","connectionString":"ip=1","#,
        r#""expirationTime":"2026-01-03T00:00:00.0000000Z"}}"#
    );
    check(&event, text);
    event.notification_data.connection_string = None;
    check(&event, &text.replace(r#""connectionString":"ip=1","#, ""));
}

#[test]
fn changes_of_a_people_list_are_told_as_clients_read_them() {
    let xuids = vec![Xuid(1002), Xuid(1003)];
    let rows = [
        (
            PeopleEvent::Added {
                xuids: xuids.clone(),
            },
            "Added",
        ),
        (
            PeopleEvent::Changed {
                xuids: xuids.clone(),
            },
            "Changed",
        ),
        (PeopleEvent::Removed { xuids }, "Removed"),
    ];
    for (event, word) in rows {
        let text = format!(r#"{{"NotificationType":"{word}","Xuids":["1002","1003"]}}"#);
        check(&event, &text);
    }
    check(
        &PeopleEvent::IncomingFriendRequestCountChanged { count: 2 },
        r#"{"NotificationType":"IncomingFriendRequestCountChanged","Count":2}"#,
    );
}

#[test]
fn change_types_are_words_in_any_case_and_others_are_kept_as_written() {
    let words = "everything host initialization matchmakingStatus membersList membersStatus \
                 joinability customProperty membersCustomProperty roles scheduledtime";
    for (word, kind) in words.split_whitespace().zip(ChangeType::ALL) {
        assert_eq!(kind.as_str(), word);
        assert_eq!(ChangeType::parse(&word.to_uppercase()), Some(*kind));
    }
    assert_eq!(words.split_whitespace().count(), ChangeType::ALL.len());
    for word in [
        "tournaments",
        "arbitration",
        "XblMultiplayerJoinability",
        "",
    ] {
        assert_eq!(ChangeType::parse(word), None, "{word}");
    }
    let text = r#"{"subscription":{"changeTypes":["HOST","tournaments"]}}"#;
    let written: MemberProperties = json::read(text.as_bytes()).expect("member properties");
    let kept = Subscription {
        id: None,
        change_types: vec!["HOST".to_owned(), "tournaments".to_owned()],
    };
    assert_eq!(written.subscription, Field::Value(kept));
    assert_eq!(serde_json::to_string(&written).expect("JSON"), text);
}
