//! The temporary server of the demonstration.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use convoke_server::app::App;
use convoke_server::clock::SystemClock;
use convoke_server::config::{Config, Limits, Mode};
use convoke_server::entropy::SystemEntropy;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::http::Client;

/// The template that the story plays in.
const TEMPLATE: &str = "lobby";

/// A running server; its data is gone when it is.
#[derive(Debug)]
pub(crate) struct DemoServer {
    url: String,
    sample: Sample,
    stop: oneshot::Sender<()>,
    task: JoinHandle<anyhow::Result<()>>,
    data: TempDir,
}

/// The part of the sample configuration that the story needs.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) scid: String,
    pub(crate) title_id: String,
    pub(crate) template: String,
}

impl DemoServer {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let data = tempfile::tempdir().context("failed to make a temporary folder")?;
        let config = Config {
            data: data.path().to_owned(),
            limits: Limits {
                mode: Mode::Off,
                ..Limits::default()
            },
            ..Config::default()
        };
        let app = App::open(config, Arc::new(SystemClock), Arc::new(SystemEntropy))?;
        let sample = Sample::find(&app)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(address)
            .await
            .context("failed to listen on 127.0.0.1")?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let shutdown = async {
                // A dropped sender means the same as a message: the story is over.
                let _ = stopped.await;
            };
            app.serve(listener, shutdown).await
        });
        Ok(Self {
            url,
            sample,
            stop,
            task,
            data,
        })
    }

    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.url)
    }

    pub(crate) fn sample(&self) -> &Sample {
        &self.sample
    }

    pub(crate) fn introduction(&self) -> String {
        let Sample {
            scid,
            title_id,
            template,
        } = &self.sample;
        format!(
            "A temporary server at {}, with an SQLite store in {}.\n\
             Sample service configuration {scid}, title {title_id}, template {template}.",
            self.url,
            self.data.path().display()
        )
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        self.task.await.context("the server panicked")??;
        self.data.close().context("failed to remove the data")
    }
}

impl Sample {
    fn find(app: &App) -> anyhow::Result<Self> {
        let configs = app.summary().service_configs;
        let sample = configs.into_iter().find_map(|(scid, titles, templates)| {
            templates
                .iter()
                .any(|template| template == TEMPLATE)
                .then_some((scid, titles.into_iter().next()?))
        });
        let (scid, title_id) = sample.context("the sample configuration has no lobby template")?;
        Ok(Self {
            scid,
            title_id,
            template: TEMPLATE.to_owned(),
        })
    }
}
