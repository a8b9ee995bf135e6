//! Writing: create, open, write, sync.

use std::path::{Path, PathBuf};

use crate::batch::Batch;
use crate::disk::{Disk, DiskFile, RealDisk};
use crate::error::JournalError;
use crate::files::{self, failed};
use crate::layout::{
    Digest, FRAME_BYTES_MAX, FRAMES_START, FrameHeader, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, SegmentHeader,
    Tip,
};
use crate::log::{Appended, Log, Outcome};
use crate::opening::{Opening, lock, remove_all};
use crate::prepare::{Preparation, Prepared, zero};
use crate::reader::{Limit, Reader};
use crate::verify::Recovery;

/// Bytes copied at a time.
const COPY_BYTES: usize = 64 << 10;

/// How a journal is laid out on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The size of a segment: a multiple of 4096 from [`SEGMENT_BYTES_MIN`] to [`SEGMENT_BYTES_MAX`]. A frame that
    /// is larger gets a segment that fits it.
    pub segment_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 16 << 20 }
    }
}

impl Options {
    pub(crate) fn check(&self) -> Result<(), JournalError> {
        let (given, min, max) = (self.segment_bytes, SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
        if (min..=max).contains(&given) && given % 4096 == 0 {
            Ok(())
        } else {
            Err(JournalError::SegmentSize { given, min, max })
        }
    }
}

/// A journal open for writing. It alone has the directory, until it is dropped.
///
/// Invariant: after a write or a sync has failed, nothing is written or read any more, and no sync is repeated.
#[derive(Debug)]
pub struct Journal<D: Disk = RealDisk> {
    disk: D,
    dir: PathBuf,
    options: Options,
    segment: Segment<D::File>,
    tip: Tip,
    durable_seq: u64,
    poisoned: bool,
    frame: Vec<u8>,
    next: Next<D::File>,
    // Last, so that it is let go after the file is closed.
    _lock: D::Lock,
}

/// What there is of the segment after the one being written.
#[derive(Debug)]
enum Next<F> {
    Nothing,
    /// Someone is making it.
    Away,
    Prepared(Prepared<F>),
}

/// The segment being written.
#[derive(Debug)]
struct Segment<F> {
    file: F,
    path: PathBuf,
    header: SegmentHeader,
    tag: u64,
    end: u64,
    durable_to: u64,
}

impl Journal<RealDisk> {
    /// Makes a journal in `dir`, which is made too if it is not there.
    ///
    /// # Errors
    /// `AlreadyExists` if there is one, `InUse` if another has the directory open, `SegmentSize`, `Io`.
    pub fn create(dir: impl AsRef<Path>, log_id: [u8; 16], options: Options) -> Result<Self, JournalError> {
        Self::create_on(RealDisk, dir, log_id, options)
    }

    /// Opens a journal: checks every byte of it, and cuts what a torn last write left behind.
    ///
    /// # Errors
    /// `NotFound`, `InUse`, `SegmentSize`, `Io`; `Corrupt`, `MissingSegment` or `UnknownVersion` if what was written
    /// is not what is there, and then nothing has been changed.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<(Self, Recovery), JournalError> {
        Self::open_on(RealDisk, dir, options)
    }
}

impl<D: Disk> Journal<D> {
    /// [`Journal::create`] on a disk of the caller's.
    ///
    /// # Errors
    /// As [`Journal::create`].
    pub fn create_on(
        disk: D,
        dir: impl AsRef<Path>,
        log_id: [u8; 16],
        options: Options,
    ) -> Result<Self, JournalError> {
        let dir = dir.as_ref();
        options.check()?;
        disk.create_dir(dir).map_err(failed("create", dir))?;
        let lock = lock(&disk, dir)?;
        let listing = files::list(&disk, dir)?;
        if listing.segments > 0 {
            return Err(JournalError::AlreadyExists { dir: dir.to_path_buf() });
        }
        remove_all(&disk, &listing.unfinished)?;
        let start = Tip::first(&log_id);
        let header = SegmentHeader { log_id, index: 1, capacity: options.segment_bytes, start };
        let prepared = Preparation::new(disk.clone(), dir.to_path_buf(), 1, header.capacity).zeros()?;
        let segment = Segment::begin(&disk, dir, header, prepared)?;
        Ok(Self::new(disk, dir, options, segment, start, lock))
    }

