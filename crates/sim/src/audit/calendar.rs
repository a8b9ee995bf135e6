//! The auditor's own clock: which day it is where, which rules hold, what is open.

use super::finding::{Found, Kind, check};
use super::shadow::{Market, Shadow};
use base::{AfterKnown, Calendar, Date, Session};
use engine::rulebook::{Rulebook, Version};

const SECOND: i64 = 1_000_000_000;

/// A second of the clock, counted from the beginning of the trading day.
#[must_use]
pub fn counted(calendar: &Calendar, second: u32) -> u32 {
    let begins = calendar.day_begins.0;
    if second >= begins { second - begins } else { second + 86_400 - begins }
}

/// The trading day of an instant, and the second of it, counted from its beginning.
#[must_use]
pub fn local(calendar: &Calendar, time: i64) -> (i32, u32) {
    let known = calendar.offsets.iter().rev().find(|offset| offset.from.0 <= time);
    let offset = known.or(calendar.offsets.first()).map_or(0, |offset| i64::from(offset.seconds));
    // A day that begins in the evening before has its whole clock that much ahead.
    let ahead = if calendar.day_begins.0 == 0 { 0 } else { 86_400 - i64::from(calendar.day_begins.0) };
    let seconds = time.div_euclid(SECOND) + offset + ahead;
    let day = i32::try_from(seconds.div_euclid(86_400)).unwrap_or(i32::MAX);
    (day, u32::try_from(seconds.rem_euclid(86_400)).unwrap_or_default())
}

/// The instant of a second of a trading day, counted from its beginning, as far as one offset holds around it.
#[must_use]
pub fn instant(calendar: &Calendar, day: i32, second: u32) -> i64 {
    let ahead = if calendar.day_begins.0 == 0 { 0 } else { 86_400 - i64::from(calendar.day_begins.0) };
    let wall = i64::from(day) * 86_400 + i64::from(second) - ahead;
    let offset = |time: i64| {
        let known = calendar.offsets.iter().rev().find(|offset| offset.from.0 <= time);
        known.or(calendar.offsets.first()).map_or(0, |offset| i64::from(offset.seconds))
    };
    let first = wall - offset(wall * SECOND);
    (wall - offset(first * SECOND)) * SECOND
}

/// The version of a rulebook for a day: the last that has begun, else the first.
#[must_use]
pub fn version(rulebook: &Rulebook, day: i32) -> Option<&Version> {
    rulebook.versions.iter().rev().find(|version| version.from.0 <= day).or(rulebook.versions.first())
}

impl Market {
    /// Whether it trades on a day.
    #[must_use]
    pub fn trades_on(&self, day: i32) -> bool {
        let calendar = &self.rules.trading.calendar;
        // Day 0 was a Thursday; bit 0 is Monday.
        let weekday = (day + 3).rem_euclid(7);
        let ruled = calendar.holidays.iter().any(|holiday| holiday.0 == day);
        let known =
            calendar.after_known == AfterKnown::Open || calendar.known_until.is_none_or(|last| last.0 >= day);
        day >= self.first_day
            && known
            && calendar.weekdays >> weekday & 1 == 1
            && !ruled
            && !self.holidays.contains(&day)
    }

