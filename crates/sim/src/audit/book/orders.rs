//! What happens to orders of a book: they come in, meet, rest, wait, shrink, end.

use super::{Order, Place, fee, part_of, rate, reaches};
use crate::audit::finding::{Finding, Found, Kind, check};
use crate::audit::ledger::{AVAILABLE, RESERVED};
use crate::audit::shadow::{Apart, Obligation, Print, Shadow};
use base::{OrderId, Part, Price, Quantity, Side};
use engine::Command;
use trading::rules::Own;
use trading::{End, Event, Life, OrderKind, Phase, SelfTrade};

/// A fill as its event tells it.
pub(in crate::audit) struct Filled {
    pub(in crate::audit) trade: u64,
    pub(in crate::audit) instrument: u32,
    pub(in crate::audit) price: i128,
    pub(in crate::audit) quantity: i128,
    pub(in crate::audit) buy: u64,
    pub(in crate::audit) sell: u64,
    pub(in crate::audit) parties: (u32, u32),
    pub(in crate::audit) aggressor: Option<Side>,
}

fn gone(what: &str, id: u64) -> Finding {
    Finding::new(Kind::Event, format!("order {id} {what}, and there is none"))
}

impl Shadow {
    pub(super) fn book_order(&mut self, id: u64, what: &str) -> Result<&mut Order, Finding> {
        self.books.get_mut(&id).ok_or_else(|| gone(what, id))
    }

    pub(in crate::audit) fn see_entered(&mut self, event: &Event, command: &Command) -> Found {
        let (
            Event::OrderEntered { order: id, account, instrument, side, price, quantity },
            Command::EnterOrder(c),
        ) = (event, command)
        else {
            return Err(Finding::new(Kind::Event, "an order was entered by nobody"));
        };
        let (low, high) = self.book_band(c.instrument.0);
        let worst = match (c.kind, c.side) {
            (OrderKind::Limit, _) => c.price.0.into(),
            (OrderKind::Market, Side::Buy) => high,
            (OrderKind::Market, Side::Sell) => low,
        };
        let right = (*account, *instrument, *side, *quantity)
            == (c.account, c.instrument, c.side, c.quantity)
            && i128::from(price.0) == worst
            && !self.books.contains_key(&id.0);
        check(right, Kind::Event, || format!("{event:?} came of {c:?}"))?;
        let order = self.incoming(c, *price);
        let asset = self.held_in(order.instrument, order.side);
        self.ledger.shift(order.account, asset, (AVAILABLE, RESERVED), order.held)?;
        self.count_pace(order.account, order.instrument);
        self.books.insert(id.0, order);
        self.comes_in(id.0);
        Ok(())
    }

    /// An order begins to meet the book: its dynamic band lies around the last price before it.
    pub(super) fn comes_in(&mut self, id: u64) {
        let Some(order) = self.books.get(&id).copied() else { return };
        let near = self.instrument(order.instrument).map_or(0, super::Instrument::last);
        self.pits.entry(order.instrument).or_default().incoming = Some((id, near));
    }

    /// Whether an order that stops meeting others has met all that it could; where the dynamic band stops it, an interruption is due.
    fn check_met(&mut self, id: u64, order: &Order) -> Found {
        let pit = self.pits.get(&order.instrument);
        let incoming = pit.and_then(|pit| pit.incoming).filter(|(incoming, _)| *incoming == id);
        let Some((_, near)) = incoming.filter(|_| self.phase(order.instrument) == Phase::Continuous) else {
            return Ok(());
        };
        let Some((next, maker)) = self.next_meeting(order) else { return Ok(()) };
        let outside = !self.within_dynamic(order.instrument, near, maker.price);
        if let Some(pit) = self.pits.get_mut(&order.instrument) {
            pit.interrupts = outside;
        }
        check(outside, Kind::Priority, || {
            format!("order {id} stopped before order {next} at {}", maker.price)
        })
    }

