//! Who has which hashed XUID, for good.
//!
//! A provider's user without a number of its own gets one from the hash of its issuer and subject.
//! 48 bits of hash are few enough for two users to meet, so the first one is written down and the
//! other gets the next number. The record is a file of lines that are only ever added to.
//! Not here: what the hash is made of besides (`claim_map`).

use std::collections::HashMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use convoke_wire::ids::Xuid;
use sha2::{Digest as _, Sha256};

use crate::auth::hexadecimal;
use crate::directory_entry::sync_directory;

/// The name of the record within the data directory.
pub const LINK_FILE: &str = "identity-links.txt";

/// The upper bits of every XUID of a person, real ones included. `[client]`
const PREFIX: u64 = 0x0009 << 48;

/// Numbers that are tried for one user: even at the largest record, needing a third is unheard of.
const MAX_PROBES: u8 = 8;

/// Most users of a record: each takes about 40 bytes of memory and 82 of the file. Our own choice.
const MAX_LINKS: usize = 4_000_000;

/// Longest line of the file: a XUID, a space, 64 hexadecimal digits, a line feed.
const MAX_LINE: usize = 96;

/// SHA-256 of issuer, a zero byte, and subject: who somebody is at their provider.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// The record of who has which XUID. By default it lives in memory only.
#[derive(Debug, Default)]
pub struct Links {
    known: RwLock<HashMap<Xuid, u64>>,
    file: Option<Mutex<LinkFile>>,
    /// Held while somebody is added, so that two newcomers do not take the same number.
    adding: Mutex<()>,
}

#[derive(Debug)]
struct LinkFile {
    file: File,
    /// Where the last whole line ends; `None` when that is not certain any more.
    end: Option<u64>,
}

/// Why the record cannot be had or added to.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The file cannot be read or written.
    #[error("cannot access the record of identities `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line of the file is none. It is never skipped: its user would get another XUID.
    #[error("line {line} of the record of identities `{}` is damaged; restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A new line could not be made durable.
    #[error("the record of identities cannot be written")]
    Unwritable,
    /// There are too many.
    #[error("the record of identities is full")]
    Full,
}

impl Fingerprint {
    /// The fingerprint of a provider's user.
    pub fn new(issuer: &str, subject: &str) -> Self {
        let hash = Sha256::new()
            .chain_update(issuer)
            .chain_update([0])
            .chain_update(subject);
        Self(hash.finalize().into())
    }

    /// The nth XUID to try: 48 bits of a hash below the common prefix. Inferred.
    fn candidate(&self, n: u8) -> Xuid {
        let bits = match n {
            0 => self.word(0),
            n => {
                let again: [u8; 32] = Sha256::new()
                    .chain_update(self.0)
                    .chain_update([n])
                    .finalize()
                    .into();
                Self(again).word(0)
            }
        };
        Xuid(PREFIX | bits >> 16)
    }

    /// Bits that are not in the XUID, by which its owner is told from others: with both, 112 bits
    /// would have to agree.
    fn rest(&self) -> u64 {
        self.word(8)
    }

    fn word(&self, at: usize) -> u64 {
        let bytes = self.0[at..].first_chunk().copied();
        u64::from_be_bytes(bytes.expect("a SHA-256 hash has 32 bytes"))
    }
}

