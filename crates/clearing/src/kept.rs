//! Trades as they stand, for as long as they can be taken back or corrected.
//!
//! A market keeps the trades of a day in the order in which they were made, in blocks of [`BLOCK`], so that a busy day moves none of
//! them in memory; a day is dropped whole when its time is over. A market whose rules know no corrections keeps nothing.

use crate::rules::Rules;
use base::{AccountId, Date, Fill, InstrumentId, Method, Money, Price, Quantity, Side, Trade, TradeId};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Trades a block.
const BLOCK: usize = 4_096;

/// A trade as it stands: eighty bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its number.
    pub trade: TradeId,
    /// Ticks.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
    /// What the buyer paid the venue; below zero: was paid.
    pub buyer_fee: Money,
    /// What the seller paid the venue; below zero: was paid.
    pub seller_fee: Money,
    /// What the fees of either side ran on before this trade: of an order of a book its base, of all others minor units traded.
    pub(crate) bases: (i64, i64),
    /// Minor units of fees that a selling order of a book had paid before.
    pub(crate) seller_paid: i64,
    /// What was traded.
    pub instrument: InstrumentId,
    /// Got the asset.
    pub buyer: AccountId,
    /// Got the money.
    pub seller: AccountId,
    /// How.
    pub method: Method,
    /// The side that came in, of a fill outside a call auction.
    pub(crate) aggressor: Option<Side>,
    /// An owner traded with itself, and that moves no price.
    pub own: bool,
    /// It was taken back.
    pub busted: bool,
}

impl Kept {
    pub(crate) fn of_trade(trade: &Trade, (buyer_fee, seller_fee): (Money, Money)) -> Self {
        Self {
            trade: trade.id,
            price: trade.price,
            quantity: trade.quantity,
            buyer_fee,
            seller_fee,
            bases: (trade.buyer.traded_before.0, trade.seller.traded_before.0),
            seller_paid: 0,
            instrument: trade.instrument,
            buyer: trade.buyer.account,
            seller: trade.seller.account,
            method: trade.method,
            aggressor: None,
            own: false,
            busted: false,
        }
    }

    #[inline]
    pub(crate) fn of_fill(fill: &Fill) -> Self {
        Self {
            trade: fill.id,
            price: fill.price,
            quantity: fill.quantity,
            buyer_fee: fill.buyer.fee,
            seller_fee: fill.seller.fee,
            bases: (fill.buyer.base, fill.seller.base),
            seller_paid: fill.seller_paid,
            instrument: fill.instrument,
            buyer: fill.buyer.account,
            seller: fill.seller.account,
            method: Method::Continuous,
            aggressor: fill.aggressor,
            own: fill.own,
            busted: false,
        }
    }
}

/// The trades of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Day {
    date: Date,
    /// The rules by which its trades paid.
    rules: Rules,
    /// Trading days that have to end before this one is dropped.
    ends: u32,
    blocks: Vec<Vec<Kept>>,
}

/// The trades of a market that can be corrected, by day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptTrades {
    /// How many trading days end before a trade of today is dropped; none: nothing is kept.
    window: Option<u32>,
    days: VecDeque<Day>,
}

impl KeptTrades {
    /// From now on trades are kept until so many trading days have ended.
    pub(crate) fn set_window(&mut self, window: Option<u32>) {
        self.window = window;
    }

    /// Keeps a trade of a day, behind all that were made before.
    #[inline]
    pub(crate) fn keep(&mut self, date: Date, rules: &Rules, kept: impl FnOnce() -> Kept) {
        let Some(window) = self.window else { return };
        match self.days.back_mut() {
            Some(day) if day.date == date => day.push(kept()),
            _ => {
                let mut day = Day { date, rules: rules.clone(), ends: window, blocks: Vec::new() };
                day.push(kept());
                self.days.push_back(day);
            }
        }
    }

    /// A trading day ended: days whose time is over are dropped.
    pub(crate) fn end_day(&mut self) {
        self.days.iter_mut().for_each(|day| day.ends = day.ends.saturating_sub(1));
        self.days.retain(|day| day.ends > 0);
    }

