//! What is counted and measured, for Prometheus. The registry is a value: nothing is global.
//!
//! Labels come from fixed sets, so a client cannot make new ones, and each is a position in a table,
//! so counting takes no lock. Every metric has a row in `docs/operations.md`.

mod cells;
mod realtime;
mod store;

pub(crate) use realtime::{NoticeOutcome, SocketEnd, TapOutcome};

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::explain::AnyRule;
use convoke_store::{AnyStore, CommitError};
use http::{Method, StatusCode};
use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::health::Report;
use crate::route::Route;
use cells::{Counts, Durations, DurationsBy, Held, Zeros};
use realtime::RealTime;
use store::OfStore;

/// Verbs that have a label; all others share the last.
const METHODS: [&str; 6] = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "other"];

/// Statuses that have a label, in order; all others share one.
const STATUSES: [(u16, &str); 25] = [
    (101, "101"),
    (200, "200"),
    (201, "201"),
    (202, "202"),
    (204, "204"),
    (304, "304"),
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (405, "405"),
    (406, "406"),
    (408, "408"),
    (409, "409"),
    (410, "410"),
    (412, "412"),
    (413, "413"),
    (414, "414"),
    (415, "415"),
    (421, "421"),
    (426, "426"),
    (429, "429"),
    (431, "431"),
    (500, "500"),
    (503, "503"),
];

/// How a step ended in the store.
const OUTCOMES: [&str; 3] = ["durable", "refused", "failed"];

/// Why a connection was not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionRefusal {
    /// The system did not give it.
    Accept,
    /// There are too many, of one peer or of all.
    Limit,
}

const CONNECTION_REFUSALS: [&str; 2] = ["accept", "limit"];

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Arc<Counts<3>>,
    request_durations: Arc<DurationsBy>,
    in_flight: Gauge,
    refusals: Arc<Counts<1>>,
    refusal_codes: Vec<&'static str>,
    commits: Arc<Counts<1>>,
    commit_durations: Arc<Durations>,
    lateness: Arc<Durations>,
    connections_open: Gauge,
    connections_accepted: Counter,
    connections_refused: Arc<Counts<1>>,
    handshake_failures: Counter,
    pub(crate) encounters_dropped: Counter,
    realtime: RealTime,
    scraped: Scraped,
}

/// Gauges that are set when the page is asked for.
#[derive(Debug, Default)]
struct Scraped {
    live_sessions: Gauge,
    pending_timers: Gauge,
    search_handles: Gauge,
    timers_lag: Gauge<f64, AtomicU64>,
    ready: Family<[(&'static str, &'static str); 1], Gauge>,
}

/// How things are at the moment when the page is asked for.
#[derive(Debug)]
pub struct Moment {
    /// Sessions that exist.
    pub live_sessions: usize,
    /// Sessions that will change by themselves.
    pub pending_timers: usize,
    /// Sessions that can be searched for.
    pub search_handles: usize,
    /// How long the earliest timer has been due.
    pub timers_lag: Duration,
    /// The checks of readiness.
    pub report: Report,
}

