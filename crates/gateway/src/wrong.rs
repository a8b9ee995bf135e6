//! What is wrong with a field, in parts, so that whoever shows it can say it in another language.

/// Why a field means nothing here. Its text is the sentence that is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It names something that is not there.
    #[error("there is no {what} {name:?}")]
    Absent {
        /// The kind of thing.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// It has another form.
    #[error("expected {expected}, found {found:?}")]
    Unexpected {
        /// What the field takes.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A number has more decimals than are counted here.
    #[error("{found:?} has more than {decimals} decimals")]
    TooFine {
        /// What stands there.
        found: String,
        /// The most decimals.
        decimals: u8,
    },
    /// A number is larger than can be counted.
    #[error("{found:?} is too large to be counted")]
    TooLarge {
        /// What stands there.
        found: String,
    },
    /// A price lies between two ticks.
    #[error("{found:?} is not a multiple of the tick {tick}")]
    OffTick {
        /// What stands there.
        found: String,
        /// The step of prices.
        tick: String,
    },
    /// It breaks a rule.
    #[error("{0}")]
    Broken(String),
}

impl Wrong {
    /// Nothing of this kind has this name.
    #[must_use]
    pub fn absent(what: &'static str, name: &str) -> Self {
        Self::Absent { what, name: name.to_owned() }
    }
}

impl From<&str> for Wrong {
    fn from(rule: &str) -> Self {
        Self::Broken(rule.to_owned())
    }
}

impl From<String> for Wrong {
    fn from(rule: String) -> Self {
        Self::Broken(rule)
    }
}
