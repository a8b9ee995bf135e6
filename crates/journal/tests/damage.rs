//! Every cut, every torn sector, every flipped bit: what is torn is cut, what is damaged is refused with its place.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the lints do not know helpers of tests for tests")]

mod common;

use std::path::{Path, PathBuf};

use common::{Entry, batch_of, digest_of, read_all, segment};
use faulty_disk::{Dice, FaultyDisk};
use journal::{
    Flaw, Journal, JournalError, Log, Options, Outcome, Recovery, Summary, Tail, check_segment, verify_on,
};

const DIR: &str = "/log";
const SMALL: Options = Options { segment_bytes: 8192 };

/// A frame of a test log: its segment, where it lies, and how many records there are with it.
#[derive(Debug, Clone, Copy)]
struct Laid {
    segment: u64,
    start: usize,
    end: usize,
    records: usize,
}

/// A log, the frames in it and the records.
struct Sample {
    disk: FaultyDisk,
    frames: Vec<Laid>,
    entries: Vec<Entry>,
}

fn file(index: u64) -> PathBuf {
    segment(Path::new(DIR), index)
}

/// One frame for each list of record sizes, each synced. Contents are random, or zeros for every third record.
fn sample(sizes: &[&[usize]], seed: u64) -> Sample {
    let disk = FaultyDisk::new(seed);
    let mut dice = Dice(seed);
    let mut journal = Journal::create_on(disk.clone(), DIR, [9; 16], SMALL).unwrap();
    let mut entries: Vec<Entry> = Vec::new();
    let (mut frames, mut at, mut segment) = (Vec::new(), 4096, 1);
    for sizes in sizes {
        let seq = journal.last_seq() + 1;
        let new: Vec<Entry> = sizes
            .iter()
            .map(|&size| {
                let zeros = dice.roll(3) == 0;
                let byte = |_| if zeros { 0 } else { u8::try_from(dice.roll(256)).unwrap() };
                Entry { time_ns: 1_000 + seq.cast_signed(), payload: (0..size).map(byte).collect() }
            })
            .collect();
        let batch = batch_of(&new);
        journal.append(seq, 0, Outcome { seq: seq - 1, digest: digest_of(seq) }, &batch).unwrap();
        entries.extend(new);
        let length = usize::try_from(batch.frame_bytes()).unwrap();
        if at + length > 8192 {
            (at, segment) = (4096, segment + 1);
        }
        frames.push(Laid { segment, start: at, end: at + length, records: entries.len() });
        at += length;
    }
    Sample { disk, frames, entries }
}

/// Two segments; frame headers that straddle sectors, a frame of several sectors, blank sectors, and a seal.
const MIXED: &[&[usize]] = &[&[80], &[1, 700, 3], &[], &[1500, 0], &[900], &[80, 80], &[], &[2000, 9], &[5]];

impl Sample {
    fn fork(&self, segment: u64, bytes: Vec<u8>) -> FaultyDisk {
        let disk = self.disk.fork();
        disk.set_bytes(&file(segment), bytes);
        disk
    }

    fn last(&self) -> Laid {
        *self.frames.last().unwrap()
    }
}

fn open(disk: &FaultyDisk) -> Result<(Journal<FaultyDisk>, Recovery), JournalError> {
    Journal::open_on(disk.clone(), DIR, SMALL)
}

fn verify(disk: &FaultyDisk) -> Result<Summary, JournalError> {
    verify_on(disk.clone(), DIR)
}

/// Verifies, opens, and holds what is kept against `entries`; then goes on and opens again.
fn kept(disk: &FaultyDisk, entries: &[Entry], cut: Option<(u64, u64, u64)>) {
    let before = disk.image();
    let summary = verify(disk).unwrap();
    assert_eq!(disk.image(), before, "a check changes nothing");
    let (mut journal, recovery) = open(disk).unwrap();
    assert_eq!(recovery.summary, summary);
    let found = recovery.cut().map(|cut| (cut.path.clone(), cut.offset, cut.bytes));
    assert_eq!(found, cut.map(|(segment, offset, bytes)| (file(segment), offset, bytes)));
    assert_eq!(read_all(&mut journal.read_from(1).unwrap()).unwrap(), entries);
    let seq = journal.last_seq() + 1;
    let more = Entry { time_ns: 9_999, payload: vec![3; 700] };
    journal.append(seq, 0, Outcome::default(), &batch_of(std::slice::from_ref(&more))).unwrap();
    drop(journal);
    let (journal, recovery) = open(disk).unwrap();
    assert_eq!((recovery.last_seq, recovery.cut()), (entries.len() as u64 + 1, None));
    assert_eq!(read_all(&mut journal.read_from(seq).unwrap()).unwrap(), [more]);
}

