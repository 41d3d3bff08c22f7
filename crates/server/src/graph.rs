//! What the rules ask about people: who follows whom, who has blocked whom, what is allowed.
//!
//! | | |
//! |---|---|
//! | `built_in` | the people graph that is kept in the store |
//! | `http` | one that a service of the operator's keeps |
//! | `ties` | what is known of people while a session is locked |
//!
//! Not here: the rules, and the addresses under which users read and write the graph of the store.

mod built_in;
mod http;
mod ties;

use std::collections::BTreeSet;

use convoke_core::handle::query::PeopleSet;
use convoke_core::privacy::permission::{Denial, Permission};
use convoke_store::StoreError;
use convoke_wire::Xuid;

pub(crate) use built_in::BuiltIn;
pub(crate) use http::HttpGraph;
pub(crate) use ties::{Needs, Ties};

use crate::privacy::Asker;

/// Whether something is allowed, or why not.
pub(crate) type Verdict = Result<(), Denial>;

/// Why a question about people has no answer. Nothing is let pass then.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The store does not answer.
    #[error("the store cannot answer: {0}")]
    Store(#[from] StoreError),
    /// The people service does not answer, or with something else than an answer.
    #[error("the people service: {0}")]
    Service(String),
    /// A session changed between asking about its people and judging, again and again.
    #[error("the session is changed by others faster than its people can be asked about")]
    Unfetched,
}

/// A people graph.
pub(crate) trait SocialGraph {
    /// Which of some users follow another user.
    fn following(
        &self,
        users: &[Xuid],
        whom: Xuid,
    ) -> impl Future<Output = Result<BTreeSet<Xuid>, GraphError>> + Send;

    /// Which of some users have blocked another user.
    fn blocking(
        &self,
        users: &[Xuid],
        whom: Xuid,
    ) -> impl Future<Output = Result<BTreeSet<Xuid>, GraphError>> + Send;

    /// Whom a user follows, or some of them; at most 2000.
    fn people(
        &self,
        of: Xuid,
        set: PeopleSet,
    ) -> impl Future<Output = Result<Vec<Xuid>, GraphError>> + Send;

    /// Whether the acting user of a request may do something to others, one answer for each.
    fn verdicts(
        &self,
        asker: &Asker<'_>,
        permission: Permission,
        targets: &[Xuid],
    ) -> impl Future<Output = Result<Vec<Verdict>, GraphError>> + Send;
}

/// The people graph of a service.
#[derive(Debug)]
pub(crate) enum AnyGraph {
    /// Kept here.
    BuiltIn(BuiltIn),
    /// Kept by another service.
    Http(Box<HttpGraph>),
}

impl AnyGraph {
    /// Whether users read and write it elsewhere.
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Http(_))
    }

    /// What the rules need to know before a session is locked.
    pub(crate) async fn ties(&self, needs: Needs) -> Result<Ties, GraphError> {
        match self {
            Self::BuiltIn(_) => Ok(Ties::Stored),
            Self::Http(graph) => Ties::fetch(&**graph, needs).await,
        }
    }

    /// Whether the acting user of a request may do something to one other.
    pub(crate) async fn verdict(
        &self,
        asker: &Asker<'_>,
        permission: Permission,
        target: Xuid,
    ) -> Result<Verdict, GraphError> {
        let verdicts = self.verdicts(asker, permission, &[target]).await?;
        let one = verdicts.into_iter().next();
        one.ok_or_else(|| GraphError::Service("an answer is missing".to_owned()))
    }
}

impl SocialGraph for AnyGraph {
    async fn following(&self, users: &[Xuid], whom: Xuid) -> Result<BTreeSet<Xuid>, GraphError> {
        match self {
            Self::BuiltIn(graph) => graph.following(users, whom).await,
            Self::Http(graph) => graph.following(users, whom).await,
        }
    }

    async fn blocking(&self, users: &[Xuid], whom: Xuid) -> Result<BTreeSet<Xuid>, GraphError> {
        match self {
            Self::BuiltIn(graph) => graph.blocking(users, whom).await,
            Self::Http(graph) => graph.blocking(users, whom).await,
        }
    }

    async fn people(&self, of: Xuid, set: PeopleSet) -> Result<Vec<Xuid>, GraphError> {
        match self {
            Self::BuiltIn(graph) => graph.people(of, set).await,
            Self::Http(graph) => graph.people(of, set).await,
        }
    }

    async fn verdicts(
        &self,
        asker: &Asker<'_>,
        permission: Permission,
        targets: &[Xuid],
    ) -> Result<Vec<Verdict>, GraphError> {
        match self {
            Self::BuiltIn(graph) => graph.verdicts(asker, permission, targets).await,
            Self::Http(graph) => graph.verdicts(asker, permission, targets).await,
        }
    }
}
