//! A server as a process of its own: started, asked what it used, ended.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// What a server prints before its address.
pub(super) const LISTENING: &str = "listening on http://";

/// A running server. It outlives neither this value nor this process, however that ends.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// Ends with this process, and the server with it.
    _input: ChildStdin,
    /// `127.0.0.1:port`.
    pub(super) address: String,
}

impl Process {
    /// Starts this very program with other arguments and waits until it listens.
    pub(super) async fn start(
        arguments: &[&str],
        input: Option<&str>,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("the program does not know its own file")?;
        let log = folder.join("log.txt");
        let mut child = Command::new(program)
            .args(arguments)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(
                std::fs::File::options()
                    .create(true)
                    .append(true)
                    .open(&log)?,
            )
            .kill_on_drop(true)
            .spawn()
            .context("failed to start a server")?;
        // Waiting for the child would close an input that is still its.
        let mut stdin = child.stdin.take().context("the server has no input")?;
        if let Some(input) = input {
            stdin.write_all(input.as_bytes()).await?;
            stdin.flush().await?;
        }
        let output = child.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some((_, address)) = line.split_once(LISTENING) {
                let address = address.trim().to_owned();
                return Ok(Self {
                    child,
                    _input: stdin,
                    address,
                });
            }
        }
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        bail!("a server ended before it listened:\n{log}");
    }

    /// Processor time used so far.
    pub(super) fn cpu(&self) -> Option<Duration> {
        cpu_of(self.child.id()?)
    }

    /// Memory in use, in bytes.
    pub(super) fn memory(&self) -> Option<u64> {
        let status = self.proc_file("status")?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    }

    fn proc_file(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(PathBuf::from(format!("/proc/{}/{name}", self.child.id()?))).ok()
    }

    /// Ends the process as a power cut would.
    pub(super) async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("failed to kill a server")
    }

    /// Asks the process to end, and waits.
    #[cfg(unix)]
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().context("the server has ended")?;
        let status = Command::new("kill")
            .args(["-TERM", &id.to_string()])
            .status()
            .await?;
        anyhow::ensure!(status.success(), "failed to stop a server");
        self.child.wait().await?;
        Ok(())
    }

    /// Ends the process.
    #[cfg(not(unix))]
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.kill().await
    }
}

/// Ticks of `/proc/<pid>/stat` in a second; fixed for programs on Linux.
const TICKS: u64 = 100;

/// Processor time of a process, where the system tells it by `/proc`.
fn cpu_of(id: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The second field is the name, in parentheses, and may contain anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1000 / TICKS))
}
