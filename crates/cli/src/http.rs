//! A small HTTP client: one request, one whole answer.
//!
//! Not here: what an answer means; every status is an answer, and only a missing one is an error.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use convoke_wire::headers::CONTRACT_VERSION;
use reqwest::header::{
    AUTHORIZATION, CONTENT_LOCATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
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

/// A service and the connections to it.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    base: Url,
    http: reqwest::Client,
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
        let example = "expected something like http://127.0.0.1:8080";
        let base = Url::parse(url).with_context(|| format!("`{url}` is no URL; {example}"))?;
        let Some(host) = base.host_str() else {
            bail!("`{url}` has no host; {example}");
        };
        let mut builder = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        match (base.scheme(), ca_file) {
            // Certificates of the system are not needed, and there may be none.
            ("http", _) => builder = builder.tls_certs_only([]),
            ("https", None) => {}
            ("https", Some(file)) => builder = builder.tls_certs_only(authorities(file)?),
            (other, _) => bail!("`{url}` has the scheme `{other}`; {example}"),
        }
        if is_loopback(host) {
            builder = builder.no_proxy();
        }
        let http = builder.build().context("failed to set up the client")?;
        Ok(Self { base, http })
    }

    /// The URL of the service, without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, call: &Call) -> anyhow::Result<Answer> {
        let response = self.request(call)?.send().await;
        self.whole(response.map_err(|error| self.explain(error))?)
            .await
    }

    /// Sends a request whose answer may take as long as it wants, once its head is there.
    pub(crate) async fn open(&self, call: &Call) -> anyhow::Result<Response> {
        let answer = self.request(call)?.timeout(Duration::MAX).send();
        let response = tokio::time::timeout(TIMEOUT, answer).await;
        let response = response.with_context(|| self.silent())?;
        response.map_err(|error| self.explain(error))
    }

    fn request(&self, call: &Call) -> anyhow::Result<RequestBuilder> {
        let url = Url::parse(&format!("{}{}", self.url(), call.path))
            .with_context(|| format!("`{}` is no path", call.path))?;
        let mut request = self
            .http
            .request(call.method.clone(), url)
            .headers(call.header_map()?);
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone());
        }
        Ok(request)
    }

    /// Reads the rest of an answer.
    pub(crate) async fn whole(&self, response: Response) -> anyhow::Result<Answer> {
        let status = response.status();
        let headers = response.headers().clone();
        let body = response
            .text()
            .await
            .map_err(|error| self.explain(error))
            .context("the answer broke off")?;
        Ok(Answer {
            status,
            etag: text(&headers, &ETAG),
            content_location: text(&headers, &CONTENT_LOCATION),
            location: text(&headers, &LOCATION),
            retry_after: text(&headers, &RETRY_AFTER),
            www_authenticate: text(&headers, &WWW_AUTHENTICATE),
            content_type: text(&headers, &CONTENT_TYPE),
            body,
        })
    }

    fn silent(&self) -> String {
        let (url, seconds) = (self.url(), TIMEOUT.as_secs());
        format!("no answer from {url} within {seconds} seconds")
    }

    fn explain(&self, error: reqwest::Error) -> anyhow::Error {
        let url = self.url();
        if let Some(reason) = certificate_problem(&error) {
            anyhow!(
                "the certificate of {url} is not trusted: {reason}\n\
                 if its authority is your own, pass the authority's certificate with --ca-file"
            )
        } else if error.is_connect() {
            anyhow!("failed to connect: is `convoke serve` running at {url}?")
        } else if error.is_timeout() {
            anyhow!(self.silent())
        } else {
            anyhow::Error::new(error).context(format!("the request to {url} failed"))
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

    fn header_map(&self) -> anyhow::Result<HeaderMap> {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            let value = HeaderValue::from_str(value)
                .with_context(|| format!("`{value}` cannot be the header {name}"))?;
            map.append(HeaderName::from_static(name), value);
        }
        if let Some(token) = &self.token {
            let mut value = HeaderValue::from_str(token)
                .context("the token cannot be a header; print one with `convoke token`")?;
            value.set_sensitive(true);
            map.insert(AUTHORIZATION, value);
        }
        Ok(map)
    }
}

impl Answer {
    /// Whether the request did what it was meant to: 2xx, or nothing has changed since.
    pub(crate) fn is_good(&self) -> bool {
        self.status.is_success() || self.status == StatusCode::NOT_MODIFIED
    }
}

/// The certificates in a PEM file.
fn authorities(file: &Path) -> anyhow::Result<Vec<reqwest::Certificate>> {
    let path = file.display();
    let pem = std::fs::read(file).with_context(|| format!("failed to read {path}"))?;
    let all = reqwest::Certificate::from_pem_bundle(&pem)
        .with_context(|| format!("{path} is no file of certificates in PEM"))?;
    if all.is_empty() {
        bail!("{path} has no certificate in PEM");
    }
    Ok(all)
}

/// What is wrong with the service's certificate, if that is what an error is about.
fn certificate_problem(error: &reqwest::Error) -> Option<String> {
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

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.as_bytes();
    Some(String::from_utf8_lossy(value).into_owned())
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
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

    #[test]
    fn loopback_hosts_are_known() {
        for (host, expected) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("[::1]", true),
            ("example.com", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }
}
