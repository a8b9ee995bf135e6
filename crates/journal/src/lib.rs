//! An append-only, segmented, checksummed, hash-chained log of opaque records: bytes only.
//!
//! Records are numbered 1, 2, 3… A batch of them is one *frame*: one write, made durable by one `fdatasync`. Frames
//! lie in preallocated *segment* files. Every frame carries a BLAKE3 digest over all that went before, so one digest
//! vouches for the whole log. The bytes are described in `docs/journal-format.md`, closely enough to write an
//! independent verifier.
//!
//! Invariant: what was acknowledged is there after every crash. A record is acknowledged when [`Log::sync`] has
//! returned `Ok`, and not before.
//!
//! Invariant: damage is never taken for the end of the log. What a torn last write left behind is cut and reported;
//! anything else that is not as written is refused, with its file and offset.
//!
//! Invariant: after one failed write or sync the journal answers nothing but [`JournalError::Poisoned`]. What the
//! medium holds is then known only by opening it again.
//!
//! Invariant: a reader gives out a frame only after every check has passed on it, and allocates no more than one
//! frame, whatever the bytes say.
//!
//! The next segment can be made ahead of its time, by whoever has time for it: [`Journal::preparation`]. A log is read
//! once to open it and to know what it says: [`Opening`].
//!
//! Absent on purpose: threads, async, clocks (time is the caller's), any knowledge of what a record says, and
//! deletion (a log begins at record 1).
//!
//! ```
//! use journal::{Batch, Frames, Journal, Log, Options, Outcome};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let temp = tempfile::tempdir()?;
//! # let dir = temp.path().join("log");
//! let mut journal = Journal::create(&dir, *b"shard 1 of a CCP", Options::default())?;
//! let mut batch = Batch::new();
//! batch.push(1_700_000_000_000_000_000, b"place order")?;
//! batch.push(1_700_000_000_000_000_000, b"cancel order")?;
//! journal.append(1, 0, Outcome::default(), &batch)?;
//! drop(journal);
//!
//! let (journal, recovery) = Journal::open(&dir, Options::default())?;
//! assert_eq!(recovery.last_seq, 2);
//! let mut reader = journal.read_from(2)?;
//! while let Some(frame) = reader.next_frame()? {
//!     for record in frame.records() {
//!         assert_eq!((record.seq, record.payload), (2, &b"cancel order"[..]));
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod batch;
mod disk;
mod error;
mod files;
mod journal;
mod layout;
mod log;
mod opening;
mod prepare;
mod reader;
mod verify;
mod walk;
mod window;

pub use crate::batch::{Batch, Record, Records};
pub use crate::disk::{Disk, DiskFile, ReadAt, RealDisk, RealLock};
pub use crate::error::{Flaw, JournalError};
pub use crate::journal::{Journal, Options};
pub use crate::layout::{
    Digest, FORMAT_VERSION, FRAME_BYTES_MAX, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, genesis,
};
pub use crate::log::{Appended, Frames, Log, Outcome};
pub use crate::opening::Opening;
pub use crate::prepare::{Preparation, Prepared};
pub use crate::reader::{Frame, Reader, SegmentReport, check_segment};
pub use crate::verify::{Recovery, Summary, Tail, scan, scan_on, verify, verify_on};
pub use crate::walk::Cut;
