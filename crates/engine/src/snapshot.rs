//! Snapshots: the whole state at a record, so that a restart need not begin at the first. A snapshot is a convenience: the
//! log is the truth, and a snapshot that another version wrote, or that is damaged, is passed over.

use crate::{LogDigest, State};
use serde::{Deserialize, Serialize};

/// The layout of the state in a snapshot. It is raised whenever the state is laid out, or comes about, differently; a test
/// pins it to the digest of a known state.
pub const LAYOUT: u8 = 7;

const MAGIC: [u8; 8] = [b'H', b'P', b'S', b'N', b'A', b'P', 0, LAYOUT];

/// What a snapshot holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// Everything the engine knows.
    pub state: State,
    /// The digest of the log up to the state's last record.
    pub digest: LogDigest,
}

/// Why bytes are not a snapshot that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Another format, or another version of this one.
    #[error("not a snapshot of this version")]
    Foreign,
    /// The checksum does not match.
    #[error("the snapshot is damaged")]
    Damaged,
    /// It could not be written.
    #[error("the snapshot could not be encoded")]
    Encoding,
}

impl Snapshot {
    /// Magic, BLAKE3 of the rest, the rest.
    ///
    /// # Errors
    /// [`SnapshotError::Encoding`].
    pub fn encode(&self) -> Result<Vec<u8>, SnapshotError> {
        let body = postcard::to_stdvec(self).map_err(|_| SnapshotError::Encoding)?;
        let mut bytes = Vec::with_capacity(MAGIC.len() + 32 + body.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(blake3::hash(&body).as_bytes());
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    /// [`SnapshotError::Foreign`] or [`SnapshotError::Damaged`].
    pub fn decode(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(SnapshotError::Foreign)?;
        let (checksum, body) = rest.split_first_chunk::<32>().ok_or(SnapshotError::Damaged)?;
        if blake3::hash(body).as_bytes() != checksum {
            return Err(SnapshotError::Damaged);
        }
        postcard::from_bytes(body).map_err(|_| SnapshotError::Foreign)
    }
}
