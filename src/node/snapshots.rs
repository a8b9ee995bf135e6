//! Snapshot files: written beside the log, used when a node opens. One that is damaged, foreign or ahead of the log is passed
//! over: the log is the truth.
//!
//! A node believes what its snapshot says, so a file ends with a hash under the node's own key: one that others have made is
//! passed over too, and told.
//!
//! A file is written and read in pieces, so that it needs no memory of its own size.

use crate::node::DataDir;
use crate::node::answers::{Answers, Entry, Settled};
use crate::node::keys::NodeKey;
use anyhow::{Context, Result};
use engine::snapshot::{Snapshot, SnapshotError};
use engine::{LogDigest, State};
use journal::{Disk, DiskFile, ReadAt};
use std::io;
use std::path::{Path, PathBuf};

/// Snapshots kept.
const KEPT: usize = 2;
/// The extension of a snapshot.
const SNAPSHOT: &str = "snap";
/// The extension of one that is being written.
const DRAFT: &str = "tmp";
/// What a file begins with; the last byte is the layout of what the engine's own snapshot does not cover.
const MAGIC: [u8; 8] = *b"HPNODE\0\x03";
/// Bytes before the engine's snapshot: magic, log id, length of the engine's snapshot, number of answers.
const HEAD: usize = 40;
/// Bytes of the seal at the end.
const TAIL: usize = 32;
/// Bytes written or read at a time.
const PIECE: usize = 1 << 20;
/// More than an answer takes.
const ANSWER_BYTES_MAX: usize = 256;

/// Where to start from.
pub(crate) struct Start {
    pub(crate) state: State,
    pub(crate) digest: LogDigest,
    pub(crate) answers: Answers,
}

/// A snapshot that is to be written: what the run loop gives away and goes on without.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) log_id: [u8; 16],
    pub(crate) snapshot: Snapshot,
    pub(crate) answers: Settled,
}

/// Who made a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seal {
    /// This node.
    Ours,
    /// Another, whoever that was.
    Foreign,
    /// Nobody can tell who has not the node's key.
    Unchecked,
}

/// Why a snapshot cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is not there any more.
    Gone,
    /// Another version wrote it: it says nothing to this one.
    OtherVersion,
    /// It is damaged, or of another log.
    Damaged,
}

/// The names in the folder with an extension, in order; none where there is no folder.
fn names<D: Disk>(disk: &D, dir: &DataDir, extension: &str) -> Vec<PathBuf> {
    let folder = dir.snapshots();
    let names = disk.list(&folder).unwrap_or_default();
    let mut files: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

/// The latest snapshot that this node has sealed and that can be used for a log; `last`, where it is known, is the log's last
/// record. `passed_over` gets those that lie there and were not believed.
pub(crate) fn latest<D: Disk>(
    disk: &D,
    dir: &DataDir,
    (log_id, key): ([u8; 16], &NodeKey),
    last: Option<u64>,
    passed_over: &mut Vec<PathBuf>,
) -> Option<Start> {
    passed_over.clear();
    for path in names(disk, dir, SNAPSHOT).into_iter().rev() {
        match read(disk, &path, log_id, Some(key)) {
            Ok((start, Seal::Ours)) if last.is_none_or(|last| start.state.sequence().0 <= last) => {
                return Some(start);
            }
            Ok((_, Seal::Ours)) | Err(Unread::Gone) => {}
            Ok(_) | Err(Unread::OtherVersion | Unread::Damaged) => passed_over.push(path),
        }
    }
    None
}

/// A snapshot as it was found: what it says and who made it, or why it says nothing.
pub(crate) type Found = (PathBuf, Result<(Start, Seal), Unread>);

/// Every snapshot of a log, oldest first. One that a running node has removed meanwhile is none.
pub(crate) fn all<D: Disk>(disk: &D, dir: &DataDir, log_id: [u8; 16], key: Option<&NodeKey>) -> Vec<Found> {
    let all =
        names(disk, dir, SNAPSHOT).into_iter().map(|path| (path.clone(), read(disk, &path, log_id, key)));
    all.filter(|(_, read)| !matches!(read, Err(Unread::Gone))).collect()
}

/// The records at which snapshots stand, as their names say; oldest first.
pub(crate) fn records<D: Disk>(disk: &D, dir: &DataDir) -> Vec<u64> {
    let stem = |path: &PathBuf| path.file_stem()?.to_str()?.parse().ok();
    names(disk, dir, SNAPSHOT).iter().filter_map(stem).collect()
}

/// Whether there is any snapshot.
pub(crate) fn any<D: Disk>(disk: &D, dir: &DataDir) -> bool {
    !names(disk, dir, SNAPSHOT).is_empty()
}

/// A file from an offset on, a piece at a time.
struct Source<'a, F> {
    file: &'a F,
    at: u64,
    end: u64,
    bytes: Vec<u8>,
    used: usize,
}

