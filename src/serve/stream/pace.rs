//! The pace of market data. What changes after a quiet while is told at once; what changes again soon waits, and is told together.
//! The more messages a round of telling has sent, the longer the next one waits: all who read market data together take a share
//! of the node's time that does not grow with their number.

use super::publish::Round;
use std::time::{Duration, Instant};

/// The shortest time between two rounds.
const LEAST: Duration = Duration::from_millis(20);
/// And the longest.
const MOST: Duration = Duration::from_secs(1);
/// So long does the next round wait for each message that this one sent to a client.
const A_MESSAGE: Duration = Duration::from_micros(50);
/// How often at most the ticker and the listings are told.
const SLOW: Duration = Duration::from_millis(100);

/// What of market data may be told now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// Books, trades, candles.
    pub(super) market_data: bool,
    /// The ticker and listings too.
    pub(super) slow: bool,
}

/// See the module.
pub(super) struct Pace {
    next: Instant,
    next_slow: Instant,
}

impl Pace {
    /// A pace whose first round may be now.
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now, next_slow: now }
    }

    /// What may be told.
    pub(super) fn at(&self, now: Instant) -> Due {
        let market_data = now >= self.next;
        Due { market_data, slow: market_data && now >= self.next_slow }
    }

    /// A round was told.
    pub(super) fn told(&mut self, now: Instant, round: &Round) {
        if round.sent > 0 {
            let sent = u32::try_from(round.sent).unwrap_or(u32::MAX);
            self.next = now + A_MESSAGE.saturating_mul(sent).clamp(LEAST, MOST);
        }
        if round.due.slow {
            self.next_slow = now + SLOW;
        }
    }

    /// When what waits may be told.
    pub(super) fn next(&self, market_data: bool, slow: bool) -> Option<Instant> {
        let slow = slow.then(|| self.next.max(self.next_slow));
        market_data.then_some(self.next).into_iter().chain(slow).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_was_sent_the_longer_the_next_round_waits() {
        let now = Instant::now();
        let later = |ms| now + Duration::from_millis(ms);
        let (none, books) = (Due { market_data: false, slow: false }, Due { market_data: true, slow: false });
        for (sent, waits_ms) in [(1, 20), (400, 20), (2_000, 100), (10_000, 500), (usize::MAX, 1_000)] {
            let mut pace = Pace::new(now);
            assert_eq!(pace.at(now), Due { market_data: true, slow: true });
            pace.told(now, &Round { due: pace.at(now), sent });
            assert_eq!(pace.at(later(waits_ms - 1)), none, "{sent}");
            assert_eq!(pace.at(later(waits_ms)), Due { slow: waits_ms >= 100, ..books }, "{sent}");
            assert_eq!(pace.next(true, true), Some(later(waits_ms)));
            assert_eq!(pace.next(false, true), Some(later(waits_ms.max(100))));
            assert_eq!(pace.next(false, false), None);
        }
    }

    #[test]
    fn what_nobody_was_sent_costs_no_time() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.told(now, &Round { due: Due { market_data: true, slow: false }, sent: 0 });
        assert!(pace.at(now).market_data);
    }
}
