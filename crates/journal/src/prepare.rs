//! A segment made ahead of its time.
//!
//! Most of the work of a new segment is to write zeros over it and to make them durable. None of that depends on what
//! is in the log, so it can be done elsewhere while frames are still written to the segment before. What depends on
//! it, the header block and the name, comes when the segment is begun: until then the file has its other name, and a
//! crash leaves nothing behind that an opening does not remove.

use std::path::PathBuf;

use crate::disk::{Disk, DiskFile};
use crate::error::JournalError;
use crate::files::{self, failed};
use crate::layout::SegmentHeader;

static ZEROS: [u8; 256 << 10] = [0; 256 << 10];

/// The work of making the next segment, cut off from its journal: see [`crate::Journal::preparation`].
#[derive(Debug)]
pub struct Preparation<D: Disk> {
    disk: D,
    dir: PathBuf,
    index: u64,
    capacity: u64,
}

/// A segment with nothing in it yet, under its other name: see [`crate::Journal::adopt`].
#[derive(Debug)]
pub struct Prepared<F> {
    file: F,
    path: PathBuf,
    index: u64,
    zeroed_to: u64,
}

impl<D: Disk> Preparation<D> {
    pub(crate) fn new(disk: D, dir: PathBuf, index: u64, capacity: u64) -> Self {
        Self { disk, dir, index, capacity }
    }

    /// Makes the file, writes zeros over all of it, and makes them durable.
    ///
    /// # Errors
    /// `Io`.
    pub fn run(self) -> Result<Prepared<D::File>, JournalError> {
        let mut prepared = self.zeros()?;
        prepared.file.sync_all().map_err(failed("sync", &prepared.path))?;
        Ok(prepared)
    }

    /// As [`Preparation::run`], for a segment that is begun at once: it is synced once, with its header.
    pub(crate) fn zeros(self) -> Result<Prepared<D::File>, JournalError> {
        let path = files::unfinished_path(&self.dir, self.index);
        let mut file = self.disk.create(&path).map_err(failed("create", &path))?;
        zero(&mut file, 0, self.capacity).map_err(failed("write", &path))?;
        Ok(Prepared { file, path, index: self.index, zeroed_to: self.capacity })
    }
}

impl<F: DiskFile> Prepared<F> {
    pub(crate) fn index(&self) -> u64 {
        self.index
    }

    pub(crate) fn into_path(self) -> PathBuf {
        self.path
    }

    /// Writes the header block, and zeros where the segment is to be larger than was thought; makes all of it durable.
    pub(crate) fn complete(self, header: &SegmentHeader) -> Result<F, JournalError> {
        let Self { mut file, path, zeroed_to, .. } = self;
        zero(&mut file, zeroed_to, header.capacity)
            .and_then(|()| file.write_at(&header.encode(), 0))
            .map_err(failed("write", &path))?;
        file.sync_all().map_err(failed("sync", &path))?;
        Ok(file)
    }
}

/// Writes zeros from one offset to another.
pub(crate) fn zero<F: DiskFile>(file: &mut F, from: u64, to: u64) -> std::io::Result<()> {
    let mut at = from;
    while at < to {
        let length = usize::try_from(to - at).unwrap_or(usize::MAX).min(ZEROS.len());
        file.write_at(ZEROS.get(..length).unwrap_or(&ZEROS), at)?;
        at += length as u64;
    }
    Ok(())
}
