//! What the venue keeps with an order of a book.

use super::Floor;
use crate::{Life, OrderKind, SelfTrade, Venue};
use base::{AccountId, Date, InstrumentId, OrderId, Price, Quantity, Side};
use book::{Order, Slot};
use serde::{Deserialize, Serialize};

/// Instruments that can be told apart in a ticket.
pub(crate) const INSTRUMENTS_MAX: usize = 1 << 20;

/// Where an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On its way: in no book.
    Under,
    /// In the book.
    Book,
    /// Among the stops.
    Stops,
    /// Waiting for the closing call.
    Closers,
}

/// Thirty-two bytes, so that an order fills one cache line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ticket {
    pub(super) account: AccountId,
    /// The instrument in the lower 20 bits, marks in the upper 12.
    what: u32,
    /// For a buy: minor units still set aside. For a sale: minor units of fee paid so far.
    pub(super) held: i64,
    /// What the fee runs on so far, see [`base::Tariff`].
    pub(super) base: i64,
    /// Units traded.
    pub(super) filled: Quantity,
}

const _: () = assert!(size_of::<Order<Ticket>>() == 64, "an order fills one cache line");

const LIFE: u32 = 20; // 3 bits
const SELF_TRADE: u32 = 23; // 3 bits
const PLACE: u32 = 26; // 2 bits
const MARKET: u32 = 1 << 28;
const POST_ONLY: u32 = 1 << 29;
const EXTRA: u32 = 1 << 30;

/// What only some orders have: those with a hidden part, a trigger, a minimum or a last day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Extra {
    /// Units not shown.
    pub(super) hidden: Quantity,
    /// Units shown at a time; zero: all.
    pub(super) display: Quantity,
    /// Ticks at which a stop comes to the book.
    pub(super) limit: Price,
    /// Units that a stop must trade at once.
    pub(super) minimum: Quantity,
    /// The last day.
    pub(super) until: Date,
}

impl Extra {
    pub(super) fn is_needed(&self) -> bool {
        *self != Self::default()
    }
}

impl Ticket {
    pub(super) fn new(order: &crate::EnterOrder, held: i64, extra: bool) -> Self {
        let life = match order.life {
            Life::Day => 0,
            Life::UntilCancelled => 1,
            Life::UntilDate(_) => 2,
            Life::Immediate => 3,
            Life::FillOrKill => 4,
            Life::AtOpen => 5,
            Life::AtClose => 6,
        };
        let mark = |set: bool, mark| if set { mark } else { 0 };
        let what = order.instrument.0
            | life << LIFE
            | (order.self_trade as u32) << SELF_TRADE
            | mark(order.kind == OrderKind::Market, MARKET)
            | mark(order.post_only, POST_ONLY)
            | mark(extra, EXTRA);
        Self { account: order.account, what, held, base: 0, filled: Quantity::ZERO }
    }

    pub(super) const fn instrument(&self) -> InstrumentId {
        InstrumentId(self.what & ((1 << LIFE) - 1))
    }

    /// The life; its last day, where it has one, stands in the [`Extra`].
    pub(super) const fn life(&self, until: Date) -> Life {
        match self.what >> LIFE & 7 {
            0 => Life::Day,
            1 => Life::UntilCancelled,
            2 => Life::UntilDate(until),
            3 => Life::Immediate,
            4 => Life::FillOrKill,
            5 => Life::AtOpen,
            _ => Life::AtClose,
        }
    }

    pub(super) const fn self_trade(&self) -> SelfTrade {
        match self.what >> SELF_TRADE & 7 {
            0 => SelfTrade::CancelIncoming,
            1 => SelfTrade::CancelResting,
            2 => SelfTrade::CancelBoth,
            3 => SelfTrade::Decrement,
            _ => SelfTrade::Allow,
        }
    }

    pub(super) const fn place(&self) -> Place {
        match self.what >> PLACE & 3 {
            0 => Place::Under,
            1 => Place::Book,
            2 => Place::Stops,
            _ => Place::Closers,
        }
    }

    pub(super) fn set_place(&mut self, place: Place) {
        self.what = self.what & !(3 << PLACE) | (place as u32) << PLACE;
    }

