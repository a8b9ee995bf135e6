//! What belongs to a backup.

use crate::node::{Head, Verified, hex};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Component, Path};

/// The name of its file.
const NAME: &str = "backup.json";
/// The layout written, and the only one so far.
const FORMAT: u32 = 1;

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filed {
    /// Below the backup's folder, with `/`.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its BLAKE3 digest, in hexadecimal.
    pub blake3: String,
}

/// What belongs to a backup, and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The layout of this file.
    pub format: u32,
    /// The id of the log, in hexadecimal.
    pub log_id: String,
    /// The last record.
    pub records: u64,
    /// The chain digest of the journal.
    pub chain: String,
    /// The digest of the log.
    pub digest: String,
    /// The newest head that the node had signed, or the end of the log, signed: what vouches for the log where this file does not
    /// vouch for itself. None where the node has no key yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
    /// Every file.
    pub files: Vec<Filed>,
}

impl Manifest {
    pub(super) fn new(verified: &Verified, head: Option<Head>, files: Vec<Filed>) -> Self {
        let Verified { summary, digest, .. } = verified;
        let log_id = summary.log_id.iter().map(|byte| format!("{byte:02x}")).collect();
        let (records, chain, digest) = (summary.records, hex(&summary.chain), hex(digest));
        Self { format: FORMAT, log_id, records, chain, digest, head, files }
    }

    /// Whether the node's private key is among the files.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.files.iter().any(|file| file.path == super::KEY)
    }

    pub(super) fn write(&self, backup: &Path) -> Result<()> {
        let mut file = super::create(&backup.join(NAME))?;
        let text = serde_json::to_string_pretty(self)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        written.context("cannot write what belongs to the backup")?;
        super::sync_folder(backup)
    }

    /// Reads that of a backup.
    ///
    /// # Errors
    /// There is none, or it is none that this version knows.
    pub fn read(backup: &Path) -> Result<Self> {
        let path = backup.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("{} is no whole backup: it has no {NAME}, which is written last", backup.display())
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let place = || format!("{} cannot be read by this version", path.display());
        let manifest: Self = serde_json::from_str(&text).with_context(place)?;
        if manifest.format != FORMAT {
            bail!("{}: it has the layout {}", place(), manifest.format);
        }
        match manifest.files.iter().find(|file| !is_inside(&file.path)) {
            Some(file) => bail!("{}: {:?} is no file of a backup", path.display(), file.path),
            None => Ok(manifest),
        }
    }
}

/// Whether a path is one that backups have: nothing leads out of the folder.
fn is_inside(path: &str) -> bool {
    let parts: Vec<Component<'_>> = Path::new(path).components().collect();
    match parts.as_slice() {
        [Component::Normal(name)] => *name == super::KEY || *name == super::HEADS,
        [Component::Normal(folder), Component::Normal(_)] => {
            [super::JOURNAL, super::SNAPSHOTS].iter().any(|known| folder == known)
        }
        _ => false,
    }
}
