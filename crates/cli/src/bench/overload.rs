//! More than the service can do: what it accepts, what it refuses, and how long the accepted ones wait.
//!
//! The sustainable rate is what as many connections as there are places get done, each with one
//! request at a time; then so much is offered, and twice that, whatever is answered.

use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::arrivals::{self, Arrivals, Arrived};
use super::case::{Case, Seat};
use super::load::{self, Load, Script};
use super::plan::{Plan, progress};
use super::subject::Subject;

/// As `--case` calls it.
pub(super) const NAME: &str = "overload";

/// Connections that requests arrive over, for each place.
const CONNECTIONS_PER_PLACE: usize = 4;

/// One service under twice the load that it can sustain.
#[derive(Debug)]
pub(super) struct Overload {
    connections: usize,
    /// `limits.max_in_flight`.
    places: usize,
    /// What was offered, as a multiple of the sustainable rate, and what became of it.
    offers: Vec<(f64, Arrived)>,
}

/// Offers a service of its own more than it can do.
pub(super) async fn measure(plan: &Plan, connections: usize) -> anyhow::Result<Overload> {
    let places = connections.div_ceil(CONNECTIONS_PER_PLACE);
    let bar = progress(3, &format!("{NAME} × {connections}"));
    bar.set_message("setting up");
    let name = format!("{NAME}-{connections}");
    let keys = with_places(&plan.config, places)?;
    let subject = Subject::start(plan.folder.path(), &name, &keys).await?;
    let mut seats = Vec::new();
    for number in 0..connections as u64 {
        seats.push(subject.seat("session", number, plan.document).await?);
    }
    let address = &subject.process.address;
    bar.set_message("the sustainable rate");
    let load = Load {
        warm_up: plan.warm_up,
        measured: plan.slice,
        pace: None,
    };
    let sustained = load::put_on(address, scripts(&seats[..places], 1), load).await?;
    bar.inc(1);
    let mut offers = Vec::new();
    for (run, multiple) in [(2, 1.0), (3, 2.0)] {
        bar.set_message(format!("{multiple} times that"));
        let arrivals = Arrivals {
            rate: load::offered(sustained.rate(), multiple, plan.slice),
            warm_up: plan.warm_up,
            measured: plan.slice,
        };
        let arrived = arrivals::offer(address, scripts(&seats, run), arrivals).await?;
        offers.push((multiple, arrived));
        bar.inc(1);
    }
    bar.finish_and_clear();
    subject.process.kill().await?;
    Ok(Overload {
        connections,
        places,
        offers,
    })
}

/// Durable writes, far enough from those of another run that none comes twice.
fn scripts(seats: &[Seat], run: u64) -> Vec<Script> {
    let script = |seat| Case::PutProperty.script(seat, run * 4_000_000_000);
    seats.iter().map(script).collect()
}

/// The keys of a configuration, with so many places.
fn with_places(keys: &str, places: usize) -> anyhow::Result<String> {
    let mut table: toml::Table = keys.parse()?;
    let limits = table
        .entry("limits")
        .or_insert_with(|| toml::Table::from_iter([("mode".to_owned(), "off".into())]).into());
    if let Some(limits) = limits.as_table_mut() {
        limits.insert("max_in_flight".to_owned(), i64::try_from(places)?.into());
    }
    Ok(table.to_string())
}

