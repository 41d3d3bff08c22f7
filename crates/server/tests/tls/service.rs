//! A service behind TLS, on a port of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use convoke_server::app::App;
use convoke_server::config::{Config, StoreChoice, TlsConfig};
use convoke_server::entropy::SystemEntropy;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;

use crate::certificates::{self, Pair};
use crate::client::{BOTH, Dial};
use crate::clock::TestClock;

pub(crate) struct Service {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) address: SocketAddr,
    /// The certificate it started with.
    pub(crate) pair: Pair,
    pub(crate) folder: TempDir,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_, _| {}).await
    }

    /// Starts a service whose configuration a test has changed; it may put files in the folder.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config, &Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let pair = certificates::listener();
        pair.write(folder.path());
        let mut config = config(folder.path());
        change(&mut config, folder.path());
        let clock = Arc::new(TestClock::new());
        let app = App::open(config, Arc::clone(&clock) as _, Arc::new(SystemEntropy));
        let app = Arc::new(app.expect("the service opens"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = Arc::clone(&app);
        // It ends with the test's runtime.
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        Self {
            app,
            clock,
            address,
            pair,
            folder,
        }
    }

    /// Connects without a certificate of one's own.
    pub(crate) async fn connect(&self) -> TlsStream<TcpStream> {
        self.dial(None, BOTH).await.expect("a handshake")
    }

    pub(crate) async fn dial(
        &self,
        own: Option<&Pair>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let dial = Dial {
            trusted: &self.pair,
            own,
            versions,
        };
        dial.connect(self.address).await
    }
}

/// The configuration of a service whose files are in this folder.
pub(crate) fn config(folder: &Path) -> Config {
    Config {
        store: StoreChoice::Memory,
        data: folder.join("data"),
        tls: Some(TlsConfig {
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
            client_ca: None,
        }),
        ..Config::default()
    }
}