    pub(super) fn set_limit(&mut self) {
        self.what &= !MARKET;
    }

    pub(super) const fn is_market(&self) -> bool {
        self.what & MARKET != 0
    }

    pub(super) const fn is_post_only(&self) -> bool {
        self.what & POST_ONLY != 0
    }

    pub(super) const fn has_extra(&self) -> bool {
        self.what & EXTRA != 0
    }
}

/// An order of a book, as others may see it from within the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookOrder {
    /// Its number.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// Ticks; of a market order the worst price it may trade at.
    pub price: Price,
    /// Units that can still trade, hidden ones included.
    pub left: Quantity,
    /// Units of those that everyone sees; none while it waits.
    pub shown: Quantity,
    /// Units traded.
    pub filled: Quantity,
    /// How long it may stand.
    pub life: Life,
    /// Ticks; the price that a stop waits for.
    pub trigger: Option<Price>,
    /// It waits for the closing call.
    pub waits_for_close: bool,
    /// Still set aside for it: minor units of the currency for a buy, units of the asset for a sale.
    pub held: Quantity,
}

impl Floor {
    pub(super) fn extra(&self, slot: Slot) -> Extra {
        if self.orders.get(slot).owner.has_extra() {
            self.extras.get(&slot).copied().unwrap_or_default()
        } else {
            Extra::default()
        }
    }

    /// Units of an order that can still trade, hidden ones included.
    #[inline]
    pub(super) fn left(&self, slot: Slot) -> Quantity {
        let order = self.orders.get(slot);
        if order.owner.has_extra() { Quantity(order.left.0 + self.extra(slot).hidden.0) } else { order.left }
    }

    fn view(&self, slot: Slot, order: &Order<Ticket>) -> BookOrder {
        let (ticket, extra) = (&order.owner, self.extra(slot));
        let stops = ticket.place() == Place::Stops;
        let left = Quantity(order.left.0 + extra.hidden.0);
        BookOrder {
            order: self.orders.id(slot),
            account: ticket.account,
            instrument: ticket.instrument(),
            side: order.side,
            kind: if ticket.is_market() { OrderKind::Market } else { OrderKind::Limit },
            price: if stops { extra.limit } else { order.price },
            left,
            shown: if ticket.place() == Place::Book { order.left } else { Quantity::ZERO },
            filled: ticket.filled,
            life: ticket.life(extra.until),
            trigger: stops.then_some(Price(-order.price.0)),
            waits_for_close: ticket.place() == Place::Closers,
            held: if order.side == Side::Buy { Quantity(ticket.held) } else { left },
        }
    }
}

impl Venue {
    /// The order of a book with this number, while it stands or waits.
    #[must_use]
    pub fn book_order(&self, id: OrderId) -> Option<BookOrder> {
        let slot = self.floor.orders.find(id)?;
        Some(self.floor.view(slot, self.floor.orders.get(slot)))
    }

    /// Orders of all books, in the order of their places in the table.
    pub fn book_orders(&self) -> impl Iterator<Item = BookOrder> {
        self.floor.orders.iter().map(|(slot, order)| self.floor.view(slot, order))
    }

    /// The orders of a side of an instrument's book in their priority.
    pub fn queue(&self, id: InstrumentId, side: Side) -> impl Iterator<Item = BookOrder> {
        let floor = &self.floor;
        let pit = floor.pits.get(id.index());
        let first = pit.and_then(|pit| pit.book.front(side));
        let onward = move |slot: &Slot| pit.and_then(|pit| pit.book.onward(&floor.orders, *slot));
        std::iter::successors(first, onward).map(|slot| floor.view(slot, floor.orders.get(slot)))
    }

    /// The orders at one price of a side, the one that trades first in front.
    pub fn queue_at(&self, id: InstrumentId, side: Side, price: Price) -> impl Iterator<Item = BookOrder> {
        let floor = &self.floor;
        let pit = floor.pits.get(id.index());
        let first = pit.and_then(|pit| pit.book.front_at(side, price));
        let next = move |slot: &Slot| pit.and_then(|pit| pit.book.next(&floor.orders, *slot));
        std::iter::successors(first, next).map(|slot| floor.view(slot, floor.orders.get(slot)))
    }
}
