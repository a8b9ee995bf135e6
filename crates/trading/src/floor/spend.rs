//! A market order for an amount of money (按金额委托): whole lots for as long as the amount pays for one more.
//!
//! It meets the book as other orders do (`strike.rs`), but how much it takes of each order that stands follows from the money it
//! has left. It is in no book, and it has ended when its command is over: nothing of it is kept.

use super::check::reaches;
use super::fill::Meeting;
use super::strike::Bounds;
use super::ticket::Ticket;
use super::{Incoming, ORDERS_MAX, PostTrade};
use crate::{End, EnterFunds, EnterOrder, EnterRejection, Event, Instrument, Life, OrderKind, Phase, Venue};
use base::{
    AccountId, AssetId, Hold, InstrumentId, Money, OrderId, Part, Price, Quantity, Side, Tariff, Timestamp,
    amount_of,
};
use book::Slot;

/// Why an order for an amount met no more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// What is left of the money does not pay for one more lot at the next price.
    Spent,
    /// Nothing more within its limit.
    Reached,
    /// No more units: those of a seller, or as many as an order may have.
    NoUnits,
    /// It would have met one of its owner.
    SelfTrade,
    /// The next trade lies outside the dynamic band.
    Interrupted,
}

/// What an order for an amount has left, while it trades.
#[derive(Clone, Copy)]
struct Purse {
    side: Side,
    tariff: Tariff,
    lot: Quantity,
    tick_value: i64,
    /// Minor units: a buyer's money, or what a seller may still be paid.
    money: i64,
    /// Units that it may still trade.
    units: Quantity,
    /// What a buyer's fee has run on so far.
    base: i64,
    /// The price of its last trade.
    last: Option<Price>,
}

impl Purse {
    /// What units at a price take of the money: for a buyer with what they add to its fee. `None`: more than can be counted.
    fn cost(&self, price: Price, quantity: Quantity) -> Option<i64> {
        let amount = amount_of(price, quantity, self.tick_value)?;
        match self.side {
            Side::Sell => Some(amount.0),
            Side::Buy => {
                self.tariff.base_after(self.base, Part::Taker, amount)?;
                amount.0.checked_add(self.tariff.step(self.base, Part::Taker, amount).0)
            }
        }
    }

    fn pays_for(&self, price: Price, quantity: Quantity) -> bool {
        self.cost(price, quantity).is_some_and(|cost| cost <= self.money)
    }

    /// Whether one more lot at a price is paid for.
    fn pays_for_a_lot(&self, price: Price) -> bool {
        self.pays_for(price, self.lot)
    }

    fn has_a_lot(&self) -> bool {
        self.units >= self.lot
    }

    /// Units that it takes of an order that shows so many: all of them, or as many whole lots as are paid for.
    fn takes(&self, price: Price, shown: Quantity) -> Quantity {
        let most = shown.min(self.units);
        if self.pays_for(price, most) {
            return most;
        }
        // More lots never cost less, fees included.
        let (mut paid, mut not_paid) = (0, most.0 / self.lot.0 + 1);
        while not_paid - paid > 1 {
            let lots = paid + (not_paid - paid) / 2;
            if self.pays_for(price, Quantity(lots * self.lot.0)) { paid = lots } else { not_paid = lots }
        }
        Quantity(paid * self.lot.0)
    }

    /// Trades units at a price, on paper. Whether those were all that were there.
    fn trade(&mut self, price: Price, there: Quantity) -> bool {
        let quantity = self.takes(price, there);
        if quantity.is_positive() {
            self.money -= self.cost(price, quantity).unwrap_or(self.money);
            self.units.0 -= quantity.0;
            if let Some(amount) = amount_of(price, quantity, self.tick_value) {
                self.base = self.tariff.step(self.base, Part::Taker, amount).1;
            }
            self.last = Some(price);
        }
        quantity == there
    }

    /// Whether it has traded for all that it was for: less is left than one more lot costs at the price that ended it, that of the
    /// next order or, where none is within its limit, that of its last trade.
    fn is_spent(&self, stop: Stop) -> bool {
        match stop {
            Stop::Spent => self.last.is_some(),
            Stop::Reached => self.last.is_some_and(|last| !self.pays_for_a_lot(last)),
            Stop::NoUnits | Stop::SelfTrade | Stop::Interrupted => false,
        }
    }
}

