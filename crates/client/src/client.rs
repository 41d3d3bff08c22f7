//! The client: where the service is, who asks, and how patiently.

use std::sync::Arc;
use std::time::Duration;

use convoke_wire::headers::CONTRACT_VERSION;
use convoke_wire::{ContractVersion, Scid, SessionRef, TitleId};
use reqwest::{Response, StatusCode};

use crate::activities::Activities;
use crate::environment::{Environment, SystemEnvironment};
use crate::error::Error;
use crate::handles::Handles;
use crate::hosts::{Hosts, Service};
use crate::issuer::{DevIssuer, DevSubject};
use crate::query::SessionQuery;
use crate::raw::{Answer, Call, Repeat};
use crate::recent_players::{self, RecentPlayer};
use crate::retry::RetryPolicy;
use crate::session::RemoteSession;
use crate::token::{NoToken, StaticToken, Token, TokenSource};
use crate::transport::{Limits, Transport, Trust};

/// How long a request may take unless said otherwise. `[client]`: libraries wait for 30 s too.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Largest answer that is read unless said otherwise. Ours: sixteen of the largest sessions there are.
const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// Connections kept for later unless said otherwise. Ours.
const IDLE_CONNECTIONS: usize = 32;

/// A service and a caller of it. Clones share connections and tokens.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    tokens: Arc<dyn TokenSource>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) transport: Transport,
    pub(crate) environment: Arc<dyn Environment>,
    contract: ContractVersion,
    retry: RetryPolicy,
}

/// A client in the making.
#[derive(Debug)]
pub struct ClientBuilder {
    hosts: Result<Hosts, Error>,
    tokens: Arc<dyn TokenSource>,
    trust: Trust,
    contract: ContractVersion,
    retry: RetryPolicy,
    limits: Limits,
    environment: Arc<dyn Environment>,
}

impl Client {
    /// A client of the services behind one address, such as `http://127.0.0.1:8080`.
    pub fn builder(address: &str) -> ClientBuilder {
        ClientBuilder::new(Hosts::one(address))
    }

    /// A client of services at addresses of their own.
    pub fn builder_for(hosts: Hosts) -> ClientBuilder {
        ClientBuilder::new(Ok(hosts))
    }

    /// The same client for another caller, over the same connections.
    #[must_use]
    pub fn with_tokens(&self, tokens: impl TokenSource) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            tokens: Arc::new(tokens),
        }
    }

    /// The same client for somebody whom the development issuer makes tokens for.
    #[must_use]
    pub fn with_dev_token(&self, subject: DevSubject) -> Self {
        self.with_tokens(DevIssuer::new(self, subject))
    }

    /// A session by its name.
    pub fn session(&self, reference: SessionRef) -> RemoteSession {
        RemoteSession::new(self.clone(), reference)
    }

    /// Handles.
    pub fn handles(&self) -> Handles {
        Handles::new(self.clone())
    }

    /// What players do in a title without a session, and invitations to it.
    pub fn activities(&self, title_id: TitleId) -> Activities {
        Activities::new(self.clone(), title_id)
    }

    /// Whom the caller has met in play, the latest encounter first.
    pub async fn recent_players(&self) -> Result<Vec<RecentPlayer>, Error> {
        recent_players::of_caller(self).await
    }

    /// A question for sessions of a service configuration.
    pub fn sessions(&self, scid: Scid) -> SessionQuery {
        SessionQuery::new(self.clone(), scid)
    }

    /// The address of a service.
    pub fn address(&self, service: Service) -> &str {
        self.shared.transport.hosts.address(service)
    }

    /// Sends a request with the caller's credentials, again if that is safe and asked for.
    pub async fn send(&self, call: &Call) -> Result<Answer, Error> {
        let call = self.complete(call)?;
        let (mut attempt, mut token) = (1, self.token().await?);
        let (mut renewed, mut broken) = (false, false);
        loop {
            let answer = match self.shared.transport.exchange(&call, token.as_ref()).await {
                // The service may have closed a kept connection just when it was used again.
                Err(Error::Broken { .. }) if call.repeat == Repeat::Always && !broken => {
                    broken = true;
                    continue;
                }
                answer => answer?,
            };
            if answer.status == StatusCode::UNAUTHORIZED && !renewed {
                renewed = true;
                if let Some(fresh) = self.renew(token.as_ref()).await? {
                    token = Some(fresh);
                    continue;
                }
            }
            let Shared {
                retry, environment, ..
            } = &*self.shared;
            let Some(wait) = retry.wait(attempt, call.repeat, &answer, environment.random()) else {
                return Ok(answer);
            };
            tracing::debug!(
                status = answer.status.as_u16(),
                ?wait,
                "a request is sent again"
            );
            environment.sleep(wait).await;
            attempt += 1;
        }
    }

    /// Sends a request once, and gives its answer as soon as its head is there; the rest may take as
    /// long as it wants.
    pub async fn open(&self, call: &Call) -> Result<Response, Error> {
        let (call, token) = (self.complete(call)?, self.token().await?);
        let Shared {
            transport,
            environment,
            ..
        } = &*self.shared;
        transport.open(&call, token.as_ref(), &**environment).await
    }

    /// Reads the rest of such an answer.
    pub async fn read(&self, response: Response) -> Result<Answer, Error> {
        let transport = &self.shared.transport;
        transport.read(Service::SessionDirectory, response).await
    }

    /// A request of the session directory with the contract version; other services have versions of
    /// their own, or none. `[client]`
    fn complete(&self, call: &Call) -> Result<Call, Error> {
        let call = call.clone();
        let has_version = call.headers.contains_key(CONTRACT_VERSION);
        if has_version || call.service != Service::SessionDirectory {
            return Ok(call);
        }
        call.contract(&self.shared.contract.to_string())
    }

    /// The caller's token.
    pub async fn token(&self) -> Result<Option<Token>, Error> {
        self.tokens.token().await
    }

    /// Another token than the one that the service has refused, if there is one.
    pub(crate) async fn renew(&self, refused: Option<&Token>) -> Result<Option<Token>, Error> {
        let Some(refused) = refused else {
            return Ok(None);
        };
        self.tokens.refused(refused);
        let fresh = self.tokens.token().await?;
        Ok(fresh.filter(|fresh| fresh != refused))
    }
}

