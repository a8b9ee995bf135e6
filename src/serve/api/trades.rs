//! What was traded, as everyone sees it: trades, candles, and the last 24 hours.

use super::history::{Page, limit, look_up, next, time};
use super::views::{List, Written, instrument, local, word};
use crate::projection::{CandleRow, Step};
use crate::serve::endpoint::{Answered, Call};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use crate::serve::stream::Candle;
use base::Timestamp;
use engine::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A trade, as everyone sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct TradeView {
    /// Its number.
    pub trade: u64,
    /// The record it came of.
    pub sequence: u64,
    /// When.
    pub time: String,
    /// The price.
    pub price: String,
    /// How much.
    pub quantity: String,
    /// Money for it.
    pub amount: String,
    /// `listed`, `block`, `auction`, `continuous`, `call` …
    pub method: String,
    /// What the taker did, where there was one.
    pub side: Option<String>,
    /// `stands`, `corrected` or `busted`; of one that was taken back this is what it was.
    pub status: String,
}

pub(super) fn trades(call: &Call) -> Answered {
    let Page { before, limit: wanted } = call.query()?;
    let wanted = limit(wanted)?;
    let id = instrument(call.app.reader.read().state(), call.parameter("instrument"))?;
    let seen = look_up(call, |view| view.trades(id, before, wanted))?;
    let follower = call.app.reader.read();
    let state = follower.state();
    let Some(written) = Written::of(state, id) else { return Err(Problem::not_found("such instrument")) };
    let next = next(&seen.value, wanted, |trade| trade.trade.0);
    let items = seen.value.into_iter().map(|trade| TradeView {
        trade: trade.trade.0,
        sequence: trade.sequence.0,
        time: local(state, Some(written.market), trade.time),
        price: written.price(trade.price),
        quantity: written.quantity(trade.quantity),
        amount: written.money(trade.amount.0.into()),
        method: trade.method,
        side: trade.aggressor.as_ref().map(word),
        status: trade.status,
    });
    Ok(Reply::json(&List { sequence: seen.sequence, items: items.collect(), next }).at(seen.sequence))
}

/// A span of time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    /// `1m`, `5m`, `15m`, `1h` or `1d`; `1m` where nothing is said.
    pub interval: Option<String>,
    /// From then on.
    pub from: Option<String>,
    /// Up to but not including then.
    pub to: Option<String>,
    /// The last so many, 1 to 1000; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// What trading did to a price in a span of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct CandleView {
    /// When it begins.
    pub time: String,
    /// The first price.
    pub open: String,
    /// The highest.
    pub high: String,
    /// The lowest.
    pub low: String,
    /// The last.
    pub close: String,
    /// Units traded.
    pub volume: String,
    /// Money for them.
    pub amount: String,
    /// How many trades.
    pub trades: u64,
}

impl CandleView {
    /// A candle as it is shown, here and in the streams.
    pub(crate) fn of(state: &State, written: &Written<'_>, candle: &Candle) -> Self {
        Self {
            time: local(state, Some(written.market), candle.start),
            open: written.price(candle.open),
            high: written.price(candle.high),
            low: written.price(candle.low),
            close: written.price(candle.close),
            volume: written.units(candle.volume),
            amount: written.money(candle.amount),
            trades: candle.trades,
        }
    }
}

fn candle(state: &State, written: &Written<'_>, row: &CandleRow) -> CandleView {
    CandleView::of(state, written, &Candle::of(row))
}

pub(super) fn candles(call: &Call) -> Answered {
    let Span { interval, from, to, limit: wanted } = call.query()?;
    let wanted = limit(wanted)?;
    let interval = interval.as_deref().unwrap_or("1m");
    let unknown =
        || Problem::new(Code::BadQuery, format!("interval: 1m, 5m, 15m, 1h or 1d, found {interval:?}"));
    let step = Step::parse(interval).ok_or_else(unknown)?;
    let span = (
        time("from", from.as_deref())?.unwrap_or(Timestamp(i64::MIN)),
        time("to", to.as_deref())?.unwrap_or(Timestamp::MAX),
    );
    let id = instrument(call.app.reader.read().state(), call.parameter("instrument"))?;
    let seen = look_up(call, |view| view.candles(id, step, span, wanted))?;
    let follower = call.app.reader.read();
    let state = follower.state();
    let Some(written) = Written::of(state, id) else { return Err(Problem::not_found("such instrument")) };
    let items = seen.value.iter().map(|row| candle(state, &written, row)).collect();
    Ok(Reply::json(&List { sequence: seen.sequence, items, next: None }).at(seen.sequence))
}

/// The last 24 hours of an instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct StatsView {
    /// The record of the log after which it was so.
    pub sequence: u64,
    /// What trading did; none where there was none.
    pub day: Option<CandleView>,
}

pub(super) fn stats(call: &Call) -> Answered {
    let id = instrument(call.app.reader.read().state(), call.parameter("instrument"))?;
    let seen = look_up(call, |view| view.stats(id, call.app.clock.now()))?;
    let follower = call.app.reader.read();
    let state = follower.state();
    let Some(written) = Written::of(state, id) else { return Err(Problem::not_found("such instrument")) };
    let day = seen.value.map(|row| candle(state, &written, &row));
    Ok(Reply::json(&StatsView { sequence: seen.sequence, day }).at(seen.sequence))
}
