//! The dashboard, the alerts and the manual speak of metrics that there are.
//!
//! Not here: whether an expression is good PromQL; only its names and labels are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::fixtures::{A, active, me, session};
use crate::operations_ready::while_serving;
use crate::world::{StoreKind, World};

/// Labels that are not ours: Prometheus adds the one, and every histogram has the other.
const OTHER_LABELS: [&str; 2] = ["instance", "le"];

/// The page of a service that has had traffic of every kind.
async fn page() -> String {
    let w = World::new(StoreKind::Sqlite).await;
    let a = w.user(A).await;
    while_serving(w.app(), async {
        let path = session("slow", "t");
        a.put(&path, active()).await.expect(201);
        a.put(&path, json!({"members": {"x": {}}}))
            .await
            .expect(400);
        a.put(&path, me(json!({"active": false}))).await.expect(200);
        w.advance(5000).await;
        a.get("/none").await.expect(404);
        a.get("/metrics").await.expect(200).text()
    })
    .await
}

/// The names of samples, each with its labels.
fn samples(page: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut samples = BTreeMap::<_, BTreeSet<_>>::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (sample, _) = line.rsplit_once(' ').expect("a sample and its value");
        let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
        let labels = labels
            .split('"')
            .step_by(2)
            .filter_map(|part| part.split_once('='));
        let labels = labels.map(|(label, _)| label.trim_matches(',').to_owned());
        samples.entry(name.to_owned()).or_default().extend(labels);
    }
    samples
}

/// What one expression asks for: metrics with their labels, and labels that it groups by.
fn asked(expression: &str) -> (Vec<(String, Vec<String>)>, Vec<String>) {
    let mut metrics = Vec::new();
    for (start, _) in expression.match_indices("convoke_") {
        let rest = &expression[start..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let selector = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let matchers = selector.map_or("", |(inside, _)| inside);
        let labels = matchers
            .split('"')
            .step_by(2)
            .filter_map(|part| part.split_once(['=', '!']));
        let labels = labels.map(|(label, _)| label.trim_matches([',', ' ']).to_owned());
        metrics.push((name.to_owned(), labels.collect()));
    }
    let mut grouped = Vec::new();
    for part in expression.split(" by (").skip(1) {
        let (labels, _) = part.split_once(')').expect("a closed group");
        grouped.extend(labels.split(',').map(|label| label.trim().to_owned()));
    }
    (metrics, grouped)
}

#[track_caller]
fn check(expression: &str, samples: &BTreeMap<String, BTreeSet<String>>) {
    let (metrics, grouped) = asked(expression);
    assert!(!metrics.is_empty(), "nothing of ours is in {expression}");
    for (name, labels) in &metrics {
        let exposed = samples.get(name);
        let exposed = exposed.unwrap_or_else(|| panic!("no {name}, as in {expression}"));
        let known = |label: &String| exposed.contains(label) || OTHER_LABELS.contains(&&**label);
        for label in labels.iter().chain(&grouped) {
            assert!(known(label), "{name} has no {label}, as in {expression}");
        }
    }
}

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[tokio::test]
async fn the_dashboard_shows_metrics_and_labels_that_there_are() {
    let samples = samples(&page().await);
    let dashboard: Value =
        serde_json::from_str(&read("deploy/grafana/convoke.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut shown = BTreeSet::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().expect("targets");
        assert!(!targets.is_empty(), "{panel}");
        for target in targets {
            let expression = target["expr"].as_str().expect("text");
            check(expression, &samples);
            let (metrics, grouped) = asked(expression);
            shown.extend(metrics.into_iter().map(|(name, _)| name));
            let legend = target["legendFormat"].as_str().expect("text");
            for part in legend.split("{{").skip(1) {
                let (label, _) = part.split_once("}}").expect("closed");
                assert!(
                    grouped.iter().any(|it| it == label),
                    "{legend}: {expression}"
                );
            }
        }
    }
    // Every family is on it, a histogram by any of its samples.
    for name in families(&page().await) {
        let parts = ["", "_bucket", "_sum", "_count"].map(|part| format!("{name}{part}"));
        assert!(parts.iter().any(|part| shown.contains(part)), "{name}");
    }
}

#[tokio::test]
async fn the_alerts_watch_metrics_and_labels_that_there_are_and_are_explained() {
    let samples = samples(&page().await);
    let (alerts, manual) = (
        read("deploy/prometheus/alerts.yml"),
        read("docs/operations.md"),
    );
    let rules: Vec<&str> = alerts.split("- alert: ").skip(1).collect();
    assert!(5 < rules.len(), "{alerts}");
    for rule in rules {
        let (name, rest) = rule.split_once('\n').expect("a rule");
        assert!(
            manual.contains(&format!("| `{name}` |")),
            "{name} is not explained"
        );
        let (_, expression) = rest.split_once("expr:").expect("an expression");
        let (expression, rest) = expression.split_once("\n        for:").expect("a duration");
        check(
            &expression.split_whitespace().collect::<Vec<_>>().join(" "),
            &samples,
        );
        let (_, grouped) = asked(expression);
        for part in rest.split("$labels.").skip(1) {
            let (label, _) = part.split_once(" }}").expect("closed");
            assert!(grouped.iter().any(|it| it == label), "{name}: {label}");
        }
    }
}

#[tokio::test]
async fn the_manual_lists_every_metric_and_no_other() {
    let manual = read("docs/operations.md");
    let listed: BTreeSet<String> = manual
        .lines()
        .filter_map(|line| line.strip_prefix("| `convoke_")?.split_once('`'))
        .map(|(name, _)| format!("convoke_{name}"))
        .collect();
    assert_eq!(listed, families(&page().await));
}

/// The families of the page, by the names that samples have.
fn families(page: &str) -> BTreeSet<String> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names = types.map(|line| match line.split_once(' ').expect("a type") {
        (name, "counter") => format!("{name}_total"),
        (name, "info") => format!("{name}_info"),
        (name, _) => name.to_owned(),
    });
    names.collect()
}
