//! Command files on a log whose roster is in force, and the doors that records name.

use crate::common::client::{CHOSEN, first_operator};
use crate::common::process::Process;
use crate::{CARBON, good, refused, text};
use serde_json::{Value, json};
use std::fs;

/// A line of a command file that would make money out of nothing, as somebody else.
fn forged(number: u32) -> String {
    let line = json!({
        "time": "2027-01-04T10:00:00+08:00", "id": format!("forged-{number}"), "by": "operator", "as": "operator",
        "do": "declare_holiday", "date": "2027-01-05",
    });
    format!("{line}\n")
}

/// The records of a log, as it prints them.
fn records(data: &str) -> Vec<Value> {
    let printed = good(&["log", data, "--json"]);
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_file_does_not_go_round_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Process::start(folder.path(), &["serve", CARBON]);
    node.stop();
    let data = text(&node.data);
    let before = good(&["verify", data, "--json"]);
    let file = folder.path().join("2027-01-04.jsonl");
    fs::write(&file, forged(1) + &forged(2)).unwrap();
    let rulebook = format!("{CARBON}/rulebook.toml");
    // Its own file, the folder that the log was made of, and the record of a market: all of them are files.
    refused(&["run", &rulebook, text(&file), "--data", data], "the roster of the log");
    refused(&["run", CARBON, "--data", data], "Command files are for setting up");
    assert_eq!(good(&["verify", data, "--json"]), before, "nothing was applied");

    // A node that serves the folder passes its files over.
    let mut again = Process::start(folder.path(), &["serve", CARBON]);
    again.stop();
    assert!(records(data).iter().all(|record| record["id"] != "forged-1"));
}

#[test]
fn the_run_that_puts_the_roster_in_force_may_end() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("2021-07-15.jsonl"));
    let line = |id: &str, rest: &str| {
        format!("{{\"time\":\"2021-07-15T09:00:00+08:00\",\"id\":\"{id}\",\"by\":\"operator\",{rest}}}\n")
    };
    let create = "\"do\":\"create_user\",\"participant\":\"operator\",\"name\":\"operator\",\"duties\":[\"operator\"],\
                  \"password_hash\":\"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
                  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"must_change\":true";
    let holiday = "\"as\":\"operator\",\"do\":\"declare_holiday\",\"date\":\"2021-07-23\"";
    let lines = [line("u", create), line("f", "\"do\":\"put_roster_in_force\""), line("h", holiday)];
    fs::write(&file, lines.concat()).unwrap();
    let rulebook = format!("{CARBON}/rulebook.toml");
    let args = ["run", &rulebook, text(&file), "--data", text(&data)];
    good(&args);
    let found = records(text(&data));
    let of = |id: &str| found.iter().find(|record| record["id"] == id).unwrap().clone();
    assert_eq!((of("h")["as"].as_str(), of("h")["door"].as_str()), (Some("operator"), Some("file")));
    refused(&args, "Command files are for setting up");
}

#[test]
fn every_record_says_by_which_door_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Process::start(folder.path(), &["serve", CARBON]);
    let client = first_operator(node.address, &node.said);
    let changed =
        client.post("/v1/session/password", &json!({ "old": CHOSEN, "new": "a password of some length" }));
    assert_eq!(changed.status / 100, 2);
    node.stop();
    let found = records(text(&node.data));
    let doors: Vec<&str> = found.iter().map(|record| record["door"].as_str().unwrap()).collect();
    assert!(doors.contains(&"file") && doors.contains(&"node"), "{doors:?}");
    let changed = found.iter().find(|record| record["do"] == "set_password").unwrap();
    assert_eq!(changed["door"], "http", "{changed}");
    let printed = good(&["log", text(&node.data)]);
    assert!(printed.lines().any(|line| line.contains("set_password") && line.ends_with("door=http")));
}