    /// What is open when on a day, from what the rules say for it.
    #[must_use]
    pub fn hours(&self, day: i32) -> Hours {
        let trading = &self.rules.trading;
        let (calendar, date) = (&trading.calendar, Date(day));
        let own = trading.hours.iter().rfind(|hours| hours.dates.contains(&date));
        let weekday = (day + 3).rem_euclid(7);
        let own = own.or(trading.hours.iter().rfind(|hours| hours.weekdays >> weekday & 1 == 1));
        let end = own.and_then(|own| own.day_end).unwrap_or(calendar.day_end);
        let end = counted(calendar, end.0);
        let spans = |stated: Option<&Vec<Session>>, usual: Option<Vec<Session>>| -> Vec<(u32, u32)> {
            // What the market has not, no day of its own brings.
            let Some(usual) = usual else { return Vec::new() };
            let sessions = stated.cloned().unwrap_or(usual);
            let spans = sessions.iter().map(|session| {
                let (opens, closes) =
                    (counted(calendar, session.opens.0), counted(calendar, session.closes.0));
                (opens, if closes == 0 { 86_400 } else { closes })
            });
            let cut =
                spans.map(|(opens, closes)| (opens, if own.is_some() { closes.min(end) } else { closes }));
            cut.filter(|(opens, closes)| own.is_none() || opens < closes).collect()
        };
        let (listing, block) = (trading.listing.as_ref(), trading.block.as_ref());
        let (auction, book) = (trading.auction.as_ref(), trading.continuous.as_ref());
        let call = |call: Option<Session>| call.into_iter().collect::<Vec<_>>();
        Hours {
            end,
            methods: [
                spans(own.and_then(|own| own.listing.as_ref()), listing.map(|rules| rules.sessions.clone())),
                spans(own.and_then(|own| own.block.as_ref()), block.map(|rules| rules.sessions.clone())),
                spans(own.and_then(|own| own.auction.as_ref()), auction.map(|rules| rules.sessions.clone())),
            ],
            book: spans(
                own.and_then(|own| own.continuous.as_ref()),
                book.map(|rules| rules.sessions.clone()),
            ),
            opening: spans(
                own.and_then(|own| own.opening_call.as_ref()),
                book.map(|rules| call(rules.opening_call)),
            ),
            closing: spans(
                own.and_then(|own| own.closing_call.as_ref()),
                book.map(|rules| call(rules.closing_call)),
            ),
        }
    }

    /// Whether a method is open at an instant, as anyone reads it off the rules.
    #[must_use]
    pub fn should_be_open(&self, method: usize, time: i64) -> bool {
        let (day, second) = local(&self.rules.trading.calendar, time);
        let hours = self.hours(day);
        self.trades_on(day)
            && second < hours.end
            && within(&hours.methods[method], second)
            && self.has_rung(day, second)
    }

    /// Whether the market takes part in its day: one that was adopted in the midst of it may wait for the next bell.
    #[must_use]
    pub fn has_rung(&self, day: i32, second: u32) -> bool {
        let (adopted_day, adopted_second) = self.adopted;
        let rung = |bell: u32| adopted_second < bell && bell <= second;
        self.opened_with_the_clock
            || day > adopted_day
            || self.hours(day).all().any(|(opens, closes)| rung(opens) || rung(closes))
    }

    /// Whether a span lies within one session of a method today.
    #[must_use]
    pub fn spans_session(&self, method: usize, opens: i64, closes: i64) -> bool {
        let calendar = &self.rules.trading.calendar;
        let within = |(from, to): &(u32, u32)| {
            let (from, to) = (instant(calendar, self.date, *from), instant(calendar, self.date, *to));
            from <= opens && opens < closes && closes <= to
        };
        self.trades_on(self.date) && self.hours(self.date).methods[method].iter().any(within)
    }
}

/// What is open when on a day: spans in seconds from its beginning.
#[derive(Clone, Debug)]
pub struct Hours {
    /// When it is over.
    pub end: u32,
    /// Listed, block, auction.
    pub methods: [Vec<(u32, u32)>; 3],
    /// The order book.
    pub book: Vec<(u32, u32)>,
    /// Its opening call.
    pub opening: Vec<(u32, u32)>,
    /// Its closing call.
    pub closing: Vec<(u32, u32)>,
}

impl Hours {
    /// Every span.
    pub fn all(&self) -> impl Iterator<Item = (u32, u32)> {
        let books = [&self.book, &self.opening, &self.closing];
        self.methods.iter().chain(books).flatten().copied()
    }
}

/// Whether a second lies within one of some spans.
#[must_use]
pub fn within(spans: &[(u32, u32)], second: u32) -> bool {
    spans.iter().any(|(opens, closes)| *opens <= second && second < *closes)
}

