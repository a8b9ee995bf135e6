//! A run: a node on a faulty disk, what was sent to it, what it said, and the auditor beside it.

use crate::audit::Auditor;
use crate::audit::finding::{Finding, Found, Kind, check};
use crate::coverage::Coverage;
use crate::plant::{Plant, Shown};
use crate::relocate::{Created, Moved, created};
use crate::step::Step;
use base::Timestamp;
use engine::{Envelope, Event, Record};
use faulty_disk::{Dice, Fault, FaultyDisk};
use huangpu::node::{Answer, Node, Settings, Submitted, Until, replay_on};
use journal::{JournalError, Options};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const DATA: &str = "/data";
/// Segments as small as they may be, so that a run has many.
const SEGMENT_BYTES: [u64; 3] = [8_192, 32_768, 131_072];
/// Openings that may fail in a row before it is the node that fails.
const OPENINGS_MAX: usize = 4;

/// A command on its way into the log.
#[derive(Clone, Debug)]
struct Sent {
    step: usize,
    time: Timestamp,
    /// As it was meant, and as the node got it: the same, unless something is planted.
    meant: Envelope,
    got: Envelope,
}

/// See the module.
pub struct Run<'p> {
    /// What has been exercised.
    pub coverage: Coverage,
    /// The auditor, and what it knows.
    pub auditor: Auditor,
    /// What each step created.
    pub created: BTreeMap<usize, Created>,
    disk: FaultyDisk,
    settings: Settings,
    node: Option<Node<FaultyDisk>>,
    plant: &'p mut dyn Plant,
    /// What each step created in the run that this one is a part of.
    whole: Option<&'p BTreeMap<usize, Created>>,
    moved: Moved,
    /// Every command submitted and not known to be lost; the record of each is its place from 1.
    sent: Vec<Sent>,
    /// Records that were acknowledged.
    acknowledged: usize,
    /// What came of each record that the auditor has seen.
    seen: Vec<Vec<Event>>,
    answers: BTreeMap<usize, Answer>,
    digests: BTreeMap<usize, [u8; 32]>,
    /// Every command ever sent, by its step.
    steps: BTreeMap<usize, (Timestamp, Envelope)>,
    armed: Option<(Fault, bool)>,
    opening: Option<(usize, Fault, bool)>,
}

fn broken(text: impl Into<String>) -> Finding {
    Finding::new(Kind::Breakdown, text)
}

/// The journal's own error, where there is one behind an error.
fn of_journal(error: &anyhow::Error) -> Option<&JournalError> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

impl<'p> Run<'p> {
    /// An empty disk, and a node on it.
    ///
    /// # Errors
    /// The node does not come up.
    pub fn new(
        seed: u64,
        plant: &'p mut dyn Plant,
        whole: Option<&'p BTreeMap<usize, Created>>,
    ) -> Result<Self, Finding> {
        let mut log_id = [0; 16];
        log_id[..8].copy_from_slice(&seed.to_le_bytes());
        let segment_bytes = SEGMENT_BYTES[Dice(seed).roll(SEGMENT_BYTES.len())];
        let settings =
            Settings { journal: Options { segment_bytes }, log_id: Some(log_id), secret: Some([1; 32]) };
        let mut run = Self {
            coverage: Coverage { seeds: 1, ..Coverage::default() },
            auditor: Auditor::default(),
            created: BTreeMap::new(),
            disk: FaultyDisk::new(seed ^ 0xd15c),
            settings,
            node: None,
            plant,
            whole,
            moved: Moved::default(),
            sent: Vec::new(),
            acknowledged: 0,
            seen: Vec::new(),
            answers: BTreeMap::new(),
            digests: BTreeMap::new(),
            steps: BTreeMap::new(),
            armed: None,
            opening: None,
        };
        run.open(false)?;
        Ok(run)
    }

