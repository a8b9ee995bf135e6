//! Scenarios in text: `tests/scenarios/*.txt`, one line a command, what came of it under it. What comes of them is compared
//! with what stands there; `UPDATE_EXPECTED=1` writes it there instead. Then read it: it is the specification.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

mod support;

use engine::Rejection;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use support::script::Script;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    files.sort();
    files
}

#[test]
fn what_comes_of_every_command_is_what_stands_under_it() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let mut wrong = Vec::new();
    for path in files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let expected = std::fs::read_to_string(&path).unwrap();
        let ran = std::panic::catch_unwind(|| {
            let mut script = Script::new(&folder());
            let found = script.run(&expected);
            script.world.check_replay();
            // Once for each version of the formats: see tests/fixtures/README.md.
            if let Some(fixtures) = std::env::var_os("WRITE_FIXTURES") {
                script.world.write_journal(&Path::new(&fixtures).join(path.file_stem().unwrap()));
            }
            found
        });
        match ran {
            Ok(found) if found == expected => {}
            Ok(found) if update => std::fs::write(&path, found).unwrap(),
            Ok(found) => wrong.push(difference(&name, &expected, &found)),
            Err(_) => wrong.push(format!("{name}: panicked, see above")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn difference(name: &str, expected: &str, found: &str) -> String {
    let pairs = expected.lines().zip(found.lines()).enumerate();
    let first = pairs.into_iter().find(|(_, (expected, found))| expected != found);
    let (line, (expected, found)) = first.unwrap_or((expected.lines().count(), ("the end", "more, or less")));
    format!("{name}:{}\n  expected {expected}\n  found    {found}", line + 1)
}

/// Refusals that no scenario can show, and why.
const NOT_SHOWN: [(&str, &str); 2] = [
    ("enter/book_full", "it takes 134,217,728 orders that stand"),
    ("roster/too_many", "it takes 65,535 users: see crates/roster/tests/roster.rs"),
];

#[test]
fn every_refusal_is_shown_by_a_scenario() {
    let text: String = files().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let shown: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("  refused ")).collect();
    let all = Rejection::catalogue();
    let all: BTreeSet<String> = all.iter().map(|r| format!("{}/{}", r.stage(), r.code())).collect();
    let excused: BTreeSet<&str> = NOT_SHOWN.iter().map(|(refusal, _)| *refusal).collect();
    let missing: Vec<&String> =
        all.iter().filter(|r| !shown.contains(r.as_str()) && !excused.contains(r.as_str())).collect();
    assert!(missing.is_empty(), "no scenario shows {missing:#?}");
    let stale: Vec<&&str> = excused.iter().filter(|r| shown.contains(**r) || !all.contains(**r)).collect();
    assert!(stale.is_empty(), "excused, and shown or unknown: {stale:?}");
}
