//! The names in a journal's directory.

use std::io;
use std::path::{Path, PathBuf};

use crate::disk::Disk;
use crate::error::JournalError;

const SEGMENT: &str = ".hpj";
const UNFINISHED: &str = ".hpj.tmp";

/// The file of segment `index`: twenty digits, then `.hpj`.
pub(crate) fn segment_path(dir: &Path, index: u64) -> PathBuf {
    dir.join(format!("{index:020}{SEGMENT}"))
}

/// The name a segment has until it is whole.
pub(crate) fn unfinished_path(dir: &Path, index: u64) -> PathBuf {
    dir.join(format!("{index:020}{UNFINISHED}"))
}

pub(crate) fn lock_path(dir: &Path) -> PathBuf {
    dir.join("lock")
}

/// What a directory holds of a journal.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Segments 1 to this are there.
    pub(crate) segments: u64,
    /// Segments whose making was interrupted.
    pub(crate) unfinished: Vec<PathBuf>,
}

/// Lists the segments and sees that none is missing. Other names are left alone.
pub(crate) fn list<D: Disk>(disk: &D, dir: &Path) -> Result<Listing, JournalError> {
    let names = match disk.list(dir) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(failed("list", dir)(error)),
    };
    let mut indexes = Vec::new();
    let mut unfinished = Vec::new();
    for name in &names {
        if let Some(index) = name.strip_suffix(SEGMENT).and_then(index) {
            indexes.push(index);
        } else if name.strip_suffix(UNFINISHED).and_then(index).is_some() {
            unfinished.push(dir.join(name));
        }
    }
    indexes.sort_unstable();
    unfinished.sort_unstable();
    for (due, found) in (1_u64..).zip(&indexes) {
        if due != *found {
            return Err(JournalError::MissingSegment { path: segment_path(dir, due) });
        }
    }
    Ok(Listing { segments: indexes.len() as u64, unfinished })
}

fn index(stem: &str) -> Option<u64> {
    let digits = stem.len() == 20 && stem.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| stem.parse().ok()).flatten()
}

/// Says what was being done, and to what, when the system failed.
pub(crate) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Io { action, path: path.to_path_buf(), source }
}
