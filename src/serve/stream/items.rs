//! How what happened is written: the same names as in the answers of the API.

use super::candles::Candle;
use super::desk::Live;
use super::tape::{Deal, Party};
use crate::serve::api::trades::CandleView;
use crate::serve::api::views::{Written, local, word};
use base::{InstrumentId, Side, Timestamp};
use engine::State;
use serde::Serialize;
use trading::{Life, OrderKind};
use utoipa::ToSchema;

/// Something as JSON.
pub(super) fn json<T: Serialize>(what: &T) -> String {
    // What is shown is made of texts and numbers: it can always be written.
    serde_json::to_string(what).unwrap_or_else(|_| "null".to_owned())
}

/// Items that are JSON already, as `{"items":[…]}`.
pub(super) fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("{{\"items\":[{}]}}", join(items))
}

pub(super) fn join<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for item in items {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(item);
    }
    text
}

/// An order or a listing, as it stands after a record.
#[derive(Serialize, ToSchema)]
pub(super) struct OrderItem {
    /// Its number.
    order: u64,
    /// Your own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The record it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    /// When it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    /// Whose.
    account: String,
    /// What.
    instrument: String,
    /// `buy` or `sell`.
    side: String,
    /// `limit`, `market` or `listing`.
    kind: &'static str,
    /// How long it may stand; none of a listing.
    life: Option<&'static str>,
    /// The last day on which it may stand.
    until: Option<String>,
    /// It only adds to the book.
    #[serde(skip_serializing_if = "Option::is_none")]
    post_only: Option<bool>,
    /// What happens where it would meet an order of its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    self_trade: Option<String>,
    /// So much must trade at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<String>,
    /// What is shown of it at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<String>,
    /// The price; none of a market order.
    price: Option<String>,
    /// The price at which a stop wakes.
    trigger: Option<String>,
    /// How much; of an order for an amount, what it has traded.
    quantity: String,
    /// The amount of money that an order is for which is for no quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    funds: Option<String>,
    /// Of that amount: what a buyer has paid, fees included, or what a seller was paid, before fees.
    #[serde(skip_serializing_if = "Option::is_none")]
    spent: Option<String>,
    /// Of it, traded.
    filled: String,
    /// Of it, still to trade.
    left: String,
    /// `open`, `filled`, `cancelled`, `expired`, `removed`.
    status: &'static str,
    /// Why it ended.
    ended: Option<String>,
    /// It is a listing.
    listing: bool,
}

fn life(life: Life) -> &'static str {
    match life {
        Life::Day => "day",
        Life::UntilCancelled => "gtc",
        Life::UntilDate(_) => "gtd",
        Life::Immediate => "ioc",
        Life::FillOrKill => "fok",
        Life::AtOpen => "at_open",
        Life::AtClose => "at_close",
    }
}

/// An order.
pub(super) fn order(state: &State, live: &Live) -> Option<String> {
    let written = Written::of(state, live.instrument)?;
    let kind = match (live.listing, live.kind) {
        (true, _) => "listing",
        (false, OrderKind::Limit) => "limit",
        (false, OrderKind::Market) => "market",
    };
    let left = if live.ended.is_some() { base::Quantity::ZERO } else { live.left };
    let manner = live.came.as_ref().and_then(|came| came.manner.as_ref());
    let until = match live.life {
        Some(Life::UntilDate(date)) => Some(date.to_string()),
        _ => None,
    };
    Some(json(&OrderItem {
        order: live.order.0,
        id: live.came.as_ref().and_then(|came| came.id.as_deref().map(str::to_owned)),
        sequence: live.came.as_ref().map(|came| came.sequence),
        time: live.came.as_ref().map(|came| local(state, Some(written.market), came.time)),
        account: written.names.account(live.account),
        instrument: written.names.instrument(live.instrument),
        side: word(&live.side),
        kind,
        life: live.life.map(life),
        until,
        post_only: manner.map(|manner| manner.post_only),
        self_trade: manner.map(|manner| manner.self_trade.to_string()),
        minimum: manner.and_then(|manner| written.part(manner.minimum)),
        display: manner.and_then(|manner| written.part(manner.display)),
        price: (live.kind == OrderKind::Limit).then(|| written.price(live.price)),
        trigger: live.trigger.map(|trigger| written.price(trigger)),
        quantity: written.quantity(live.quantity),
        funds: live.funds.map(|funds| written.money(funds.0.into())),
        spent: live.funds.map(|_| written.money(live.spent.0.into())),
        filled: written.quantity(live.filled),
        left: written.quantity(left),
        status: live.status(),
        ended: live.ended.map(|end| word(&end)),
        listing: live.listing,
    }))
}