/// Verifies and opens; both must refuse and change nothing. Gives the place and the flaw.
fn refused(disk: &FaultyDisk) -> (PathBuf, u64, Flaw) {
    let before = disk.image();
    let place = |error| match error {
        JournalError::Corrupt { path, offset, flaw, .. } => (path, offset, flaw),
        other => panic!("{other}"),
    };
    let verified = place(verify(disk).expect_err("damage must be noticed"));
    let opened = place(open(disk).expect_err("damage must be refused"));
    assert_eq!(verified, opened);
    assert_eq!(disk.image(), before);
    verified
}

#[test]
fn cut_at_every_byte_of_the_last_two_frames() {
    for (seed, sizes) in [MIXED, &MIXED[..7], &[&[700], &[]], &[&[0], &[4, 5]]].into_iter().enumerate() {
        let log = sample(sizes, seed as u64);
        let two = &log.frames[log.frames.len() - 2..];
        let (segment, bytes) = (log.last().segment, log.disk.bytes(&file(log.last().segment)));
        assert_eq!(two[0].segment, segment);
        for at in two[0].start..=log.last().end {
            let whole = log.frames.iter().rfind(|frame| (frame.segment, frame.end) <= (segment, at));
            let (start, records) = whole.map_or((4096, 0), |frame| (frame.end, frame.records));
            let start = if whole.is_some_and(|frame| frame.segment == segment) { start } else { 4096 };
            let left = bytes[start..at].iter().rposition(|&byte| byte != 0).map(|last| last as u64 + 1);
            assert_eq!(left.is_none(), at == start);
            let cut = left.map(|left| (segment, start as u64, left));
            kept(&log.fork(segment, bytes[..at].to_vec()), &log.entries[..records], cut);
            let mut zeroed = bytes.clone();
            zeroed[at..].fill(0);
            kept(&log.fork(segment, zeroed), &log.entries[..records], cut);
        }
    }
}

/// Zeroes the part of each chosen sector that lies in `from..to`: what a write leaves that did not reach them.
fn tear(bytes: &mut [u8], from: usize, to: usize, chosen: impl Fn(usize) -> bool) {
    for (number, sector) in (from / 512..to.div_ceil(512)).enumerate() {
        if chosen(number) {
            bytes[from.max(sector * 512)..to.min((sector + 1) * 512)].fill(0);
        }
    }
}

#[test]
fn every_subset_of_the_last_frames_sectors() {
    for seed in 0..4 {
        // Starts in the middle of a sector, its header over two; 5 to 7 sectors.
        let first = [176, 200, 272, 288][usize::try_from(seed).unwrap()];
        let log = sample(&[&[first], &[1000, 900, 600]], seed);
        let Laid { start, end, .. } = log.last();
        let bytes = log.disk.bytes(&file(1));
        for subset in 0..1_usize << (end.div_ceil(512) - start / 512) {
            let mut torn = bytes.clone();
            tear(&mut torn, start, end, |sector| subset >> sector & 1 == 1);
            if torn == bytes {
                kept(&log.fork(1, torn), &log.entries, None);
                continue;
            }
            let left = torn[start..].iter().rposition(|&byte| byte != 0).map(|last| last as u64 + 1);
            let cut = left.map(|left| (1, start as u64, left));
            kept(&log.fork(1, torn), &log.entries[..1], cut);
        }
    }
}

#[test]
fn frames_in_flight_together_keep_a_prefix() {
    for seed in 0..300 {
        let disk = FaultyDisk::new(seed);
        let mut dice = Dice(seed);
        let mut journal = Journal::create_on(disk.clone(), DIR, [9; 16], SMALL).unwrap();
        let entries: Vec<Entry> =
            (0..4).map(|seq| Entry { time_ns: seq, payload: vec![1; dice.roll(1200)] }).collect();
        journal.append(1, 0, Outcome::default(), &batch_of(&entries[..1])).unwrap();
        for seq in 1..entries.len() {
            journal.write(seq as u64 + 1, 0, Outcome::default(), &batch_of(&entries[seq..=seq])).unwrap();
        }
        drop(journal);
        disk.crash();
        let (journal, recovery) = open(&disk).unwrap();
        let found = read_all(&mut journal.read_from(1).unwrap()).unwrap();
        assert!(recovery.last_seq >= 1);
        assert_eq!(found, entries[..found.len()]);
    }
}

