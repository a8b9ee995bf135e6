//! Nothing is told before it is durable, and nothing told is lost: the plain node and the pipeline over a disk that loses power,
//! tears writes and fails syncs, at every step in turn.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

use anyhow::{Result, bail};
use base::{ParticipantId, Role, Sequence, Timestamp};
use engine::{ClientId, Command, Envelope, Event, OPERATOR, Record, State};
use faulty_disk::{Dice, Fault, FaultyDisk};
use huangpu::node::{
    Answer, DataDir, Flow, Inbox, Node, Outlet, Pipeline, Settings, Snapshotted, Submission, Submitted,
    TurnedAway, Wanted, verify, verify_on,
};
use journal::{Batch, Digest, Journal, Log, Options, Outcome};
use registry::{OpenAccount, RegisterParticipant};
use std::collections::{BTreeSet, VecDeque};
use std::path::Path;

const PLACE: &str = "/data";
const SETTINGS: Settings = Settings {
    journal: Options { segment_bytes: 8_192 },
    log_id: Some(*b"a log of a test!"),
    secret: Some([7; 32]),
};

fn time(number: u64) -> Timestamp {
    Timestamp(1_600_000_000_000_000_000 + number.cast_signed())
}

/// The command with a number from 1: participants, accounts, and now and then one that is refused.
fn envelope(number: u64) -> Envelope {
    let code = format!("P{}", number - u64::from(number.is_multiple_of(5)));
    let command = match number % 3 {
        0 => Command::OpenAccount(OpenAccount {
            participant: ParticipantId(u32::try_from(number / 4).unwrap()),
            code,
            kind: registry::AccountKind::House,
            owner: None,
        }),
        1 => Command::RegisterParticipant(RegisterParticipant {
            code,
            name: "n".repeat(usize::try_from(number % 97).unwrap()),
            roles: vec![Role::Institution],
        }),
        _ => Command::Tick,
    };
    Envelope {
        actor: OPERATOR,
        user: base::UserId::NOBODY,
        client_id: ClientId::of(&number.to_string()),
        door: engine::Door::Unsaid,
        command,
    }
}

/// The digest of the log and of the state after each number of commands.
fn expected(count: u64) -> Vec<(Digest, Digest)> {
    let (mut node, _) =
        Node::open_on(FaultyDisk::new(0), Path::new(PLACE), SETTINGS, &mut |_, _| ()).unwrap();
    let mut digests = vec![(node.digest(), node.state().digest().unwrap())];
    for number in 1..=count {
        node.submit(time(number), envelope(number), &mut |_, _, _| Ok(())).unwrap();
        node.flush(&mut |_, _, _| Ok(())).unwrap();
        digests.push((node.digest(), node.state().digest().unwrap()));
    }
    digests
}

fn open(disk: &FaultyDisk) -> Result<Node<FaultyDisk>> {
    Ok(Node::open_on(disk.clone(), Path::new(PLACE), SETTINGS, &mut |_, _| ())?.0)
}

/// Opens after a crash: what was told is there, and all that is there is what was sent.
fn reopen(disk: &FaultyDisk, told: u64, expected: &[(Digest, Digest)]) -> Node<FaultyDisk> {
    let node = open(disk).unwrap();
    let records = node.state().sequence().0;
    assert!(records >= told, "{told} told, {records} there");
    let found = (node.digest(), node.state().digest().unwrap());
    assert_eq!(found, expected[usize::try_from(records).unwrap()]);
    assert_eq!(node.answers().len() as u64, records);
    node
}

/// Sends every command from the first: those that are there are known. Ends where a run without faults ends.
fn finish(mut node: Node<FaultyDisk>, disk: &FaultyDisk, expected: &[(Digest, Digest)]) {
    let there = node.state().sequence();
    for number in 1..expected.len() as u64 {
        match node.submit(time(number), envelope(number), &mut |_, _, _| Ok(())).unwrap() {
            Submitted::Known(answer) => {
                assert!(answer.sequence == Sequence(number) && answer.sequence <= there)
            }
            Submitted::New(sequence) => assert!(sequence == Sequence(number) && sequence > there),
            Submitted::Waiting(sequence) => panic!("{sequence} was sent twice"),
        }
    }
    node.flush(&mut |_, _, _| Ok(())).unwrap();
    assert_eq!(node.digest(), expected.last().unwrap().0);
    node.close(&mut |_, _, _| Ok(())).unwrap();
    verify_on(disk, &DataDir::at(Path::new(PLACE)), &Wanted::default(), &mut |_, _| ()).unwrap();
}

