//! An order comes in; what does not trade at once rests, waits or ends.

use super::ticket::{Extra, Place, Ticket};
use super::{Incoming, PostTrade};
use crate::{End, EnterOrder, Event, Life, OrderKind, Phase, Venue};
use base::{Date, Hold, InstrumentId, OrderId, Price, Quantity, Side, Timestamp};
use book::Slot;

impl Venue {
    /// Takes in an order that was checked and for which its hold was set aside. Returns its number.
    pub fn enter(
        &mut self,
        now: Timestamp,
        order: &EnterOrder,
        incoming: &Incoming,
        after: &mut impl PostTrade,
    ) -> OrderId {
        let &EnterOrder { account, instrument: id, side, quantity, minimum, .. } = order;
        let Incoming { price, hold } = *incoming;
        let extra = Some(order).filter(|order| may_need_extra(order)).map(|order| extra_of(order, price));
        let extra = extra.filter(Extra::is_needed);
        let held = if side == Side::Buy { hold.quantity.0 } else { 0 };
        let ticket = Ticket::new(order, held, extra.is_some());
        let Some(slot) = self.floor.orders.open(side, price, quantity, ticket) else {
            unreachable!("the table has room for twice the orders that may stand")
        };
        if let Some(extra) = extra {
            self.floor.extras.insert(slot, extra);
        }
        let number = self.floor.orders.id(slot);
        self.count_act(id, account, now);
        after.event(Event::OrderEntered { order: number, account, instrument: id, side, price, quantity });
        let phase = self.floor.pits[id.index()].phase;
        if order.trigger != Price::ZERO {
            self.wait_for_price(slot, order.trigger, after);
        } else if order.life == Life::AtClose && phase != Phase::ClosingCall {
            self.wait_for_close(slot, after);
        } else if phase == Phase::Continuous {
            self.strike(now, slot, minimum, after);
            self.trigger_stops(now, id, after);
        } else {
            self.rest(slot, after);
            self.indicate(id, after);
        }
        number
    }

    fn wait_for_price(&mut self, slot: Slot, trigger: Price, after: &mut impl PostTrade) {
        let floor = &mut self.floor;
        let order = floor.orders.get(slot);
        let (id, left) = (order.owner.instrument(), order.left);
        floor.orders.reprice(slot, Price(-trigger.0), left);
        floor.orders.owner_mut(slot).set_place(Place::Stops);
        floor.pits[id.index()].stops.join(&mut floor.orders, slot);
        after.event(Event::OrderWaits { order: floor.orders.id(slot) });
    }

    fn wait_for_close(&mut self, slot: Slot, after: &mut impl PostTrade) {
        let floor = &mut self.floor;
        let id = floor.orders.get(slot).owner.instrument();
        floor.orders.owner_mut(slot).set_place(Place::Closers);
        floor.pits[id.index()].closers.join(&mut floor.orders, slot);
        after.event(Event::OrderWaits { order: floor.orders.id(slot) });
    }

    /// The order joins the book, showing what it shows; of what was set aside it keeps what it can still need.
    pub(super) fn rest(&mut self, slot: Slot, after: &mut impl PostTrade) {
        let floor = &mut self.floor;
        let order = floor.orders.get(slot);
        let (side, price, all) = (order.side, order.price, order.left);
        let id = order.owner.instrument();
        if order.owner.has_extra()
            && let Some(extra) = floor.extras.get_mut(&slot)
            && extra.display.is_positive()
        {
            let shown = all.min(extra.display);
            extra.hidden = Quantity(all.0 - shown.0);
            floor.orders.reprice(slot, price, shown);
            let hidden = extra.hidden;
            floor.hide(id, side, price, hidden.0);
        }
        floor.orders.owner_mut(slot).set_place(Place::Book);
        floor.pits[id.index()].book.join(&mut floor.orders, slot);
        let order = floor.orders.get(slot);
        let rested = Event::OrderRested {
            order: floor.orders.id(slot),
            instrument: id,
            price: order.price,
            shown: order.left,
        };
        let traded = order.owner.filled.is_positive();
        after.event(rested);
        if traded {
            self.trim(slot, after);
        }
    }

