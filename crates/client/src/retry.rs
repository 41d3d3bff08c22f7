//! When a request is sent again: a few times, and only when that cannot do a thing twice.

use std::time::Duration;

use reqwest::StatusCode;

use crate::raw::{Answer, Repeat};

/// How often and how patiently requests are sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Most times that one request is sent; 1 sends nothing twice.
    pub max_attempts: u32,
    /// The first wait when the service does not say how long; it doubles with every attempt.
    pub first_wait: Duration,
    /// The longest wait. When the service asks for a longer one, its refusal is the answer.
    pub max_wait: Duration,
}

impl Default for RetryPolicy {
    /// Three attempts; the longest wait is more than the service's short window of 15 s. `[doc]`
    fn default() -> Self {
        Self {
            max_attempts: 3,
            first_wait: Duration::from_millis(250),
            max_wait: Duration::from_secs(20),
        }
    }
}

impl RetryPolicy {
    /// Every request is sent once.
    pub const NEVER: Self = Self {
        max_attempts: 1,
        first_wait: Duration::ZERO,
        max_wait: Duration::ZERO,
    };

    /// How long to wait before a request is sent again; `None` when it is not.
    ///
    /// A request that came too often (429) was not looked at, so any may be repeated. Of one that
    /// found the service unavailable (503) it is not known what it did. `chance` spreads the waits of
    /// many clients.
    pub(crate) fn wait(
        &self,
        attempt: u32,
        repeat: Repeat,
        answer: &Answer,
        chance: u64,
    ) -> Option<Duration> {
        if self.max_attempts <= attempt {
            return None;
        }
        let may_repeat = match answer.status {
            StatusCode::TOO_MANY_REQUESTS => repeat != Repeat::Never,
            StatusCode::SERVICE_UNAVAILABLE => repeat == Repeat::Always,
            _ => false,
        };
        if !may_repeat {
            return None;
        }
        match answer.retry_after() {
            Some(asked) => (asked <= self.max_wait).then_some(asked),
            None => Some(backoff(self.first_wait, self.max_wait, attempt, chance)),
        }
    }
}

/// A wait that doubles with every attempt, counted from 1; between half of it and all of it.
pub(crate) fn backoff(first: Duration, most: Duration, attempt: u32, chance: u64) -> Duration {
    let doubled = 1_u32.checked_shl(attempt.saturating_sub(1).min(20));
    let whole = first.saturating_mul(doubled.unwrap_or(u32::MAX)).min(most);
    let half = whole / 2;
    let steps = u32::try_from(chance % 1024).unwrap_or(0);
    half + half * steps / 1023
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::*;

    fn answer(status: u16, retry_after: Option<&'static str>) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers,
            body: Vec::new().into(),
        }
    }

    #[test]
    fn only_what_cannot_be_done_twice_is_repeated() {
        let policy = RetryPolicy::default();
        let check = |attempt, repeat, status, expected: bool| {
            let wait = policy.wait(attempt, repeat, &answer(status, None), 0);
            assert_eq!(wait.is_some(), expected, "{attempt} {repeat:?} {status}");
        };
        check(1, Repeat::Always, 503, true);
        check(1, Repeat::Unread, 503, false);
        check(1, Repeat::Always, 429, true);
        check(1, Repeat::Unread, 429, true);
        check(1, Repeat::Never, 429, false);
        check(2, Repeat::Always, 503, true);
        check(3, Repeat::Always, 503, false);
        for status in [200, 400, 401, 409, 412, 500, 502, 504] {
            check(1, Repeat::Always, status, false);
        }
    }

    #[test]
    fn the_service_says_how_long_to_wait_within_reason() {
        let policy = RetryPolicy::default();
        let wait = |seconds| policy.wait(1, Repeat::Always, &answer(429, Some(seconds)), 7);
        assert_eq!(wait("15"), Some(Duration::from_secs(15)));
        assert_eq!(wait("0"), Some(Duration::ZERO));
        assert_eq!(wait("300"), None);
        assert_eq!(
            wait("soon"),
            Some(backoff(policy.first_wait, policy.max_wait, 1, 7))
        );
    }

    #[test]
    fn waits_double_are_spread_and_end_somewhere() {
        let (first, most) = (Duration::from_secs(1), Duration::from_secs(30));
        let wait = |attempt, chance| backoff(first, most, attempt, chance);
        assert_eq!(wait(1, 0), Duration::from_millis(500));
        assert_eq!(wait(1, 1023), Duration::from_secs(1));
        assert_eq!(wait(4, 1023), Duration::from_secs(8));
        for attempt in [6, 40, u32::MAX] {
            assert_eq!(wait(attempt, 0), Duration::from_secs(15));
            assert_eq!(wait(attempt, u64::MAX), Duration::from_secs(30));
        }
        assert_eq!(backoff(Duration::MAX, most, 3, 1023), most);
    }
}
