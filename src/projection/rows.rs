//! What the queries answer: ids and integers, to be named and written by whoever knows a state.

use super::db::{Row, Value};
use anyhow::{Context, Result};
use base::{
    AccountId, AlertId, AssetId, AuctionId, Date, InstrumentId, MarketId, Money, OrderId, ParticipantId,
    Price, Quantity, Sequence, Side, Timestamp, TradeId,
};

/// An order of a book, a listing, a block, an auction or a bid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// Its number; that of a listing, a proposal, an auction or a bid where it is one.
    pub order: OrderId,
    /// The record it came with: what pages are cut by.
    pub sequence: Sequence,
    /// The time of that record.
    pub time: Timestamp,
    /// Who sent it.
    pub actor: ParticipantId,
    /// The sender's own id for it; none where only its key is in the log.
    pub client_id: Option<String>,
    /// Delivers or pays.
    pub account: AccountId,
    /// Who answers for the account.
    pub participant: ParticipantId,
    /// What.
    pub instrument: InstrumentId,
    /// `limit`, `market`, `listing`, `block`, `auction` or `bid`.
    pub kind: String,
    /// Buy or sell.
    pub side: Side,
    /// Ticks; of a market order the worst price it may trade at, of an auction the reserve.
    pub price: Price,
    /// Units in all, as last amended; of an order for an amount, those it has traded.
    pub quantity: Quantity,
    /// Units traded.
    pub filled: Quantity,
    /// Units that ended because they would have met an order of the same owner.
    pub reduced: Quantity,
    /// Units that can still trade.
    pub left: Quantity,
    /// Minor units traded; of a bid it stands in its trades.
    pub amount: Money,
    /// Minor units of fees, less rebates.
    pub fee: Money,
    /// `day`, `gtc`, `gtd`, `ioc`, `fok`, `at_open`, `at_close`: of an order of a book.
    pub life: Option<String>,
    /// The last day.
    pub until: Option<Date>,
    /// It only adds to the book.
    pub post_only: bool,
    /// What happens where it would meet an order of its owner.
    pub self_trade: Option<String>,
    /// Units it had to trade at once.
    pub minimum: Quantity,
    /// Units shown at a time; zero: all.
    pub display: Quantity,
    /// Ticks: the price that it waits for, or waited for.
    pub trigger: Option<Price>,
    /// It waits outside the book.
    pub waiting: bool,
    /// Who may accept it: of a block.
    pub counterparty: Option<AccountId>,
    /// The auction of a bid.
    pub auction: Option<AuctionId>,
    /// `open`, `filled`, `cancelled`, `expired` or `removed`.
    pub status: String,
    /// Why it ended, as the event says.
    pub ended: Option<String>,
    /// The record with which it ended.
    pub ended_sequence: Option<Sequence>,
    /// The time of that record.
    pub ended_time: Option<Timestamp>,
    /// The last record that changed it.
    pub updated: Sequence,
    /// Minor units: the amount that an order is for which is for no quantity.
    pub funds: Option<Money>,
}

impl OrderRow {
    /// What of its amount an order for an amount has used, minor units: of a buyer what it has paid, fees included, of a seller what
    /// it was paid, before fees.
    #[must_use]
    pub fn spent(&self) -> i128 {
        let fee = if self.side == Side::Buy { self.fee.0 } else { 0 };
        i128::from(self.amount.0) + i128::from(fee)
    }
}

/// A trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeRow {
    /// Its number: what pages are cut by.
    pub trade: TradeId,
    /// The record it was made with.
    pub sequence: Sequence,
    /// The time of that record.
    pub time: Timestamp,
    /// What.
    pub instrument: InstrumentId,
    /// `listed`, `block`, `auction` or `continuous`.
    pub method: String,
    /// The trading day.
    pub date: Date,
    /// Ticks.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
    /// Minor units.
    pub amount: Money,
    /// The side that came in, where one did.
    pub aggressor: Option<Side>,
    /// Gets the asset.
    pub buyer: AccountId,
    /// Gets the money.
    pub seller: AccountId,
    /// `stands`, `corrected` or `busted`; of one that was taken back the row says what it was.
    pub status: String,
    /// The record with which it was last corrected, or taken back.
    pub revised: Option<Sequence>,
}

