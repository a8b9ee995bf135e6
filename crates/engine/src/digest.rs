//! The digest of the log: one number for everything that was asked and everything that happened.
//!
//! Records and their events are absorbed in pages of [`PAGE`] records. The digest of a page is BLAKE3 over the digest of
//! the page before it and the bytes of its own records; the digest of the log is that of its last, perhaps incomplete, page.
//! So it depends on the records and on nothing else (not on how they were batched), and a snapshot can carry it on.

use crate::{Door, Event, Record};
use serde::{Deserialize, Serialize};

/// Records a page.
pub(crate) const PAGE: u64 = 1_024;

/// A running digest.
///
/// Bytes are hashed late and in large pieces: a page when it is full, or what is new of it when a value is asked for. So a log
/// written in large batches is hashed many blocks at a time, and one written record by record hashes no byte twice.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct LogDigest {
    records: u64,
    /// What the digest of the page as it stands is over: the digest of the page before, and the records.
    page: Vec<u8>,
    /// Has taken the first `hashed` bytes of the page.
    running: blake3::Hasher,
    hashed: usize,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    records: u64,
    page: Vec<u8>,
}

impl From<Saved> for LogDigest {
    fn from(Saved { records, page }: Saved) -> Self {
        Self { records, page, running: blake3::Hasher::new(), hashed: 0 }
    }
}

impl From<LogDigest> for Saved {
    fn from(LogDigest { records, page, .. }: LogDigest) -> Self {
        Self { records, page }
    }
}

impl LogDigest {
    /// The digest of an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Absorbs a record, given as its payload in the log, and its events: sequence, time, payload length, payload without its door, number
    /// of events (all little-endian 64-bit), and each event in its postcard encoding.
    ///
    /// # Errors
    /// An event could not be encoded, which none that `apply` made does.
    pub fn absorb(
        &mut self,
        record: &Record,
        payload: &[u8],
        events: &[Event],
    ) -> Result<(), postcard::Error> {
        if self.records.is_multiple_of(PAGE) {
            self.turn_page();
        }
        let mut head = [0; 24];
        head[..8].copy_from_slice(&record.sequence.0.to_le_bytes());
        head[8..16].copy_from_slice(&record.time.0.to_le_bytes());
        head[16..].copy_from_slice(&(payload.len() as u64).to_le_bytes());
        self.page.extend_from_slice(&head);
        let begins = self.page.len();
        self.page.extend_from_slice(payload);
        Door::hide(&mut self.page[begins..]);
        self.page.extend_from_slice(&(events.len() as u64).to_le_bytes());
        let mut page = std::mem::take(&mut self.page);
        for event in events {
            page = postcard::to_extend(event, page)?;
        }
        self.page = page;
        self.records += 1;
        Ok(())
    }

    /// Begins a page with the digest of the one before it.
    fn turn_page(&mut self) {
        let before = self.value();
        self.page.clear();
        self.page.extend_from_slice(&before);
        self.running.reset();
        self.hashed = 0;
    }

    /// Hashes what is new, so that [`LogDigest::value`] costs no more than its end. To be called where the value is asked for
    /// again and again while the page grows.
    pub fn catch_up(&mut self) {
        self.running.update(&self.page[self.hashed..]);
        self.hashed = self.page.len();
    }

    /// The digest as it stands; thirty-two zero bytes for an empty log.
    #[must_use]
    pub fn value(&self) -> [u8; 32] {
        match self.hashed {
            _ if self.records == 0 => [0; 32],
            0 => *blake3::hash(&self.page).as_bytes(),
            hashed if hashed == self.page.len() => *self.running.finalize().as_bytes(),
            hashed => *self.running.clone().update(&self.page[hashed..]).finalize().as_bytes(),
        }
    }
}
