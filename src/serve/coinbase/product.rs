//! Products: the instruments that trade on an order book, as `INSTRUMENT-CURRENCY`. Listings are not among them.

use super::{Asked, bad, code, utc};
use crate::node::Follower;
use crate::serve::api::market::instrument_view;
use crate::serve::api::views::Written;
use crate::serve::book::{BookView, IndicationView, LEVELS_MAX, Level};
use crate::serve::clock::machine_ns;
use crate::serve::endpoint::{Answered, Call};
use crate::serve::problem::Problem;
use crate::serve::reply::Reply;
use crate::serve::stream::{Standing, check_by_order};
use base::{AssetId, InstrumentId, Timestamp};
use engine::State;
use gateway::Names;
use registry::AssetClass;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;

/// What a product is called: `INSTRUMENT-CURRENCY` ([`code`]).
pub(super) fn product_name(state: &State, id: InstrumentId) -> String {
    let currency = state.venue().instrument(id).map(|instrument| instrument.currency);
    let names = Names(state);
    let quote = currency.map_or_else(String::new, |id| names.asset(id));
    code::product(&names.instrument(id), &quote)
}

/// The product of a name.
///
/// # Errors
/// There is none.
pub(super) fn product(state: &State, name: &str) -> Result<InstrumentId, Problem> {
    let found = code::halves(name).and_then(|(base, quote)| {
        let id = state.venue().instrument_id(&base)?;
        let currency = state.venue().instrument(id)?.currency;
        (is_product(state, id) && Names(state).asset(currency) == quote).then_some(id)
    });
    found.ok_or_else(|| Problem::not_found(format_args!("product {name:?}")))
}

/// Whether an instrument trades on an order book.
pub(super) fn is_product(state: &State, id: InstrumentId) -> bool {
    let market = state.venue().instrument(id).map(|instrument| instrument.market);
    market.is_some_and(|market| state.venue().rules(market).continuous.is_some())
}

/// Every product that is listed.
pub(super) fn all_products(state: &State) -> impl Iterator<Item = InstrumentId> {
    let listed =
        |id: &InstrumentId| state.venue().instrument(*id).is_some_and(|instrument| !instrument.delisted);
    (0..state.venue().instruments().len())
        .map(InstrumentId::at)
        .filter(move |id| is_product(state, *id) && listed(id))
}

#[derive(Serialize)]
struct Product {
    id: String,
    base_currency: String,
    quote_currency: String,
    quote_increment: String,
    base_increment: String,
    base_min_size: String,
    display_name: String,
    margin_enabled: bool,
    post_only: bool,
    limit_only: bool,
    cancel_only: bool,
    trading_disabled: bool,
    auction_mode: bool,
    status: &'static str,
    status_message: String,
}

fn view(state: &State, id: InstrumentId) -> Option<Product> {
    let (instrument, written) = (instrument_view(state, id)?, Written::of(state, id)?);
    let name = product_name(state, id);
    let (base, quote) = name.split_once('-')?;
    let called = matches!(instrument.phase.as_str(), "opening_call" | "closing_call" | "interruption");
    Some(Product {
        base_currency: base.to_owned(),
        quote_currency: quote.to_owned(),
        quote_increment: written.price(base::Price(1)),
        base_increment: instrument.lot.clone(),
        base_min_size: instrument.lot,
        display_name: name.replace('-', "/"),
        margin_enabled: false,
        post_only: false,
        limit_only: false,
        cancel_only: instrument.halted,
        trading_disabled: !instrument.tradable,
        auction_mode: called,
        status: if instrument.delisted { "delisted" } else { "online" },
        status_message: instrument.phase,
        id: name,
    })
}

fn all_views(state: &State) -> Vec<Product> {
    all_products(state).filter_map(|id| view(state, id)).collect()
}

pub(super) fn products(_: &Call, follower: &Follower) -> Answered {
    Ok(Reply::json(&all_views(follower.state())))
}

/// Products and currencies as they stand, as the feed tells of them.
pub(super) fn status(state: &State) -> serde_json::Value {
    json!({ "type": "status", "products": all_views(state), "currencies": all_currencies(state) })
}

pub(super) fn one(call: &Call, follower: &Follower) -> Answered {
    let state = follower.state();
    let found = view(state, product(state, call.parameter("product"))?);
    found.map(|product| Reply::json(&product)).ok_or_else(|| Problem::not_found("such product"))
}

