//! What the tests share.
#![allow(dead_code, reason = "no test file uses all of it")]
#![allow(clippy::unwrap_used, reason = "the lint does not know helpers of tests for tests")]

use std::path::{Path, PathBuf};

use journal::{Batch, Digest, Frames, JournalError};

/// A record, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) time_ns: i64,
    pub(crate) payload: Vec<u8>,
}

pub(crate) fn batch_of(entries: &[Entry]) -> Batch {
    let mut batch = Batch::new();
    for entry in entries {
        batch.push(entry.time_ns, &entry.payload).unwrap();
    }
    batch
}

/// Every record a reader gives; their numbers must follow one another.
pub(crate) fn read_all(frames: &mut impl Frames) -> Result<Vec<Entry>, JournalError> {
    let mut entries = Vec::new();
    let mut due = None;
    while let Some(frame) = frames.next_frame()? {
        for record in frame.records() {
            assert_eq!(due.unwrap_or(record.seq), record.seq);
            due = Some(record.seq + 1);
            entries.push(Entry { time_ns: record.time_ns, payload: record.payload.to_vec() });
        }
    }
    Ok(entries)
}

pub(crate) fn digest_of(seed: u64) -> Digest {
    *blake3::hash(&seed.to_le_bytes()).as_bytes()
}

pub(crate) fn segment(dir: &Path, index: u64) -> PathBuf {
    dir.join(format!("{index:020}.hpj"))
}
