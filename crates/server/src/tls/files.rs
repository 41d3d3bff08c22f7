//! The PEM files of the listener: read within limits, checked, and compared with what they were.
//!
//! Not here: whether certificate and key belong together (`material`).

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};

use crate::config::TlsConfig;

/// More than a certificate chain or a bundle of authorities of one's own has, in bytes.
const MAX_FILE_LEN: u64 = 1024 * 1024;

/// The content of the files, unread.
pub(super) struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

/// Tells whether files are what they were. Modification times would not: they can stay the same.
#[derive(PartialEq, Eq)]
pub(super) struct Stamp([u8; 32]);

impl Files {
    /// Reads all of them.
    pub(super) fn read(config: &TlsConfig) -> anyhow::Result<Self> {
        let client_ca = config.client_ca.as_deref();
        Ok(Self {
            certificate: read(&config.certificate, "tls.certificate")?,
            key: read_secret(&config.key, "tls.key")?,
            client_ca: client_ca
                .map(|path| read(path, "tls.client_ca"))
                .transpose()?,
        })
    }

    /// The certificate of the listener and those after it.
    pub(super) fn chain(&self, config: &TlsConfig) -> anyhow::Result<Vec<CertificateDer<'static>>> {
        certificates(&self.certificate, &config.certificate, "tls.certificate")
    }

    /// The private key of the listener.
    pub(super) fn key(&self, config: &TlsConfig) -> anyhow::Result<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(&self.key).with_context(|| {
            let path = config.key.display();
            format!("tls.key: {path} has no private key in PEM")
        })
    }

    /// The authorities of client certificates, if there are any.
    pub(super) fn authorities(
        &self,
        config: &TlsConfig,
    ) -> anyhow::Result<Option<Vec<CertificateDer<'static>>>> {
        let Some((bytes, path)) = self.client_ca.as_ref().zip(config.client_ca.as_deref()) else {
            return Ok(None);
        };
        certificates(bytes, path, "tls.client_ca").map(Some)
    }
}

impl Stamp {
    /// Of files, or of the reason why they could not be read.
    pub(super) fn of(files: &anyhow::Result<Files>) -> Self {
        let mut hash = Sha256::new();
        match files {
            Ok(files) => {
                let optional = files.client_ca.as_ref();
                for file in [&files.certificate, &files.key].into_iter().chain(optional) {
                    hash.update(Sha256::digest(file));
                }
            }
            Err(error) => hash.update(format!("{error:#}")),
        }
        Self(hash.finalize().into())
    }
}

fn certificates(
    bytes: &[u8],
    path: &Path,
    key: &str,
) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let path = path.display();
    let all = CertificateDer::pem_slice_iter(bytes)
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("{key}: {path} is no PEM"))?;
    if all.is_empty() {
        bail!("{key}: {path} has no certificate in PEM");
    }
    Ok(all)
}

fn read(path: &Path, key: &str) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("{key}: failed to read {}", path.display());
    let file = File::open(path).with_context(failed)?;
    content(file, path, key)
}

/// Reads a file that other users of the machine must not be able to read.
pub(crate) fn read_secret(path: &Path, key: &str) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("{key}: failed to read {}", path.display());
    let file = File::open(path).with_context(failed)?;
    refuse_if_others_can_read(&file, path, key)?;
    content(file, path, key)
}

fn content(file: File, path: &Path, key: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE_LEN + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{key}: failed to read {}", path.display()))?;
    if MAX_FILE_LEN < bytes.len() as u64 {
        let path = path.display();
        bail!("{key}: {path} is longer than {MAX_FILE_LEN} bytes");
    }
    Ok(bytes)
}

#[cfg(unix)]
fn refuse_if_others_can_read(file: &File, path: &Path, key: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = path.display();
    let metadata = file
        .metadata()
        .with_context(|| format!("{key}: failed to read {path}"))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!(
            "{key}: other users of this machine can read {path} (mode {mode:04o}); \
             run `chmod 600 {path}`"
        );
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the unix version can fail")]
fn refuse_if_others_can_read(_file: &File, _path: &Path, _key: &str) -> anyhow::Result<()> {
    Ok(())
}
