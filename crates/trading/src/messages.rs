//! The doors of the trading room: commands, events and rejections. Those of the order book stand in `messages/book.rs`.

mod book;

pub use book::*;

use crate::PriceLine;
use base::{
    AccountId, AssetId, AuctionId, BidId, Date, InstrumentId, MarketId, Method, Money, OrderId, Outcome,
    Price, ProposalId, Quantity, Side, Timestamp, Trade, TradeId, rejections,
};
use serde::{Deserialize, Serialize};

/// Admits an asset to trading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListInstrument {
    /// Where.
    pub market: MarketId,
    /// Its name on the price list.
    pub code: String,
    /// What is traded.
    pub asset: AssetId,
    /// The first reference price; none: the composite's close, or the market's launch reference.
    pub reference: Option<Price>,
    /// What was traded before this log begins, by method, where a record is continued.
    pub carried: [Turnover; 3],
}

/// Ends trading in an instrument for good (退市).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelistInstrument {
    /// Which.
    pub instrument: InstrumentId,
}

/// Brings an instrument that has left the list back to it (重新上市), under its code and with its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelistInstrument {
    /// Which.
    pub instrument: InstrumentId,
    /// The reference price that it starts from; none: its last close.
    pub reference: Option<Price>,
    /// On what ground.
    pub reason: String,
}

/// Takes a trade back as if it had not been (成交取消): units, money and fees go back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BustTrade {
    /// Which.
    pub trade: TradeId,
    /// Why.
    pub reason: String,
}

/// Gives a trade another price, a lower quantity, or both (成交更正): what differs goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectTrade {
    /// Which.
    pub trade: TradeId,
    /// Ticks; none: the price stays.
    pub price: Option<Price>,
    /// Units that stand; none: all that stood.
    pub quantity: Option<Quantity>,
    /// Why.
    pub reason: String,
}

/// A trade that was taken back or corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Which trade.
    pub trade: TradeId,
    /// Where it was made.
    pub market: MarketId,
    /// What was traded.
    pub instrument: InstrumentId,
    /// How.
    pub method: Method,
    /// Its local trading day.
    pub date: Date,
    /// Got the asset.
    pub buyer: AccountId,
    /// Got the money.
    pub seller: AccountId,
    /// Where the fees go.
    pub fees_to: AccountId,
    /// What it came to before.
    pub from: Outcome,
    /// What it comes to from now on: nothing, where it was taken back.
    pub to: Outcome,
    /// Why.
    pub reason: String,
}

/// Stops or resumes trading in an instrument (停牌, 复牌).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetHalted {
    /// Which.
    pub instrument: InstrumentId,
    /// Halted or trading.
    pub halted: bool,
    /// Why.
    pub reason: String,
}

/// A line of the price list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// An instrument.
    Instrument(InstrumentId),
    /// The composite line of a market.
    Composite(MarketId),
}

/// Sets the price that the next day starts from, where what was published differs from what the engine computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectReference {
    /// Which line.
    pub line: Line,
    /// The published price.
    pub price: Price,
    /// Why.
    pub reason: String,
}

/// Adds a day without trading to the calendar (休市).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclareHoliday {
    /// Where.
    pub market: MarketId,
    /// A day after today.
    pub date: Date,
}

/// Takes back a day without trading that was declared: there is trading on it after all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeHoliday {
    /// Where.
    pub market: MarketId,
    /// A day after today that was declared.
    pub date: Date,
}

/// Places a listing (挂牌).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// Delivers or pays.
    pub account: AccountId,
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Ticks.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
}

/// Takes part or all of one listing (摘牌), at the maker's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakeListing {
    /// Delivers or pays.
    pub account: AccountId,
    /// Whose listing it is, is the taker's choice.
    pub listing: OrderId,
    /// Units: the fill is the taker's quantity.
    pub quantity: Quantity,
}

/// Withdraws what is left of a listing (撤单).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelOrder {
    /// The account that placed it.
    pub account: AccountId,
    /// Which.
    pub order: OrderId,
}

