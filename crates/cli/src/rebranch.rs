//! `convoke rebranch`: what is left to do after a backup was put back.

use std::process::ExitCode;

use clap::Args;
use convoke_server::data_folder::give_new_branches;
use convoke_server::entropy::SystemEntropy;

use crate::configured::Configured;
use crate::output;

/// Give every session a new branch, after a backup was put back.
///
/// Clients tell by the branch that change numbers and entity tags from before do not count any
/// more. Nothing else of the sessions changes. The server must not run.
#[derive(Debug, Args)]
pub(crate) struct Rebranch {
    #[command(flatten)]
    configured: Configured,
}

impl Rebranch {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.configured.load()?;
        let count = give_new_branches(&config, &SystemEntropy).await?;
        let sessions = if count == 1 {
            "session has"
        } else {
            "sessions have"
        };
        output::print(&format!("{count} {sessions} a new branch"))?;
        Ok(ExitCode::SUCCESS)
    }
}
