//! What an instrument's order book is doing: by the clock, by a price that moved too fast, by a halt.

use super::PostTrade;
use super::ticket::Place;
use crate::day::Market;
use crate::rules::DayHours;
use crate::{End, Event, Life, Phase, Venue, band_limits};
use base::{Date, InstrumentId, MarketId, Method, Side, TimeOfDay, Timestamp};
use book::Slot;

/// What the clock says an order book does at a time of day, counted from its beginning.
pub(crate) fn phase_at(hours: &DayHours, time: TimeOfDay) -> Phase {
    let inside = |session: &base::Session| session.opens <= time && time < session.closes;
    if hours.opening_call.as_ref().is_some_and(inside) {
        Phase::OpeningCall
    } else if hours.closing_call.as_ref().is_some_and(inside) {
        Phase::ClosingCall
    } else if hours.sessions(Method::Continuous).iter().any(inside) {
        Phase::Continuous
    } else {
        Phase::Closed
    }
}

impl Venue {
    fn here(&self, market: MarketId) -> Vec<InstrumentId> {
        let here = self.instruments.iter().enumerate().filter(|(_, i)| i.market == market && !i.delisted);
        here.map(|(index, _)| InstrumentId::at(index)).collect()
    }

    /// The clock of a market moved on: the books of its instruments go with it. Halted ones stay where they are.
    pub(crate) fn move_books(&mut self, now: Timestamp, market: MarketId, after: &mut impl PostTrade) {
        let phase = self.markets[market.index()].book_phase;
        for id in self.here(market) {
            if !self.instruments[id.index()].halted {
                self.move_book(now, id, phase, after);
            }
        }
    }

    fn move_book(&mut self, now: Timestamp, id: InstrumentId, to: Phase, after: &mut impl PostTrade) {
        let from = self.floor.pits[id.index()].phase;
        // An interruption goes on while continuous trading would, and into the closing call.
        if from == to || from == Phase::Interruption && to == Phase::Continuous {
            return;
        }
        if from == Phase::Interruption {
            self.forget_interruption(id);
        }
        if from.is_call() && !(from == Phase::Interruption && to == Phase::ClosingCall) {
            self.uncross_call(id, after);
            self.end_for_call(id, from, after);
        }
        self.set_phase(id, to, None, after);
        match to {
            Phase::Continuous => self.open_trading(now, id, after),
            Phase::ClosingCall => self.bring_closers(id, after),
            _ => self.indicate(id, after),
        }
    }

    fn set_phase(
        &mut self,
        id: InstrumentId,
        phase: Phase,
        until: Option<Timestamp>,
        after: &mut impl PostTrade,
    ) {
        let pit = &mut self.floor.pits[id.index()];
        (pit.phase, pit.until, pit.indicated) = (phase, until, super::Indication::default());
        after.event(Event::BookPhaseChanged { instrument: id, phase, until });
    }

    /// Continuous trading begins: a book that a halt or a night left crossed trades at one price first.
    fn open_trading(&mut self, now: Timestamp, id: InstrumentId, after: &mut impl PostTrade) {
        let book = &self.floor.pits[id.index()].book;
        if book.best(Side::Buy).is_some_and(|bid| book.best(Side::Sell).is_some_and(|ask| bid >= ask)) {
            self.uncross_call(id, after);
        }
        self.trigger_stops(now, id, after);
    }

    /// Orders that waited for the closing call join it, those at better prices first, the older first.
    fn bring_closers(&mut self, id: InstrumentId, after: &mut impl PostTrade) {
        for side in [Side::Buy, Side::Sell] {
            while let Some(slot) = self.floor.pits[id.index()].closers.front(side) {
                self.take_out(slot);
                self.rest(slot, after);
            }
        }
        self.indicate(id, after);
    }

    /// A call auction is over: what was meant for it alone ends, and so do market orders.
    fn end_for_call(&mut self, id: InstrumentId, call: Phase, after: &mut impl PostTrade) {
        let over = |life, is_market| match call {
            Phase::OpeningCall => life == Life::AtOpen || is_market,
            Phase::ClosingCall => life == Life::AtClose || is_market,
            _ => is_market,
        };
        self.end_standing(id, over, after);
    }

    /// Ends the orders of a book that `over` names, by their life and whether they are market orders.
    fn end_standing(
        &mut self,
        id: InstrumentId,
        over: impl Fn(Life, bool) -> bool,
        after: &mut impl PostTrade,
    ) {
        let mut slots = self.floor.slots_of(id);
        slots.retain(|slot| {
            let ticket = &self.floor.orders.get(*slot).owner;
            ticket.place() == Place::Book && over(ticket.life(Date(0)), ticket.is_market())
        });
        for slot in slots {
            self.end(slot, End::CallOver, after);
        }
    }

    /// A price moved too fast: a call auction begins.
    pub(super) fn interrupt(&mut self, now: Timestamp, id: InstrumentId, after: &mut impl PostTrade) {
        let market = self.instruments[id.index()].market;
        let rules = self.markets[market.index()].rules.continuous.as_ref();
        let seconds = rules.map_or(0, |rules| rules.interruption_s);
        self.begin_interruption(now, id, seconds, after);
    }

