//! Torn, flipped and missing bytes: never a wrong answer, and never a change of what is refused.

mod next_segment;

use std::collections::BTreeMap;
use std::fs;

use bytes::Bytes;
use tempfile::TempDir;

use super::*;
use crate::log::Table;

type Documents = BTreeMap<(Table, Bytes), Bytes>;

fn record(key: u8, value: Option<&str>) -> Record {
    Record {
        table: Table::ALL[usize::from(key) % Table::ALL.len()],
        key: vec![key].into(),
        value: value.map(|text| text.to_owned().into()),
    }
}

/// Batches, and what is there after each.
fn batches(count: u8) -> Vec<(Vec<Record>, Documents)> {
    let mut documents = Documents::new();
    let mut batches = Vec::new();
    for number in 0..count {
        let text = format!("document {number} {}", "x".repeat(usize::from(number) * 7));
        let mut batch = vec![record(number % 5, Some(&text))];
        if number % 3 == 2 {
            batch.push(record((number + 2) % 5, None));
        }
        for record in &batch {
            let identity = (record.table, record.key.clone());
            match &record.value {
                Some(value) => documents.insert(identity, value.clone()),
                None => documents.remove(&identity),
            };
        }
        batches.push((batch, documents.clone()));
    }
    batches
}

fn open(dir: &Path, segment_bytes: u64) -> Result<AppendLog, StoreError> {
    AppendLog::open(files::prepare(dir)?, segment_bytes)
}

fn documents(log: &AppendLog) -> Result<Documents, StoreError> {
    log.contents()
        .map(|record| {
            let record = record?;
            Ok(((record.table, record.key), record.value.unwrap()))
        })
        .collect()
}

/// A closed log of some batches, and what was in it after each.
fn written(segment_bytes: u64, count: u8) -> (TempDir, Vec<Documents>) {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), segment_bytes).unwrap();
    let mut states = vec![Documents::new()];
    for (batch, documents) in batches(count) {
        log.write(batch).unwrap();
        // Merges happen one after the other, so that every run has the same files.
        log.close();
        states.push(documents);
    }
    (dir, states)
}

