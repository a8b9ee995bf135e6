//! When a market is open: trading days, sessions, and local time.
//!
//! A time-zone database changes from year to year, and a replay must not. So the zone named in a rulebook is turned once,
//! when the rulebook is read, into the list of its offsets, and the engine sees only that list.

use crate::date::{DAY, SECOND};
use crate::{Date, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Seconds since local midnight, 0 to 86,400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeOfDay(pub u32);

impl TimeOfDay {
    /// Reads `HH:MM` or `HH:MM:SS`, up to `24:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let mut part = || {
            let part = parts.next()?;
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<u32>().ok())?
        };
        let (hour, minute) = (part()?, part()?);
        let second = match text.len() {
            5 => 0,
            8 => part()?,
            _ => return None,
        };
        let total = hour * 3_600 + minute * 60 + second;
        (minute < 60 && second < 60 && total <= 86_400).then_some(Self(total))
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 3_600, self.0 / 60 % 60)?;
        if self.0.is_multiple_of(60) { Ok(()) } else { write!(f, ":{:02}", self.0 % 60) }
    }
}

/// A span of a trading day, from `opens` up to but not including `closes`, in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// First moment of the session.
    pub opens: TimeOfDay,
    /// First moment after the session.
    pub closes: TimeOfDay,
}

/// The offset of local time from UTC, from an instant on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UtcOffset {
    /// The first instant at which it holds.
    pub from: Timestamp,
    /// Seconds east of Greenwich.
    pub seconds: i32,
}

/// Trading days and local time of a market.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// The offsets of the market's time zone, oldest first; the first also holds before its instant.
    pub offsets: Vec<UtcOffset>,
    /// Weekdays on which the market trades: bit 0 is Monday, bit 6 is Sunday.
    pub weekdays: u8,
    /// Weekdays without trading (休市).
    pub holidays: BTreeSet<Date>,
    /// When the trading day ends and its price list stands.
    pub day_end: TimeOfDay,
}

impl Calendar {
    /// The offset of local time from UTC at an instant, seconds.
    #[must_use]
    pub fn offset_seconds(&self, time: Timestamp) -> i32 {
        let after = self.offsets.partition_point(|offset| offset.from <= time);
        self.offsets.get(after.saturating_sub(1)).map_or(0, |offset| offset.seconds)
    }

    fn offset_at(&self, time: Timestamp) -> i64 {
        i64::from(self.offset_seconds(time)) * SECOND
    }

    /// Local date and time of day (whole seconds) at an instant.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // both parts are bounded by the division
    pub fn local(&self, time: Timestamp) -> (Date, TimeOfDay) {
        let local = time.0.saturating_add(self.offset_at(time));
        (Date(local.div_euclid(DAY) as i32), TimeOfDay((local.rem_euclid(DAY) / SECOND) as u32))
    }

    /// The instant of a local date and time of day. Where clocks are set back the earlier of the two instants is meant,
    /// where they are set forward the one at which the clock would have shown it had it not been set.
    #[must_use]
    pub fn instant(&self, date: Date, time: TimeOfDay) -> Timestamp {
        let wall = i64::from(date.0).saturating_mul(DAY).saturating_add(i64::from(time.0) * SECOND);
        let candidate = |offset: i64| Timestamp(wall.saturating_sub(offset));
        let offsets = || self.offsets.iter().map(|offset| i64::from(offset.seconds) * SECOND);
        let exact =
            offsets().filter(|&offset| self.offset_at(candidate(offset)) == offset).map(candidate).min();
        exact.or_else(|| offsets().map(candidate).max()).unwrap_or(Timestamp(wall))
    }

    /// Whether the market trades on `date`.
    #[must_use]
    pub fn is_trading_day(&self, date: Date) -> bool {
        let bit = u32::try_from(date.weekday() - 1).unwrap_or(0);
        self.weekdays >> bit & 1 == 1 && !self.holidays.contains(&date)
    }

    /// Whether `time` falls on a trading day and into one of `sessions`.
    #[must_use]
    pub fn is_open(&self, sessions: &[Session], time: Timestamp) -> bool {
        let (date, now) = self.local(time);
        self.is_trading_day(date) && sessions.iter().any(|s| s.opens <= now && now < s.closes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> Calendar {
        Calendar {
            offsets: vec![UtcOffset { from: Timestamp(i64::MIN), seconds: 8 * 3_600 }],
            weekdays: 0b001_1111,
            holidays: BTreeSet::from([Date::parse("2021-09-20").unwrap()]),
            day_end: TimeOfDay::parse("15:30").unwrap(),
        }
    }

    #[test]
    fn sessions_include_their_first_and_exclude_their_last_moment() {
        let calendar = shanghai();
        let session =
            |a, b| Session { opens: TimeOfDay::parse(a).unwrap(), closes: TimeOfDay::parse(b).unwrap() };
        let sessions = [session("09:30", "11:30"), session("13:00", "15:00")];
        let at = |date: &str, time: &str| {
            calendar.instant(Date::parse(date).unwrap(), TimeOfDay::parse(time).unwrap())
        };
        for (time, open) in [
            ("09:29:59", false),
            ("09:30:00", true),
            ("11:29:59", true),
            ("11:30:00", false),
            ("12:59:59", false),
            ("13:00:00", true),
            ("14:59:59", true),
            ("15:00:00", false),
        ] {
            assert_eq!(calendar.is_open(&sessions, at("2021-07-16", time)), open, "{time}");
        }
        for closed in ["2021-07-17", "2021-07-18", "2021-09-20"] {
            assert!(!calendar.is_open(&sessions, at(closed, "10:00")), "{closed}");
        }
        assert_eq!(calendar.local(at("2021-07-16", "09:30")).0.to_string(), "2021-07-16");
    }

    #[test]
    fn clocks_that_are_set_forward_and_back() {
        // Central Europe 2026: forward on 29 March 01:00Z, back on 25 October 01:00Z.
        let at = |date: &str, hour: i64| {
            Timestamp(i64::from(Date::parse(date).unwrap().0) * DAY + hour * 3_600 * SECOND)
        };
        let offset = |from, hours: i32| UtcOffset { from, seconds: hours * 3_600 };
        let calendar = Calendar {
            offsets: vec![
                offset(Timestamp(i64::MIN), 1),
                offset(at("2026-03-29", 1), 2),
                offset(at("2026-10-25", 1), 1),
            ],
            ..shanghai()
        };
        let local = |date: &str, time: &str| {
            calendar.instant(Date::parse(date).unwrap(), TimeOfDay::parse(time).unwrap())
        };
        assert_eq!(local("2026-07-01", "10:00"), at("2026-07-01", 8));
        assert_eq!(local("2026-12-01", "10:00"), at("2026-12-01", 9));
        assert_eq!(local("2026-10-25", "02:30").0, at("2026-10-25", 0).0 + 1_800 * SECOND);
        assert_eq!(local("2026-03-29", "02:30").0, at("2026-03-29", 1).0 + 1_800 * SECOND);
    }
}
