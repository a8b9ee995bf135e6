//! The levels of one instrument.

use crate::orders::{NONE, Orders, Slot};
use base::{Price, Quantity, Side};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What stands at one price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Orders in the queue.
    pub orders: u32,
    /// What they show together.
    pub quantity: Quantity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Queue {
    front: u32,
    back: u32,
    level: Level,
}

/// Both sides of one instrument's book, or of its stop orders. It holds the levels; the orders are in [`Orders`], and
/// every call takes the same table.
///
/// A level's quantities must add up to a [`Quantity`]; an owner whose orders can be larger than 2^35 units asks
/// [`Book::has_room`] before [`Book::join`], which panics when they do not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    sides: [BTreeMap<i64, Queue>; 2],
}

/// The price as a key of which the least is the best.
const fn key(side: Side, price: Price) -> i64 {
    match side {
        Side::Buy => !price.0,
        Side::Sell => price.0,
    }
}

const fn price_of(side: Side, key: i64) -> Price {
    match side {
        Side::Buy => Price(!key),
        Side::Sell => Price(key),
    }
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn side(&self, side: Side) -> &BTreeMap<i64, Queue> {
        &self.sides[side as usize]
    }

    /// The order goes to the back of the queue at its price. A crossed book is allowed: in a call auction it is.
    pub fn join<T: Copy>(&mut self, orders: &mut Orders<T>, slot: Slot) {
        let order = orders.get(slot);
        let (left, key) = (order.left, key(order.side, order.price));
        let queue = self.sides[order.side as usize].entry(key).or_insert(Queue {
            front: NONE,
            back: NONE,
            level: Level::default(),
        });
        let back = queue.back;
        queue.back = slot.0;
        queue.level.orders += 1;
        queue.level.quantity.0 += left.0;
        if back == NONE {
            queue.front = slot.0;
        } else {
            orders.at_mut(Slot(back)).next = slot.0;
        }
        let order = orders.at_mut(slot);
        (order.before, order.next) = (back, NONE);
    }

    /// The order leaves its queue. It is not closed.
    pub fn leave<T: Copy>(&mut self, orders: &mut Orders<T>, slot: Slot) {
        let order = orders.get(slot);
        let (side, left, before, next) = (order.side, order.left, order.before, order.next);
        let key = key(side, order.price);
        let levels = &mut self.sides[side as usize];
        let Some(queue) = levels.get_mut(&key) else { return };
        queue.level.orders -= 1;
        queue.level.quantity.0 -= left.0;
        match Slot::link(before) {
            Some(before) => orders.at_mut(before).next = next,
            None => queue.front = next,
        }
        match Slot::link(next) {
            Some(next) => orders.at_mut(next).before = before,
            None => queue.back = before,
        }
        if queue.level.orders == 0 {
            levels.remove(&key);
        }
        let order = orders.at_mut(slot);
        (order.before, order.next) = (NONE, NONE);
    }

    /// Takes `by` (less than what is left) off an order, which keeps its place.
    pub fn reduce<T: Copy>(&mut self, orders: &mut Orders<T>, slot: Slot, by: Quantity) {
        let order = orders.at_mut(slot);
        order.left.0 -= by.0;
        let key = key(order.side, order.price);
        if let Some(queue) = self.sides[order.side as usize].get_mut(&key) {
            queue.level.quantity.0 -= by.0;
        }
    }

    /// Sets what is left of an order, which goes to the back of its queue: the next slice of an iceberg.
    pub fn refresh<T: Copy>(&mut self, orders: &mut Orders<T>, slot: Slot, left: Quantity) {
        self.leave(orders, slot);
        orders.at_mut(slot).left = left;
        self.join(orders, slot);
    }

    /// The best price of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Price> {
        self.side(side).keys().next().map(|key| price_of(side, *key))
    }

    /// The order of a side that is first in priority: best price, oldest.
    #[must_use]
    pub fn front(&self, side: Side) -> Option<Slot> {
        self.side(side).values().next().map(|queue| Slot(queue.front))
    }

    /// The order first in the queue at a price.
    #[must_use]
    pub fn front_at(&self, side: Side, price: Price) -> Option<Slot> {
        self.side(side).get(&key(side, price)).map(|queue| Slot(queue.front))
    }

    /// The order behind `slot` in the same queue.
    #[must_use]
    pub fn next<T: Copy>(&self, orders: &Orders<T>, slot: Slot) -> Option<Slot> {
        Slot::link(orders.get(slot).next)
    }

    /// The order that comes after `slot` in priority, at its price or at the next.
    #[must_use]
    pub fn onward<T: Copy>(&self, orders: &Orders<T>, slot: Slot) -> Option<Slot> {
        self.next(orders, slot).or_else(|| {
            let order = orders.get(slot);
            let worse = self.worse(order.side, order.price)?;
            self.front_at(order.side, worse)
        })
    }

    /// The best price of a side that is worse than `price`, whether or not anything stands at `price`.
    #[must_use]
    pub fn worse(&self, side: Side, price: Price) -> Option<Price> {
        use std::ops::Bound::{Excluded, Unbounded};
        let mut worse = self.side(side).range((Excluded(key(side, price)), Unbounded));
        worse.next().map(|(key, _)| price_of(side, *key))
    }

    /// What stands at a price.
    #[must_use]
    pub fn level(&self, side: Side, price: Price) -> Level {
        self.side(side).get(&key(side, price)).map(|queue| queue.level).unwrap_or_default()
    }

    /// Whether an order of this size can join at this price without the level's sum leaving its range.
    #[must_use]
    pub fn has_room(&self, side: Side, price: Price, left: Quantity) -> bool {
        self.level(side, price).quantity.plus(left).is_some()
    }

    /// The levels of a side, best first. The cost is that of the levels taken.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Level)> {
        self.side(side).iter().map(move |(key, queue)| (price_of(side, *key), queue.level))
    }

    /// Nothing stands on this side.
    #[must_use]
    pub fn is_empty(&self, side: Side) -> bool {
        self.side(side).is_empty()
    }
}
