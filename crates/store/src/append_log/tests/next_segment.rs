//! The segment that is made beforehand: used, left over, in the way, and on a full disk.

use std::thread;

use super::*;

const SEGMENT_BYTES: u64 = 2_000;
const SPARE: &str = "spare-new";

/// An open log, and what is in it.
struct Running {
    dir: TempDir,
    log: AppendLog,
    batches: std::vec::IntoIter<(Vec<Record>, Documents)>,
    documents: Documents,
}

impl Running {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            log: open(dir.path(), SEGMENT_BYTES).unwrap(),
            dir,
            batches: batches(60).into_iter(),
            documents: Documents::new(),
        }
    }

    fn write(&mut self) {
        let (batch, documents) = self.batches.next().unwrap();
        self.log.write(batch).unwrap();
        self.documents = documents;
    }

    /// Writes until a spare is there, and not used yet.
    fn write_until_there_is_a_spare(&mut self) {
        while !self.has_spare() {
            self.write();
            while matches!(&self.log.state().next, NextSegment::Making(it) if !it.is_finished()) {
                thread::yield_now();
            }
        }
    }

    fn write_into_the_next_segment(&mut self) {
        let mut before = 0;
        while before <= self.log.state().length {
            before = self.log.state().length;
            self.write();
        }
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("convoke.log")
    }

    fn has_spare(&self) -> bool {
        self.folder().join(SPARE).exists()
    }

    /// What a process that is killed now leaves behind.
    fn killed(&self) -> TempDir {
        // Which does not happen while files are listed here.
        self.log.state().end_merging();
        let copy = tempfile::tempdir().unwrap();
        fs::create_dir(copy.path().join("convoke.log")).unwrap();
        for (path, content) in snapshot(self.dir.path()) {
            let to = copy.path().join("convoke.log");
            fs::write(to.join(path.file_name().unwrap()), content).unwrap();
        }
        copy
    }
}

/// What a process leaves behind that is killed while the active segment has some frames and room;
/// and what was in the log after each frame of it.
fn killed_with_room(frames: usize) -> (TempDir, Vec<Documents>) {
    let mut running = Running::start();
    running.write_until_there_is_a_spare();
    while running.log.state().length < SEGMENT_BYTES {
        running.write();
    }
    let mut states = vec![running.documents.clone()];
    for _ in 0..frames {
        running.write();
        states.push(running.documents.clone());
    }
    let state = running.log.state();
    assert_eq!(state.end, SEGMENT_BYTES);
    assert!(state.length + 100 < state.end);
    drop(state);
    (running.killed(), states)
}

/// The last segment: its path and bytes, and how many of them are frames.
fn last_segment(dir: &Path) -> (PathBuf, Vec<u8>, usize) {
    let files = snapshot(dir);
    let is_segment = |path: &&PathBuf| path.extension().is_some_and(|it| it == "log");
    let path = files.keys().rev().find(is_segment).unwrap();
    let content = files[path].clone();
    let used = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    (path.clone(), content, used)
}

/// Reads, writes across segments, and reads again.
fn assert_goes_on(dir: &Path, mut expected: Documents) {
    assert_eq!(read(dir).unwrap(), expected);
    let log = open(dir, SEGMENT_BYTES).unwrap();
    for (batch, _) in batches(40) {
        for record in &batch {
            let identity = (record.table, record.key.clone());
            match &record.value {
                Some(value) => expected.insert(identity, value.clone()),
                None => expected.remove(&identity),
            };
        }
        log.write(batch).unwrap();
    }
    drop(log);
    assert_eq!(read(dir).unwrap(), expected);
}

#[test]
fn a_segment_that_was_made_beforehand_is_used() {
    let mut running = Running::start();
    for _ in 0..2 {
        running.write_until_there_is_a_spare();
        running.write_into_the_next_segment();
        assert!(!running.has_spare());
        assert_eq!(documents(&running.log).unwrap(), running.documents);
        assert_goes_on(running.killed().path(), running.documents.clone());
    }
}

#[test]
fn a_spare_of_a_process_that_was_killed_is_no_obstacle() {
    let mut running = Running::start();
    running.write_until_there_is_a_spare();
    assert_goes_on(running.killed().path(), running.documents.clone());
    for content in ["", "half of a header", "CVKF and more than any header has"] {
        let killed = running.killed();
        fs::write(killed.path().join("convoke.log").join(SPARE), content).unwrap();
        assert_goes_on(killed.path(), running.documents.clone());
    }
}

#[test]
fn a_process_that_is_killed_between_name_and_first_frame_loses_nothing() {
    let mut running = Running::start();
    running.write_until_there_is_a_spare();
    while running.log.state().length < SEGMENT_BYTES {
        running.write();
    }
    let killed = running.killed();
    let folder = killed.path().join("convoke.log");
    let next = Name::Segment(running.log.state().next_frame);
    let named = folder.join(next.to_string());
    fs::rename(folder.join(SPARE), &named).unwrap();
    let mut content = fs::read(&named).unwrap();
    content[..files::HEADER_BYTES].copy_from_slice(&files::header(next));
    fs::write(&named, content).unwrap();
    assert_goes_on(killed.path(), running.documents.clone());
}

#[test]
fn a_spare_is_gone_when_the_log_is_closed() {
    let mut running = Running::start();
    running.write_until_there_is_a_spare();
    running.log.close();
    assert!(!running.has_spare());
    assert_goes_on(running.dir.path(), running.documents.clone());
}

