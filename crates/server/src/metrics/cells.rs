//! Numbers that many threads add to without a lock, in the form that the page wants them.
//!
//! Every label is resolved to a position beforehand, so that counting is one atomic addition.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// Upper bounds of durations, in nanoseconds: 100 µs to 10 s.
const BOUNDS: [u64; 16] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// How durations are distributed; `_sum` and the bounds are in seconds.
#[derive(Debug, Default)]
pub(super) struct Durations {
    /// One more than there are bounds: the last takes what is above all.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Durations {
    pub(super) fn observe(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < nanoseconds);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    fn is_empty(&self) -> bool {
        let mut buckets = self.buckets.iter();
        buckets.all(|bucket| bucket.load(Ordering::Relaxed) == 0)
    }
}

impl EncodeMetric for Durations {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        let bounds = BOUNDS.iter().map(|bound| seconds(*bound));
        let bounds = bounds.chain([f64::INFINITY]);
        let counts = self.buckets.iter().map(|it| it.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = seconds(self.nanoseconds.load(Ordering::Relaxed));
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a statistic, exact for three months"
)]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// A metric that others hold too.
#[derive(Debug)]
pub(super) struct Held<T>(pub(super) Arc<T>);

impl<T: EncodeMetric> EncodeMetric for Held<T> {
    fn encode(&self, encoder: MetricEncoder) -> fmt::Result {
        self.0.encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        self.0.metric_type()
    }
}

/// One histogram for each value of a label; the values that had none are left out.
#[derive(Debug)]
pub(super) struct DurationsBy {
    label: &'static str,
    values: Vec<(&'static str, Durations)>,
}

impl DurationsBy {
    pub(super) fn new(label: &'static str, values: impl Iterator<Item = &'static str>) -> Self {
        Self {
            label,
            values: values.map(|value| (value, Durations::default())).collect(),
        }
    }

    pub(super) fn observe(&self, position: usize, duration: Duration) {
        self.values[position].1.observe(duration);
    }
}

impl EncodeMetric for DurationsBy {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        for (value, durations) in self.values.iter().filter(|(_, it)| !it.is_empty()) {
            durations.encode(encoder.encode_family(&[(self.label, *value)])?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

/// Which counters of a [`Counts`] the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zeros {
    /// All of them.
    Shown,
    /// Only those that have counted something: there are many.
    Hidden,
}

/// One counter for each combination of label values.
#[derive(Debug)]
pub(super) struct Counts<const LABELS: usize> {
    labels: [&'static str; LABELS],
    zeros: Zeros,
    values: Vec<([&'static str; LABELS], AtomicU64)>,
}

impl<const LABELS: usize> Counts<LABELS> {
    pub(super) fn new(
        labels: [&'static str; LABELS],
        zeros: Zeros,
        values: impl Iterator<Item = [&'static str; LABELS]>,
    ) -> Self {
        Self {
            labels,
            zeros,
            values: values.map(|value| (value, AtomicU64::new(0))).collect(),
        }
    }

    /// Counts one at a position of the list that it was made of.
    pub(super) fn add(&self, position: usize) {
        self.values[position].1.fetch_add(1, Ordering::Relaxed);
    }
}

impl<const LABELS: usize> EncodeMetric for Counts<LABELS> {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        for (values, counter) in &self.values {
            let count = counter.load(Ordering::Relaxed);
            if count == 0 && self.zeros == Zeros::Hidden {
                continue;
            }
            let mut labels = self.labels.iter().zip(values);
            let labels: [(&str, &str); LABELS] =
                std::array::from_fn(|_| labels.next().map_or(("", ""), |(name, of)| (*name, *of)));
            encoder
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    fn page(metric: impl EncodeMetric + fmt::Debug + Send + Sync + 'static) -> String {
        let mut registry = Registry::default();
        registry.register("x", "X", metric);
        let mut text = String::new();
        encode(&mut text, &registry).expect("text");
        text
    }

    #[test]
    fn a_duration_is_counted_in_the_first_bucket_that_holds_it() {
        let durations = Durations::default();
        for microseconds in [0, 100, 101, 2_500, 11_000_000] {
            durations.observe(Duration::from_micros(microseconds));
        }
        let page = page(durations);
        for line in [
            "x_bucket{le=\"0.0001\"} 2\n",
            "x_bucket{le=\"0.00025\"} 3\n",
            "x_bucket{le=\"0.001\"} 3\n",
            "x_bucket{le=\"0.0025\"} 4\n",
            "x_bucket{le=\"10.0\"} 4\n",
            "x_bucket{le=\"+Inf\"} 5\n",
            "x_sum 11.002701\n",
            "x_count 5\n",
        ] {
            assert!(page.contains(line), "{line} is not in {page}");
        }
    }

    #[test]
    fn zeros_are_shown_or_hidden_as_asked() {
        let both = || [["a", "b"], ["c", "d"]].into_iter();
        let hidden = Counts::new(["k", "l"], Zeros::Hidden, both());
        hidden.add(1);
        hidden.add(1);
        let hidden = page(hidden);
        assert!(hidden.contains("x_total{k=\"c\",l=\"d\"} 2\n"), "{hidden}");
        assert!(!hidden.contains("k=\"a\""), "{hidden}");
        let shown = page(Counts::new(["k", "l"], Zeros::Shown, both()));
        assert!(shown.contains("x_total{k=\"a\",l=\"b\"} 0\n"), "{shown}");
    }
}
