//! One stream: the numbers of its messages, those that were sent last, and who is sent the next one.
//!
//! A message carries `seq`, the number of the record it came of, and `prev`, the `seq` of the message before it on this stream. A
//! client that stands at N (the `seq` of the last message or snapshot it was given) has missed nothing exactly where `prev` is
//! not above N. Messages are rendered once and shared: `prev` is the same for everyone, so a snapshot may stand behind it.

use super::outbox::{Out, Outbox};
use axum::extract::ws::Utf8Bytes;
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

/// Messages that are kept for those who come back.
const KEPT: usize = 4_096;
/// Bytes of them.
const KEPT_BYTES: usize = 1 << 20;

/// See the module.
pub(super) struct Log {
    /// The fields that say which stream it is, with a comma at the end.
    head: String,
    /// The `seq` of the last message, or where the stream began.
    last: u64,
    /// Everything after this is kept.
    floor: u64,
    kept: VecDeque<(u64, Utf8Bytes)>,
    bytes: usize,
    subscribers: Vec<(u64, Arc<Outbox>)>,
    /// Since when nobody reads it.
    idle: Option<Instant>,
}

impl Log {
    /// A stream that begins after a record.
    pub(super) fn new(head: String, at: u64) -> Self {
        let (kept, subscribers) = (VecDeque::new(), Vec::new());
        Self { head, last: at, floor: at, kept, bytes: 0, subscribers, idle: Some(Instant::now()) }
    }

    /// Sends what happened: to all subscribers, and to those who come back. To how many it was sent; to one
    /// at least, because it was rendered.
    pub(super) fn publish(&mut self, seq: u64, time: &str, data: &str) -> usize {
        debug_assert!(seq > self.last, "{}: {seq} after {}", self.head, self.last);
        let message = self.render(seq, self.last, time, "update", data);
        self.last = seq;
        self.bytes += message.len();
        self.kept.push_back((seq, message.clone()));
        while self.kept.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some((dropped, message)) = self.kept.pop_front() else { break };
            (self.floor, self.bytes) = (dropped, self.bytes - message.len());
        }
        self.subscribers.retain(|(_, outbox)| outbox.push(Out::One(message.clone())));
        self.subscribers.len().max(1)
    }

    /// What someone who stands at `from` has missed, where it is known, at a record of the log.
    pub(super) fn missed(&self, from: u64, at: u64) -> Option<Vec<Utf8Bytes>> {
        if from < self.floor || from > at {
            return None;
        }
        let behind = self.kept.partition_point(|(seq, _)| *seq <= from);
        Some(self.kept.range(behind..).map(|(_, message)| message.clone()).collect())
    }

    /// How it stands after a record.
    pub(super) fn snapshot(&self, seq: u64, time: &str, data: &str) -> Utf8Bytes {
        self.render(seq, 0, time, "snapshot", data)
    }

    fn render(&self, seq: u64, prev: u64, time: &str, kind: &str, data: &str) -> Utf8Bytes {
        let mut text = String::with_capacity(self.head.len() + data.len() + 96);
        let head = &self.head;
        // Texts grow, and are never full.
        let _ = write!(
            text,
            "{{{head}\"seq\":{seq},\"prev\":{prev},\"time\":\"{time}\",\"type\":\"{kind}\",\"data\":{data}}}"
        );
        text.into()
    }

    /// The `seq` of the last message, or where the stream began.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// One more subscriber.
    pub(super) fn join(&mut self, socket: u64, outbox: &Arc<Outbox>) {
        self.leave(socket);
        self.subscribers.push((socket, Arc::clone(outbox)));
        self.idle = None;
    }

    /// One less. Whether it was one.
    pub(super) fn leave(&mut self, socket: u64) -> bool {
        let before = self.subscribers.len();
        self.subscribers.retain(|(number, _)| *number != socket);
        before != self.subscribers.len()
    }

    /// For how many seconds nobody has read it.
    pub(super) fn idle_seconds(&mut self) -> u64 {
        if !self.subscribers.is_empty() {
            self.idle = None;
            return 0;
        }
        self.idle.get_or_insert_with(Instant::now).elapsed().as_secs()
    }

    /// Whether someone reads it.
    pub(super) fn is_read(&self) -> bool {
        !self.subscribers.is_empty()
    }
}