/// Proposes a block to a counterparty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposeBlock {
    /// Delivers or pays.
    pub account: AccountId,
    /// What.
    pub instrument: InstrumentId,
    /// What the proposer does.
    pub side: Side,
    /// Who may accept.
    pub counterparty: AccountId,
    /// Ticks.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
}

/// Accepts a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptBlock {
    /// The counterparty.
    pub account: AccountId,
    /// Which.
    pub proposal: ProposalId,
}

/// Withdraws a block (by its proposer) or declines it (by its counterparty).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawBlock {
    /// Either side.
    pub account: AccountId,
    /// Which.
    pub proposal: ProposalId,
}

/// Announces an auction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnounceAuction {
    /// What.
    pub instrument: InstrumentId,
    /// What the initiator does: sell (sale) or buy (purchase).
    pub side: Side,
    /// The initiator.
    pub account: AccountId,
    /// Units offered or wanted.
    pub quantity: Quantity,
    /// The worst price for the initiator.
    pub reserve: Option<Price>,
    /// First moment for bids.
    pub opens: Timestamp,
    /// First moment after the bids.
    pub closes: Timestamp,
}

/// Enters a sealed bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceBid {
    /// Pays or delivers.
    pub account: AccountId,
    /// Which auction.
    pub auction: AuctionId,
    /// Ticks.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
}

/// Withdraws a bid before the auction closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawBid {
    /// The account that placed it.
    pub account: AccountId,
    /// Which.
    pub bid: BidId,
}

/// Gives the seed for the lot among tied bids, after the bids are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrawLot {
    /// Which auction.
    pub auction: AuctionId,
    /// Drawn by the operator, in public.
    pub seed: u64,
}

/// Calls an auction off before it is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelAuction {
    /// Which.
    pub auction: AuctionId,
    /// Why.
    pub reason: String,
}

/// Quantity and amount traded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turnover {
    /// Units.
    pub volume: i128,
    /// Minor units of the currency.
    pub amount: i128,
}

/// Why a listing, a block or a bid ended without trading in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Its owner withdrew it.
    Withdrawn,
    /// The counterparty declined.
    Declined,
    /// The day ended.
    Expired,
    /// The account was frozen or the instrument taken off the list.
    Removed,
    /// The auction was decided without it.
    NotAllotted,
    /// The auction was cancelled.
    AuctionCancelled,
    /// What could trade at once has traded, and the rest may not stand.
    Immediate,
    /// It could not trade at once in full, or in its minimum.
    Unfillable,
    /// It would have met an order of its owner.
    SelfTrade,
    /// The call auction it was for is over.
    CallOver,
    /// Its price lies outside the new day's band.
    OutsideBand,
    /// Its account or firm was blocked from trading.
    Blocked,
    /// It went with others, by one command.
    MassCancelled,
    /// Of its money less is left than one more lot costs: it has traded for all that it was for.
    Spent,
}

/// Why an auction was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuctionEnd {
    /// No bid was entered.
    NoBids,
    /// Less was bid than offered, and the rules then cancel.
    Underbid,
    /// The operator called it off.
    CalledOff,
    /// The instrument was halted or delisted, or the initiator's account frozen.
    Halted,
    /// The day ended before the lot was drawn.
    LotNotDrawn,
}

