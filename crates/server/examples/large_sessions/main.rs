//! What joining a large session costs by how many are in it already: `large_sessions`.
//!
//! First the rules alone, then a service in this process on each store, into which as many players
//! come as a session takes. What counts is the ratio of the 10,000th join to the 100th.

mod rules;
mod service;

use std::error::Error;
use std::time::{Duration, Instant};

use convoke_server::config::StoreChoice;

type Failure = Box<dyn Error + Send + Sync>;

const TEMPLATE: &str = r#"{"constants":{"system":{"version":1,"maxMembersCount":10000,
    "visibility":"open","capabilities":{"large":true,"gameplay":true}},"custom":{}}}"#;
/// Ten thousand of these are within what a document may weigh. Nobody is in a group, whose members
/// would meet each other: what that costs depends on the group and not on the session.
const JOIN: &str = r#"{"members":{"me":{"constants":{"custom":{"class":"mage"}},
    "properties":{"system":{"active":true},"custom":{"level":7}}}}}"#;

/// The joins that are compared.
const COMPARED: [u32; 2] = [100, 10_000];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    report("", &["100th", "10,000th", "ratio"]);
    compare(
        "rules and document",
        [rules::join_of(COMPARED[0])?, rules::join_of(COMPARED[1])?],
    );
    for (name, store) in [
        ("service, memory", StoreChoice::Memory),
        ("service, SQLite", StoreChoice::Sqlite),
        ("service, log", StoreChoice::Log),
    ] {
        compare(name, service::joins_of(store, COMPARED).await?);
    }
    Ok(())
}

fn compare(name: &str, times: [Duration; 2]) {
    let [few, many] = times.map(|time| time.as_secs_f64() * 1e6);
    let ratio = format!("{:.2}", many / few);
    report(
        name,
        &[&format!("{few:.1} us"), &format!("{many:.1} us"), &ratio],
    );
}

#[expect(clippy::print_stdout, reason = "what was measured is the output")]
fn report(name: &str, columns: &[&str; 3]) {
    let [few, many, ratio] = columns;
    println!("{name:<20} {few:>12} {many:>12} {ratio:>6}");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs the time")]
fn now() -> Instant {
    Instant::now()
}
