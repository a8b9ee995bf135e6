//! `huangpu serve` as an operator meets it: its check, its first start, and what happens where nobody reads what it says.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

mod common;

use common::client::{Client, enrol, links};
use common::process::{Process, huangpu};
use huangpu::node::{DataDir, Node, Until, replay, verify};
use serde_json::json;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const CARBON: &str = "examples/carbon";
const BONDS: &str = "examples/bond-continuous";
const FIRST_SEGMENT: &str = "journal/00000000000000000001.hpj";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a command said, whether it went well or not.
fn ended(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

fn check(what: &str, data: &Path, flags: &[&str]) -> (Option<i32>, String) {
    ended(&huangpu(&[&["serve", what, "--check", "--data", data.to_str().unwrap()], flags].concat()))
}

/// Every file below a folder, with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn a_check_of_what_is_not_there_yet_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (code, said) = check(CARBON, &data, &["--tls-self-made"]);
    assert_eq!((code, said.contains("the log will be made")), (Some(0), true), "{said}");
    let (code, said) = check(CARBON, &data, &["--tls-certificate", "absent.crt", "--tls-key", "absent.key"]);
    assert_eq!((code, said.contains("absent.crt")), (Some(1), true), "{said}");
    assert!(!data.exists());
}

#[test]
fn a_check_sees_what_a_start_would_meet_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Process::start(folder.path(), &["serve", CARBON]);
    let data = node.data.clone();
    let (code, said) = check(CARBON, &data, &[]);
    assert_eq!((code, said.contains("are in order")), (Some(0), true), "beside a node that runs: {said}");
    node.stop();

    assert!(!said.contains("the rules of"), "{said}");

    let (code, said) = check(BONDS, &data, &[]);
    assert_eq!((code, said.contains("the log has no market")), (Some(1), true), "{said}");
    let other = folder.path().join("other.toml");
    let rules = fs::read_to_string(format!("{CARBON}/rulebook.toml")).unwrap();
    fs::copy("rulebooks/carbon-cn.toml", folder.path().join("carbon-cn.toml")).unwrap();
    let rules = rules.replace("../../rulebooks/carbon-cn.toml", "carbon-cn.toml");
    fs::write(&other, rules.replace("Carbon example market", "Another name")).unwrap();
    let (code, said) = check(other.to_str().unwrap(), &data, &[]);
    assert_eq!(
        (code, said.contains("the rules of carbon-example are those of the log")),
        (Some(0), true),
        "{said}"
    );
    let segment = data.join(FIRST_SEGMENT);
    let whole = fs::read(&segment).unwrap();
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap();

    let open = || File::options().write(true).open(&segment).unwrap();
    open().write_all_at(&[1], end as u64 / 2).unwrap();
    let before = files(&data);
    let (code, said) = check(CARBON, &data, &[]);
    assert_eq!((code, said.contains("is corrupt at byte")), (Some(1), true), "{said}");

    // What a torn write has left is no fault, and a check leaves it to the start to cut it.
    fs::write(&segment, &whole).unwrap();
    open().write_all_at(b"torn", end as u64 + 4_096).unwrap();
    let torn = files(&data);
    let (code, said) = check(CARBON, &data, &[]);
    assert_eq!((code, said.contains("a torn write of")), (Some(0), true), "{said}");
    assert!(before.len() == torn.len() && files(&data) == torn, "something has changed");
    let mut node = Process::start(folder.path(), &["serve", CARBON]);
    assert!(node.said.contains("bytes of a torn write cut"), "{}", node.said);
    node.stop();
}

#[test]
fn a_log_whose_end_is_gone_is_not_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Process::start(folder.path(), &["serve", CARBON]);
    node.stop();
    let data = node.data.clone();
    let segment = data.join(FIRST_SEGMENT);
    let whole = fs::read(&segment).unwrap();
    File::options().write(true).open(&segment).unwrap().set_len(30_000).unwrap();
    let (code, said) = check(CARBON, &data, &[]);
    assert_eq!((code, said.contains("a record that the log does not have")), (Some(1), true), "{said}");
    for command in ["serve", "run"] {
        let (code, said) = ended(&huangpu(&[command, CARBON, "--data", data.to_str().unwrap()]));
        assert_eq!((code, said.contains("what came between is lost")), (Some(1), true), "{said}");
    }
    fs::write(&segment, whole).unwrap();
    verify(&DataDir::at(&data), &mut |_, _| ()).unwrap();

    // Nor is a new one begun in its place.
    fs::remove_dir_all(data.join("journal")).unwrap();
    let (code, said) = ended(&huangpu(&["serve", CARBON, "--data", data.to_str().unwrap()]));
    assert_eq!((code, said.contains("the log that they are of is gone")), (Some(1), true), "{said}");
    assert_eq!(check(CARBON, &data, &[]).0, Some(1));
    assert!(!data.join("journal").exists());
}