#[test]
fn a_plain_node_keeps_what_it_told_whatever_step_fails() {
    let expected = expected(40);
    let mut step = 0;
    loop {
        let mut reached = false;
        for (seed, fault) in [(1, Fault::Power), (2, Fault::Power), (3, Fault::Error), (4, Fault::Short)] {
            let disk = FaultyDisk::new(seed);
            disk.fail_after(step, fault);
            let mut told = 0;
            let mut life = || -> Result<()> {
                let mut node = open(&disk)?;
                for number in 1..=40 {
                    node.submit(time(number), envelope(number), &mut |_, _, _| Ok(()))?;
                    if number % 4 == 0 {
                        node.flush(&mut |record, _, _| {
                            told = record.sequence.0;
                            Ok(())
                        })?;
                    }
                    if number == 24 {
                        node.snapshot()?;
                    }
                }
                node.close(&mut |_, _, _| Ok(()))
            };
            reached |= life().is_err();
            if fault == Fault::Power || seed % 2 == 0 {
                disk.crash()
            } else {
                disk.restart()
            }
            finish(reopen(&disk, told, &expected), &disk, &expected);
        }
        if !reached {
            break;
        }
        step += 1;
    }
    assert!(step > 40, "{step}");
}

/// Writes down what it is told, and sees that it would outlive a power cut at that very moment.
struct Witness {
    disk: Option<FaultyDisk>,
    told: Vec<u64>,
    repeated: Vec<(u64, Answer)>,
    turned_away: Vec<(u64, TurnedAway)>,
    snapshots: Vec<u64>,
    fails_at: Option<u64>,
}

impl Witness {
    fn new(disk: Option<&FaultyDisk>) -> Self {
        let (told, repeated, turned_away, snapshots) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { disk: disk.cloned(), told, repeated, turned_away, snapshots, fails_at: None }
    }

    fn outlives_a_crash(&self, sequence: Sequence) {
        if let Some(disk) = &self.disk {
            let disk = disk.fork();
            disk.crash();
            let there = journal::verify_on(disk, Path::new(PLACE).join("journal")).unwrap();
            assert!(there.records >= sequence.0, "record {sequence} is told and not durable");
        }
    }
}

impl Outlet for Witness {
    fn applied(&mut self, tag: u64, record: &Record, events: &[Event], state: &State) -> Result<()> {
        assert_eq!(state.sequence(), record.sequence);
        assert!(record.envelope.command == Command::Tick || !events.is_empty());
        self.outlives_a_crash(record.sequence);
        self.told.push(tag);
        if self.fails_at == Some(tag) {
            bail!("nobody listens");
        }
        Ok(())
    }

    fn repeated(&mut self, tag: u64, answer: Answer) -> Result<()> {
        self.outlives_a_crash(answer.sequence);
        self.repeated.push((tag, answer));
        Ok(())
    }

    fn turned_away(&mut self, tag: u64, why: TurnedAway) -> Result<()> {
        if let TurnedAway::OtherCommand(sequence) = why {
            self.outlives_a_crash(sequence);
        }
        self.turned_away.push((tag, why));
        Ok(())
    }

    fn snapshotted(&mut self, snapshot: Snapshotted) {
        if snapshot.written.is_ok() {
            self.snapshots.push(snapshot.record);
        }
    }
}

fn submission(number: u64) -> Submission {
    Submission { time: time(number), envelope: envelope(number), tag: number }
}

/// Sends commands from a thread of its own, some alone and some together.
fn sender(inbox: Inbox, numbers: std::ops::RangeInclusive<u64>, seed: u64) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut dice = Dice(seed);
        let mut together = VecDeque::new();
        for number in numbers {
            together.push_back(submission(number));
            if dice.roll(3) == 0 && inbox.send_all(&mut together).is_err() {
                return;
            }
        }
        let _ = inbox.send_all(&mut together);
    })
}

fn pipeline_life(disk: &FaultyDisk, seed: u64, witness: &mut Witness, count: u64) -> Result<()> {
    // All by the writer, or small batches by the run loop.
    let written_here_max = if seed.is_multiple_of(2) { 0 } else { 3 };
    let flow = Flow { batch_records_max: 5, written_here_max, waiting_max: 7, snapshot_every: Some(13) };
    let mut pipeline = Pipeline::start(open(disk)?, flow)?;
    let first = pipeline.state().sequence().0 + 1;
    let sending = sender(pipeline.inbox(), first..=count, seed);
    let ran = pipeline.run(witness);
    if ran.is_ok() {
        sending.join().unwrap();
        return pipeline.stop(witness)?.close(&mut |_, _, _| Ok(()));
    }
    drop(pipeline);
    sending.join().unwrap();
    ran
}

