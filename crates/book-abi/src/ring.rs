//! The queue of reports from the matching thread to the publishing one: one writer, one reader, no lock.
//!
//! A report is four words, a trade twice as many: a kind, a side and a quantity share the first. What is written becomes
//! visible to the reader in runs of `RUN` slots, so that the two threads do not fight over the line with the count.

use crate::abi::{Report, TRADE};
use crate::prefetch_to_write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Slots that are made visible together.
const RUN: usize = 32;

/// Keeps what one thread writes off the lines of the other.
#[repr(align(128))]
#[derive(Default)]
struct Apart<T>(T);

/// What only the writing thread touches.
#[derive(Default)]
struct Writer {
    written: AtomicUsize,
    /// Up to where the reader had read when last asked.
    read: AtomicUsize,
}

/// A queue of reports. One thread writes and another reads.
pub struct Ring {
    slots: Box<[[AtomicU64; 4]]>,
    /// Slots that the reader may read.
    visible: Apart<AtomicUsize>,
    /// Slots that were read.
    read: Apart<AtomicUsize>,
    writer: Apart<Writer>,
}

impl Ring {
    /// A queue with room for `reports` of any kind.
    #[must_use]
    pub fn new(reports: u32) -> Self {
        let slots = (2 * reports as usize).max(2 * RUN).next_power_of_two();
        let slots: Box<[[AtomicU64; 4]]> = (0..slots).map(|_| Default::default()).collect();
        // Memory that is merely promised would be handed over page by page while reports are written.
        slots.iter().for_each(|slot| slot[0].store(u64::MAX, Ordering::Relaxed));
        Self { slots, visible: Apart::default(), read: Apart::default(), writer: Apart::default() }
    }

    fn slot(&self, number: usize) -> &[AtomicU64; 4] {
        &self.slots[number & (self.slots.len() - 1)]
    }

    /// Writes a report. `false`: the queue is full, and what is in it was made visible.
    #[inline(always)] // the report then never exists as one: its fields go straight into the queue
    pub fn push(&self, report: &Report) -> bool {
        let writer = &self.writer.0;
        let written = writer.written.load(Ordering::Relaxed);
        if written + 2 > writer.read.load(Ordering::Relaxed) + self.slots.len() && !self.has_room(written) {
            return false;
        }
        let put = |slot: usize, words: [u64; 4]| {
            for (word, value) in self.slot(slot).iter().zip(words) {
                word.store(value, Ordering::Relaxed);
            }
        };
        let first = u64::from(report.kind) | u64::from(report.side) << 8 | u64::from(report.quantity) << 32;
        let price = report.price.cast_unsigned();
        let mut end = written + 1;
        if report.kind == TRADE {
            put(written, [first, report.sequence, report.maker, price]);
            put(end, [report.taker, report.order_id, 0, 0]);
            end += 1;
        } else {
            put(written, [first, report.sequence, report.order_id, price]);
        }
        writer.written.store(end, Ordering::Relaxed);
        if end & (RUN - 1) < end - written {
            self.visible.0.store(end, Ordering::Release);
            self.fetch(end + RUN);
        }
        true
    }

    /// Asks for the lines of a run before it is written, so that no write waits for them: the reader had them last.
    #[inline]
    fn fetch(&self, from: usize) {
        for slot in (from..from + RUN).step_by(2) {
            prefetch_to_write(self.slot(slot));
        }
    }

    /// Asks the reader how far it is.
    #[cold]
    fn has_room(&self, written: usize) -> bool {
        self.flush();
        let read = self.read.0.load(Ordering::Acquire);
        self.writer.0.read.store(read, Ordering::Relaxed);
        written + 2 <= read + self.slots.len()
    }

    /// Makes everything visible that was written.
    pub fn flush(&self) {
        self.visible.0.store(self.writer.0.written.load(Ordering::Relaxed), Ordering::Release);
    }

    /// Takes reports out, oldest first, as many as `out` has room for.
    pub fn drain(&self, out: &mut [Report]) -> usize {
        let visible = self.visible.0.load(Ordering::Acquire);
        let mut at = self.read.0.load(Ordering::Relaxed);
        let get = |slot: usize| -> [u64; 4] {
            let words = self.slot(slot);
            std::array::from_fn(|word| words[word].load(Ordering::Relaxed))
        };
        let mut taken = 0;
        while at < visible && taken < out.len() {
            let [first, sequence, name, price] = get(at);
            let [kind, side, ..] = first.to_le_bytes();
            let (price, quantity) = (price.cast_signed(), (first >> 32) as u32);
            at += 1;
            out[taken] = if kind == TRADE {
                let [taker, ..] = get(at);
                at += 1;
                Report::of_trade(sequence, price, quantity, name, taker)
            } else {
                Report::of_order(kind, side, sequence, name, price, quantity)
            };
            taken += 1;
        }
        self.read.0.store(at, Ordering::Release);
        taken
    }
}
