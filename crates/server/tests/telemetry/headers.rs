//! The headers of a collector, which are secrets.

use std::fs;
use std::path::Path;

use crate::collector::Collector;
use crate::service::{Service, open, telemetry};

/// Writes a file that only its owner can read; the keys that name it.
fn write(folder: &Path, text: &str) -> String {
    let path = folder.join("headers");
    fs::write(&path, text).expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    }
    format!("headers_file = \"{}\"", path.display())
}

#[tokio::test]
async fn the_headers_of_the_file_go_with_every_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "# the collector's\n\nAuthorization: Bearer s:e:cret\nx-scope:  lobby \n";
    let keys = write(folder.path(), text);
    let collector = Collector::start().await;
    let service = Service::start(&collector.endpoint(), &keys).await;
    service.get("/healthz", &[], 200).await;
    assert_eq!(service.close().await, "");
    let received = collector.received();
    assert_eq!(received.headers[0]["authorization"], "Bearer s:e:cret");
    assert_eq!(received.headers[0]["x-scope"], "lobby");
}

#[test]
fn what_is_wrong_with_the_file_is_said_by_its_line_and_without_its_secrets() {
    let check = |text: &str, expected: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = write(folder.path(), text);
        let error = refusal(&keys);
        assert!(error.starts_with("telemetry.headers_file: "), "{error}");
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("secret"), "{error}");
    };
    check("secret", "headers:1: expected a header such as");
    check(
        "a: 1\nb c: secret",
        "headers:2: expected the name of a header",
    );
    check(": secret", "headers:1: expected the name of a header");
    check("a:", "headers:1: expected printable text after the colon");
    check("a: secret\u{1}", "headers:1: expected printable text");
    check("a: 1\nA: secret", "headers:2: `a` is there twice");
    check("Host: secret", "headers:1: `host` is not for you to set");
    let many: Vec<String> = (0..17).map(|n| format!("x-{n}: secret")).collect();
    check(&many.join("\n"), "has more than 16 headers");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let keys = write(folder.path(), "a: 1");
    let path = folder.path().join("headers");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
    let error = refusal(&keys);
    assert!(
        error.contains("telemetry.headers_file: other users"),
        "{error}"
    );
}

/// Why a service with these keys does not open.
fn refusal(keys: &str) -> String {
    let opened = open(telemetry("http://localhost:4318", keys));
    format!("{:#}", opened.expect_err("refused"))
}
