//! Snapshot files: written beside the log when a node closes, used when it opens. One that is damaged, foreign or ahead of the
//! log is passed over: the log is the truth.

use crate::node::{Answer, Answers, DataDir};
use anyhow::{Context, Result};
use base::ParticipantId;
use engine::{ClientId, LogDigest, State, snapshot::Snapshot};
use journal::{Disk, DiskFile, ReadAt};
use std::io;
use std::path::{Path, PathBuf};

/// Snapshots kept.
const KEPT: usize = 2;
/// The extension of a snapshot.
const SNAPSHOT: &str = "snap";
/// The extension of one that is being written.
const DRAFT: &str = "tmp";

/// Where to start from.
pub(crate) struct Start {
    pub(crate) state: State,
    pub(crate) digest: LogDigest,
    pub(crate) answers: Answers,
}

type Contents = ([u8; 16], Vec<u8>, Vec<((ParticipantId, ClientId), Answer)>);

/// The names in the folder with an extension, in order; none where there is no folder.
fn names<D: Disk>(disk: &D, dir: &DataDir, extension: &str) -> Vec<PathBuf> {
    let folder = dir.snapshots();
    let mut files: Vec<PathBuf> =
        disk.list(&folder).unwrap_or_default().iter().map(|name| folder.join(name)).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

/// The latest snapshot that can be used for a log.
pub(crate) fn latest<D: Disk>(disk: &D, dir: &DataDir, log_id: [u8; 16], last: u64) -> Option<Start> {
    let usable = |path: &PathBuf| read(disk, path, log_id).filter(|start| start.state.sequence().0 <= last);
    names(disk, dir, SNAPSHOT).iter().rev().find_map(usable)
}

/// Every snapshot of a log that can be read, oldest first.
pub(crate) fn all<D: Disk>(disk: &D, dir: &DataDir, log_id: [u8; 16]) -> Vec<(PathBuf, Option<Start>)> {
    names(disk, dir, SNAPSHOT).into_iter().map(|path| (path.clone(), read(disk, &path, log_id))).collect()
}

fn read<D: Disk>(disk: &D, path: &Path, log_id: [u8; 16]) -> Option<Start> {
    let file = disk.open(path, false).ok()?;
    let mut bytes = vec![0; usize::try_from(file.size().ok()?).ok()?];
    let read = file.read_at(&mut bytes, 0).ok()?;
    bytes.truncate(read);
    let (body, checksum) = bytes.split_last_chunk::<32>()?;
    if blake3::hash(body).as_bytes() != checksum {
        return None;
    }
    let (id, snapshot, answers): Contents = postcard::from_bytes(body).ok()?;
    let Snapshot { state, digest } = Snapshot::decode(&snapshot).ok()?;
    (id == log_id).then(|| Start { state, digest, answers: Answers::from_list(answers) })
}

/// Writes a snapshot whole or not at all, and removes all but the last ones.
pub(crate) fn write<D: Disk>(
    disk: &D,
    dir: &DataDir,
    log_id: [u8; 16],
    state: &State,
    digest: &LogDigest,
    answers: &Answers,
) -> Result<()> {
    let snapshot = Snapshot { state: state.clone(), digest: digest.clone() }.encode()?;
    let contents: Contents = (log_id, snapshot, answers.to_list());
    let mut bytes = postcard::to_stdvec(&contents)?;
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());

    let path = dir.snapshots().join(format!("{:020}.{SNAPSHOT}", state.sequence().0));
    place(disk, dir, &path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
    let files = names(disk, dir, SNAPSHOT);
    for old in files.iter().take(files.len().saturating_sub(KEPT)) {
        let _ = disk.remove(old);
    }
    Ok(())
}

/// Writes a file under another name, makes it durable, and only then names it.
fn place<D: Disk>(disk: &D, dir: &DataDir, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = dir.snapshots();
    disk.create_dir(&folder)?;
    for draft in names(disk, dir, DRAFT) {
        // What an interrupted life was writing.
        disk.remove(&draft)?;
    }
    let draft = path.with_extension(DRAFT);
    let mut file = disk.create(&draft)?;
    file.write_at(bytes, 0)?;
    file.sync_all()?;
    disk.rename(&draft, path)?;
    disk.sync_dir(&folder)
}
