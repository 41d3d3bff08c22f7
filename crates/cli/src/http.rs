//! One request and its whole answer, through the client SDK.
//!
//! Not here: what an answer means; every status is an answer, and only a missing one is an error.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use convoke_client::{Error, RetryPolicy, Service as Host, StaticToken, Token, raw};
use convoke_wire::headers::CONTRACT_VERSION;
use reqwest::header::{
    CONTENT_LOCATION, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

/// The contract version that today's clients send.
pub(crate) const CONTRACT: &str = "107";

/// Where `convoke serve` listens unless told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// The media type of an explained refusal (RFC 9457).
pub(crate) const PROBLEM: &str = "application/problem+json";

const TIMEOUT: Duration = Duration::from_secs(30);

/// Where a service is, and how to know it when it speaks HTTPS.
#[derive(Debug, Args)]
pub(crate) struct Service {
    /// The service.
    #[arg(long, env = "CONVOKE_URL", default_value = DEFAULT_URL)]
    url: String,
    /// Trust the certificate authorities in this file (PEM) instead of those of the system.
    #[arg(long, value_name = "FILE", env = "CONVOKE_CA_FILE")]
    ca_file: Option<PathBuf>,
}

/// A service and the connections to it. Requests are sent once: what the service says is shown.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    sdk: convoke_client::Client,
}

/// A request in the making.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path and, if any, the query.
    pub(crate) path: String,
    /// In the order in which they were added; credentials are kept apart.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The value of the `Authorization` header.
    pub(crate) token: Option<String>,
    /// JSON text.
    pub(crate) body: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) etag: Option<String>,
    pub(crate) content_location: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) www_authenticate: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: String,
}

impl Service {
    /// A client of this service.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Client::trusting(&self.url, self.ca_file.as_deref())
    }
}

impl Client {
    /// A client of the service at `url`, which may have a path that all requests start with.
    pub(crate) fn new(url: &str) -> anyhow::Result<Self> {
        Self::trusting(url, None)
    }

    /// The same, trusting the authorities in a file instead of those of the system.
    fn trusting(url: &str, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let mut builder = convoke_client::Client::builder(url)
            .retry(RetryPolicy::NEVER)
            .timeout(TIMEOUT);
        if let Some(file) = ca_file {
            let path = file.display();
            let pem = std::fs::read(file).with_context(|| format!("failed to read {path}"))?;
            builder = builder.authorities(pem);
        }
        let sdk = builder.build();
        let sdk = match ca_file {
            Some(file) => sdk.with_context(|| format!("with {}", file.display())),
            None => sdk.map_err(Into::into),
        };
        Ok(Self { sdk: sdk? })
    }

    /// The URL of the service, without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        self.sdk.address(Host::SessionDirectory)
    }

    /// The SDK's client, as nobody.
    pub(crate) fn sdk(&self) -> &convoke_client::Client {
        &self.sdk
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, call: &Call) -> anyhow::Result<Answer> {
        let answer = self.caller(call)?.send(&call.as_sent()?).await;
        let answer = answer.map_err(|error| self.explain(error))?;
        Ok(Answer::from(&answer))
    }

    /// Sends a request whose answer may take as long as it wants, once its head is there.
    pub(crate) async fn open(&self, call: &Call) -> anyhow::Result<Response> {
        let response = self.caller(call)?.open(&call.as_sent()?).await;
        response.map_err(|error| self.explain(error))
    }

    /// Reads the rest of an answer.
    pub(crate) async fn whole(&self, response: Response) -> anyhow::Result<Answer> {
        let answer = self.sdk.read(response).await;
        let answer = answer.map_err(|error| self.explain(error))?;
        Ok(Answer::from(&answer))
    }

    /// The client for whoever a request is from.
    fn caller(&self, call: &Call) -> anyhow::Result<convoke_client::Client> {
        let Some(token) = &call.token else {
            return Ok(self.sdk.clone());
        };
        let token = Token::new(token)
            .context("the token cannot be a header; print one with `convoke token`")?;
        Ok(self.sdk.with_tokens(StaticToken(token)))
    }

    /// An error of the SDK, with what to do about it.
    pub(crate) fn explain(&self, error: Error) -> anyhow::Error {
        let url = self.url();
        if let Some(reason) = certificate_problem(&error) {
            return anyhow!(
                "the certificate of {url} is not trusted: {reason}\n\
                 if its authority is your own, pass the authority's certificate with --ca-file"
            );
        }
        match error {
            Error::Connect { .. } => {
                anyhow!("failed to connect: is `convoke serve` running at {url}?")
            }
            Error::Timeout { after, .. } => {
                let seconds = after.as_secs();
                anyhow!("no answer from {url} within {seconds} seconds")
            }
            error => anyhow::Error::new(error).context(format!("the request to {url} failed")),
        }
    }
}

