//! Queries: typed rows of one moment of the projection.

use super::db::{Db, Value};
use super::feed::client_text;
use super::rows::{
    AlertRow, CandleRow, Cells, DayRow, EventRow, FillRow, OrderRow, Position, RecordRow, StatementRow,
    TradeRow, TrailRow, arg,
};
use super::tables::{ORDERS, TABLES};
use anyhow::{Context, Result};
use base::{
    AccountId, AlertId, AssetId, AuctionId, Date, InstrumentId, MarketId, Money, OrderId, ParticipantId,
    Price, Quantity, Sequence, Timestamp, TradeId,
};
use engine::ClientId;
use std::collections::BTreeMap;

/// Rows of a page, at most.
pub const PAGE_MAX: u32 = 1_000;
/// Events that are given with a record, at most; the others are asked for.
pub const EVENTS_MAX: u32 = 1_000;

/// The projection at one moment.
pub struct View<'a> {
    pub(super) db: &'a mut Db,
}

/// Which kinds of orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kinds {
    /// Orders of books, and listings.
    #[default]
    Orders,
    /// Block proposals.
    Blocks,
    /// Auctions.
    Auctions,
    /// Bids in auctions.
    Bids,
    /// Everything.
    All,
}

/// Which orders. What is not named is not asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Who answers for the account.
    pub participant: Option<ParticipantId>,
    /// The account.
    pub account: Option<AccountId>,
    /// What they trade.
    pub instrument: Option<InstrumentId>,
    /// Only those that stand or wait.
    pub open: bool,
    /// Which kinds.
    pub kinds: Kinds,
    /// Only those that came with a record before this one.
    pub before: Option<u64>,
    /// How many at most, latest first; 0: a full page.
    pub limit: u32,
}

/// Which fills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FillFilter {
    /// Who answers for the account.
    pub participant: Option<ParticipantId>,
    /// The account.
    pub account: Option<AccountId>,
    /// What was traded.
    pub instrument: Option<InstrumentId>,
    /// The order.
    pub order: Option<OrderId>,
    /// The trading day.
    pub date: Option<Date>,
    /// Only those before this one, by [`FillRow::fill`].
    pub before: Option<u64>,
    /// How many at most, latest first; 0: a full page.
    pub limit: u32,
}

/// The conditions of a query, and what stands for their placeholders.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    args: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, condition: &str, arg: Value) {
        self.args.push(arg);
        self.sql.push(condition.replace('?', &format!("${}", self.args.len())));
    }

    fn some(&mut self, condition: &str, arg: Option<impl Into<i64>>) {
        if let Some(arg) = arg {
            self.add(condition, Value::Int(arg.into()));
        }
    }

    fn to_sql(&self) -> String {
        if self.sql.is_empty() { String::new() } else { format!(" WHERE {}", self.sql.join(" AND ")) }
    }

    /// The limit behind everything else.
    fn limit(&mut self, limit: u32) -> String {
        self.args.push(Value::Int(i64::from(page(limit))));
        format!(" LIMIT ${}", self.args.len())
    }
}

fn page(limit: u32) -> u32 {
    if limit == 0 { PAGE_MAX } else { limit.min(PAGE_MAX) }
}