impl Overload {
    pub(super) fn failure(&self) -> Option<&str> {
        let mut offers = self.offers.iter();
        offers.find_map(|(_, arrived)| arrived.failure.as_deref())
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "\n{:<36} {:>9} {:>9} {:>9} {:>10} {:>8} {:>8} {:>14}\n",
            "durable PUT of one custom property",
            "offered/s",
            "accepted",
            "refused",
            "unanswered",
            "p50 ms",
            "p99 ms",
            "p99 of serving",
        );
        for (multiple, arrived) in &self.offers {
            let name = format!(
                "  {multiple} × sustainable, {} of {}",
                self.places, self.connections
            );
            let _ = writeln!(
                text,
                "{name:<36} {:>9.0} {:>9.0} {:>9.0} {:>10.0} {:>8.2} {:>8.2} {:>14.2}",
                per_second(arrived.offered, arrived.time),
                per_second(arrived.accepted, arrived.time),
                per_second(arrived.refused, arrived.time),
                per_second(arrived.unanswered(), arrived.time),
                milliseconds(&arrived.latency, 0.5),
                milliseconds(&arrived.latency, 0.99),
                milliseconds(&arrived.service_time, 0.99),
            );
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let offer = |(multiple, arrived): &(f64, Arrived)| {
            json!({
                "ofSustainable": multiple,
                "seconds": arrived.time.as_secs_f64(),
                "offered": arrived.offered,
                "accepted": arrived.accepted,
                "refused": arrived.refused,
                "unanswered": arrived.unanswered(),
                "failures": arrived.failures,
                "acceptedP50Micros": arrived.latency.value_at_quantile(0.5),
                "acceptedP99Micros": arrived.latency.value_at_quantile(0.99),
                "servedP99Micros": arrived.service_time.value_at_quantile(0.99),
            })
        };
        json!({
            "connections": self.connections,
            "places": self.places,
            "offers": self.offers.iter().map(offer).collect::<Vec<_>>(),
        })
    }
}

fn per_second(count: u64, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let count = count as f64;
    count / time.as_secs_f64()
}

fn milliseconds(times: &Histogram<u64>, quantile: f64) -> f64 {
    let micros = times.value_at_quantile(quantile);
    Duration::from_micros(micros).as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two seconds in which 300 a second were offered: 400 accepted after 1 to 400 ms, half of which
    /// was serving, and 150 refused.
    fn overload() -> Overload {
        let mut arrived = Arrived::none(&Arrivals {
            rate: 300.0,
            warm_up: Duration::ZERO,
            measured: Duration::from_secs(2),
        });
        arrived.accepted = 400;
        arrived.refused = 150;
        for ms in 1..=400 {
            arrived.latency.saturating_record(ms * 1000);
            arrived.service_time.saturating_record(ms * 500);
        }
        Overload {
            connections: 64,
            places: 16,
            offers: vec![(2.0, arrived)],
        }
    }

    #[test]
    fn what_was_offered_is_reported_by_what_became_of_it() {
        let report = overload().json();
        let expected = json!({
            "connections": 64,
            "places": 16,
            "offers": [{
                "ofSustainable": 2.0,
                "seconds": 2.0,
                "offered": 600,
                "accepted": 400,
                "refused": 150,
                "unanswered": 50,
                "failures": 0,
                // To three digits.
                "acceptedP50Micros": 200_063,
                "acceptedP99Micros": 396_031,
                "servedP99Micros": 198_015,
            }],
        });
        assert_eq!(report, expected);
    }

    #[test]
    fn for_people_there_are_rates_and_milliseconds() {
        let text = overload().text();
        let line = text.lines().last().expect("a line");
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(
            words,
            [
                "2",
                "×",
                "sustainable,",
                "16",
                "of",
                "64",
                "300",
                "200",
                "75",
                "25",
                "200.06",
                "396.03",
                "198.01"
            ]
        );
    }

    #[test]
    fn places_are_added_to_the_limits_that_are_configured() {
        let check = |keys: &str, mode: &str| {
            let keys = with_places(keys, 3).expect("valid");
            let table: toml::Table = keys.parse().expect("TOML");
            assert_eq!(table["limits"]["max_in_flight"].as_integer(), Some(3));
            assert_eq!(table["limits"]["mode"].as_str(), Some(mode));
        };
        check("", "off");
        check("[limits]\nmode = \"report\"\nmax_in_flight = 9", "report");
    }
}
