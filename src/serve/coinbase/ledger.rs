//! The ledger of a holding: what changed it, and what it came to.

use super::account::holding_of;
use super::history::paged;
use super::product::product_name;
use super::within::Within;
use super::{Asked, bad, utc};
use crate::projection::{LedgerRow, PAGE_MAX, Position};
use crate::serve::api::history::look_up;
use crate::serve::endpoint::{Answered, Call};
use crate::serve::problem::Problem;
use crate::serve::reply::Reply;
use base::AssetId;
use engine::State;
use gateway::Names;
use serde::Serialize;

#[derive(Serialize)]
struct Entry {
    /// Where it stands in the log, `17.2`; the fee of a trade stands beside it.
    id: String,
    created_at: String,
    amount: String,
    balance: String,
    r#type: String,
    details: Details,
}

#[derive(Serialize)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<String>,
    /// What the node calls it.
    event: String,
}

/// What this API calls an event.
fn kind(event: &str) -> &str {
    match event {
        "settled" => "match",
        "deposited" | "withdrawal_settled" | "transferred" => "transfer",
        "carry_over_decided" => "conversion",
        event => event,
    }
}

/// The entries of a row, the last one first: of a trade against money its fee stands for itself.
fn entries(state: &State, asset: AssetId, row: &LedgerRow) -> Vec<Entry> {
    let names = Names(state);
    let units = |units: i64| names.units(asset, units.into());
    let fill = row.fill.as_ref();
    let paid = fill.filter(|fill| {
        state.venue().instrument(fill.instrument).is_some_and(|instrument| instrument.currency == asset)
    });
    let fee = paid.map_or(0, |fill| fill.fee.0);
    let entry = |id: String, kind: &str, amount: i64, balance: i64| Entry {
        id,
        created_at: utc(row.time),
        amount: units(amount),
        balance: units(balance),
        r#type: kind.to_owned(),
        details: Details {
            order_id: fill.and_then(|fill| fill.order).map(|order| order.0.to_string()),
            trade_id: fill.map(|fill| fill.trade.0.to_string()),
            product_id: fill.map(|fill| product_name(state, fill.instrument)),
            event: row.kind.clone(),
        },
    };
    let place = row.position.to_string();
    let mut all = Vec::new();
    if fee != 0 {
        let kind = if fee > 0 { "fee" } else { "rebate" };
        all.push(entry(format!("{place}.fee"), kind, fee.saturating_neg(), row.balance));
    }
    let (change, balance) = (row.change.saturating_add(fee), row.balance.saturating_add(fee));
    if change != 0 {
        all.push(entry(place, kind(&row.kind), change, balance));
    }
    all
}

pub(super) fn ledger(call: &Call) -> Answered {
    let asked = Asked::of(call)?;
    let (account, asset) = holding_of(call)?;
    let place = |name: &str| -> Result<Option<Position>, Problem> {
        let read = |text: &str| {
            let text = text.strip_suffix(".fee").unwrap_or(text);
            text.parse().map_err(|_| bad(format!("{name} is the id of an entry, such as 17.2")))
        };
        asked.one(name).map(read).transpose()
    };
    let within = Within::read(&asked, place)?;
    let rows = look_up(call, |view| {
        // Without an end in time the latest are those that are wanted.
        let size = if within.until.is_none() { within.limit } else { PAGE_MAX };
        let page = |below| view.ledger(account, asset, below, size);
        within.find(size, page, |row| (row.position, row.time), |_| true)
    })?
    .value;
    let follower = call.app.reader.read();
    let all: Vec<Entry> = rows.iter().flat_map(|row| entries(follower.state(), asset, row)).collect();
    let place = |row: Option<&LedgerRow>| row.map(|row| row.position.to_string());
    Ok(paged(Reply::json(&all), (place(rows.first()), place(rows.last()))))
}
