//! Answers leave out what is absent: clients fail on a `null` where they expect a value.

use convoke_wire::handle::Handle;
use convoke_wire::session::member::Member;
use convoke_wire::session::{Bags, MembersInfo, Session};
use convoke_wire::template::SessionTemplate;
use convoke_wire::time::WireTime;
use convoke_wire::{Field, RawJson, json};
use indexmap::IndexMap;
use serde_json::{Value, json};
use uuid::Uuid;

fn epoch() -> WireTime {
    WireTime("2026-01-02T03:04:05.5Z".parse().expect("a time"))
}

/// A session with nothing in it that may be absent.
fn bare() -> Session {
    Session {
        members_info: MembersInfo::default(),
        constants: empty(),
        role_types: None,
        properties: empty(),
        servers: IndexMap::new(),
        members: IndexMap::new(),
        initializing: None,
        host_candidates: None,
        correlation_id: Uuid::nil(),
        contract_version: 107,
        branch: Uuid::nil(),
        change_number: 1,
        start_time: epoch(),
        next_timer: None,
        search_handle: None,
        arbitration: None,
    }
}

fn empty<S: Default>() -> Bags<S> {
    Bags {
        system: Field::Value(S::default()),
        custom: Field::Value(RawJson::empty_object()),
    }
}

#[test]
fn a_bare_session_shows_what_clients_read_always_and_nothing_else() {
    let shown = serde_json::to_value(bare()).expect("JSON");
    assert_eq!(
        shown,
        json!({
            "membersInfo": {"first": 0, "next": 0, "count": 0, "accepted": 0, "active": 0},
            "constants": {"system": {}, "custom": {}},
            "properties": {"system": {}, "custom": {}},
            "servers": {},
            "members": {},
            "correlationId": "00000000-0000-0000-0000-000000000000",
            "contractVersion": 107,
            "branch": "00000000-0000-0000-0000-000000000000",
            "changeNumber": 1,
            "startTime": "2026-01-02T03:04:05.5000000Z",
        })
    );
}

#[test]
fn a_bare_member_shows_its_bags_and_no_more() {
    let member = Member {
        next: 1,
        join_time: epoch(),
        constants: empty(),
        properties: empty(),
        gamertag: None,
        device_token: None,
        reserved: false,
        active_title_id: None,
        turn: false,
        roles: None,
        initialization_failure: None,
        failed_metric: None,
        initialization_episode: None,
        arbitration_status: None,
    };
    assert_eq!(
        serde_json::to_value(&member).expect("JSON"),
        json!({
            "next": 1,
            "joinTime": "2026-01-02T03:04:05.5000000Z",
            "constants": {"system": {}, "custom": {}},
            "properties": {"system": {}, "custom": {}},
        })
    );
    let marked = Member {
        reserved: true,
        turn: true,
        ..member
    };
    let shown = serde_json::to_value(&marked).expect("JSON");
    assert_eq!(
        (&shown["reserved"], &shown["turn"]),
        (&json!(true), &json!(true))
    );
}

#[test]
fn a_template_is_shown_as_it_was_written() {
    let text = r#"{"contractVersion":107,"constants":{"system":{"maxMembersCount":4,"inviteProtocol":null},"custom":{"a":null}}}"#;
    let template: SessionTemplate = json::read(text.as_bytes()).expect("a template");
    assert_eq!(serde_json::to_string(&template).expect("JSON"), text);
}

#[test]
fn a_handle_shows_only_the_fields_of_its_kind() {
    let body = json!({
        "id": "00000000-0000-0000-0000-000000000007", "type": "activity", "version": 1,
        "sessionRef": {"scid": "11111111-2222-3333-4444-555555555555", "templateName": "open", "name": "S"},
        "createTime": "2026-01-02T03:04:05.0000000Z", "titleId": "123", "ownerXuid": "18446744073709551615",
    });
    let handle: Handle = json::read(body.to_string().as_bytes()).expect("a handle");
    assert_eq!(serde_json::to_value(&handle).expect("JSON"), body);
}

#[test]
fn an_answer_reads_back_as_it_was_written() {
    let mut session = bare();
    session.properties.custom =
        Field::Value(RawJson::parse(r#"{"n":18446744073709551616}"#).expect("JSON"));
    session.next_timer = Some(epoch());
    let text = serde_json::to_string(&session).expect("JSON");
    let read: Session = json::read(text.as_bytes()).expect("a session");
    assert_eq!(read, session);
    assert_eq!(serde_json::to_string(&read).expect("JSON"), text);
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["nextTimer"], json!("2026-01-02T03:04:05.5000000Z"));
}
