//! The head of a log: its last record, the chain of the journal and the digest of the log there, signed by the node. Kept
//! elsewhere, it tells a log that was rewritten or cut off from the one that was signed.
//!
//! What is signed is the text of [`Head::said`], described in docs/journal-format.md closely enough to check it with any Ed25519.

use crate::node::keys::NodeKey;
use crate::node::{DataDir, hex};
use anyhow::{Context, Result, bail};
use base::Timestamp;
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use journal::{Disk, DiskFile, ReadAt};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use utoipa::ToSchema;

/// The layout written, and the only one so far.
const FORMAT: u32 = 1;
/// Bytes at the end of the file of heads among which the newest is looked for.
const RECENT_BYTES: u64 = 64 << 10;

/// Where a log stands, after a frame that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The last record.
    pub record: u64,
    /// Its time.
    pub time: Timestamp,
    /// The chain digest of the journal after it.
    pub chain: [u8; 32],
    /// The digest of the log up to it.
    pub digest: [u8; 32],
}

/// See the module. Binary fields are in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignedHead)]
pub struct Head {
    /// The layout: 1.
    pub format: u32,
    /// The id of the log.
    pub log_id: String,
    /// The last record.
    pub record: u64,
    /// Its time, UTC.
    pub time: String,
    /// The chain digest of the journal after it: `huangpu verify` comes to the same.
    pub chain: String,
    /// The digest of the log up to it.
    pub digest: String,
    /// The record at which the node's newest snapshot stood then; 0 for none.
    pub snapshot: u64,
    /// The public key of the node, Ed25519.
    pub key: String,
    /// The signature of all of the above.
    pub signature: String,
}

impl Head {
    /// Signs where a log stands.
    #[must_use]
    pub fn sign(key: &NodeKey, log_id: [u8; 16], tip: &Tip, snapshot: u64) -> Self {
        let signer = key.signer();
        let mut head = Self {
            format: FORMAT,
            log_id: log_id.iter().map(|byte| format!("{byte:02x}")).collect(),
            record: tip.record,
            time: gateway::format_time(tip.time, None),
            chain: hex(&tip.chain),
            digest: hex(&tip.digest),
            snapshot,
            key: hex(signer.verifying_key().as_bytes()),
            signature: String::new(),
        };
        let signature = signer.sign(head.said().as_bytes()).to_bytes();
        head.signature = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        head
    }

    /// What is signed: a line a field, each ended by a line feed.
    #[must_use]
    pub fn said(&self) -> String {
        let Self { format, log_id, record, time, chain, digest, snapshot, key, .. } = self;
        format!(
            "huangpu head {format}\nlog {log_id}\nrecord {record}\ntime {time}\nchain {chain}\ndigest {digest}\n\
             snapshot {snapshot}\nkey {key}\n"
        )
    }

    /// Whether the key that it names has signed it.
    ///
    /// # Errors
    /// It has not, or it is no head of this layout.
    pub fn check(&self) -> Result<()> {
        if self.format != FORMAT {
            bail!("a head of layout {}: this version reads {FORMAT}", self.format);
        }
        let key = unhex(&self.key).and_then(|key| VerifyingKey::from_bytes(&key).ok());
        let key = key.context("the head names no Ed25519 key")?;
        let signature = unhex(&self.signature).map(|bytes| Signature::from_bytes(&bytes));
        let signature = signature.context("the head has no Ed25519 signature")?;
        let record = self.record;
        key.verify_strict(self.said().as_bytes(), &signature)
            .map_err(|_| anyhow::anyhow!("the head of record {record} was not signed by the key it names"))
    }

    /// Whether it says of a log what is so.
    #[must_use]
    pub fn is_of(&self, chain: &[u8; 32], digest: &[u8; 32]) -> bool {
        self.chain == hex(chain) && self.digest == hex(digest)
    }