/// What happened in the trading room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A date began.
    DayBegan {
        /// Where.
        market: MarketId,
        /// The local date.
        date: Date,
        /// Whether it is a trading day.
        trading: bool,
    },
    /// A method opened or closed.
    PhaseChanged {
        /// Where.
        market: MarketId,
        /// Which method.
        method: Method,
        /// Open or closed.
        open: bool,
    },
    /// A line of the price list stands for the day.
    LineClosed(Box<PriceLine>),
    /// The trading day ended: every line stands.
    DayEnded {
        /// Where.
        market: MarketId,
        /// The local date.
        date: Date,
    },
    /// An instrument is admitted.
    InstrumentListed {
        /// Its id.
        instrument: InstrumentId,
        /// Its first reference price.
        reference: Price,
    },
    /// An instrument left the list.
    InstrumentDelisted {
        /// Which.
        instrument: InstrumentId,
    },
    /// Trading stopped or resumed.
    HaltedSet {
        /// Which.
        instrument: InstrumentId,
        /// Halted or trading.
        halted: bool,
    },
    /// A reference price was corrected.
    ReferenceCorrected {
        /// Which line.
        line: Line,
        /// As computed.
        from: Price,
        /// As published.
        to: Price,
    },
    /// The calendar has one more day without trading.
    HolidayDeclared {
        /// Where.
        market: MarketId,
        /// Which day.
        date: Date,
    },
    /// A listing stands.
    OrderPlaced {
        /// Its id.
        order: OrderId,
        /// The order.
        terms: PlaceOrder,
    },
    /// A listing ended with something left.
    OrderEnded {
        /// Which.
        order: OrderId,
        /// What was left.
        left: Quantity,
        /// Why.
        end: End,
    },
    /// A block waits for its counterparty.
    BlockProposed {
        /// Its id.
        proposal: ProposalId,
        /// The proposal.
        terms: ProposeBlock,
    },
    /// A block ended without a trade.
    BlockEnded {
        /// Which.
        proposal: ProposalId,
        /// Why.
        end: End,
    },
    /// An auction is announced.
    AuctionAnnounced {
        /// Its id.
        auction: AuctionId,
        /// What.
        instrument: InstrumentId,
        /// What the initiator does.
        side: Side,
        /// Units.
        quantity: Quantity,
        /// The worst price for the initiator.
        reserve: Option<Price>,
    },
    /// A sealed bid stands.
    BidPlaced {
        /// Its id.
        bid: BidId,
        /// The auction.
        auction: AuctionId,
    },
    /// A bid ended with something left.
    BidEnded {
        /// Which.
        bid: BidId,
        /// What was left.
        left: Quantity,
        /// Why.
        end: End,
    },
    /// Bids are closed; the auction waits for the lot.
    LotAwaited {
        /// Which auction.
        auction: AuctionId,
    },
    /// An auction found its price.
    AuctionUncrossed {
        /// Which.
        auction: AuctionId,
        /// The one price.
        price: Price,
        /// Units allotted.
        quantity: Quantity,
    },
    /// An auction ended without a trade.
    AuctionCancelled {
        /// Which.
        auction: AuctionId,
        /// Why.
        end: AuctionEnd,
    },
    /// Two parties agreed.
    Traded(Box<Trade>),
    /// An order came to the book; what it trades at once follows.
    OrderEntered {
        /// Its number.
        order: OrderId,
        /// Whose.
        account: AccountId,
        /// What.
        instrument: InstrumentId,
        /// Buy or sell.
        side: Side,
        /// Ticks; of a market order the worst price it may trade at.
        price: Price,
        /// Units.
        quantity: Quantity,
    },
    /// An order stands in the book, behind all others at its price.
    OrderRested {
        /// Which.
        order: OrderId,
        /// What it trades.
        instrument: InstrumentId,
        /// Ticks.
        price: Price,
        /// Units that everyone sees.
        shown: Quantity,
    },
    /// An order waits outside the book: a stop, or an order for the close.
    OrderWaits {
        /// Which.
        order: OrderId,
    },
    /// A stop's price was reached: it comes to the book now.
    OrderTriggered {
        /// Which.
        order: OrderId,
    },
    /// An order was amended.
    OrderAmended {
        /// Which.
        order: OrderId,
        /// What it trades.
        instrument: InstrumentId,
        /// Ticks.
        price: Price,
        /// Units that can still trade.
        left: Quantity,
        /// It kept its place in the queue.
        kept_place: bool,
    },
    /// Part of an order ended because it would have met one of its owner.
    OrderReduced {
        /// Which.
        order: OrderId,
        /// Units that ended.
        by: Quantity,
    },
    /// Two orders of a book met.
    Filled {
        /// Among all trades.
        trade: TradeId,
        /// What.
        instrument: InstrumentId,
        /// Ticks.
        price: Price,
        /// Units.
        quantity: Quantity,
        /// The buying order.
        buy: OrderId,
        /// The selling order.
        sell: OrderId,
        /// Gets the asset.
        buyer: AccountId,
        /// Gets the money.
        seller: AccountId,
        /// The side that came in; none in a call auction.
        aggressor: Option<Side>,
    },
    /// An instrument's order book does something else from now on.
    BookPhaseChanged {
        /// Which.
        instrument: InstrumentId,
        /// What.
        phase: Phase,
        /// When a call auction ends that the rules' clock does not: an interruption.
        until: Option<Timestamp>,
    },
    /// What a call auction would come to if it ended now.
    CallIndicated {
        /// Which instrument.
        instrument: InstrumentId,
        /// The one price; none where nothing would trade.
        price: Option<Price>,
        /// Units that would trade.
        quantity: Quantity,
        /// Units that would be left at that price: of buyers above zero, of sellers below.
        imbalance: i128,
    },
    /// A call auction found its price, or that nothing trades; its fills follow.
    CallUncrossed {
        /// Which instrument.
        instrument: InstrumentId,
        /// The one price.
        price: Option<Price>,
        /// Units that trade.
        quantity: Quantity,
    },
    /// Trading was blocked or freed.
    TradingBlockedSet {
        /// An account or a participant.
        of: Whose,
        /// Blocked or free.
        blocked: bool,
    },
    /// An instrument is on the list again.
    InstrumentRelisted {
        /// Which.
        instrument: InstrumentId,
        /// The reference price that it starts from.
        reference: Price,
    },
    /// A day without trading that was declared is a trading day after all.
    HolidayRevoked {
        /// Where.
        market: MarketId,
        /// Which day.
        date: Date,
    },
    /// A market order for an amount of money came to the book; what it trades follows, and that it has ended.
    FundsEntered {
        /// Its number.
        order: OrderId,
        /// Whose.
        account: AccountId,
        /// What.
        instrument: InstrumentId,
        /// Buy or sell.
        side: Side,
        /// Ticks: the worst price it may trade at.
        price: Price,
        /// Minor units of the currency: what a buyer pays at most, fees included, or what a seller is paid at most, before fees.
        funds: Money,
    },
    /// Part of the money of an order for an amount ended because it would have met one of its owner.
    FundsReduced {
        /// Which.
        order: OrderId,
        /// What it trades.
        instrument: InstrumentId,
        /// Minor units that ended.
        amount: Money,
    },
    /// A trade was taken back: units, money and fees went back.
    TradeBusted(Box<Revision>),
    /// A trade was corrected: what differs went back.
    TradeCorrected(Box<Revision>),
}

