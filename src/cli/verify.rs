//! `huangpu verify`: a log that anyone can check.

use crate::cli::{Ended, print, progress};
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
    let bar = progress::bar("verifying", args.json);
    let verified = verify(&dir, &mut progress::told(&bar));
    bar.finish_and_clear();
    match verified {
        Ok(found) => {
            let digest = hex(&found.digest);
            if args.json {
                let found = json!({
                    "ok": true, "segments": found.summary.segments, "frames": found.summary.frames,
                    "records": found.summary.records, "bytes": found.summary.bytes, "tail": found.tail(),
                    "chain": hex(&found.summary.chain), "digest": digest, "snapshots": found.snapshots,
                    "conserved": true,
                });
                print(&format!("{}\n", serde_json::to_string_pretty(&found)?))?;
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
                let fault = json!({ "ok": false, "check": check, "fault": format!("{error:#}") });
                print(&format!("{}\n", serde_json::to_string_pretty(&fault)?))?;
            } else {
                eprintln!("huangpu: {} does not verify: {check}: {error:#}", args.data.display());
            }
            Ok(ExitCode::FAILURE)
        }
    }
}