/// One side of a trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillRow {
    /// Twice the trade's number, and one more for the seller: what pages are cut by.
    pub fill: u64,
    /// The trade, and the obligation of the same number.
    pub trade: TradeId,
    /// The record it was made with.
    pub sequence: Sequence,
    /// The time of that record.
    pub time: Timestamp,
    /// What.
    pub instrument: InstrumentId,
    /// `listed`, `block`, `auction` or `continuous`.
    pub method: String,
    /// The trading day.
    pub date: Date,
    /// What this side did.
    pub side: Side,
    /// Whose.
    pub account: AccountId,
    /// Who answers for the account.
    pub participant: ParticipantId,
    /// Its order, listing, proposal or auction, where it had one.
    pub order: Option<OrderId>,
    /// Ticks.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
    /// Minor units, before the fee.
    pub amount: Money,
    /// Minor units of its fee; below zero a rebate.
    pub fee: Money,
    /// The side that came in, where one did: a taker's fill is of this side.
    pub aggressor: Option<Side>,
    /// The record with which it was delivered and paid.
    pub settled: Option<Sequence>,
    /// `stands`, `corrected` or `busted`; of one that was taken back the row says what it was.
    pub status: String,
    /// The record with which it was last corrected, or taken back.
    pub revised: Option<Sequence>,
}

/// What trading did to a price in a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandleRow {
    /// Its first instant.
    pub start: Timestamp,
    /// Ticks of the first trade.
    pub open: Price,
    /// Ticks, the most.
    pub high: Price,
    /// Ticks, the least.
    pub low: Price,
    /// Ticks of the last trade.
    pub close: Price,
    /// Units.
    pub volume: i128,
    /// Minor units.
    pub amount: i128,
    /// Trades.
    pub trades: u64,
    /// The last record counted.
    pub last: Sequence,
}

/// An event of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its place in the record, from 0.
    pub n: u64,
    /// Its name, for example `order_entered`.
    pub kind: String,
    /// The event as JSON, with names and decimals, as `huangpu log --json` prints it.
    pub json: String,
}

/// A record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRow {
    /// Its number: what pages are cut by.
    pub sequence: Sequence,
    /// Its time.
    pub time: Timestamp,
    /// Who sent it.
    pub actor: ParticipantId,
    /// Which user; 0 for none.
    pub user: u64,
    /// The sender's own id for it; none where only its key is in the log.
    pub client_id: Option<String>,
    /// By which door it came, where the record says so: `file`, `http`, `stream`, `facade` or `node`.
    pub door: Option<String>,
    /// The name of the command, for example `place_order`.
    pub command: String,
    /// The command as JSON, as a command file has it.
    pub json: String,
    /// The stage that refused it.
    pub stage: Option<String>,
    /// The reason it was refused for.
    pub reason: Option<String>,
    /// What happened; of a record with very many events the first of them.
    pub events: Vec<EventRow>,
}

/// An event that touched an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailRow {
    /// Where it stands: what pages are cut by.
    pub position: Position,
    /// The time of its record.
    pub time: Timestamp,
    /// Who sent the record.
    pub actor: ParticipantId,
    /// Which user; 0 for none.
    pub user: u64,
    /// The sender's own id for it; none where only its key is in the log.
    pub client_id: Option<String>,
    /// The name of the command.
    pub command: String,
    /// The event's name.
    pub kind: String,
    /// The event as JSON.
    pub json: String,
    /// What it changed of what the account owns, units by asset; a change of zero: it was set aside, pledged or frozen.
    pub changes: Vec<(AssetId, i64)>,
}

/// An event that changed what an account owns of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// Where it stands: what pages are cut by.
    pub position: Position,
    /// The time of its record.
    pub time: Timestamp,
    /// The event's name.
    pub kind: String,
    /// Units, below zero where they went.
    pub change: i64,
    /// Units that the account owned after it.
    pub balance: i64,
    /// Of a settlement: the account's side of the trade.
    pub fill: Option<FillRow>,
}

