//! Handles: immutable pointers to a session, each with rights of its own.

pub mod create;
pub mod grant;
pub mod notice;
pub mod query;
pub mod search_query;

use std::sync::Arc;

use convoke_wire::handle::{HandleType, InviteAttributes, SearchAttributes};
use convoke_wire::notification::InviteInfo;
use convoke_wire::{HandleId, Sandbox, SessionKey, SessionRef, TitleId, Xuid};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use grant::Grant;

/// One handle. There is no update: only creation, reading and deletion. `[doc]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Handle {
    /// Made by the service.
    pub id: HandleId,
    /// Where the session lives.
    pub sandbox: Sandbox,
    /// The session it leads to; it need not exist.
    pub session: SessionRef,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The user who made it; none when a server did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<Xuid>,
    /// What is particular to its type.
    pub body: Body,
}

/// What is particular to each type of handle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Body {
    /// What a user is doing.
    Activity {
        /// The user.
        owner: Xuid,
        /// The title of the user's token.
        title_id: TitleId,
        /// From the session's constants.
        invite_protocol: Option<String>,
    },
    /// An invitation of one user.
    Invite {
        /// Who is invited.
        invited: Xuid,
        /// What the invitation says.
        attributes: InviteAttributes,
        /// From the session's constants.
        invite_protocol: Option<String>,
        /// How whoever invites is shown.
        #[serde(default)]
        sender: InviteInfo,
        /// Nobody is to be told of it any more: it was told, used, or is not to be told at all, as
        /// those are that were stored before anybody was told of any.
        #[serde(default = "yes")]
        settled: bool,
    },
    /// A session that can be found.
    Search {
        /// What it is found by.
        attributes: Arc<SearchAttributes>,
        /// The title of the creator's token.
        title_id: Option<TitleId>,
    },
    /// From one session to the next.
    Transfer {
        /// The session whose members may use it.
        origin: SessionRef,
    },
    /// Another name of a session.
    Correlation {},
}

fn yes() -> bool {
    true
}

impl Handle {
    /// The type on the wire.
    pub fn kind(&self) -> HandleType {
        match self.body {
            Body::Activity { .. } => HandleType::Activity,
            Body::Invite { .. } => HandleType::Invite,
            Body::Search { .. } => HandleType::Search,
            Body::Transfer { .. } => HandleType::Transfer,
            Body::Correlation {} => HandleType::Correlation,
        }
    }

    /// The session it leads to.
    pub fn session_key(&self) -> SessionKey {
        SessionKey {
            sandbox: self.sandbox.clone(),
            reference: self.session.clone(),
        }
    }

    /// Whether it has ended by itself.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    /// Keys that at most one handle may hold: a new holder displaces the old.
    ///
    /// One activity per user and title, and per user and service configuration (handles A3, A4);
    /// one search handle and one correlation handle per session (S2, C1).
    pub fn unique_keys(&self) -> Vec<String> {
        let sandbox = self.sandbox.folded();
        match &self.body {
            Body::Activity {
                owner, title_id, ..
            } => vec![
                format!("activity~{sandbox}~{owner}~title~{title_id}"),
                format!(
                    "activity~{sandbox}~{owner}~scid~{}",
                    self.session.scid.folded()
                ),
            ],
            Body::Search { .. } => vec![search_key(&self.session_key())],
            Body::Correlation {} => vec![correlation_key(&self.session_key())],
            Body::Invite { .. } | Body::Transfer { .. } => Vec::new(),
        }
    }

    /// Who published the session with it, if it is one for search.
    pub fn publisher(&self) -> Option<Xuid> {
        self.creator.filter(|_| self.kind() == HandleType::Search)
    }

    /// The user who is still to be told of this invitation.
    pub fn waits_for(&self) -> Option<Xuid> {
        match self.body {
            Body::Invite {
                invited,
                settled: false,
                ..
            } => Some(invited),
            _ => None,
        }
    }

    /// The same invitation when nobody is to be told of it any more; `None` for whatever is settled
    /// already.
    pub fn settled(&self) -> Option<Self> {
        self.waits_for()?;
        let mut told = self.clone();
        if let Body::Invite { settled, .. } = &mut told.body {
            *settled = true;
        }
        Some(told)
    }

    /// The user by whom it is found: of whom it is an activity, or whom it still waits for.
    pub fn found_by(&self) -> Option<Xuid> {
        self.activity_owner().or_else(|| self.waits_for())
    }

    /// The user whose activities are found by owner.
    pub fn activity_owner(&self) -> Option<Xuid> {
        match self.body {
            Body::Activity { owner, .. } => Some(owner),
            _ => None,
        }
    }
}

/// The unique key of a session's search handle.
pub fn search_key(session: &SessionKey) -> String {
    format!("search~{}", session.folded())
}

/// The unique key of a session's correlation handle.
pub fn correlation_key(session: &SessionKey) -> String {
    format!("correlation~{}", session.folded())
}
