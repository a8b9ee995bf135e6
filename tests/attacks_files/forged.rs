//! Logs that were rewritten or cut off, snapshots and backups that another has made.

use crate::forge::{Outcomes, copy, rewrite};
use crate::{CARBON, good, refused, text};
use huangpu::node::{Head, Node, NodeKey, Tip};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A log of the example, and its head, kept elsewhere.
struct Kept {
    folder: tempfile::TempDir,
    data: PathBuf,
    head: PathBuf,
    key: String,
    digest: String,
}

impl Kept {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (data, head) = (folder.path().join("data"), folder.path().join("head.json"));
        good(&["run", CARBON, "--data", text(&data), "--json"]);
        fs::write(&head, good(&["head", text(&data)])).unwrap();
        let key = good(&["head", text(&data), "--key"]).trim().to_owned();
        let verified: Value = serde_json::from_str(&good(&["verify", text(&data), "--json"])).unwrap();
        let digest = verified["digest"].as_str().unwrap().to_owned();
        Self { folder, data, head, key, digest }
    }

    /// The data directory, copied for one attack.
    fn attacked(&self, name: &str) -> PathBuf {
        let to = self.folder.path().join(name);
        copy(&self.data, &to);
        to
    }

    fn verify(&self, data: &Path) -> Vec<String> {
        let args =
            ["verify", text(data), "--head", text(&self.head), "--key", &self.key, "--expect", &self.digest];
        args.map(str::to_owned).to_vec()
    }

    fn tells(&self, data: &Path, why: &str) {
        let args = self.verify(data);
        refused(&args.iter().map(String::as_str).collect::<Vec<_>>(), why);
    }
}

/// A start: what `huangpu run` and `huangpu serve` do first.
fn starts(data: &Path) -> Vec<String> {
    ["head", text(data)].map(str::to_owned).to_vec()
}

