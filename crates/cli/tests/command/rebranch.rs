//! `convoke rebranch`: a data folder is put back, and its sessions have new branches.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::process::{Server, TITLE, convoke, json, lobby, run_well, text};

const JOIN: &str = r#"{"members":{"me":{"properties":{"system":{"active":true}}}}}"#;
const LEAVE: &str = r#"{"members":{"me":null}}"#;

/// What a player is answered about the lobby.
fn call(server: &Server, verb: &str, more: &[&str]) -> Value {
    let path = lobby("l");
    let url = server.url.as_str();
    let caller = ["--url", url, "--as", "1001", "--as-title", TITLE, "--json"];
    let line = [&["session", verb, &path][..], more, &caller].concat();
    json(&run_well(&line))["body"].clone()
}

fn rebranch(data: &Path, store: &str) -> (bool, String) {
    let output = convoke()
        .args(["rebranch", "--store", store, "--data"])
        .arg(data)
        .output()
        .expect("the command runs");
    (output.status.success(), text(&output))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).expect("copied");
        }
    }
}

#[test]
fn a_data_folder_that_was_put_back_gets_new_branches() {
    for store in ["sqlite", "log"] {
        let folder = tempfile::tempdir().expect("a folder");
        let (data, backup) = (folder.path().join("data"), folder.path().join("backup"));
        let server = Server::start_with_store(&data, store);
        let made = call(&server, "put", &["--data", JOIN]);
        let (content, said) = rebranch(&data, store);
        assert!(!content && said.contains("in use"), "{said}");
        assert!(server.end("-TERM").success());

        copy(&data, &backup);
        let server = Server::start_with_store(&data, store);
        call(&server, "put", &["--data", LEAVE]);
        assert!(server.end("-TERM").success());
        fs::remove_dir_all(&data).expect("removed");
        fs::rename(&backup, &data).expect("put back");
        let (content, said) = rebranch(&data, store);
        assert!(
            content && said.contains("1 session has a new branch"),
            "{said}"
        );

        let server = Server::start_with_store(&data, store);
        let found = call(&server, "get", &[]);
        assert_ne!(found["branch"], made["branch"]);
        assert_eq!(found["changeNumber"], made["changeNumber"]);
        assert_eq!(found["members"]["0"]["constants"]["system"]["xuid"], "1001");
    }
}

#[test]
fn without_a_data_folder_there_is_nothing_to_do_and_none_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (content, said) = rebranch(&data, "sqlite");
    assert!(
        !content && said.contains("there is no data folder"),
        "{said}"
    );
    assert!(!data.exists());
    // Nor is a store made where there is none.
    for store in ["sqlite", "log"] {
        let (content, said) = rebranch(folder.path(), store);
        assert!(
            !content && said.contains("there is no store of this kind in"),
            "{said}"
        );
    }
    let entries = fs::read_dir(folder.path()).expect("a folder");
    assert_eq!(entries.count(), 0);
    let (content, said) = rebranch(folder.path(), "memory");
    assert!(
        !content && said.contains("in memory are not restored"),
        "{said}"
    );
}
