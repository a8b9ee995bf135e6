//! The table of standing orders.

use crate::ladder::NONE;
use base::{OrderId, Price, Quantity, Side};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Slots in a table, and bits of a slot in an id.
const SLOT_BITS: u32 = 28;
const SLOTS_MAX: usize = 1 << SLOT_BITS;
/// The last generation of a slot (24 bits).
const GENERATION_MAX: u32 = (1 << 24) - 1;
/// Marks an id as one of a standing order: with it every id has 53 bits, the most that every reader of JSON keeps.
const ID_MARK: u64 = 1 << 52;

/// In the place of the order before: the slot is closed.
const CLOSED: u32 = u32::MAX - 1;

/// A handle to a standing order, good until the order is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub(crate) u32);

impl Slot {
    /// The place of this slot in a table beside the orders. Small: slots are reused.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The same, as [`Orders::at`] takes it.
    #[inline]
    #[must_use]
    pub const fn place(self) -> u32 {
        self.0
    }

    #[inline]
    pub(crate) const fn link(link: u32) -> Option<Self> {
        if link == NONE { None } else { Some(Self(link)) }
    }
}

/// A standing order. It takes one cache line of 64 bytes when `T` has at most 32 bytes, or 36 with no field of 8.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Order<T> {
    /// The price at which it stands.
    pub price: Price,
    /// What can still trade and is shown.
    pub left: Quantity,
    pub(crate) next: u32,
    pub(crate) before: u32,
    generation: [u8; 3],
    /// Buy or sell.
    pub side: Side,
    /// The level at which it stands, as its book numbers them, or that nobody knows.
    pub(crate) level: u32,
    /// What the owner of the orders keeps with it.
    pub owner: T,
}

impl<T> Order<T> {
    #[inline]
    const fn generation(&self) -> u32 {
        u32::from_le_bytes([self.generation[0], self.generation[1], self.generation[2], 0])
    }

    #[inline]
    const fn is_open(&self) -> bool {
        self.before != CLOSED
    }
}

/// A closed slot: its next generation, and the slot that is free after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Vacancy {
    generation: u32,
    next: u32,
}

/// All standing orders of a venue, whatever their instrument, and what the venue keeps with each. A slot that was closed
/// last is opened first, so that the lines at work stay in the cache.
#[derive(Clone, Debug)]
pub struct Orders<T> {
    slots: Vec<Order<T>>,
    /// Closed slots of a table that was restored without any open order: there is no `T` yet to fill them with.
    dormant: Vec<Vacancy>,
    /// The first free slot, from which the others are linked.
    free: u32,
    open: usize,
}

impl<T> Default for Orders<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), dormant: Vec::new(), free: NONE, open: 0 }
    }
}

impl<T: Copy> Orders<T> {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty table with room for `orders` before it allocates.
    #[must_use]
    pub fn with_capacity(orders: usize) -> Self {
        Self { slots: Vec::with_capacity(orders.min(SLOTS_MAX)), ..Self::default() }
    }

