//! House rules that a machine can check: ARCHITECTURE.md names what stands, the arrows hold, the engine stays deterministic, files and
//! functions stay readable.

#![allow(clippy::unwrap_used, clippy::panic)] // a test that cannot go on has failed

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, extension: Option<&str>) -> Vec<PathBuf> {
    let mut stack = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(path) = stack.pop() {
        if path.is_dir() {
            let made =
                ["fuzz/target", "fuzz/corpus", "fuzz/artifacts"].iter().any(|made| path.ends_with(made));
            if made {
                continue;
            }
            stack.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if extension.is_none_or(|wanted| path.extension().is_some_and(|found| found == wanted)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The code of a file without comments, and without the tests at its end.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    let body = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
    let lines = body.lines().enumerate().map(|(number, line)| (number + 1, line.to_owned()));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
}

#[test]
fn the_paths_in_the_documents_exist() {
    for document in ["ARCHITECTURE.md", "README.md", "README.zh.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let mut named = 0;
        for word in text.split(['`', '(', ')', ' ', '\n']) {
            let starts = ["crates/", "src/", "docs/", "tests/", "rulebooks/", "examples/"];
            if starts.iter().any(|start| word.starts_with(start)) && !word.contains(['*', '<', '…']) {
                named += 1;
                assert!(root().join(word).exists(), "{document} names {word}, which does not exist");
            }
        }
        assert!(named > 3, "{document} names no path: is this test looking at the right words?");
    }
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let name = format!("`crates/{}`", entry.unwrap().file_name().to_string_lossy());
        assert!(architecture.contains(&name), "ARCHITECTURE.md does not name the room {name}");
    }
}

#[test]
fn the_arrows_hold() {
    let rooms: Vec<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let imports = |room: &str| -> BTreeSet<String> {
        let manifest = fs::read_to_string(root().join(format!("crates/{room}/Cargo.toml"))).unwrap();
        let dependencies =
            manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap().to_owned();
        let named = dependencies.lines().filter_map(|line| line.split(['.', ' ']).next().map(str::to_owned));
        named.filter(|name| rooms.contains(name)).collect()
    };
    let only = |rooms: &[&str]| rooms.iter().map(|room| (*room).to_owned()).collect::<BTreeSet<_>>();
    for room in ["clearing", "registry", "roster", "book"] {
        assert_eq!(imports(room), only(&["base"]), "{room}");
    }
    // Trading stands on the book, which knows nothing of it.
    assert!(imports("trading").is_subset(&only(&["base", "book"])), "trading");
    assert_eq!(imports("base"), only(&[]));
    assert_eq!(imports("journal"), only(&[]));
    assert_eq!(imports("supervision"), only(&["base", "registry"]));
    let rooms = only(&["base", "trading", "clearing", "registry", "roster", "supervision"]);
    assert_eq!(imports("engine"), rooms);
    assert!(!imports("markets").contains("engine"));
}

#[test]
fn the_engine_stays_deterministic() {
    let bans = [
        "SystemTime",
        "Instant",
        "thread",
        "rand",
        "HashMap",
        "HashSet",
        "fs",
        "net",
        "io",
        "env",
        "f32",
        "f64",
        "println",
        "async",
    ];
    for room in ["base", "book", "trading", "clearing", "registry", "roster", "supervision", "engine"] {
        for path in files(&format!("crates/{room}/src"), Some("rs")) {
            for (number, line) in code(&path) {
                let banned =
                    line.split(|c: char| !c.is_alphanumeric() && c != '_').find(|word| bans.contains(word));
                assert!(
                    banned.is_none(),
                    "{}:{number}: {banned:?} has no place from the engine down",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_engine_names_no_market() {
    for room in ["trading", "clearing", "registry", "roster", "supervision", "engine"] {
        for path in files(&format!("crates/{room}/src"), Some("rs")) {
            for (number, line) in code(&path) {
                for name in ["CEA", "carbon", "hanghai", "CNY"] {
                    assert!(!line.contains(name), "{}:{number}: names the market {name}", path.display());
                }
            }
        }
    }
}

#[test]
fn files_and_functions_stay_readable() {
    for path in ["src", "crates", "tests"].iter().flat_map(|folder| files(folder, Some("rs"))) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        // The doors of a room are declarations only, and stand together however many there are.
        let excused = name.ends_with("messages.rs");
        let lines = text.lines().count();
        assert!(lines <= 620 || excused, "{name} has {lines} lines");

        let mut open: Option<(usize, usize, String)> = None;
        let mut reasoned = false;
        for (number, line) in text.lines().enumerate() {
            let trimmed = line.trim_start();
            let indent = line.len() - trimmed.len();
            reasoned |= trimmed.starts_with("#[allow(clippy::too_many_lines)]");
            let starts = ["fn ", "pub fn ", "pub(crate) fn "].iter().any(|start| trimmed.starts_with(start));
            if open.is_none() && starts && !line.trim_end().ends_with(['}', ';']) {
                open = Some((number, indent, trimmed.to_owned()));
            }
            if let Some((start, at, head)) =
                open.take_if(|(_, at, _)| indent == *at && trimmed.starts_with('}'))
            {
                let _ = at;
                let length = number - start + 1;
                assert!(length <= 85 || reasoned, "{name}:{}: {head} has {length} lines", start + 1);
                reasoned = false;
            }
        }
    }
}

#[test]
fn no_file_names_a_path_of_a_machine() {
    let places = ["root", "home", "work"].map(|folder| format!("/{folder}/"));
    let folders = ["src", "crates", "tests", "docs", "rulebooks", "examples", "fuzz", ".ci"];
    for path in folders.iter().flat_map(|folder| files(folder, None)) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            let place = places.iter().find(|place| line.contains(place.as_str()));
            assert!(place.is_none(), "{}:{}: {place:?}", path.display(), number + 1);
        }
    }
}

/// What makes a file or a folder says who may read it and follows no symbolic link: `RealDisk` does, and nothing else in `src` makes one.
/// `huangpu new` writes files for its user to edit and to share: those are as the user's mask has it.
#[test]
fn what_the_node_writes_goes_through_the_disk() {
    let makes = ["fs::write(", "File::create", "OpenOptions", "fs::create_dir", "DirBuilder", "fs::copy("];
    let mut seen = 0;
    let excused = |path: &Path| path.ends_with("tests.rs") || path.starts_with(root().join("src/cli/new"));
    for path in files("src", Some("rs")).iter().filter(|path| !excused(path)) {
        for (number, line) in code(path) {
            let made = makes.iter().find(|made| line.contains(*made));
            assert!(made.is_none(), "{}:{number}: {made:?}: RealDisk makes it", path.display());
            seen += usize::from(line.contains("RealDisk"));
        }
    }
    assert!(seen > 20, "{seen}");
}
