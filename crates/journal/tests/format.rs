//! Format version 1, held still: a segment written long ago, and a reader that knows only docs/journal-format.md.

mod common;

use std::path::Path;

use common::{Entry, batch_of, digest_of, segment};
use faulty_disk::FaultyDisk;
use journal::{Journal, Log, Options, Outcome, check_segment};

const LOG_ID: [u8; 16] = *b"fixture, format1";
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/format-1.hpj");

/// What the fixture holds, written today.
fn written_today() -> Vec<u8> {
    let disk = FaultyDisk::new(0);
    let mut journal =
        Journal::create_on(disk.clone(), "/log", LOG_ID, Options { segment_bytes: 8192 }).expect("room");
    for seq in [1, 3, 5_u64] {
        let entry = |seq: u64| Entry {
            time_ns: 1_700_000_000_000_000_000 + seq.cast_signed(),
            payload: format!("record {seq}").repeat(usize::try_from(seq).expect("small")).into_bytes(),
        };
        let outcome = Outcome { seq: seq - 1, digest: if seq == 1 { [0; 32] } else { digest_of(seq - 1) } };
        journal.append(seq, seq / 3, outcome, &batch_of(&[entry(seq), entry(seq + 1)])).expect("room");
    }
    let blank = Entry { time_ns: 1_700_000_000_000_000_100, payload: vec![0; 1500] };
    journal.append(7, 1, Outcome { seq: 6, digest: digest_of(6) }, &batch_of(&[blank])).expect("room");
    journal.seal(2, Outcome { seq: 7, digest: digest_of(7) }).expect("room");
    disk.bytes(&segment(Path::new("/log"), 1))
}

/// `HUANGPU_UPDATE_FIXTURES=1` writes the fixture. Only a new format version is a reason to.
#[test]
fn the_fixture_is_what_is_written_today() {
    let today = written_today();
    if std::env::var_os("HUANGPU_UPDATE_FIXTURES").is_some() {
        std::fs::write(FIXTURE, &today).expect("a writable fixture");
    }
    assert!(std::fs::read(FIXTURE).expect("the fixture") == today, "the format has changed");
}

fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    bytes[at..at + width].iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// Written from the document, sharing no code with the crate.
#[test]
fn a_stranger_verifies_the_fixture() {
    let file = std::fs::read(FIXTURE).expect("the fixture");
    assert_eq!((&file[..8], number(&file, 8, 4), number(&file, 12, 4)), (&b"HPJSEGMT"[..], 1, 4096));
    assert_eq!(file[16..32], LOG_ID);
    assert_eq!((number(&file, 32, 8), number(&file, 40, 8)), (1, file.len() as u64));
    assert_eq!(number(&file, 4092, 4), u64::from(crc32c::crc32c(&file[..4092])));
    let mut chain = *blake3::hash(&[b"huangpu journal 1", &LOG_ID[..]].concat()).as_bytes();
    assert_eq!(file[72..104], chain);
    let tag = blake3::hash(&file[..4096]);
    let (mut at, mut seq, mut frames) = (4096, 1, 0);
    while file[at..at + 8] == *b"HPJFRAME" {
        let length = usize::try_from(number(&file, at + 32, 4)).expect("small");
        let frame = &file[at..at + length];
        let (header, rest) = frame.split_at(152);
        let (body, trailer) = rest.split_at(length - 160);
        assert_eq!((&header[8..16], number(header, 16, 8)), (&tag.as_bytes()[..8], at as u64));
        assert_eq!(number(header, 40, 8), seq);
        assert_eq!(number(header, 140, 4), u64::from(crc32c::crc32c(body)));
        assert_eq!(number(header, 144, 4), u64::from(crc32c::crc32c(&header[..144])));
        assert_eq!(
            (&header[148..], &trailer[..4], &trailer[4..]),
            (&b"HPJ:"[..], &header[144..148], &b"HPJ."[..])
        );
        chain = *blake3::hash(&[&chain[..], &header[32..104], body].concat()).as_bytes();
        assert_eq!(header[104..136], chain);
        let mut record = 0;
        for _ in 0..number(header, 36, 4) {
            let size = usize::try_from(number(body, record, 4)).expect("small");
            let payload = &body[record + 16..record + 16 + size];
            assert!(seq == 7 || payload.starts_with(format!("record {seq}").as_bytes()));
            record += 16 + size.next_multiple_of(8);
            seq += 1;
        }
        assert_eq!(record, body.len());
        (at, frames) = (at + length, frames + 1);
    }
    let report = check_segment(&file).expect("a whole segment");
    assert_eq!((frames, seq, chain), (report.frames, report.records + 1, report.chain));
    assert_eq!((frames, seq), (5, 8));
}
