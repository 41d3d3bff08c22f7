//! What every request handler shares.

use std::sync::Arc;
use std::time::Duration;

use convoke_wire::Xuid;
use jiff::SignedDuration;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::addresses::Addresses;
use crate::admission::Admission;
use crate::auth::{Authenticator, Signatures};
use crate::commit::Directory;
use crate::config::{Cors, FriendModel};
use crate::graph::AnyGraph;
use crate::people_feed::PeopleFeed;
use crate::rate_limits::RateLimits;
use crate::service_configs::Catalogue;
use crate::telemetry::Tracing;

/// What every request handler shares.
#[derive(Debug)]
pub struct Shared {
    pub(crate) directory: Arc<Directory>,
    pub(crate) graph: AnyGraph,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) authenticator: Authenticator,
    pub(crate) signatures: Arc<Signatures>,
    pub(crate) people_locks: PeopleLocks,
    pub(crate) people_feed: Arc<PeopleFeed>,
    pub(crate) friend_model: FriendModel,
    pub(crate) rate_limits: RateLimits,
    pub(crate) addresses: Addresses,
    pub(crate) cors: Cors,
    /// How many sessions of a configuration a user may be a member of; `None` for any number.
    pub(crate) sessions_per_user: Option<usize>,
    /// How long an invitation lasts.
    pub(crate) invite_lifetime: SignedDuration,
    pub(crate) admission: Admission,
    /// How long the other end of a connection may take nothing of what is written.
    pub(crate) write_timeout: Duration,
    pub(crate) tracing: Tracing,
    /// Whoever reaches the service may be anybody here, so everybody is a developer.
    pub(crate) for_developers: bool,
}

/// Keeps apart those who write about the same user, so that limits and blocks hold however many
/// there are.
#[derive(Debug)]
pub(crate) struct PeopleLocks([Arc<Mutex<()>>; 64]);

impl Default for PeopleLocks {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Arc::default()))
    }
}

/// The right to write about two users.
#[derive(Debug)]
#[must_use]
pub(crate) struct PeopleLock {
    _first: OwnedMutexGuard<()>,
    _second: Option<OwnedMutexGuard<()>>,
}

impl PeopleLocks {
    /// Waits for the right to write what is between two users. Some users share a lock.
    pub(crate) async fn of_both(&self, one: Xuid, other: Xuid) -> PeopleLock {
        let slot = |user: Xuid| usize::try_from(user.0 % 64).expect("less than 64");
        // In one order for everybody, so that nobody waits in a circle.
        let (first, second) = (slot(one).min(slot(other)), slot(one).max(slot(other)));
        PeopleLock {
            _first: Arc::clone(&self.0[first]).lock_owned().await,
            _second: match second {
                second if second == first => None,
                second => Some(Arc::clone(&self.0[second]).lock_owned().await),
            },
        }
    }
}
