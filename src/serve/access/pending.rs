//! Secrets for one-time codes that were shown and not yet turned on by a first code. They are kept in memory for a while, one a user.

use base::UserId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a secret may be shown before its first code.
const LASTS: Duration = Duration::from_secs(600);

/// See the module.
#[derive(Default)]
pub struct Pending(Mutex<HashMap<UserId, (Vec<u8>, Instant)>>);

impl Pending {
    /// Remembers a user's secret, in the place of one that was shown before.
    pub fn put(&self, user: UserId, secret: Vec<u8>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (_, since)| since.elapsed() < LASTS);
        all.insert(user, (secret, Instant::now()));
    }

    /// The secret that a user was shown.
    #[must_use]
    pub fn get(&self, user: UserId) -> Option<Vec<u8>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&user).filter(|(_, since)| since.elapsed() < LASTS).map(|(secret, _)| secret.clone())
    }

    /// Forgets it: it is in use.
    pub fn forget(&self, user: UserId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&user);
    }
}
