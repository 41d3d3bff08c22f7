//! A world of one session: callers write to it, time passes, and documents come out.

use convoke_core::contract::{read, render};
use convoke_core::handle::Grant;
use convoke_core::refusal::Rule;
use convoke_core::session::apply::Target;
use convoke_core::session::{Disposition, Facts, Member, Outcome, Settled, apply, settle};
use convoke_core::template::Template;
use convoke_core::{Caller, Entropy, Refusal, Session, User};
use convoke_wire::{ContractVersion, SessionRef, TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

/// A player: gamertag, title and device are their own.
pub(crate) fn user(xuid: u64) -> Caller {
    Caller {
        user: Some(User {
            xuid: Xuid(xuid),
            gamertag: Some(format!("Player{xuid}")),
            multiplayer: true,
            banned: false,
        }),
        server: false,
        title_id: Some(TitleId(123)),
        device_id: Some(format!("device-{xuid}")),
        title_unproven: false,
    }
}

/// The first player of every scenario.
pub(crate) fn a() -> Caller {
    user(1001)
}

/// The second.
pub(crate) fn b() -> Caller {
    user(1002)
}

/// The third.
pub(crate) fn c() -> Caller {
    user(1003)
}

/// A server acting as itself.
pub(crate) fn server() -> Caller {
    Caller {
        server: true,
        ..Caller::default()
    }
}

/// When every scenario begins.
pub(crate) fn start() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().expect("a time")
}

/// A template of contract 107 with these system constants.
pub(crate) fn template(system: &Value) -> Result<Template, Refusal> {
    template_document(&json!({"constants": {"system": system}}))
}

/// A template as its whole document.
pub(crate) fn template_document(document: &Value) -> Result<Template, Refusal> {
    Template::new(read::document(document.to_string().as_bytes())?)
}

/// One session's reference, by name.
pub(crate) fn reference(name: &str) -> SessionRef {
    SessionRef {
        scid: "11111111-2222-3333-4444-555555555555"
            .parse()
            .expect("scid"),
        template_name: "open".parse().expect("template name"),
        name: name.parse().expect("session name"),
    }
}

/// One session in one world.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) template: Template,
    pub(crate) reference: SessionRef,
    pub(crate) now: Timestamp,
    pub(crate) facts: Facts,
    pub(crate) session: Option<Session>,
    branches: u128,
}

impl World {
    /// A world without a session yet, whose template has these system constants.
    pub(crate) fn new(system: &Value) -> Self {
        Self::of(template(system).expect("a valid template"))
    }

    /// A world without a session yet, whose template is this whole document.
    pub(crate) fn with_template(document: &Value) -> Self {
        Self::of(template_document(document).expect("a valid template"))
    }

    fn of(template: Template) -> Self {
        Self {
            template,
            reference: reference("s"),
            now: start(),
            facts: Facts::default(),
            session: None,
            branches: 0,
        }
    }

    /// Lets time pass; nothing is evaluated by that alone.
    pub(crate) fn wait_ms(&mut self, ms: i64) {
        self.now += SignedDuration::from_millis(ms);
    }

    /// The next writes come through a handle, or with other facts.
    pub(crate) fn through(&mut self, handle: Option<Grant>) -> &mut Self {
        self.facts.handle = handle;
        self
    }

    /// One evaluation of the timers, as before every access.
    pub(crate) fn evaluate(&mut self) {
        let Some(session) = &self.session else { return };
        match settle(session, self.now) {
            Settled::Unchanged => {}
            Settled::Changed(settled) => {
                assert_eq!(settled.change_number, session.change_number + 1);
                self.session = Some(settled);
            }
            Settled::Deleted => self.session = None,
        }
    }

    /// One write, timers first; what is refused changes nothing.
    pub(crate) fn put(&mut self, caller: &Caller, body: &Value) -> Result<Outcome, Refusal> {
        self.put_text(caller, &body.to_string())
    }

    /// One write whose exact text matters.
    pub(crate) fn put_text(&mut self, caller: &Caller, body: &str) -> Result<Outcome, Refusal> {
        self.evaluate();
        self.put_settled(caller, body)
    }

