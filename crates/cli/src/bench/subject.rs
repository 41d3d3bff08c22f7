//! The service under measurement: a process with a configuration of its own, and players.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use convoke_wire::ids::{SessionRef, TitleId};
use http::{HeaderValue, Method};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::browse;
use super::case::{JOIN, Seat, request};
use super::load;
use super::process::Process;
use super::yardstick::Sample;
use crate::http::{Answer, Call, Client};

/// The service configuration that everything happens in.
pub(super) const SCID: &str = "be7c0000-0000-4000-8000-00000000be7c";
pub(super) const TITLE: TitleId = TitleId(1);

/// Sessions that nothing ends but their last member's leaving.
const TEMPLATE: &str = r#"{"constants": {"system": {
    "version": 1, "maxMembersCount": 100, "visibility": "open", "capabilities": {},
    "inactiveRemovalTimeout": 604800000, "readyRemovalTimeout": 604800000,
    "reservedRemovalTimeout": 604800000, "sessionEmptyTimeout": 0}, "custom": {}}}"#;

/// Sessions whose members need a connection, and are removed two seconds after they have lost it.
const SOAK_TEMPLATE: &str = r#"{"constants": {"system": {
    "version": 1, "maxMembersCount": 100, "visibility": "open",
    "capabilities": {"connectivity": true, "connectionRequiredForActiveMembers": true},
    "inactiveRemovalTimeout": 2000, "sessionEmptyTimeout": 0}, "custom": {}}}"#;

/// A running service.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) process: Process,
    config: PathBuf,
    folder: PathBuf,
    client: Client,
}

impl Subject {
    /// Starts a service with an empty data folder below `folder`.
    pub(super) async fn start(folder: &Path, name: &str, keys: &str) -> anyhow::Result<Self> {
        let folder = folder.join(name);
        let services = folder.join("services").join(SCID);
        fs::create_dir_all(services.join("templates"))?;
        fs::write(
            services.join("service.toml"),
            format!("title_ids = [\"{TITLE}\"]\n"),
        )?;
        fs::write(services.join("templates/bench.json"), TEMPLATE)?;
        fs::write(services.join("templates/soak.json"), SOAK_TEMPLATE)?;
        fs::write(
            services.join("templates/browse.json"),
            browse::TEMPLATE_TEXT,
        )?;
        let config = folder.join("convoke.toml");
        fs::write(&config, configuration(keys)?)?;
        Self::run(folder, config).await
    }

    async fn run(folder: PathBuf, config: PathBuf) -> anyhow::Result<Self> {
        let path = config.to_str().context("the folder's name is not text")?;
        let serve = ["serve", "--until-input-ends", "--config", path];
        let process = Process::start(&serve, None, &folder).await?;
        let client = Client::new(&format!("http://{}", process.address))?;
        Ok(Self {
            process,
            config,
            folder,
            client,
        })
    }

    /// Ends the service as a power cut would, and starts it again.
    pub(super) async fn restart_killed(self) -> anyhow::Result<Self> {
        self.process.kill().await?;
        Self::run(self.folder, self.config).await
    }

    /// Stops the service, and starts it again.
    pub(super) async fn restart_stopped(self) -> anyhow::Result<Self> {
        self.process.stop().await?;
        Self::run(self.folder, self.config).await
    }

    /// So many sessions for the soak.
    pub(super) fn soak_sessions(count: usize) -> anyhow::Result<Vec<SessionRef>> {
        let session = |number| {
            Ok(SessionRef {
                scid: SCID.parse()?,
                template_name: "soak".parse()?,
                name: format!("soak-{number}").parse()?,
            })
        };
        (0..count).map(session).collect()
    }

    /// Bytes of all files of the store.
    pub(super) fn disk(&self) -> anyhow::Result<u64> {
        size_of(&self.folder.join("data"))
    }

    /// The `Authorization` header of a player.
    pub(super) async fn player(&self, xuid: u64) -> anyhow::Result<String> {
        let body = json!({"xuid": xuid.to_string(), "titleId": TITLE.to_string()});
        let answer = self
            .send(Call::new(Method::POST, "/dev/token").json(&body))
            .await?;
        let issued: Value = serde_json::from_str(&answer.body)?;
        let hash = issued["DisplayClaims"]["xui"][0]["uhs"].as_str();
        let token = issued["Token"]
            .as_str()
            .context("the issuer gave no token")?;
        Ok(format!("XBL3.0 x={};{token}", hash.unwrap_or("-")))
    }

