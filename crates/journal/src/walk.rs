//! From frame to frame through one segment, and what to make of a frame that is not whole.
//!
//! Invariant: a frame is given out only after every check has passed on it.

use std::path::{Path, PathBuf};

use crate::batch;
use crate::disk::ReadAt;
use crate::error::{Flaw, JournalError};
use crate::files::failed;
use crate::layout::{
    FRAME_BYTES_MAX, FRAME_HEADER, FRAME_MAGIC, FRAME_MIN, FRAME_TRAILER, FRAMES_START, FrameHeader,
    RECORD_HEADER, SEGMENT_HEADER, SegmentBlock, SegmentHeader, Tip, blank_sectors,
};
use crate::window::Window;

/// What a torn write left behind the last whole frame: bytes that were never durable and never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The last segment's file.
    pub path: PathBuf,
    /// Where the last whole frame ends.
    pub offset: u64,
    /// How many bytes there are from there to the last that is not zero.
    pub bytes: u64,
}

/// What lies at an offset.
enum Probe {
    /// Too little room before the end of the segment for any frame.
    NoRoom,
    /// No frame header was written, or not all of one.
    Unwritten,
    /// A frame with a good header and a body or trailer not all written.
    Torn(FrameHeader),
    /// A frame that was all written and is wrong.
    Damaged(Flaw),
    /// A frame whose checksums are right.
    Whole(FrameHeader),
}

/// Where a walk has come to.
pub(crate) enum Step {
    /// At a frame, which has been checked and is the next.
    Frame(FrameHeader),
    /// At the end. Only from this offset on may a later frame be looked for.
    End { search_from: u64 },
}

/// A walk through one segment.
#[derive(Debug)]
pub(crate) struct SegmentWalk<F> {
    window: Window<F>,
    path: PathBuf,
    header: SegmentHeader,
    tag: u64,
    offset: u64,
    tip: Tip,
    durable_to: u64,
}

impl<F: ReadAt> SegmentWalk<F> {
    /// Checks the header block. `seq` is what an error names as due.
    pub(crate) fn open(file: F, path: PathBuf, seq: u64) -> Result<Self, JournalError> {
        let corrupt = |path, offset, flaw| JournalError::Corrupt { path, offset, seq, flaw };
        let mut window = Window::new(file).map_err(failed("read", &path))?;
        let block = window.get(0, SEGMENT_HEADER).map_err(failed("read", &path))?;
        let header = match SegmentHeader::decode(block) {
            SegmentBlock::Known(header) => header,
            SegmentBlock::OtherVersion(found) => return Err(JournalError::UnknownVersion { path, found }),
            SegmentBlock::Bad(flaw) => return Err(corrupt(path, 0, flaw)),
        };
        if window.size() > header.capacity {
            return Err(corrupt(path, header.capacity, Flaw::SegmentTooLong));
        }
        let (offset, tip, tag) = (FRAMES_START, header.start, header.tag());
        Ok(Self { window, path, header, tag, offset, tip, durable_to: FRAMES_START })
    }

    pub(crate) fn header(&self) -> &SegmentHeader {
        &self.header
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn tag(&self) -> u64 {
        self.tag
    }

    /// Where the next frame starts.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn tip(&self) -> &Tip {
        &self.tip
    }

    /// Up to where a frame passed so far says that this segment was durable.
    pub(crate) fn durable_to(&self) -> u64 {
        self.durable_to
    }

    pub(crate) fn corrupt(&self, offset: u64, flaw: Flaw) -> JournalError {
        JournalError::Corrupt { path: self.path.clone(), offset, seq: self.tip.next_seq, flaw }
    }

    /// The body of the frame that the last step gave.
    pub(crate) fn body(&self, frame: &FrameHeader) -> &[u8] {
        let bytes = self.window.buffered(frame.offset).unwrap_or(&[]);
        bytes.get(FRAME_HEADER..size(frame) - FRAME_TRAILER).unwrap_or(&[])
    }

