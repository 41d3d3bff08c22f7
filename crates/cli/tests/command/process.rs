//! Running the command, to its end or as a server beside the test.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};

use serde_json::Value;

/// The scid that examples use.
pub(crate) const SCID: &str = "00000000-0000-4000-8000-00000000c0de";
/// A title that may use it.
pub(crate) const TITLE: &str = "1717113201";

/// The command, without what the environment of the test would tell it.
pub(crate) fn convoke() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convoke"));
    for name in [
        "CONVOKE_URL",
        "CONVOKE_TOKEN",
        "CONVOKE_TITLE_ID",
        "CONVOKE_CA_FILE",
        "RUST_LOG",
    ] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the command to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    convoke()
        .args(arguments)
        .output()
        .expect("the command runs")
}

/// Runs the command to its end, which has to be a good one, and gives what it printed.
#[track_caller]
pub(crate) fn run_well(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}\n{}", text(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// Everything a command printed, for messages.
pub(crate) fn text(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
    format!("{}\nstdout: {out}\nstderr: {err}", output.status)
}

/// A server that ends with its value.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) url: String,
    /// What it printed before it listened.
    pub(crate) introduction: String,
}

impl Server {
    /// Starts a server on a data folder and waits until it listens.
    pub(crate) fn start(data: &Path) -> Self {
        Self::spawn(convoke().env("RUST_LOG", "warn"), data, &[])
    }

    /// Starts a server with further arguments, and gives its logs.
    pub(crate) fn start_with_logs(data: &Path, arguments: &[&str]) -> (Self, Logs) {
        let mut server = Self::spawn(convoke().stderr(Stdio::piped()), data, arguments);
        let logs = server.child.stderr.take().expect("piped");
        (server, Logs(BufReader::new(logs)))
    }

    /// Starts a server with further environment, and gives its logs.
    pub(crate) fn start_with_environment(
        data: &Path,
        store: &str,
        environment: &[(&str, PathBuf)],
    ) -> (Self, Logs) {
        let mut command = convoke();
        command
            .stderr(Stdio::piped())
            .envs(environment.iter().cloned());
        let mut server = Self::spawn(&mut command, data, &["--store", store]);
        let logs = server.child.stderr.take().expect("piped");
        (server, Logs(BufReader::new(logs)))
    }

    /// Starts a server on a data folder of this kind.
    pub(crate) fn start_with_store(data: &Path, store: &str) -> Self {
        Self::spawn(convoke().env("RUST_LOG", "warn"), data, &["--store", store])
    }

    /// Its callers may ask as often as they like.
    fn spawn(command: &mut Command, data: &Path, arguments: &[&str]) -> Self {
        let child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(arguments)
            .env("CONVOKE_LIMITS__MODE", "off")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command runs");
        let mut server = Self {
            child,
            url: String::new(),
            introduction: String::new(),
        };
        let mut out = BufReader::new(server.child.stdout.take().expect("piped"));
        loop {
            let mut line = String::new();
            let length = out.read_line(&mut line).expect("text");
            assert!(length != 0, "the server ended: {}", server.introduction);
            if let Some(url) = line.trim().strip_prefix("listening on ") {
                url.clone_into(&mut server.url);
                return server;
            }
            server.introduction.push_str(&line);
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Sends a signal and waits for the server to end.
    pub(crate) fn end(mut self, signal: &str) -> ExitStatus {
        self.signal(signal);
        self.child.wait().expect("a child")
    }
}

/// The logs of a server.
pub(crate) struct Logs(BufReader<ChildStderr>);

impl Logs {
    /// Waits for a line with this text and gives everything up to it.
    pub(crate) fn until(&mut self, text: &str) -> String {
        let mut seen = String::new();
        loop {
            let start = seen.len();
            let length = self.0.read_line(&mut seen).expect("text");
            assert!(length != 0, "no `{text}` in: {seen}");
            if seen[start..].contains(text) {
                return seen;
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, which is what this is for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The `Authorization` header of a player.
pub(crate) fn token(url: &str, xuid: &str) -> String {
    let line = ["token", "--xuid", xuid, "--title-id", TITLE, "--url", url];
    run_well(&line).trim().to_owned()
}

/// The path of a lobby.
pub(crate) fn lobby(name: &str) -> String {
    format!("/serviceconfigs/{SCID}/sessiontemplates/lobby/sessions/{name}")
}

/// One JSON document of a command's output.
#[track_caller]
pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
