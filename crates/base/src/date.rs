//! Civil dates and instants, without a time-zone database: see [`crate::Calendar`] for how local time is known.

use serde::{Deserialize, Serialize};

/// Nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A day of the Gregorian calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Date(pub i32);

/// Why a text is no date, and no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unreadable {
    /// It is not written as one.
    Form,
    /// Its year lies outside those that are counted, 1900 to 2261.
    Year,
    /// The calendar has no such day.
    Day,
    /// A clock never shows it: `24:00:00`, `09:31:60`.
    TimeOfDay,
    /// Nobody's time is a day ahead or behind.
    Offset,
}

impl Unreadable {
    /// What was expected, as it stands behind that word; `form` shows how it is written.
    #[must_use]
    pub const fn expected(self, form: &'static str) -> &'static str {
        match self {
            Self::Form => form,
            Self::Year => "a year from 1900 to 2261",
            Self::Day => "a day that the calendar has",
            Self::TimeOfDay => "a time of day from 00:00:00 to 23:59:59",
            Self::Offset => "an offset from UTC of less than a day",
        }
    }
}

/// Nanoseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000_000;
/// The years that are counted: 2261 is the last that a [`Timestamp`] reaches whole.
const YEARS: std::ops::Range<i32> = 1900..2262;
/// Nanoseconds in a day.
pub(crate) const DAY: i64 = 86_400 * SECOND;

impl Date {
    /// The date of a civil year, month and day, or `None` where there is no such day between the years 1900 and 2262
    /// (the last year that [`Timestamp`] reaches).
    #[must_use]
    pub fn new(year: i32, month: i32, day: i32) -> Option<Self> {
        if !YEARS.contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        // Days from civil: years run from March, in eras of 400 years (146,097 days).
        let shifted = if month <= 2 { year - 1 } else { year };
        let era = shifted.div_euclid(400);
        let year_of_era = shifted.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let date = Self(era * 146_097 + day_of_era - 719_468);
        (date.civil() == (year, month, day)).then_some(date)
    }

    /// Year, month and day.
    #[must_use]
    pub fn civil(self) -> (i32, i32, i32) {
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let doe = days.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i64::from(month <= 2);
        let int = |value: i64| i32::try_from(value).unwrap_or(i32::MAX);
        (int(year), int(month), int(day))
    }

    /// The civil year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.civil().0
    }

    /// Day of the week: 1 is Monday, 7 is Sunday (ISO 8601).
    #[must_use]
    pub fn weekday(self) -> i32 {
        (self.0.rem_euclid(7) + 3) % 7 + 1
    }

    /// The next day.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The same day of the month before; its last day where that month is shorter.
    #[must_use]
    pub fn month_before(self) -> Self {
        let (year, month, day) = self.civil();
        let (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
        (28..=day).rev().chain([day]).find_map(|d| Self::new(year, month, d)).unwrap_or(self)
    }

    /// Reads `YYYY-MM-DD`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text).ok()
    }

    /// Reads `YYYY-MM-DD`, and says what is wrong with anything else.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let [year, month, day] = numbers(text, b'-', [4, 2, 2]).ok_or(Unreadable::Form)?;
        if !YEARS.contains(&year) {
            return Err(Unreadable::Year);
        }
        Self::new(year, month, day).ok_or(Unreadable::Day)
    }
}

/// Numbers of so many digits each, with one sign between them and nothing else.
fn numbers<const N: usize>(text: &str, between: u8, digits: [usize; N]) -> Option<[i32; N]> {
    let (mut rest, mut found) = (text.as_bytes(), [0; N]);
    for (index, (number, digits)) in found.iter_mut().zip(digits).enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(&[between])?;
        }
        let (written, after) = rest.split_at_checked(digits)?;
        if !written.iter().all(u8::is_ascii_digit) {
            return None;
        }
        *number = written.iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
        rest = after;
    }
    rest.is_empty().then_some(found)
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Timestamp {
    /// The latest instant there is.
    pub const MAX: Self = Self(i64::MAX);

    /// Reads an instant of RFC 3339, such as `2021-07-16T09:30:00+08:00` or `2021-07-16T01:30:00.5Z`: seconds and the
    /// offset are written out, `T` and `Z` are capitals, a fraction has one to nine digits.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let (date, rest) = text.split_at_checked(10).ok_or(Unreadable::Form)?;
        let (clock, rest) = rest.split_at_checked(9).ok_or(Unreadable::Form)?;
        let clock = clock.strip_prefix('T').ok_or(Unreadable::Form)?;
        let [hour, minute, second] = numbers(clock, b':', [2, 2, 2]).ok_or(Unreadable::Form)?;
        let (fraction, zone) = fraction(rest).ok_or(Unreadable::Form)?;
        let (sign, [hours, minutes]) = offset(zone).ok_or(Unreadable::Form)?;
        let date = Date::read(date)?;
        if hour > 23 || minute > 59 || second > 59 {
            return Err(Unreadable::TimeOfDay);
        }
        if hours > 23 || minutes > 59 {
            return Err(Unreadable::Offset);
        }
        let seconds = i64::from(hour * 3_600 + minute * 60 + second - sign * (hours * 3_600 + minutes * 60));
        Ok(Self(i64::from(date.0) * DAY + seconds * SECOND + fraction))
    }

    /// This instant, `seconds` later; the last instant there is when that does not fit.
    #[must_use]
    pub const fn after_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(SECOND)))
    }
}