impl Venue {
    /// Whether an order for an amount may come in now, and what it needs: of a buyer the whole amount, of a seller as many of the
    /// units that it has as the amount could take at the worst price.
    ///
    /// # Errors
    /// See [`EnterRejection`].
    pub fn check_funds(
        &self,
        now: Timestamp,
        order: &EnterFunds,
        tariff: impl FnOnce(&Instrument) -> Tariff,
        available: impl FnOnce(AccountId, AssetId) -> Quantity,
    ) -> Result<Incoming, EnterRejection> {
        use EnterRejection as R;
        let &EnterFunds { account, instrument: id, side, funds, .. } = order;
        let instrument = self.instrument(id).ok_or(R::InstrumentUnknown)?;
        if instrument.delisted {
            return Err(R::InstrumentDelisted);
        }
        let market = &self.markets[instrument.market.index()];
        let rules = market.rules.continuous.as_ref().ok_or(R::MethodNotOffered)?;
        let pit = &self.floor.pits[id.index()];
        if market.book_phase == Phase::Closed {
            return Err(R::MarketClosed);
        }
        if instrument.halted {
            return Err(R::InstrumentHalted);
        }
        if !self.may_act(rules, account, now) {
            return Err(R::RateExceeded);
        }
        if !funds.is_positive() {
            return Err(R::FundsNotPositive);
        }
        if pit.phase != Phase::Continuous {
            return Err(R::LifeUnfit);
        }
        let tariff = tariff(instrument);
        tariff.highest(0, funds).and_then(|fee| funds.plus(fee)).ok_or(R::AmountTooLarge)?;
        if rules.value_max.is_some_and(|most| funds > most) {
            return Err(R::ValueTooLarge);
        }
        let (lower, upper) = pit.band;
        let price = if side == Side::Buy { upper } else { lower };
        let purse = self.purse(order, Quantity::ZERO, tariff);
        let best = pit.book.best(side.opposite()).filter(|best| reaches(side, price, *best));
        if best.is_some_and(|best| !purse.pays_for_a_lot(best)) {
            return Err(R::FundsTooSmall);
        }
        if self.floor.orders.len() >= ORDERS_MAX {
            return Err(R::BookFull);
        }
        let (asset, quantity) = match side {
            Side::Buy => (instrument.currency, funds.on_ledger()),
            Side::Sell => {
                // At least one lot: who has less is refused for that.
                let most = funds.0 / price.0.saturating_mul(instrument.tick_value).max(1);
                let most = most.min(rules.quantity_max.0).min(available(account, instrument.asset).0);
                let lot = market.rules.lot.0;
                (instrument.asset, Quantity((most / lot * lot).max(lot)))
            }
        };
        Ok(Incoming { price, hold: Hold { account, asset, quantity } })
    }

    /// Takes in an order for an amount that was checked and for which its hold was set aside. Returns its number.
    pub fn enter_funds(
        &mut self,
        now: Timestamp,
        order: &EnterFunds,
        incoming: &Incoming,
        after: &mut impl PostTrade,
    ) -> OrderId {
        let &EnterFunds { account, instrument: id, side, funds, fill_or_kill, self_trade } = order;
        let Incoming { price, hold } = *incoming;
        let (held, units) = match side {
            Side::Buy => (hold.quantity.0, self.units_max(id)),
            Side::Sell => (0, hold.quantity),
        };
        let life = if fill_or_kill { Life::FillOrKill } else { Life::Immediate };
        let plain = EnterOrder::limit(account, id, side, price, Quantity::ZERO);
        let plain = EnterOrder { kind: OrderKind::Market, life, self_trade, ..plain };
        // Of a buyer nothing is left between its trades; of a seller all that is set aside.
        let left = if side == Side::Buy { Quantity::ZERO } else { units };
        let Some(slot) = self.floor.orders.open(side, price, left, Ticket::new(&plain, held, false)) else {
            unreachable!("the table has room for twice the orders that may stand")
        };
        let number = self.floor.orders.id(slot);
        self.count_act(id, account, now);
        after.event(Event::FundsEntered { order: number, account, instrument: id, side, price, funds });
        let purse = self.purse(order, units, after.tariff(&self.instruments[id.index()]));
        let bounds = Bounds { side, limit: price, dynamic: self.dynamic_band(id), account, self_trade };
        if fill_or_kill && !self.could_spend(id, &bounds, purse, after) {
            self.end_funds(slot, End::Unfillable, after);
            return number;
        }
        let stop = self.spend(slot, id, &bounds, purse, after);
        if stop == Stop::Interrupted {
            self.interrupt(now, id, after);
        }
        self.trigger_stops(now, id, after);
        number
    }