fn snapshot(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(dir.join("convoke.log")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

fn restore(files: &BTreeMap<PathBuf, Vec<u8>>) {
    for (path, content) in files {
        fs::write(path, content).unwrap();
    }
}

/// Opens and reads; whatever comes of it, no file has changed.
fn read(dir: &Path) -> Result<Documents, StoreError> {
    let before = snapshot(dir);
    let result = open(dir, 1 << 20).and_then(|log| documents(&log));
    assert_eq!(snapshot(dir), before, "reading has changed a file");
    result
}

fn is_corrupt(result: &Result<Documents, StoreError>) -> bool {
    matches!(
        result,
        Err(StoreError::Corrupt(_) | StoreError::TooNew { .. })
    )
}

#[test]
fn what_was_written_is_read_again_across_segments_and_merges() {
    for segment_bytes in [1, 200, 1_000, 1 << 20] {
        let (dir, states) = written(segment_bytes, 40);
        let log = open(dir.path(), segment_bytes).unwrap();
        assert_eq!(documents(&log).unwrap(), states[40], "{segment_bytes}");
        // Also after more was written to what was opened.
        log.write(vec![record(77, Some("more"))]).unwrap();
        assert_eq!(documents(&log).unwrap().len(), states[40].len() + 1);
        drop(log);
        assert_eq!(read(dir.path()).unwrap().len(), states[40].len() + 1);
    }
}

#[test]
fn merging_keeps_the_log_small() {
    let (dir, _) = written(200, 200);
    let size: usize = snapshot(dir.path()).values().map(Vec::len).sum();
    assert!(size < 20_000, "{size} bytes for five documents");
    assert!(snapshot(dir.path()).len() < 12);
}

#[test]
fn a_log_that_ends_anywhere_in_its_last_frame_has_all_frames_before() {
    let (dir, states) = written(1 << 20, 6);
    let whole = snapshot(dir.path());
    let (path, content) = whole.first_key_value().unwrap();
    let mut seen = 0;
    for length in files::HEADER_BYTES..=content.len() {
        fs::write(path, &content[..length]).unwrap();
        let found = read(dir.path()).unwrap();
        if found != states[seen] {
            seen += 1;
        }
        assert_eq!(found, states[seen], "{length} bytes");
        // What is torn is given up with the next write, and only that.
        let log = open(dir.path(), 1 << 20).unwrap();
        log.write(vec![record(77, Some("more"))]).unwrap();
        drop(log);
        let mut expected = states[seen].clone();
        expected.insert((record(77, None).table, vec![77].into()), "more".into());
        assert_eq!(read(dir.path()).unwrap(), expected, "{length} bytes");
    }
    assert_eq!(seen, 6);
}

#[test]
fn a_cut_off_header_is_refused() {
    let (dir, _) = written(1 << 20, 3);
    let whole = snapshot(dir.path());
    let (path, content) = whole.first_key_value().unwrap();
    for length in 0..files::HEADER_BYTES {
        fs::write(path, &content[..length]).unwrap();
        assert!(is_corrupt(&read(dir.path())), "{length} bytes");
    }
}

#[test]
fn every_flipped_byte_is_refused_or_was_in_the_last_frame() {
    // How many batches leave a base and several segments behind depends on their sizes.
    let (dir, states) = (25..40)
        .map(|count| written(300, count))
        .find(|(dir, _)| 2 < snapshot(dir.path()).len())
        .unwrap();
    let whole = snapshot(dir.path());
    let is_base = |path: &PathBuf| path.to_string_lossy().ends_with(".base");
    assert!(whole.keys().any(is_base));
    let mut given_up = 0;
    for (path, content) in &whole {
        for at in 0..content.len() {
            let mut damaged = content.clone();
            damaged[at] ^= 0x15;
            fs::write(path, &damaged).unwrap();
            match read(dir.path()) {
                Ok(found) => {
                    // Nobody can tell it from a write that was not finished.
                    assert_eq!(
                        found,
                        states[states.len() - 2],
                        "{} byte {at}",
                        path.display()
                    );
                    given_up += 1;
                }
                refused => assert!(
                    is_corrupt(&refused),
                    "{}, {at}: {refused:?}",
                    path.display()
                ),
            }
        }
        fs::write(path, content).unwrap();
    }
    let last = whole.values().last().unwrap().len() - files::HEADER_BYTES;
    assert!(given_up <= last, "{given_up} damages were passed over");
}

#[test]
fn bytes_missing_from_the_middle_are_refused() {
    let (dir, states) = written(1 << 20, 8);
    let whole = snapshot(dir.path());
    let (path, content) = whole.first_key_value().unwrap();
    for at in files::HEADER_BYTES..content.len() - 1 {
        for missing in [1, 24, 60] {
            let mut damaged = content.clone();
            damaged.drain(at..(at + missing).min(content.len()));
            fs::write(path, &damaged).unwrap();
            match read(dir.path()) {
                // The last frame, or all of some last frames: the end of the file.
                Ok(found) => assert!(states.contains(&found) && found != states[8]),
                refused => assert!(is_corrupt(&refused), "{at}: {refused:?}"),
            }
        }
        // Zeros in place of a page that did not reach the disk.
        let mut damaged = content.clone();
        damaged[at..(at + 30).min(content.len())].fill(0);
        fs::write(path, &damaged).unwrap();
        match read(dir.path()) {
            // At most the last frame and the end of the one before.
            Ok(found) => assert!([&states[6], &states[7]].contains(&&found), "{at}"),
            refused => assert!(is_corrupt(&refused), "{at}: {refused:?}"),
        }
    }
    restore(&whole);
    assert_eq!(read(dir.path()).unwrap(), states[8]);
}

#[test]
fn every_missing_file_but_the_last_is_noticed() {
    let (dir, _) = written(300, 30);
    let whole = snapshot(dir.path());
    let last = whole.keys().last().unwrap();
    for path in whole.keys().filter(|path| *path != last) {
        fs::remove_file(path).unwrap();
        let error = read(dir.path()).unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
        restore(&whole);
    }
}

#[test]
fn what_an_interrupted_merge_leaves_behind_is_no_obstacle() {
    let (dir, states) = written(1 << 20, 10);
    let folder = dir.path().join("convoke.log");
    let before = snapshot(dir.path());
    // Some that were interrupted while they wrote, and a segment that was being created.
    let unfinished = [
        "00000000000000000007.base-new",
        "00000000000000000011.base-new",
    ];
    for name in unfinished {
        fs::write(folder.join(name), "half a").unwrap();
    }
    fs::write(folder.join("00000000000000000011.log-new"), "").unwrap();
    assert_eq!(read(dir.path()).unwrap(), states[10]);
    // One that was interrupted while it removed what the base replaces.
    let log = open(dir.path(), 1).unwrap();
    log.write(vec![record(77, Some("more"))]).unwrap();
    drop(log);
    for name in unfinished {
        assert!(!folder.join(name).exists(), "{name}");
    }
    let expected = read(dir.path()).unwrap();
    restore(&before);
    assert_eq!(read(dir.path()).unwrap(), expected);
    for (path, content) in &before {
        fs::write(path, &content[..content.len() / 2]).unwrap();
    }
    assert_eq!(read(dir.path()).unwrap(), expected);
}

/// Segments that are removed in pieces, by a log that is being read or not.
#[test]
fn what_is_read_stays_as_it_was_while_segments_are_merged() {
    let large = "x".repeat(3 * 1024 * 1024);
    let write = |log: &AppendLog, key| log.write(vec![record(key, Some(&large))]).unwrap();
    for is_read in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let log = open(dir.path(), 1).unwrap();
        write(&log, 1);
        write(&log, 2);
        let earlier = is_read.then(|| log.contents());
        // The next segments merge those two, and remove them.
        for _ in 0..3 {
            write(&log, 3);
            log.state().end_merging();
        }
        assert!(
            !snapshot(dir.path())
                .keys()
                .any(|path| path.ends_with("00000000000000000001.log"))
        );
        assert_eq!(documents(&log).unwrap().len(), 3);
        for found in earlier.into_iter().flatten() {
            let value = found.unwrap().value.unwrap();
            assert_eq!(value.len(), large.len());
        }
    }
}

#[test]
fn files_of_others_and_newer_ones_are_refused() {
    let (dir, _) = written(1 << 20, 3);
    let whole = snapshot(dir.path());
    let (path, content) = whole.first_key_value().unwrap();
    fs::write(path, "a text file, and a long one\n".repeat(10)).unwrap();
    let error = read(dir.path()).unwrap_err();
    assert!(error.to_string().contains("another program"), "{error}");
    fs::write(path, with_version(content, 7)).unwrap();
    let error = read(dir.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::TooNew { found: 7, known: 4 }),
        "{error:?}"
    );
}

