//! A rough figure, not a check: `cargo test --release -p journal --test speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use journal::{Batch, Frames, Journal, Log, Options, Outcome, verify};

#[test]
#[ignore = "takes some seconds and says how fast, not whether"]
fn frames_a_second() {
    for (records, synced) in [(1, true), (1000, true), (1, false), (1000, false)] {
        let dir = tempfile::tempdir().expect("a directory");
        let mut journal = Journal::create(dir.path(), [1; 16], Options::default()).expect("room");
        let (mut batch, mut frames, start) = (Batch::new(), 0_u32, Instant::now());
        while start.elapsed() < Duration::from_secs(2) {
            let seq = journal.last_seq() + 1;
            batch.clear();
            for _ in 0..records {
                batch.push(seq.cast_signed(), &[7; 80]).expect("room");
            }
            journal.write(seq, 0, Outcome::default(), &batch).expect("room");
            if synced {
                journal.sync().expect("room");
            }
            frames += 1;
        }
        let rate = f64::from(frames) / start.elapsed().as_secs_f64();
        let bytes = journal.last_seq() * 96 + u64::from(frames) * 160;
        println!("{records} records a frame, synced {synced}: {rate:.0} frames/s, {} MB", bytes / 1_000_000);
        journal.sync().expect("room");
        let start = Instant::now();
        let mut reader = journal.read_from(1).expect("a log");
        while reader.next_frame().expect("a frame").is_some() {}
        println!("  read in {:?}, {} segments", start.elapsed(), verify(dir.path()).expect("a log").segments);
    }
}
