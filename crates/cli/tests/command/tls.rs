//! HTTPS from the command's side: serving it, and talking to it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::process::{Server, TITLE, convoke, run, run_well, text};

/// Writes a configuration whose certificate is of an authority in `ca.pem`.
fn configuration(folder: &Path) -> String {
    let authority = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("no name");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&authority).expect("signed");
    fs::write(folder.join("ca.pem"), certificate.pem()).expect("written");
    let issuer = Issuer::new(params, authority);

    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &issuer).expect("signed");
    fs::write(folder.join("server.pem"), certificate.pem()).expect("written");
    fs::write(folder.join("server.key"), key.serialize_pem()).expect("written");
    set_mode(folder, 0o600);
    let config = folder.join("convoke.toml");
    let tls = "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n";
    fs::write(&config, tls).expect("written");
    config.to_str().expect("text").to_owned()
}

fn set_mode(folder: &Path, mode: u32) {
    let permissions = fs::Permissions::from_mode(mode);
    fs::set_permissions(folder.join("server.key"), permissions).expect("changed");
}

#[test]
fn commands_reach_a_server_whose_authority_they_are_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = configuration(folder.path());
    let (server, mut logs) = Server::start_with_logs(folder.path(), &["--config", &config]);
    assert!(
        server.url.starts_with("https://127.0.0.1:"),
        "{}",
        server.url
    );
    let ca = folder.path().join("ca.pem");
    let ca = ca.to_str().expect("text");
    let token = [
        "token",
        "--xuid",
        "1001",
        "--title-id",
        TITLE,
        "--url",
        &server.url,
    ];
    let header = run_well(&[&token[..], &["--ca-file", ca]].concat());
    assert!(header.starts_with("XBL3.0 x="), "{header}");
    let asked = convoke()
        .args([
            "handle",
            "query",
            "--xuids",
            "1001",
            "--as",
            "1001",
            "--url",
            &server.url,
        ])
        .env("CONVOKE_CA_FILE", ca)
        .output()
        .expect("the command runs");
    assert!(asked.status.success(), "{}", text(&asked));

    let refused = text(&run(&token));
    let expected = format!("the certificate of {} is not trusted: ", server.url);
    assert!(refused.contains(&expected), "{refused}");
    assert!(refused.contains("--ca-file"), "{refused}");

    server.signal("-HUP");
    logs.until("the certificate was read again");
    set_mode(folder.path(), 0o644);
    server.signal("-HUP");
    logs.until("the certificate stays as it was: tls.key: other users of this machine can read");
    run_well(&[&token[..], &["--ca-file", ca]].concat());
    assert!(server.end("-TERM").success());
}

#[test]
fn a_key_that_others_can_read_keeps_the_server_from_starting() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = configuration(folder.path());
    set_mode(folder.path(), 0o644);
    let output = run(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--store",
        "memory",
        "--config",
        &config,
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = text(&output);
    assert!(
        said.contains("error: tls.key: other users") && said.contains("chmod 600"),
        "{said}"
    );
}
