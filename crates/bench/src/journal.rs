//! The journal alone.

use crate::probe;
use anyhow::Result;
use journal::{Batch, Frames, Journal, Log, Options, Outcome};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes of a record: an order with room to spare.
const RECORD: [u8; 80] = [7; 80];

/// Appends frames of 1, 100, 1,000 and 8,189 records for some seconds each, synced and not, and reads one log back.
pub(crate) fn measure(dir: &Path, seconds: u64) -> Result<Value> {
    let (p50, p99) = probe::sync_us(dir)?;
    let mut found = json!({ "disk sync p50, us": p50, "disk sync p99, us": p99 });
    for (records, synced) in
        [(1, true), (100, true), (1_000, true), (8_189, true), (1, false), (1_000, false)]
    {
        let log = tempfile::tempdir_in(dir)?;
        let mut journal = Journal::create(log.path(), [1; 16], Options::default())?;
        let mut batch = Batch::new();
        let (mut frames, start) = (0_u64, Instant::now());
        while start.elapsed() < Duration::from_secs(seconds) {
            let seq = journal.last_seq() + 1;
            batch.clear();
            for _ in 0..records {
                batch.push(seq.cast_signed(), &RECORD)?;
            }
            journal.write(seq, 1, Outcome::default(), &batch)?;
            if synced {
                journal.sync()?;
            }
            frames += 1;
        }
        let rate = |count: u64| u128::from(count) * 1_000_000 / start.elapsed().as_micros().max(1);
        let how = if synced { "synced" } else { "written, not synced" };
        found[format!("{records} a frame, {how}: frames/s")] = json!(rate(frames));
        found[format!("{records} a frame, {how}: records/s")] = json!(rate(journal.last_seq()));
        if records == 1_000 && synced {
            let (start, mut reader) = (Instant::now(), journal.read_from(1)?);
            while reader.next_frame()?.is_some() {}
            let read = u128::from(journal.last_seq()) * 1_000_000 / start.elapsed().as_micros().max(1);
            found["read back and checked: records/s"] = json!(read);
        }
    }
    Ok(found)
}
