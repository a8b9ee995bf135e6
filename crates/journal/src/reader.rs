//! From segment to segment through a log.

use std::path::{Path, PathBuf};

use crate::batch::Records;
use crate::disk::Disk;
use crate::error::{Flaw, JournalError};
use crate::files;
use crate::layout::{Digest, FrameHeader, Tip};
use crate::log::{Frames, Outcome};
use crate::walk::{Cut, SegmentWalk, Step};

/// One frame, as read. It borrows the reader's buffer.
#[derive(Debug, Clone)]
pub struct Frame<'a> {
    /// The number of the frame's first record; of the record to come, if it has none.
    pub first_seq: u64,
    /// How many records it has. Zero makes it a seal.
    pub count: u32,
    /// Its epoch.
    pub epoch: u64,
    /// The time of its last record; of the record ahead, if it has none; `i64::MIN` if there is none at all.
    pub last_time_ns: i64,
    /// The outcome the writer gave with it.
    pub outcome: Outcome,
    /// The chain digest after it.
    pub chain: Digest,
    body: &'a [u8],
    from: u64,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(header: &FrameHeader, body: &'a [u8], from: u64) -> Self {
        Self {
            first_seq: header.first_seq,
            count: header.count,
            epoch: header.epoch,
            last_time_ns: header.last_time,
            outcome: header.outcome,
            chain: header.chain,
            body,
            from,
        }
    }

    /// Its records. Those below the number the read was asked to start from are left out.
    #[must_use]
    pub fn records(&self) -> Records<'a> {
        Records::new(self.body, self.first_seq, self.from)
    }

    /// Whether it is a seal: no records, only an outcome.
    #[must_use]
    pub fn is_seal(&self) -> bool {
        self.count == 0
    }
}

/// What a reader has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) segments: u64,
    pub(crate) frames: u64,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) stray_bytes: u64,
    pub(crate) sealed: bool,
    pub(crate) outcome: Outcome,
}

/// Where a reader must stop: the segment and the offset in it that were durable when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) segment: u64,
    pub(crate) offset: u64,
}

/// Streams frames, every check made on each, one frame in memory at a time.
#[derive(Debug)]
pub struct Reader<D: Disk> {
    disk: D,
    dir: PathBuf,
    segments: u64,
    from: u64,
    limit: Option<Limit>,
    walk: SegmentWalk<D::File>,
    next: Option<SegmentWalk<D::File>>,
    done: bool,
    cut: Option<Cut>,
    counts: Counts,
}

impl<D: Disk> Reader<D> {
    /// A reader of the first `segments` segments, from record `from`, up to `limit` or to the last whole frame.
    pub(crate) fn start(
        disk: D,
        dir: &Path,
        segments: u64,
        from: u64,
        limit: Option<Limit>,
    ) -> Result<Self, JournalError> {
        let first = segment_with(&disk, dir, segments, from)?;
        let walk = open_segment(&disk, dir, first, from)?;
        let header = walk.header();
        if first == 1 && header.start != Tip::first(&header.log_id) {
            return Err(walk.corrupt(0, Flaw::SegmentStart));
        }
        let counts = Counts { segments: 1, ..Counts::default() };
        let dir = dir.to_path_buf();
        let (done, cut, next) = (false, None, None);
        let mut reader = Self { disk, dir, segments, from, limit, walk, next, done, cut, counts };
        reader.open_next()?;
        Ok(reader)
    }

    /// The id given when the log was made.
    #[must_use]
    pub fn log_id(&self) -> [u8; 16] {
        self.walk.header().log_id
    }

    fn open_next(&mut self) -> Result<(), JournalError> {
        let here = self.walk.header();
        if here.index < self.segments {
            let next = open_segment(&self.disk, &self.dir, here.index + 1, self.walk.tip().next_seq)?;
            if next.header().log_id != here.log_id {
                return Err(next.corrupt(0, Flaw::SegmentMisplaced));
            }
            self.next = Some(next);
        }
        Ok(())
    }

    /// Goes past the next frame that is asked for.
    pub(crate) fn advance(&mut self) -> Result<Option<FrameHeader>, JournalError> {
        while !self.done {
            let here = Limit { segment: self.walk.header().index, offset: self.walk.offset() };
            if self.limit == Some(here) {
                self.done = true;
                break;
            }
            match self.walk.step(self.next.as_ref().map(|next| &next.header().start))? {
                Step::Frame(frame) => {
                    self.count(&frame);
                    if frame.next_seq() > self.from || (frame.count == 0 && frame.first_seq >= self.from) {
                        return Ok(Some(frame));
                    }
                }
                Step::End { search_from } => self.end_segment(search_from)?,
            }
        }
        Ok(None)
    }

