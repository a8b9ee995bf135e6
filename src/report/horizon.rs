//! Until when the calendar of a market is known, and what follows after that.

use base::{AfterKnown, Date, Timestamp};
use engine::State;
use engine::rulebook::Rulebook;

/// Days before the end of what is known from which a node says so: a month.
const SOON: i64 = 31;

/// How far ahead a calendar is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// The market's code.
    pub market: String,
    /// The last day for which holidays are known; none where the rulebook does not say.
    pub known_until: Option<Date>,
    /// The last holiday that the rulebook lists.
    pub last_holiday: Option<Date>,
    /// Days from today to the last known one; below zero when that is past. None where nobody said.
    pub days: Option<i64>,
    /// Whether the market stays closed after it.
    pub closes: bool,
}

impl Horizon {
    /// That of a rulebook: its last version is what will hold.
    #[must_use]
    pub fn of(rulebook: &Rulebook, today: Date) -> Self {
        let calendar = rulebook.versions.last().map(|last| &last.trading.calendar);
        let known_until = calendar.and_then(|calendar| calendar.known_until);
        Self {
            market: rulebook.code.clone(),
            known_until,
            last_holiday: calendar.and_then(|calendar| calendar.holidays.last().copied()),
            days: known_until.map(|last| i64::from(last.0) - i64::from(today.0)),
            closes: calendar.is_some_and(|calendar| calendar.after_known == AfterKnown::Closed),
        }
    }

    /// What should be done about it, from a month before the end on.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let (market, last, days) = (&self.market, self.known_until?, self.days?);
        let after =
            if self.closes { "it does not open after that" } else { "it trades on every weekday after that" };
        match days {
            ..0 => Some(format!(
                "the calendar of {market} is known until {last}, which is past: {}; adopt a rulebook with the holidays that follow",
                if self.closes { "the market does not open" } else { "the market trades on every weekday" }
            )),
            0..=SOON => Some(format!(
                "the calendar of {market} is known until {last}, {days} days from now: {after}; adopt a rulebook with the holidays that follow"
            )),
            _ => None,
        }
    }

    /// The same in every case, for who asks.
    #[must_use]
    pub fn text(&self) -> String {
        if let Some(warning) = self.warning() {
            return warning;
        }
        let market = &self.market;
        match (self.known_until, self.last_holiday) {
            (Some(last), _) => format!("the calendar of {market} is known until {last}"),
            (None, Some(last)) => format!(
                "the calendar of {market} does not say until when it is known (known_until); its last holiday is {last}"
            ),
            (None, None) => {
                format!("the calendar of {market} has no holidays, and does not say until when that is known")
            }
        }
    }
}

/// That of every market.
#[must_use]
pub fn horizons(state: &State, now: Timestamp) -> Vec<Horizon> {
    let markets = state.markets().iter();
    let today = |rulebook: &Rulebook| rulebook.versions[0].trading.calendar.local(now).0;
    markets.map(|market| Horizon::of(&market.rulebook, today(&market.rulebook))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // tests

    use super::*;
    use std::path::Path;

    #[test]
    fn a_month_before_its_end_a_calendar_says_so() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rulebooks/carbon-cn.toml");
        let mut rulebook = rulebook::read(&path).unwrap();
        let last = Date::parse("2026-12-31").unwrap();
        let on = |rulebook: &Rulebook, days: i32| Horizon::of(rulebook, Date(last.0 + days));
        assert_eq!(on(&rulebook, -32).warning(), None);
        assert_eq!(on(&rulebook, -32).text(), "the calendar of carbon-cn is known until 2026-12-31");
        let soon = on(&rulebook, -31).warning().unwrap();
        assert!(
            soon.contains("known until 2026-12-31, 31 days from now: it does not open after that"),
            "{soon}"
        );
        assert!(on(&rulebook, 0).warning().unwrap().contains("0 days from now"));
        assert!(on(&rulebook, 1).warning().unwrap().contains("which is past: the market does not open"));
        let newest = &mut rulebook.versions.last_mut().unwrap().trading.calendar;
        newest.after_known = AfterKnown::Open;
        assert!(on(&rulebook, 1).warning().unwrap().contains("the market trades on every weekday"));
        rulebook.versions.last_mut().unwrap().trading.calendar.known_until = None;
        assert_eq!(on(&rulebook, 1).warning(), None);
        assert!(
            on(&rulebook, 1).text().ends_with(
                "does not say until when it is known (known_until); its last holiday is 2026-10-07"
            )
        );
    }
}
