//! What can go wrong, said with its place.

use std::io;
use std::path::PathBuf;

/// Why a call on the journal was refused or failed.
///
/// Refusals (a wrong sequence number, time going back, a frame too large) write nothing and leave the journal
/// usable. A failed write or sync poisons it: see [`JournalError::Poisoned`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The operating system refused or failed an operation.
    #[error("cannot {action} {path}", path = path.display())]
    Io {
        /// What was being done, as a verb phrase.
        action: &'static str,
        /// The file or directory it was done to.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another journal has this directory open.
    #[error("the journal is in use: {path} is locked", path = path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// The segment being written is not the file of its name any more: someone has moved or removed it. What was written since
    /// the last acknowledgement is not acknowledged, and the journal is poisoned.
    #[error("{path} is not the file that is being written any more: it was moved, removed or replaced", path = path.display())]
    Displaced {
        /// The segment file.
        path: PathBuf,
    },
    /// There is no journal in the directory.
    #[error("there is no journal in {dir}", dir = dir.display())]
    NotFound {
        /// The directory.
        dir: PathBuf,
    },
    /// There is a journal in the directory already.
    #[error("there is a journal in {dir} already", dir = dir.display())]
    AlreadyExists {
        /// The directory.
        dir: PathBuf,
    },
    /// A segment size outside the limits.
    #[error("a segment of {given} bytes: it must be a multiple of 4096 from {min} to {max}")]
    SegmentSize {
        /// The size asked for.
        given: u64,
        /// The smallest size.
        min: u64,
        /// The largest size.
        max: u64,
    },
    /// The caller's idea of the next sequence number is not the journal's. Nothing was written.
    #[error("the batch was meant for record {expected}, the next record is {actual}")]
    SequenceMismatch {
        /// The number the caller expected its first record to get.
        expected: u64,
        /// The number it would have got.
        actual: u64,
    },
    /// The frame begins a segment that is being made elsewhere and was not given back. Nothing was written.
    #[error("segment {index} is being prepared: it must be given back before a frame can go into it")]
    Preparing {
        /// The segment's number.
        index: u64,
    },
    /// The epoch is below one already written. Nothing was written.
    #[error("epoch {given} is below epoch {current}")]
    EpochWentBack {
        /// The epoch of the last frame.
        current: u64,
        /// The epoch given.
        given: u64,
    },
    /// The time of a record is before the one ahead of it. Nothing was written.
    #[error("time {given} ns is before time {last} ns of the record ahead")]
    TimeWentBack {
        /// The time of the record ahead.
        last: i64,
        /// The time given.
        given: i64,
    },
    /// An outcome is claimed for a record that is not in the journal yet. Nothing was written.
    #[error("an outcome for record {given}, the last record is {last}")]
    OutcomeAhead {
        /// The last record.
        last: u64,
        /// The record the outcome is for.
        given: u64,
    },
    /// The frame would be larger than a frame may be. Nothing was written.
    #[error("a frame of {bytes} bytes, the most is {max}")]
    FrameTooLarge {
        /// The size the frame would have.
        bytes: u64,
        /// The most it may have.
        max: u64,
    },
    /// A read was asked to start after the end.
    #[error("a read from record {seq}, the last record is {last}")]
    BeyondEnd {
        /// The record asked for.
        seq: u64,
        /// The last record.
        last: u64,
    },
    /// Bytes that were written are not what they were. Nothing was changed on disk.
    #[error("{path} is corrupt at byte {offset}, where record {seq} is due: {flaw}", path = path.display())]
    Corrupt {
        /// The segment file.
        path: PathBuf,
        /// The offset in the file of the frame, record or header that is wrong.
        offset: u64,
        /// The first sequence number that is not vouched for.
        seq: u64,
        /// What is wrong.
        flaw: Flaw,
    },
    /// A segment in the middle of the log, or its first, is not there.
    #[error("segment file {path} is missing", path = path.display())]
    MissingSegment {
        /// The file that should be there.
        path: PathBuf,
    },
    /// A segment of a format this program does not know.
    #[error("{path} has format version {found}, this program reads version 1", path = path.display())]
    UnknownVersion {
        /// The segment file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// An earlier write or sync failed. What reached the medium is not known, and a second sync could report
    /// success without it: the journal must be dropped and opened again.
    #[error("an earlier write or sync failed, the journal must be opened again")]
    Poisoned,
}

/// What is wrong with the bytes at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// The segment's header block is not the one written.
    #[error("the segment header does not match its checksum")]
    SegmentHeader,
    /// The segment's header block is whole, and says what cannot be.
    #[error("the segment header holds a value that cannot be")]
    SegmentField,
    /// The segment has another number than its file name, or belongs to another log.
    #[error("the segment belongs to another place or another log")]
    SegmentMisplaced,
    /// The segment does not start where the one before ends.
    #[error("the segment does not continue the one before")]
    SegmentStart,
    /// The file is longer than its header says.
    #[error("the file is longer than its header says")]
    SegmentTooLong,
    /// The frame's header is there, and is not the one written.
    #[error("the frame header does not match its checksum")]
    FrameHeader,
    /// The frame was written for another place: another segment, offset or log.
    #[error("the frame was written for another place")]
    FrameMisplaced,
    /// The frame's header is whole, and says what cannot be.
    #[error("the frame header holds a value that cannot be")]
    FrameField,
    /// The frame's body is all there, and is not the one written.
    #[error("the frame body does not match its checksum")]
    FrameBody,
    /// The frame's trailer is there, and is not the one written.
    #[error("the frame trailer does not match the header")]
    FrameTrailer,
    /// The frame does not start at the next sequence number.
    #[error("the frame starts at record {found}")]
    Sequence {
        /// The number it starts at.
        found: u64,
    },
    /// The frame's epoch is below the one before.
    #[error("the epoch goes back to {found}")]
    Epoch {
        /// The frame's epoch.
        found: u64,
    },
    /// A record's time is before the one ahead of it.
    #[error("time goes back to {found} ns")]
    Time {
        /// The record's time.
        found: i64,
    },
    /// The records do not fill the body as its header says.
    #[error("the records do not fill the frame")]
    RecordLayout,
    /// A record's reserved field or padding is not zero.
    #[error("a record's padding is not zero")]
    RecordPadding,
    /// The chain digest is not the one the content gives.
    #[error("the chain digest does not follow")]
    Chain,
    /// Bytes are unwritten where a later frame, or a later segment, says that they were durable.
    #[error(
        "unwritten bytes, though byte {claimed_at} and what it follows were written after they were durable"
    )]
    Hole {
        /// The offset, in this file, of the later frame that says so; the file's size if a later segment does.
        claimed_at: u64,
    },
    /// Bytes of the frame were never written. In the last segment this is a torn write, and is cut.
    #[error("the frame was not written whole")]
    Unwritten,
}
