//! Looks ahead. Nothing is decided here: what is read is thrown away, and only comes into the cache by it. So it is short: the less
//! there is to do for each order, the more of them the processor waits for at once.

use super::check::reaches;
use crate::{EnterOrder, Venue};
use base::{AccountId, AssetId, OrderId};
use book::Slot;

impl Venue {
    /// The place of an order in the table.
    #[must_use]
    #[inline]
    pub fn glance_at(&self, id: OrderId) -> i64 {
        self.floor.orders.glance(id).map_or(0, |order| order.left.0)
    }

    /// The orders beside it in its queue, and whose it is and what is set aside for it.
    #[must_use]
    #[inline]
    pub fn glance_beside(&self, id: OrderId) -> Option<(i64, AccountId, AssetId)> {
        let order = self.floor.orders.glance(id)?;
        let instrument = self.instruments.get(order.owner.instrument().index())?;
        let asset = [instrument.currency, instrument.asset][order.side as usize];
        Some((self.floor.orders.glance_beside(order), order.owner.account, asset))
    }

    /// What an order sets aside: the asset of its side.
    #[must_use]
    #[inline]
    pub fn glance_asset(&self, order: &EnterOrder) -> Option<AssetId> {
        let instrument = self.instruments.get(order.instrument.index())?;
        Some([instrument.currency, instrument.asset][order.side as usize])
    }

    /// The first order that an order would meet.
    ///
    /// # Errors
    /// It would meet none: what the last order of the queue that it would join has left.
    #[inline]
    pub fn glance_for(&self, order: &EnterOrder) -> Result<Slot, i64> {
        let Some(pit) = self.floor.pits.get(order.instrument.index()) else { return Err(0) };
        let against = order.side.opposite();
        let met = pit.book.best(against).filter(|best| reaches(order.side, order.price, *best));
        if let Some(slot) = met.and_then(|_| pit.book.front(against)) {
            return Ok(slot);
        }
        let back = pit.book.back_at(order.side, order.price);
        Err(back.map_or(0, |slot| self.floor.orders.get(slot).left.0))
    }

    /// Whose the order in a slot is.
    #[must_use]
    #[inline]
    pub fn glance_owner(&self, slot: Slot) -> AccountId {
        self.floor.orders.get(slot).owner.account
    }
}
