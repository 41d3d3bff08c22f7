//! Certificates made up for a test.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Pair {
    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("PEM")]
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("PEM")
    }

    /// As a client shows it, whether the key is that of the certificate or not.
    pub(crate) fn shown(&self) -> SingleCertAndKey {
        let key = any_supported_type(&self.private_key()).expect("a key");
        CertifiedKey::new(self.chain(), key).into()
    }

    /// Writes both files, the key for its owner only.
    pub(crate) fn write(&self, folder: &Path) {
        fs::write(folder.join("server.pem"), &self.certificate).expect("written");
        write_secret(&folder.join("server.key"), &self.key);
    }
}

/// Writes a file that nobody else can read.
pub(crate) fn write_secret(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("changed");
}

/// A certificate of the listener, signed with its own key.
pub(crate) fn listener() -> Pair {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("signed");
    Pair {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    }
}

/// What is special about a client's certificate.
#[derive(Default)]
pub(crate) struct Client<'a> {
    pub(crate) uris: &'a [&'a str],
    /// Its last day; far away when absent.
    pub(crate) last_day: Option<(i32, u8, u8)>,
}

impl Client<'_> {
    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).expect("no name");
        for uri in self.uris {
            let uri = (*uri).try_into().expect("ASCII");
            params.subject_alt_names.push(SanType::URI(uri));
        }
        if let Some((year, month, day)) = self.last_day {
            params.not_after = rcgen::date_time_ymd(year, month, day);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params
    }

    /// Signed with its own key.
    pub(crate) fn self_signed(&self) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let certificate = self.params().self_signed(&key).expect("signed");
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// An authority that signs certificates of clients.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("signed").pem();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    pub(crate) fn sign(&self, client: &Client<'_>) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let certificate = client.params().signed_by(&key, &self.issuer);
        Pair {
            certificate: certificate.expect("signed").pem(),
            key: key.serialize_pem(),
        }
    }
}
