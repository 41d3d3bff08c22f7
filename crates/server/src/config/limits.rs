//! `[limits]`: the documented limits of callers, and the protection of the service itself.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much callers may ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// What becomes of the requests of a user that are over the documented limits of a service.
    pub mode: Mode,
    /// The documented figures are multiplied by this positive number; those who run a service for
    /// themselves often choose 10.
    pub scale: Scale,
    /// Most sessions of one service configuration that a user may be a member of at a time, counted
    /// while `mode` is `enforce`; at most 1000, and 0 for any number. Places that are kept for a user
    /// do not count.
    pub sessions_per_user: SessionsPerUser,
    /// Most requests of one server principal at the same time.
    pub service_concurrency: NonZeroU32,
    /// Most requests at the same time, of all callers; more are answered with 503 at once.
    pub max_in_flight: NonZeroU32,
    /// Seconds that the other end of a connection may take nothing of an answer or a stream before the
    /// connection is given up.
    pub write_timeout: NonZeroU32,
    /// The addresses and networks of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// What one address may do before anybody knows who it is.
    pub per_address: PerAddress,
}

/// What becomes of requests over the documented limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing is counted.
    Off,
    /// They are served, and their answers say `X-RateLimit-Would-Throttle: 1`.
    Report,
    /// They are refused with 429.
    #[default]
    Enforce,
}

/// What one address may do; an IPv6 network of 64 bits counts as one address.
///
/// Addresses of this machine itself are not limited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PerAddress {
    /// Whether addresses are limited at all.
    pub enabled: bool,
    /// Most connections at a time.
    pub connections: NonZeroU32,
    /// New connections per second; twice as many at once.
    pub connections_per_second: NonZeroU32,
    /// Requests per second; twice as many at once.
    pub requests_per_second: NonZeroU32,
    /// Requests per minute whose credentials are refused.
    pub failed_authentications_per_minute: NonZeroU32,
}

/// A positive factor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
pub struct Scale(#[schemars(range(min = 0))] f64);

/// How many sessions a user may be a member of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32")]
pub struct SessionsPerUser(#[schemars(range(max = 1000))] u32);

/// Most sessions of a user that can be counted to. Ours: more are not looked at when somebody joins.
pub(crate) const MAX_SESSIONS_PER_USER: u32 = 1_000;

/// An address, or all addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Network(IpNet);

const fn figure(value: u32) -> NonZeroU32 {
    NonZeroU32::new(value).expect("the defaults are not 0")
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mode: Mode::Enforce,
            scale: Scale(1.0),
            // Inferred: session 10
            sessions_per_user: SessionsPerUser(50),
            // Inferred: auth-http 9.7
            service_concurrency: figure(256),
            // A group of durable writes takes milliseconds, and groups are full long before 256
            // requests wait; twice that keeps the store busy, and makes the last of them wait for
            // some tens of milliseconds where ten thousand are served per second.
            max_in_flight: figure(512),
            // Ours: as long as a socket may be silent.
            write_timeout: figure(60),
            trusted_proxies: Vec::new(),
            per_address: PerAddress::default(),
        }
    }
}

impl Default for PerAddress {
    /// Room for the players behind one address of a carrier: hundreds, not one. Ours.
    fn default() -> Self {
        Self {
            enabled: true,
            connections: figure(1024),
            connections_per_second: figure(100),
            requests_per_second: figure(1000),
            failed_authentications_per_minute: figure(60),
        }
    }
}

