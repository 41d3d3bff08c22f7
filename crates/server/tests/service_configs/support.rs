//! Folders of service configurations, made for one test.

use std::fs;

use convoke_server::service_configs::ServiceConfigs;
use tempfile::TempDir;

pub(crate) const SCID: &str = "11111111-1111-4111-8111-111111111111";

/// A `service.toml` that is right.
pub(crate) const SERVICE: &str = "title_ids = [\"777\"]";

/// Files of a folder: path and text.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// One file of the scid folder.
pub(crate) fn file(name: &str, text: impl AsRef<[u8]>) -> (String, Vec<u8>) {
    (format!("{SCID}/{name}"), text.as_ref().to_vec())
}

/// A scid folder with one template.
pub(crate) fn template(name: &str, text: impl AsRef<[u8]>) -> Files {
    vec![
        file("service.toml", SERVICE),
        file(&format!("templates/{name}.json"), text),
    ]
}

/// Writes the files into a new folder.
pub(crate) fn folder(files: &Files) -> TempDir {
    let temp = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = temp.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }
    temp
}

/// The problems of a folder, one per line, with `DIR` and `SCID` for what every test has.
pub(crate) fn problems_in(temp: &TempDir) -> String {
    let problems = match ServiceConfigs::load(temp.path()) {
        Ok(_) => return String::new(),
        Err(problems) => problems.to_string(),
    };
    problems
        .replace(temp.path().to_str().expect("UTF-8"), "DIR")
        .replace(SCID, "SCID")
}

/// Loads the files and compares the problems line by line.
pub(crate) fn check(files: &Files, expected: &[&str]) {
    assert_eq!(problems_in(&folder(files)), expected.join("\n"));
}