/// What an order would trade, and what of it has traded: from this the engine knows what to set aside and what to give
/// back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Where.
    pub market: MarketId,
    /// How.
    pub method: Method,
    /// What is traded.
    pub asset: AssetId,
    /// Against what.
    pub currency: AssetId,
    /// Who.
    pub account: AccountId,
    /// What that account does.
    pub side: Side,
    /// Units.
    pub quantity: Quantity,
    /// Minor units, at the order's price.
    pub amount: Money,
    /// Units already traded.
    pub filled: Quantity,
    /// Minor units already traded.
    pub traded: Money,
}

rejections! {
    /// Why an instrument is not listed, delisted, halted or corrected, or a holiday not declared.
    pub enum ControlRejection {
        /// The market does not exist.
        MarketUnknown = "market_unknown",
        /// The instrument does not exist.
        InstrumentUnknown = "instrument_unknown",
        /// The instrument has left the list.
        InstrumentDelisted = "instrument_delisted",
        /// A code has 1 to 32 letters, digits, '-', '_' or '.'.
        CodeMalformed = "code_malformed",
        /// The code is taken.
        CodeTaken = "code_taken",
        /// The asset does not exist or belongs to another market.
        AssetUnfit = "asset_unfit",
        /// No reference price is given, and the market has none to start from.
        ReferenceMissing = "reference_missing",
        /// The price is not above zero.
        PriceNotPositive = "price_not_positive",
        /// What was traded before is below zero, or more than can be counted.
        TurnoverUnfit = "turnover_unfit",
        /// The market has no composite line.
        NoComposite = "no_composite",
        /// The day's trading has begun: its reference stands.
        TradingHasBegun = "trading_has_begun",
        /// It is so already.
        NothingToDo = "nothing_to_do",
        /// A holiday is declared, or taken back, for a day after today.
        DateNotAhead = "date_not_ahead",
    }
}

