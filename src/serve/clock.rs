//! What time it is on the market: the machine's time, or that of a sandbox (沙盒), which begins where it is told and runs on from
//! there as fast as time does.

use base::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    ahead_ns: i64,
    sandbox: bool,
}

impl Clock {
    /// The machine's time.
    #[must_use]
    pub fn real() -> Self {
        Self { ahead_ns: 0, sandbox: false }
    }

    /// A clock that shows `from` now; or the time of the last record of the log, where that is later.
    #[must_use]
    pub fn sandbox(from: Timestamp, last: Timestamp) -> Self {
        Self { ahead_ns: from.max(last).0.saturating_sub(machine_ns()), sandbox: true }
    }

    /// The time of the market.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp(machine_ns().saturating_add(self.ahead_ns))
    }

    /// Whether this is not the machine's time.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.sandbox
    }
}

/// Nanoseconds since 1970 by the machine's clock.
pub(crate) fn machine_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970 by the machine's clock.
pub(crate) fn machine_ms() -> i64 {
    machine_ns() / 1_000_000
}
