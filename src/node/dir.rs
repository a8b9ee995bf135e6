//! The data directory: `journal/` is the truth, `snapshots/`, `reports/` and `projection.sqlite` can be made again. `node.key` is the
//! node's own secret, `heads.jsonl` what it has signed of its log.

use crate::node::snapshots;
use anyhow::{Context, Result, bail};
use journal::Disk;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Where a node keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// The data directory at a path, which need not exist.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { root: path.to_owned() }
    }

    /// The directory under the user's data directory that is used where none is named.
    ///
    /// # Errors
    /// The user has none.
    pub fn default_for(name: &str) -> Result<PathBuf> {
        let dirs = directories::ProjectDirs::from("", "", "huangpu")
            .context("there is no home directory: name one with --data")?;
        Ok(dirs.data_dir().join(name))
    }

    /// The path.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The log.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// Snapshots of the state.
    #[must_use]
    pub fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    /// Reports as CSV.
    #[must_use]
    pub fn reports(&self) -> PathBuf {
        self.root.join("reports")
    }

    /// The node's own secret.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.root.join(super::keys::FILE)
    }

    /// The signed heads of its log that the node keeps, one a line.
    #[must_use]
    pub fn heads(&self) -> PathBuf {
        self.root.join(HEADS)
    }

    /// The projection, where it is kept in SQLite.
    #[must_use]
    pub fn projection(&self) -> PathBuf {
        self.root.join("projection.sqlite")
    }

    /// Whether a log may be made here: not where one stood that is gone, nor where a backup was being restored.
    ///
    /// # Errors
    /// It may not, and why; or the directory cannot be read.
    pub fn may_begin<D: Disk>(&self, disk: &D) -> Result<()> {
        let root = self.root.display();
        let names = match disk.list(&self.root) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            names => names.with_context(|| format!("cannot read {root}"))?,
        };
        if names.iter().any(|name| name == RESTORING) {
            bail!("a backup was being restored into {root}, and that was broken off: restore it again");
        }
        if snapshots::any(disk, self) || names.iter().any(|name| name == HEADS) {
            bail!(
                "{root} has snapshots or signed heads, and the log that they are of is gone: bring it back, or restore a \
                 backup; to begin a new one, name another directory"
            );
        }
        Ok(())
    }

    /// Whether there is a log on this disk.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn has_log<D: Disk>(&self, disk: &D) -> Result<bool> {
        let journal = self.journal();
        match disk.list(&journal) {
            Ok(names) => {
                Ok(names.iter().any(|name| Path::new(name).extension().is_some_and(|ext| ext == "hpj")))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", journal.display())),
        }
    }
}

/// The name of the file of signed heads.
pub(crate) const HEADS: &str = "heads.jsonl";

/// Where a data directory is put together from a backup: it gets its names when it is whole.
pub(crate) const RESTORING: &str = "restoring";

/// Sixteen bytes that no other log has, from the hasher keys that the operating system seeds.
pub(crate) fn new_log_id() -> [u8; 16] {
    let mut id = [0; 16];
    for half in id.chunks_mut(8) {
        half.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
    }
    id
}
