//! Making a data directory from a backup.

use crate::backup::{
    Filed, HEADS, JOURNAL, KEY, Manifest, Progress, SNAPSHOTS, claim, copy, make, sync_folder,
};
use crate::node::{DataDir, RESTORING, Verified, Wanted, hex, verify_on};
use anyhow::{Context, Result, bail};
use journal::RealDisk;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Copies a backup into a data directory that is empty or not there yet, and checks all of it: every file against the digest in
/// the backup, then the log as `verify` does, that it holds the head that the node signed for the backup (under `key`, where one is
/// given), then its end against the backup. What a restore left behind that was broken off is
/// done away with first.
///
/// # Errors
/// The backup is not whole or damaged, the target is not empty, or something could not be written. The target is then left
/// empty.
pub fn restore(
    backup: &Path,
    data: &DataDir,
    key: Option<&str>,
    copying: &mut Progress<'_>,
    checking: &mut Progress<'_>,
) -> Result<(Manifest, Verified)> {
    let manifest = Manifest::read(backup)?;
    match &manifest.head {
        Some(head) => head.check().with_context(|| format!("{} cannot be believed", backup.display()))?,
        None if key.is_some() => bail!("{} has no signed head: no key vouches for it", backup.display()),
        None => {}
    }
    let root = data.root();
    let staging = root.join(RESTORING);
    if staging.exists() {
        clear(root)
            .with_context(|| format!("cannot remove what was being restored in {}", root.display()))?;
    }
    claim(root)?;
    let restored = fill(&manifest, (backup, key), &staging, copying, checking);
    let placed = restored.and_then(|verified| {
        place(&manifest, &staging, root)?;
        Ok(verified)
    });
    match placed {
        Ok(verified) => Ok((manifest, verified)),
        Err(error) => {
            // Nothing here was anyone's before.
            let _ = fs::remove_dir_all(&staging);
            Err(error)
        }
    }
}

/// Removes what a restore has left that was broken off. Where the journal has its name, the data directory is whole: that stays.
fn clear(root: &Path) -> io::Result<()> {
    if root.join(JOURNAL).exists() {
        return Ok(());
    }
    fs::remove_dir_all(root.join(RESTORING))?;
    let files = [KEY, HEADS].map(|name| fs::remove_file(root.join(name)));
    for gone in [fs::remove_dir_all(root.join(SNAPSHOTS))].into_iter().chain(files) {
        gone.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    }
    Ok(())
}

fn fill(
    manifest: &Manifest,
    (backup, key): (&Path, Option<&str>),
    staging: &Path,
    copying: &mut Progress<'_>,
    checking: &mut Progress<'_>,
) -> Result<Verified> {
    for folder in [JOURNAL, SNAPSHOTS] {
        make(&staging.join(folder))?;
    }
    let total = manifest.files.iter().map(|file| file.bytes).sum();
    let mut done = 0;
    for filed in &manifest.files {
        bring(filed, backup, staging, &mut |bytes| {
            done += bytes;
            copying(done, total);
        })?;
    }
    let wanted =
        Wanted { heads: manifest.head.iter().cloned().collect(), key: key.map(str::to_owned), digest: None };
    let verified = verify_on(&RealDisk, &DataDir::at(staging), &wanted, checking)
        .with_context(|| format!("{} does not verify", backup.display()))?;
    let found = (verified.summary.records, hex(&verified.summary.chain), hex(&verified.digest));
    if found != (manifest.records, manifest.chain.clone(), manifest.digest.clone()) {
        bail!(
            "{} says it ends with record {} and the digest {}, its log ends with record {} and the digest {}",
            backup.display(),
            manifest.records,
            manifest.digest,
            found.0,
            found.2
        );
    }
    Ok(verified)
}

fn bring(filed: &Filed, backup: &Path, staging: &Path, copied: &mut dyn FnMut(u64)) -> Result<()> {
    let (source, target) = (backup.join(&filed.path), staging.join(&filed.path));
    let file = File::open(&source).with_context(|| format!("cannot read {}", source.display()))?;
    let (bytes, blake3) = copy(file, &source, &target, copied)?;
    if bytes != filed.bytes || blake3 != filed.blake3 {
        bail!("{} is not as it was when the backup was taken", source.display());
    }
    Ok(())
}

/// Gives everything its name, the journal last: without one, a data directory is empty.
fn place(manifest: &Manifest, staging: &Path, root: &Path) -> Result<()> {
    for folder in [JOURNAL, SNAPSHOTS] {
        sync_folder(&staging.join(folder))?;
    }
    let has = |name: &&str| manifest.files.iter().any(|file| file.path == *name);
    let files = [KEY, HEADS].into_iter().filter(has);
    for name in [SNAPSHOTS].into_iter().chain(files).chain([JOURNAL]) {
        let named = fs::rename(staging.join(name), root.join(name));
        named.with_context(|| format!("cannot name {}", root.join(name).display()))?;
    }
    fs::remove_dir(staging).with_context(|| format!("cannot remove {}", staging.display()))?;
    sync_folder(root)
}
