//! The node's own secret, and what follows from it: the seal of the files that the node believes, and the key that signs the heads
//! of its log.
//!
//! The secret is 32 random bytes in `node.key`, for its owner alone. Everything else is derived from it, each for one purpose, so
//! that nothing that is made with one says anything of another.

use crate::node::DataDir;
use anyhow::{Context, Result, bail};
use ed25519_dalek::{SigningKey, VerifyingKey};
use journal::{Disk, DiskFile, ReadAt};
use std::io::ErrorKind;
use std::path::Path;

/// The name of the file, in the data directory.
pub(crate) const FILE: &str = "node.key";
/// The name it has until it is whole.
const UNFINISHED: &str = "node.key.tmp";
/// What the seal of a snapshot is derived for.
const SNAPSHOTS: &str = "huangpu 2026-12-01 seal of snapshots";
/// What the key that signs heads is derived for.
const HEADS: &str = "huangpu 2026-12-01 signature of heads";

/// The secret of a node. It is never shown: there is no way to print it.
#[derive(Clone)]
pub struct NodeKey([u8; 32]);

impl NodeKey {
    /// A key that is known already: of a simulation.
    #[must_use]
    pub fn of(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The key of a data directory; a new one where there is none.
    ///
    /// # Errors
    /// The file cannot be read or made, holds something else, or is not its owner's alone.
    pub fn open(dir: &DataDir) -> Result<Self> {
        Self::open_on(&journal::RealDisk, dir)
    }

    /// [`NodeKey::open`] on a disk of the caller's.
    ///
    /// # Errors
    /// As [`NodeKey::open`].
    pub fn open_on<D: Disk>(disk: &D, dir: &DataDir) -> Result<Self> {
        if let Some(key) = Self::read_on(disk, dir)? {
            return Ok(key);
        }
        let path = dir.key();
        let mut secret = [0; 32];
        if let Err(error) = getrandom::fill(&mut secret) {
            bail!("the operating system gives no random bytes: {error}");
        }
        put(disk, dir, &secret).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(secret))
    }

    /// The key of a data directory, where there is one.
    ///
    /// # Errors
    /// As [`NodeKey::open`].
    pub fn read_on<D: Disk>(disk: &D, dir: &DataDir) -> Result<Option<Self>> {
        let path = dir.key();
        let cannot = || format!("cannot read {}", path.display());
        let file = match disk.open_secret(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.with_context(cannot)?,
        };
        let mut bytes = [0; 33];
        let read = file.read_at(&mut bytes, 0).with_context(cannot)?;
        match bytes.first_chunk::<32>().filter(|_| read == 32) {
            Some(secret) => Ok(Some(Self(*secret))),
            None => bail!("{}: a node's key has 32 bytes, this file has another length", path.display()),
        }
    }

    /// The secret itself, from which those of keys and one-time codes follow.
    pub(crate) fn secret(&self) -> [u8; 32] {
        self.0
    }

    /// What seals a snapshot: a hash that nobody can make without the secret.
    pub(crate) fn seal(&self) -> blake3::Hasher {
        blake3::Hasher::new_keyed(&blake3::derive_key(SNAPSHOTS, &self.0))
    }

    /// What signs heads.
    pub(crate) fn signer(&self) -> SigningKey {
        SigningKey::from_bytes(&blake3::derive_key(HEADS, &self.0))
    }

    /// The public half of what signs heads: to be kept elsewhere.
    #[must_use]
    pub fn public(&self) -> VerifyingKey {
        self.signer().verifying_key()
    }
}

/// Writes the file under another name, makes it durable, and only then names it.
fn put<D: Disk>(disk: &D, dir: &DataDir, secret: &[u8; 32]) -> std::io::Result<()> {
    let unfinished: &Path = &dir.root().join(UNFINISHED);
    // What an interrupted life was writing.
    match disk.remove(unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = disk.create(unfinished)?;
    file.write_at(secret, 0)?;
    file.sync_all()?;
    disk.rename(unfinished, &dir.key())?;
    disk.sync_dir(dir.root())
}
