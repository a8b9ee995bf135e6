//! Verification: everything a log claims, checked from its first byte.

use crate::node::head::Head;
use crate::node::keys::NodeKey;
use crate::node::replay::replay_frames;
use crate::node::snapshots::{self, Seal, Start, Unread};
use crate::node::{DataDir, Stated, Tip, Until, hex};
use anyhow::{Context, Result, bail};
use engine::{Door, Event};
use journal::{Disk, RealDisk, Summary, Tail};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The check that failed; the reason is its source.
#[derive(Debug, thiserror::Error)]
#[error("the first fault is here")]
pub struct Fault {
    /// `journal`, `replay`, `conservation`, `snapshot`, `head` or `expected`.
    pub check: &'static str,
}

/// What is known of a log from elsewhere, and must be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Heads that the log must hold.
    pub heads: Vec<Head>,
    /// The public key, in hexadecimal, that must have signed them; whichever they name where none is given.
    pub key: Option<String>,
    /// The digest of the log, in hexadecimal, that it must end with.
    pub digest: Option<String>,
}

/// What a log that verifies holds.
#[derive(Debug)]
pub struct Verified {
    /// What the journal says of itself.
    pub summary: Summary,
    /// The digest of the log.
    pub digest: [u8; 32],
    /// The digests that its frames state of the records before them: all were reached again.
    pub stated: Stated,
    /// Snapshots that were compared with the replay.
    pub snapshots: usize,
    /// The record at which the newest of them stands; 0 for none.
    pub snapshot: u64,
    /// Heads from elsewhere that the log holds.
    pub heads: usize,
    /// Heads kept beside the log that it holds.
    pub heads_beside: usize,
    /// Records that do not say by which door they came.
    pub without_door: u64,
    /// What is no fault, and should be known: a snapshot that is gone, one that another has made, guarantees that an old log lacks.
    pub notes: Vec<String>,
    /// The state after the last record.
    pub state: engine::State,
}

impl Verified {
    /// Signs for the end of a log that verifies, and is durable.
    #[must_use]
    pub fn head(&self, key: &NodeKey) -> Head {
        let (record, time) = (self.summary.records, self.state.time());
        let tip = Tip { record, time, chain: self.summary.chain, digest: self.digest };
        Head::sign(key, self.summary.log_id, &tip, self.snapshot)
    }

    /// How the log ends, in words.
    #[must_use]
    pub fn tail(&self) -> String {
        match &self.summary.tail {
            Tail::Sealed => "sealed by a clean stop".to_owned(),
            Tail::Clean => "not sealed: in use, or stopped without warning".to_owned(),
            Tail::Torn(cut) => format!("a torn write of {} bytes at its end, never acknowledged", cut.bytes),
        }
    }
}

