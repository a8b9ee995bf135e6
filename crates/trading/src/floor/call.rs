//! Call auctions (集合竞价): orders collect, and at the end all that can trades at one price.
//!
//! The price is the one at which most trades; among those the one that leaves least unmatched; among those the nearest to the
//! last price, or the day's reference where nothing has traded; among two as near, the higher.

use super::fill::Meeting;
use super::{Indication, Pit, PostTrade};
use crate::{Event, Venue};
use base::{InstrumentId, Price, Quantity, Side};

/// A level as a call auction sees it, hidden units included.
type Crossed = (i64, i128);

impl Pit {
    /// The levels of a side that reach the other side's best price, best first.
    fn crossed(&self, side: Side, far: Price) -> Vec<Crossed> {
        let within = |price: &Price| super::check::reaches(side, *price, far);
        let hidden = |price: Price| self.hidden.get(&(side, price)).copied().unwrap_or_default();
        let levels = self.book.levels(side).take_while(|(price, _)| within(price));
        levels.map(|(price, level)| (price.0, i128::from(level.quantity.0) + hidden(price))).collect()
    }

    /// What a call auction would come to now.
    pub(super) fn equilibrium(&self, near: Price) -> Indication {
        let (Some(bid), Some(ask)) = (self.book.best(Side::Buy), self.book.best(Side::Sell)) else {
            return Indication::default();
        };
        if bid < ask {
            return Indication::default();
        }
        let (mut buys, sells) = (self.crossed(Side::Buy, ask), self.crossed(Side::Sell, bid));
        buys.reverse();
        let (lowest, highest) = (ask.0, bid.0);
        // Demand and supply change only at the prices of orders: between two of them one look is enough, at the ends of the gap
        // and at the price nearest to `near`.
        let around = |price: i64| [price.saturating_sub(1), price, price.saturating_add(1)];
        let mut candidates: Vec<i64> =
            buys.iter().chain(&sells).flat_map(|(price, _)| around(*price)).chain([near.0]).collect();
        candidates.retain(|price| (lowest..=highest).contains(price));
        candidates.sort_unstable();
        candidates.dedup();

        let mut demand: i128 = buys.iter().map(|(_, units)| units).sum();
        let mut supply = 0_i128;
        let (mut below, mut up_to) = (buys.iter().peekable(), sells.iter().peekable());
        let mut best: Option<((i128, i128, u64), i64, i128)> = None;
        for price in candidates {
            while let Some((_, units)) = below.next_if(|(level, _)| *level < price) {
                demand -= units;
            }
            while let Some((_, units)) = up_to.next_if(|(level, _)| *level <= price) {
                supply += units;
            }
            let (volume, imbalance) = (demand.min(supply), demand - supply);
            let rank = (-volume, imbalance.abs(), price.abs_diff(near.0));
            // Ascending prices: of two that rank alike the later one is the higher.
            if best.is_none_or(|(found, ..)| rank <= found) {
                best = Some((rank, price, imbalance));
            }
        }
        best.map_or(Indication::default(), |((volume, ..), price, imbalance)| Indication {
            price: Some(Price(price)),
            quantity: Quantity(i64::try_from(-volume).unwrap_or(i64::MAX)),
            imbalance,
        })
    }
}

impl Venue {
    /// Publishes what the call auction of an instrument would come to, where it runs and that has changed.
    pub(crate) fn indicate(&mut self, id: InstrumentId, after: &mut impl PostTrade) {
        let pit = &mut self.floor.pits[id.index()];
        if !pit.phase.is_call() {
            return;
        }
        let near = self.instruments[id.index()].last_or_reference();
        let indication = pit.equilibrium(near);
        if indication != pit.indicated {
            pit.indicated = indication;
            let Indication { price, quantity, imbalance } = indication;
            after.event(Event::CallIndicated { instrument: id, price, quantity, imbalance });
        }
    }

    /// Trades all that can at one price. Orders keep what is left of them, in their places.
    pub(super) fn uncross_call(&mut self, id: InstrumentId, after: &mut impl PostTrade) {
        let near = self.instruments[id.index()].last_or_reference();
        let Indication { price, quantity, .. } = self.floor.pits[id.index()].equilibrium(near);
        self.floor.pits[id.index()].indicated = Indication::default();
        after.event(Event::CallUncrossed { instrument: id, price, quantity });
        let Some(price) = price else { return };
        let tariff = after.tariff(&self.instruments[id.index()]);
        let mut left = quantity.0;
        while left > 0 {
            let book = &self.floor.pits[id.index()].book;
            let (Some(buy), Some(sell)) = (book.front(Side::Buy), book.front(Side::Sell)) else {
                unreachable!("what a call trades stands on both sides")
            };
            let shown = |slot| self.floor.orders.get(slot).left.0;
            let traded = Quantity(left.min(shown(buy)).min(shown(sell)));
            left -= traded.0;
            let account = |slot| self.floor.orders.get(slot).owner.account;
            let own = after.same_owner(account(buy), account(sell));
            self.fill(&Meeting { buy, sell, price, quantity: traded, aggressor: None, own }, &tariff, after);
            let stays = self.floor.left(buy) > traded;
            self.shorten(buy, traded, after);
            self.shorten(sell, traded, after);
            if stays {
                self.trim(buy, after);
            }
        }
    }
}
