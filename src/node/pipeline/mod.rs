//! A node whose steps overlap: while the writer makes one batch durable, the run loop encodes the next one and applies the one
//! before.
//!
//! ```text
//! inboxes ──▶ run loop: number, stamp, encode ──▶ writer: write, sync ──▶ run loop: apply ──▶ outlet
//!                 batch n + 1                        batch n                  batch n − 1
//! ```
//!
//! A batch is what arrived while the writer was at work (group commit), up to a limit. One batch waits for the writer at most, so
//! it never waits for the run loop, and one that comes back is applied only then.
//!
//! Architecture Invariant: the same as for the plain node. Nothing is applied, answered or shown before it is durable; so a sync
//! that fails ends the node, and nobody has seen what may be lost. A repeat of a command that is not durable yet, and a refusal
//! because of one, wait for it.

mod desk;
mod worker;
mod writer;

pub use desk::{Closed, Inbox, NotSent, Submission};

use crate::node::answers::TOGETHER;
use crate::node::core::{BATCH_RECORDS_MAX, Core, Slot, Taken};
use crate::node::{Answer, DataDir, Node, Standing, Tip};
use anyhow::{Context, Result, anyhow};
use base::Sequence;
use desk::{Desk, Found};
use engine::{Event, Record, State};
use journal::{Disk, Outcome, RealDisk};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use worker::Worker;
use writer::{Job, Writer};

/// Batches at the writer: one it works on, and one that waits.
const AT_WRITER_MAX: usize = 2;
/// Batches that are not applied: those at the writer, and one that came back.
const AHEAD_MAX: usize = 3;
/// Records applied between two looks at whether the writer has run out of work.
const LOOK_EVERY: usize = 256;

/// How a pipeline runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Records a batch at most.
    pub batch_records_max: usize,
    /// Records up to which the run loop writes a batch itself, if the writer has nothing to do and nobody waits: waking the
    /// writer, and being woken by it, would take longer than all the work that could be done meanwhile.
    pub written_here_max: usize,
    /// Commands that may wait at the inboxes: a sender of more waits itself.
    pub waiting_max: usize,
    /// A snapshot is written in the background whenever so many records have been applied since the last one.
    pub snapshot_every: Option<u64>,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            batch_records_max: BATCH_RECORDS_MAX,
            written_here_max: 64,
            waiting_max: 4 * BATCH_RECORDS_MAX,
            snapshot_every: None,
        }
    }
}

/// Why a command was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TurnedAway {
    /// The same sender used its id for another command.
    #[error("its id was used by the same sender for another command (record {0})")]
    OtherCommand(Sequence),
    /// It cannot be written, which is so of none but the most enormous ones.
    #[error("it cannot be written: {0}")]
    Unwritable(String),
}

/// What became of a snapshot that was written in the background.
#[derive(Debug)]
pub struct Snapshotted {
    /// The record it stands at.
    pub record: u64,
    /// How long the run loop stood still for it.
    pub pause: Duration,
    /// How long it took to write, and its size in bytes; or why it could not be written, which loses nothing.
    pub written: Result<(Duration, u64)>,
}

/// Who is told what came of the commands. It is told of a command when its record is durable, and in the order of the log.
pub trait Outlet {
    /// A command was taken, and this happened. `state` is that after the record.
    ///
    /// # Errors
    /// The outlet's own. The pipeline stops running, and can be run again; the rest of the batch is applied and not told.
    fn applied(&mut self, tag: u64, record: &Record, events: &[Event], state: &State) -> Result<()>;

    /// A command was sent before, and this was the answer.
    ///
    /// # Errors
    /// As [`Outlet::applied`].
    fn repeated(&mut self, tag: u64, answer: Answer) -> Result<()>;

    /// A command was not taken.
    ///
    /// # Errors
    /// As [`Outlet::applied`].
    fn turned_away(&mut self, tag: u64, why: TurnedAway) -> Result<()>;

    /// A batch became durable, which took so long: it is told next.
    fn synced(&mut self, _: Duration) {}

