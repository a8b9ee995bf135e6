//! What is written is read, over segments and lives.

mod common;

use common::{Entry, batch_of, digest_of, read_all};
use journal::{
    Batch, FRAME_BYTES_MAX, Frames, Journal, JournalError, Log, Options, Outcome, Tail, scan, verify,
};

const SMALL: Options = Options { segment_bytes: 8192 };

fn entries(from: u64, count: u64, bytes: usize) -> Vec<Entry> {
    (from..from + count)
        .map(|seq| Entry { time_ns: seq.cast_signed() * 10, payload: vec![seq.to_le_bytes()[0]; bytes] })
        .collect()
}

#[test]
fn an_empty_log_opens_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(dir.path(), [7; 16], SMALL).unwrap();
    assert_eq!((journal.last_seq(), journal.durable_seq(), journal.last_time_ns()), (0, 0, None));
    assert_eq!(journal.chain(), journal::genesis(&[7; 16]));
    assert!(journal.read_from(0).unwrap().next_frame().unwrap().is_none());
    assert!(matches!(journal.read_from(2), Err(JournalError::BeyondEnd { seq: 2, last: 0 })));
    drop(journal);
    let (mut journal, recovery) = Journal::open(dir.path(), SMALL).unwrap();
    assert_eq!((recovery.last_seq, recovery.cut()), (0, None));
    assert_eq!(recovery.summary.tail, Tail::Clean);
    journal.append(1, 0, Outcome::default(), &batch_of(&entries(1, 2, 5))).unwrap();
    assert_eq!(read_all(&mut journal.read_from(1).unwrap()).unwrap(), entries(1, 2, 5));
}

#[test]
fn many_segments_and_lives() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path(), *b"many segments...", SMALL).unwrap();
    let mut written = Vec::new();
    for life in 0..4 {
        for frame in 0..30_u64 {
            let seq = journal.last_seq() + 1;
            let new = entries(seq, frame % 7, 11 * usize::try_from(frame).unwrap());
            let outcome = Outcome { seq: seq - 1, digest: digest_of(seq) };
            let appended = journal.append(seq, life, outcome, &batch_of(&new)).unwrap();
            assert_eq!((appended.first_seq, appended.chain), (seq, journal.chain()));
            written.extend(new);
        }
        let chain = journal.chain();
        drop(journal);
        let summary = verify(dir.path()).unwrap();
        let (next, recovery) = Journal::open(dir.path(), SMALL).unwrap();
        assert_eq!(recovery.summary, summary);
        assert_eq!((summary.chain, next.chain(), next.epoch()), (chain, chain, life));
        assert_eq!((summary.records, next.log_id()), (written.len() as u64, *b"many segments..."));
        journal = next;
    }
    assert!(verify(dir.path()).unwrap().segments > 10);
    for from in [1, 2, 50, 100, written.len()] {
        let mut reader = journal.read_from(from as u64).unwrap();
        assert_eq!(read_all(&mut reader).unwrap(), written[from - 1..]);
        assert_eq!(read_all(&mut scan(dir.path(), from as u64).unwrap()).unwrap(), written[from - 1..]);
    }
}

#[test]
fn a_seal_ends_a_log_and_does_not_stop_the_next_life() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path(), [1; 16], SMALL).unwrap();
    journal.append(1, 0, Outcome::default(), &batch_of(&entries(1, 3, 9))).unwrap();
    let outcome = Outcome { seq: 3, digest: digest_of(3) };
    let sealed = journal.seal(0, outcome).unwrap();
    assert_eq!((sealed.first_seq, sealed.last_seq), (4, 3));
    drop(journal);
    let (mut journal, recovery) = Journal::open(dir.path(), SMALL).unwrap();
    assert_eq!((recovery.summary.tail, recovery.summary.outcome), (Tail::Sealed, outcome));
    let mut reader = journal.read_from(4).unwrap();
    assert!(reader.next_frame().unwrap().unwrap().is_seal());
    assert!(reader.next_frame().unwrap().is_none());
    journal.append(4, 0, outcome, &batch_of(&entries(4, 1, 9))).unwrap();
    assert_eq!(verify(dir.path()).unwrap().tail, Tail::Clean);
}

#[test]
fn a_frame_larger_than_a_segment_gets_one_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path(), [1; 16], SMALL).unwrap();
    let mut written = Vec::new();
    for bytes in [1_000_000, 10, 20_000, 10] {
        let new = entries(journal.last_seq() + 1, 1, bytes);
        journal.append(journal.last_seq() + 1, 0, Outcome::default(), &batch_of(&new)).unwrap();
        written.extend(new);
    }
    assert_eq!(read_all(&mut journal.read_from(1).unwrap()).unwrap(), written);
    drop(journal);
    let (journal, recovery) = Journal::open(dir.path(), SMALL).unwrap();
    assert_eq!(recovery.summary.segments, 3, "the first stays empty");
    assert_eq!(read_all(&mut journal.read_from(3).unwrap()).unwrap(), written[2..]);
}

#[test]
fn a_frame_over_the_limit_is_refused_by_the_batch() {
    let mut batch = Batch::new();
    let most = usize::try_from(FRAME_BYTES_MAX).unwrap() - 160 - 16;
    let refused = batch.push(0, &vec![0; most + 1]);
    assert!(matches!(refused, Err(JournalError::FrameTooLarge { max: FRAME_BYTES_MAX, .. })));
    assert!(batch.is_empty() && batch.bytes().is_empty());
    batch.push(0, &vec![1; most]).unwrap();
    assert_eq!(batch.frame_bytes(), FRAME_BYTES_MAX);
    assert!(batch.push(0, b"").is_err());
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path(), [1; 16], SMALL).unwrap();
    journal.append(1, 0, Outcome::default(), &batch).unwrap();
    drop(journal);
    assert_eq!(verify(dir.path()).unwrap().bytes, FRAME_BYTES_MAX);
}

