//! Traces of requests, sent to an OpenTelemetry collector over OTLP/HTTP.
//!
//! A request that is sampled has a span of its own beside the log's, at a level and with a target
//! that no log asks for. Without the feature `otlp` there is none, and nothing that would take time.
//!
//! Not here: the attributes that are known when the answer is there (`trail`); metrics.

#[cfg(feature = "otlp")]
mod collector;
#[cfg(feature = "otlp")]
mod request;
#[cfg(feature = "otlp")]
mod sampling;
#[cfg(feature = "otlp")]
mod traces;

use http::{HeaderMap, Method};
use tracing::Span;
use uuid::Uuid;

use crate::config::Telemetry;
use crate::request_ids::ClientIds;

#[cfg(feature = "otlp")]
pub use traces::{MAX_QUEUED_SPANS, MAX_SPANS_PER_MESSAGE, Traces};

/// Decides which requests have a span for the collector.
#[derive(Debug)]
pub(crate) struct Tracing {
    #[cfg(feature = "otlp")]
    sampling: Option<sampling::Sampling>,
}

#[cfg(feature = "otlp")]
impl Tracing {
    /// Refuses settings with which nothing could be sent, files included.
    pub(crate) fn open(config: &Telemetry) -> anyhow::Result<Self> {
        collector::check(config)?;
        let is_on = config.otlp_endpoint.is_some();
        let sampling = is_on.then(|| sampling::Sampling::new(config));
        Ok(Self { sampling })
    }

    /// The span of a request for the collector; disabled when it is not one of those that are sent.
    pub(crate) fn span(
        &self,
        id: Uuid,
        method: &Method,
        ids: &ClientIds,
        headers: &HeaderMap,
    ) -> Span {
        let parent = ids.traceparent();
        match &self.sampling {
            Some(sampling) if sampling.takes(id, parent) => {
                request::span(id, method, parent, headers)
            }
            _ => Span::none(),
        }
    }
}

#[cfg(not(feature = "otlp"))]
impl Tracing {
    #[expect(clippy::unnecessary_wraps, reason = "with the feature it can fail")]
    pub(crate) fn open(_: &Telemetry) -> anyhow::Result<Self> {
        Ok(Self {})
    }

    #[expect(clippy::unused_self, reason = "with the feature it decides")]
    pub(crate) fn span(&self, _: Uuid, _: &Method, _: &ClientIds, _: &HeaderMap) -> Span {
        Span::none()
    }
}
