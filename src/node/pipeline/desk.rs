//! Where the threads of a pipeline meet: commands come in, batches that are durable come back, and whoever has nothing to do
//! sleeps until there is something.

use crate::node::core::Slot;
use anyhow::{Result, anyhow};
use base::Timestamp;
use engine::Envelope;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A command on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// When it arrived. It is stamped with this, or with the time of the record before it if that is later.
    pub time: Timestamp,
    /// Who asks what.
    pub envelope: Envelope,
    /// What the outlet is told with the answer: who waits for it is the sender's business.
    pub tag: u64,
}

/// The pipeline takes no more commands: it has failed, or is being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node takes no more commands")]
pub struct Closed;

/// A command that could not be sent at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// As [`Closed`].
    #[error("the node takes no more commands")]
    Closed,
    /// As many wait as may wait.
    #[error("too many commands wait")]
    Full(Box<Submission>),
}

/// A way in. When the last one is dropped, the run loop ends with what was sent.
#[derive(Debug)]
pub struct Inbox(Arc<Desk>);

/// See the module.
#[derive(Debug)]
pub(super) struct Desk {
    inside: Mutex<Inside>,
    work: Condvar,
    room: Condvar,
    capacity: usize,
    /// Batches that the writer has and has not given back.
    at_writer: AtomicUsize,
}

#[derive(Debug, Default)]
struct Inside {
    commands: VecDeque<Submission>,
    durable: VecDeque<Slot>,
    failed: Option<anyhow::Error>,
    inboxes: usize,
    closed: bool,
    loop_sleeps: bool,
    waiting_for_room: usize,
}

/// What the run loop found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Work,
    /// Nobody can send any more, nothing is left, and nothing is under way.
    End,
}

impl Desk {
    pub(super) fn new(capacity: usize) -> Self {
        let (inside, work, room) = (Mutex::default(), Condvar::new(), Condvar::new());
        Self { inside, work, room, capacity: capacity.max(1), at_writer: AtomicUsize::new(0) }
    }

    /// No code that holds the lock can panic in the middle of a change.
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn at_writer(&self) -> usize {
        self.at_writer.load(Ordering::Acquire)
    }

    /// Whether commands wait at the inboxes.
    pub(super) fn has_commands(&self) -> bool {
        !self.inside().commands.is_empty()
    }

    /// The writer is given a batch.
    pub(super) fn given(&self) {
        self.at_writer.fetch_add(1, Ordering::AcqRel);
    }

    /// The writer gives back a batch that is durable.
    pub(super) fn durable(&self, slot: Slot) {
        let mut inside = self.inside();
        inside.durable.push_back(slot);
        self.at_writer.fetch_sub(1, Ordering::AcqRel);
        self.wake(&inside);
    }

    /// The writer is at its end. What it was given is not known to be durable, and is not given back.
    pub(super) fn failed(&self, error: anyhow::Error) {
        let mut inside = self.inside();
        inside.failed.get_or_insert(error);
        self.wake(&inside);
    }

    fn wake(&self, inside: &Inside) {
        if inside.loop_sleeps {
            self.work.notify_one();
        }
    }

    /// Waits until there is something for the run loop, and moves it out: all batches that are durable, and, if `arrived` is
    /// empty, all commands. `idle` says that the loop itself has nothing under way.
    ///
    /// # Errors
    /// The writer's, when all that was durable has been moved out.
    pub(super) fn take(
        &self,
        arrived: &mut VecDeque<Submission>,
        durable: &mut VecDeque<Slot>,
        idle: bool,
    ) -> Result<Found> {
        let mut inside = self.inside();
        loop {
            let mut found = false;
            if !inside.durable.is_empty() {
                durable.append(&mut inside.durable);
                found = true;
            } else if let Some(error) = inside.failed.take() {
                inside.failed = Some(anyhow!("the node has failed, and must be opened again"));
                return Err(error);
            }
            if arrived.is_empty() && !inside.commands.is_empty() {
                std::mem::swap(arrived, &mut inside.commands);
                if inside.waiting_for_room > 0 {
                    self.room.notify_all();
                }
                found = true;
            }
            if found {
                return Ok(Found::Work);
            }
            let ended = inside.inboxes == 0 || inside.closed;
            if ended && idle && arrived.is_empty() && inside.commands.is_empty() {
                return Ok(Found::End);
            }
            inside.loop_sleeps = true;
            inside = self.work.wait(inside).unwrap_or_else(PoisonError::into_inner);
            inside.loop_sleeps = false;
        }
    }

    /// Takes no more commands. Those that are in stay in.
    pub(super) fn close(&self) {
        let mut inside = self.inside();
        inside.closed = true;
        self.room.notify_all();
        self.wake(&inside);
    }
}

impl Inbox {
    pub(super) fn new(desk: &Arc<Desk>) -> Self {
        desk.inside().inboxes += 1;
        Self(Arc::clone(desk))
    }

    /// Sends a command, and waits while there is no room.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn send(&self, submission: Submission) -> Result<(), Closed> {
        self.send_all(&mut VecDeque::from([submission]))
    }

    /// Whether commands can be sent: the pipeline is not being stopped, has not failed and was not dropped.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let inside = self.0.inside();
        !inside.closed && inside.failed.is_none()
    }

    /// Sends a command, or gives it back where there is no room: for those who must not wait.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn try_send(&self, submission: Submission) -> Result<(), NotSent> {
        let mut inside = self.0.inside();
        if inside.closed {
            return Err(NotSent::Closed);
        }
        if inside.commands.len() >= self.0.capacity {
            return Err(NotSent::Full(Box::new(submission)));
        }
        inside.commands.push_back(submission);
        self.0.wake(&inside);
        Ok(())
    }

    /// Sends commands in order, and waits while there is no room.
    ///
    /// # Errors
    /// [`Closed`]; those that were not sent are left.
    pub fn send_all(&self, submissions: &mut VecDeque<Submission>) -> Result<(), Closed> {
        let desk = &self.0;
        let mut inside = desk.inside();
        while !submissions.is_empty() {
            if inside.closed {
                return Err(Closed);
            }
            let room = desk.capacity.saturating_sub(inside.commands.len());
            if room == 0 {
                inside.waiting_for_room += 1;
                inside = desk.room.wait(inside).unwrap_or_else(PoisonError::into_inner);
                inside.waiting_for_room -= 1;
                continue;
            }
            let count = room.min(submissions.len());
            if inside.commands.is_empty() && count == submissions.len() {
                // The whole of it changes hands, and the sender gets an empty one to fill again.
                std::mem::swap(&mut inside.commands, submissions);
            } else {
                inside.commands.extend(submissions.drain(..count));
            }
            desk.wake(&inside);
        }
        Ok(())
    }
}

impl Clone for Inbox {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let mut inside = self.0.inside();
        inside.inboxes -= 1;
        self.0.wake(&inside);
    }
}