impl Call {
    /// A request without credentials, body or preconditions.
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: Vec::new(),
            token: None,
            body: None,
        }
    }

    /// Adds a header; see [`Call::headers`].
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds the contract version.
    pub(crate) fn contract(self, version: &str) -> Self {
        self.header(CONTRACT_VERSION, version)
    }

    /// Asks for refusals to be explained.
    pub(crate) fn explained(self) -> Self {
        self.header("accept", PROBLEM)
    }

    /// Sets the credentials.
    pub(crate) fn token(mut self, token: Option<&str>) -> Self {
        self.token = token.map(ToOwned::to_owned);
        self
    }

    /// Sets the body.
    pub(crate) fn json(self, document: &Value) -> Self {
        self.json_text(document.to_string())
    }

    /// Sets the body, as it is.
    pub(crate) fn json_text(mut self, text: String) -> Self {
        self.body = Some(text);
        self
    }

    fn as_sent(&self) -> anyhow::Result<raw::Call> {
        let mut call = raw::Call::new(self.method.clone(), &self.path);
        for (name, value) in &self.headers {
            call = call.header(name, value)?;
        }
        call.body.clone_from(&self.body);
        Ok(call)
    }
}

impl From<&raw::Answer> for Answer {
    fn from(answer: &raw::Answer) -> Self {
        let text = |name: &reqwest::header::HeaderName| {
            let value = answer.headers.get(name)?.as_bytes();
            Some(String::from_utf8_lossy(value).into_owned())
        };
        Self {
            status: answer.status,
            etag: text(&ETAG),
            content_location: text(&CONTENT_LOCATION),
            location: text(&LOCATION),
            retry_after: text(&RETRY_AFTER),
            www_authenticate: text(&WWW_AUTHENTICATE),
            content_type: text(&CONTENT_TYPE),
            body: String::from_utf8_lossy(&answer.body).into_owned(),
        }
    }
}

impl Answer {
    /// Whether the request did what it was meant to: 2xx, or nothing has changed since.
    pub(crate) fn is_good(&self) -> bool {
        self.status.is_success() || self.status == StatusCode::NOT_MODIFIED
    }
}

/// What is wrong with the service's certificate, if that is what an error is about.
fn certificate_problem(error: &Error) -> Option<String> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        // The TLS library's error is wrapped in types of others; its text is what can be told.
        if let Some((_, reason)) = text.split_once("invalid peer certificate: ") {
            return Some(reason.to_owned());
        }
        cause = inner.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_are_none_are_explained_with_an_example() {
        for url in ["127.0.0.1:8080", "ftp://a", "localhost:8080", ""] {
            let error = format!("{:#}", Client::new(url).expect_err(url));
            assert!(error.contains("http://127.0.0.1:8080"), "{error}");
        }
    }

    #[test]
    fn a_slash_at_the_end_of_the_url_is_ignored() {
        let client = Client::new("http://127.0.0.1:1/").expect("a URL");
        assert_eq!(client.url(), "http://127.0.0.1:1");
        let client = Client::new("http://example.com/mpsd/").expect("a URL");
        assert_eq!(client.url(), "http://example.com/mpsd");
    }
}
