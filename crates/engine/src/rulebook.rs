//! A rulebook as the engine adopts it: the rules of every room, by the date from which they hold.

use base::Date;
use serde::{Deserialize, Serialize};

/// The rules of one market through time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rulebook {
    /// Short stable code of the market, for example `carbon-cn`.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// The currency in which it trades.
    pub currency: Unit,
    /// The unit in which its assets are counted.
    pub unit: Unit,
    /// Decimals of a price as people write it, and the tick in units of the last decimal.
    pub price: PriceFormat,
    /// At least one version, in order of `from`.
    pub versions: Vec<Version>,
}

/// A unit of the ledger and how people write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// `CNY`, `t`.
    pub code: String,
    /// Digits after the point: one unit of the ledger is `10^-decimals`.
    pub decimals: u8,
}

/// How a price in ticks is written as a decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceFormat {
    /// Digits after the point.
    pub decimals: u8,
    /// One tick, in units of the last digit.
    pub tick: i64,
}

/// The rules that hold from a date on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The first trading day under these rules.
    pub from: Date,
    /// Where they come from.
    pub source: String,
    /// Rules of the trading room.
    pub trading: trading::rules::Rules,
    /// Rules of the clearing room.
    pub clearing: clearing::rules::Rules,
    /// Rules of the registry.
    pub registry: registry::rules::Rules,
    /// Rules of supervision.
    pub supervision: supervision::rules::Rules,
}

impl Rulebook {
    /// The version in force on `date`; before the first version's date, the first.
    ///
    /// # Panics
    /// A rulebook without versions: [`crate::EngineRejection::VersionsNotRising`] keeps it out of the state.
    #[must_use]
    pub fn version_on(&self, date: Date) -> &Version {
        let after = self.versions.partition_point(|version| version.from <= date);
        &self.versions[after.saturating_sub(1)]
    }
}
