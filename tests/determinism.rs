//! The same records give the same digests: in another process, from a snapshot, and from a journal of the first version.

#![allow(clippy::unwrap_used, clippy::panic)] // a test that cannot go on has failed

use huangpu::node::{DataDir, Node, Until, hex, replay, verify};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn run(data: &Path) {
    let binary = Command::new(env!("CARGO_BIN_EXE_huangpu"));
    let status = { binary }
        .current_dir(root())
        .args(["run", "examples/carbon", "--json", "--data"])
        .arg(data)
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn two_processes_agree_on_log_and_state() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(one.path());
    run(two.path());
    let end = |data: &Path| replay(&DataDir::at(data), Until::End, &mut |_, _, _| Ok(())).unwrap();
    let (one, two) = (end(one.path()), end(two.path()));
    assert_eq!(one.digest, two.digest);
    assert_eq!(one.state.digest().unwrap(), two.state.digest().unwrap());
}

#[test]
fn a_node_that_starts_from_a_snapshot_is_where_a_replay_is() {
    let data = tempfile::tempdir().unwrap();
    run(data.path());
    let (node, opened) = Node::open(data.path(), &mut |_, _| ()).unwrap();
    assert!(opened.snapshot > 0 && opened.snapshot == opened.records);
    let from_snapshot = (node.digest(), node.state().digest().unwrap(), node.answers().len());
    drop(node);
    fs::remove_dir_all(data.path().join("snapshots")).unwrap();
    let (node, opened) = Node::open(data.path(), &mut |_, _| ()).unwrap();
    assert_eq!(opened.snapshot, 0);
    assert_eq!((node.digest(), node.state().digest().unwrap(), node.answers().len()), from_snapshot);
}

#[test]
fn a_snapshot_and_the_rest_of_the_log_make_the_same_state() {
    let data = tempfile::tempdir().unwrap();
    let story = root().join("examples/carbon");
    let day = |date: &str| story.join(format!("{date}.jsonl"));
    let binary = || {
        let mut binary = Command::new(env!("CARGO_BIN_EXE_huangpu"));
        binary.stdout(std::process::Stdio::null()).args(["run", "--json", "--data"]).arg(data.path());
        binary.arg(story.join("rulebook.toml"));
        binary
    };
    // Two runs leave a snapshot in the middle and one at the end; without the one at the end, the rest is replayed.
    assert!(binary().args([day("2021-07-15"), day("2021-07-16")]).status().unwrap().success());
    assert!(binary().args([day("2021-07-19"), day("2021-07-20")]).status().unwrap().success());
    let mut snapshots: Vec<PathBuf> =
        fs::read_dir(data.path().join("snapshots")).unwrap().map(|entry| entry.unwrap().path()).collect();
    snapshots.sort();
    assert_eq!(snapshots.len(), 2);
    let (node, whole) = Node::open(data.path(), &mut |_, _| ()).unwrap();
    let expected = (node.digest(), node.state().digest().unwrap());
    drop(node);
    fs::remove_file(&snapshots[1]).unwrap();
    let (node, opened) = Node::open(data.path(), &mut |_, _| ()).unwrap();
    assert!(0 < opened.snapshot && opened.snapshot < opened.records && opened.records == whole.records);
    assert_eq!((node.digest(), node.state().digest().unwrap()), expected);
}

#[test]
fn the_layout_of_snapshots_is_raised_when_the_state_changes() {
    let fixture = DataDir::at(&root().join("tests/fixtures/carbon-1"));
    let state = replay(&fixture, Until::End, &mut |_, _, _| Ok(())).unwrap().state;
    let pinned = (7, "2a5b16bc97297ab24a63f7e1972162ea66d9ff5bf1d26752918be1fc76d8152c");
    assert_eq!(
        (engine::snapshot::LAYOUT, hex(&state.digest().unwrap()).as_str()),
        pinned,
        "the state of a known log changed: raise LAYOUT in crates/engine/src/snapshot.rs, and pin the new pair here"
    );
}

/// Journals that earlier versions wrote, and what each ended with. They are never made anew: a version that does not replay
/// them is broken. See tests/fixtures/README.md.
#[test]
fn journals_of_every_version_replay_to_their_digests() {
    let fixtures = root().join("tests/fixtures");
    let list = fs::read_to_string(fixtures.join("digests.txt")).unwrap();
    let mut seen = 0;
    for line in list.lines() {
        let [name, records, digest] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let verified = verify(&DataDir::at(&fixtures.join(name)), &mut |_, _| ()).unwrap();
        assert_eq!(verified.summary.records.to_string(), records, "{name}");
        assert_eq!(hex(&verified.digest), digest, "{name}");
        seen += 1;
    }
    assert_eq!(
        seen,
        fs::read_dir(&fixtures).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
    );
}
