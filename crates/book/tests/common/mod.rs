//! The naive reference book, and a harness that does the same to it and to the real one and compares everything one can see.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)] // shared by several test programs

use base::{OrderId, Price, Quantity, Side};
use book::{Book, Level, Orders, Slot};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What the venue would keep with an order: as large as still fits a cache line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Owner {
    pub name: u64,
    pub rest: [u64; 3],
}

/// A price-time book that is obviously right: a queue of names a price.
#[derive(Clone, Default)]
pub struct Naive {
    pub queues: [BTreeMap<i64, VecDeque<u64>>; 2],
    pub standing: BTreeMap<u64, (Side, i64, i64)>,
}

impl Naive {
    pub fn join(&mut self, name: u64, side: Side, price: i64, left: i64) {
        self.queues[side as usize].entry(price).or_default().push_back(name);
        self.standing.insert(name, (side, price, left));
    }

    pub fn leave(&mut self, name: u64) -> (Side, i64, i64) {
        let (side, price, left) = self.standing.remove(&name).unwrap();
        let queue = self.queues[side as usize].get_mut(&price).unwrap();
        queue.retain(|other| *other != name);
        if queue.is_empty() {
            self.queues[side as usize].remove(&price);
        }
        (side, price, left)
    }

    pub fn prices(&self, side: Side) -> Vec<i64> {
        let prices = self.queues[side as usize].keys().copied();
        if side == Side::Buy { prices.rev().collect() } else { prices.collect() }
    }

    pub fn level(&self, side: Side, price: i64) -> Level {
        let queue = self.queues[side as usize].get(&price);
        let left = queue.iter().flat_map(|queue| queue.iter()).map(|name| self.standing[name].2).sum();
        Level { orders: queue.map_or(0, VecDeque::len).try_into().unwrap(), quantity: Quantity(left) }
    }

    /// Names in priority.
    pub fn priority(&self, side: Side) -> Vec<u64> {
        self.prices(side).iter().flat_map(|price| &self.queues[side as usize][price]).copied().collect()
    }

    pub fn worse(&self, side: Side, price: i64) -> Option<i64> {
        let queues = &self.queues[side as usize];
        match side {
            Side::Buy => queues.range(..price).next_back().map(|(price, _)| *price),
            Side::Sell => {
                price.checked_add(1).and_then(|next| queues.range(next..).next()).map(|(price, _)| *price)
            }
        }
    }
}

/// One thing done to both books.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Join {
        side: Side,
        price: i64,
        left: i64,
    },
    /// The numbers choose a standing order.
    Leave {
        which: u64,
    },
    Reduce {
        which: u64,
        by: u64,
    },
    Refresh {
        which: u64,
        left: i64,
    },
    /// Trades up to `quantity` against the side from its best price on, up to a limit: what a venue does.
    Take {
        side: Side,
        limit: i64,
        quantity: i64,
    },
    /// Writes both structures and reads them back.
    Restore,
}

/// Both books, and what is needed to compare them.
pub struct Pair {
    pub orders: Orders<Owner>,
    pub book: Book,
    pub naive: Naive,
    pub slots: BTreeMap<u64, Slot>,
    names: Vec<u64>,
    places: BTreeMap<u64, usize>,
    pub ids: BTreeSet<OrderId>,
    pub next_name: u64,
}

impl Pair {
    pub fn new() -> Self {
        Self {
            orders: Orders::new(),
            book: Book::new(),
            naive: Naive::default(),
            slots: BTreeMap::new(),
            names: Vec::new(),
            places: BTreeMap::new(),
            ids: BTreeSet::new(),
            next_name: 0,
        }
    }

    fn pick(&self, which: u64) -> Option<u64> {
        let count = self.names.len() as u64;
        (count > 0).then(|| self.names[usize::try_from(which % count).unwrap()])
    }

    fn forget(&mut self, name: u64) {
        let place = self.places.remove(&name).unwrap();
        self.names.swap_remove(place);
        if let Some(moved) = self.names.get(place) {
            self.places.insert(*moved, place);
        }
        let slot = self.slots.remove(&name).unwrap();
        let id = self.orders.id(slot);
        assert_eq!(self.orders.find(id), Some(slot));
        self.orders.close(slot);
        assert_eq!(self.orders.find(id), None, "a closed order is still found");
    }