    pub(in crate::audit) fn see_rested(&mut self, id: OrderId, price: Price, shown: Quantity) -> Found {
        let before = *self.book_order(id.0, "rests")?;
        self.queued += 1;
        let mut order = before;
        order.since = self.queued;
        match before.place {
            // The next slice of an iceberg.
            Place::Book => {
                check(before.shown == 0 && before.left > 0, Kind::Event, || {
                    format!("order {id} rests twice")
                })?;
            }
            Place::Stop => {
                return Err(Finding::new(Kind::Event, format!("stop {id} rests without a trigger")));
            }
            Place::Closer => self.check_next_closer(id.0, &before)?,
            Place::Under => {
                self.check_met(id.0, &before)?;
                let stands = before.kind == OrderKind::Limit && before.life.stands();
                let in_call = self.phase(before.instrument).is_call();
                check(stands || in_call, Kind::Event, || format!("order {id} rests, and may not"))?;
            }
        }
        order.place = Place::Book;
        order.shown = if order.display > 0 { order.display.min(order.left) } else { order.left };
        let said = (i128::from(price.0), i128::from(shown.0));
        check(said == (order.price, order.shown), Kind::Event, || {
            format!("order {id} rests with {said:?}: {order:?}")
        })?;
        self.books.insert(id.0, order);
        if before.place == Place::Under {
            self.leaves_the_floor(id.0, order.instrument);
            if order.filled > 0 {
                self.trim(id.0)?;
            }
        }
        Ok(())
    }

    fn leaves_the_floor(&mut self, id: u64, instrument: u32) {
        if let Some(pit) = self.pits.get_mut(&instrument) {
            pit.incoming.take_if(|(incoming, _)| *incoming == id);
        }
    }

    /// A buyer keeps what it can still need.
    fn trim(&mut self, id: u64) -> Found {
        let Some(order) = self.books.get(&id).copied().filter(|order| order.side == Side::Buy) else {
            return Ok(());
        };
        let needed = self.still_needed(&order);
        self.give_up(id, order.held - needed)
    }

    /// Part of what an order holds is given back.
    pub(super) fn give_up(&mut self, id: u64, units: i128) -> Found {
        let Some(order) = self.books.get_mut(&id) else { return Ok(()) };
        order.held -= units;
        let order = *order;
        let asset = self.held_in(order.instrument, order.side);
        self.ledger.shift(order.account, asset, (RESERVED, AVAILABLE), units)
    }

    pub(in crate::audit) fn see_waits(&mut self, id: OrderId) -> Found {
        self.queued += 1;
        let since = self.queued;
        let order = self.book_order(id.0, "waits")?;
        let closer = order.life == Life::AtClose;
        let fits = order.place == Place::Under && (order.trigger != 0 || closer);
        order.place = if order.trigger == 0 { Place::Closer } else { Place::Stop };
        order.since = since;
        let instrument = order.instrument;
        let in_call = closer && self.phase(instrument) == Phase::ClosingCall;
        self.leaves_the_floor(id.0, instrument);
        check(fits && !in_call, Kind::Event, || format!("order {id} waits for nothing"))
    }

    /// Stops to buy before those to sell, the nearest trigger first, at one trigger the oldest first.
    pub(super) fn next_stop(&self, instrument: u32) -> Option<u64> {
        let last = self.instrument(instrument)?.last_traded()?;
        let waits = |order: &&(u64, Order)| (order.1.instrument, order.1.place) == (instrument, Place::Stop);
        let all: Vec<(u64, Order)> = self.books.iter().map(|(id, order)| (*id, *order)).collect();
        let reached = |side: Side| {
            let near = move |trigger: i128| if side == Side::Buy { trigger } else { -trigger };
            let stops = all.iter().filter(waits).filter(move |(_, order)| order.side == side);
            let reached = stops.filter(move |(_, order)| near(order.trigger) <= near(last));
            reached.min_by_key(move |(_, order)| (near(order.trigger), order.since)).map(|(id, _)| *id)
        };
        reached(Side::Buy).or_else(|| reached(Side::Sell))
    }

