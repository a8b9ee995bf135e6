//! Orders as a resource: the commands of the order book under the verbs of HTTP.

use super::commands::{Sent, body_of, read, send_wire, text_of};
use crate::serve::endpoint::{Allowed, Call, Endpoint, Later};
use crate::serve::problem::Problem;
use axum::http::Method;
use gateway::{Number, Reference, WireCommand};
use roster::Duty;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

const TAG: &str = "orders";
const TRADERS: Allowed = Allowed::Duties(&[Duty::Trader]);

pub(super) fn endpoints() -> Vec<Endpoint> {
    let stoppers = Allowed::Duties(&[Duty::Trader, Duty::Operator, Duty::Supervisor]);
    vec![
        Endpoint {
            body: body_of("place_order"),
            ..Endpoint::acts(Method::POST, "/v1/orders", TRADERS, TAG, "Place an order: `place_order`", place)
        }
        .gives::<Sent>(),
        Endpoint::acts(
            Method::PATCH,
            "/v1/orders/{order}",
            TRADERS,
            TAG,
            "Amend an order: `amend_order`",
            amend,
        )
        .with_body::<Amendment>()
        .gives::<Sent>(),
        Endpoint::acts(
            Method::DELETE,
            "/v1/orders/{order}",
            TRADERS,
            TAG,
            "Cancel an order: `cancel_order`",
            cancel,
        )
        .with_query::<OfAccount>()
        .gives::<Sent>(),
        Endpoint::acts(
            Method::DELETE,
            "/v1/orders",
            stoppers,
            TAG,
            "Cancel many orders: `mass_cancel`",
            cancel_many,
        )
        .with_query::<Which>()
        .gives::<Sent>(),
    ]
}

fn place(call: Call) -> Later {
    Box::pin(async move {
        let (id, wire) = read("place_order", text_of(&call)?)?;
        send_wire(&call.app, call.caller()?, call.name(id), &wire).await
    })
}

/// What an order becomes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Amendment {
    /// Your own name for this command.
    #[schema(min_length = 1, max_length = 64)]
    id: Option<String>,
    /// Whose order it is.
    account: String,
    /// The new price.
    price: Number,
    /// The new quantity, what was filled included.
    quantity: Number,
}

fn amend(call: Call) -> Later {
    Box::pin(async move {
        let Amendment { id, account, price, quantity } = call.json()?;
        let wire = WireCommand::AmendOrder { account, order: order(&call)?, price, quantity };
        send_wire(&call.app, call.caller()?, call.name(id), &wire).await
    })
}

/// Whose.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct OfAccount {
    /// The account whose order it is.
    pub account: String,
    /// Your own name for this command.
    #[param(min_length = 1, max_length = 64)]
    pub id: Option<String>,
}

fn cancel(call: Call) -> Later {
    Box::pin(async move {
        let OfAccount { account, id } = call.query()?;
        let wire = WireCommand::CancelOrder { account, order: order(&call)? };
        send_wire(&call.app, call.caller()?, call.name(id), &wire).await
    })
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Those of an account.
    pub account: Option<String>,
    /// Those of a participant; your own where neither is named.
    pub participant: Option<String>,
    /// Those of an instrument.
    pub instrument: Option<String>,
    /// Your own name for this command.
    #[param(min_length = 1, max_length = 64)]
    pub id: Option<String>,
}

fn cancel_many(call: Call) -> Later {
    Box::pin(async move {
        let Which { account, participant, instrument, id } = call.query()?;
        let caller = call.caller()?;
        let (account, participant) = if account.is_none() && participant.is_none() {
            let follower = call.app.reader.read();
            let names = super::commands::names(&follower);
            match caller.account {
                Some(only) => (Some(names.account(only)), None),
                None => (None, Some(names.participant(caller.participant))),
            }
        } else {
            (account, participant)
        };
        let wire = WireCommand::MassCancel { account, participant, instrument };
        // Orders may have come since it was sent: without a name it is done again.
        send_wire(&call.app, caller, id, &wire).await
    })
}

/// An order in the path: its number, or `id:` and the sender's name for it.
fn order(call: &Call) -> Result<Reference, Problem> {
    let text = call.parameter("order");
    match text.strip_prefix("id:") {
        Some(id) => {
            let follower = call.app.reader.read();
            let own = super::commands::names(&follower).participant(call.caller()?.participant);
            Ok(Reference::Command(format!("{own}/{id}")))
        }
        None => call.number("order").map(Reference::Number),
    }
}
