//! Who may read what the node writes, symbolic links in its way, and keys that are not its owner's alone.

use crate::common::process::Process;
use crate::{CARBON, good, refused, text};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Everything below a folder, and itself.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.extend(if path.is_dir() { below(&path) } else { vec![path] });
    }
    found
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_the_node_writes_is_its_owners_alone_whatever_the_mask() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Process::start_masked(folder.path(), "000", &["serve", CARBON, "--tls-self-made"]);
    let during = below(&node.data);
    node.stop();
    let path = |name: &str| folder.path().join(name);
    let masked = |args: &[&str]| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "umask 000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_huangpu")]);
        assert!(command.args(args).output().unwrap().status.success(), "{args:?}");
    };
    masked(&["backup", text(&node.data), "--to", text(&path("backup")), "--with-keys"]);
    masked(&["restore", text(&path("backup")), "--data", text(&path("restored"))]);
    masked(&["project", text(&path("restored"))]);
    masked(&["run", CARBON, "--data", text(&path("ran"))]);
    masked(&["report", text(&path("ran")), "--csv", text(&path("csv"))]);
    let folders = [&node.data, &path("backup"), &path("restored"), &path("ran"), &path("csv")];
    let all = folders.into_iter().flat_map(|folder| below(folder));
    let mut seen = 0;
    for found in all.chain(during).filter(|found| found.exists()) {
        let due = if found.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&found), due, "{} has the mode {:o}", found.display(), mode(&found));
        seen += 1;
    }
    assert!(seen > 60, "{seen}");
}

/// Where a symbolic link lies, and the command that would write there.
const LINKS: [(&str, &[&str]); 8] = [
    ("reports", &["run", CARBON, "--data", "DATA"]),
    ("journal/lock", &["head", "DATA"]),
    ("journal/00000000000000000001.hpj", &["head", "DATA"]),
    ("journal", &["head", "DATA"]),
    ("heads.jsonl", &["head", "DATA"]),
    ("node.key", &["head", "DATA"]),
    ("projection.sqlite", &["project", "DATA"]),
    ("snapshots", &["run", CARBON, "--data", "DATA"]),
];

#[test]
fn symbolic_links_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    good(&["run", CARBON, "--data", text(&made), "--json"]);
    for (number, (name, command)) in LINKS.into_iter().enumerate() {
        let (data, victim) =
            (folder.path().join(format!("data{number}")), folder.path().join(format!("v{number}")));
        crate::forge::copy(&made, &data);
        let place = data.join(name);
        if place.exists() {
            fs::rename(&place, &victim).unwrap();
        }
        if name == "heads.jsonl" || !victim.exists() {
            fs::write(&victim, "what is somebody else's").unwrap();
        }
        if command[0] == "run" {
            // Something to write: the last day is not in this log yet.
            fs::remove_dir_all(&data).unwrap();
            fs::create_dir(&data).unwrap();
            if name == "snapshots" {
                fs::remove_dir_all(&victim).unwrap();
                fs::create_dir(&victim).unwrap();
            }
        }
        symlink(&victim, &place).unwrap();
        let contents = |path: &Path| -> Vec<(PathBuf, Vec<u8>)> {
            let files = if path.is_dir() { below(path) } else { vec![path.to_owned()] };
            files
                .into_iter()
                .filter(|file| file.is_file())
                .map(|file| (file.clone(), fs::read(file).unwrap()))
                .collect()
        };
        let before = contents(&victim);
        let args: Vec<&str> =
            command.iter().map(|word| if *word == "DATA" { text(&data) } else { word }).collect();
        refused(&args, "symbolic link");
        assert_eq!(contents(&victim), before, "{name}: what the link leads to was written");
    }
}

#[test]
fn a_key_that_others_may_read_or_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    good(&["run", CARBON, "--data", text(&data), "--json"]);
    let key = data.join("node.key");
    for (given, may) in [(0o644, "others may read"), (0o640, "others may read"), (0o622, "others may write")]
    {
        fs::set_permissions(&key, Permissions::from_mode(given)).unwrap();
        for command in [&["head", text(&data)][..], &["run", CARBON, "--data", text(&data)]] {
            refused(command, may);
        }
    }
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    good(&["head", text(&data)]);

    // The private key of TLS: a group may read it, where an operator has it so.
    let (certificate, private) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&private, made.signing_key.serialize_pem()).unwrap();
    let check = ["serve", CARBON, "--check", "--no-play", "--data", text(&data)];
    let tls = ["--tls-certificate", text(&certificate), "--tls-key", text(&private)];
    let check = [&check[..], &tls].concat();
    for (given, may) in [(0o644, "others may read"), (0o660, "others may write")] {
        fs::set_permissions(&private, Permissions::from_mode(given)).unwrap();
        refused(&check, may);
    }
    for given in [0o600, 0o640] {
        fs::set_permissions(&private, Permissions::from_mode(given)).unwrap();
        good(&check);
    }
}
