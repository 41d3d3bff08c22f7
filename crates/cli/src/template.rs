//! `convoke template`: checks templates as the server does when it starts.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use convoke_server::service_configs::check_template_file;

/// Check session templates.
#[derive(Debug, Subcommand)]
pub(crate) enum Template {
    /// Say whether the server would load these files, and every reason why not.
    Check {
        /// Template files, such as service-configs/<scid>/templates/lobby.json.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

impl Template {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Check { files } = self;
        let mut code = ExitCode::SUCCESS;
        let mut out = io::stdout().lock();
        for file in files {
            match check_template_file(&file) {
                Ok(template) => writeln!(
                    out,
                    "{}: template {} is good",
                    file.display(),
                    template.name
                )?,
                Err(problems) => {
                    writeln!(out, "{problems}")?;
                    code = ExitCode::FAILURE;
                }
            }
        }
        Ok(code)
    }
}
