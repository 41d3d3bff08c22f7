//! A rate with room for bursts, kept as one moment: when the bucket will be full again.
//!
//! Not here: the documented limits of callers, which count in windows (`rate_limit`).

use jiff::{SignedDuration, Timestamp};

/// How fast a bucket fills, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that a full bucket holds; at least 1.
    pub capacity: u32,
    /// The time in which an empty bucket fills, in seconds; at least 1.
    pub fill_s: u32,
}

/// A bucket of tokens; a new one is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenBucket {
    full_at: Timestamp,
}

impl Default for TokenBucket {
    fn default() -> Self {
        Self {
            full_at: Timestamp::MIN,
        }
    }
}

impl TokenBucket {
    /// Takes one token, or says how long it takes until there is one.
    pub fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), SignedDuration> {
        self.check(rate, now)?;
        self.full_at = later(self.full_at.max(now), rate.interval());
        Ok(())
    }

    /// Whether there is a token to take; if not, how long it takes until there is one.
    pub fn check(&mut self, rate: Rate, now: Timestamp) -> Result<(), SignedDuration> {
        // A clock that is set back must not lock anybody out for longer than a filling takes.
        self.full_at = self.full_at.min(later(now, rate.fill()));
        let missing = self.full_at.duration_since(now);
        let allowed = rate.fill() - rate.interval();
        if missing <= allowed {
            return Ok(());
        }
        Err(missing - allowed)
    }
}

fn later(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl Rate {
    fn fill(self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.fill_s.max(1)))
    }

    /// The time in which one token arrives.
    fn interval(self) -> SignedDuration {
        self.fill() / i32::try_from(self.capacity.max(1)).unwrap_or(i32::MAX)
    }
}
