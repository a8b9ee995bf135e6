//! `huangpu verify`: a log that anyone can check.

use crate::cli::{Ended, complain, print, print_json, progress};
use crate::node::{DataDir, Fault, Head, Verified, Wanted, hex, verify_on};
use anyhow::{Context, Result};
use journal::RealDisk;
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// What to verify.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The data directory
    #[arg(value_name = "DIR")]
    data: PathBuf,
    /// The digest that the log must end with
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    expect: Option<String>,
    /// A file of signed heads that the log must hold, as `huangpu head` prints them
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// The public key that must have signed them, as `huangpu head --key` prints it
    #[arg(long, value_name = "KEY", requires = "head", value_parser = digest)]
    key: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn digest(text: &str) -> Result<String, String> {
    let fits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if fits { Ok(text.to_owned()) } else { Err("expected 64 hexadecimal digits".to_owned()) }
}

fn wanted(args: &Args) -> Result<Wanted> {
    let heads = match &args.head {
        Some(path) => {
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let heads = Head::read_all(&text).with_context(|| path.display().to_string())?;
            anyhow::ensure!(!heads.is_empty(), "{}: there is no head in it", path.display());
            heads
        }
        None => Vec::new(),
    };
    Ok(Wanted { heads, key: args.key.clone(), digest: args.expect.clone() })
}

pub(crate) fn run(args: &Args) -> Ended {
    let dir = DataDir::at(&args.data);
    let wanted = wanted(args)?;
    match progress::during("verifying", args.json, |told| verify_on(&RealDisk, &dir, &wanted, told)) {
        Ok(found) => {
            if args.json {
                print_json(&document(&found))?;
            } else {
                print(&text(&found, &wanted))?;
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

fn document(found: &Verified) -> serde_json::Value {
    json!({
        "ok": true, "segments": found.summary.segments, "frames": found.summary.frames,
        "records": found.summary.records, "bytes": found.summary.bytes, "tail": found.tail(),
        "chain": hex(&found.summary.chain), "digest": hex(&found.digest), "snapshots": found.snapshots,
        "stated_digests": found.stated.frames, "stated_to": found.stated.covers, "heads": found.heads,
        "heads_beside": found.heads_beside, "without_door": found.without_door, "notes": found.notes,
        "conserved": true,
    })
}

fn text(found: &Verified, wanted: &Wanted) -> String {
    let summary = &found.summary;
    let mut text = format!(
        "checksums and chain  ok: {} records in {} frames, {} segments, {} bytes; {}\n\
         replay               ok: {} frames state a digest of the records before them, up to record {}: all reached again\n\
         conservation         ok: at the end of every day, for every asset\n\
         snapshots            ok: {} checked against the replay\n",
        summary.records,
        summary.frames,
        summary.segments,
        summary.bytes,
        found.tail(),
        found.stated.frames,
        found.stated.covers,
        found.snapshots,
    );
    let mut heads = Vec::new();
    if !wanted.heads.is_empty() {
        let mut keys: Vec<&str> = wanted.heads.iter().map(|head| head.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        heads.push(format!("{} given, signed by {}", found.heads, keys.join(", ")));
    }
    if found.heads_beside > 0 {
        heads.push(format!("{} kept beside the log", found.heads_beside));
    }
    text.push_str(&match heads.as_slice() {
        [] => "signed heads         none: nothing but its own digests vouches for this log\n".to_owned(),
        heads => format!("signed heads         ok: {}\n", heads.join("; ")),
    });
    if found.without_door > 0 {
        text.push_str(&format!(
            "note                 {} records do not say by which door they came: an earlier version wrote them\n",
            found.without_door
        ));
    }
    for note in &found.notes {
        text.push_str(&format!("note                 {note}\n"));
    }
    let (chain, digest) = (hex(&summary.chain), hex(&found.digest));
    text.push_str(&format!("chain                {chain}\ndigest of the log    {digest}\n"));
    text
}
