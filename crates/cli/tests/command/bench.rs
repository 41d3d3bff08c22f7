//! `convoke bench` measures every case, finds no failing request, and leaves nothing behind.

use crate::process::{json, run, run_well, text};

/// As short and small as it gets: what is tested is that it works, not how fast.
fn quick(data: &str, more: &[&str]) -> Vec<String> {
    let mut arguments = vec![
        "bench",
        "--connections",
        "2",
        "--rounds",
        "1",
        "--seconds",
        "0.3",
    ];
    arguments.extend(["--data", data]);
    arguments.extend(more);
    arguments.into_iter().map(ToOwned::to_owned).collect()
}

#[test]
fn every_case_is_measured_beside_its_yardsticks() {
    let data = tempfile::tempdir().expect("a folder");
    let arguments = quick(
        data.path().to_str().expect("text"),
        &["--sessions", "40", "--json"],
    );
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let report = json(run_well(&arguments).trim());
    let rows = report["rows"].as_array().expect("rows");
    let seen: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| {
            (
                row["case"].as_str().expect("text"),
                row["server"].as_str().expect("text"),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("get", "convoke"),
            ("get", "axum echo"),
            ("put-property", "convoke"),
            ("put-property", "axum echo"),
            ("put-property", "append and sync"),
            ("put-property", "convoke at half rate"),
            ("put-by-handle", "convoke"),
            ("put-by-handle", "axum echo"),
            ("put-by-handle", "append and sync"),
            ("create-join-leave", "convoke"),
            ("create-join-leave", "axum echo"),
            ("create-join-leave", "append and sync"),
        ]
    );
    for row in rows {
        assert_eq!(row["failures"], 0, "{row}");
        let rate = row["requestsPerSecond"].as_f64().expect("a number");
        assert!(0.0 < rate, "{row}");
        let ratio = row["ofEcho"].as_f64().expect("a number");
        assert!(
            row["server"] != "axum echo" || (ratio - 1.0).abs() < 1e-9,
            "{row}"
        );
    }
    let capacity = &report["capacity"];
    assert_eq!(capacity["sessions"], 40);
    let size = capacity["documentBytes"].as_u64().expect("a number");
    assert!((1900..2200).contains(&size), "{size} bytes");
    assert!(
        capacity["restartKilledSeconds"]
            .as_f64()
            .is_some_and(|s| 0.0 < s)
    );
    let left: Vec<_> = std::fs::read_dir(data.path())
        .expect("the folder")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn for_people_there_is_a_table() {
    let data = tempfile::tempdir().expect("a folder");
    let arguments = quick(data.path().to_str().expect("text"), &["--case", "get"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let out = run_well(&arguments);
    let heads = ["GET a session", "req/s", "p99.9", "of echo"];
    assert!(heads.iter().all(|head| out.contains(head)), "{out}");
    assert!(
        out.contains("convoke × 2") && out.contains("axum echo × 2"),
        "{out}"
    );
    assert!(
        !out.contains("PUT"),
        "other cases were not asked for:\n{out}"
    );
}

#[test]
fn impossible_measurements_are_refused_before_anything_starts() {
    let check = |arguments: &[&str], expected: &str| {
        let output = run(&[&["bench"], arguments].concat());
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(text(&output).contains(expected), "{}", text(&output));
    };
    check(&["--rounds", "0"], "--rounds: between 1 and 100");
    check(
        &["--connections", "0"],
        "--connections: each between 1 and 4096",
    );
    check(&["--seconds", "0"], "--seconds: between 0 and 3600");
    check(
        &["--document", "9"],
        "--document: between 512 and 65536 bytes",
    );
    check(&["--data", "/no/such/folder"], "/no/such/folder");
    check(&["--case", "no-such-case"], "no case is called so");
}
