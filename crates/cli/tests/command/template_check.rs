//! `convoke template check` says what the server would say.

use std::fs;
use std::path::PathBuf;

use crate::process::{convoke, run_well, text};

fn sample() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../server/sample/00000000-0000-4000-8000-00000000c0de/templates")
}

#[test]
fn good_files_have_one_line_each() {
    let files: Vec<_> = ["lobby", "game", "lfg"]
        .map(|name| sample().join(format!("{name}.json")))
        .map(|path| path.to_str().expect("text").to_owned())
        .to_vec();
    let mut line = vec!["template", "check"];
    line.extend(files.iter().map(String::as_str));
    let out = run_well(&line);
    assert_eq!(out.lines().count(), 3, "{out}");
    assert!(out.contains("template lobby is good"), "{out}");
}

#[test]
fn every_problem_of_every_file_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, body: &str| {
        let path = folder.path().join(name);
        fs::write(&path, body).expect("written");
        path
    };
    let unknown = write(
        "unknown.json",
        r#"{"contractVersion":107,"constants":{"system":{"maxMembersCuont":4}}}"#,
    );
    let broken = write("broken.json", "{");
    let output = convoke()
        .args(["template", "check"])
        .args([sample().join("lobby.json"), unknown, broken])
        .arg(folder.path().join("missing.json"))
        .output()
        .expect("the command runs");
    let message = text(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    for part in [
        "template lobby is good",
        "unknown.json",
        "maxMembersCuont",
        "broken.json",
        "missing.json",
    ] {
        assert!(message.contains(part), "`{part}` is not in {message}");
    }
}

#[test]
fn without_files_the_usage_is_told() {
    let output = convoke()
        .args(["template", "check"])
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
}
