//! Power cuts and failing disks at every step: what was acknowledged is there, what was not submitted is not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the lints do not know helpers of tests for tests")]

mod common;

use std::path::Path;

use common::{Entry, batch_of, digest_of, read_all};
use faulty_disk::{Dice, Fault, FaultyDisk};
use journal::{Batch, Digest, Journal, JournalError, Log, Options, Outcome, verify_on};
use proptest::prelude::*;

const DIR: &str = "/log";
const SMALL: Options = Options { segment_bytes: 8192 };

/// What the caller of the journal knows.
#[derive(Debug, Default)]
struct Book {
    /// Every record submitted, in order, and how many of them a sync has acknowledged.
    submitted: Vec<Entry>,
    acknowledged: usize,
    /// The chain after each frame boundary, by number of frames.
    chains: Vec<(usize, Digest)>,
}

impl Book {
    /// Writes frames, some synced at once and some left in flight, until done or until something fails.
    fn work(
        &mut self,
        journal: &mut Journal<FaultyDisk>,
        dice: &mut Dice,
        frames: usize,
    ) -> Result<(), JournalError> {
        let mut away = None;
        for _ in 0..frames {
            let seq = journal.last_seq() + 1;
            let entries: Vec<Entry> = (0..dice.roll(4))
                .map(|_| {
                    // Runs of zeros, so that written sectors are blank too.
                    let byte = u8::try_from(dice.roll(3)).unwrap();
                    Entry { time_ns: seq.cast_signed(), payload: vec![byte; dice.roll(1500)] }
                })
                .collect();
            let (outcome, batch) =
                (Outcome { seq: journal.durable_seq(), digest: digest_of(seq) }, batch_of(&entries));
            // The next segment is made ahead now and then, and given back when it is needed or earlier.
            if dice.roll(2) == 0
                && let Some(preparation) = journal.preparation()
            {
                away = Some(preparation.run());
            }
            if journal.rolls(&batch) && away.is_some() {
                let early = journal.write(seq, 0, outcome, &batch);
                assert!(matches!(early, Err(JournalError::Preparing { .. })) && !journal.is_poisoned());
            }
            if journal.rolls(&batch) || dice.roll(2) == 0 {
                away.take().map_or(Ok(()), |prepared| journal.adopt(prepared))?;
            }
            self.submitted.extend(entries.iter().cloned());
            let written = journal.write(seq, 0, outcome, &batch)?;
            self.chains.push((self.submitted.len(), written.chain));
            if dice.roll(3) > 0 {
                let durable = journal.sync()?;
                assert_eq!(durable, self.submitted.len() as u64);
                self.acknowledged = self.submitted.len();
            }
        }
        away.map_or(Ok(()), |prepared| journal.adopt(prepared))?;
        if dice.roll(2) == 0 { journal.discard() } else { Ok(()) }
    }

    /// Opens after a failure and holds what is found against what is known.
    fn reopen(&mut self, disk: &FaultyDisk) -> Result<Option<Journal<FaultyDisk>>, JournalError> {
        let (journal, recovery) = match Journal::open_on(disk.clone(), DIR, SMALL) {
            Ok(opened) => opened,
            Err(JournalError::NotFound { .. }) if self.acknowledged == 0 && self.chains.is_empty() => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let found = read_all(&mut journal.read_from(1)?)?;
        assert!(found.len() >= self.acknowledged, "{} lost of {}", found.len(), self.acknowledged);
        assert_eq!(found, self.submitted[..found.len()], "something that was not submitted");
        assert_eq!(recovery.last_seq, found.len() as u64);
        if journal.chain() != journal::genesis(&journal.log_id()) {
            let end = (found.len(), journal.chain());
            let frames = self.chains.iter().position(|known| *known == end);
            self.chains.truncate(frames.expect("a chain that was given out") + 1);
        } else {
            assert_eq!(found.len(), 0);
            self.chains.clear();
        }
        // The opened journal has synced what it found.
        self.submitted.truncate(found.len());
        self.acknowledged = found.len();
        assert_eq!(verify_on(disk.clone(), DIR).unwrap().records, found.len() as u64);
        Ok(Some(journal))
    }
}

/// Several lives of one log; each ends in a fault at a random step, and the power may go as well.
fn lives(seed: u64) {
    let mut dice = Dice(seed);
    let disk = FaultyDisk::new(seed ^ 0xd15c);
    let mut book = Book::default();
    for _ in 0..6 {
        let fault = [Fault::Power, Fault::Error, Fault::Short][dice.roll(3)];
        disk.fail_after(dice.roll(40), fault);
        let frames = dice.roll(12);
        let failed = match book.reopen(&disk) {
            Ok(Some(mut journal)) => book.work(&mut journal, &mut dice, frames).is_err_and(|error| {
                assert!(matches!(error, JournalError::Io { .. }), "{error}");
                let harmless = matches!(error, JournalError::Io { action: "remove", .. });
                assert!(journal.is_poisoned() || harmless);
                true
            }),
            Ok(None) => Journal::create_on(disk.clone(), DIR, [3; 16], SMALL).is_err(),
            Err(JournalError::Io { .. }) => true,
            Err(error) => panic!("refused: {error}"),
        };
        if dice.roll(2) == 0 || (failed && fault == Fault::Power) {
            disk.crash();
        } else {
            disk.restart();
        }
    }
    let Some(mut journal) = book.reopen(&disk).unwrap() else {
        return;
    };
    book.work(&mut journal, &mut dice, 3).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 20_000 }))]

    #[test]
    fn what_was_acknowledged_outlives_every_crash(seed: u64) {
        lives(seed);
    }
}