    pub(in crate::audit) fn see_triggered(&mut self, id: OrderId) -> Found {
        let instrument = self.book_order(id.0, "was triggered")?.instrument;
        let next = self.next_stop(instrument);
        let busy = self.pits.get(&instrument).is_some_and(|pit| pit.incoming.is_some() || pit.interrupts);
        let right = next == Some(id.0) && !busy && self.phase(instrument) == Phase::Continuous;
        check(right, Kind::Priority, || format!("stop {id} was triggered, {next:?} is next"))?;
        let order = self.book_order(id.0, "was triggered")?;
        (order.place, order.shown) = (Place::Under, order.left);
        self.comes_in(id.0);
        Ok(())
    }

    pub(in crate::audit) fn see_amended(
        &mut self,
        id: OrderId,
        price: Price,
        left: Quantity,
        kept: bool,
    ) -> Found {
        let before = *self.book_order(id.0, "was amended")?;
        let mut order = before;
        (order.price, order.left) = (price.0.into(), left.0.into());
        self.count_pace(order.account, order.instrument);
        if kept {
            // What is hidden shrinks first.
            let hidden = before.left - before.shown;
            order.shown -= (before.left - order.left - hidden).max(0);
        } else {
            // A market order that is given a price is a limit order from now on.
            (order.place, order.shown, order.kind) = (Place::Under, order.left, OrderKind::Limit);
        }
        self.books.insert(id.0, order);
        let needed = match order.side {
            Side::Sell => order.left,
            Side::Buy => {
                let amount = self.amount(order.instrument, order.price, order.left).unwrap_or_default();
                super::hold(&self.tariff(order.instrument), order.base, amount).unwrap_or_default()
            }
        };
        // With a smaller quantity in its place a buyer keeps what it holds where fees have risen; anything else is set aside anew.
        let keeps = kept && needed > before.held;
        if !keeps {
            let asset = self.held_in(order.instrument, order.side);
            self.ledger.shift(order.account, asset, (AVAILABLE, RESERVED), needed - before.held)?;
            self.book_order(id.0, "was amended")?.held = needed;
        }
        if !kept {
            self.comes_in(id.0);
        }
        Ok(())
    }

    /// Two orders of one owner would have met: both shrink by the smaller, without a trade.
    pub(in crate::audit) fn see_reduced(&mut self, id: OrderId, by: Quantity) -> Found {
        let order = *self.book_order(id.0, "shrank")?;
        let units = i128::from(by.0);
        let incoming = self.pits.get(&order.instrument).and_then(|pit| pit.incoming);
        let comes = incoming.filter(|(incoming, _)| *incoming == id.0);
        if comes.is_some() {
            let Some((_, maker)) = self.next_meeting(&order) else {
                return Err(gone("shrank against another", id.0));
            };
            let right = order.self_trade == SelfTrade::Decrement
                && self.same_owner(order.account, maker.account)
                && units == order.left.min(maker.shown);
            check(right, Kind::Priority, || format!("order {id} shrank by {units}"))?;
            self.reducing = Some(units);
        } else {
            let first = self.queue(order.instrument, order.side).first().map(|(first, _)| *first);
            let expected = self.reducing.take();
            check(first == Some(id.0) && expected == Some(units), Kind::Priority, || {
                format!("order {id} shrank by {units}, {first:?} is first, {expected:?} is due")
            })?;
        }
        let mut after = order;
        (after.left, after.shown) = (order.left - units, order.shown - units);
        self.books.insert(id.0, after);
        if order.side == Side::Sell {
            self.give_up(id.0, units)?
        } else {
            self.trim(id.0)?
        }
        self.close_if_done(id.0)
    }