    /// One write to the state as it is, timers aside.
    pub(crate) fn put_settled(&mut self, caller: &Caller, body: &str) -> Result<Outcome, Refusal> {
        let change = read::session_change(body.as_bytes())?;
        self.branches += 1;
        let target = match &self.session {
            Some(session) => Target::Existing(session),
            None => Target::Missing(&self.reference),
        };
        let outcome = apply(
            target,
            &self.template,
            &change,
            caller,
            self.facts,
            self.now,
            Entropy {
                branch: Uuid::from_u128(self.branches),
            },
        )?;
        self.session.clone_from(&outcome.session);
        Ok(outcome)
    }

    /// A write that succeeds, and the document afterwards.
    #[track_caller]
    pub(crate) fn ok(&mut self, caller: &Caller, body: &Value) -> Value {
        match self.put(caller, body) {
            Ok(_) => self.document(),
            Err(refusal) => panic!("{body} was refused: {refusal}"),
        }
    }

    /// A write that succeeds in a certain way.
    #[track_caller]
    pub(crate) fn becomes(&mut self, caller: &Caller, body: &Value, expected: Disposition) {
        match self.put(caller, body) {
            Ok(outcome) => assert_eq!(outcome.disposition, expected, "{body}"),
            Err(refusal) => panic!("{body} was refused: {refusal}"),
        }
    }

    /// A write that is refused by a rule, at a place; the session stays as it was.
    #[track_caller]
    pub(crate) fn refused(&mut self, caller: &Caller, body: &Value, rule: Rule, path: &str) {
        self.evaluate();
        let before = self.session.clone();
        match self.put_settled(caller, &body.to_string()) {
            Ok(outcome) => panic!("{body} was taken: {:?}", outcome.disposition),
            Err(refusal) => assert_eq!(
                (refusal.rule, refusal.path.as_str()),
                (rule, path),
                "{body}: {refusal}"
            ),
        }
        assert_eq!(self.session, before, "{body}");
    }

    /// The document that a reader sees now.
    pub(crate) fn read(&mut self) -> Value {
        self.evaluate();
        self.document()
    }

    /// The member with an index.
    #[track_caller]
    pub(crate) fn member(&self, index: u32) -> &Member {
        let session = self.session.as_ref().expect("a session");
        session.members.get(&index).expect("a member")
    }

    /// The stored document, timers aside; `null` when there is no session.
    pub(crate) fn document(&self) -> Value {
        self.document_for(None, ContractVersion::V107)
    }

    /// The same for one viewer under one contract.
    pub(crate) fn document_for(&self, viewer: Option<Xuid>, contract: ContractVersion) -> Value {
        let session = self.session.as_ref();
        session.map_or(Value::Null, |session| {
            serde_json::to_value(render::session(session, viewer, contract)).expect("JSON")
        })
    }
}

/// The body by which a user joins and plays.
pub(crate) fn playing() -> Value {
    json!({"members": {"me": {"properties": {"system": {"active": true}}}}})
}

/// The same body, in which the caller asks to be initialised.
pub(crate) fn initializing(body: &Value) -> Value {
    let mut body = body.clone();
    body["members"]["me"]["constants"]["system"]["initialize"] = json!(true);
    body
}

/// The body by which a server reserves places for users who are to be initialised.
pub(crate) fn starting(users: &[u64]) -> Value {
    let places = users.iter().enumerate().map(|(number, xuid)| {
        let place =
            json!({"constants": {"system": {"xuid": xuid.to_string(), "initialize": true}}});
        (format!("reserve_{number}"), place)
    });
    json!({"members": places.collect::<serde_json::Map<_, _>>()})
}

/// Asserts that a document contains another; `null` stands for *absent*, arrays are compared whole.
#[track_caller]
pub(crate) fn has(document: &Value, expected: &Value) {
    if let Some(difference) = missing(document, expected, "") {
        panic!("{difference}\nin {document:#}");
    }
}

fn missing(document: &Value, expected: &Value, path: &str) -> Option<String> {
    match (document, expected) {
        (Value::Object(found), Value::Object(wanted)) => wanted.iter().find_map(|(key, value)| {
            let path = format!("{path}/{key}");
            match (found.get(key), value) {
                (None, Value::Null) => None,
                (Some(found), Value::Null) => {
                    Some(format!("{path}: expected nothing, found {found}"))
                }
                (None, value) => Some(format!("{path}: expected {value}, found nothing")),
                (Some(found), value) => missing(found, value, &path),
            }
        }),
        (found, wanted) if found == wanted => None,
        (found, wanted) => Some(format!("{path}: expected {wanted}, found {found}")),
    }
}
