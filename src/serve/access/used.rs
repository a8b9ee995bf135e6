//! What is accepted once: signatures that opened a stream, one-time codes. Each is remembered as long as it would be accepted, in a file
//! beside the log, and is in the file before it is accepted: the node that starts next knows it too. Commands need no such memory: the
//! log holds their ids.
//!
//! An entry has 40 bytes: until when it counts, in milliseconds since 1970, little endian, and the digest of what was used.

use anyhow::{Context, Result};
use journal::{Disk, RealDisk};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The name of the file, in the data directory.
const FILE: &str = "used";
/// And of the one that takes its place.
const NEXT: &str = "used.next";
const ENTRY: usize = 40;
/// Entries after which a file is written anew.
const MORE: usize = 4_096;

struct Inside {
    path: PathBuf,
    file: File,
    /// Until when each counts.
    kept: HashMap<[u8; 32], i64>,
    /// Entries in the file, those that are over too.
    written: usize,
    /// At so many it is written anew, without those.
    anew_at: usize,
}

/// See the module.
pub struct Used {
    inside: Arc<Mutex<Inside>>,
    /// Without the file of the node before, nothing from before this one is accepted.
    since_ms: Option<i64>,
}

impl Used {
    /// What was used with a data directory, as of a time in milliseconds since 1970.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn open(data: &Path, now_ms: i64) -> Result<Self> {
        let path = data.join(FILE);
        let (bytes, since_ms) = match fs::read(&path) {
            Ok(bytes) => (bytes, None),
            Err(error) if error.kind() == ErrorKind::NotFound => (Vec::new(), Some(now_ms)),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        // What a fall of the machine left half written was not accepted.
        let kept = bytes.chunks_exact(ENTRY).filter_map(read).filter(|(_, until)| *until >= now_ms).collect();
        let file = anew(&path, &kept).with_context(|| format!("cannot write {}", path.display()))?;
        let written = kept.len();
        let inside = Inside { path, file, kept, written, anew_at: written + MORE };
        Ok(Self { inside: Arc::new(Mutex::new(inside)), since_ms })
    }

    /// Whether what is from a time, in milliseconds, may have been used with a node that left no word of it.
    #[must_use]
    pub fn is_before(&self, ms: i64) -> bool {
        self.since_ms.is_some_and(|since| ms < since)
    }

    /// Uses something that would be accepted until a time, in milliseconds. False where it was used before.
    ///
    /// # Errors
    /// It could not be written down.
    pub async fn is_new(&self, what: [u8; 32], now_ms: i64, until_ms: i64) -> Result<bool> {
        let inside = Arc::clone(&self.inside);
        let used = tokio::task::spawn_blocking(move || locked(&inside).take(what, now_ms, until_ms));
        used.await.context("what was used was not written down")?
    }
}

fn locked(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inside {
    fn take(&mut self, what: [u8; 32], now_ms: i64, until_ms: i64) -> Result<bool> {
        if self.kept.get(&what).is_some_and(|until| *until >= now_ms) {
            return Ok(false);
        }
        if self.written >= self.anew_at {
            self.kept.retain(|_, until| *until >= now_ms);
            self.file = anew(&self.path, &self.kept).context("what was used cannot be written anew")?;
            self.written = self.kept.len();
            self.anew_at = self.written + MORE;
        }
        self.file.write_all(&entry(&what, until_ms)).context("what was used cannot be written down")?;
        self.file.sync_data().context("what was used cannot be written down")?;
        self.written += 1;
        self.kept.insert(what, until_ms);
        Ok(true)
    }
}

fn entry(what: &[u8; 32], until_ms: i64) -> [u8; ENTRY] {
    let mut bytes = [0; ENTRY];
    bytes[..8].copy_from_slice(&until_ms.to_le_bytes());
    bytes[8..].copy_from_slice(what);
    bytes
}

fn read(bytes: &[u8]) -> Option<([u8; 32], i64)> {
    let (until, what) = bytes.split_first_chunk::<8>()?;
    Some((what.try_into().ok()?, i64::from_le_bytes(*until)))
}

/// A file of what is kept, in the place of the one before.
fn anew(path: &Path, kept: &HashMap<[u8; 32], i64>) -> std::io::Result<File> {
    let next = path.with_file_name(NEXT);
    match fs::remove_file(&next) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = RealDisk.create(&next)?;
    let all: Vec<u8> = kept.iter().flat_map(|(what, until)| entry(what, *until)).collect();
    file.write_all(&all)?;
    file.sync_all()?;
    fs::rename(&next, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_used_is_known_to_the_next_node() {
        let data = tempfile::tempdir().unwrap();
        let used = Used::open(data.path(), 1_000).unwrap();
        assert!(used.is_before(999) && !used.is_before(1_000), "nobody left word of what was before");
        assert!(used.is_new([1; 32], 1_000, 2_000).await.unwrap());
        assert!(!used.is_new([1; 32], 1_500, 2_500).await.unwrap());
        assert!(used.is_new([2; 32], 1_500, 9_000).await.unwrap());
        drop(used);
        // Half an entry, as a fall leaves it.
        let path = data.path().join(FILE);
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend([7; 13]);
        fs::write(&path, &bytes).unwrap();
        let used = Used::open(data.path(), 1_800).unwrap();
        assert!(!used.is_before(0));
        assert!(!used.is_new([1; 32], 1_800, 2_000).await.unwrap());
        assert!(!used.is_new([2; 32], 1_800, 9_000).await.unwrap());
        assert!(used.is_new([1; 32], 2_001, 3_000).await.unwrap(), "it would not be accepted any more");
        assert_eq!(fs::metadata(&path).unwrap().len() % 40, 0);
    }

    #[tokio::test]
    async fn the_file_does_not_grow_for_ever() {
        let data = tempfile::tempdir().unwrap();
        let used = Used::open(data.path(), 0).unwrap();
        {
            let mut inside = locked(&used.inside);
            // As after many entries that are over.
            inside.written = MORE;
            inside.kept.insert([9; 32], 5);
        }
        assert!(used.is_new([1; 32], 10, 20).await.unwrap());
        assert_eq!(fs::metadata(data.path().join(FILE)).unwrap().len(), 40);
        assert!(!used.is_new([1; 32], 10, 20).await.unwrap());
    }
}
