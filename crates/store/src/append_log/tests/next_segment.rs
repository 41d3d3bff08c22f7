//! The segment that is made beforehand: used, left over, in the way, and on a full disk.

use std::thread;

use super::*;

const SEGMENT_BYTES: u64 = 1_000;
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
