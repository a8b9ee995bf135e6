//! The run loop: the only place that owns a journal and an engine.
//!
//! A command is numbered and stamped, encoded into a batch, the batch is appended to the journal and synced, and only then
//! applied; what happened is handed to the observer. Recovery applies the same records through the same function. [`Node`] does
//! these steps one after the other, when it is told to; [`Pipeline`] is a node that runs, with the steps overlapping.
//!
//! Architecture Invariant: nothing is applied, answered or shown before it is durable. An I/O failure of the journal ends
//! the node. Everything that is kept goes through one [`Disk`].

mod answers;
mod core;
mod dir;
mod follower;
mod head;
mod keys;
mod pipeline;
mod replay;
mod snapshots;
mod verify;

pub use answers::{Answer, Answers};
pub use core::Stated;
pub use dir::DataDir;
pub(crate) use dir::{HEADS, RESTORING};
pub use follower::Follower;
pub use head::{Head, Standing, Tip};
pub use keys::NodeKey;
pub use pipeline::{
    Closed, Flow, Inbox, NotSent, Outlet, Pipeline, SendDisk, Snapshotted, Submission, TurnedAway,
};
pub(crate) use replay::replay_bytes;
pub use replay::{Replay, Until, hex, log_id, replay, replay_after, replay_on};
pub use verify::{Fault, Verified, Wanted, verify, verify_on};

use crate::node::core::{BATCH_RECORDS_MAX, Core, Slot, Taken};
use anyhow::{Context, Result, bail};
use base::{ParticipantId, Sequence, Timestamp};
use engine::{Door, Envelope, Event, Record, State};
use gateway::Created;
use journal::{Disk, Frames, Journal, Log, Opening, Options, RealDisk};
use std::path::{Path, PathBuf};

/// Epoch of a log that one node writes alone.
const EPOCH: u64 = 1;

/// What became of a command that was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It will be in the log with the next flush, under this number.
    New(Sequence),
    /// It was submitted before, and will be in the log under this number: its answer is not known yet.
    Waiting(Sequence),
    /// It is in the log already: this was the answer.
    Known(Answer),
}

/// How a node found its data directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Records in the log.
    pub records: u64,
    /// The record that the snapshot in use stands at; 0 for none.
    pub snapshot: u64,
    /// Bytes of a torn last write that were cut.
    pub cut_bytes: u64,
    /// Where a snapshot stands that is ahead of the log: its records were durable, and are gone.
    pub known_to: Option<u64>,
    /// Snapshots that lie there and were not believed: damaged, of another version, or not sealed by this node.
    pub passed_over: Vec<PathBuf>,
    /// The newest head that this node has signed, where the log does not have it: it was cut off, or written anew.
    pub missing: Option<Box<Head>>,
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
    /// The node's secret; that of the data directory's own file where none is given.
    pub secret: Option<[u8; 32]>,
}

/// A node: journal, engine and the answers given so far. Everything it keeps goes through one [`Disk`].
pub struct Node<D: Disk = RealDisk> {
    disk: D,
    dir: DataDir,
    journal: Journal<D>,
    key: NodeKey,
    core: Core,
    slot: Slot,
    snapshot_at: u64,
    /// The roster was in force when this node was opened: command files were for setting up, and that is over.
    set_up: bool,
}

