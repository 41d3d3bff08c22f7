//! The results, for people and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::browse::Browse;
use super::capacity::Capacity;
use super::case::{self, Case};
use super::fan_out::FanOut;
use super::idle::Idle;
use super::overload::Overload;
use super::plan::Plan;
use super::soak::Soak;
use super::yardstick::Yardstick;

/// Whose numbers these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Service,
    /// The service at half of the rate it has reached, evenly paced.
    ServiceAtHalf,
    Yardstick(Yardstick),
}

impl Who {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Service => "convoke",
            Self::ServiceAtHalf => "convoke at half rate",
            Self::Yardstick(Yardstick::Echo) => "axum echo",
            Self::Yardstick(Yardstick::Append) => "append and sync",
            Self::Yardstick(Yardstick::Broadcast) => "axum broadcast",
            Self::Yardstick(Yardstick::Scan) => "looking at each",
        }
    }
}

/// One line of the report.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) case: Case,
    pub(super) connections: usize,
    pub(super) who: Who,
    /// Requests in a second; the median of the slices.
    pub(super) rate: f64,
    /// Microseconds, over all slices.
    pub(super) latency: Histogram<u64>,
    /// Processor time of the server for one request.
    pub(super) cpu: Option<Duration>,
    pub(super) failures: u64,
    pub(super) failure: Option<String>,
}

/// Everything that was measured.
#[derive(Debug)]
pub(super) struct Report {
    document: usize,
    rows: Vec<Row>,
    pub(super) overloads: Vec<Overload>,
    pub(super) soaks: Vec<Soak>,
    pub(super) fan_outs: Vec<FanOut>,
    pub(super) idle: Option<Idle>,
    pub(super) browse: Option<Browse>,
    pub(super) capacity: Option<Capacity>,
}

impl Report {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            document: plan.document,
            rows: Vec::new(),
            overloads: Vec::new(),
            soaks: Vec::new(),
            fan_outs: Vec::new(),
            idle: None,
            browse: None,
            capacity: None,
        }
    }

    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn has_failures(&self) -> bool {
        let mut overloads = self.overloads.iter();
        let mut fan_outs = self.fan_outs.iter();
        self.rows.iter().any(|row| 0 < row.failures)
            || overloads.any(|overload| overload.failure().is_some())
            || self.soaks.iter().any(|soak| soak.failure().is_some())
            || fan_outs.any(|fan_out| fan_out.failure().is_some())
            || self
                .browse
                .as_ref()
                .is_some_and(|browse| browse.failure().is_some())
    }

    /// The rate as a part of a yardstick's in the same case.
    fn ratio(&self, row: &Row, to: Yardstick) -> Option<f64> {
        let same = |other: &&Row| {
            (other.case, other.connections, other.who)
                == (row.case, row.connections, Who::Yardstick(to))
        };
        let yardstick = self.rows.iter().find(same)?;
        Some(row.rate / yardstick.rate)
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "Documents of about {} bytes; load and servers on the same {} processors.\n",
            self.document,
            std::thread::available_parallelism().map_or(1, usize::from),
        );
        for case in case::ALL {
            let rows: Vec<&Row> = self.rows.iter().filter(|row| row.case == case).collect();
            if rows.is_empty() {
                continue;
            }
            let _ = writeln!(
                text,
                "\n{:<36} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9}",
                case.title(),
                "req/s",
                "p50 ms",
                "p99 ms",
                "p99.9",
                "cpu µs",
                "of echo",
                "of append"
            );
            for row in rows {
                let _ = writeln!(text, "{}", self.line(row));
            }
        }
        for row in self.rows.iter().filter(|row| 0 < row.failures) {
            let failure = row.failure.as_deref().unwrap_or_default();
            let _ = writeln!(
                text,
                "\n{} requests of `{}` to {} failed, for instance: {failure}",
                row.failures,
                row.case.name(),
                row.who.name(),
            );
        }
        for overload in &self.overloads {
            text.push_str(&overload.text());
            if let Some(failure) = overload.failure() {
                let _ = writeln!(text, "some failed, for instance: {failure}");
            }
        }
        for fan_out in &self.fan_outs {
            text.push_str(&fan_out.text());
        }
        if let Some(idle) = &self.idle {
            text.push_str(&idle.text());
        }
        if let Some(browse) = &self.browse {
            text.push_str(&browse.text());
        }
        for soak in &self.soaks {
            text.push_str(&soak.text());
        }
        if let Some(capacity) = &self.capacity {
            text.push_str(&capacity.text());
        }
        text
    }

    fn line(&self, row: &Row) -> String {
        let ms = |quantile| Duration::from_micros(row.latency.value_at_quantile(quantile));
        let ms = |quantile| ms(quantile).as_secs_f64() * 1000.0;
        let ratio = |to| match self.ratio(row, to) {
            Some(ratio) => format!("{ratio:.2}"),
            None => String::new(),
        };
        let cpu = row.cpu.map_or(String::new(), |cpu| {
            format!("{:.1}", cpu.as_secs_f64() * 1e6)
        });
        let who = format!("  {} × {}", row.who.name(), row.connections);
        format!(
            "{who:<36} {:>9.0} {:>8.2} {:>8.2} {:>8.2} {cpu:>8} {:>8} {:>9}",
            row.rate,
            ms(0.5),
            ms(0.99),
            ms(0.999),
            ratio(Yardstick::Echo),
            ratio(Yardstick::Append),
        )
    }

    pub(super) fn json(&self) -> String {
        let rows: Vec<Value> = self.rows.iter().map(|row| self.object(row)).collect();
        let mut report = json!({"documentBytes": self.document, "rows": rows});
        if !self.overloads.is_empty() {
            report["overload"] = self.overloads.iter().map(Overload::json).collect();
        }
        if !self.soaks.is_empty() {
            report["soak"] = self.soaks.iter().map(Soak::json).collect();
        }
        if !self.fan_outs.is_empty() {
            report["fanOut"] = self.fan_outs.iter().map(FanOut::json).collect();
        }
        if let Some(idle) = &self.idle {
            report["idleSockets"] = idle.json();
        }
        if let Some(browse) = &self.browse {
            report["browse"] = browse.json();
        }
        if let Some(capacity) = &self.capacity {
            report["capacity"] = capacity.json();
        }
        report.to_string()
    }

    fn object(&self, row: &Row) -> Value {
        json!({
            "case": row.case.name(),
            "connections": row.connections,
            "server": row.who.name(),
            "requestsPerSecond": row.rate,
            "p50Micros": row.latency.value_at_quantile(0.5),
            "p99Micros": row.latency.value_at_quantile(0.99),
            "p999Micros": row.latency.value_at_quantile(0.999),
            "serverCpuMicros": row.cpu.map(|cpu| cpu.as_secs_f64() * 1e6),
            "ofEcho": self.ratio(row, Yardstick::Echo),
            "ofAppend": self.ratio(row, Yardstick::Append),
            "failures": row.failures,
        })
    }
}
