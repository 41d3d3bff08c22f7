//! Which traces are sent.

use uuid::Uuid;

use crate::config::Telemetry;
use crate::traceparent::Traceparent;

/// The last 56 bits of an id are drawn at random: those of a trace (W3C Trace Context, level 2),
/// and those of a UUID of version 4.
const RANDOM_BITS: i32 = 56;

/// Takes a part of all traces, the same part wherever it is asked.
#[derive(Debug)]
pub(super) struct Sampling {
    /// The least of the random numbers that are taken.
    threshold: u64,
    follow_parent: bool,
}

impl Sampling {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of 2 to the power of 56"
    )]
    pub(super) fn new(config: &Telemetry) -> Self {
        let left_out = 1.0 - config.sample_ratio.part();
        let all = 2_f64.powi(RANDOM_BITS);
        Self {
            threshold: (left_out * all) as u64,
            follow_parent: config.follow_parent,
        }
    }

    /// Whether a request is sent: by the trace it belongs to, else by its own id.
    pub(super) fn takes(&self, id: Uuid, parent: Option<&Traceparent>) -> bool {
        match parent {
            Some(parent) if self.follow_parent => parent.is_sampled(),
            Some(parent) => self.threshold <= random_part(parent.trace_number()),
            None => self.threshold <= random_part(id.as_u128()),
        }
    }
}

fn random_part(id: u128) -> u64 {
    let mask = (1 << RANDOM_BITS) - 1;
    u64::try_from(id & mask).expect("56 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampling(ratio: f64, follow_parent: bool) -> Sampling {
        Sampling::new(&Telemetry {
            sample_ratio: ratio.try_into().expect("a ratio"),
            follow_parent,
            ..Telemetry::default()
        })
    }

    fn parent(random: u64, flags: &str) -> Traceparent {
        let value = format!("00-ffffffffffffffffff{random:014x}-00f067aa0ba902b7-{flags}");
        let mut headers = http::HeaderMap::new();
        headers.insert("traceparent", value.parse().expect("a value"));
        Traceparent::of(&headers).expect("valid")
    }

    #[test]
    fn a_ratio_takes_the_upper_part_of_the_numbers() {
        let most = (1_u64 << RANDOM_BITS) - 1;
        let quarter = 3 << (RANDOM_BITS - 2);
        for (ratio, random, taken) in [
            (1.0, 0, true),
            (1.0, most, true),
            (0.25, quarter, true),
            (0.25, quarter - 1, false),
            (0.25, most, true),
            (0.0, most, false),
            (0.0, 0, false),
        ] {
            let sampling = sampling(ratio, false);
            assert_eq!(
                sampling.takes(Uuid::from_u128(random.into()), None),
                taken,
                "{ratio} {random:x}"
            );
            // What the sender decided is no matter, and neither is our own id.
            for flags in ["00", "01"] {
                let parent = parent(random, flags);
                for id in [Uuid::nil(), Uuid::max()] {
                    assert_eq!(
                        sampling.takes(id, Some(&parent)),
                        taken,
                        "{ratio} {random:x}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_sender_decides_where_it_may() {
        for ratio in [0.0, 1.0] {
            let sampling = sampling(ratio, true);
            assert!(sampling.takes(Uuid::nil(), Some(&parent(0, "01"))));
            assert!(!sampling.takes(Uuid::max(), Some(&parent(0, "00"))));
        }
        assert!(sampling(1.0, true).takes(Uuid::nil(), None));
        assert!(!sampling(0.0, true).takes(Uuid::max(), None));
    }
}
