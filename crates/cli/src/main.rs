//! The `convoke` command: serves the session directory, and talks to one.
//!
//! Not here: any rule of the service. The commands that talk go through HTTP like every other client.

mod bench;
mod caller;
mod config;
mod configured;
mod demo;
mod doctor;
mod handle;
mod http;
mod input;
mod logs;
mod output;
mod rebranch;
mod serve;
mod session;
mod stopwatch;
mod target;
mod template;
mod token;
mod watch;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An open, self-hostable session directory for Xbox Live multiplayer clients.
#[derive(Debug, Parser)]
#[command(name = "convoke", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the session directory over HTTP or HTTPS.
    Serve(serve::Serve),
    /// Check, show and describe the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Look at configuration, address, clock, disk and store, and say what to do.
    Doctor(doctor::Doctor),
    /// Give every session a new branch, after a backup was put back.
    Rebranch(rebranch::Rebranch),
    /// Show the whole story on a temporary server: create, find, join, invite, conflict, leave.
    Demo(demo::Demo),
    /// Measure the service beside what this machine can do at all.
    Bench(bench::Bench),
    /// Print an Authorization header from the development issuer.
    Token(token::Token),
    /// Check session templates.
    #[command(subcommand)]
    Template(template::Template),
    /// Read and write sessions.
    #[command(subcommand)]
    Session(session::Session),
    /// Create, read, use and delete handles.
    #[command(subcommand)]
    Handle(handle::Handle),
    /// Follow a session: each change as it happens, who caused it, and why somebody is gone.
    Watch(watch::Watch),
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(serve) => serve.run().await,
        Command::Config(config) => config.run(),
        Command::Doctor(doctor) => doctor.run().await,
        Command::Rebranch(rebranch) => rebranch.run().await,
        Command::Demo(demo) => demo.run().await,
        Command::Bench(bench) => bench.run().await,
        Command::Token(token) => token.run().await,
        Command::Template(template) => template.run(),
        Command::Session(session) => session.run().await,
        Command::Handle(handle) => handle.run().await,
        Command::Watch(watch) => watch.run().await,
    };
    match result {
        Ok(code) => code,
        // Whoever read our output has seen enough, as in `convoke … | head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
