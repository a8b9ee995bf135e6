//! Candles: what trading did to a price, a minute, five, a quarter of an hour, an hour and a day at a time.
//!
//! The trades that make prices are counted: those of listed and continuous trading. A candle's time is the market's local
//! time; a day is the trading day, so that a day's candle agrees with the price list.

use super::trades::Made;
use super::{Told, Writer, int, midnight};
use crate::projection::db::Db;
use crate::projection::tables;
use anyhow::{Context, Result};
use base::{Date, MarketId};
use engine::State;

/// Seconds that a candle spans.
pub(crate) const STEPS: [i64; 5] = [60, 300, 900, 3_600, DAY_SECONDS];
const DAY_SECONDS: i64 = 86_400;
const SECOND: i64 = 1_000_000_000;

/// Instrument, seconds, start.
pub(super) type CandleKey = (i64, i64, i64);

/// A candle, or a part of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candle {
    open: i64,
    high: i64,
    low: i64,
    close: i64,
    volume: i128,
    amount: i128,
    trades: i64,
    last_seq: i64,
}

impl Candle {
    /// That of one trade.
    fn of_one(price: i64, quantity: i64, amount: i64, seq: i64) -> Self {
        let (volume, amount) = (quantity.into(), amount.into());
        Self { open: price, high: price, low: price, close: price, volume, amount, trades: 1, last_seq: seq }
    }

    /// This, and then `later`.
    fn then(self, later: Self) -> Self {
        Self {
            open: self.open,
            high: self.high.max(later.high),
            low: self.low.min(later.low),
            close: later.close,
            volume: self.volume.saturating_add(later.volume),
            amount: self.amount.saturating_add(later.amount),
            trades: self.trades.saturating_add(later.trades),
            last_seq: later.last_seq,
        }
    }
}

impl Writer {
    /// Counts a trade that makes a price.
    pub(super) fn count_candles(
        &mut self,
        told: Told<'_>,
        (market, instrument, date): (MarketId, i64, Date),
        (price, quantity, amount): (i64, i64, i64),
    ) {
        let one = Candle::of_one(price, quantity, amount, told.seq);
        for (step, start) in starts(told.state, (market, date), told.time) {
            let candle = self.candles.entry((instrument, step, start));
            candle.and_modify(|candle| *candle = candle.then(one)).or_insert(one);
        }
    }

    /// Counts the candles again that a trade fell into which was taken back or corrected. Everything before it is written first.
    pub(super) fn recount_candles(&mut self, told: Told<'_>, revised: &Made) -> Result<()> {
        self.spill()?;
        let market = MarketId(u32::try_from(revised.market)?);
        let day = (market, Date(i32::try_from(revised.date)?));
        let sql = "SELECT time_ns, price, quantity, amount FROM trades WHERE instrument = $1 AND date = $2 \
                   AND method IN ('listed', 'continuous') AND status <> 'busted' ORDER BY trade_id";
        let args = [revised.instrument.into(), revised.date.into()];
        let trades = self.db.rows(sql, &args, |row| {
            Ok((row.int(0)?, Candle::of_one(row.int(1)?, row.int(2)?, row.int(3)?, told.seq)))
        })?;
        let of = starts(told.state, day, revised.time);
        let mut again: [Option<Candle>; STEPS.len()] = [None; STEPS.len()];
        for (time, one) in trades {
            let here = starts(told.state, day, time).into_iter().zip(of).zip(&mut again);
            for (_, candle) in here.filter(|((start, of), _)| start == of) {
                *candle = Some(candle.map_or(one, |candle| candle.then(one)));
            }
        }
        for ((step, start), candle) in of.into_iter().zip(again) {
            let key = (revised.instrument, step, start);
            self.latest.remove(&(revised.instrument, step));
            let sql = "DELETE FROM candles WHERE instrument = $1 AND step = $2 AND start_ns = $3";
            self.db.run(sql, &[key.0.into(), key.1.into(), key.2.into()])?;
            if let Some(candle) = candle {
                self.candles.insert(key, candle);
            }
        }
        Ok(())
    }

    pub(super) fn spill_candles(&mut self) -> Result<()> {
        for ((instrument, step, start), part) in std::mem::take(&mut self.candles) {
            let known = self.latest.get(&(instrument, step)).filter(|(at, _)| *at == start);
            let before = match known {
                Some((_, candle)) => Some(*candle),
                None => stored(&mut self.db, (instrument, step, start))?,
            };
            let candle = before.map_or(part, |before| before.then(part));
            self.latest.insert((instrument, step), (start, candle));
            self.rows.candles.push([
                instrument.into(),
                step.into(),
                start.into(),
                candle.open.into(),
                candle.high.into(),
                candle.low.into(),
                candle.close.into(),
                whole(candle.volume)?.into(),
                whole(candle.amount)?.into(),
                candle.trades.into(),
                candle.last_seq.into(),
            ]);
        }
        Ok(())
    }
}

/// The candles, by seconds and start, that a trade of a market's day falls into.
fn starts(state: &State, (market, date): (MarketId, Date), time: i64) -> [(i64, i64); STEPS.len()] {
    let begins = midnight(state, market, date).0;
    let ends = midnight(state, market, date.next()).0.max(begins + 1);
    // What the calendar had due may be carried out late: it belongs to its trading day.
    let within = time.clamp(begins, ends - 1) - begins;
    STEPS.map(|step| {
        let span = step * SECOND;
        (step, if step == DAY_SECONDS { begins } else { begins + within / span * span })
    })
}

/// A sum as the databases have it.
///
/// # Errors
/// It takes more than 64 bits.
fn whole(sum: i128) -> Result<i64> {
    i64::try_from(sum).context("the sum of a candle takes more than 64 bits")
}

/// The part of a candle that is written already.
fn stored(db: &mut Db, (instrument, step, start): CandleKey) -> Result<Option<Candle>> {
    let sql = format!(
        "SELECT open, high, low, close, volume, amount, trades, last_seq FROM {} \
         WHERE instrument = $1 AND step = $2 AND start_ns = $3",
        tables::CANDLES.name
    );
    let found = db.rows(&sql, &[instrument.into(), step.into(), start.into()], |row| {
        Ok(Candle {
            open: row.int(0)?,
            high: row.int(1)?,
            low: row.int(2)?,
            close: row.int(3)?,
            volume: row.int(4)?.into(),
            amount: row.int(5)?.into(),
            trades: row.int(6)?,
            last_seq: row.int(7)?,
        })
    })?;
    Ok(found.into_iter().next())
}

/// A trade's number as the databases have it.
pub(super) fn number(id: base::TradeId) -> i64 {
    int(id.0)
}
