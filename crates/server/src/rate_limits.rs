//! The documented limits of callers, applied between authentication and the handler.
//!
//! Users are counted per title and service in two windows; server principals are limited by how
//! many of their requests run at the same time. The counting itself is `convoke_core::rate_limit`.
//! Not here: limits on addresses (`addresses`) and on all callers together (`admission`).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use convoke_core::rate_limit::{Allowance, Counters, Maxima, SUSTAIN_PERIOD_S, Violation};
use convoke_wire::throttle::{LimitType, ThrottleBody};
use convoke_wire::{TitleId, Xuid};
use jiff::{SignedDuration, Timestamp};

use crate::auth::{Acting, Principal};
use crate::config::{Limits, Mode};
use crate::hosts::Service;
use crate::recent::Recent;
use crate::tally::{Ongoing, Tally};

/// Most counters that are kept, some 100 bytes each. Beyond it, those that were not used for
/// longest begin afresh: memory is bounded, and a limit is then too generous, never too strict.
const MAX_COUNTERS: usize = 262_144;
/// When a server principal may try again: its requests take milliseconds. Ours.
const CONCURRENCY_RETRY_S: u32 = 1;

/// The counters of all callers.
#[derive(Debug)]
pub struct RateLimits {
    mode: Mode,
    scale: f64,
    service_concurrency: u32,
    counters: Recent<Key, Counters>,
    running: Tally<Box<str>>,
}

/// Whose requests are counted together. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    actor: Actor,
    title_id: Option<TitleId>,
    allowance: Allowance,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Actor {
    User(Xuid),
    /// A title or device without a user, by its device or else its token. `Inferred:`
    Device(Box<str>),
}

/// A refusal to serve a caller who asks too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttled {
    /// What the answer says.
    pub body: ThrottleBody,
    /// Whole seconds after which the caller may try again.
    pub retry_after_s: u32,
}

/// A request that is served. It counts as running until this is dropped.
#[derive(Debug)]
pub struct Pass {
    over: OverLimit,
    #[expect(dead_code, reason = "dropping it ends the request's being counted")]
    running: Option<Ongoing<Box<str>>>,
}

/// Whether a request that is served was over a limit; handlers may still find that it is.
#[derive(Debug, Clone, Default)]
pub struct OverLimit(Option<Arc<AtomicBool>>);

impl RateLimits {
    /// No request counted yet.
    pub fn new(limits: &Limits) -> Self {
        let idle = SignedDuration::from_secs(i64::from(SUSTAIN_PERIOD_S));
        Self {
            mode: limits.mode,
            scale: limits.scale.factor(),
            service_concurrency: limits.service_concurrency.get(),
            counters: Recent::new(MAX_COUNTERS, idle),
            running: Tally::default(),
        }
    }

    /// Counts a request to a service, before its handler does any work.
    pub fn admit(
        &self,
        principal: &Principal,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<Pass, Throttled> {
        let over = match self.mode {
            Mode::Off | Mode::Enforce => OverLimit::default(),
            Mode::Report => OverLimit(Some(Arc::default())),
        };
        let mut running = None;
        if self.mode != Mode::Off && principal.is_service() {
            let (this, current) = self.running.begin(name_of(principal).into());
            running = Some(this);
            if self.service_concurrency < current {
                over.found(too_many_at_once(current, self.service_concurrency))?;
            }
        }
        self.count(principal, allowance, now, &over)?;
        Ok(Pass { over, running })
    }

    /// Counts a user's request that has an allowance beside its service's, once that is known.
    pub fn count(
        &self,
        principal: &Principal,
        allowance: Allowance,
        now: Timestamp,
        over: &OverLimit,
    ) -> Result<(), Throttled> {
        if self.mode == Mode::Off || principal.is_service() {
            return Ok(());
        }
        let key = Key {
            actor: actor(principal),
            title_id: principal.title_id,
            allowance,
        };
        let maxima = self.maxima(allowance);
        let violation = self
            .counters
            .with(key, now, |counters| counters.count(maxima, now));
        violation.map_or(Ok(()), |violation| over.found(violation.into()))
    }

    fn maxima(&self, allowance: Allowance) -> Maxima {
        allowance.maxima().scaled(self.scale)
    }
}

/// What requests to a service are counted as; the issuer and operations are not.
pub fn allowance(service: Service) -> Option<Allowance> {
    match service {
        Service::SessionDirectory => Some(Allowance::SessionDirectory),
        Service::SmartMatch => Some(Allowance::SmartMatch),
        Service::Social | Service::PeopleHub => Some(Allowance::Social),
        Service::Privacy => Some(Allowance::Privacy),
        Service::Profile => Some(Allowance::Profile),
        Service::MultiplayerActivity => Some(Allowance::MultiplayerActivity),
        Service::RealTime | Service::Notify | Service::Inbox => Some(Allowance::Other),
        Service::Issuer | Service::Operations => None,
    }
}

/// The user that a request counts for.
///
/// `Inferred:` a token of several users that leaves open which of them acts counts for its first
/// one: who acts may be in the body, and nobody must gain by leaving it open.
fn actor(principal: &Principal) -> Actor {
    let user = match principal.acting {
        Acting::Nobody => None,
        Acting::User(_) => principal.acting_user(),
        Acting::Undecided => principal.users.first(),
    };
    match (user, &principal.device_id) {
        (Some(user), _) => Actor::User(user.xuid),
        (None, Some(device)) => Actor::Device(device.as_str().into()),
        (None, None) => Actor::Device(principal.token_id.as_str().into()),
    }
}

fn name_of(principal: &Principal) -> &str {
    principal.service.as_ref().unwrap_or(&principal.token_id)
}

impl Pass {
    /// For handlers that count further.
    pub fn over(&self) -> &OverLimit {
        &self.over
    }
}

impl OverLimit {
    /// Refuses, or remembers that it would have been refused.
    fn found(&self, throttled: Throttled) -> Result<(), Throttled> {
        let Some(reported) = &self.0 else {
            return Err(throttled);
        };
        reported.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the request would have been refused if limits were enforced.
    pub fn was_found(&self) -> bool {
        let reported = self.0.as_ref();
        reported.is_some_and(|reported| reported.load(Ordering::Relaxed))
    }
}

impl fmt::Display for Throttled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ThrottleBody {
            current_requests: current,
            max_requests: max,
            period_in_seconds: period,
            limit_type,
            ..
        } = self.body;
        match limit_type {
            LimitType::Rate => write!(f, "{current} requests in {period} s, at most {max}"),
            LimitType::Concurrency => write!(f, "{current} requests at a time, at most {max}"),
        }
    }
}

impl From<Violation> for Throttled {
    fn from(violation: Violation) -> Self {
        Self {
            body: ThrottleBody {
                version: 1,
                current_requests: violation.current,
                max_requests: violation.max,
                period_in_seconds: violation.period_s,
                limit_type: LimitType::Rate,
            },
            retry_after_s: violation.retry_after_s,
        }
    }
}

fn too_many_at_once(current: u32, max: u32) -> Throttled {
    Throttled {
        body: ThrottleBody {
            version: 1,
            current_requests: current,
            max_requests: max,
            period_in_seconds: 0,
            limit_type: LimitType::Concurrency,
        },
        retry_after_s: CONCURRENCY_RETRY_S,
    }
}