    /// Goes past the next frame. `next` is where the following segment starts, if there is one: then this segment
    /// was complete and durable before that one came to be, and must reach it.
    pub(crate) fn step(&mut self, next: Option<&Tip>) -> Result<Step, JournalError> {
        let at = self.offset;
        if next == Some(&self.tip) {
            return Ok(Step::End { search_from: self.header.capacity });
        }
        let mut probe = self.probe(at)?;
        for _ in 0..3 {
            // Without the lock, this may be a write that is under way: damage stays, a write comes to its end.
            if let Probe::Damaged(_) = probe {
                self.window.forget();
                probe = self.probe(at)?;
            }
        }
        match probe {
            Probe::Whole(frame) => {
                self.follows(&frame)?;
                self.pass(&frame)?;
                Ok(Step::Frame(frame))
            }
            Probe::Damaged(flaw) => Err(self.corrupt(at, flaw)),
            Probe::NoRoom => Ok(Step::End { search_from: self.header.capacity }),
            Probe::Torn(_) | Probe::Unwritten if next.is_some() => {
                Err(self.corrupt(at, Flaw::Hole { claimed_at: self.header.capacity }))
            }
            Probe::Torn(frame) => {
                self.follows(&frame)?;
                Ok(Step::End { search_from: frame.end() })
            }
            Probe::Unwritten => Ok(Step::End { search_from: at + 8 }),
        }
    }

    fn probe(&mut self, at: u64) -> Result<Probe, JournalError> {
        if self.header.capacity - at < FRAME_MIN {
            return Ok(Probe::NoRoom);
        }
        let block = self.window.get(at, FRAME_HEADER).map_err(failed("read", &self.path))?;
        let Some(frame) = FrameHeader::decode(block) else {
            let unwritten = FrameHeader::unwritten(block);
            return Ok(if unwritten { Probe::Unwritten } else { Probe::Damaged(Flaw::FrameHeader) });
        };
        if frame.tag != self.tag || frame.offset != at {
            return Ok(Probe::Damaged(Flaw::FrameMisplaced));
        }
        if !self.sound(&frame) {
            return Ok(Probe::Damaged(Flaw::FrameField));
        }
        if frame.end() > self.window.size() {
            return Ok(Probe::Torn(frame));
        }
        let bytes = self.window.get(at, size(&frame)).map_err(failed("read", &self.path))?;
        Ok(weigh(frame, bytes))
    }

    /// Whether a frame header with a right checksum says only what can be; what follows may rely on it.
    fn sound(&self, frame: &FrameHeader) -> bool {
        let length = u64::from(frame.length);
        let fits = (FRAME_MIN..=FRAME_BYTES_MAX).contains(&length)
            && length % 8 == 0
            && frame.end() <= self.header.capacity;
        fits && u64::from(frame.count) * RECORD_HEADER as u64 <= length - FRAME_MIN
            && (frame.count > 0 || length == FRAME_MIN)
            && (FRAMES_START..=frame.offset).contains(&frame.durable_to)
            && frame.outcome.seq < frame.first_seq
            && frame.first_seq.checked_add(u64::from(frame.count)).is_some()
    }

    /// Checks that a header continues the log.
    fn follows(&self, frame: &FrameHeader) -> Result<(), JournalError> {
        let flaw = if frame.first_seq != self.tip.next_seq {
            Flaw::Sequence { found: frame.first_seq }
        } else if frame.epoch < self.tip.epoch {
            Flaw::Epoch { found: frame.epoch }
        } else if frame.last_time < self.tip.time {
            Flaw::Time { found: frame.last_time }
        } else if frame.durable_to < self.durable_to {
            Flaw::FrameField
        } else {
            return Ok(());
        };
        Err(self.corrupt(self.offset, flaw))
    }