#[test]
fn a_hole_before_a_frame_that_was_written_later_is_refused() {
    let log = sample(&[&[600], &[1300], &[], &[40], &[50]], 5);
    let bytes = log.disk.bytes(&file(1));
    for (number, frame) in log.frames.iter().enumerate().take(log.frames.len() - 1) {
        let sectors = frame.end.div_ceil(512) - frame.start / 512;
        for sector in 0..=sectors {
            let mut torn = bytes.clone();
            // One sector of it, or all of it.
            tear(&mut torn, frame.start, frame.end, |chosen| chosen == sector || sector == sectors);
            if torn == bytes {
                continue;
            }
            let (path, offset, flaw) = refused(&log.fork(1, torn));
            assert_eq!((path, offset), (file(1), frame.start as u64));
            let claimed_at = log.frames[number + 1].start as u64;
            assert_eq!(flaw, Flaw::Hole { claimed_at }, "the loss of a seal too");
        }
    }
}

#[test]
fn a_hole_in_a_segment_that_is_not_the_last_is_refused() {
    let log = sample(MIXED, 6);
    let bytes = log.disk.bytes(&file(1));
    for frame in log.frames.iter().filter(|frame| frame.segment == 1) {
        for at in frame.start..frame.end {
            let mut torn = bytes.clone();
            torn[at..].fill(0);
            let (path, offset, flaw) = refused(&log.fork(1, torn));
            assert_eq!((path, offset), (file(1), frame.start as u64));
            assert_eq!(flaw, Flaw::Hole { claimed_at: 8192 });
            assert_eq!(refused(&log.fork(1, bytes[..at].to_vec())).1, frame.start as u64);
        }
    }
}

#[test]
fn one_flipped_bit_anywhere_is_refused_with_its_place() {
    let log = sample(MIXED, 7);
    for segment in 1..=log.last().segment {
        let bytes = log.disk.bytes(&file(segment));
        let flip = |at: usize, bit: usize| {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let (path, offset, _) = refused(&log.fork(segment, flipped));
            assert_eq!(path, file(segment));
            usize::try_from(offset).unwrap()
        };
        for at in 0..4096 {
            assert_eq!(flip(at, at % 8), 0);
        }
        for frame in log.frames.iter().filter(|frame| frame.segment == segment) {
            for at in frame.start..frame.end {
                let mark = at < frame.start + 152 || at >= frame.end - 8;
                for bit in if mark { 0..8 } else { at % 8..at % 8 + 1 } {
                    assert_eq!(flip(at, bit), frame.start, "byte {at} bit {bit}");
                }
            }
        }
    }
}

#[test]
fn a_flip_where_nothing_was_written_loses_nothing() {
    let log = sample(MIXED, 8);
    let last = log.last();
    assert!(last.segment > 1);
    let bytes = log.disk.bytes(&file(last.segment));
    for at in (last.end..8192).filter(|at| *at < last.end + 400 || at % 13 == 0 || *at > 8100) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let cut = (last.segment, last.end as u64, (at + 1 - last.end) as u64);
        let disk = log.fork(last.segment, flipped);
        assert!(matches!(verify(&disk).unwrap().tail, Tail::Torn(_)));
        kept(&disk, &log.entries, Some(cut));
    }
    let closed = log.frames.iter().rfind(|frame| frame.segment == 1).unwrap().end;
    for at in closed..8192 {
        let mut flipped = log.disk.bytes(&file(1));
        flipped[at] ^= 1 << (at % 8);
        let disk = log.fork(1, flipped);
        assert_eq!(verify(&disk).unwrap().stray_bytes, (at + 1 - closed) as u64);
        kept(&disk, &log.entries, None);
    }
}