    pub fn act(&mut self, act: Act) {
        match act {
            Act::Join { side, price, left } => {
                let name = self.next_name;
                self.next_name += 1;
                let owner = Owner { name, rest: [name; 3] };
                let slot = self.orders.open(side, Price(price), Quantity(left), owner).unwrap();
                let id = self.orders.id(slot);
                assert!(id.0 < 1 << 53 && id.0 >= 1 << 52);
                assert!(self.ids.insert(id), "id {id} was issued twice");
                assert_eq!(self.orders.find(id), Some(slot));
                self.book.join(&mut self.orders, slot);
                self.naive.join(name, side, price, left);
                self.places.insert(name, self.names.len());
                self.names.push(name);
                self.slots.insert(name, slot);
                self.compare_at(side, price);
            }
            Act::Leave { which } => {
                let Some(name) = self.pick(which) else { return };
                self.book.leave(&mut self.orders, self.slots[&name]);
                let (side, price, _) = self.naive.leave(name);
                self.forget(name);
                self.compare_at(side, price);
            }
            Act::Reduce { which, by } => {
                let Some(name) = self.pick(which) else { return };
                let (side, price, left) = self.naive.standing[&name];
                let by = i64::try_from(by % left.unsigned_abs()).unwrap();
                self.book.reduce(&mut self.orders, self.slots[&name], Quantity(by));
                self.naive.standing.get_mut(&name).unwrap().2 -= by;
                self.compare_at(side, price);
            }
            Act::Refresh { which, left } => {
                let Some(name) = self.pick(which) else { return };
                self.book.refresh(&mut self.orders, self.slots[&name], Quantity(left));
                let (side, price, _) = self.naive.leave(name);
                self.naive.join(name, side, price, left);
                self.compare_at(side, price);
            }
            Act::Take { side, limit, quantity } => self.take(side, limit, quantity),
            Act::Restore => self.restore(),
        }
    }

    fn take(&mut self, side: Side, limit: i64, mut quantity: i64) {
        while quantity > 0 {
            let first = self.naive.priority_first(side);
            let Some(slot) = self.book.front(side) else {
                assert_eq!(first, None);
                return;
            };
            let order = self.orders.get(slot);
            let (name, price, left) = (order.owner.name, order.price, order.left.0);
            assert_eq!(first, Some(name), "not the order that is first");
            assert_eq!(self.book.best(side), Some(price));
            if (side == Side::Buy && price.0 < limit) || (side == Side::Sell && price.0 > limit) {
                return;
            }
            let traded = quantity.min(left);
            quantity -= traded;
            if traded < left {
                self.book.reduce(&mut self.orders, slot, Quantity(traded));
                self.naive.standing.get_mut(&name).unwrap().2 -= traded;
            } else {
                self.book.leave(&mut self.orders, slot);
                self.naive.leave(name);
                self.forget(name);
            }
            self.compare_at(side, price.0);
        }
    }

    /// What can be seen at one price, and the best.
    pub fn compare_at(&self, side: Side, price: i64) {
        let best = self.naive.best(side);
        assert_eq!(self.book.best(side).map(|price| price.0), best);
        assert_eq!(self.book.is_empty(side), best.is_none());
        assert_eq!(self.book.level(side, Price(price)), self.naive.level(side, price));
        assert_eq!(self.book.worse(side, Price(price)).map(|price| price.0), self.naive.worse(side, price));
        let front = self.book.front_at(side, Price(price)).map(|slot| self.orders.get(slot).owner.name);
        assert_eq!(front, self.naive.queues[side as usize].get(&price).map(|queue| queue[0]));
        assert_eq!(self.orders.len(), self.naive.standing.len());
    }

    /// Everything that can be seen.
    pub fn compare(&self) {
        for side in [Side::Buy, Side::Sell] {
            let prices = self.naive.prices(side);
            let want: Vec<_> =
                prices.iter().map(|price| (Price(*price), self.naive.level(side, *price))).collect();
            assert_eq!(self.book.levels(side).collect::<Vec<_>>(), want);
            let mut walked = Vec::new();
            let mut at = self.book.front(side);
            while let Some(slot) = at {
                walked.push(self.orders.get(slot).owner.name);
                at = self.book.onward(&self.orders, slot);
            }
            assert_eq!(walked, self.naive.priority(side));
        }
        let mut last = None;
        for (slot, order) in self.orders.iter() {
            assert!(last < Some(slot), "not in the order of slots");
            last = Some(slot);
            let name = order.owner.name;
            assert_eq!(order.owner.rest, [name; 3]);
            assert_eq!(self.slots[&name], slot);
            assert_eq!((order.side, order.price.0, order.left.0), self.naive.standing[&name]);
        }
        assert_eq!(self.orders.iter().count(), self.naive.standing.len());
        assert_eq!(self.orders.is_empty(), self.naive.standing.is_empty());
    }

    /// A restored table and book are equal to the old ones, are written alike, and go on alike.
    pub fn restore(&mut self) {
        let bytes = postcard::to_stdvec(&(&self.orders, &self.book)).unwrap();
        let (orders, book): (Orders<Owner>, Book) = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(orders, self.orders);
        assert_eq!(book, self.book);
        assert_eq!(postcard::to_stdvec(&(&orders, &book)).unwrap(), bytes);
        (self.orders, self.book) = (orders, book);
    }
}

impl Naive {
    pub fn best(&self, side: Side) -> Option<i64> {
        let queues = &self.queues[side as usize];
        if side == Side::Buy { queues.keys().next_back().copied() } else { queues.keys().next().copied() }
    }

    pub fn priority_first(&self, side: Side) -> Option<u64> {
        self.best(side).map(|price| self.queues[side as usize][&price][0])
    }
}

/// A small generator of repeatable numbers (xorshift64*): the tests need no good randomness, only the same.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn within(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(low.abs_diff(high) + 1)).unwrap()
    }
}
