//! What the node counts about itself, for `/metrics` and the operations page. Counting takes no lock.

use crate::node::Snapshotted;
use engine::Rejection;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Buckets of a latency histogram: 2 to the power of the place, in microseconds.
pub(super) const BUCKETS: usize = 24;

/// A histogram of durations in powers of two.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum_us: AtomicU64,
}

impl Histogram {
    /// Counts one.
    pub fn record(&self, took: Duration) {
        self.count(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Counts something that is no duration.
    pub fn count(&self, number: u64) {
        let place = (u64::BITS - number.saturating_sub(1).leading_zeros()) as usize;
        self.buckets[place.min(BUCKETS - 1)].fetch_add(1, Relaxed);
        self.sum_us.fetch_add(number, Relaxed);
    }

    /// How many lay above the bound before and not above 2 to the power of each place, the last place taking what lies above all; and
    /// the sum of all.
    #[must_use]
    pub fn read(&self) -> ([u64; BUCKETS], u64) {
        (std::array::from_fn(|place| self.buckets[place].load(Relaxed)), self.sum_us.load(Relaxed))
    }
}

/// Durations of which quantiles are told.
const LATEST: usize = 4_096;

/// The latest durations, as they were measured.
#[derive(Debug)]
pub struct Latest {
    ring: Box<[AtomicU64]>,
    count: AtomicU64,
}

impl Default for Latest {
    fn default() -> Self {
        Self { ring: (0..LATEST).map(|_| AtomicU64::default()).collect(), count: AtomicU64::default() }
    }
}

impl Latest {
    /// Remembers one in the place of the oldest.
    pub fn record(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = self.count.fetch_add(1, Relaxed) % LATEST as u64;
        if let Some(slot) = usize::try_from(place).ok().and_then(|place| self.ring.get(place)) {
            slot.store(us, Relaxed);
        }
    }

    /// For each share, in thousandths, the smallest duration that so many do not exceed, in microseconds; 0 where there was none.
    #[must_use]
    pub fn quantiles_us<const N: usize>(&self, thousandths: [usize; N]) -> [u64; N] {
        let known = usize::try_from(self.count.load(Relaxed)).unwrap_or(usize::MAX).min(LATEST);
        let mut all: Vec<u64> = self.ring[..known].iter().map(|us| us.load(Relaxed)).collect();
        all.sort_unstable();
        let at = |share: usize| (known * share).div_ceil(1_000).saturating_sub(1);
        thousandths.map(|share| all.get(at(share)).copied().unwrap_or_default())
    }
}

/// Classes of answers over HTTP.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What came of an attempt to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// A session.
    Succeeded,
    /// Nothing.
    Failed,
    /// Nothing, and nothing for a while.
    LockedOut,
}

/// Every stage at which something can be refused.
fn stages() -> Vec<(&'static str, AtomicU64)> {
    let mut stages: Vec<&str> = Rejection::catalogue().into_iter().map(Rejection::stage).collect();
    stages.dedup();
    stages.into_iter().map(|stage| (stage, AtomicU64::default())).collect()
}

/// See the module.
#[derive(Debug)]
pub struct Gauges {
    /// When the node began to run.
    pub started: Instant,
    /// Records applied since then.
    pub records: AtomicU64,
    /// Of those, refused.
    pub refused: AtomicU64,
    refused_at: Vec<(&'static str, AtomicU64)>,
    /// Batches applied.
    pub batches: AtomicU64,
    /// From a command's arrival to its durable answer.
    pub answers: Histogram,
    /// The latest of these.
    pub latest: Latest,
    /// What it took to write and sync a batch.
    pub syncs: Histogram,
    /// Records a batch.
    pub batch_records: Histogram,
    /// Streams that are open.
    pub streams: AtomicU64,
    /// Streams that were cut off because they read too slowly.
    pub streams_cut: AtomicU64,
    /// Requests over HTTP.
    pub requests: AtomicU64,
    classes: [AtomicU64; 5],
    sign_ins: [AtomicU64; 3],
    /// The record of the last snapshot, and how long the node stood still for it, in microseconds.
    pub snapshot: [AtomicU64; 2],
}

impl Default for Gauges {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            records: AtomicU64::default(),
            refused: AtomicU64::default(),
            refused_at: stages(),
            batches: AtomicU64::default(),
            answers: Histogram::default(),
            latest: Latest::default(),
            syncs: Histogram::default(),
            batch_records: Histogram::default(),
            streams: AtomicU64::default(),
            streams_cut: AtomicU64::default(),
            requests: AtomicU64::default(),
            classes: Default::default(),
            sign_ins: Default::default(),
            snapshot: Default::default(),
        }
    }
}

impl Gauges {
    /// A record was applied.
    pub fn applied(&self, refusal: Option<Rejection>) {
        self.records.fetch_add(1, Relaxed);
        if let Some(refusal) = refusal {
            self.refused.fetch_add(1, Relaxed);
            let stage = self.refused_at.iter().find(|(stage, _)| *stage == refusal.stage());
            stage.iter().for_each(|(_, count)| _ = count.fetch_add(1, Relaxed));
        }
    }

    /// A batch was applied.
    pub fn batch(&self, records: usize) {
        if records > 0 {
            self.batches.fetch_add(1, Relaxed);
            self.batch_records.count(records as u64);
        }
    }

    /// A request was answered with a status.
    pub fn request(&self, status: u16) {
        self.requests.fetch_add(1, Relaxed);
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        self.classes[class].fetch_add(1, Relaxed);
    }

    /// Requests by the class of their answer.
    pub fn requests_by_class(&self) -> impl Iterator<Item = (&'static str, &AtomicU64)> {
        CLASSES.into_iter().zip(&self.classes)
    }

    /// Refusals by stage.
    pub fn refusals(&self) -> impl Iterator<Item = (&'static str, &AtomicU64)> {
        self.refused_at.iter().map(|(stage, count)| (*stage, count))
    }

    /// Somebody tried to sign in.
    pub fn sign_in(&self, came_of_it: SignIn) {
        self.sign_ins[came_of_it as usize].fetch_add(1, Relaxed);
    }

    /// Attempts to sign in by what came of them.
    pub fn sign_ins(&self) -> impl Iterator<Item = (&'static str, &AtomicU64)> {
        ["succeeded", "failed", "locked_out"].into_iter().zip(&self.sign_ins)
    }

    /// Somebody was answered.
    pub fn answered(&self, took: Duration) {
        self.answers.record(took);
        self.latest.record(took);
    }

    /// A snapshot was written.
    pub fn snapshot(&self, snapshot: &Snapshotted) {
        self.snapshot[0].store(snapshot.record, Relaxed);
        self.snapshot[1].store(u64::try_from(snapshot.pause.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_that_was_measured() {
        let latest = Latest::default();
        assert_eq!(latest.quantiles_us([500, 999]), [0, 0]);
        latest.record(Duration::from_micros(77));
        assert_eq!(latest.quantiles_us([1, 500, 1_000]), [77, 77, 77]);
        for us in 1..=10_000 {
            latest.record(Duration::from_micros(us));
        }
        // The last 4,096: from 5,905 to 10,000.
        assert_eq!(latest.quantiles_us([500, 990, 999, 1_000]), [7_952, 9_960, 9_996, 10_000]);
    }
}
