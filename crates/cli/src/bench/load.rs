//! Load: connections that each have one request under way, as fast as they are answered or paced.

use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::stopwatch::Stopwatch;

/// A request ready to be sent.
pub(super) type Request = http::Request<Full<Bytes>>;
/// What one connection sends, one after the other, without end.
pub(super) type Script = Box<dyn FnMut() -> Request + Send>;
/// A connection that takes one request after the other.
pub(super) type Connection = SendRequest<Full<Bytes>>;

/// How load is put on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) warm_up: Duration,
    pub(super) measured: Duration,
    /// Time from one request of a connection to the next; none: as fast as it is answered.
    ///
    /// Latency then counts from when a request was due, so that a stall shows in all who wait.
    pub(super) pace: Option<Duration>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// Answers of 2xx within the measured time.
    pub(super) answers: u64,
    /// Other answers.
    pub(super) failures: u64,
    /// One of the other answers.
    pub(super) failure: Option<String>,
    /// The measured time.
    pub(super) time: Duration,
    /// Microseconds from request to answer.
    pub(super) latency: Histogram<u64>,
}

impl Outcome {
    fn empty() -> Self {
        Self {
            answers: 0,
            failures: 0,
            failure: None,
            time: Duration::ZERO,
            latency: latencies(),
        }
    }

    /// Answers in a second.
    pub(super) fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        let answers = self.answers as f64;
        answers / self.time.as_secs_f64()
    }

    /// Takes what another connection or slice has seen, side by side with this.
    pub(super) fn merge(&mut self, other: &Self) {
        self.answers += other.answers;
        self.failures += other.failures;
        self.failure = self.failure.take().or_else(|| other.failure.clone());
        self.time = self.time.max(other.time);
        self.latency.add(&other.latency).expect("the same bounds");
    }
}

/// No latencies yet; in microseconds, one minute at most, to three digits.
pub(super) fn latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("constant bounds")
}

/// Counts a time among latencies.
pub(super) fn record(latencies: &mut Histogram<u64>, time: Duration) {
    latencies.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
}

/// A multiple of a rate that was reached within a slice, to be offered next.
///
/// On a busy machine a slice may be over before anything is answered; then it is as if one request
/// had been, since something must be offered.
pub(super) fn offered(reached: f64, multiple: f64, slice: Duration) -> f64 {
    reached.max(1.0 / slice.as_secs_f64()) * multiple
}

/// The time from one request of a connection to the next at a rate that all have together.
pub(super) fn pace(connections: usize, rate: f64) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "some thousand connections")]
    let connections = connections as f64;
    Duration::from_secs_f64(connections / rate)
}

/// Puts load on a server: one connection for each script.
pub(super) async fn put_on(
    address: &str,
    scripts: Vec<Script>,
    load: Load,
) -> anyhow::Result<Outcome> {
    let mut connections = Vec::new();
    for script in scripts {
        connections.push((connect(address).await?, script));
    }
    let start = Stopwatch::start();
    let count = u32::try_from(connections.len()).context("too many connections")?;
    let mut running = JoinSet::new();
    for (number, (sender, script)) in (0..).zip(connections) {
        // Paced connections take turns evenly.
        let offset = load
            .pace
            .map_or(Duration::ZERO, |pace| pace * number / count);
        running.spawn(converse(sender, script, load, start, offset));
    }
    let mut outcome = Outcome::empty();
    while let Some(connection) = running.join_next().await {
        outcome.merge(&connection??);
    }
    if let (0, Some(failure)) = (outcome.answers, &outcome.failure) {
        bail!("no request succeeded: {failure}");
    }
    Ok(outcome)
}

/// Sends the given number of requests of each script, all of which have to succeed.
pub(super) async fn send_all(address: &str, scripts: Vec<(usize, Script)>) -> anyhow::Result<()> {
    let mut running = JoinSet::new();
    for (count, mut script) in scripts {
        let mut sender = connect(address).await?;
        running.spawn(async move {
            for _ in 0..count {
                sender.ready().await?;
                let response = sender.send_request(script()).await?;
                let status = response.status();
                let body = response.into_body().collect().await?.to_bytes();
                if !status.is_success() {
                    bail!("{status}: {}", String::from_utf8_lossy(&body));
                }
            }
            Ok(())
        });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(())
}

pub(super) async fn connect(address: &str) -> anyhow::Result<Connection> {
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("failed to connect to {address}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the sender.
    tokio::spawn(connection);
    Ok(sender)
}

async fn converse(
    mut sender: Connection,
    mut script: Script,
    load: Load,
    start: Stopwatch,
    offset: Duration,
) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::empty();
    let end = load.warm_up + load.measured;
    let mut due = offset;
    loop {
        let began = match load.pace {
            None => start.elapsed(),
            Some(pace) => {
                start.until(due).await;
                let this = due;
                due += pace;
                this
            }
        };
        if end <= start.elapsed() {
            break;
        }
        sender.ready().await?;
        let response = sender.send_request(script()).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        let finished = start.elapsed();
        if !status.is_success() {
            outcome.failures += 1;
            let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
            outcome
                .failure
                .get_or_insert_with(|| format!("{status}: {text}"));
        } else if load.warm_up <= began && finished <= end {
            outcome.answers += 1;
            record(&mut outcome.latency, finished.saturating_sub(began));
        }
    }
    outcome.time = load.measured;
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::{offered, pace};
    use std::time::Duration;

    const SLICE: Duration = Duration::from_millis(500);

    #[test]
    fn half_the_rate_is_offered_by_all_connections_together() {
        let rate = offered(100.0, 0.5, SLICE);
        assert_eq!(pace(200, rate), Duration::from_secs(4));
    }

    #[test]
    fn where_nothing_was_answered_it_is_as_if_one_request_had_been() {
        let rate = offered(0.0, 0.5, SLICE);
        assert_eq!(pace(1, rate), Duration::from_secs(1));
    }
}
