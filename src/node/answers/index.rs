//! A hash table from keys to positions in a list, which holds neither: a slot is a few bits of the key's hash and a position.
//!
//! It is cut into shards by the hash, so that growth is many short copies, never one long one in the middle of a day; and a
//! slot has enough of the hash to be copied without looking at the key again.
//!
//! Invariant: an order of slots never leaves this file. The hashes may be keyed with a random number.

/// Shards: the upper bits of a hash choose one.
const SHARD_BITS: u32 = 12;
/// Bits of the hash in a slot.
const TAG_BITS: u32 = 24;
/// Bits of the position in a slot; 0 stands for an empty one.
const PLACE_BITS: u32 = 64 - TAG_BITS;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;
/// Slots of a shard that has any.
const LEAST_BITS: u32 = 3;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Index {
    shards: Vec<Shard>,
}

#[derive(Clone, Debug, Default)]
struct Shard {
    slots: Vec<u64>,
    used: usize,
}

/// Where a key that was not found belongs. Good until the next insertion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vacancy {
    hash: u64,
    slot: usize,
}

/// The shard and the tag of a hash.
#[allow(clippy::cast_possible_truncation)] // twelve bits
fn parts(hash: u64) -> (usize, u64) {
    ((hash >> (64 - SHARD_BITS)) as usize, (hash >> (64 - SHARD_BITS - TAG_BITS)) & ((1 << TAG_BITS) - 1))
}

impl Shard {
    /// Where the search for a tag begins: its upper bits, so that a shard that doubles keeps the order of its slots.
    #[allow(clippy::cast_possible_truncation)] // below the number of slots
    fn start(&self, tag: u64) -> usize {
        let bits = self.slots.len().trailing_zeros().min(TAG_BITS);
        (tag >> (TAG_BITS - bits)) as usize
    }

    fn free(&self, tag: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = self.start(tag);
        while self.slots[slot] != 0 {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let bits = if self.slots.is_empty() { LEAST_BITS } else { self.slots.len().trailing_zeros() + 1 };
        let old = std::mem::replace(&mut self.slots, vec![0; 1 << bits]);
        for entry in old.into_iter().filter(|entry| *entry != 0) {
            let slot = self.free(entry >> PLACE_BITS);
            self.slots[slot] = entry;
        }
    }
}

impl Index {
    pub(super) fn new() -> Self {
        Self { shards: vec![Shard::default(); 1 << SHARD_BITS] }
    }

    /// Fetches the place where the search for a hash begins, so that it is at hand a little later: several of these go on at
    /// once, where the searches themselves would wait for memory one after another. What it gives means nothing.
    pub(super) fn fetch(&self, hash: u64) -> u64 {
        let (shard, tag) = parts(hash);
        let shard = &self.shards[shard];
        shard.slots.get(shard.start(tag)).copied().unwrap_or_default()
    }

    /// The position under a hash for which `is_it` says yes, or where it belongs.
    #[allow(clippy::cast_possible_truncation)] // what was put in was a usize
    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(usize) -> bool) -> Result<usize, Vacancy> {
        let (shard, tag) = parts(hash);
        let shard = &self.shards[shard];
        if shard.slots.is_empty() {
            return Err(Vacancy { hash, slot: usize::MAX });
        }
        let mask = shard.slots.len() - 1;
        let mut slot = shard.start(tag);
        loop {
            let entry = shard.slots[slot];
            if entry == 0 {
                return Err(Vacancy { hash, slot });
            }
            let place = ((entry & PLACE_MASK) - 1) as usize;
            if entry >> PLACE_BITS == tag && is_it(place) {
                return Ok(place);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Puts a position where [`Index::find`] said it belongs.
    pub(super) fn insert(&mut self, vacancy: Vacancy, place: usize) {
        let (shard, tag) = parts(vacancy.hash);
        let shard = &mut self.shards[shard];
        let mut slot = vacancy.slot;
        // Three quarters full: then a search looks at two or three slots, in one line of memory.
        if (shard.used + 1) * 4 > shard.slots.len() * 3 {
            shard.grow();
            slot = shard.free(tag);
        }
        assert!((place as u64) < PLACE_MASK, "a list outgrew its index");
        debug_assert_eq!(shard.slots[slot], 0);
        shard.slots[slot] = (tag << PLACE_BITS) | (place as u64 + 1);
        shard.used += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Makes a hash of a key.
    type Hash = fn(u64) -> u64;

    /// A small random source.
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 29)
    }

    /// The index against a map, under a hash that spreads, one that puts all into one shard, and one that is always the same.
    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        let hashes: [(usize, Hash); 3] = [
            (200_000, |key| key.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            (3_000, |key| key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 12),
            (500, |_| u64::MAX),
        ];
        for (count, hash) in hashes {
            let (mut index, mut list, mut naive, mut dice) = (Index::new(), Vec::new(), BTreeMap::new(), 7);
            for _ in 0..count {
                let key = next(&mut dice) % (count as u64 * 2);
                let found = index.find(hash(key), |place| list[place] == key);
                assert_eq!(found.as_ref().ok(), naive.get(&key));
                if let Err(vacancy) = found {
                    index.insert(vacancy, list.len());
                    naive.insert(key, list.len());
                    list.push(key);
                }
            }
            for (key, place) in &naive {
                assert_eq!(index.find(hash(*key), |place| list[place] == *key).ok(), Some(*place));
            }
        }
    }
}