    fn count(&mut self, frame: &FrameHeader) {
        self.counts.frames += 1;
        self.counts.records += u64::from(frame.count);
        self.counts.bytes += u64::from(frame.length);
        self.counts.sealed = frame.count == 0;
        self.counts.outcome = frame.outcome;
    }

    fn end_segment(&mut self, search_from: u64) -> Result<(), JournalError> {
        let offset = self.walk.offset();
        if let Some(next) = self.next.take() {
            if next.header().start != *self.walk.tip() {
                return Err(next.corrupt(0, Flaw::SegmentStart));
            }
            self.counts.stray_bytes += self.walk.stray_end()?.map_or(0, |end| end - offset);
            self.counts.segments += 1;
            self.walk = next;
            return self.open_next();
        }
        if self.limit.is_some() {
            // Everything up to the limit was durable, and is no longer there.
            return Err(self.walk.corrupt(offset, Flaw::Unwritten));
        }
        self.cut = self.walk.tail(search_from)?;
        self.done = true;
        Ok(())
    }

    /// What a torn write left behind the last frame. Known once [`Frames::next_frame`] has given `None`; always
    /// `None` for the reader of an open journal, which stops at what is durable.
    #[must_use]
    pub fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    /// The records of all segments but the last, as the last one's header says.
    pub(crate) fn records_before_last_segment(&self) -> Result<u64, JournalError> {
        let last = open_segment(&self.disk, &self.dir, self.segments, 1)?;
        Ok(last.header().start.next_seq - 1)
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(crate) fn walk(&self) -> &SegmentWalk<D::File> {
        &self.walk
    }
}

impl<D: Disk> Frames for Reader<D> {
    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, JournalError> {
        let Some(header) = self.advance()? else {
            return Ok(None);
        };
        Ok(Some(Frame::new(&header, self.walk.body(&header), self.from)))
    }
}

fn open_segment<D: Disk>(
    disk: &D,
    dir: &Path,
    index: u64,
    seq: u64,
) -> Result<SegmentWalk<D::File>, JournalError> {
    let path = files::segment_path(dir, index);
    let file = disk.open(&path, false).map_err(files::failed("open", &path))?;
    let walk = SegmentWalk::open(file, path, seq)?;
    if walk.header().index != index {
        return Err(walk.corrupt(0, Flaw::SegmentMisplaced));
    }
    Ok(walk)
}

/// The last segment that starts at or before record `from`; the first for the whole log, because empty segments may
/// lie before the one with record 1.
fn segment_with<D: Disk>(disk: &D, dir: &Path, segments: u64, from: u64) -> Result<u64, JournalError> {
    if from <= 1 {
        return Ok(1);
    }
    let (mut low, mut high) = (1, segments);
    while low < high {
        let middle = high - (high - low) / 2;
        if open_segment(disk, dir, middle, from)?.header().start.next_seq <= from {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(low)
}

/// What a walk over one segment's bytes finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReport {
    /// The log the segment belongs to.
    pub log_id: [u8; 16],
    /// The segment's number.
    pub index: u64,
    /// Whole frames.
    pub frames: u64,
    /// Records in them.
    pub records: u64,
    /// The chain digest after the last.
    pub chain: Digest,
    /// What a torn write left behind the last.
    pub cut: Option<Cut>,
}

/// Checks one segment in memory as if it were a log's last. The bytes may be anything: this is the entry for a
/// fuzzer, and for a verifier that has only the file.
///
/// # Errors
/// `Corrupt` or `UnknownVersion`, with the path `<memory>`.
pub fn check_segment(bytes: &[u8]) -> Result<SegmentReport, JournalError> {
    let mut walk = SegmentWalk::open(bytes, PathBuf::from("<memory>"), 0)?;
    let (mut frames, mut records) = (0, 0);
    let search_from = loop {
        match walk.step(None)? {
            Step::End { search_from } => break search_from,
            Step::Frame(header) => {
                frames += 1;
                records += Frame::new(&header, walk.body(&header), 0).records().count() as u64;
            }
        }
    };
    let cut = walk.tail(search_from)?;
    let (log_id, index) = (walk.header().log_id, walk.header().index);
    Ok(SegmentReport { log_id, index, frames, records, chain: walk.tip().chain, cut })
}
