//! Reads rulebook files (TOML) into the rules that the engine adopts. `docs/rulebook.md` describes every key.
//!
//! A file is turned into a tree whose nodes know where they were written (`tree`); the trees of a file and of those that
//! it extends are layered by date (`layer`); and each date's layers are read key by key (`schema`). Every number is
//! converted exactly or refused, and every mistake found is reported, not only the first. `write` turns what was adopted
//! into a file again.
//!
//! Architecture Invariant: this crate is the only one that knows TOML or a time-zone database, and it knows no market.

mod fields;
mod layer;
mod load;
mod mistake;
mod schema;
mod tree;
mod want;
mod write;
mod zone;

pub use layer::Citation;
pub use mistake::{Error, Mistake, What};
pub use write::{Rule, rules, write};

use engine::rulebook::Rulebook;
use mistake::Sink;
use std::io;
use std::path::Path;

/// A rulebook, and where each of its rules comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited {
    /// The rules.
    pub rulebook: Rulebook,
    /// The source of each rule table, in order of date and of the file.
    pub citations: Vec<Citation>,
}

/// Reads the rulebook in the file at `path`, and in those that it extends.
///
/// # Errors
/// A file cannot be read, or everything in it that is no rule, with its place.
pub fn read(path: &Path) -> Result<Rulebook, Error> {
    read_cited(path).map(|cited| cited.rulebook)
}

/// Like [`read`], with the source of every rule.
///
/// # Errors
/// As [`read`].
pub fn read_cited(path: &Path) -> Result<Cited, Error> {
    let name = path.to_string_lossy();
    let text =
        std::fs::read_to_string(path).map_err(|source| Error::Io { file: name.to_string(), source })?;
    parse_cited(&text, &name, &mut |name| std::fs::read_to_string(name))
}

/// Reads a rulebook from `text`. `name` stands in mistakes, and `extends` is a path relative to it, whose text `load` returns.
///
/// # Errors
/// As [`read`].
pub fn parse(
    text: &str,
    name: &str,
    load: &mut dyn FnMut(&str) -> io::Result<String>,
) -> Result<Rulebook, Error> {
    parse_cited(text, name, load).map(|cited| cited.rulebook)
}

/// Like [`parse`], with the source of every rule.
///
/// # Errors
/// As [`read`].
pub fn parse_cited(
    text: &str,
    name: &str,
    load: &mut dyn FnMut(&str) -> io::Result<String>,
) -> Result<Cited, Error> {
    let sink = Sink::default();
    let files = load::load(text, name, load, &sink);
    // A file that is not TOML, or not there, would make everything after it look wrong.
    let cited = if sink.is_empty() { schema::read(&files, &sink) } else { None };
    let mistakes = sink.resolve(&files);
    match cited {
        Some(cited) if mistakes.is_empty() => Ok(cited),
        _ => Err(Error::Mistakes(mistakes)),
    }
}
