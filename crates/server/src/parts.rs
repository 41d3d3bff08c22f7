//! What a configuration and the files that it names make: read and checked before any data is opened.
//!
//! Not here: the data folder, which is opened by the service only (`app`), and what the keys say
//! among themselves (`config`).

use std::sync::Arc;

use anyhow::Result;

use crate::auth::oidc::{Links, Providers};
use crate::auth::{self, ApiKey, CertifiedService};
use crate::clock::Clock;
use crate::config::Config;
use crate::graph::HttpGraph;
use crate::service_configs::Catalogue;
use crate::tls::{AskForCertificate, Tls};

/// The parts of a service that need no data, each good or not.
pub(crate) struct Parts {
    /// The listener's certificate; `None` for plain HTTP.
    pub(crate) tls: Result<Option<Arc<Tls>>>,
    pub(crate) catalogue: Result<Catalogue>,
    /// The identity providers, with nobody linked to an XUID yet.
    pub(crate) providers: Result<Providers>,
    pub(crate) api_keys: Result<Vec<ApiKey>>,
    pub(crate) services: Result<Vec<CertifiedService>>,
    /// The people graph of another service; `None` for the one that is kept here.
    pub(crate) graph: Result<Option<HttpGraph>>,
}

impl Parts {
    /// Reads every file that the configuration names, whatever is wrong with the others.
    pub(crate) fn read(config: &Config, clock: &Arc<dyn Clock>) -> Self {
        Self {
            tls: tls(config, clock),
            catalogue: catalogue(config),
            providers: Providers::new(config.auth.issuers.clone(), Links::default())
                .map_err(Into::into),
            api_keys: auth::api_keys(config),
            services: auth::services(config),
            graph: HttpGraph::open(&config.people, clock),
        }
    }

    /// What is wrong with them.
    fn problems(self) -> impl Iterator<Item = anyhow::Error> {
        let Self {
            tls,
            catalogue,
            providers,
            api_keys,
            services,
            graph,
        } = self;
        let problems = [
            tls.err(),
            catalogue.err(),
            providers.err(),
            api_keys.err(),
            services.err(),
            graph.err(),
        ];
        problems.into_iter().flatten()
    }
}

/// Everything that is wrong with a configuration and the files that it names, each in words.
///
/// The data folder is not touched, and no port and no network is used.
pub fn problems(config: &Config, clock: &Arc<dyn Clock>) -> Vec<String> {
    let mut problems = config.problems();
    let unreadable = Parts::read(config, clock).problems();
    problems.extend(unreadable.map(|error| format!("{error:#}")));
    problems
}

fn tls(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Arc<Tls>>> {
    let Some(tls) = config.tls.clone() else {
        return Ok(None);
    };
    let ask = if config.auth.services.is_empty() {
        AskForCertificate::No
    } else {
        AskForCertificate::Yes
    };
    Ok(Some(Arc::new(Tls::open(tls, ask, Arc::clone(clock))?)))
}

fn catalogue(config: &Config) -> Result<Catalogue> {
    Ok(match &config.service_configs {
        Some(folder) => Catalogue::open(folder)?,
        None => Catalogue::sample(),
    })
}
