//! Checking a log without touching it, and saying what was found.

use std::path::{Path, PathBuf};

use crate::disk::{Disk, RealDisk};
use crate::error::JournalError;
use crate::files;
use crate::layout::Digest;
use crate::log::Outcome;
use crate::reader::Reader;
use crate::walk::Cut;

/// How a log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tail {
    /// With a seal: it was closed by its writer.
    Sealed,
    /// With a whole frame, or none: its writer stopped between two frames, or is at work.
    Clean,
    /// With part of a write that was never acknowledged. [`crate::Journal::open`] will cut it.
    Torn(Cut),
}

/// What a check of a whole log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The log's id.
    pub log_id: [u8; 16],
    /// Segment files.
    pub segments: u64,
    /// Whole frames, seals included.
    pub frames: u64,
    /// Records; the last has this number.
    pub records: u64,
    /// Bytes of frames.
    pub bytes: u64,
    /// The epoch of the last frame.
    pub epoch: u64,
    /// The outcome in the last frame.
    pub outcome: Outcome,
    /// The chain digest after the last frame.
    pub chain: Digest,
    /// How the log ends.
    pub tail: Tail,
    /// Bytes behind the last frame of a segment that is not the last, up to the last that is not zero. They carry
    /// nothing and lose nothing; there should be none, and a medium that shows some is failing.
    pub stray_bytes: u64,
}

impl Summary {
    /// Of a reader that has come to the end from the start.
    fn of<D: Disk>(reader: &Reader<D>) -> Self {
        let (counts, walk) = (reader.counts(), reader.walk());
        let tail = match reader.cut() {
            Some(cut) => Tail::Torn(cut.clone()),
            None if counts.sealed => Tail::Sealed,
            None => Tail::Clean,
        };
        Self {
            log_id: walk.header().log_id,
            segments: counts.segments,
            frames: counts.frames,
            records: counts.records,
            bytes: counts.bytes,
            epoch: walk.tip().epoch,
            outcome: counts.outcome,
            chain: walk.tip().chain,
            tail,
            stray_bytes: counts.stray_bytes,
        }
    }
}

/// What opening a journal found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// The last record.
    pub last_seq: u64,
    /// What was found. `Tail::Torn` says what has been cut.
    pub summary: Summary,
    /// Segments whose making had been interrupted: removed.
    pub removed: Vec<PathBuf>,
}

impl Recovery {
    pub(crate) fn of<D: Disk>(reader: &Reader<D>, removed: Vec<PathBuf>) -> Self {
        let summary = Summary::of(reader);
        Self { last_seq: summary.records, summary, removed }
    }

    /// What a torn write had left and was cut; `None` if the log ended with a whole frame.
    #[must_use]
    pub fn cut(&self) -> Option<&Cut> {
        match &self.summary.tail {
            Tail::Torn(cut) => Some(cut),
            Tail::Sealed | Tail::Clean => None,
        }
    }
}

/// Checks every byte of a log, and changes none. Takes no lock: of a log that is being written it checks what was
/// there when it came by.
///
/// # Errors
/// `NotFound`, `Corrupt`, `MissingSegment`, `UnknownVersion` or `Io`.
pub fn verify(dir: impl AsRef<Path>) -> Result<Summary, JournalError> {
    verify_on(RealDisk, dir)
}

/// [`verify`] on a disk of the caller's.
///
/// # Errors
/// As [`verify`].
pub fn verify_on<D: Disk>(disk: D, dir: impl AsRef<Path>) -> Result<Summary, JournalError> {
    let mut reader = scan_on(disk, dir, 1)?;
    while reader.advance()?.is_some() {}
    Ok(Summary::of(&reader))
}

/// Reads a log from record `seq` on, without a lock and without changing it, to its last whole frame. What it gives
/// may not be durable yet if the log is being written.
///
/// # Errors
/// As [`verify`].
pub fn scan(dir: impl AsRef<Path>, seq: u64) -> Result<Reader<RealDisk>, JournalError> {
    scan_on(RealDisk, dir, seq)
}

/// [`scan`] on a disk of the caller's.
///
/// # Errors
/// As [`verify`].
pub fn scan_on<D: Disk>(disk: D, dir: impl AsRef<Path>, seq: u64) -> Result<Reader<D>, JournalError> {
    let dir = dir.as_ref();
    let segments = files::list(&disk, dir)?.segments;
    if segments == 0 {
        return Err(JournalError::NotFound { dir: dir.to_path_buf() });
    }
    Reader::start(disk, dir, segments, seq.max(1), None)
}
