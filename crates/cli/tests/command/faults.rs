//! A disk that fills up or fails under the server: what was confirmed stays, what was refused may be
//! tried again, and readers notice nothing.
//!
//! The faults are made by `faults.c`, which stands between the server and the C library, so that the
//! whole of the store is under test, whatever it is made of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Logs, Server, lobby, token};

/// Players who write, each in a session of their own.
const PLAYERS: u64 = 4;

/// A server over a disk that fails when told to, and what it has confirmed.
struct Patient {
    store: &'static str,
    folder: TempDir,
    server: Server,
    logs: Option<Logs>,
    client: Client,
    tokens: Vec<String>,
    /// For each player the last document that was confirmed.
    confirmed: Vec<Value>,
    writes: u64,
}

impl Patient {
    /// Starts it and lets everybody write.
    async fn new(store: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let library = compile(folder.path());
        let environment = [
            ("LD_PRELOAD", library),
            ("CONVOKE_TEST_FAULT", folder.path().join("fault")),
            ("CONVOKE_TEST_FOLDER", data(&folder)),
        ];
        fs::create_dir(data(&folder)).expect("a folder");
        let (server, logs) = Server::start_with_environment(&data(&folder), store, &environment);
        let tokens = (0..PLAYERS).map(|player| token(&server.url, &(2000 + player).to_string()));
        let mut patient = Self {
            store,
            tokens: tokens.collect(),
            folder,
            server,
            logs: Some(logs),
            client: client(),
            confirmed: vec![Value::Null; 4],
            writes: 0,
        };
        for _ in 0..3 {
            patient.everybody_writes().await;
        }
        patient
    }

    /// What the disk does from now on; the empty word mends it.
    fn disk_is(&self, word: &str) {
        fs::write(self.folder.path().join("fault"), word).expect("written");
    }

    fn request(&self, player: usize, method: Method) -> RequestBuilder {
        let url = format!("{}{}", self.server.url, lobby(&format!("faults{player}")));
        let request = self.client.request(method, url);
        let request = request.header("authorization", &self.tokens[player]);
        request.header("x-xbl-contract-version", "107")
    }

    async fn write(&mut self, player: usize) -> Response {
        self.writes += 1;
        // Large enough to be more than what the file has left over from before.
        let filling = "x".repeat(20_000);
        let body = json!({
            "members": {"me": {"properties": {"system": {"active": true}}}},
            "properties": {"custom": {"count": self.writes, "filling": filling}},
        });
        let request = self.request(player, Method::PUT);
        request.json(&body).send().await.expect("an answer")
    }

    /// Writes that are confirmed, each one number further than the last confirmed one.
    async fn everybody_writes(&mut self) {
        for player in 0..self.tokens.len() {
            let response = self.write(player).await;
            let status = response.status().as_u16();
            let document: Value = response.json().await.expect("a session");
            assert!(matches!(status, 200 | 201), "{status}: {document}");
            let before = self.confirmed[player]["changeNumber"].as_u64().unwrap_or(0);
            assert_eq!(document["changeNumber"], before + 1);
            self.confirmed[player] = document;
        }
    }

    /// Writes that are refused, with a hint when to come again, while readers see what was before.
    async fn nobody_writes(&mut self) {
        for player in 0..self.tokens.len() {
            let response = self.write(player).await;
            assert_eq!(response.status().as_u16(), 503);
            let again = response.headers()["retry-after"].to_str().expect("text");
            assert!(
                again.parse::<u32>().is_ok_and(|seconds| 0 < seconds),
                "{again}"
            );
            self.everybody_reads().await;
        }
    }

    /// Everybody finds exactly what was confirmed last.
    async fn everybody_reads(&self) {
        for (player, confirmed) in self.confirmed.iter().enumerate() {
            let response = self
                .request(player, Method::GET)
                .send()
                .await
                .expect("an answer");
            assert_eq!(response.status().as_u16(), 200, "player {player}");
            assert_eq!(
                &response.json::<Value>().await.expect("a session"),
                confirmed
            );
        }
    }

