//! The service as a whole: opened from a configuration, served on a socket, closed gracefully.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use convoke_store::{AnyStore, MemoryStore, Store, StoreError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::addresses::Addresses;
use crate::admission::Admission;
use crate::auth::oidc::{Links, Providers};
use crate::auth::{AuthSettings, Authenticator, DevTokens, IssuerKeys, Signatures, UserHashes};
use crate::clock::Clock;
use crate::commit::Directory;
use crate::config::{Config, StoreChoice};
use crate::data_folder::open_store;
use crate::edge::Edge;
use crate::entropy::Entropy;
use crate::graph::{AnyGraph, BuiltIn};
use crate::issuer::{DevSignIn, Issuer, IssuerConfig, IssuerContext};
use crate::metrics::Metrics;
use crate::parts::Parts;
use crate::people_feed::{PeopleChange, PeopleFeed};
use crate::rate_limits::RateLimits;
use crate::realtime::{self, RealTime};
use crate::shared::{PeopleLocks, Shared};
use crate::telemetry::Tracing;
use crate::tls::Tls;
use crate::{connections, encounters, issuer, router, sessions_of_user, timers};

/// The name our issuer signs tokens with.
const ISSUER: &str = "convoke";

/// The service.
#[derive(Debug)]
pub struct App {
    shared: Arc<Shared>,
    keys: Arc<IssuerKeys>,
    tls: Option<Arc<Tls>>,
    providers: Arc<Providers>,
    config: Config,
}

/// What is served, for people to read.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The kind of store.
    pub store: String,
    /// Where its data is.
    pub data: Option<PathBuf>,
    /// Each service configuration with its title ids and template names.
    pub service_configs: Vec<(String, Vec<String>, Vec<String>)>,
    /// Whether the development issuer hands out tokens.
    pub dev_issuer: bool,
    /// Whether the listener speaks HTTPS.
    pub tls: bool,
}

