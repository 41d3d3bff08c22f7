//! The folder of service configurations: which files it may hold, and their bytes.
//!
//! Not here: what is in the files.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use convoke_wire::Scid;

use super::nearest::nearest;
use super::problems::Problem;

/// Largest configuration file. The largest session document is no larger.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The name of the file that every scid folder has.
pub(super) const SERVICE_FILE: &str = "service.toml";
const TEMPLATES: &str = "templates";
const HOPPERS: &str = "hoppers";

/// The files of one service configuration.
pub(super) struct ScidFolder {
    pub(super) scid: Scid,
    pub(super) service: SourceFile,
    pub(super) templates: Vec<SourceFile>,
    pub(super) hoppers: Vec<SourceFile>,
}

/// One file.
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    pub(super) bytes: Cow<'static, [u8]>,
}

/// Reads all service configurations.
///
/// What does not belong there, or cannot be read, is a problem and left out.
pub(super) fn read_all(dir: &Path, problems: &mut Vec<Problem>) -> Vec<ScidFolder> {
    let mut folders = Vec::new();
    for entry in entries(dir, problems) {
        match (entry.kind, entry.name.parse()) {
            (Kind::Folder, Ok(scid)) => folders.extend(read_scid(&entry.path, scid, problems)),
            (Kind::Folder, Err(error)) => {
                problems.push(Problem::of_file(
                    &entry.path,
                    format!("unexpected folder: {error}"),
                ));
            }
            (_, _) => {
                let message = "unexpected file: only folders named by their scid belong here";
                problems.push(Problem::of_file(&entry.path, message));
            }
        }
    }
    folders
}

/// Reads a file whose existence is not in question.
pub(super) fn read_file(path: &Path, problems: &mut Vec<Problem>) -> Option<SourceFile> {
    match bytes_of(path) {
        Ok(bytes) => Some(SourceFile {
            path: path.to_owned(),
            bytes: bytes.into(),
        }),
        Err(message) => {
            problems.push(Problem::of_file(path, message));
            None
        }
    }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let too_large = || format!("larger than {MAX_FILE_BYTES} bytes");
    let metadata = fs::metadata(path).map_err(unreadable)?;
    // Opening a pipe would wait for somebody to write into it.
    if !metadata.is_file() {
        return Err("expected a file".to_owned());
    }
    if MAX_FILE_BYTES < metadata.len() {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    // The file may have grown since.
    if MAX_FILE_BYTES < bytes.len() as u64 {
        return Err(too_large());
    }
    Ok(bytes)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
fn unreadable(error: io::Error) -> String {
    format!("cannot be read: {error}")
}

fn read_scid(path: &Path, scid: Scid, problems: &mut Vec<Problem>) -> Option<ScidFolder> {
    let mut service = None;
    let mut templates = Vec::new();
    let mut hoppers = Vec::new();
    let mut has_service = false;
    for entry in entries(path, problems) {
        match (entry.name.as_str(), entry.kind) {
            (SERVICE_FILE, Kind::File) => {
                has_service = true;
                service = read_file(&entry.path, problems);
            }
            (TEMPLATES, Kind::Folder) => templates = json_files(&entry.path, problems),
            (HOPPERS, Kind::Folder) => hoppers = json_files(&entry.path, problems),
            (SERVICE_FILE, _) => problems.push(Problem::of_file(&entry.path, "expected a file")),
            (TEMPLATES | HOPPERS, _) => {
                problems.push(Problem::of_file(&entry.path, "expected a folder"));
            }
            (name, kind) => {
                let known = [SERVICE_FILE, TEMPLATES, HOPPERS];
                let kind = kind.word();
                let message = match nearest(name, &known) {
                    Some(meant) => format!("unexpected {kind}; did you mean `{meant}`?"),
                    None => format!("unexpected {kind}; expected `{}`", known.join("`, `")),
                };
                problems.push(Problem::of_file(&entry.path, message));
            }
        }
    }
    if !has_service {
        problems.push(Problem::of_file(&path.join(SERVICE_FILE), "is missing"));
    }
    Some(ScidFolder {
        scid,
        service: service?,
        templates,
        hoppers,
    })
}

fn json_files(folder: &Path, problems: &mut Vec<Problem>) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for entry in entries(folder, problems) {
        if entry.kind == Kind::File && json_stem(&entry.name).is_some() {
            files.extend(read_file(&entry.path, problems));
        } else {
            let message = format!("unexpected {}; expected `<name>.json`", entry.kind.word());
            problems.push(Problem::of_file(&entry.path, message));
        }
    }
    files
}

struct Entry {
    name: String,
    path: PathBuf,
    kind: Kind,
}

/// What an entry is, or what a symbolic link leads to.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Folder,
    File,
    /// A pipe, a device, a socket.
    Other,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::File => "file",
            Self::Other => "special file",
        }
    }
}

/// What is in a folder, ordered by name, without what is ignored or clashes.
fn entries(folder: &Path, problems: &mut Vec<Problem>) -> Vec<Entry> {
    let listed = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut listed = match listed {
        Ok(listed) => listed,
        Err(error) => {
            problems.push(Problem::of_file(folder, unreadable(error)));
            return Vec::new();
        }
    };
    listed.sort_by_key(fs::DirEntry::file_name);
    let mut seen: HashMap<String, String> = HashMap::new();
    let mut entries = Vec::new();
    for entry in listed {
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_ignored(&name) {
            continue;
        }
        let path = entry.path();
        if let Some(first) = seen.insert(name.to_ascii_lowercase(), name.clone()) {
            let message = format!("differs from `{first}` only by letter case");
            problems.push(Problem::of_file(&path, message));
            continue;
        }
        // Follows symbolic links; one that leads nowhere or round in a circle is an error.
        match fs::metadata(&path) {
            Ok(metadata) => entries.push(Entry {
                kind: match metadata.file_type() {
                    kind if kind.is_dir() => Kind::Folder,
                    kind if kind.is_file() => Kind::File,
                    _ => Kind::Other,
                },
                name,
                path,
            }),
            Err(error) => problems.push(Problem::of_file(&path, unreadable(error))),
        }
    }
    entries
}

/// What a `<name>.json` file is called.
pub(super) fn json_stem(file_name: &str) -> Option<&str> {
    file_name.strip_suffix(".json")
}

/// Hidden files and notes for people; a template may well be called `readme`.
fn is_ignored(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with('.') || (lower.starts_with("readme") && json_stem(&lower).is_none())
}
