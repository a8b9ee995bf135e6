//! Opening a journal frame by frame, so that a log is read once: for its checks and for what it says.

use std::path::{Path, PathBuf};

use crate::disk::Disk;
use crate::error::JournalError;
use crate::files::{self, failed};
use crate::journal::{Journal, Options};
use crate::log::Frames;
use crate::reader::{Frame, Reader};
use crate::verify::Recovery;

/// A journal that is being opened: it has the directory, and has changed nothing. Every frame it gives has been checked;
/// whether the log as a whole is sound is known when [`Opening::finish`] has returned, and what was made of its frames
/// until then must be thrown away if it fails.
pub struct Opening<D: Disk> {
    disk: D,
    dir: PathBuf,
    options: Options,
    unfinished: Vec<PathBuf>,
    reader: Reader<D>,
    records_before_last_segment: u64,
    // Last, so that it is let go after the files are closed.
    lock: D::Lock,
}

impl<D: Disk> Opening<D> {
    /// Takes the directory and looks at the first segment.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn start(disk: D, dir: impl AsRef<Path>, options: Options) -> Result<Self, JournalError> {
        let dir = dir.as_ref();
        options.check()?;
        // Looked at before the lock file is made: a directory without a journal is left as it is.
        if files::list(&disk, dir)?.segments == 0 {
            return Err(JournalError::NotFound { dir: dir.to_path_buf() });
        }
        let lock = lock(&disk, dir)?;
        let files::Listing { segments, unfinished } = files::list(&disk, dir)?;
        let reader = Reader::start(disk.clone(), dir, segments, 1, None)?;
        let records_before_last_segment = reader.records_before_last_segment()?;
        let dir = dir.to_path_buf();
        Ok(Self { disk, dir, options, unfinished, reader, records_before_last_segment, lock })
    }

    /// The id given when the log was made.
    #[must_use]
    pub fn log_id(&self) -> [u8; 16] {
        self.reader.walk().header().log_id
    }

    /// No fewer records than the log holds: those of all segments but the last.
    #[must_use]
    pub fn records_at_least(&self) -> u64 {
        self.records_before_last_segment
    }

    /// Checks what was not read yet, cuts what a torn last write left behind, and makes everything found durable.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn finish(mut self) -> Result<(Journal<D>, Recovery), JournalError> {
        while self.reader.advance()?.is_some() {}
        // Only now is it known that the log is sound, and only now is anything changed.
        remove_all(&self.disk, &self.unfinished)?;
        let journal = Journal::take_up(self.disk, &self.dir, self.options, &self.reader, self.lock)?;
        let recovery = Recovery::of(&self.reader, self.unfinished);
        Ok((journal, recovery))
    }
}

impl<D: Disk> Frames for Opening<D> {
    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, JournalError> {
        self.reader.next_frame()
    }
}

pub(crate) fn lock<D: Disk>(disk: &D, dir: &Path) -> Result<D::Lock, JournalError> {
    let path = files::lock_path(dir);
    disk.lock(&path).map_err(failed("lock", &path))?.ok_or(JournalError::InUse { path })
}

pub(crate) fn remove_all<D: Disk>(disk: &D, paths: &[PathBuf]) -> Result<(), JournalError> {
    paths.iter().try_for_each(|path| disk.remove(path).map_err(failed("remove", path)))
}
