//! Every kind of mistake with its text, in `mistakes.txt`: a rule officer reads these.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

use rulebook::{Error, What, parse};
use std::io;
use std::path::PathBuf;

const VALID: &str = include_str!("valid.toml");

fn refuse(_: &str) -> io::Result<String> {
    Err(io::ErrorKind::NotFound.into())
}

fn complaints(text: &str) -> String {
    match parse(text, "valid.toml", &mut refuse) {
        Ok(_) => "fine".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// A block of `mistakes.txt` with the answer as it is now.
fn answered(block: &str) -> String {
    let lines =
        |mark: &str| -> Vec<&str> { block.lines().filter_map(|line| line.strip_prefix(mark)).collect() };
    let (cut, put) = (lines("- ").join("\n"), lines("+ ").join("\n"));
    if block.starts_with('#') {
        return block.to_owned();
    }
    let text = if cut.is_empty() {
        format!("{VALID}\n{put}\n")
    } else {
        assert!(VALID.contains(&cut), "not in valid.toml: {cut}");
        VALID.replacen(&cut, &put, 1)
    };
    let asked = block.lines().filter(|line| !line.starts_with("> ")).map(str::to_owned);
    let answer = complaints(&text).lines().map(|line| format!("> {line}")).collect::<Vec<_>>();
    asked.chain(answer).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_mistake_is_told_as_written_in_mistakes_txt() {
    assert_eq!(complaints(VALID), "fine");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes.txt");
    let expected = std::fs::read_to_string(&path).unwrap();
    let blocks: Vec<String> = expected.trim_end().split("\n\n").map(answered).collect();
    let found = blocks.join("\n\n") + "\n";
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, found).unwrap();
        return;
    }
    for (expected, found) in expected.trim_end().split("\n\n").zip(&blocks) {
        assert_eq!(found, expected.trim_end());
    }
}

#[test]
fn all_mistakes_are_reported_once_in_the_order_of_the_file() {
    let text =
        VALID.replace("\"10%\"", "\"ten\"").replace("cap = \"5%\"", "cap = 5").replace("lot = 10", "lot = 0");
    let Err(Error::Mistakes(mistakes)) = parse(&text, "valid.toml", &mut refuse) else { panic!() };
    let keys: Vec<_> = mistakes.iter().map(|mistake| (mistake.line, mistake.key.as_str())).collect();
    // Both hold in both versions of the file.
    assert_eq!(
        keys,
        [
            (19, "version[0].trading.quantity.lot"),
            (24, "version[0].trading.listing.band"),
            (40, "version[0].registry.offsets.cap")
        ]
    );
    assert!(
        mistakes.iter().all(|mistake| matches!(mistake.what, What::Unexpected { .. } | What::Broken { .. }))
    );
}

#[test]
fn a_file_that_is_not_there() {
    let error = rulebook::read(&PathBuf::from("no/such.toml")).unwrap_err();
    assert!(matches!(&error, Error::Io { file, .. } if file == "no/such.toml"), "{error}");
}