#[test]
fn writing_goes_on_when_no_spare_can_be_made() {
    let mut running = Running::start();
    // A folder with something in it cannot be replaced by a file.
    let in_the_way = running.folder().join(SPARE);
    fs::create_dir(&in_the_way).unwrap();
    fs::write(in_the_way.join("something"), "").unwrap();
    for _ in 0..3 {
        running.write_into_the_next_segment();
    }
    assert_eq!(documents(&running.log).unwrap(), running.documents);
    fs::remove_dir_all(in_the_way).unwrap();
    assert_goes_on(running.killed().path(), running.documents.clone());
}

#[test]
fn a_full_disk_takes_what_fits_without_the_spare() {
    let mut running = Running::start();
    running.write_until_there_is_a_spare();
    // The beginning of a frame that did not fit.
    running.log.state().active.write_all(b"CVKF").unwrap();
    let full = || std::io::Error::from(ErrorKind::StorageFull);
    running.log.state().make_room(full()).unwrap();
    assert!(!running.has_spare());
    running.write();
    assert!(!running.has_spare(), "the place is taken again at once");
    // Now there is nothing to give up.
    let error = running.log.state().make_room(full()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    running.write_into_the_next_segment();
    running.write_until_there_is_a_spare();
    // What is no matter of room is not attempted again.
    let broken = std::io::Error::from(ErrorKind::Other);
    running.log.state().make_room(broken).unwrap_err();
    assert!(running.has_spare());
    assert_goes_on(running.killed().path(), running.documents.clone());
}

#[test]
fn room_that_is_left_is_used_by_the_next_process() {
    let (dir, states) = killed_with_room(3);
    let (path, content, used) = last_segment(dir.path());
    let log = open(dir.path(), SEGMENT_BYTES).unwrap();
    assert_eq!(log.state().length, used as u64);
    log.write(vec![record(77, Some("more"))]).unwrap();
    drop(log);
    let (same, grown, end) = last_segment(dir.path());
    assert_eq!((same, grown.len()), (path, content.len()));
    assert!(used < end && grown[..used] == content[..used]);
    assert_eq!(read(dir.path()).unwrap().len(), states[3].len() + 1);
}

#[test]
fn only_the_last_segment_has_room_left() {
    for version in [2, 3] {
        let (dir, states) = killed_with_room(3);
        let (path, content, used) = last_segment(dir.path());
        fs::write(&path, with_version(&content, version)).unwrap();
        // An older version of it is full, and so is one of a log with smaller segments.
        let segment_bytes = if version == 2 { SEGMENT_BYTES } else { 100 };
        let log = open(dir.path(), segment_bytes).unwrap();
        log.write(vec![record(77, Some("more"))]).unwrap();
        log.state().end_merging();
        drop(log);
        if path.exists() {
            assert_eq!(fs::metadata(&path).unwrap().len(), used as u64);
        }
        assert_ne!(last_segment(dir.path()).0, path);
        assert_eq!(read(dir.path()).unwrap().len(), states[3].len() + 1);
    }
    // Zeros at the end of another are damage.
    let (dir, _) = killed_with_room(1);
    let (last, ..) = last_segment(dir.path());
    let files = snapshot(dir.path());
    for (path, content) in files.iter().filter(|(path, _)| **path != last) {
        fs::write(path, [&content[..], &[0; 50]].concat()).unwrap();
        assert!(is_corrupt(&read(dir.path())), "{}", path.display());
        fs::write(path, content).unwrap();
    }
}

#[test]
fn every_flipped_byte_before_room_is_refused_or_was_in_the_last_frame() {
    let (dir, states) = killed_with_room(4);
    let (path, content, used) = last_segment(dir.path());
    let mut given_up = 0;
    for at in 0..content.len() {
        let mut damaged = content.clone();
        damaged[at] ^= 0x15;
        fs::write(&path, &damaged).unwrap();
        match read(dir.path()) {
            Ok(found) if at < used => {
                assert_eq!(found, states[3], "byte {at}");
                given_up += 1;
            }
            // Nothing was there.
            Ok(found) => assert_eq!(found, states[4], "byte {at}"),
            refused => assert!(is_corrupt(&refused) && at < used, "{at}: {refused:?}"),
        }
    }
    assert!(0 < given_up && given_up < used / 2, "{given_up} of {used}");
}

#[test]
fn zeros_before_a_frame_are_not_the_end() {
    let (dir, states) = killed_with_room(4);
    let (path, content, used) = last_segment(dir.path());
    for at in files::HEADER_BYTES..used {
        for length in [1, 30, 150] {
            let mut damaged = content.clone();
            damaged[at..(at + length).min(used)].fill(0);
            if damaged == content {
                continue;
            }
            fs::write(&path, &damaged).unwrap();
            match read(dir.path()) {
                // At most the last frame and the end of the one before.
                Ok(found) => assert!([&states[2], &states[3]].contains(&&found), "{at}"),
                refused => assert!(is_corrupt(&refused), "{at}: {refused:?}"),
            }
        }
    }
}

#[test]
fn a_frame_that_is_torn_before_room_is_given_up_with_what_follows() {
    // Of the last frame, some of it came to the disk and some did not.
    for (from, to) in [(40, 0), (90, 60), (20, 1)] {
        let (dir, mut states) = killed_with_room(4);
        let (path, mut content, used) = last_segment(dir.path());
        content[used - from..used - to].fill(0);
        fs::write(&path, &content).unwrap();
        assert_goes_on(dir.path(), states.swap_remove(3));
    }
}
