//! Taking one.

use crate::backup::{
    Filed, HEADS, JOURNAL, KEY, Manifest, Progress, SNAPSHOTS, claim, copy, create, make, names, sync_folder,
};
use crate::node::{DataDir, NodeKey, Verified, verify};
use anyhow::{Context, Result, bail};
use journal::{JournalError, RealDisk};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of the last segment read at a time, from its end to its beginning.
const PAGE: usize = 4_096;
/// How often the last segment is read again where it does not look whole: a write may be under way.
const ATTEMPTS: usize = 5;

/// A backup that was taken and checked.
#[derive(Debug)]
pub struct Taken {
    /// What belongs to it.
    pub manifest: Manifest,
    /// What its check found.
    pub verified: Verified,
    /// Bytes of its files.
    pub bytes: u64,
}

/// Copies a log, whether or not a node is writing it, and checks the copy from its first byte: checksums, chain, replay to the same
/// digest, conservation, snapshots. `copying` and `checking` are told how far the work is.
///
/// # Errors
/// There is no log, the target is not empty, something could not be read or written, or the copy does not verify. What has
/// been written then is no backup: it has no `backup.json`.
pub fn take(
    data: &DataDir,
    to: &Path,
    with_keys: bool,
    copying: &mut Progress<'_>,
    checking: &mut Progress<'_>,
) -> Result<Taken> {
    if !data.has_log(&RealDisk)? {
        bail!("there is no log in {}", data.root().display());
    }
    let key = data.root().join(KEY);
    if with_keys && !key.exists() {
        bail!("there is no {}", key.display());
    }
    claim(to)?;
    for folder in [JOURNAL, SNAPSHOTS] {
        make(&to.join(folder))?;
    }
    let mut copy = Copy { from: data.root(), to, done: 0, total: size_of(data), files: Vec::new(), copying };
    for name in names(&data.snapshots(), "snap")? {
        copy.whole(&format!("{SNAPSHOTS}/{name}"), true)?;
    }
    if data.heads().exists() {
        copy.whole(HEADS, true)?;
    }
    let segments = names(&data.journal(), "hpj")?;
    let (last, sealed) = segments.split_last().context("the log has no segment")?;
    for name in sealed {
        copy.whole(&format!("{JOURNAL}/{name}"), false)?;
    }
    copy.last_segment(&format!("{JOURNAL}/{last}"))?;
    if with_keys {
        copy.whole(KEY, false)?;
    }
    let files = copy.files;
    let verified = verify(&DataDir::at(to), checking).context("the copy does not verify")?;
    for folder in [JOURNAL, SNAPSHOTS] {
        sync_folder(&to.join(folder))?;
    }
    // What was copied is durable in the log: it can be signed for, by whoever may read the node's key.
    let head = NodeKey::read_on(&RealDisk, data).unwrap_or(None).map(|key| verified.head(&key));
    let manifest = Manifest::new(&verified, head, files);
    manifest.write(to)?;
    let bytes = manifest.files.iter().map(|file| file.bytes).sum();
    Ok(Taken { manifest, verified, bytes })
}

/// About how much there is to copy.
fn size_of(data: &DataDir) -> u64 {
    let folders = [data.journal(), data.snapshots()];
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|about| about.len()).sum()
}

struct Copy<'a, 'p> {
    from: &'a Path,
    to: &'a Path,
    done: u64,
    total: u64,
    files: Vec<Filed>,
    copying: &'a mut Progress<'p>,
}

impl Copy<'_, '_> {
    fn advance(&mut self, bytes: u64) {
        self.done += bytes;
        (self.copying)(self.done, self.total.max(self.done));
    }

    /// Copies a file that does not change. One that may go away is passed over when it has.
    fn whole(&mut self, path: &str, may_go: bool) -> Result<()> {
        let source = self.from.join(path);
        let file = match File::open(&source) {
            Ok(file) => file,
            Err(error) if may_go && error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", source.display())),
        };
        let target = self.to.join(path);
        let (bytes, blake3) = copy(file, &source, &target, &mut |bytes| self.advance(bytes))?;
        self.files.push(Filed { path: path.to_owned(), bytes, blake3 });
        Ok(())
    }

    /// Copies the segment that may be being written, up to its last whole frame.
    fn last_segment(&mut self, path: &str) -> Result<()> {
        let source = self.from.join(path);
        let file = File::open(&source).with_context(|| format!("cannot read {}", source.display()))?;
        let bytes = whole_frames(&file, &source).context("the log cannot be copied")?;
        // What was read may not be on the medium yet: from here on it is, and the node can come back with no less.
        file.sync_data().with_context(|| format!("cannot sync {}", source.display()))?;
        let target = self.to.join(path);
        let mut copy = create(&target)?;
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let written = copy
            .write_all(bytes.get(..end).unwrap_or(&bytes))
            .and_then(|()| copy.set_len(bytes.len() as u64))
            .and_then(|()| copy.sync_all());
        written.with_context(|| format!("cannot write {}", target.display()))?;
        let blake3 = blake3::hash(&bytes).to_hex().to_string();
        self.files.push(Filed { path: path.to_owned(), bytes: bytes.len() as u64, blake3 });
        self.advance(bytes.len() as u64);
        Ok(())
    }
}

/// The bytes of a segment up to its last whole frame, and zeros from there on.
fn whole_frames(file: &File, path: &Path) -> Result<Vec<u8>> {
    let mut attempts = 0;
    loop {
        let mut bytes = backwards(file).with_context(|| format!("cannot read {}", path.display()))?;
        attempts += 1;
        match journal::check_segment(&bytes) {
            Ok(report) => {
                let cut = report.cut.and_then(|cut| usize::try_from(cut.offset).ok());
                if let Some(torn) = cut.and_then(|cut| bytes.get_mut(cut..)) {
                    torn.fill(0);
                }
                return Ok(bytes);
            }
            // A frame that was only half there looks damaged; damage stays, a write comes to its end.
            Err(JournalError::Corrupt { .. }) if attempts < ATTEMPTS => {}
            Err(error) => return Err(named(error, path).into()),
        }
    }
}

/// An error of bytes that were read from a file, as one of that file.
fn named(error: JournalError, path: &Path) -> JournalError {
    let path = path.to_owned();
    match error {
        JournalError::Corrupt { offset, seq, flaw, .. } => JournalError::Corrupt { path, offset, seq, flaw },
        JournalError::UnknownVersion { found, .. } => JournalError::UnknownVersion { path, found },
        other => other,
    }
}

/// Reads a file that grows, from its end to its beginning: what stands earlier was written earlier, so no frame is there without
/// those before it.
fn backwards(file: &File) -> Result<Vec<u8>> {
    let size = usize::try_from(file.metadata()?.len())?;
    let mut bytes = vec![0; size];
    for (number, page) in bytes.chunks_mut(PAGE).enumerate().rev() {
        file.read_exact_at(page, (number * PAGE) as u64)?;
    }
    Ok(bytes)
}
