//! The service itself, behind a listener, and clients of it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use convoke_client::wire::{SessionRef, TitleId, Xuid};
use convoke_client::{Client, DevSubject};
use convoke_server::app::App;
use convoke_server::config::{Config, Mode, StoreChoice};
use convoke_server::entropy::SystemEntropy;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clock::TestClock;
use crate::environment::Steady;

pub(crate) const SCID: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const TITLE: TitleId = TitleId(777);

pub(crate) struct Service {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        write_templates(&folder);
        let mut config = Config {
            store: StoreChoice::Memory,
            data: folder.path().join("data"),
            service_configs: Some(folder.path().join("services")),
            ..Config::default()
        };
        config.limits.mode = Mode::Off;
        change(&mut config);
        let clock = Arc::new(TestClock::new());
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
        let client = Client::builder(&format!("http://{address}"))
            .environment(Steady::by(&clock))
            // When the clock moves, the service closes what has been idle.
            .idle_connections(0)
            .build();
        Self {
            app,
            clock,
            address,
            client: client.expect("a client"),
            stop,
            serving,
            _folder: folder,
        }
    }

    /// A client of somebody who plays the title.
    pub(crate) fn player(&self, xuid: u64) -> Client {
        self.client.with_dev_token(Self::subject(xuid))
    }

    /// Whom the tokens of a player are for.
    pub(crate) fn subject(xuid: u64) -> DevSubject {
        DevSubject::player(Xuid(xuid)).title(TITLE)
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).expect("served");
        self.serving.await.expect("stopped");
    }

    /// The number of a line of the metrics.
    pub(crate) async fn metric(&self, line: &str) -> u64 {
        let call = convoke_client::raw::Call::new(reqwest::Method::GET, "/metrics");
        let page = self.client.send(&call).await.expect("an answer");
        let page = String::from_utf8(page.body.to_vec()).expect("text");
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
        for _ in 0..2_000 {
            if self.metric(line).await == number {
                return;
            }
        }
        panic!("{line} did not become {number}");
    }
}

/// `template/name`, or a name with the template `game`.
pub(crate) fn named(session: &str) -> SessionRef {
    let (template, name) = session.split_once('/').unwrap_or(("game", session));
    SessionRef {
        scid: SCID.parse().expect("a GUID"),
        template_name: template.parse().expect("a name"),
        name: name.parse().expect("a name"),
    }
}

/// `open` asks for nothing, `game` for a connection; members of `lasting` stay for a minute when
/// inactive; `found` can be searched for.
fn write_templates(folder: &TempDir) {
    let open = json!({"connectivity": true});
    let connected = json!({"connectivity": true, "connectionRequiredForActiveMembers": true});
    let service = folder.path().join("services").join(SCID);
    fs::create_dir_all(service.join("templates")).expect("a folder");
    fs::write(service.join("service.toml"), "title_ids = [\"777\"]\n").expect("written");
    let write = |name: &str, capabilities: &Value, inactive: u64| {
        let system = json!({"version": 1, "maxMembersCount": 4, "visibility": "open",
            "inviteProtocol": "game", "capabilities": capabilities,
            "inactiveRemovalTimeout": inactive, "sessionEmptyTimeout": 0});
        let template = json!({"contractVersion": 107, "constants": {"system": system}});
        let file = service.join("templates").join(format!("{name}.json"));
        fs::write(file, template.to_string()).expect("written");
    };
    write("open", &open, 60_000);
    write("game", &connected, 0);
    write("lasting", &connected, 60_000);
    let found = json!({"searchable": true, "userAuthorizationStyle": true, "hasOwners": true});
    write("found", &found, 60_000);
}
