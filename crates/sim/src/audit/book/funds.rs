//! Orders for an amount of money: whole lots for as long as the money pays for one more.

use super::{Order, Place, fee, hold, rate, reaches};
use crate::audit::finding::{Finding, Found, Kind, check};
use crate::audit::ledger::{AVAILABLE, RESERVED};
use crate::audit::shadow::Shadow;
use crate::audit::verdict::{Verdict, first};
use base::{Money, OrderId, Part, Side};
use engine::Command;
use trading::{End, EnterFunds, Event, Life, OrderKind, Phase, SelfTrade};

/// What an order for an amount has left of it.
#[derive(Clone, Copy, Debug)]
pub struct Purse {
    /// Minor units: what a buyer may still pay, or a seller still be paid.
    pub left: i128,
    /// The price of its last trade.
    pub last: Option<i128>,
    /// Part of it ended because it would have met one of its owner.
    pub reduced: bool,
}

/// Why it met no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Spent,
    Reached,
    NoUnits,
    Interrupted,
    SelfTrade,
}

impl Shadow {
    fn lot_of(&self, instrument: u32) -> i128 {
        self.market_of(instrument).map_or(1, |market| market.rules.trading.lot.0.into())
    }

    /// What units at a price take of the money of an order: of a buyer with what they add to its fee.
    fn costs(&self, order: &Order, price: i128, units: i128) -> i128 {
        let Some(amount) = self.amount(order.instrument, price, units) else { return i128::MAX };
        let tariff = self.tariff(order.instrument);
        let after = order.base + amount * rate(&tariff, Part::Taker);
        match order.side {
            Side::Sell => amount,
            Side::Buy => amount + fee(&tariff, after) - fee(&tariff, order.base),
        }
    }

    fn affords(&self, order: &Order, price: i128, units: i128) -> bool {
        order.purse.is_some_and(|purse| self.costs(order, price, units) <= purse.left)
    }

    /// Whether so many units are what an order for an amount takes of one that stands: all, or the most whole lots.
    pub(super) fn takes_so_many(&self, order: &Order, maker: &Order, units: i128) -> bool {
        let (most, lot) = (order.left.min(maker.shown), self.lot_of(order.instrument));
        if self.affords(order, maker.price, most) {
            return units == most;
        }
        let more = self.affords(order, maker.price, units + lot);
        units > 0 && units % lot == 0 && units < most && self.affords(order, maker.price, units) && !more
    }

    /// The same, found.
    fn takes(&self, order: &Order, price: i128, shown: i128) -> i128 {
        let (most, lot) = (order.left.min(shown), self.lot_of(order.instrument));
        if self.affords(order, price, most) {
            return most;
        }
        let (mut yes, mut no) = (0, most / lot + 1);
        while no - yes > 1 {
            let middle = (yes + no) / 2;
            if self.affords(order, price, middle * lot) { yes = middle } else { no = middle }
        }
        yes * lot
    }

    /// Units that a seller sets aside: as many whole lots as it has, and as could come to the amount at the worst price.
    fn funds_units(&self, c: &EnterFunds) -> i128 {
        let (id, lot) = (c.instrument.0, self.lot_of(c.instrument.0));
        let known = self.instrument(id).zip(self.market_of(id));
        let Some((instrument, market)) = known else { return lot };
        let most = market.rules.trading.continuous.as_ref().map_or(0, |rules| rules.quantity_max.0);
        let one = self.amount(id, self.book_band(id).0, 1).unwrap_or(i128::MAX).max(1);
        let units = i128::from(c.funds.0) / one;
        let units = units.min(most.into()).min(self.ledger.available(c.account.0, instrument.asset));
        (units / lot * lot).max(lot)
    }