    /// The trade with a number, while it is kept: its day, the rules of that day, and how it stands.
    pub(crate) fn find(&self, trade: TradeId) -> Option<(Date, &Rules, &Kept)> {
        self.days.iter().find_map(|day| Some((day.date, &day.rules, day.find(trade)?)))
    }

    pub(crate) fn find_mut(&mut self, trade: TradeId) -> Option<&mut Kept> {
        self.days.iter_mut().find_map(|day| day.find_mut(trade))
    }

    /// The trades of a day that stand, in the order in which they were made.
    pub(crate) fn standing(&self, date: Date) -> impl Iterator<Item = &Kept> {
        let days = self.days.iter().filter(move |day| day.date == date);
        days.flat_map(|day| day.blocks.iter().flatten()).filter(|kept| !kept.busted)
    }

    /// All trades that are kept, in the order in which they were made, with their days.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Date, &Kept)> {
        self.days.iter().flat_map(|day| day.blocks.iter().flatten().map(|kept| (day.date, kept)))
    }
}

impl Day {
    #[inline]
    fn push(&mut self, kept: Kept) {
        match self.blocks.last_mut() {
            Some(block) if block.len() < BLOCK => block.push(kept),
            _ => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(kept);
                self.blocks.push(block);
            }
        }
    }

    /// The block in which a trade would stand, and its place there.
    fn place(&self, trade: TradeId) -> Option<(usize, usize)> {
        let after =
            self.blocks.partition_point(|block| block.first().is_some_and(|first| first.trade <= trade));
        let block = after.checked_sub(1)?;
        let place = self.blocks[block].binary_search_by_key(&trade, |kept| kept.trade).ok()?;
        Some((block, place))
    }

    fn find(&self, trade: TradeId) -> Option<&Kept> {
        let (block, place) = self.place(trade)?;
        self.blocks[block].get(place)
    }

    fn find_mut(&mut self, trade: TradeId) -> Option<&mut Kept> {
        let (block, place) = self.place(trade)?;
        self.blocks[block].get_mut(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(id: u64) -> Kept {
        Kept {
            trade: TradeId(id),
            price: Price(1),
            quantity: Quantity(1),
            buyer_fee: Money::ZERO,
            seller_fee: Money::ZERO,
            bases: (0, 0),
            seller_paid: 0,
            instrument: InstrumentId(0),
            buyer: AccountId(1),
            seller: AccountId(2),
            method: Method::Listed,
            aggressor: None,
            own: false,
            busted: false,
        }
    }

    #[test]
    fn trades_are_found_across_blocks_and_days_until_their_day_is_dropped() {
        let mut all = KeptTrades::default();
        let rules = Rules::default();
        all.keep(Date(0), &rules, || unreachable!("nothing is kept without a window"));
        all.set_window(Some(2));
        // Other markets have the numbers between.
        let per_day = BLOCK as u64 + 3;
        for n in 0..per_day {
            all.keep(Date(1), &rules, || kept(10 + 2 * n));
        }
        assert_eq!(all.find(TradeId(9)), None);
        assert_eq!(all.find(TradeId(11)), None);
        for n in [0, 1, BLOCK as u64 - 1, BLOCK as u64, per_day - 1] {
            let (date, _, found) = all.find(TradeId(10 + 2 * n)).unwrap();
            assert_eq!((date, found.trade), (Date(1), TradeId(10 + 2 * n)));
        }
        assert_eq!(all.find(TradeId(10 + 2 * per_day)), None);
        all.find_mut(TradeId(10)).unwrap().busted = true;
        assert_eq!(all.standing(Date(1)).count() as u64, per_day - 1);
        all.end_day();
        all.keep(Date(2), &rules, || kept(1_000_000));
        assert!(all.find(TradeId(10)).is_some());
        all.end_day();
        assert_eq!(all.find(TradeId(10)), None);
        assert!(all.find(TradeId(1_000_000)).is_some());
        all.end_day();
        assert_eq!(all.iter().count(), 0);
    }

    #[test]
    fn a_trade_is_eighty_bytes() {
        assert_eq!(size_of::<Kept>(), 80);
    }
}
