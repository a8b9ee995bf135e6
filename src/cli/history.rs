//! `huangpu history`: the public record, made again through the whole engine.

use crate::cli::{Ended, print, print_json, progress};
use crate::history;
use crate::node::DataDir;
use base::Date;
use std::path::PathBuf;
use std::process::ExitCode;

/// Which record.
#[derive(Debug, clap::Args)]
#[command(after_help = history::WHERE)]
pub(crate) struct Args {
    /// The rulebook of the market
    rulebook: PathBuf,
    /// The folder with listed.csv, methods.csv and holidays.csv, or with the files that --layout names
    record: PathBuf,
    /// A TOML file that says which files and columns a record of another shape has (docs/history.md)
    #[arg(long, value_name = "FILE")]
    layout: Option<PathBuf>,
    /// Where the log is kept [default: a folder under your data directory]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The first day
    #[arg(long, value_name = "DATE", value_parser = gateway::read_date)]
    from: Option<Date>,
    /// The last day
    #[arg(long, value_name = "DATE", value_parser = gateway::read_date)]
    to: Option<Date>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Ended {
    let data = match &args.data {
        Some(data) => data.clone(),
        None => DataDir::default_for("history")?,
    };
    let options = history::Options {
        rulebook: args.rulebook.clone(),
        record: args.record.clone(),
        layout: args.layout.clone(),
        data: data.clone(),
        from: args.from,
        to: args.to,
    };
    let outcome =
        progress::during("making the record again", args.json, |told| history::run(&options, told))?;
    if args.json {
        print_json(&outcome)?;
    } else {
        print(&format!("log: {}\n{}", data.display(), outcome.text()))?;
    }
    Ok(if outcome.conserved { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