    /// Commands submitted and not yet acknowledged.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.sent.len() - self.acknowledged
    }

    /// Takes a step.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn take(&mut self, index: usize, step: &Step) -> Found {
        self.coverage.step(step);
        self.go(index, step)?;
        // A fault whose turn came where its failure is passed over has had its turn.
        let once = |fault| matches!(fault, Fault::Error | Fault::Forget | Fault::Short);
        if self.disk.has_failed()
            && let Some((fault, _)) = self.armed.take_if(|(fault, _)| once(*fault))
        {
            self.coverage.fault(fault);
        }
        Ok(())
    }

    fn go(&mut self, index: usize, step: &Step) -> Found {
        match step {
            Step::Send { time, envelope } => {
                let envelope = self.moved.envelope(envelope);
                self.steps.insert(index, (*time, envelope.clone()));
                self.send(index, *time, envelope)
            }
            Step::Again { of, time, altered } => self.again(index, *of, *time, *altered),
            Step::Flush => self.flush(),
            Step::Arm { after, fault, opening: true, power } => {
                self.opening = Some((*after, *fault, *power));
                Ok(())
            }
            Step::Arm { after, fault, opening: false, power } => {
                self.arm(*after, *fault, *power);
                Ok(())
            }
            Step::Crash(seed) => {
                self.disk.reseed(*seed);
                self.reopen(true)
            }
            Step::Kill => self.reopen(false),
            Step::Close => self.close(),
            Step::Snapshot => self.snapshot(),
            Step::Flip { seed, snapshot, power } => self.flip(*seed, *snapshot, *power),
        }
    }

    /// Everything is flushed, stopped and started once more, and compared as a whole.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn finish(&mut self) -> Found {
        // The power went in a step whose failure is passed over, and nothing has come since that would have noticed.
        if self.disk.has_failed() && matches!(self.armed, Some((Fault::Power, _))) {
            self.reopen(true)?;
        }
        self.disk.restart();
        self.flush()?;
        self.close()?;
        self.check_whole()?;
        // Whatever reads a disk must find this one in order: checks of the journal, replay, conservation, snapshots.
        journal::verify_on(self.disk.clone(), Path::new(DATA).join("journal"))
            .map_err(|error| Finding::new(Kind::Damage, format!("the log does not verify: {error}")))?;
        self.coverage.unknown = self.auditor.unknown;
        Ok(())
    }

    fn check_whole(&mut self) -> Found {
        let Some(node) = &self.node else { return Ok(()) };
        let books = Shown { state: node.state(), plant: &*self.plant };
        self.auditor.check_whole(&books)
    }

    /// One fault at a time: while one is at work, no other is told to come.
    fn arm(&mut self, after: usize, fault: Fault, power: bool) {
        if self.armed.is_some() && self.disk.has_failed() {
            return;
        }
        self.armed = Some((fault, power));
        self.disk.fail_after(after, fault);
    }

    // --- commands ---------------------------------------------------------------------------------------------------------

    fn send(&mut self, index: usize, time: Timestamp, meant: Envelope) -> Found {
        let Some(node) = &mut self.node else { return Err(broken("there is no node")) };
        let mut got = meant.clone();
        self.plant.send(&mut got, node.state());
        let last = node.time();
        let submitted = node.submit(time, got.clone(), &mut |_, _, _| Ok(()));
        let due = self.sent.len() as u64 + 1;
        match submitted {
            Ok(Submitted::New(sequence)) => {
                check(time >= last, Kind::Breakdown, || {
                    "a command was taken whose time had passed".to_owned()
                })?;
                check(sequence.0 == due, Kind::Finality, || format!("record {sequence} is due as {due}"))?;
                self.sent.push(Sent { step: index, time, meant, got });
                Ok(())
            }
            Ok(known @ (Submitted::Known(_) | Submitted::Waiting(_))) => {
                Err(Finding::new(Kind::Answer, format!("a new command is known: {known:?}")))
            }
            Err(_) if time < last => Ok(()),
            Err(error) => Err(broken(format!("a command was not taken: {error:#}"))),
        }
    }

    /// A repeat: known where its first is in the log, and then with its first answer; new where that was lost.
    fn again(&mut self, index: usize, of: usize, time: Timestamp, altered: bool) -> Found {
        let Some((_, first)) = self.steps.get(&of).cloned() else { return Ok(()) };
        let place = self
            .sent
            .iter()
            .position(|sent| (sent.meant.actor, sent.meant.client_id) == (first.actor, first.client_id));
        let Some(place) = place else {
            return if altered { Ok(()) } else { self.send(index, time, first) };
        };
        let mut repeat = self.sent[place].got.clone();
        if altered {
            repeat.command = match repeat.command {
                engine::Command::Tick => {
                    engine::Command::DrawLot(trading::DrawLot { auction: base::AuctionId(0), seed: 0 })
                }
                _ => engine::Command::Tick,
            };
        }
        let Some(node) = &mut self.node else { return Err(broken("there is no node")) };
        let submitted = node.submit(time, repeat, &mut |_, _, _| Ok(()));
        match submitted {
            Err(_) if altered => Ok(()),
            Ok(Submitted::Known(mut answer)) if !altered => {
                self.plant.answer(&mut answer);
                let durable = place < self.acknowledged;
                let known = self.answers.get(&place).copied();
                check(durable && known == Some(answer), Kind::Answer, || {
                    format!("a repeat of record {} was answered {answer:?}, at first {known:?}", place + 1)
                })
            }
            Ok(Submitted::Waiting(sequence)) if !altered => {
                let waits = place >= self.acknowledged && sequence.0 == place as u64 + 1;
                check(waits, Kind::Answer, || {
                    format!("a repeat of record {} waits for {sequence}", place + 1)
                })
            }
            other => {
                let text = format!("a repeat of record {} (altered: {altered}) came to {other:?}", place + 1);
                Err(Finding::new(Kind::Answer, text))
            }
        }
    }

    fn flush(&mut self) -> Found {
        let Some(mut node) = self.node.take() else { return Err(broken("there is no node")) };
        let mut watch = Watch::of(self);
        let flushed = node.flush(&mut |record, events, state| watch.see(record, events, state));
        let found = watch.found;
        let upheld = found.map_or(Ok(()), Err);
        self.node = Some(node);
        upheld?;
        match flushed {
            Ok(()) => self.acknowledge(),
            Err(error) => self.failed(&error),
        }
    }

    /// What was flushed is acknowledged: from now on it may not be lost, and its answers stand.
    fn acknowledge(&mut self) -> Found {
        let Some(node) = &self.node else { return Ok(()) };
        check(self.seen.len() == self.sent.len(), Kind::Lost, || {
            format!("{} of {} commands were applied", self.seen.len(), self.sent.len())
        })?;
        self.acknowledged = self.sent.len();
        self.digests.insert(self.acknowledged, node.digest());
        for place in self.answers.len()..self.sent.len() {
            let key = (self.sent[place].got.actor, self.sent[place].got.client_id);
            let Some(answer) = node.answers().get(key) else {
                return Err(Finding::new(Kind::Answer, format!("record {} has no answer", place + 1)));
            };
            let refusal = self.seen[place].iter().find_map(|event| match event {
                Event::Refused(reason) => Some(*reason),
                _ => None,
            });
            let right = answer.sequence.0 == place as u64 + 1 && answer.refusal == refusal;
            check(right, Kind::Answer, || format!("record {}: {answer:?}, refused {refusal:?}", place + 1))?;
            self.answers.insert(place, answer);
        }
        Ok(())
    }

    /// The node could not go on. That is right where the disk has failed, and only there.
    fn failed(&mut self, error: &anyhow::Error) -> Found {
        let Some((fault, power)) = self.armed.take().filter(|_| self.disk.has_failed()) else {
            return Err(broken(format!("the node ended, and the disk is well: {error:#}")));
        };
        check(matches!(of_journal(error), Some(JournalError::Io { .. })), Kind::Breakdown, || {
            format!("the disk failed ({fault:?}), and the node says {error:#}")
        })?;
        self.coverage.fault(fault);
        self.reopen(power || fault == Fault::Power)
    }

    // --- stops and starts -------------------------------------------------------------------------------------------------

    fn close(&mut self) -> Found {
        let Some(node) = self.node.take() else { return Err(broken("there is no node")) };
        let mut watch = Watch::of(self);
        let closed = node.close(&mut |record, events, state| watch.see(record, events, state));
        if let Some(finding) = watch.found {
            return Err(finding);
        }
        match closed {
            Ok(()) => {
                // A clean stop acknowledges all that was submitted.
                check(self.seen.len() == self.sent.len(), Kind::Lost, || {
                    "a clean stop lost something".to_owned()
                })?;
                self.acknowledged = self.sent.len();
                self.reopen(false)
            }
            Err(error) => {
                // The log was flushed and sealed, or not; the snapshot that could not be written loses nothing.
                self.acknowledged = self.seen.len();
                let struck = self.disk.has_failed();
                let (fault, power) = self.armed.take().unwrap_or((Fault::Error, false));
                check(struck, Kind::Breakdown, || {
                    format!("a clean stop failed on a disk that is well: {error:#}")
                })?;
                self.coverage.fault(fault);
                self.reopen(power || fault == Fault::Power)
            }
        }
    }

    fn snapshot(&mut self) -> Found {
        let Some(node) = &mut self.node else { return Err(broken("there is no node")) };
        match node.snapshot() {
            Ok(()) => Ok(()),
            // It loses nothing, and the node goes on, unless there is no power.
            Err(_) if self.disk.has_failed() => match self.armed {
                // A disk that is full stays so.
                Some((Fault::Full, _)) => Ok(()),
                Some((fault, power)) if power || fault == Fault::Power => {
                    self.armed = None;
                    self.coverage.fault(fault);
                    self.reopen(true)
                }
                _ => Ok(()),
            },
            Err(error) => Err(broken(format!("a snapshot failed on a disk that is well: {error:#}"))),
        }
    }

    fn reopen(&mut self, power: bool) -> Found {
        self.node = None;
        self.open(power)
    }

    fn flip(&mut self, seed: u64, snapshot: bool, power: bool) -> Found {
        self.node = None;
        let mut dice = Dice(seed);
        self.disk.reseed(dice.bits());
        self.down(power);
        let kind = if snapshot { "snap" } else { "hpj" };
        let fits = |path: &PathBuf| path.extension().is_some_and(|extension| extension == kind);
        let files: Vec<PathBuf> = self.disk.names().into_iter().filter(fits).collect();
        let Some(path) = dice.pick(&files).cloned() else { return self.up(false) };
        let image = self.disk.image();
        let bytes = self.disk.bytes(&path);
        // Among the bytes that say something, mostly; the zeros behind them now and then.
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(bytes.len(), |last| last + 1);
        let among = if dice.once_in(8) { bytes.len() } else { used };
        let offset = dice.roll(among);
        let bit = u8::try_from(dice.roll(8)).unwrap_or_default();
        self.disk.flip(&path, offset, bit);
        let opened = Node::open_on(self.disk.clone(), Path::new(DATA), self.settings, &mut |_, _| ());
        match opened {
            Ok((node, _)) => {
                drop(node);
                self.disk.restart();
                self.up(false)
            }
            Err(error) => {
                let told = of_journal(&error).is_some_and(|error| !matches!(error, JournalError::Io { .. }));
                check(told && !snapshot, Kind::Damage, || {
                    format!("bit {bit} of byte {offset} of {} turned over: {error:#}", path.display())
                })?;
                self.coverage.cuts.1 += 1;
                self.disk.restore(&image);
                self.disk.restart();
                self.up(false)
            }
        }
    }

    fn open(&mut self, power: bool) -> Found {
        self.down(power);
        self.up(true)
    }

    /// The process is gone, and the power too if it goes.
    fn down(&mut self, power: bool) {
        let off = self.armed.take().is_some_and(|(fault, _)| fault == Fault::Power && self.disk.has_failed());
        if power || off {
            self.disk.crash();
        } else {
            self.disk.restart();
        }
    }

    /// Brings the node up on what the disk holds, and looks at all of it.
    fn up(&mut self, faults: bool) -> Found {
        self.plant.before_opening(&self.disk);
        if let Some((after, fault, power)) = self.opening.take_if(|_| faults) {
            self.arm(after, fault, power);
        }
        for _ in 0..OPENINGS_MAX {
            self.coverage.openings.0 += 1;
            match Node::open_on(self.disk.clone(), Path::new(DATA), self.settings, &mut |_, _| ()) {
                Ok((node, opened)) => {
                    self.coverage.openings.1 += u64::from(opened.snapshot > 0);
                    self.coverage.cuts.0 += u64::from(opened.cut_bytes > 0);
                    if self.plant.lies() {
                        self.disk.fail_after(0, Fault::Lie);
                    }
                    return self.recognise(node);
                }
                Err(error) => {
                    let Some((fault, power)) = self.armed.take().filter(|_| self.disk.has_failed()) else {
                        let kind = if of_journal(&error).is_some() { Kind::Damage } else { Kind::Breakdown };
                        return Err(Finding::new(kind, format!("the node does not open: {error:#}")));
                    };
                    self.coverage.fault(fault);
                    self.down(power || fault == Fault::Power);
                }
            }
        }
        Err(broken("the node does not open"))
    }

    /// What the log holds, from its first record: nothing acknowledged is lost, nothing is there that was not sent, nothing that
    /// happened happened differently, and state, digests and answers are those of the replay.
    fn recognise(&mut self, node: Node<FaultyDisk>) -> Found {
        let mut replayed = Vec::new();
        let plant = &mut *self.plant;
        let replay = replay_on(&self.disk, node.dir(), Until::End, &mut |record, events, _| {
            if !plant.skips(record) {
                replayed.push((record.clone(), events.to_vec()));
            }
            Ok(())
        });
        let replay = replay
            .map_err(|error| Finding::new(Kind::Digest, format!("the log does not replay: {error:#}")))?;
        let count = replayed.len();
        check(count >= self.acknowledged, Kind::Lost, || {
            format!("{count} records are left of {} that were acknowledged", self.acknowledged)
        })?;
        check(count <= self.sent.len(), Kind::Lost, || {
            format!("{count} records, and {} were sent", self.sent.len())
        })?;
        for ((record, events), (place, sent)) in replayed.iter().zip(self.sent.iter().enumerate()) {
            let same = record.sequence.0 == place as u64 + 1
                && record.time == sent.time
                && record.envelope == sent.got;
            check(same, Kind::Finality, || {
                format!("record {} is {record:?}, sent was {:?}", place + 1, sent.got)
            })?;
            let before = self.seen.get(place);
            check(before.is_none_or(|before| before == events), Kind::Finality, || {
                format!("of record {} came {before:?}, and in the replay {events:?}", place + 1)
            })?;
        }
        self.coverage.lost += (self.sent.len() - count) as u64;
        self.coverage.found += (count - self.seen.len().min(count)) as u64;
        self.sent.truncate(count);
        self.catch_up(&replayed, &replay.state)?;
        self.compare(&node, &replay)?;
        self.node = Some(node);
        self.acknowledge()?;
        self.check_whole()
    }

    /// Shows the auditor what was durable though nobody had been told.
    fn catch_up(&mut self, replayed: &[(Record, Vec<Event>)], end: &engine::State) -> Found {
        let from = self.seen.len();
        let Some(new) = replayed.get(from..).filter(|new| !new.is_empty()) else { return Ok(()) };
        // The books between two of these records are gone; what stands at the end is compared.
        let mut state = engine::State::new();
        let mut events = engine::Events::new();
        let mut watch = Watch::of(self);
        for (record, _) in replayed.get(..from).unwrap_or_default() {
            state.apply(record, &mut events);
        }
        for (record, _) in new {
            state.apply(record, &mut events);
            let _ = watch.see(record, events.as_slice(), &state);
        }
        let found = watch.found;
        check(state == *end, Kind::Digest, || "two replays of one log end in different states".to_owned())?;
        found.map_or(Ok(()), Err)
    }

    fn compare(&self, node: &Node<FaultyDisk>, replay: &huangpu::node::Replay) -> Found {
        let count = self.sent.len();
        let digest = |state: &engine::State| state.digest().unwrap_or_default();
        let (found, right) = (digest(node.state()), digest(&replay.state));
        check(node.state().sequence().0 == count as u64 && found == right, Kind::Digest, || {
            "the state of the node that opened is not that of the replay".to_owned()
        })?;
        check(node.digest() == replay.digest, Kind::Digest, || {
            "the digest of the node that opened is not that of the replay".to_owned()
        })?;
        let before = self.digests.get(&count);
        check(before.is_none_or(|before| *before == replay.digest), Kind::Digest, || {
            format!("the log had another digest at record {count}")
        })?;
        for (place, answer) in &self.answers {
            let key = (self.sent[*place].got.actor, self.sent[*place].got.client_id);
            let now = node.answers().get(key);
            check(now == Some(*answer), Kind::Answer, || {
                format!("record {} was answered {answer:?}, and after a restart {now:?}", place + 1)
            })?;
        }
        Ok(())
    }
}

