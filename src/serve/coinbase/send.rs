//! Orders that are entered and cancelled: the commands of `/v1`, in the words of this API.

use super::account::account_of;
use super::new_order::NewOrder;
use super::orders::{Rejected, named, view};
use super::product::{is_product, product};
use super::{Asked, utc};
use crate::serve::api::commands::send;
use crate::serve::api::market::instrument_view;
use crate::serve::endpoint::{Call, Later};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use axum::http::StatusCode;
use base::{InstrumentId, OrderId};
use engine::Rejection;
use gateway::{Names, Reference, WireCommand};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(super) fn place(call: Call) -> Later {
    Box::pin(async move {
        let order = NewOrder::read(&call)?;
        let (app, caller) = (&call.app, call.caller()?);
        let (id, product_id) = (order.client_oid.clone(), order.product_id.clone());
        let wire = {
            let follower = app.reader.read();
            let state = follower.state();
            let instrument = product(state, &order.product_id);
            let instrument =
                instrument.map_err(|_| Problem::field("product_id", "there is no such product"))?;
            let account = account_of(state, caller)?;
            let names = Names(state);
            order.wire(names.account(account), names.instrument(instrument))?
        };
        let sent = match send(app, caller, call.name(id.clone()), &wire).await {
            // An order that would not only add is no error in this API: it is answered, and was rejected.
            Err(problem) if problem.refusal.map(Rejection::code) == Some("would_take") => {
                let rejected = Rejected::new(&wire, id, product_id, utc(app.clock.now()));
                return Ok(Reply { sequence: problem.sequence, ..Reply::json(&rejected) });
            }
            sent => sent.map_err(|problem| below_the_band(&call, &product_id, &wire, problem))?,
        };
        let number = sent.created.map(|made| made.number);
        let number = number.ok_or_else(|| Problem::new(Code::Internal, "an order without a number"))?;
        let taken = Taken { id: number.to_string(), client_oid: id.clone(), product_id, status: "pending" };
        app.past.at_least(sent.sequence).await;
        let shown = blocking(call, move |call| {
            let (_, row) = named(call, &number.to_string())?;
            let order = view(call.app.reader.read().state(), &row)?;
            Ok(Reply::json(&order.under(id)))
        });
        // The order stands, whether the projection can tell of it already or not.
        Ok(shown.await.unwrap_or_else(|_| Reply::json(&taken)).at(sent.sequence))
    })
}

/// Says of a price outside the band which side of it that is, where it is the lower one: clients know a word for that.
fn below_the_band(call: &Call, name: &str, wire: &WireCommand, problem: Problem) -> Problem {
    let WireCommand::PlaceOrder { price: Some(price), .. } = wire else { return problem };
    if problem.refusal.map(Rejection::code) != Some("price_outside_band") {
        return problem;
    }
    let follower = call.app.reader.read();
    let state = follower.state();
    let view = product(state, name).ok().and_then(|id| instrument_view(state, id));
    let lowest = view.and_then(|view| Some((view.price_decimals, view.band?[0].clone())));
    let is_below = lowest.is_some_and(|(decimals, lowest)| {
        let ticks = |text: &str| base::decimal::units(text, decimals).ok();
        ticks(&price.0).zip(ticks(&lowest)).is_some_and(|(price, lowest)| price < lowest)
    });
    match is_below {
        true => Problem { detail: format!("price too small: {}", problem.detail), ..problem },
        false => problem,
    }
}

/// An order that was taken, and of which more can be told later.
#[derive(Serialize)]
struct Taken {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_oid: Option<String>,
    product_id: String,
    status: &'static str,
}

/// Does something that waits for the projection, off the threads that serve.
async fn blocking<T: Send + 'static>(
    call: Call,
    does: impl FnOnce(&Call) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(move || does(&call)).await;
    done.unwrap_or_else(|_| Err(Problem::new(Code::Internal, "what was looked up broke off")))
}

pub(super) fn cancel(call: Call) -> Later {
    Box::pin(async move {
        let (app, caller, name) = (&call.app, call.caller()?, call.parameter("order"));
        let none = || Problem::field("order", format!("there is no order {name:?}"));
        let wire = {
            let follower = app.reader.read();
            let names = Names(follower.state());
            let order = match name.strip_prefix("client:") {
                Some(id) => Reference::Command(format!("{}/{id}", names.participant(caller.participant))),
                None => Reference::Number(name.parse().map_err(|_| none())?),
            };
            WireCommand::CancelOrder { account: names.account(account_of(follower.state(), caller)?), order }
        };
        let sent = send(app, caller, call.name(None), &wire).await?;
        Ok(Reply::json(&name).at(sent.sequence))
    })
}

#[derive(Default, Deserialize)]
struct Of {
    product_id: Option<String>,
}

pub(super) fn cancel_all(call: Call) -> Later {
    Box::pin(async move {
        let (app, caller) = (&call.app, call.caller()?);
        app.reader.at_least(app.clerk.acknowledged()).await;
        // In the query, or, as some clients send it, in a body.
        let body = if call.body.is_empty() { Of::default() } else { call.json()? };
        let named = Asked::of(&call)?.one("product_id").map(str::to_owned).or(body.product_id);
        let (account, standing) = {
            let follower = app.reader.read();
            let state = follower.state();
            let account = account_of(state, caller)?;
            let only = named.map(|name| product(state, &name)).transpose()?;
            let own = state
                .venue()
                .book_orders()
                .filter(|order| order.account == account && only.is_none_or(|only| only == order.instrument));
            let mut standing: BTreeMap<InstrumentId, Vec<OrderId>> = BTreeMap::new();
            for order in own.filter(|order| is_product(state, order.instrument)) {
                standing.entry(order.instrument).or_default().push(order.order);
            }
            (Names(state).account(account), standing)
        };
        // One after the other, so that listings of the account stay: those are not this API's.
        for instrument in standing.keys() {
            let instrument = Names(app.reader.read().state()).instrument(*instrument);
            let wire = WireCommand::MassCancel {
                account: Some(account.clone()),
                participant: None,
                instrument: Some(instrument),
            };
            send(app, caller, None, &wire).await?;
        }
        app.reader.at_least(app.clerk.acknowledged()).await;
        let follower = app.reader.read();
        let mut gone: Vec<OrderId> = standing.into_values().flatten().collect();
        gone.retain(|order| follower.state().venue().book_order(*order).is_none());
        gone.sort_unstable();
        let gone: Vec<String> = gone.into_iter().map(|order| order.0.to_string()).collect();
        Ok(Reply::json_at(StatusCode::OK, &gone))
    })
}
