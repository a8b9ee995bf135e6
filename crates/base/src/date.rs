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

/// Nanoseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000_000;
/// Nanoseconds in a day.
pub(crate) const DAY: i64 = 86_400 * SECOND;

impl Date {
    /// The date of a civil year, month and day, or `None` where there is no such day between the years 1900 and 2262
    /// (the last year that [`Timestamp`] reaches).
    #[must_use]
    pub fn new(year: i32, month: i32, day: i32) -> Option<Self> {
        if !(1900..2262).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
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
        let bytes = text.as_bytes();
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if bytes.len() != 10 || !text.is_ascii() || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let (year, month, day) = (&text[..4], &text[5..7], &text[8..]);
        if !(digits(year) && digits(month) && digits(day)) {
            return None;
        }
        Self::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    }
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

    /// This instant, `seconds` later; the last instant there is when that does not fit.
    #[must_use]
    pub const fn after_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(SECOND)))
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
}