    /// [`Journal::open`] on a disk of the caller's.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_on(
        disk: D,
        dir: impl AsRef<Path>,
        options: Options,
    ) -> Result<(Self, Recovery), JournalError> {
        Opening::start(disk, dir, options)?.finish()
    }

    /// Takes up a log that `reader` has passed to its end, and makes what it found durable.
    pub(crate) fn take_up(
        disk: D,
        dir: &Path,
        options: Options,
        reader: &Reader<D>,
        lock: D::Lock,
    ) -> Result<Self, JournalError> {
        let segment = Segment::recover(&disk, dir, reader)?;
        Ok(Self::new(disk, dir, options, segment, *reader.walk().tip(), lock))
    }

    fn new(
        disk: D,
        dir: &Path,
        options: Options,
        segment: Segment<D::File>,
        tip: Tip,
        lock: D::Lock,
    ) -> Self {
        Self {
            disk,
            dir: dir.to_path_buf(),
            options,
            segment,
            tip,
            durable_seq: tip.next_seq - 1,
            poisoned: false,
            frame: Vec::new(),
            next: Next::Nothing,
            _lock: lock,
        }
    }

    /// Writes a seal and makes it durable: the last thing to do before a clean close.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub fn seal(&mut self, epoch: u64, outcome: Outcome) -> Result<Appended, JournalError> {
        self.append(self.tip.next_seq, epoch, outcome, &Batch::new())
    }

    /// The id given when the log was made.
    #[must_use]
    pub fn log_id(&self) -> [u8; 16] {
        self.segment.header.log_id
    }

    /// The time of the last record; `None` in an empty log.
    #[must_use]
    pub fn last_time_ns(&self) -> Option<i64> {
        (self.tip.next_seq > 1).then_some(self.tip.time)
    }

    /// Whether a write or sync has failed.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// The work of making the next segment ahead of its time, to be run anywhere and given back with
    /// [`Journal::adopt`]. `None` as long as less than a quarter of this segment is written, and where it has been
    /// given out already.
    pub fn preparation(&mut self) -> Option<Preparation<D>> {
        let SegmentHeader { index, capacity, .. } = self.segment.header;
        let due = self.segment.end - FRAMES_START >= (capacity - FRAMES_START) / 4;
        if self.poisoned || !due || !matches!(self.next, Next::Nothing) {
            return None;
        }
        self.next = Next::Away;
        let capacity = self.options.segment_bytes;
        Some(Preparation::new(self.disk.clone(), self.dir.clone(), index + 1, capacity))
    }

    /// Takes back what came of a [`Journal::preparation`].
    ///
    /// # Errors
    /// That which it ended with: the journal is poisoned, as by any failed write.
    pub fn adopt(&mut self, prepared: Result<Prepared<D::File>, JournalError>) -> Result<(), JournalError> {
        self.next = Next::Nothing;
        let prepared = self.or_poison(prepared)?;
        if prepared.index() == self.segment.header.index + 1 {
            self.next = Next::Prepared(prepared);
        }
        Ok(())
    }

    /// Removes a segment that was prepared and is not needed: before a stop, so that nothing is left behind. What a
    /// crash leaves behind is removed by the next opening.
    ///
    /// # Errors
    /// `Io`: the file could not be removed, which does no harm.
    pub fn discard(&mut self) -> Result<(), JournalError> {
        match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Nothing => Ok(()),
            Next::Away => {
                self.next = Next::Away;
                Ok(())
            }
            Next::Prepared(prepared) => remove_all(&self.disk, &[prepared.into_path()]),
        }
    }

    /// Whether a frame of this batch begins a new segment.
    #[must_use]
    pub fn rolls(&self, batch: &Batch) -> bool {
        self.segment.end + batch.frame_bytes() > self.segment.header.capacity
    }

    fn usable(&self) -> Result<(), JournalError> {
        if self.poisoned { Err(JournalError::Poisoned) } else { Ok(()) }
    }

    fn check(&self, expected: u64, epoch: u64, outcome: &Outcome, batch: &Batch) -> Result<(), JournalError> {
        let (actual, last) = (self.tip.next_seq, self.last_seq());
        if expected != actual {
            return Err(JournalError::SequenceMismatch { expected, actual });
        }
        if matches!(self.next, Next::Away) && self.rolls(batch) {
            return Err(JournalError::Preparing { index: self.segment.header.index + 1 });
        }
        if epoch < self.tip.epoch {
            return Err(JournalError::EpochWentBack { current: self.tip.epoch, given: epoch });
        }
        if outcome.seq > last {
            return Err(JournalError::OutcomeAhead { last, given: outcome.seq });
        }
        match batch.times() {
            Some((given, _)) if given < self.tip.time => {
                Err(JournalError::TimeWentBack { last: self.tip.time, given })
            }
            _ => Ok(()),
        }
    }

    /// Poisons the journal if `result` is a failure.
    fn or_poison<T>(&mut self, result: Result<T, JournalError>) -> Result<T, JournalError> {
        self.poisoned |= result.is_err();
        result
    }

    fn put(&mut self, mut header: FrameHeader, batch: &Batch) -> Result<Digest, JournalError> {
        if self.rolls(batch) {
            self.roll(batch.frame_bytes())?;
        }
        let segment = &mut self.segment;
        header.tag = segment.tag;
        header.offset = segment.end;
        header.durable_to = segment.durable_to;
        let block = header.finish(&self.tip.chain, batch.bytes());
        self.frame.clear();
        self.frame.extend_from_slice(&block);
        self.frame.extend_from_slice(batch.bytes());
        self.frame.extend_from_slice(&header.trailer());
        segment.file.write_at(&self.frame, segment.end).map_err(failed("write", &segment.path))?;
        segment.end = header.end();
        Ok(header.chain)
    }

    /// Goes on to a new segment. Invariant: a segment exists under its name only when everything before it is
    /// durable, so a torn frame can only be in the last.
    fn roll(&mut self, frame_bytes: u64) -> Result<(), JournalError> {
        self.flush()?;
        let capacity = self.options.segment_bytes.max((FRAMES_START + frame_bytes).next_multiple_of(4096));
        let SegmentHeader { log_id, index, .. } = self.segment.header;
        let header = SegmentHeader { log_id, index: index + 1, capacity, start: self.tip };
        let prepared = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Prepared(prepared) => prepared,
            Next::Nothing | Next::Away => {
                Preparation::new(self.disk.clone(), self.dir.clone(), header.index, capacity).zeros()?
            }
        };
        self.segment = Segment::begin(&self.disk, &self.dir, header, prepared)?;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        let segment = &mut self.segment;
        if segment.durable_to < segment.end {
            segment.file.sync_data().map_err(failed("sync", &segment.path))?;
            // Whoever moves the log away has it: what is acknowledged is in the log, and not in what was the log.
            if !self.disk.is_at(&segment.file, &segment.path).map_err(failed("look at", &segment.path))? {
                return Err(JournalError::Displaced { path: segment.path.clone() });
            }
            segment.durable_to = segment.end;
        }
        self.durable_seq = self.tip.next_seq - 1;
        Ok(())
    }
}

