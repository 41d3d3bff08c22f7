//! What is known of a request while it is answered, for its span, its line in the log and its metrics.
//!
//! Handlers note what they learn; `exchange` reads the notes once, when the answer is there. Nothing
//! that a player or title chose to keep in a document is noted, nor what credentials say beyond xuids.

use std::cell::{Cell, RefCell};

use convoke_wire::Xuid;
use http::{Method, StatusCode, Uri};
use tokio::task::futures::TaskLocalFuture;
use tracing::{Level, Span, field};
use uuid::Uuid;

use crate::metrics::method_label;
use crate::request_ids::ClientIds;
use crate::route::Route;
use crate::router::{Target, resolve};

tokio::task_local! {
    static TRAIL: Trail;
}

/// What handlers have noted.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    route: Cell<Option<Route>>,
    caller: Cell<Option<Xuid>>,
    change: Cell<Option<u64>>,
    failure: RefCell<Option<String>>,
}

/// Collects what is noted while a request is answered; `take_value` gives the notes afterwards.
pub(crate) fn followed<F: Future>(answer: F) -> TaskLocalFuture<Trail, F> {
    TRAIL.scope(Trail::default(), answer)
}

/// Notes which address the request names.
pub(crate) fn routed(route: Route) {
    note(|trail| trail.route.set(Some(route)));
}

/// Notes who asks.
pub(crate) fn called_by(caller: Xuid) {
    note(|trail| trail.caller.set(Some(caller)));
}

/// Notes the number of the change that the request made.
pub(crate) fn changed(number: u64) {
    note(|trail| trail.change.set(Some(number)));
}

/// Notes why the service failed, in words for its operator; the client is not told.
pub(crate) fn failed(why: String) {
    note(|trail| drop(trail.failure.replace(Some(why))));
}

/// Outside of a request, as when a timer is due, nobody reads notes.
fn note(write: impl FnOnce(&Trail)) {
    let _ = TRAIL.try_with(write);
}

impl Trail {
    /// The address.
    pub(crate) fn route(&self) -> Route {
        self.route.get().unwrap_or(Route::Unknown)
    }
}

/// The log's span of one request, within the collector's. It is made where the level `debug` is
/// wanted, and costs nothing else.
pub(crate) fn span(traced: &Span, id: Uuid, method: &Method, ids: &ClientIds) -> Span {
    tracing::debug_span!(
        parent: traced,
        "request",
        otel.name = field::Empty,
        otel.kind = "server",
        otel.status_code = field::Empty,
        request.id = %id,
        trace.id = ids.trace_id(),
        http.method = method_label(method),
        http.route = field::Empty,
        http.status = field::Empty,
        caller.xuid = field::Empty,
        session.ref = field::Empty,
        change.number = field::Empty,
        duration_ms = field::Empty,
    )
}

/// Of the log's span and the collector's around it, the one within which the request is answered.
pub(crate) fn innermost(span: &Span, traced: &Span) -> Span {
    let outer = span.is_disabled();
    if outer { traced.clone() } else { span.clone() }
}

/// How a request ended.
#[derive(Debug)]
pub(crate) struct Ending<'a> {
    pub(crate) id: Uuid,
    pub(crate) ids: &'a ClientIds,
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) status: StatusCode,
    /// The code of the rule that refused.
    pub(crate) refusal: Option<&'a str>,
    pub(crate) duration_ms: f64,
}

impl Ending<'_> {
    /// Completes the spans, and writes the request's line where there is something to say.
    pub(crate) fn tell(&self, trail: &Trail, span: &Span, traced: &Span) {
        if !traced.is_disabled() {
            self.complete(trail, traced, session_of(self.uri).as_deref());
        }
        let failed = self.status.is_server_error();
        // Whoever asks whether the service is ready asks often, and is told why it is not.
        let loud = failed && trail.route() != Route::Ready;
        if span.is_disabled() && !loud && !tracing::enabled!(Level::DEBUG) {
            return;
        }
        let session = session_of(self.uri);
        if !span.is_disabled() {
            self.complete(trail, span, session.as_deref());
        }
        let caller = trail.caller.get().map(|caller| caller.0);
        let failure = trail.failure.borrow();
        macro_rules! line {
            ($level:ident, $message:literal) => {
                tracing::$level!(
                    request.id = %self.id,
                    trace.id = self.ids.trace_id(),
                    http.method = method_label(self.method),
                    http.route = trail.route().template(),
                    http.status = self.status.as_u16(),
                    caller.xuid = caller,
                    session.ref = session,
                    change.number = trail.change.get(),
                    refusal = self.refusal,
                    error = failure.as_deref(),
                    duration_ms = self.duration_ms,
                    $message
                )
            };
        }
        if loud {
            line!(error, "a request failed");
        } else if failed || self.status.is_client_error() {
            line!(debug, "a request was refused");
        } else {
            line!(debug, "a request was answered");
        }
    }

    /// A span has some of these fields; the others are passed over.
    fn complete(&self, trail: &Trail, span: &Span, session: Option<&str>) {
        let route = trail.route().template();
        span.record(
            "otel.name",
            format!("{} {route}", method_label(self.method)),
        );
        span.record("http.route", route);
        span.record("http.status", self.status.as_u16());
        span.record("http.response.status_code", i64::from(self.status.as_u16()));
        span.record("duration_ms", self.duration_ms);
        if let Some(caller) = trail.caller.get() {
            span.record("caller.xuid", caller.0);
        }
        if let Some(session) = session {
            span.record("session.ref", session);
        }
        if let Some(number) = trail.change.get() {
            span.record("change.number", number);
        }
        if self.status.is_server_error() {
            span.record("otel.status_code", "ERROR");
            span.record("otel.status_description", trail.failure.borrow().as_deref());
        }
        if let Some(code) = self.refusal {
            span.record("refusal", code);
        }
    }
}

/// The session that an address names.
fn session_of(uri: &Uri) -> Option<String> {
    match resolve(uri)? {
        Target::Session(reference) | Target::Part(reference, _) => Some(reference.resource()),
        _ => None,
    }
}
