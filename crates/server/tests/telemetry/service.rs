//! A service that sends traces, and a client of it.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use convoke_server::app::App;
use convoke_server::clock::SystemClock;
use convoke_server::config::{Config, StoreChoice, Telemetry};
use convoke_server::entropy::SystemEntropy;
use convoke_server::telemetry::Traces;
use reqwest::{Client, Method, Response};
use tokio::net::TcpListener;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

pub(crate) struct Service {
    address: SocketAddr,
    client: Client,
    traces: Traces,
    log: Log,
    _subscriber: DefaultGuard,
}

impl Service {
    /// Starts it with the log at the level `info`. Tests of `#[tokio::test]` run on one thread.
    pub(crate) async fn start(endpoint: &str, keys: &str) -> Self {
        Self::start_with(telemetry(endpoint, keys), LevelFilter::INFO).await
    }

    pub(crate) async fn start_with(telemetry: Telemetry, level: LevelFilter) -> Self {
        let traces = Traces::open(&telemetry)
            .expect("valid")
            .expect("an address");
        let log = Log::default();
        let lines = tracing_subscriber::fmt::layer().with_ansi(false);
        let subscriber = tracing_subscriber::registry()
            .with(traces.layer())
            .with(lines.with_writer(log.clone()).with_filter(level));
        let subscriber = tracing::subscriber::set_default(subscriber);
        let app = open(telemetry).expect("the service opens");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        // It ends with the test's runtime.
        tokio::spawn(async move { app.serve(listener, std::future::pending()).await });
        Self {
            address,
            client: Client::builder().no_proxy().build().expect("a client"),
            traces,
            log,
            _subscriber: subscriber,
        }
    }

    /// Asks, and expects this status.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)], status: u16) -> Response {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.client.request(Method::GET, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), status, "{path}");
        response
    }

    /// Ends sending, as the command does when the service has stopped; what the log says.
    pub(crate) async fn close(self) -> String {
        self.traces.close().await;
        self.log.text()
    }
}

/// A service that nobody can reach yet.
pub(crate) fn open(telemetry: Telemetry) -> anyhow::Result<App> {
    let config = Config {
        store: StoreChoice::Memory,
        telemetry,
        ..Config::default()
    };
    App::open(config, Arc::new(SystemClock), Arc::new(SystemEntropy))
}

/// The section with this address and these keys.
pub(crate) fn telemetry(endpoint: &str, keys: &str) -> Telemetry {
    let text = format!("[telemetry]\notlp_endpoint = \"{endpoint}\"\n{keys}");
    Config::from_toml(&text).expect("valid").telemetry
}

/// Everything that is logged on this thread, and by services that are started on it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("whole").clone();
        String::from_utf8(bytes).expect("text")
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("whole").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
