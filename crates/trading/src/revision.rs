//! A trade is taken back or corrected: what it may become, and the day's lines without what does not stand.

use crate::rules::CompositePrice;
use crate::{CorrectTrade, Event, PostTrade, ReviseRejection, Revision, Statistics, Venue};
use base::{
    Date, InstrumentId, MarketId, Method, Money, Outcome, Price, Quantity, Timestamp, TradeId, amount_of,
    div_half_up,
};

/// A trade of the day that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stands {
    /// What was traded.
    pub instrument: InstrumentId,
    /// How.
    pub method: Method,
    /// Ticks.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
    /// An owner traded with itself, and that moves no price.
    pub own: bool,
}

impl Stands {
    fn marks(&self) -> bool {
        matches!(self.method, Method::Listed | Method::Continuous) && !self.own
    }
}

impl Venue {
    /// Whether a trade of this number was ever made.
    #[must_use]
    pub fn was_made(&self, trade: TradeId) -> bool {
        (1..=self.trades).contains(&trade.0)
    }

    /// The price, the quantity and the amount to which a trade would be corrected.
    ///
    /// # Errors
    /// See [`ReviseRejection`].
    pub fn check_correction(
        &self,
        id: InstrumentId,
        (price, quantity): (Price, Quantity),
        command: &CorrectTrade,
    ) -> Result<(Price, Quantity, Money), ReviseRejection> {
        let instrument = &self.instruments[id.index()];
        let lot = self.markets[instrument.market.index()].rules.lot;
        let (new_price, new_quantity) =
            (command.price.unwrap_or(price), command.quantity.unwrap_or(quantity));
        if !new_price.is_positive() {
            return Err(ReviseRejection::PriceNotPositive);
        }
        if !new_quantity.is_positive() {
            return Err(ReviseRejection::QuantityNotPositive);
        }
        if new_quantity > quantity {
            return Err(ReviseRejection::QuantityNotLower);
        }
        if new_quantity != quantity && new_quantity.0 % lot.0 != 0 {
            return Err(ReviseRejection::QuantityOffLot);
        }
        if (new_price, new_quantity) == (price, quantity) {
            return Err(ReviseRejection::NothingToChange);
        }
        let amount = amount_of(new_price, new_quantity, instrument.tick_value);
        Ok((new_price, new_quantity, amount.ok_or(ReviseRejection::AmountTooLarge)?))
    }

    /// Whether the price list of a day is still being made.
    #[must_use]
    pub fn is_made_of(&self, market: MarketId, date: Date) -> bool {
        let market = &self.markets[market.index()];
        market.list_date == date && !market.ended
    }

    /// A trade is not what it was. The lines of its day are those of the trades that stand, unless that day is over: its price list
    /// was published, and stands. Stops whose trigger the last price reaches then come to the book, and a call auction that runs comes to
    /// what it does around that price.
    pub fn revise(
        &mut self,
        now: Timestamp,
        revision: Revision,
        standing: impl Iterator<Item = Stands>,
        after: &mut impl PostTrade,
    ) {
        let (market, instrument, date) = (revision.market, revision.instrument, revision.date);
        let busted = revision.to == Outcome::default();
        let revision = Box::new(revision);
        after.event(if busted { Event::TradeBusted(revision) } else { Event::TradeCorrected(revision) });
        if self.is_made_of(market, date) {
            self.recount(market, instrument, standing);
            self.trigger_stops(now, instrument, after);
            if self.book_phase(instrument).is_call() {
                self.indicate(instrument, after);
            }
        }
    }

    /// Counts the day's trades again: the line of an instrument and that of its market's composite. The composite is made of what is
    /// on the list now.
    fn recount(&mut self, market: MarketId, id: InstrumentId, standing: impl Iterator<Item = Stands>) {
        let mut line = self.instruments[id.index()].day.before_trading();
        let mut composite = self.composite_again(market);
        for trade in standing {
            let traded = &self.instruments[trade.instrument.index()];
            let amount =
                amount_of(trade.price, trade.quantity, traded.tick_value).map_or(0, |amount| amount.0);
            if trade.instrument == id {
                line.count(trade.method, trade.quantity.0, amount);
                if trade.own {
                    line.count_own(trade.quantity.0, amount);
                }
                if trade.marks() {
                    line.mark(trade.price);
                }
            }
            if let Some(composite) = &mut composite {
                composite.add(&trade, amount);
            }
        }
        self.instruments[id.index()].day = line;
        if let Some(composite) = composite {
            self.markets[market.index()].composite = Some(composite.line);
        }
    }

    /// The composite line before the day's trades.
    fn composite_again(&self, market: MarketId) -> Option<Again> {
        let home = &self.markets[market.index()];
        let (rule, line) = (home.rules.composite.as_ref()?, home.composite.as_ref()?.before_trading());
        let listed = |instrument: &crate::Instrument| instrument.market == market && !instrument.delisted;
        let last = self.instruments.iter().map(|i| listed(i).then_some(i.day.reference)).collect::<Vec<_>>();
        let only = match &rule.price {
            CompositePrice::Mean => None,
            CompositePrice::Instrument(code) => Some(self.instrument_id(code)),
        };
        let sum = last.iter().flatten().map(|price| i128::from(price.0)).sum();
        let count = last.iter().flatten().count() as i128;
        Some(Again { line, last, only, sum, count })
    }
}

/// A composite line that is counted again.
struct Again {
    line: Statistics,
    /// The last price of each instrument on the list, else its reference.
    last: Vec<Option<Price>>,
    /// The instrument whose line it is, where it is that of one.
    only: Option<Option<InstrumentId>>,
    sum: i128,
    count: i128,
}

impl Again {
    fn add(&mut self, trade: &Stands, amount: i64) {
        self.line.count(trade.method, trade.quantity.0, amount);
        if !trade.marks() {
            return;
        }
        if let Some(last) = &mut self.last[trade.instrument.index()] {
            self.sum += i128::from(trade.price.0) - i128::from(last.0);
            *last = trade.price;
        }
        let price = match self.only {
            None => div_half_up(self.sum, self.count).map(Price),
            Some(only) => only
                .filter(|only| *only == trade.instrument)
                .and_then(|only| self.last.get(only.index()).copied().flatten()),
        };
        if let Some(price) = price {
            self.line.mark(price);
        }
    }
}