/// A trade, as everyone sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct TradeItem {
    /// Its number.
    trade: u64,
    /// The record it came of; of a status that of the change.
    sequence: u64,
    /// When.
    time: String,
    /// The price.
    price: String,
    /// How much.
    quantity: String,
    /// Money for it.
    amount: String,
    /// `listed`, `block`, `auction` or `continuous`.
    method: String,
    /// What the taker did, where there was one.
    side: Option<String>,
    /// `corrected` or `busted`, where the trade was told before and is not what it was; of one that was taken back this is what it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

/// A trade, as everyone sees it.
pub(super) fn trade(
    state: &State,
    deal: &Deal,
    (seq, time): (u64, Timestamp),
    status: Option<&'static str>,
) -> Option<String> {
    let written = Written::of(state, deal.instrument)?;
    Some(json(&TradeItem {
        trade: deal.trade.0,
        sequence: seq,
        time: local(state, Some(written.market), time),
        price: written.price(deal.price),
        quantity: written.quantity(deal.quantity),
        amount: written.money(deal.amount.0.into()),
        method: word(&deal.method),
        side: deal.aggressor.as_ref().map(word),
        status,
    }))
}

/// One side of a trade; in `settlement` its delivery against payment.
#[derive(Serialize, ToSchema)]
pub(super) struct FillItem {
    /// The trade.
    trade: u64,
    /// The record it came of.
    sequence: u64,
    /// When.
    time: String,
    /// Whose.
    account: String,
    /// What.
    instrument: String,
    /// `buy` or `sell`.
    side: String,
    /// The price.
    price: String,
    /// How much.
    quantity: String,
    /// Money for it.
    amount: String,
    /// The fee; a rebate has a minus sign.
    fee: String,
    /// The order.
    order: Option<u64>,
    /// `listed`, `block`, `auction` or `continuous`.
    method: String,
    /// `maker` or `taker`; none where nobody took.
    role: Option<&'static str>,
    /// In `settlement`: what became of it. `corrected` or `busted`, where the trade was told before and is not what it was; of one that
    /// was taken back this is what it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

/// One side of a trade; with a status where it is told as an obligation.
pub(super) fn fill(
    state: &State,
    deal: &Deal,
    side: Side,
    (seq, time): (u64, Timestamp),
    status: Option<&'static str>,
) -> Option<String> {
    let written = Written::of(state, deal.instrument)?;
    let Party { account, order, fee } = if side == Side::Buy { deal.buyer } else { deal.seller };
    Some(json(&FillItem {
        trade: deal.trade.0,
        sequence: seq,
        time: local(state, Some(written.market), time),
        account: written.names.account(account),
        instrument: written.names.instrument(deal.instrument),
        side: word(&side),
        price: written.price(deal.price),
        quantity: written.quantity(deal.quantity),
        amount: written.money(deal.amount.0.into()),
        fee: written.money(fee.0.into()),
        order: order.map(|order| order.0),
        method: word(&deal.method),
        role: deal.aggressor.map(|taker| if taker == side { "taker" } else { "maker" }),
        status,
    }))
}

/// A minute.
pub(super) fn candle(state: &State, instrument: InstrumentId, candle: &Candle) -> Option<String> {
    let written = Written::of(state, instrument)?;
    Some(json(&CandleView::of(state, &written, candle)))
}
