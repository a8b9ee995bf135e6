//! Backups: a copy of a log that can be taken while its node runs, and that proves itself.
//!
//! ```text
//! BACKUP/journal/…    the segments, the last one up to its last whole frame
//! BACKUP/snapshots/…  snapshots, which save time when the log is opened again
//! BACKUP/heads.jsonl  the signed heads of the log that the node has kept
//! BACKUP/node.key     the node's private key, only where it was asked for
//! BACKUP/backup.json  what belongs to it: written last, so that what has none is no backup
//! ```
//!
//! Why it is consistent: a segment that is not the last never changes; frames of the last are only added, so what lies before the
//! last whole one is a log of its own; that much is synced before it counts, so that the node cannot come back from a crash with
//! less than a backup of it has; snapshots and heads are copied before the log, so that none is ahead of it.

mod manifest;
mod restore;
mod take;

pub use manifest::{Filed, Manifest};
pub use restore::restore;
pub use take::{Taken, take};

use crate::node::HEADS;
use anyhow::{Context, Result, bail};
use journal::{Disk, RealDisk};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

/// The folder of the segments.
const JOURNAL: &str = "journal";
/// The folder of the snapshots.
const SNAPSHOTS: &str = "snapshots";
/// The node's private key.
const KEY: &str = "node.key";
/// Bytes copied at a time.
const PIECE: usize = 1 << 20;

/// Told how far the work is, and how far it goes.
pub type Progress<'a> = dyn FnMut(u64, u64) + 'a;

/// Makes a folder, or takes one that is empty.
fn claim(folder: &Path) -> Result<()> {
    match fs::read_dir(folder) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                bail!("{} is not empty: name a folder that is, or is not there yet", folder.display());
            }
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make(folder),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", folder.display())),
    }
}

/// Makes a folder for its owner alone, and those above it.
fn make(folder: &Path) -> Result<()> {
    RealDisk.create_dir(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// Makes a file for its owner alone.
fn create(path: &Path) -> Result<File> {
    RealDisk.create(path).with_context(|| format!("cannot make {}", path.display()))
}

/// Copies a file into a new one that is durable when this is done. Gives its size, and its BLAKE3 digest in hexadecimal.
fn copy(mut file: File, source: &Path, target: &Path, copied: &mut dyn FnMut(u64)) -> Result<(u64, String)> {
    let (mut made, mut hasher) = (create(target)?, blake3::Hasher::new());
    let (mut piece, mut bytes) = (vec![0; PIECE], 0);
    loop {
        let read = file.read(&mut piece).with_context(|| format!("cannot read {}", source.display()))?;
        let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else { break };
        hasher.update(read);
        made.write_all(read).with_context(|| format!("cannot write {}", target.display()))?;
        bytes += read.len() as u64;
        copied(read.len() as u64);
    }
    made.sync_all().with_context(|| format!("cannot sync {}", target.display()))?;
    Ok((bytes, hasher.finalize().to_hex().to_string()))
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.with_context(|| format!("cannot sync {}", folder.display()))
}

/// The names in a folder with an extension, in order; none where there is no folder.
fn names(folder: &Path, extension: &str) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.with_context(|| format!("cannot read {}", folder.display()))?.file_name();
        if let Some(name) = name.to_str()
            && Path::new(name).extension().is_some_and(|found| found == extension)
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}