/// The same short run, with the power cut at each of its steps in turn, and each outcome of the cut tried often.
#[test]
fn power_lost_at_every_step() {
    let mut step = 0;
    loop {
        let mut reached = true;
        for seed in 0..12 {
            let disk = FaultyDisk::new(seed);
            let mut book = Book::default();
            disk.fail_after(step, Fault::Power);
            reached = match Journal::create_on(disk.clone(), DIR, [3; 16], SMALL) {
                Ok(mut journal) => book.work(&mut journal, &mut Dice(7), 8).is_err(),
                Err(_) => true,
            };
            disk.crash();
            book.reopen(&disk).unwrap();
        }
        if !reached {
            break;
        }
        step += 1;
    }
    assert!(step > 30, "{step}");
}

fn one(seq: u64, bytes: usize) -> Batch {
    batch_of(&[Entry { time_ns: seq.cast_signed(), payload: vec![7; bytes] }])
}

/// A segment that was prepared is used, is not asked for twice, and leaves nothing behind where it is not used.
#[test]
fn a_segment_made_ahead_is_the_next_one() {
    let disk = FaultyDisk::new(1);
    let mut journal = Journal::create_on(disk.clone(), DIR, [3; 16], SMALL).unwrap();
    assert!(journal.preparation().is_none(), "nothing is written yet");
    journal.append(1, 0, Outcome::default(), &one(1, 2000)).unwrap();
    let preparation = journal.preparation().unwrap();
    assert!(journal.preparation().is_none());
    let prepared = preparation.run();
    journal.append(2, 0, Outcome::default(), &one(2, 1000)).unwrap();
    let refused = journal.append(3, 0, Outcome::default(), &one(3, 3000));
    assert!(matches!(refused, Err(JournalError::Preparing { index: 2 })));
    journal.adopt(prepared).unwrap();
    let (writes, syncs) = disk.writes_and_syncs();
    journal.append(3, 0, Outcome::default(), &one(3, 3000)).unwrap();
    assert_eq!(
        disk.writes_and_syncs(),
        (writes + 2, syncs + 2),
        "only the header and the frame were written"
    );
    // One that turns out too small grows.
    let prepared = journal.preparation().unwrap().run();
    journal.adopt(prepared).unwrap();
    journal.append(4, 0, Outcome::default(), &one(4, 20_000)).unwrap();
    // One that is not needed goes; one that a crash left goes when the log is opened.
    let prepared = journal.preparation().unwrap().run();
    journal.adopt(prepared).unwrap();
    journal.discard().unwrap();
    assert!(!disk.names().iter().any(|name| name.extension().unwrap() == "tmp"));
    let prepared = journal.preparation().unwrap().run();
    assert!(prepared.is_ok());
    drop(journal);
    disk.restart();
    let (mut journal, recovery) = Journal::open_on(disk.clone(), DIR, SMALL).unwrap();
    assert_eq!((recovery.last_seq, recovery.cut(), recovery.removed.len()), (4, None, 1));
    // A failed one poisons, as a failed write does.
    let preparation = journal.preparation().unwrap();
    disk.fail_after(1, Fault::Short);
    assert!(matches!(journal.adopt(preparation.run()), Err(JournalError::Io { action: "write", .. })));
    assert!(matches!(journal.sync(), Err(JournalError::Poisoned)));
    assert_eq!(read_all(&mut journal::scan_on(disk, DIR, 1).unwrap()).unwrap().len(), 4);
}

#[test]
fn a_failed_sync_poisons_for_good_and_its_record_may_not_be_believed() {
    for seed in 0..50 {
        let disk = FaultyDisk::new(seed);
        let mut journal = Journal::create_on(disk.clone(), DIR, [3; 16], SMALL).unwrap();
        journal.append(1, 0, Outcome::default(), &one(1, 700)).unwrap();
        disk.fail_after(1, Fault::Error);
        let failed = journal.append(2, 0, Outcome::default(), &one(2, 700));
        assert!(matches!(failed, Err(JournalError::Io { action: "sync", .. })));
        for _ in 0..3 {
            assert!(matches!(journal.sync(), Err(JournalError::Poisoned)));
            let again = journal.append(3, 0, Outcome::default(), &one(3, 9));
            assert!(matches!(again, Err(JournalError::Poisoned)));
            assert!(matches!(
                journal.write(2, 0, Outcome::default(), &one(2, 9)),
                Err(JournalError::Poisoned)
            ));
            assert!(matches!(journal.read_from(1), Err(JournalError::Poisoned)));
        }
        assert_eq!(journal.durable_seq(), 1);
        drop(journal);
        // The process starts again and reads record 2 from the cache, whatever the medium has. If it tells the world
        // so, a power cut must not take it back.
        disk.restart();
        let (journal, recovery) = Journal::open_on(disk.clone(), DIR, SMALL).unwrap();
        assert_eq!((recovery.last_seq, journal.durable_seq()), (2, 2));
        drop(journal);
        disk.crash();
        let (_, recovery) = Journal::open_on(disk.clone(), DIR, SMALL).unwrap();
        assert_eq!(recovery.last_seq, 2);
    }
}

