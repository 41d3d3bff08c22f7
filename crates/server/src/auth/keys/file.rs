//! The file that keeps the issuer's keys, so that tokens outlive a restart.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::directory_entry::sync_directory;

use super::{IssuerKeys, KeyError, SECRET_LEN};

/// The name of the key file within the data directory.
pub const KEY_FILE: &str = "issuer-key.json";

const VERSION: u32 = 1;

/// More than a key file ever has; a longer one is something else.
const MAX_FILE_LEN: u64 = 16 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredKeys {
    version: u32,
    kid: String,
    /// PKCS#8, base64.
    private_key: String,
    /// base64.
    user_hash_secret: String,
}

impl IssuerKeys {
    /// The keys of a data directory, made at the first call.
    ///
    /// The directory must exist. A damaged file is an error and is left alone.
    pub fn load_or_create(directory: &Path) -> Result<Self, KeyError> {
        let path = directory.join(KEY_FILE);
        let failed = |source| KeyError::Io {
            path: path.clone(),
            source,
        };
        match File::open(&path) {
            Ok(file) => load(&path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let keys = Self::generate();
                match create(directory, &path, &keys) {
                    Ok(()) => Ok(keys),
                    // Somebody else was first; their keys are the keys.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        load(&path, File::open(&path).map_err(failed)?)
                    }
                    Err(error) => Err(failed(error)),
                }
            }
            Err(error) => Err(failed(error)),
        }
    }
}

fn load(path: &Path, file: File) -> Result<IssuerKeys, KeyError> {
    let failed = |source| KeyError::Io {
        path: path.to_owned(),
        source,
    };
    let damaged = |reason| KeyError::Damaged {
        path: path.to_owned(),
        reason,
    };
    warn_if_others_can_read(path, &file).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_LEN + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.is_empty() {
        return Err(damaged("the file is empty"));
    }
    let stored: StoredKeys =
        serde_json::from_slice(&bytes).map_err(|_| damaged("the file is no key document"))?;
    if stored.version != VERSION {
        return Err(damaged("the version is not one this program knows"));
    }
    let pkcs8 = STANDARD
        .decode(&stored.private_key)
        .map_err(|_| damaged("the private key is no base64"))?;
    let secret: [u8; SECRET_LEN] = STANDARD
        .decode(&stored.user_hash_secret)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| damaged("the user hash secret is not 32 bytes in base64"))?;
    let keys = IssuerKeys::from_parts(pkcs8, secret)
        .ok_or_else(|| damaged("the private key is no P-256 key"))?;
    if keys.kid() != stored.kid {
        return Err(damaged("the key id is not that of the private key"));
    }
    Ok(keys)
}

fn create(directory: &Path, path: &Path, keys: &IssuerKeys) -> io::Result<()> {
    let stored = StoredKeys {
        version: VERSION,
        kid: keys.kid.clone(),
        private_key: STANDARD.encode(&keys.pkcs8),
        user_hash_secret: STANDARD.encode(keys.secret),
    };
    let mut text = serde_json::to_string_pretty(&stored)?;
    text.push('\n');
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| sync_directory(directory));
    if written.is_err() {
        // Half a file would only be refused at the next start.
        let _ = std::fs::remove_file(path);
    }
    written
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(
            path = %path.display(),
            "the issuer key can be read by other users of this machine; its mode should be 0600"
        );
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the unix version can fail")]
fn warn_if_others_can_read(_path: &Path, _file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_wire::ids::Xuid;
    use serde_json::json;

    #[test]
    fn the_same_directory_gives_the_same_keys() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = IssuerKeys::load_or_create(directory.path()).expect("created");
        let second = IssuerKeys::load_or_create(directory.path()).expect("loaded");
        assert_eq!(first.kid(), second.kid());
        assert_eq!(
            first.user_hash("t", Xuid(1)),
            second.user_hash("t", Xuid(1))
        );
        let other = tempfile::tempdir().expect("a directory");
        let third = IssuerKeys::load_or_create(other.path()).expect("created");
        assert_ne!(first.kid(), third.kid());
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        IssuerKeys::load_or_create(directory.path()).expect("created");
        let metadata = std::fs::metadata(directory.path().join(KEY_FILE)).expect("a file");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_missing_directory_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let error = IssuerKeys::load_or_create(&directory.path().join("none")).expect_err("none");
        assert!(matches!(error, KeyError::Io { .. }), "{error}");
    }

    #[test]
    fn a_damaged_file_is_refused_and_kept() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(KEY_FILE);
        IssuerKeys::load_or_create(directory.path()).expect("created");
        let good = std::fs::read_to_string(&path).expect("a file");
        let document: serde_json::Value = serde_json::from_str(&good).expect("JSON");
        let with = |field: &str, value: serde_json::Value| {
            let mut changed = document.clone();
            changed[field] = value;
            changed.to_string()
        };
        let foreign = STANDARD.encode(IssuerKeys::generate().pkcs8);
        let check = |content: &str, reason: &str| {
            std::fs::write(&path, content).expect("writable");
            let error = IssuerKeys::load_or_create(directory.path()).expect_err(reason);
            let text = error.to_string();
            assert!(text.contains(reason), "{text}");
            assert!(text.contains(KEY_FILE), "{text}");
            let kept = std::fs::read_to_string(&path).expect("still there");
            assert_eq!(kept, content);
        };
        check("", "empty");
        check("{", "no key document");
        check(&good[..good.len() / 2], "no key document");
        check(&with("version", json!(2)), "version");
        check(&with("privateKey", json!("*")), "no base64");
        check(&with("privateKey", json!("AAAA")), "no P-256 key");
        check(&with("privateKey", json!(foreign)), "key id");
        check(&with("userHashSecret", json!("AAAA")), "32 bytes");
        check(&" ".repeat(20_000), "no key document");
    }
}