    fn purse(&self, order: &EnterFunds, units: Quantity, tariff: Tariff) -> Purse {
        let instrument = &self.instruments[order.instrument.index()];
        let lot = self.markets[instrument.market.index()].rules.lot;
        let (side, money) = (order.side, order.funds.0);
        Purse { side, tariff, lot, tick_value: instrument.tick_value, money, units, base: 0, last: None }
    }

    /// As many units as a single order may have.
    fn units_max(&self, id: InstrumentId) -> Quantity {
        let market = &self.markets[self.instruments[id.index()].market.index()];
        let most = market.rules.continuous.as_ref().map_or(0, |rules| rules.quantity_max.0);
        let lot = market.rules.lot.0;
        Quantity(most / lot * lot)
    }

    /// Trades for as long as the money pays for one more lot, and ends the order.
    fn spend(
        &mut self,
        slot: Slot,
        id: InstrumentId,
        bounds: &Bounds,
        mut purse: Purse,
        after: &mut impl PostTrade,
    ) -> Stop {
        let (side, mut reduced) = (bounds.side, false);
        let stop = loop {
            let Some(maker) = self.floor.pits[id.index()].book.front(side.opposite()) else {
                break Stop::Reached;
            };
            let standing = self.floor.orders.get(maker);
            let (price, shown, whose) = (standing.price, standing.left, standing.owner.account);
            if let Some(stop) = stops_at(bounds, &purse, price) {
                break stop;
            }
            let quantity = purse.takes(price, shown);
            if !quantity.is_positive() {
                break Stop::Spent;
            }
            let own = after.same_owner(bounds.account, whose);
            if own && bounds.self_trade == crate::SelfTrade::Decrement {
                self.reduce_funds(slot, &mut purse, (price, quantity), after);
                self.decrement(maker, quantity, &purse.tariff, after);
                reduced = true;
                continue;
            }
            if own && bounds.self_trade != crate::SelfTrade::Allow {
                match self.prevent(slot, maker, bounds, &purse.tariff, after) {
                    Some(_) => break Stop::SelfTrade,
                    None => continue,
                }
            }
            let (buy, sell) = if side == Side::Buy { (slot, maker) } else { (maker, slot) };
            if side == Side::Buy {
                // All that is left of it, so that all else that it has set aside may go to its fee.
                self.floor.orders.reprice(slot, bounds.limit, quantity);
            }
            let meeting = Meeting { buy, sell, price, quantity, aggressor: Some(side), own };
            self.fill(&meeting, &purse.tariff, after);
            let left = self.floor.orders.get(slot).left;
            self.floor.orders.reprice(slot, bounds.limit, Quantity(left.0 - quantity.0));
            purse.trade(price, quantity);
            self.shorten(maker, quantity, after);
        };
        let end = match stop {
            Stop::SelfTrade => End::SelfTrade,
            stop if purse.is_spent(stop) && !reduced => End::Spent,
            Stop::Spent if reduced => End::SelfTrade,
            _ => End::Immediate,
        };
        self.end_funds(slot, end, after);
        stop
    }

    /// Part of the money ends without a trade: what the units would have come to, without a fee.
    fn reduce_funds(
        &mut self,
        slot: Slot,
        purse: &mut Purse,
        (price, quantity): (Price, Quantity),
        after: &mut impl PostTrade,
    ) {
        let Some(amount) = amount_of(price, quantity, purse.tick_value) else {
            unreachable!("the money pays for this")
        };
        let (order, instrument) =
            (self.floor.orders.id(slot), self.floor.orders.get(slot).owner.instrument());
        after.event(Event::FundsReduced { order, instrument, amount });
        purse.money -= amount.0;
        purse.units.0 -= quantity.0;
        self.give_funds_back(slot, amount, quantity, after);
    }

