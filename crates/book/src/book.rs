//! The levels of one instrument.

use crate::ladder::{Ladder, NONE};
use crate::orders::{Order, Orders, Slot};
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

/// A level and its queue. Of a vacant one, `back` leads to the next vacant one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Queue {
    front: u32,
    back: u32,
    orders: u32,
    quantity: i64,
}

/// A level at the top of a side, or that there is none, or that it is not known.
#[derive(Clone, Copy, Debug)]
struct Top {
    key: u64,
    queue: u32,
}

impl Top {
    const NONE: Self = Self { key: u64::MAX, queue: NONE };
    /// Where there may be a level, but one would have to look. No key is before this one.
    const UNKNOWN: Self = Self { key: 0, queue: NONE };

    const fn is_known(self) -> bool {
        self.key != 0 || self.queue != NONE
    }
}

impl From<Option<(u64, u32)>> for Top {
    fn from(found: Option<(u64, u32)>) -> Self {
        found.map_or(Self::NONE, |(key, queue)| Self { key, queue })
    }
}

/// The best level of a side, and what was second when that was last known. Orders that better the market and are
/// cancelled at once are common, and then the old best level is the best again without a search.
#[derive(Clone, Copy, Debug)]
struct Tops {
    best: Top,
    second: Top,
}

impl Tops {
    const NONE: Self = Self { best: Top::NONE, second: Top::NONE };

    /// There is a new level.
    #[inline]
    const fn opened(&mut self, level: Top) {
        if level.key <= self.best.key {
            self.second = self.best;
            self.best = level;
        } else if level.key <= self.second.key {
            self.second = level;
        }
    }

    /// A level is gone. Whether the best one has to be looked for.
    #[inline]
    const fn closed(&mut self, queue: u32) -> bool {
        if queue == self.best.queue {
            let known = self.second.is_known();
            self.best = self.second;
            self.second = if self.best.queue == NONE { self.best } else { Top::UNKNOWN };
            return !known;
        }
        if queue == self.second.queue {
            self.second = Top::UNKNOWN;
        }
        false
    }
}

/// Both sides of one instrument's book, or of its stop orders. It holds the levels; the orders are in [`Orders`], and
/// every call takes the same table.
///
/// A level's quantities must add up to a [`Quantity`]; an owner whose orders can be larger than 2^35 units asks
/// [`Book::has_room`] before [`Book::join`], which panics when they do not.
#[derive(Clone)]
pub struct Book {
    tops: [Tops; 2],
    queues: Vec<Queue>,
    /// The first vacant queue.
    vacant: u32,
    ladder: Ladder,
}

impl Default for Book {
    fn default() -> Self {
        Self { tops: [Tops::NONE; 2], queues: Vec::new(), vacant: NONE, ladder: Ladder::default() }
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
        let (side, left, key) = (order.side, order.left, key(order.side, order.price));
        let way = self.ladder.lay(side, key);
        let found = self.ladder.level(way, key);
        if found == NONE {
            let level = self.open_level(Queue { front: slot.0, back: slot.0, orders: 1, quantity: left.0 });
            self.ladder.set(side, key, way, level);
            self.tops[side as usize].opened(Top { key, queue: level });
            let order = orders.at_mut(slot);
            (order.before, order.next, order.level) = (NONE, NONE, level);
        } else {
            let queue = &mut self.queues[found as usize];
            queue.orders += 1;
            queue.quantity += left.0;
            let before = std::mem::replace(&mut queue.back, slot.0);
            orders.at_mut(Slot(before)).next = slot.0;
            let order = orders.at_mut(slot);
            (order.before, order.next, order.level) = (before, NONE, found);
        }
    }

    /// Puts a queue in the place of a vacant one, and says where.
    #[inline]
    fn open_level(&mut self, queue: Queue) -> u32 {
        if self.vacant == NONE {
            self.make_room();
        }
        let level = self.vacant;
        let vacant = std::mem::replace(&mut self.queues[level as usize], queue);
        self.vacant = vacant.back;
        level
    }

