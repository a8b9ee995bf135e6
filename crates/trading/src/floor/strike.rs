//! An incoming order meets the book: best price first, the oldest at a price first.

use super::check::reaches;
use super::enter::may_stand;
use super::fill::Meeting;
use super::{Floor, PostTrade};
use crate::{End, Event, OrderKind, SelfTrade, Venue, band_limits};
use base::{AccountId, Hold, InstrumentId, Price, Quantity, Side, Tariff, Timestamp};
use book::Slot;

/// Why an incoming order met no more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Nothing more at its price.
    Reached,
    /// It has traded in full, or all of it ended.
    Done,
    /// It would have met one of its owner.
    SelfTrade,
    /// The next trade lies outside the dynamic band.
    Interrupted,
}

/// What bounds an incoming order's trades.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) side: Side,
    pub(super) limit: Price,
    /// The dynamic band.
    pub(super) dynamic: Option<(Price, Price)>,
    pub(super) account: AccountId,
    pub(super) self_trade: SelfTrade,
}

impl Bounds {
    pub(super) fn interrupts(&self, price: Price) -> bool {
        self.dynamic.is_some_and(|(lower, upper)| price < lower || price > upper)
    }
}

impl Venue {
    /// An order that is in no book trades what it can, at least `minimum` at once where one is asked, and then rests, ends, or
    /// interrupts trading.
    pub(super) fn strike(
        &mut self,
        now: Timestamp,
        slot: Slot,
        minimum: Quantity,
        after: &mut impl PostTrade,
    ) {
        let order = self.floor.orders.get(slot);
        let (side, limit, all, ticket) = (order.side, order.price, order.left, order.owner);
        let id = ticket.instrument();
        let life = ticket.life(base::Date(0));
        let needed = if life == crate::Life::FillOrKill { all } else { minimum };
        let stop = if needed.is_positive() || self.floor.pits[id.index()].book.crosses(side, limit) {
            let (account, self_trade) = (ticket.account, ticket.self_trade());
            let bounds = Bounds { side, limit, dynamic: self.dynamic_band(id), account, self_trade };
            if needed.is_positive() && !self.can_trade(id, &bounds, needed, after) {
                self.end(slot, End::Unfillable, after);
                return;
            }
            self.meet(slot, id, &bounds, after)
        } else {
            Stop::Reached
        };
        let kind = if ticket.is_market() { OrderKind::Market } else { OrderKind::Limit };
        match stop {
            Stop::Done => self.close(slot, after),
            Stop::SelfTrade => self.end(slot, End::SelfTrade, after),
            Stop::Reached | Stop::Interrupted => {
                if may_stand(life, kind) {
                    self.rest(slot, after);
                } else {
                    self.end(slot, End::Immediate, after);
                }
            }
        }
        if stop == Stop::Interrupted {
            self.interrupt(now, id, after);
        }
    }

    fn meet(&mut self, slot: Slot, id: InstrumentId, bounds: &Bounds, after: &mut impl PostTrade) -> Stop {
        let tariff = after.tariff(&self.instruments[id.index()]);
        let against = bounds.side.opposite();
        loop {
            let left = self.floor.orders.get(slot).left;
            if !left.is_positive() {
                return Stop::Done;
            }
            let Some(maker) = self.floor.pits[id.index()].book.front(against) else { return Stop::Reached };
            let standing = self.floor.orders.get(maker);
            let (price, shown, whose) = (standing.price, standing.left, standing.owner.account);
            if !reaches(bounds.side, bounds.limit, price) {
                return Stop::Reached;
            }
            if bounds.interrupts(price) {
                return Stop::Interrupted;
            }
            let own = after.same_owner(bounds.account, whose);
            if own && bounds.self_trade != SelfTrade::Allow {
                if let Some(stop) = self.prevent(slot, maker, bounds, &tariff, after) {
                    return stop;
                }
                continue;
            }
            let quantity = left.min(shown);
            let (buy, sell) = if bounds.side == Side::Buy { (slot, maker) } else { (maker, slot) };
            let meeting = Meeting { buy, sell, price, quantity, aggressor: Some(bounds.side), own };
            self.fill(&meeting, &tariff, after);
            self.floor.orders.reprice(slot, bounds.limit, Quantity(left.0 - quantity.0));
            self.shorten(maker, quantity, after);
        }
    }

    /// Takes what has traded off an order in the book: it keeps its place, shows its next slice behind the others, or is over.
    pub(super) fn shorten(&mut self, slot: Slot, by: Quantity, after: &mut impl PostTrade) {
        let floor = &mut self.floor;
        let order = floor.orders.get(slot);
        let (left, has_extra) = (order.left, order.owner.has_extra());
        let pit = &mut floor.pits[order.owner.instrument().index()];
        if by < left {
            pit.book.reduce(&mut floor.orders, slot, by);
        } else if !(has_extra && self.show_next(slot, after)) {
            let floor = &mut self.floor;
            let id = floor.orders.get(slot).owner.instrument();
            floor.pits[id.index()].book.leave(&mut floor.orders, slot);
            self.close(slot, after);
        }
    }

