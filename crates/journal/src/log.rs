//! The small trait behind which a log sits, so that a replicated one can take the journal's place.

use crate::batch::Batch;
use crate::error::JournalError;
use crate::layout::Digest;
use crate::reader::Frame;

/// What the caller made of the records so far: a digest of commands and events after record `seq`. The journal
/// carries it and gives it no meaning. Zero, and all zeros, when there is none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The last record the digest covers. It is in the journal already, ahead of the frame that carries this.
    pub seq: u64,
    /// The digest.
    pub digest: Digest,
}

/// Where a batch came to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The number of the batch's first record; one past the last record if the batch was empty.
    pub first_seq: u64,
    /// The last record of the log.
    pub last_seq: u64,
    /// The chain digest after the batch.
    pub chain: Digest,
}

/// An append-only log of numbered records.
///
/// Invariant: a record is acknowledged only when [`Log::sync`] (or [`Log::append`], which ends in it) has returned
/// `Ok`, and an acknowledged record is there after every crash.
pub trait Log {
    /// Streams what is durable.
    type Reader: Frames;

    /// Encodes a batch as one frame and writes it. It is not durable, and must not be acted on, before
    /// [`Log::sync`]. `expected_seq` is the number the first record must get: one more than [`Log::last_seq`].
    ///
    /// # Errors
    /// A refusal (sequence, epoch, time, outcome, size) writes nothing. A failed write poisons the log.
    fn write(
        &mut self,
        expected_seq: u64,
        epoch: u64,
        outcome: Outcome,
        batch: &Batch,
    ) -> Result<Appended, JournalError>;

    /// Makes all that was written durable; gives the last durable record.
    ///
    /// # Errors
    /// A failed sync poisons the log.
    fn sync(&mut self) -> Result<u64, JournalError>;

    /// Writes a batch and makes it durable.
    ///
    /// # Errors
    /// As [`Log::write`] and [`Log::sync`].
    fn append(
        &mut self,
        expected_seq: u64,
        epoch: u64,
        outcome: Outcome,
        batch: &Batch,
    ) -> Result<Appended, JournalError> {
        let appended = self.write(expected_seq, epoch, outcome, batch)?;
        self.sync()?;
        Ok(appended)
    }

    /// The last record written; 0 in an empty log.
    fn last_seq(&self) -> u64;

    /// The last durable record; 0 if there is none.
    fn durable_seq(&self) -> u64;

    /// The epoch of the last frame.
    fn epoch(&self) -> u64;

    /// The chain digest after the last frame written.
    fn chain(&self) -> Digest;

    /// Reads the durable records from number `seq` on (0 and 1 both mean the start). What is appended later is
    /// not seen. Reading from one past the last record gives at most seals.
    ///
    /// # Errors
    /// `BeyondEnd` if `seq` is further on than that; `Corrupt` or `Io` if the start cannot be read.
    fn read_from(&self, seq: u64) -> Result<Self::Reader, JournalError>;
}

/// A stream of frames. Not an `Iterator`, because a frame borrows the one buffer it is read into.
pub trait Frames {
    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// `Corrupt` if the bytes are not those written, `Io` if they cannot be read.
    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, JournalError>;
}
