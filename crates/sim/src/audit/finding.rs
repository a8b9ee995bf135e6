//! What an auditor finds.

use std::fmt;

/// What is wrong, by the invariant that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Holdings of an asset are not what was issued less what was retired, or not what the events made.
    Conservation,
    /// A bucket is below zero.
    Negative,
    /// What is set aside is not what stands and what is owed.
    Holds,
    /// Someone traded before someone who comes first.
    Priority,
    /// A trade at a price, in a quantity or between parties that the commands do not give.
    Trade,
    /// A fee that the schedule does not give.
    Fee,
    /// A trade without its obligation, an obligation without its settlement, or one that is not there.
    Legs,
    /// A record, or what came of it, is another one than it was.
    Finality,
    /// A command was taken that the rules refuse, or refused though they take it, or for another reason.
    Verdict,
    /// A session, a day or a rule came at another time than the calendar says, or something outlived its day.
    Calendar,
    /// A price list that the day's trades do not give.
    PriceList,
    /// An event that nothing led to, or one that is missing.
    Event,
    /// Something acknowledged is not there, or something never sent is.
    Lost,
    /// A replay, a snapshot or a restart ends in another state or digest.
    Digest,
    /// A repeated command did not get its first answer.
    Answer,
    /// Damage was not told, or something sound was called damaged.
    Damage,
    /// The node did something that it must not do: it refused to go on, or it broke down.
    Breakdown,
}

/// One thing that is wrong: the first is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The invariant.
    pub kind: Kind,
    /// The record at which it was found; 0 where it was none.
    pub record: u64,
    /// In words.
    pub text: String,
}

impl Finding {
    /// A finding whose record is filled in by who knows it.
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, record: 0, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)?;
        if self.record > 0 {
            write!(f, " at record {}", self.record)?;
        }
        write!(f, ": {}", self.text)
    }
}

impl std::error::Error for Finding {}

/// Nothing, or the first thing that is wrong.
pub type Found = Result<(), Finding>;

/// A finding where `right` is false.
pub(crate) fn check(right: bool, kind: Kind, text: impl FnOnce() -> String) -> Found {
    if right { Ok(()) } else { Err(Finding::new(kind, text())) }
}
