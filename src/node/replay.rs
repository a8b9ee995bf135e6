//! Replay: the state from the records, and nothing else.

use crate::node::core::{Stated, Trail, read};
use crate::node::keys::NodeKey;
use crate::node::{DataDir, Observer, Tip, snapshots};
use anyhow::{Result, bail};
use base::{Date, Timestamp};
use engine::{Event, Events, LogDigest, Record, State};
use journal::{Disk, Frames, RealDisk};

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
    /// Frames of the journal that were read.
    pub frames: u64,
    /// What they state of the records before them.
    pub stated: Stated,
}

/// Thirty-two bytes as people compare them.
#[must_use]
pub fn hex(digest: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*digest).to_hex().to_string()
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
    replay_all(disk, dir, until, &mut |record, _, events, state| observer(record, events, state), &mut |_| ())
}

/// What is told of each record, and of its payload.
pub(crate) type ByteObserver<'a> = dyn FnMut(&Record, &[u8], &[Event], &State) -> Result<()> + 'a;

/// [`replay_on`] that tells of each record's payload too.
///
/// # Errors
/// As [`replay`].
pub(crate) fn replay_bytes<D: Disk>(
    disk: &D,
    dir: &DataDir,
    until: Until,
    observer: &mut ByteObserver<'_>,
) -> Result<Replay> {
    replay_all(disk, dir, until, observer, &mut |_| ())
}

/// [`replay_on`] that tells `passed` too where the log stands after each of its frames.
///
/// # Errors
/// As [`replay`].
pub(crate) fn replay_frames<D: Disk>(
    disk: &D,
    dir: &DataDir,
    until: Until,
    observer: &mut Observer<'_>,
    passed: &mut dyn FnMut(&Tip),
) -> Result<Replay> {
    replay_all(disk, dir, until, &mut |record, _, events, state| observer(record, events, state), passed)
}

fn replay_all<D: Disk>(
    disk: &D,
    dir: &DataDir,
    until: Until,
    observer: &mut ByteObserver<'_>,
    passed: &mut dyn FnMut(&Tip),
) -> Result<Replay> {
    if !dir.has_log(disk)? {
        bail!("there is no log in {}", dir.root().display());
    }
    let (mut state, mut digest, mut happened) = (State::new(), LogDigest::new(), Events::new());
    let mut trail = Trail::begin(&state, &digest);
    let mut reader = journal::scan_on(disk.clone(), dir.journal(), 1)?;
    let mut frames = 0;
    'log: while let Some(frame) = reader.next_frame()? {
        frames += 1;
        trail.check(&frame)?;
        for logged in frame.records() {
            if until.is_before(logged.seq, Timestamp(logged.time_ns), &state) {
                break 'log;
            }
            let record = read(logged)?;
            state.apply(&record, &mut happened);
            digest.absorb(&record, logged.payload, happened.as_slice())?;
            observer(&record, logged.payload, happened.as_slice(), &state)?;
        }
        trail.note(&state, &mut digest);
        let (record, time) = (state.sequence().0, state.time());
        passed(&Tip { record, time, chain: frame.chain, digest: digest.value() });
    }
    Ok(Replay { state, digest: digest.value(), frames, stated: trail.stated() })
}

/// Goes on from a state that is known, after the record `known`, to the end of the log, and tells `observer` of each record
/// after it: from the latest snapshot of this node's that does not lie behind `known`, or from the first record.
///
/// # Errors
/// As [`replay`].
pub fn replay_after(dir: &DataDir, known: u64, observer: &mut Observer<'_>) -> Result<Replay> {
    let disk = RealDisk;
    if !dir.has_log(&disk)? {
        bail!("there is no log in {}", dir.root().display());
    }
    let log_id = log_id(dir)?;
    let key = NodeKey::read_on(&disk, dir)?;
    let start =
        key.and_then(|key| snapshots::latest(&disk, dir, (log_id, &key), Some(known), &mut Vec::new()));
    let (mut state, mut digest) =
        start.map_or_else(|| (State::new(), LogDigest::new()), |start| (start.state, start.digest));
    let (mut happened, mut trail) = (Events::new(), Trail::begin(&state, &digest));
    let mut reader = journal::scan_on(disk, dir.journal(), state.sequence().0 + 1)?;
    let mut frames = 0;
    while let Some(frame) = reader.next_frame()? {
        frames += 1;
        trail.check(&frame)?;
        let done = state.sequence().0;
        for logged in frame.records().filter(|logged| logged.seq > done) {
            let record = read(logged)?;
            state.apply(&record, &mut happened);
            digest.absorb(&record, logged.payload, happened.as_slice())?;
            if record.sequence.0 > known {
                observer(&record, happened.as_slice(), &state)?;
            }
        }
        trail.note(&state, &mut digest);
    }
    Ok(Replay { state, digest: digest.value(), frames, stated: trail.stated() })
}

/// The id of the log in a data directory.
///
/// # Errors
/// There is no log, or its first segment cannot be read.
pub fn log_id(dir: &DataDir) -> Result<[u8; 16]> {
    Ok(journal::scan(dir.journal(), 1)?.log_id())
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