    /// The newest head that a node has kept of its log beside it; none where it has kept none.
    ///
    /// # Errors
    /// The file of heads, the key or the log cannot be read.
    pub fn newest(dir: &DataDir) -> Result<Option<Self>> {
        let disk = journal::RealDisk;
        let Some(key) = NodeKey::read_on(&disk, dir)? else { return Ok(None) };
        newest(&disk, dir, &key, crate::node::log_id(dir)?)
    }

    /// Reads one head, or several, one a line.
    ///
    /// # Errors
    /// One cannot be read, or was not signed by the key it names: with its line.
    pub fn read_all(text: &str) -> Result<Vec<Self>> {
        // One head may be laid out over several lines; several are one a line.
        let whole: Result<Self, _> = serde_json::from_str(text);
        if let Ok(head) = whole {
            head.check()?;
            return Ok(vec![head]);
        }
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let heads = lines.map(|(number, line)| {
            let place = || format!("line {}", number + 1);
            let head: Self =
                serde_json::from_str(line).context("it is no signed head").with_context(place)?;
            head.check().with_context(place)?;
            Ok(head)
        });
        heads.collect()
    }
}

/// Where the log of a node that runs stands, for those who ask for its head: told batch by batch, signed when someone asks.
pub struct Standing {
    dir: DataDir,
    key: NodeKey,
    log_id: [u8; 16],
    snapshot: AtomicU64,
    tip: Mutex<Tip>,
    /// The last record of which a head was kept.
    kept: Mutex<u64>,
}

impl Standing {
    pub(crate) fn new(dir: DataDir, key: NodeKey, log_id: [u8; 16], snapshot: u64, tip: Tip) -> Self {
        let (snapshot, kept) = (AtomicU64::new(snapshot), Mutex::new(tip.record));
        Self { dir, key, log_id, snapshot, tip: Mutex::new(tip), kept }
    }

    pub(crate) fn key(&self) -> &NodeKey {
        &self.key
    }

    /// After a batch that is durable and applied.
    pub(crate) fn passed(&self, tip: Tip) {
        *self.tip.lock().unwrap_or_else(PoisonError::into_inner) = tip;
    }

    /// After a snapshot.
    pub(crate) fn has_snapshot(&self, record: u64) {
        self.snapshot.store(record, Ordering::Relaxed);
    }

    /// The head of the log as it stands, signed.
    #[must_use]
    pub fn head(&self) -> Head {
        let tip = *self.tip.lock().unwrap_or_else(PoisonError::into_inner);
        Head::sign(&self.key, self.log_id, &tip, self.snapshot.load(Ordering::Relaxed))
    }

    /// Adds the head to the node's file of them, where there is one that is new.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep<D: Disk>(&self, disk: &D) -> Result<()> {
        // One at a time: each goes behind the one before.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let head = self.head();
        if *kept < head.record {
            keep(disk, &self.dir, &head)?;
            *kept = head.record;
        }
        Ok(())
    }
}

