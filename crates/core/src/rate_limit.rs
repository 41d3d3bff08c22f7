//! How many requests a caller may make: two counters over fixed windows, and the documented figures.
//!
//! Not here: whose counters they are, and what a refusal looks like.

use jiff::{SignedDuration, Timestamp};

/// Length of the short window, in seconds. `[doc]`
pub const BURST_PERIOD_S: u32 = 15;
/// Length of the long window, in seconds. `[doc]`
pub const SUSTAIN_PERIOD_S: u32 = 300;

/// Requests that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allowance {
    /// All of the session directory.
    SessionDirectory,
    /// Queries for search handles; they count as requests of the session directory too.
    SearchRead,
    /// Search handles made and deleted; they count as requests of the session directory too.
    SearchWrite,
    /// Hoppers and tickets.
    SmartMatch,
    /// People lists and the people hub.
    Social,
    /// Permissions and block lists.
    Privacy,
    /// Profiles.
    Profile,
    /// Presence, read.
    PresenceRead,
    /// Presence, written.
    PresenceWrite,
    /// Statistics, read.
    StatsRead,
    /// Statistics, written.
    StatsWrite,
    /// Activities without a session, invitations to them, and recent players.
    MultiplayerActivity,
    /// Any other service.
    Other,
}

/// The most requests that are served in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maxima {
    /// In [`BURST_PERIOD_S`].
    pub burst: u32,
    /// In [`SUSTAIN_PERIOD_S`].
    pub sustain: u32,
}

impl Allowance {
    /// The published figures. `[doc]`: the article on fine-grained rate limiting.
    pub const fn maxima(self) -> Maxima {
        let (burst, sustain) = match self {
            // Inferred: the article does not name activities, which stand in for sessions; a client
            // reports recent players every five seconds. `[client]`
            Self::SessionDirectory | Self::MultiplayerActivity => (30, 300),
            Self::SearchRead | Self::SearchWrite => (1, 20),
            Self::SmartMatch => (10, 100),
            Self::PresenceRead => (30, 100),
            Self::PresenceWrite => (3, 30),
            Self::StatsRead => (100, 300),
            Self::StatsWrite => (10, 10),
            // Inferred: the article does not name the people hub; it counts as social.
            // [client]: the same is what the vendor's trace analyser assumes of any other service.
            Self::Social | Self::Privacy | Self::Profile | Self::Other => (10, 30),
        };
        Maxima { burst, sustain }
    }
}

impl Maxima {
    /// The figures times a factor, rounded down, and at least 1.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float is cut to the range of the integer; the factor is positive"
        )]
        let scale = |figure: u32| ((f64::from(figure) * factor) as u32).max(1);
        Self {
            burst: scale(self.burst),
            sustain: scale(self.sustain),
        }
    }
}

/// The counters of one caller for one allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    burst: Window,
    sustain: Window,
}

/// Requests since the first one of a window, which starts it. `Inferred:` auth-http 9.3
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Window {
    /// The first request; meaningless while `count` is 0.
    start: Timestamp,
    count: u32,
}

/// A request over a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Violation {
    /// Requests in the window, this one included.
    pub current: u32,
    /// The most that are served.
    pub max: u32,
    /// The length of the window, in seconds.
    pub period_s: u32,
    /// Whole seconds until the window ends, rounded up: from 1 to the period.
    pub retry_after_s: u32,
}

impl Counters {
    /// Counts one request in both windows, and says whether it is over a limit.
    ///
    /// Requests that are refused count like others. `[doc]`
    /// Where both limits are violated, the one that ends later is reported. `Inferred:` auth-http 9.4
    pub fn count(&mut self, maxima: Maxima, now: Timestamp) -> Option<Violation> {
        let burst = self.burst.count(maxima.burst, BURST_PERIOD_S, now);
        let sustain = self.sustain.count(maxima.sustain, SUSTAIN_PERIOD_S, now);
        match (burst, sustain) {
            (Some(burst), Some(sustain)) if sustain.retry_after_s < burst.retry_after_s => {
                Some(burst)
            }
            (burst, None) => burst,
            (_, sustain) => sustain,
        }
    }
}

impl Window {
    fn count(&mut self, max: u32, period_s: u32, now: Timestamp) -> Option<Violation> {
        let period = SignedDuration::from_secs(i64::from(period_s));
        if self.count == 0 || period <= now.duration_since(self.start) {
            *self = Self {
                start: now,
                count: 0,
            };
        }
        // A clock that is set back must not make a window longer than its period.
        self.start = self.start.min(now);
        self.count = self.count.saturating_add(1);
        if self.count <= max {
            return None;
        }
        let left = period - now.duration_since(self.start);
        let partial = i64::from(0 < left.subsec_nanos());
        Some(Violation {
            current: self.count,
            max,
            period_s,
            retry_after_s: u32::try_from(left.as_secs() + partial)
                .expect("a window is not over, and not longer than its period"),
        })
    }
}
