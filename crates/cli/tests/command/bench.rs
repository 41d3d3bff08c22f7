//! `convoke bench` measures every case, finds no failing request, and leaves nothing behind.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::process::{convoke, json, run, run_well, text};

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
        &["--sessions", "40", "--sockets", "30", "--json"],
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
        // A slice is short: on a busy machine it may be over before anything is answered.
        let rate = row["requestsPerSecond"].as_f64().expect("a number");
        if row["server"] == "axum echo" && 0.0 < rate {
            assert_eq!(row["ofEcho"], 1.0, "{row}");
        }
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
    let fan_outs = report["fanOut"].as_array().expect("a list");
    let members: Vec<_> = fan_outs.iter().map(|it| &it["members"]).collect();
    assert_eq!(members, [4, 16]);
    for fan_out in fan_outs {
        let servers: Vec<_> = fan_out["reached"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| it["server"].as_str().expect("text"))
            .collect();
        assert_eq!(
            servers,
            ["convoke", "convoke at half rate", "axum broadcast"]
        );
    }
    assert_eq!(report["idleSockets"]["sockets"], 30);
    let left: Vec<_> = std::fs::read_dir(data.path())
        .expect("the folder")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn clients_that_come_and_go_leave_everything_in_order() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().to_str().expect("text");
    let more = ["--connections", "24", "--seconds", "3"];
    let mut arguments = vec!["bench", "--case", "soak", "--json", "--data", folder];
    arguments.extend(more);
    let report = json(run_well(&arguments).trim());
    let soak = &report["soak"][0];
    assert_eq!(soak["faults"], serde_json::json!([]), "{soak}");
    assert_eq!(soak["clients"], 24);
    for deed in ["writes", "entries", "taps"] {
        assert_ne!(soak[deed], 0, "{deed}: {soak}");
    }
}

#[test]
fn queries_for_search_handles_are_measured_beside_looking_at_each() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().to_str().expect("text");
    let arguments = quick(folder, &["--case", "browse", "--handles", "3000", "--json"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let report = json(run_well(&arguments).trim());
    let browse = &report["browse"];
    assert_eq!(browse["handles"], 3000);
    for who in ["alone", "whileReplaced", "replacements", "scan"] {
        assert_eq!(browse[who]["failures"], 0, "{who}: {browse}");
    }
    assert!(browse["bytesPerHandle"].is_number(), "{browse}");
}

#[test]
fn everything_that_is_offered_to_an_overloaded_service_is_accounted_for() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().to_str().expect("text");
    let mut arguments = quick(folder, &["--case", "overload", "--json"]);
    arguments[2] = "8".to_owned();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let report = json(run_well(&arguments).trim());
    assert_eq!(report["rows"], json("[]"));
    let overload = &report["overload"][0];
    assert_eq!(
        (&overload["connections"], &overload["places"]),
        (&json("8"), &json("2"))
    );
    let offers = overload["offers"].as_array().expect("offers");
    let multiples: Vec<_> = offers.iter().map(|offer| &offer["ofSustainable"]).collect();
    assert_eq!(multiples, [1.0, 2.0]);
    for offer in offers {
        let count = |name: &str| offer[name].as_u64().expect("a count");
        let became = ["accepted", "refused", "unanswered", "failures"].map(count);
        assert_eq!(became.iter().sum::<u64>(), count("offered"), "{offer}");
        assert_eq!(count("failures"), 0, "{offer}");
    }
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

/// Whether a durable measurement in this folder has its service and starts to load it.
fn has_begun(data: &Path) -> bool {
    let folders = std::fs::read_dir(data).expect("the folder");
    let mut folders = folders.map(|entry| entry.expect("an entry").path());
    folders.any(|folder| folder.join("journal").exists())
}

#[test]
fn servers_end_with_a_measurement_that_is_killed() {
    let data = tempfile::tempdir().expect("a folder");
    let (mut held, theirs) = UnixStream::pair().expect("a pair");
    // The shell hands its third descriptor down to all who are started after it.
    let mut bench = Command::new("sh")
        .args(["-c", "exec \"$@\" 3>&1 >&2", "sh"])
        .arg(convoke().get_program())
        .args(["bench", "--case", "put-property", "--connections", "2"])
        .args(["--seconds", "3600", "--data"])
        .arg(data.path())
        .stdin(Stdio::null())
        .stdout(OwnedFd::from(theirs))
        .spawn()
        .expect("the command runs");
    while !has_begun(data.path()) {
        assert_eq!(bench.try_wait().expect("a child"), None, "it ended");
        thread::yield_now();
    }
    bench.kill().expect("killed");
    bench.wait().expect("a child");
    let patience = Some(Duration::from_mins(1));
    held.set_read_timeout(patience).expect("a time");
    let read = held.read(&mut [0]).expect("everybody has let go by now");
    assert_eq!(read, 0);
}

#[test]
fn a_server_that_another_command_has_started_stops_when_its_input_ends() {
    let data = tempfile::tempdir().expect("a folder");
    let mut server = convoke()
        .args([
            "serve",
            "--until-input-ends",
            "--listen",
            "127.0.0.1:0",
            "--data",
        ])
        .arg(data.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut out = BufReader::new(server.stdout.take().expect("piped")).lines();
    assert!(out.any(|line| line.expect("text").starts_with("listening on ")));
    drop(server.stdin.take());
    assert!(server.wait().expect("a child").success());
}
