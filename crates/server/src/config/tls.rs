//! The `[tls]` section: where the listener's certificate and key are. Not here: reading the files.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The files that make the listener speak HTTPS; without this section it speaks HTTP.
///
/// They are read again on SIGHUP and when their content changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TlsConfig {
    /// The certificate and the intermediate certificates after it, in PEM.
    pub certificate: PathBuf,
    /// The private key of the certificate, in PEM; readable by its owner only.
    pub key: PathBuf,
    /// The certificates of the authorities that may issue certificates of services, in PEM.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
}

impl TlsConfig {
    /// Makes relative paths relative to a folder.
    pub(super) fn resolve_paths(&mut self, folder: &Path) {
        let optional = self.client_ca.as_mut();
        for path in [&mut self.certificate, &mut self.key]
            .into_iter()
            .chain(optional)
        {
            *path = folder.join(&*path);
        }
    }
}
