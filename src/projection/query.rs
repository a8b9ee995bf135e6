//! Queries: typed rows of one moment of the projection.

mod filter;
mod ledger;
mod read;

pub use filter::{FillFilter, Kinds, OrderFilter, Step};

use super::db::{Db, Value};
use super::rows::{
    AlertRow, CandleRow, Cells, DayRow, EventRow, FillRow, OrderRow, Position, RecordRow, StatementRow,
    TradeRow, TrailRow, arg,
};
use super::tables::{ORDERS, TABLES};
use anyhow::{Context, Result};
use base::{AccountId, AssetId, Date, InstrumentId, MarketId, OrderId, ParticipantId, Sequence, Timestamp};
use engine::ClientId;
use filter::{Conditions, before, page};
use read::{CANDLE, RECORD, TRADE, alert, candle, fill, order, record, trade};
use std::collections::BTreeMap;

/// Rows of a page, at most.
pub const PAGE_MAX: u32 = 1_000;
/// Events that are given with a record, at most; the others are asked for.
pub const EVENTS_MAX: u32 = 1_000;

/// The projection at one moment.
pub struct View<'a> {
    pub(super) db: &'a mut Db,
}

impl View<'_> {
    /// The last record in the projection.
    ///
    /// # Errors
    /// The database failed.
    pub fn sequence(&mut self) -> Result<u64> {
        let found = self.db.rows("SELECT value FROM meta WHERE key = 'last_seq'", &[], |row| row.text(0))?;
        found.first().context("the projection does not say its last record")?.parse().context("no number")
    }

    /// Orders, latest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn orders(&mut self, filter: &OrderFilter) -> Result<Vec<OrderRow>> {
        let mut conditions = Conditions::default();
        if filter.open {
            conditions.sql.push("status = 'open'".to_owned());
        }
        let kinds = match filter.kinds {
            Kinds::Orders => "kind IN ('limit', 'market', 'listing')",
            Kinds::Blocks => "kind = 'block'",
            Kinds::Auctions => "kind = 'auction'",
            Kinds::Bids => "kind = 'bid'",
            Kinds::All => "kind IS NOT NULL",
        };
        conditions.sql.push(kinds.to_owned());
        conditions.some("participant = ?", filter.participant.map(|id| id.0));
        if let (Some(account), None) = (filter.account, filter.participant) {
            // What the index knows.
            let owner = "participant = (SELECT participant FROM accounts WHERE id = ?)";
            conditions.some(owner, Some(account.0));
        }
        conditions.some("account = ?", filter.account.map(|id| id.0));
        conditions.some("instrument = ?", filter.instrument.map(|id| id.0));
        conditions.some("seq < ?", before(filter.before));
        let (columns, wanted) = (ORDERS.columns.join(", "), conditions.to_sql());
        let limit = conditions.limit(filter.limit);
        let sql = format!("SELECT {columns} FROM orders{wanted} ORDER BY seq DESC{limit}");
        self.db.rows(&sql, &conditions.args, |row| order(&mut Cells::of(row)))
    }

    /// One order.
    ///
    /// # Errors
    /// The database failed.
    pub fn order(&mut self, id: OrderId) -> Result<Option<OrderRow>> {
        let sql = format!("SELECT {} FROM orders WHERE order_id = $1", ORDERS.columns.join(", "));
        Ok(self.db.rows(&sql, &[arg(id.0)], |row| order(&mut Cells::of(row)))?.into_iter().next())
    }

    /// The order that a sender sent under this id.
    ///
    /// # Errors
    /// The database failed.
    pub fn order_by_client(&mut self, actor: ParticipantId, id: ClientId) -> Result<Option<OrderRow>> {
        let columns = ORDERS.columns.join(", ");
        let sql = format!(
            "SELECT {columns} FROM orders WHERE actor = $1 AND client_key = $2 ORDER BY seq DESC LIMIT 1"
        );
        let args = [Value::Int(actor.0.into()), id.key().hex().into()];
        Ok(self.db.rows(&sql, &args, |row| order(&mut Cells::of(row)))?.into_iter().next())
    }

    /// Sides of trades, latest first. With a day, what a participant had to deliver and to pay on it.
    ///
    /// # Errors
    /// The database failed.
    pub fn fills(&mut self, filter: &FillFilter) -> Result<Vec<FillRow>> {
        // Of each side by its own index, as many as are wanted; of both the latest.
        let mut conditions = Conditions::default();
        conditions.some("{who}_participant = ?", filter.participant.map(|id| id.0));
        if let (Some(account), None) = (filter.account, filter.participant) {
            let owner = "{who}_participant = (SELECT participant FROM accounts WHERE id = ?)";
            conditions.some(owner, Some(account.0));
        }
        conditions.some("{who} = ?", filter.account.map(|id| id.0));
        conditions.some("instrument = ?", filter.instrument.map(|id| id.0));
        conditions.some("{side}_order = ?", before(filter.order.map(|id| id.0)));
        if let Some(date) = filter.date {
            conditions.on_day(date);
        }
        conditions.some("trade_id <= ?", before(filter.before.map(|fill| fill / 2)));
        conditions.some("trade_id * 2 + {one} < ?", before(filter.before));
        let wanted = conditions.to_sql();
        let limit = conditions.limit(filter.limit);
        let half = |side: &str, who: &str, one: &str| {
            format!(
                "SELECT * FROM (SELECT trade_id * 2 + {{one}} AS fill, trade_id, seq, time_ns, instrument, method, date, \
                 '{{side}}' AS side, {{who}} AS account, {{who}}_participant AS participant, {{side}}_order AS order_id, \
                 price, quantity, amount, {{who}}_fee AS fee, aggressor, settled_seq, status, revised_seq \
                 FROM trades{wanted} ORDER BY trade_id DESC{limit}) {{side}}s"
            )
            .replace("{side}", side)
            .replace("{who}", who)
            .replace("{one}", one)
        };
        let (buys, sells) = (half("buy", "buyer", "0"), half("sell", "seller", "1"));
        let sql = format!("{buys} UNION ALL {sells} ORDER BY fill DESC{limit}");
        self.db.rows(&sql, &conditions.args, |row| fill(&mut Cells::of(row)))
    }

    /// What a participant bought, sold, paid and received on a trading day, by instrument.
    ///
    /// # Errors
    /// The database failed.
    pub fn statement(
        &mut self,
        of: ParticipantId,
        date: Date,
    ) -> Result<BTreeMap<InstrumentId, StatementRow>> {
        let mut lines: BTreeMap<InstrumentId, StatementRow> = BTreeMap::new();
        for (side, who) in [("buy", "buyer"), ("sell", "seller")] {
            let mut conditions = Conditions::default();
            conditions.some(&format!("{who}_participant = ?"), Some(of.0));
            conditions.on_day(date);
            let wanted = conditions.to_sql();
            let sql = format!(
                "SELECT instrument, quantity, amount, {who}_fee FROM trades{wanted} AND status <> 'busted'"
            );
            let sides = self.db.rows(&sql, &conditions.args, |row| {
                let mut cells = Cells::of(row);
                Ok((InstrumentId(cells.id()?), cells.int()?, cells.int()?, cells.int()?))
            })?;
            for (instrument, quantity, amount, fee) in sides {
                let line = lines.entry(instrument).or_default();
                let (units, money) = if side == "buy" {
                    (&mut line.bought, &mut line.paid)
                } else {
                    (&mut line.sold, &mut line.received)
                };
                *units += i128::from(quantity);
                *money += i128::from(amount);
                line.fees += i128::from(fee);
            }
        }
        Ok(lines)
    }

    /// Trades of an instrument, latest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn trades(
        &mut self,
        instrument: InstrumentId,
        below: Option<u64>,
        limit: u32,
    ) -> Result<Vec<TradeRow>> {
        let mut conditions = Conditions::default();
        conditions.some("instrument = ?", Some(instrument.0));
        conditions.some("trade_id < ?", before(below));
        let wanted = conditions.to_sql();
        let limit = conditions.limit(limit);
        let sql = format!("SELECT {TRADE} FROM trades{wanted} ORDER BY trade_id DESC{limit}");
        self.db.rows(&sql, &conditions.args, |row| trade(&mut Cells::of(row)))
    }

    /// The last candles that begin from `from` up to but not including `to`, in order of time.
    ///
    /// # Errors
    /// The database failed.
    pub fn candles(
        &mut self,
        instrument: InstrumentId,
        step: Step,
        (from, to): (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<CandleRow>> {
        let sql = format!(
            "SELECT {CANDLE} FROM candles WHERE instrument = $1 AND step = $2 AND start_ns >= $3 AND start_ns < $4 \
             ORDER BY start_ns DESC LIMIT $5"
        );
        let step = Value::Int(step.seconds());
        let args = [
            Value::Int(instrument.0.into()),
            step,
            from.0.into(),
            to.0.into(),
            i64::from(page(limit)).into(),
        ];
        let mut found = self.db.rows(&sql, &args, |row| candle(&mut Cells::of(row)))?;
        found.reverse();
        Ok(found)
    }

    /// What trading did to a price in the 24 hours before `now`, to the minute; none where nothing traded.
    ///
    /// # Errors
    /// The database failed.
    pub fn stats(&mut self, instrument: InstrumentId, now: Timestamp) -> Result<Option<CandleRow>> {
        let since = Timestamp(now.0.saturating_sub(86_400 * 1_000_000_000));
        let sql = format!(
            "SELECT {CANDLE} FROM candles WHERE instrument = $1 AND step = 60 AND start_ns > $2 AND start_ns <= $3 \
             ORDER BY start_ns"
        );
        let args = [Value::Int(instrument.0.into()), since.0.into(), now.0.into()];
        let minutes = self.db.rows(&sql, &args, |row| candle(&mut Cells::of(row)))?;
        Ok(minutes.into_iter().reduce(|all, minute| CandleRow {
            high: all.high.max(minute.high),
            low: all.low.min(minute.low),
            close: minute.close,
            volume: all.volume + minute.volume,
            amount: all.amount + minute.amount,
            trades: all.trades + minute.trades,
            last: minute.last,
            ..all
        }))
    }

    /// The events that touched an account, latest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn trail(
        &mut self,
        account: AccountId,
        before: Option<Position>,
        limit: u32,
    ) -> Result<Vec<TrailRow>> {
        let before = before.unwrap_or(Position::END);
        let sql = "SELECT p.seq, p.n, r.time_ns, r.actor, r.user_id, r.client_id, r.command, e.kind, e.json, p.asset, p.change \
             FROM (SELECT DISTINCT seq, n FROM postings WHERE account = $1 AND (seq, n) < ($2, $3) \
                   ORDER BY seq DESC, n DESC LIMIT $4) k \
             JOIN postings p ON p.account = $1 AND p.seq = k.seq AND p.n = k.n \
             JOIN events e ON e.seq = k.seq AND e.n = k.n JOIN records r ON r.seq = k.seq \
             ORDER BY p.seq DESC, p.n DESC, p.part";
        let args = [
            Value::Int(account.0.into()),
            arg(before.sequence),
            arg(before.n),
            i64::from(page(limit)).into(),
        ];
        let found = self.db.rows(sql, &args, |row| {
            let mut cells = Cells::of(row);
            let row = TrailRow {
                position: Position { sequence: cells.count()?, n: cells.count()? },
                time: Timestamp(cells.int()?),
                actor: ParticipantId(cells.id()?),
                user: cells.count()?,
                client_id: cells.opt_text()?,
                command: cells.text()?,
                kind: cells.text()?,
                json: cells.text()?,
                changes: Vec::new(),
            };
            Ok((row, cells.opt_id()?.map(AssetId), cells.int()?))
        })?;
        let mut trail: Vec<TrailRow> = Vec::new();
        for (row, asset, change) in found {
            if trail.last().is_none_or(|last| last.position != row.position) {
                trail.push(row);
            }
            if let (Some(last), Some(asset)) = (trail.last_mut(), asset) {
                last.changes.push((asset, change));
            }
        }
        Ok(trail)
    }

    /// Records after one, in order, each with its events.
    ///
    /// # Errors
    /// The database failed.
    pub fn records(&mut self, after: u64, limit: u32) -> Result<Vec<RecordRow>> {
        let sql = format!("SELECT {RECORD} FROM records WHERE seq > $1 ORDER BY seq LIMIT $2");
        let args = [arg(after), i64::from(page(limit)).into()];
        let mut found = self.db.rows(&sql, &args, |row| record(&mut Cells::of(row)))?;
        let (Some(first), Some(last)) = (found.first(), found.last()) else { return Ok(found) };
        let span = [arg(first.sequence.0), arg(last.sequence.0), i64::from(EVENTS_MAX).into()];
        let sql =
            "SELECT seq, n, kind, json FROM events WHERE seq >= $1 AND seq <= $2 AND n < $3 ORDER BY seq, n";
        let events = self.db.rows(sql, &span, |row| {
            let mut cells = Cells::of(row);
            Ok((cells.count()?, EventRow { n: cells.count()?, kind: cells.text()?, json: cells.text()? }))
        })?;
        let mut events = events.into_iter().peekable();
        for record in &mut found {
            while let Some((_, event)) = events.next_if(|(seq, _)| *seq == record.sequence.0) {
                record.events.push(event);
            }
        }
        Ok(found)
    }

    /// One record with its events.
    ///
    /// # Errors
    /// The database failed.
    pub fn record(&mut self, sequence: u64) -> Result<Option<RecordRow>> {
        let found = self.records(sequence.saturating_sub(1), 1)?;
        Ok(found.into_iter().find(|record| record.sequence.0 == sequence))
    }

    /// The events of a record from the one at `from` on.
    ///
    /// # Errors
    /// The database failed.
    pub fn events(&mut self, sequence: u64, from: u64, limit: u32) -> Result<Vec<EventRow>> {
        let sql = "SELECT n, kind, json FROM events WHERE seq = $1 AND n >= $2 ORDER BY n LIMIT $3";
        let args = [arg(sequence), arg(from), i64::from(page(limit)).into()];
        self.db.rows(sql, &args, |row| {
            let mut cells = Cells::of(row);
            Ok(EventRow { n: cells.count()?, kind: cells.text()?, json: cells.text()? })
        })
    }

    /// The last record at or before a time; 0 where there is none.
    ///
    /// # Errors
    /// The database failed.
    pub fn sequence_at(&mut self, time: Timestamp) -> Result<u64> {
        let sql = "SELECT seq FROM records WHERE time_ns <= $1 ORDER BY time_ns DESC, seq DESC LIMIT 1";
        let found = self.db.rows(sql, &[time.0.into()], |row| Cells::of(row).count())?;
        Ok(found.first().copied().unwrap_or(0))
    }

    /// Alerts, latest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn alerts(
        &mut self,
        market: Option<MarketId>,
        below: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AlertRow>> {
        let mut conditions = Conditions::default();
        conditions.some("market = ?", market.map(|market| market.0));
        conditions.some("alert_id < ?", before(below));
        let wanted = conditions.to_sql();
        let limit = conditions.limit(limit);
        let sql = format!(
            "SELECT alert_id, seq, market, date, rule, participant, instrument, measured, threshold, records \
             FROM alerts{wanted} ORDER BY alert_id DESC{limit}"
        );
        self.db.rows(&sql, &conditions.args, |row| alert(&mut Cells::of(row)))
    }

    /// The days of a market, latest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn days(&mut self, market: MarketId, limit: u32) -> Result<Vec<DayRow>> {
        let sql = "SELECT date, trading, began_seq, ended_seq FROM days WHERE market = $1 ORDER BY date DESC LIMIT $2";
        let args = [Value::Int(market.0.into()), i64::from(page(limit)).into()];
        self.db.rows(sql, &args, |row| {
            let mut cells = Cells::of(row);
            let (date, trading, began) = (cells.date()?, cells.flag()?, Sequence(cells.count()?));
            Ok(DayRow { date, trading, began, ended: cells.opt_count()?.map(Sequence) })
        })
    }

    /// Every row of every table, by the table's name: what two projections are compared by.
    ///
    /// # Errors
    /// The database failed.
    pub fn dump(&mut self) -> Result<BTreeMap<&'static str, Vec<Vec<Value>>>> {
        let mut all = BTreeMap::new();
        for table in TABLES {
            let width = table.columns.len();
            let rows = self
                .db
                .rows(&table.select_all(), &[], |row| (0..width).map(|column| row.value(column)).collect())?;
            all.insert(table.name, rows);
        }
        Ok(all)
    }
}
