//! A long log: how long a node takes to open it, and what a snapshot of it costs.

use crate::durable::{bar, opened};
use crate::history::peak_kib;
use crate::stream::{Listings, Stream};
use anyhow::{Context, Result, bail};
use engine::{Event, Record, State};
use huangpu::node::{
    Answer, DataDir, Flow, Inbox, Node, Outlet, Pipeline, Snapshotted, Submission, TurnedAway,
};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

struct Watcher {
    bar: ProgressBar,
    snapshots: Vec<Value>,
}

impl Outlet for Watcher {
    fn applied(&mut self, _: u64, _: &Record, _: &[Event], _: &State) -> Result<()> {
        self.bar.inc(1);
        Ok(())
    }

    fn repeated(&mut self, _: u64, answer: Answer) -> Result<()> {
        bail!("record {} was sent twice: this is a fault of the bench", answer.sequence)
    }

    fn turned_away(&mut self, _: u64, why: TurnedAway) -> Result<()> {
        bail!("{why}: this is a fault of the bench")
    }

    fn snapshotted(&mut self, snapshot: Snapshotted) {
        let Snapshotted { record, pause, written } = snapshot;
        self.snapshots.push(match written {
            Ok((took, bytes)) => json!({
                "record": record,
                "pause, us": pause.as_micros(),
                "written in, ms": took.as_millis(),
                "bytes": bytes,
            }),
            Err(error) => json!({ "record": record, "error": format!("{error:#}") }),
        });
    }
}

fn send(inbox: &Inbox, stream: &mut dyn Stream, records: u64) -> Result<()> {
    let mut together = VecDeque::new();
    for number in 1..=records {
        let (time, envelope) = stream.next();
        together.push_back(Submission { time, envelope, tag: 0 });
        if together.len() == 8_189 || number == records {
            inbox.send_all(&mut together)?;
        }
    }
    Ok(())
}

/// Writes a log of so many records with snapshots on the way, and opens it with and without the last one.
pub(crate) fn measure(dir: &Path, records: u64) -> Result<Value> {
    let data = tempfile::tempdir_in(dir)?;
    let mut stream = Listings::new()?;
    let node = opened(data.path(), &stream)?;
    let flow = Flow { snapshot_every: Some((records / 4).max(1)), ..Flow::default() };
    let mut pipeline = Pipeline::start(node, flow)?;
    let (inbox, began) = (pipeline.inbox(), Instant::now());
    let sending = std::thread::spawn(move || send(&inbox, &mut stream, records));
    let mut watcher = Watcher { bar: bar(records, "writing the log"), snapshots: Vec::new() };
    pipeline.run(&mut watcher)?;
    let wrote = began.elapsed();
    sending.join().ok().context("the sender panicked")??;
    let mut node = pipeline.stop(&mut watcher)?;
    watcher.bar.finish_and_clear();
    let (last, digest) = (node.state().sequence().0, huangpu::node::hex(&node.digest()));
    let mut found = json!({
        "records": last,
        "written in, ms, with snapshots": wrote.as_millis(),
        "snapshots in the background": watcher.snapshots,
    });
    let began = Instant::now();
    node.snapshot()?;
    found["snapshot at the end, nothing else running, ms"] = json!(began.elapsed().as_millis());
    drop(node);
    let folder = DataDir::at(data.path());
    found["bytes of the log"] = json!(bytes_in(&folder.journal())?);

    for (what, keep) in [("with the snapshot at its end", true), ("without a snapshot", false)] {
        if !keep {
            std::fs::remove_dir_all(folder.snapshots())?;
        }
        // A process of its own, so that its memory is its own.
        let child =
            Command::new(std::env::current_exe()?).arg("open").arg(data.path()).arg("--json").output()?;
        let opened: Value = serde_json::from_slice(&child.stdout)
            .with_context(|| String::from_utf8_lossy(&child.stderr).into_owned())?;
        if opened["digest"] != json!(digest) || opened["records"] != json!(last) {
            bail!("the log was opened to another end: {opened}, not {digest} after {last}");
        }
        found[format!("opened {what}, ms")] = opened["opened in, ms"].clone();
        found[format!("opened {what}, peak memory, KiB")] = opened["peak memory, KiB"].clone();
    }
    Ok(found)
}

/// Opens a data directory.
pub(crate) fn open(data: &Path) -> Result<Value> {
    let bar = bar(0, "opening the log");
    let began = Instant::now();
    let (node, opened) = Node::open(data, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    let took = began.elapsed();
    bar.finish_and_clear();
    Ok(json!({
        "records": opened.records,
        "snapshot": opened.snapshot,
        "opened in, ms": took.as_millis(),
        "digest": huangpu::node::hex(&node.digest()),
        "peak memory, KiB": peak_kib()?,
    }))
}

fn bytes_in(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}
