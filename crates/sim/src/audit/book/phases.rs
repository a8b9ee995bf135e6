//! What a book is doing, and what has to be so after every record.

use super::{Place, Shadow};
use crate::audit::calendar::{local, within};
use crate::audit::finding::{Found, Kind, check};
use crate::audit::shadow::Market;
use base::{InstrumentId, Timestamp};
use trading::{Life, Phase};

impl Market {
    /// What the clock says that books do, as anyone reads it off the rules.
    #[must_use]
    pub fn should_be_phase(&self, time: i64) -> Phase {
        let (day, second) = local(&self.rules.trading.calendar, time);
        let hours = self.hours(day);
        if !self.trades_on(day) || second >= hours.end || !self.has_rung(day, second) {
            return Phase::Closed;
        }
        if within(&hours.opening, second) {
            Phase::OpeningCall
        } else if within(&hours.closing, second) {
            Phase::ClosingCall
        } else if within(&hours.book, second) {
            Phase::Continuous
        } else {
            Phase::Closed
        }
    }

    /// What the clock said when the auditor last looked at it.
    #[must_use]
    pub fn book_phase(&self) -> Phase {
        self.clock
    }
}

impl Shadow {
    /// What an instrument's book is doing.
    #[must_use]
    pub fn phase(&self, instrument: u32) -> Phase {
        self.pits.get(&instrument).map_or(Phase::Closed, |pit| pit.phase)
    }

    /// Notes what the clocks of all markets say.
    pub(in crate::audit) fn read_clocks(&mut self) {
        let time = self.time;
        self.markets.iter_mut().for_each(|market| market.clock = market.should_be_phase(time));
    }

    /// A book does something else. `now`: the command led to it, and not a step of the calendar before it.
    pub(in crate::audit) fn see_phase(
        &mut self,
        id: InstrumentId,
        phase: Phase,
        until: Option<Timestamp>,
        now: bool,
    ) -> Found {
        self.check_call_done(id.0)?;
        let rules = self.market_of(id.0).and_then(|market| market.rules.trading.continuous.as_ref());
        let lasts = rules.map(|rules| [rules.interruption_s, rules.resumption_s]).unwrap_or_default();
        let began = |until: Timestamp| lasts.map(|seconds| until.0 - i64::from(seconds) * 1_000_000_000);
        let right = match until {
            None => phase != Phase::Interruption,
            Some(until) if now => began(until).contains(&self.time),
            Some(until) => began(until).iter().any(|began| *began <= self.time),
        };
        check(right, Kind::Calendar, || format!("instrument {id} is in {phase:?} until {until:?}"))?;
        let pit = self.pits.entry(id.0).or_default();
        let before = std::mem::replace(&mut pit.phase, phase);
        pit.until = until.map(|until| until.0);
        pit.indicated = (None, 0, 0);
        let interrupts = std::mem::take(&mut pit.interrupts);
        check(before != phase || phase == Phase::Interruption, Kind::Calendar, || {
            format!("instrument {id} is in {phase:?} again")
        })?;
        check(!interrupts || phase == Phase::Interruption, Kind::Calendar, || {
            format!("instrument {id} was to be interrupted, and is in {phase:?}")
        })
    }

    /// After a record: every book is in the phase that is due, no order is on its way, nothing waits that should not, and no call
    /// or interruption is half done.
    pub(in crate::audit) fn check_books(&mut self) -> Found {
        for id in 0..u32::try_from(self.instruments.len()).unwrap_or_default() {
            let Some(clock) = self.market_of(id).map(|market| market.should_be_phase(self.time)) else {
                continue;
            };
            let closed =
                self.instrument(id).is_none_or(|instrument| instrument.delisted || instrument.halted);
            let pit = self.pits.entry(id).or_default().clone();
            let interrupted =
                pit.phase == Phase::Interruption && pit.until.is_some_and(|until| until > self.time);
            let due = match (closed, clock) {
                (true, _) => Phase::Closed,
                (_, Phase::Continuous) if interrupted => Phase::Interruption,
                (_, clock) => clock,
            };
            check(pit.phase == due, Kind::Calendar, || {
                format!("instrument {id} is in {:?}, {due:?} is due", pit.phase)
            })?;
            check(!pit.interrupts, Kind::Calendar, || format!("instrument {id} was to be interrupted"))?;
            check(pit.incoming.is_none(), Kind::Event, || {
                format!("order {:?} neither stands nor has ended", pit.incoming)
            })?;
            self.check_call_done(id)?;
            if pit.phase == Phase::Continuous {
                let stop = self.next_stop(id);
                check(stop.is_none(), Kind::Priority, || format!("stop {stop:?} was to be triggered"))?;
                let best = |side| self.queue(id, side).first().map(|(_, order)| order.price);
                let crossed =
                    best(base::Side::Buy).zip(best(base::Side::Sell)).is_some_and(|(bid, ask)| bid >= ask);
                check(!crossed, Kind::Priority, || format!("the book of instrument {id} is crossed"))?;
            } else if pit.phase.is_call() {
                let found = self.equilibrium(id);
                check(pit.indicated == found, Kind::Event, || {
                    format!("instrument {id}: {found:?} was to be indicated, {:?} was", pit.indicated)
                })?;
            }
        }
        let order = self.books.iter().find(|(_, order)| {
            let early = order.place == Place::Closer && self.phase(order.instrument) == Phase::ClosingCall;
            let sliced = order.place == Place::Book && order.shown == 0;
            order.place == Place::Under || early || sliced || !self.may_stand_here(order)
        });
        check(order.is_none() && self.reducing.is_none(), Kind::Event, || {
            format!("an order is not where it should be: {order:?}")
        })
    }

    /// On a trading day everything lies within the day's band, in no other instrument's day.
    fn may_stand_here(&self, order: &super::Order) -> bool {
        let market = self.market_of(order.instrument);
        market.is_none_or(|market| market.ended || self.is_within_band(order))
    }

    /// What remains of a market's orders at the end of its day: those that may stand longer.
    pub(in crate::audit) fn check_expired(&self, market: u32, today: i32) -> Found {
        let left = self.books.iter().find(|(_, order)| {
            let here =
                self.instrument(order.instrument).is_some_and(|instrument| instrument.market == market);
            let stays = match order.life {
                Life::UntilCancelled => true,
                Life::UntilDate(last) => last.0 > today,
                _ => false,
            };
            here && !stays
        });
        check(left.is_none(), Kind::Calendar, || format!("an order outlived its day: {left:?}"))
    }
}