#[test]
fn frames_that_end_exactly_with_the_segment() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path(), [1; 16], SMALL).unwrap();
    // Two frames of 2048 bytes fill the 4096 behind the header.
    for seq in 1..=5 {
        let batch = batch_of(&entries(seq, 1, 2048 - 160 - 16));
        assert_eq!(batch.frame_bytes(), 2048);
        journal.append(seq, 0, Outcome::default(), &batch).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count() as u64, 1 + seq.div_ceil(2));
        drop(journal);
        let (next, recovery) = Journal::open(dir.path(), SMALL).unwrap();
        assert_eq!((recovery.last_seq, recovery.cut()), (seq, None));
        journal = next;
    }
    assert_eq!(read_all(&mut journal.read_from(1).unwrap()).unwrap().len(), 5);
}

#[test]
fn refusals_write_nothing_and_leave_the_journal_usable() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path(), [1; 16], SMALL).unwrap();
    let none = Outcome::default();
    journal.append(1, 5, none, &batch_of(&entries(10, 2, 9))).unwrap();
    let before = std::fs::read(common::segment(dir.path(), 1)).unwrap();
    let good = batch_of(&entries(12, 1, 9));
    let mismatch = journal.append(2, 5, none, &good);
    assert!(matches!(mismatch, Err(JournalError::SequenceMismatch { expected: 2, actual: 3 })));
    let epoch = journal.append(3, 4, none, &good);
    assert!(matches!(epoch, Err(JournalError::EpochWentBack { current: 5, given: 4 })));
    let ahead = journal.append(3, 5, Outcome { seq: 3, digest: [1; 32] }, &good);
    assert!(matches!(ahead, Err(JournalError::OutcomeAhead { last: 2, given: 3 })));
    let time = journal.append(3, 5, none, &batch_of(&entries(1, 1, 9)));
    assert!(matches!(time, Err(JournalError::TimeWentBack { last: 110, given: 10 })));
    let mut batch = batch_of(&entries(5, 1, 9));
    assert!(matches!(batch.push(49, b""), Err(JournalError::TimeWentBack { last: 50, given: 49 })));
    assert_eq!(batch.len(), 1);
    assert_eq!(std::fs::read(common::segment(dir.path(), 1)).unwrap(), before);
    journal.append(3, 5, none, &good).unwrap();
    for segment_bytes in [0, 4096, 8193, 2 << 30, u64::MAX] {
        let refused = Journal::open(dir.path(), Options { segment_bytes });
        assert!(matches!(refused, Err(JournalError::SegmentSize { .. })));
    }
}

#[test]
fn one_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("none");
    assert!(matches!(Journal::open(&missing, SMALL), Err(JournalError::NotFound { .. })));
    assert!(!missing.exists());
    assert!(matches!(verify(dir.path()), Err(JournalError::NotFound { .. })));
    let deep = dir.path().join("a/b/c");
    let journal = Journal::create(&deep, [1; 16], SMALL).unwrap();
    let second = Journal::open(&deep, SMALL);
    assert!(matches!(second, Err(JournalError::InUse { path }) if path == deep.join("lock")));
    assert!(matches!(Journal::create(&deep, [1; 16], SMALL), Err(JournalError::InUse { .. })));
    assert!(verify(&deep).is_ok(), "a check needs no lock");
    drop(journal);
    assert!(matches!(Journal::create(&deep, [1; 16], SMALL), Err(JournalError::AlreadyExists { .. })));
    Journal::open(&deep, SMALL).unwrap();
}

#[test]
fn a_reader_sees_only_what_was_durable_when_it_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path(), [1; 16], SMALL).unwrap();
    journal.append(1, 0, Outcome::default(), &batch_of(&entries(1, 1, 9))).unwrap();
    let mut early = journal.read_from(1).unwrap();
    journal.write(2, 0, Outcome::default(), &batch_of(&entries(2, 2, 9))).unwrap();
    assert_eq!((journal.last_seq(), journal.durable_seq()), (3, 1));
    assert!(matches!(journal.read_from(3), Err(JournalError::BeyondEnd { seq: 3, last: 1 })));
    let mut between = journal.read_from(1).unwrap();
    assert_eq!(journal.sync().unwrap(), 3);
    assert_eq!(read_all(&mut early).unwrap().len(), 1);
    assert_eq!(read_all(&mut between).unwrap().len(), 1);
    assert_eq!(read_all(&mut journal.read_from(1).unwrap()).unwrap().len(), 3);
}

#[test]
fn a_check_beside_a_writer_finds_no_fault() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes: 1 << 20 };
    let mut journal = Journal::create(dir.path(), [1; 16], options).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for seq in 1..=3000 {
                let new = entries(seq, 1, usize::try_from(seq % 50 * 100).unwrap());
                journal.write(seq, 0, Outcome::default(), &batch_of(&new)).unwrap();
                if seq % 50 == 0 {
                    journal.sync().unwrap();
                }
            }
        });
        let mut seen = 0;
        while !writer.is_finished() {
            let summary = verify(dir.path()).unwrap();
            assert!(summary.records >= seen);
            seen = summary.records;
        }
    });
    assert_eq!(verify(dir.path()).unwrap().records, 3000);
}
