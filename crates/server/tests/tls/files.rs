//! Files that the listener cannot start with: the error names the key, the file and the reason.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use convoke_server::app::App;
use convoke_server::entropy::SystemEntropy;

use crate::certificates::{self, write_secret};
use crate::clock::TestClock;
use crate::service::config;

/// What opening says after a good pair was spoilt.
fn refusal(spoil: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    certificates::listener().write(folder.path());
    let mut config = config(folder.path());
    let authorities = folder.path().join("ca.pem");
    spoil(folder.path());
    if authorities.exists() {
        let tls = config.tls.as_mut().expect("a section");
        tls.client_ca = Some(authorities);
    }
    let clock = Arc::new(TestClock::new());
    let refused = App::open(config, clock, Arc::new(SystemEntropy)).expect_err("invalid");
    format!("{refused:#}")
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_remedy() {
    for mode in [0o644, 0o640, 0o604] {
        let said = refusal(|folder| {
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(folder.join("server.key"), permissions).expect("changed");
        });
        assert!(said.starts_with("tls.key: other users"), "{said}");
        assert!(said.contains(&format!("(mode 0{mode:o})")), "{said}");
        assert!(said.contains("run `chmod 600 ") && said.contains("server.key"));
    }
}

#[test]
fn every_other_file_that_is_no_good_is_named_with_the_reason() {
    let check = |spoil: &dyn Fn(&Path), key: &str, parts: &[&str]| {
        let said = refusal(spoil);
        assert!(said.starts_with(key), "{said}");
        for part in parts {
            assert!(said.contains(part), "`{part}` is not in: {said}");
        }
    };
    let write = |name: &'static str, text: &'static str| {
        move |folder: &Path| write_secret(&folder.join(name), text)
    };
    let certificate = write("server.pem", "nothing\n");
    check(
        &certificate,
        "tls.certificate: ",
        &["server.pem has no certificate in PEM"],
    );
    let remove = |folder: &Path| fs::remove_file(folder.join("server.pem")).expect("removed");
    check(
        &remove,
        "tls.certificate: ",
        &["failed to read", "server.pem"],
    );
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let certificate = write("server.pem", garbage);
    check(
        &certificate,
        "tls.certificate: ",
        &["server.pem: the certificate cannot be read"],
    );
    let key = write("server.key", "nothing\n");
    check(&key, "tls.key: ", &["server.key has no private key in PEM"]);
    let other = |folder: &Path| {
        write_secret(&folder.join("server.key"), &certificates::listener().key);
    };
    check(
        &other,
        "tls.key: ",
        &["server.key is not the key of the certificate", "server.pem"],
    );
    let authorities = write("ca.pem", garbage);
    check(&authorities, "tls.client_ca: ", &["ca.pem cannot be used"]);
    let long = |folder: &Path| {
        fs::write(folder.join("server.pem"), "#".repeat(1_100_000)).expect("written");
    };
    check(
        &long,
        "tls.certificate: ",
        &["server.pem is longer than 1048576 bytes"],
    );
}
