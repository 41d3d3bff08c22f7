//! What signals do to a server.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;

use crate::process::{SCID, Server, run_well};

const TEMPLATE: &str = r#"{"contractVersion":107,"constants":{"system":{"maxMembersCount":4}}}"#;

fn templates(server: &Server) -> String {
    let path = format!("/serviceconfigs/{SCID}/sessiontemplates");
    run_well(&[
        "session",
        "get",
        &path,
        "--as",
        "1001",
        "--url",
        &server.url,
    ])
}

fn service_configs(folder: &Path) -> String {
    let templates = folder.join(SCID).join("templates");
    fs::create_dir_all(&templates).expect("made");
    let service = folder.join(SCID).join("service.toml");
    fs::write(service, "title_ids = [\"123\"]\nallow_untitled = true\n").expect("written");
    fs::write(templates.join("first.json"), TEMPLATE).expect("written");
    folder.to_str().expect("text").to_owned()
}

#[test]
fn a_hangup_reads_the_service_configurations_again() {
    let data = tempfile::tempdir().expect("a folder");
    let configs = tempfile::tempdir().expect("a folder");
    let arguments = ["--service-configs", &service_configs(configs.path())];
    let (server, mut logs) = Server::start_with_logs(data.path(), &arguments);
    assert!(
        server.introduction.contains("first"),
        "{}",
        server.introduction
    );
    let folder = configs.path().join(SCID).join("templates");

    fs::write(folder.join("second.json"), TEMPLATE).expect("written");
    server.signal("-HUP");
    logs.until("were read again");
    assert!(templates(&server).contains("second"));

    fs::write(folder.join("second.json"), "{").expect("written");
    fs::write(folder.join("third.json"), r#"{"constants":1}"#).expect("written");
    server.signal("-HUP");
    logs.until("stay as they were");
    logs.until("second.json");
    logs.until("third.json");
    let kept = templates(&server);
    assert!(kept.contains("second") && !kept.contains("third"), "{kept}");
    assert!(server.end("-TERM").success());
}

#[test]
fn a_second_interrupt_does_not_wait_for_requests() {
    let data = tempfile::tempdir().expect("a folder");
    let (server, mut logs) = Server::start_with_logs(data.path(), &[]);
    let address = server.url.strip_prefix("http://").expect("a URL");
    let mut request = TcpStream::connect(address).expect("it listens");
    request
        .write_all(
            b"POST /dev/token HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n",
        )
        .expect("sent");
    // The server says that it waits for the body, which never comes.
    let mut line = String::new();
    BufReader::new(&request).read_line(&mut line).expect("text");
    assert!(line.starts_with("HTTP/1.1 100"), "{line}");
    server.signal("-INT");
    logs.until("a second signal stops at once");
    assert_eq!(server.end("-INT").code(), Some(130));
}