/// The zeros that cut a torn frame are forgotten by a failed sync, and read well all the same. The next life's frame
/// must not end up mixed with what is left of the torn one.
#[test]
fn a_cut_that_did_not_reach_the_medium_is_made_again() {
    let path = common::segment(Path::new(DIR), 1);
    for seed in 0..100 {
        let disk = FaultyDisk::new(seed);
        let mut journal = Journal::create_on(disk.clone(), DIR, [3; 16], SMALL).unwrap();
        journal.append(1, 0, Outcome::default(), &one(1, 100)).unwrap();
        journal.append(2, 0, Outcome::default(), &one(2, 3000)).unwrap();
        drop(journal);
        let mut torn = disk.bytes(&path);
        torn[5120..5632].fill(0);
        disk.set_bytes(&path, torn);
        disk.fail_after(2, Fault::Error);
        let failed = Journal::open_on(disk.clone(), DIR, SMALL);
        assert!(matches!(failed, Err(JournalError::Io { action: "sync", .. })));
        disk.restart();
        let (mut journal, recovery) = Journal::open_on(disk.clone(), DIR, SMALL).unwrap();
        assert_eq!((recovery.last_seq, recovery.cut()), (1, None));
        journal.write(2, 0, Outcome::default(), &one(3, 3300)).unwrap();
        drop(journal);
        disk.crash();
        Journal::open_on(disk.clone(), DIR, SMALL).unwrap();
    }
}

#[test]
fn no_space_for_a_frame_or_a_segment_poisons_and_loses_nothing() {
    for after in 0..6 {
        let disk = FaultyDisk::new(after as u64);
        let mut journal = Journal::create_on(disk.clone(), DIR, [3; 16], SMALL).unwrap();
        journal.append(1, 0, Outcome::default(), &one(1, 3500)).unwrap();
        disk.fail_after(after, Fault::Short);
        // Needs a new segment: create, zeros, header, sync, rename, sync of the directory, then the frame.
        let failed = journal.append(2, 0, Outcome::default(), &one(2, 3500));
        assert!(matches!(failed, Err(JournalError::Io { .. })), "{after}");
        assert!(matches!(journal.sync(), Err(JournalError::Poisoned)));
        drop(journal);
        disk.restart();
        let (mut journal, recovery) = Journal::open_on(disk.clone(), DIR, SMALL).unwrap();
        assert_eq!((recovery.last_seq, recovery.cut()), (1, None));
        assert_eq!(recovery.removed.len(), usize::from((1..5).contains(&after)), "{after}");
        assert!(!disk.names().iter().any(|name| name.extension().unwrap() == "tmp"));
        journal.append(2, 0, Outcome::default(), &one(2, 3500)).unwrap();
        journal.append(3, 0, Outcome::default(), &one(3, 3500)).unwrap();
    }
}

#[test]
fn a_short_write_is_cut() {
    let disk = FaultyDisk::new(1);
    let mut journal = Journal::create_on(disk.clone(), DIR, [3; 16], SMALL).unwrap();
    journal.append(1, 0, Outcome::default(), &one(1, 100)).unwrap();
    disk.fail_after(0, Fault::Short);
    assert!(journal.append(2, 0, Outcome::default(), &one(2, 1000)).is_err());
    drop(journal);
    disk.restart();
    let (journal, recovery) = Journal::open_on(disk.clone(), DIR, SMALL).unwrap();
    let cut = recovery.cut().unwrap();
    assert_eq!(
        (cut.path.as_path(), cut.offset),
        (&*common::segment(Path::new(DIR), 1), 4096 + 160 + 16 + 104)
    );
    assert_eq!((cut.bytes, journal.last_seq()), ((160 + 16 + 1000) / 2, 1));
}

#[test]
fn a_frame_is_one_write_and_one_sync() {
    let disk = FaultyDisk::new(1);
    let options = Options { segment_bytes: 1 << 20 };
    let mut journal = Journal::create_on(disk.clone(), DIR, [3; 16], options).unwrap();
    let (writes, syncs) = disk.writes_and_syncs();
    for seq in 1..=100 {
        journal.append(seq, 0, Outcome::default(), &one(seq, 300)).unwrap();
    }
    assert_eq!(disk.writes_and_syncs(), (writes + 100, syncs + 100));
    assert_eq!(journal.sync().unwrap(), 100);
    assert_eq!(disk.writes_and_syncs(), (writes + 100, syncs + 100), "nothing to sync, nothing synced");
}
