//! From the facts of one instrument-day back to trades that could have made them.
//!
//! The record gives sums and prices, not trades. These functions give a set of whole-tonne trades at whole-fen
//! prices that has exactly those sums and prices, or the reason why no set has. They are exact both ways: a record
//! that no trades can make is reported, never bent. The trades are not those that took place, which nobody
//! published; they are the same on every run.

mod auction;
mod block;
mod listed;

pub use auction::{AuctionFacts, auction_trades};
pub use block::{BlockFacts, SEARCH_STEPS_MAX, block_trades};
pub use listed::{ListedFacts, TRADES_MAX, listed_trades};

/// One trade: so many tonnes at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Fen a tonne.
    pub price_fen: i64,
    /// Tonnes, at least one.
    pub quantity_t: i64,
}

impl Trade {
    /// Price times quantity, fen.
    pub fn amount_fen(&self) -> i128 {
        i128::from(self.price_fen) * i128::from(self.quantity_t)
    }

    fn new(price_fen: i128, quantity_t: i128) -> Result<Trade, Infeasible> {
        match (i64::try_from(price_fen), i64::try_from(quantity_t)) {
            (Ok(price_fen), Ok(quantity_t)) => Ok(Trade { price_fen, quantity_t }),
            _ => Err(Infeasible::OutOfRange { price_fen, quantity_t }),
        }
    }
}

/// Why no trades can make an instrument-day. Amounts in fen, prices in fen a tonne, volumes in tonnes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Infeasible {
    /// A volume or an amount below zero.
    #[error("volume {volume_t} t and amount {amount_fen} fen: neither may be below zero")]
    Negative {
        /// Volume of the record, t.
        volume_t: i64,
        /// Amount of the record, fen.
        amount_fen: i64,
    },
    /// Nothing traded, yet money changed hands.
    #[error("no volume, but an amount of {amount_fen} fen")]
    AmountWithoutVolume {
        /// Amount of the record, fen.
        amount_fen: i64,
    },
    /// Nothing traded, yet there is a highest or lowest price.
    #[error("no volume, but a highest or lowest price")]
    PricesWithoutVolume,
    /// Something traded, yet the highest or lowest price is missing.
    #[error("{volume_t} t traded, but the highest or lowest price is missing")]
    VolumeWithoutPrices {
        /// Volume of the record, t.
        volume_t: i64,
    },
    /// The lowest price is above the highest.
    #[error("the lowest price {low_fen} fen is above the highest {high_fen} fen")]
    RangeReversed {
        /// Lowest price, fen a tonne.
        low_fen: i64,
        /// Highest price, fen a tonne.
        high_fen: i64,
    },
    /// The opening price is not between the lowest and the highest.
    #[error(
        "the opening price {open_fen} fen is not between the lowest {low_fen} fen and the highest {high_fen} fen"
    )]
    OpenOutsideRange {
        /// Opening price, fen a tonne.
        open_fen: i64,
        /// Lowest price, fen a tonne.
        low_fen: i64,
        /// Highest price, fen a tonne.
        high_fen: i64,
    },
    /// A price of zero or less.
    #[error("a price of {price_fen} fen: prices are above zero")]
    PriceNotPositive {
        /// The price, fen a tonne.
        price_fen: i64,
    },
    /// A traded price is beyond the day's limit.
    #[error("the price {price_fen} fen is beyond the limit {limit_fen} fen")]
    BandBroken {
        /// The price of the record, fen a tonne.
        price_fen: i64,
        /// The limit that it breaks, fen a tonne.
        limit_fen: i64,
    },
    /// Too few tonnes for every price that must have traded.
    #[error("{volume_t} t cannot have traded at {prices} different prices (open, high, low)")]
    FewerTonnesThanPrices {
        /// Volume of the record, t.
        volume_t: i64,
        /// How many different prices the day's open, high and low are.
        prices: i64,
    },
    /// The amount is less than the least that these prices and this volume can make.
    #[error("the amount {amount_fen} fen is below the least possible, {least_fen} fen")]
    AmountBelowLow {
        /// Amount of the record, fen.
        amount_fen: i64,
        /// Least possible amount, fen.
        least_fen: i128,
    },
    /// The amount is more than the most that these prices and this volume can make.
    #[error("the amount {amount_fen} fen is above the most possible, {most_fen} fen")]
    AmountAboveHigh {
        /// Amount of the record, fen.
        amount_fen: i64,
        /// Most possible amount, fen.
        most_fen: i128,
    },
    /// The block volume is less than one block.
    #[error("{volume_t} t is less than one block of {block_min_t} t")]
    BelowBlockMin {
        /// Volume of the record, t.
        volume_t: i64,
        /// Smallest block, t.
        block_min_t: i64,
    },
    /// Every division into blocks was ruled out.
    #[error(
        "{volume_t} t for {amount_fen} fen cannot be divided into blocks of at least {block_min_t} t at whole-fen \
         prices from {lower_fen} to {upper_fen} fen"
    )]
    NoBlocks {
        /// Volume of the record, t.
        volume_t: i64,
        /// Amount of the record, fen.
        amount_fen: i64,
        /// Smallest block, t.
        block_min_t: i64,
        /// Lowest price allowed, fen a tonne.
        lower_fen: i64,
        /// Highest price allowed, fen a tonne.
        upper_fen: i64,
    },
    /// The search for blocks was given up: neither trades nor a proof that there are none.
    #[error("no division into blocks found in {steps} steps of search; it is not shown that there is none")]
    Undecided {
        /// Steps taken.
        steps: u64,
    },
    /// A smallest block, or a largest listing, below one tonne.
    #[error("a size limit of {limit_t} t: it must be at least 1 t")]
    SizeLimitNotPositive {
        /// The limit given, t.
        limit_t: i64,
    },
    /// More trades than a day can sensibly have.
    #[error("{trades} trades would be needed, more than {most}")]
    TooManyTrades {
        /// Trades needed.
        trades: i128,
        /// Most allowed.
        most: i128,
    },
    /// A figure left the range of 64 bits.
    #[error("{quantity_t} t at {price_fen} fen does not fit in 64 bits")]
    OutOfRange {
        /// Price, fen a tonne.
        price_fen: i128,
        /// Quantity, t.
        quantity_t: i128,
    },
}

/// Refuses negative figures and an amount without volume; `true` if anything traded.
fn traded(volume_t: i64, amount_fen: i64) -> Result<bool, Infeasible> {
    match (volume_t, amount_fen) {
        (volume_t, amount_fen) if volume_t < 0 || amount_fen < 0 => {
            Err(Infeasible::Negative { volume_t, amount_fen })
        }
        (0, 0) => Ok(false),
        (0, amount_fen) => Err(Infeasible::AmountWithoutVolume { amount_fen }),
        _ => Ok(true),
    }
}
