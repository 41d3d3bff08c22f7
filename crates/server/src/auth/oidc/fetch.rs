//! Fetching a provider's keys: two small documents, within strict limits.
//!
//! Not here: when (`key_source`), and what the keys are (`keys`).

use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, StatusCode, Url};
use serde_json::Value;

use super::keys::KeySet;
use super::settings::{ProviderError, ProviderSettings, discovery_url, is_loopback, web_address};

/// Longest time for one document. Inferred.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Largest document, in bytes. Inferred.
const MAX_LEN: usize = 256 * 1024;

/// Most redirects within one host that are followed, by our own choice.
const MAX_REDIRECTS: usize = 3;

/// Fetches the keys of one provider.
#[derive(Debug)]
pub(super) struct Fetcher {
    issuer: String,
    jwks_uri: Option<String>,
    client: Client,
}

/// Why keys could not be fetched. Never holds a body.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("cannot fetch {url}")]
    Unreachable {
        url: Url,
        #[source]
        source: reqwest::Error,
    },
    #[error("{url} answers {status}, expected 200")]
    Status { url: Url, status: StatusCode },
    #[error("{url} is longer than {MAX_LEN} bytes")]
    TooLong { url: Url },
    #[error("{url} is no JSON document")]
    NotJson { url: Url },
    #[error("{url} is no JSON Web Key Set")]
    NoKeySet { url: Url },
    #[error("{url} describes another issuer")]
    OtherIssuer { url: Url },
    #[error(
        "{url} has no jwks_uri from which keys may be fetched: https, or a loopback address for an issuer that has one"
    )]
    NoKeyAddress { url: Url },
    #[error("the configured address is no URL")]
    Address,
}

impl Fetcher {
    pub(super) fn new(settings: &ProviderSettings) -> Result<Self, ProviderError> {
        Self::with_timeout(settings, TIMEOUT)
    }

    fn with_timeout(settings: &ProviderSettings, timeout: Duration) -> Result<Self, ProviderError> {
        let mut builder = Client::builder()
            .timeout(timeout)
            // Minutes pass between fetches: a kept connection would only be found dead.
            .pool_max_idle_per_host(0)
            .redirect(Policy::custom(follow))
            .user_agent(concat!("convoke/", env!("CARGO_PKG_VERSION")));
        if web_address(&settings.issuer).is_some_and(|url| is_loopback(&url)) {
            // A proxy of the environment would look for the provider on its own machine.
            builder = builder.no_proxy();
        }
        Ok(Self {
            issuer: settings.issuer.clone(),
            jwks_uri: settings.jwks_uri.clone(),
            client: builder.build().map_err(ProviderError::Client)?,
        })
    }

    /// The keys that the provider publishes now.
    pub(super) async fn keys(&self) -> Result<KeySet, FetchError> {
        let url = match &self.jwks_uri {
            Some(configured) => web_address(configured).ok_or(FetchError::Address)?,
            None => self.discover().await?,
        };
        let document = self.get(&url).await?;
        KeySet::read(&document).ok_or(FetchError::NoKeySet { url })
    }

    async fn discover(&self) -> Result<Url, FetchError> {
        let url = web_address(&discovery_url(&self.issuer)).ok_or(FetchError::Address)?;
        let document = self.get(&url).await?;
        if document.get("issuer").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(FetchError::OtherIssuer { url });
        }
        let keys = document.get("jwks_uri").and_then(Value::as_str);
        // Another machine may not send us to the services of this one.
        keys.and_then(web_address)
            .filter(|keys| keys.scheme() == "https" || is_loopback(&url))
            .ok_or(FetchError::NoKeyAddress { url })
    }

    async fn get(&self, url: &Url) -> Result<Value, FetchError> {
        let unreachable = |source: reqwest::Error| FetchError::Unreachable {
            url: url.clone(),
            source: source.without_url(),
        };
        let too_long = || FetchError::TooLong { url: url.clone() };
        let mut response = self
            .client
            .get(url.clone())
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        if status != StatusCode::OK {
            let url = url.clone();
            return Err(FetchError::Status { url, status });
        }
        if response
            .content_length()
            .is_some_and(|length| MAX_LEN as u64 <= length.saturating_sub(1))
        {
            return Err(too_long());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if MAX_LEN < body.len() + chunk.len() {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|_| FetchError::NotJson { url: url.clone() })
    }
}

/// Follows a redirect only to the same scheme, host and port.
fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let same_host = attempt
        .previous()
        .first()
        .is_some_and(|first| first.origin() == attempt.url().origin());
    if !same_host {
        return attempt.error("it redirects to another host");
    }
    if MAX_REDIRECTS < attempt.previous().len() {
        return attempt.error("it redirects too often");
    }
    attempt.follow()
}

#[cfg(test)]
mod tests;
