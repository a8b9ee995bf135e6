//! The clerk: takes commands to the node and brings their answers back. An answer is given when the command is durable and
//! applied, and not before.

use crate::node::{Answer, Inbox, NotSent, Outlet, Snapshotted, Submission, TurnedAway};
use crate::serve::past;
use crate::serve::reader::Feed;
use crate::serve::{Clock, Held, gauges::Gauges};
use anyhow::Result;
use engine::{Envelope, Event, Record, State};
use gateway::Created;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is in the log.
    Answered {
        /// What came of it.
        answer: Answer,
        /// It was there before, and this was the answer.
        repeated: bool,
    },
    /// It is not.
    TurnedAway(TurnedAway),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The node takes no more commands, or ended before this one was known to be durable: it may be in the log or not.
    #[error("the node is stopping: whether the command was taken is not known")]
    Stopping,
    /// As many commands wait as may.
    #[error("the node has as many commands waiting as it takes")]
    Busy,
    /// The node does not believe its clock.
    #[error("{0}")]
    Held(Held),
}

struct Waiting {
    since: Instant,
    answer: oneshot::Sender<Told>,
}

/// See the module.
pub struct Clerk {
    inbox: Mutex<Option<Inbox>>,
    waiting: Mutex<HashMap<u64, Waiting>>,
    next: AtomicU64,
    acknowledged: AtomicU64,
    clock: Clock,
    gauges: Arc<Gauges>,
}

/// The tag of what nobody waits for.
const NOBODY: u64 = 0;

impl Clerk {
    /// A clerk with a way into a pipeline.
    #[must_use]
    pub fn new(inbox: Inbox, clock: Clock, gauges: Arc<Gauges>) -> Self {
        let (inbox, waiting) = (Mutex::new(Some(inbox)), Mutex::default());
        Self {
            inbox,
            waiting,
            next: AtomicU64::new(NOBODY + 1),
            acknowledged: AtomicU64::new(0),
            clock,
            gauges,
        }
    }

    /// Sends a command; the answer comes by itself.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub fn send(&self, envelope: Envelope) -> Result<oneshot::Receiver<Told>, Unanswered> {
        self.send_after(Vec::new(), envelope).map(|(_, told)| told)
    }

    /// Sends a command right behind others, whose answers nobody waits for; its own comes by itself. Gives its tag too.
    ///
    /// # Errors
    /// See [`Unanswered`]. Some of the others may have been sent.
    pub fn send_after(
        &self,
        before: Vec<Envelope>,
        envelope: Envelope,
    ) -> Result<(u64, oneshot::Receiver<Told>), Unanswered> {
        let tag = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, told) = oneshot::channel();
        self.waiting().insert(tag, Waiting { since: Instant::now(), answer });
        let before = before.into_iter().map(|envelope| (envelope, NOBODY));
        let sent = self.try_send(before.chain([(envelope, tag)]));
        if sent.is_err() {
            self.waiting().remove(&tag);
        }
        sent.map(|()| (tag, told))
    }

    /// Whether the command of a tag is still to be answered. What was answered is covered by [`Clerk::acknowledged`].
    #[must_use]
    pub fn is_waiting(&self, tag: u64) -> bool {
        self.waiting().contains_key(&tag)
    }

    /// Sends a command whose answer nobody waits for.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub fn post(&self, envelope: Envelope) -> Result<(), Unanswered> {
        self.try_send([(envelope, NOBODY)])
    }

    /// Sends a command and waits for what comes of it.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub async fn ask(&self, envelope: Envelope) -> Result<Told, Unanswered> {
        self.send(envelope)?.await.map_err(|_| Unanswered::Stopping)
    }

    /// The last record that anyone was told of: whoever reads now reads at least this.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    /// How many wait for an answer.
    #[must_use]
    pub fn waiting_count(&self) -> usize {
        self.waiting().len()
    }

    /// Whether it takes commands.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(Inbox::is_open)
    }

    /// Takes no more commands.
    pub fn close(&self) {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Sends commands one right behind the other.
    fn try_send(&self, all: impl IntoIterator<Item = (Envelope, u64)>) -> Result<(), Unanswered> {
        let inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let inbox = inbox.as_ref().ok_or(Unanswered::Stopping)?;
        for (envelope, tag) in all {
            let time = self.clock.stamp().map_err(Unanswered::Held)?;
            let sent = inbox.try_send(Submission { time, envelope, tag });
            sent.map_err(|error| match error {
                NotSent::Closed => Unanswered::Stopping,
                NotSent::Full(_) => Unanswered::Busy,
            })?;
        }
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, tag: u64, told: Told) {
        if let Told::Answered { answer, .. } = told {
            self.acknowledged.fetch_max(answer.sequence.0, Ordering::AcqRel);
        }
        if tag == NOBODY {
            return;
        }
        if let Some(Waiting { since, answer }) = self.waiting().remove(&tag) {
            self.gauges.answered(since.elapsed());
            // Whoever asked may have gone: the command stands all the same.
            let _ = answer.send(told);
        }
    }

    fn forget_all(&self) {
        self.waiting().clear();
    }
}

/// The node's outlet: answers go to the clerk, records to the reader.
pub(super) struct Counter {
    clerk: Arc<Clerk>,
    feed: Feed,
    past: past::Feed,
    batch: Vec<Record>,
    gauges: Arc<Gauges>,
}

impl Counter {
    /// An outlet.
    #[must_use]
    pub(super) fn new(clerk: Arc<Clerk>, feed: Feed, past: past::Feed, gauges: Arc<Gauges>) -> Self {
        Self { clerk, feed, past, batch: Vec::new(), gauges }
    }

    /// Nobody waits any more; reader and projection end when they have read everything.
    pub(super) fn end(self) {
        self.clerk.forget_all();
        self.feed.end();
        self.past.end();
    }
}

impl Outlet for Counter {
    fn applied(&mut self, tag: u64, record: &Record, events: &[Event], _: &State) -> Result<()> {
        let refusal = events.iter().find_map(|event| match event {
            Event::Refused(refusal) => Some(*refusal),
            _ => None,
        });
        let created = if refusal.is_none() { Created::by(events) } else { None };
        self.gauges.applied(refusal);
        self.batch.push(record.clone());
        let answer = Answer { sequence: record.sequence, refusal, created };
        self.clerk.tell(tag, Told::Answered { answer, repeated: false });
        Ok(())
    }

    fn repeated(&mut self, tag: u64, answer: Answer) -> Result<()> {
        self.clerk.tell(tag, Told::Answered { answer, repeated: true });
        Ok(())
    }

    fn turned_away(&mut self, tag: u64, why: TurnedAway) -> Result<()> {
        self.clerk.tell(tag, Told::TurnedAway(why));
        Ok(())
    }

    fn synced(&mut self, took: Duration) {
        self.gauges.syncs.record(took);
    }

    fn batch_told(&mut self) -> Result<()> {
        self.gauges.batch(self.batch.len());
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = Arc::new(std::mem::take(&mut self.batch));
        self.past.give(Arc::clone(&batch));
        self.feed.give(batch)
    }

    fn snapshotted(&mut self, snapshot: Snapshotted) {
        match &snapshot.written {
            Ok((took, bytes)) => tracing::info!(
                record = snapshot.record,
                bytes,
                took_ms = took.as_millis(),
                pause_us = snapshot.pause.as_micros(),
                "snapshot written"
            ),
            Err(error) => tracing::warn!("a snapshot could not be written: {error:#}"),
        }
        self.gauges.snapshot(&snapshot);
    }
}