    /// Lets the disk fail and work again, which is not to be believed any more.
    async fn stop_writing(&mut self, fault: &str) {
        self.disk_is(fault);
        self.nobody_writes().await;
        // It says so once, loudly.
        let mut logs = self.logs.take().expect("logs");
        logs.until("the store writes nothing any more");
        self.disk_is("");
        self.nobody_writes().await;
        self.nobody_is_sent_here().await;
        self.logs = Some(logs);
    }

    /// Whoever asks for readiness is told what is the matter.
    async fn nobody_is_sent_here(&self) {
        let ready = self.client.get(format!("{}/readyz", self.server.url));
        let response = ready.send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 503);
        let report = response.text().await.expect("a report");
        assert!(
            report.contains("the store takes no more writes"),
            "{report}"
        );
    }

    /// Kills the server and starts one on the same folder, on a disk that works.
    ///
    /// A write that was refused because the disk did not confirm it may have happened all the same:
    /// then all of it is there, under the next number.
    async fn kill_and_restart(mut self, refused: Refused) -> Self {
        self.disk_is("");
        self.logs = None;
        let data = data(&self.folder);
        assert!(!self.server.end("-KILL").success());
        self.server = Server::start_with_store(&data, self.store);
        if refused == Refused::MayHaveHappened {
            for player in 0..self.tokens.len() {
                let response = self
                    .request(player, Method::GET)
                    .send()
                    .await
                    .expect("an answer");
                let found: Value = response.json().await.expect("a session");
                let confirmed = self.confirmed[player].clone();
                let number =
                    |document: &Value| document["changeNumber"].as_u64().expect("a number");
                assert!(number(&confirmed) <= number(&found), "{player}");
                assert_eq!(found["branch"], confirmed["branch"]);
                let count = &found["properties"]["custom"]["count"];
                assert!(confirmed["properties"]["custom"]["count"].as_u64() <= count.as_u64());
                self.confirmed[player] = found;
            }
        }
        self.everybody_reads().await;
        self.everybody_writes().await;
        self
    }
}

/// What may have become of writes that were refused.
#[derive(Clone, Copy, PartialEq)]
enum Refused {
    HaveNotHappened,
    MayHaveHappened,
}

fn data(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

fn client() -> Client {
    Client::builder().no_proxy().build().expect("a client")
}

fn compile(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/faults.c");
    let library = folder.join("faults.so");
    let compiler = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status();
    assert!(
        compiler
            .expect("a C compiler, as the build needs one")
            .success()
    );
    library
}

#[tokio::test]
async fn sqlite_on_a_full_disk_refuses_writes_until_there_is_space_and_loses_nothing() {
    let mut patient = Patient::new("sqlite").await;
    for _ in 0..3 {
        patient.disk_is("full");
        patient.nobody_writes().await;
        patient.disk_is("");
        patient.everybody_writes().await;
        patient.everybody_reads().await;
    }
    patient.disk_is("full");
    patient.nobody_writes().await;
    patient.kill_and_restart(Refused::HaveNotHappened).await;
}

/// The log's writer does not try to find out what became of half a frame.
#[tokio::test]
async fn the_log_on_a_full_disk_stops_writing_until_the_next_start_and_loses_nothing() {
    let mut patient = Patient::new("log").await;
    patient.stop_writing("full").await;
    patient.kill_and_restart(Refused::HaveNotHappened).await;
}

#[tokio::test]
async fn sqlite_on_a_disk_that_does_not_confirm_stops_writing_until_the_next_start() {
    let mut patient = Patient::new("sqlite").await;
    patient.stop_writing("sync").await;
    patient.kill_and_restart(Refused::MayHaveHappened).await;
}

#[tokio::test]
async fn the_log_on_a_disk_that_does_not_confirm_stops_writing_until_the_next_start() {
    let mut patient = Patient::new("log").await;
    patient.stop_writing("sync").await;
    patient.kill_and_restart(Refused::MayHaveHappened).await;
}