    pub(in crate::audit) fn see_filled(&mut self, fill: &Filled) -> Found {
        self.trades += 1;
        let (id, instrument) = (fill.trade, fill.instrument);
        check(id == self.trades, Kind::Event, || format!("trade {id} is not the next"))?;
        let (buy, sell) = (*self.book_order(fill.buy, "bought")?, *self.book_order(fill.sell, "sold")?);
        let right = (buy.side, sell.side) == (Side::Buy, Side::Sell)
            && (buy.account, sell.account) == fill.parties
            && (buy.instrument, sell.instrument) == (instrument, instrument);
        check(right, Kind::Trade, || format!("trade {id} between {buy:?} and {sell:?}"))?;
        let (low, high) = self.book_band(instrument);
        let halted = self.instrument(instrument).is_none_or(|instrument| instrument.halted);
        let barred = |account: u32| self.frozen(account) || self.is_blocked(account);
        check(low <= fill.price && fill.price <= high && fill.quantity > 0, Kind::Trade, || {
            format!("trade {id}: {} at {}, within {low} to {high}", fill.quantity, fill.price)
        })?;
        check(!halted && !barred(buy.account) && !barred(sell.account), Kind::Trade, || {
            format!("trade {id} while halted, frozen or blocked")
        })?;
        match fill.aggressor {
            Some(side) => self.check_meeting(fill, side, &buy, &sell)?,
            None => self.check_call_fill(fill, &buy, &sell)?,
        }
        self.make_fill(fill)
    }

    /// The one that came in met the first in the queue, at its price.
    fn check_meeting(&self, fill: &Filled, side: Side, buy: &Order, sell: &Order) -> Found {
        let (taker, maker) = if side == Side::Buy { (buy, sell) } else { (sell, buy) };
        let (taker_id, maker_id) =
            if side == Side::Buy { (fill.buy, fill.sell) } else { (fill.sell, fill.buy) };
        let incoming = self.pits.get(&fill.instrument).and_then(|pit| pit.incoming);
        let Some((_, near)) =
            incoming.filter(|(incoming, _)| *incoming == taker_id && taker.place == Place::Under)
        else {
            return Err(Finding::new(
                Kind::Priority,
                format!("trade {}: order {taker_id} has not come in", fill.trade),
            ));
        };
        let first = self.next_meeting(taker).map(|(first, _)| first);
        check(first == Some(maker_id), Kind::Priority, || {
            format!("trade {}: order {maker_id} traded, order {first:?} comes first", fill.trade)
        })?;
        let quantity = taker.left.min(maker.shown);
        let so_many = match taker.purse {
            Some(_) => self.takes_so_many(taker, maker, fill.quantity),
            None => fill.quantity == quantity,
        };
        check(fill.price == maker.price && so_many, Kind::Trade, || {
            format!(
                "trade {}: {} at {}, where {quantity} at {} meet",
                fill.trade, fill.quantity, fill.price, maker.price
            )
        })?;
        let own = taker.self_trade != SelfTrade::Allow && self.same_owner(taker.account, maker.account);
        check(!own, Kind::Trade, || format!("trade {} between orders of one owner", fill.trade))?;
        let whole = taker.purse.is_some() && taker.life == Life::FillOrKill && taker.filled == 0;
        check(!whole || self.could_spend(taker, near), Kind::Trade, || {
            format!("trade {}: order {taker_id} must trade for all of its amount and cannot", fill.trade)
        })?;
        let needed = match (taker.life, taker.filled) {
            _ if taker.purse.is_some() => 0,
            (Life::FillOrKill, 0) => taker.left,
            // An amendment is not asked for its minimum again, nor is a stop's trigger a second first trade.
            (_, 0) if !self.amending => taker.minimum,
            _ => 0,
        };
        check(needed == 0 || self.could_trade(taker, near, needed), Kind::Trade, || {
            format!("trade {}: order {taker_id} must trade {needed} at once and cannot", fill.trade)
        })?;
        let within = self.within_dynamic(fill.instrument, near, fill.price);
        let continuous = self.phase(fill.instrument) == Phase::Continuous;
        check(within && continuous, Kind::Trade, || {
            format!(
                "trade {} at {} outside the dynamic band around {near}, or outside a session",
                fill.trade, fill.price
            )
        })?;
        check(reaches(side, taker.price, fill.price), Kind::Trade, || {
            format!("trade {} beyond a limit", fill.trade)
        })
    }

