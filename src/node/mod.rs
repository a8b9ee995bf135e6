//! The run loop: the only place that owns a journal and an engine.
//!
//! A command is numbered and stamped, encoded into a batch, the batch is appended to the journal and synced, and only then
//! applied; what happened is handed to the observer. Recovery applies the same records through the same function.
//!
//! Architecture Invariant: nothing is applied, answered or shown before it is durable. An I/O failure of the journal ends
//! the node.

mod answers;
mod dir;
mod replay;
mod snapshots;
mod verify;

pub use answers::{Answer, Answers};
pub use dir::DataDir;
pub use replay::{Replay, Until, hex, replay, replay_on};
pub use verify::{Fault, Verified, verify, verify_on};

use anyhow::{Context, Result, bail};
use base::{ParticipantId, Sequence, Timestamp};
use engine::{Envelope, Event, Events, LogDigest, Record, State};
use gateway::Created;
use journal::{Batch, Disk, Journal, Log, Options, Outcome, RealDisk};
use std::path::Path;

/// Records a batch at most: one write and one sync.
const BATCH_RECORDS_MAX: usize = 8_189;
/// Bytes a batch at most.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Epoch of a log that one node writes alone.
const EPOCH: u64 = 1;

/// What became of a command that was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It will be in the log with the next flush, under this number.
    New(Sequence),
    /// It is in the log already: this was the answer.
    Known(Answer),
}

/// How a node found its data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Records in the log.
    pub records: u64,
    /// The record that the snapshot in use stands at; 0 for none.
    pub snapshot: u64,
    /// Bytes of a torn last write that were cut.
    pub cut_bytes: u64,
}

/// What is told about each record when it has been applied.
pub type Observer<'a> = dyn FnMut(&Record, &[Event], &State) -> Result<()> + 'a;

/// How a node is set up, where it matters to someone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Settings {
    /// How its journal is laid out.
    pub journal: Options,
    /// The id of a log that is to be made; a random one where none is given.
    pub log_id: Option<[u8; 16]>,
}

/// A node: journal, engine and the answers given so far. Everything it keeps goes through one [`Disk`].
pub struct Node<D: Disk = RealDisk> {
    disk: D,
    dir: DataDir,
    journal: Journal<D>,
    state: State,
    digest: LogDigest,
    answers: Answers,
    events: Events,
    batch: Batch,
    pending: Vec<Record>,
    payload: Vec<u8>,
    snapshot_at: u64,
}

impl Node {
    /// Opens a data directory, or makes one, and brings the state up to the end of the log. `progress` is told how many
    /// records are applied, and of how many.
    ///
    /// # Errors
    /// The directory is in use, cannot be read or written, or its log is damaged or does not replay to the digests in it.
    pub fn open(path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(Self, Opened)> {
        Self::open_on(RealDisk, path, Settings::default(), progress)
    }
}

impl<D: Disk> Node<D> {
    /// [`Node::open`] on a disk of the caller's.
    ///
    /// # Errors
    /// As [`Node::open`].
    pub fn open_on(
        disk: D,
        path: &Path,
        settings: Settings,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(Self, Opened)> {
        let dir = DataDir::at(path);
        let (journal, cut_bytes) = if dir.has_log(&disk)? {
            let (journal, recovery) = Journal::open_on(disk.clone(), dir.journal(), settings.journal)
                .with_context(|| format!("cannot open the log in {}", dir.journal().display()))?;
            let cut_bytes = recovery.cut().map_or(0, |cut| cut.bytes);
            (journal, cut_bytes)
        } else {
            let log_id = settings.log_id.unwrap_or_else(dir::new_log_id);
            let journal = Journal::create_on(disk.clone(), dir.journal(), log_id, settings.journal)
                .with_context(|| format!("cannot make a log in {}", dir.journal().display()))?;
            (journal, 0)
        };
        let last = journal.last_seq();
        let start = snapshots::latest(&disk, &dir, journal.log_id(), last);
        let snapshot = start.as_ref().map_or(0, |start| start.state.sequence().0);
        let replay::Recovered { state, digest, answers } = replay::recover(&journal, start, progress)?;
        let opened = Opened { records: last, snapshot, cut_bytes };
        let node = Self {
            disk,
            dir,
            journal,
            state,
            digest,
            answers,
            events: Events::new(),
            batch: Batch::new(),
            pending: Vec::new(),
            payload: Vec::new(),
            snapshot_at: snapshot,
        };
        Ok((node, opened))
    }

    /// The state as of the last flush.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Answers given so far.
    #[must_use]
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Where the node keeps its data.
    #[must_use]
    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// The digest of the log as of the last flush.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest.value()
    }

