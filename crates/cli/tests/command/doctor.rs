//! `convoke doctor`: what is well, what is not, and what to do.

use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;

use crate::process::{Server, convoke, json, text};

/// The findings on a configuration of these keys, and whether the command was content.
fn findings(folder: &Path, keys: &str) -> (Vec<Value>, bool) {
    let file = folder.join("doctor.toml");
    std::fs::write(&file, keys).expect("written");
    let output = convoke()
        .args(["doctor", "--json", "--config"])
        .arg(&file)
        .output();
    let output = output.expect("the command runs");
    let out = String::from_utf8(output.stdout.clone()).expect("text");
    assert!(!out.is_empty(), "{}", text(&output));
    (out.lines().map(json).collect(), output.status.success())
}

#[track_caller]
fn of<'a>(findings: &'a [Value], subject: &str) -> &'a Value {
    let found = findings
        .iter()
        .find(|finding| finding["subject"] == subject);
    found.unwrap_or_else(|| panic!("nothing on {subject}: {findings:?}"))
}

#[test]
fn before_the_first_start_all_is_well_and_nothing_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let (findings, content) = findings(folder.path(), "listen = \"127.0.0.1:0\"\ndata = \"state\"");
    assert!(content, "{findings:?}");
    for subject in ["configuration", "address", "disk", "clock", "store"] {
        assert_eq!(of(&findings, subject)["verdict"], "good", "{findings:?}");
    }
    assert!(!folder.path().join("state").exists());
}

#[test]
fn a_port_of_another_program_is_bad_and_what_to_do_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = other.local_addr().expect("an address");
    // It must answer something, or who asks would wait.
    std::thread::spawn(move || {
        for connection in other.incoming() {
            drop(connection);
        }
    });
    let keys = format!("listen = \"{address}\"\ndata = \"state\"");
    let (findings, content) = findings(folder.path(), &keys);
    assert!(!content);
    let finding = of(&findings, "address");
    assert_eq!(finding["verdict"], "bad");
    let detail = format!("another program listens on {address}");
    assert_eq!(finding["detail"], detail.as_str());
    assert!(
        finding["cure"]
            .as_str()
            .expect("a cure")
            .contains("--listen")
    );
}

#[test]
fn a_running_server_is_recognised() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("state");
    let server = Server::start(&data);
    let address = server.url.trim_start_matches("http://");
    let keys = format!("listen = \"{address}\"\ndata = \"state\"");
    let (findings, content) = findings(folder.path(), &keys);
    assert!(content, "{findings:?}");
    let running = format!("a server runs on {address} already");
    assert_eq!(of(&findings, "address")["detail"], running.as_str());
    let store = of(&findings, "store")["detail"].as_str().expect("text");
    assert!(store.contains("a server is using it"), "{store}");
}

#[test]
fn a_damaged_store_and_a_bad_configuration_are_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("state");
    std::fs::create_dir(&data).expect("made");
    std::fs::write(
        data.join("convoke.db"),
        "this is no database at all, but long enough",
    )
    .expect("written");
    let keys = "listen = \"127.0.0.1:0\"\ndata = \"state\"\nstore = \"sqlite\"";
    let (bad_store, content) = findings(folder.path(), keys);
    assert!(!content);
    assert_eq!(of(&bad_store, "configuration")["verdict"], "good");
    assert_eq!(of(&bad_store, "store")["verdict"], "bad");
    let (bad_keys, content) = findings(folder.path(), "lisen = \"127.0.0.1:0\"");
    assert!(!content);
    let finding = of(&bad_keys, "configuration");
    assert_eq!(finding["verdict"], "bad");
    assert!(
        finding["detail"]
            .as_str()
            .expect("text")
            .contains("did you mean `listen`?")
    );
}

#[test]
fn an_identity_provider_that_does_not_answer_is_bad() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody listens where somebody just has.
    let gone = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address");
    let keys = format!(
        "listen = \"127.0.0.1:0\"\ndata = \"state\"\n[[auth.issuers]]\nissuer = \"http://{gone}\"\n\
         audiences = [\"x\"]\n[auth.issuers.claim_map]\nxuid = \"/xuid\"\n"
    );
    let (findings, content) = findings(folder.path(), &keys);
    assert!(!content);
    let finding = of(&findings, "identity provider");
    assert_eq!(finding["verdict"], "bad");
    assert!(
        finding["detail"]
            .as_str()
            .expect("text")
            .contains(&format!("http://{gone}"))
    );
}