    /// Gives back what a buyer has set aside and cannot need any more.
    pub(super) fn trim(&mut self, slot: Slot, after: &mut impl PostTrade) {
        let order = self.floor.orders.get(slot);
        if order.side == Side::Sell {
            return;
        }
        let (price, ticket) = (order.price, order.owner);
        let instrument = &self.instruments[ticket.instrument().index()];
        let left = self.floor.left(slot);
        // Fees may have risen since: then all of what was set aside is kept, and bounds them.
        let needed = after.tariff(instrument).hold(ticket.base, price, left, instrument.tick_value);
        let excess = needed.map_or(0, |needed| ticket.held - needed.0);
        if excess > 0 {
            self.floor.orders.owner_mut(slot).held -= excess;
            let (account, asset) = (ticket.account, instrument.currency);
            after.release(Hold { account, asset, quantity: Quantity(excess) });
        }
    }

    /// The order leaves whatever book it is in, with what is left of it. It stays open.
    pub(super) fn take_out(&mut self, slot: Slot) {
        let floor = &mut self.floor;
        let order = floor.orders.get(slot);
        let (side, price, place) = (order.side, order.price, order.owner.place());
        let pit = &mut floor.pits[order.owner.instrument().index()];
        match place {
            Place::Under => {}
            Place::Book => pit.book.leave(&mut floor.orders, slot),
            Place::Stops => pit.stops.leave(&mut floor.orders, slot),
            Place::Closers => pit.closers.leave(&mut floor.orders, slot),
        }
        if place == Place::Book && floor.orders.get(slot).owner.has_extra() {
            let (id, hidden) = (floor.orders.get(slot).owner.instrument(), floor.extra(slot).hidden);
            floor.hide(id, side, price, -hidden.0);
        }
        floor.orders.owner_mut(slot).set_place(Place::Under);
    }

    /// The order ends with what is left of it; what was set aside for that is given back.
    pub(super) fn end(&mut self, slot: Slot, end: End, after: &mut impl PostTrade) {
        self.take_out(slot);
        let left = self.floor.left(slot);
        after.event(Event::OrderEnded { order: self.floor.orders.id(slot), left, end });
        if self.floor.orders.get(slot).side == Side::Sell && left.is_positive() {
            let ticket = self.floor.orders.get(slot).owner;
            let asset = self.instruments[ticket.instrument().index()].asset;
            after.release(Hold { account: ticket.account, asset, quantity: left });
        }
        self.close(slot, after);
    }

    /// The order is over, in no book and with nothing left: its slot is free, and what a buyer did not need is given back.
    pub(super) fn close(&mut self, slot: Slot, after: &mut impl PostTrade) {
        let order = self.floor.orders.get(slot);
        let (side, ticket) = (order.side, order.owner);
        if side == Side::Buy && ticket.held > 0 {
            let asset = self.instruments[ticket.instrument().index()].currency;
            after.release(Hold { account: ticket.account, asset, quantity: Quantity(ticket.held) });
        }
        if ticket.has_extra() {
            self.floor.extras.remove(&slot);
        }
        self.floor.orders.close(slot);
    }
}

impl super::Floor {
    /// Keeps count of what icebergs hide at a level.
    pub(super) fn hide(&mut self, id: InstrumentId, side: Side, price: Price, units: i64) {
        if units == 0 {
            return;
        }
        let hidden = &mut self.pits[id.index()].hidden;
        let level = hidden.entry((side, price)).or_default();
        *level += i128::from(units);
        if *level == 0 {
            hidden.remove(&(side, price));
        }
    }
}

/// Most orders have nothing that only some have, and it is quicker to see that than to look at each of it.
fn may_need_extra(order: &EnterOrder) -> bool {
    !order.is_plain() || matches!(order.life, Life::UntilDate(_))
}

#[inline(never)]
fn extra_of(order: &EnterOrder, price: Price) -> Extra {
    let stop = order.trigger != Price::ZERO;
    Extra {
        hidden: Quantity::ZERO,
        display: order.display,
        limit: if stop { price } else { Price::ZERO },
        minimum: if stop { order.minimum } else { Quantity::ZERO },
        until: if let Life::UntilDate(date) = order.life { date } else { Date::default() },
    }
}

/// Whether what does not trade at once may stand, in continuous trading.
pub(super) fn may_stand(life: Life, kind: OrderKind) -> bool {
    kind == OrderKind::Limit && life.stands()
}
