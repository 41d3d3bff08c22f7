//! Counters for Prometheus. The registry is a value: nothing is global.

use std::sync::Mutex;

use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    answers: Family<AnswerLabels, Counter>,
    commits: Family<CommitLabels, Counter>,
    live_sessions: Gauge,
    timers: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CommitLabels {
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("convoke");
        let answers = Family::default();
        let commits = Family::default();
        let (live_sessions, timers) = (Gauge::default(), Gauge::default());
        registry.register("http_answers", "Answered requests", answers.clone());
        registry.register(
            "store_commits",
            "Steps handed to the store",
            commits.clone(),
        );
        registry.register(
            "live_sessions",
            "Sessions that exist",
            live_sessions.clone(),
        );
        registry.register(
            "pending_timers",
            "Sessions that will change by themselves",
            timers.clone(),
        );
        Self {
            registry: Mutex::new(registry),
            answers,
            commits,
            live_sessions,
            timers,
        }
    }
}

impl Metrics {
    /// Counts an answer.
    pub fn answered(&self, method: &Method, status: StatusCode) {
        let labels = AnswerLabels {
            method: known_method(method),
            status: status.as_u16(),
        };
        self.answers.get_or_create(&labels).inc();
    }

    /// Counts a step that the store took or refused.
    pub fn committed(&self, durable: bool) {
        let outcome = if durable { "durable" } else { "refused" };
        self.commits.get_or_create(&CommitLabels { outcome }).inc();
    }

    /// The page that Prometheus reads.
    pub fn page(&self, live_sessions: usize, timers: usize) -> String {
        self.live_sessions
            .set(i64::try_from(live_sessions).unwrap_or(i64::MAX));
        self.timers.set(i64::try_from(timers).unwrap_or(i64::MAX));
        let mut text = String::new();
        let registry = self
            .registry
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        encode(&mut text, &registry).expect("writing to a string does not fail");
        text
    }
}

/// Labels come from a fixed set: a client must not be able to make new ones.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::PUT => "PUT",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