    pub(in crate::audit) fn judge_funds(&self, c: &EnterFunds) -> Result<Verdict, &'static str> {
        let id = c.instrument.0;
        let (Some(instrument), Some(market)) = (self.instrument(id), self.market_of(id)) else {
            return Err("enter/instrument_unknown");
        };
        first(&[(instrument.delisted, "enter/instrument_delisted")])?;
        let Some(rules) = &market.rules.trading.continuous else { return Err("enter/method_not_offered") };
        let (funds, tariff) = (i128::from(c.funds.0), self.tariff(id));
        first(&[
            (market.book_phase() == Phase::Closed, "enter/market_closed"),
            (instrument.halted, "enter/instrument_halted"),
            (self.paced(c.account.0, rules), "enter/rate_exceeded"),
            (funds <= 0, "enter/funds_not_positive"),
            (self.phase(id) != Phase::Continuous, "enter/life_unfit"),
            (hold(&tariff, 0, funds).is_none(), "enter/amount_too_large"),
            (rules.value_max.is_some_and(|most| c.funds > most), "enter/value_too_large"),
        ])?;
        let order = self.coming(c);
        let best = self.next_meeting(&order);
        let short = best.is_some_and(|(_, maker)| !self.affords(&order, maker.price, self.lot_of(id)));
        first(&[(short, "enter/funds_too_small")])?;
        let asset = if c.side == Side::Buy { market.currency } else { instrument.asset };
        self.judge_reserve(c.account.0, asset, order.held, c.side)?;
        Ok(Verdict::Taken)
    }

    /// The order that a command for an amount enters.
    fn coming(&self, c: &EnterFunds) -> Order {
        let (low, high) = self.book_band(c.instrument.0);
        let lot = self.lot_of(c.instrument.0);
        let rules =
            self.market_of(c.instrument.0).and_then(|market| market.rules.trading.continuous.as_ref());
        let most = rules.map_or(0, |rules| i128::from(rules.quantity_max.0) / lot * lot);
        let (price, left, held) = match c.side {
            Side::Buy => (high, most, c.funds.0.into()),
            Side::Sell => (low, self.funds_units(c), self.funds_units(c)),
        };
        Order {
            account: c.account.0,
            instrument: c.instrument.0,
            side: c.side,
            kind: OrderKind::Market,
            price,
            life: if c.fill_or_kill { Life::FillOrKill } else { Life::Immediate },
            post_only: false,
            self_trade: c.self_trade,
            minimum: 0,
            display: 0,
            trigger: 0,
            filled: 0,
            left,
            shown: left,
            place: Place::Under,
            since: 0,
            held,
            base: 0,
            paid: 0,
            purse: Some(Purse { left: c.funds.0.into(), last: None, reduced: false }),
        }
    }

    pub(in crate::audit) fn see_funds_entered(&mut self, event: &Event, command: &Command) -> Found {
        let (
            Event::FundsEntered { order: id, account, instrument, side, price, funds },
            Command::EnterFunds(c),
        ) = (event, command)
        else {
            return Err(Finding::new(Kind::Event, "an order for an amount was entered by nobody"));
        };
        let order = self.coming(c);
        let right = (*account, *instrument, *side, *funds) == (c.account, c.instrument, c.side, c.funds)
            && i128::from(price.0) == order.price
            && !self.books.contains_key(&id.0);
        check(right, Kind::Event, || format!("{event:?} came of {c:?}"))?;
        let asset = self.held_in(order.instrument, order.side);
        self.ledger.shift(order.account, asset, (AVAILABLE, RESERVED), order.held)?;
        self.count_pace(order.account, order.instrument);
        self.books.insert(id.0, order);
        self.comes_in(id.0);
        Ok(())
    }

    /// Part of the money ended: what the units would have come to that it would have traded with its owner.
    pub(in crate::audit) fn see_funds_reduced(&mut self, id: OrderId, by: Money) -> Found {
        let mut order = *self.book_order(id.0, "shrank")?;
        let (by, next) = (i128::from(by.0), self.next_meeting(&order));
        let Some((_, maker)) = next else {
            return Err(Finding::new(Kind::Priority, format!("order {id} shrank against nothing")));
        };
        let units = self.takes(&order, maker.price, maker.shown);
        let own = order.self_trade == SelfTrade::Decrement && self.same_owner(order.account, maker.account);
        let right = own && units > 0 && self.amount(order.instrument, maker.price, units) == Some(by);
        let Some(purse) = order.purse.as_mut().filter(|_| right) else {
            return Err(Finding::new(Kind::Priority, format!("order {id} shrank by {by}: {order:?}")));
        };
        (purse.left, purse.reduced) = (purse.left - by, true);
        (order.left, order.shown) = (order.left - units, order.shown - units);
        self.reducing = Some(units);
        self.books.insert(id.0, order);
        self.give_up(id.0, if order.side == Side::Buy { by } else { units })
    }

    /// A trade of an order for an amount: what it cost is gone. A buyer never pays more than the amount.
    pub(super) fn pay(&self, order: &mut Order, price: i128, (amount, due): (i128, i128)) -> Found {
        let bought = order.side == Side::Buy;
        let Some(purse) = &mut order.purse else { return Ok(()) };
        purse.left -= amount + if bought { due } else { 0 };
        purse.last = Some(price);
        let (left, held) = (purse.left, order.held);
        check(left >= 0 && (!bought || left == held), Kind::Holds, || {
            format!("an order for an amount has {left} left of it, and holds {held}")
        })
    }

    /// Why an order for an amount meets no more; none: it could go on.
    fn stopped(&self, order: &Order, near: i128) -> Option<Stop> {
        let lot = self.lot_of(order.instrument);
        let Some((_, maker)) = self.next_meeting(order) else { return Some(Stop::Reached) };
        if !self.affords(order, maker.price, lot) {
            return Some(Stop::Spent);
        }
        if order.left < lot {
            return Some(Stop::NoUnits);
        }
        if !self.within_dynamic(order.instrument, near, maker.price) {
            return Some(Stop::Interrupted);
        }
        let own = order.self_trade == SelfTrade::CancelIncoming;
        (own && self.same_owner(order.account, maker.account)).then_some(Stop::SelfTrade)
    }

    fn is_spent(&self, order: &Order, stop: Stop) -> bool {
        let last = order.purse.and_then(|purse| purse.last);
        let lot = self.lot_of(order.instrument);
        match stop {
            Stop::Spent => last.is_some(),
            Stop::Reached => last.is_some_and(|last| !self.affords(order, last, lot)),
            _ => false,
        }
    }

    /// Whether an order for an amount ended as it must.
    pub(super) fn see_funds_ended(&mut self, id: u64, order: &Order, end: End) -> Found {
        let incoming = self.pits.get(&order.instrument).and_then(|pit| pit.incoming);
        let Some((_, near)) = incoming.filter(|(incoming, _)| *incoming == id) else {
            return Err(Finding::new(Kind::Event, format!("order {id} ended and has not come in")));
        };
        let whole = order.life == Life::FillOrKill;
        if end == End::Unfillable {
            let right = whole && order.filled == 0 && !self.could_spend(order, near);
            return check(right, Kind::Event, || format!("order {id} could trade in full: {order:?}"));
        }
        let both = std::mem::take(&mut self.prevented);
        let stop = if both { Some(Stop::SelfTrade) } else { self.stopped(order, near) };
        let Some(stop) = stop else {
            return Err(Finding::new(Kind::Priority, format!("order {id} stopped too early: {order:?}")));
        };
        if let Some(pit) = self.pits.get_mut(&order.instrument) {
            pit.interrupts = stop == Stop::Interrupted;
        }
        let reduced = order.purse.is_some_and(|purse| purse.reduced);
        let expected = match stop {
            Stop::SelfTrade => End::SelfTrade,
            stop if self.is_spent(order, stop) && !reduced => End::Spent,
            Stop::Spent if reduced => End::SelfTrade,
            _ => End::Immediate,
        };
        check(end == expected && (!whole || end == End::Spent), Kind::Event, || {
            format!("order {id} ended as {end:?}, where {expected:?} is due: {order:?}")
        })
    }

    /// Whether an order for an amount would trade for all of it: played through, slice by slice.
    pub(super) fn could_spend(&self, order: &Order, near: i128) -> bool {
        let mut order = *order;
        let (id, lot) = (order.instrument, self.lot_of(order.instrument));
        let mut queue: Vec<Order> =
            self.queue(id, order.side.opposite()).into_iter().map(|(_, maker)| maker).collect();
        queue.retain(|maker| reaches(order.side, order.price, maker.price));
        loop {
            let Some(maker) = queue.first().copied() else { return self.is_spent(&order, Stop::Reached) };
            if !self.affords(&order, maker.price, lot) {
                return self.is_spent(&order, Stop::Spent);
            }
            if order.left < lot || !self.within_dynamic(id, near, maker.price) {
                return false;
            }
            let own = order.self_trade != SelfTrade::Allow && self.same_owner(order.account, maker.account);
            if own && order.self_trade != SelfTrade::CancelResting {
                return false;
            }
            queue.remove(0);
            if own {
                continue;
            }
            let units = self.takes(&order, maker.price, maker.shown);
            let (cost, amount) =
                (self.costs(&order, maker.price, units), self.amount(id, maker.price, units));
            order.base += amount.unwrap_or_default() * rate(&self.tariff(id), Part::Taker);
            order.left -= units;
            if let Some(purse) = &mut order.purse {
                (purse.left, purse.last) = (purse.left - cost, Some(maker.price));
            }
            let mut rest = Order { left: maker.left - units, shown: maker.shown - units, ..maker };
            if rest.shown > 0 {
                queue.insert(0, rest);
            } else if rest.left > 0 {
                rest.shown = rest.display.min(rest.left);
                let behind = queue.iter().position(|other| other.price != rest.price);
                queue.insert(behind.unwrap_or(queue.len()), rest);
            }
        }
    }
}