rejections! {
    /// Why a trade is not taken back or corrected.
    pub enum ReviseRejection {
        /// No trade has this number.
        TradeUnknown = "trade_unknown",
        /// The trade is final: its time is over, or the rules of its day know no corrections.
        TooLate = "too_late",
        /// The trade was taken back already.
        AlreadyBusted = "already_busted",
        /// The price is not above zero.
        PriceNotPositive = "price_not_positive",
        /// A trade keeps something; one that keeps nothing is taken back.
        QuantityNotPositive = "quantity_not_positive",
        /// A correction takes units off a trade, and adds none.
        QuantityNotLower = "quantity_not_lower",
        /// The quantity is not a whole number of lots.
        QuantityOffLot = "quantity_off_lot",
        /// The trade is so already.
        NothingToChange = "nothing_to_change",
        /// The amount is more than can be counted.
        AmountTooLarge = "amount_too_large",
    }
}

rejections! {
    /// Why a listing is not placed.
    pub enum PlaceRejection {
        /// The instrument does not exist.
        InstrumentUnknown = "instrument_unknown",
        /// The instrument has left the list.
        InstrumentDelisted = "instrument_delisted",
        /// The market has no listed trading.
        MethodNotOffered = "method_not_offered",
        /// Listed trading is closed at this time.
        MarketClosed = "market_closed",
        /// The instrument is halted.
        InstrumentHalted = "instrument_halted",
        /// The quantity is not above zero.
        QuantityNotPositive = "quantity_not_positive",
        /// The quantity is not a whole number of lots.
        QuantityOffLot = "quantity_off_lot",
        /// A single listing must be smaller; a block may be larger.
        ListingTooLarge = "listing_too_large",
        /// The price lies outside the day's band.
        PriceOutsideBand = "price_outside_band",
        /// The amount is more than can be counted.
        AmountTooLarge = "amount_too_large",
    }
}

rejections! {
    /// Why a listing is not taken.
    pub enum TakeRejection {
        /// The listing does not exist or is used up.
        ListingUnknown = "listing_unknown",
        /// Listed trading is closed at this time.
        MarketClosed = "market_closed",
        /// The instrument is halted.
        InstrumentHalted = "instrument_halted",
        /// A listing is not taken by the account that placed it, nor by another of its owner, as the rules say.
        OwnListing = "own_listing",
        /// The quantity is not above zero.
        QuantityNotPositive = "quantity_not_positive",
        /// The quantity is not a whole number of lots.
        QuantityOffLot = "quantity_off_lot",
        /// The listing has less left.
        ExceedsListing = "exceeds_listing",
        /// The listing's price is not among the best that a taker sees.
        NotAmongBestPrices = "not_among_best_prices",
    }
}

rejections! {
    /// Why a listing is not withdrawn.
    pub enum CancelRejection {
        /// The account has no such order or listing, or it has ended.
        OrderUnknown = "order_unknown",
        /// Only the account that placed it withdraws it.
        NotTheOwner = "not_the_owner",
    }
}