    fn begin_interruption(
        &mut self,
        now: Timestamp,
        id: InstrumentId,
        seconds: u32,
        after: &mut impl PostTrade,
    ) {
        let until = Timestamp(now.0.saturating_add(i64::from(seconds) * 1_000_000_000));
        self.set_phase(id, Phase::Interruption, Some(until), after);
        self.floor.interruptions.insert((until, id));
        self.indicate(id, after);
    }

    fn forget_interruption(&mut self, id: InstrumentId) {
        if let Some(until) = self.floor.pits[id.index()].until.take() {
            self.floor.interruptions.remove(&(until, id));
        }
    }

    /// The time of an interruption is up: it trades at one price, and trading goes on as the clock says.
    pub fn end_interruption(&mut self, now: Timestamp, id: InstrumentId, after: &mut impl PostTrade) {
        self.forget_interruption(id);
        self.uncross_call(id, after);
        self.end_for_call(id, Phase::Interruption, after);
        self.set_phase(id, Phase::Continuous, None, after);
        self.trigger_stops(now, id, after);
    }

    /// Trading in an instrument stopped or may go on.
    pub(crate) fn halt_book(&mut self, now: Timestamp, id: InstrumentId, after: &mut impl PostTrade) {
        let instrument = &self.instruments[id.index()];
        let market = &self.markets[instrument.market.index()];
        let Some(rules) = market.rules.continuous.as_ref() else { return };
        let (by_clock, resumption_s) = (market.book_phase, rules.resumption_s);
        if instrument.halted {
            self.forget_interruption(id);
            if self.floor.pits[id.index()].phase != Phase::Closed {
                self.set_phase(id, Phase::Closed, None, after);
            }
            return;
        }
        // A call auction that the halt outlasted is over for those who waited for it.
        self.end_standing(
            id,
            |life, is_market| match by_clock {
                Phase::OpeningCall => false,
                Phase::ClosingCall => life == Life::AtOpen,
                _ => life == Life::AtOpen || is_market,
            },
            after,
        );
        if by_clock == Phase::Continuous && resumption_s > 0 {
            self.begin_interruption(now, id, resumption_s, after);
        } else {
            self.move_book(now, id, by_clock, after);
        }
    }

    /// An instrument leaves the list: nothing of it stands any more.
    pub fn close_book(&mut self, id: InstrumentId, after: &mut impl PostTrade) {
        self.end_all_of(id, after);
        self.forget_interruption(id);
        if self.floor.pits[id.index()].phase != Phase::Closed {
            self.set_phase(id, Phase::Closed, None, after);
        }
    }

    /// A new instrument does what the clock says.
    pub(crate) fn join_floor(&mut self, id: InstrumentId, out: &mut impl FnMut(Event)) {
        self.draw_band(id);
        let phase = self.markets[self.instruments[id.index()].market.index()].book_phase;
        if phase != Phase::Closed {
            self.floor.pits[id.index()].phase = phase;
            out(Event::BookPhaseChanged { instrument: id, phase, until: None });
        }
    }

    /// Draws the day's band around the reference of an instrument.
    pub(crate) fn draw_band(&mut self, id: InstrumentId) {
        let instrument = &self.instruments[id.index()];
        let rules = self.markets[instrument.market.index()].rules.continuous.as_ref();
        let band = rules.map(|rules| band_limits(instrument.day.reference, rules.band));
        self.floor.pits[id.index()].band = band.unwrap_or_default();
    }

    /// A day begins: bands are drawn anew, and orders that stood overnight end where their last day was one without trading,
    /// where they lie outside the band, or where the market has no order book any more.
    pub(crate) fn begin_book_day(&mut self, market: MarketId, after: &mut impl PostTrade) {
        let Market { date: today, rules, .. } = &self.markets[market.index()];
        let (today, offered) = (*today, rules.continuous.is_some());
        self.expire_where(market, |life| matches!(life, Life::UntilDate(last) if last < today), after);
        for id in self.here(market) {
            self.draw_band(id);
            if !self.floor.anything_stands(id) {
                continue;
            }
            if offered {
                self.end_outside_band(id, after);
            } else {
                self.end_all_of(id, after);
            }
        }
    }

    /// A trading day ended: orders for the day, or up to it, expire.
    pub(crate) fn expire_orders(&mut self, market: MarketId, after: &mut impl PostTrade) {
        let today = self.markets[market.index()].date;
        let stays = |life| match life {
            Life::UntilCancelled => true,
            Life::UntilDate(last) => last > today,
            _ => false,
        };
        self.expire_where(market, |life| !stays(life), after);
    }

    fn expire_where(&mut self, market: MarketId, over: impl Fn(Life) -> bool, after: &mut impl PostTrade) {
        let here = |id: InstrumentId| self.instruments[id.index()].market == market;
        let slots: Vec<Slot> = self
            .floor
            .orders
            .iter()
            .filter(|(_, order)| here(order.owner.instrument()))
            .filter(|(slot, order)| over(order.owner.life(self.floor.extra(*slot).until)))
            .map(|(slot, _)| slot)
            .collect();
        for slot in slots {
            self.end(slot, End::Expired, after);
        }
    }
}
