//! `huangpu restore`: a data directory from a backup.

use crate::backup;
use crate::cli::{Ended, print, print_json, progress};
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
    /// The public key of the node whose backup it must be, as `huangpu head --key` prints it
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Ended {
    let data = DataDir::at(&args.data);
    let (manifest, verified) = progress::during_copy(args.json, |copying, checking| {
        backup::restore(&args.backup, &data, args.key.as_deref(), copying, checking)
    })?;
    let to = args.data.display();
    if args.json {
        print_json(&json!({
            "ok": true, "data": to.to_string(), "records": manifest.records, "digest": manifest.digest,
            "chain": manifest.chain, "snapshots": verified.snapshots, "keys": manifest.has_key(),
            "signed_by": manifest.head.as_ref().map(|head| &head.key),
        }))?;
    } else {
        print(&format!(
            "restored           {to}\n\
             verified           {} records, {} snapshots, as the backup says\n\
             signed by          {}\n\
             digest of the log  {}\n",
            manifest.records,
            verified.snapshots,
            manifest.head.as_ref().map_or("nobody", |head| &head.key),
            manifest.digest
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
