//! What the calendar does before a command is applied: days begin and end, sessions open and close, auctions close, rules
//! come into force. Steps are taken one by one in the order of their time.

use crate::{Event, Events, State};
use base::{Date, MarketId, Timestamp};
use trading::Due;

impl State {
    /// Takes every step that is due up to and including `now`. What is due at the last instant there is, is due never.
    pub(crate) fn advance(&mut self, now: Timestamp, out: &mut Events) {
        let by_then = |at: Timestamp| at <= now && at < Timestamp::MAX;
        loop {
            let due = self.venue.next_due().filter(|(at, _)| by_then(*at));
            let over = self.acts.next();
            // What the venue does at an instant comes before what expires at it.
            if by_then(over) && due.as_ref().is_none_or(|(at, _)| over < *at) {
                self.acts.expire().into_iter().for_each(|act| out.push(Event::ActExpired { act }));
                continue;
            }
            let Some((at, due)) = due else { break };
            match due {
                Due::DayBegins(market, date) => self.begin_day(at, market, date, out),
                Due::Bell(market) => {
                    let (venue, mut after) = self.floor(out);
                    let over = venue.day_ended(market);
                    let ended = venue.ring(at, market, &mut after);
                    self.release_all(&ended);
                    if !over && self.venue.day_ended(market) {
                        self.clearing.end_day(market);
                    }
                }
                Due::Interruption(instrument) => {
                    let (venue, mut after) = self.floor(out);
                    venue.end_interruption(at, instrument, &mut after);
                }
                Due::Auction(auction) => {
                    let uncrossed = self.venue.close_auction(auction, &mut out.trading());
                    self.settle_auction(uncrossed, out);
                }
            }
        }
        self.schedule();
    }

    /// Remembers when the next step is due, so that most commands need not ask.
    pub(crate) fn schedule(&mut self) {
        let next = self.venue.next_due().map_or(Timestamp::MAX, |(at, _)| at);
        self.due_at = next.min(self.acts.next());
    }

    /// An interruption may have begun: its end is due.
    #[inline]
    pub(crate) fn schedule_interruption(&mut self) {
        if let Some(until) = self.venue.next_interruption() {
            self.due_at = self.due_at.min(until);
        }
    }

    fn begin_day(&mut self, at: Timestamp, market: MarketId, date: Date, out: &mut Events) {
        self.put_rules_in_force(market, date, out);
        let before = self.venue.date(market);
        let (venue, mut after) = self.floor(out);
        venue.begin_day(at, market, date, &mut after);
        self.registry.begin_day(market, before, date, &mut out.registry());
        if self.venue.list_date(market) == date {
            self.clearing.begin_day(market, date);
            self.watch.begin_day(market);
        }
    }

    fn put_rules_in_force(&mut self, market: MarketId, date: Date, out: &mut Events) {
        let adopted = &mut self.markets[market.index()];
        let version = adopted.rulebook.version_on(date);
        if version.from == adopted.in_force && !adopted.amended {
            return;
        }
        adopted.two_persons.clone_from(&version.two_persons);
        (adopted.in_force, adopted.amended) = (version.from, false);
        out.push(Event::RulesInForce { market, from: version.from });
        self.venue.set_rules(market, version.trading.clone());
        self.clearing.set_rules(market, version.clearing.clone());
        self.clearing.set_window(market, version.trading.corrections.day_ends());
        self.registry.set_rules(market, version.registry.clone());
        self.watch.set_rules(market, version.supervision, version.trading.own == trading::rules::Own::Owner);
    }
}
