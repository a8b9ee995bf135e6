//! What traded: ticker, trades, candles, the last 24 hours.

use super::product::{all_products, product, product_name};
use super::{Asked, DAY_NS, Edge, bad, utc};
use crate::projection::{CandleRow, PAGE_MAX, Step, TradeRow, View};
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
const SECOND_NS: i64 = 1_000_000_000;
/// What is shown of each product on one sheet: hours of a day.
const SPARKS: u32 = 24;

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
    side: Option<Side>,
    time: String,
    bid: Option<String>,
    bid_size: Option<String>,
    ask: Option<String>,
    ask_size: Option<String>,
    volume: String,
}

pub(super) fn ticker(call: &Call) -> Answered {
    let (id, now) = (asked_for(call)?, call.app.clock.now());
    let (trades, day) = look_up(call, |view| Ok((view.trades(id, None, 1)?, view.stats(id, now)?)))?.value;
    let follower = call.app.reader.read();
    let state = follower.state();
    let (written, last) = (written(state, id)?, trades.first());
    let best = |side| {
        let best = state.venue().depth(id, side).next();
        best.map(|(price, level)| (written.price(price), written.quantity(level.quantity))).unzip()
    };
    let ((bid, bid_size), (ask, ask_size)) = (best(Side::Buy), best(Side::Sell));
    Ok(Reply::json(&Ticker {
        trade_id: last.map(|trade| trade.trade.0),
        price: last.map(|trade| written.price(trade.price)),
        size: last.map(|trade| written.quantity(trade.quantity)),
        time: utc(last.map_or(now, |trade| trade.time)),
        // As in the feed's tickers, that of the order that came in.
        side: last.and_then(|trade| trade.aggressor),
        bid,
        bid_size,
        ask,
        ask_size,
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
pub(super) fn paged<C: std::fmt::Display>(reply: Reply, ends: (Option<C>, Option<C>)) -> Reply {
    match ends {
        (Some(first), Some(last)) => reply.with(BEFORE, &first.to_string()).with(AFTER, &last.to_string()),
        _ => reply,
    }
}

/// How long a candle is here: steps of the node's, so many of them together.
#[derive(Clone, Copy)]
struct Granularity {
    step: Step,
    together: i64,
}

impl Granularity {
    fn parse(text: &str) -> Option<Self> {
        let (name, together) = match text {
            "60" => ("1m", 1),
            "300" => ("5m", 1),
            "900" => ("15m", 1),
            "3600" => ("1h", 1),
            "21600" => ("1h", 6),
            "86400" => ("1d", 1),
            _ => return None,
        };
        Some(Self { step: Step::parse(name)?, together })
    }

    fn length_ns(self) -> i64 {
        self.step.seconds().saturating_mul(self.together).saturating_mul(SECOND_NS)
    }

    /// Where the candle begins into which an instant falls.
    fn start(self, at: Timestamp) -> Timestamp {
        if self.together == 1 {
            return at;
        }
        let length = self.length_ns();
        Timestamp(at.0.div_euclid(length).saturating_mul(length))
    }

    /// Candles of the node's steps, put together.
    fn gather(self, rows: Vec<CandleRow>) -> Vec<CandleRow> {
        let mut all: Vec<CandleRow> = Vec::new();
        for row in rows {
            let start = self.start(row.start);
            match all.last_mut() {
                Some(last) if last.start == start => {
                    *last = CandleRow {
                        high: last.high.max(row.high),
                        low: last.low.min(row.low),
                        close: row.close,
                        volume: last.volume.saturating_add(row.volume),
                        amount: last.amount.saturating_add(row.amount),
                        trades: last.trades.saturating_add(row.trades),
                        last: row.last,
                        ..*last
                    };
                }
                _ => all.push(CandleRow { start, ..row }),
            }
        }
        all
    }
}

pub(super) fn candles(call: &Call) -> Answered {
    let (id, asked) = (asked_for(call)?, Asked::of(call)?);
    let granularity = asked.one("granularity").unwrap_or("60");
    let Some(granularity) = Granularity::parse(granularity) else {
        return Err(bad("Unsupported granularity"));
    };
    let now = call.app.clock.now();
    let to = asked.time("end", Edge::Last)?.unwrap_or(now);
    let from = asked.time("start", Edge::First)?;
    let most = granularity.length_ns().saturating_mul(i64::from(CANDLES_MAX));
    if from.is_some_and(|from| to.0.saturating_sub(from.0) > most) {
        return Err(bad(format!(
            "granularity too small for the requested time range: at most {CANDLES_MAX} candles"
        )));
    }
    // Candles that begin in the span: of those that are put together, no part of one.
    let whole = |from| {
        if granularity.start(from) < from {
            Timestamp(granularity.start(from).0.saturating_add(granularity.length_ns()))
        } else {
            from
        }
    };
    let earliest = Timestamp(to.0.saturating_sub(most).saturating_add(1));
    let first = from.map_or(if granularity.together == 1 { Timestamp(0) } else { whole(earliest) }, whole);
    let span = (first, Timestamp(to.0.saturating_add(1)));
    let wanted = CANDLES_MAX.saturating_mul(u32::try_from(granularity.together).unwrap_or(1));
    let rows = look_up(call, |view| gathered(view, id, granularity, span, wanted))?.value;
    let follower = call.app.reader.read();
    let written = written(follower.state(), id)?;
    let candles: Vec<String> = rows.iter().rev().map(|row| candle(&written, row)).collect();
    // Numbers in this API; written from integers, without a floating-point one on the way.
    Ok(Reply::text("application/json", format!("[{}]", candles.join(","))))
}

/// The last candles of a span, from so many steps; the projection gives at most a page of these at a time.
fn gathered(
    view: &mut View<'_>,
    id: InstrumentId,
    granularity: Granularity,
    (from, mut to): (Timestamp, Timestamp),
    wanted: u32,
) -> anyhow::Result<Vec<CandleRow>> {
    let (mut rows, mut left) = (Vec::new(), wanted);
    while left > 0 {
        let limit = left.min(PAGE_MAX);
        let mut page = view.candles(id, granularity.step, (from, to), limit)?;
        let full = page.len() == limit as usize;
        left -= limit;
        to = page.first().map_or(from, |first| first.start);
        page.append(&mut rows);
        rows = page;
        if !full {
            break;
        }
    }
    Ok(granularity.gather(rows))
}

/// The hours of the last day of every product, the latest first.
pub(super) fn spark_lines(call: &Call) -> Answered {
    let now = call.app.clock.now();
    let ids: Vec<InstrumentId> = all_products(call.app.reader.read().state()).collect();
    let hours = Step::Hour;
    let span = (Timestamp(now.0.saturating_sub(DAY_NS)), Timestamp(now.0.saturating_add(1)));
    let rows = look_up(call, |view| {
        ids.iter().map(|id| view.candles(*id, hours, span, SPARKS)).collect::<anyhow::Result<Vec<_>>>()
    })?
    .value;
    let follower = call.app.reader.read();
    let state = follower.state();
    let mut lines = Vec::new();
    for (id, rows) in ids.iter().zip(&rows) {
        let written = written(state, *id)?;
        let points: Vec<String> = rows.iter().rev().map(|row| spark(&written, row)).collect();
        lines.push(format!("\"{}\":[{}]", product_name(state, *id), points.join(",")));
    }
    Ok(Reply::text("application/json", format!("{{{}}}", lines.join(","))))
}

/// Time, low, high, open and close.
fn spark(written: &Written<'_>, row: &CandleRow) -> String {
    let [low, high, open, close] = [row.low, row.high, row.open, row.close].map(|price| written.price(price));
    format!("[{},{low},{high},{open},{close}]", row.start.0 / SECOND_NS)
}

fn candle(written: &Written<'_>, row: &CandleRow) -> String {
    let [low, high, open, close] = [row.low, row.high, row.open, row.close].map(|price| written.price(price));
    format!("[{},{low},{high},{open},{close},{}]", row.start.0 / SECOND_NS, written.units(row.volume))
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

#[cfg(test)]
mod tests {
    use super::*;
    use base::Price;

    #[test]
    fn six_hours_are_put_together_from_hours() {
        let hour = |hour: i64, low: i64, high: i64| CandleRow {
            start: Timestamp(hour * 3_600 * SECOND_NS),
            open: Price(low),
            high: Price(high),
            low: Price(low),
            close: Price(high),
            volume: 10,
            amount: 100,
            trades: 2,
            last: base::Sequence(1),
        };
        let six = Granularity::parse("21600").unwrap();
        let found = six.gather(vec![hour(5, 7, 8), hour(6, 4, 5), hour(8, 3, 9), hour(12, 1, 2)]);
        let told: Vec<_> = found
            .iter()
            .map(|row| (row.start.0 / (3_600 * SECOND_NS), row.open.0, row.high.0, row.low.0, row.close.0))
            .collect();
        assert_eq!(told, [(0, 7, 8, 7, 8), (6, 4, 9, 3, 9), (12, 1, 2, 1, 2)]);
        assert_eq!((found[1].volume, found[1].amount, found[1].trades), (20, 200, 4));
        assert!(Granularity::parse("7200").is_none());
    }
}