    /// Open orders.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.open
    }

    /// No order is open.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.open == 0
    }

    /// Takes a slot for an order that stands in no book yet. `None`: the table is full (2^28 slots).
    #[inline]
    pub fn open(&mut self, side: Side, price: Price, left: Quantity, owner: T) -> Option<Slot> {
        if !self.dormant.is_empty() {
            self.wake(owner);
        }
        let fresh =
            Order { price, left, next: NONE, before: NONE, generation: [0; 3], side, level: NONE, owner };
        let slot = self.free;
        if let Some(vacant) = self.slots.get_mut(slot as usize) {
            self.free = vacant.next;
            let generation = vacant.generation;
            *vacant = Order { generation, ..fresh };
            self.open += 1;
            return Some(Slot(slot));
        }
        let slot = u32::try_from(self.slots.len()).ok().filter(|slot| (*slot as usize) < SLOTS_MAX)?;
        self.slots.push(fresh);
        self.open += 1;
        Some(Slot(slot))
    }

    /// Fills the closed slots of a restored table, now that there is a `T` to fill them with. Nobody reads it.
    #[cold]
    fn wake(&mut self, filler: T) {
        for vacancy in std::mem::take(&mut self.dormant) {
            self.slots.push(vacant(vacancy, filler));
        }
    }

    /// Gives the slot back; its order must have left its book. The id is not issued again: when the generations of the
    /// slot are used up (after 16,777,216 orders), it is retired.
    #[inline]
    pub fn close(&mut self, slot: Slot) {
        let free = self.free;
        let order = self.at_mut(slot);
        assert!(order.is_open(), "a slot was closed twice");
        order.before = CLOSED;
        let generation = order.generation();
        if generation < GENERATION_MAX {
            let [a, b, c, _] = (generation + 1).to_le_bytes();
            order.generation = [a, b, c];
            order.next = free;
            self.free = slot.0;
        } else {
            order.next = NONE;
        }
        self.open -= 1;
    }

    /// The id of the order: bit 52, then 24 bits of generation and 28 of slot. Below 2^53, so that every reader of JSON
    /// keeps it.
    #[must_use]
    #[inline]
    pub fn id(&self, slot: Slot) -> OrderId {
        OrderId(ID_MARK | u64::from(self.get(slot).generation()) << SLOT_BITS | u64::from(slot.0))
    }

    /// The order with this id, if it is still open.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // 28 bits and 24 bits
    #[inline]
    pub fn find(&self, id: OrderId) -> Option<Slot> {
        let slot = (id.0 & (SLOTS_MAX as u64 - 1)) as u32;
        let order = self.slots.get(slot as usize)?;
        let issued = ID_MARK | u64::from(order.generation()) << SLOT_BITS | u64::from(slot);
        (issued == id.0 && order.is_open()).then_some(Slot(slot))
    }

    /// Reads the slot that an id names, whatever stands there: a look ahead, which brings it into the cache.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // 28 bits
    #[inline]
    pub fn glance(&self, id: OrderId) -> Option<&Order<T>> {
        self.slots.get((id.0 & (SLOTS_MAX as u64 - 1)) as usize)
    }

    /// Reads the orders before and behind one in its queue, which are linked anew when it leaves: a look ahead. Where there is none,
    /// the last of the table is read in its place, so that there is nothing to guess about an order that is not in the cache yet.
    #[must_use]
    #[inline]
    pub fn glance_beside(&self, order: &Order<T>) -> i64 {
        let last = self.slots.len().saturating_sub(1);
        let left = |link: u32| self.slots.get((link as usize).min(last)).map_or(0, |beside| beside.left.0);
        left(order.before) ^ left(order.next)
    }

    /// The order in an open slot.
    #[must_use]
    #[inline]
    pub fn get(&self, slot: Slot) -> &Order<T> {
        &self.slots[slot.index()]
    }

    /// The open order in this place of the table (see [`Slot::index`]), if there is one. For a map that an owner keeps
    /// from names of its own to places; who keeps nothing uses [`Orders::find`].
    #[inline]
    #[must_use]
    pub fn at(&self, place: u32) -> Option<Slot> {
        self.slots.get(place as usize).filter(|order| order.is_open()).map(|_| Slot(place))
    }

    /// Gives an order that stands in no book another price and quantity: an amendment that loses its place keeps its id.
    #[inline]
    pub fn amend(&mut self, slot: Slot, price: Price, left: Quantity) {
        let order = self.at_mut(slot);
        (order.price, order.left) = (price, left);
    }

    /// What the owner keeps with an order.
    #[inline]
    pub fn owner_mut(&mut self, slot: Slot) -> &mut T {
        &mut self.slots[slot.index()].owner
    }

    /// Gives an order that is in no book another price and quantity.
    #[inline]
    pub fn reprice(&mut self, slot: Slot, price: Price, left: Quantity) {
        let order = self.at_mut(slot);
        (order.price, order.left) = (price, left);
    }

    /// Memory that the table holds, in bytes, used or not.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Order<T>>() + self.dormant.capacity() * size_of::<Vacancy>()
    }

    /// The open orders, in the order of their slots.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &Order<T>)> {
        (0..).zip(&self.slots).filter(|(_, order)| order.is_open()).map(|(slot, order)| (Slot(slot), order))
    }

    #[inline]
    pub(crate) fn at_mut(&mut self, slot: Slot) -> &mut Order<T> {
        &mut self.slots[slot.index()]
    }
}