impl<'a, F: ReadAt> Source<'a, F> {
    fn new(file: &'a F, end: u64) -> Self {
        Self { file, at: 0, end, bytes: Vec::new(), used: 0 }
    }

    /// At least so many bytes, fewer only at the end.
    fn ahead(&mut self, wanted: usize) -> Option<&[u8]> {
        if self.bytes.len() - self.used < wanted && self.at < self.end {
            self.bytes.drain(..self.used);
            self.used = 0;
            let held = self.bytes.len();
            let left = usize::try_from(self.end - self.at).ok()?;
            self.bytes.resize(held + wanted.max(PIECE).min(left), 0);
            let read = self.file.read_at(&mut self.bytes[held..], self.at).ok()?;
            if held + read != self.bytes.len() {
                return None;
            }
            self.at += read as u64;
        }
        Some(&self.bytes[self.used..])
    }

    fn exactly(&mut self, wanted: usize) -> Option<&[u8]> {
        self.ahead(wanted)?;
        let from = self.used;
        self.used += wanted;
        self.bytes.get(from..from + wanted)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.exactly(8)?.try_into().ok()?))
    }

    fn entry(&mut self) -> Option<Entry> {
        let mut bytes = self.ahead(ANSWER_BYTES_MAX)?;
        let length = bytes.len();
        let entry = Entry::decode(&mut bytes)?;
        let used = length - bytes.len();
        self.used += used;
        Some(entry)
    }
}

/// Whether a file ends with the seal of what stands before.
fn is_sealed<F: ReadAt>(file: &F, end: u64, key: &NodeKey) -> Option<bool> {
    let (mut source, mut hasher) = (Source::new(file, end), key.seal());
    while source.at < end {
        let bytes = source.ahead(PIECE)?;
        hasher.update(bytes);
        source.used = source.bytes.len();
    }
    let mut seal = [0; TAIL];
    file.read_at(&mut seal, end).ok()?;
    // In constant time: how much of a seal is right is nobody's to learn.
    Some(hasher.finalize() == blake3::Hash::from_bytes(seal))
}

fn read<D: Disk>(
    disk: &D,
    path: &Path,
    log_id: [u8; 16],
    key: Option<&NodeKey>,
) -> Result<(Start, Seal), Unread> {
    let file = disk.open(path, false).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Unread::Gone,
        _ => Unread::Damaged,
    })?;
    let size = file.size().map_err(|_| Unread::Damaged)?;
    let end = size.checked_sub(TAIL as u64).filter(|end| *end >= HEAD as u64).ok_or(Unread::Damaged)?;
    let mut source = Source::new(&file, end);
    let magic = source.exactly(8).ok_or(Unread::Damaged)?;
    if magic != MAGIC {
        return Err(if magic[..7] == MAGIC[..7] { Unread::OtherVersion } else { Unread::Damaged });
    }
    if source.exactly(16).is_none_or(|found| found != log_id) {
        return Err(Unread::Damaged);
    }
    let seal = match key.map(|key| is_sealed(&file, end, key).ok_or(Unread::Damaged)).transpose()? {
        Some(true) => Seal::Ours,
        Some(false) => Seal::Foreign,
        None => Seal::Unchecked,
    };
    Ok((contents_of(&mut source, end, log_id)?, seal))
}