/// The id of a command was used by its sender for another command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id {id} was used by the same sender for another command (record {sequence})")]
pub struct IdTaken {
    /// The id.
    pub id: String,
    /// The record of the other command.
    pub sequence: Sequence,
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
        let (journal, key, core, opened) = if dir.has_log(&disk)? {
            recover(&disk, &dir, settings, progress)?
        } else {
            dir.may_begin(&disk)?;
            let log_id = settings.log_id.unwrap_or_else(dir::new_log_id);
            let journal = Journal::create_on(disk.clone(), dir.journal(), log_id, settings.journal)
                .with_context(|| format!("cannot make a log in {}", dir.journal().display()))?;
            (journal, settings.key(&disk, &dir)?, Core::new(log_id, None), Opened::default())
        };
        let (slot, snapshot_at) = (Slot::default(), opened.snapshot);
        let set_up = core.state.roster().in_force();
        Ok((Self { disk, dir, journal, key, core, slot, snapshot_at, set_up }, opened))
    }

    /// The state as of the last flush.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.core.state
    }

    /// Answers given so far.
    #[must_use]
    pub fn answers(&self) -> &Answers {
        &self.core.answers
    }

    /// Where the node keeps its data.
    #[must_use]
    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// The id of the log.
    #[must_use]
    pub fn log_id(&self) -> [u8; 16] {
        self.journal.log_id()
    }

    /// The digest of the log as of the last flush.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.core.digest.value()
    }

    /// Whether commands wait for a flush.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        !self.slot.records.is_empty()
    }

    /// The time before which no new command may be.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.core.time()
    }

    /// Whether command files are still taken: until a log is opened whose roster is in force. The run that puts it in force may end.
    ///
    /// # Errors
    /// They are not.
    pub fn takes_files(&self) -> Result<()> {
        if self.set_up {
            bail!(
                "the roster of the log in {} is in force: from then on its users send commands, signed in to the node that serves \
                 it (huangpu serve). Command files are for setting up; nothing of these was taken",
                self.dir.root().display()
            );
        }
        Ok(())
    }

    /// Numbers and stamps a command. A command that the same sender sent before under the same id is not taken again.
    ///
    /// # Errors
    /// Another command is known under this id, the time lies before that of the last record, the batch that had to be
    /// flushed first could not be, or it comes from a file and [`Node::takes_files`] says no.
    pub fn submit(
        &mut self,
        time: Timestamp,
        envelope: Envelope,
        observer: &mut Observer<'_>,
    ) -> Result<Submitted> {
        if envelope.door == Door::File {
            self.takes_files()?;
        }
        let hash = self.core.answers.hash((envelope.actor, envelope.client_id.key()));
        let mut taken = self.core.take(time, &envelope, hash, &mut self.slot, BATCH_RECORDS_MAX)?;
        if let Taken::Full = taken {
            self.flush(observer)?;
            taken = self.core.take(time, &envelope, hash, &mut self.slot, BATCH_RECORDS_MAX)?;
        }
        self.submitted(taken, time, envelope)
    }

    /// [`Node::submit`] of a command with the very bytes that another log has of it: an older version may have written them otherwise
    /// than this one does.
    ///
    /// # Errors
    /// As [`Node::submit`]; or the bytes are no payload.
    pub(crate) fn submit_bytes(
        &mut self,
        time: Timestamp,
        payload: &[u8],
        observer: &mut Observer<'_>,
    ) -> Result<Submitted> {
        let mut payload = payload.to_vec();
        Door::File.put(&mut payload);
        let envelope = engine::decode(&payload)?;
        let hash = self.core.answers.hash((envelope.actor, envelope.client_id.key()));
        let mut taken =
            self.core.take_bytes(time, (&envelope, &payload), hash, &mut self.slot, BATCH_RECORDS_MAX)?;
        if let Taken::Full = taken {
            self.flush(observer)?;
            taken =
                self.core.take_bytes(time, (&envelope, &payload), hash, &mut self.slot, BATCH_RECORDS_MAX)?;
        }
        self.submitted(taken, time, envelope)
    }

    fn submitted(&mut self, taken: Taken, time: Timestamp, envelope: Envelope) -> Result<Submitted> {
        match taken {
            Taken::New(sequence) => {
                self.slot.records.push(Record { sequence, time, envelope });
                Ok(Submitted::New(sequence))
            }
            Taken::Waiting(sequence) => Ok(Submitted::Waiting(sequence)),
            Taken::Known(answer) => Ok(Submitted::Known(answer)),
            Taken::Other(sequence) => {
                let id = envelope.client_id;
                bail!(IdTaken { id: id.to_string(), sequence })
            }
            Taken::Full => bail!("a batch that was flushed has no room: this is a fault of the node"),
        }
    }

    /// Makes everything submitted durable, then applies it. `observer` is told of each record in order.
    ///
    /// # Errors
    /// The journal could not be written or synced: the node is at its end, and must be opened again. Or the observer failed.
    pub fn flush(&mut self, observer: &mut Observer<'_>) -> Result<()> {
        let Some(first) = self.slot.first() else {
            return Ok(());
        };
        let outcome = self.core.outcome();
        self.journal
            .append(first.0, EPOCH, outcome, &self.slot.batch)
            .context("the log could not be written: stopping")?;
        let told = self.core.apply(&self.slot, observer);
        self.slot.clear();
        told
    }

    /// Flushes, seals the log with the digest of its last record, writes a snapshot where something has happened since the last one,
    /// and keeps the signed head.
    ///
    /// # Errors
    /// As [`Node::flush`]; or the snapshot could not be written, which loses nothing.
    pub fn close(mut self, observer: &mut Observer<'_>) -> Result<()> {
        self.flush(observer)?;
        if self.is_snapshot_due() {
            let outcome = self.core.outcome();
            self.journal.seal(EPOCH, outcome).context("the log could not be sealed")?;
            self.snapshot()?;
            self.keep_head()?;
        }
        Ok(())
    }

    /// Where the log stands as of the last flush.
    #[must_use]
    pub fn tip(&self) -> Tip {
        let (record, time) = (self.core.state.sequence().0, self.core.state.time());
        Tip { record, time, chain: self.journal.chain(), digest: self.core.digest.value() }
    }

    /// The head of the log as of the last flush, signed.
    #[must_use]
    pub fn head(&self) -> Head {
        Head::sign(&self.key, self.journal.log_id(), &self.tip(), self.snapshot_at)
    }

    /// Signs the head of the log as of the last flush, and keeps it beside the log where it is not kept yet.
    ///
    /// # Errors
    /// The file of heads cannot be read or written.
    pub fn keep_head(&self) -> Result<Head> {
        let head = self.head();
        let newest = head::newest(&self.disk, &self.dir, &self.key, self.log_id())?;
        if newest.is_none_or(|newest| newest.chain != head.chain) {
            head::keep(&self.disk, &self.dir, &head)?;
        }
        Ok(head)
    }

    /// Whether there are records that no snapshot covers: closing writes one then.
    #[must_use]
    pub fn is_snapshot_due(&self) -> bool {
        self.core.state.sequence().0 > self.snapshot_at
    }

    /// Writes a snapshot of the state as of the last flush.
    ///
    /// # Errors
    /// It could not be written, which loses nothing: the log is the truth.
    pub fn snapshot(&mut self) -> Result<()> {
        let draft = self.core.draft(self.journal.log_id());
        self.snapshot_at = draft.record();
        draft.write(&self.disk, &self.dir, &self.key)?;
        Ok(())
    }
}

