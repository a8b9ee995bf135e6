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
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = (u64::BITS - us.leading_zeros()) as usize;
        self.buckets[place.min(BUCKETS - 1)].fetch_add(1, Relaxed);
        self.sum_us.fetch_add(us, Relaxed);
    }

    /// How many took at most 2 to the power of each place microseconds, and the sum of all.
    #[must_use]
    pub fn read(&self) -> ([u64; BUCKETS], u64) {
        (std::array::from_fn(|place| self.buckets[place].load(Relaxed)), self.sum_us.load(Relaxed))
    }

    /// The bound below which a share of all lies, in thousandths; microseconds.
    #[must_use]
    pub fn quantile_us(&self, thousandths: u64) -> u64 {
        let (buckets, _) = self.read();
        let total: u64 = buckets.iter().sum();
        let wanted = total.saturating_mul(thousandths).div_ceil(1_000);
        let mut seen = 0;
        for (place, count) in buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted && total > 0 {
                return 1 << place;
            }
        }
        0
    }
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
    /// Batches applied.
    pub batches: AtomicU64,
    /// From a command's arrival to its durable answer.
    pub answers: Histogram,
    /// Streams that are open.
    pub streams: AtomicU64,
    /// Streams that were cut off because they read too slowly.
    pub streams_cut: AtomicU64,
    /// Requests over HTTP.
    pub requests: AtomicU64,
    /// The record of the last snapshot, and how long the node stood still for it, in microseconds.
    pub snapshot: [AtomicU64; 2],
}

impl Default for Gauges {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            records: AtomicU64::default(),
            refused: AtomicU64::default(),
            batches: AtomicU64::default(),
            answers: Histogram::default(),
            streams: AtomicU64::default(),
            streams_cut: AtomicU64::default(),
            requests: AtomicU64::default(),
            snapshot: Default::default(),
        }
    }
}

impl Gauges {
    /// A record was applied.
    pub fn applied(&self, refusal: Option<Rejection>) {
        self.records.fetch_add(1, Relaxed);
        self.refused.fetch_add(u64::from(refusal.is_some()), Relaxed);
    }

    /// A batch was applied.
    pub fn batch(&self, records: usize) {
        self.batches.fetch_add(u64::from(records > 0), Relaxed);
    }

    /// Somebody was answered.
    pub fn answered(&self, took: Duration) {
        self.answers.record(took);
    }

    /// A snapshot was written.
    pub fn snapshot(&self, snapshot: &Snapshotted) {
        self.snapshot[0].store(snapshot.record, Relaxed);
        self.snapshot[1].store(u64::try_from(snapshot.pause.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }
}
