//! Exactly once, whatever happens in between.

use super::place::{Log, Place, at, example, root};
use huangpu::projection::{Projection, Value, catch_up};
use std::collections::BTreeMap;

type Dump = BTreeMap<&'static str, Vec<Vec<Value>>>;

fn dump(projection: &Projection) -> Dump {
    projection.read(|view| view.dump()).unwrap().value
}

fn same(found: &Dump, expected: &Dump) {
    for (table, rows) in expected {
        assert_eq!(found[table].len(), rows.len(), "{table}");
        for (found, expected) in found[table].iter().zip(rows) {
            assert_eq!(found, expected, "{table}");
        }
    }
}

/// A projection in one go, in SQLite: what all others are held against.
fn reference(log: &Log) -> Dump {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("reference.sqlite").display());
    dump(&log.feed(&url, u64::MAX).0)
}

#[test]
fn batches_of_any_size_come_to_the_same_rows_in_every_database() {
    for name in ["carbon", "bond-continuous"] {
        let log = example(name);
        let expected = reference(&log);
        assert!(expected["records"].len() > 50 && expected["trades"].len() > 5, "{name}");
        for batch in [1, 7, 1_000] {
            for place in Place::all(&format!("batches_{}_{batch}", name.replace('-', "_"))) {
                let (projection, _) = log.feed(&place.url(), batch);
                same(&dump(&projection), &expected);
            }
        }
    }
}

#[test]
fn what_is_fed_again_is_passed_over_and_what_was_not_committed_never_was() {
    let log = example("bond-continuous");
    let expected = reference(&log);
    let last = expected["records"].len() as u64;
    for place in Place::all("again") {
        let projection = Projection::open(&place.url(), log.id).unwrap();
        let mut rounds = 0;
        // Each round begins at the first record, goes a little further, commits a part, and is dropped with the rest.
        loop {
            let mut writer = projection.writer().unwrap();
            let from = writer.last();
            log.each(|record, events, state| {
                let seq = record.sequence.0;
                if seq > from + 20 {
                    return;
                }
                let taken = writer.note(record, events, state).unwrap();
                assert_eq!(taken, seq > from, "record {seq} after {from}");
                if seq == from + 13 || seq == last {
                    assert_eq!(writer.commit().unwrap(), seq);
                }
            });
            let stands = if last <= from + 20 { last } else { from + 13 };
            assert_eq!(writer.last(), stands);
            drop(writer);
            let seen = projection.read(|view| view.records(0, 0)).unwrap();
            assert_eq!(seen.sequence, stands);
            assert_eq!(seen.value.len() as u64, stands);
            rounds += 1;
            if from == last {
                break;
            }
        }
        assert!(rounds > 5);
        same(&dump(&projection), &expected);
    }
}

#[test]
fn a_gap_is_refused_and_so_is_a_second_writer() {
    let log = example("bond-continuous");
    for place in Place::all("gap") {
        let projection = Projection::open(&place.url(), log.id).unwrap();
        let (mut first, mut second) = (projection.writer().unwrap(), projection.writer().unwrap());
        let mut gap = None;
        log.each(|record, events, state| match record.sequence.0 {
            1 => {
                assert!(first.note(record, events, state).unwrap());
                assert!(second.note(record, events, state).unwrap());
            }
            3 => gap = Some(first.note(record, events, state).unwrap_err()),
            _ => {}
        });
        assert_eq!(
            gap.unwrap().to_string(),
            "the projection has records up to 1, and was given 3: records are missing"
        );
        assert_eq!(first.commit().unwrap(), 1);
        let error = format!("{:#}", second.commit().unwrap_err());
        assert!(error.contains("another writer feeds this projection"), "{error}");
        assert!(second.commit().is_err(), "a writer that failed is at its end");
        assert_eq!(projection.writer().unwrap().last(), 1);
    }
}

