//! Documents and steps for the cases.

use std::sync::Arc;

use convoke_core::handle::Handle;
use convoke_core::people::Follow;
use convoke_core::session::{Session, next_timer};
use convoke_wire::{HandleId, Sandbox, SessionKey, SessionRef, Xuid};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::store::SessionState;
use crate::{Commit, HandleOp, PeopleOp, SessionWrite, Version};

const SCID: &str = "6b1ff4f4-7f3a-4ab5-8c4a-08a4d37bb0a1";
/// Timeout of a reservation, in seconds.
const RESERVED: i64 = 30;

/// Some seconds after the beginning of the year 2026.
pub(super) fn at(seconds: i64) -> Timestamp {
    "2026-01-01T00:00:00Z"
        .parse::<Timestamp>()
        .expect("a time")
        .checked_add(SignedDuration::from_secs(seconds))
        .expect("a time within the calendar")
}

/// A sandbox, in the given spelling.
pub(super) fn sandbox(text: &str) -> Sandbox {
    text.parse().expect("a sandbox")
}

/// The identity of a session, in the given spelling.
pub(super) fn reference(name: &str) -> SessionRef {
    SessionRef {
        scid: SCID.parse().expect("a GUID"),
        template_name: "lobby".parse().expect("a template name"),
        name: name.parse().expect("a session name"),
    }
}

/// A key in the sandbox `RETAIL`.
pub(super) fn key(name: &str) -> SessionKey {
    key_in("RETAIL", name)
}

/// A key in the given sandbox.
pub(super) fn key_in(within: &str, name: &str) -> SessionKey {
    SessionKey {
        sandbox: sandbox(within),
        reference: reference(name),
    }
}

/// What a case wants to be true of a session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sketch<'a> {
    pub(super) name: &'a str,
    pub(super) branch: u128,
    pub(super) number: u64,
    pub(super) members: &'a [u64],
    pub(super) keywords: &'a [&'a str],
    /// When the reservation of user 99 ends.
    pub(super) due: Option<i64>,
    /// JSON.
    pub(super) custom: &'a str,
}

/// A session in its first state, without members.
pub(super) fn sketch(name: &str) -> Sketch<'_> {
    Sketch {
        name,
        branch: 1,
        number: 1,
        members: &[],
        keywords: &[],
        due: None,
        custom: "{}",
    }
}

impl Sketch<'_> {
    /// The document.
    pub(super) fn session(&self) -> Arc<Session> {
        let member = |xuid: u64, state: &str, since: i64| json!({"xuid": xuid.to_string(), "join_time": at(since), "state": state, "state_since": at(since)});
        let mut members: Vec<_> = self
            .members
            .iter()
            .map(|xuid| member(*xuid, "active", 0))
            .collect();
        members.extend(self.due.map(|due| member(99, "reserved", due - RESERVED)));
        let members: serde_json::Map<_, _> = (0..)
            .zip(members)
            .map(|(index, member): (u32, _)| (index.to_string(), member))
            .collect();
        let text = json!({
            "reference": reference(self.name),
            "branch": uuid::Uuid::from_u128(self.branch),
            "change_number": self.number,
            "start_time": at(0),
            "constants": {"reserved_removal_timeout": RESERVED * 1000},
            "properties": {"keywords": self.keywords, "custom": "CUSTOM"},
            "next_index": members.len(),
            "members": members,
        });
        // As text, because white space and digits have to survive.
        let text = text.to_string().replace("\"CUSTOM\"", self.custom);
        Arc::new(serde_json::from_str(&text).expect("a session document"))
    }

    /// The document and all that belongs to it.
    pub(super) fn state(&self) -> SessionState {
        let session = self.session();
        SessionState {
            next_timer: next_timer(&session),
            session,
        }
    }

    /// The version it has.
    pub(super) fn version(&self) -> Version {
        Version {
            branch: uuid::Uuid::from_u128(self.branch),
            change_number: self.number,
        }
    }

    /// The step that writes it in `RETAIL`.
    pub(super) fn write(&self, expected: Option<Version>) -> Commit {
        write_at(key(self.name), expected, Some(self))
    }
}

/// A step that writes one session.
pub(super) fn write_at(
    key: SessionKey,
    expected: Option<Version>,
    next: Option<&Sketch<'_>>,
) -> Commit {
    let write = SessionWrite {
        key,
        expected,
        before: None,
        next: next.map(Sketch::state),
    };
    Commit {
        sessions: vec![write],
        ..Commit::default()
    }
}

/// A step that changes handles.
pub(super) fn handles(operations: Vec<HandleOp>) -> Commit {
    Commit {
        handles: operations,
        ..Commit::default()
    }
}

/// A step that puts one handle.
pub(super) fn put(handle: &Arc<Handle>) -> Commit {
    handles(vec![HandleOp::Put(Arc::clone(handle))])
}

/// A step that changes people.
pub(super) fn people(operations: Vec<PeopleOp>) -> Commit {
    Commit {
        people: operations,
        ..Commit::default()
    }
}

/// The id of a handle.
pub(super) fn id(number: u128) -> HandleId {
    HandleId::from_u128(number)
}

/// A handle on a session in `RETAIL`; `body` is the JSON of its type.
pub(super) fn handle(number: u128, name: &str, body: &serde_json::Value) -> Arc<Handle> {
    let handle = json!({
        "id": id(number),
        "sandbox": "RETAIL",
        "session": reference(name),
        "created": at(0),
        "creator": "1",
        "body": body,
    });
    Arc::new(serde_json::from_value(handle).expect("a handle"))
}

/// An activity handle.
pub(super) fn activity(number: u128, name: &str, owner: u64, title: u32) -> Arc<Handle> {
    let body =
        json!({"type": "activity", "owner": owner.to_string(), "title_id": title.to_string()});
    handle(number, name, &body)
}

/// A search handle.
pub(super) fn search(number: u128, name: &str) -> Arc<Handle> {
    let body = json!({"type": "search", "attributes": {"tags": ["Micro"]}});
    handle(number, name, &body)
}

/// An invite handle.
pub(super) fn invite(number: u128, name: &str, expires: Option<i64>) -> Arc<Handle> {
    let body =
        json!({"type": "invite", "invited": "2", "attributes": {"titleId": "7"}, "settled": false});
    let mut handle = Handle::clone(&handle(number, name, &body));
    handle.expires = expires.map(at);
    Arc::new(handle)
}

/// An edge of the people graph.
pub(super) fn edge(owner: u64, target: u64, favorite: bool, added: i64) -> Follow {
    Follow {
        owner: Xuid(owner),
        target: Xuid(target),
        favorite,
        added_at: at(added),
    }
}
