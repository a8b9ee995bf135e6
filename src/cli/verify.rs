//! `huangpu verify`: a log that anyone can check.

use crate::cli::{Ended, complain, print, print_json, progress};
use crate::node::{DataDir, Fault, hex, verify};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// What to verify.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The data directory
    #[arg(value_name = "DIR")]
    data: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Ended {
    let dir = DataDir::at(&args.data);
    match progress::during("verifying", args.json, |told| verify(&dir, told)) {
        Ok(found) => {
            let digest = hex(&found.digest);
            if args.json {
                print_json(&json!({
                    "ok": true, "segments": found.summary.segments, "frames": found.summary.frames,
                    "records": found.summary.records, "bytes": found.summary.bytes, "tail": found.tail(),
                    "chain": hex(&found.summary.chain), "digest": digest, "snapshots": found.snapshots,
                    "conserved": true,
                }))?;
            } else {
                let summary = &found.summary;
                print(&format!(
                    "checksums and chain  ok: {} records in {} frames, {} segments, {} bytes; {}\n\
                     replay               ok: every digest that the log states was reached again\n\
                     conservation         ok: at the end of every day, for every asset\n\
                     snapshots            ok: {} checked against the replay\n\
                     chain                {}\n\
                     digest of the log    {digest}\n",
                    summary.records,
                    summary.frames,
                    summary.segments,
                    summary.bytes,
                    found.tail(),
                    found.snapshots,
                    hex(&summary.chain),
                ))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let check = error.downcast_ref::<Fault>().map_or("read", |fault| fault.check);
            if args.json {
                print_json(&json!({ "ok": false, "check": check, "fault": format!("{error:#}") }))?;
            } else {
                complain(&format!("{} does not verify: {check}: {error:#}", args.data.display()));
            }
            Ok(ExitCode::FAILURE)
        }
    }
}
