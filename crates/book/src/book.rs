//! The levels of one instrument.

use crate::ladder::{Ladder, NONE, Way};
use crate::orders::{Orders, Slot};
use base::{Price, Quantity, Side};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// What stands at one price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Orders in the queue.
    pub orders: u32,
    /// What they show together.
    pub quantity: Quantity,
}

/// A level and its queue. A vacant one is all zero but for `back`, which leads to the next vacant one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Queue {
    front: u32,
    back: u32,
    orders: u32,
    quantity: i64,
}

/// The best level of a side.
#[derive(Clone, Copy, Debug)]
struct Best {
    key: u64,
    queue: u32,
}

impl Best {
    const NONE: Self = Self { key: u64::MAX, queue: NONE };
}

/// Both sides of one instrument's book, or of its stop orders. It holds the levels; the orders are in [`Orders`], and
/// every call takes the same table.
///
/// A level's quantities must add up to a [`Quantity`]; an owner whose orders can be larger than 2^35 units asks
/// [`Book::has_room`] before [`Book::join`], which panics when they do not.
#[derive(Clone)]
pub struct Book {
    best: [Best; 2],
    queues: Vec<Queue>,
    /// The first vacant queue.
    vacant: u32,
    ladder: Ladder,
}

impl Default for Book {
    fn default() -> Self {
        Self { best: [Best::NONE; 2], queues: Vec::new(), vacant: NONE, ladder: Ladder::default() }
    }
}

/// The price as a key of which the least is the best.
#[inline]
const fn key(side: Side, price: Price) -> u64 {
    let mirror = match side {
        Side::Buy => i64::MAX,
        Side::Sell => i64::MIN,
    };
    (price.0 ^ mirror).cast_unsigned()
}

#[inline]
const fn price_of(side: Side, key: u64) -> Price {
    let mirror = match side {
        Side::Buy => i64::MAX,
        Side::Sell => i64::MIN,
    };
    Price(key.cast_signed() ^ mirror)
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The order goes to the back of the queue at its price. A crossed book is allowed: in a call auction it is.
    #[inline]
    pub fn join<T: Copy>(&mut self, orders: &mut Orders<T>, slot: Slot) {
        let order = orders.get(slot);
        let (side, left) = (order.side, order.left);
        let key = key(side, order.price);
        let way = self.ladder.lay(side, key);
        let mut place = self.ladder.level(way, key);
        if place == NONE {
            place = self.open(side, key, way);
            self.queues[place as usize] = Queue { front: slot.0, back: slot.0, orders: 1, quantity: left.0 };
            let best = &mut self.best[side as usize];
            if key <= best.key {
                *best = Best { key, queue: place };
            }
            return;
        }
        let queue = &mut self.queues[place as usize];
        let back = queue.back;
        queue.back = slot.0;
        queue.orders += 1;
        queue.quantity += left.0;
        orders.at_mut(Slot(back)).next = slot.0;
        orders.at_mut(slot).before = back;
    }

    #[inline]
    fn open(&mut self, side: Side, key: u64, way: Way) -> u32 {
        if self.vacant == NONE {
            self.queues.push(Queue { front: 0, back: NONE, orders: 0, quantity: 0 });
            self.vacant = u32::try_from(self.queues.len() - 1).unwrap_or(NONE); // fewer than orders, so below 2^28
        }
        let place = self.vacant;
        self.vacant = self.queues[place as usize].back;
        self.ladder.set(side, key, way, place);
        place
    }

    /// The order leaves its queue. It is not closed.
    #[inline]
    pub fn leave<T: Copy>(&mut self, orders: &mut Orders<T>, slot: Slot) {
        let order = orders.at_mut(slot);
        let (side, left, before, next) = (order.side, order.left, order.before, order.next);
        (order.before, order.next) = (NONE, NONE);
        let key = key(side, order.price);
        let Some(way) = self.ladder.way(side, key) else { return };
        let place = self.ladder.level(way, key);
        let queue = &mut self.queues[place as usize];
        queue.orders -= 1;
        queue.quantity -= left.0;
        match Slot::link(before) {
            Some(before) => orders.at_mut(before).next = next,
            None => queue.front = next,
        }
        match Slot::link(next) {
            Some(next) => orders.at_mut(next).before = before,
            None => queue.back = before,
        }
        if queue.orders == 0 {
            queue.back = self.vacant;
            self.vacant = place;
            self.ladder.clear(side, key, way);
            if self.best[side as usize].queue == place {
                self.best[side as usize] =
                    self.ladder.seek(side, key).map_or(Best::NONE, |(key, queue)| Best { key, queue });
            }
        }
    }

    /// Takes `by` (less than what is left) off an order, which keeps its place.
    #[inline]
    pub fn reduce<T: Copy>(&mut self, orders: &mut Orders<T>, slot: Slot, by: Quantity) {
        let order = orders.at_mut(slot);
        order.left.0 -= by.0;
        let place = self.ladder.find(order.side, key(order.side, order.price));
        if let Some(queue) = self.queues.get_mut(place as usize) {
            queue.quantity -= by.0;
        }
    }

    /// Sets what is left of an order, which goes to the back of its queue: the next slice of an iceberg.
    pub fn refresh<T: Copy>(&mut self, orders: &mut Orders<T>, slot: Slot, left: Quantity) {
        self.leave(orders, slot);
        orders.at_mut(slot).left = left;
        self.join(orders, slot);
    }

    /// The best price of a side.
    #[inline]
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Price> {
        let best = self.best[side as usize];
        (best.queue != NONE).then(|| price_of(side, best.key))
    }

    /// The order of a side that is first in priority: best price, oldest.
    #[inline]
    #[must_use]
    pub fn front(&self, side: Side) -> Option<Slot> {
        self.queues.get(self.best[side as usize].queue as usize).map(|queue| Slot(queue.front))
    }

    /// The order first in the queue at a price.
    #[must_use]
    pub fn front_at(&self, side: Side, price: Price) -> Option<Slot> {
        self.queue(side, price).map(|queue| Slot(queue.front))
    }

    #[inline]
    fn queue(&self, side: Side, price: Price) -> Option<&Queue> {
        self.queues.get(self.ladder.find(side, key(side, price)) as usize)
    }

    /// The order behind `slot` in the same queue.
    #[inline]
    #[must_use]
    pub fn next<T: Copy>(&self, orders: &Orders<T>, slot: Slot) -> Option<Slot> {
        Slot::link(orders.get(slot).next)
    }

    /// The order that comes after `slot` in priority, at its price or at the next.
    #[must_use]
    pub fn onward<T: Copy>(&self, orders: &Orders<T>, slot: Slot) -> Option<Slot> {
        self.next(orders, slot).or_else(|| {
            let order = orders.get(slot);
            let behind = key(order.side, order.price).checked_add(1)?;
            let (_, place) = self.ladder.seek(order.side, behind)?;
            Some(Slot(self.queues[place as usize].front))
        })
    }

    /// The best price of a side that is worse than `price`, whether or not anything stands at `price`.
    #[must_use]
    pub fn worse(&self, side: Side, price: Price) -> Option<Price> {
        let behind = key(side, price).checked_add(1)?;
        self.ladder.seek(side, behind).map(|(key, _)| price_of(side, key))
    }

    /// What stands at a price.
    #[inline]
    #[must_use]
    pub fn level(&self, side: Side, price: Price) -> Level {
        self.queue(side, price).map(Queue::level).unwrap_or_default()
    }

    /// Whether an order of this size can join at this price without the level's sum leaving its range.
    #[must_use]
    pub fn has_room(&self, side: Side, price: Price, left: Quantity) -> bool {
        self.level(side, price).quantity.plus(left).is_some()
    }

    /// The levels of a side, best first. The cost is that of the levels taken.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Level)> {
        self.standing(side).map(move |(key, queue)| (price_of(side, key), queue.level()))
    }

    fn standing(&self, side: Side) -> impl Iterator<Item = (u64, &Queue)> {
        let mut from = Some(0);
        std::iter::from_fn(move || {
            let (key, place) = self.ladder.seek(side, from?)?;
            from = key.checked_add(1);
            Some((key, &self.queues[place as usize]))
        })
    }

    /// Nothing stands on this side.
    #[inline]
    #[must_use]
    pub fn is_empty(&self, side: Side) -> bool {
        self.best[side as usize].queue == NONE
    }
}

