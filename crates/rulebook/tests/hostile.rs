//! Whatever a file holds, reading it ends with a rulebook or with mistakes.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

use proptest::prelude::*;
use rulebook::{Error, parse};

const FILES: [&str; 3] = [
    include_str!("valid.toml"),
    include_str!("../../../rulebooks/carbon-cn.toml"),
    include_str!("../../../rulebooks/carbon-shanghai.toml"),
];
/// Pieces that turn one valid thing into another thing.
const PIECES: [&str; 24] = [
    "",
    "0",
    "-1",
    "9223372036854775807",
    "1e9",
    "nan",
    "\"\"",
    "\"none\"",
    "\"10%\"",
    "\"999999999999999999999%\"",
    "[",
    "]",
    "{",
    "}",
    "[[version]]\n",
    "\n",
    ".",
    "=",
    "true",
    "2024-02-30",
    "9999-12-31",
    "25:61:61",
    "\u{0}",
    "碳",
];

/// Reads `text`, and checks that what is refused is refused with a place in the text.
fn survive(text: &str) {
    let mut load = |_: &str| Ok(FILES[0].to_owned());
    match parse(text, "x.toml", &mut load) {
        Ok(book) => assert!(!book.versions.is_empty()),
        Err(Error::Mistakes(mistakes)) => {
            assert!(!mistakes.is_empty());
            let lines = text.split('\n').count();
            assert!(mistakes.iter().filter(|m| m.file == "x.toml").all(|m| (1..=lines).contains(&m.line)));
        }
        Err(Error::Io { .. }) => panic!("no file was asked for"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survive(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_toml_like(parts in prop::collection::vec("[a-z]{1,3}( = |\\.|\\[|\\]|\\{|\\}|,|\n|\"|0)", 0..60)) {
        survive(&parts.concat());
    }

    #[test]
    fn valid_files_with_pieces_changed(
        file in 0..FILES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, 0..PIECES.len()), 1..6),
    ) {
        let mut text: Vec<char> = FILES[file].chars().collect();
        for (place, cut, piece) in edits {
            let start = place.index(text.len());
            let end = (start + cut).min(text.len());
            text.splice(start..end, PIECES[piece].chars());
        }
        survive(&text.into_iter().collect::<String>());
    }

    #[test]
    fn valid_files_with_a_value_changed(
        file in 0..FILES.len(), line in any::<prop::sample::Index>(), piece in 0..PIECES.len(),
    ) {
        let mut lines: Vec<String> = FILES[file].lines().map(str::to_owned).collect();
        let values: Vec<usize> = (0..lines.len()).filter(|&index| lines[index].contains(" = ")).collect();
        let index = values[line.index(values.len())];
        let key = lines[index].split(" = ").next().unwrap().to_owned();
        lines[index] = format!("{key} = {}", PIECES[piece]);
        survive(&lines.join("\n"));
    }

    #[test]
    fn valid_files_cut_off(file in 0..FILES.len(), place in any::<prop::sample::Index>()) {
        let text: Vec<char> = FILES[file].chars().collect();
        survive(&text[..place.index(text.len())].iter().collect::<String>());
    }
}

#[test]
fn deep_files_do_not_exhaust_the_stack() {
    for parts in [70, 100_000] {
        let key = vec!["a"; parts].join(".");
        survive(&format!("[{key}]\n"));
        survive(&format!("[[{key}]]\n"));
        survive(&format!("{key} = 1\n"));
        survive(&format!("x = {}1{}\n", "[".repeat(parts), "]".repeat(parts)));
        survive(&format!("x = {}1{}\n", "{a=".repeat(parts), "}".repeat(parts)));
    }
    let key = vec!["a"; 75].join(".");
    survive(&format!("[{key}]\n{key} = {}1{}\n", format!("{{{key} = ").repeat(75), "}".repeat(75)));
    survive(&"a = 1\n".repeat(200_000));
}