    /// Another vacant queue.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        self.vacant = u32::try_from(self.queues.len()).unwrap_or(NONE); // fewer than orders, so below 2^28
        self.queues.push(Queue { front: NONE, back: NONE, orders: 0, quantity: 0 });
    }

    /// The order leaves its queue. It is not closed.
    #[inline]
    pub fn leave<T: Copy>(&mut self, orders: &mut Orders<T>, slot: Slot) {
        let level = self.level_of(orders.get(slot));
        let order = orders.at_mut(slot);
        let (left, before, next) = (order.left, order.before, order.next);
        (order.before, order.next, order.level) = (NONE, NONE, NONE);
        let Some(queue) = self.queues.get_mut(level as usize) else { return };
        queue.orders -= 1;
        queue.quantity -= left.0;
        if queue.orders == 0 {
            queue.back = std::mem::replace(&mut self.vacant, level);
            let (side, key) = (order.side, key(order.side, order.price));
            self.close_level(side, key, level);
            return;
        }
        if before == NONE {
            queue.front = next
        } else {
            orders.at_mut(Slot(before)).next = next
        }
        if next == NONE { queue.back = before } else { orders.at_mut(Slot(next)).before = before }
    }

    /// The level at which an order stands. It is kept with the order; of one that was restored it is looked for.
    #[inline]
    fn level_of<T>(&self, order: &Order<T>) -> u32 {
        if order.level == NONE {
            self.ladder.find(order.side, key(order.side, order.price))
        } else {
            order.level
        }
    }

    /// A level is gone.
    #[inline]
    fn close_level(&mut self, side: Side, key: u64, level: u32) {
        self.ladder.clear(side, key);
        if self.tops[side as usize].closed(level) {
            self.tops[side as usize] =
                Tops { second: Top::UNKNOWN, best: self.ladder.seek(side, key).into() };
        }
    }

    /// Takes `by` (less than what is left) off an order, which keeps its place.
    #[inline]
    pub fn reduce<T: Copy>(&mut self, orders: &mut Orders<T>, slot: Slot, by: Quantity) {
        let level = self.level_of(orders.get(slot));
        let order = orders.at_mut(slot);
        (order.left.0, order.level) = (order.left.0 - by.0, level);
        if let Some(queue) = self.queues.get_mut(level as usize) {
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
        let best = self.tops[side as usize].best;
        (best.queue != NONE).then(|| price_of(side, best.key))
    }

    /// Whether an incoming order of `side` with this limit meets the best order of the other side.
    #[inline]
    #[must_use]
    pub fn crosses(&self, side: Side, limit: Price) -> bool {
        let best = self.tops[side.opposite() as usize].best;
        best.key <= key(side.opposite(), limit) && best.queue != NONE
    }

    /// The order of a side that is first in priority: best price, oldest.
    #[inline]
    #[must_use]
    pub fn front(&self, side: Side) -> Option<Slot> {
        self.queues.get(self.tops[side as usize].best.queue as usize).map(|queue| Slot(queue.front))
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

    /// The order last in the queue at a price: the one that the next to join there is linked behind.
    #[inline]
    #[must_use]
    pub fn back_at(&self, side: Side, price: Price) -> Option<Slot> {
        self.queue(side, price).map(|queue| Slot(queue.back))
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

    /// Memory that the book holds, in bytes, used or not: what finds the levels, and the levels.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.queues.capacity() * size_of::<Queue>() + self.ladder.heap_bytes()
    }

    /// Nothing stands on this side.
    #[inline]
    #[must_use]
    pub fn is_empty(&self, side: Side) -> bool {
        self.tops[side as usize].best.queue == NONE
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
            let (front, back) = (*front, *back);
            let queue = Queue { front, back, orders: level.orders, quantity: level.quantity.0 };
            let place = self.open_level(queue);
            let way = self.ladder.lay(side, key);
            self.ladder.set(side, key, way, place);
            self.tops[side as usize].opened(Top { key, queue: place });
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
