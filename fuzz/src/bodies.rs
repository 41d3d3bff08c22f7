//! Bodies of requests, read and then acted upon by the rules.

use convoke_core::contract::{SessionChange, read, render};
use convoke_core::handle::Handle;
use convoke_core::handle::create::{self, Maker};
use convoke_core::handle::query::{self, Asking, Owners};
use convoke_core::handle::search_query::SearchQuery;
use convoke_core::limits::{MAX_DOCUMENT_BYTES, MAX_QUERY};
use convoke_core::session::apply::Target;
use convoke_core::session::{Disposition, Facts, Outcome, Session, apply, settle};
use convoke_core::template::Template;
use convoke_core::{Caller, Entropy, Refusal, Rule, User};
use convoke_wire::handle::{HandleQuery, HandleRequest};
use convoke_wire::notification::InviteInfo;
use convoke_wire::session::SessionRequest;
use convoke_wire::{ContractVersion, RawJson, Sandbox, SessionRef, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::refusals;

/// The body of a session PUT: what is read means the same when it is written and read again, and
/// whatever it asks for leaves a session that can be stored and shown.
pub fn session_body(bytes: &[u8]) {
    let change = match read::session_change(bytes) {
        Ok(change) => change,
        Err(refusal) => return refusals::check(&refusal, bytes),
    };
    let request: SessionRequest = read::document(bytes).expect("it was read just now");
    let written = serde_json::to_vec(&request).expect("requests are plain JSON");
    let again = read::session_change(&written);
    assert_eq!(
        again.as_ref(),
        Ok(&change),
        "written as {}",
        String::from_utf8_lossy(&written)
    );
    let template = template();
    for caller in [user(1001), server()] {
        let Some(created) = write(&template, None, &change, &caller) else {
            continue;
        };
        for next in [user(1001), user(1002), server()] {
            write(&template, Some(&created), &change, &next);
        }
    }
}

/// One write with all that follows from it; the session afterwards.
fn write(
    template: &Template,
    before: Option<&Session>,
    change: &SessionChange,
    caller: &Caller,
) -> Option<Session> {
    let reference = reference();
    let target = before.map_or(Target::Missing(&reference), Target::Existing);
    let entropy = Entropy {
        branch: Uuid::nil(),
    };
    let outcome = apply(
        target,
        template,
        change,
        caller,
        Facts::default(),
        now(),
        entropy,
    );
    let Outcome {
        disposition,
        session,
        encounters: _,
    } = match outcome {
        Ok(outcome) => outcome,
        Err(refusal) => {
            assert!(
                !refusal.detail.is_empty(),
                "{:?} without words",
                refusal.rule
            );
            return None;
        }
    };
    let session = session?;
    let number = before.map_or(0, |before| before.change_number);
    match disposition {
        Disposition::Created => assert_eq!((number, session.change_number), (0, 1)),
        Disposition::Updated => assert_eq!(session.change_number, number + 1),
        Disposition::Unchanged => assert_eq!(Some(&session), before),
        Disposition::Deleted | Disposition::NothingCreated => panic!("{disposition:?} leaves one"),
    }
    check_session(&session);
    Some(session)
}

/// A session survives its store, shows itself under every contract, and lets time pass.
fn check_session(session: &Session) {
    let stored = serde_json::to_string(session).expect("sessions are plain JSON");
    assert!(
        stored.len() < 2 * MAX_DOCUMENT_BYTES,
        "{} bytes",
        stored.len()
    );
    let loaded: Session = serde_json::from_str(&stored).expect("what was stored");
    assert_eq!(&loaded, session, "{stored}");
    let versions = [
        ContractVersion::V104,
        ContractVersion::V105,
        ContractVersion::V107,
    ];
    for version in versions {
        let shown = render::session(session, Some(Xuid(1001)), version);
        let text = serde_json::to_vec(&shown).expect("documents are plain JSON");
        let document: Value = convoke_wire::json::read(&text).expect("documents read as bodies do");
        assert!(!has_null(&document), "{document}");
    }
    let later = now() + SignedDuration::from_hours(24 * 365);
    settle(session, later);
}

/// Whether anything outside of a title's own bags is `null`.
fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, inner)| key != "custom" && has_null(inner)),
        _ => false,
    }
}

