//! When a market is open: trading days, sessions, and local time.
//!
//! A time-zone database changes from year to year, and a replay must not. So the zone named in a rulebook is turned once,
//! when the rulebook is read, into the list of its offsets, and the engine sees only that list.

use crate::date::{DAY, SECOND};
use crate::{Date, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Seconds since local midnight, 0 to 86,400; or since a trading day began, where that is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeOfDay(pub u32);

impl TimeOfDay {
    /// The end of a day.
    pub const DAY: Self = Self(86_400);

    /// Seconds from the beginning of a trading day that begins at `begins` (midnight, or an hour of the evening before) to the
    /// moment at which clocks show this.
    #[must_use]
    pub const fn since(self, begins: Self) -> Self {
        if begins.0 == 0 { self } else { Self((self.0 + Self::DAY.0 - begins.0) % Self::DAY.0) }
    }

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

/// A span of a trading day, from `opens` up to but not including `closes`, in local time; over midnight where `closes` comes
/// first on the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// First moment of the session.
    pub opens: TimeOfDay,
    /// First moment after the session.
    pub closes: TimeOfDay,
}

impl Session {
    /// The same, counted from the beginning of a trading day that begins at `begins`.
    #[must_use]
    pub fn since(self, begins: TimeOfDay) -> Self {
        let closes = self.closes.since(begins);
        // What closes when the next day begins closes at the end of this one.
        let whole = begins != TimeOfDay(0) && closes == TimeOfDay(0);
        Self { opens: self.opens.since(begins), closes: if whole { TimeOfDay::DAY } else { closes } }
    }
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

/// What becomes of the days after the last one for which a calendar is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterKnown {
    /// Weekdays are trading days, known or not.
    #[default]
    Open,
    /// There is no trading until somebody says which days are holidays.
    Closed,
}

/// Trading days and local time of a market. A date here is that of a trading day: it begins at midnight, or in the evening before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// When a trading day begins: midnight, or an hour of the evening before, for sessions over midnight (夜盘).
    #[serde(default)]
    pub day_begins: TimeOfDay,
    /// The last day for which it is known whether it is a holiday; none where nobody said.
    #[serde(default)]
    pub known_until: Option<Date>,
    /// What becomes of the days after that.
    #[serde(default)]
    pub after_known: AfterKnown,
    /// Whether a market that is adopted during a session takes up the phase of the clock; if not, it opens with the next bell.
    #[serde(default)]
    pub opens_on_adoption: bool,
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

    /// The trading day at an instant, and the local time of day (whole seconds).
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // both parts are bounded by the division
    pub fn local(&self, time: Timestamp) -> (Date, TimeOfDay) {
        let local = time.0.saturating_add(self.offset_at(time));
        let (date, time) =
            (Date(local.div_euclid(DAY) as i32), TimeOfDay((local.rem_euclid(DAY) / SECOND) as u32));
        let evening = self.day_begins != TimeOfDay(0) && time >= self.day_begins;
        (if evening { date.next() } else { date }, time)
    }

    /// The instant of a trading day at which clocks show a time of day. Where clocks are set back the earlier of the two
    /// instants is meant, where they are set forward the one at which the clock would have shown it had it not been set.
    #[must_use]
    pub fn instant(&self, date: Date, time: TimeOfDay) -> Timestamp {
        self.moment(date, time.since(self.day_begins))
    }

    /// The instant at which a trading day begins.
    #[must_use]
    pub fn begins(&self, date: Date) -> Timestamp {
        self.moment(date, TimeOfDay(0))
    }

    /// The instant of a trading day that lies so far behind its beginning by the clock; else as [`Calendar::instant`].
    #[must_use]
    pub fn moment(&self, date: Date, since: TimeOfDay) -> Timestamp {
        let begins = if self.day_begins == TimeOfDay(0) { 0 } else { i64::from(self.day_begins.0) - 86_400 };
        let seconds = begins + i64::from(since.0);
        let wall = i64::from(date.0).saturating_mul(DAY).saturating_add(seconds * SECOND);
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
        self.weekdays >> bit & 1 == 1 && !self.holidays.contains(&date) && !self.is_closed_as_unknown(date)
    }

    /// Whether a day lies beyond those that are known, and is closed for that.
    #[must_use]
    pub fn is_closed_as_unknown(&self, date: Date) -> bool {
        self.after_known == AfterKnown::Closed && self.known_until.is_some_and(|last| date > last)
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
            ..Calendar::default()
        }
    }

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn clock(text: &str) -> TimeOfDay {
        TimeOfDay::parse(text).unwrap()
    }

    #[test]
    fn weekends_holidays_and_what_nobody_knows() {
        let mut calendar = shanghai();
        for closed in ["2021-07-17", "2021-07-18", "2021-09-20"] {
            assert!(!calendar.is_trading_day(date(closed)), "{closed}");
        }
        assert!(calendar.is_trading_day(date("2021-07-16")));
        assert_eq!(
            calendar.local(calendar.instant(date("2021-07-16"), clock("09:30"))).0,
            date("2021-07-16")
        );
        calendar.known_until = Some(date("2021-12-31"));
        assert!(calendar.is_trading_day(date("2022-01-03")), "open unless it is said");
        calendar.after_known = AfterKnown::Closed;
        assert!(calendar.is_trading_day(date("2021-12-31")));
        assert!(!calendar.is_trading_day(date("2022-01-03")));
    }

    #[test]
    fn a_trading_day_that_begins_in_the_evening_before() {
        // Chicago in winter: six hours behind. The day begins at 17:00 and ends at 16:00.
        let chicago = Calendar {
            offsets: vec![UtcOffset { from: Timestamp(i64::MIN), seconds: -6 * 3_600 }],
            day_begins: clock("17:00"),
            day_end: clock("16:00"),
            ..shanghai()
        };
        let at = |text: &str| Timestamp::read(text).unwrap();
        for (instant, day, time) in [
            ("2026-03-01T16:59:59-06:00", "2026-03-01", "16:59:59"),
            ("2026-03-01T17:00:00-06:00", "2026-03-02", "17:00"),
            ("2026-03-01T23:59:59-06:00", "2026-03-02", "23:59:59"),
            ("2026-03-02T00:00:00-06:00", "2026-03-02", "00:00"),
            ("2026-03-02T16:59:59-06:00", "2026-03-02", "16:59:59"),
            ("2026-03-02T17:00:00-06:00", "2026-03-03", "17:00"),
        ] {
            assert_eq!(chicago.local(at(instant)), (date(day), clock(time)), "{instant}");
            assert_eq!(chicago.instant(date(day), clock(time)), at(instant), "{instant}");
        }
        assert_eq!(chicago.begins(date("2026-03-02")), at("2026-03-01T17:00:00-06:00"));
        let session = Session { opens: clock("17:00"), closes: clock("16:00") };
        let counted = session.since(chicago.day_begins);
        assert_eq!((counted.opens, counted.closes), (TimeOfDay(0), clock("23:00")));
        assert_eq!(chicago.moment(date("2026-03-02"), counted.closes), at("2026-03-02T16:00:00-06:00"));
        let whole = Session { opens: clock("17:00"), closes: clock("17:00") }.since(chicago.day_begins);
        assert_eq!((whole.opens, whole.closes), (TimeOfDay(0), TimeOfDay::DAY));
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
