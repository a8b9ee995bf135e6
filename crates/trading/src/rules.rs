//! What a rulebook tells the trading room. Every number of a market stands here as data.

use base::{BasisPoints, Calendar, Price, Quantity, Session};
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
    /// The composite line, where the market publishes one. Its close is also the first reference price of a new
    /// instrument.
    pub composite: Option<Composite>,
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