/// A closed slot as it stands in the table. What `filler` is does not matter.
fn vacant<T>(Vacancy { generation, next }: Vacancy, filler: T) -> Order<T> {
    let [a, b, c, _] = generation.to_le_bytes();
    Order {
        price: Price::ZERO,
        left: Quantity::ZERO,
        next,
        before: CLOSED,
        generation: [a, b, c],
        side: Side::Buy,
        level: NONE,
        owner: filler,
    }
}

/// A slot as it is written and compared: what an order says, or that it is vacant. What a closed order said is gone.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
enum Entry<T> {
    Vacant(Vacancy),
    Open { price: Price, left: Quantity, next: u32, before: u32, generation: u32, side: Side, owner: T },
}

impl<T: Copy> Orders<T> {
    fn entries(&self) -> impl Iterator<Item = Entry<T>> {
        let standing = self.slots.iter().map(|order| {
            let &Order { price, left, next, before, side, owner, .. } = order;
            let generation = order.generation();
            if order.is_open() {
                Entry::Open { price, left, next, before, generation, side, owner }
            } else {
                Entry::Vacant(Vacancy { generation, next })
            }
        });
        standing.chain(self.dormant.iter().map(|vacancy| Entry::Vacant(*vacancy)))
    }
}

impl<T: Copy + PartialEq> PartialEq for Orders<T> {
    fn eq(&self, other: &Self) -> bool {
        self.open == other.open && self.free == other.free && self.entries().eq(other.entries())
    }
}

impl<T: Copy + Eq> Eq for Orders<T> {}

impl<T: Copy + Serialize> Serialize for Orders<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.free, self.entries().collect::<Vec<_>>()).serialize(serializer)
    }
}

impl<'de, T: Copy + Deserialize<'de>> Deserialize<'de> for Orders<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (free, entries) = <(u32, Vec<Entry<T>>)>::deserialize(deserializer)?;
        if entries.len() > SLOTS_MAX {
            return Err(D::Error::custom("more orders than a table has slots"));
        }
        let slots = entries.len() as u64;
        let (mut vacant_links, mut open) = (0_usize, 0_usize);
        let mut filler = None;
        for entry in &entries {
            let (generation, links) = match entry {
                Entry::Vacant(Vacancy { generation, next }) => {
                    vacant_links += usize::from(*next != NONE);
                    (*generation, [*next, NONE])
                }
                Entry::Open { next, before, generation, owner, .. } => {
                    open += 1;
                    filler = Some(*owner);
                    (*generation, [*next, *before])
                }
            };
            let leads = |link: u32| link == NONE || u64::from(link) < slots;
            if generation > GENERATION_MAX || !links.into_iter().all(leads) {
                return Err(D::Error::custom("an order is linked to one that is not there"));
            }
        }
        check_free_list(free, &entries, vacant_links).map_err(D::Error::custom)?;
        let mut table = Self { slots: Vec::new(), dormant: Vec::new(), free, open };
        let Some(filler) = filler else {
            let vacancy = |entry| if let Entry::Vacant(vacancy) = entry { Some(vacancy) } else { None };
            table.dormant = entries.into_iter().filter_map(vacancy).collect();
            return Ok(table);
        };
        table.slots = entries
            .into_iter()
            .map(|entry| match entry {
                Entry::Vacant(vacancy) => vacant(vacancy, filler),
                Entry::Open { price, left, next, before, generation, side, owner } => {
                    let [a, b, c, _] = generation.to_le_bytes();
                    Order { price, left, next, before, generation: [a, b, c], side, level: NONE, owner }
                }
            })
            .collect();
        Ok(table)
    }
}

/// The free list goes once through every closed slot that is linked, and through nothing else.
fn check_free_list<T>(mut free: u32, entries: &[Entry<T>], links: usize) -> Result<(), &'static str> {
    let mut seen = 0;
    while free != NONE {
        let Some(Entry::Vacant(vacancy)) = entries.get(free as usize) else {
            return Err("the free list leads to an order that stands");
        };
        seen += 1;
        if seen > links + 1 {
            return Err("the free list goes in a circle");
        }
        free = vacancy.next;
    }
    Ok(())
}
