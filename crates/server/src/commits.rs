//! The way into the store: every step that is handed to it is timed, counted and noted.

use std::sync::Arc;

use convoke_store::{AnyStore, Commit, CommitError, Store as _};

use crate::clock::Clock;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::to_the_end::{LeftOver, ToTheEnd};

/// Hands steps to the store.
#[derive(Debug)]
pub(crate) struct Commits {
    pub(crate) store: Arc<AnyStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Arc<Health>,
    pub(crate) left_over: LeftOver,
}

impl Commits {
    /// Takes one step; when this returns `Ok`, it is durable.
    pub(crate) async fn take(&self, commit: Commit) -> Result<(), CommitError> {
        let begun = self.clock.elapsed();
        let result = self.store.commit(commit).await;
        let duration = self.clock.elapsed().saturating_sub(begun);
        self.metrics.committed(&result, duration);
        self.health.wrote(&result, self.clock.now());
        result
    }

    /// The same to the end, also when whoever waits for it goes away.
    pub(crate) async fn take_to_the_end(
        self: &Arc<Self>,
        commit: Commit,
    ) -> Result<(), CommitError> {
        let commits = Arc::clone(self);
        ToTheEnd::new(&self.left_over, async move { commits.take(commit).await }).await
    }
}