    /// In a call the first of both queues trade, at the one price.
    fn check_call_fill(&mut self, fill: &Filled, buy: &Order, sell: &Order) -> Found {
        let first = |side: Side| self.queue(fill.instrument, side).first().map(|(first, _)| *first);
        let firsts = (first(Side::Buy), first(Side::Sell));
        check(firsts == (Some(fill.buy), Some(fill.sell)), Kind::Priority, || {
            format!("trade {} of {} and {}, first are {firsts:?}", fill.trade, fill.buy, fill.sell)
        })?;
        let pit = self.pits.entry(fill.instrument).or_default();
        let Some((price, left)) = &mut pit.call else {
            return Err(Finding::new(
                Kind::Trade,
                format!("trade {} of a call that does not trade", fill.trade),
            ));
        };
        let quantity = (*left).min(buy.shown).min(sell.shown);
        *left -= fill.quantity;
        check((fill.price, fill.quantity) == (*price, quantity), Kind::Trade, || {
            format!(
                "trade {}: {} at {} of a call that gives {quantity} at {price}",
                fill.trade, fill.quantity, fill.price
            )
        })?;
        let limits = reaches(Side::Buy, buy.price, fill.price) && reaches(Side::Sell, sell.price, fill.price);
        check(limits, Kind::Trade, || format!("trade {} beyond a limit", fill.trade))
    }

    /// What both sides pay and keep, and what they owe each other now.
    fn make_fill(&mut self, fill: &Filled) -> Found {
        let tariff = self.tariff(fill.instrument);
        let amount = self.amount(fill.instrument, fill.price, fill.quantity).unwrap_or_default();
        let part = |side: Side| part_of(side, fill.aggressor);
        let (mut buy, mut sell) =
            (*self.book_order(fill.buy, "bought")?, *self.book_order(fill.sell, "sold")?);
        let before = ((buy.base, sell.base), sell.paid);
        let step = |order: &mut Order, bound: i128| {
            let before = if order.side == Side::Buy { fee(&tariff, order.base) } else { order.paid };
            order.base += amount * rate(&tariff, part(order.side));
            let due = (fee(&tariff, order.base) - before).clamp(0, bound.max(0));
            order.paid += due;
            due
        };
        // Fees that have risen since never take what the rest of the order can still cost.
        let rest = match buy.purse {
            // It is for no more than it can pay.
            Some(_) => 0,
            None => self.amount(fill.instrument, buy.price, buy.left - fill.quantity).unwrap_or_default(),
        };
        let buyer_bound = buy.held - amount - rest;
        let (buyer_fee, seller_fee) = (step(&mut buy, buyer_bound), step(&mut sell, amount));
        let rebate = |side: Side, other: i128| match part(side) {
            Part::Maker => (amount * i128::from(tariff.rebate_ppm) / 1_000_000).min(other),
            _ => 0,
        };
        let buyer_net = buyer_fee - rebate(Side::Buy, seller_fee);
        let seller_net = seller_fee - rebate(Side::Sell, buyer_fee);
        buy.held -= amount + buyer_net.max(0);
        sell.held -= fill.quantity;
        check(buy.held >= 0 && sell.held >= 0, Kind::Holds, || {
            format!("trade {}: not enough is set aside", fill.trade)
        })?;
        self.pay(&mut buy, fill.price, (amount, buyer_fee))?;
        self.pay(&mut sell, fill.price, (amount, seller_fee))?;
        for order in [&mut buy, &mut sell] {
            order.filled += fill.quantity;
            order.left -= fill.quantity;
            order.shown -= fill.quantity;
        }
        self.books.insert(fill.buy, buy);
        self.books.insert(fill.sell, sell);
        self.note_fill(fill, amount, (buyer_net, seller_net), before);
        // A call gives back at once what a buyer that stays does not need.
        if fill.aggressor.is_none() && buy.left > 0 {
            self.trim(fill.buy)?;
        }
        self.close_if_done(fill.buy)?;
        self.close_if_done(fill.sell)
    }