impl Queue {
    #[inline]
    const fn level(&self) -> Level {
        Level { orders: self.orders, quantity: Quantity(self.quantity) }
    }
}

/// A level as it is written and compared. How the levels are found again is no part of what a book is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    price: Price,
    front: u32,
    back: u32,
    level: Level,
}

impl Book {
    fn written(&self, side: Side) -> impl Iterator<Item = Written> {
        self.standing(side).map(move |(key, queue)| Written {
            price: price_of(side, key),
            front: queue.front,
            back: queue.back,
            level: queue.level(),
        })
    }

    fn read(&mut self, side: Side, levels: &[Written]) -> Result<(), &'static str> {
        let mut last = None;
        for Written { price, front, back, level } in levels {
            let key = key(side, *price);
            if last.is_some_and(|last| last >= key) {
                return Err("the levels of a book do not follow on one another");
            }
            if level.orders == 0 || *front == NONE || *back == NONE {
                return Err("a level without an order");
            }
            last = Some(key);
            let way = self.ladder.lay(side, key);
            let place = self.open(side, key, way);
            self.queues[place as usize] =
                Queue { front: *front, back: *back, orders: level.orders, quantity: level.quantity.0 };
            if self.is_empty(side) {
                self.best[side as usize] = Best { key, queue: place };
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = |side| self.written(side).collect::<Vec<_>>();
        f.debug_struct("Book").field("buy", &side(Side::Buy)).field("sell", &side(Side::Sell)).finish()
    }
}

impl PartialEq for Book {
    fn eq(&self, other: &Self) -> bool {
        [Side::Buy, Side::Sell].into_iter().all(|side| self.written(side).eq(other.written(side)))
    }
}

impl Eq for Book {}

impl Serialize for Book {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let side = |side| self.written(side).collect::<Vec<_>>();
        (side(Side::Buy), side(Side::Sell)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Book {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (buy, sell) = <(Vec<Written>, Vec<Written>)>::deserialize(deserializer)?;
        let mut book = Self::new();
        book.read(Side::Buy, &buy).and_then(|()| book.read(Side::Sell, &sell)).map_err(D::Error::custom)?;
        Ok(book)
    }
}
