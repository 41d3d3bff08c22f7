//! TLS on the listener: handshakes, and certificates that change while the service runs.
//!
//! Not here: who a client certificate stands for (`auth/certificate`), and the loop that accepts
//! connections (`connections`).

mod client_verifier;
mod files;
mod handshake;
mod material;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::TlsConfig;
use files::{Files, Stamp};
use material::Material;

pub(crate) use files::read_secret;
pub(crate) use handshake::Accepted;
pub use handshake::HANDSHAKE_TIMEOUT;
pub use material::AskForCertificate;

/// How often the files are looked at. Our own choice: certificates are renewed days ahead.
pub const LOOK_INTERVAL: Duration = Duration::from_mins(1);

/// The listener's certificate, as it is now, and where the next one comes from.
pub struct Tls {
    config: TlsConfig,
    ask: AskForCertificate,
    clock: Arc<dyn Clock>,
    current: ArcSwap<Material>,
    /// What the files were at the last look, whether they were of use or not.
    seen: Mutex<Stamp>,
}

impl Tls {
    /// Reads the files; an error names the file and what is wrong with it.
    pub fn open(
        config: TlsConfig,
        ask: AskForCertificate,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let files = Files::read(&config)?;
        let material = Material::new(&config, &files, ask, &clock)?;
        material.tell(&config, clock.now());
        Ok(Self {
            seen: Mutex::new(Stamp::of(&Ok(files))),
            current: ArcSwap::from_pointee(material),
            config,
            ask,
            clock,
        })
    }

    /// Reads the files again, for new connections; what was read before stays when they are
    /// invalid. Established connections are left alone either way.
    pub fn reload(&self) -> anyhow::Result<()> {
        let files = Files::read(&self.config);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Stamp::of(&files);
        self.replace(files)
    }

    /// Reads the files again if they are not what they were; says so once per change.
    fn look(&self) {
        let files = Files::read(&self.config);
        let stamp = Stamp::of(&files);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == stamp {
                return;
            }
            *seen = stamp;
        }
        if let Err(error) = self.replace(files) {
            tracing::error!("the certificate stays as it was: {error:#}");
        }
    }

    fn replace(&self, files: anyhow::Result<Files>) -> anyhow::Result<()> {
        let material = Material::new(&self.config, &files?, self.ask, &self.clock)?;
        material.tell(&self.config, self.clock.now());
        self.current.store(Arc::new(material));
        Ok(())
    }

    /// Looks at the files from time to time, until told to stop.
    pub(crate) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.clock.sleep(LOOK_INTERVAL) => {}
            }
            let tls = Arc::clone(&self);
            // Files may be on a disk that is slow to answer.
            if let Err(error) = tokio::task::spawn_blocking(move || tls.look()).await {
                tracing::error!(%error, "the certificate could not be looked at");
            }
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