#[test]
fn a_projection_of_another_log_or_schema_is_refused_until_it_is_rebuilt() {
    let (log, other) = (example("bond-continuous"), example("carbon"));
    for place in Place::all("foreign") {
        let url = place.url();
        log.feed(&url, 100);
        let refused = |id| format!("{:#}", Projection::open(&url, id).map(|_| ()).unwrap_err());
        let error = refused(other.id);
        assert!(
            error.contains("is of the log") && error.contains("rebuild it with `huangpu project`"),
            "{error}"
        );
        place.sql("UPDATE meta SET value = '0' WHERE key = 'schema'");
        let error = refused(log.id);
        assert!(error.contains("has schema 0, this version reads"), "{error}");
        let again = Projection::rebuild(&url, other.id).unwrap();
        let caught = catch_up(&again, &other.dir, &mut |_| ()).unwrap();
        assert_eq!(caught.writer.last(), caught.state.sequence().0);
        same(&dump(&again), &reference(&other));
    }
}

#[test]
fn a_projection_gets_its_indices_when_it_has_caught_up() {
    let log = example("side-by-side");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.sqlite");
    let projection = Projection::rebuild(&format!("sqlite:{}", path.display()), log.id).unwrap();
    let indices = || -> i64 {
        let connection = rusqlite::Connection::open(&path).unwrap();
        let sql = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(indices(), 0);
    let caught = catch_up(&projection, &log.dir, &mut |_| ()).unwrap();
    let made = indices();
    assert!(made > 5, "{made}");
    drop(caught);
    catch_up(&projection, &log.dir, &mut |_| ()).unwrap();
    assert_eq!(indices(), made);
}

#[test]
fn the_command_rebuilds_and_resumes() {
    let log = example("side-by-side");
    let expected = reference(&log);
    for place in Place::all("command") {
        let url = place.url();
        let project = |more: &[&str]| {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_huangpu"))
                .arg("project")
                .arg(log.dir.root())
                .args(["--to", &url])
                .args(more)
                .output()
                .unwrap();
            (
                output.status.success(),
                String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap(),
            )
        };
        // Half of it is there already.
        let projection = Projection::open(&url, log.id).unwrap();
        let mut writer = projection.writer().unwrap();
        let half = expected["records"].len() as u64 / 2;
        log.each(|record, events, state| {
            if record.sequence.0 <= half {
                writer.note(record, events, state).unwrap();
            }
        });
        writer.commit().unwrap();
        drop(writer);
        for more in [&["--resume"][..], &["--resume"], &[], &["--json"]] {
            let (done, said) = project(more);
            assert!(done, "{said}");
            same(&dump(&Projection::open(&url, log.id).unwrap()), &expected);
        }
        place.sql("UPDATE meta SET value = '000102030405060708090a0b0c0d0e0f' WHERE key = 'log_id'");
        let (done, said) = project(&["--resume"]);
        assert!(!done && said.contains("rebuild it"), "{said}");
        let (done, said) = project(&[]);
        assert!(done, "{said}");
    }
}

#[test]
fn a_file_that_is_no_projection_is_left_alone_and_one_may_remove_it() {
    let (dir, log) = (tempfile::tempdir().unwrap(), example("carbon"));
    let path = dir.path().join("p.sqlite");
    let url = format!("sqlite:{}", path.display());
    std::fs::write(&path, "what stands here is something else").unwrap();
    for made in [Projection::open(&url, log.id), Projection::rebuild(&url, log.id)] {
        let error = format!("{:#}", made.map(|_| ()).unwrap_err());
        assert!(error.contains("p.sqlite") && error.contains("remove the file"), "{error}");
    }
    std::fs::remove_file(&path).unwrap();
    Projection::open(&url, log.id).unwrap();
}

#[test]
fn a_log_shorter_than_its_projection_is_refused() {
    let log = example("bond-continuous");
    for place in Place::all("ahead") {
        let (projection, state) = log.feed(&place.url(), 100);
        let ahead = state.sequence().0 + 1;
        place.sql(&format!("UPDATE meta SET value = '{ahead}' WHERE key = 'last_seq'"));
        let error = format!("{:#}", catch_up(&projection, &log.dir, &mut |_| ()).map(|_| ()).unwrap_err());
        assert!(error.contains(&format!("has records up to {ahead}, the log {}", ahead - 1)), "{error}");
    }
}

#[test]
fn logs_of_every_version_are_projected() {
    let fixtures = std::fs::read_dir(root().join("tests/fixtures")).unwrap();
    let mut projected = 0;
    for path in fixtures.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let log = at(&path);
        let name = path.file_name().unwrap().to_string_lossy().replace('-', "_");
        for place in Place::all(&format!("fixture_{name}")) {
            let (projection, state) = log.feed(&place.url(), 9);
            super::history::agrees(&projection, &state, &name);
        }
        projected += 1;
    }
    assert!(projected > 30);
}