/// Verifies a data directory without changing it: checksums and chain of the journal, replay to the digests that it states,
/// conservation of every asset at the end of every day and of the log, every snapshot against the replay, and the heads that are
/// kept beside it.
///
/// # Errors
/// The first fault, as a chain that begins with its place and contains a [`Fault`].
pub fn verify(dir: &DataDir, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified> {
    verify_on(&RealDisk, dir, &Wanted::default(), progress)
}

/// [`verify`] on a disk of the caller's, and with what is known of the log from elsewhere.
///
/// # Errors
/// As [`verify`].
pub fn verify_on<D: Disk>(
    disk: &D,
    dir: &DataDir,
    wanted: &Wanted,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified> {
    if !dir.has_log(disk)? {
        bail!("there is no log in {}", dir.root().display());
    }
    let mut notes = Vec::new();
    let key = NodeKey::read_on(disk, dir).unwrap_or_else(|error| {
        notes.push(format!("the node's key cannot be used, so no seal was looked at: {error:#}"));
        None
    });
    // Before the log, so that a node at work is never ahead of it.
    let beside = Beside::read(disk, dir, &mut notes)?;
    let summary = journal::verify_on(disk.clone(), dir.journal()).context(Fault { check: "journal" })?;
    let mut heads = Heads::of(wanted, &beside.heads, &summary.log_id)?;
    let found = Snapshots::read(disk, dir, summary.log_id, key.as_ref());
    let (compared, snapshot) =
        (found.expected.len(), found.expected.last_key_value().map_or(0, |(record, _)| *record));
    let found = RefCell::new(found);
    let mut without_door = 0;
    let mut observer = |record: &engine::Record, events: &[Event], state: &engine::State| {
        let day_ended = |event: &Event| matches!(event, Event::Trading(trading::Event::DayEnded { .. }));
        if events.iter().any(day_ended) {
            audit(state).with_context(|| format!("after record {}", record.sequence))?;
        }
        without_door += u64::from(record.envelope.door == Door::Unsaid);
        found.borrow_mut().compare(state)?;
        if record.sequence.0.is_multiple_of(1_024) {
            progress(record.sequence.0, summary.records);
        }
        Ok(())
    };
    let mut passed = |tip: &Tip| {
        heads.pass(tip);
        found.borrow_mut().compare_digest(tip);
    };
    let played = replay_frames(disk, dir, Until::End, &mut observer, &mut passed);
    let played = played.map_err(|error| {
        if error.downcast_ref::<Fault>().is_some() { error } else { error.context(Fault { check: "replay" }) }
    })?;
    audit(&played.state).context("at the end of the log")?;
    found.into_inner().check(&mut notes)?;
    let (heads, heads_beside) = heads.check(summary.records)?;
    let digest = hex(&played.digest);
    if let Some(wanted) = wanted.digest.as_ref().filter(|wanted| !wanted.eq_ignore_ascii_case(&digest)) {
        let message = format!("the digest of the log is {digest}, and {wanted} was expected");
        return Err(anyhow::anyhow!(message).context(Fault { check: "expected" }));
    }
    beside.snapshot_is_there(disk, dir, &mut notes);
    Ok(Verified {
        digest: played.digest,
        stated: played.stated,
        snapshots: compared,
        snapshot,
        heads,
        heads_beside,
        without_door,
        notes,
        state: played.state,
        summary,
    })
}

/// Heads that the node has kept beside its log.
struct Beside {
    heads: Vec<Head>,
}

impl Beside {
    fn read<D: Disk>(disk: &D, dir: &DataDir, notes: &mut Vec<String>) -> Result<Self> {
        let text = crate::node::head::text(disk, dir)?;
        let (mut heads, mut strange) = (Vec::new(), 0);
        for line in text.split_inclusive('\n').filter(|line| !line.trim().is_empty()) {
            match Head::read_all(line) {
                Ok(read) => heads.extend(read),
                // The last line may have been cut short by a crash.
                Err(_) if !line.ends_with('\n') => {}
                Err(_) => strange += 1,
            }
        }
        if strange > 0 {
            notes.push(format!(
                "{}: {strange} lines are no signed heads: cut short by a crash, or changed",
                dir.heads().display()
            ));
        }
        Ok(Self { heads })
    }

    /// Tells of a snapshot that the newest head knows of and that is gone, with all that were newer.
    fn snapshot_is_there<D: Disk>(&self, disk: &D, dir: &DataDir, notes: &mut Vec<String>) {
        let known = self.heads.last().map_or(0, |head| head.snapshot);
        if known > 0 && snapshots::records(disk, dir).iter().all(|record| *record < known) {
            notes.push(format!(
                "the snapshot at record {known}, which the newest head knows of, is gone: it was removed"
            ));
        }
    }
}

/// Heads that a log must hold, and those of them that it was seen to.
struct Heads<'a> {
    due: BTreeMap<u64, Vec<(&'a Head, bool)>>,
    found: (usize, usize),
}

impl<'a> Heads<'a> {
    /// # Errors
    /// A head is of another log, or another key has signed it than the one that is asked for.
    fn of(wanted: &'a Wanted, beside: &'a [Head], log_id: &[u8; 16]) -> Result<Self> {
        let log: String = log_id.iter().map(|byte| format!("{byte:02x}")).collect();
        for head in &wanted.heads {
            let record = head.record;
            let wrong = if head.log_id != log {
                format!("the head of record {record} is of the log {}, this one is {log}", head.log_id)
            } else if let Some(key) = wanted.key.as_ref().filter(|key| !key.eq_ignore_ascii_case(&head.key)) {
                format!("the head of record {record} was signed by {}, and not by {key}", head.key)
            } else {
                continue;
            };
            return Err(anyhow::anyhow!(wrong).context(Fault { check: "head" }));
        }
        let mut due: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        let beside = beside.iter().filter(|head| head.log_id == log).map(|head| (head, false));
        for (head, wanted) in wanted.heads.iter().map(|head| (head, true)).chain(beside) {
            due.entry(head.record).or_default().push((head, wanted));
        }
        Ok(Self { due, found: (0, 0) })
    }

    /// After a frame. A seal may follow with the same record and another chain.
    fn pass(&mut self, tip: &Tip) {
        let Some(due) = self.due.get_mut(&tip.record) else { return };
        due.retain(|(head, wanted)| {
            let is_here = head.is_of(&tip.chain, &tip.digest);
            let found = if *wanted { &mut self.found.0 } else { &mut self.found.1 };
            *found += usize::from(is_here);
            !is_here
        });
        if due.is_empty() {
            self.due.remove(&tip.record);
        }
    }

    /// How many were found: of those from elsewhere, and of those beside the log.
    ///
    /// # Errors
    /// One was not.
    fn check(self, records: u64) -> Result<(usize, usize)> {
        let Some((head, _)) = self.due.values().flatten().next() else { return Ok(self.found) };
        let Head { record, time, key, .. } = head;
        let what = match record.cmp(&records) {
            Ordering::Greater => {
                format!("the log ends with record {records}: what came after it was cut off")
            }
            Ordering::Equal => {
                "its last frame is not the one that was signed: it was cut off, or rewritten".to_owned()
            }
            Ordering::Less => "up to there the log was rewritten".to_owned(),
        };
        let message = format!(
            "the log does not hold the head of record {record} ({time}) that the key {key} has signed: {what}"
        );
        Err(anyhow::anyhow!(message).context(Fault { check: "head" }))
    }
}

/// Snapshots, until the replay has come to where they stand.
struct Snapshots {
    expected: BTreeMap<u64, (PathBuf, Seal, Start)>,
    /// Whose state was the replay's: a snapshot stands where a frame ends, and its digest is looked at there.
    same_state: Option<(u64, PathBuf, Start)>,
    foreign: Vec<PathBuf>,
    other_version: Vec<PathBuf>,
    damaged: Option<PathBuf>,
    differs: Option<(u64, PathBuf)>,
}

impl Snapshots {
    fn read<D: Disk>(disk: &D, dir: &DataDir, log_id: [u8; 16], key: Option<&NodeKey>) -> Self {
        let (expected, foreign, other_version) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut all =
            Self { expected, same_state: None, foreign, other_version, damaged: None, differs: None };
        for (path, read) in snapshots::all(disk, dir, log_id, key) {
            match read {
                Ok((start, seal)) => {
                    all.expected.insert(start.state.sequence().0, (path, seal, start));
                }
                Err(Unread::OtherVersion) => all.other_version.push(path),
                Err(Unread::Damaged | Unread::Gone) => all.damaged = all.damaged.or(Some(path)),
            }
        }
        all
    }

    fn compare(&mut self, state: &engine::State) -> Result<()> {
        let record = state.sequence().0;
        let Some((path, seal, known)) = self.expected.remove(&record) else { return Ok(()) };
        if known.state != *state {
            return Err(differs(&path, record));
        }
        if seal == Seal::Foreign {
            self.foreign.push(path.clone());
        }
        self.same_state = Some((record, path, known));
        Ok(())
    }

    fn compare_digest(&mut self, tip: &Tip) {
        let Some((record, path, known)) = self.same_state.take() else { return };
        if record != tip.record || known.digest.value() != tip.digest {
            self.differs = self.differs.take().or(Some((record, path)));
        }
    }

    fn check(self, notes: &mut Vec<String>) -> Result<()> {
        if let Some((record, path)) = &self.differs {
            return Err(differs(path, *record));
        }
        let fault = |message: String| Err(anyhow::anyhow!(message).context(Fault { check: "snapshot" }));
        if let Some(path) = self.damaged {
            return fault(format!(
                "{} is damaged or foreign; it can be removed, the log is whole",
                path.display()
            ));
        }
        if let Some((_, (path, ..))) = self.expected.first_key_value() {
            return fault(format!("{} stands at a record that the log does not have", path.display()));
        }
        let mut note = |paths: &[PathBuf], what: &str| {
            notes.extend(paths.iter().map(|path| format!("{} {what}", path.display())));
        };
        note(
            &self.foreign,
            "says what the replay says, and is not sealed by this node: a start passes it over",
        );
        note(&self.other_version, "was written by another version: a start passes it over");
        Ok(())
    }
}

fn differs(path: &Path, record: u64) -> anyhow::Error {
    let message = format!("{} differs from the replay at record {record}", path.display());
    anyhow::anyhow!(message).context(Fault { check: "snapshot" })
}

fn audit(state: &engine::State) -> Result<()> {
    let found = state.registry().ledger().audit();
    let Some(first) = found.first() else { return Ok(()) };
    let asset = &state.registry().asset(first.asset).code;
    let negative = first.negative.map(|account| format!(", and account {account} has a negative bucket"));
    let message = format!(
        "{asset}: {} outstanding, {} held{} (state {})",
        first.outstanding,
        first.held,
        negative.unwrap_or_default(),
        state.digest().map(|digest| hex(&digest)).unwrap_or_default()
    );
    Err(anyhow::anyhow!(message).context(Fault { check: "conservation" }))
}
