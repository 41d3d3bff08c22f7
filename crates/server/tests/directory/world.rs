//! One directory service under test: a store, a clock that only tests move, and people who call it.
//!
//! Not here: how they call it (`player.rs`), what a document must look like (`document.rs`), the
//! templates (`fixtures.rs`).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use convoke_server::app::App;
use convoke_server::clock::Clock;
use convoke_server::config::{Config, Mode, StoreChoice};
use convoke_server::data_folder::give_new_branches;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixed::{TestClock, TestEntropy};
use crate::fixtures;
pub(crate) use crate::player::{Answer, Call, Player};

/// Where the world's clock starts: 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;

/// Declares tests that hold on every store: each becomes `name::memory`, `name::sqlite` and `name::log`.
macro_rules! every_store {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($world: $crate::world::World) $body

        mod $name {
            use $crate::world::{StoreKind, World};

            #[tokio::test]
            async fn memory() {
                super::$name(World::new(StoreKind::Memory).await).await;
            }

            #[tokio::test]
            async fn sqlite() {
                super::$name(World::new(StoreKind::Sqlite).await).await;
            }

            #[tokio::test]
            async fn log() {
                super::$name(World::new(StoreKind::Log).await).await;
            }
        }
    )+};
}

/// Which store the service keeps its sessions in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StoreKind {
    Memory,
    Sqlite,
    Log,
}

/// A service with the fixtures loaded, at 2026-01-01T00:00:00Z.
pub(crate) struct World {
    app: App,
    config: Config,
    clock: Arc<TestClock>,
    entropy: Arc<TestEntropy>,
    /// Removed with the world.
    _dir: TempDir,
}

impl World {
    /// A service whose callers may ask as often as they like.
    pub(crate) async fn new(store: StoreKind) -> Self {
        Self::configured(store, |config| config.limits.mode = Mode::Off).await
    }

    /// A service in memory that enforces the documented limits.
    pub(crate) async fn limited() -> Self {
        Self::configured(StoreKind::Memory, |_| {}).await
    }

    /// A service whose configuration differs from the defaults.
    #[expect(
        clippy::unused_async,
        reason = "a store on another machine will have to be waited for"
    )]
    pub(crate) async fn configured(store: StoreKind, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fixtures::write(&dir.path().join("services"));
        let clock = Arc::new(TestClock(AtomicI64::new(START_MS)));
        let entropy = Arc::new(TestEntropy::default());
        let mut config = Config {
            store: match store {
                StoreKind::Memory => StoreChoice::Memory,
                StoreKind::Sqlite => StoreChoice::Sqlite,
                StoreKind::Log => StoreChoice::Log,
            },
            data: dir.path().join("data"),
            service_configs: Some(dir.path().join("services")),
            ..Config::default()
        };
        change(&mut config);
        let app = open(&config, &clock, &entropy);
        Self {
            app,
            config,
            clock,
            entropy,
            _dir: dir,
        }
    }

    /// A user with a token for title 123. 1001 to 1004 are called A, B, C and D.
    pub(crate) async fn user(&self, xuid: u64) -> Player {
        let gamertag = match xuid {
            1001 => "A".to_owned(),
            1002 => "B".to_owned(),
            1003 => "C".to_owned(),
            1004 => "D".to_owned(),
            other => format!("P{other}"),
        };
        let body = json!({"xuid": xuid.to_string(), "gamertag": gamertag, "titleId": "123"});
        self.token(body).await
    }

    /// Whoever this `/dev/token` body describes.
    pub(crate) async fn token(&self, body: Value) -> Player {
        let xuid = match &body["xuid"] {
            Value::String(text) => text.parse().expect("xuid is decimal"),
            other => other.as_u64().unwrap_or(0),
        };
        let answer = self.nobody().post("/dev/token", body).await.expect(200);
        let issued = answer.json();
        let token = issued["Token"].as_str().expect("Token is text");
        let uhs = issued["DisplayClaims"]["xui"][0]["uhs"].as_str();
        let authorization = format!("XBL3.0 x={};{token}", uhs.unwrap_or("-"));
        Player::new(Arc::new(self.app.edge()), xuid, Some(authorization))
    }

    /// A server principal of every service configuration.
    pub(crate) async fn server(&self) -> Player {
        self.token(json!({"roles": ["sessions.server"]})).await
    }

    /// A caller without an `Authorization` header.
    pub(crate) fn nobody(&self) -> Player {
        Player::new(Arc::new(self.app.edge()), 0, None)
    }

    /// Moves the clock, then runs what has come due, as the scheduler would.
    pub(crate) async fn advance(&self, ms: u64) {
        self.advance_lazily(ms);
        self.app.run_due_timers().await;
        self.app.run_due_encounters().await;
    }

    /// Moves the clock only: what has come due happens at the next read or write.
    pub(crate) fn advance_lazily(&self, ms: u64) {
        let ms = i64::try_from(ms).expect("a step that fits");
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Leaves so many identifiers to be drawn; whatever draws one more panics.
    pub(crate) fn leave_identifiers(&self, count: u64) {
        self.entropy.0.store(u64::MAX - count, Ordering::SeqCst);
    }

    /// The service itself.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Stops the service; players who were made before find it without its store.
    pub(crate) async fn close(self) {
        self.app.close().await;
    }

    /// Stops the service and starts it again on the same data directory. Players must be made anew.
    pub(crate) async fn restart(self) -> Self {
        self.restart_after(|_| {}).await
    }

    /// The same with another configuration.
    pub(crate) async fn restart_configured(self, change: impl FnOnce(&mut Config)) -> Self {
        self.app.close().await;
        let mut config = self.config;
        change(&mut config);
        let app = open(&config, &self.clock, &self.entropy);
        Self {
            app,
            config,
            ..self
        }
    }

    /// The same, as after a backup was put back: every session has a new branch.
    pub(crate) async fn restart_restored(self) -> (Self, usize) {
        self.app.close().await;
        let count = give_new_branches(&self.config, &*self.entropy).await;
        let count = count.expect("new branches");
        let app = open(&self.config, &self.clock, &self.entropy);
        (Self { app, ..self }, count)
    }

    /// The same; between stop and start somebody looks into the data directory.
    pub(crate) async fn restart_after(self, look: impl FnOnce(&Path)) -> Self {
        self.app.close().await;
        look(&self.config.data);
        let app = open(&self.config, &self.clock, &self.entropy);
        Self { app, ..self }
    }
}

fn open(config: &Config, clock: &Arc<TestClock>, entropy: &Arc<TestEntropy>) -> App {
    let (config, clock, entropy) = (config.clone(), Arc::clone(clock), Arc::clone(entropy));
    App::open(config, clock, entropy).expect("the service opens")
}
