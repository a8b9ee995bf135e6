//! `huangpu backup`: a copy of a log, taken while its node runs.

use crate::backup;
use crate::cli::{Ended, print, print_json, progress};
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
    let taken = progress::during_copy(args.json, |copying, checking| {
        backup::take(&data, &args.to, args.with_keys, copying, checking)
    })?;
    let (manifest, to) = (&taken.manifest, args.to.display());
    if args.json {
        print_json(&json!({
            "ok": true, "backup": to.to_string(), "records": manifest.records, "bytes": taken.bytes,
            "digest": manifest.digest, "chain": manifest.chain, "snapshots": taken.verified.snapshots,
            "keys": manifest.has_key(), "signed_by": manifest.head.as_ref().map(|head| &head.key),
        }))?;
    } else {
        let keys = if manifest.has_key() { ", and the node's private key" } else { "" };
        print(&format!(
            "backup             {to}: {} files, {} bytes{keys}\n\
             verified           {} records, {} snapshots\n\
             signed by          {}\n\
             digest of the log  {}\n",
            manifest.files.len(),
            taken.bytes,
            manifest.records,
            taken.verified.snapshots,
            manifest.head.as_ref().map_or("nobody: the node has no key yet", |head| &head.key),
            manifest.digest
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