impl<D: Disk> Log for Journal<D> {
    type Reader = Reader<D>;

    fn write(
        &mut self,
        expected_seq: u64,
        epoch: u64,
        outcome: Outcome,
        batch: &Batch,
    ) -> Result<Appended, JournalError> {
        self.usable()?;
        self.check(expected_seq, epoch, &outcome, batch)?;
        let too_large = JournalError::FrameTooLarge { bytes: batch.frame_bytes(), max: FRAME_BYTES_MAX };
        let length = u32::try_from(batch.frame_bytes()).map_err(|_| too_large)?;
        let first_seq = self.tip.next_seq;
        let last_time = batch.times().map_or(self.tip.time, |(_, last)| last);
        let count = batch.count();
        let header =
            FrameHeader { length, count, first_seq, epoch, last_time, outcome, ..FrameHeader::default() };
        let written = self.put(header, batch);
        let chain = self.or_poison(written)?;
        self.tip = Tip { next_seq: first_seq + u64::from(count), epoch, time: last_time, chain };
        Ok(Appended { first_seq, last_seq: self.last_seq(), chain })
    }

    fn sync(&mut self) -> Result<u64, JournalError> {
        self.usable()?;
        let flushed = self.flush();
        self.or_poison(flushed)?;
        Ok(self.durable_seq)
    }