    /// Checks records and chain, and moves past the frame.
    fn pass(&mut self, frame: &FrameHeader) -> Result<(), JournalError> {
        let body = self.body(frame);
        let body_at = frame.offset + FRAME_HEADER as u64;
        let time = batch::check(body, frame.count, self.tip.time)
            .map_err(|(at, flaw)| self.corrupt(body_at + at, flaw))?;
        if time != frame.last_time {
            return Err(self.corrupt(frame.offset, Flaw::Time { found: frame.last_time }));
        }
        if frame.chain_after(&self.tip.chain, body) != frame.chain {
            return Err(self.corrupt(frame.offset, Flaw::Chain));
        }
        self.tip = Tip { next_seq: frame.next_seq(), epoch: frame.epoch, time, chain: frame.chain };
        self.offset = frame.end();
        self.durable_to = frame.durable_to;
        Ok(())
    }

    /// What lies behind the end of the last segment. Bytes there may be cut unless a later frame says that they
    /// were durable when it was written.
    pub(crate) fn tail(&mut self, search_from: u64) -> Result<Option<Cut>, JournalError> {
        let Some(end) = self.stray_end()? else {
            return Ok(None);
        };
        let claim = self.claim(search_from, end)?;
        // Without the lock, a writer may have been at work since the frame here was looked at. Whatever was seen
        // behind it was written after it, so a second look settles it.
        self.window.forget();
        if let Probe::Whole(_) = self.probe(self.offset)? {
            return Ok(None);
        }
        if let Some(claimed_at) = claim {
            return Err(self.corrupt(self.offset, Flaw::Hole { claimed_at }));
        }
        Ok(Some(Cut { path: self.path.clone(), offset: self.offset, bytes: end - self.offset }))
    }

    /// The offset after the last byte behind the end that is not zero.
    pub(crate) fn stray_end(&mut self) -> Result<Option<u64>, JournalError> {
        self.window.last_nonzero(self.offset).map_err(failed("read", &self.path))
    }

    /// The place in `from..to` of a frame header that says the bytes at the walk's offset were durable. The header
    /// alone is enough: its checksum vouches for what it says, whatever became of its body.
    fn claim(&mut self, from: u64, to: u64) -> Result<Option<u64>, JournalError> {
        let mut at = from;
        while at < to {
            let bytes = self.window.ahead(at).map_err(failed("read", &self.path))?;
            let Some(found) = bytes.chunks_exact(8).position(|word| word == FRAME_MAGIC) else {
                at += (bytes.len() as u64 / 8 * 8).max(8);
                continue;
            };
            at += 8 * found as u64;
            let block = self.window.get(at, FRAME_HEADER).map_err(failed("read", &self.path))?;
            let frame = FrameHeader::decode(block);
            match frame.filter(|frame| frame.tag == self.tag && frame.offset == at && self.sound(frame)) {
                Some(frame) if frame.durable_to > self.offset => return Ok(Some(at)),
                Some(frame) => at = frame.end(),
                None => at += 8,
            }
        }
        Ok(None)
    }
}

/// A frame's length, which [`SegmentWalk::sound`] has bounded.
fn size(frame: &FrameHeader) -> usize {
    usize::try_from(frame.length).unwrap_or(usize::MAX)
}

/// Judges a frame with a good header by the rest of its bytes.
fn weigh(frame: FrameHeader, bytes: &[u8]) -> Probe {
    let trailer_at = bytes.len().saturating_sub(FRAME_TRAILER);
    let body = bytes.get(FRAME_HEADER..trailer_at).unwrap_or(&[]);
    let flaw = if bytes.get(trailer_at..) != Some(&frame.trailer()) {
        Flaw::FrameTrailer
    } else if crc32c::crc32c(body) != frame.body_crc {
        Flaw::FrameBody
    } else {
        return Probe::Whole(frame);
    };
    // The trailer's last byte is never written as zero, and the header counts the sectors that are.
    let cut_short = bytes.last().is_none_or(|&last| last == 0);
    if cut_short || blank_sectors(body, frame.offset + FRAME_HEADER as u64) > frame.blank {
        Probe::Torn(frame)
    } else {
        Probe::Damaged(flaw)
    }
}
