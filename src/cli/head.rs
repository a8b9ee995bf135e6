//! `huangpu head`: the signed head of a log, to be kept elsewhere.

use crate::cli::{Ended, print, print_json};
use crate::node::{DataDir, Head, Node, NodeKey, hex};
use anyhow::{Context, Result, bail};
use journal::{JournalError, RealDisk};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Of which log.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The data directory; its node may run
    #[arg(value_name = "DIR")]
    data: PathBuf,
    /// Print the node's public key alone, which heads are checked against
    #[arg(long)]
    key: bool,
    /// Print the JSON over several lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Ended {
    let dir = DataDir::at(&args.data);
    if !dir.has_log(&RealDisk)? {
        bail!("there is no log in {}", args.data.display());
    }
    if args.key {
        let key = NodeKey::read_on(&RealDisk, &dir)?;
        let key = key.with_context(|| format!("there is no {}: a start makes it", dir.key().display()))?;
        let public = hex(key.public().as_bytes());
        if args.json {
            print_json(&json!({ "key": public }))?;
        } else {
            print(&format!("{public}\n"))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let head = head_of(&dir)?;
    if args.json {
        print_json(&head)?;
    } else {
        print(&format!("{}\n", serde_json::to_string(&head)?))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The head of the log as it stands; beside a node that runs, the newest that it has kept, because what is behind that may not be
/// durable yet.
fn head_of(dir: &DataDir) -> Result<Head> {
    let opened = Node::open(dir.root(), &mut |_, _| ());
    let in_use = |error: &anyhow::Error| {
        error.chain().any(|cause| matches!(cause.downcast_ref(), Some(JournalError::InUse { .. })))
    };
    match opened {
        Ok((node, opened)) => {
            super::check_whole(dir.root(), &opened)?;
            node.keep_head()
        }
        Err(error) if in_use(&error) => Head::newest(dir)?.with_context(|| {
            format!(
                "the node that runs in {} has kept no head yet: ask it, GET /v1/log/signed_head",
                dir.root().display()
            )
        }),
        Err(error) => Err(error),
    }
}
