//! The built command, run as its users run it.

mod bench;
mod config;
mod demo;
mod doctor;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod faults;
mod kill;
mod process;
mod rebranch;
mod refuses_non_loopback;
mod serve;
mod signals;
mod template_check;
mod tls;
mod watch;