impl Settings {
    /// The key of a data directory that is this node's own by now, so that no two make one.
    fn key<D: Disk>(&self, disk: &D, dir: &DataDir) -> Result<NodeKey> {
        self.secret.map_or_else(|| NodeKey::open_on(disk, dir), |secret| Ok(NodeKey::of(secret)))
    }
}

/// Reads a log once: its checks, from the latest snapshot on what it says, and whether it has the newest head that was signed.
fn recover<D: Disk>(
    disk: &D,
    dir: &DataDir,
    settings: Settings,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Journal<D>, NodeKey, Core, Opened)> {
    let cannot = || format!("cannot open the log in {}", dir.journal().display());
    let mut opening = Opening::start(disk.clone(), dir.journal(), settings.journal).with_context(cannot)?;
    let (log_id, at_least) = (opening.log_id(), opening.records_at_least());
    let key = settings.key(disk, dir)?;
    let mut missing = head::newest(disk, dir, &key, log_id)?.map(Box::new);
    let mut passed_over = Vec::new();
    let mut core = Core::new(log_id, snapshots::latest(disk, dir, (log_id, &key), None, &mut passed_over));
    let mut snapshot = core.state.sequence().0;
    while let Some(frame) = opening.next_frame().with_context(cannot)? {
        let ends = frame.first_seq + u64::from(frame.count) - 1;
        missing = missing.filter(|head| head.record != ends || head.chain != hex(&frame.chain));
        core.replay(&frame)?;
        let done = core.state.sequence().0;
        progress(done, at_least.max(done));
    }
    let (journal, recovery) = opening.finish().with_context(cannot)?;
    let last = recovery.last_seq;
    let known_to = (snapshot > last).then_some(snapshot);
    if known_to.is_some() {
        // The snapshot knows records that the log does not have: what it says is not to be believed.
        let start = snapshots::latest(disk, dir, (log_id, &key), Some(last), &mut passed_over);
        core = Core::new(log_id, start);
        snapshot = core.state.sequence().0;
        let mut reader = journal.read_from(snapshot + 1)?;
        while let Some(frame) = reader.next_frame()? {
            core.replay(&frame)?;
        }
    }
    let cut_bytes = recovery.cut().map_or(0, |cut| cut.bytes);
    let opened = Opened { records: last, snapshot, cut_bytes, known_to, passed_over, missing };
    Ok((journal, key, core, opened))
}

impl<D: Disk> gateway::ReferenceBook for Node<D> {
    fn created(&self, by: Option<ParticipantId>, id: &str) -> Result<Option<Created>, String> {
        self.core.answers.created(by, id)
    }
}
