//! What a rulebook tells the trading room. Every number of a market stands here as data.

pub use crate::hours::{DayHours, Hours};
use base::{BasisPoints, Calendar, Money, Price, Quantity, Session};
use serde::{Deserialize, Serialize};

/// The trading rules of one market, as in force on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Trading days and local time.
    pub calendar: Calendar,
    /// Minor units of the currency that one tick on one unit is worth.
    pub tick_value: i64,
    /// Quantities are whole multiples of this.
    pub lot: Quantity,
    /// The first reference price of the market's first instrument, where its listing names none.
    pub launch_reference: Option<Price>,
    /// Listed trading (挂牌协议), where the market has it.
    pub listing: Option<ListingRules>,
    /// Block trading (大宗协议), where the market has it.
    pub block: Option<BlockRules>,
    /// One-way auctions (单向竞价), where the market has them.
    pub auction: Option<AuctionRules>,
    /// Continuous trading on an order book (竞价交易), where the market has it; a market has this or listed trading.
    #[serde(default)]
    pub continuous: Option<ContinuousRules>,
    /// Hours of days that are unlike the others.
    #[serde(default)]
    pub hours: Vec<Hours>,
    /// The composite line, where the market publishes one. Its close is also the first reference price of a new
    /// instrument.
    pub composite: Option<Composite>,
    /// Whom the market's rules mean by "own".
    #[serde(default)]
    pub own: Own,
    /// How long a trade can be taken back or corrected.
    #[serde(default)]
    pub corrections: Corrections,
}

/// How long a trade can be taken back (成交取消) or corrected (成交更正).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Corrections {
    /// Not at all: the rules know no corrections.
    #[default]
    Never,
    /// Until so many trading days after its own have ended; none: until its own trading day ends.
    DaysAfter(u16),
}

impl Corrections {
    /// The longest time that a rulebook may give, trading days after that of the trade: what is kept for it is kept in memory.
    pub const DAYS_MAX: u16 = 30;

    /// How many trading days end before a trade is final, that of the trade the first of them; `None` where it is final at once.
    #[must_use]
    pub fn day_ends(self) -> Option<u32> {
        match self {
            Self::Never => None,
            Self::DaysAfter(days) => Some(u32::from(days) + 1),
        }
    }
}

/// Whom a rule means by "own": one's own listing, block, auction, trade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Own {
    /// The account alone.
    #[default]
    Account,
    /// Everything of one beneficial owner (实际控制人); what it trades with itself on an order book moves no price.
    Owner,
}

/// Listed trading: a maker's price, a taker's choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListingRules {
    /// When listings may be placed and taken.
    pub sessions: Vec<Session>,
    /// How far a price may lie from the reference.
    pub band: BasisPoints,
    /// A single listing is smaller than this.
    pub quantity_below: Quantity,
    /// A taker may choose among the listings at this many best prices.
    pub best_prices: u32,
}

/// Continuous trading: price, then time; call auctions to open, to close and where the price moves too fast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContinuousRules {
    /// When orders trade as they come in.
    pub sessions: Vec<Session>,
    /// The call auction that opens the day, before the first session (开盘集合竞价).
    pub opening_call: Option<Session>,
    /// The call auction that closes the day, after the last session (收盘集合竞价).
    pub closing_call: Option<Session>,
    /// The static band: how far an order's price may lie from the day's reference (涨跌幅限制).
    pub band: BasisPoints,
    /// The dynamic band: a trade farther than this from the last price before its order interrupts trading.
    pub dynamic_band: Option<BasisPoints>,
    /// Seconds of the call auction of an interruption (波动性中断).
    pub interruption_s: u32,
    /// Seconds of the call auction with which trading resumes after a halt; zero: at once.
    pub resumption_s: u32,
    /// A single order has at most this many units.
    pub quantity_max: Quantity,
    /// A single order is worth at most this, at its price.
    pub value_max: Option<Money>,
    /// An account enters and amends at most this many orders in a second.
    pub orders_per_second_max: Option<u32>,
    /// What closes the day's line.
    pub close: ClosePrice,
    /// Before the first trade of a day, a stop may wait for a trade at the reference.
    #[serde(default)]
    pub stop_at_reference: bool,
}

/// What closes the day's line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosePrice {
    /// The volume-weighted average of the day's trades, rounded half-up.
    #[default]
    Average,
    /// The last trade: that of the closing call, where it traded.
    Last,
}

/// Block trading: negotiated outside, confirmed by both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockRules {
    /// When blocks may be proposed and accepted.
    pub sessions: Vec<Session>,
    /// How far a price may lie from the reference.
    pub band: BasisPoints,
    /// The smallest block.
    pub quantity_min: Quantity,
}

/// One-way auctions: one side, sealed bids, one price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuctionRules {
    /// When bids may be entered: an auction opens and closes within one of these.
    pub sessions: Vec<Session>,
    /// How far a bid may lie from the reference, where that is bounded.
    pub band: Option<BasisPoints>,
    /// The smallest bid.
    pub bid_min: Quantity,
    /// Who comes first among bids at the auction price.
    pub tie: TieRule,
    /// Whether an auction with less bid than offered is cancelled instead of filled in part.
    pub cancel_if_underbid: bool,
    /// Where an announcement names no reserve price: this share of the reference price, rounded half-up.
    pub reserve_of_reference: Option<BasisPoints>,
}

/// Who comes first among bids at the auction price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TieRule {
    /// The earlier bid.
    Time,
    /// The one drawn by lot from a seed that the operator puts into the log after the bids are closed.
    Lot,
}

/// The composite line of a market.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Composite {
    /// Its name on the price list.
    pub code: String,
    /// How its price is made.
    pub price: CompositePrice,
}

/// How a composite price is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompositePrice {
    /// The simple mean of the instruments' closes, rounded half-up.
    Mean,
    /// The line of one instrument, by its code.
    Instrument(String),
}