    fn note_fill(
        &mut self,
        fill: &Filled,
        amount: i128,
        (buyer_fee, seller_fee): (i128, i128),
        (before, paid_before): ((i128, i128), i128),
    ) {
        let known = self.instrument(fill.instrument).zip(self.market_of(fill.instrument));
        let Some((listed, market)) = known else { return };
        let obligation = Obligation {
            market: listed.market,
            date: market.date,
            asset: listed.asset,
            currency: market.currency,
            buyer: fill.parties.0,
            seller: fill.parties.1,
            instrument: fill.instrument,
            method: base::Method::Continuous,
            aggressor: fill.aggressor,
            before,
            paid_before,
            price: fill.price,
            quantity: fill.quantity,
            amount,
            buyer_fee,
            seller_fee,
            novated: false,
        };
        self.obligations.insert(fill.trade, obligation);
        let by_owner =
            self.market_of(fill.instrument).is_some_and(|market| market.rules.trading.own == Own::Owner);
        let own = by_owner && self.same_owner(fill.parties.0, fill.parties.1);
        let print =
            Print { trade: fill.trade, method: 0, price: fill.price, quantity: fill.quantity, amount, own };
        if let Some(listed) = self.instruments.get_mut(fill.instrument as usize) {
            listed.prints.push(print);
        }
    }

    /// An order with nothing left is over; what it still holds is given back once it owes nothing.
    fn close_if_done(&mut self, id: u64) -> Found {
        let over = |order: &Order| order.left == 0 && order.purse.is_none();
        let Some(order) = self.books.get(&id).copied().filter(over) else { return Ok(()) };
        self.books.remove(&id);
        self.leaves_the_floor(id, order.instrument);
        let asset = self.held_in(order.instrument, order.side);
        let rest = Apart { account: order.account, asset, quantity: order.held };
        if order.side == Side::Sell {
            return check(order.held == 0, Kind::Holds, || {
                format!("order {id} is over and holds {}", order.held)
            });
        }
        self.releases.push(rest);
        Ok(())
    }

