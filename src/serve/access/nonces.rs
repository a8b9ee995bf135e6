//! Signatures that were seen: each is accepted once. One is remembered as long as its time would be accepted.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

#[derive(Default)]
struct Inside {
    seen: HashSet<[u8; 32]>,
    by_time: VecDeque<(i64, [u8; 32])>,
}

/// See the module.
#[derive(Default)]
pub struct Nonces(Mutex<Inside>);

impl Nonces {
    /// Remembers a signature until a time, in milliseconds. False where it was seen before.
    #[must_use]
    pub fn is_new(&self, signature: [u8; 32], now_ms: i64, until_ms: i64) -> bool {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let nonces = Nonces::default();
        assert!(nonces.is_new([1; 32], 1_000, 2_000));
        assert!(!nonces.is_new([1; 32], 1_500, 2_000));
        assert!(nonces.is_new([2; 32], 2_001, 3_000));
        assert_eq!(nonces.0.lock().unwrap().seen.len(), 1, "the first is forgotten when it would be stale");
    }
}
