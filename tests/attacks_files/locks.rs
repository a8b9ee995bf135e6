//! Two nodes on one log, and a log that is moved from under its node.

use crate::common::client::{CHOSEN, Client, first_operator};
use crate::common::process::{Process, huangpu};
use crate::forge::copy;
use crate::{CARBON, ended, good, refused, text};
use serde_json::json;
use std::fs;

/// A node, and its first operator, signed in.
fn served(folder: &std::path::Path) -> (Process, Client) {
    let node = Process::start(folder, &["serve", CARBON]);
    let client = first_operator(node.address, &node.said);
    (node, client)
}

#[test]
fn removing_the_lock_file_lets_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    let (mut node, client) = served(folder.path());
    let data = node.data.clone();
    fs::remove_file(data.join("journal/lock")).unwrap();
    let second = |what: &[&str]| refused(&[what, &["--data", text(&data)]].concat(), "in use");
    second(&["serve", CARBON, "--listen", "127.0.0.1:0"]);
    second(&["run", CARBON]);
    // Nor does a directory made anew around the same files.
    let moved = data.join("aside");
    fs::rename(data.join("journal"), &moved).unwrap();
    fs::create_dir(data.join("journal")).unwrap();
    for entry in fs::read_dir(&moved).unwrap() {
        let name = entry.unwrap().file_name();
        fs::hard_link(moved.join(&name), data.join("journal").join(&name)).unwrap();
    }
    second(&["serve", CARBON, "--listen", "127.0.0.1:0"]);

    let changed =
        client.post("/v1/session/password", &json!({ "old": CHOSEN, "new": "a password of some length" }));
    assert_eq!(changed.status / 100, 2, "the first goes on: its segment has its name still");
    node.stop();
    let printed = good(&["log", text(&data), "--json"]);
    assert!(printed.contains("set_password"), "nothing was lost");
    good(&["verify", text(&data)]);
}

#[test]
fn a_node_whose_log_was_moved_away_acknowledges_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let (mut node, client) = served(folder.path());
    let data = node.data.clone();
    let aside = folder.path().join("aside");
    fs::rename(data.join("journal"), &aside).unwrap();
    copy(&aside, &data.join("journal"));
    // Another node takes the copy up, and is right: it has the name.
    let (code, said) = ended(&huangpu(&["head", text(&data)]));
    assert_eq!(code, Some(0), "{said}");

    let body = serde_json::to_vec(&json!({ "old": CHOSEN, "new": "a password of some length" })).unwrap();
    let answered = std::panic::catch_unwind(|| {
        client.send("POST", "/v1/session/password", Some(&serde_json::from_slice(&body).unwrap())).status
    });
    assert!(answered.as_ref().is_ok_and(|status| *status >= 500) || answered.is_err(), "{answered:?}");
    assert_eq!(node.ends(), Some(1), "a node that has lost its log ends");
    let log = fs::read_to_string(&node.log).unwrap();
    assert!(log.contains("is not the file that is being written any more"), "{log}");
    let printed = good(&["log", text(&data), "--json"]);
    assert!(!printed.contains("set_password"), "what was not acknowledged is not in the log");
}
