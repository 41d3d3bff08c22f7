//! Client certificates, and the services that are known by them.
//!
//! Not here: the proof that the client holds the certificate's key, and who issued it (`tls`).

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::error::AuthError;
use super::hexadecimal;
use super::principal::Principal;

/// A certificate, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The SHA-256 hash of its public key: of the whole `SubjectPublicKeyInfo`, as RFC 7469 has it.
    pub spki_sha256: [u8; 32],
    /// The URIs among its alternative names.
    pub uris: Vec<String>,
    /// The first moment at which it is valid.
    pub not_before: Timestamp,
    /// The last moment at which it is valid.
    pub not_after: Timestamp,
    /// Who stands for it.
    pub trust: Trust,
}

/// Who stands for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It was issued by an authority of the configuration, for clients, and was valid when the
    /// connection was made.
    Authority,
    /// Nobody: only its key counts.
    None,
}

impl ClientCertificate {
    /// Reads a certificate in DER.
    pub fn read(der: &[u8], trust: Trust) -> Result<Self, &'static str> {
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| "the certificate cannot be read")?;
        if !rest.is_empty() {
            return Err("there is something after the certificate");
        }
        let names = certificate
            .subject_alternative_name()
            .map_err(|_| "the certificate's alternative names cannot be read")?;
        let names = names.map(|extension| extension.value.general_names.as_slice());
        let uris = names.unwrap_or_default().iter().filter_map(|name| {
            let GeneralName::URI(uri) = name else {
                return None;
            };
            Some((*uri).to_owned())
        });
        let moment = |second| {
            Timestamp::from_second(second).map_err(|_| "the certificate's times are out of range")
        };
        let validity = certificate.validity();
        Ok(Self {
            spki_sha256: Sha256::digest(certificate.public_key().raw).into(),
            uris: uris.collect(),
            not_before: moment(validity.not_before.timestamp())?,
            not_after: moment(validity.not_after.timestamp())?,
            trust,
        })
    }

    /// Whether a moment is within its time.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

/// What a service's certificate must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// This key, by its hash; whoever issued the certificate.
    Key([u8; 32]),
    /// This URI as its only one, vouched for by an authority of the configuration. (A SPIFFE
    /// certificate has exactly one.)
    Uri(String),
}

/// A service that is known by its certificate.
#[derive(Debug, Clone)]
pub struct CertifiedService {
    pub(crate) credential: Credential,
    principal: Arc<Principal>,
}

impl CertifiedService {
    pub(crate) fn new(credential: Credential, principal: Principal) -> Self {
        Self {
            credential,
            principal: Arc::new(principal),
        }
    }

    fn is_named_by(&self, certificate: &ClientCertificate) -> bool {
        match &self.credential {
            Credential::Key(hash) => hash.ct_eq(&certificate.spki_sha256).into(),
            Credential::Uri(uri) => {
                let only = certificate.uris.as_slice() == std::slice::from_ref(uri);
                certificate.trust == Trust::Authority && only
            }
        }
    }
}

/// Most certificates of strangers that are remembered, so that each is logged once. Our own choice.
const MAX_STRANGERS: usize = 1024;

/// All services that are known by their certificates.
#[derive(Default)]
pub(super) struct CertifiedServices {
    services: Vec<CertifiedService>,
    strangers: Mutex<HashSet<[u8; 32]>>,
}

impl CertifiedServices {
    pub(super) fn new(services: Vec<CertifiedService>) -> Self {
        Self {
            services,
            strangers: Mutex::default(),
        }
    }

    /// The service that a certificate stands for, if it stands for one.
    ///
    /// A connection may outlive its certificate, which ends its rights.
    pub(super) fn find(
        &self,
        certificate: &ClientCertificate,
        now: Timestamp,
    ) -> Result<Option<&Arc<Principal>>, AuthError> {
        let mut services = self.services.iter();
        let Some(service) = services.find(|service| service.is_named_by(certificate)) else {
            self.log_stranger(certificate);
            return Ok(None);
        };
        if now < certificate.not_before {
            return Err(AuthError::NotYetValid);
        }
        if certificate.not_after < now {
            return Err(AuthError::Expired);
        }
        Ok(Some(&service.principal))
    }

    fn log_stranger(&self, certificate: &ClientCertificate) {
        let mut strangers = self
            .strangers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if strangers.len() < MAX_STRANGERS && strangers.insert(certificate.spki_sha256) {
            let hash = hexadecimal::encode(&certificate.spki_sha256);
            tracing::warn!(
                certificate.spki_sha256 = %hash, certificate.trust = ?certificate.trust,
                "a client certificate is of no configured service, and gives no rights"
            );
        }
    }
}

impl fmt::Debug for CertifiedServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.services).finish()
    }
}
