//! `convoke watch` beside a server: a session's story as it happens, across a restart.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;

use crate::process::{Server, convoke, json, lobby, run, run_well, text};

const PLAYING: &str = r#"{"members":{"me":{"properties":{"system":{"active":true}}}}}"#;
const LEAVING: &str = r#"{"members":{"me":null}}"#;

struct Watcher {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watcher {
    fn start(target: &str, url: &str) -> Self {
        let arguments = ["watch", target, "--as", "1001", "--url", url, "--json"];
        let mut command = convoke();
        command.args(arguments).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, lines }
    }

    /// The next event: its name and its data.
    fn next(&mut self) -> (String, Value) {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("text");
        let event = json(&line);
        let name = event["event"].as_str().expect("a name").to_owned();
        (name, event["data"].clone())
    }
}

fn put(url: &str, session: &str, xuid: &str, body: &str) {
    run_well(&[
        "session", "put", session, "--data", body, "--as", xuid, "--url", url,
    ]);
}

#[test]
fn a_session_is_followed_to_its_end() {
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(data.path());
    let (url, session) = (server.url.as_str(), lobby("watched"));
    put(url, &session, "1001", PLAYING);
    let mut watcher = Watcher::start(&session, url);
    let (name, snapshot) = watcher.next();
    assert_eq!(name, "snapshot");
    assert_eq!(snapshot["session"]["changeNumber"], 1);
    put(url, &session, "1002", PLAYING);
    let (name, change) = watcher.next();
    assert_eq!(
        (name.as_str(), &change["cause"]["xuid"]),
        ("change", &Value::from("1002"))
    );
    put(url, &session, "1002", LEAVING);
    assert_eq!(watcher.next().1["departures"][0]["reason"], "left");
    put(url, &session, "1001", LEAVING);
    let (_, last) = watcher.next();
    assert_eq!(last["departures"][0]["xuid"], "1001");
    if last.get("ended").is_some() {
        assert_eq!(watcher.next().1["reason"], "sessionEnded");
        assert!(watcher.child.wait().expect("it ends").success());
    } else {
        watcher.child.kill().expect("it runs");
        watcher.child.wait().expect("it ends");
    }
}

#[test]
fn a_handle_leads_to_its_session_and_people_read_lines() {
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(data.path());
    let (url, session) = (server.url.as_str(), lobby("watched"));
    put(url, &session, "1001", PLAYING);
    let made = run_well(&[
        "handle", "create", "activity", &session, "--as", "1001", "--url", url, "--json",
    ]);
    let target = format!(
        "handle:{}",
        json(&made)["body"]["id"].as_str().expect("an id")
    );
    let mut watcher = Watcher::start(&target, url);
    assert_eq!(watcher.next().0, "snapshot");
    watcher.child.kill().expect("it runs");
    watcher.child.wait().expect("it ends");

    let missing = run(&["watch", &lobby("nobody"), "--as", "1001", "--url", url]);
    assert!(!missing.status.success());
    assert!(
        text(&missing).contains("there is no such session"),
        "{}",
        text(&missing)
    );
    let gone = "handle:00000000-0000-4000-8000-000000000000";
    let gone = run(&["watch", gone, "--as", "1001", "--url", url]);
    assert!(!gone.status.success());
    assert!(
        text(&gone).contains("the handle leads nowhere"),
        "{}",
        text(&gone)
    );
}
