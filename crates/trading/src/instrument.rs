//! Instruments, what a day's trading did to them, and the price list.

use crate::{Line, Turnover, rules::ClosePrice, rules::CompositePrice};
use base::{AssetId, BasisPoints, Date, MarketId, Method, Price, Trade, div_half_up};
use serde::{Deserialize, Serialize};

/// A line that can be traded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Its name on the price list.
    pub code: String,
    /// Where it trades.
    pub market: MarketId,
    /// What is traded.
    pub asset: AssetId,
    /// Against what.
    pub currency: AssetId,
    /// Minor units that one tick on one unit is worth.
    pub tick_value: i64,
    /// Trading is stopped.
    pub halted: bool,
    /// It has left the list.
    pub delisted: bool,
    /// The day's statistics.
    pub day: Statistics,
    /// What closes its line, where that is not the average.
    pub close_price: ClosePrice,
    /// The turnover that made prices, of every day on which it traded, by method: what an average over a month looks back on.
    pub past: Vec<(Date, [Turnover; 3])>,
}

/// What the price list says of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// The previous close, or what stands for it: bands are drawn around it.
    pub reference: Price,
    /// First listed price.
    pub open: Option<Price>,
    /// Highest listed price.
    pub high: Option<Price>,
    /// Lowest listed price.
    pub low: Option<Price>,
    /// Last listed price.
    pub last: Option<Price>,
    /// Turnover of the day, by method.
    pub turnover: [Turnover; 3],
    /// Of the turnover by orders: what an owner traded with itself, which moves no price.
    pub own: Turnover,
    /// Turnover since trading began, by method.
    pub total: [Turnover; 3],
    /// Set by an operator in place of the computed close, for the next day to start from.
    pub corrected: Option<Price>,
}

impl Statistics {
    pub(crate) fn starting_at(reference: Price, total: [Turnover; 3]) -> Self {
        let (turnover, own) = ([Turnover::default(); 3], Turnover::default());
        Self {
            reference,
            open: None,
            high: None,
            low: None,
            last: None,
            turnover,
            own,
            total,
            corrected: None,
        }
    }

    /// The volume-weighted average of the day's listed trades, rounded half-up to the tick; without trades the reference.
    #[must_use]
    pub fn close(&self, tick_value: i64) -> Price {
        let listed = self.priced()[Method::Listed.index()];
        div_half_up(listed.amount, listed.volume * i128::from(tick_value)).map_or(self.reference, Price)
    }

    /// The turnover that makes prices, by method.
    #[must_use]
    pub fn priced(&self) -> [Turnover; 3] {
        let mut priced = self.turnover;
        let listed = &mut priced[Method::Listed.index()];
        listed.volume -= self.own.volume;
        listed.amount -= self.own.amount;
        priced
    }

    /// Adds what an owner traded with itself; it is counted, and moves no price.
    pub(crate) fn count_own(&mut self, quantity: i64, amount: i64) {
        self.own.volume += i128::from(quantity);
        self.own.amount += i128::from(amount);
    }

    /// Adds a trade of a method; only listed trades move the prices.
    pub(crate) fn count(&mut self, method: Method, quantity: i64, amount: i64) {
        for turnover in [&mut self.turnover[method.index()], &mut self.total[method.index()]] {
            turnover.volume += i128::from(quantity);
            turnover.amount += i128::from(amount);
        }
    }

    pub(crate) fn mark(&mut self, price: Price) {
        self.open = self.open.or(Some(price));
        self.high = self.high.max(Some(price));
        self.low = Some(self.low.map_or(price, |low| low.min(price)));
        self.last = Some(price);
    }

    /// The same line on the next trading day.
    pub(crate) fn next_day(&self, close: Price) -> Self {
        Self::starting_at(self.corrected.unwrap_or(close), self.total)
    }

    /// The same line before anything of its day had traded.
    pub(crate) fn before_trading(&self) -> Self {
        let mut total = self.total;
        for (total, today) in total.iter_mut().zip(self.turnover) {
            (total.volume, total.amount) = (total.volume - today.volume, total.amount - today.amount);
        }
        Self { corrected: self.corrected, ..Self::starting_at(self.reference, total) }
    }

    pub(crate) fn has_traded(&self) -> bool {
        self.turnover.iter().any(|turnover| turnover.volume > 0)
    }
}

impl Instrument {
    pub(crate) fn record(&mut self, trade: &Trade) {
        self.day.count(trade.method, trade.quantity.0, trade.amount.0);
        if trade.method == Method::Listed {
            self.day.mark(trade.price);
        }
    }

    /// Today's close as it stands.
    #[must_use]
    pub fn close(&self) -> Price {
        match self.close_price {
            ClosePrice::Last => self.last_or_reference(),
            ClosePrice::Average => self.day.close(self.tick_value),
        }
    }

    /// The last listed price of the day, else the reference.
    #[must_use]
    pub fn last_or_reference(&self) -> Price {
        self.day.last.unwrap_or(self.day.reference)
    }
}

/// The lowest and highest price within `band` of `reference`, each rounded half-up to the tick (四舍五入).
#[must_use]
pub fn band_limits(reference: Price, band: BasisPoints) -> (Price, Price) {
    let whole = i128::from(BasisPoints::ONE.0);
    let limit = |share: i64| {
        let limit = div_half_up(i128::from(reference.0) * (whole + i128::from(share)), whole);
        Price(limit.unwrap_or(if share < 0 { 0 } else { i64::MAX }))
    };
    (limit(-band.0).max(Price(1)), limit(band.0))
}

/// One line of a price list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceLine {
    /// Which line.
    pub line: Line,
    /// The trading day.
    pub date: Date,
    /// The reference of the day.
    pub previous_close: Price,
    /// First listed price; the previous close where nothing traded.
    pub open: Price,
    /// Highest listed price.
    pub high: Option<Price>,
    /// Lowest listed price.
    pub low: Option<Price>,
    /// Volume-weighted average of the listed trades; the previous close where nothing traded.
    pub close: Price,
    /// Turnover of the day, by method.
    pub turnover: [Turnover; 3],
    /// Turnover since trading began, by method.
    pub total: [Turnover; 3],
    /// The price the next day starts from, where an operator corrected it.
    pub corrected: Option<Price>,
}

impl PriceLine {
    pub(crate) fn of(line: Line, date: Date, day: &Statistics, close: Price) -> Self {
        Self {
            line,
            date,
            previous_close: day.reference,
            open: day.open.unwrap_or(day.reference),
            high: day.high,
            low: day.low,
            close,
            turnover: day.turnover,
            total: day.total,
            corrected: day.corrected,
        }
    }
}

/// The price of a composite made of `lines`: each instrument's code and price. `None` where it has nothing to stand on.
pub(crate) fn composite_price<'a>(
    rule: &CompositePrice,
    lines: impl Iterator<Item = (&'a str, Price)>,
) -> Option<Price> {
    match rule {
        CompositePrice::Mean => {
            let (sum, count) =
                lines.fold((0_i128, 0_i128), |(sum, n), (_, price)| (sum + i128::from(price.0), n + 1));
            div_half_up(sum, count).map(Price)
        }
        CompositePrice::Instrument(code) => {
            lines.into_iter().find(|(line, _)| line == code).map(|(_, price)| price)
        }
    }
}