impl Metrics {
    /// Nothing is counted yet; the service starts now.
    pub fn new(start: Timestamp) -> Self {
        let requests = Route::ALL.iter().flat_map(|route| {
            METHODS.iter().flat_map(|method| {
                let statuses = STATUSES.iter().map(|(_, status)| *status).chain(["other"]);
                statuses.map(|status| [route.template(), *method, status])
            })
        });
        let templates = Route::ALL.iter().map(|route| route.template());
        let mut refusal_codes: Vec<_> = AnyRule::all().map(AnyRule::code).collect();
        refusal_codes.sort_unstable();
        refusal_codes.dedup();
        let refusals = refusal_codes.iter().copied().chain(["other"]);
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("convoke")),
            requests: Arc::new(Counts::new(
                ["route", "method", "status"],
                Zeros::Hidden,
                requests,
            )),
            request_durations: Arc::new(DurationsBy::new("route", templates)),
            in_flight: Gauge::default(),
            refusals: Arc::new(Counts::new(
                ["code"],
                Zeros::Hidden,
                refusals.map(|code| [code]),
            )),
            refusal_codes,
            commits: labelled("outcome", &OUTCOMES),
            commit_durations: Arc::default(),
            lateness: Arc::default(),
            connections_open: Gauge::default(),
            connections_accepted: Counter::default(),
            connections_refused: labelled("reason", &CONNECTION_REFUSALS),
            handshake_failures: Counter::default(),
            encounters_dropped: Counter::default(),
            realtime: RealTime::new(),
            scraped: Scraped::default(),
        };
        metrics.register(start);
        metrics
    }

    fn register(&self, start: Timestamp) {
        let mut registry = self.registry();
        let held = &mut *registry;
        held.register(
            "http_requests",
            "Answered requests",
            Held(Arc::clone(&self.requests)),
        );
        held.register_with_unit(
            "http_request_duration",
            "Time from the head of a request to the head of its answer",
            Unit::Seconds,
            Held(Arc::clone(&self.request_durations)),
        );
        held.register(
            "http_requests_in_flight",
            "Requests that are being answered",
            self.in_flight.clone(),
        );
        held.register(
            "refusals",
            "Requests refused by a rule, by its code",
            Held(Arc::clone(&self.refusals)),
        );
        held.register(
            "store_commits",
            "Steps handed to the store, by how they ended",
            Held(Arc::clone(&self.commits)),
        );
        held.register_with_unit(
            "store_commit_duration",
            "Time until a step was on the disk, waiting included",
            Unit::Seconds,
            Held(Arc::clone(&self.commit_durations)),
        );
        held.register(
            "live_sessions",
            "Sessions that exist",
            self.scraped.live_sessions.clone(),
        );
        held.register(
            "pending_timers",
            "Sessions that will change by themselves",
            self.scraped.pending_timers.clone(),
        );
        held.register(
            "search_handles",
            "Search handles, one for each session that can be searched for",
            self.scraped.search_handles.clone(),
        );
        held.register_with_unit(
            "timers_lag",
            "How long the earliest timer has been due",
            Unit::Seconds,
            self.scraped.timers_lag.clone(),
        );
        held.register_with_unit(
            "timers_lateness",
            "Time between a timer and the change it caused",
            Unit::Seconds,
            Held(Arc::clone(&self.lateness)),
        );
        held.register(
            "connections_open",
            "Connections that are open",
            self.connections_open.clone(),
        );
        held.register(
            "connections_accepted",
            "Connections accepted",
            self.connections_accepted.clone(),
        );
        held.register(
            "connections_refused",
            "Connections that were not served, by reason",
            Held(Arc::clone(&self.connections_refused)),
        );
        held.register(
            "tls_handshake_failures",
            "TLS handshakes that failed",
            self.handshake_failures.clone(),
        );
        held.register(
            "recent_players_dropped",
            "Encounters in sessions that were put on no list, because too many waited",
            self.encounters_dropped.clone(),
        );
        self.realtime.register(held);
        held.register(
            "ready",
            "Whether a check of readiness passes, 1 or 0",
            self.scraped.ready.clone(),
        );
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        held.register("build", "The version that runs", build);
        let started = Gauge::<f64, AtomicU64>::default();
        started.set(start.as_duration().as_secs_f64());
        held.register_with_unit(
            "start_time",
            "When the service started, since 1970",
            Unit::Seconds,
            started,
        );
    }

    /// Shows the store's own counters too.
    pub(crate) fn watch_store(&self, store: Arc<AnyStore>) {
        self.registry().register_collector(Box::new(OfStore(store)));
    }

    /// Counts a request as being answered for as long as the value lives.
    pub(crate) fn request_begins(&self) -> Up {
        Up::new(&self.in_flight)
    }

    /// Counts an answer.
    pub(crate) fn answered(
        &self,
        route: Route,
        method: &Method,
        status: StatusCode,
        duration: Duration,
    ) {
        let status = STATUSES.binary_search_by_key(&status.as_u16(), |(status, _)| *status);
        let row = route.index() * METHODS.len() + method_index(method);
        let columns = STATUSES.len() + 1;
        self.requests
            .add(row * columns + status.unwrap_or(STATUSES.len()));
        self.request_durations.observe(route.index(), duration);
    }

    /// Counts a refusal by the code of its rule.
    pub(crate) fn refused(&self, code: &str) {
        let known = self.refusal_codes.binary_search(&code);
        self.refusals.add(known.unwrap_or(self.refusal_codes.len()));
    }

    /// Counts a step that the store took, refused or failed at, and how long that took.
    pub(crate) fn committed(&self, result: &Result<(), CommitError>, duration: Duration) {
        self.commits.add(match result {
            Ok(()) => 0,
            Err(CommitError::Conflict | CommitError::HandleGone | CommitError::KeyTaken) => 1,
            Err(CommitError::Store(_)) => 2,
        });
        if result.is_ok() {
            self.commit_durations.observe(duration);
        }
    }

    /// Counts a change that time made, and how late it came.
    pub(crate) fn settled(&self, late: Duration) {
        self.lateness.observe(late);
    }

    /// Counts a connection as open for as long as the value lives.
    pub(crate) fn connection_accepted(&self) -> Up {
        self.connections_accepted.inc();
        Up::new(&self.connections_open)
    }

    /// Counts a connection that was not served.
    pub(crate) fn connection_refused(&self, reason: ConnectionRefusal) {
        self.connections_refused.add(match reason {
            ConnectionRefusal::Accept => 0,
            ConnectionRefusal::Limit => 1,
        });
    }

    /// Counts a TLS handshake that failed.
    pub(crate) fn handshake_failed(&self) {
        self.handshake_failures.inc();
    }

    /// Counts encounters that are put on no list of recent players.
    pub(crate) fn encounters_dropped(&self, number: u64) {
        self.encounters_dropped.inc_by(number);
    }

    /// The page that Prometheus reads.
    pub fn page(&self, moment: &Moment) -> String {
        let count = |number| i64::try_from(number).unwrap_or(i64::MAX);
        let gauges = &self.scraped;
        gauges.live_sessions.set(count(moment.live_sessions));
        gauges.pending_timers.set(count(moment.pending_timers));
        gauges.search_handles.set(count(moment.search_handles));
        gauges.timers_lag.set(moment.timers_lag.as_secs_f64());
        for check in &moment.report.checks {
            let gauge = gauges.ready.get_or_create(&[("check", check.name)]);
            gauge.set(i64::from(check.problem.is_none()));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry()).expect("writing to a string does not fail");
        text
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counters with one label of fixed values, each of which shows from the start.
fn labelled(label: &'static str, values: &'static [&'static str]) -> Arc<Counts<1>> {
    let values = values.iter().map(|value| [*value]);
    Arc::new(Counts::new([label], Zeros::Shown, values))
}

/// The method as a label.
pub(crate) fn method_label(method: &Method) -> &'static str {
    METHODS[method_index(method)]
}

fn method_index(method: &Method) -> usize {
    match *method {
        Method::GET => 0,
        Method::PUT => 1,
        Method::POST => 2,
        Method::DELETE => 3,
        Method::OPTIONS => 4,
        _ => 5,
    }
}

/// Something that is counted while it lasts.
#[derive(Debug)]
pub(crate) struct Up(Gauge);

impl Up {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.0.dec();
    }
}
