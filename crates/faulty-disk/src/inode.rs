//! The content of a file: what reads see, what is on the medium, and what lies between.

use crate::{Dice, SECTOR};
use std::collections::BTreeSet;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inode {
    pub(crate) cache: Vec<u8>,
    medium: Vec<u8>,
    /// Whole sectors as each write left them, in order: offset and bytes.
    dirty: Vec<(usize, Vec<u8>)>,
}

fn put(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    if bytes.len() < at + new.len() {
        bytes.resize(at + new.len(), 0);
    }
    bytes[at..at + new.len()].copy_from_slice(new);
}

impl Inode {
    /// A file that is durable as it stands.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self { medium: bytes.clone(), cache: bytes, dirty: Vec::new() }
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        put(&mut self.cache, at, bytes);
        // What goes to the medium is the sector as the cache has it, not the bytes that were written.
        let (from, to) = (at / SECTOR * SECTOR, (at + bytes.len()).next_multiple_of(SECTOR));
        let sectors = self.cache[from..to.min(self.cache.len())].to_vec();
        self.dirty.push((from, sectors));
    }

    pub(crate) fn sync(&mut self) {
        for (at, new) in std::mem::take(&mut self.dirty) {
            put(&mut self.medium, at, &new);
        }
    }

    /// Lets any of the unsynced sectors reach the medium: each as it was after any one of its writes, or none.
    pub(crate) fn settle(&mut self, dice: &mut Dice) {
        let dirty = std::mem::take(&mut self.dirty);
        let sectors: BTreeSet<usize> =
            dirty.iter().flat_map(|(at, new)| at / SECTOR..(at + new.len()).div_ceil(SECTOR)).collect();
        for sector in sectors {
            let (from, to) = (sector * SECTOR, (sector + 1) * SECTOR);
            let touching: Vec<_> =
                dirty.iter().filter(|(at, new)| *at < to && at + new.len() > from).collect();
            for (at, new) in &touching[..dice.roll(touching.len() + 1)] {
                let (start, end) = (from.max(*at), to.min(at + new.len()));
                put(&mut self.medium, start, &new[start - at..end - at]);
            }
        }
    }

    /// Reads see the medium again.
    pub(crate) fn forget(&mut self) {
        self.cache.clone_from(&self.medium);
    }

    pub(crate) fn flip(&mut self, offset: usize, mask: u8) -> bool {
        let Some(byte) = self.cache.get_mut(offset) else { return false };
        *byte ^= mask;
        if let Some(byte) = self.medium.get_mut(offset) {
            *byte ^= mask;
        }
        true
    }
}
