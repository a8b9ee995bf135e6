//! The facts that rooms pass to each other. A room never calls another: the engine hands these on.

use crate::{AccountId, AssetId, Date, InstrumentId, MarketId, Money, OrderId, Price, Quantity, TradeId};
use serde::{Deserialize, Serialize};

/// Buy or sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Gives cash, gets the asset.
    Buy,
    /// Gives the asset, gets cash.
    Sell,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

/// The way in which a trade came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Listed trading (挂牌协议).
    Listed,
    /// Block trading (大宗协议).
    Block,
    /// One-way auction (单向竞价).
    Auction,
    /// Continuous trading on an order book, its call auctions included (竞价交易).
    Continuous,
}

impl Method {
    /// One method for each place in a table by method, in the order of the price list. A market's orders meet either in
    /// listed or in continuous trading, so the two share the first place.
    pub const ALL: [Self; 3] = [Self::Listed, Self::Block, Self::Auction];

    /// The place of this method in a table by method.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Listed | Self::Continuous => 0,
            Self::Block => 1,
            Self::Auction => 2,
        }
    }
}

/// One side of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The account that delivers or pays.
    pub account: AccountId,
    /// What this order has traded before this trade: fees run on the whole order, not on its parts.
    pub traded_before: Money,
}

/// Two parties agreed. Trading makes it, clearing novates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Dense, in order of trading.
    pub id: TradeId,
    /// Where it was made.
    pub market: MarketId,
    /// What was traded.
    pub instrument: InstrumentId,
    /// How.
    pub method: Method,
    /// The local trading day.
    pub date: Date,
    /// Ticks.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
    /// Minor units of the currency.
    pub amount: Money,
    /// The asset that moves from seller to buyer.
    pub asset: AssetId,
    /// The currency that moves from buyer to seller.
    pub currency: AssetId,
    /// Gets the asset.
    pub buyer: Party,
    /// Gets the money.
    pub seller: Party,
    /// A listed trade at the edge of the day's price band.
    pub at_limit: bool,
}

/// One side of a fill on an order book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// The account that delivers or pays.
    pub account: AccountId,
    /// Its order.
    pub order: OrderId,
    /// Its fee on this fill, minor units; below zero: a rebate.
    pub fee: Money,
    /// What its fees ran on before this fill: see [`crate::Tariff::base_after`].
    pub base: i64,
}

/// Two orders of a book met. Trading makes it, clearing novates it; what the buyer pays, fee included, is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Dense, in order of trading, among all trades.
    pub id: TradeId,
    /// Where it was made.
    pub market: MarketId,
    /// What was traded.
    pub instrument: InstrumentId,
    /// The local trading day.
    pub date: Date,
    /// Ticks: that of the order that stood, or of the call auction.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
    /// Minor units of the currency.
    pub amount: Money,
    /// The asset that moves from seller to buyer.
    pub asset: AssetId,
    /// The currency that moves from buyer to seller.
    pub currency: AssetId,
    /// Gets the asset.
    pub buyer: Leg,
    /// Gets the money.
    pub seller: Leg,
    /// Which side came in; none in a call auction.
    pub aggressor: Option<Side>,
    /// At the edge of the day's price band.
    pub at_limit: bool,
    /// An owner traded with itself, and that moves no price.
    pub own: bool,
    /// Minor units of fees that the selling order had paid before this fill, rebates not taken off.
    pub seller_paid: i64,
}

/// The asset leg of an obligation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What is delivered.
    pub asset: AssetId,
    /// From the reserved holding of this account.
    pub from: AccountId,
    /// To this account.
    pub to: AccountId,
    /// Units.
    pub quantity: Quantity,
}

/// The cash leg of an obligation, before fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The currency.
    pub currency: AssetId,
    /// From the reserved cash of this account.
    pub from: AccountId,
    /// To this account.
    pub to: AccountId,
    /// Minor units.
    pub amount: Money,
}

/// Fees that go with an obligation, to the venue's fee account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeLine {
    /// The account that earns them.
    pub to: AccountId,
    /// On top of what the buyer pays; below zero: paid to the buyer.
    pub buyer: Money,
    /// Out of what the seller receives; below zero: paid to the seller. Both together are never below zero.
    pub seller: Money,
}

/// What clearing asks the registry to fulfil: delivery and payment in one step or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// The trade it comes from.
    pub trade: TradeId,
    /// The market whose registry rules hold for it.
    pub market: MarketId,
    /// The local trading day.
    pub date: Date,
    /// The asset leg.
    pub delivery: Delivery,
    /// The cash leg.
    pub payment: Payment,
    /// The venue's fees.
    pub fees: FeeLine,
}

/// What a trade comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Ticks.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
    /// Minor units of the currency.
    pub amount: Money,
    /// What the buyer pays the venue on top; below zero: a rebate.
    pub buyer_fee: Money,
    /// What the seller pays the venue out of it; below zero: a rebate.
    pub seller_fee: Money,
}

/// What moves when a settled trade is taken back (成交取消) or corrected (成交更正): units from the buyer to the seller, and money
/// among the two and the venue's fee account. Clearing works it out, the registry moves it in one step or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unwinding {
    /// The market whose registry rules held for the trade.
    pub market: MarketId,
    /// The local trading day of the trade.
    pub date: Date,
    /// The asset that goes back.
    pub asset: AssetId,
    /// The currency of the trade.
    pub currency: AssetId,
    /// Gives the units back.
    pub buyer: AccountId,
    /// Gets them back.
    pub seller: AccountId,
    /// Earned the fees.
    pub fees_to: AccountId,
    /// Units that go back.
    pub quantity: Quantity,
    /// Minor units that the buyer gets; below zero: pays. What the three get adds up to nothing.
    pub to_buyer: i128,
    /// Minor units that the seller gets; below zero: pays.
    pub to_seller: i128,
    /// Minor units that the fee account gets; below zero: pays.
    pub to_fees: i128,
}

/// Something set aside before a trade: an asset or cash that only settlement or release can move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Whose.
    pub account: AccountId,
    /// What.
    pub asset: AssetId,
    /// How much, units on the ledger.
    pub quantity: Quantity,
}

/// What supervision asks the engine to do through the room that owns the act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Directive {
    /// Stop trading in an instrument.
    HaltInstrument(InstrumentId),
    /// Stop all disposals from an account.
    FreezeAccount(AccountId),
    /// Block every account of the one whose account this is from trading.
    StopOwner(AccountId),
}
