//! What one network address may do before anybody knows who it is.
//!
//! Buckets for requests, refused credentials and new connections, and a count of connections, by
//! the address of the client. Addresses of this machine itself are not limited.
//! Not here: the documented limits of authenticated callers (`rate_limits`).

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use convoke_core::token_bucket::{Rate, TokenBucket};
use convoke_wire::throttle::{LimitType, ThrottleBody};
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};

use crate::api_error::ApiError;
use crate::config::{Limits, Network, PerAddress};
use crate::rate_limits::Throttled;
use crate::recent::Recent;
use crate::tally::{Ongoing, Tally};

/// Most addresses that are remembered, some 100 bytes each. Beyond it, those that were not seen
/// for longest begin afresh.
const MAX_ADDRESSES: usize = 65_536;
/// The time in which every bucket is full again, in seconds.
const LONGEST_FILL_S: u32 = 60;
/// Bursts of requests and connections are as much as flows in during this time, in seconds.
const BURST_S: u32 = 2;
/// Where a proxy says for whom it asks; each adds the address that it sees.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// What is known of addresses.
#[derive(Debug)]
pub struct Addresses {
    limits: PerAddress,
    proxies: Vec<Network>,
    buckets: Recent<Address, Buckets>,
    connections: Tally<Address>,
}

/// An IPv4 address, or the network of 64 bits that a customer is given with IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address(IpAddr);

#[derive(Debug, Default)]
struct Buckets {
    requests: TokenBucket,
    refused: TokenBucket,
    connections: TokenBucket,
}

/// A connection that counts until this is dropped.
#[derive(Debug)]
pub struct Connected(
    #[expect(dead_code, reason = "dropping it ends the connection's being counted")]
    Option<Ongoing<Address>>,
);

impl Addresses {
    /// Nothing is known yet.
    pub fn new(limits: &Limits) -> Self {
        let idle = SignedDuration::from_secs(i64::from(LONGEST_FILL_S));
        Self {
            limits: limits.per_address.clone(),
            proxies: limits.trusted_proxies.clone(),
            buckets: Recent::new(MAX_ADDRESSES, idle),
            connections: Tally::default(),
        }
    }

    /// Takes a connection, unless its address has too many or makes them too fast.
    ///
    /// Proxies that are trusted connect as they like.
    pub fn connect(&self, peer: IpAddr, now: Timestamp) -> Option<Connected> {
        let peer = peer.to_canonical();
        let address = self.limited_address(peer);
        let Some(address) = address.filter(|_| !self.is_proxy(peer)) else {
            return Some(Connected(None));
        };
        let rate = per_second(self.limits.connections_per_second);
        let take = |buckets: &mut Buckets| buckets.connections.take(rate, now);
        self.buckets.with(address, now, take).ok()?;
        let (connection, current) = self.connections.begin(address);
        (current <= self.limits.connections.get()).then_some(Connected(Some(connection)))
    }

    /// The address that a request is counted for: what the nearest proxy that is not trusted, or
    /// the client itself, connected from. `None` when it is not limited.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<Address> {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let forwarded = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
        for entry in forwarded {
            if !self.is_proxy(client) {
                break;
            }
            // What a trusted proxy did not write is not to be believed, so that proxy is it.
            let Ok(address) = entry.trim().parse::<IpAddr>() else {
                break;
            };
            client = address.to_canonical();
        }
        self.limited_address(client)
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(address))
    }

    fn limited_address(&self, address: IpAddr) -> Option<Address> {
        let limited = self.limits.enabled && !address.is_loopback();
        limited.then(|| Address::of(address))
    }

    /// Counts a request, unless there are too many or too many credentials were refused.
    pub fn request(&self, address: Address, now: Timestamp) -> Result<(), ApiError> {
        let (requests, refused) = (self.request_rate(), self.refusal_rate());
        let taken = self.buckets.with(address, now, |buckets| {
            let check = buckets.refused.check(refused, now);
            check.map_err(|wait| throttled(refused, wait))?;
            let take = buckets.requests.take(requests, now);
            take.map_err(|wait| throttled(requests, wait))
        });
        taken.map_err(ApiError::Throttled)
    }

    /// Counts a request whose credentials were refused.
    pub fn answered(&self, address: Address, status: StatusCode, now: Timestamp) {
        if status != StatusCode::UNAUTHORIZED {
            return;
        }
        let rate = self.refusal_rate();
        // Requests that ran at the same time may find the bucket empty: that is empty enough.
        let take = |buckets: &mut Buckets| buckets.refused.take(rate, now).is_ok();
        self.buckets.with(address, now, take);
    }

    fn request_rate(&self) -> Rate {
        per_second(self.limits.requests_per_second)
    }

    fn refusal_rate(&self) -> Rate {
        Rate {
            capacity: self.limits.failed_authentications_per_minute.get(),
            fill_s: LONGEST_FILL_S,
        }
    }
}

fn per_second(figure: NonZeroU32) -> Rate {
    Rate {
        capacity: figure.get().saturating_mul(BURST_S),
        fill_s: BURST_S,
    }
}

fn throttled(rate: Rate, wait: SignedDuration) -> Throttled {
    let partial = i64::from(0 < wait.subsec_nanos());
    Throttled {
        body: ThrottleBody {
            version: 1,
            current_requests: rate.capacity.saturating_add(1),
            max_requests: rate.capacity,
            period_in_seconds: rate.fill_s,
            limit_type: LimitType::Rate,
        },
        retry_after_s: u32::try_from(wait.as_secs() + partial).unwrap_or(LONGEST_FILL_S),
    }
}

impl Address {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self(address),
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                Self(Ipv6Addr::from_bits(network).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(connections: u32, per_second: u32) -> Addresses {
        let mut limits = Limits::default();
        limits.per_address.connections = connections.try_into().expect("not 0");
        limits.per_address.connections_per_second = per_second.try_into().expect("not 0");
        limits.trusted_proxies = vec!["10.0.0.1".parse().expect("an address")];
        Addresses::new(&limits)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn an_address_has_so_many_connections_at_a_time() {
        let addresses = addresses(2, 100);
        let connect = |text| addresses.connect(ip(text), NOW);
        let first = connect("192.0.2.1").expect("the first");
        let _second = connect("192.0.2.1").expect("the second");
        assert!(connect("192.0.2.1").is_none());
        assert!(connect("::ffff:192.0.2.1").is_none());
        assert!(connect("192.0.2.2").is_some());
        drop(first);
        assert!(connect("192.0.2.1").is_some(), "and it is gone again");
        let _two = [connect("2001:db8::1"), connect("2001:db8::2")].map(Option::unwrap);
        assert!(connect("2001:db8::3").is_none());
    }

    #[test]
    fn an_address_connects_so_often_in_a_second() {
        let addresses = addresses(100, 1);
        let connect = |text, now| addresses.connect(ip(text), now).is_some();
        assert!(connect("192.0.2.1", NOW) && connect("192.0.2.1", NOW));
        assert!(!connect("192.0.2.1", NOW));
        let later = NOW + SignedDuration::from_secs(1);
        assert!(connect("192.0.2.1", later));
        assert!(!connect("192.0.2.1", later));
    }

    #[test]
    fn trusted_proxies_and_this_machine_connect_as_they_like() {
        let addresses = addresses(1, 1);
        for text in ["10.0.0.1", "127.0.0.1", "::1"] {
            let connections = [(); 9].map(|()| addresses.connect(ip(text), NOW));
            assert!(connections.iter().all(Option::is_some), "{text}");
        }
    }
}
