//! The thread that owns the journal: it writes and syncs batches in order, and has the next segment made ahead.

use super::SendDisk;
use super::desk::Desk;
use super::worker::Worker;
use crate::node::EPOCH;
use crate::node::core::Slot;
use anyhow::{Context, Result};
use journal::{Disk, Journal, JournalError, Log, Outcome, Prepared};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// A batch to be made durable.
pub(super) struct Job {
    pub(super) slot: Slot,
    pub(super) outcome: Outcome,
}

/// The run loop's end of the thread. Dropping it lets the thread end with what it was given, and waits for that.
pub(super) struct Writer<D: Disk> {
    // First, so that the thread has nothing to wait for when it is waited for.
    jobs: Option<Sender<Job>>,
    thread: Worker<Journal<D>>,
}

/// A segment that is being made.
type Making<F> = Worker<Result<Prepared<F>, JournalError>>;

impl<D: SendDisk> Writer<D> {
    pub(super) fn start(journal: Journal<D>, desk: Arc<Desk>) -> Result<Self> {
        let (jobs, queue) = channel();
        let thread = Worker::start("journal", move || work(journal, &queue, &desk));
        Ok(Self { jobs: Some(jobs), thread: thread.context("no thread for the journal")? })
    }
}

impl<D: Disk> Writer<D> {
    /// Gives it a batch. A writer that has failed takes none; the desk knows why.
    pub(super) fn give(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
    }

    /// Lets it end with what it was given, and takes the journal back. `None` if the thread panicked.
    pub(super) fn end(&mut self) -> Option<Journal<D>> {
        self.jobs = None;
        self.thread.end()
    }
}

fn work<D: SendDisk>(mut journal: Journal<D>, queue: &Receiver<Job>, desk: &Desk) -> Journal<D> {
    // If this thread panics, the run loop must not wait for it.
    let _guard = Guard(desk);
    let mut making: Option<Making<D::File>> = None;
    while let Ok(Job { slot, outcome }) = queue.recv() {
        if let Err(error) = write(&mut journal, &slot, outcome, &mut making) {
            desk.failed(error);
            break;
        }
        desk.durable(slot);
        if making.is_none()
            && let Some(preparation) = journal.preparation()
        {
            making = Worker::start("next segment", move || preparation.run()).ok();
        }
    }
    if !journal.is_poisoned() {
        // A segment that could not be made, or not be removed, is not needed any more.
        let _ = making.map_or(Ok(()), |thread| adopt(&mut journal, thread));
        let _ = journal.discard();
    }
    journal
}

fn write<D: Disk>(
    journal: &mut Journal<D>,
    slot: &Slot,
    outcome: Outcome,
    making: &mut Option<Making<D::File>>,
) -> Result<()> {
    let (first, batch) = (slot.first().map_or(0, |first| first.0), &slot.batch);
    if making.as_ref().is_some_and(|thread| journal.rolls(batch) || thread.is_finished())
        && let Some(thread) = making.take()
    {
        adopt(journal, thread)?;
    }
    journal.append(first, EPOCH, outcome, batch).context("the log could not be written: stopping")?;
    Ok(())
}

fn adopt<D: Disk>(journal: &mut Journal<D>, mut thread: Making<D::File>) -> Result<()> {
    let made = thread.end().context("the thread that makes segments panicked")?;
    journal.adopt(made).context("the next segment of the log could not be made: stopping")
}

struct Guard<'a>(&'a Desk);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.failed(anyhow::anyhow!("the thread that writes the log panicked: stopping"));
        }
    }
}