impl App {
    /// Opens the store and reads the configuration; nothing is served yet.
    pub fn open(
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> anyhow::Result<Self> {
        let parts = Parts::read(&config, &clock);
        let (tls, catalogue, providers) = (parts.tls?, parts.catalogue?, parts.providers?);
        let (api_keys, services, graph) = (parts.api_keys?, parts.services?, parts.graph?);
        let dir = &config.data;
        if config.store != StoreChoice::Memory {
            std::fs::create_dir_all(dir)
                .with_context(|| format!("the data directory {} cannot be made", dir.display()))?;
        }
        let (store, keys, links) = match open_store(&config)? {
            None => (
                AnyStore::Memory(MemoryStore::default()),
                IssuerKeys::generate(),
                Links::default(),
            ),
            Some(store) => {
                let links = match config.auth.issuers.as_slice() {
                    [] => Links::default(),
                    _ => Links::open(dir)?,
                };
                (store, IssuerKeys::load_or_create(dir)?, links)
            }
        };
        let keys = Arc::new(keys);
        let providers = Arc::new(providers.with_links(links));
        let settings = AuthSettings {
            issuer: ISSUER.to_owned(),
            api_keys,
            services,
            missing_privileges: config.auth.missing_privileges,
            title_identity: config.auth.strong_title_identity,
            providers: Arc::clone(&providers),
            user_hashes: if config.auth.lenient_user_hash {
                UserHashes::Lenient
            } else {
                UserHashes::Strict
            },
            dev_tokens: if config.dev_issuer {
                DevTokens::Accept
            } else {
                DevTokens::Refuse
            },
        };
        let places = config.limits.max_in_flight.get();
        let admission = Admission::new(places, Arc::clone(&clock));
        let metrics = Arc::new(Metrics::new(clock.now()));
        let realtime = RealTime::new(&config.rta, Arc::clone(&metrics));
        let catalogue = Arc::new(catalogue);
        let titles = Arc::clone(&catalogue);
        let directory = Directory::open(store, clock, entropy, metrics, realtime, titles)?;
        let listeners = Arc::clone(&directory.realtime);
        let graph = match graph {
            Some(graph) => AnyGraph::Http(Box::new(graph)),
            None => AnyGraph::BuiltIn(BuiltIn {
                store: Arc::clone(&directory.store),
                friends: config.people.friend_model,
            }),
        };
        let shared = Shared {
            graph,
            directory: Arc::new(directory),
            catalogue,
            authenticator: Authenticator::new(Arc::clone(&keys), settings),
            signatures: Arc::new(Signatures::new(config.auth.signatures)),
            people_locks: PeopleLocks::default(),
            people_feed: Arc::new(PeopleFeed::new(listeners)),
            friend_model: config.people.friend_model,
            rate_limits: RateLimits::new(&config.limits),
            addresses: Addresses::new(&config.limits),
            cors: config.cors.clone(),
            sessions_per_user: sessions_of_user::limit(&config.limits),
            invite_lifetime: config.handles.invite_lifetime.into(),
            admission,
            write_timeout: Duration::from_secs(config.limits.write_timeout.get().into()),
            tracing: Tracing::open(&config.telemetry)?,
            for_developers: config.dev_issuer,
        };
        Ok(Self {
            shared: Arc::new(shared),
            keys,
            tls,
            providers,
            config,
        })
    }

    /// What answers requests, all services together.
    pub fn edge(&self) -> Edge {
        let hands_out_tokens = self.config.dev_issuer || !self.providers.is_empty();
        Edge {
            shared: Arc::clone(&self.shared),
            issuer: hands_out_tokens.then(|| self.issuer_routes()),
        }
    }

    fn issuer_routes(&self) -> Router {
        let mut config = IssuerConfig::new(ISSUER);
        if !self.config.dev_issuer {
            config.dev_sign_in = DevSignIn::Off;
        }
        let issuer = Issuer::new(Arc::clone(&self.keys), config);
        let issuer = issuer.exchanging(Arc::clone(&self.providers));
        let directory = Arc::clone(&self.shared.directory);
        let (clock, entropy) = (Arc::clone(&directory.clock), Arc::clone(&directory.entropy));
        let context = IssuerContext {
            issuer: Arc::new(issuer),
            now: Arc::new(move || clock.now()),
            new_id: Arc::new(move || entropy.uuid()),
            signatures: Arc::clone(&self.shared.signatures),
        };
        issuer::routes(context).fallback(router::nothing_at)
    }

    /// Settles every session that is due, as the timer task does.
    pub async fn run_due_timers(&self) {
        timers::run_due(&self.shared.directory).await;
    }

    /// Removes what has ended by itself from the store, as the timer task does.
    pub async fn sweep(&self) {
        timers::sweep(&self.shared.directory).await;
    }

    /// Makes members inactive whose connection counts as lost, as the background task does.
    pub async fn run_due_losses(&self) {
        realtime::losses::run_due(&self.shared.directory).await;
    }

    /// Writes down whom members of sessions have met, once it is time, as the background task does.
    pub async fn run_due_encounters(&self) {
        encounters::run_due(&self.shared.directory).await;
    }

    /// Fetches the keys of identity providers that are due for it, as the background task does.
    pub async fn refresh_provider_keys(&self) {
        self.providers
            .refresh_due(self.shared.directory.clock.now())
            .await;
    }

    /// What happens on people lists from now on.
    pub fn people_changes(&self) -> tokio::sync::broadcast::Receiver<PeopleChange> {
        self.shared.people_feed.subscribe()
    }

    /// Reads the service configurations again; the old ones stay when the new are invalid.
    pub fn reload_service_configs(&self) -> anyhow::Result<()> {
        Ok(self.shared.catalogue.reload()?)
    }

    /// Reads the listener's certificate again; the old one stays when the new one is invalid.
    ///
    /// `None` when there is none.
    pub fn reload_certificate(&self) -> Option<anyhow::Result<()>> {
        Some(self.tls.as_ref()?.reload())
    }

    /// Compares what the store derives with its documents; the findings, in words.
    pub fn verify_store(&self) -> Result<Vec<String>, StoreError> {
        self.shared.directory.store.verify()
    }

    /// What is served.
    pub fn summary(&self) -> Summary {
        let (store, is_durable) = match self.config.store {
            StoreChoice::Memory => ("memory", false),
            StoreChoice::Sqlite => ("sqlite", true),
            StoreChoice::Log => ("log", true),
        };
        let configs = self.shared.catalogue.current();
        let service_configs = configs.iter().map(|config| {
            let titles = config.title_ids.iter().map(ToString::to_string).collect();
            let templates = config
                .templates()
                .map(|named| named.name.to_string())
                .collect();
            (config.scid.to_string(), titles, templates)
        });
        Summary {
            store: store.to_owned(),
            data: is_durable.then(|| self.config.data.clone()),
            service_configs: service_configs.collect(),
            dev_issuer: self.config.dev_issuer,
            tls: self.tls.is_some(),
        }
    }

    /// Serves until told to stop, then lets open requests end.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(timers::run(
            Arc::clone(&self.shared.directory),
            stop.clone(),
        ));
        tasks.spawn(realtime::losses::run(
            Arc::clone(&self.shared.directory),
            stop.clone(),
        ));
        tasks.spawn(encounters::run(
            Arc::clone(&self.shared.directory),
            stop.clone(),
        ));
        let tls = self.tls.clone();
        if let Some(tls) = &tls {
            tasks.spawn(Arc::clone(tls).watch(stop.clone()));
        }
        let directory = Arc::clone(&self.shared.directory);
        let shutdown = async move {
            shutdown.await;
            directory.health.stopping();
        };
        let (providers, clock) = (
            Arc::clone(&self.providers),
            Arc::clone(&self.shared.directory.clock),
        );
        let refreshing = async move { providers.keep_fresh(&*clock).await };
        tasks.spawn(stop.clone().run_until_cancelled_owned(refreshing));
        let edge = Arc::new(self.edge());
        let served = connections::serve(listener, tls, edge, shutdown).await;
        stop.cancel();
        tasks.close();
        served.context("a thread that serves connections cannot be started")
    }

    /// Gives up the store, with everything written; requests after this are refused with 503.
    pub async fn close(self) {
        encounters::flush(&self.shared.directory).await;
        let store = Arc::clone(&self.shared.directory.store);
        // Waits for the disk, so not on a thread that serves requests.
        if let Err(error) = tokio::task::spawn_blocking(move || store.close()).await {
            tracing::error!(%error, "the store did not close");
        }
    }
}
