//! Replay: the state from the records, and nothing else.

use crate::node::{Answer, Answers, DataDir, Observer, answers::body_digest, snapshots::Start};
use anyhow::{Context, Result, bail};
use base::{Date, Sequence, Timestamp};
use engine::{Events, LogDigest, Record, State};
use journal::{Disk, Frame, Frames, Journal, Log, RealDisk};

/// What recovery found.
pub(crate) struct Recovered {
    pub(crate) state: State,
    pub(crate) digest: LogDigest,
    pub(crate) answers: Answers,
}

/// How far to replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To the end of the log.
    End,
    /// Up to and including this record.
    Record(u64),
    /// To the end of this local date of the first market.
    Day(Date),
}

/// What a replay ended with.
pub struct Replay {
    /// The state after the last record replayed.
    pub state: State,
    /// The digest of the log up to there.
    pub digest: [u8; 32],
    /// What the journal itself said.
    pub frames: u64,
}

/// Applies records and keeps the digest; compares it with those that the writer left in the frames.
struct Player {
    state: State,
    digest: LogDigest,
    events: Events,
}

impl Player {
    fn play(&mut self, sequence: u64, time: i64, payload: &[u8]) -> Result<Record> {
        let envelope = engine::decode(payload)
            .with_context(|| format!("record {sequence} cannot be read by this version"))?;
        let record = Record { sequence: Sequence(sequence), time: Timestamp(time), envelope };
        self.state.apply(&record, &mut self.events);
        self.digest.absorb(&record, payload, self.events.as_slice())?;
        Ok(record)
    }

    /// A frame states the digest that its writer had after some record: a replay must have had the same.
    fn check_outcome(&self, frame: &Frame<'_>) -> Result<()> {
        let outcome = frame.outcome;
        if outcome.seq == self.state.sequence().0 && outcome.digest != self.digest.value() {
            bail!(
                "the replay diverges: after record {} the log states the digest {}, the replay has {}",
                outcome.seq,
                hex(&outcome.digest),
                hex(&self.digest.value())
            );
        }
        Ok(())
    }
}

/// Thirty-two bytes as people compare them.
#[must_use]
pub fn hex(digest: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*digest).to_hex().to_string()
}

/// Brings a state up to the end of a journal.
pub(crate) fn recover<D: Disk>(
    journal: &Journal<D>,
    start: Option<Start>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Recovered> {
    let start = start.unwrap_or_else(|| Start {
        state: State::new(),
        digest: LogDigest::new(),
        answers: Answers::default(),
    });
    let mut answers = start.answers;
    let mut player = Player { state: start.state, digest: start.digest, events: Events::new() };
    let last = journal.last_seq();
    if player.state.sequence().0 >= last {
        return Ok(Recovered { state: player.state, digest: player.digest, answers });
    }
    let mut reader = journal.read_from(player.state.sequence().0 + 1)?;
    while let Some(frame) = reader.next_frame()? {
        player.check_outcome(&frame)?;
        for logged in frame.records() {
            let record = player.play(logged.seq, logged.time_ns, logged.payload)?;
            let key = (record.envelope.actor, record.envelope.client_id);
            let body = body_digest(logged.payload);
            answers.insert(key, Answer { sequence: record.sequence, body, refusal: None, created: None });
            answers.settle(&record, &player.events);
        }
        progress(player.state.sequence().0, last);
    }
    Ok(Recovered { state: player.state, digest: player.digest, answers })
}

/// Replays a data directory from its first record, without changing anything, and tells `observer` of each record.
///
/// # Errors
/// There is no log, it is damaged, it does not replay to the digests in it, or the observer failed.
pub fn replay(dir: &DataDir, until: Until, observer: &mut Observer<'_>) -> Result<Replay> {
    replay_on(&RealDisk, dir, until, observer)
}

/// [`replay`] on a disk of the caller's.
///
/// # Errors
/// As [`replay`].
pub fn replay_on<D: Disk>(
    disk: &D,
    dir: &DataDir,
    until: Until,
    observer: &mut Observer<'_>,
) -> Result<Replay> {
    if !dir.has_log(disk)? {
        bail!("there is no log in {}", dir.root().display());
    }
    let mut player = Player { state: State::new(), digest: LogDigest::new(), events: Events::new() };
    let mut reader = journal::scan_on(disk.clone(), dir.journal(), 1)?;
    let mut frames = 0;
    'log: while let Some(frame) = reader.next_frame()? {
        frames += 1;
        player.check_outcome(&frame)?;
        for logged in frame.records() {
            if until.is_before(logged.seq, Timestamp(logged.time_ns), &player.state) {
                break 'log;
            }
            let record = player.play(logged.seq, logged.time_ns, logged.payload)?;
            observer(&record, player.events.as_slice(), &player.state)?;
        }
    }
    Ok(Replay { state: player.state, digest: player.digest.value(), frames })
}

impl Until {
    /// Whether the replay ends before a record.
    fn is_before(self, sequence: u64, time: Timestamp, state: &State) -> bool {
        match self {
            Self::End => false,
            Self::Record(last) => sequence > last,
            Self::Day(date) => {
                let market = state.markets().first();
                market.is_some_and(|market| market.rulebook.versions[0].trading.calendar.local(time).0 > date)
            }
        }
    }
}