#[test]
fn the_first_two_operators_come_in_by_a_link_each_which_every_start_prints_until_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (listen, data) = (taken.local_addr().unwrap().to_string(), folder.path().join("data"));
    let failed =
        huangpu(&["serve", CARBON, "--no-play", "--listen", &listen, "--data", data.to_str().unwrap()]);
    let (code, said) = ended(&failed);
    assert_eq!((code, said.contains("cannot listen on")), (Some(1), true), "{said}");

    let start = || Process::start(folder.path(), &["serve", CARBON, "--no-play"]);
    let mut node = start();
    let both = links(&node.said);
    let users: Vec<&str> = both.iter().map(|(user, _)| user.as_str()).collect();
    assert_eq!(users, ["operator", "operator2"], "{}", node.said);
    assert_ne!(both[0].1, both[1].1);
    // Neither link is the other's, and nobody signs in without.
    assert_eq!(enrol(node.address, &(both[0].0.clone(), both[1].1.clone())).code(), "bad_credentials");
    assert_eq!(Client::new(node.address).sign_in("operator", "").code(), "bad_credentials");
    assert_eq!(enrol(node.address, &both[1]).status, 204);
    node.stop();
    let mut node = start();
    assert_eq!(links(&node.said), [both[0].clone()], "the same one again: {}", node.said);
    assert_eq!(enrol(node.address, &both[1]).code(), "bad_credentials", "it was used");
    let mut second = Client::new(node.address);
    second.sign_in("operator2", common::client::CHOSEN).good();
    assert_eq!(second.get("/v1/operations").good()["not_enrolled"], json!(["operator"]));
    assert_eq!(enrol(node.address, &both[0]).status, 204);
    assert_eq!(second.get("/v1/operations").good()["not_enrolled"], json!([]));
    node.stop();
    let mut node = start();
    assert!(!node.said.contains("enrol"), "{}", node.said);
    Client::new(node.address).sign_in("operator", common::client::CHOSEN).good();
    let log = fs::read_to_string(&node.log).unwrap();
    assert!(both.iter().all(|(_, token)| !log.contains(token)), "a token is in the log: {log}");
    node.stop();
}

#[test]
fn a_node_goes_on_and_stops_well_when_nobody_reads_what_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Process::start_unread(folder.path(), &["demo", "--pace", "50"]);
    let mut trader = Client::new(node.address);
    trader.sign_in("trader", huangpu::demo::PASSWORD).good();
    node.stop();
    let verified = verify(&DataDir::at(&node.data), &mut |_, _| ()).unwrap();
    assert!(verified.tail().starts_with("sealed") && verified.snapshots > 0, "{}", verified.tail());
}

#[test]
fn an_exit_code_says_what_nobody_reads() {
    let nowhere = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    for args in
        [["verify", "/nowhere"].as_slice(), &["config", "--listen", "nowhere"], &["report", "/nowhere"]]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_huangpu"));
        let ended = command.args(args).stdout(nowhere()).stderr(nowhere()).status().unwrap();
        assert_eq!(ended.code(), Some(1), "{args:?}");
    }
}

#[test]
fn work_is_done_to_its_end_when_nobody_reads_what_it_prints() {
    let data = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_huangpu"));
    let ran = command.args(["run", CARBON, "--data"]).arg(data.path()).stdout(writer).status().unwrap();
    assert!(ran.success());
    let verified = verify(&DataDir::at(data.path()), &mut |_, _| ()).unwrap();
    assert!(verified.tail().starts_with("sealed"), "{}", verified.tail());
    assert_eq!(verified.summary.records, 267);
}

