//! What traded: ticker, trades, candles, the last 24 hours.

use super::product::product;
use super::{Asked, bad, utc};
use crate::projection::{CandleRow, Step, TradeRow};
use crate::serve::api::history::look_up;
use crate::serve::api::views::Written;
use crate::serve::endpoint::{Answered, Call};
use crate::serve::problem::Problem;
use crate::serve::reply::Reply;
use axum::http::HeaderName;
use base::{InstrumentId, Side, Timestamp};
use engine::State;
use serde::Serialize;

/// Candles that are given at a time.
const CANDLES_MAX: u32 = 300;
const DAY_NS: i64 = 86_400 * 1_000_000_000;

/// Where the next page begins.
pub(super) const AFTER: HeaderName = HeaderName::from_static("cb-after");
/// Where the page before ends.
pub(super) const BEFORE: HeaderName = HeaderName::from_static("cb-before");

fn asked_for(call: &Call) -> Result<InstrumentId, Problem> {
    product(call.app.reader.read().state(), call.parameter("product"))
}

/// How the things of a product are written; it was found in this state.
pub(super) fn written(state: &State, id: InstrumentId) -> Result<Written<'_>, Problem> {
    Written::of(state, id).ok_or_else(|| Problem::not_found("such product"))
}

/// The side of an order that stood where a trade came about: the other one than came in.
pub(super) fn maker_side(aggressor: Option<Side>) -> Option<&'static str> {
    aggressor.map(|side| match side {
        Side::Buy => "sell",
        Side::Sell => "buy",
    })
}

#[derive(Serialize)]
struct Ticker {
    trade_id: Option<u64>,
    price: Option<String>,
    size: Option<String>,
    time: String,
    bid: Option<String>,
    ask: Option<String>,
    volume: String,
}

pub(super) fn ticker(call: &Call) -> Answered {
    let (id, now) = (asked_for(call)?, call.app.clock.now());
    let (trades, day) = look_up(call, |view| Ok((view.trades(id, None, 1)?, view.stats(id, now)?)))?.value;
    let follower = call.app.reader.read();
    let state = follower.state();
    let (written, last) = (written(state, id)?, trades.first());
    let best = |side| state.venue().depth(id, side).next().map(|(price, _)| written.price(price));
    Ok(Reply::json(&Ticker {
        trade_id: last.map(|trade| trade.trade.0),
        price: last.map(|trade| written.price(trade.price)),
        size: last.map(|trade| written.quantity(trade.quantity)),
        time: utc(last.map_or(now, |trade| trade.time)),
        bid: best(Side::Buy),
        ask: best(Side::Sell),
        volume: written.units(day.map_or(0, |day| day.volume)),
    }))
}

#[derive(Serialize)]
struct Trade {
    trade_id: u64,
    side: Option<&'static str>,
    size: String,
    price: String,
    time: String,
}

pub(super) fn trades(call: &Call) -> Answered {
    let (id, asked) = (asked_for(call)?, Asked::of(call)?);
    let (limit, after, before) = (asked.limit()?, asked.number("after")?, asked.number("before")?);
    let rows = look_up(call, |view| view.trades(id, after, limit))?.value;
    let follower = call.app.reader.read();
    let written = written(follower.state(), id)?;
    let newer = |row: &&TradeRow| before.is_none_or(|before| row.trade.0 > before);
    let rows: Vec<&TradeRow> = rows.iter().filter(newer).collect();
    let trades: Vec<Trade> = rows
        .iter()
        .map(|row| Trade {
            trade_id: row.trade.0,
            side: maker_side(row.aggressor),
            size: written.quantity(row.quantity),
            price: written.price(row.price),
            time: utc(row.time),
        })
        .collect();
    let ends = (rows.first().map(|row| row.trade.0), rows.last().map(|row| row.trade.0));
    Ok(paged(Reply::json(&trades), ends))
}

/// With the cursors of a page: of its first and its last item.
pub(super) fn paged(reply: Reply, ends: (Option<u64>, Option<u64>)) -> Reply {
    match ends {
        (Some(first), Some(last)) => reply.with(BEFORE, &first.to_string()).with(AFTER, &last.to_string()),
        _ => reply,
    }
}

pub(super) fn candles(call: &Call) -> Answered {
    let (id, asked) = (asked_for(call)?, Asked::of(call)?);
    let granularity = asked.one("granularity").unwrap_or("60");
    let Some(step) = step(granularity) else { return Err(bad("Unsupported granularity")) };
    let now = call.app.clock.now();
    let to = asked.time("end")?.unwrap_or(now);
    let from = asked.time("start")?;
    let most = step.seconds().saturating_mul(1_000_000_000).saturating_mul(i64::from(CANDLES_MAX));
    if from.is_some_and(|from| to.0.saturating_sub(from.0) > most) {
        return Err(bad(format!(
            "granularity too small for the requested time range: at most {CANDLES_MAX} candles"
        )));
    }
    let span = (from.unwrap_or(Timestamp(0)), Timestamp(to.0.saturating_add(1)));
    let rows = look_up(call, |view| view.candles(id, step, span, CANDLES_MAX))?.value;
    let follower = call.app.reader.read();
    let written = written(follower.state(), id)?;
    let candles: Vec<String> = rows.iter().rev().map(|row| candle(&written, row)).collect();
    // Numbers in this API; written from integers, without a floating-point one on the way.
    Ok(Reply::text("application/json", format!("[{}]", candles.join(","))))
}

fn step(granularity: &str) -> Option<Step> {
    let name = match granularity {
        "60" => "1m",
        "300" => "5m",
        "900" => "15m",
        "3600" => "1h",
        "86400" => "1d",
        _ => return None,
    };
    Step::parse(name)
}

fn candle(written: &Written<'_>, row: &CandleRow) -> String {
    let [low, high, open, close] = [row.low, row.high, row.open, row.close].map(|price| written.price(price));
    format!("[{},{low},{high},{open},{close},{}]", row.start.0 / 1_000_000_000, written.units(row.volume))
}

#[derive(Serialize)]
struct Stats {
    open: Option<String>,
    high: Option<String>,
    low: Option<String>,
    last: Option<String>,
    volume: String,
    volume_30day: String,
}

pub(super) fn stats(call: &Call) -> Answered {
    let (id, now) = (asked_for(call)?, call.app.clock.now());
    let month = (Timestamp(now.0.saturating_sub(30 * DAY_NS)), now);
    let days = Step::parse("1d").ok_or_else(|| bad("Unsupported granularity"))?;
    let (day, days) =
        look_up(call, |view| Ok((view.stats(id, now)?, view.candles(id, days, month, 31)?)))?.value;
    let follower = call.app.reader.read();
    let written = written(follower.state(), id)?;
    let price = |of: fn(&CandleRow) -> base::Price| day.as_ref().map(|day| written.price(of(day)));
    Ok(Reply::json(&Stats {
        open: price(|day| day.open),
        high: price(|day| day.high),
        low: price(|day| day.low),
        last: price(|day| day.close),
        volume: written.units(day.as_ref().map_or(0, |day| day.volume)),
        volume_30day: written.units(days.iter().map(|day| day.volume).sum()),
    }))
}
