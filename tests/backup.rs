//! Backups: taken while a pipeline writes, they are a prefix of its log; restored, they go on; damaged, they are refused.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

use anyhow::Result;
use base::{Role, Timestamp};
use engine::{ClientId, Command, Envelope, Event, OPERATOR, Record, State};
use huangpu::backup::{self, Manifest};
use huangpu::node::{
    Answer, DataDir, Flow, Node, Outlet, Pipeline, Settings, Submission, TurnedAway, Until, hex, replay,
};
use journal::{Options, RealDisk};
use registry::RegisterParticipant;
use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tempfile::tempdir;

/// Small segments, so that there are many.
const SETTINGS: Settings =
    Settings { journal: Options { segment_bytes: 65_536 }, log_id: None, secret: None };

fn submission(number: u64) -> Submission {
    let code = format!("P{number}");
    let command = match number % 3 {
        0 => Command::Tick,
        _ => {
            let roles = vec![Role::Institution];
            Command::RegisterParticipant(RegisterParticipant { name: code.clone(), code, roles })
        }
    };
    let envelope = Envelope {
        actor: OPERATOR,
        user: base::UserId::NOBODY,
        client_id: ClientId::of(&number.to_string()),
        door: engine::Door::Unsaid,
        command,
    };
    let time = Timestamp(1_600_000_000_000_000_000 + number.cast_signed());
    Submission { time, envelope, tag: number }
}

/// Counts what it was told.
struct Told<'a>(&'a AtomicU64);

impl Outlet for Told<'_> {
    fn applied(&mut self, _: u64, record: &Record, _: &[Event], _: &State) -> Result<()> {
        self.0.store(record.sequence.0, Ordering::SeqCst);
        Ok(())
    }

    fn repeated(&mut self, _: u64, _: Answer) -> Result<()> {
        Ok(())
    }

    fn turned_away(&mut self, _: u64, why: TurnedAway) -> Result<()> {
        panic!("{why}")
    }
}

fn take(data: &Path, to: &Path, with_keys: bool) -> Result<backup::Taken> {
    backup::take(&DataDir::at(data), to, with_keys, &mut |_, _| (), &mut |_, _| ())
}

fn restore(backup: &Path, data: &Path) -> Result<Manifest> {
    Ok(backup::restore(backup, &DataDir::at(data), None, &mut |_, _| (), &mut |_, _| ())?.0)
}

/// A log of so many records, closed.
fn log_of(data: &Path, count: u64) {
    let (mut node, _) = Node::open_on(RealDisk, data, SETTINGS, &mut |_, _| ()).unwrap();
    for number in 1..=count {
        let Submission { time, envelope, .. } = submission(number);
        node.submit(time, envelope, &mut |_, _, _| Ok(())).unwrap();
    }
    node.close(&mut |_, _, _| Ok(())).unwrap();
}

#[test]
fn a_backup_taken_while_a_pipeline_writes_is_a_prefix_with_all_that_was_told() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    let (told, enough) = (AtomicU64::new(0), AtomicBool::new(false));
    let (node, _) = Node::open_on(RealDisk, &data, SETTINGS, &mut |_, _| ()).unwrap();
    let flow = Flow { batch_records_max: 40, waiting_max: 100, snapshot_every: Some(700), ..Flow::default() };
    let mut pipeline = Pipeline::start(node, flow).unwrap();
    let inbox = pipeline.inbox();
    let mut backups = Vec::new();
    std::thread::scope(|scope| {
        let (told, enough, data) = (&told, &enough, &data);
        scope.spawn(move || {
            let mut number = 1;
            while !enough.load(Ordering::SeqCst) {
                inbox.send(submission(number)).unwrap();
                number += 1;
            }
        });
        let taking = scope.spawn(|| {
            let mut taken = Vec::new();
            for number in 0..6 {
                while told.load(Ordering::SeqCst) < 1_200 * number {
                    std::thread::yield_now();
                }
                let before = told.load(Ordering::SeqCst);
                let to = folder.path().join(format!("backup-{number}"));
                let manifest = take(data, &to, false).map(|taken| taken.manifest);
                taken.push((before, to, manifest));
            }
            enough.store(true, Ordering::SeqCst);
            taken
        });
        pipeline.run(&mut Told(told)).unwrap();
        backups = taking.join().unwrap();
    });
    pipeline.stop(&mut Told(&told)).unwrap().close(&mut |_, _, _| Ok(())).unwrap();
    let end = told.load(Ordering::SeqCst);
    let mut segments = 0;
    for (before, to, manifest) in backups {
        let manifest = manifest.unwrap();
        assert!((before..=end).contains(&manifest.records), "{before} told, {} copied", manifest.records);
        let there = replay(&DataDir::at(&data), Until::Record(manifest.records), &mut |_, _, _| Ok(()));
        assert_eq!(hex(&there.unwrap().digest), manifest.digest, "not a prefix of the log");
        segments = manifest.files.iter().filter(|file| file.path.ends_with(".hpj")).count();
        fs::remove_dir_all(to).unwrap();
    }
    assert!(segments > 3, "{segments} segments: was anything sealed?");
}