/// Bytes in hexadecimal.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Adds a head to the node's own file of them, durably.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn keep<D: Disk>(disk: &D, dir: &DataDir, head: &Head) -> Result<()> {
    let path = dir.heads();
    let written = || -> std::io::Result<()> {
        let mut file = match disk.open(&path, true) {
            Err(error) if error.kind() == ErrorKind::NotFound => disk.create(&path)?,
            opened => opened?,
        };
        let (end, mut last) = (file.size()?, [b'\n']);
        if end > 0 {
            file.read_at(&mut last, end - 1)?;
        }
        // A line that a crash has cut short stays alone.
        let begins = if last == [b'\n'] { "" } else { "\n" };
        let line = serde_json::to_string(head).map_err(std::io::Error::other)?;
        file.write_at(format!("{begins}{line}\n").as_bytes(), end)?;
        file.sync_all()?;
        if end == 0 { disk.sync_dir(dir.root()) } else { Ok(()) }
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

/// The node's own file of heads; empty where there is none.
///
/// # Errors
/// The file is there and cannot be read.
pub(crate) fn text<D: Disk>(disk: &D, dir: &DataDir) -> Result<String> {
    read_from(disk, dir, u64::MAX)
}

/// The last bytes of the node's own file of heads.
fn read_from<D: Disk>(disk: &D, dir: &DataDir, most: u64) -> Result<String> {
    let path = dir.heads();
    let cannot = || format!("cannot read {}", path.display());
    let file = match disk.open(&path, false) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        opened => opened.with_context(cannot)?,
    };
    let size = file.size().with_context(cannot)?;
    let from = size.saturating_sub(most);
    let mut bytes = vec![0; usize::try_from(size - from).unwrap_or_default()];
    let read = file.read_at(&mut bytes, from).with_context(cannot)?;
    bytes.truncate(read);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The newest head that this node has signed and kept of a log; none where it has kept none.
///
/// # Errors
/// The file is there and cannot be read.
pub(crate) fn newest<D: Disk>(
    disk: &D,
    dir: &DataDir,
    key: &NodeKey,
    log_id: [u8; 16],
) -> Result<Option<Head>> {
    let (text, own) = (read_from(disk, dir, RECENT_BYTES)?, hex(key.public().as_bytes()));
    let log: String = log_id.iter().map(|byte| format!("{byte:02x}")).collect();
    let heads = text.lines().rev().filter_map(|line| serde_json::from_str::<Head>(line).ok());
    let mut ours = heads.filter(|head| head.key == own && head.log_id == log && head.check().is_ok());
    Ok(ours.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        let tip =
            Tip { record: 7, time: Timestamp(1_600_000_000_000_000_001), chain: [1; 32], digest: [2; 32] };
        Head::sign(&NodeKey::of([3; 32]), [4; 16], &tip, 5)
    }

    #[test]
    fn whatever_of_a_head_is_changed_the_signature_tells() {
        let head = head();
        head.check().unwrap();
        let text = serde_json::to_string(&head).unwrap();
        assert_eq!(Head::read_all(&format!("{text}\n\n{text}\n")).unwrap(), [head.clone(), head.clone()]);
        assert_eq!(
            Head::read_all(&serde_json::to_string_pretty(&head).unwrap()).unwrap(),
            std::slice::from_ref(&head)
        );
        let changed: [fn(&mut Head); 8] = [
            |head| head.format = 2,
            |head| head.log_id.replace_range(..2, "05"),
            |head| head.record += 1,
            |head| head.time.push('0'),
            |head| head.chain.replace_range(..2, "02"),
            |head| head.digest.replace_range(..2, "03"),
            |head| head.snapshot = 0,
            |head| head.key = hex(NodeKey::of([9; 32]).public().as_bytes()),
        ];
        for (number, change) in changed.iter().enumerate() {
            let mut other = head.clone();
            change(&mut other);
            assert!(other.check().is_err(), "{number}");
        }
    }

    #[test]
    fn the_newest_head_is_the_last_that_this_node_signed() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, disk, key) = (DataDir::at(folder.path()), journal::RealDisk, NodeKey::of([3; 32]));
        assert_eq!(newest(&disk, &dir, &key, [4; 16]).unwrap(), None);
        keep(&disk, &dir, &head()).unwrap();
        let tip = Tip { record: 9, time: Timestamp(0), chain: [0; 32], digest: [0; 32] };
        keep(&disk, &dir, &Head::sign(&NodeKey::of([8; 32]), [4; 16], &tip, 0)).unwrap();
        let text = std::fs::read_to_string(dir.heads()).unwrap();
        std::fs::write(dir.heads(), text + "{\"format\":1,\"log").unwrap();
        assert_eq!(newest(&disk, &dir, &key, [4; 16]).unwrap(), Some(head()), "another's, and half a line");
        let later = Head::sign(&key, [4; 16], &tip, 0);
        keep(&disk, &dir, &later).unwrap();
        assert_eq!(newest(&disk, &dir, &key, [4; 16]).unwrap(), Some(later), "behind half a line");
        assert_eq!(newest(&disk, &dir, &key, [5; 16]).unwrap(), None, "of another log");
    }
}
