//! A time zone's name, turned once into the list of its offsets: the engine carries no time-zone database, because such a
//! database changes and a replay must not.

use base::{Timestamp, UtcOffset};
use jiff::civil;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Offsets are read from the beginning of this year …
pub(crate) const FIRST_YEAR: i32 = 2_000;
/// … to the end of this one.
pub(crate) const LAST_YEAR: i32 = 2_060;

/// The offsets of the zone between the two years, oldest first, or `None` where there is no such zone.
pub(crate) fn offsets(name: &str) -> Option<Vec<UtcOffset>> {
    // The database is compiled in; the machine's own is never asked.
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    let start = |year: i32| {
        let date = civil::Date::new(i16::try_from(year).ok()?, 1, 1).ok()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let (first, end) = (start(FIRST_YEAR)?, start(LAST_YEAR + 1)?);
    let mut seconds = zone.to_offset(first).seconds();
    let mut offsets = vec![UtcOffset { from: Timestamp(i64::MIN), seconds }];
    for change in zone.following(first).take_while(|change| change.timestamp() < end) {
        // A change of name or of rule alone moves no clock.
        if change.offset().seconds() != seconds {
            seconds = change.offset().seconds();
            let from = Timestamp(i64::try_from(change.timestamp().as_nanosecond()).ok()?);
            offsets.push(UtcOffset { from, seconds });
        }
    }
    Some(offsets)
}

/// Cities of markets: of several zones with the same offsets, these are named first.
const LIKELY: [&str; 8] = [
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "UTC",
];

/// A zone with these offsets, or `None` where the database has none such.
pub(crate) fn name(wanted: &[UtcOffset]) -> Option<String> {
    let has = |name: &str| offsets(name).is_some_and(|offsets| offsets == wanted);
    let likely = LIKELY.into_iter().find(|name| has(name)).map(str::to_owned);
    likely.or_else(|| {
        let database = TimeZoneDatabase::bundled();
        database.available().map(|name| name.to_string()).find(|name| has(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_have_the_name_of_a_zone_with_them() {
        for zone in ["Asia/Shanghai", "Europe/Berlin", "Pacific/Auckland"] {
            let offsets = offsets(zone).unwrap();
            assert_eq!(super::offsets(&name(&offsets).unwrap()), Some(offsets), "{zone}");
        }
        assert_eq!(name(&offsets("Asia/Taipei").unwrap()).as_deref(), Some("Asia/Shanghai"));
        assert_eq!(name(&[]), None);
    }

    #[test]
    fn one_offset_for_shanghai_and_two_a_year_for_berlin() {
        let eight = UtcOffset { from: Timestamp(i64::MIN), seconds: 8 * 3_600 };
        assert_eq!(offsets("Asia/Shanghai"), Some(vec![eight]));
        let berlin = offsets("Europe/Berlin").unwrap();
        assert_eq!(berlin.len(), 1 + 61 * 2);
        assert_eq!((berlin[0].seconds, berlin[1].seconds), (3_600, 7_200));
        // 2026-03-29T01:00Z
        assert!(berlin.iter().any(|o| o.from.0 == 1_774_746_000 * 1_000_000_000 && o.seconds == 7_200));
        assert_eq!(offsets("Asia/Shangha"), None);
        assert_eq!(offsets(""), None);
    }
}
