//! `huangpu run -`: a log as `huangpu log --json` printed it, run into a data directory of its own. What was is done again, record by
//! record, at the same times and by the same users, and comes to the same digest.

use crate::cli::{self, Ended, print_json, progress, say};
use crate::node::{DataDir, Node, Observer, Submitted, hex};
use anyhow::{Context, Result, bail};
use engine::Event;
use gateway::{LineError, PRINTED_BYTES_MAX};
use journal::RealDisk;
use serde::Serialize;
use std::io::{BufRead, Read};
use std::path::Path;
use std::process::ExitCode;

/// What came of it.
#[derive(Debug, Serialize)]
struct Outcome {
    data: String,
    records: u64,
    refused: u64,
    digest: String,
}

/// Runs a printed log from standard input.
pub(crate) fn run(data: Option<&Path>, json: bool) -> Ended {
    let data = data.context("name a data directory for the log that is made: --data DIR")?;
    if DataDir::at(data).has_log(&RealDisk)? {
        bail!(
            "{}: there is a log already. A printed log is run into a data directory of its own, from its first record on",
            data.display()
        );
    }
    let mut node = cli::open(data, json)?;
    let bar = progress::bar("running", json);
    let (mut refused, mut number) = (0, 0_usize);
    let mut observer = |_: &engine::Record, events: &[Event], _: &engine::State| {
        refused += u64::from(events.iter().any(|event| matches!(event, Event::Refused(_))));
        Ok(())
    };
    let (mut input, mut bytes) = (std::io::stdin().lock(), Vec::new());
    loop {
        number += 1;
        let place = || format!("standard input:{number}");
        bytes.clear();
        let read = input.by_ref().take(PRINTED_BYTES_MAX as u64 + 1).read_until(b'\n', &mut bytes);
        if read.with_context(|| format!("{}: cannot be read", place()))? == 0 {
            break;
        }
        let text = std::str::from_utf8(&bytes).with_context(|| format!("{}: not UTF-8 text", place()))?;
        let text = text.trim_start_matches('\u{feff}').trim_end();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        again(&mut node, text, &mut observer).map_err(|error| match error.downcast_ref::<LineError>() {
            Some(error) => anyhow::anyhow!("{}:{error}", place()),
            None => error.context(place()),
        })?;
        bar.inc(1);
    }
    node.flush(&mut observer)?;
    bar.finish_and_clear();
    let records = node.state().sequence().0;
    if records == 0 {
        bail!("there are no records on standard input: pipe `huangpu log DIR --json` into this");
    }
    let digest = hex(&node.digest());
    node.close(&mut observer)?;
    if json {
        print_json(&Outcome { data: data.display().to_string(), records, refused, digest })?;
    } else {
        let of_them = if refused == 0 { String::new() } else { format!(", {refused} of them refused") };
        say(&format!("{records} records made again{of_them}\ndigest: {digest}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes the record of a line.
fn again(node: &mut Node, text: &str, observer: &mut Observer<'_>) -> Result<()> {
    let printed = gateway::parse_printed(text)?;
    let mut meant = printed.envelope(node.state());
    // What a record names may have been made by one that waits in the batch.
    if node.has_pending() && (meant.is_err() || printed.looks_at_state()) {
        node.flush(observer)?;
        meant = printed.envelope(node.state());
    }
    let envelope = meant.map_err(|error| error.in_line(text))?;
    let at = |message: String| LineError::at(text, "record", message);
    let submitted = match &printed.payload {
        Some(payload) => node.submit_bytes(printed.time, payload, observer)?,
        None => node.submit(printed.time, envelope, observer)?,
    };
    match submitted {
        Submitted::New(sequence) if sequence.0 == printed.record => Ok(()),
        Submitted::New(sequence) => bail!(at(format!(
            "found {}, and {sequence} is due: a log is run whole, printed without --from, --to and --account",
            printed.record
        ))),
        Submitted::Known(_) | Submitted::Waiting(_) => bail!(at(
            "this record stands here twice: the same sender sent the same command under the same id"
                .to_owned()
        )),
    }
}
