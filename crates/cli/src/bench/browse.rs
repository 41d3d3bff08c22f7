//! Session browse: how soon a query for search handles is answered while others are replaced.
//!
//! The yardstick is a server that looks at each handle, with the same handles and queries.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, ensure};
use convoke_wire::handle::SearchAttributes;
use http::Method;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::case::{JOIN, request};
use super::load::{self, Load, Outcome, Script};
use super::plan::{Plan, progress};
use super::subject::{SCID, Subject};
use super::yardstick::{Sample, Yardstick};

/// As `--case` calls it.
pub(super) const NAME: &str = "browse";

/// The template of the sessions that are searched.
pub(super) const TEMPLATE: &str = "browse";

/// Sessions that can be searched for.
pub(super) const TEMPLATE_TEXT: &str = r#"{"constants": {"system": {
    "version": 1, "maxMembersCount": 8, "visibility": "open", "capabilities": {"searchable": true},
    "inactiveRemovalTimeout": 604800000, "sessionEmptyTimeout": 0}, "custom": {}},
    "roleTypes": {"lfg": {"roles": {"confirmed": {"max": 8, "target": 4}}}}}"#;

/// Connections that fill the service, each of a player of its own, and replace handles later.
const WRITERS: usize = 64;

/// Handles that are replaced in a second.
const REPLACED: u32 = 1_000;

/// Results of each query.
const TAKE: usize = 100;

const QUERY: &str = "/handles/query?include=relatedInfo,roleInfo,customProperties";

/// What was measured.
#[derive(Debug)]
pub(super) struct Browse {
    handles: usize,
    /// Memory of the service before and after the handles were made, in bytes.
    memory: Option<(u64, u64)>,
    /// Queries while handles are replaced.
    queries: Outcome,
    replacements: Outcome,
    /// Queries while nothing else happens.
    alone: Outcome,
    /// The same, answered by looking at each handle.
    scan: Outcome,
}

/// Measures a service with so many search handles of one template.
pub(super) async fn measure(plan: &Plan, handles: usize) -> anyhow::Result<Browse> {
    ensure!(
        3_000 <= handles,
        "--handles: at least 3000, or a query finds too few"
    );
    let bar = progress(5, &format!("{NAME} in {handles} handles"));
    bar.set_message("making sessions");
    let subject = Subject::start(plan.folder.path(), NAME, &plan.config).await?;
    let address = &subject.process.address;
    let mut players = Vec::new();
    for writer in 0..WRITERS {
        players.push(subject.player(1_000_000 + writer as u64).await?);
    }
    let all = |kind: fn(usize, usize, &str) -> Script| {
        let scripts = players.iter().enumerate().map(|(writer, player)| {
            let count = handles.saturating_sub(writer).div_ceil(WRITERS);
            (count, kind(writer, handles, player))
        });
        scripts.collect::<Vec<_>>()
    };
    load::send_all(address, all(sessions)).await?;
    bar.inc(1);
    bar.set_message("making handles");
    let before = subject.process.memory();
    load::send_all(address, all(posts)).await?;
    let memory = before.zip(subject.process.memory());
    bar.inc(1);
    let asker = subject.player(999_999).await?;
    check(address, &asker).await?;
    bar.set_message("asking");
    let free = Load {
        warm_up: plan.warm_up,
        measured: plan.slice,
        pace: None,
    };
    let alone = load::put_on(address, vec![queries(&asker)], free).await?;
    bar.inc(1);
    bar.set_message("asking while handles are replaced");
    let writers = u32::try_from(WRITERS).context("few writers")?;
    let paced = Load {
        pace: Some(Duration::from_secs(1) * writers / REPLACED),
        ..free
    };
    let writing = all(posts).into_iter().map(|(_, script)| script).collect();
    let (queries_while, replacements) = tokio::try_join!(
        load::put_on(address, vec![queries(&asker)], free),
        load::put_on(address, writing, paced),
    )?;
    bar.inc(1);
    subject.process.kill().await?;
    bar.set_message("looking at each");
    let sample = Sample {
        head: Vec::new(),
        body: handles.to_string(),
    };
    let yardstick = Yardstick::Scan.start(plan.folder.path(), &sample).await?;
    check(&yardstick.address, "-").await?;
    let scan = load::put_on(&yardstick.address, vec![queries("-")], free).await?;
    yardstick.kill().await?;
    bar.finish_and_clear();
    Ok(Browse {
        handles,
        memory,
        queries: queries_while,
        replacements,
        alone,
        scan,
    })
}

/// A query finds as many as it may.
async fn check(address: &str, player: &str) -> anyhow::Result<()> {
    let mut sender = load::connect(address).await?;
    let answer = sender.send_request(queries(player)()).await?;
    let (status, body) = (
        answer.status(),
        answer.into_body().collect().await?.to_bytes(),
    );
    let text = String::from_utf8_lossy(&body);
    ensure!(status.is_success(), "a query: {status} {text}");
    let found: Value = serde_json::from_str(&text)?;
    let count = found["results"].as_array().map_or(0, Vec::len);
    ensure!(count == TAKE, "a query found {count} handles, not {TAKE}");
    Ok(())
}

