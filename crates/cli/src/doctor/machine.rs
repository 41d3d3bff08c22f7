//! The machine: disk, clock, and what the system allows.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use convoke_server::config::{Config, StoreChoice};

use super::Finding;
use crate::stopwatch::Stopwatch;

/// Durable writes that are timed.
const WRITES: usize = 16;
/// Slower than this, and players feel every write.
const SLOW: Duration = Duration::from_millis(20);
/// Free space below which the log of the store may soon have no room.
const SPACE_DOUBTFUL: u64 = 1 << 30;
const SPACE_BAD: u64 = 64 << 20;
/// Open files below which a busy server runs out of connections.
const FILES: u64 = 4096;
/// How much newer than now a file may be: clocks of machines that share a disk differ.
const AHEAD: Duration = Duration::from_mins(1);

/// Whether the data folder takes durable writes, how fast, and how much more of them.
pub(super) fn data_folder(config: &Config) -> Vec<Finding> {
    if config.store == StoreChoice::Memory {
        return Vec::new();
    }
    let folder = nearest_existing(&config.data);
    let mut findings = vec![match time_of_durable_write(folder) {
        Ok(time) if time < SLOW => Finding::good(
            "disk",
            format!(
                "a durable write takes {:.1} ms",
                time.as_secs_f64() * 1000.0
            ),
        ),
        Ok(time) => Finding::doubtful(
            "disk",
            format!(
                "a durable write takes {:.0} ms",
                time.as_secs_f64() * 1000.0
            ),
            "every group of writes waits that long; keep the data folder on a local solid-state disk",
        ),
        Err(error) => Finding::bad(
            "disk",
            format!("{} takes no writes: {error}", folder.display()),
            "let the user of the server write there, or choose another folder with `data`",
        ),
    }];
    findings.extend(space(folder));
    findings
}

fn nearest_existing(path: &Path) -> &Path {
    let existing = path.ancestors().find(|path| path.is_dir());
    existing.unwrap_or(Path::new("."))
}

/// The median of some writes to a file that is gone afterwards.
fn time_of_durable_write(folder: &Path) -> std::io::Result<Duration> {
    let mut file: File = tempfile::tempfile_in(folder)?;
    let mut times = Vec::new();
    for _ in 0..WRITES {
        let watch = Stopwatch::start();
        file.write_all(&[b'x'; 4096])?;
        file.sync_data()?;
        times.push(watch.elapsed());
    }
    times.sort_unstable();
    Ok(times[WRITES / 2])
}

#[cfg(unix)]
fn space(folder: &Path) -> Option<Finding> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let detail = format!("{} MiB are free", free >> 20);
    Some(if free < SPACE_BAD {
        Finding::bad(
            "space",
            detail,
            "make room: without it writes are refused with 503",
        )
    } else if free < SPACE_DOUBTFUL {
        Finding::doubtful(
            "space",
            detail,
            "make room: without it writes will be refused with 503",
        )
    } else {
        Finding::good("space", detail)
    })
}

#[cfg(not(unix))]
fn space(_: &Path) -> Option<Finding> {
    None
}

/// Whether the clock has been set back since the store was last written.
pub(super) fn clock(config: &Config) -> Finding {
    let now = now();
    let newest = newest_file(&config.data);
    match newest.and_then(|newest| newest.duration_since(now).ok()) {
        Some(ahead) if AHEAD < ahead => Finding::bad(
            "clock",
            format!(
                "the data folder was written {} s in the future",
                ahead.as_secs()
            ),
            "set the clock, and keep it with NTP: timers and tokens depend on it",
        ),
        _ => Finding::good("clock", format!("{}", convoke_server::clock::now())),
    }
}

fn now() -> SystemTime {
    let since_1970 = convoke_server::clock::now().as_duration();
    SystemTime::UNIX_EPOCH + since_1970.unsigned_abs()
}

fn newest_file(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?;
    let modified =
        |entry: std::io::Result<fs::DirEntry>| entry.ok()?.metadata().ok()?.modified().ok();
    entries.filter_map(modified).max()
}

#[cfg(unix)]
pub(super) fn open_files() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    match limit {
        Some(limit) if limit < FILES => Finding::doubtful(
            "open files",
            format!("at most {limit} at a time, and each connection is one"),
            "raise the limit: `ulimit -n 65536`, or LimitNOFILE= in the unit of systemd",
        ),
        Some(limit) => Finding::good("open files", format!("at most {limit} at a time")),
        None => Finding::good("open files", "no limit"),
    }
}

#[cfg(not(unix))]
pub(super) fn open_files() -> Finding {
    Finding::good("open files", "not known on this system")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(folder: &Path) -> Config {
        Config {
            data: folder.to_owned(),
            ..Config::default()
        }
    }

    #[test]
    fn a_folder_that_does_not_exist_yet_is_tried_by_the_one_that_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let findings = data_folder(&on(&folder.path().join("not/yet")));
        assert_eq!(findings[0].subject, "disk");
        assert!(findings[0].detail.contains("durable write"), "{findings:?}");
        assert!(
            fs::read_dir(folder.path()).expect("there").next().is_none(),
            "left something"
        );
    }

    #[test]
    fn files_from_the_future_tell_of_a_clock_that_was_set_back() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(clock(&on(folder.path())).cure, None);
        let file = File::create(folder.path().join("x")).expect("made");
        let future = now() + Duration::from_hours(2);
        file.set_modified(future).expect("set");
        let finding = clock(&on(folder.path()));
        assert!(finding.detail.contains("in the future"), "{finding:?}");
    }
}
