//! The thread that writes the log: it writes and syncs batches in order, and has the next segment made ahead. The run loop can
//! take its place for a batch, while it has nothing to do.

use super::SendDisk;
use super::desk::Desk;
use super::worker::Worker;
use crate::node::EPOCH;
use crate::node::core::Slot;
use anyhow::{Context, Result};
use journal::{Disk, Journal, JournalError, Log, Outcome, Prepared};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A batch to be made durable.
pub(super) struct Job {
    pub(super) slot: Slot,
    pub(super) outcome: Outcome,
}

/// The journal, and the segment that is being made for it.
struct Pen<D: Disk> {
    journal: Journal<D>,
    making: Option<Worker<Result<Prepared<D::File>, JournalError>>>,
}

/// The run loop's end of the thread. Dropping it lets the thread end with what it was given, and waits for that.
pub(super) struct Writer<D: Disk> {
    pen: Arc<Mutex<Pen<D>>>,
    // Before the thread, so that it has nothing to wait for when it is waited for.
    jobs: Option<Sender<Job>>,
    thread: Worker<()>,
}

/// A journal that was left in the middle of a write by a panic is poisoned by that write, or none was begun.
fn lock<D: Disk>(pen: &Mutex<Pen<D>>) -> MutexGuard<'_, Pen<D>> {
    pen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<D: SendDisk> Writer<D> {
    pub(super) fn start(journal: Journal<D>, desk: Arc<Desk>) -> Result<Self> {
        let pen = Arc::new(Mutex::new(Pen { journal, making: None }));
        let (jobs, queue) = channel();
        let its_pen = Arc::clone(&pen);
        let thread = Worker::start("journal", move || work(&its_pen, &queue, &desk));
        Ok(Self { pen, jobs: Some(jobs), thread: thread.context("no thread for the journal")? })
    }

    /// Makes a batch durable here and now. The thread must have nothing to do.
    ///
    /// # Errors
    /// It could not be written or synced: the journal is at its end.
    pub(super) fn write_here(&self, job: &mut Job) -> Result<()> {
        lock(&self.pen).write(job)
    }

    /// Lets it end with what it was given, and takes the journal back. `None` if the thread panicked.
    pub(super) fn end(mut self) -> Option<Journal<D>> {
        self.jobs = None;
        self.thread.end()?;
        let pen = Arc::into_inner(self.pen)?.into_inner().ok()?;
        Some(pen.put_down())
    }
}

impl<D: Disk> Writer<D> {
    /// Gives it a batch. A writer that has failed takes none; the desk knows why.
    pub(super) fn give(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
    }
}

fn work<D: SendDisk>(pen: &Mutex<Pen<D>>, queue: &Receiver<Job>, desk: &Desk) {
    // If this thread panics, the run loop must not wait for it.
    let _guard = Guard(desk);
    while let Ok(mut job) = queue.recv() {
        let written = lock(pen).write(&mut job);
        match written {
            Ok(()) => desk.durable(job.slot),
            Err(error) => return desk.failed(error),
        }
    }
}

impl<D: SendDisk> Pen<D> {
    fn write(&mut self, Job { slot, outcome }: &mut Job) -> Result<()> {
        let begun = Instant::now();
        let Self { journal, making } = self;
        let (first, batch) = (slot.first().map_or(0, |first| first.0), &slot.batch);
        if making.is_none()
            && let Some(preparation) = journal.preparation()
        {
            *making = Worker::start("next segment", move || preparation.run()).ok();
        }
        if making.as_ref().is_some_and(|thread| journal.rolls(batch) || thread.is_finished()) {
            self.adopt()?;
        }
        let Self { journal, .. } = self;
        let appended = journal.append(first, EPOCH, *outcome, batch);
        slot.chain = appended.context("the log could not be written: stopping")?.chain;
        slot.took = begun.elapsed();
        Ok(())
    }

    fn adopt(&mut self) -> Result<()> {
        let Some(mut thread) = self.making.take() else { return Ok(()) };
        let made = thread.end().context("the thread that makes segments panicked")?;
        self.journal.adopt(made).context("the next segment of the log could not be made: stopping")
    }

    /// Leaves nothing behind that was made ahead.
    fn put_down(mut self) -> Journal<D> {
        if !self.journal.is_poisoned() {
            // A segment that could not be made, or not be removed, is not needed any more.
            let _ = self.adopt();
            let _ = self.journal.discard();
        }
        self.journal
    }
}

struct Guard<'a>(&'a Desk);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.failed(anyhow::anyhow!("the thread that writes the log panicked: stopping"));
        }
    }
}
