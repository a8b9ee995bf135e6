//! What can be wrong with a rulebook file, and where.

use crate::load::File;
use crate::tree::{At, Node};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

/// Why there is no rulebook.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("{file}: cannot be read")]
    Io {
        /// Its name as given.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Every mistake found, in order of file and line.
    #[error("{}", Lines(.0))]
    Mistakes(Vec<Mistake>),
}

struct Lines<'a>(&'a [Mistake]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

/// One mistake in a rulebook file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file as named to the reader, or by an `extends` relative to that.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The full path of the key, for example `version[1].trading.listing.band`; empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub what: What,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}", self.what)
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum What {
    /// The file is not TOML.
    #[error("not TOML: {0}")]
    Syntax(String),
    /// Something else than expected stands there.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What the key takes.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A key that must be there is not.
    #[error("missing from {table}: expected {expected}")]
    Missing {
        /// The table where it belongs, as its header is written.
        table: String,
        /// What the key takes.
        expected: String,
    },
    /// A key that no rule has.
    #[error("unknown key{}", .nearest.as_ref().map(|key| format!(", did you mean `{key}`?")).unwrap_or_default())]
    Unknown {
        /// The key that was probably meant.
        nearest: Option<String>,
    },
    /// The value has the right form and breaks a rule.
    #[error("{rule}, found {found}")]
    Broken {
        /// The rule.
        rule: String,
        /// What stands there.
        found: String,
    },
}

/// Where mistakes are gathered while reading goes on.
#[derive(Default)]
pub(crate) struct Sink {
    mistakes: RefCell<BTreeSet<(At, String, What)>>,
    /// Keys found missing so far, without the version, since what is missing from one is missing from those after it.
    missing: RefCell<BTreeSet<String>>,
}

impl Sink {
    pub(crate) fn is_empty(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }

    pub(crate) fn push(&self, at: At, key: &str, what: What) {
        self.mistakes.borrow_mut().insert((at, key.to_owned(), what));
    }

    pub(crate) fn unexpected(&self, node: &Node, expected: &str) {
        let what = What::Unexpected { expected: expected.to_owned(), found: node.describe() };
        self.push(node.at, &node.path, what);
    }

    pub(crate) fn broken(&self, node: &Node, rule: &str) {
        let what = What::Broken { rule: rule.to_owned(), found: node.describe() };
        self.push(node.at, &node.path, what);
    }

    /// A key missing from `table`.
    pub(crate) fn missing(&self, table: &Node, key: &str, expected: &str) {
        let what = What::Missing { table: table.header(), expected: expected.to_owned() };
        self.push(table.at, &table.child(key), what);
    }

    /// A key missing from `table` in the layers laid so far: only the first version without it is to blame.
    pub(crate) fn still_missing(&self, table: &Node, key: &str, expected: &str) {
        let path = table.child(key);
        let rule = match path.split_once('.') {
            // An entry of an array is its own.
            Some((version, rule)) if version.starts_with("version[") && !rule.contains(']') => rule,
            _ => &path,
        };
        if self.missing.borrow_mut().insert(rule.to_owned()) {
            self.missing(table, key, expected);
        }
    }

    /// Every mistake once, with lines and columns.
    pub(crate) fn resolve(self, files: &[File]) -> Vec<Mistake> {
        let place = |at: At| {
            let file = files.get(at.file)?;
            let before = file.text.get(..at.offset).unwrap_or(&file.text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Some((file.name.clone(), line, column))
        };
        let mistakes = self.mistakes.into_inner().into_iter().map(|(at, key, what)| {
            let (file, line, column) = place(at).unwrap_or_default();
            Mistake { file, line, column, key, what }
        });
        mistakes.collect()
    }
}
