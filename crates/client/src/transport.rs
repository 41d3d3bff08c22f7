//! HTTP: connections, and reading an answer up to a limit.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Certificate, RequestBuilder, Response};

use crate::environment::Environment;
use crate::error::Error;
use crate::hosts::{Hosts, Service};
use crate::raw::{Answer, Call};
use crate::token::Token;

/// How long a connection is kept for later: less than services do, because a request on one that the
/// service is just closing is lost. Ours.
const IDLE: Duration = Duration::from_secs(15);

/// Connections and what they are limited to.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    pub(crate) hosts: Hosts,
    pub(crate) limits: Limits,
}

/// What one client may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// For one request and its answer.
    pub(crate) timeout: Duration,
    /// Bytes of one answer.
    pub(crate) max_answer: usize,
    /// Connections that are kept for later.
    pub(crate) idle_connections: usize,
}

/// Which certificates are trusted over HTTPS.
#[derive(Debug, Clone, Default)]
pub(crate) enum Trust {
    /// Those of the system.
    #[default]
    System,
    /// Only those that these authorities have signed, in PEM.
    Only(Vec<u8>),
}

impl Transport {
    pub(crate) fn new(hosts: Hosts, trust: &Trust, limits: Limits) -> Result<Self, Error> {
        // A redirected request would carry its token to wherever it is sent.
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(limits.idle_connections);
        let is_plain = hosts.all().iter().all(|url| url.scheme() == "http");
        builder = match trust {
            // Certificates of the system are not needed, and there may be none.
            _ if is_plain => builder.tls_certs_only([]),
            Trust::System => builder,
            Trust::Only(pem) => builder.tls_certs_only(authorities(pem)?),
        };
        let is_near = |host: Option<&str>| host.is_some_and(is_loopback);
        if hosts.all().iter().all(|url| is_near(url.host_str())) {
            builder = builder.no_proxy();
        }
        let http = builder.build();
        let http = http.map_err(|error| Error::Setup(format!("no HTTP client: {error}")))?;
        Ok(Self {
            http,
            hosts,
            limits,
        })
    }

    /// Sends a request once and reads the whole answer.
    pub(crate) async fn exchange(
        &self,
        call: &Call,
        token: Option<&Token>,
    ) -> Result<Answer, Error> {
        let request = self.request(call, token)?.timeout(self.limits.timeout);
        let response = request.send().await;
        let response = response.map_err(|error| self.failed(call.service, error))?;
        self.read(call.service, response).await
    }

    /// Sends a request once, and gives its answer when the head is there.
    pub(crate) async fn open(
        &self,
        call: &Call,
        token: Option<&Token>,
        environment: &dyn Environment,
    ) -> Result<Response, Error> {
        let sending = self.request(call, token)?.send();
        tokio::select! {
            biased;
            response = sending => response.map_err(|error| self.failed(call.service, error)),
            () = environment.sleep(self.limits.timeout) => Err(self.silent(call.service)),
        }
    }

    /// Reads the rest of an answer.
    pub(crate) async fn read(
        &self,
        service: Service,
        mut response: Response,
    ) -> Result<Answer, Error> {
        let failed = |error| self.failed(service, error);
        let (status, headers) = (response.status(), response.headers().clone());
        let most = self.limits.max_answer;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if most < body.len() + chunk.len() {
                return Err(Error::TooLarge { most });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers,
            body: Bytes::from(body),
        })
    }

    fn request(&self, call: &Call, token: Option<&Token>) -> Result<RequestBuilder, Error> {
        let url = self.hosts.url(call.service, &call.path)?;
        let mut request = self.http.request(call.method.clone(), url);
        request = request.headers(call.headers.clone());
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, token.value().clone());
        }
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone());
        }
        Ok(request)
    }

    fn silent(&self, service: Service) -> Error {
        Error::Timeout {
            address: self.hosts.address(service).to_owned(),
            after: self.limits.timeout,
        }
    }

    /// What an error of the network means.
    pub(crate) fn failed(&self, service: Service, error: reqwest::Error) -> Error {
        if error.is_timeout() {
            return self.silent(service);
        }
        let address = self.hosts.address(service).to_owned();
        let is_connect = error.is_connect();
        let source = Arc::new(error.without_url());
        if is_connect {
            Error::Connect { address, source }
        } else {
            Error::Broken { address, source }
        }
    }
}

fn authorities(pem: &[u8]) -> Result<Vec<Certificate>, Error> {
    let all = Certificate::from_pem_bundle(pem);
    let all = all.map_err(|_| Error::Setup("no certificates in PEM".to_owned()))?;
    if all.is_empty() {
        return Err(Error::Setup("no certificate in PEM".to_owned()));
    }
    Ok(all)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn authorities_have_to_be_certificates() {
        let hosts = Hosts::one("https://localhost").expect("a URL");
        let pem = Trust::Only(b"nothing of the kind".to_vec());
        let limits = Limits {
            timeout: Duration::from_secs(1),
            max_answer: 1,
            idle_connections: 1,
        };
        let error = Transport::new(hosts, &pem, limits);
        assert!(matches!(error, Err(Error::Setup(_))), "{error:?}");
    }
}