    /// What a part of an order for an amount had set aside is given back: money of a buyer, units of a seller.
    fn give_funds_back(&mut self, slot: Slot, money: Money, units: Quantity, after: &mut impl PostTrade) {
        let order = self.floor.orders.get(slot);
        let (side, price, left, account) = (order.side, order.price, order.left, order.owner.account);
        let instrument = &self.instruments[order.owner.instrument().index()];
        let (asset, currency) = (instrument.asset, instrument.currency);
        let (asset, quantity) = match side {
            Side::Buy => {
                self.floor.orders.owner_mut(slot).held -= money.0;
                (currency, money.on_ledger())
            }
            Side::Sell => {
                self.floor.orders.reprice(slot, price, Quantity(left.0 - units.0));
                (asset, units)
            }
        };
        if quantity.is_positive() {
            after.release(Hold { account, asset, quantity });
        }
    }

    /// The order is over; what it did not need is given back.
    fn end_funds(&mut self, slot: Slot, end: End, after: &mut impl PostTrade) {
        // It is for no number of units: none are left of it.
        after.event(Event::OrderEnded { order: self.floor.orders.id(slot), left: Quantity::ZERO, end });
        let order = self.floor.orders.get(slot);
        let (money, units) = (Money(order.owner.held), order.left);
        match order.side {
            Side::Buy => self.give_funds_back(slot, money, Quantity::ZERO, after),
            Side::Sell => self.give_funds_back(slot, Money::ZERO, units, after),
        }
        self.close(slot, after);
    }

    /// Whether an order for an amount would trade for all of it at once: looked at order by order, hidden parts where their turn
    /// comes, up to the first order of its own owner that would stop it.
    fn could_spend(
        &self,
        id: InstrumentId,
        bounds: &Bounds,
        mut purse: Purse,
        after: &impl PostTrade,
    ) -> bool {
        let pit = &self.floor.pits[id.index()];
        let mut next = pit.book.front(bounds.side.opposite());
        // What icebergs at the price that is looked at hide: it follows behind all that is shown there.
        let (mut at, mut hidden) = (Price::ZERO, 0_i64);
        loop {
            let order = next.map(|slot| (slot, self.floor.orders.get(slot)));
            if hidden > 0
                && order.is_none_or(|(_, order)| order.price != at)
                && !purse.trade(at, Quantity(std::mem::take(&mut hidden)))
            {
                return !purse.pays_for_a_lot(at) && purse.is_spent(Stop::Spent);
            }
            let Some((slot, order)) = order else { return purse.is_spent(Stop::Reached) };
            let (price, shown) = (order.price, order.left);
            if let Some(stop) = stops_at(bounds, &purse, price) {
                return purse.is_spent(stop);
            }
            let own = bounds.self_trade != crate::SelfTrade::Allow
                && after.same_owner(bounds.account, order.owner.account);
            if own && bounds.self_trade != crate::SelfTrade::CancelResting {
                return false;
            }
            if !own {
                if !purse.trade(price, shown) {
                    return !purse.pays_for_a_lot(price) && purse.is_spent(Stop::Spent);
                }
                at = price;
                hidden = hidden.saturating_add(self.floor.left(slot).0 - shown.0);
            }
            next = pit.book.onward(&self.floor.orders, slot);
        }
    }
}

/// Why an order for an amount does not meet the next order that stands, at this price.
fn stops_at(bounds: &Bounds, purse: &Purse, price: Price) -> Option<Stop> {
    if !reaches(bounds.side, bounds.limit, price) {
        return Some(Stop::Reached);
    }
    if !purse.pays_for_a_lot(price) {
        return Some(Stop::Spent);
    }
    if !purse.has_a_lot() {
        return Some(Stop::NoUnits);
    }
    bounds.interrupts(price).then_some(Stop::Interrupted)
}
