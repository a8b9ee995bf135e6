//! Orders end: one by its owner, or many at once.

use super::PostTrade;
use crate::{CancelOrder, CancelRejection, End, Event, SetTradingBlocked, SweepRejection, Venue, Whose};
use base::{AccountId, InstrumentId, OrderId};
use book::Slot;

impl Venue {
    /// Whether a number is one of a book's orders; else it is a listing's.
    #[must_use]
    pub const fn is_book_order(id: OrderId) -> bool {
        id.0 >> 52 & 1 == 1
    }

    /// Cancels an order, at any time.
    ///
    /// # Errors
    /// See [`CancelRejection`].
    pub fn cancel_book_order(
        &mut self,
        cancel: &CancelOrder,
        after: &mut impl PostTrade,
    ) -> Result<(), CancelRejection> {
        let slot = self.floor.orders.find(cancel.order).ok_or(CancelRejection::OrderUnknown)?;
        let ticket = self.floor.orders.get(slot).owner;
        if ticket.account != cancel.account {
            return Err(CancelRejection::NotTheOwner);
        }
        self.end(slot, End::Withdrawn, after);
        self.indicate(ticket.instrument(), after);
        Ok(())
    }

    /// Ends the orders that `which` names, by owner and instrument, in the order of their places in the table.
    pub fn end_book_orders(
        &mut self,
        end: End,
        which: impl Fn(AccountId, InstrumentId) -> bool,
        after: &mut impl PostTrade,
    ) {
        let orders = self.floor.orders.iter();
        let slots: Vec<Slot> = orders
            .filter(|(_, order)| which(order.owner.account, order.owner.instrument()))
            .map(|(slot, _)| slot)
            .collect();
        self.end_these(slots, end, after);
    }

    /// Ends everything that stands or waits in an instrument.
    pub(super) fn end_all_of(&mut self, id: InstrumentId, after: &mut impl PostTrade) {
        self.end_these(self.floor.slots_of(id), End::Removed, after);
    }

    fn end_these(&mut self, slots: Vec<Slot>, end: End, after: &mut impl PostTrade) {
        let mut touched = Vec::new();
        for slot in slots {
            touched.push(self.floor.orders.get(slot).owner.instrument());
            self.end(slot, end, after);
        }
        touched.sort_unstable();
        touched.dedup();
        for id in touched {
            self.indicate(id, after);
        }
    }

    /// Blocks an account or a firm from trading, or frees it. Ending its orders is the engine's next step.
    ///
    /// # Errors
    /// See [`SweepRejection`].
    pub fn set_trading_blocked(
        &mut self,
        command: &SetTradingBlocked,
        after: &mut impl PostTrade,
    ) -> Result<(), SweepRejection> {
        let &SetTradingBlocked { of, blocked, .. } = command;
        if of == Whose::Everyone {
            return Err(SweepRejection::NotEveryone);
        }
        let set = &mut self.floor.blocked;
        let changed = if blocked { set.insert(of) } else { set.remove(&of) };
        if !changed {
            return Err(SweepRejection::NothingToDo);
        }
        after.event(Event::TradingBlockedSet { of, blocked });
        Ok(())
    }

    /// Accounts and firms that are blocked from trading.
    pub fn blocked(&self) -> impl Iterator<Item = Whose> {
        self.floor.blocked.iter().copied()
    }
}
