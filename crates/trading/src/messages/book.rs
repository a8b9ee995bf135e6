//! The doors of the order book: commands, events' parts and rejections of continuous trading.

use base::{AccountId, Date, InstrumentId, Money, OrderId, ParticipantId, Price, Quantity, Side, rejections};
use serde::{Deserialize, Serialize};

/// Whether an order names its price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// Trades at its price or better (限价).
    #[default]
    Limit,
    /// Trades at any price within the day's band (市价): it sets aside what the edge of the band could cost, and what does
    /// not trade at once does not stand, except in a call auction.
    Market,
}

/// How long an order may stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// Until the end of the trading day.
    #[default]
    Day,
    /// Until it trades or is cancelled (GTC).
    UntilCancelled,
    /// Until the end of this day (GTD).
    UntilDate(Date),
    /// What does not trade at once ends (IOC).
    Immediate,
    /// It trades in full at once, or not at all (FOK).
    FillOrKill,
    /// Only in the opening call auction (ATO).
    AtOpen,
    /// Only in the closing call auction (ATC); until then it waits aside.
    AtClose,
}

impl Life {
    /// Whether an order may be in the book when its own command is over.
    #[must_use]
    pub const fn stands(self) -> bool {
        !matches!(self, Self::Immediate | Self::FillOrKill)
    }
}

/// What happens where an incoming order would meet one of the same owner: the same account, or two house accounts of one
/// participant. In a call auction nobody comes in, and it does not apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfTrade {
    /// The incoming order ends.
    #[default]
    CancelIncoming,
    /// The order that stands ends, and the incoming one goes on.
    CancelResting,
    /// Both end.
    CancelBoth,
    /// Both shrink by the smaller of the two, without a trade; hidden quantity is not touched.
    Decrement,
    /// They trade; supervision sees it.
    Allow,
}

/// Enters an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnterOrder {
    /// Delivers or pays.
    pub account: AccountId,
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// Ticks; zero for a market order.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
    /// How long it may stand.
    pub life: Life,
    /// Refused where it would trade at once: it only adds to the book.
    pub post_only: bool,
    /// What happens where it would meet its owner's own order.
    pub self_trade: SelfTrade,
    /// Units it must trade at once, or it ends (最小成交量); zero: none.
    pub minimum: Quantity,
    /// Units shown at a time (冰山); what is hidden follows in new slices that queue behind; zero: all.
    pub display: Quantity,
    /// Ticks: it waits until the last price reaches this (止损), up for a buy, down for a sell; zero: it does not wait.
    pub trigger: Price,
}

impl EnterOrder {
    /// A plain limit order for the day.
    #[must_use]
    pub fn limit(
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        price: Price,
        quantity: Quantity,
    ) -> Self {
        Self {
            account,
            instrument,
            side,
            kind: OrderKind::Limit,
            price,
            quantity,
            life: Life::Day,
            post_only: false,
            self_trade: SelfTrade::default(),
            minimum: Quantity::ZERO,
            display: Quantity::ZERO,
            trigger: Price::ZERO,
        }
    }

    /// Whether it is neither a stop nor an iceberg and has no minimum: then it is written in the short form.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.minimum == Quantity::ZERO && self.display == Quantity::ZERO && self.trigger == Price::ZERO
    }
}

/// Enters a market order for an amount of money instead of a quantity (按金额委托). It trades whole lots at once, the best price
/// first, within the day's band; it never stands, and ends in the step in which it came.
///
/// A buyer never pays more than the amount, its fees included; a seller is never paid more than it, before its fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnterFunds {
    /// Delivers or pays.
    pub account: AccountId,
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Minor units of the currency.
    pub funds: Money,
    /// All but what is too little for one more lot trades at once, or nothing does (FOK); else what can does (IOC).
    pub fill_or_kill: bool,
    /// What happens where it would meet its owner's own order.
    pub self_trade: SelfTrade,
}

/// Changes an order that stands. A smaller quantity at the same price keeps its place in the queue; anything else goes
/// through the book as if it came in anew, under the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmendOrder {
    /// The account that entered it.
    pub account: AccountId,
    /// Which.
    pub order: OrderId,
    /// Ticks.
    pub price: Price,
    /// Units in all, what has traded included: a fill that comes between cannot make the order larger than meant.
    pub quantity: Quantity,
}

/// Ends many orders and listings at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MassCancel {
    /// Of whom.
    pub of: Whose,
    /// Only in this instrument.
    pub instrument: Option<InstrumentId>,
}

/// Whose orders are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// Those of an account.
    Account(AccountId),
    /// Those of all accounts of a participant.
    Participant(ParticipantId),
    /// Everyone's.
    Everyone,
}

/// The kill switch: ends every order, listing, block and bid of an account or a firm and lets it enter nothing, or lifts that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetTradingBlocked {
    /// An account or a participant.
    pub of: Whose,
    /// Blocked, or free to trade again.
    pub blocked: bool,
    /// Why.
    pub reason: String,
}

