//! Orders and fills of the key's account, as they are shown here.

use super::account::account_of;
use super::history::{paged, written};
use super::product::{is_product, product, product_name};
use super::within::Within;
use super::{Asked, utc};
use crate::node::Follower;
use crate::projection::{FillFilter, FillRow, OrderFilter, OrderRow, PAGE_MAX, View};
use crate::serve::api::history::look_up;
use crate::serve::endpoint::{Answered, Call};
use crate::serve::problem::Problem;
use crate::serve::reply::Reply;
use base::{AccountId, OrderId};
use engine::{ClientId, State};
use gateway::{Names, WireCommand};
use serde::Serialize;
use std::collections::BTreeSet;

/// In the place of the number of an order that has none, or is not the reader's own.
pub(super) const NO_ORDER: &str = "00000000-0000-0000-0000-000000000000";

/// An order.
#[derive(Serialize)]
pub(super) struct Order {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_oid: Option<String>,
    product_id: String,
    profile_id: String,
    side: &'static str,
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    /// None of an order for an amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    /// The amount less the fees that a buyer has paid out of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    funds: Option<String>,
    /// The amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    specified_funds: Option<String>,
    time_in_force: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_time: Option<String>,
    post_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_floor: Option<String>,
    created_at: String,
    filled_size: String,
    executed_value: String,
    fill_fees: String,
    status: &'static str,
    settled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    done_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done_reason: Option<&'static str>,
    market_type: &'static str,
}

impl Order {
    /// With the sender's id for it, by which it was asked for: an old log may have only its hash.
    pub(super) fn under(self, id: Option<String>) -> Self {
        Self { client_oid: id.or(self.client_oid), ..self }
    }
}

/// An order that was not taken because it would not only have added to the book.
#[derive(Serialize)]
pub(super) struct Rejected {
    id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_oid: Option<String>,
    product_id: String,
    profile_id: String,
    side: &'static str,
    r#type: &'static str,
    price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    post_only: bool,
    created_at: String,
    filled_size: &'static str,
    executed_value: &'static str,
    fill_fees: &'static str,
    status: &'static str,
    settled: bool,
    reject_reason: &'static str,
}

impl Rejected {
    pub(super) fn new(
        wire: &WireCommand,
        client_oid: Option<String>,
        product_id: String,
        created_at: String,
    ) -> Self {
        let (profile_id, side_of, price, size) = match wire {
            WireCommand::PlaceOrder { account, side: of, price, quantity, .. } => (
                account.clone(),
                side(*of),
                price.as_ref().map(|price| price.0.clone()),
                quantity.as_ref().map(|quantity| quantity.0.clone()),
            ),
            _ => (String::new(), "", None, None),
        };
        Self {
            id: NO_ORDER,
            client_oid,
            product_id,
            profile_id,
            side: side_of,
            r#type: "limit",
            price,
            size,
            post_only: true,
            created_at,
            filled_size: "0",
            executed_value: "0",
            fill_fees: "0",
            status: "rejected",
            settled: true,
            reject_reason: "post only",
        }
    }
}

/// What has become of an order, in the words of this API.
pub(super) fn status(row: &OrderRow) -> (&'static str, Option<&'static str>) {
    match row.status.as_str() {
        "open" if row.waiting && row.trigger.is_some() => ("active", None),
        "open" => ("open", None),
        "filled" => ("done", Some("filled")),
        _ => ("done", Some("canceled")),
    }
}

fn life(row: &OrderRow) -> &'static str {
    match row.life.as_deref() {
        Some("ioc") => "IOC",
        Some("fok") => "FOK",
        Some("gtc") => "GTC",
        // Until the end of a day, or a call auction.
        _ => "GTT",
    }
}

fn self_trade(row: &OrderRow) -> Option<&'static str> {
    match row.self_trade.as_deref()? {
        "decrement" => Some("dc"),
        "cancel_resting" => Some("co"),
        "cancel_incoming" => Some("cn"),
        "cancel_both" => Some("cb"),
        _ => None,
    }
}