#[test]
fn a_log_that_was_left_alone_holds_its_head() {
    let kept = Kept::new();
    let args = kept.verify(&kept.data);
    let said = good(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(said.contains("1 given, signed by") && said.contains("frames state a digest"), "{said}");
    // It goes on holding it, whatever comes after.
    let day = kept.folder.path().join("2022-01-17.jsonl");
    fs::write(
        &day,
        "{\"time\":\"2022-01-17T09:00:00+08:00\",\"id\":\"more\",\"by\":\"operator\",\"do\":\"tick\"}\n",
    )
    .unwrap();
    good(&["run", &format!("{CARBON}/rulebook.toml"), text(&day), "--data", text(&kept.data), "--json"]);
    good(&["verify", text(&kept.data), "--head", text(&kept.head), "--key", &kept.key]);
    refused(&["verify", text(&kept.data), "--expect", &kept.digest], "was expected");
    refused(
        &["verify", text(&kept.data), "--head", text(&kept.head), "--key", &"0".repeat(64)],
        "was signed by",
    );
}

#[test]
fn a_history_that_was_rewritten_does_not_verify() {
    let kept = Kept::new();
    let forget = |data: &Path| {
        fs::remove_dir_all(data.join("snapshots")).unwrap();
        fs::remove_file(data.join("heads.jsonl")).unwrap();
    };

    // An amount changed, the digests taken out from there, snapshots and heads removed: what a replay comes to is stated nowhere.
    let zeroed = kept.attacked("zeroed");
    rewrite(&zeroed, true, 0, Outcomes::Zeroed);
    forget(&zeroed);
    refused(&["verify", text(&zeroed)], "states no digest of the records before it");
    refused(&["serve", CARBON, "--check", "--data", text(&zeroed)], "states no digest");
    refused(&["backup", text(&zeroed), "--to", text(&kept.folder.path().join("b0"))], "states no digest");
    refused(&starts(&zeroed).iter().map(String::as_str).collect::<Vec<_>>(), "states no digest");

    // The digests made anew as well: the log is sound in itself, and is not the one that was signed.
    let anew = kept.attacked("anew");
    rewrite(&anew, true, 0, Outcomes::Recomputed);
    fs::remove_dir_all(anew.join("snapshots")).unwrap();
    refused(&["verify", text(&anew)], "does not hold the head");
    refused(&starts(&anew).iter().map(String::as_str).collect::<Vec<_>>(), "was rewritten");
    forget_heads(&anew);
    let said = good(&["verify", text(&anew)]);
    assert!(said.contains("nothing but its own digests vouches for this log"), "{said}");
    kept.tells(&anew, "does not hold the head");
    refused(&["verify", text(&anew), "--expect", &kept.digest], "was expected");

    // Signed by whoever rewrote it: not by the key that is kept.
    let (node, _) = Node::open(&anew, &mut |_, _| ()).unwrap();
    let own = Head::sign(&NodeKey::of([9; 32]), node.log_id(), &node.tip(), 0);
    drop(node);
    let head = kept.folder.path().join("own.json");
    fs::write(&head, serde_json::to_string(&own).unwrap()).unwrap();
    good(&["verify", text(&anew), "--head", text(&head)]);
    refused(&["verify", text(&anew), "--head", text(&head), "--key", &kept.key], "was signed by");
}

fn forget_heads(data: &Path) {
    fs::remove_file(data.join("heads.jsonl")).unwrap();
}

#[test]
fn a_tail_that_was_cut_off_and_a_snapshot_that_was_removed_are_told() {
    let kept = Kept::new();
    let cut = kept.attacked("cut");
    rewrite(&cut, false, 3, Outcomes::Recomputed);
    refused(&["verify", text(&cut)], "stands at a record that the log does not have");
    refused(&starts(&cut).iter().map(String::as_str).collect::<Vec<_>>(), "what came between is lost");
    fs::remove_dir_all(cut.join("snapshots")).unwrap();
    refused(&["verify", text(&cut)], "what came after it was cut off");
    refused(
        &starts(&cut).iter().map(String::as_str).collect::<Vec<_>>(),
        "this node has signed a head of record",
    );
    forget_heads(&cut);
    kept.tells(&cut, "what came after it was cut off");

    let bare = kept.attacked("bare");
    fs::remove_dir_all(bare.join("snapshots")).unwrap();
    let said = good(&["verify", text(&bare)]);
    assert!(said.contains("which the newest head knows of, is gone: it was removed"), "{said}");
    kept_starts(&bare, &kept.digest);
}

/// A start comes to the log that was kept.
fn kept_starts(data: &Path, digest: &str) {
    let head: Value = serde_json::from_str(&good(&["head", text(data), "--json"])).unwrap();
    assert_eq!(head["digest"], digest);
}

#[test]
fn a_snapshot_that_another_made_is_not_believed() {
    let kept = Kept::new();
    let other = kept.attacked("other");
    // The same log but for an amount, in another node, which has a key of its own: it makes a snapshot, and that is laid beside
    // the log of the first.
    rewrite(&other, true, 0, Outcomes::Recomputed);
    for gone in ["node.key", "heads.jsonl"] {
        fs::remove_file(other.join(gone)).unwrap();
    }
    fs::remove_dir_all(other.join("snapshots")).unwrap();
    let (mut node, _) = Node::open(&other, &mut |_, _| ()).unwrap();
    node.snapshot().unwrap();
    drop(node);
    let folder = |data: &Path| data.join("snapshots");
    fs::remove_dir_all(folder(&kept.data)).unwrap();
    copy(&folder(&other), &folder(&kept.data));

    kept_starts(&kept.data, &kept.digest);
    let (node, opened) = Node::open(&kept.data, &mut |_, _| ()).unwrap();
    assert_eq!((opened.snapshot, opened.passed_over.len()), (0, 1));
    drop(node);
    refused(&["verify", text(&kept.data)], "differs from the replay");
    let (_, said) = crate::ended(&crate::common::process::huangpu(&[
        "run",
        CARBON,
        "--data",
        text(&kept.data),
        "--json",
    ]));
    assert!(said.contains("not sealed by this node: passed over"), "{said}");
}

#[test]
fn a_backup_that_was_rewritten_is_not_restored() {
    let kept = Kept::new();
    let path = |name: &str| kept.folder.path().join(name);
    let (backup, to) = (path("backup"), path("to"));
    good(&["backup", text(&kept.data), "--to", text(&backup)]);
    good(&["restore", text(&backup), "--data", text(&path("whole")), "--key", &kept.key]);

    rewrite(&backup, true, 0, Outcomes::Recomputed);
    fs::remove_dir_all(backup.join("snapshots")).unwrap();
    fs::create_dir(backup.join("snapshots")).unwrap();
    fs::remove_file(backup.join("heads.jsonl")).unwrap();
    // What belongs to it is written anew too, but for what cannot be: the head that the node has signed.
    let verified: Value = serde_json::from_str(&good(&["verify", text(&backup), "--json"])).unwrap();
    let place = backup.join("backup.json");
    let mut manifest: Value = serde_json::from_str(&fs::read_to_string(&place).unwrap()).unwrap();
    for field in ["chain", "digest", "records"] {
        manifest[field] = verified[field].clone();
    }
    let segment = "journal/00000000000000000001.hpj";
    let bytes = fs::read(backup.join(segment)).unwrap();
    let blake3 = blake3::hash(&bytes).to_hex().to_string();
    manifest["files"] = serde_json::json!([{ "path": segment, "bytes": bytes.len(), "blake3": blake3 }]);
    let write = |manifest: &Value| fs::write(&place, manifest.to_string()).unwrap();
    write(&manifest);
    refused(&["restore", text(&backup), "--data", text(&to)], "does not hold the head");

    // Signed by whoever rewrote it, and by nobody: the key that is kept tells.
    let (node, _) = Node::open(&backup, &mut |_, _| ()).unwrap();
    let tip: Tip = node.tip();
    let own = Head::sign(&NodeKey::of([9; 32]), node.log_id(), &tip, 0);
    drop(node);
    let bytes = fs::read(backup.join(segment)).unwrap();
    manifest["files"][0]["blake3"] = blake3::hash(&bytes).to_hex().to_string().into();
    manifest["head"] = serde_json::to_value(&own).unwrap();
    write(&manifest);
    refused(&["restore", text(&backup), "--data", text(&to), "--key", &kept.key], "was signed by");
    manifest.as_object_mut().unwrap().remove("head");
    write(&manifest);
    refused(&["restore", text(&backup), "--data", text(&to), "--key", &kept.key], "has no signed head");
    assert!(!to.join("journal").exists());
}
