//! What time it is on the market: the machine's time, or that of a sandbox (沙盒), which begins where it is told and runs on from
//! there as fast as time does.
//!
//! A log never goes back in time, so one record that is stamped by a clock gone wrong would close the books for good. The clock
//! is therefore held against the machine's other clock, the one that only counts and that nobody sets: where it has come farther
//! than that, it has been put forward, and nothing is stamped until it is back or an operator says that it is right. Where it was
//! put back, everything has the time of the last stamp until it has caught up.

use crate::config::Time;
use base::Timestamp;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const SECOND: i64 = 1_000_000_000;
/// Nanoseconds behind the last stamp that are worth a word.
const BEHIND_WORD: i64 = SECOND;

/// See the module. Whoever has a copy has the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    hands: Hands,
    watch: Mutex<Watch>,
    forward: AtomicU64,
    back: AtomicU64,
}

/// Where the time comes from.
#[derive(Debug)]
enum Hands {
    Machine { ahead_ns: i64, sandbox: bool, since: Instant },
    ByHand(Arc<Hand>),
}

/// A clock that is moved by hand, for tests: what it shows, and how much time has passed.
#[derive(Debug, Default)]
pub struct Hand {
    shows: AtomicI64,
    passed: AtomicI64,
}

impl Hand {
    /// Time passes, and the clock shows it.
    pub fn pass(&self, seconds: i64) {
        self.passed.fetch_add(seconds * SECOND, Ordering::SeqCst);
        self.put(seconds);
    }

    /// The clock is put forward or back, and no time passes.
    pub fn put(&self, seconds: i64) {
        self.shows.fetch_add(seconds * SECOND, Ordering::SeqCst);
    }
}

/// What is plausible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plausible {
    /// How far a running node's clock may be put forward at once.
    pub jump: Duration,
    /// How far the clock may lie past the last record of the log when the node starts.
    pub pause: Duration,
}

impl Plausible {
    /// What is plausible by a configuration.
    #[must_use]
    pub fn of(time: &Time) -> Self {
        let pause = Duration::from_secs(time.pause_days_max.saturating_mul(86_400));
        Self { jump: Duration::from_secs(time.jump_seconds_max), pause }
    }
}

impl Default for Plausible {
    fn default() -> Self {
        Self::of(&Time::default())
    }
}

#[derive(Debug)]
struct Watch {
    plausible: Plausible,
    /// What the clock showed when it was last believed, and what the counting clock did then.
    believed: (i64, i64),
    /// The last stamp; no later one is earlier.
    last: i64,
    state: Going,
}

/// How the clock goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// As time does.
    Well,
    /// It shows less than the last stamp, by so much: stamps wait until it has caught up.
    Behind(Duration),
    /// It was put forward, by so much: nothing is stamped.
    Ahead(Duration),
}

/// The clock was put forward, and nobody has said that it is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node's clock was put forward by {} and nothing is stamped until it is back, or an operator confirms it", spoken(*.0))]
pub struct Held(pub Duration);

/// The time that an operator named is not the clock's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock shows another time than the one that you confirm")]
pub struct NotThatTime;

impl Clock {
    /// The machine's time.
    #[must_use]
    pub fn real() -> Self {
        Self::with(Hands::Machine { ahead_ns: 0, sandbox: false, since: Instant::now() })
    }

    /// A clock that shows `from` now; or the time of the last record of the log, where that is later.
    #[must_use]
    pub fn sandbox(from: Timestamp, last: Timestamp) -> Self {
        let ahead_ns = from.max(last).0.saturating_sub(machine_ns());
        Self::with(Hands::Machine { ahead_ns, sandbox: true, since: Instant::now() })
    }

    /// A sandbox's clock that is moved by hand, and shows `from` now.
    #[must_use]
    pub fn by_hand(from: Timestamp) -> (Self, Arc<Hand>) {
        let hand = Arc::new(Hand { shows: AtomicI64::new(from.0), passed: AtomicI64::new(0) });
        (Self::with(Hands::ByHand(Arc::clone(&hand))), hand)
    }