/// What looks at each record as it is applied.
struct Watch<'a> {
    auditor: &'a mut Auditor,
    coverage: &'a mut Coverage,
    plant: &'a mut dyn Plant,
    sent: &'a [Sent],
    seen: &'a mut Vec<Vec<Event>>,
    created: &'a mut BTreeMap<usize, Created>,
    whole: Option<&'a BTreeMap<usize, Created>>,
    moved: &'a mut Moved,
    found: Option<Finding>,
}

impl<'a> Watch<'a> {
    fn of(run: &'a mut Run<'_>) -> Self {
        Self {
            auditor: &mut run.auditor,
            coverage: &mut run.coverage,
            plant: &mut *run.plant,
            sent: &run.sent,
            seen: &mut run.seen,
            created: &mut run.created,
            whole: run.whole,
            moved: &mut run.moved,
            found: None,
        }
    }

    /// Never fails: what is wrong is kept, and the node goes on as it would.
    #[allow(clippy::unnecessary_wraps)] // as an observer has to be
    fn see(&mut self, record: &Record, events: &[Event], state: &engine::State) -> anyhow::Result<()> {
        if self.found.is_some() {
            return Ok(());
        }
        self.coverage.record(record, events);
        self.seen.push(events.to_vec());
        let Some(sent) = self.sent.get(self.seen.len() - 1) else {
            self.found = Some(Finding::new(Kind::Lost, format!("record {} was never sent", record.sequence)));
            return Ok(());
        };
        let here = created(events);
        if let Some(whole) = self.whole.and_then(|whole| whole.get(&sent.step)) {
            self.moved.learn(whole, &here);
        }
        self.created.insert(sent.step, here);
        let mut shown = events.to_vec();
        let meant = Record { envelope: sent.meant.clone(), ..record.clone() };
        self.plant.events(&meant, &mut shown);
        let books = Shown { state, plant: &*self.plant };
        let looked = if record.envelope == sent.got && record.time == sent.time {
            self.auditor.look(&meant, &shown, &books)
        } else {
            Err(Finding::new(Kind::Finality, format!("record {} is not what was sent", record.sequence)))
        };
        self.found = looked.err();
        Ok(())
    }
}
