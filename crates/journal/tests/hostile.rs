//! Bytes of any kind: refused or read, never a panic.

mod common;

use common::{Entry, batch_of, segment};
use faulty_disk::FaultyDisk;
use journal::{Journal, Log, Options, Outcome, check_segment};
use proptest::collection::vec;
use proptest::prelude::*;

fn whole() -> Vec<u8> {
    let disk = FaultyDisk::new(1);
    let options = Options { segment_bytes: 8192 };
    let mut journal = Journal::create_on(disk.clone(), "/log", [9; 16], options).expect("room");
    for seq in 1..5_u8 {
        let entry = Entry { time_ns: i64::from(seq), payload: vec![seq; 90 * usize::from(seq)] };
        journal.append(u64::from(seq), 0, Outcome::default(), &batch_of(&[entry])).expect("room");
    }
    disk.bytes(&segment("/log".as_ref(), 1))
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in vec(any::<u8>(), 0..10_000)) {
        prop_assert!(check_segment(&bytes).is_err());
    }

    #[test]
    fn arbitrary_frames_behind_a_good_header(at in 0..4096_usize, bytes in vec(any::<u8>(), 0..4096)) {
        let mut file = whole();
        let end = (4096 + at + bytes.len()).min(8192);
        file[4096 + at..end].copy_from_slice(&bytes[..end - 4096 - at]);
        let _ = check_segment(&file);
    }

    #[test]
    fn words_exchanged(changes in vec((512..1024_usize, 0..1024_usize), 1..20), size in 4000..8192_usize) {
        let mut file = whole();
        for (to, from) in changes {
            file.copy_within(from * 8..from * 8 + 8, to * 8);
        }
        let _ = check_segment(&file);
        let _ = check_segment(&file[..size]);
    }

    /// Fields of any value under a right checksum: no arithmetic on them may overflow, no length be believed.
    #[test]
    fn fields_of_any_value_under_right_checksums(
        fields in vec((0..9_usize, prop_oneof![Just(u64::MAX), 0..5000_u64, any::<u64>()]), 1..4),
        body in any::<bool>(),
    ) {
        let mut file = whole();
        // durable_to, length and count, first_seq, epoch, last_time, outcome.seq, blank and body_crc; record length.
        let places = [24, 32, 36, 40, 48, 56, 64, 136, 152];
        for (field, value) in fields {
            let bytes = value.to_le_bytes();
            let width = if matches!(places[field], 32 | 36 | 136 | 152) { 4 } else { 8 };
            let at = 4096 + places[field];
            file[at..at + width].copy_from_slice(&bytes[..width]);
        }
        if body {
            let crc = crc32c::crc32c(&file[4096 + 152..4096 + 152 + 16 + 96]);
            file[4096 + 140..4096 + 144].copy_from_slice(&crc.to_le_bytes());
        }
        let crc = crc32c::crc32c(&file[4096..4096 + 144]).to_le_bytes();
        file[4096 + 144..4096 + 148].copy_from_slice(&crc);
        let trailer = 4096 + 152 + 16 + 96;
        file[trailer..trailer + 4].copy_from_slice(&crc);
        let _ = check_segment(&file);
    }

    /// The same for the segment's header.
    #[test]
    fn segment_fields_of_any_value(field in 0..6_usize, value: u64) {
        let mut file = whole();
        let at = [12, 32, 40, 48, 56, 64][field];
        file[at..at + 8].copy_from_slice(&value.to_le_bytes());
        let crc = crc32c::crc32c(&file[..4092]).to_le_bytes();
        file[4092..4096].copy_from_slice(&crc);
        let _ = check_segment(&file);
    }
}

#[test]
fn a_segment_in_memory_is_read_like_one_on_disk() {
    let report = check_segment(&whole()).expect("a whole segment");
    assert_eq!((report.index, report.frames, report.records, report.cut), (1, 4, 4, None));
}
