//! The exporter of spans: what is on its way to the collector, within bounds.

use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::registry::LookupSpan;

use super::collector::{Collector, TIMEOUT};
use super::request::TARGET;
use crate::config::Telemetry;

/// Most spans that wait to be sent; more are dropped, and no request waits for them. Ours.
pub const MAX_QUEUED_SPANS: usize = 2048;

/// Most spans of one message. Ours.
pub const MAX_SPANS_PER_MESSAGE: usize = 512;

/// Longest time that a span waits for others.
const DELAY: Duration = Duration::from_secs(2);

/// Longest time that closing takes.
const CLOSING: Duration = Duration::from_secs(5);

/// Spans on their way to a collector.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Starts sending, if there is an address to send to. Needs a tokio runtime.
    pub fn open(config: &Telemetry) -> anyhow::Result<Option<Self>> {
        let Some(endpoint) = &config.otlp_endpoint else {
            return Ok(None);
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::open(config, endpoint)?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint.traces())
            .with_timeout(TIMEOUT)
            .build()
            .context("telemetry: traces cannot be sent")?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(MAX_QUEUED_SPANS)
            .with_max_export_batch_size(MAX_SPANS_PER_MESSAGE)
            .with_scheduled_delay(DELAY)
            .build();
        let batches = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        let resource = Resource::builder()
            .with_service_name(config.service_name.as_str().to_owned())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(batches)
            .with_resource(resource)
            // Requests that are not sent have no span to begin with.
            .with_sampler(Sampler::AlwaysOn)
            .build();
        Ok(Some(Self { provider }))
    }

    /// Collects the spans that are meant for the collector, and nothing else.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let ours = FilterFn::new(|metadata| metadata.is_span() && metadata.target() == TARGET);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("convoke"))
            .with_location(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(ours.with_max_level_hint(LevelFilter::TRACE))
    }

    /// Sends what is left, for a few seconds at most.
    pub async fn close(self) {
        // It waits for the collector, and so must not keep a thread that serves requests.
        let closing = move || self.provider.shutdown_with_timeout(CLOSING);
        match tokio::task::spawn_blocking(closing).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces may not have been delivered"),
            Err(error) => tracing::error!(%error, "sending traces did not end"),
        }
    }
}
