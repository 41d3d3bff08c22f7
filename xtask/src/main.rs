//! `cargo run -p xtask -- tidy`: prints what is untidy and fails if anything is.

use std::process::ExitCode;

const USAGE: &str = "usage: cargo run -p xtask -- tidy";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments != ["tidy"] {
        eprintln!("{USAGE}");
        return Ok(ExitCode::from(2));
    }

    let findings = xtask::tidy(&xtask::workspace_root())?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: nothing to report");
        Ok(ExitCode::SUCCESS)
    } else {
        println!("tidy: {} to mend", findings.len());
        Ok(ExitCode::FAILURE)
    }
}
