//! The digest of the log: one number for everything that was asked and everything that happened.
//!
//! Records and their events are absorbed in pages of [`PAGE`] records. The digest of a page is BLAKE3 over the digest of
//! the page before it and the bytes of its own records; the digest of the log is that of its last, perhaps incomplete, page.
//! So it depends on the records and on nothing else (not on how they were batched), and a snapshot can carry it on.

use crate::{Event, Record};
use serde::{Deserialize, Serialize};

/// Records a page.
pub(crate) const PAGE: u64 = 1_024;

/// A running digest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct LogDigest {
    records: u64,
    before: [u8; 32],
    page: Vec<u8>,
    running: blake3::Hasher,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    records: u64,
    before: [u8; 32],
    page: Vec<u8>,
}

impl From<Saved> for LogDigest {
    fn from(Saved { records, before, page }: Saved) -> Self {
        let mut running = blake3::Hasher::new();
        if records > 0 {
            running.update(&before);
        }
        running.update(&page);
        Self { records, before, page, running }
    }
}

impl From<LogDigest> for Saved {
    fn from(LogDigest { records, before, page, .. }: LogDigest) -> Self {
        Self { records, before, page }
    }
}

impl LogDigest {
    /// The digest of an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Absorbs a record, given as its payload in the log, and its events: sequence, time, payload length, payload, number
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
            self.before = self.value();
            self.page.clear();
            self.running.reset();
            self.running.update(&self.before);
        }
        let start = self.page.len();
        self.page.extend_from_slice(&record.sequence.0.to_le_bytes());
        self.page.extend_from_slice(&record.time.0.to_le_bytes());
        self.page.extend_from_slice(&(payload.len() as u64).to_le_bytes());
        self.page.extend_from_slice(payload);
        self.page.extend_from_slice(&(events.len() as u64).to_le_bytes());
        let mut page = std::mem::take(&mut self.page);
        for event in events {
            page = postcard::to_extend(event, page)?;
        }
        self.page = page;
        self.running.update(&self.page[start..]);
        self.records += 1;
        Ok(())
    }

    /// The digest as it stands; thirty-two zero bytes for an empty log.
    #[must_use]
    pub fn value(&self) -> [u8; 32] {
        if self.records == 0 { [0; 32] } else { *self.running.finalize().as_bytes() }
    }
}