impl ClientBuilder {
    fn new(hosts: Result<Hosts, Error>) -> Self {
        Self {
            hosts,
            tokens: Arc::new(NoToken),
            trust: Trust::default(),
            contract: ContractVersion::V107,
            retry: RetryPolicy::default(),
            limits: Limits {
                timeout: TIMEOUT,
                max_answer: MAX_ANSWER,
                idle_connections: IDLE_CONNECTIONS,
            },
            environment: Arc::new(SystemEnvironment),
        }
    }

    /// Where tokens come from; nobody asks unless this is said.
    #[must_use]
    pub fn tokens(mut self, tokens: impl TokenSource) -> Self {
        self.tokens = Arc::new(tokens);
        self
    }

    /// One token for all requests.
    #[must_use]
    pub fn token(self, token: Token) -> Self {
        self.tokens(StaticToken(token))
    }

    /// The contract version to speak; 107 unless said.
    #[must_use]
    pub fn contract(mut self, contract: ContractVersion) -> Self {
        self.contract = contract;
        self
    }

    /// When requests are sent again.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// How long a request may take, its answer included; 30 s unless said.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// The largest answer that is read, in bytes; 16 MiB unless said.
    #[must_use]
    pub fn max_answer(mut self, bytes: usize) -> Self {
        self.limits.max_answer = bytes;
        self
    }

    /// How many connections to each host are kept for later requests; 32 unless said.
    #[must_use]
    pub fn idle_connections(mut self, most: usize) -> Self {
        self.limits.idle_connections = most;
        self
    }

    /// Trusts only the certificates that these authorities have signed, given as PEM, instead of
    /// those of the system.
    #[must_use]
    pub fn authorities(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.trust = Trust::Only(pem.into());
        self
    }

    /// Time and randomness, for tests.
    #[must_use]
    pub fn environment(mut self, environment: impl Environment) -> Self {
        self.environment = Arc::new(environment);
        self
    }

    /// The client.
    pub fn build(self) -> Result<Client, Error> {
        let transport = Transport::new(self.hosts?, &self.trust, self.limits)?;
        Ok(Client {
            shared: Arc::new(Shared {
                transport,
                environment: self.environment,
                contract: self.contract,
                retry: self.retry,
            }),
            tokens: self.tokens,
        })
    }
}
