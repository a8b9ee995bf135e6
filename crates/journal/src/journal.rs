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
use crate::reader::{Limit, Reader};
use crate::verify::Recovery;

static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

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
    fn check(&self) -> Result<(), JournalError> {
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
    // Last, so that it is let go after the file is closed.
    _lock: D::Lock,
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
        let segment = Segment::create(&disk, dir, header)?;
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
        let dir = dir.as_ref();
        options.check()?;
        // Looked at before the lock file is made: a directory without a journal is left as it is.
        if files::list(&disk, dir)?.segments == 0 {
            return Err(JournalError::NotFound { dir: dir.to_path_buf() });
        }
        let lock = lock(&disk, dir)?;
        let listing = files::list(&disk, dir)?;
        let mut reader = Reader::start(disk.clone(), dir, listing.segments, 1, None)?;
        while reader.advance()?.is_some() {}
        // Only now is it known that the log is sound, and only now is anything changed.
        remove_all(&disk, &listing.unfinished)?;
        let segment = Segment::recover(&disk, dir, &reader)?;
        let tip = *reader.walk().tip();
        let recovery = Recovery::of(&reader, listing.unfinished);
        Ok((Self::new(disk, dir, options, segment, tip, lock), recovery))
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

    fn usable(&self) -> Result<(), JournalError> {
        if self.poisoned { Err(JournalError::Poisoned) } else { Ok(()) }
    }

    fn check(&self, expected: u64, epoch: u64, outcome: &Outcome, batch: &Batch) -> Result<(), JournalError> {
        let (actual, last) = (self.tip.next_seq, self.last_seq());
        if expected != actual {
            return Err(JournalError::SequenceMismatch { expected, actual });
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
        if self.segment.end + batch.frame_bytes() > self.segment.header.capacity {
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
        self.segment = Segment::create(&self.disk, &self.dir, header)?;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        let segment = &mut self.segment;
        if segment.durable_to < segment.end {
            segment.file.sync_data().map_err(failed("sync", &segment.path))?;
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

impl<F: DiskFile> Segment<F> {
    /// Makes a segment under another name, all its bytes written and durable, and only then names it.
    fn create<D: Disk<File = F>>(disk: &D, dir: &Path, header: SegmentHeader) -> Result<Self, JournalError> {
        let unfinished = files::unfinished_path(dir, header.index);
        let path = files::segment_path(dir, header.index);
        let mut file = disk.create(&unfinished).map_err(failed("create", &unfinished))?;
        zero(&mut file, 0, header.capacity)
            .and_then(|()| file.write_at(&header.encode(), 0))
            .map_err(failed("write", &unfinished))?;
        file.sync_all().map_err(failed("sync", &unfinished))?;
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
        zero(&mut file, end, header.capacity).map_err(failed("write", &path))?;
        let mut bytes = vec![0; ZEROS.len()];
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

fn zero<F: DiskFile>(file: &mut F, from: u64, to: u64) -> std::io::Result<()> {
    let mut at = from;
    while at < to {
        let length = usize::try_from(to - at).unwrap_or(usize::MAX).min(ZEROS.len());
        file.write_at(ZEROS.get(..length).unwrap_or(&ZEROS), at)?;
        at += length as u64;
    }
    Ok(())
}

fn lock<D: Disk>(disk: &D, dir: &Path) -> Result<D::Lock, JournalError> {
    let path = files::lock_path(dir);
    disk.lock(&path).map_err(failed("lock", &path))?.ok_or(JournalError::InUse { path })
}

fn remove_all<D: Disk>(disk: &D, paths: &[PathBuf]) -> Result<(), JournalError> {
    paths.iter().try_for_each(|path| disk.remove(path).map_err(failed("remove", path)))
}
