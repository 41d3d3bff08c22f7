//! A session as it was at one moment, and the entity tag of that moment.

use std::fmt;
use std::sync::Arc;

use convoke_wire::json::{ReadError, read_answer};
use convoke_wire::session::constants::SystemConstants;
use convoke_wire::session::member::Member;
use convoke_wire::session::{Bags, Session};
use convoke_wire::{Field, RawJson, Xuid};
use indexmap::IndexMap;
use reqwest::header::ETAG;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::Error;
use crate::raw::Answer;

/// The document of a session. Its constants are kept as text: few clients read them, and a service
/// may have constants that this client does not know. [`Snapshot::constants`] reads them.
pub type Document = Session<RawJson>;

/// The validator of one state of a session: opaque, and sent back as it came. `[client]`
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EntityTag(Arc<str>);

/// A session at one moment. Clones share the document.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The document.
    pub document: Arc<Document>,
    /// Its tag; `None` when the service sent none.
    pub tag: Option<EntityTag>,
}

impl EntityTag {
    /// Takes the value of an `ETag` header.
    pub fn new(value: &str) -> Self {
        Self(value.into())
    }

    /// The value, as headers carry it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityTag({})", self.0)
    }
}

impl Snapshot {
    /// The session in the body of an answer.
    pub(crate) fn of(answer: &Answer) -> Result<Self, Error> {
        let document: Document = read_answer(&answer.body).map_err(unreadable)?;
        Ok(Self {
            document: Arc::new(document),
            tag: answer.header(ETAG.as_str()).map(EntityTag::new),
        })
    }

    /// Counts the committed changes since the session was created.
    pub fn change_number(&self) -> u64 {
        self.document.change_number
    }

    /// New whenever the session is created again; change numbers of other branches say nothing.
    pub fn branch(&self) -> Uuid {
        self.document.branch
    }

    /// What was fixed at creation.
    pub fn constants(&self) -> Result<Bags<SystemConstants>, Error> {
        read_answer(self.document.constants.text().as_bytes()).map_err(unreadable)
    }

    /// A custom property of the session, as the text it was written with.
    pub fn property(&self, name: &str) -> Option<RawJson> {
        field(&self.document.properties.custom, name)
    }

    /// A custom property of the session, read; `None` when it is absent or of another form.
    pub fn property_as<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.property(name)?.text()).ok()
    }

    /// A user's entry.
    pub fn member(&self, xuid: Xuid) -> Option<&Member> {
        self.document.members.values().find(|member| {
            let constants = member.constants.system.value();
            constants.is_some_and(|constants| constants.xuid == Some(xuid))
        })
    }

    /// A custom property of a member, as the text it was written with.
    pub fn member_property(&self, xuid: Xuid, name: &str) -> Option<RawJson> {
        field(&self.member(xuid)?.properties.custom, name)
    }

    /// Whether a user is an active member.
    pub fn is_active(&self, xuid: Xuid) -> bool {
        let properties = self.member(xuid).map(|member| &member.properties.system);
        let properties = properties.and_then(Field::value);
        properties.is_some_and(|it| it.active.value() == Some(&true))
    }

    /// Whether this is a later state of the same session than another.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        self.branch() == other.branch() && other.change_number() < self.change_number()
    }
}

fn unreadable(problem: ReadError) -> Error {
    Error::Unreadable {
        what: "session",
        problem,
    }
}

fn field(bag: &Field<RawJson>, name: &str) -> Option<RawJson> {
    let mut fields: IndexMap<String, RawJson> = serde_json::from_str(bag.value()?.text()).ok()?;
    fields.swap_remove(name)
}
