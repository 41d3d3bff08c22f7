//! Whether the service can do its work now, as `/readyz` tells.
//!
//! Not here: whether the process runs at all, which every answer shows.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use convoke_store::{CommitError, Store, StoreError};
use jiff::Timestamp;
use serde::Serialize;

use crate::shared::Shared;

/// How long a failed write counts against the store, unless one succeeds earlier.
///
/// Without an end nothing would be tried again: whoever asks here sends no requests meanwhile.
const FAILURE_COUNTS: Duration = Duration::from_secs(30);
/// How late the earliest timer may be.
const MAX_LAG: Duration = Duration::from_secs(30);

/// No write has failed since the last one that succeeded.
const NEVER: i64 = i64::MIN;
/// The store takes no more writes.
const FOR_GOOD: i64 = i64::MAX;

/// What the parts of the service note of themselves.
#[derive(Debug)]
pub struct Health {
    /// When a write failed, in milliseconds since 1970.
    write_failed: AtomicI64,
    timers_run: AtomicBool,
    stopping: AtomicBool,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            write_failed: AtomicI64::new(NEVER),
            timers_run: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
        }
    }
}

impl Health {
    /// Notes how a write ended.
    pub(crate) fn wrote(&self, result: &Result<(), CommitError>, now: Timestamp) {
        let noted = self.write_failed.load(Ordering::Relaxed);
        let note = match result {
            Err(CommitError::Store(
                StoreError::Corrupt(_) | StoreError::Stopped(_) | StoreError::Closed,
            )) => FOR_GOOD,
            Err(CommitError::Store(_)) => now.as_millisecond(),
            Ok(()) | Err(_) => NEVER,
        };
        // The usual case costs no write to memory that all threads share.
        if noted != note && noted != FOR_GOOD {
            self.write_failed.store(note, Ordering::Relaxed);
        }
    }

    /// Notes that timers run for as long as the value lives.
    pub(crate) fn timers_run(&self) -> impl Drop + '_ {
        self.timers_run.store(true, Ordering::Relaxed);
        TimersRun(self)
    }

    /// Notes that the service will not go on for long.
    pub(crate) fn stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn store_problem(&self, now: Timestamp) -> Option<&'static str> {
        match self.write_failed.load(Ordering::Relaxed) {
            NEVER => None,
            FOR_GOOD => Some("the store takes no more writes"),
            failed => {
                let ago = now.as_millisecond().saturating_sub(failed);
                let counts = u128::try_from(ago).is_ok_and(|ago| ago < FAILURE_COUNTS.as_millis());
                counts.then_some("a write failed a moment ago")
            }
        }
    }
}

struct TimersRun<'a>(&'a Health);

impl Drop for TimersRun<'_> {
    fn drop(&mut self) {
        self.0.timers_run.store(false, Ordering::Relaxed);
    }
}

/// What all checks say.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether requests can be sent here.
    pub ready: bool,
    /// Each check.
    pub checks: Vec<Check>,
}

/// What one check says.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What is looked at.
    pub name: &'static str,
    /// What is wrong, in words that tell nothing of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'static str>,
}

/// Makes all checks.
pub fn report(shared: &Shared) -> Report {
    let directory = &shared.directory;
    let (health, now) = (&directory.health, directory.clock.now());
    let reads = directory.store.earliest_timer();
    let store = match reads {
        Ok(_) => health.store_problem(now),
        Err(_) => Some("the store does not answer"),
    };
    let timers = if !health.timers_run.load(Ordering::Relaxed) {
        Some("timers do not run")
    } else if MAX_LAG < directory.timers.lag(now) {
        Some("timers are late")
    } else {
        None
    };
    let empty = shared.catalogue.current().iter().next().is_none();
    let configuration = empty.then_some("there is no service configuration");
    let stopping = health.stopping.load(Ordering::Relaxed);
    let service = stopping.then_some("the service is stopping");
    let checks = [
        ("store", store),
        ("timers", timers),
        ("configuration", configuration),
        ("service", service),
    ];
    let checks = checks.map(|(name, problem)| Check { name, problem });
    Report {
        ready: checks.iter().all(|check| check.problem.is_none()),
        checks: checks.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> Result<(), CommitError> {
        Err(StoreError::Failed("disk full".to_owned()).into())
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_failed_write_counts_until_one_succeeds() {
        let health = Health::default();
        assert_eq!(health.store_problem(at(0)), None);
        health.wrote(&failed(), at(0));
        let problem = Some("a write failed a moment ago");
        assert_eq!(health.store_problem(at(29)), problem);
        health.wrote(&Ok(()), at(29));
        assert_eq!(health.store_problem(at(29)), None);
    }

    #[test]
    fn a_refused_step_is_a_store_that_works() {
        let health = Health::default();
        health.wrote(&failed(), at(0));
        health.wrote(&Err(CommitError::Conflict), at(0));
        assert_eq!(health.store_problem(at(0)), None);
    }

    #[test]
    fn a_failed_write_counts_for_thirty_seconds() {
        let health = Health::default();
        health.wrote(&failed(), at(0));
        health.wrote(&failed(), at(10));
        assert!(health.store_problem(at(39)).is_some());
        assert_eq!(health.store_problem(at(40)), None);
    }

    #[test]
    fn a_store_that_writes_nothing_any_more_counts_for_good() {
        for error in [
            StoreError::Corrupt("x".to_owned()),
            StoreError::Stopped("x".to_owned()),
        ] {
            let health = Health::default();
            health.wrote(&Err(error.into()), at(0));
            health.wrote(&Ok(()), at(1));
            let problem = Some("the store takes no more writes");
            assert_eq!(health.store_problem(at(1_000)), problem);
        }
    }
}