    /// A batch has been told: what was gathered can be sent.
    ///
    /// # Errors
    /// As [`Outlet::applied`].
    fn batch_told(&mut self) -> Result<()> {
        Ok(())
    }

    /// A snapshot was written, or could not be.
    fn snapshotted(&mut self, _: Snapshotted) {}
}

/// Batches between the run loop and the writer.
struct Lane<D: Disk> {
    desk: Arc<Desk>,
    _closes_desk: ClosesDesk,
    writer: Writer<D>,
    filling: Slot,
    /// No more goes into the batch that is being filled.
    full: bool,
    ahead: usize,
    outcome: Outcome,
    spare: Vec<Slot>,
}

/// What is told about a command whose id stands for one that is not applied yet, when it is.
struct Held {
    until: Sequence,
    tag: u64,
    repeat: bool,
}

/// A snapshot that is being written.
struct Writing {
    record: u64,
    pause: Duration,
    thread: Worker<Result<(Duration, u64)>>,
}

/// A disk that another thread can write to.
pub trait SendDisk: Disk<File: Send, Lock: Send> + Send + 'static {}

impl<D: Disk<File: Send, Lock: Send> + Send + 'static> SendDisk for D {}

/// A node that is running. See the module.
pub struct Pipeline<D: Disk = RealDisk> {
    disk: D,
    dir: DataDir,
    log_id: [u8; 16],
    flow: Flow,
    core: Core,
    lane: Lane<D>,
    arrived: VecDeque<Submission>,
    durable: VecDeque<Slot>,
    held: Vec<Held>,
    standing: Arc<Standing>,
    snapshot_at: u64,
    writing: Option<Writing>,
}

impl<D: Disk> Lane<D> {
    /// Gives the writer the batch that is being filled, if there is room for it on the way.
    fn hand_over(&mut self) -> bool {
        if self.ahead >= AHEAD_MAX || self.desk.at_writer() >= AT_WRITER_MAX {
            return false;
        }
        let slot = std::mem::replace(&mut self.filling, self.spare.pop().unwrap_or_default());
        self.full = false;
        self.ahead += 1;
        self.desk.given();
        self.writer.give(Job { slot, outcome: self.outcome });
        true
    }

    /// Gives the writer what there is, if it has nothing to do.
    fn keep_busy(&mut self) {
        if !self.filling.records.is_empty() && self.desk.at_writer() == 0 {
            self.hand_over();
        }
    }

    /// Makes what there is durable without the writer, if it is little and the writer has nothing to do.
    fn write_here(&mut self, written_here_max: usize) -> Option<Slot>
    where
        D: SendDisk,
    {
        let count = self.filling.records.len();
        if count == 0 || count > written_here_max || self.ahead > 0 {
            return None;
        }
        let slot = std::mem::replace(&mut self.filling, self.spare.pop().unwrap_or_default());
        self.full = false;
        let mut job = Job { slot, outcome: self.outcome };
        if let Err(error) = self.writer.write_here(&mut job) {
            self.desk.failed(error);
            return None;
        }
        self.ahead += 1;
        Some(job.slot)
    }

    /// Whether nothing is on the way.
    fn is_idle(&self) -> bool {
        self.ahead == 0 && self.filling.records.is_empty()
    }
}

/// Nobody waits at an inbox whose pipeline is gone.
struct ClosesDesk(Arc<Desk>);

impl Drop for ClosesDesk {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<D: SendDisk> Pipeline<D> {
    /// Starts a node's writer. What was submitted to the node must have been flushed.
    ///
    /// # Errors
    /// A command waits for a flush, or there is no thread to be had.
    pub fn start(node: Node<D>, flow: Flow) -> Result<Self> {
        if node.has_pending() {
            return Err(anyhow!("commands wait for a flush: flush the node before it is started"));
        }
        let tip = node.tip();
        let Node { disk, dir, journal, key, mut core, slot, snapshot_at, set_up: _ } = node;
        let (log_id, outcome) = (journal.log_id(), core.outcome());
        let standing = Arc::new(Standing::new(dir.clone(), key, log_id, snapshot_at, tip));
        let desk = Arc::new(Desk::new(flow.waiting_max));
        let writer = Writer::start(journal, Arc::clone(&desk))?;
        let _closes_desk = ClosesDesk(Arc::clone(&desk));
        let lane = Lane {
            desk,
            _closes_desk,
            writer,
            filling: slot,
            full: false,
            ahead: 0,
            outcome,
            spare: Vec::new(),
        };
        let (arrived, durable, held, writing) = (VecDeque::new(), VecDeque::new(), Vec::new(), None);
        Ok(Self {
            disk,
            dir,
            log_id,
            flow,
            core,
            lane,
            arrived,
            durable,
            held,
            standing,
            snapshot_at,
            writing,
        })
    }

