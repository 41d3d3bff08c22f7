//! A service that listens, people with tokens, and what they ask over HTTP.

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use convoke_server::app::App;
use convoke_server::config::{Config, Mode, StoreChoice};
use convoke_server::entropy::SystemEntropy;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::Socket;
use crate::clock::TestClock;

pub(crate) const SCID: &str = "11111111-1111-4111-8111-111111111111";
/// Most times something is looked at before it is given up.
pub(crate) const MAX_LOOKS: usize = 2_000;

pub(crate) struct Service {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) address: SocketAddr,
    pub(crate) http: Client,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) serving: JoinHandle<()>,
    pub(crate) folder: TempDir,
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Player {
    pub(crate) xuid: u64,
    pub(crate) authorization: String,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        write_templates(&folder);
        Self::restart(folder, Arc::new(TestClock::new()), change).await
    }

    /// A service on what another has left in a folder.
    pub(crate) async fn restart(
        folder: TempDir,
        clock: Arc<TestClock>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config {
            store: StoreChoice::Memory,
            data: folder.path().join("data"),
            service_configs: Some(folder.path().join("services")),
            ..Config::default()
        };
        config.limits.mode = Mode::Off;
        change(&mut config);
        let app = App::open(config, Arc::clone(&clock) as _, Arc::new(SystemEntropy));
        let app = Arc::new(app.expect("the service opens"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = Arc::clone(&app);
        let serving = tokio::spawn(async move {
            let shutdown = async {
                // A test that ends without stopping it drops the sender.
                let _ = stopped.await;
            };
            serving.serve(listener, shutdown).await.expect("served");
        });
        let http = Client::builder().pool_max_idle_per_host(0).build();
        Self {
            app,
            clock,
            address,
            http: http.expect("a client"),
            stop: Some(stop),
            serving,
            folder,
        }
    }

    /// The service stops, and another begins with what it has left.
    pub(crate) async fn again(self, change: impl FnOnce(&mut Config)) -> Self {
        let Self {
            app,
            clock,
            stop,
            serving,
            folder,
            ..
        } = self;
        drop(stop);
        serving.await.expect("it ends");
        let app = Arc::try_unwrap(app).expect("nobody else has it");
        app.close().await;
        Self::restart(folder, clock, change).await
    }

    /// 1001 to 1003 are called A, B and C.
    pub(crate) async fn player(&self, xuid: u64) -> Player {
        self.sign_in(xuid, &json!({"xuid": xuid.to_string(), "titleId": "777"}))
            .await
    }

    /// A player with a gamertag.
    pub(crate) async fn named(&self, xuid: u64, gamertag: &str) -> Player {
        let body = json!({"xuid": xuid.to_string(), "titleId": "777", "gamertag": gamertag});
        self.sign_in(xuid, &body).await
    }

    async fn sign_in(&self, xuid: u64, body: &Value) -> Player {
        let nobody = Player {
            xuid,
            authorization: String::new(),
        };
        let issued = self
            .call(Method::POST, "/dev/token", &nobody, Some(body))
            .await;
        let issued = issued.ok(200);
        let hash = issued["DisplayClaims"]["xui"][0]["uhs"]
            .as_str()
            .expect("a hash");
        let token = issued["Token"].as_str().expect("a token");
        Player {
            xuid,
            authorization: format!("XBL3.0 x={hash};{token}"),
        }
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        player: &Player,
        body: Option<&Value>,
    ) -> Answer {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.http.request(method, url);
        request = request.header("x-xbl-contract-version", "107");
        if !player.authorization.is_empty() {
            request = request.header("authorization", &player.authorization);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        Answer { status, text }
    }

    pub(crate) async fn put(&self, player: &Player, session: &str, body: &Value) -> Answer {
        let path = path(session);
        self.call(Method::PUT, &path, player, Some(body)).await
    }

    pub(crate) async fn get(&self, player: &Player, session: &str) -> Answer {
        self.call(Method::GET, &path(session), player, None).await
    }

    /// Joins with a subscription to these changes, over this connection.
    pub(crate) async fn subscribe(
        &self,
        player: &Player,
        session: &str,
        connection: &str,
        changes: &[&str],
    ) -> Value {
        let body = me(&json!({"active": true, "connection": connection,
            "subscription": {"id": subscription_of(player), "changeTypes": changes}}));
        let answer = self.put(player, session, &body).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        answer.json()
    }

    /// A socket that the service knows of: one that was opened earlier came earlier.
    pub(crate) async fn open(&self, player: &Player) -> Socket {
        let head = [("authorization", player.authorization.as_str())];
        let opened = Socket::open(self.address, "/connect", &head).await;
        let mut socket = opened.expect("a socket");
        socket.assert_silent().await;
        socket
    }

    /// A socket and the connection that it stands for.
    pub(crate) async fn connect(&self, player: &Player) -> (Socket, String) {
        let mut socket = self.open(player).await;
        let id = socket.connection().await;
        (socket, id)
    }

    /// The number of a line of the metrics.
    pub(crate) async fn metric(&self, line: &str) -> u64 {
        let url = format!("http://{}/metrics", self.address);
        let page = self.http.get(url).send().await.expect("an answer");
        let page = page.text().await.expect("a page");
        let mut found = page
            .lines()
            .filter_map(|it| it.strip_prefix(line)?.strip_prefix(' '));
        let found = found
            .next()
            .unwrap_or_else(|| panic!("no {line} in {page}"));
        found.parse().expect("a number")
    }

    /// Returns when a line of the metrics has this number.
    pub(crate) async fn until_metric(&self, line: &str, number: u64) {
        for _ in 0..MAX_LOOKS {
            if self.metric(line).await == number {
                return;
            }
        }
        panic!("{line} did not become {number}");
    }

    /// Returns when a session as a player sees it is as wanted; `Null` is one that is gone.
    pub(crate) async fn until(
        &self,
        player: &Player,
        session: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut seen = Value::Null;
        for _ in 0..MAX_LOOKS {
            let answer = self.get(player, session).await;
            seen = match answer.status {
                200 => answer.json(),
                _ => Value::Null,
            };
            if wanted(&seen) {
                return seen;
            }
        }
        panic!("{session} did not become as wanted: {seen:#}");
    }

    /// Moves the clock by seconds, in steps in which every socket says something.
    pub(crate) async fn pass(&self, seconds: u64, sockets: &mut [&mut Socket]) {
        let mut left = seconds;
        while 0 < left {
            let step = left.min(10);
            self.clock.advance(Duration::from_secs(step));
            left -= step;
            for socket in &mut *sockets {
                socket.round_trip().await;
            }
        }
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            return Value::Null;
        }
        self.json()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// A body about the caller's own system properties.
pub(crate) fn me(system: &Value) -> Value {
    json!({"members": {"me": {"properties": {"system": system}}}})
}

/// The id of a player's subscription.
pub(crate) fn subscription_of(player: &Player) -> String {
    format!("AAAAAAAA-0000-4000-8000-00000000{:04}", player.xuid)
}

/// `template/name`, or a name with the template `game`.
pub(crate) fn path(session: &str) -> String {
    let (template, name) = session.split_once('/').unwrap_or(("game", session));
    format!("/serviceconfigs/{SCID}/sessiontemplates/{template}/sessions/{name}")
}

/// A reference to a session.
pub(crate) fn reference(session: &str) -> Value {
    let (template, name) = session.split_once('/').unwrap_or(("game", session));
    json!({"scid": SCID, "templateName": template, "name": name})
}

/// What taps call a session.
pub(crate) fn resource(session: &str) -> String {
    let (template, name) = session.split_once('/').unwrap_or(("game", session));
    format!("{SCID}~{template}~{name}")
}

fn write_templates(folder: &TempDir) {
    let game = json!({"maxMembersCount": 20, "visibility": "open", "inviteProtocol": "game",
        "capabilities": {"connectivity": true, "connectionRequiredForActiveMembers": true},
        "inactiveRemovalTimeout": 0});
    let with = |key: &str, value: Value| {
        let mut system = game.clone();
        system[key] = value;
        system
    };
    let mut quiet = with("capabilities", json!({"connectivity": true}));
    quiet["inviteProtocol"] = Value::Null;
    let large = json!({"large": true, "connectionRequiredForActiveMembers": true});
    let templates = HashMap::from([
        ("game", game.clone()),
        ("play", {
            let connected = json!({"connectionRequiredForActiveMembers": true, "gameplay": true});
            with("capabilities", connected)
        }),
        ("quiet", quiet),
        ("slow", with("inactiveRemovalTimeout", json!(60_000))),
        ("loose", with("capabilities", json!({"connectivity": true}))),
        ("private", {
            let mut system = with("capabilities", json!({"connectivity": true}));
            system["visibility"] = json!("private");
            system
        }),
        ("large", with("capabilities", large)),
    ]);
    let service = folder.path().join("services").join(SCID);
    fs::create_dir_all(service.join("templates")).expect("a folder");
    fs::write(service.join("service.toml"), "title_ids = [\"777\"]\n").expect("written");
    for (name, mut system) in templates {
        system["version"] = json!(1);
        if let Some(fields) = system.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        if name == "large" {
            system["maxMembersCount"] = json!(1000);
        }
        let template = json!({"contractVersion": 107, "constants": {"system": system}});
        let file = service.join("templates").join(format!("{name}.json"));
        fs::write(file, template.to_string()).expect("written");
    }
}