#[test]
fn a_pipeline_keeps_what_it_told_whatever_step_fails() {
    let count = 60;
    let expected = expected(count);
    let mut step = 0;
    loop {
        let mut reached = false;
        let faults = [Fault::Power, Fault::Power, Fault::Error, Fault::Error, Fault::Short, Fault::Short];
        for (seed, fault) in (1..).zip(faults) {
            let disk = FaultyDisk::new(seed);
            disk.fail_after(step, fault);
            let mut witness = Witness::new(Some(&disk));
            reached |= pipeline_life(&disk, seed, &mut witness, count).is_err() || disk.has_failed();
            let told = witness.told.len() as u64;
            assert!(witness.told.iter().copied().eq(1..=told), "out of order: {:?}", witness.told);
            if fault == Fault::Power || seed % 2 == 0 {
                disk.crash()
            } else {
                disk.restart()
            }
            let node = reopen(&disk, told, &expected);
            // A second life takes up where the first one ended, in a pipeline again.
            drop(node);
            let mut witness = Witness::new(None);
            pipeline_life(&disk, seed, &mut witness, count).unwrap();
            let node = reopen(&disk, count, &expected);
            finish(node, &disk, &expected);
        }
        if !reached {
            break;
        }
        step += 1;
    }
    assert!(step > 60, "{step}");
}

#[test]
fn pipeline_and_plain_node_make_the_same_log() {
    let count = 3_000;
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut plain, _) = Node::open(one.path(), &mut |_, _| ()).unwrap();
    for number in 1..=count {
        plain.submit(time(number), envelope(number), &mut |_, _, _| Ok(())).unwrap();
    }
    plain.flush(&mut |_, _, _| Ok(())).unwrap();

    let (node, _) = Node::open(two.path(), &mut |_, _| ()).unwrap();
    let flow =
        Flow { batch_records_max: 100, waiting_max: 300, snapshot_every: Some(1_000), ..Flow::default() };
    let mut pipeline = Pipeline::start(node, flow).unwrap();
    let mut witness = Witness::new(None);
    let sending = sender(pipeline.inbox(), 1..=count, 1);
    pipeline.run(&mut witness).unwrap();
    sending.join().unwrap();
    let node = pipeline.stop(&mut witness).unwrap();
    assert!(witness.told.iter().copied().eq(1..=count));
    assert!(!witness.snapshots.is_empty());
    assert_eq!(node.digest(), plain.digest());
    assert_eq!(node.state().digest().unwrap(), plain.state().digest().unwrap());
    for number in 1..=count {
        let key = (OPERATOR, ClientId::of(&number.to_string()));
        assert_eq!(node.answers().get(key), plain.answers().get(key));
    }
    // The digests that frames state of frames further back are checked by a replay, and so are the snapshots.
    node.close(&mut |_, _, _| Ok(())).unwrap();
    let verified = verify(&DataDir::at(two.path()), &mut |_, _| ()).unwrap();
    assert!(verified.digest == plain.digest() && verified.summary.frames >= 30 && verified.snapshots > 0);
    let (node, opened) = Node::open(two.path(), &mut |_, _| ()).unwrap();
    assert_eq!((node.digest(), opened.snapshot), (plain.digest(), count));
}

#[test]
fn a_digest_stated_some_frames_later_is_checked() {
    for wrong in [false, true] {
        let disk = FaultyDisk::new(1);
        let expected = expected(6);
        let journal = Path::new(PLACE).join("journal");
        let mut journal = Journal::create_on(disk.clone(), journal, [1; 16], SETTINGS.journal).unwrap();
        for number in 1..=6_u64 {
            let mut payload = Vec::new();
            engine::encode(&envelope(number), &mut payload).unwrap();
            let mut batch = Batch::new();
            batch.push(time(number).0, &payload).unwrap();
            // What a writer states that is two frames ahead of the engine.
            let seq = number.saturating_sub(3);
            let mut outcome = Outcome { seq, digest: expected[usize::try_from(seq).unwrap()].0 };
            outcome.digest[7] ^= u8::from(wrong && number == 5);
            journal.append(number, 1, outcome, &batch).unwrap();
        }
        drop(journal);
        let opened = open(&disk).map(|node| node.digest()).map_err(|error| format!("{error:#}"));
        match opened {
            Ok(digest) => assert!(!wrong && digest == expected[6].0),
            Err(error) => assert!(wrong && error.contains("diverges: after record 2"), "{error}"),
        }
    }
}

