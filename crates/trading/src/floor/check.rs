//! What of an order is refused, and what must be set aside for it. Nothing changes here.

use super::{ORDERS_MAX, Pit};
use crate::day::Market;
use crate::rules::ContinuousRules;
use crate::{EnterOrder, EnterRejection, Instrument, Life, OrderKind, Phase, Venue};
use base::{AccountId, Date, Hold, Price, Quantity, Side, Tariff, Timestamp, amount_of};

/// An order that may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The worst price at which it may trade.
    pub price: Price,
    /// What has to be set aside first.
    pub hold: Hold,
}

/// Where an order would come in.
struct Scene<'a> {
    order: &'a EnterOrder,
    instrument: &'a Instrument,
    market: &'a Market,
    rules: &'a ContinuousRules,
    pit: &'a Pit,
}

const NANOSECONDS: i64 = 1_000_000_000;

impl Venue {
    /// Whether an order may come in now, and what it needs.
    ///
    /// # Errors
    /// See [`EnterRejection`].
    pub fn check_enter(
        &self,
        now: Timestamp,
        order: &EnterOrder,
        tariff: impl FnOnce(&Instrument) -> Tariff,
    ) -> Result<Incoming, EnterRejection> {
        use EnterRejection as R;
        let instrument = self.instrument(order.instrument).ok_or(R::InstrumentUnknown)?;
        if instrument.delisted {
            return Err(R::InstrumentDelisted);
        }
        let market = &self.markets[instrument.market.index()];
        let rules = market.rules.continuous.as_ref().ok_or(R::MethodNotOffered)?;
        let pit = &self.floor.pits[order.instrument.index()];
        let scene = Scene { order, instrument, market, rules, pit };
        scene.check_door()?;
        if !self.may_act(rules, order.account, now) {
            return Err(R::RateExceeded);
        }
        scene.check_quantity()?;
        let price = scene.check_price()?;
        scene.check_conditions()?;
        let held = scene.check_amount(price, &tariff(instrument))?;
        if order.post_only && pit.phase == Phase::Continuous && crosses(pit, order.side, price) {
            return Err(R::WouldTake);
        }
        if self.floor.orders.len() >= ORDERS_MAX {
            return Err(R::BookFull);
        }
        let (asset, quantity) = match order.side {
            Side::Buy => (instrument.currency, held),
            Side::Sell => (instrument.asset, order.quantity),
        };
        Ok(Incoming { price, hold: Hold { account: order.account, asset, quantity } })
    }

    /// Whether an account may enter or amend one more order this second.
    pub(super) fn may_act(&self, rules: &ContinuousRules, account: AccountId, now: Timestamp) -> bool {
        let Some(most) = rules.orders_per_second_max else { return true };
        let pace = self.floor.paces.get(account.index()).copied().unwrap_or_default();
        pace.second != now.0.div_euclid(NANOSECONDS) || pace.orders < most
    }

    /// Counts an order against the pace of its account, where the rules know one.
    pub(super) fn count_act(&mut self, order: base::InstrumentId, account: AccountId, now: Timestamp) {
        let market = self.instruments[order.index()].market;
        let rules = self.markets[market.index()].rules.continuous.as_ref();
        if rules.is_none_or(|rules| rules.orders_per_second_max.is_none()) {
            return;
        }
        let paces = &mut self.floor.paces;
        if paces.len() <= account.index() {
            paces.resize(account.index() + 1, super::Pace::default());
        }
        let (pace, second) = (&mut paces[account.index()], now.0.div_euclid(NANOSECONDS));
        let before = if pace.second == second { pace.orders } else { 0 };
        *pace = super::Pace { second, orders: before.saturating_add(1) };
    }
}

/// Whether an order at `price` would meet the other side of the book.
pub(super) fn crosses(pit: &Pit, side: Side, price: Price) -> bool {
    pit.book.best(side.opposite()).is_some_and(|best| reaches(side, price, best))
}

/// Whether an order with this limit trades at `price`.
#[inline]
pub(super) fn reaches(side: Side, limit: Price, price: Price) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}