#[derive(Serialize)]
struct Currency {
    id: String,
    name: String,
    min_size: String,
    max_precision: String,
    status: &'static str,
    details: Details,
}

#[derive(Serialize)]
struct Details {
    r#type: &'static str,
}

/// What products are made of, and every other thing that is or was traded here: accounts hold that too.
fn all_currencies(state: &State) -> Vec<Currency> {
    let both = |id: InstrumentId| {
        let instrument = state.venue().instrument(id);
        instrument.into_iter().flat_map(|instrument| [instrument.currency, instrument.asset])
    };
    let all = (0..state.venue().instruments().len()).map(InstrumentId::at);
    let ids: BTreeSet<AssetId> = all.flat_map(both).collect();
    let view = |id: AssetId| {
        let asset = state.registry().asset(id);
        let least = Names(state).units(id, 1);
        let kind = if matches!(asset.class, AssetClass::Currency) { "fiat" } else { "other" };
        let (id, name) = (code::named(&asset.code), asset.code.clone());
        Currency {
            id,
            name,
            min_size: least.clone(),
            max_precision: least,
            status: "online",
            details: Details { r#type: kind },
        }
    };
    ids.into_iter().map(view).collect()
}

pub(super) fn currencies(_: &Call, follower: &Follower) -> Answered {
    Ok(Reply::json(&all_currencies(follower.state())))
}

pub(super) fn currency(call: &Call, follower: &Follower) -> Answered {
    let wanted = call.parameter("currency");
    let found = all_currencies(follower.state()).into_iter().find(|currency| currency.id == wanted);
    found
        .map(|currency| Reply::json(&currency))
        .ok_or_else(|| Problem::not_found(format_args!("currency {wanted:?}")))
}

#[derive(Serialize)]
struct Book {
    sequence: u64,
    bids: Vec<Level>,
    asks: Vec<Level>,
    auction_mode: bool,
    auction: Option<IndicationView>,
    time: String,
}

pub(super) fn book(call: &Call, follower: &Follower) -> Answered {
    let state = follower.state();
    let id = product(state, call.parameter("product"))?;
    let levels = match Asked::of(call)?.one("level").unwrap_or("1") {
        "1" => 1,
        "2" => LEVELS_MAX,
        "3" => return by_order(call, state, id),
        other => return Err(bad(format!("level is 1, 2 or 3, found {other:?}"))),
    };
    let BookView { sequence, bids, asks, indication, .. } =
        BookView::of(state, id, levels).ok_or_else(|| Problem::not_found("such product"))?;
    let time = utc(call.app.clock.now());
    Ok(Reply::json(&Book {
        sequence,
        bids,
        asks,
        auction_mode: indication.is_some(),
        auction: indication,
        time,
    }))
}

#[derive(Serialize)]
struct ByOrder {
    sequence: u64,
    bids: Vec<[String; 3]>,
    asks: Vec<[String; 3]>,
    auction_mode: bool,
    time: String,
}

/// Every order: its price, what is shown of it, and its number. What follows is told in the feed's channel `full`.
fn by_order(call: &Call, state: &State, id: InstrumentId) -> Answered {
    check_by_order(&call.app.config)?;
    let view = call.app.hub.by_order(state, id).ok_or_else(|| Problem::not_found("such product"))?;
    let shown = |all: Vec<Standing>| {
        all.into_iter().map(|one| [one.price, one.quantity, one.order.to_string()]).collect()
    };
    Ok(Reply::json(&ByOrder {
        sequence: view.number,
        bids: shown(view.bids),
        asks: shown(view.asks),
        auction_mode: state.venue().indication(id).is_some(),
        time: utc(call.app.clock.now()),
    }))
}

/// The machine's time: what signatures are measured by. The market's time, where it is another, is at `/v1/time`.
pub(super) fn time(_: &Call, _: &Follower) -> Answered {
    let now = Timestamp(machine_ns());
    let milliseconds = now.0 / 1_000_000;
    let epoch = format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000);
    // A number, and no floating-point one on the way to it.
    Ok(Reply::text("application/json", format!("{{\"iso\":\"{}\",\"epoch\":{epoch}}}", utc(now))))
}
