//! The record of identities: stable, collision-free, durable.

use std::fs;

use proptest::prelude::*;

use super::*;

fn fingerprint(subject: &str) -> Fingerprint {
    Fingerprint::new("https://id.example", subject)
}

/// Somebody else whose first XUID is that of `one`.
fn rival(one: Fingerprint) -> Fingerprint {
    let mut bytes = one.0;
    bytes[31] ^= 1;
    bytes[8] ^= 1;
    Fingerprint(bytes)
}

#[test]
fn a_hashed_xuid_is_the_prefix_and_48_bits_of_the_hash() {
    // printf 'https://id.example\0alice' | sha256sum
    let alice = fingerprint("alice");
    let digest = Sha256::digest(b"https://id.example\0alice");
    assert_eq!(alice.0, <[u8; 32]>::from(digest));
    let xuid = Links::default().link(&alice).expect("in memory");
    assert_eq!(
        format!("{:016x}", xuid.0),
        format!("0009{}", &alice.to_string()[..12])
    );
    assert_eq!(xuid.0 >> 52, 0, "52 bits");
    assert_ne!(
        fingerprint("a"),
        Fingerprint::new("https://id.examplea", "")
    );
}

#[test]
fn a_user_keeps_the_xuid_and_users_of_one_hash_are_kept_apart() {
    let links = Links::default();
    let (one, other) = (fingerprint("one"), rival(fingerprint("one")));
    assert_eq!(one.candidate(0), other.candidate(0), "they meet");
    assert_eq!(links.find(&one), None);
    let first = links.link(&one).expect("in memory");
    let second = links.link(&other).expect("in memory");
    assert_eq!((first, second), (one.candidate(0), other.candidate(1)));
    for _ in 0..2 {
        assert_eq!(links.find(&one), Some(first));
        assert_eq!(links.find(&other), Some(second));
        assert_eq!(links.link(&other).expect("known"), second);
    }
}

#[test]
fn links_outlive_a_restart_in_the_order_they_were_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let (one, other) = (fingerprint("one"), rival(fingerprint("one")));
    let links = Links::open(directory.path()).expect("made");
    let first = links.link(&one).expect("written");
    let second = links.link(&other).expect("written");
    drop(links);
    let links = Links::open(directory.path()).expect("read");
    assert_eq!(links.find(&one), Some(first));
    assert_eq!(links.find(&other), Some(second));
    let third = links.link(&fingerprint("three")).expect("added behind");
    drop(links);
    let text = fs::read_to_string(directory.path().join(LINK_FILE)).expect("text");
    assert_eq!(
        text,
        format!(
            "{first} {one}\n{second} {other}\n{third} {}\n",
            fingerprint("three")
        )
    );
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("a directory");
    drop(Links::open(directory.path()).expect("made"));
    let metadata = fs::metadata(directory.path().join(LINK_FILE)).expect("a file");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
}

#[test]
fn half_a_line_at_the_end_is_taken_away_and_damage_is_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(LINK_FILE);
    let line = format!(
        "{} {}\n",
        fingerprint("one").candidate(0),
        fingerprint("one")
    );
    for cut in 0..line.len() {
        fs::write(&path, format!("{line}{}", &line[..cut])).expect("written");
        let links = Links::open(directory.path()).expect("a crash is no damage");
        assert!(links.find(&fingerprint("one")).is_some());
        drop(links);
        assert_eq!(fs::read_to_string(&path).expect("text"), line, "{cut}");
    }
    let other = fingerprint("other");
    for damage in [
        "\n".to_owned(),
        "x\n".to_owned(),
        format!("{} {}\n", fingerprint("one").candidate(0), other),
        format!("{} {other}é\n", other.candidate(0)),
        line.replace(' ', "  "),
        "9".repeat(MAX_LINE),
    ] {
        let text = format!("{line}{damage}{line}");
        fs::write(&path, &text).expect("written");
        let error = Links::open(directory.path())
            .expect_err(&damage)
            .to_string();
        assert!(error.starts_with("line 2 of"), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("text"), text, "left alone");
    }
}

#[test]
fn a_line_that_cannot_be_written_links_nobody() {
    let directory = tempfile::tempdir().expect("a directory");
    drop(Links::open(directory.path()).expect("made"));
    let path = directory.path().join(LINK_FILE);
    // Opened for reading, so that every write fails.
    let file = File::open(&path).expect("readable");
    let links = Links {
        file: Some(Mutex::new(LinkFile { file, end: Some(0) })),
        ..Links::default()
    };
    let one = fingerprint("one");
    assert!(matches!(links.link(&one), Err(LinkError::Unwritable)));
    assert_eq!(links.find(&one), None);
    assert!(matches!(links.link(&one), Err(LinkError::Unwritable)));
    assert_eq!(fs::read(&path).expect("readable"), b"");
}

#[test]
fn newcomers_at_the_same_moment_get_different_xuids() {
    let links = Links::default();
    let base = fingerprint("one");
    let all: Vec<_> = (0..8_u8)
        .map(|n| {
            let mut bytes = base.0;
            bytes[9] = n;
            Fingerprint(bytes)
        })
        .collect();
    let xuids: Vec<_> = std::thread::scope(|scope| {
        let tasks: Vec<_> = all
            .iter()
            .map(|one| scope.spawn(|| links.link(one)))
            .collect();
        tasks
            .into_iter()
            .map(|task| task.join().expect("no panic").expect("linked"))
            .collect()
    });
    let distinct: std::collections::BTreeSet<_> = xuids.iter().collect();
    assert_eq!(distinct.len(), all.len());
    for (one, xuid) in all.iter().zip(&xuids) {
        assert_eq!(links.find(one), Some(*xuid));
    }
}

proptest! {
    #[test]
    fn no_file_makes_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join(LINK_FILE), bytes).expect("written");
        let _ = Links::open(directory.path());
    }
}