    pub(in crate::audit) fn see_book_order_ended(
        &mut self,
        id: OrderId,
        left: Quantity,
        end: End,
        command: &Command,
    ) -> Found {
        let order = *self.book_order(id.0, "ended")?;
        // An order for an amount has no units left of it.
        let expected = if order.purse.is_some() { 0 } else { order.left };
        check(expected == left.0.into(), Kind::Event, || {
            format!("order {id} ended with {left} left: {order:?}")
        })?;
        let incoming = self.pits.get(&order.instrument).and_then(|pit| pit.incoming);
        let comes = incoming.filter(|(incoming, _)| *incoming == id.0);
        if order.purse.is_some() {
            self.see_funds_ended(id.0, &order, end)?;
        }
        let right = match (end, comes) {
            _ if order.purse.is_some() => true,
            (End::Immediate, Some(_)) => {
                self.check_met(id.0, &order)?;
                !(order.kind == OrderKind::Limit && order.life.stands())
            }
            (End::Unfillable, Some((_, near))) => {
                let needed = if order.life == Life::FillOrKill { order.left } else { order.minimum };
                order.filled == 0 && needed > 0 && !self.could_trade(&order, near, needed)
            }
            (End::SelfTrade, _) => self.check_prevented(id.0, &order, comes.is_some()),
            (End::Expired, None) => {
                let today = self.market_of(order.instrument).map_or(0, |market| market.date);
                !matches!(order.life, Life::UntilCancelled)
                    && !matches!(order.life, Life::UntilDate(last) if last.0 > today)
            }
            (End::CallOver, None) => {
                matches!(order.life, Life::AtOpen | Life::AtClose) || order.kind == OrderKind::Market
            }
            (End::OutsideBand, None) => !self.is_within_band(&order),
            (End::Withdrawn, None) => matches!(command, Command::CancelOrder(c) if c.order == id),
            (End::MassCancelled, None) => {
                let meant = |c: &trading::MassCancel| {
                    let here = c.instrument.is_none_or(|only| only.0 == order.instrument);
                    here && self.is_of(order.account, c.of)
                };
                matches!(command, Command::MassCancel(c) if meant(c))
            }
            // By the kill switch, or as supervision directs.
            (End::Blocked, None) => match command {
                Command::SetTradingBlocked(c) => c.blocked && self.is_of(order.account, c.of),
                command => *command == Command::Tick && self.is_blocked(order.account),
            },
            (End::Removed, None) => true,
            _ => false,
        };
        check(right, Kind::Event, || format!("order {id} ended as {end:?}: {order:?}"))?;
        self.books.remove(&id.0);
        self.leaves_the_floor(id.0, order.instrument);
        let asset = self.held_in(order.instrument, order.side);
        self.ledger.shift(order.account, asset, (RESERVED, AVAILABLE), order.held)
    }

    /// Whether an order of the owner's own was next to be met, and this is one of the two that end.
    fn check_prevented(&mut self, id: u64, order: &Order, comes: bool) -> bool {
        if comes {
            // After the one that stood has ended too, it is no longer there to be met.
            let ended = std::mem::take(&mut self.prevented);
            let own = self
                .next_meeting(order)
                .is_some_and(|(_, maker)| self.same_owner(order.account, maker.account));
            return match order.self_trade {
                SelfTrade::CancelIncoming => own,
                SelfTrade::CancelBoth => ended,
                _ => false,
            };
        }
        let taker = self.pits.get(&order.instrument).and_then(|pit| pit.incoming);
        let taker = taker.and_then(|(taker, _)| self.books.get(&taker)).copied();
        let Some(taker) = taker else { return false };
        self.prevented = taker.self_trade == SelfTrade::CancelBoth;
        let first = self.next_meeting(&taker).is_some_and(|(first, _)| first == id);
        let ends = matches!(taker.self_trade, SelfTrade::CancelResting | SelfTrade::CancelBoth);
        first && ends && self.same_owner(order.account, taker.account)
    }

    /// Whether an order lies within the day's band: a stop by its trigger and its price.
    pub(super) fn is_within_band(&self, order: &Order) -> bool {
        let (low, high) = self.book_band(order.instrument);
        let within = |price: i128| low <= price && price <= high;
        within(order.price) && (order.place != Place::Stop || within(order.trigger))
    }

    /// Those that waited for the close come to the book by price, the older first, buyers before sellers.
    fn check_next_closer(&self, id: u64, order: &Order) -> Found {
        let waits = |order: &&Order| order.place == Place::Closer;
        let rank = |other: &Order| {
            let better = if other.side == Side::Buy { -other.price } else { other.price };
            (other.side, better, other.since)
        };
        let here = self.books.values().filter(waits).filter(|other| other.instrument == order.instrument);
        let next = here.map(rank).min();
        let right = next == Some(rank(order)) && self.phase(order.instrument) == Phase::ClosingCall;
        check(right, Kind::Priority, || format!("order {id} joined the closing call before another"))
    }
}
