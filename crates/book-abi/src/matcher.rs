//! Matching as the benchmark wants it, over the venue's own book.

use crate::abi::{
    CANCEL_ACK, CANCEL_REJECT, Cancel, MODIFY_ACK, MODIFY_REJECT, Modify, NewOrder, ORDER_ACK, Report,
};
use base::{Price, Quantity, Side};
use book::{Book, Orders, Slot};
use std::collections::BTreeMap;

/// Where reports go.
pub trait Sink {
    /// Takes a report, waiting for room if there is none.
    fn push(&mut self, report: Report);
}

/// The caller's names below this have a place in a table; others, in a map.
const DENSE: u64 = 1 << 24;
/// Names that the table has room for from the start.
const NAMES: usize = 1 << 20;
/// Orders that the book has room for from the start.
const ORDERS: usize = 1 << 16;

/// The caller's names of orders, and where these stand. A name leads to the last place it was given, so who follows it
/// looks whether the order there has that name.
#[derive(Default)]
struct Names {
    table: Vec<u32>,
    others: BTreeMap<u64, u32>,
}

impl Names {
    fn set(&mut self, name: u64, place: u32) {
        if let Some(entry) = usize::try_from(name).ok().and_then(|name| self.table.get_mut(name)) {
            *entry = place;
        } else {
            self.set_beyond(name, place);
        }
    }

    #[cold]
    fn set_beyond(&mut self, name: u64, place: u32) {
        match usize::try_from(name) {
            Ok(index) if name < DENSE => {
                self.table.resize((index + 1).next_power_of_two(), u32::MAX);
                self.table[index] = place;
            }
            _ => {
                self.others.insert(name, place);
            }
        }
    }

    fn get(&self, name: u64) -> u32 {
        match usize::try_from(name).ok().and_then(|name| self.table.get(name)) {
            Some(place) => *place,
            None => self.others.get(&name).copied().unwrap_or(u32::MAX),
        }
    }
}

/// One instrument's orders, and who calls them what.
pub struct Matcher {
    orders: Orders<u64>,
    book: Book,
    names: Names,
}

impl Default for Matcher {
    fn default() -> Self {
        Self::new()
    }
}

const fn side_of(side: u8) -> Side {
    if side == 0 { Side::Buy } else { Side::Sell }
}

/// Quantities come as 32 bits and only get smaller.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
const fn narrow(quantity: Quantity) -> u32 {
    quantity.0 as u32
}

impl Matcher {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        let mut names = Names::default();
        names.table.resize(NAMES + 1, u32::MAX);
        Self { orders: Orders::with_capacity(ORDERS), book: Book::new(), names }
    }

    /// A message about this order will come: its line in the table of names can be on its way.
    #[inline]
    pub fn expect(&self, order_id: u64) {
        if let Some(entry) = usize::try_from(order_id).ok().and_then(|name| self.names.table.get(name)) {
            crate::prefetch_to_write(entry);
        }
    }

    /// Accepts an order, trades what crosses, and lets the rest stand, or cancels it.
    #[inline]
    pub fn new_order(&mut self, order: &NewOrder, sink: &mut impl Sink) {
        let &NewOrder { order_id, sequence, price, quantity, side, ioc, .. } = order;
        sink.push(Report::of_order(ORDER_ACK, side, sequence, order_id, price, quantity));
        let taker = Taker { order_id, sequence, side: side_of(side), price };
        let left = self.trade(taker, Quantity(i64::from(quantity)), sink);
        if left == Quantity::ZERO {
            return;
        }
        if ioc == 0 {
            let slot = self.orders.open(taker.side, Price(price), left, order_id);
            let Some(slot) = slot else { return };
            self.names.set(order_id, slot.place());
            self.book.join(&mut self.orders, slot);
        } else {
            sink.push(Report::of_order(CANCEL_ACK, side, sequence, order_id, price, narrow(left)));
        }
    }

    /// Takes an order out of the book.
    #[inline]
    pub fn cancel(&mut self, cancel: &Cancel, sink: &mut impl Sink) {
        let &Cancel { order_id, sequence } = cancel;
        let Some(slot) = self.find(order_id) else {
            sink.push(Report::of_order(CANCEL_REJECT, 0, sequence, order_id, 0, 0));
            return;
        };
        let order = self.orders.get(slot);
        let (side, price, left) = (order.side as u8, order.price.0, narrow(order.left));
        sink.push(Report::of_order(CANCEL_ACK, side, sequence, order_id, price, left));
        self.book.leave(&mut self.orders, slot);
        self.orders.close(slot);
    }

    /// Gives an order a new price and quantity, at the back of its queue, after trading what crosses now.
    #[inline]
    pub fn modify(&mut self, modify: &Modify, sink: &mut impl Sink) {
        let &Modify { order_id, sequence, price, quantity, .. } = modify;
        let Some(slot) = self.find(order_id) else {
            sink.push(Report::of_order(MODIFY_REJECT, 0, sequence, order_id, 0, 0));
            return;
        };
        let side = self.orders.get(slot).side;
        sink.push(Report::of_order(MODIFY_ACK, side as u8, sequence, order_id, price, quantity));
        self.book.leave(&mut self.orders, slot);
        let taker = Taker { order_id, sequence, side, price };
        let left = self.trade(taker, Quantity(i64::from(quantity)), sink);
        if left == Quantity::ZERO {
            self.orders.close(slot);
        } else {
            self.orders.amend(slot, Price(price), left);
            self.book.join(&mut self.orders, slot);
        }
    }

    #[inline]
    fn find(&self, order_id: u64) -> Option<Slot> {
        let slot = self.orders.at(self.names.get(order_id))?;
        (self.orders.get(slot).owner == order_id).then_some(slot)
    }

    /// Trades against the other side while it crosses, and says what is left.
    #[inline]
    fn trade(&mut self, taker: Taker, mut left: Quantity, sink: &mut impl Sink) -> Quantity {
        while left.0 > 0 && self.book.crosses(taker.side, Price(taker.price)) {
            left = self.fill(taker, left, sink);
        }
        left
    }

    /// Trades with the order that is first on the other side.
    #[inline(never)]
    fn fill(&mut self, taker: Taker, left: Quantity, sink: &mut impl Sink) -> Quantity {
        let Some(slot) = self.book.front(taker.side.opposite()) else { return left };
        let maker = self.orders.get(slot);
        let (standing, traded) = (maker.left, left.min(maker.left));
        sink.push(Report::of_trade(
            taker.sequence,
            maker.price.0,
            narrow(traded),
            maker.owner,
            taker.order_id,
        ));
        if traded < standing {
            self.book.reduce(&mut self.orders, slot, traded);
        } else {
            self.book.leave(&mut self.orders, slot);
            self.orders.close(slot);
        }
        Quantity(left.0 - traded.0)
    }

    /// The best price of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<i64> {
        self.book.best(side).map(|price| price.0)
    }

    /// What stands at a price.
    #[must_use]
    pub fn depth(&self, side: u8, price: i64) -> u64 {
        self.book.level(side_of(side), Price(price)).quantity.0.unsigned_abs()
    }
}

/// An order that comes in.
#[derive(Clone, Copy)]
struct Taker {
    order_id: u64,
    sequence: u64,
    side: Side,
    price: i64,
}
