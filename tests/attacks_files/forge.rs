//! What somebody with the data directory can do to a log, and with the journal's own writer: every checksum, every tag and the chain
//! are right afterwards.

use engine::{Events, LogDigest, Record, State};
use huangpu::node::DataDir;
use journal::{Batch, Frames, Journal, Log, Options, Outcome};
use std::fs;
use std::path::Path;

/// What becomes of the digests of the outcome that frames state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcomes {
    /// They are taken out, from the first frame that is changed on.
    Zeroed,
    /// They are made anew, by running the engine over what the log says now.
    Recomputed,
}

struct Frame {
    epoch: u64,
    records: Vec<(i64, Vec<u8>)>,
}

fn read(dir: &DataDir) -> ([u8; 16], Vec<Frame>) {
    let mut reader = journal::scan(dir.journal(), 1).unwrap();
    let log_id = reader.log_id();
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        let records = frame.records().map(|record| (record.time_ns, record.payload.to_vec())).collect();
        frames.push(Frame { epoch: frame.epoch, records });
    }
    (log_id, frames)
}

/// Writes a log anew: without its last `cut` frames, and with one amount changed where `change` says so.
pub(crate) fn rewrite(data: &Path, change: bool, cut: usize, outcomes: Outcomes) {
    let dir = DataDir::at(data);
    let (log_id, mut frames) = read(&dir);
    frames.truncate(frames.len() - cut);
    if change {
        // The quantity of the first listing or order that has one, by one unit.
        let payloads = frames.iter_mut().flat_map(|frame| &mut frame.records).map(|(_, payload)| payload);
        let placed = { payloads }.find(|payload| [1, 4].contains(&payload[0])).unwrap();
        placed[40] ^= 1;
    }
    fs::remove_dir_all(dir.journal()).unwrap();
    let mut journal = Journal::create(dir.journal(), log_id, Options::default()).unwrap();
    let (mut state, mut digest, mut events) = (State::new(), LogDigest::new(), Events::new());
    let mut batch = Batch::new();
    for Frame { epoch, records } in frames {
        let stated = Outcome { seq: state.sequence().0, digest: digest.value() };
        let stated = if outcomes == Outcomes::Zeroed { Outcome::default() } else { stated };
        batch.clear();
        let first = journal.last_seq() + 1;
        for (number, (time, payload)) in (first..).zip(&records) {
            batch.push(*time, payload).unwrap();
            let (sequence, time) = (base::Sequence(number), base::Timestamp(*time));
            let record = Record { sequence, time, envelope: engine::decode(payload).unwrap() };
            state.apply(&record, &mut events);
            digest.absorb(&record, payload, events.as_slice()).unwrap();
        }
        journal.append(first, epoch, stated, &batch).unwrap();
    }
}

/// Every file of a folder, copied.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = {
            let entry = entry.unwrap();
            (entry.path(), entry.file_name())
        };
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}