#[test]
fn a_repeat_gets_the_first_answer_and_waits_for_it() {
    let disk = FaultyDisk::new(1);
    let mut pipeline = Pipeline::start(open(&disk).unwrap(), Flow::default()).unwrap();
    let inbox = pipeline.inbox();
    let other =
        Submission { envelope: Envelope { command: Command::Tick, ..envelope(4) }, tag: 11, ..submission(4) };
    let again = |number: u64, tag: u64| Submission { tag, ..submission(number) };
    // All at once, before anything is durable.
    let mut together: VecDeque<_> = (1..=5).map(submission).collect();
    together.extend([again(2, 10), other.clone(), again(5, 12)]);
    inbox.send_all(&mut together).unwrap();
    drop(inbox);
    let mut witness = Witness::new(Some(&disk));
    pipeline.run(&mut witness).unwrap();
    assert_eq!(witness.told, [1, 2, 3, 4, 5]);
    let repeats: Vec<_> = witness.repeated.iter().map(|(tag, answer)| (*tag, answer.sequence)).collect();
    assert_eq!(repeats, [(10, Sequence(2)), (12, Sequence(5))]);
    assert_eq!(witness.turned_away, [(11, TurnedAway::OtherCommand(Sequence(4)))]);
    let refused = witness.repeated[1].1.refusal;
    assert_eq!(refused.map(engine::Rejection::code), None);
    // And again when it is, and in another life, from a snapshot.
    let node = pipeline.stop(&mut witness).unwrap();
    node.close(&mut |_, _, _| Ok(())).unwrap();
    let mut pipeline = Pipeline::start(open(&disk).unwrap(), Flow::default()).unwrap();
    let inbox = pipeline.inbox();
    inbox.send_all(&mut [again(2, 20), Submission { tag: 21, ..other }].into()).unwrap();
    drop(inbox);
    let mut later = Witness::new(Some(&disk));
    pipeline.run(&mut later).unwrap();
    assert_eq!(later.repeated, [(20, witness.repeated[0].1)]);
    assert_eq!(later.turned_away, [(21, TurnedAway::OtherCommand(Sequence(4)))]);
}

#[test]
fn an_outlet_that_fails_stops_the_run_and_not_the_node() {
    let disk = FaultyDisk::new(1);
    let flow = Flow { batch_records_max: 4, ..Flow::default() };
    let mut pipeline = Pipeline::start(open(&disk).unwrap(), flow).unwrap();
    let inbox = pipeline.inbox();
    inbox.send_all(&mut (1..=10).map(submission).collect()).unwrap();
    let mut witness = Witness { fails_at: Some(6), ..Witness::new(Some(&disk)) };
    assert_eq!(pipeline.run(&mut witness).unwrap_err().to_string(), "nobody listens");
    assert_eq!(witness.told, [1, 2, 3, 4, 5, 6]);
    inbox.send(submission(11)).unwrap();
    drop(inbox);
    pipeline.run(&mut witness).unwrap();
    assert_eq!(witness.told, [1, 2, 3, 4, 5, 6, 9, 10, 11], "the rest of the batch was applied and not told");
    let node = pipeline.stop(&mut witness).unwrap();
    assert_eq!(node.digest(), expected(11)[11].0);
}

#[test]
fn many_senders_each_keep_their_order_and_wait_for_room() {
    let data = tempfile::tempdir().unwrap();
    let (node, _) = Node::open(data.path(), &mut |_, _| ()).unwrap();
    let flow = Flow { batch_records_max: 64, waiting_max: 3, ..Flow::default() };
    let mut pipeline = Pipeline::start(node, flow).unwrap();
    let inbox = pipeline.inbox();
    let senders: Vec<_> = (0..4).map(|n| sender(inbox.clone(), n * 1_000 + 1..=n * 1_000 + 500, n)).collect();
    drop(inbox);
    let mut witness = Witness::new(None);
    pipeline.run(&mut witness).unwrap();
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    assert_eq!(witness.told.iter().collect::<BTreeSet<_>>().len(), 2_000);
    for n in 0..4 {
        let mine = witness.told.iter().copied().filter(|tag| tag / 1_000 == n);
        assert!(mine.eq(n * 1_000 + 1..=n * 1_000 + 500));
    }
    assert_eq!(pipeline.state().sequence(), Sequence(2_000));
}

#[test]
fn a_closed_pipeline_takes_nothing_and_leaves_nothing_behind() {
    let disk = FaultyDisk::new(1);
    let mut pipeline = Pipeline::start(open(&disk).unwrap(), Flow::default()).unwrap();
    let inbox = pipeline.inbox();
    let kept = inbox.clone();
    inbox.send_all(&mut (1..=60).map(submission).collect()).unwrap();
    drop(inbox);
    let mut witness = Witness::new(None);
    // One inbox is still there: what is in is told when the pipeline stops.
    let node = pipeline.stop(&mut witness).unwrap();
    assert_eq!(witness.told.len(), 60);
    assert!(kept.send(submission(61)).is_err());
    drop(node);
    let left = disk.names().into_iter().filter(|name| name.extension().is_some_and(|ext| ext == "tmp"));
    assert_eq!(left.count(), 0, "a segment that was made ahead and not needed");
    pipeline = Pipeline::start(open(&disk).unwrap(), Flow::default()).unwrap();
    assert_eq!(pipeline.state().sequence(), Sequence(60));
}
