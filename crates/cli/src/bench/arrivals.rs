//! Open-loop load: requests arrive at a fixed rate, whatever becomes of those before.
//!
//! Not here: closed-loop load (`load`), which never offers more than is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::ensure;
use hdrhistogram::Histogram;
use http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::task::JoinSet;

use super::load::{Connection, Script, connect, latencies, record};
use crate::stopwatch::Stopwatch;

/// When requests arrive, evenly spaced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrivals {
    /// In a second.
    pub(super) rate: f64,
    pub(super) warm_up: Duration,
    pub(super) measured: Duration,
}

/// What became of the requests that arrived within the measured time.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    /// All of them.
    pub(super) offered: u64,
    /// Answered with 2xx before the time was over.
    pub(super) accepted: u64,
    /// Answered with 503 before the time was over.
    pub(super) refused: u64,
    /// Answered otherwise.
    pub(super) failures: u64,
    /// One of those answers.
    pub(super) failure: Option<String>,
    /// Microseconds from when an accepted request was due to its answer.
    pub(super) latency: Histogram<u64>,
    /// Microseconds from when an accepted request was sent to its answer: without the wait for a
    /// connection that is free, which is no time of the server's.
    pub(super) service_time: Histogram<u64>,
    /// The measured time.
    pub(super) time: Duration,
}

/// What became of one request.
enum Fate {
    Accepted {
        since_due: Duration,
        since_sent: Duration,
    },
    Refused,
    Failed(String),
}

impl Arrivals {
    /// When a request is due, by its number.
    fn due(&self, number: u64) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "numbers stay far below 2^52")]
        let number = number as f64;
        Duration::from_secs_f64(number / self.rate)
    }

    fn is_measured(&self, due: Duration) -> bool {
        self.warm_up <= due && due < self.end()
    }

    fn end(&self) -> Duration {
        self.warm_up + self.measured
    }

    /// How many are due within the measured time.
    fn offered(&self) -> u64 {
        let due = |number: &u64| self.due(*number) < self.end();
        let all = (0..).take_while(due);
        all.filter(|number| self.is_measured(self.due(*number)))
            .count() as u64
    }
}

impl Arrived {
    pub(super) fn none(arrivals: &Arrivals) -> Self {
        Self {
            offered: arrivals.offered(),
            accepted: 0,
            refused: 0,
            failures: 0,
            failure: None,
            latency: latencies(),
            service_time: latencies(),
            time: arrivals.measured,
        }
    }

    /// Requests that were not answered before the time was over, sent or not.
    pub(super) fn unanswered(&self) -> u64 {
        let answered = self.accepted + self.refused + self.failures;
        self.offered.saturating_sub(answered)
    }

    fn take(&mut self, fate: Fate) {
        match fate {
            Fate::Accepted {
                since_due,
                since_sent,
            } => {
                self.accepted += 1;
                record(&mut self.latency, since_due);
                record(&mut self.service_time, since_sent);
            }
            Fate::Refused => self.refused += 1,
            Fate::Failed(answer) => {
                self.failures += 1;
                self.failure.get_or_insert(answer);
            }
        }
    }
}

/// Offers requests to a server: each is sent by the first connection that is free when it is due, or
/// is free after that.
pub(super) async fn offer(
    address: &str,
    scripts: Vec<Script>,
    arrivals: Arrivals,
) -> anyhow::Result<Arrived> {
    ensure!(
        0.0 < arrivals.rate,
        "nothing was answered, so there is no rate to offer"
    );
    let mut connections = Vec::new();
    for script in scripts {
        connections.push((connect(address).await?, script));
    }
    let start = Stopwatch::start();
    let next = Arc::new(AtomicU64::new(0));
    let mut running = JoinSet::new();
    for (connection, script) in connections {
        running.spawn(serve_arrivals(
            connection,
            script,
            arrivals,
            start,
            Arc::clone(&next),
        ));
    }
    let mut arrived = Arrived::none(&arrivals);
    while let Some(fates) = running.join_next().await {
        for fate in fates?? {
            arrived.take(fate);
        }
    }
    Ok(arrived)
}

/// Sends whatever is due next until the time is over.
async fn serve_arrivals(
    mut connection: Connection,
    mut script: Script,
    arrivals: Arrivals,
    start: Stopwatch,
    next: Arc<AtomicU64>,
) -> anyhow::Result<Vec<Fate>> {
    let mut fates = Vec::new();
    loop {
        let due = arrivals.due(next.fetch_add(1, Ordering::Relaxed));
        if arrivals.end() <= due {
            return Ok(fates);
        }
        start.until(due).await;
        if arrivals.end() <= start.elapsed() {
            return Ok(fates);
        }
        connection.ready().await?;
        let sent = start.elapsed();
        let response = connection.send_request(script()).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        let finished = start.elapsed();
        if !arrivals.is_measured(due) || arrivals.end() < finished {
            continue;
        }
        fates.push(if status.is_success() {
            Fate::Accepted {
                since_due: finished.saturating_sub(due),
                since_sent: finished.saturating_sub(sent),
            }
        } else if status == StatusCode::SERVICE_UNAVAILABLE {
            Fate::Refused
        } else {
            let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
            Fate::Failed(format!("{status}: {text}"))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rate: f64) -> Arrivals {
        Arrivals {
            rate,
            warm_up: Duration::from_secs(1),
            measured: Duration::from_secs(2),
        }
    }

    #[test]
    fn what_is_due_after_the_warm_up_and_before_the_end_is_offered() {
        assert_eq!(at(10.0).due(25), Duration::from_millis(2500));
        assert_eq!(at(10.0).offered(), 20);
        assert_eq!(at(0.5).offered(), 1);
        assert_eq!(at(0.1).offered(), 0);
    }

    #[test]
    fn everything_offered_is_accepted_refused_failed_or_unanswered() {
        let mut arrived = Arrived::none(&at(10.0));
        for ms in 1..=12 {
            let [since_due, since_sent] = [2 * ms, ms].map(Duration::from_millis);
            arrived.take(Fate::Accepted {
                since_due,
                since_sent,
            });
        }
        for _ in 0..5 {
            arrived.take(Fate::Refused);
        }
        arrived.take(Fate::Failed("500: first".to_owned()));
        arrived.take(Fate::Failed("500: second".to_owned()));
        let counts = (arrived.accepted, arrived.refused, arrived.failures);
        assert_eq!(counts, (12, 5, 2));
        assert_eq!(arrived.unanswered(), 1);
        assert_eq!(arrived.failure.as_deref(), Some("500: first"));
        let longest = [&arrived.latency, &arrived.service_time].map(|it| (it.len(), it.max()));
        assert_eq!(
            longest,
            [(12, 24_015), (12, 12_007)],
            "of the accepted ones"
        );
    }
}
