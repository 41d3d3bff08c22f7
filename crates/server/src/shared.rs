//! What every request handler shares.

use std::sync::Arc;

use crate::auth::Authenticator;
use crate::commit::Directory;
use crate::service_configs::Catalogue;

/// What every request handler shares.
#[derive(Debug)]
pub struct Shared {
    pub(crate) directory: Arc<Directory>,
    pub(crate) catalogue: Catalogue,
    pub(crate) authenticator: Authenticator,
}
