//! Times on the wire: RFC 3339, with the offset written out.

use base::{Calendar, Timestamp};
use jiff::{Timestamp as Instant, tz};

/// Reads `2021-07-16T09:30:00+08:00`.
#[must_use]
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let instant: Instant = text.parse().ok()?;
    i64::try_from(instant.as_nanosecond()).ok().map(Timestamp)
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
