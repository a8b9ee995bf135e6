//! The running minute of every instrument. It is counted whether somebody looks or not, so that who comes in the middle of a minute
//! sees all of it; as in the projection, the trades count that make prices.

use crate::projection::{CandleRow, Projection, Step};
use base::{Date, InstrumentId, MarketId, Method, Outcome, Price, Timestamp, TradeId};
use engine::State;
use std::collections::BTreeMap;

const MINUTE: i64 = 60 * 1_000_000_000;

/// What trading did to a price in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candle {
    /// When the minute begins.
    pub(crate) start: Timestamp,
    /// The first price.
    pub(crate) open: Price,
    /// The highest.
    pub(crate) high: Price,
    /// The lowest.
    pub(crate) low: Price,
    /// The last.
    pub(crate) close: Price,
    /// Units.
    pub(crate) volume: i128,
    /// Minor units.
    pub(crate) amount: i128,
    /// How many trades.
    pub(crate) trades: u64,
}

/// The last minute of each instrument that the projection knows: of a node that has not begun, all there are.
#[must_use]
pub(crate) fn before(projection: &Projection, state: &State) -> Vec<(InstrumentId, Candle)> {
    let ever = (Timestamp(i64::MIN), Timestamp::MAX);
    let last = |id| projection.read(|view| view.candles(id, Step::Minute, ever, 1));
    let all = (0..state.venue().instruments().len()).map(InstrumentId::at);
    let known = all.filter_map(|id| match last(id) {
        Ok(seen) => seen.value.first().map(|row| (id, Candle::of(row))),
        Err(error) => {
            tracing::warn!("the minute that runs is not known: {error:#}");
            None
        }
    });
    known.collect()
}

impl Candle {
    pub(crate) fn of(row: &CandleRow) -> Self {
        let &CandleRow { start, open, high, low, close, volume, amount, trades, .. } = row;
        Self { start, open, high, low, close, volume, amount, trades }
    }
}

/// A trade that a candle counts.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    pub(super) trade: TradeId,
    pub(super) instrument: InstrumentId,
    pub(super) market: MarketId,
    pub(super) method: Method,
    pub(super) time: Timestamp,
    pub(super) price: Price,
    pub(super) quantity: i64,
    pub(super) amount: i64,
}

/// A trade of a minute that runs.
#[derive(Clone, Copy)]
struct Part {
    trade: TradeId,
    price: Price,
    quantity: i64,
    amount: i64,
}

/// A minute that runs, and its trades: one of them may be taken back or corrected. Of a minute that ran when this node began they are not
/// all known.
struct Running {
    candle: Candle,
    parts: Vec<Part>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Candles {
    running: BTreeMap<InstrumentId, Running>,
    /// The date of each market, as its days began: what the calendar had due may be carried out late, and belongs to its day.
    dates: BTreeMap<MarketId, Date>,
}

impl Candles {
    /// The last minute of each instrument that traded before this node began.
    pub(super) fn new(before: Vec<(InstrumentId, Candle)>) -> Self {
        let running = before.into_iter().map(|(id, candle)| (id, Running { candle, parts: Vec::new() }));
        Self { running: running.collect(), dates: BTreeMap::new() }
    }

    /// A date began in a market.
    pub(super) fn day_began(&mut self, market: MarketId, date: Date) {
        self.dates.insert(market, date);
    }

    /// Counts a trade, and gives the minute it fell into.
    pub(super) fn count(&mut self, trade: Counted, state: &State) -> Option<Candle> {
        if !matches!(trade.method, Method::Listed | Method::Continuous) {
            return None;
        }
        let start = self.minute(&trade, state);
        let part =
            Part { trade: trade.trade, price: trade.price, quantity: trade.quantity, amount: trade.amount };
        let one = part.candle(start);
        match self.running.get_mut(&trade.instrument).filter(|running| running.candle.start == start) {
            Some(running) => {
                running.candle = then(running.candle, one);
                running.parts.push(part);
            }
            None => {
                self.running.insert(trade.instrument, Running { candle: one, parts: vec![part] });
            }
        }
        self.last(trade.instrument)
    }

    /// Counts the minute that runs again, where a trade of it was corrected, or taken back (`to` is empty then). Gives that minute; none
    /// where the trade is not one of it, or nothing of the minute stands.
    pub(super) fn revise(
        &mut self,
        instrument: InstrumentId,
        trade: TradeId,
        to: &Outcome,
    ) -> Option<Candle> {
        let running = self.running.get_mut(&instrument)?;
        let all = u64::try_from(running.parts.len()).ok() == Some(running.candle.trades);
        let at = running.parts.iter().position(|part| part.trade == trade).filter(|_| all)?;
        if to.quantity.is_positive() {
            let part = Part { trade, price: to.price, quantity: to.quantity.0, amount: to.amount.0 };
            running.parts[at] = part;
        } else {
            running.parts.remove(at);
        }
        let start = running.candle.start;
        match running.parts.iter().map(|part| part.candle(start)).reduce(then) {
            Some(candle) => running.candle = candle,
            None => {
                self.running.remove(&instrument);
            }
        }
        self.last(instrument)
    }

    fn minute(&self, trade: &Counted, state: &State) -> Timestamp {
        let Some(adopted) = state.markets().get(trade.market.index()) else { return trade.time };
        let calendar = &adopted.rulebook.versions[0].trading.calendar;
        let date = self.dates.get(&trade.market).copied().unwrap_or_else(|| state.venue().date(trade.market));
        let begins = calendar.begins(date).0;
        let ends = calendar.begins(date.next()).0.max(begins + 1);
        let within = trade.time.0.clamp(begins, ends - 1) - begins;
        Timestamp(begins + within / MINUTE * MINUTE)
    }

    /// The last minute in which an instrument traded.
    pub(super) fn last(&self, instrument: InstrumentId) -> Option<Candle> {
        self.running.get(&instrument).map(|running| running.candle)
    }
}

impl Part {
    fn candle(&self, start: Timestamp) -> Candle {
        let &Self { price, quantity, amount, .. } = self;
        let (volume, amount) = (quantity.into(), amount.into());
        Candle { start, open: price, high: price, low: price, close: price, volume, amount, trades: 1 }
    }
}

/// A candle, and then one more trade.
fn then(candle: Candle, one: Candle) -> Candle {
    Candle {
        high: candle.high.max(one.high),
        low: candle.low.min(one.low),
        close: one.close,
        volume: candle.volume.saturating_add(one.volume),
        amount: candle.amount.saturating_add(one.amount),
        trades: candle.trades.saturating_add(1),
        ..candle
    }
}