/// The nanoseconds of a fraction of a second, and what follows it.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let (digits, rest) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
    let nanos = format!("{digits:0<9}");
    if digits.is_empty() || nanos.len() > 9 { None } else { Some((nanos.parse().ok()?, rest)) }
}

/// The sign, hours and minutes of `Z` or `+08:00`.
fn offset(text: &str) -> Option<(i32, [i32; 2])> {
    let signed = |sign, rest| Some((sign, numbers(rest, b':', [2, 2])?));
    match (text, text.strip_prefix('+'), text.strip_prefix('-')) {
        ("Z", ..) => Some((1, [0, 0])),
        (_, Some(rest), _) => signed(1, rest),
        (_, _, Some(rest)) => signed(-1, rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_there_and_back() {
        let mut date = Date::new(1999, 12, 31).unwrap();
        for _ in 0..40_000 {
            let (year, month, day) = date.civil();
            assert_eq!(Date::new(year, month, day), Some(date));
            assert_eq!(Date::parse(&date.to_string()), Some(date));
            date = date.next();
        }
    }

    #[test]
    fn weekdays_and_months() {
        let launch = Date::parse("2021-07-16").unwrap();
        assert_eq!(launch.weekday(), 5);
        assert_eq!(Date::parse("2024-12-31").unwrap().month_before().to_string(), "2024-11-30");
        assert_eq!(Date::parse("2024-03-31").unwrap().month_before().to_string(), "2024-02-29");
        assert_eq!(Date::parse("2024-01-05").unwrap().month_before().to_string(), "2023-12-05");
        for bad in ["2023-02-29", "2023-2-01", "2023-13-01", "20230101", "2023-01-0١", "+023-01-01"] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_read_strictly() {
        use Unreadable::{Day, Form, Offset, TimeOfDay, Year};
        let whole = 1_626_399_000 * SECOND;
        for (text, nanos) in [
            ("2021-07-16T09:30:00+08:00", whole),
            ("2021-07-16T01:30:00Z", whole),
            ("2021-07-16T01:30:00-00:00", whole),
            ("2021-07-15T20:00:00-05:30", whole),
            ("2021-07-17T01:29:00+23:59", whole),
            ("2021-07-16T01:30:00.5Z", whole + SECOND / 2),
            ("2021-07-16T01:30:00.000000001Z", whole + 1),
            ("1900-01-01T00:00:00+00:00", -25_567 * DAY),
            ("2261-12-31T23:59:59.999999999Z", 106_651 * DAY - 1),
        ] {
            assert_eq!(Timestamp::read(text), Ok(Timestamp(nanos)), "{text}");
        }
        for (text, why) in [
            ("", Form),
            ("now", Form),
            ("1626399000", Form),
            ("2021-07-16", Form),
            ("2021-07-16T09:30+08:00", Form),
            ("2021-07-16T09:30:00", Form),
            ("2021-07-16T9:30:00Z", Form),
            ("2021-7-16T09:30:00Z", Form),
            ("2021-07-16 09:30:00Z", Form),
            ("2021-07-16t09:30:00z", Form),
            ("20210716T093000Z", Form),
            (" 2021-07-16T09:30:00Z", Form),
            ("2021-07-16T09:30:00Z ", Form),
            ("2021-07-16T09:30:00ZZ", Form),
            ("2021-07-16T09:30:00.Z", Form),
            ("2021-07-16T09:30:00,5Z", Form),
            ("2021-07-16T09:30:00.1234567890Z", Form),
            ("2021-07-16T09:30:00+08", Form),
            ("2021-07-16T09:30:00+0800", Form),
            ("2021-07-16T09:30:00+08:00:00", Form),
            ("2021-07-16T09:30:00+8:00", Form),
            ("2021-07-16T09:30:00\u{2212}05:00", Form),
            ("2021-07-16T09:30:00+08:00[Asia/Shanghai]", Form),
            ("2021-07-16T09:30:0\u{661}Z", Form),
            ("+02021-07-16T09:30:00Z", Form),
            ("-0001-07-16T09:30:00Z", Form),
            ("12021-07-16T09:30:00Z", Form),
            ("0000-07-16T09:30:00Z", Year),
            ("1899-12-31T23:59:59Z", Year),
            ("2262-01-01T00:00:00Z", Year),
            ("9999-12-31T23:59:59Z", Year),
            ("2021-02-29T09:30:00Z", Day),
            ("2021-13-01T09:30:00Z", Day),
            ("2021-00-01T09:30:00Z", Day),
            ("2021-07-32T09:30:00Z", Day),
            ("2021-07-16T24:00:00Z", TimeOfDay),
            ("2021-07-16T09:60:00Z", TimeOfDay),
            ("2021-07-16T09:31:60Z", TimeOfDay),
            ("2016-12-31T23:59:60Z", TimeOfDay),
            ("2021-07-16T09:30:00+24:00", Offset),
            ("2021-07-16T09:30:00-25:00", Offset),
            ("2021-07-16T09:30:00+08:60", Offset),
        ] {
            assert_eq!(Timestamp::read(text), Err(why), "{text:?}");
        }
        let dates = [("0000-01-01", Year), ("9999-12-31", Year), ("-001-01-01", Form), ("2021-02-30", Day)];
        for (text, why) in dates {
            assert_eq!(Date::read(text), Err(why), "{text:?}");
        }
    }
}