    fn with(hands: Hands) -> Self {
        let believed = hands.read();
        let watch = Watch {
            plausible: Plausible { jump: Duration::MAX, pause: Duration::MAX },
            believed,
            last: i64::MIN,
            state: Going::Well,
        };
        let (forward, back) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Inside { hands, watch: Mutex::new(watch), forward, back }))
    }

    /// From now on the clock is held against what is plausible. `last` is the time of the last record, where there is one.
    pub fn watch(&self, plausible: Plausible, last: Option<Timestamp>) {
        let mut watch = self.inside();
        let (shows, counted) = self.0.hands.read();
        watch.plausible = plausible;
        watch.last = last.map_or(i64::MIN, |last| last.0);
        // Where a sandbox begins was said by whoever began it.
        let told = matches!(self.0.hands, Hands::Machine { sandbox: true, .. });
        let pause = if told { i64::MAX } else { nanos(plausible.pause) };
        // The log says what time it has been: a clock that is farther ahead than any pause is not believed.
        let believed = last.map_or(shows, |last| shows.min(last.0.saturating_add(pause)));
        watch.believed = (believed, counted);
        drop(watch);
        self.look();
    }

    /// The time of the market, as it is shown: that of the last stamp while the clock is behind, and that which has passed while
    /// it is not believed.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let (shown, _) = self.look();
        Timestamp(shown)
    }

    /// The time of a record.
    ///
    /// # Errors
    /// [`Held`].
    pub fn stamp(&self) -> Result<Timestamp, Held> {
        match self.look() {
            (_, Going::Ahead(by)) => Err(Held(by)),
            (now, _) => {
                let mut watch = self.inside();
                watch.last = watch.last.max(now);
                Ok(Timestamp(watch.last))
            }
        }
    }

    /// How the clock goes.
    #[must_use]
    pub fn going(&self) -> Going {
        self.look().1
    }

    /// How often the clock was found put forward, and put back, since the node began to run.
    #[must_use]
    pub fn steps(&self) -> [u64; 2] {
        [self.0.forward.load(Ordering::Relaxed), self.0.back.load(Ordering::Relaxed)]
    }

    /// An operator has looked at another clock, and says what time it is: if that is what this one shows, it is believed.
    ///
    /// # Errors
    /// [`NotThatTime`].
    pub fn confirm(&self, time: Timestamp) -> Result<Timestamp, NotThatTime> {
        let mut watch = self.inside();
        let (shows, counted) = self.0.hands.read();
        // Where anything is plausible, a minute is near enough.
        let near = nanos(watch.plausible.jump).min(60 * SECOND);
        if shows.abs_diff(time.0) > near.unsigned_abs() {
            return Err(NotThatTime);
        }
        watch.believed = (shows, counted);
        drop(watch);
        self.look();
        Ok(Timestamp(shows))
    }

    /// Whether this is not the machine's time.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        match self.0.hands {
            Hands::Machine { sandbox, .. } => sandbox,
            Hands::ByHand(_) => true,
        }
    }

    /// What it shows, without a doubt about it.
    #[must_use]
    pub fn shows(&self) -> Timestamp {
        Timestamp(self.0.hands.read().0)
    }

    fn look(&self) -> (i64, Going) {
        let mut watch = self.inside();
        let (shows, counted) = self.0.hands.read();
        let (believed, at) = watch.believed;
        let expected = believed.saturating_add(counted.saturating_sub(at));
        let ahead = shows.saturating_sub(expected);
        let behind = watch.last.saturating_sub(shows);
        let (now, going) = if behind > 0 {
            let behind = if behind > BEHIND_WORD { Going::Behind(duration(behind)) } else { Going::Well };
            (watch.last, behind)
        } else if ahead > nanos(watch.plausible.jump) {
            (expected.max(watch.last), Going::Ahead(duration(ahead)))
        } else {
            watch.believed = (shows, counted);
            (shows, Going::Well)
        };
        let before = std::mem::replace(&mut watch.state, going);
        drop(watch);
        self.tell(before, going);
        (now, going)
    }

    /// Says what has changed.
    fn tell(&self, before: Going, going: Going) {
        match (before, going) {
            (Going::Ahead(_), Going::Ahead(_))
            | (Going::Behind(_), Going::Behind(_))
            | (Going::Well, Going::Well) => {}
            (_, Going::Ahead(by)) => {
                self.0.forward.fetch_add(1, Ordering::Relaxed);
                let by = spoken(by);
                tracing::error!(
                    "the clock was put forward by {by}: commands are refused until it is back, or an operator confirms it (POST /v1/clock)"
                );
            }
            (_, Going::Behind(by)) => {
                self.0.back.fetch_add(1, Ordering::Relaxed);
                let by = spoken(by);
                tracing::error!(
                    "the clock is {by} behind the last record: every record has its time until the clock has caught up"
                );
            }
            (_, Going::Well) => tracing::warn!("the clock goes well again"),
        }
    }

    fn inside(&self) -> MutexGuard<'_, Watch> {
        self.0.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hands {
    /// What the clock shows, and what the one that only counts does.
    fn read(&self) -> (i64, i64) {
        match self {
            Self::Machine { ahead_ns, since, .. } => {
                (machine_ns().saturating_add(*ahead_ns), nanos(since.elapsed()))
            }
            Self::ByHand(hand) => (hand.shows.load(Ordering::SeqCst), hand.passed.load(Ordering::SeqCst)),
        }
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn duration(nanos: i64) -> Duration {
    Duration::from_nanos(nanos.max(0).unsigned_abs())
}

/// A time as people say it, to the second.
fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match () {
        () if days > 0 => format!("{days} d {hours} h"),
        () if hours > 0 => format!("{hours} h {minutes} min"),
        () if minutes > 0 => format!("{minutes} min {} s", seconds % 60),
        () => format!("{seconds} s"),
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

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_772_589_600 * SECOND);

    fn clock(last: Timestamp) -> (Clock, Arc<Hand>) {
        let (clock, hand) = Clock::by_hand(START);
        clock.watch(Plausible::default(), Some(last));
        (clock, hand)
    }

    fn after(seconds: i64) -> Timestamp {
        START.after_seconds(seconds)
    }

    #[test]
    fn time_passes() {
        let (clock, hand) = clock(START);
        for second in 1..100 {
            hand.pass(1);
            assert_eq!(clock.stamp(), Ok(after(second)));
        }
        // A node that nobody asks for a week is asked again; a clock that is put right by a little is believed.
        hand.pass(7 * 86_400);
        hand.put(60);
        assert_eq!(clock.stamp(), Ok(after(99 + 7 * 86_400 + 60)));
        assert_eq!((clock.going(), clock.steps()), (Going::Well, [0, 0]));
    }

    #[test]
    fn a_jump_forward_is_held_until_it_is_back_or_confirmed() {
        for jump in [61, 3_600, 400 * 86_400] {
            let (clock, hand) = clock(START);
            hand.pass(10);
            assert_eq!(clock.stamp(), Ok(after(10)));
            hand.put(jump);
            let held = Err(Held(Duration::from_secs(jump.unsigned_abs())));
            assert_eq!(clock.stamp(), held);
            hand.pass(5);
            assert_eq!((clock.stamp(), clock.now()), (held, after(15)), "what has passed is shown");
            // Back by itself.
            hand.put(-jump);
            assert_eq!((clock.stamp(), clock.going()), (Ok(after(15)), Going::Well));
            // Forward again, and confirmed by who names the right time, and by nobody else.
            hand.put(jump);
            assert_eq!(clock.stamp(), held);
            assert_eq!(clock.confirm(after(15)), Err(NotThatTime));
            assert_eq!(clock.stamp(), held);
            assert_eq!(clock.confirm(after(15 + jump + 30)), Ok(after(15 + jump)));
            assert_eq!(clock.stamp(), Ok(after(15 + jump)));
            assert_eq!(clock.steps(), [2, 0]);
        }
    }

    #[test]
    fn a_step_back_is_bridged() {
        let (clock, hand) = clock(START);
        hand.pass(100);
        assert_eq!(clock.stamp(), Ok(after(100)));
        hand.put(-50);
        for _ in 0..49 {
            hand.pass(1);
            assert_eq!(clock.stamp(), Ok(after(100)), "the last stamp is kept");
        }
        assert_eq!(clock.steps(), [0, 1]);
        hand.pass(1);
        assert_eq!((clock.stamp(), clock.going()), (Ok(after(100)), Going::Well));
        hand.pass(1);
        assert_eq!(clock.stamp(), Ok(after(101)));
        // Put back, and forward again to where it was: that is no jump.
        hand.put(-3_600);
        assert_eq!(clock.going(), Going::Behind(Duration::from_secs(3_600)));
        hand.pass(10);
        hand.put(3_600);
        assert_eq!((clock.stamp(), clock.going()), (Ok(after(111)), Going::Well));
    }

    #[test]
    fn a_start_after_a_pause() {
        let days = |days: i64| days * 86_400;
        for (last, believed) in [(-days(4), true), (-days(365), true), (-days(400), false)] {
            let (clock, _hand) = clock(after(last));
            assert_eq!(clock.stamp().is_ok(), believed, "{last}");
            assert_eq!(clock.confirm(START).and(clock.stamp().map_err(|_| NotThatTime)), Ok(START));
        }
        // A log without records says nothing.
        let (clock, _hand) = Clock::by_hand(START);
        clock.watch(Plausible::default(), None);
        assert_eq!(clock.stamp(), Ok(START));
        // The last record lies ahead of the clock.
        let (clock, hand) = self::clock(after(30));
        assert_eq!(clock.going(), Going::Behind(Duration::from_secs(30)));
        assert_eq!(clock.stamp(), Ok(after(30)));
        hand.pass(31);
        assert_eq!(clock.stamp(), Ok(after(31)));
    }
}
