//! Snapshot files: written beside the log when a node closes, used when it opens. One that is damaged, foreign or ahead of the
//! log is passed over: the log is the truth.

use crate::node::{Answer, Answers, DataDir};
use anyhow::{Context, Result};
use base::ParticipantId;
use engine::{ClientId, LogDigest, State, snapshot::Snapshot};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

/// Snapshots kept.
const KEPT: usize = 2;

/// Where to start from.
pub(crate) struct Start {
    pub(crate) state: State,
    pub(crate) digest: LogDigest,
    pub(crate) answers: Answers,
}

type Contents = ([u8; 16], Vec<u8>, Vec<((ParticipantId, ClientId), Answer)>);

fn files(dir: &DataDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.snapshots()).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "snap"));
    files.sort();
    files
}

/// The latest snapshot that can be used for a log.
pub(crate) fn latest(dir: &DataDir, log_id: [u8; 16], last: u64) -> Option<Start> {
    let usable = |path: &PathBuf| read(path, log_id).filter(|start| start.state.sequence().0 <= last);
    files(dir).iter().rev().find_map(usable)
}

/// Every snapshot of a log that can be read, oldest first.
pub(crate) fn all(dir: &DataDir, log_id: [u8; 16]) -> Vec<(PathBuf, Option<Start>)> {
    files(dir).into_iter().map(|path| (path.clone(), read(&path, log_id))).collect()
}

fn read(path: &PathBuf, log_id: [u8; 16]) -> Option<Start> {
    let bytes = fs::read(path).ok()?;
    let (body, checksum) = bytes.split_last_chunk::<32>()?;
    if blake3::hash(body).as_bytes() != checksum {
        return None;
    }
    let (id, snapshot, answers): Contents = postcard::from_bytes(body).ok()?;
    let Snapshot { state, digest } = Snapshot::decode(&snapshot).ok()?;
    (id == log_id).then(|| Start { state, digest, answers: Answers::from_list(answers) })
}

/// Writes a snapshot whole or not at all, and removes all but the last ones.
pub(crate) fn write(
    dir: &DataDir,
    log_id: [u8; 16],
    state: &State,
    digest: &LogDigest,
    answers: &Answers,
) -> Result<()> {
    let folder = dir.snapshots();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let snapshot = Snapshot { state: state.clone(), digest: digest.clone() }.encode()?;
    let contents: Contents = (log_id, snapshot, answers.to_list());
    let mut bytes = postcard::to_stdvec(&contents)?;
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());

    let path = folder.join(format!("{:020}.snap", state.sequence().0));
    let draft = path.with_extension("tmp");
    let written = File::create(&draft).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        File::open(&folder)?.sync_all()
    });
    written.with_context(|| format!("cannot write {}", path.display()))?;
    let files = files(dir);
    for old in files.iter().take(files.len().saturating_sub(KEPT)) {
        let _ = fs::remove_file(old);
    }
    Ok(())
}
