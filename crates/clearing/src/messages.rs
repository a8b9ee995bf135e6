//! The doors of the clearing room.

use base::{Money, TradeId, rejections};
use serde::{Deserialize, Serialize};

/// What happened in clearing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A trade became an obligation of the same number.
    Novated {
        /// Which trade.
        trade: TradeId,
        /// Minor units on top of what the buyer pays.
        buyer_fee: Money,
        /// Minor units out of what the seller receives.
        seller_fee: Money,
    },
}

rejections! {
    /// Why an order cannot be cleared.
    pub enum ClearingRejection {
        /// Amount and fees together are more than can be counted.
        AmountTooLarge = "amount_too_large",
    }
}
