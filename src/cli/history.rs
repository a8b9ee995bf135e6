//! `huangpu history`: the public record, made again through the whole engine.

use crate::cli::{Ended, print, print_json, progress};
use crate::history;
use crate::node::DataDir;
use base::Date;
use std::path::PathBuf;
use std::process::ExitCode;

/// Which record.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The rulebook of the market
    rulebook: PathBuf,
    /// The folder with listed.csv, methods.csv and holidays.csv
    record: PathBuf,
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
    let (rulebook, record) = (args.rulebook.clone(), args.record.clone());
    let options = history::Options { rulebook, record, data: data.clone(), from: args.from, to: args.to };
    let outcome =
        progress::during("making the record again", args.json, |told| history::run(&options, told))?;
    if args.json {
        print_json(&outcome)?;
    } else {
        print(&format!("log: {}\n{}", data.display(), outcome.text()))?;
    }
    Ok(if outcome.conserved { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
