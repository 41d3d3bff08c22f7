//! The two windows, and the bucket, against a clock of the test's own.

use convoke_core::rate_limit::{
    Allowance, BURST_PERIOD_S, Counters, Maxima, SUSTAIN_PERIOD_S, Violation,
};
use convoke_core::token_bucket::{Rate, TokenBucket};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const EXAMPLE: Maxima = Maxima {
    burst: 30,
    sustain: 100,
};

fn at_ms(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_767_225_600_000 + ms).expect("in range")
}

#[test]
fn a15_the_documented_example_throttles_5_0_0_20_24() {
    let mut counters = Counters::default();
    let throttled: Vec<usize> = [35, 28, 21, 36, 24]
        .into_iter()
        .zip(0..)
        .map(|(requests, slot)| {
            let now = at_ms(slot * 15_000);
            let refused = (0..requests).filter(|_| counters.count(EXAMPLE, now).is_some());
            refused.count()
        })
        .collect();
    assert_eq!(throttled, [5, 0, 0, 20, 24]);
}

#[test]
fn a_window_begins_with_its_first_request_and_ends_after_its_period() {
    let one = Maxima {
        burst: 1,
        sustain: 100,
    };
    let mut counters = Counters::default();
    assert_eq!(counters.count(one, at_ms(7_000)), None);
    let violation = |current, retry_after_s| Violation {
        current,
        max: 1,
        period_s: 15,
        retry_after_s,
    };
    let check = |counters: &mut Counters, ms, expected| {
        assert_eq!(counters.count(one, at_ms(ms)), expected, "{ms}");
    };
    check(&mut counters, 7_000, Some(violation(2, 15)));
    check(&mut counters, 7_001, Some(violation(3, 15)));
    check(&mut counters, 20_999, Some(violation(4, 2)));
    check(&mut counters, 21_999, Some(violation(5, 1)));
    check(&mut counters, 22_000, None);
    check(&mut counters, 22_000, Some(violation(2, 15)));
}

#[test]
fn of_two_violated_limits_the_one_that_ends_later_is_reported() {
    let both = Maxima {
        burst: 1,
        sustain: 2,
    };
    let mut counters = Counters::default();
    assert_eq!(counters.count(both, at_ms(0)), None);
    let burst = counters.count(both, at_ms(1)).expect("the burst");
    assert_eq!((burst.period_s, burst.retry_after_s), (15, 15));
    let sustain = counters.count(both, at_ms(2)).expect("both");
    assert_eq!((sustain.period_s, sustain.current), (300, 3));
    assert_eq!(sustain.retry_after_s, 300);
    // Shortly before the long window ends, a short one that has just begun ends later.
    assert!(counters.count(both, at_ms(299_000)).is_some());
    let late = counters.count(both, at_ms(299_000)).expect("both");
    assert_eq!((late.period_s, late.retry_after_s), (15, 15));
}

#[test]
fn a_clock_that_is_set_back_makes_no_window_longer() {
    let one = Maxima {
        burst: 1,
        sustain: 100,
    };
    let mut counters = Counters::default();
    counters.count(one, at_ms(3_600_000));
    let violation = counters.count(one, at_ms(0)).expect("the same window");
    assert_eq!(violation.retry_after_s, 15);
    assert_eq!(counters.count(one, at_ms(15_000)), None);
}

#[test]
fn scaling_rounds_down_and_leaves_at_least_one() {
    let scaled = |factor| {
        let maxima = Allowance::SearchRead.maxima().scaled(factor);
        (maxima.burst, maxima.sustain)
    };
    assert_eq!(scaled(1.0), (1, 20));
    assert_eq!(scaled(10.0), (10, 200));
    assert_eq!(scaled(1.99), (1, 39));
    assert_eq!(scaled(0.01), (1, 1));
    assert_eq!(scaled(1e300), (u32::MAX, u32::MAX));
}

#[test]
fn a_bucket_gives_what_it_holds_and_then_what_flows_in() {
    let rate = Rate {
        capacity: 4,
        fill_s: 2,
    };
    let mut bucket = TokenBucket::default();
    for _ in 0..4 {
        assert_eq!(bucket.take(rate, at_ms(0)), Ok(()));
    }
    let wait = SignedDuration::from_millis(500);
    assert_eq!(bucket.take(rate, at_ms(0)), Err(wait));
    assert_eq!(
        bucket.check(rate, at_ms(499)),
        Err(wait - SignedDuration::from_millis(499))
    );
    assert_eq!(bucket.take(rate, at_ms(500)), Ok(()));
    assert!(bucket.take(rate, at_ms(500)).is_err());
    // Set back by an hour: one token is missing, not thousands.
    assert_eq!(bucket.take(rate, at_ms(-3_600_000)), Err(wait));
    assert_eq!(bucket.take(rate, at_ms(-3_599_500)), Ok(()));
}

/// A window as its definition says it: the requests since its first one.
#[derive(Default)]
struct Model {
    window: Vec<i64>,
}

impl Model {
    fn count(&mut self, max: u32, period_s: u32, now: i64) -> bool {
        let first = self.window.first().copied().unwrap_or(now);
        if i64::from(period_s) * 1000 <= now - first {
            self.window.clear();
        }
        self.window.push(now);
        self.window.len() <= usize::try_from(max).expect("small")
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counters_agree_with_lists_of_requests(
        pauses in prop::collection::vec(prop_oneof![3 => Just(0_i64), 3 => 0..2_000_i64, 1 => 0..40_000_i64], 1..400),
        burst in 1_u32..20,
        sustain in 1_u32..60,
    ) {
        let maxima = Maxima { burst, sustain };
        let mut counters = Counters::default();
        let (mut short, mut long) = (Model::default(), Model::default());
        let mut now = 0;
        for pause in pauses {
            now += pause;
            let fits = [
                short.count(burst, BURST_PERIOD_S, now),
                long.count(sustain, SUSTAIN_PERIOD_S, now),
            ];
            let violation = counters.count(maxima, at_ms(now));
            prop_assert_eq!(violation.is_none(), fits == [true, true], "at {}", now);
            if let Some(violation) = violation {
                prop_assert!(violation.max < violation.current);
                prop_assert!((1..=violation.period_s).contains(&violation.retry_after_s));
                // The reported window really is over then.
                let mut later = counters;
                let after = at_ms(now) + SignedDuration::from_secs(i64::from(violation.retry_after_s));
                let next = later.count(maxima, after);
                prop_assert!(next.is_none_or(|next| next.period_s != violation.period_s), "{:?}", next);
            }
        }
    }

    #[test]
    fn a_bucket_never_gives_more_than_it_holds_and_receives(
        pauses in prop::collection::vec(0..3_000_i64, 1..200),
        capacity in 1_u32..30,
        fill_s in 1_u32..10,
    ) {
        let rate = Rate { capacity, fill_s };
        let mut bucket = TokenBucket::default();
        let (mut now, mut given) = (0_i64, 0_i64);
        for pause in pauses {
            now += pause;
            given += i64::from(bucket.take(rate, at_ms(now)).is_ok());
            let most = i64::from(capacity) + now * i64::from(capacity) / (i64::from(fill_s) * 1000);
            prop_assert!(given <= most, "{} of {}", given, most);
        }
    }
}