/// The body of `POST /handles`: what is made can be stored and shown.
pub fn handle_body(bytes: &[u8]) {
    let request: HandleRequest = match read::document(bytes) {
        Ok(request) => request,
        Err(refusal) => return refusals::check(&refusal, bytes),
    };
    let written = serde_json::to_vec(&request).expect("requests are plain JSON");
    assert_eq!(read::document(&written).as_ref(), Ok(&request));
    let join = br#"{"members":{"me":{"properties":{"system":{"active":true}}}}}"#;
    let join = read::session_change(join).expect("a valid body");
    let session = write(&template(), None, &join, &user(1001)).expect("a valid write");
    for caller in [user(1001), user(1002), server(), Caller::default()] {
        for session in [None, Some(&session)] {
            let maker = Maker {
                caller: &caller,
                sandbox: &Sandbox::default(),
                session_ref: reference(),
                session,
                default_title: TitleId(0),
                sender: InviteInfo::default(),
                invite_lifetime: SignedDuration::from_hours(24),
                id: Uuid::nil(),
                now: now(),
            };
            match create::make(&request, &maker) {
                Ok(handle) => check_handle(&handle),
                Err(Refusal { detail, rule, .. }) => assert!(!detail.is_empty(), "{rule:?}"),
            }
        }
    }
}

fn check_handle(handle: &Handle) {
    let stored = serde_json::to_string(handle).expect("handles are plain JSON");
    let loaded: Handle = serde_json::from_str(&stored).expect("what was stored");
    assert_eq!(&loaded, handle, "{stored}");
    let shown = query::document(handle, RawJson::empty_object());
    let shown = serde_json::to_value(shown).expect("documents are plain JSON");
    assert!(!has_null(&shown), "{shown}");
    assert!(!handle.unique_keys().iter().any(String::is_empty));
}

/// The body of `POST /handles/query`: nobody is asked for twice, and not too many.
pub fn handle_query(bytes: &[u8]) {
    let wanted: HandleQuery = match read::document(bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusals::check(&refusal, bytes),
    };
    for caller in [user(1001), server()] {
        let own: Vec<Xuid> = caller.xuid().into_iter().collect();
        let asking = Asking {
            caller: &caller,
            own: &own,
            reads_people: caller.server,
        };
        let check = |owners: &Owners| match owners {
            Owners::Users(users) => {
                assert!(users.len() <= MAX_QUERY, "{} users", users.len());
                let mut each = users.clone();
                each.sort_unstable();
                each.dedup();
                assert_eq!(each.len(), users.len());
            }
            Owners::People { of, .. } => assert!(caller.server || own.contains(of)),
        };
        match asking.owners(&wanted, None) {
            Ok(owners) => check(&owners),
            Err(refusal) => refusals::check(&refusal, bytes),
        }
        match SearchQuery::read(&wanted, &asking) {
            Ok(query) => [query.members, query.owners]
                .iter()
                .flatten()
                .for_each(check),
            Err(refusal) => refusals::check(&refusal, bytes),
        }
    }
    match query::take(Rule::BadQuery, wanted.take, None) {
        Ok(take) => assert!(take <= MAX_QUERY, "{take}"),
        Err(refusal) => refusals::check(&refusal, bytes),
    }
}

fn template() -> Template {
    let text = br#"{"constants":{"system":{}}}"#;
    Template::new(read::document(text).expect("a document")).expect("a valid template")
}

fn reference() -> SessionRef {
    SessionRef {
        scid: "11111111-2222-3333-4444-555555555555"
            .parse()
            .expect("a GUID"),
        template_name: "open".parse().expect("a name"),
        name: "s".parse().expect("a name"),
    }
}

fn user(xuid: u64) -> Caller {
    Caller {
        user: Some(User {
            xuid: Xuid(xuid),
            gamertag: Some("Player".to_owned()),
            multiplayer: true,
            banned: false,
        }),
        server: false,
        title_id: Some(TitleId(123)),
        device_id: Some(format!("device-{xuid}")),
        title_unproven: false,
    }
}

fn server() -> Caller {
    Caller {
        server: true,
        ..Caller::default()
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).expect("a time in range")
}