impl Scene<'_> {
    fn check_door(&self) -> Result<(), EnterRejection> {
        if self.market.book_phase == Phase::Closed {
            return Err(EnterRejection::MarketClosed);
        }
        if self.instrument.halted { Err(EnterRejection::InstrumentHalted) } else { Ok(()) }
    }

    fn check_quantity(&self) -> Result<(), EnterRejection> {
        let quantity = self.order.quantity;
        if !quantity.is_positive() {
            return Err(EnterRejection::QuantityNotPositive);
        }
        if !self.is_lots(quantity) {
            return Err(EnterRejection::QuantityOffLot);
        }
        if quantity > self.rules.quantity_max { Err(EnterRejection::QuantityTooLarge) } else { Ok(()) }
    }

    fn is_lots(&self, quantity: Quantity) -> bool {
        let lot = self.market.rules.lot.0;
        lot == 1 || quantity.0 % lot == 0
    }

    /// The worst price at which the order may trade.
    fn check_price(&self) -> Result<Price, EnterRejection> {
        let (lower, upper) = self.pit.band;
        match (self.order.kind, self.order.price) {
            (OrderKind::Limit, price) if !price.is_positive() => Err(EnterRejection::PriceUnfit),
            (OrderKind::Limit, price) if price < lower || price > upper => {
                Err(EnterRejection::PriceOutsideBand)
            }
            (OrderKind::Limit, price) => Ok(price),
            (OrderKind::Market, Price::ZERO) if self.order.side == Side::Buy => Ok(upper),
            (OrderKind::Market, Price::ZERO) => Ok(lower),
            (OrderKind::Market, _) => Err(EnterRejection::PriceUnfit),
        }
    }

    #[inline]
    fn check_conditions(&self) -> Result<(), EnterRejection> {
        let EnterOrder { kind, life, .. } = *self.order;
        let lasting = matches!(life, Life::Day | Life::UntilCancelled);
        // Most orders: there is nothing that could be unfit.
        if kind == OrderKind::Limit && lasting && self.order.is_plain() {
            return Ok(());
        }
        self.check_all_conditions()
    }

    #[inline(never)]
    fn check_all_conditions(&self) -> Result<(), EnterRejection> {
        let EnterOrder { kind, life, post_only, minimum, display, trigger, quantity, .. } = *self.order;
        let plain = kind == OrderKind::Limit && self.lasts();
        let none = Quantity::ZERO;
        if !self.is_life_possible() {
            return Err(EnterRejection::LifeUnfit);
        }
        if post_only && !(plain && trigger == Price::ZERO) {
            return Err(EnterRejection::PostOnlyUnfit);
        }
        let at_call = matches!(life, Life::AtOpen | Life::AtClose);
        let at_once = self.pit.phase == Phase::Continuous || trigger != Price::ZERO;
        let fits = minimum > none && minimum <= quantity && self.is_lots(minimum);
        let may_ask = at_once && !at_call && !post_only;
        if minimum != none && !(fits && may_ask) {
            return Err(EnterRejection::MinimumUnfit);
        }
        let fits = display > none && display < quantity && self.is_lots(display);
        if display != none && !(fits && plain) {
            return Err(EnterRejection::DisplayUnfit);
        }
        if trigger != Price::ZERO && !self.is_trigger_fit() {
            return Err(EnterRejection::TriggerUnfit);
        }
        Ok(())
    }

    /// Whether the order may outlive the phase it comes in.
    fn lasts(&self) -> bool {
        matches!(self.order.life, Life::Day | Life::UntilCancelled | Life::UntilDate(_))
    }

    fn is_life_possible(&self) -> bool {
        let today: Date = self.market.date;
        let market_order = self.order.kind == OrderKind::Market;
        match self.order.life {
            Life::Day => true,
            Life::UntilCancelled => !market_order,
            Life::UntilDate(last) => !market_order && last >= today,
            Life::Immediate | Life::FillOrKill => self.pit.phase == Phase::Continuous,
            Life::AtOpen => self.pit.phase == Phase::OpeningCall,
            Life::AtClose => self.market.hours.closing_call.is_some(),
        }
    }

    fn is_trigger_fit(&self) -> bool {
        let (trigger, (lower, upper)) = (self.order.trigger, self.pit.band);
        let last = self.instrument.last_or_reference();
        // The reference is no trade: nothing has been reached before there is one.
        let waits = trigger == last && self.instrument.day.last.is_none() && self.rules.stop_at_reference;
        let ahead = match self.order.side {
            Side::Buy => trigger > last,
            Side::Sell => trigger < last,
        };
        (ahead || waits) && (lower..=upper).contains(&trigger) && self.lasts()
    }

    /// What a buyer sets aside. A seller's proceeds must be countable too, at the best price of the day.
    fn check_amount(&self, price: Price, tariff: &Tariff) -> Result<Quantity, EnterRejection> {
        let (side, quantity, tick_value) = (self.order.side, self.order.quantity, self.instrument.tick_value);
        let best = if side == Side::Buy { price } else { self.pit.band.1 };
        let held = tariff.hold(0, best, quantity, tick_value).ok_or(EnterRejection::AmountTooLarge)?;
        if let Some(most) = self.rules.value_max {
            let value = amount_of(price, quantity, tick_value).ok_or(EnterRejection::AmountTooLarge)?;
            if value > most {
                return Err(EnterRejection::ValueTooLarge);
            }
        }
        Ok(held.on_ledger())
    }
}
