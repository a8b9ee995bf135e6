//! How often a key, a session or an address may ask.

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use std::hash::Hash;
use std::num::NonZeroU32;

type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// See the module.
pub struct Rates<K: Hash + Eq + Clone> {
    limiter: Limiter<K>,
    burst: u32,
}

/// What is left after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Requests that may come at once.
    pub limit: u32,
    /// Of them, left.
    pub left: u32,
}

impl<K: Hash + Eq + Clone> Rates<K> {
    /// So many a second in the long run, and so many at once.
    #[must_use]
    pub fn per_second(rate: NonZeroU32, burst: NonZeroU32) -> Self {
        Self::new(Quota::per_second(rate), burst)
    }

    /// So many a minute.
    #[must_use]
    pub fn per_minute(rate: NonZeroU32) -> Self {
        Self::new(Quota::per_minute(rate), rate)
    }

    fn new(quota: Quota, burst: NonZeroU32) -> Self {
        let limiter = RateLimiter::keyed(quota.allow_burst(burst));
        Self { limiter: limiter.with_middleware(), burst: burst.get() }
    }

    /// Spends one request.
    ///
    /// # Errors
    /// None is left: seconds until there is one.
    pub fn spend(&self, who: &K) -> Result<Spent, u64> {
        match self.limiter.check_key(who) {
            Ok(state) => Ok(Spent { limit: self.burst, left: state.remaining_burst_capacity() }),
            Err(not_until) => Err(not_until.wait_time_from(DefaultClock::default().now()).as_secs() + 1),
        }
    }

    /// Forgets those who have not asked for long.
    pub fn forget_old(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }

    /// How many are remembered.
    #[cfg(test)]
    fn count(&self) -> usize {
        self.limiter.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_all_of_his_allowance_again_is_forgotten() {
        let one = NonZeroU32::MIN;
        let (quick, slow) = (Rates::per_second(NonZeroU32::MAX, one), Rates::per_minute(one));
        for who in 0..100 {
            assert!(quick.spend(&who).is_ok() && slow.spend(&who).is_ok());
        }
        quick.forget_old();
        slow.forget_old();
        assert_eq!((quick.count(), slow.count()), (0, 100));
        assert!(slow.spend(&7).is_err(), "who has none left is known");
    }
}