fn contents_of<F: ReadAt>(source: &mut Source<'_, F>, end: u64, log_id: [u8; 16]) -> Result<Start, Unread> {
    let mut parts = || {
        let (length, count) = (source.number()?, source.number()?);
        let length = usize::try_from(length).ok().filter(|_| length <= end)?;
        Some((Snapshot::decode(source.exactly(length)?), count))
    };
    let (decoded, count) = parts().ok_or(Unread::Damaged)?;
    let Snapshot { state, digest } = decoded.map_err(|error| match error {
        SnapshotError::Foreign => Unread::OtherVersion,
        SnapshotError::Damaged | SnapshotError::Encoding => Unread::Damaged,
    })?;
    let answers = Answers::restore(log_id, (0..count).map(|_| source.entry())).ok_or(Unread::Damaged)?;
    let whole = answers.len() as u64 == state.sequence().0;
    if whole { Ok(Start { state, digest, answers }) } else { Err(Unread::Damaged) }
}

/// A file being written, a piece at a time.
struct Sink<F> {
    file: F,
    at: u64,
    bytes: Vec<u8>,
    hasher: blake3::Hasher,
}

impl<F: DiskFile> Sink<F> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hasher.update(&self.bytes);
        for piece in self.bytes.chunks(PIECE) {
            self.file.write_at(piece, self.at)?;
            self.at += piece.len() as u64;
        }
        self.bytes.clear();
        Ok(())
    }
}

impl Draft {
    /// The record it stands at.
    pub(crate) fn record(&self) -> u64 {
        self.snapshot.state.sequence().0
    }

    /// Writes the snapshot whole or not at all, and removes all but the last ones. Gives its size.
    ///
    /// # Errors
    /// It could not be written, which loses nothing.
    pub(crate) fn write<D: Disk>(self, disk: &D, dir: &DataDir, key: &NodeKey) -> Result<u64> {
        let path = dir.snapshots().join(format!("{:020}.{SNAPSHOT}", self.record()));
        let Self { log_id, snapshot, answers } = self;
        let encoded = snapshot.encode()?;
        drop(snapshot);
        let written = place(disk, dir, &path, |file| contents(file, (log_id, key), &encoded, &answers));
        let bytes = written.with_context(|| format!("cannot write {}", path.display()))?;
        let files = names(disk, dir, SNAPSHOT);
        for old in files.iter().take(files.len().saturating_sub(KEPT)) {
            let _ = disk.remove(old);
        }
        Ok(bytes)
    }
}

fn contents<F: DiskFile>(
    file: F,
    (log_id, key): ([u8; 16], &NodeKey),
    encoded: &[u8],
    answers: &Settled,
) -> io::Result<(F, u64)> {
    let (bytes, hasher) = (Vec::with_capacity(2 * PIECE), key.seal());
    let mut sink = Sink { file, at: 0, bytes, hasher };
    sink.put(&MAGIC)?;
    sink.put(&log_id)?;
    sink.put(&(encoded.len() as u64).to_le_bytes())?;
    sink.put(&(answers.len() as u64).to_le_bytes())?;
    sink.put(encoded)?;
    for entry in answers.iter() {
        entry.encode(&mut sink.bytes).map_err(io::Error::other)?;
        sink.put(&[])?;
    }
    sink.flush()?;
    let digest = sink.hasher.finalize();
    sink.put(digest.as_bytes())?;
    sink.flush()?;
    Ok((sink.file, sink.at))
}

/// Writes a file under another name, makes it durable, and only then names it.
fn place<D: Disk>(
    disk: &D,
    dir: &DataDir,
    path: &Path,
    write: impl FnOnce(D::File) -> io::Result<(D::File, u64)>,
) -> io::Result<u64> {
    let folder = dir.snapshots();
    disk.create_dir(&folder)?;
    for draft in names(disk, dir, DRAFT) {
        // What an interrupted life was writing.
        disk.remove(&draft)?;
    }
    let draft = path.with_extension(DRAFT);
    let (mut file, bytes) = write(disk.create(&draft)?)?;
    file.sync_all()?;
    disk.rename(&draft, path)?;
    disk.sync_dir(&folder)?;
    Ok(bytes)
}
