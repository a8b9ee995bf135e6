//! The board of listings of an instrument: how much stands at which price.

use base::{Price, Quantity, Side};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What stands at one price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Level {
    orders: u32,
    quantity: i128,
}

/// Both sides of a board.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Board {
    buy: BTreeMap<Price, Level>,
    sell: BTreeMap<Price, Level>,
}

impl Board {
    fn side(&mut self, side: Side) -> &mut BTreeMap<Price, Level> {
        match side {
            Side::Buy => &mut self.buy,
            Side::Sell => &mut self.sell,
        }
    }

    pub(crate) fn add(&mut self, side: Side, price: Price, quantity: Quantity) {
        let level = self.side(side).entry(price).or_default();
        level.orders += 1;
        level.quantity += i128::from(quantity.0);
    }

    /// Takes `quantity` off a level; `last` when the order that stood there is used up.
    pub(crate) fn reduce(&mut self, side: Side, price: Price, quantity: Quantity, last: bool) {
        let levels = self.side(side);
        let level = levels.entry(price).or_default();
        level.quantity -= i128::from(quantity.0);
        level.orders -= u32::from(last);
        if level.orders == 0 {
            levels.remove(&price);
        }
    }

    /// Whether `price` is among the `count` best prices of a side.
    pub(crate) fn is_among_best(&self, side: Side, price: Price, count: u32) -> bool {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        match side {
            Side::Buy => self.buy.keys().rev().take(count).any(|&best| best == price),
            Side::Sell => self.sell.keys().take(count).any(|&best| best == price),
        }
    }
}