fn side(side: base::Side) -> &'static str {
    match side {
        base::Side::Buy => "buy",
        base::Side::Sell => "sell",
    }
}

/// An order, as it is shown.
///
/// # Errors
/// What it trades is not known.
pub(super) fn view(state: &State, row: &OrderRow) -> Result<Order, Problem> {
    let written = written(state, row.instrument)?;
    let (status, done_reason) = status(row);
    let limit = row.kind == "limit";
    Ok(Order {
        id: row.order.0.to_string(),
        client_oid: row.client_id.clone(),
        product_id: product_name(state, row.instrument),
        profile_id: Names(state).account(row.account),
        side: side(row.side),
        r#type: row.kind.clone(),
        price: limit.then(|| written.price(row.price)),
        size: row.funds.is_none().then(|| written.quantity(row.quantity)),
        funds: row
            .funds
            .map(|funds| written.money(i128::from(funds.0) - (row.spent() - i128::from(row.amount.0)))),
        specified_funds: row.funds.map(|funds| written.money(funds.0.into())),
        time_in_force: life(row),
        expire_time: row.until.map(|until| until.to_string()),
        post_only: row.post_only,
        stp: self_trade(row),
        stop: row.trigger.map(|_| if row.side == base::Side::Buy { "entry" } else { "loss" }),
        stop_price: row.trigger.map(|trigger| written.price(trigger)),
        max_floor: (row.display.0 != 0).then(|| written.quantity(row.display)),
        created_at: utc(row.time),
        filled_size: written.quantity(row.filled),
        executed_value: written.money(row.amount.0.into()),
        fill_fees: written.money(row.fee.0.into()),
        status,
        settled: status == "done",
        done_at: row.ended_time.map(utc),
        done_reason,
        market_type: "spot",
    })
}

/// Whether an order is one of a book.
fn of_a_book(row: &OrderRow) -> bool {
    row.kind == "limit" || row.kind == "market"
}

struct Wanted {
    statuses: Vec<String>,
    filter: OrderFilter,
    within: Within,
}

impl Wanted {
    fn of(call: &Call, state: &State) -> Result<Self, Problem> {
        let asked = Asked::of(call)?;
        let named: Vec<String> = asked.all("status").into_iter().map(str::to_owned).collect();
        let statuses =
            if named.is_empty() { ["open", "pending", "active"].map(str::to_owned).to_vec() } else { named };
        let open = !statuses.iter().any(|status| matches!(status.as_str(), "all" | "done" | "settled"));
        let filter = OrderFilter {
            account: Some(account_of(state, call.caller()?)?),
            instrument: asked.one("product_id").map(|name| product(state, name)).transpose()?,
            open,
            ..OrderFilter::default()
        };
        Ok(Self { statuses, filter, within: Within::of(&asked)? })
    }

    fn takes(&self, row: &OrderRow) -> bool {
        let named = |status: &String| status == "all" || status == super::orders::status(row).0;
        of_a_book(row) && self.statuses.iter().any(named)
    }

    fn find(&self, view: &mut View<'_>) -> anyhow::Result<Vec<OrderRow>> {
        let page = |before| view.orders(&OrderFilter { before, ..self.filter });
        self.within.find(PAGE_MAX, page, |row| (row.sequence.0, row.time), |row| self.takes(row))
    }
}

pub(super) fn list(call: &Call) -> Answered {
    let wanted = Wanted::of(call, call.app.reader.read().state())?;
    let rows = look_up(call, |view| wanted.find(view))?.value;
    let follower = call.app.reader.read();
    let orders: Result<Vec<Order>, Problem> = rows.iter().map(|row| view(follower.state(), row)).collect();
    let ends = (rows.first().map(|row| row.sequence.0), rows.last().map(|row| row.sequence.0));
    Ok(paged(Reply::json(&orders?), ends))
}