#[test]
fn readers_see_one_moment_and_wait_for_nobody() {
    let log = example("bond-continuous");
    for place in Place::all("moment") {
        let projection = Projection::open(&place.url(), log.id).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reading = || {
                let (mut times, mut last) = (0, 0);
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let seen = projection.read(|view| Ok((view.records(0, 0)?, view.dump()?))).unwrap();
                    let (records, all) = seen.value;
                    assert_eq!(records.len() as u64, seen.sequence, "a read is of one moment");
                    assert_eq!(all["records"].len(), records.len());
                    assert_eq!(
                        records.iter().map(|record| record.events.len()).sum::<usize>(),
                        all["events"].len()
                    );
                    assert!(seen.sequence >= last, "and never of an earlier one");
                    (times, last) = (times + 1, seen.sequence);
                }
                times
            };
            let readers: Vec<_> = (0..3).map(|_| scope.spawn(reading)).collect();
            log.feed(&place.url(), 1);
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            for reader in readers {
                assert!(reader.join().unwrap() > 0);
            }
        });
    }
}

#[test]
fn text_that_no_database_takes_stops_nothing() {
    use engine::{ClientId, Command, Envelope, Events, OPERATOR, Record, State};
    let (mut state, mut events) = (State::new(), Events::new());
    let client_id = ClientId::of("\0.");
    let (code, name, roles) = ("A".to_owned(), "A\0'; DROP TABLE records; --".to_owned(), Vec::new());
    let command = Command::RegisterParticipant(registry::RegisterParticipant { code, name, roles });
    let envelope = Envelope {
        actor: OPERATOR,
        user: base::UserId::NOBODY,
        client_id,
        door: engine::Door::Unsaid,
        command,
    };
    let record = Record { sequence: base::Sequence(1), time: base::Timestamp(1), envelope };
    state.apply(&record, &mut events);
    for place in Place::all("text") {
        let projection = Projection::open(&place.url(), [3; 16]).unwrap();
        let mut writer = projection.writer().unwrap();
        writer.note(&record, events.as_slice(), &state).unwrap();
        assert_eq!(writer.commit().unwrap(), 1);
        let found = projection.read(|view| view.record(1)).unwrap().value.unwrap();
        assert_eq!(found.client_id, None, "a text that it does not take is not known");
        assert!(found.json.contains("A\\u0000'; DROP TABLE"), "{}", found.json);
        let names = &dump(&projection)["participants"];
        assert_eq!(names[1][2], Value::Text("A\u{fffd}'; DROP TABLE records; --".into()));
    }
}

/// A client of PostgreSQL panics where it is asked on a thread that drives tasks. Over SQLite it would go unseen, so that a build
/// with debug assertions panics there too.
#[test]
#[cfg(debug_assertions)]
fn it_is_never_asked_on_a_thread_that_drives_tasks() {
    let log = example("carbon");
    let place = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", place.path().join("p.sqlite").display());
    let projection = Projection::open(&url, log.id).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let asked = projection.clone();
    let there = runtime.block_on(runtime.spawn(async move { asked.read(|view| view.dump()).map(drop) }));
    assert!(there.is_err_and(|error| error.is_panic()));
    let beside =
        runtime.block_on(runtime.spawn_blocking(move || projection.read(|view| view.dump()).map(drop)));
    beside.unwrap().unwrap();
}