#[test]
fn parts_of_frames_behind_the_end_are_cut() {
    let log = sample(&[&[600], &[700]], 9);
    let last = log.last();
    let bytes = log.disk.bytes(&file(1));
    let whole = bytes[last.start..last.end].to_vec();
    for gap in [512, 800, 1024] {
        let mut stray = bytes.clone();
        // A whole frame, but of another place: it is no evidence of anything.
        stray[last.end + gap..last.end + gap + whole.len()].copy_from_slice(&whole);
        let left = (gap + whole.len()) as u64;
        kept(&log.fork(1, stray), &log.entries, Some((1, last.end as u64, left)));
    }
    let mut next = bytes.clone();
    next[last.end..last.end + whole.len()].copy_from_slice(&whole);
    assert_eq!(refused(&log.fork(1, next)), (file(1), last.end as u64, Flaw::FrameMisplaced));
    let mut rubbish = bytes;
    rubbish[last.end..last.end + 600].fill(0xa7);
    assert_eq!(refused(&log.fork(1, rubbish)), (file(1), last.end as u64, Flaw::FrameHeader));
}

#[test]
fn segments_missing_exchanged_foreign_or_half_made() {
    let many: Vec<&[usize]> = vec![&[1800]; 7];
    let log = sample(&many, 10);
    assert_eq!(log.last().segment, 4);
    for index in 1..4 {
        let disk = log.disk.fork();
        disk.delete(&file(index));
        let missing = open(&disk).unwrap_err();
        assert!(matches!(missing, JournalError::MissingSegment { path } if path == file(index)));
    }
    let exchanged = log.fork(2, log.disk.bytes(&file(3)));
    assert_eq!(refused(&exchanged), (file(2), 0, Flaw::SegmentMisplaced));
    // The same shape of log with other content: the chain tells.
    let other = sample(&many, 11);
    let foreign = log.fork(3, other.disk.bytes(&file(3)));
    assert_eq!(refused(&foreign), (file(3), 0, Flaw::SegmentStart));
    let longer = [log.disk.bytes(&file(2)), vec![0]].concat();
    assert_eq!(refused(&log.fork(2, longer)), (file(2), 8192, Flaw::SegmentTooLong));
    // Short, but nothing of a frame is missing.
    let end = log.frames.iter().rfind(|frame| frame.segment == 2).unwrap().end;
    kept(&log.fork(2, log.disk.bytes(&file(2))[..end].to_vec()), &log.entries, None);
    for bytes in [vec![], vec![0; 100], vec![0; 8192], log.disk.bytes(&file(4))[..4096].to_vec()] {
        // Making segment 5 was interrupted: it has no name of its own yet.
        let disk = log.disk.fork();
        let half = file(5).with_extension("hpj.tmp");
        disk.set_bytes(&half, bytes.clone());
        assert!(verify(&disk).is_ok());
        let (journal, recovery) = open(&disk).unwrap();
        assert_eq!((recovery.last_seq, &recovery.removed), (7, &vec![half.clone()]));
        assert!(!disk.names().contains(&half));
        drop(journal);
        kept(&disk, &log.entries, None);
        // Under its own name it was whole once.
        if bytes.len() < 4096 || bytes[0] == 0 {
            assert_eq!(refused(&log.fork(5, bytes)), (file(5), 0, Flaw::SegmentHeader));
        }
    }
}

#[test]
fn another_version_is_named() {
    let log = sample(&[&[10]], 12);
    let mut bytes = log.disk.bytes(&file(1));
    bytes[8] = 2;
    let crc = crc32c::crc32c(&bytes[..4092]);
    bytes[4092..4096].copy_from_slice(&crc.to_le_bytes());
    assert!(matches!(check_segment(&bytes), Err(JournalError::UnknownVersion { found: 2, .. })));
    let error = verify(&log.fork(1, bytes)).unwrap_err();
    assert!(matches!(error, JournalError::UnknownVersion { found: 2, path } if path == file(1)));
}

#[test]
fn the_message_names_file_byte_and_record() {
    let log = sample(&[&[10], &[20], &[30]], 13);
    let mut bytes = log.disk.bytes(&file(1));
    bytes[log.frames[1].start + 152 + 20] ^= 4;
    let said = open(&log.fork(1, bytes)).unwrap_err().to_string();
    let due = format!(
        "/log/00000000000000000001.hpj is corrupt at byte {}, where record 2 is due: \
         the frame body does not match its checksum",
        log.frames[1].start
    );
    assert_eq!(said, due);
}
