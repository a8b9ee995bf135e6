//! `huangpu completions`.

use crate::cli::{Cli, Ended, print};
use clap::CommandFactory;
use std::process::ExitCode;

/// Which shell.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell to write for
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: &Args) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "huangpu", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
