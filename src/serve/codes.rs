//! One-time codes that were used: each is accepted once.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Codes that are remembered: more than can be in force at once.
const REMEMBERED: usize = 4_096;

/// See the module.
#[derive(Default)]
pub struct Codes(Mutex<VecDeque<(String, u64)>>);

impl Codes {
    /// Remembers a user's code by its step in time. False where it was used before.
    #[must_use]
    pub fn is_new(&self, user: &str, step: u64) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let this = (user.to_owned(), step);
        if used.contains(&this) {
            return false;
        }
        if used.len() == REMEMBERED {
            used.pop_front();
        }
        used.push_back(this);
        true
    }
}