    /// A way in, for any thread. [`Pipeline::run`] goes on until the last one is dropped.
    #[must_use]
    pub fn inbox(&self) -> Inbox {
        Inbox::new(&self.lane.desk)
    }

    /// Where the log stands, for any thread that asks for its head.
    #[must_use]
    pub fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing)
    }

    /// The state after the last record that was applied.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.core.state
    }

    /// Takes commands and tells what came of them, until nobody can send any more and everything has been told. It sleeps
    /// while there is nothing to do.
    ///
    /// # Errors
    /// The log could not be written or synced: the node is at its end, and must be opened again; commands that were not told
    /// may or may not be in the log. Or the outlet failed: then it can be run again.
    pub fn run(&mut self, outlet: &mut dyn Outlet) -> Result<()> {
        self.tell_held(outlet)?;
        loop {
            self.fill(outlet)?;
            if self.arrived.is_empty() && self.durable.is_empty() && !self.lane.desk.has_commands() {
                self.durable.extend(self.lane.write_here(self.flow.written_here_max));
            }
            self.lane.keep_busy();
            while let Some(slot) = self.durable.pop_front() {
                self.apply(slot, outlet)?;
            }
            self.finish_snapshot(outlet, false);
            let idle = self.lane.is_idle();
            match self.lane.desk.take(&mut self.arrived, &mut self.durable, idle)? {
                Found::Work => self.lane.keep_busy(),
                Found::End => return Ok(()),
            }
        }
    }

    /// Takes no more commands, tells what came of those that are in, and gives the node back.
    ///
    /// # Errors
    /// As [`Pipeline::run`].
    pub fn stop(mut self, outlet: &mut dyn Outlet) -> Result<Node<D>> {
        self.lane.desk.close();
        self.run(outlet)?;
        self.finish_snapshot(outlet, true);
        let Self { disk, dir, core, lane, standing, snapshot_at, .. } = self;
        let Lane { writer, filling: slot, .. } = lane;
        let journal = writer.end().context("the thread that writes the log panicked")?;
        let set_up = core.state.roster().in_force();
        let key = standing.key().clone();
        Ok(Node { disk, dir, journal, key, core, slot, snapshot_at, set_up })
    }

    /// Encodes what has arrived into batches, as far as there is room on the way.
    fn fill(&mut self, outlet: &mut dyn Outlet) -> Result<()> {
        let Self { core, lane, arrived, held, flow, .. } = self;
        let mut fetched = VecDeque::with_capacity(TOGETHER);
        while let Some(Submission { envelope, tag, time }) = arrived.front() {
            lane.full |= lane.filling.records.len() >= flow.batch_records_max;
            if lane.full && !lane.hand_over() {
                return Ok(());
            }
            if fetched.is_empty() {
                let next = arrived.iter().take(TOGETHER).map(|next| &next.envelope);
                fetched.extend(next.map(|next| core.answers.hash((next.actor, next.client_id.key()))));
                fetched.iter().for_each(|hash| core.answers.fetch(*hash));
            }
            let (Some(hash), tag, time) = (fetched.pop_front(), *tag, core.time().max(*time)) else {
                continue;
            };
            let taken = core.take(time, envelope, hash, &mut lane.filling, flow.batch_records_max);
            let told = match taken {
                Ok(Taken::Full) => {
                    (lane.full, fetched) = (true, VecDeque::new());
                    continue;
                }
                Ok(Taken::New(sequence)) => {
                    if let Some(Submission { envelope, .. }) = arrived.pop_front() {
                        lane.filling.records.push(Record { sequence, time, envelope });
                        lane.filling.tags.push(tag);
                    }
                    continue;
                }
                Ok(Taken::Known(answer)) => outlet.repeated(tag, answer),
                Ok(Taken::Waiting(until)) => {
                    held.push(Held { until, tag, repeat: true });
                    Ok(())
                }
                Ok(Taken::Other(until)) if until > core.state.sequence() => {
                    held.push(Held { until, tag, repeat: false });
                    Ok(())
                }
                Ok(Taken::Other(used)) => outlet.turned_away(tag, TurnedAway::OtherCommand(used)),
                Err(error) => outlet.turned_away(tag, TurnedAway::Unwritable(format!("{error:#}"))),
            };
            arrived.pop_front();
            told?;
        }
        Ok(())
    }

    /// Applies a batch that is durable, and tells of it.
    fn apply(&mut self, mut slot: Slot, outlet: &mut dyn Outlet) -> Result<()> {
        let Self { core, lane, .. } = self;
        outlet.synced(slot.took);
        let tags = std::mem::take(&mut slot.tags);
        let mut untold = tags.iter().enumerate();
        let told = core.apply(&slot, &mut |record, events, state| {
            let (number, tag) =
                untold.next().context("a record without a tag: this is a fault of the node")?;
            if number % LOOK_EVERY == 0 {
                lane.keep_busy();
            }
            outlet.applied(*tag, record, events, state)
        });
        lane.ahead -= 1;
        lane.outcome = core.outcome();
        let (record, time) = (lane.outcome.seq, core.state.time());
        self.standing.passed(Tip { record, time, chain: slot.chain, digest: lane.outcome.digest });
        slot.tags = tags;
        slot.clear();
        lane.spare.push(slot);
        self.begin_snapshot();
        told?;
        self.tell_held(outlet)?;
        outlet.batch_told()
    }

    fn tell_held(&mut self, outlet: &mut dyn Outlet) -> Result<()> {
        let applied = self.core.state.sequence();
        let mut told = Ok(());
        for held in std::mem::take(&mut self.held) {
            let Held { until, tag, repeat } = held;
            if until > applied || told.is_err() {
                self.held.push(held);
                continue;
            }
            told = match self.core.answers.at(until).filter(|_| repeat) {
                Some(answer) => outlet.repeated(tag, answer),
                None => outlet.turned_away(tag, TurnedAway::OtherCommand(until)),
            };
        }
        told
    }

    /// Gives a snapshot to a thread of its own, where one is due and none is being written.
    fn begin_snapshot(&mut self) {
        let record = self.core.state.sequence().0;
        let due = self.flow.snapshot_every.is_some_and(|every| record - self.snapshot_at >= every);
        if !due || self.writing.is_some() {
            return;
        }
        let begun = Instant::now();
        let draft = self.core.draft(self.log_id);
        let (disk, dir, standing) = (self.disk.clone(), self.dir.clone(), self.standing());
        let thread = Worker::start("snapshot", move || {
            let begun = Instant::now();
            let bytes = draft.write(&disk, &dir, standing.key())?;
            standing.has_snapshot(record);
            standing.keep(&disk)?;
            Ok((begun.elapsed(), bytes))
        });
        self.snapshot_at = record;
        // Without a thread there is no snapshot, until the next one is due.
        self.writing = thread.ok().map(|thread| Writing { record, pause: begun.elapsed(), thread });
    }

    fn finish_snapshot(&mut self, outlet: &mut dyn Outlet, wait: bool) {
        if let Some(Writing { record, pause, mut thread }) =
            self.writing.take_if(|writing| wait || writing.thread.is_finished())
        {
            let written = thread.end().unwrap_or_else(|| Err(anyhow!("the thread of the snapshot panicked")));
            outlet.snapshotted(Snapshotted { record, pause, written });
        }
    }
}