#[test]
fn a_backup_restored_goes_on_where_it_ended() {
    let folder = tempdir().unwrap();
    let [data, backup, again] = ["data", "backup", "again"].map(|name| folder.path().join(name));
    log_of(&data, 500);
    let taken = take(&data, &backup, false).unwrap();
    assert_eq!((taken.manifest.records, taken.verified.snapshots), (500, 1));
    let manifest = restore(&backup, &again).unwrap();
    assert_eq!(manifest, taken.manifest);
    let names = |folder: &Path| {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&again), ["heads.jsonl", "journal", "snapshots"]);
    // Without the key of the node that sealed it, its snapshot is not believed: the log is replayed.
    let (mut node, opened) = Node::open_on(RealDisk, &again, SETTINGS, &mut |_, _| ()).unwrap();
    assert_eq!((opened.records, opened.snapshot, opened.passed_over.len()), (500, 0, 1));
    let [with, keyed] = ["with", "keyed"].map(|name| folder.path().join(name));
    take(&data, &with, true).unwrap();
    restore(&with, &keyed).unwrap();
    let (_, opened) = Node::open_on(RealDisk, &keyed, SETTINGS, &mut |_, _| ()).unwrap();
    assert_eq!((opened.records, opened.snapshot, opened.passed_over.len()), (500, 500, 0));
    assert_eq!(hex(&node.digest()), manifest.digest);
    let Submission { time, envelope, .. } = submission(501);
    node.submit(time, envelope, &mut |_, _, _| Ok(())).unwrap();
    node.close(&mut |_, _, _| Ok(())).unwrap();
    log_of(&data, 501);
    let digest = |data: &Path| replay(&DataDir::at(data), Until::End, &mut |_, _, _| Ok(())).unwrap().digest;
    assert_eq!(digest(&again), digest(&data));
}

#[test]
fn a_torn_write_at_the_end_is_left_out() {
    let folder = tempdir().unwrap();
    let [data, backup] = ["data", "backup"].map(|name| folder.path().join(name));
    log_of(&data, 30);
    let segment = data.join("journal/00000000000000000001.hpj");
    let bytes = fs::read(&segment).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let file = fs::OpenOptions::new().write(true).open(&segment).unwrap();
    // The last frame without its last byte: as if it was being written.
    file.write_all_at(&[0], end as u64 - 1).unwrap();
    // It was durable, and a head was signed for it: that is told. Where none was, it looks like a write that was under way.
    let told = format!("{:#}", take(&data, &backup, false).unwrap_err());
    assert!(told.contains("its last frame is not the one that was signed"), "{told}");
    fs::remove_dir_all(&backup).unwrap();
    fs::remove_file(data.join("heads.jsonl")).unwrap();
    let taken = take(&data, &backup, false).unwrap();
    assert_eq!(taken.manifest.records, 30, "the last frame was the seal");
    assert!(matches!(taken.verified.summary.tail, journal::Tail::Clean), "{:?}", taken.verified.summary);
}

#[test]
fn the_private_key_is_copied_only_where_asked_for_and_only_its_owner_can_read_it() {
    let folder = tempdir().unwrap();
    let [data, without, with, again] =
        ["data", "without", "with", "again"].map(|name| folder.path().join(name));
    log_of(&data, 3);
    let secret = fs::read(data.join("node.key")).unwrap();
    fs::rename(data.join("node.key"), data.join("aside")).unwrap();
    let refused = take(&data, &with, true).unwrap_err().to_string();
    assert!(refused.contains("node.key"), "{refused}");
    fs::rename(data.join("aside"), data.join("node.key")).unwrap();
    take(&data, &without, false).unwrap();
    assert!(!without.join("node.key").exists());
    take(&data, &with, true).unwrap();
    restore(&with, &again).unwrap();
    for folder in [&with, &again] {
        let key = folder.join("node.key");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&key).unwrap(), secret);
    }
}