    /// Whether commands wait for a flush.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The time before which no new command may be.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.pending.last().map_or(self.state.time(), |record| record.time)
    }

    /// Numbers and stamps a command. A command that the same sender sent before under the same id is not taken again.
    ///
    /// # Errors
    /// Another command is known under this id, the time lies before that of the last record, or the batch that had to be
    /// flushed first could not be.
    pub fn submit(
        &mut self,
        time: Timestamp,
        envelope: Envelope,
        observer: &mut Observer<'_>,
    ) -> Result<Submitted> {
        self.payload.clear();
        engine::encode(&envelope, &mut self.payload)?;
        let key = (envelope.actor, envelope.client_id);
        let body = answers::body_digest(&self.payload);
        if let Some(known) = self.answers.get(key) {
            if known.body == body {
                return Ok(Submitted::Known(known));
            }
            bail!(
                "the id {} was used by the same sender for another command (record {})",
                envelope.client_id,
                known.sequence
            );
        }
        if time < self.time() {
            bail!("its time lies before that of the record before it: time never runs back in a log");
        }
        if self.batch.len() >= BATCH_RECORDS_MAX
            || self.batch.bytes().len() + self.payload.len() > BATCH_BYTES_MAX
        {
            self.flush(observer)?;
        }
        let sequence = Sequence(self.journal.last_seq() + 1 + self.pending.len() as u64);
        self.batch.push(time.0, &self.payload)?;
        self.pending.push(Record { sequence, time, envelope });
        self.answers.insert(key, Answer { sequence, body, refusal: None, created: None });
        Ok(Submitted::New(sequence))
    }

    /// Makes everything submitted durable, then applies it. `observer` is told of each record in order.
    ///
    /// # Errors
    /// The journal could not be written or synced: the node is at its end, and must be opened again. Or the observer failed.
    pub fn flush(&mut self, observer: &mut Observer<'_>) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let first = self.journal.last_seq() + 1;
        let outcome = self.outcome();
        self.journal
            .append(first, EPOCH, outcome, &self.batch)
            .context("the log could not be written: stopping")?;
        let mut told = Ok(());
        for (record, logged) in self.pending.iter().zip(self.batch.records(first)) {
            self.state.apply(record, &mut self.events);
            self.digest.absorb(record, logged.payload, self.events.as_slice())?;
            self.answers.settle(record, &self.events);
            if told.is_ok() {
                told = observer(record, self.events.as_slice(), &self.state);
            }
        }
        self.pending.clear();
        self.batch.clear();
        told
    }

    fn outcome(&mut self) -> Outcome {
        self.digest.catch_up();
        Outcome { seq: self.state.sequence().0, digest: self.digest.value() }
    }

    /// Flushes, seals the log with the digest of its last record, and writes a snapshot where much has happened since the
    /// last one.
    ///
    /// # Errors
    /// As [`Node::flush`]; or the snapshot could not be written, which loses nothing.
    pub fn close(mut self, observer: &mut Observer<'_>) -> Result<()> {
        self.flush(observer)?;
        if self.state.sequence().0 > self.snapshot_at {
            let outcome = self.outcome();
            self.journal.seal(EPOCH, outcome).context("the log could not be sealed")?;
            self.snapshot()?;
        }
        Ok(())
    }

    /// Writes a snapshot of the state as of the last flush.
    ///
    /// # Errors
    /// It could not be written, which loses nothing: the log is the truth.
    pub fn snapshot(&mut self) -> Result<()> {
        let Self { disk, dir, journal, state, digest, answers, .. } = self;
        snapshots::write(disk, dir, journal.log_id(), state, digest, answers)?;
        self.snapshot_at = self.state.sequence().0;
        Ok(())
    }
}

impl<D: Disk> gateway::ReferenceBook for Node<D> {
    fn created(&self, by: Option<ParticipantId>, id: &str) -> Result<Option<Created>, String> {
        self.answers.created(by, id)
    }
}