impl Shadow {
    /// A day begins: rules come into force, locks open, yesterday's closes are today's references.
    pub(super) fn begin_day(&mut self, id: u32, day: i32, trading: bool) -> Found {
        let Some(market) = self.markets.get_mut(id as usize) else {
            return check(false, Kind::Event, || format!("a day began in market {id}, which does not exist"));
        };
        check(day == market.date + 1, Kind::Calendar, || {
            format!("day {day} came after day {}", market.date)
        })?;
        check(trading == market.trades_on(day), Kind::Calendar, || {
            format!("market {id}, day {day}: it is {trading} that it trades")
        })?;
        market.date = day;
        if trading {
            (market.list_date, market.ended) = (day, false);
            for instrument in self.instruments.iter_mut().filter(|instrument| instrument.market == id) {
                instrument.reference = instrument.corrected.take().unwrap_or(instrument.close());
                for method in 0..3 {
                    let (volume, amount) = instrument.turnover(method);
                    instrument.before[method].0 += volume;
                    instrument.before[method].1 += amount;
                }
                instrument.prints.clear();
                let continuous = market.rules.trading.continuous.as_ref();
                instrument.closes_last =
                    continuous.is_some_and(|rules| rules.close == trading::rules::ClosePrice::Last);
            }
        }
        let (open, locked): (Vec<_>, Vec<_>) = std::mem::take(&mut self.locks)
            .into_iter()
            .partition(|(market, until, _)| *market == id && *until <= day);
        self.locks = locked;
        open.into_iter().try_for_each(|(_, _, lock)| {
            self.ledger.shift(
                lock.account,
                lock.asset,
                (super::ledger::LOCKED, super::ledger::AVAILABLE),
                lock.quantity,
            )
        })
    }

    /// Rules come into force: those of the rulebook adopted last, and only where there is something new.
    pub(super) fn rules_in_force(&mut self, id: u32, from: i32, adopting: bool) -> Found {
        let Some(market) = self.markets.get_mut(id as usize) else {
            return check(false, Kind::Event, || format!("rules came into force in market {id}"));
        };
        let day = if adopting { market.date } else { market.date + 1 };
        let due = version(&market.rulebook, day).cloned();
        let due = due.filter(|due| due.from.0 == from);
        let Some(due) = due else {
            return check(false, Kind::Calendar, || {
                format!("the rules of day {from} are not those of day {day}")
            });
        };
        let new = adopting || market.amended || market.rules.from != due.from;
        (market.rules, market.amended) = (due, false);
        check(new, Kind::Calendar, || format!("rules of day {from} came into force twice"))
    }

    /// After a record: every method is open when the rules say so, and every day and rule has come that was due.
    pub(super) fn check_calendar(&self) -> Found {
        for (id, market) in self.markets.iter().enumerate() {
            let (day, second) = local(&market.rules.trading.calendar, self.time);
            check(day == market.date, Kind::Calendar, || {
                format!("market {id} is in day {}, it is {day}", market.date)
            })?;
            for method in 0..3 {
                let (is, should) = (market.open[method], market.should_be_open(method, self.time));
                check(is == should, Kind::Calendar, || {
                    format!("market {id}, method {method}: open is {is} at second {second} of day {day}")
                })?;
            }
            let over = second >= market.hours(day).end;
            let should = !market.trades_on(day) || over;
            check(market.ended == should, Kind::Calendar, || {
                format!("market {id}: that day {day} is over is {} at second {second}", market.ended)
            })?;
            let due = version(&market.rulebook, day);
            let pending = market.amended || due.is_some_and(|due| *due == market.rules);
            check(pending, Kind::Calendar, || {
                format!("market {id}: other rules are in force than those of day {day}")
            })?;
        }
        for (id, auction) in &self.auctions {
            check(auction.awaits_lot || auction.closes > self.time, Kind::Calendar, || {
                format!("auction {id} closed at {} and is open", auction.closes)
            })?;
        }
        Ok(())
    }

    /// What remains of a market at the end of its day: nothing.
    pub(super) fn check_nothing_stands(&self, what: &str, here: impl Fn(u32, u32) -> bool) -> Found {
        let left = self.standing().find(|(_, _, order)| here(order.account, order.instrument));
        check(left.is_none(), Kind::Calendar, || {
            let (kind, id) = left.map_or((0, 0), |(kind, id, _)| (kind, id));
            format!("{} {id} outlived {what}", ["listing", "block", "auction", "bid"][kind])
        })
    }
}
