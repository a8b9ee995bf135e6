//! What `huangpu log --json` prints is run again by `huangpu run -`, and comes to the same digest: every journal of earlier versions,
//! and a log with all that is hard to say in names and decimals.

#![allow(clippy::unwrap_used, clippy::panic)] // a test that cannot go on has failed

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn print(data: &Path, more: &[&str]) -> Vec<u8> {
    let binary = Command::new(env!("CARGO_BIN_EXE_huangpu"));
    let output = { binary }.arg("log").arg(data).args(more).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn run(printed: &[u8], data: Option<&Path>) -> Output {
    let mut binary = Command::new(env!("CARGO_BIN_EXE_huangpu"));
    binary.args(["run", "-", "--json"]);
    if let Some(data) = data {
        binary.arg("--data").arg(data);
    }
    let piped = binary.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = piped.spawn().unwrap();
    let mut input = running.stdin.take().unwrap();
    let printed = printed.to_vec();
    // It may end before it has read everything.
    let writing = std::thread::spawn(move || drop(input.write_all(&printed)));
    let output = running.wait_with_output().unwrap();
    writing.join().unwrap();
    output
}

fn refused(printed: &[u8], data: Option<&Path>) -> String {
    let output = run(printed, data);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

/// Runs what was printed, and gives records and digest.
fn again(printed: &[u8]) -> (tempfile::TempDir, u64, String) {
    let dir = tempfile::tempdir().unwrap();
    let output = run(printed, Some(dir.path()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    (dir, outcome["records"].as_u64().unwrap(), outcome["digest"].as_str().unwrap().to_owned())
}

/// A printed log without the doors of its records, and of payloads.
fn without_door(printed: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(printed).unwrap();
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let fields = line.as_object_mut().unwrap();
        fields.shift_remove("door");
        if let Some(Value::String(payload)) = fields.get_mut("payload") {
            payload.replace_range(2..3, "0");
        }
        line
    });
    lines.collect()
}

#[test]
fn every_journal_of_every_version_is_printed_and_made_again() {
    let fixtures = root().join("tests/fixtures");
    let list = std::fs::read_to_string(fixtures.join("digests.txt")).unwrap();
    let mut seen = 0;
    for line in list.lines() {
        let [name, records, digest] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let printed = print(&fixtures.join(name), &["--json"]);
        let (dir, made, comes_to) = again(&printed);
        assert_eq!((made.to_string().as_str(), comes_to.as_str()), (records, digest), "{name}");
        // And what was made prints the same, but for the door by which it came.
        assert!(without_door(&print(dir.path(), &["--json"])) == without_door(&printed), "{name} differs");
        seen += 1;
    }
    assert!(seen >= 35, "is this looking at the right folder?");
}

/// Two lines of a printed log: a participant is registered under a long id, and again under another.
fn two_lines() -> (String, String) {
    let line = |record: u64, id: &str, code: &str| {
        format!(
            r#"{{"record":{record},"time":"2026-03-02T08:00:00Z","id":"{id}","by":"operator","do":"register_participant","code":"{code}","name":"A firm","roles":[],"events":[]}}"#
        ) + "\n"
    };
    let (first, second) = ("6f1c2f2e-9a50-4a0e-8b5f-5d0f9f0a7c11", "6f1c2f2e-9a50-4a0e-8b5f-5d0f9f0a7c12");
    (line(1, first, "ALPHA"), line(2, second, "BETA"))
}

#[test]
fn what_is_not_a_whole_printed_log_is_refused_with_its_place() {
    let (one, two) = two_lines();
    for (printed, says) in [
        (String::new(), "there are no records on standard input"),
        (two.clone(), "standard input:1:11: record: found 2, and 1 is due"),
        (format!("{one}\n# a comment\n{one}"), "standard input:4:11: record: this record stands here twice"),
        (
            one.replace(r#""record":1,"#, ""),
            "record: missing field `record`: this is no line of `huangpu log --json`",
        ),
        (one.replace("\"operator\"", "\"OTHER\""), "by: there is no participant \"OTHER\""),
        (one.replace("\"operator\"", "\"operator\",\"as\":\"ann\""), "as: there is no user \"ann\""),
        (one.replace("\"id\":", "\"id_key\":\"ff\",\"was\":"), "id_key: expected 32 hexadecimal digits"),
        (
            one.replace("\"do\":", "\"exact\":{\"fly\":1},\"do\":"),
            "exact: this is no command: unknown variant `fly`",
        ),
        (one.replace("\"roles\"", "\"rolls\""), "rolls: unknown field `rolls`"),
        ("x\n".to_owned(), "standard input:1:1: expected value"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let error = refused(printed.as_bytes(), Some(dir.path()));
        assert!(error.contains(says), "{error}\n{says}");
    }
    let error = refused(&[b'"', 0xff, b'\n'], Some(tempfile::tempdir().unwrap().path()));
    assert!(error.contains("standard input:1: not UTF-8 text"), "{error}");
}

#[test]
fn a_printed_log_is_no_way_into_a_log_that_is_there() {
    let (one, two) = two_lines();
    let (dir, records, _) = again(format!("\u{feff}{one}").as_bytes());
    assert_eq!(records, 1);
    let error = refused(format!("{one}{two}").as_bytes(), Some(dir.path()));
    assert!(error.contains("there is a log already"), "{error}");
    let error = refused(one.as_bytes(), None);
    assert!(error.contains("name a data directory for the log that is made: --data DIR"), "{error}");
}

#[test]
fn what_is_in_a_log_does_not_drive_the_terminal() {
    let (one, two) = two_lines();
    let evil = "\\u001b[2J\\u202e\\u200b\\u009b\\nX";
    let printed = one.replace("A firm", evil) + &two.replace("6f1c2f2e", "\\u001b[31m");
    let (dir, ..) = again(printed.as_bytes());
    for more in [&[][..], &["--json"][..]] {
        let shown = String::from_utf8(print(dir.path(), more)).unwrap();
        assert!(!shown.chars().any(|c| c != '\n' && gateway::is_unseen(c)), "{shown:?}");
        assert!(shown.contains("\\u001b[2J\\u202e\\u200b\\u009b\\nX"), "{shown}");
        assert!(shown.contains("\\u001b[31m-9a50"), "{shown}");
    }
    // What is escaped is the same, run again.
    let printed = print(dir.path(), &["--json"]);
    let (twin, ..) = again(&printed);
    assert!(print(twin.path(), &["--json"]) == printed);
    // At the door such a name is refused, with its place.
    let folder = tempfile::tempdir().unwrap();
    let rulebook = root().join("examples/bond-continuous/rulebook.toml");
    for (name, says) in [
        (evil, "name: character 1 is a control character, or one that is not seen"),
        ("", "name: this is not empty"),
        ("  ", "name: this is not empty"),
    ] {
        let day = folder.path().join("day.jsonl");
        let line = one.replace("A firm", name).replace("2026-03-02T08:00:00Z", "2026-03-02T08:00:00+08:00");
        std::fs::write(&day, line).unwrap();
        let data = tempfile::tempdir().unwrap();
        let mut binary = Command::new(env!("CARGO_BIN_EXE_huangpu"));
        let output =
            binary.arg("run").args([&rulebook, &day]).arg("--data").arg(data.path()).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("day.jsonl:1:") && error.contains(says), "{error}");
    }
}
