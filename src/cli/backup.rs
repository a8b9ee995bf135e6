//! `huangpu backup`: a copy of a log, taken while its node runs.

use crate::backup;
use crate::cli::{Ended, print, progress};
use crate::node::DataDir;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// What to copy, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The data directory; its node may run
    #[arg(value_name = "DIR")]
    data: PathBuf,
    /// The folder of the backup: an empty one, or one that is not there yet
    #[arg(long, value_name = "BACKUP")]
    to: PathBuf,
    /// Copy the node's private key too (node.key), readable by its owner alone
    #[arg(long)]
    with_keys: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Ended {
    let data = DataDir::at(&args.data);
    let (copying, checking) =
        (progress::bytes("copying", args.json), progress::bar("verifying the copy", args.json));
    let taken = backup::take(
        &data,
        &args.to,
        args.with_keys,
        &mut progress::told(&copying),
        &mut progress::told(&checking),
    );
    copying.finish_and_clear();
    checking.finish_and_clear();
    let taken = taken?;
    let (manifest, to) = (&taken.manifest, args.to.display());
    if args.json {
        let found = json!({
            "ok": true, "backup": to.to_string(), "records": manifest.records, "bytes": taken.bytes,
            "digest": manifest.digest, "chain": manifest.chain, "snapshots": taken.verified.snapshots,
            "keys": manifest.has_key(),
        });
        print(&format!("{}\n", serde_json::to_string_pretty(&found)?))?;
    } else {
        let keys = if manifest.has_key() { ", and the node's private key" } else { "" };
        print(&format!(
            "backup             {to}: {} files, {} bytes{keys}\n\
             verified           {} records, {} snapshots\n\
             digest of the log  {}\n",
            manifest.files.len(),
            taken.bytes,
            manifest.records,
            taken.verified.snapshots,
            manifest.digest
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
