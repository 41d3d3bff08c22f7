//! The development issuer is not shown to the network.

use crate::process::{convoke, run, text};

#[test]
fn an_address_that_others_reach_is_refused_before_anything_happens() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let data_text = data.to_str().expect("text");
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let output = run(&["serve", "--listen", listen, "--data", data_text]);
        let message = text(&output);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains("development issuer"), "{message}");
        assert!(message.contains("`listen = \"127.0.0.1:"), "{message}");
        assert!(message.contains("dev_issuer = false"), "{message}");
        assert!(!message.contains("listening on http"), "{message}");
        assert!(!data.exists(), "{listen}");
    }
}

#[test]
fn an_address_in_the_configuration_file_is_refused_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("convoke.toml");
    std::fs::write(&file, "listen = \"0.0.0.0:0\"\nstore = \"memory\"\n").expect("written");
    let output = convoke()
        .args(["serve", "--config"])
        .arg(&file)
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("development issuer"));
}

#[test]
fn a_configuration_with_unknown_keys_is_refused_with_the_right_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("convoke.toml");
    std::fs::write(&file, "dev_isuer = false\n").expect("written");
    let output = convoke()
        .args(["serve", "--config"])
        .arg(&file)
        .output()
        .expect("the command runs");
    let message = text(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("did you mean `dev_issuer`?"), "{message}");
}
