//! Listed trading (挂牌协议): a maker lists a price and a quantity; a taker picks one listing among the best prices and
//! trades at its price. There is no time priority: any counterparty at a price may be picked (notice 2021-06-22).

use crate::{
    CancelOrder, CancelRejection, End, Event, Match, PlaceOrder, PlaceRejection, TakeListing, TakeRejection,
    Terms, Venue, band_limits,
};
use base::{AccountId, Method, Money, OrderId, Party, Quantity, Side, Trade};
use serde::{Deserialize, Serialize};

/// A listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// As it was placed.
    pub terms: PlaceOrder,
    /// Minor units at its price.
    pub amount: Money,
    /// Units already taken.
    pub filled: Quantity,
    /// Minor units already traded.
    pub traded: Money,
}

impl Order {
    /// Units that can still be taken.
    #[must_use]
    pub fn left(&self) -> Quantity {
        Quantity(self.terms.quantity.0 - self.filled.0)
    }
}

impl Venue {
    /// What a listing would trade.
    ///
    /// # Errors
    /// See [`PlaceRejection`].
    pub fn check_place(&self, order: &PlaceOrder) -> Result<Terms, PlaceRejection> {
        let &PlaceOrder { account, instrument: id, side, price, quantity } = order;
        let instrument = self.instrument(id).ok_or(PlaceRejection::InstrumentUnknown)?;
        if instrument.delisted {
            return Err(PlaceRejection::InstrumentDelisted);
        }
        let market = &self.markets[instrument.market.index()];
        let listing = market.rules.listing.as_ref().ok_or(PlaceRejection::MethodNotOffered)?;
        if !market.is_open(Method::Listed) {
            return Err(PlaceRejection::MarketClosed);
        }
        if instrument.halted {
            return Err(PlaceRejection::InstrumentHalted);
        }
        if !quantity.is_positive() {
            return Err(PlaceRejection::QuantityNotPositive);
        }
        if quantity.0 % market.rules.lot.0 != 0 {
            return Err(PlaceRejection::QuantityOffLot);
        }
        if quantity >= listing.quantity_below {
            return Err(PlaceRejection::ListingTooLarge);
        }
        let (lower, upper) = band_limits(instrument.day.reference, listing.band);
        if !(lower..=upper).contains(&price) {
            return Err(PlaceRejection::PriceOutsideBand);
        }
        let amount = self.amount(id, price, quantity).ok_or(PlaceRejection::AmountTooLarge)?;
        Ok(self.terms(Method::Listed, id, (account, side), quantity, amount))
    }

    /// Places a listing whose terms were checked and set aside.
    pub fn place(&mut self, terms: &PlaceOrder, amount: Money, out: &mut impl FnMut(Event)) -> OrderId {
        let order = OrderId(self.next_id());
        self.boards[terms.instrument.index()].add(terms.side, terms.price, terms.quantity);
        let listing = Order { terms: *terms, amount, filled: Quantity::ZERO, traded: Money::ZERO };
        self.orders.insert(order, listing);
        out(Event::OrderPlaced { order, terms: *terms });
        order
    }

    /// What taking a listing would trade, from the taker's side. Whether two accounts are one owner's is the registry's to say.
    ///
    /// # Errors
    /// See [`TakeRejection`].
    pub fn check_take(
        &self,
        take: &TakeListing,
        same_owner: impl FnOnce(AccountId, AccountId) -> bool,
    ) -> Result<Terms, TakeRejection> {
        let &TakeListing { account, listing, quantity } = take;
        let maker = self.orders.get(&listing).ok_or(TakeRejection::ListingUnknown)?;
        let PlaceOrder { instrument: id, side, price, .. } = maker.terms;
        let instrument = &self.instruments[id.index()];
        let market = &self.markets[instrument.market.index()];
        let Some(rules) = market.rules.listing.as_ref().filter(|_| market.is_open(Method::Listed)) else {
            return Err(TakeRejection::MarketClosed);
        };
        if instrument.halted {
            return Err(TakeRejection::InstrumentHalted);
        }
        if self.is_own(id, (account, maker.terms.account), same_owner) {
            return Err(TakeRejection::OwnListing);
        }
        if !quantity.is_positive() {
            return Err(TakeRejection::QuantityNotPositive);
        }
        if quantity.0 % market.rules.lot.0 != 0 {
            return Err(TakeRejection::QuantityOffLot);
        }
        if quantity > maker.left() {
            return Err(TakeRejection::ExceedsListing);
        }
        if !self.boards[id.index()].is_among_best(side, price, rules.best_prices) {
            return Err(TakeRejection::NotAmongBestPrices);
        }
        let amount = self.amount(id, price, quantity).unwrap_or(maker.amount);
        Ok(self.terms(Method::Listed, id, (account, side.opposite()), quantity, amount))
    }

    /// Takes a listing whose terms were checked and set aside.
    pub fn take(&mut self, take: &TakeListing, out: &mut impl FnMut(Event)) -> Trade {
        let Some(maker) = self.orders.get_mut(&take.listing) else { unreachable!("the take was checked") };
        let PlaceOrder { account, instrument, side, price, .. } = maker.terms;
        let maker_party = Party { account, traded_before: maker.traded };
        let taker_party = Party { account: take.account, traded_before: Money::ZERO };
        maker.filled.0 += take.quantity.0;
        let used_up = !maker.left().is_positive();
        let (buyer, seller) = match side {
            Side::Buy => (maker_party, taker_party),
            Side::Sell => (taker_party, maker_party),
        };
        self.boards[instrument.index()].reduce(side, price, take.quantity, used_up);
        let made = Match { method: Method::Listed, price, quantity: take.quantity, buyer, seller };
        let trade = self.trade(instrument, made, out);
        if used_up {
            self.orders.remove(&take.listing);
        } else if let Some(maker) = self.orders.get_mut(&take.listing) {
            maker.traded.0 += trade.amount.0;
        }
        trade
    }

    /// Withdraws a listing. Returns what was set aside for it.
    ///
    /// # Errors
    /// See [`CancelRejection`].
    pub fn cancel(
        &mut self,
        cancel: &CancelOrder,
        out: &mut impl FnMut(Event),
    ) -> Result<Terms, CancelRejection> {
        let order = self.orders.get(&cancel.order).ok_or(CancelRejection::OrderUnknown)?;
        if order.terms.account != cancel.account {
            return Err(CancelRejection::NotTheOwner);
        }
        Ok(self.end_order(cancel.order, End::Withdrawn, out))
    }

    pub(crate) fn end_order(&mut self, id: OrderId, end: End, out: &mut impl FnMut(Event)) -> Terms {
        let Some(order) = self.orders.remove(&id) else { unreachable!("only standing orders are ended") };
        let PlaceOrder { account, instrument, side, price, quantity } = order.terms;
        self.boards[instrument.index()].reduce(side, price, order.left(), true);
        out(Event::OrderEnded { order: id, left: order.left(), end });
        let terms = self.terms(Method::Listed, instrument, (account, side), quantity, order.amount);
        Terms { filled: order.filled, traded: order.traded, ..terms }
    }

    /// The listing of an id, while it stands.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(&id)
    }

    /// Listings that stand, by id.
    pub fn orders(&self) -> impl Iterator<Item = (OrderId, &Order)> {
        self.orders.iter().map(|(id, order)| (*id, order))
    }
}