#[test]
fn a_first_start_that_was_broken_off_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let day = folder.path().join("day.jsonl");
    let register = |id: u32, by: &str, code: &str| {
        format!(
            r#"{{"time": "2021-07-15T09:00:00+08:00", "id": "{id}", "by": "{by}", "do": "register_participant", "code": "{code}", "name": "{code}", "roles": ["institution"]}}"#
        )
    };
    let lines = |by: &str| [register(1, "operator", "A"), register(2, by, "B"), register(3, "operator", "C")];
    fs::write(&day, lines("NOBODY").join("\n")).unwrap();
    let rulebook = format!("{CARBON}/rulebook.toml");
    let data = folder.path().join("data");
    let serve = ["serve", &rulebook, day.to_str().unwrap()];
    let (code, said) = ended(&huangpu(&[&serve, ["--data", data.to_str().unwrap()].as_slice()].concat()));
    assert_eq!((code, said.contains("day.jsonl:2")), (Some(1), true), "{said}");
    assert!(said.contains("--no-play"), "{said}");
    let begun = replay(&DataDir::at(&data), Until::End, &mut |_, _, _| Ok(())).unwrap().state;
    assert!(
        begun.registry().participant_id("A").is_some(),
        "what stands before the faulty line is in the log"
    );

    fs::write(&day, lines("operator").join("\n")).unwrap();
    let mut node = Process::start(folder.path(), &serve);
    assert!(node.said.contains("/#/enrol/operator/"), "{}", node.said);
    node.stop();
    let state = replay(&DataDir::at(&data), Until::End, &mut |_, _, _| Ok(())).unwrap().state;
    for code in ["A", "B", "C"] {
        assert!(state.registry().participant_id(code).is_some(), "{code} is missing");
    }
    // And once there are users, nothing is played any more.
    fs::write(&day, [register(4, "operator", "D")].join("\n")).unwrap();
    let mut node = Process::start(folder.path(), &serve);
    node.stop();
    let state = replay(&DataDir::at(&data), Until::End, &mut |_, _, _| Ok(())).unwrap().state;
    assert!(state.registry().participant_id("D").is_none());
}

#[test]
fn operators_who_were_admitted_are_put_in_force_at_the_next_start() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut node = Process::start(other.path(), &["serve", CARBON, "--no-play"]);
    node.stop();
    let mut records = Vec::new();
    replay(&DataDir::at(&node.data), Until::End, &mut |record, _, _| {
        records.push(record.clone());
        Ok(())
    })
    .unwrap();
    // Killed after the operators' records and before the one that puts the users in force.
    let last = records.pop().unwrap();
    let (mut begun, _) = Node::open(&folder.path().join("data"), &mut |_, _| ()).unwrap();
    for record in records {
        begun.submit(record.time, record.envelope, &mut |_, _, _| Ok(())).unwrap();
    }
    begun.flush(&mut |_, _, _| Ok(())).unwrap();
    assert!(!begun.state().roster().in_force());
    drop(begun);

    // Its links were made under the key of another node: it gives new ones.
    let mut again = Process::start(folder.path(), &["serve", CARBON, "--no-play"]);
    let links = links(&again.said);
    assert_eq!(links.len(), 2, "{}", again.said);
    assert_eq!(enrol(again.address, &links[0]).status, 204);
    again.stop();
    let state = replay(&DataDir::at(&again.data), Until::End, &mut |_, _, _| Ok(())).unwrap().state;
    assert!(state.roster().in_force() && state.sequence() >= last.sequence);
}

#[test]
fn a_sandbox_begins_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ["--clock", "2021-07-16T09:00:00+08:00"];
    let serve = ["serve", "rulebooks/carbon-cn.toml"];
    let mut node = Process::start(folder.path(), &[&serve, clock.as_slice()].concat());
    node.stop();
    let mut times = Vec::new();
    replay(&DataDir::at(&node.data), Until::End, &mut |record, _, _| {
        times.push(gateway::format_time(record.time, None));
        Ok(())
    })
    .unwrap();
    assert!(
        !times.is_empty() && times.iter().all(|time| time.starts_with("2021-07-16T01:00:0")),
        "{times:?}"
    );

    // A log that is ahead of the clock is served, and that it is ahead is said.
    let ahead = tempfile::tempdir().unwrap();
    let mut node =
        Process::start(ahead.path(), &["serve", CARBON, "--no-play", "--clock", "2100-01-01T00:00:00Z"]);
    node.stop();
    let mut node = Process::start(ahead.path(), &["serve", CARBON, "--no-play"]);
    node.stop();
    let log = fs::read_to_string(&node.log).unwrap();
    assert!(log.contains("behind the last record"), "{log}");
}

#[test]
fn a_variable_that_is_no_text_is_a_mistake_and_names_no_other_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join(OsStr::from_bytes(b"data\xff"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_huangpu"));
    let checked = command.args(["serve", CARBON, "--check"]).env("HUANGPU_DATA", &data).output().unwrap();
    let (code, said) = ended(&checked);
    assert_eq!((code, said.contains("HUANGPU_DATA: expected text in UTF-8")), (Some(1), true), "{said}");
}

#[test]
fn a_half_restored_directory_is_no_place_for_a_new_log() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("restoring")).unwrap();
    let refused = Node::open(folder.path(), &mut |_, _| ()).err().unwrap().to_string();
    assert!(refused.contains("restore it again"), "{refused}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
