//! An order changes. Less at the same price keeps its place; anything else comes in anew under the same number.

use super::PostTrade;
use super::check::crosses;
use super::ticket::Place;
use crate::{AmendOrder, AmendRejection, Event, Instrument, Phase, Venue};
use base::{Hold, Quantity, Side, Tariff, Timestamp, amount_of};
use book::Slot;

impl Venue {
    /// Whether an order may be amended, and what has to be set aside on top first.
    ///
    /// # Errors
    /// See [`AmendRejection`].
    pub fn check_amend(
        &self,
        now: Timestamp,
        amend: &AmendOrder,
        tariff: impl FnOnce(&Instrument) -> Tariff,
    ) -> Result<Hold, AmendRejection> {
        use AmendRejection as R;
        let &AmendOrder { account, order: id, price, quantity } = amend;
        let slot = self.floor.orders.find(id).ok_or(R::OrderUnknown)?;
        let order = self.floor.orders.get(slot);
        let ticket = order.owner;
        if ticket.account != account {
            return Err(R::NotTheOwner);
        }
        let instrument = &self.instruments[ticket.instrument().index()];
        let market = &self.markets[instrument.market.index()];
        let Some(rules) = market.rules.continuous.as_ref().filter(|_| market.book_phase != Phase::Closed)
        else {
            return Err(R::MarketClosed);
        };
        if instrument.halted {
            return Err(R::InstrumentHalted);
        }
        if !self.may_act(rules, account, now) {
            return Err(R::RateExceeded);
        }
        if ticket.place() != Place::Book {
            return Err(R::NotInTheBook);
        }
        if quantity <= ticket.filled {
            return Err(R::QuantityNotAboveTraded);
        }
        if quantity.0 % market.rules.lot.0 != 0 {
            return Err(R::QuantityOffLot);
        }
        if quantity > rules.quantity_max {
            return Err(R::QuantityTooLarge);
        }
        let pit = &self.floor.pits[ticket.instrument().index()];
        let (lower, upper) = pit.band;
        if !(lower..=upper).contains(&price) {
            return Err(R::PriceOutsideBand);
        }
        let (left, before) = (Quantity(quantity.0 - ticket.filled.0), self.floor.left(slot));
        if price == order.price && left == before {
            return Err(R::NothingToDo);
        }
        let best = if order.side == Side::Buy { price } else { upper };
        let needed = tariff(instrument).hold(ticket.base, best, left, instrument.tick_value);
        let needed = needed.ok_or(R::AmountTooLarge)?;
        if let Some(most) = rules.value_max {
            let value = amount_of(price, quantity, instrument.tick_value).ok_or(R::AmountTooLarge)?;
            if value > most {
                return Err(R::ValueTooLarge);
            }
        }
        if ticket.is_post_only() && pit.phase == Phase::Continuous && crosses(pit, order.side, price) {
            return Err(R::WouldTake);
        }
        let (asset, more) = match order.side {
            Side::Buy => (instrument.currency, needed.0 - ticket.held),
            Side::Sell => (instrument.asset, left.0 - before.0),
        };
        Ok(Hold { account, asset, quantity: Quantity(more.max(0)) })
    }

    /// Amends an order whose amendment was checked and for which `more` was set aside on top.
    pub fn amend(&mut self, now: Timestamp, amend: &AmendOrder, more: &Hold, after: &mut impl PostTrade) {
        let Some(slot) = self.floor.orders.find(amend.order) else {
            unreachable!("the amendment was checked")
        };
        let order = self.floor.orders.get(slot);
        let (ticket, kept_price) = (order.owner, order.price == amend.price);
        let id = ticket.instrument();
        let (left, before) = (Quantity(amend.quantity.0 - ticket.filled.0), self.floor.left(slot));
        self.count_act(id, ticket.account, now);
        let kept_place = kept_price && left < before;
        after.event(Event::OrderAmended {
            order: amend.order,
            instrument: id,
            price: amend.price,
            left,
            kept_place,
        });
        if kept_place {
            self.cut(slot, Quantity(before.0 - left.0), after);
        } else {
            self.come_anew(now, slot, amend, (left, before), more, after);
        }
        self.indicate(id, after);
    }

    /// Takes units off an order that keeps its place: hidden ones first.
    fn cut(&mut self, slot: Slot, by: Quantity, after: &mut impl PostTrade) {
        let floor = &mut self.floor;
        let order = floor.orders.get(slot);
        let (side, price, ticket) = (order.side, order.price, order.owner);
        let id = ticket.instrument();
        let hidden = floor.extra(slot).hidden.min(by);
        if hidden.is_positive() {
            if let Some(extra) = floor.extras.get_mut(&slot) {
                extra.hidden.0 -= hidden.0;
            }
            floor.hide(id, side, price, -hidden.0);
        }
        if by > hidden {
            floor.pits[id.index()].book.reduce(&mut floor.orders, slot, Quantity(by.0 - hidden.0));
        }
        self.give_back(slot, by, after);
    }

    fn come_anew(
        &mut self,
        now: Timestamp,
        slot: Slot,
        amend: &AmendOrder,
        (left, before): (Quantity, Quantity),
        more: &Hold,
        after: &mut impl PostTrade,
    ) {
        self.take_out(slot);
        let floor = &mut self.floor;
        if let Some(extra) = floor.extras.get_mut(&slot) {
            extra.hidden = Quantity::ZERO;
        }
        floor.orders.reprice(slot, amend.price, left);
        if floor.orders.get(slot).side == Side::Buy {
            floor.orders.owner_mut(slot).held += more.quantity.0;
        }
        self.give_back(slot, Quantity((before.0 - left.0).max(0)), after);
        let id = self.floor.orders.get(slot).owner.instrument();
        if self.floor.pits[id.index()].phase == Phase::Continuous {
            self.strike(now, slot, Quantity::ZERO, after);
            self.trigger_stops(now, id, after);
        } else {
            self.rest(slot, after);
        }
    }

    /// What an order of `by` units less, or at another price, does not need any more.
    fn give_back(&mut self, slot: Slot, by: Quantity, after: &mut impl PostTrade) {
        let order = self.floor.orders.get(slot);
        if order.side == Side::Buy {
            self.trim(slot, after);
        } else if by.is_positive() {
            let account = order.owner.account;
            let asset = self.instruments[order.owner.instrument().index()].asset;
            after.release(Hold { account, asset, quantity: by });
        }
    }
}
