//! Client certificates, and the services that are known by them.
//!
//! Not here: the proof that the client holds the certificate's key, and who issued it (`tls`).

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

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