impl Scale {
    /// The factor.
    pub fn factor(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Scale {
    type Error = String;

    fn try_from(factor: f64) -> Result<Self, String> {
        if factor.is_finite() && 0.0 < factor {
            return Ok(Self(factor));
        }
        Err(format!(
            "limits.scale: expected a positive number, found {factor}"
        ))
    }
}

impl SessionsPerUser {
    /// The number; `None` for any.
    pub fn most(self) -> Option<u32> {
        Some(self.0).filter(|most| *most != 0)
    }
}

impl TryFrom<u32> for SessionsPerUser {
    type Error = String;

    fn try_from(most: u32) -> Result<Self, String> {
        if most <= MAX_SESSIONS_PER_USER {
            return Ok(Self(most));
        }
        Err(format!(
            "limits.sessions_per_user: expected at most {MAX_SESSIONS_PER_USER}, found {most}"
        ))
    }
}

impl Network {
    /// Whether an address belongs to it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = || text.parse().map(|address: IpAddr| IpNet::from(address));
        text.parse().or_else(|_| address()).map(Self).map_err(|_| {
            format!(
                "limits.trusted_proxies: expected an address or a network such as 10.0.0.0/8, \
                 found `{text}`"
            )
        })
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn every_key_is_read() {
        let config = parse(
            r#"
            [limits]
            mode = "report"
            scale = 2.5
            sessions_per_user = 9
            service_concurrency = 3
            max_in_flight = 4
            write_timeout = 9
            trusted_proxies = ["10.0.0.0/8", "2001:db8::1"]
            [limits.per_address]
            enabled = false
            connections = 5
            connections_per_second = 6
            requests_per_second = 7
            failed_authentications_per_minute = 8
            "#,
        )
        .expect("valid");
        let expected = Limits {
            mode: Mode::Report,
            scale: Scale(2.5),
            sessions_per_user: SessionsPerUser(9),
            service_concurrency: figure(3),
            max_in_flight: figure(4),
            write_timeout: figure(9),
            trusted_proxies: vec![
                Network("10.0.0.0/8".parse().expect("a network")),
                Network("2001:db8::1/128".parse().expect("a network")),
            ],
            per_address: PerAddress {
                enabled: false,
                connections: figure(5),
                connections_per_second: figure(6),
                requests_per_second: figure(7),
                failed_authentications_per_minute: figure(8),
            },
        };
        assert_eq!(config.limits, expected);
        assert_eq!(
            parse("[limits]\nscale = 10").expect("valid").limits.scale,
            Scale(10.0)
        );
    }

    #[test]
    fn documented_limits_are_enforced_unless_configured() {
        let limits = parse("").expect("valid").limits;
        assert_eq!((limits.mode, limits.scale.factor()), (Mode::Enforce, 1.0));
        assert_eq!(limits.service_concurrency.get(), 256);
        assert_eq!(limits.sessions_per_user.most(), Some(50));
        assert!(limits.per_address.enabled && limits.trusted_proxies.is_empty());
    }

    #[test]
    fn bad_values_are_refused_by_key() {
        let check = |text: &str, expected: &str| {
            let error = parse(&format!("[limits]\n{text}")).expect_err(text);
            let error = format!("{error:#}");
            assert!(error.contains(expected), "{error}");
        };
        check(
            "scale = 0.0",
            "limits.scale: expected a positive number, found 0",
        );
        check(
            "scale = -1",
            "limits.scale: expected a positive number, found -1",
        );
        check(
            "scale = inf",
            "limits.scale: expected a positive number, found inf",
        );
        check(
            "scale = nan",
            "limits.scale: expected a positive number, found NaN",
        );
        check("scale = \"1\"", "scale = ");
        check(
            "sessions_per_user = 1001",
            "limits.sessions_per_user: expected at most 1000, found 1001",
        );
        check("sessions_per_user = -1", "sessions_per_user = -1");
        check("max_in_flight = 0", "max_in_flight = 0");
        check("service_concurrency = 0", "service_concurrency = 0");
        check(
            "mode = \"on\"",
            "expected one of `off`, `report`, `enforce`",
        );
        check(
            "trusted_proxies = [\"10.0.0.0/33\"]",
            "limits.trusted_proxies: expected an address or a network such as 10.0.0.0/8, \
             found `10.0.0.0/33`",
        );
        check("per_address.connections = 0", "per_address.connections = 0");
        check(
            "per_address.connection = 1",
            "unknown key `limits.per_address.connection`; did you mean `connections`?",
        );
    }
}
