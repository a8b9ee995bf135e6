//! What a rulebook tells supervision.

use base::{Money, Quantity};
use serde::{Deserialize, Serialize};

/// The supervision rules of one market, as in force on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// A participant's position in one instrument above this raises an alert.
    pub position_limit: Option<PositionLimit>,
    /// Trades between accounts of one owner raise an alert; where "own" means the account alone, of one participant.
    pub self_trade: Option<CountRule>,
    /// Trades of one participant at the edge of the price band raise an alert.
    pub at_price_limit: Option<CountRule>,
    /// What manipulation is fined, where the rules say so: it stands beside the alerts.
    #[serde(default)]
    pub manipulation: Option<ManipulationFine>,
    /// An alert grows with what follows it on its day; else it stays as it was raised.
    #[serde(default)]
    pub grow: bool,
}

/// The fine on manipulation (操纵市场): multiples of the illegal gain, or a sum where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManipulationFine {
    /// The least multiple of the illegal gain.
    pub of_gain_least: i64,
    /// The greatest multiple of the illegal gain.
    pub of_gain_most: i64,
    /// The least sum where there is no gain.
    pub least: Money,
    /// The greatest sum where there is no gain.
    pub most: Money,
}

/// A limit on the position of one participant in one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionLimit {
    /// The greatest position without an alert, units.
    pub quantity: Quantity,
    /// What happens besides the alert.
    pub act: Act,
}

/// An alert from the `times`-th occurrence in a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountRule {
    /// How often in a day, for one participant and instrument, before it is raised.
    pub times: u32,
    /// What happens besides the alert.
    pub act: Act,
}

/// What happens besides an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Nothing: a person decides.
    #[default]
    AlertOnly,
    /// The instrument is halted. Where "own" means the owner: whoever acted is stopped, and the instrument is halted when a second
    /// owner does the same on the same day.
    HaltInstrument,
    /// The account that acted is frozen.
    FreezeAccount,
    /// Every account of the owner that acted is blocked from trading.
    StopOwner,
}
