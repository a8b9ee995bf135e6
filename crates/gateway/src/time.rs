//! Times on the wire: RFC 3339, with the offset written out.

use base::{Calendar, Date, Timestamp};
use jiff::{Timestamp as Instant, tz};

/// How a time is written.
pub const TIME_FORM: &str = r#"a time such as "2021-07-16T09:30:00+08:00""#;
/// How a date is written.
pub const DATE_FORM: &str = r#"a date such as "2021-07-16""#;

/// Reads `2021-07-16T09:30:00+08:00`.
#[must_use]
pub fn parse_time(text: &str) -> Option<Timestamp> {
    Timestamp::read(text).ok()
}

/// Reads `2021-07-16T09:30:00+08:00`, or says what was expected and what was found.
///
/// # Errors
/// A sentence.
pub fn read_time(text: &str) -> Result<Timestamp, String> {
    Timestamp::read(text).map_err(|why| format!("expected {}, found {text:?}", why.expected(TIME_FORM)))
}

/// Reads `2021-07-16`, or says what was expected and what was found.
///
/// # Errors
/// A sentence.
pub fn read_date(text: &str) -> Result<Date, String> {
    Date::read(text).map_err(|why| format!("expected {}, found {text:?}", why.expected(DATE_FORM)))
}

/// Writes an instant in the local time of a calendar, or in UTC.
#[must_use]
pub fn format_time(time: Timestamp, calendar: Option<&Calendar>) -> String {
    let Ok(instant) = Instant::from_nanosecond(i128::from(time.0)) else { return time.0.to_string() };
    let seconds = calendar.map_or(0, |calendar| calendar.offset_seconds(time));
    match tz::Offset::from_seconds(seconds) {
        Ok(offset) if seconds != 0 => instant.display_with_offset(offset).to_string(),
        _ => instant.to_string(),
    }
}