impl Links {
    /// The record of a data directory, which must exist. Half a line at its end is what a crash
    /// left of a newcomer who was not told a XUID, and is taken away.
    pub fn open(directory: &Path) -> Result<Self, LinkError> {
        let path = directory.join(LINK_FILE);
        let failed = |source| LinkError::Io {
            path: path.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(failed)?;
        let (known, end) = read(&file, &path)?;
        file.set_len(end)
            .and_then(|()| file.seek(SeekFrom::Start(end)).map(drop))
            .and_then(|()| file.sync_all())
            .and_then(|()| sync_directory(directory))
            .map_err(failed)?;
        let file = LinkFile {
            file,
            end: Some(end),
        };
        Ok(Self {
            known: RwLock::new(known),
            file: Some(Mutex::new(file)),
            adding: Mutex::default(),
        })
    }

    /// The XUID of somebody who has been here before.
    pub fn find(&self, fingerprint: &Fingerprint) -> Option<Xuid> {
        self.search(fingerprint).ok()
    }

    /// The XUID of a user, a new one if need be; waits for the disk then.
    pub fn link(&self, fingerprint: &Fingerprint) -> Result<Xuid, LinkError> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let free = match self.search(fingerprint) {
            Ok(known) => return Ok(known),
            Err(free) => free.ok_or(LinkError::Full)?,
        };
        if MAX_LINKS
            <= self
                .known
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .len()
        {
            return Err(LinkError::Full);
        }
        if let Some(file) = &self.file {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.append(&format!("{free} {fingerprint}\n"))?;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(free, fingerprint.rest());
        Ok(free)
    }

    /// The user's XUID, or else the first free one, if any.
    fn search(&self, fingerprint: &Fingerprint) -> Result<Xuid, Option<Xuid>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        for n in 0..MAX_PROBES {
            let xuid = fingerprint.candidate(n);
            match known.get(&xuid) {
                Some(owner) if *owner == fingerprint.rest() => return Ok(xuid),
                Some(_) => {}
                None => return Err(Some(xuid)),
            }
        }
        Err(None)
    }
}

impl LinkFile {
    /// Adds a line and waits until it is on the disk.
    fn append(&mut self, line: &str) -> Result<(), LinkError> {
        let start = self.end.ok_or(LinkError::Unwritable)?;
        // Until the line is certain, so is nothing behind it.
        self.end = None;
        let written = self
            .file
            .write_all(line.as_bytes())
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            tracing::error!(%error, "the record of identities cannot be written");
            let undone = self
                .file
                .set_len(start)
                .and_then(|()| self.file.seek(SeekFrom::Start(start)).map(drop))
                .and_then(|()| self.file.sync_data());
            if undone.is_ok() {
                self.end = Some(start);
            }
            return Err(LinkError::Unwritable);
        }
        self.end = Some(start + line.len() as u64);
        Ok(())
    }
}

/// All whole lines of a record, and where they end.
fn read(file: &File, path: &Path) -> Result<(HashMap<Xuid, u64>, u64), LinkError> {
    let mut reader = BufReader::new(file);
    let (mut known, mut end) = (HashMap::new(), 0_u64);
    let mut line = Vec::new();
    for number in 1.. {
        let damaged = || LinkError::Damaged {
            path: path.to_owned(),
            line: number,
        };
        line.clear();
        let limited = io::Read::take(&mut reader, MAX_LINE as u64).read_until(b'\n', &mut line);
        limited.map_err(|source| LinkError::Io {
            path: path.to_owned(),
            source,
        })?;
        if !line.ends_with(b"\n") {
            // The end, or half a line there.
            return if line.len() < MAX_LINE {
                Ok((known, end))
            } else {
                Err(damaged())
            };
        }
        let (xuid, fingerprint) = parse(&line).ok_or_else(damaged)?;
        // Of two that claim a XUID, the first has it: this is what `link` told it.
        known.entry(xuid).or_insert(fingerprint.rest());
        if MAX_LINKS < known.len() {
            return Err(LinkError::Full);
        }
        end += line.len() as u64;
    }
    Ok((known, end))
}

/// Reads `<xuid> <fingerprint>` and checks that the one may be of the other.
fn parse(line: &[u8]) -> Option<(Xuid, Fingerprint)> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (xuid, digits) = line.split_once(' ')?;
    let xuid: Xuid = xuid.parse().ok()?;
    let fingerprint = Fingerprint(hexadecimal::decode(digits)?);
    let possible = (0..MAX_PROBES).any(|n| fingerprint.candidate(n) == xuid);
    possible.then_some((xuid, fingerprint))
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hexadecimal::encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests;
