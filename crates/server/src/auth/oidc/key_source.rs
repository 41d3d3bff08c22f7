//! When a provider's keys are fetched, and which are known.
//!
//! Not here: how they are fetched (`fetch`). Readers take no lock; one fetch runs at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

use super::fetch::{FetchError, Fetcher};
use super::keys::{KeySet, SigningKey};
use super::settings::{ProviderError, ProviderSettings};
use super::verify::Header;

/// How long fetched keys are taken without asking again. Inferred.
const FRESH_KEYS: SignedDuration = SignedDuration::from_mins(10);

/// Shortest time from one fetch to the next, however many unknown keys are named. Inferred.
pub(super) const BETWEEN_FETCHES: SignedDuration = SignedDuration::from_secs(30);

/// The keys of one provider.
#[derive(Debug)]
pub(super) struct KeySource {
    issuer: String,
    fetcher: Fetcher,
    keys: ArcSwap<KeySet>,
    /// The Unix second of the last fetch that succeeded.
    fetched: AtomicI64,
    /// When the last fetch began; held while one runs.
    attempted: Arc<Mutex<Option<Timestamp>>>,
}

impl KeySource {
    pub(super) fn new(settings: &ProviderSettings) -> Result<Self, ProviderError> {
        Ok(Self {
            issuer: settings.issuer.clone(),
            fetcher: Fetcher::new(settings)?,
            keys: ArcSwap::default(),
            fetched: AtomicI64::new(i64::MIN),
            attempted: Arc::default(),
        })
    }

    /// The key that a token's header names, among those known and still good.
    pub(super) fn find(&self, header: &Header, now: Timestamp) -> Option<Arc<SigningKey>> {
        let kid = header.kid.as_deref();
        self.keys.load().find(
            kid,
            header.algorithm.algorithm(),
            header.algorithm.name(),
            now,
        )
    }

    /// Whether the keys were fetched so long ago that it is time to look again.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let fetched = self.fetched.load(Ordering::Acquire);
        fetched.saturating_add(FRESH_KEYS.as_secs()) <= now.as_second()
    }

    /// Fetches the keys, unless that was tried a moment ago. Whoever comes while a fetch runs waits
    /// for its end and does not start another. True: look again.
    ///
    /// The fetch itself is a task, so that a client cannot use up the turn by going away.
    pub(super) async fn refresh(self: &Arc<Self>, now: Timestamp, tasks: &TaskTracker) -> bool {
        let before = self.keys.load_full();
        let mut attempted = Arc::clone(&self.attempted).lock_owned().await;
        if attempted.is_some_and(|last| is_recent(last, now)) {
            return !Arc::ptr_eq(&before, &self.keys.load());
        }
        *attempted = Some(now);
        let source = Arc::clone(self);
        let fetching = tasks.spawn(async move {
            let result = source.fetcher.keys().await;
            source.publish(result, now);
            drop(attempted);
        });
        // A fetch that ended badly changed nothing, and is in the log.
        let _ = fetching.await;
        !Arc::ptr_eq(&before, &self.keys.load())
    }

    fn publish(&self, fetched: Result<KeySet, FetchError>, now: Timestamp) {
        match fetched {
            Ok(keys) => {
                let count = keys.len();
                let keys = keys.replacing(&self.keys.load(), now);
                self.keys.store(Arc::new(keys));
                self.fetched.store(now.as_second(), Ordering::Release);
                tracing::info!(auth.issuer = %self.issuer, auth.keys = count, "fetched an identity provider's keys");
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(auth.issuer = %self.issuer, error, "an identity provider's keys cannot be fetched; those known stay good for a day");
            }
        }
    }
}

/// Whether a fetch began so lately that another is not allowed. A clock that was set back allows it.
fn is_recent(last: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(last);
    !age.is_negative() && age < BETWEEN_FETCHES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fetches_are_half_a_minute_apart_whatever_the_clock_does() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let check = |now: i64, expected: bool| {
            assert_eq!(is_recent(at(1_000), at(now)), expected, "{now}");
        };
        check(1_000, true);
        check(1_029, true);
        check(1_030, false);
        check(999, false);
    }
}
