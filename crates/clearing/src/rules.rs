//! What a rulebook tells the clearing room.

use base::{Method, Money, Tariff};
use serde::{Deserialize, Serialize};

/// The clearing rules of one market, as in force on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// How trades become obligations.
    pub settlement: Settlement,
    /// Fees by method, in the order of [`Method::ALL`].
    pub fees: [FeeRule; 3],
    /// Fees of orders on a book, by what they are to a trade.
    #[serde(default)]
    pub book: Tariff,
}

impl Rules {
    /// The fees on trades of one method.
    #[must_use]
    pub fn fee(&self, method: Method) -> &FeeRule {
        &self.fees[method.index()]
    }
}

/// How trades become obligations. Netting cycles will stand beside gross settlement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// Each trade is one obligation, fulfilled at once (delivery versus payment, model 1).
    #[default]
    Gross,
}

/// What each side of a trade pays the venue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeRule {
    /// On top of the price.
    pub buyer: FeeSchedule,
    /// Out of the proceeds.
    pub seller: FeeSchedule,
}

/// A fee on the amount that an order has traded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeSchedule {
    /// Millionths of the amount, rounded half-up.
    pub rate_ppm: i64,
    /// At least this for an order that has traded at all.
    pub least: Money,
    /// At most this for an order.
    pub most: Option<Money>,
}