    /// The players and the session of one connection; the session has about `document` bytes.
    pub(super) async fn seat(
        &self,
        name: &str,
        number: u64,
        document: usize,
    ) -> anyhow::Result<Seat> {
        let owner = self.player(2 * number + 1).await?;
        let guest = self.player(2 * number + 2).await?;
        let session = session_path(&format!("{name}-{number}"));
        let created = self.put(&session, &owner, JOIN).await?;
        let padding = document.saturating_sub(created.len());
        self.put(&session, &owner, &padded(padding)).await?;
        let handle = json!({
            "version": 1,
            "type": "activity",
            "sessionRef": {"scid": SCID, "templateName": "bench", "name": format!("{name}-{number}")},
        });
        let call = Call::new(Method::POST, "/handles")
            .contract("107")
            .token(Some(&owner))
            .json(&handle);
        let handle: Value = serde_json::from_str(&self.send(call).await?.body)?;
        let id = handle["id"].as_str().context("a handle without id")?;
        Ok(Seat {
            owner,
            guest,
            session,
            by_handle: format!("/handles/{id}/session"),
        })
    }

    /// The answer to a GET of a session, with the head that clients read.
    pub(super) async fn answer(&self, seat: &Seat) -> anyhow::Result<Sample> {
        let mut sender = load::connect(&self.process.address).await?;
        let request = request(Method::GET, &seat.session, &seat.owner, "");
        let (head, body) = sender.send_request(request).await?.into_parts();
        ensure!(head.status.is_success(), "GET: {}", head.status);
        let text = |value: &HeaderValue| value.to_str().map(str::to_owned);
        let mut sent = Vec::new();
        for (name, value) in &head.headers {
            sent.push((name.as_str().to_owned(), text(value)?));
        }
        let body = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        Ok(Sample { head: sent, body })
    }

    /// A session document, as it is answered.
    pub(super) async fn document(&self, seat: &Seat) -> anyhow::Result<String> {
        let call = Call::new(Method::GET, seat.session.clone());
        let call = call.contract("107").token(Some(&seat.owner));
        Ok(self.send(call).await?.body)
    }

    /// Joins a session over a connection, with a subscription to everything.
    pub(super) async fn subscribe(
        &self,
        session: &str,
        player: &str,
        connection: Uuid,
    ) -> anyhow::Result<()> {
        let system = json!({"active": true, "connection": connection,
            "subscription": {"id": connection, "changeTypes": ["everything"]}});
        let body = json!({"members": {"me": {"properties": {"system": system}}}});
        self.put(session, player, &body.to_string()).await?;
        Ok(())
    }

    async fn put(&self, path: &str, player: &str, body: &str) -> anyhow::Result<String> {
        let call = Call::new(Method::PUT, path)
            .contract("107")
            .token(Some(player))
            .json_text(body.to_owned());
        Ok(self.send(call).await?.body)
    }

    async fn send(&self, call: Call) -> anyhow::Result<Answer> {
        let answer = self.client.send(&call).await?;
        ensure!(
            answer.is_good(),
            "{} {}: {} {}",
            call.method,
            call.path,
            answer.status,
            answer.body
        );
        Ok(answer)
    }
}

/// The path of a session of the bench template.
pub(super) fn session_path(name: &str) -> String {
    format!("/serviceconfigs/{SCID}/sessionTemplates/bench/sessions/{name}")
}

/// A write that makes a session larger by about this many bytes.
pub(super) fn padded(bytes: usize) -> String {
    let around = r#""score":0,"padding":"""#.len();
    let padding = "x".repeat(bytes.saturating_sub(around));
    format!(r#"{{"properties":{{"custom":{{"score":0,"padding":"{padding}"}}}}}}"#)
}

/// The measured service's configuration: the given keys, and what the measurement needs.
fn configuration(keys: &str) -> anyhow::Result<String> {
    let mut table: toml::Table = keys.parse().context("the keys of the configuration")?;
    let mut set = |key: &str, value: &str| table.insert(key.to_owned(), value.into());
    set("listen", "127.0.0.1:0");
    set("data", "data");
    set("service_configs", "services");
    // A few users ask as fast as they are answered.
    let unlimited = toml::Table::from_iter([("mode".to_owned(), "off".into())]);
    table.entry("limits").or_insert(unlimited.into());
    Ok(table.to_string())
}

fn size_of(path: &Path) -> anyhow::Result<u64> {
    let meta = fs::metadata(path)?;
    if !meta.is_dir() {
        return Ok(meta.len());
    }
    let mut total = 0;
    for entry in fs::read_dir(path)? {
        total += size_of(&entry?.path())?;
    }
    Ok(total)
}