/// The place of an event in the log: `17.2`. Without a second number, the place before all events of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The record.
    pub sequence: u64,
    /// The event's place in it.
    pub n: u64,
}

impl Position {
    /// After everything.
    pub const END: Self = Self { sequence: i64::MAX as u64, n: 0 };
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.sequence, self.n)
    }
}

impl std::str::FromStr for Position {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (sequence, n) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Self { sequence: sequence.parse()?, n: n.parse()? })
    }
}

/// An alert of supervision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// Its number: what pages are cut by.
    pub alert: AlertId,
    /// The record that raised it.
    pub sequence: Sequence,
    /// In which market.
    pub market: MarketId,
    /// The trading day.
    pub date: Date,
    /// The rule, for example `self_trade`.
    pub rule: String,
    /// Who.
    pub participant: ParticipantId,
    /// In what.
    pub instrument: InstrumentId,
    /// What was measured.
    pub measured: i128,
    /// The greatest measure without an alert.
    pub threshold: i128,
    /// The records it rests on.
    pub records: Vec<u64>,
}

/// A line of a participant's statement of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatementRow {
    /// Units bought.
    pub bought: i128,
    /// Units sold.
    pub sold: i128,
    /// Minor units paid, before fees.
    pub paid: i128,
    /// Minor units received, before fees.
    pub received: i128,
    /// Minor units of fees, less rebates.
    pub fees: i128,
}

/// A day of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRow {
    /// The local date.
    pub date: Date,
    /// Whether it is a trading day.
    pub trading: bool,
    /// The record with which it began.
    pub began: Sequence,
    /// The record with which its price list stood.
    pub ended: Option<Sequence>,
}

/// Cells of a row, one after the other, as the ids and amounts they are.
pub(super) struct Cells<'a, 'b> {
    row: &'a Row<'b>,
    next: usize,
}

impl<'a, 'b> Cells<'a, 'b> {
    pub(super) fn of(row: &'a Row<'b>) -> Self {
        Self { row, next: 0 }
    }

    fn step(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    pub(super) fn int(&mut self) -> Result<i64> {
        self.row.int(self.step())
    }

    pub(super) fn opt(&mut self) -> Result<Option<i64>> {
        let column = self.step();
        self.row.opt_int(column)
    }

    pub(super) fn count(&mut self) -> Result<u64> {
        Ok(u64::try_from(self.int()?)?)
    }

    pub(super) fn opt_count(&mut self) -> Result<Option<u64>> {
        Ok(self.opt()?.map(u64::try_from).transpose()?)
    }

    pub(super) fn id(&mut self) -> Result<u32> {
        Ok(u32::try_from(self.int()?)?)
    }

    pub(super) fn opt_id(&mut self) -> Result<Option<u32>> {
        Ok(self.opt()?.map(u32::try_from).transpose()?)
    }

    pub(super) fn flag(&mut self) -> Result<bool> {
        Ok(self.int()? != 0)
    }

    pub(super) fn date(&mut self) -> Result<Date> {
        Ok(Date(i32::try_from(self.int()?)?))
    }

    pub(super) fn opt_date(&mut self) -> Result<Option<Date>> {
        Ok(self.opt()?.map(i32::try_from).transpose()?.map(Date))
    }

    pub(super) fn text(&mut self) -> Result<String> {
        let column = self.step();
        self.row.text(column)
    }

    pub(super) fn opt_text(&mut self) -> Result<Option<String>> {
        let column = self.step();
        self.row.opt_text(column)
    }

    pub(super) fn wide(&mut self) -> Result<i128> {
        self.text()?.parse().context("a sum is no number")
    }

    pub(super) fn side(&mut self) -> Result<Side> {
        side(&self.text()?).context("a side is neither buy nor sell")
    }

    pub(super) fn opt_side(&mut self) -> Result<Option<Side>> {
        Ok(self.opt_text()?.as_deref().and_then(side))
    }
}

fn side(text: &str) -> Option<Side> {
    match text {
        "buy" => Some(Side::Buy),
        "sell" => Some(Side::Sell),
        _ => None,
    }
}

/// A number of 64 bits as the databases have it; what is larger than any of theirs is the largest.
pub(super) fn arg(value: u64) -> Value {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}
