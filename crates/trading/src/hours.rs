//! The hours of a trading day: those of the rules, or others on a day that has its own (half days 半日市, weekdays).

use crate::rules::Rules;
use base::{Date, Method, Session, TimeOfDay};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The hours of days that are unlike the others. What is not stated is as on any other day, up to the end of the day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// On these trading days. They come before those of a weekday.
    pub dates: BTreeSet<Date>,
    /// On these weekdays: bit 0 is Monday, bit 6 is Sunday.
    pub weekdays: u8,
    /// When the trading day ends and its price list stands.
    pub day_end: Option<TimeOfDay>,
    /// Sessions of listed trading; none where it stays closed.
    pub listing: Option<Vec<Session>>,
    /// Sessions of blocks.
    pub block: Option<Vec<Session>>,
    /// Sessions of one-way auctions.
    pub auction: Option<Vec<Session>>,
    /// Sessions of the order book.
    pub continuous: Option<Vec<Session>>,
    /// The call auction that opens the day: one session or none.
    pub opening_call: Option<Vec<Session>>,
    /// The call auction that closes the day: one session or none.
    pub closing_call: Option<Vec<Session>>,
}

/// The hours of one trading day. All times are counted from its beginning: midnight, or the evening before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayHours {
    /// When the trading day ends.
    pub day_end: TimeOfDay,
    listing: Vec<Session>,
    block: Vec<Session>,
    auction: Vec<Session>,
    continuous: Vec<Session>,
    /// The call auction that opens the day.
    pub opening_call: Option<Session>,
    /// The call auction that closes the day.
    pub closing_call: Option<Session>,
}

impl DayHours {
    /// The sessions of a method; none where the market has it not.
    #[must_use]
    pub fn sessions(&self, method: Method) -> &[Session] {
        match method {
            Method::Listed => &self.listing,
            Method::Continuous => &self.continuous,
            Method::Block => &self.block,
            Method::Auction => &self.auction,
        }
    }

    /// The first moment after another at which something opens or closes, or the day ends.
    #[must_use]
    pub fn bell_after(&self, rung: TimeOfDay) -> Option<TimeOfDay> {
        let calls = self.opening_call.iter().chain(&self.closing_call);
        let sessions = [&self.listing, &self.block, &self.auction, &self.continuous];
        let sessions = sessions.into_iter().flatten().chain(calls);
        let bells = sessions.flat_map(|s| [s.opens, s.closes]).chain([self.day_end]);
        bells.filter(|&bell| bell > rung && bell < TimeOfDay::DAY).min()
    }
}

impl Rules {
    /// The hours of a trading day.
    #[must_use]
    pub fn hours_on(&self, date: Date) -> DayHours {
        let calendar = &self.calendar;
        let on_date = |hours: &&Hours| hours.dates.contains(&date);
        let on_weekday = |hours: &&Hours| hours.weekdays >> (date.weekday() - 1) & 1 == 1;
        let own = self.hours.iter().rev().find(on_date);
        let own = own.or_else(|| self.hours.iter().rev().find(on_weekday));
        let end = own.and_then(|own| own.day_end).unwrap_or(calendar.day_end);
        let day_end = end.since(calendar.day_begins);
        let usual = |sessions: &[Session]| -> Vec<Session> {
            sessions.iter().map(|session| session.since(calendar.day_begins)).collect()
        };
        // A day of its own hours ends them all; on any other the rules were read so that they end before it does.
        let of =
            |stated: fn(&Hours) -> Option<&Vec<Session>>, sessions: Option<&[Session]>| -> Vec<Session> {
                let Some(sessions) = sessions else { return Vec::new() };
                let Some(own) = own else { return usual(sessions) };
                let all = usual(stated(own).map_or(sessions, Vec::as_slice));
                let before = all.into_iter().filter(|session| session.opens < day_end);
                before.map(|session| Session { closes: session.closes.min(day_end), ..session }).collect()
            };
        let book = self.continuous.as_ref();
        DayHours {
            day_end,
            listing: of(|own| own.listing.as_ref(), self.listing.as_ref().map(|rules| &rules.sessions[..])),
            block: of(|own| own.block.as_ref(), self.block.as_ref().map(|rules| &rules.sessions[..])),
            auction: of(|own| own.auction.as_ref(), self.auction.as_ref().map(|rules| &rules.sessions[..])),
            continuous: of(|own| own.continuous.as_ref(), book.map(|rules| &rules.sessions[..])),
            opening_call: of(
                |own| own.opening_call.as_ref(),
                book.map(|rules| rules.opening_call.as_slice()),
            )
            .first()
            .copied(),
            closing_call: of(
                |own| own.closing_call.as_ref(),
                book.map(|rules| rules.closing_call.as_slice()),
            )
            .first()
            .copied(),
        }
    }
}
