//! The service configurations in force, replaced as a whole when they are read again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::{ConfigProblems, ServiceConfigs};

/// The service configurations in force and where they came from.
#[derive(Debug)]
pub struct Catalogue {
    current: ArcSwap<ServiceConfigs>,
    /// `None` for the built-in sample.
    folder: Option<PathBuf>,
    /// Held while reading, so that the later of two reloads is the one that stays.
    reloading: Mutex<()>,
}

impl Catalogue {
    /// The configurations of a folder. Blocks on the file system.
    pub fn open(folder: &Path) -> Result<Self, ConfigProblems> {
        let configs = ServiceConfigs::load(folder)?;
        Ok(Self::new(configs, Some(folder.to_owned())))
    }

    /// The built-in sample.
    pub fn sample() -> Self {
        Self::new(ServiceConfigs::sample(), None)
    }

    /// The configurations in force; a request uses one snapshot from start to end.
    pub fn current(&self) -> Arc<ServiceConfigs> {
        self.current.load_full()
    }

    /// The folder that [`reload`](Self::reload) reads; `None` for the built-in sample.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Reads the folder again. Blocks on the file system.
    ///
    /// With any problem, everything stays as it was. The sample reloads to itself.
    pub fn reload(&self) -> Result<(), ConfigProblems> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let _one_at_a_time = self
            .reloading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let configs = ServiceConfigs::load(folder)?;
        self.current.store(Arc::new(configs));
        Ok(())
    }

    fn new(configs: ServiceConfigs, folder: Option<PathBuf>) -> Self {
        Self {
            current: ArcSwap::from_pointee(configs),
            folder,
            reloading: Mutex::new(()),
        }
    }
}