fn before(before: Option<u64>) -> Option<i64> {
    before.map(|before| i64::try_from(before).unwrap_or(i64::MAX))
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
            "SELECT {columns} FROM orders WHERE actor = $1 AND client_id = $2 ORDER BY seq DESC LIMIT 1"
        );
        let args = [Value::Int(actor.0.into()), client_text(id).into()];
        Ok(self.db.rows(&sql, &args, |row| order(&mut Cells::of(row)))?.into_iter().next())
    }

    /// Sides of trades, latest first. With a day, what a participant had to deliver and to pay on it.
    ///
    /// # Errors
    /// The database failed.
    pub fn fills(&mut self, filter: &FillFilter) -> Result<Vec<FillRow>> {
        let mut conditions = Conditions::default();
        conditions.some("participant = ?", filter.participant.map(|id| id.0));
        conditions.some("account = ?", filter.account.map(|id| id.0));
        conditions.some("instrument = ?", filter.instrument.map(|id| id.0));
        conditions.some("order_id = ?", before(filter.order.map(|id| id.0)));
        conditions.some("date = ?", filter.date.map(|date| date.0));
        // What the index knows, and what cuts the page.
        conditions.some("trade_id <= ?", before(filter.before.map(|fill| fill / 2)));
        conditions.some("fill < ?", before(filter.before));
        let wanted = conditions.to_sql();
        let limit = conditions.limit(filter.limit);
        // Each side by its own index, as many as are wanted; of both the latest.
        let half = |side: &str| {
            format!(
                "SELECT * FROM (SELECT {FILL} FROM fills{wanted}{} side = '{side}' ORDER BY trade_id DESC{limit}) {side}s",
                if wanted.is_empty() { " WHERE" } else { " AND" }
            )
        };
        let sql = format!("{} UNION ALL {} ORDER BY fill DESC{limit}", half("buy"), half("sell"));
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
            let sql = format!(
                "SELECT instrument, quantity, amount, {who}_fee FROM trades WHERE {who}_participant = $1 AND date = $2"
            );
            let args = [Value::Int(of.0.into()), Value::Int(date.0.into())];
            let sides = self.db.rows(&sql, &args, |row| {
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
                client_id: cells.text()?,
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

/// How long a candle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// `1m`.
    Minute,
    /// `5m`.
    FiveMinutes,
    /// `15m`.
    Quarter,
    /// `1h`.
    Hour,
    /// `1d`: a trading day.
    Day,
}

impl Step {
    /// Every length there is.
    pub const ALL: [Self; 5] = [Self::Minute, Self::FiveMinutes, Self::Quarter, Self::Hour, Self::Day];

    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::Quarter => "15m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// The length that people write so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == text)
    }

    /// In seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::Quarter => 900,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

const FILL: &str = "fill, trade_id, seq, time_ns, instrument, method, date, side, account, participant, order_id, price, \
                    quantity, amount, fee, aggressor, settled_seq";
const TRADE: &str =
    "trade_id, seq, time_ns, instrument, method, date, price, quantity, amount, aggressor, buyer, seller";
const CANDLE: &str = "start_ns, open, high, low, close, volume, amount, trades, last_seq";
const RECORD: &str = "seq, time_ns, actor, user_id, client_id, command, json, stage, reason";

fn order(cells: &mut Cells<'_, '_>) -> Result<OrderRow> {
    Ok(OrderRow {
        order: OrderId(cells.count()?),
        sequence: Sequence(cells.count()?),
        time: Timestamp(cells.int()?),
        actor: ParticipantId(cells.id()?),
        client_id: cells.text()?,
        account: AccountId(cells.id()?),
        participant: ParticipantId(cells.id()?),
        instrument: InstrumentId(cells.id()?),
        kind: cells.text()?,
        side: cells.side()?,
        price: Price(cells.int()?),
        quantity: Quantity(cells.int()?),
        filled: Quantity(cells.int()?),
        reduced: Quantity(cells.int()?),
        left: Quantity(cells.int()?),
        amount: Money(cells.int()?),
        fee: Money(cells.int()?),
        life: cells.opt_text()?,
        until: cells.opt_date()?,
        post_only: cells.flag()?,
        self_trade: cells.opt_text()?,
        minimum: Quantity(cells.int()?),
        display: Quantity(cells.int()?),
        trigger: cells.opt()?.map(Price),
        waiting: cells.flag()?,
        counterparty: cells.opt_id()?.map(AccountId),
        auction: cells.opt_count()?.map(AuctionId),
        status: cells.text()?,
        ended: cells.opt_text()?,
        ended_sequence: cells.opt_count()?.map(Sequence),
        ended_time: cells.opt()?.map(Timestamp),
        updated: Sequence(cells.count()?),
    })
}

fn fill(cells: &mut Cells<'_, '_>) -> Result<FillRow> {
    Ok(FillRow {
        fill: cells.count()?,
        trade: TradeId(cells.count()?),
        sequence: Sequence(cells.count()?),
        time: Timestamp(cells.int()?),
        instrument: InstrumentId(cells.id()?),
        method: cells.text()?,
        date: cells.date()?,
        side: cells.side()?,
        account: AccountId(cells.id()?),
        participant: ParticipantId(cells.id()?),
        order: cells.opt_count()?.map(OrderId),
        price: Price(cells.int()?),
        quantity: Quantity(cells.int()?),
        amount: Money(cells.int()?),
        fee: Money(cells.int()?),
        aggressor: cells.opt_side()?,
        settled: cells.opt_count()?.map(Sequence),
    })
}

fn trade(cells: &mut Cells<'_, '_>) -> Result<TradeRow> {
    Ok(TradeRow {
        trade: TradeId(cells.count()?),
        sequence: Sequence(cells.count()?),
        time: Timestamp(cells.int()?),
        instrument: InstrumentId(cells.id()?),
        method: cells.text()?,
        date: cells.date()?,
        price: Price(cells.int()?),
        quantity: Quantity(cells.int()?),
        amount: Money(cells.int()?),
        aggressor: cells.opt_side()?,
        buyer: AccountId(cells.id()?),
        seller: AccountId(cells.id()?),
    })
}

fn candle(cells: &mut Cells<'_, '_>) -> Result<CandleRow> {
    Ok(CandleRow {
        start: Timestamp(cells.int()?),
        open: Price(cells.int()?),
        high: Price(cells.int()?),
        low: Price(cells.int()?),
        close: Price(cells.int()?),
        volume: cells.wide()?,
        amount: cells.wide()?,
        trades: cells.count()?,
        last: Sequence(cells.count()?),
    })
}

fn record(cells: &mut Cells<'_, '_>) -> Result<RecordRow> {
    Ok(RecordRow {
        sequence: Sequence(cells.count()?),
        time: Timestamp(cells.int()?),
        actor: ParticipantId(cells.id()?),
        user: cells.count()?,
        client_id: cells.text()?,
        command: cells.text()?,
        json: cells.text()?,
        stage: cells.opt_text()?,
        reason: cells.opt_text()?,
        events: Vec::new(),
    })
}

fn alert(cells: &mut Cells<'_, '_>) -> Result<AlertRow> {
    Ok(AlertRow {
        alert: AlertId(cells.count()?),
        sequence: Sequence(cells.count()?),
        market: MarketId(cells.id()?),
        date: cells.date()?,
        rule: cells.text()?,
        participant: ParticipantId(cells.id()?),
        instrument: InstrumentId(cells.id()?),
        measured: cells.wide()?,
        threshold: cells.wide()?,
        records: serde_json::from_str(&cells.text()?)?,
    })
}
