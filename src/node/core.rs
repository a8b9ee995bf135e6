//! What a node does with commands and records, whoever brings them: the engine, the digest of the log, and the answers.
//!
//! A command goes through two steps: [`Core::take`] numbers, stamps and encodes it into a [`Slot`]; [`Core::apply`] applies a
//! slot that is durable. Between the two, nobody can see it. Recovery is the second step alone.

use crate::node::answers::{Answers, KeyHash, Seen};
use crate::node::snapshots::{Draft, Start};
use crate::node::{Answer, Observer, hex};
use anyhow::{Context, Result, bail};
use base::{Sequence, Timestamp};
use engine::{Envelope, Event, Events, LogDigest, Record, State, snapshot::Snapshot};
use journal::{Batch, Frame, Outcome};
use std::collections::VecDeque;
use std::time::Duration;

/// Records a batch at most: one write and one sync.
pub(crate) const BATCH_RECORDS_MAX: usize = 8_189;
/// Bytes a batch at most.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Commands that are numbered, stamped and encoded, on their way through the log. The memory is reused.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) batch: Batch,
    pub(crate) records: Vec<Record>,
    /// Who waits for each, where someone does.
    pub(crate) tags: Vec<u64>,
    /// How long it took to write and sync, when it is durable.
    pub(crate) took: Duration,
    /// The chain digest of the journal after it, when it is durable.
    pub(crate) chain: [u8; 32],
}

impl Slot {
    pub(crate) fn clear(&mut self) {
        self.batch.clear();
        self.records.clear();
        self.tags.clear();
    }

    /// The number of its first record.
    pub(crate) fn first(&self) -> Option<Sequence> {
        self.records.first().map(|record| record.sequence)
    }
}

/// What became of a command that came in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Taken {
    /// It is encoded in the slot's batch; its record belongs there too.
    New(Sequence),
    /// It was taken before, and waits to be applied.
    Waiting(Sequence),
    /// It was taken before: this was the answer.
    Known(Answer),
    /// The sender used the id for another command, which has this number.
    Other(Sequence),
    /// There is no room in the slot.
    Full,
}

/// See the module.
pub(crate) struct Core {
    pub(crate) state: State,
    pub(crate) digest: LogDigest,
    pub(crate) answers: Answers,
    events: Events,
    payload: Vec<u8>,
    time: Timestamp,
    trail: Trail,
}

impl Core {
    pub(crate) fn new(log_id: [u8; 16], start: Option<Start>) -> Self {
        let start = start.unwrap_or_else(|| Start {
            state: State::new(),
            digest: LogDigest::new(),
            answers: Answers::new(log_id),
        });
        let Start { state, digest, answers } = start;
        let (time, trail) = (state.time(), Trail::begin(&state, &digest));
        Self { state, digest, answers, events: Events::new(), payload: Vec::new(), time, trail }
    }

    /// The time before which no new command may be.
    pub(crate) fn time(&self) -> Timestamp {
        self.time
    }

    /// Numbers and stamps a command, and encodes it into the batch of a slot of at most so many records. If it is new, the caller
    /// puts the record beside it, which it need not copy for that. `hash` is [`Answers::hash`] of its sender and id.
    ///
    /// # Errors
    /// Its time lies before that of the last command taken, or it is too large for any frame.
    pub(crate) fn take(
        &mut self,
        time: Timestamp,
        envelope: &Envelope,
        hash: KeyHash,
        slot: &mut Slot,
        records_max: usize,
    ) -> Result<Taken> {
        let mut payload = std::mem::take(&mut self.payload);
        payload.clear();
        let taken = engine::encode(envelope, &mut payload)
            .map_err(anyhow::Error::from)
            .and_then(|()| self.take_bytes(time, (envelope, &payload), hash, slot, records_max));
        self.payload = payload;
        taken
    }