/// The header of a file with another version in it.
fn with_version(content: &[u8], version: u8) -> Vec<u8> {
    let mut other = content.to_vec();
    other[8] = version;
    let checksum = crate::codec::checksum(&other[..20]);
    other[20..28].copy_from_slice(&checksum.to_le_bytes());
    other
}

#[test]
fn nothing_is_added_to_a_file_of_an_older_version() {
    for (count, version) in [(0, 1), (3, 1), (3, 2), (3, 3)] {
        let (dir, states) = written(1 << 20, count);
        let whole = snapshot(dir.path());
        let (path, content) = whole.first_key_value().unwrap();
        let mut old = with_version(content, version);
        old.extend(*b"CVKF torn");
        fs::write(path, &old).unwrap();
        assert_eq!(read(dir.path()).unwrap(), states[usize::from(count)]);
        let log = open(dir.path(), 1 << 20).unwrap();
        log.write(vec![record(77, Some("more"))]).unwrap();
        drop(log);
        assert_eq!(
            read(dir.path()).unwrap().len(),
            states[usize::from(count)].len() + 1
        );
        for (path, content) in snapshot(dir.path()) {
            let holds_more = content.windows(4).any(|bytes| bytes == b"more");
            assert!(!holds_more || content[8] == 4, "{path:?}");
        }
    }
}

#[test]
fn a_torn_end_is_gone_when_the_next_segment_begins() {
    let (dir, states) = written(1 << 20, 3);
    let whole = snapshot(dir.path());
    let (path, content) = whole.first_key_value().unwrap();
    fs::write(path, [content, &b"CVKF torn"[..]].concat()).unwrap();
    let log = open(dir.path(), 1).unwrap();
    log.write(vec![record(77, Some("more"))]).unwrap();
    drop(log);
    assert_eq!(read(dir.path()).unwrap().len(), states[3].len() + 1);
}
