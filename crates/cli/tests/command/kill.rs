//! A server that is killed under load loses nothing it has confirmed.

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::process::{Server, lobby, token};

/// With the thirty of the two engines by themselves, fifty in all.
const KILLS: usize = 20;
const SESSIONS: usize = 3;
/// Players of each session, who write at the same time.
const PLAYERS: usize = 3;
/// Confirmed writes before the first kill; before each further one there are some more, so that no
/// two kills meet the same moment.
const ACKNOWLEDGEMENTS: usize = 25;
const MORE_EACH_TIME: usize = 3;

/// One player, who counts in a custom property of a session.
#[derive(Debug, Clone)]
struct Writer {
    path: String,
    property: String,
    token: String,
    /// The latest count that was sent, confirmed or not.
    sent: u64,
    /// The latest that was confirmed.
    confirmed: Confirmed,
}

/// What an answer of 200 or 201 promises.
#[derive(Debug, Clone, Default)]
struct Confirmed {
    branch: Value,
    change: u64,
    count: u64,
}

impl Writer {
    fn request(
        &self,
        client: &Client,
        url: &str,
        method: reqwest::Method,
    ) -> reqwest::RequestBuilder {
        client
            .request(method, format!("{url}{}", self.path))
            .header("authorization", &self.token)
            .header("x-xbl-contract-version", "107")
    }

    /// Joins or stays, and counts one further; false when there is no answer any more.
    async fn write(&mut self, client: &Client, url: &str) -> bool {
        self.sent += 1;
        let body = json!({
            "members": {"me": {"properties": {"system": {"active": true}}}},
            "properties": {"custom": {self.property.clone(): self.sent}},
        });
        let request = self.request(client, url, reqwest::Method::PUT);
        let Ok(response) = request.json(&body).send().await else {
            return false;
        };
        let status = response.status().as_u16();
        let Ok(text) = response.text().await else {
            return false;
        };
        assert!(matches!(status, 200 | 201), "{status}: {text}");
        let session: Value = serde_json::from_str(&text).expect("a session");
        assert_eq!(session["properties"]["custom"][&self.property], self.sent);
        let change = session["changeNumber"].as_u64().expect("a number");
        assert!(
            self.confirmed.change < change,
            "{} again: {text}",
            self.confirmed.change
        );
        self.confirmed = Confirmed {
            branch: session["branch"].clone(),
            change,
            count: self.sent,
        };
        true
    }

    /// Finds everything that was confirmed, or later writes of this player.
    async fn verify(&self, client: &Client, url: &str) {
        let request = self.request(client, url, reqwest::Method::GET);
        let response = request.send().await.expect("the new server answers");
        assert_eq!(response.status().as_u16(), 200, "{self:?}");
        let session: Value = response.json().await.expect("a session");
        let found = Confirmed {
            branch: session["branch"].clone(),
            change: session["changeNumber"].as_u64().expect("a number"),
            count: session["properties"]["custom"][&self.property]
                .as_u64()
                .expect("a count"),
        };
        assert_eq!(found.branch, self.confirmed.branch, "{self:?}");
        assert!(self.confirmed.change <= found.change, "{found:?} {self:?}");
        assert!(self.confirmed.count <= found.count, "{found:?} {self:?}");
        assert!(found.count <= self.sent, "{found:?} {self:?}");
    }
}

fn writers(url: &str) -> Vec<Writer> {
    (0..SESSIONS * PLAYERS)
        .map(|number| Writer {
            path: lobby(&format!("load{}", number % SESSIONS)),
            property: format!("count{number}"),
            token: token(url, &(2000 + number).to_string()),
            sent: 0,
            confirmed: Confirmed::default(),
        })
        .collect()
}

/// Lets all writers write until so much is confirmed, then kills the server under them.
async fn load_and_kill(
    server: Server,
    client: &Client,
    writers: Vec<Writer>,
    acknowledgements: usize,
) -> Vec<Writer> {
    let (confirmed, mut confirmations) = mpsc::channel(1);
    let mut tasks = JoinSet::new();
    for mut writer in writers {
        let (client, url, confirmed) = (client.clone(), server.url.clone(), confirmed.clone());
        tasks.spawn(async move {
            while writer.write(&client, &url).await {
                // When nobody counts any more, the server is being killed.
                let _ = confirmed.send(()).await;
            }
            writer
        });
    }
    drop(confirmed);
    for _ in 0..acknowledgements {
        confirmations
            .recv()
            .await
            .expect("writers go on until the kill");
    }
    drop(confirmations);
    let status = tokio::task::spawn_blocking(|| server.end("-KILL")).await;
    assert!(!status.expect("killed").success());
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_confirmed_write_survives_twenty_kills() {
    let data = tempfile::tempdir().expect("a folder");
    let client = Client::builder()
        .no_proxy()
        .timeout(Duration::from_mins(1))
        .build()
        .expect("a client");
    let mut server = Server::start(data.path());
    let mut writers = writers(&server.url);
    for round in 0..KILLS {
        let acknowledgements = ACKNOWLEDGEMENTS + round * MORE_EACH_TIME;
        writers = load_and_kill(server, &client, writers, acknowledgements).await;
        server = Server::start(data.path());
        for writer in &writers {
            if writer.confirmed.count != 0 {
                writer.verify(&client, &server.url).await;
            }
        }
    }
    assert!(writers.iter().all(|writer| writer.confirmed.count != 0));
}
