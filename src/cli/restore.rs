//! `huangpu restore`: a data directory from a backup.

use crate::backup;
use crate::cli::{Ended, print, progress};
use crate::node::DataDir;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Which backup, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of the backup
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// The data directory to make: an empty folder, or one that is not there yet
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Ended {
    let data = DataDir::at(&args.data);
    let (copying, checking) =
        (progress::bytes("copying", args.json), progress::bar("verifying the copy", args.json));
    let restored =
        backup::restore(&args.backup, &data, &mut progress::told(&copying), &mut progress::told(&checking));
    copying.finish_and_clear();
    checking.finish_and_clear();
    let (manifest, verified) = restored?;
    let to = args.data.display();
    if args.json {
        let found = json!({
            "ok": true, "data": to.to_string(), "records": manifest.records, "digest": manifest.digest,
            "chain": manifest.chain, "snapshots": verified.snapshots, "keys": manifest.has_key(),
        });
        print(&format!("{}\n", serde_json::to_string_pretty(&found)?))?;
    } else {
        print(&format!(
            "restored           {to}\n\
             verified           {} records, {} snapshots, as the backup says\n\
             digest of the log  {}\n",
            manifest.records, verified.snapshots, manifest.digest
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
