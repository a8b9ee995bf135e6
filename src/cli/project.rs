//! `huangpu project`: the projection of a log, made again.

use crate::cli::{Ended, print, progress};
use crate::node::DataDir;
use crate::projection::{Projection, catch_up};
use anyhow::Context;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// What to project, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The data directory
    #[arg(value_name = "DIR")]
    data: PathBuf,
    /// Where to: sqlite:PATH or postgres://… [default: projection.sqlite in the data directory]
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Go on from the last record it has, instead of making it again
    #[arg(long)]
    resume: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Ended {
    let dir = DataDir::at(&args.data);
    let log = journal::verify(dir.journal()).with_context(|| format!("in {}", args.data.display()))?;
    let to = args.to.clone().unwrap_or_else(|| format!("sqlite:{}", dir.projection().display()));
    let projection =
        if args.resume { Projection::open(&to, log.log_id)? } else { Projection::rebuild(&to, log.log_id)? };
    let caught = progress::during("projecting", args.json, |told| {
        catch_up(&projection, &dir, &mut |done| told(done, log.records.max(done)))
    });
    let (records, place) = (caught?.writer.last(), projection.place());
    if args.json {
        print(&format!("{}\n", json!({ "records": records, "place": place })))?;
    } else {
        print(&format!("projection: {place} ({records} records)\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}