    fn last_seq(&self) -> u64 {
        self.tip.next_seq - 1
    }

    fn durable_seq(&self) -> u64 {
        self.durable_seq
    }

    fn epoch(&self) -> u64 {
        self.tip.epoch
    }

    fn chain(&self) -> Digest {
        self.tip.chain
    }

    fn read_from(&self, seq: u64) -> Result<Reader<D>, JournalError> {
        self.usable()?;
        let last = self.durable_seq;
        if seq > last + 1 {
            return Err(JournalError::BeyondEnd { seq, last });
        }
        let index = self.segment.header.index;
        let limit = Limit { segment: index, offset: self.segment.durable_to };
        Reader::start(self.disk.clone(), &self.dir, index, seq.max(1), Some(limit))
    }
}

/// Locks the segment that is written: it cannot be written by two, whatever becomes of the directory and its lock file.
fn hold<D: Disk>(disk: &D, file: &D::File, path: &Path) -> Result<(), JournalError> {
    let held = disk.hold(file).map_err(failed("lock", path))?;
    if held { Ok(()) } else { Err(JournalError::InUse { path: path.to_path_buf() }) }
}

impl<F: DiskFile> Segment<F> {
    /// Completes a segment under its other name, and only then names it.
    fn begin<D: Disk<File = F>>(
        disk: &D,
        dir: &Path,
        header: SegmentHeader,
        prepared: Prepared<F>,
    ) -> Result<Self, JournalError> {
        let path = files::segment_path(dir, header.index);
        let file = prepared.complete(&header)?;
        hold(disk, &file, &path)?;
        let unfinished = files::unfinished_path(dir, header.index);
        disk.rename(&unfinished, &path).map_err(failed("name", &path))?;
        disk.sync_dir(dir).map_err(failed("sync", dir))?;
        let tag = header.tag();
        Ok(Self { file, path, header, tag, end: FRAMES_START, durable_to: FRAMES_START })
    }

    /// Takes up the last segment of a log that `reader` has passed, and syncs it.
    ///
    /// A sync that failed in an earlier life may have left bytes that read well, count as clean, and are not on the
    /// medium; a second sync alone would not put them there. So all is written again: zeros from the end of the log
    /// to the end of the segment, whether or not there is anything to cut, and the frames that no later one vouches
    /// for. A sector that is there already gets the bytes it has.
    fn recover<D: Disk<File = F>>(disk: &D, dir: &Path, reader: &Reader<D>) -> Result<Self, JournalError> {
        let walk = reader.walk();
        let (header, path, end) = (*walk.header(), walk.path().to_path_buf(), walk.offset());
        let mut file = disk.open(&path, true).map_err(failed("open", &path))?;
        hold(disk, &file, &path)?;
        zero(&mut file, end, header.capacity).map_err(failed("write", &path))?;
        let mut bytes = vec![0; COPY_BYTES];
        let mut at = walk.durable_to();
        while at < end {
            let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(bytes.len());
            let bytes = bytes.get_mut(..length).unwrap_or(&mut []);
            file.read_at(bytes, at).map_err(failed("read", &path))?;
            file.write_at(bytes, at).map_err(failed("write", &path))?;
            at += length as u64;
        }
        file.sync_all().map_err(failed("sync", &path))?;
        disk.sync_dir(dir).map_err(failed("sync", dir))?;
        Ok(Self { file, path, header, tag: walk.tag(), end, durable_to: end })
    }
}
