//! `huangpu config`: what a node would run with, and why.

use crate::cli::{Ended, print};
use crate::config::{ConfigArgs, Effective};
use std::process::ExitCode;

/// The flags that `serve` has too.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print the table of all fields instead, with their variables and defaults
    #[arg(long)]
    fields: bool,
}

pub(crate) fn run(args: &Args) -> Ended {
    let text = if args.fields { Effective::table() } else { Effective::read(&args.config)?.to_toml() };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
