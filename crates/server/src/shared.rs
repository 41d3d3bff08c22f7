//! What every request handler shares.

use std::sync::Arc;

use convoke_wire::Xuid;
use tokio::sync::{Mutex, MutexGuard};

use crate::addresses::Addresses;
use crate::admission::Admission;
use crate::auth::{Authenticator, Signatures};
use crate::commit::Directory;
use crate::config::Cors;
use crate::rate_limits::RateLimits;
use crate::service_configs::Catalogue;
use crate::telemetry::Tracing;

/// What every request handler shares.
#[derive(Debug)]
pub struct Shared {
    pub(crate) directory: Arc<Directory>,
    pub(crate) catalogue: Catalogue,
    pub(crate) authenticator: Authenticator,
    pub(crate) signatures: Arc<Signatures>,
    pub(crate) follow_locks: FollowLocks,
    pub(crate) rate_limits: RateLimits,
    pub(crate) addresses: Addresses,
    pub(crate) cors: Cors,
    pub(crate) admission: Admission,
    pub(crate) tracing: Tracing,
}

/// Keeps the writers of one people list apart, so that its limit holds however many there are.
#[derive(Debug)]
pub(crate) struct FollowLocks([Mutex<()>; 64]);

impl Default for FollowLocks {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl FollowLocks {
    /// Waits for the right to add to a user's list. Some lists share a lock.
    pub(crate) async fn of(&self, owner: Xuid) -> MutexGuard<'_, ()> {
        let slot = usize::try_from(owner.0 % 64).expect("less than 64");
        self.0[slot].lock().await
    }
}
