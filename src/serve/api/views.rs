//! What several endpoints show.

use crate::node::Follower;
use crate::serve::problem::Problem;
use base::{AccountId, AssetId, Date, InstrumentId, MarketId, Price, Quantity, Timestamp};
use engine::State;
use gateway::{Names, format_time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A list, as of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct List<T> {
    /// The record of the log after which it was so.
    pub sequence: u64,
    /// What there is.
    pub items: Vec<T>,
    /// Where to go on: the `before` or `after` of the next page; none where this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

impl<T> List<T> {
    /// Everything there is.
    pub(crate) fn all(follower: &Follower, items: Vec<T>) -> Self {
        Self { sequence: follower.state().sequence().0, items, next: None }
    }
}

/// How the things of an instrument are written.
#[derive(Clone, Copy)]
pub(crate) struct Written<'a> {
    /// Names and formats.
    pub names: Names<'a>,
    /// The market.
    pub market: MarketId,
    /// What is traded.
    pub asset: AssetId,
    /// Against what.
    pub currency: AssetId,
}

impl<'a> Written<'a> {
    /// Of an instrument.
    #[must_use]
    pub(crate) fn of(state: &'a State, id: InstrumentId) -> Option<Self> {
        let instrument = state.venue().instrument(id)?;
        let (market, asset, currency) = (instrument.market, instrument.asset, instrument.currency);
        Some(Self { names: Names(state), market, asset, currency })
    }

    /// A price.
    #[must_use]
    pub(crate) fn price(&self, price: Price) -> String {
        self.names.price(Some(self.market), price)
    }

    /// A quantity.
    #[must_use]
    pub(crate) fn quantity(&self, quantity: Quantity) -> String {
        self.names.units(self.asset, quantity.0.into())
    }

    /// A part of a quantity that need not be there.
    #[must_use]
    pub(crate) fn part(&self, part: Quantity) -> Option<String> {
        (part != Quantity::ZERO).then(|| self.quantity(part))
    }

    /// Units of what is traded.
    #[must_use]
    pub(crate) fn units(&self, units: i128) -> String {
        self.names.units(self.asset, units)
    }

    /// Money.
    #[must_use]
    pub(crate) fn money(&self, minor: i128) -> String {
        self.names.units(self.currency, minor)
    }
}

/// The instrument with a code.
///
/// # Errors
/// There is none.
pub(crate) fn instrument(state: &State, code: &str) -> Result<InstrumentId, Problem> {
    state.venue().instrument_id(code).ok_or_else(|| Problem::absent("instrument", code))
}

/// The market with a code.
///
/// # Errors
/// There is none.
pub(crate) fn market(state: &State, code: &str) -> Result<MarketId, Problem> {
    state.market_id(code).ok_or_else(|| Problem::absent("market", code))
}

/// The account with a code, if the caller may see it.
///
/// # Errors
/// There is none, or it is another's.
pub(crate) fn account(
    state: &State,
    code: &str,
    may: impl Fn(AccountId) -> bool,
) -> Result<AccountId, Problem> {
    let found = state.registry().account_id(code).filter(|account| may(*account));
    found.ok_or_else(|| Problem::absent("account", code))
}

/// A time in the local time of a market, or of the first.
#[must_use]
pub(crate) fn local(state: &State, market: Option<MarketId>, time: Timestamp) -> String {
    let adopted = state.markets().get(market.map_or(0, MarketId::index));
    format_time(time, adopted.map(|adopted| &adopted.rulebook.versions[0].trading.calendar))
}

/// A date, as it is shown.
#[must_use]
pub(crate) fn date(date: Date) -> String {
    date.to_string()
}

/// Something that serde writes as one word.
#[must_use]
pub(crate) fn word<T: Serialize>(what: &T) -> String {
    match serde_json::to_value(what) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
