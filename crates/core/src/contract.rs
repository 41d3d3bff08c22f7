//! Between wire documents and the version-neutral session.
//!
//! Requests of contracts 104 and 105 are brought into the current form on the way in; answers are
//! brought into theirs on the way out. What is stored has one form.

pub mod read;
pub mod render;

use std::collections::BTreeMap;

use convoke_wire::Xuid;
use convoke_wire::session::Bags;
use convoke_wire::session::member::MemberRequest;
use convoke_wire::session::properties::SystemProperties;
use convoke_wire::session::roles::RoleTypes;
use convoke_wire::session::server::ServerRequest;
use indexmap::IndexMap;

use crate::session::constants::merge::Prescribed;

/// What one write asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SessionChange {
    /// Constants, in the current spelling.
    pub constants: Option<Prescribed>,
    /// Role types.
    pub role_types: Option<RoleTypes>,
    /// Properties.
    pub properties: Option<Bags<SystemProperties>>,
    /// `members.me`.
    pub me: Option<MeChange>,
    /// `members.me_…`.
    pub acting: ActingChange,
    /// `members.reserve_<n>`, in order.
    pub reservations: Vec<MemberRequest>,
    /// `members.<index>`; `None` removes.
    pub by_index: BTreeMap<u32, Option<MemberRequest>>,
    /// `servers`; `None` removes.
    pub servers: Option<IndexMap<String, Option<ServerRequest>>>,
}

/// What `members` asks of the places of acting users, one or several. `[doc]`
///
/// Inferred: for one user the most particular key counts, alone: `me_<xuid>`, then
/// `me_allInSession` for those who are members, then `me_all`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActingChange {
    /// `me_<xuid>`.
    pub each: BTreeMap<Xuid, MeChange>,
    /// `me_all`.
    pub all: Option<MeChange>,
    /// `me_allInSession`.
    pub all_in_session: Option<MeChange>,
}

impl ActingChange {
    /// Whether no such key was sent.
    pub fn is_empty(&self) -> bool {
        self.each.is_empty() && self.all.is_none() && self.all_in_session.is_none()
    }
}

/// What a key for the caller's own place asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum MeChange {
    /// `null`.
    Leave,
    /// An object: join, accept or update.
    Write(Box<MemberRequest>),
}

impl SessionChange {
    /// The change that `members.me: null` asks for.
    pub fn leave() -> Self {
        Self {
            me: Some(MeChange::Leave),
            ..Self::default()
        }
    }

    /// The change that `members.<index>: null` asks for.
    pub fn remove_member(index: u32) -> Self {
        Self {
            by_index: BTreeMap::from([(index, None)]),
            ..Self::default()
        }
    }

    /// The change that `servers.<name>: null` asks for.
    pub fn remove_server(name: String) -> Self {
        Self {
            servers: Some(IndexMap::from([(name, None)])),
            ..Self::default()
        }
    }
}