/// The order that a path names: by its number, or as `client:` and the sender's id for it.
///
/// # Errors
/// There is none, or it is another's.
pub(super) fn named(call: &Call, name: &str) -> Result<(AccountId, OrderRow), Problem> {
    let caller = call.caller()?;
    let account = account_of(call.app.reader.read().state(), caller)?;
    let row = look_up(call, |view| match name.strip_prefix("client:") {
        Some(id) => view.order_by_client(caller.participant, ClientId::of(id)),
        None => name.parse().map_or(Ok(None), |number| view.order(OrderId(number))),
    })?
    .value;
    let row = row.filter(|row| row.account == account && of_a_book(row));
    row.map(|row| (account, row)).ok_or_else(|| Problem::not_found(format_args!("order {name:?}")))
}

pub(super) fn one(call: &Call) -> Answered {
    let name = call.parameter("order");
    let (_, row) = named(call, name)?;
    let order = view(call.app.reader.read().state(), &row)?;
    Ok(Reply::json(&order.under(name.strip_prefix("client:").map(str::to_owned))))
}

#[derive(Serialize)]
struct Fill {
    trade_id: u64,
    product_id: String,
    order_id: String,
    profile_id: String,
    liquidity: &'static str,
    price: String,
    size: String,
    fee: String,
    created_at: String,
    side: &'static str,
    settled: bool,
    market_type: &'static str,
}

fn fill(follower: &Follower, row: &FillRow) -> Result<Fill, Problem> {
    let state = follower.state();
    let written = written(state, row.instrument)?;
    let liquidity = match row.aggressor {
        Some(aggressor) if aggressor == row.side => "T",
        Some(_) => "M",
        // In a call auction nobody comes first.
        None => "O",
    };
    Ok(Fill {
        trade_id: row.trade.0,
        product_id: product_name(state, row.instrument),
        order_id: row.order.map_or_else(String::new, |order| order.0.to_string()),
        profile_id: Names(state).account(row.account),
        liquidity,
        price: written.price(row.price),
        size: written.quantity(row.quantity),
        fee: written.money(row.fee.0.into()),
        created_at: utc(row.time),
        side: side(row.side),
        settled: row.settled.is_some(),
        market_type: "spot",
    })
}

pub(super) fn fills(call: &Call) -> Answered {
    let asked = Asked::of(call)?;
    let mut filter = {
        let follower = call.app.reader.read();
        let state = follower.state();
        FillFilter {
            account: Some(account_of(state, call.caller()?)?),
            instrument: asked.one("product_id").map(|name| product(state, name)).transpose()?,
            ..FillFilter::default()
        }
    };
    if let Some(order) = asked.one("order_id") {
        filter.order = Some(named(call, order)?.1.order);
    }
    let within = Within::of(&asked)?;
    let products = {
        let follower = call.app.reader.read();
        let state = follower.state();
        let all = (0..state.venue().instruments().len()).map(base::InstrumentId::at);
        all.filter(|id| is_product(state, *id)).collect::<BTreeSet<_>>()
    };
    let rows = look_up(call, |view| {
        // Of one product the latest are those that are wanted.
        let narrow = filter.instrument.is_some() && within.until.is_none();
        let limit = if narrow { within.limit } else { PAGE_MAX };
        let page = |before| view.fills(&FillFilter { before, limit, ..filter });
        within.find(limit, page, |row| (row.fill, row.time), |row| products.contains(&row.instrument))
    })?
    .value;
    let follower = call.app.reader.read();
    let fills: Result<Vec<Fill>, Problem> = rows.iter().map(|row| fill(&follower, row)).collect();
    let ends = (rows.first().map(|row| row.fill), rows.last().map(|row| row.fill));
    Ok(paged(Reply::json(&fills?), ends))
}
