//! Looks ahead. Nothing is decided here: what is read is thrown away, and only comes into the cache by it.

use super::check::reaches;
use crate::{EnterOrder, Venue};
use base::{AccountId, AssetId, InstrumentId, MarketId, OrderId, Side};

/// An order in the book that a command concerns, as it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meets {
    /// Whose it is.
    pub account: AccountId,
    /// What it trades.
    pub instrument: InstrumentId,
    /// Where that trades.
    pub market: MarketId,
    /// What is delivered.
    pub asset: AssetId,
    /// What is paid.
    pub currency: AssetId,
    /// Buy or sell.
    pub side: Side,
}

impl Venue {
    fn meets(&self, account: AccountId, id: InstrumentId, side: Side) -> Option<Meets> {
        let instrument = self.instrument(id)?;
        let (market, asset, currency) = (instrument.market, instrument.asset, instrument.currency);
        Some(Meets { account, instrument: id, market, asset, currency, side })
    }

    /// The order of a number.
    #[must_use]
    #[inline]
    pub fn glance_at(&self, id: OrderId) -> Option<Meets> {
        let order = self.floor.orders.get(self.floor.orders.find(id)?);
        self.meets(order.owner.account, order.owner.instrument(), order.side)
    }

    /// The orders beside one in its queue.
    #[must_use]
    #[inline]
    pub fn glance_beside(&self, id: OrderId) -> i64 {
        let orders = &self.floor.orders;
        let Some(slot) = orders.find(id) else { return 0 };
        let Some(pit) = self.floor.pits.get(orders.get(slot).owner.instrument().index()) else { return 0 };
        let beside = pit.book.neighbours(orders, slot).into_iter().flatten();
        beside.map(|slot| orders.get(slot).left.0).fold(0, i64::wrapping_add)
    }

    /// The last order of the queue that an order would join, and the first one that it would meet.
    #[must_use]
    #[inline]
    pub fn glance_for(&self, order: &EnterOrder) -> (i64, Option<Meets>) {
        let Some(pit) = self.floor.pits.get(order.instrument.index()) else { return (0, None) };
        let orders = &self.floor.orders;
        let against = order.side.opposite();
        let met = pit.book.best(against).filter(|best| reaches(order.side, order.price, *best));
        let met = met.and_then(|_| pit.book.front(against)).map(|slot| orders.get(slot).owner.account);
        if let Some(met) = met {
            return (0, self.meets(met, order.instrument, against));
        }
        let back = pit.book.back_at(order.side, order.price);
        (back.map_or(0, |slot| orders.get(slot).left.0), None)
    }
}
