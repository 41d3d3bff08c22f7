//! The collector as an HTTP server: its headers, its limits, and whether it takes what it is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use async_trait::async_trait;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::runtime::Handle;

use crate::config::{Endpoint, Telemetry};
use crate::tls::read_secret;

/// Longest time for one message.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// Most bytes of an answer that are read. It only counts what was not taken.
const MAX_ANSWER_LEN: usize = 64 * 1024;

/// Most headers of the file. Ours.
const MAX_HEADERS: usize = 16;

const KEY: &str = "telemetry.headers_file";

/// The client of a collector.
#[derive(Debug)]
pub(super) struct Collector {
    sender: Arc<Sender>,
    runtime: Handle,
}

#[derive(Debug)]
struct Sender {
    client: Client,
    failing: AtomicBool,
}

/// Refuses what could not be sent with.
pub(super) fn check(config: &Telemetry) -> anyhow::Result<()> {
    headers(config).map(drop)
}

impl Collector {
    pub(super) fn open(config: &Telemetry, endpoint: &Endpoint) -> anyhow::Result<Self> {
        let mut builder = Client::builder()
            .timeout(TIMEOUT)
            // Credentials are for the configured address only.
            .redirect(Policy::none())
            .default_headers(headers(config)?)
            .user_agent(concat!("convoke/", env!("CARGO_PKG_VERSION")));
        if endpoint.is_local() {
            // A proxy of the environment would look for the collector on its own machine.
            builder = builder.no_proxy();
        }
        let sender = Sender {
            client: builder
                .build()
                .context("telemetry: traces cannot be sent")?,
            failing: AtomicBool::new(false),
        };
        Ok(Self {
            sender: Arc::new(sender),
            runtime: Handle::try_current().context("telemetry: there is no runtime")?,
        })
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sender = Arc::clone(&self.sender);
        // The exporter has a thread of its own, where there is no network.
        let sending = self.runtime.spawn(async move {
            let outcome = sender.send(request).await;
            sender.tell(&outcome);
            outcome
        });
        Ok(sending.await??)
    }
}

impl Sender {
    async fn send(&self, request: Request<Bytes>) -> anyhow::Result<Response<Bytes>> {
        let request = request.try_into().map_err(reqwest::Error::without_url)?;
        let sent = self.client.execute(request).await;
        let mut answer = sent.map_err(reqwest::Error::without_url)?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
            ensure!(
                body.len() + chunk.len() <= MAX_ANSWER_LEN,
                "its answer is longer than {MAX_ANSWER_LEN} bytes"
            );
            body.extend_from_slice(&chunk);
        }
        *response.body_mut() = body.into();
        Ok(response)
    }

    /// One line when it begins to fail and one when it is over, however many messages there are.
    fn tell(&self, outcome: &anyhow::Result<Response<Bytes>>) {
        let error = match outcome {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(format!("{error:#}")),
        };
        let failed = self.failing.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !failed => {
                tracing::warn!(
                    error,
                    "the collector does not take traces; they are dropped"
                );
            }
            None if failed => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

/// The headers of the file: one `name: value` a line; empty lines and lines after `#` do not count.
fn headers(config: &Telemetry) -> anyhow::Result<HeaderMap> {
    let Some(path) = &config.headers_file else {
        return Ok(HeaderMap::new());
    };
    let bytes = read_secret(path, KEY)?;
    let place = || format!("{KEY}: {}", path.display());
    let text = std::str::from_utf8(&bytes).with_context(|| format!("{} is no text", place()))?;
    let mut headers = HeaderMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = header(line).with_context(|| format!("{}:{}", place(), index + 1))?;
        if headers.insert(name.clone(), value).is_some() {
            bail!("{}:{}: `{name}` is there twice", place(), index + 1);
        }
    }
    ensure!(
        headers.len() <= MAX_HEADERS,
        "{} has more than {MAX_HEADERS} headers",
        place()
    );
    Ok(headers)
}

/// One line. What it says after the colon is never shown.
fn header(line: &str) -> anyhow::Result<(HeaderName, HeaderValue)> {
    let (name, value) = line
        .split_once(':')
        .context("expected a header such as `authorization: Bearer …`")?;
    let name: HeaderName = name
        .trim()
        .parse()
        .ok()
        .context("expected the name of a header before the colon")?;
    let ours = [
        CONTENT_ENCODING,
        CONTENT_LENGTH,
        CONTENT_TYPE,
        HOST,
        TRANSFER_ENCODING,
    ];
    ensure!(!ours.contains(&name), "`{name}` is not for you to set");
    let mut value = HeaderValue::from_str(value.trim())
        .ok()
        .filter(|value| !value.is_empty())
        .context("expected printable text after the colon")?;
    value.set_sensitive(true);
    Ok((name, value))
}
