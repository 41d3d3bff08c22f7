//! The configuration of commands that need one: a file, the environment, and flags before both.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use convoke_server::config::{Config, StoreChoice};

/// What the service is told.
#[derive(Debug, Args)]
pub(crate) struct Configured {
    /// The address to listen on; 127.0.0.1:8080 unless configured.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// The folder of everything that outlives the process; ./convoke-data unless configured.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A configuration file (TOML). The environment goes before it, and flags before both.
    #[arg(long, value_name = "FILE", env = "CONVOKE_CONFIG")]
    config: Option<PathBuf>,
    /// The folder of service configurations; a sample unless configured.
    #[arg(long, value_name = "DIR")]
    service_configs: Option<PathBuf>,
    /// Where sessions are kept.
    #[arg(long)]
    store: Option<Store>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Store {
    /// A database in the data folder.
    Sqlite,
    /// Files that are appended to, and everything in memory.
    Log,
    /// Gone when the server stops.
    Memory,
}

impl Configured {
    /// What is in effect.
    pub(crate) fn load(&self) -> anyhow::Result<Config> {
        let environment: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let mut config = Config::load(self.config.as_deref(), &environment)?;
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        if let Some(folder) = &self.service_configs {
            config.service_configs = Some(folder.clone());
        }
        if let Some(store) = self.store {
            config.store = match store {
                Store::Sqlite => StoreChoice::Sqlite,
                Store::Log => StoreChoice::Log,
                Store::Memory => StoreChoice::Memory,
            };
        }
        Ok(config)
    }
}
