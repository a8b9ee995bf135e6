//! Signatures that were seen: each is accepted once. One is remembered as long as its time would be accepted, by this node; what was
//! signed before it began may have been accepted by the one before it.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

#[derive(Default)]
struct Inside {
    seen: HashSet<[u8; 32]>,
    by_time: VecDeque<(i64, [u8; 32])>,
}

/// See the module.
pub struct Nonces {
    inside: Mutex<Inside>,
    since_ms: i64,
}

impl Nonces {
    /// Of a node that begins at a time, in milliseconds.
    #[must_use]
    pub fn since(since_ms: i64) -> Self {
        Self { inside: Mutex::default(), since_ms }
    }

    /// Whether what was signed at a time may have been accepted before the node began.
    #[must_use]
    pub fn is_before(&self, sent_ms: i64) -> bool {
        sent_ms < self.since_ms
    }

    /// Remembers a signature until a time, in milliseconds. False where it was seen before.
    #[must_use]
    pub fn is_new(&self, signature: [u8; 32], now_ms: i64, until_ms: i64) -> bool {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((until, old)) = inside.by_time.front().copied() {
            if until >= now_ms {
                break;
            }
            inside.by_time.pop_front();
            inside.seen.remove(&old);
        }
        if !inside.seen.insert(signature) {
            return false;
        }
        // Times of one window differ by less than twice the window: what stands behind a later one is kept a little longer.
        inside.by_time.push_back((until_ms, signature));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_new_once() {
        let nonces = Nonces::since(500);
        assert!(nonces.is_before(499) && !nonces.is_before(500));
        assert!(nonces.is_new([1; 32], 1_000, 2_000));
        assert!(!nonces.is_new([1; 32], 1_500, 2_000));
        assert!(nonces.is_new([2; 32], 2_001, 3_000));
        assert_eq!(
            nonces.inside.lock().unwrap().seen.len(),
            1,
            "the first is forgotten when it would be stale"
        );
    }
}
