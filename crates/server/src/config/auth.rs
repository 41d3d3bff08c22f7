//! The `[auth]` section: who may call, beside the users of the issuer.
//!
//! Not here: what its entries turn into (`auth/configured`).

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How callers prove who they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AuthConfig {
    /// Whether requests have to be signed with the proof key of their token.
    pub signatures: SignatureMode,
    /// Services that are known by their TLS certificates.
    pub services: Vec<CertifiedServiceConfig>,
    /// Services that are known by a static key, which is for development.
    pub api_keys: Vec<ApiKeyConfig>,
}

/// What happens to the signatures of requests. Inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignatureMode {
    /// They are ignored.
    #[default]
    Off,
    /// They are checked where there is one and the token has a proof key.
    Verify,
    /// Every request with a token has to be signed, and no signature is taken twice.
    Require,
}

/// A service that is known by its certificate: by its key, or by its issuer and name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CertifiedServiceConfig {
    /// The service's name, for logs.
    pub name: String,
    /// Its roles, such as `sessions.server`.
    pub roles: Vec<String>,
    /// The sandbox of requests that do not name one with X-Xbl-Sandbox; RETAIL unless given.
    pub sandbox: Option<String>,
    /// The service configurations in which its roles count; all unless given.
    pub scids: Option<Vec<String>>,
    /// The SHA-256 hash of the certificate's public key, in hexadecimal or base64.
    pub spki_sha256: Option<String>,
    /// The URI that names the service in a certificate of `tls.client_ca`, as in
    /// `spiffe://example.org/lobby`.
    pub san_uri: Option<String>,
}

/// A service that is known by a static key.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ApiKeyConfig {
    /// The service's name, for logs.
    pub name: String,
    /// Its roles, such as `sessions.server`.
    pub roles: Vec<String>,
    /// The sandbox of requests that do not name one with X-Xbl-Sandbox; RETAIL unless given.
    pub sandbox: Option<String>,
    /// The SHA-256 hash of the key, in hexadecimal.
    pub key_sha256: Option<String>,
    /// A file with the key, which starts with `mpsk_`; readable by its owner only.
    pub key_file: Option<PathBuf>,
}

impl AuthConfig {
    /// Makes relative paths relative to a folder.
    pub(super) fn resolve_paths(&mut self, folder: &Path) {
        for path in self
            .api_keys
            .iter_mut()
            .filter_map(|key| key.key_file.as_mut())
        {
            *path = folder.join(&*path);
        }
    }
}