/// What an instrument of an order book is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing is entered; orders may be cancelled (休市).
    #[default]
    Closed,
    /// The opening call auction (开盘集合竞价).
    OpeningCall,
    /// Orders trade as they come in (连续竞价).
    Continuous,
    /// A call auction because the price moved too fast, or after a halt (波动性中断).
    Interruption,
    /// The closing call auction (收盘集合竞价).
    ClosingCall,
}

impl Phase {
    /// Whether orders collect and trade at one price at its end.
    #[must_use]
    pub const fn is_call(self) -> bool {
        matches!(self, Self::OpeningCall | Self::Interruption | Self::ClosingCall)
    }
}

rejections! {
    /// Why an order is not entered.
    pub enum EnterRejection {
        /// The instrument does not exist.
        InstrumentUnknown = "instrument_unknown",
        /// The instrument has left the list.
        InstrumentDelisted = "instrument_delisted",
        /// The market has no order book.
        MethodNotOffered = "method_not_offered",
        /// The order book is closed at this time.
        MarketClosed = "market_closed",
        /// The instrument is halted.
        InstrumentHalted = "instrument_halted",
        /// The account has entered or amended as many orders this second as the rules allow.
        RateExceeded = "rate_exceeded",
        /// The quantity is not above zero.
        QuantityNotPositive = "quantity_not_positive",
        /// The quantity is not a whole number of lots.
        QuantityOffLot = "quantity_off_lot",
        /// A single order must be smaller.
        QuantityTooLarge = "quantity_too_large",
        /// The amount that an order is for is not above zero.
        FundsNotPositive = "funds_not_positive",
        /// A limit order names a price, and a market order none.
        PriceUnfit = "price_unfit",
        /// The price lies outside the day's band.
        PriceOutsideBand = "price_outside_band",
        /// This life is not possible now: the call auction it is for is not offered or over, the date is past, nothing trades at once in a call auction, or a market order waits for no other day.
        LifeUnfit = "life_unfit",
        /// An order that only adds to the book is a limit order that may stand, and no stop.
        PostOnlyUnfit = "post_only_unfit",
        /// The minimum is a whole number of lots, at most the quantity, for continuous trading only, and not of an order that only adds.
        MinimumUnfit = "minimum_unfit",
        /// What is shown is a whole number of lots below the quantity, of a limit order that may stand.
        DisplayUnfit = "display_unfit",
        /// A stop is a price within the band that the last price has not reached, of an order that waits for the day, a date or a cancellation.
        TriggerUnfit = "trigger_unfit",
        /// The amount is more than can be counted.
        AmountTooLarge = "amount_too_large",
        /// The amount of a single order must be smaller.
        ValueTooLarge = "value_too_large",
        /// The amount that an order is for is less than one lot at the best price, for a buyer with its fee.
        FundsTooSmall = "funds_too_small",
        /// It would trade at once, and only adds to the book.
        WouldTake = "would_take",
        /// There is no room for another order.
        BookFull = "book_full",
    }
}

rejections! {
    /// Why an order is not amended.
    pub enum AmendRejection {
        /// The account has no such order, or it has ended.
        OrderUnknown = "order_unknown",
        /// Only the account that entered it amends it.
        NotTheOwner = "not_the_owner",
        /// The order book is closed at this time.
        MarketClosed = "market_closed",
        /// The instrument is halted.
        InstrumentHalted = "instrument_halted",
        /// The account has entered or amended as many orders this second as the rules allow.
        RateExceeded = "rate_exceeded",
        /// A stop that waits and an order for the close are cancelled and entered again.
        NotInTheBook = "not_in_the_book",
        /// The quantity is not above what has traded.
        QuantityNotAboveTraded = "quantity_not_above_traded",
        /// The quantity is not a whole number of lots.
        QuantityOffLot = "quantity_off_lot",
        /// A single order must be smaller.
        QuantityTooLarge = "quantity_too_large",
        /// The price lies outside the day's band.
        PriceOutsideBand = "price_outside_band",
        /// It is so already.
        NothingToDo = "nothing_to_do",
        /// The amount is more than can be counted.
        AmountTooLarge = "amount_too_large",
        /// The amount of a single order must be smaller.
        ValueTooLarge = "value_too_large",
        /// It would trade at once, and only adds to the book.
        WouldTake = "would_take",
    }
}

rejections! {
    /// Why many orders are not cancelled, or trading is not blocked or freed.
    pub enum SweepRejection {
        /// The account does not exist.
        AccountUnknown = "account_unknown",
        /// The participant does not exist.
        ParticipantUnknown = "participant_unknown",
        /// The instrument does not exist.
        InstrumentUnknown = "instrument_unknown",
        /// It is an account or a participant that is blocked, not everyone: for that an instrument is halted.
        NotEveryone = "not_everyone",
        /// It is so already.
        NothingToDo = "nothing_to_do",
    }
}
