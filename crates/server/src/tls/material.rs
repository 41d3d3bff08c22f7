//! What a handshake needs, made from the files and never changed: a new certificate is a new value.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{Error, RootCertStore, ServerConfig};

use super::client_verifier::AnyClientCertificate;
use super::files::Files;
use crate::auth::{ClientCertificate, Trust};
use crate::clock::Clock;
use crate::config::TlsConfig;

/// The one protocol above TLS.
const ALPN: &[u8] = b"http/1.1";

/// Whether clients are asked for a certificate; they need not have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskForCertificate {
    /// Clients that have one send it.
    Yes,
    /// Nothing here could be done with one, and browsers would ask their users which to send.
    No,
}

/// The certificate, the key and the authorities of client certificates.
pub(super) struct Material {
    pub(super) server: Arc<ServerConfig>,
    authority: Option<Arc<dyn ClientCertVerifier>>,
    leaf: ClientCertificate,
}

impl Material {
    pub(super) fn new(
        config: &TlsConfig,
        files: &Files,
        ask: AskForCertificate,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let authority = match files.authorities(config)? {
            Some(authorities) => Some(verifier(config, authorities, &provider)?),
            None => None,
        };
        let chain = files.chain(config)?;
        let certificate = config.certificate.display();
        let leaf = ClientCertificate::read(&chain[0], Trust::None)
            .map_err(|reason| anyhow!("tls.certificate: {certificate}: {reason}"))?;
        let builder = ServerConfig::builder_with_details(
            Arc::clone(&provider),
            Arc::new(WallClock(Arc::clone(clock))),
        )
        .with_protocol_versions(&[&TLS13, &TLS12])
        .context("the cryptography library has no TLS 1.2 or 1.3")?;
        let builder = match ask {
            AskForCertificate::Yes => {
                builder.with_client_cert_verifier(Arc::new(AnyClientCertificate::new(&provider)))
            }
            AskForCertificate::No => builder.with_no_client_auth(),
        };
        let mut server = builder
            .with_single_cert(chain, files.key(config)?)
            .map_err(|error| match error {
                Error::InconsistentKeys(_) => anyhow!(
                    "tls.key: {} is not the key of the certificate {certificate}",
                    config.key.display()
                ),
                other => anyhow::Error::new(other).context(format!(
                    "tls: the certificate {certificate} cannot be used with the key {}",
                    config.key.display()
                )),
            })?;
        server.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self {
            server: Arc::new(server),
            authority,
            leaf,
        })
    }

    /// What a chain that a client has proven to hold the key of is worth.
    pub(super) fn client(
        &self,
        chain: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Option<ClientCertificate> {
        let (leaf, intermediates) = chain.split_first()?;
        let issued = self.authority.as_ref().is_some_and(|authority| {
            unix_time(now).is_some_and(|now| {
                authority
                    .verify_client_cert(leaf, intermediates, now)
                    .is_ok()
            })
        });
        let trust = if issued {
            Trust::Authority
        } else {
            Trust::None
        };
        // The handshake has read it before.
        ClientCertificate::read(leaf, trust).ok()
    }

    /// Logs which certificate is served, and when clients will not take it.
    pub(super) fn tell(&self, config: &TlsConfig, now: Timestamp) {
        let path = config.certificate.display();
        let (from, until) = (self.leaf.not_before, self.leaf.not_after);
        if self.leaf.is_valid_at(now) {
            tracing::info!(certificate.path = %path, certificate.not_after = %until, "certificate read");
        } else {
            tracing::warn!(
                certificate.path = %path, certificate.not_before = %from, certificate.not_after = %until,
                "the certificate is not valid now, and clients will refuse it"
            );
        }
    }
}

fn verifier(
    config: &TlsConfig,
    authorities: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> anyhow::Result<Arc<dyn ClientCertVerifier>> {
    let path = config.client_ca.as_deref().unwrap_or(&config.certificate);
    let refused = || format!("tls.client_ca: {} cannot be used", path.display());
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority).with_context(refused)?;
    }
    let provider = Arc::clone(provider);
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .with_context(refused)
}

fn unix_time(now: Timestamp) -> Option<UnixTime> {
    let seconds = u64::try_from(now.as_second()).ok()?;
    Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
        seconds,
    )))
}

/// Our clock as rustls wants it.
#[derive(Debug)]
struct WallClock(Arc<dyn Clock>);

impl TimeProvider for WallClock {
    fn current_time(&self) -> Option<UnixTime> {
        unix_time(self.0.now())
    }
}
