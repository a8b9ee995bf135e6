//! Listings: who may place and take what, the best prices, and what stands.

use super::finding::{Finding, Found, Kind, check};
use super::ledger::{AVAILABLE, RESERVED};
use super::shadow::{Market, Shadow, Standing};
use super::verdict::{Verdict, first, trading as exactly};
use base::{OrderId, Side};
use trading::{CancelOrder, End, Event, PlaceOrder, TakeListing};

type Judged = Result<Verdict, &'static str>;

impl Shadow {
    pub(super) fn judge_place(&self, c: &PlaceOrder) -> Judged {
        let Some(instrument) = self.instrument(c.instrument.0) else {
            return Err("place/instrument_unknown");
        };
        let Some(market) = self.market_of(c.instrument.0) else { return Err("place/instrument_unknown") };
        first(&[(instrument.delisted, "place/instrument_delisted")])?;
        let Some(rules) = &market.rules.trading.listing else { return Err("place/method_not_offered") };
        let (low, high) = Market::band(instrument.reference, rules.band.0);
        let (price, quantity) = (i128::from(c.price.0), i128::from(c.quantity.0));
        first(&[
            (!market.open[0], "place/market_closed"),
            (instrument.halted, "place/instrument_halted"),
            (quantity <= 0, "place/quantity_not_positive"),
            (quantity % i128::from(market.rules.trading.lot.0) != 0, "place/quantity_off_lot"),
            (c.quantity >= rules.quantity_below, "place/listing_too_large"),
            (price < low || price > high, "place/price_outside_band"),
        ])?;
        let amount = self.amount(c.instrument.0, price, quantity).ok_or("place/amount_too_large")?;
        self.judge_hold((c.account.0, c.instrument.0), (0, c.side), amount, quantity)?;
        Ok(exactly(vec![Event::OrderPlaced { order: OrderId(self.given[0] + 1), terms: *c }]))
    }

    pub(super) fn judge_take(&self, c: &TakeListing) -> Judged {
        let Some(maker) = self.orders.get(&c.listing.0) else { return Err("take/listing_unknown") };
        let (Some(instrument), Some(market)) =
            (self.instrument(maker.instrument), self.market_of(maker.instrument))
        else {
            return Err("take/listing_unknown");
        };
        let quantity = i128::from(c.quantity.0);
        first(&[
            (!market.open[0], "take/market_closed"),
            (instrument.halted, "take/instrument_halted"),
            (self.is_own(maker.instrument, c.account.0, maker.account), "take/own_listing"),
            (quantity <= 0, "take/quantity_not_positive"),
            (quantity % i128::from(market.rules.trading.lot.0) != 0, "take/quantity_off_lot"),
            (quantity > maker.left, "take/exceeds_listing"),
            (!self.is_among_best(maker), "take/not_among_best_prices"),
        ])?;
        let amount = self.amount(maker.instrument, maker.price, quantity).unwrap_or_default();
        self.judge_hold((c.account.0, maker.instrument), (0, maker.side.opposite()), amount, quantity)?;
        Ok(Verdict::Taken)
    }

    /// A taker picks among the listings at the best few prices.
    pub(super) fn is_among_best(&self, maker: &Standing) -> bool {
        let market = self.market_of(maker.instrument);
        let count = market.and_then(|market| Some(market.rules.trading.listing.as_ref()?.best_prices));
        let beside = |order: &&Standing| (order.instrument, order.side) == (maker.instrument, maker.side);
        let mut prices: Vec<i128> = self.orders.values().filter(beside).map(|order| order.price).collect();
        prices.sort_unstable();
        prices.dedup();
        if maker.side == Side::Buy {
            prices.reverse();
        }
        prices.iter().take(count.unwrap_or(0) as usize).any(|price| *price == maker.price)
    }

    pub(super) fn judge_cancel(&self, c: &CancelOrder) -> Judged {
        if Self::is_book_order(c.order) {
            return self.judge_cancel_book(c);
        }
        let Some(order) = self.orders.get(&c.order.0) else { return Err("cancel/order_unknown") };
        first(&[(order.account != c.account.0, "cancel/not_the_owner")])?;
        let left = base::Quantity(i64::try_from(order.left).unwrap_or(i64::MAX));
        Ok(exactly(vec![Event::OrderEnded { order: c.order, left, end: End::Withdrawn }]))
    }

    pub(super) fn see_order_placed(&mut self, id: u64, terms: &PlaceOrder) -> Found {
        self.give_id(0, id)?;
        let who = (terms.account.0, terms.instrument.0);
        let standing = self.set_aside(who, (0, terms.side), terms.price.0, terms.quantity.0)?;
        self.orders.insert(id, standing);
        Ok(())
    }

    pub(super) fn see_order_ended(&mut self, id: u64, left: i64) -> Found {
        let Some(order) = self.orders.remove(&id) else {
            return Err(Finding::new(Kind::Event, format!("listing {id} ended, and none stands")));
        };
        check(order.left == left.into(), Kind::Event, || {
            format!("listing {id} ended with {left} left of {}", order.left)
        })?;
        self.give_back(&order)
    }

    /// A new id of the trading room (0) or the registry (1): they are given without a gap.
    pub(super) fn give_id(&mut self, room: usize, id: u64) -> Found {
        self.given[room] += 1;
        check(id == self.given[room], Kind::Event, || {
            format!("id {id} was given after {}", self.given[room] - 1)
        })
    }

    /// Sets aside what an order may need.
    pub(super) fn set_aside(
        &mut self,
        (account, instrument): (u32, u32),
        (method, side): (usize, Side),
        price: i64,
        quantity: i64,
    ) -> Result<Standing, Finding> {
        let (price, quantity) = (i128::from(price), i128::from(quantity));
        let amount = self.amount(instrument, price, quantity).unwrap_or_default();
        let (asset, held) = self.hold(instrument, method, side, amount, quantity);
        self.ledger.shift(account, asset, (AVAILABLE, RESERVED), held)?;
        Ok(Standing { account, instrument, side, price, quantity, left: quantity, traded: 0, held })
    }

    /// Gives back what an order that ended still holds.
    pub(super) fn give_back(&mut self, order: &Standing) -> Found {
        let asset = self.held_in(order.instrument, order.side);
        self.ledger.shift(order.account, asset, (RESERVED, AVAILABLE), order.held)
    }
}