    /// The next slice of an iceberg, behind the others at its price. False: nothing is hidden.
    fn show_next(&mut self, slot: Slot, after: &mut impl PostTrade) -> bool {
        let floor = &mut self.floor;
        let Some(extra) = floor.extras.get_mut(&slot).filter(|extra| extra.hidden.is_positive()) else {
            return false;
        };
        let slice = extra.display.min(extra.hidden);
        extra.hidden.0 -= slice.0;
        let order = floor.orders.get(slot);
        let (side, price, id) = (order.side, order.price, order.owner.instrument());
        floor.hide(id, side, price, -slice.0);
        floor.pits[id.index()].book.refresh(&mut floor.orders, slot, slice);
        let order = floor.orders.id(slot);
        after.event(Event::OrderRested { order, instrument: id, price, shown: slice });
        true
    }

    /// The incoming order would meet one of its owner. `None`: it goes on.
    pub(super) fn prevent(
        &mut self,
        slot: Slot,
        maker: Slot,
        bounds: &Bounds,
        tariff: &Tariff,
        after: &mut impl PostTrade,
    ) -> Option<Stop> {
        match bounds.self_trade {
            SelfTrade::Allow => None,
            SelfTrade::CancelIncoming => Some(Stop::SelfTrade),
            SelfTrade::CancelResting => {
                self.end(maker, End::SelfTrade, after);
                None
            }
            SelfTrade::CancelBoth => {
                self.end(maker, End::SelfTrade, after);
                Some(Stop::SelfTrade)
            }
            SelfTrade::Decrement => {
                let (left, shown) = (self.floor.orders.get(slot).left, self.floor.orders.get(maker).left);
                let by = left.min(shown);
                self.decrement(slot, by, tariff, after);
                self.decrement(maker, by, tariff, after);
                None
            }
        }
    }

    /// Part of an order ends without a trade, and what was set aside for it is given back.
    pub(super) fn decrement(
        &mut self,
        slot: Slot,
        by: Quantity,
        tariff: &Tariff,
        after: &mut impl PostTrade,
    ) {
        let order = self.floor.orders.get(slot);
        let (side, price, left, ticket) = (order.side, order.price, order.left, order.owner);
        let instrument = &self.instruments[ticket.instrument().index()];
        let (asset, currency, tick_value) = (instrument.asset, instrument.currency, instrument.tick_value);
        after.event(Event::OrderReduced { order: self.floor.orders.id(slot), by });
        let account = ticket.account;
        if side == Side::Sell {
            after.release(Hold { account, asset, quantity: by });
        } else {
            let rest = Quantity(self.floor.left(slot).0 - by.0);
            let needed = tariff.hold(ticket.base, price, rest, tick_value);
            let excess = needed.map_or(0, |needed| (ticket.held - needed.0).max(0));
            self.floor.orders.owner_mut(slot).held -= excess;
            if excess > 0 {
                after.release(Hold { account, asset: currency, quantity: Quantity(excess) });
            }
        }
        if ticket.place() == super::ticket::Place::Book {
            self.shorten(slot, by, after);
        } else {
            self.floor.orders.reprice(slot, price, Quantity(left.0 - by.0));
        }
    }

    /// Whether an order could trade `needed` units at once: what stands within its price and the dynamic band, hidden parts
    /// included, up to the first order of its own owner that would stop it.
    fn can_trade(&self, id: InstrumentId, bounds: &Bounds, needed: Quantity, after: &impl PostTrade) -> bool {
        let floor: &Floor = &self.floor;
        let pit = &floor.pits[id.index()];
        let mut found = 0_i128;
        let mut next = pit.book.front(bounds.side.opposite());
        while let Some(slot) = next {
            let order = floor.orders.get(slot);
            if !reaches(bounds.side, bounds.limit, order.price) || bounds.interrupts(order.price) {
                return false;
            }
            let own = bounds.self_trade != SelfTrade::Allow
                && after.same_owner(bounds.account, order.owner.account);
            match (own, bounds.self_trade) {
                (true, SelfTrade::CancelResting) => {}
                (true, _) => return false,
                (false, _) => found += i128::from(floor.left(slot).0),
            }
            if found >= i128::from(needed.0) {
                return true;
            }
            next = pit.book.onward(&floor.orders, slot);
        }
        false
    }

    /// The dynamic band around the last price, where the rules have one.
    pub(super) fn dynamic_band(&self, id: InstrumentId) -> Option<(Price, Price)> {
        let instrument = &self.instruments[id.index()];
        let rules = self.markets[instrument.market.index()].rules.continuous.as_ref()?;
        rules.dynamic_band.map(|band| band_limits(instrument.last_or_reference(), band))
    }
}
