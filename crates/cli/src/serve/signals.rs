//! What the signals of the operating system do to a server.

use std::process::exit;
use std::sync::Arc;

use anyhow::Context;
use convoke_server::app::App;
use tokio::sync::oneshot;

/// Starts listening for signals; the future is done when the server has been told to stop.
///
/// The listener lives as long as the process: it is what ends an unwilling one.
pub(crate) fn watch(app: Arc<App>) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut signals = Signals::new().context("failed to listen for signals")?;
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(async move {
        let mut stop = Some(stop);
        loop {
            match signals.next().await {
                Signal::Reload => reload(&app),
                Signal::Stop(code) => match stop.take() {
                    // A server that has stopped already does not listen any more.
                    Some(stop) => {
                        tracing::info!("stopping; a second signal stops at once");
                        let _ = stop.send(());
                    }
                    None => exit(code),
                },
            }
        }
    });
    Ok(async move {
        // The sender is never dropped unused.
        let _ = stopped.await;
    })
}

fn reload(app: &App) {
    match app.reload_service_configs() {
        Ok(()) => tracing::info!("the service configurations were read again"),
        Err(problems) => {
            tracing::error!("the service configurations stay as they were:\n{problems:#}");
        }
    }
    match app.reload_certificate() {
        None => {}
        Some(Ok(())) => tracing::info!("the certificate was read again"),
        Some(Err(error)) => tracing::error!("the certificate stays as it was: {error:#}"),
    }
}

enum Signal {
    Reload,
    /// With the exit code of a process that the signal ends.
    Stop(i32),
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Stop(130),
            _ = self.terminate.recv() => Signal::Stop(143),
            _ = self.hangup.recv() => Signal::Reload,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "the same shape on every system")]
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without signals only the system can end the process.
            std::future::pending::<()>().await;
        }
        Signal::Stop(130)
    }
}