/// Makes one writer's part of the sessions.
fn sessions(writer: usize, _: usize, player: &str) -> Script {
    let player = player.to_owned();
    let mut number = writer;
    Box::new(move || {
        let path =
            format!("/serviceconfigs/{SCID}/sessionTemplates/{TEMPLATE}/sessions/{NAME}-{number}");
        number += WRITERS;
        request(Method::PUT, &path, &player, JOIN)
    })
}

/// Posts one writer's part of the handles, and then each again with other attributes.
fn posts(writer: usize, handles: usize, player: &str) -> Script {
    let player = player.to_owned();
    let (mut number, mut round) = (writer, 0);
    Box::new(move || {
        let body = json!({
            "type": "search", "version": 1,
            "sessionRef": {"scid": SCID, "templateName": TEMPLATE, "name": format!("{NAME}-{number}")},
            "searchAttributes": attributes(number + round),
        });
        number += WRITERS;
        if handles <= number {
            (number, round) = (writer, round + 1);
        }
        request(Method::POST, "/handles", &player, &body.to_string())
    })
}

/// What the handle of a number is found by: spread evenly, the same in every run.
pub(super) fn attributes(number: usize) -> SearchAttributes {
    let mixed = number.wrapping_mul(2_654_435_761) >> 7;
    let tags = vec![
        format!("Mode{}", mixed % 10),
        format!("Region{}", mixed / 10 % 5),
        "MicRequired".to_owned(),
    ];
    let numbers = [
        ("Skill", mixed / 50 % 1_000),
        ("Level", mixed / 50_000 % 100),
        ("Ping", mixed % 300),
    ];
    let numbers = numbers.map(|(name, value)| (name.to_owned(), value.into()));
    let strings = [("Map".to_owned(), format!("Map{}", mixed / 7 % 20))];
    SearchAttributes {
        tags: Some(tags),
        strings: Some(strings.into()),
        numbers: Some(numbers.into()),
        ..SearchAttributes::default()
    }
}

/// Queries with two comparisons, a tag and an order, no two alike in a row.
fn queries(player: &str) -> Script {
    let player = player.to_owned();
    let mut count = 0_u32;
    Box::new(move || {
        count = count.wrapping_add(1);
        let (mode, skill, level) = (count % 10, 200 + count % 97, 60 + count % 13);
        let body = json!({
            "type": "search", "scid": SCID, "templateName": TEMPLATE, "global": true, "take": TAKE,
            "filter": format!(
                "tags/any(d:tolower(d) eq 'mode{mode}') and numbers/skill gt {skill} and numbers/level le {level}"
            ),
            "orderBy": "numbers/skill desc",
        });
        request(Method::POST, QUERY, &player, &body.to_string())
    })
}

impl Browse {
    /// How many times longer the plain way takes, by the median.
    fn ratio(&self) -> f64 {
        quantile(&self.scan, 0.5).as_secs_f64() / quantile(&self.alone, 0.5).as_secs_f64()
    }

    /// Bytes of memory for each handle: stored, shown by its session, and found.
    fn bytes(&self) -> Option<u64> {
        let (before, after) = self.memory?;
        Some(after.saturating_sub(before) / self.handles.max(1) as u64)
    }

    pub(super) fn failure(&self) -> Option<&str> {
        let outcomes = [&self.queries, &self.replacements, &self.alone, &self.scan];
        outcomes
            .iter()
            .find_map(|outcome| outcome.failure.as_deref())
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "\nsession browse: 2 comparisons, a tag, an order, {TAKE} of {} handles\n  {:<34} {:>9} {:>8} {:>8} {:>8}\n",
            self.handles, "", "req/s", "p50 ms", "p99 ms", "p99.9"
        );
        let rows = [
            ("convoke, nothing else", &self.alone),
            ("convoke, while handles are replaced", &self.queries),
            ("the replacements", &self.replacements),
            ("looking at each handle", &self.scan),
        ];
        for (name, outcome) in rows {
            let ms = |q| quantile(outcome, q).as_secs_f64() * 1000.0;
            let _ = writeln!(
                text,
                "  {name:<36} {:>7.0} {:>8.2} {:>8.2} {:>8.2}",
                outcome.rate(),
                ms(0.5),
                ms(0.99),
                ms(0.999)
            );
        }
        let _ = writeln!(
            text,
            "  as fast as looking at each, times: {:.1}",
            self.ratio()
        );
        if let Some(bytes) = self.bytes() {
            let _ = writeln!(text, "  memory for each handle: {bytes} bytes");
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let outcome = |outcome: &Outcome| {
            json!({
                "requestsPerSecond": outcome.rate(),
                "p50Micros": outcome.latency.value_at_quantile(0.5),
                "p99Micros": outcome.latency.value_at_quantile(0.99),
                "p999Micros": outcome.latency.value_at_quantile(0.999),
                "failures": outcome.failures,
            })
        };
        json!({
            "handles": self.handles,
            "alone": outcome(&self.alone),
            "whileReplaced": outcome(&self.queries),
            "replacements": outcome(&self.replacements),
            "scan": outcome(&self.scan),
            "timesOfScan": self.ratio(),
            "bytesPerHandle": self.bytes(),
        })
    }
}

fn quantile(outcome: &Outcome, quantile: f64) -> Duration {
    Duration::from_micros(outcome.latency.value_at_quantile(quantile))
}