    /// [`Core::take`] of a command with the very bytes that are to stand in the log.
    ///
    /// # Errors
    /// As [`Core::take`].
    pub(crate) fn take_bytes(
        &mut self,
        time: Timestamp,
        (envelope, payload): (&Envelope, &[u8]),
        hash: KeyHash,
        slot: &mut Slot,
        records_max: usize,
    ) -> Result<Taken> {
        let key = (envelope.actor, envelope.client_id.key());
        let vacancy = match self.answers.look(key, hash, payload) {
            Seen::Never(vacancy) => vacancy,
            Seen::Waiting(sequence) => return Ok(Taken::Waiting(sequence)),
            Seen::Answered(answer) => return Ok(Taken::Known(answer)),
            Seen::Other(sequence) => return Ok(Taken::Other(sequence)),
        };
        if time < self.time {
            bail!("its time lies before that of the record before it: time never runs back in a log");
        }
        let bytes = slot.batch.bytes().len() + payload.len();
        if slot.records.len() >= records_max || (bytes > BATCH_BYTES_MAX && !slot.batch.is_empty()) {
            return Ok(Taken::Full);
        }
        slot.batch.push(time.0, payload)?;
        let sequence = self.answers.take(key, payload, vacancy);
        self.time = time;
        Ok(Taken::New(sequence))
    }

    /// Applies a slot that is durable, and tells of each record. If the one who is told fails, all is applied nevertheless.
    ///
    /// # Errors
    /// The first failure of the one who was told.
    pub(crate) fn apply(&mut self, slot: &Slot, told: &mut Observer<'_>) -> Result<()> {
        let mut all_told = Ok(());
        let payloads = slot.batch.records(slot.first().unwrap_or(Sequence(0)).0);
        for (number, (record, logged)) in slot.records.iter().zip(payloads).enumerate() {
            if number % engine::GROUP == 0 {
                let group = slot.records.get(number..).unwrap_or_default();
                self.state.glance(group.get(..engine::GROUP).unwrap_or(group));
            }
            self.apply_one(record, logged.payload)?;
            if all_told.is_ok() {
                all_told = told(record, self.events.as_slice(), &self.state);
            }
        }
        all_told
    }

    fn apply_one(&mut self, record: &Record, payload: &[u8]) -> Result<()> {
        self.state.apply(record, &mut self.events);
        self.digest.absorb(record, payload, self.events.as_slice())?;
        self.answers.settle(&self.events);
        Ok(())
    }

    /// Applies a frame of the log, from the record on that comes next.
    ///
    /// # Errors
    /// A record cannot be read by this version, or the digest in the frame is not the one the log has here.
    pub(crate) fn replay(&mut self, frame: &Frame<'_>) -> Result<()> {
        self.trail.check(frame)?;
        let known = self.state.sequence().0;
        let mut left = frame.records().filter(|logged| logged.seq > known);
        let (mut records, mut beside) =
            (Vec::with_capacity(engine::GROUP), Vec::with_capacity(engine::GROUP));
        loop {
            for logged in left.by_ref().take(engine::GROUP) {
                let record = read(logged)?;
                let key = (record.envelope.actor, record.envelope.client_id.key());
                beside.push((key, self.answers.hash(key), logged.payload));
                records.push(record);
            }
            if records.is_empty() {
                break;
            }
            beside.iter().for_each(|(_, hash, _)| self.answers.fetch(*hash));
            self.state.glance(&records);
            for (record, (key, hash, payload)) in records.drain(..).zip(beside.drain(..)) {
                self.answers.replayed(key, hash, payload);
                self.apply_one(&record, payload)?;
            }
        }
        self.time = self.state.time();
        self.trail.note(&self.state, &mut self.digest);
        Ok(())
    }

    /// Another of the same, that goes on by itself.
    ///
    /// # Errors
    /// The answers could not be copied, which is a fault of this one.
    pub(crate) fn twin(&self, log_id: [u8; 16]) -> Result<Self> {
        let answers = Answers::restore(log_id, self.answers.settled().iter().copied().map(Some));
        let answers = answers.context("the answers cannot be copied: this is a fault of the node")?;
        let (state, digest) = (self.state.clone(), self.digest.clone());
        Ok(Self::new(log_id, Some(Start { state, digest, answers })))
    }

