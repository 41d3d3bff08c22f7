//! `convoke config`: what is in effect, whether it is good, and what there is.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::process::{convoke, json, run_well, text};

fn write(folder: &Path, keys: &str) -> String {
    let path = folder.join("convoke.toml");
    fs::write(&path, keys).expect("written");
    path.to_str().expect("text").to_owned()
}

#[test]
fn what_is_in_effect_is_the_file_then_the_environment_then_flags() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(
        folder.path(),
        "listen = \"127.0.0.1:1\"\ndata = \"state\"\n[limits]\nscale = 2.0\nmode = \"off\"\n",
    );
    let output = convoke()
        .args(["config", "show", "--listen", "127.0.0.1:3"])
        .env("CONVOKE_CONFIG", &file)
        .env("CONVOKE_LISTEN", "127.0.0.1:2")
        .env("CONVOKE_LIMITS__MODE", "report")
        .output()
        .expect("the command runs");
    assert!(output.status.success(), "{}", text(&output));
    let shown: toml::Table = String::from_utf8(output.stdout)
        .expect("text")
        .parse()
        .expect("TOML");
    assert_eq!(shown["listen"].as_str(), Some("127.0.0.1:3"), "the flag");
    assert_eq!(
        shown["limits"]["mode"].as_str(),
        Some("report"),
        "the environment"
    );
    assert_eq!(shown["limits"]["scale"].as_float(), Some(2.0), "the file");
    assert_eq!(
        shown["store"].as_str().map(str::is_empty),
        Some(false),
        "the default"
    );
    let data = folder.path().join("state");
    assert_eq!(
        shown["data"].as_str(),
        data.to_str(),
        "relative to the file"
    );
}

#[test]
fn what_is_shown_can_be_used_as_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let shown = run_well(&["config", "show", "--data", "/state"]);
    let file = write(folder.path(), &shown);
    assert_eq!(run_well(&["config", "show", "--config", &file]), shown);
}

#[test]
fn a_good_configuration_is_called_good_and_the_data_folder_is_not_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "data = \"state\"\n");
    let out = run_well(&["config", "check", "--config", &file]);
    assert_eq!(out, "the configuration is good\n");
    assert!(!folder.path().join("state").exists());
}

#[test]
fn everything_that_is_wrong_is_said_before_a_server_starts() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |keys: &str, expected: &[&str]| {
        let file = write(folder.path(), keys);
        for command in [&["config", "check"][..], &["serve"]] {
            let output = convoke().args(command).args(["--config", &file]).output();
            let output = output.expect("the command runs");
            assert_eq!(output.status.code(), Some(1), "{}", text(&output));
            for part in expected {
                assert!(
                    text(&output).contains(part),
                    "`{part}` is not in {}",
                    text(&output)
                );
            }
        }
    };
    check(
        "[limit]\nmode = \"off\"",
        &["unknown key `limit`; did you mean `limits`?"],
    );
    check(
        "profile = \"production\"\nstore = \"memory\"",
        &[
            "`dev_issuer`: ",
            "`store`: ",
            "`service_configs`: ",
            "`auth`: nobody could sign in",
        ],
    );
    check(
        "[tls]\ncertificate = \"none.pem\"\nkey = \"none.pem\"",
        &["tls.certificate", "none.pem"],
    );
    check("service_configs = \"nowhere\"", &["nowhere"]);
}

#[test]
fn every_file_and_key_that_is_wrong_is_said_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = r#"
        profile = "production"
        data = "state"
        service_configs = "nowhere"
        [tls]
        certificate = "none.pem"
        key = "none.pem"
        [[auth.api_keys]]
        name = "lobby"
        key_file = "none.key"
        [[auth.services]]
        name = "matcher"
        san_uri = "spiffe://example.org/matcher"
    "#;
    let file = write(folder.path(), keys);
    let output = convoke()
        .args(["config", "check", "--config", &file])
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = String::from_utf8(output.stderr).expect("text");
    for part in [
        "error: profile production: `dev_issuer`: ",
        "error: tls.certificate: ",
        "nowhere",
        "error: auth.api_keys[0].key_file",
        "error: auth.services[0].san_uri: it needs `tls.client_ca`",
    ] {
        assert!(said.contains(part), "`{part}` is not in {said}");
    }
    assert!(!folder.path().join("state").exists());
}

#[test]
fn the_schema_describes_every_key() {
    let schema: Value = json(run_well(&["config", "schema"]).trim());
    let properties = schema["properties"].as_object().expect("properties");
    for key in [
        "listen", "data", "store", "profile", "limits", "auth", "tls", "cors",
    ] {
        let description = properties[key]["description"].as_str().unwrap_or_default();
        assert!(!description.is_empty(), "{key}");
    }
}

#[cfg(not(feature = "otlp"))]
#[test]
fn traces_that_this_program_cannot_send_are_refused_before_anything_starts() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = "listen = \"127.0.0.1:0\"\n[telemetry]\notlp_endpoint = \"http://localhost:4318\"\n";
    let file = write(folder.path(), keys);
    for command in [&["config", "check"][..], &["serve"]] {
        let output = convoke().args(command).args(["--config", &file]).output();
        let output = output.expect("the command runs");
        let text = text(&output);
        assert!(!output.status.success(), "{text}");
        assert!(text.contains("`telemetry.otlp_endpoint`: "), "{text}");
        assert!(text.contains("`--features otlp`"), "{text}");
    }
}
