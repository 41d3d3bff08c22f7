//! What the store counts, read when the page is asked for.

use std::fmt;
use std::sync::Arc;

use convoke_store::{AnyStore, BATCH_BOUNDS};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// Reads the store's own counters.
#[derive(Debug)]
pub(super) struct OfStore(pub(super) Arc<AnyStore>);

impl Collector for OfStore {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let store = self.0.metrics();
        encoder
            .encode_descriptor(
                "store_checkpoints",
                "Times the log was carried over into the data file",
                None,
                MetricType::Counter,
            )?
            .encode_counter::<NoLabelSet, _, u64>(&store.checkpoints, None)?;
        encoder
            .encode_descriptor(
                "store_written",
                "Documents handed to the engine",
                Some(&Unit::Bytes),
                MetricType::Counter,
            )?
            .encode_counter::<NoLabelSet, _, u64>(&store.bytes, None)?;
        encoder
            .encode_descriptor(
                "store_sync",
                "Time that batches took to reach the disk, all together",
                Some(&Unit::Seconds),
                MetricType::Counter,
            )?
            .encode_counter::<NoLabelSet, _, u64>(&store.sync.as_secs_f64(), None)?;
        encoder
            .encode_descriptor(
                "store_queued_steps",
                "Steps that wait to be written",
                None,
                MetricType::Gauge,
            )?
            .encode_gauge(&store.queued)?;
        let bounds = BATCH_BOUNDS.iter().map(|bound| f64::from(*bound));
        let bounds = bounds.chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(store.batch_sizes).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        #[expect(clippy::cast_precision_loss, reason = "a statistic")]
        let sum = store.commits as f64;
        encoder
            .encode_descriptor(
                "store_batch_steps",
                "Steps that reached the disk together",
                None,
                MetricType::Histogram,
            )?
            .encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }
}