#[test]
fn a_restore_that_was_broken_off_is_done_again() {
    let folder = tempdir().unwrap();
    let [data, backup, again] = ["data", "backup", "again"].map(|name| folder.path().join(name));
    log_of(&data, 300);
    let taken = take(&data, &backup, true).unwrap().manifest;
    // Killed while it copied, and while it gave things their names.
    let staging = again.join("restoring");
    fs::create_dir_all(staging.join("journal")).unwrap();
    fs::write(staging.join("journal/00000000000000000001.hpj"), "half of it").unwrap();
    assert_eq!(restore(&backup, &again).unwrap(), taken);
    fs::create_dir(&staging).unwrap();
    fs::rename(again.join("journal"), staging.join("journal")).unwrap();
    assert_eq!(restore(&backup, &again).unwrap(), taken);
    // When everything had its name it was whole, and is not touched.
    fs::create_dir(&staging).unwrap();
    let refused = restore(&backup, &again).unwrap_err().to_string();
    assert!(refused.contains("is not empty"), "{refused}");
    Node::open_on(RealDisk, &again, SETTINGS, &mut |_, _| ()).unwrap();
}

#[test]
fn damage_in_the_last_segment_is_told_with_its_place() {
    let folder = tempdir().unwrap();
    let [data, backup] = ["data", "backup"].map(|name| folder.path().join(name));
    log_of(&data, 30);
    let segment = data.join("journal/00000000000000000001.hpj");
    fs::OpenOptions::new().write(true).open(&segment).unwrap().write_all_at(&[0xff], 4_096 + 200).unwrap();
    let error = format!("{:#}", take(&data, &backup, false).unwrap_err());
    let place = format!("{} is corrupt at byte 4096", segment.display());
    assert!(error.starts_with("the log cannot be copied: ") && error.contains(&place), "{error}");
}

#[test]
fn what_is_not_empty_or_not_whole_is_refused() {
    let folder = tempdir().unwrap();
    let [data, backup, again] = ["data", "backup", "again"].map(|name| folder.path().join(name));
    let fault = |result: Result<Manifest>| format!("{:#}", result.unwrap_err());
    let taken = |to: &Path| take(&data, to, false).map(|taken| taken.manifest);
    assert!(fault(taken(&backup)).contains("there is no log in"));
    log_of(&data, 400);
    assert!(fault(taken(&data)).contains("is not empty"));
    taken(&backup).unwrap();
    assert!(fault(taken(&backup)).contains("is not empty"));
    assert!(fault(restore(&backup, &data)).contains("is not empty"));
    assert!(fault(restore(&data, &again)).contains("is no whole backup"));

    // Whatever is changed, nothing of it is restored.
    let manifest = fs::read_to_string(backup.join("backup.json")).unwrap();
    let mut files: Vec<String> =
        Manifest::read(&backup).unwrap().files.into_iter().map(|file| file.path).collect();
    assert!(files.len() > 1);
    files.push("backup.json".to_owned());
    for path in files {
        let path = backup.join(path);
        let whole = fs::read(&path).unwrap();
        let mut wrong = whole.clone();
        let middle = wrong.iter().rposition(|byte| *byte != 0).unwrap() / 2;
        wrong[middle] ^= 1;
        fs::write(&path, wrong).unwrap();
        fault(restore(&backup, &again));
        fs::remove_file(&path).unwrap();
        fault(restore(&backup, &again));
        fs::write(&path, whole).unwrap();
        assert!(!again.exists() || fs::read_dir(&again).unwrap().next().is_none(), "something was left");
    }
    for outside in ["../journal/x.hpj", "/tmp/x", "journal", "journal/a/b", "other/x"] {
        let wrong = manifest.replacen("journal/00000000000000000001.hpj", outside, 1);
        fs::write(backup.join("backup.json"), wrong).unwrap();
        assert!(fault(restore(&backup, &again)).contains("is no file of a backup"));
    }
    // A backup cut short by whole segments, with everything else in order, is known by its end.
    let mut short: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    short["records"] = 399.into();
    fs::write(backup.join("backup.json"), short.to_string()).unwrap();
    assert!(fault(restore(&backup, &again)).contains("says it ends with record 399"));
    fs::write(backup.join("backup.json"), manifest).unwrap();
    restore(&backup, &again).unwrap();
}
