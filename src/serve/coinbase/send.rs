//! Orders that are entered and cancelled: the commands of `/v1`, in the words of this API.

use super::account::account_of;
use super::orders::{named, view};
use super::product::{is_product, product};
use super::{Asked, bad};
use crate::serve::api::commands::send;
use crate::serve::endpoint::{Call, Later};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use axum::http::StatusCode;
use base::{InstrumentId, OrderId, Side};
use gateway::{Life, Names, Number, Reference, WireCommand};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trading::{OrderKind, SelfTrade};

/// An order, as it is entered here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOrder {
    client_oid: Option<String>,
    /// The account is that of the key, whatever stands here.
    #[serde(rename = "profile_id")]
    _profile_id: Option<String>,
    #[serde(default)]
    r#type: Type,
    side: Side,
    product_id: String,
    price: Option<Number>,
    size: Option<Number>,
    funds: Option<Number>,
    time_in_force: Option<InForce>,
    cancel_after: Option<After>,
    #[serde(default)]
    post_only: bool,
    stp: Option<Prevention>,
    stop: Option<Stop>,
    stop_price: Option<Number>,
    max_floor: Option<Number>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    #[default]
    Limit,
    Market,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum InForce {
    #[serde(rename = "GTC")]
    Cancelled,
    #[serde(rename = "GTT")]
    Time,
    #[serde(rename = "IOC")]
    AtOnce,
    #[serde(rename = "FOK")]
    Whole,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum After {
    Min,
    Hour,
    Day,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum Prevention {
    #[serde(rename = "dc")]
    Decrement,
    #[serde(rename = "co")]
    Resting,
    #[serde(rename = "cn")]
    Incoming,
    #[serde(rename = "cb")]
    Both,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stop {
    Loss,
    Entry,
}

impl NewOrder {
    fn life(&self) -> Result<Life, Problem> {
        let timed = self.time_in_force == Some(InForce::Time);
        if timed != self.cancel_after.is_some() {
            return Err(bad("cancel_after goes with time_in_force GTT, and no other"));
        }
        match (self.time_in_force, self.cancel_after) {
            (_, Some(After::Day)) => Ok(Life::Day),
            (_, Some(_)) => {
                Err(bad("cancel_after is day here: orders end with the trading day, not within it"))
            }
            // What does not trade at once does not stand.
            (Some(InForce::AtOnce), None) => Ok(Life::Ioc),
            (Some(InForce::Whole), None) => Ok(Life::Fok),
            (None, None) if self.r#type == Type::Market && self.stop_price.is_none() => Ok(Life::Ioc),
            (None, None) if self.r#type == Type::Market => Ok(Life::Day),
            _ => Ok(Life::Gtc),
        }
    }

    /// Its stop: a buy waits for a price that rises, a sale for one that falls.
    fn check_stop(&self) -> Result<(), Problem> {
        let fits = match (self.stop, self.side) {
            (Some(_), _) if self.stop_price.is_none() => return Err(bad("stop goes with stop_price")),
            (None, _) | (Some(Stop::Entry), Side::Buy) | (Some(Stop::Loss), Side::Sell) => true,
            _ => false,
        };
        if fits { Ok(()) } else { Err(bad("a stop is entry of a buy, and loss of a sale")) }
    }

    /// As a command.
    fn wire(self, account: String, instrument: String) -> Result<WireCommand, Problem> {
        self.check_stop()?;
        if self.funds.is_some() {
            return Err(bad("funds: an order is for a size here"));
        }
        let life = self.life()?;
        let quantity = self.size.ok_or_else(|| bad("size is missing"))?;
        Ok(WireCommand::PlaceOrder {
            account,
            instrument,
            side: self.side,
            kind: if self.r#type == Type::Market { OrderKind::Market } else { OrderKind::Limit },
            price: self.price,
            quantity,
            life,
            until: None,
            post_only: self.post_only,
            self_trade: match self.stp {
                Some(Prevention::Decrement) => SelfTrade::Decrement,
                Some(Prevention::Resting) => SelfTrade::CancelResting,
                Some(Prevention::Both) => SelfTrade::CancelBoth,
                Some(Prevention::Incoming) | None => SelfTrade::CancelIncoming,
            },
            minimum: None,
            display: self.max_floor,
            trigger: self.stop_price,
        })
    }
}

pub(super) fn place(call: Call) -> Later {
    Box::pin(async move {
        let order: NewOrder = call.json()?;
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
        let sent = send(app, caller, call.name(id.clone()), &wire).await?;
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