    /// Applies a record that another one took.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub(crate) fn follow(&mut self, record: &Record, payload: &[u8]) -> Result<()> {
        let key = (record.envelope.actor, record.envelope.client_id.key());
        let hash = self.answers.hash(key);
        self.answers.replayed(key, hash, payload);
        self.apply_one(record, payload)
    }

    /// What happened because of the last record.
    pub(crate) fn events(&self) -> &[Event] {
        self.events.as_slice()
    }

    /// A snapshot of the state as it is, to be written by whoever has time for it.
    pub(crate) fn draft(&self, log_id: [u8; 16]) -> Draft {
        let snapshot = Snapshot { state: self.state.clone(), digest: self.digest.clone() };
        Draft { log_id, snapshot, answers: self.answers.settled().clone() }
    }

    /// What a frame may state of the records before it.
    pub(crate) fn outcome(&mut self) -> Outcome {
        self.digest.catch_up();
        Outcome { seq: self.state.sequence().0, digest: self.digest.value() }
    }
}

/// The record in a payload of the log.
pub(crate) fn read(logged: journal::Record<'_>) -> Result<Record> {
    let sequence = logged.seq;
    let envelope = engine::decode(logged.payload)
        .with_context(|| format!("record {sequence} cannot be read by this version"))?;
    Ok(Record { sequence: Sequence(sequence), time: Timestamp(logged.time_ns), envelope })
}

/// The digests of a replay after its last frames. A frame states the digest that its writer had when it was encoded: after
/// the frame before it, or some frames earlier where the writer ran ahead of the engine.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    known: VecDeque<(u64, [u8; 32])>,
    /// The record after which it begins: what a frame states of records before that, nobody here can know.
    begins: u64,
    stated: Stated,
}

/// What the frames of a log state of the records before them, as far as a replay has come to the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// Frames that state a digest.
    pub frames: u64,
    /// The last record that a digest covers.
    pub covers: u64,
}

impl Trail {
    /// Frames that a writer may be ahead.
    const FRAMES: usize = 8;

    pub(crate) fn begin(state: &State, digest: &LogDigest) -> Self {
        let begins = state.sequence().0;
        Self { known: VecDeque::from([(begins, digest.value())]), begins, stated: Stated::default() }
    }

    /// What was compared so far.
    pub(crate) fn stated(&self) -> Stated {
        self.stated
    }

    /// After a frame.
    pub(crate) fn note(&mut self, state: &State, digest: &mut LogDigest) {
        if self.known.len() == Self::FRAMES {
            self.known.pop_front();
        }
        digest.catch_up();
        self.known.push_back((state.sequence().0, digest.value()));
    }

    /// Before a frame. Every frame states the digest after one of the few frames before it, and a seal that after the last record:
    /// writers have always written it, so one that is not there was taken out.
    ///
    /// # Errors
    /// It states another digest than the replay had after that record, or none.
    pub(crate) fn check(&mut self, frame: &Frame<'_>) -> Result<()> {
        let (stated, first) = (frame.outcome, frame.first_seq);
        let late = frame.is_seal() && stated.seq + 1 != first;
        match self.known.iter().find(|(seq, _)| *seq == stated.seq).filter(|_| !late) {
            Some((seq, digest)) if *digest != stated.digest => bail!(
                "the replay diverges: after record {seq} the log states the digest {}, the replay has {}",
                hex(&stated.digest),
                hex(digest)
            ),
            Some(_) if stated.seq > 0 => {
                self.stated.frames += 1;
                self.stated.covers = self.stated.covers.max(stated.seq);
                Ok(())
            }
            Some(_) => Ok(()),
            None if stated.seq < self.begins || first <= self.begins => Ok(()),
            None => bail!(
                "the frame before record {first} states no digest of the records before it (it names record {}): every \
                 frame that a node writes does, so it was taken out",
                stated.seq
            ),
        }
    }
}