rejections! {
    /// Why a block is not proposed.
    pub enum ProposeRejection {
        /// The instrument does not exist.
        InstrumentUnknown = "instrument_unknown",
        /// The instrument has left the list.
        InstrumentDelisted = "instrument_delisted",
        /// The market has no block trading.
        MethodNotOffered = "method_not_offered",
        /// Block trading is closed at this time.
        MarketClosed = "market_closed",
        /// The instrument is halted.
        InstrumentHalted = "instrument_halted",
        /// The counterparty is the same account, or another of its owner, as the rules say.
        OwnBlock = "own_block",
        /// The counterparty does not exist or is closed.
        CounterpartyUnknown = "counterparty_unknown",
        /// The quantity is not a whole number of lots.
        QuantityOffLot = "quantity_off_lot",
        /// A block must be larger; a listing may be smaller.
        BlockTooSmall = "block_too_small",
        /// The price lies outside the day's band.
        PriceOutsideBand = "price_outside_band",
        /// The amount is more than can be counted.
        AmountTooLarge = "amount_too_large",
    }
}

rejections! {
    /// Why a block is not accepted, withdrawn or declined.
    pub enum BlockRejection {
        /// No such proposal is made to the account or by it, or it has ended.
        ProposalUnknown = "proposal_unknown",
        /// The proposal is made to another account.
        NotTheCounterparty = "not_the_counterparty",
        /// Block trading is closed at this time.
        MarketClosed = "market_closed",
        /// The instrument is halted.
        InstrumentHalted = "instrument_halted",
    }
}

rejections! {
    /// Why an auction is not announced, drawn or called off.
    pub enum AuctionRejection {
        /// The auction does not exist or is decided.
        AuctionUnknown = "auction_unknown",
        /// The auction does not wait for a lot.
        NoLotAwaited = "no_lot_awaited",
        /// The instrument does not exist.
        InstrumentUnknown = "instrument_unknown",
        /// The instrument has left the list.
        InstrumentDelisted = "instrument_delisted",
        /// The market has no auctions.
        MethodNotOffered = "method_not_offered",
        /// The instrument is halted.
        InstrumentHalted = "instrument_halted",
        /// The quantity is not above zero.
        QuantityNotPositive = "quantity_not_positive",
        /// The quantity is not a whole number of lots.
        QuantityOffLot = "quantity_off_lot",
        /// An auction opens from now on and closes within one session of today.
        WindowOutsideSession = "window_outside_session",
        /// A purchase needs a reserve price: it bounds what is paid.
        ReserveMissing = "reserve_missing",
        /// The reserve price is not above zero.
        ReserveNotPositive = "reserve_not_positive",
        /// The amount is more than can be counted.
        AmountTooLarge = "amount_too_large",
    }
}

rejections! {
    /// Why a bid is not entered or withdrawn.
    pub enum BidRejection {
        /// The auction does not exist or is decided.
        AuctionUnknown = "auction_unknown",
        /// The account has no such bid, or it has ended.
        BidUnknown = "bid_unknown",
        /// Only the account that placed it withdraws it.
        NotTheOwner = "not_the_owner",
        /// The auction takes no bids at this time.
        AuctionClosed = "auction_closed",
        /// The instrument is halted.
        InstrumentHalted = "instrument_halted",
        /// The initiator does not bid in its own auction, nor does another account of its owner, as the rules say.
        OwnAuction = "own_auction",
        /// The bid is smaller than the rules allow.
        BidTooSmall = "bid_too_small",
        /// The quantity is not a whole number of lots.
        QuantityOffLot = "quantity_off_lot",
        /// The bid is for more than the auction's quantity.
        ExceedsOffer = "exceeds_offer",
        /// The price is not above zero.
        PriceNotPositive = "price_not_positive",
        /// The price is worse than the reserve price.
        WorseThanReserve = "worse_than_reserve",
        /// The price lies outside the day's band.
        PriceOutsideBand = "price_outside_band",
        /// The amount is more than can be counted.
        AmountTooLarge = "amount_too_large",
    }
}
