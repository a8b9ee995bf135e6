//! An order, in the words of this API, and as a command of the node.

use super::{as_written, bad};
use crate::serve::endpoint::Call;
use crate::serve::problem::{Code, Problem};
use base::Side;
use base::decimal::{Refusal, units};
use gateway::{Life, Number, WireCommand};
use serde::Deserialize;
use serde_json::{Map, Value};
use trading::{OrderKind, SelfTrade};

/// An order, as it is entered here.
#[derive(Deserialize)]
pub(super) struct NewOrder {
    pub(super) client_oid: Option<String>,
    r#type: Option<Type>,
    side: Side,
    pub(super) product_id: String,
    price: Option<Number>,
    size: Option<Number>,
    funds: Option<Number>,
    time_in_force: Option<InForce>,
    cancel_after: Option<After>,
    post_only: Option<bool>,
    stp: Option<Prevention>,
    stop: Option<Stop>,
    stop_price: Option<Number>,
    max_floor: Option<Number>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    Limit,
    Market,
    /// As older clients write a market order that waits: its price is what it waits for.
    Stop,
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

/// The fields above, and that of the account: it is that of the key, whatever stands there.
const FIELDS: [&str; 15] = [
    "client_oid",
    "type",
    "side",
    "product_id",
    "price",
    "size",
    "funds",
    "time_in_force",
    "cancel_after",
    "post_only",
    "stp",
    "stop",
    "stop_price",
    "max_floor",
    "profile_id",
];

/// Whether a field asks for nothing.
fn is_idle(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Writes out numbers that have a fraction, as they stand in the text: some clients send no texts. Whether there were any.
fn written_out(text: &str, fields: &mut Map<String, Value>) -> bool {
    let mut any = false;
    for name in ["price", "size", "funds", "stop_price", "max_floor"] {
        let Some(Value::Number(number)) = fields.get(name) else { continue };
        let written = as_written(text, name, number).filter(|_| number.is_f64()).map(str::to_owned);
        // One with an exponent is none here.
        if let Some(written) = written.filter(|written| units(written, 0) != Err(Refusal::Form)) {
            fields.insert(name.to_owned(), Value::String(written));
            any = true;
        }
    }
    any
}

impl NewOrder {
    /// Reads the body of a request. What asks for something that there is not is named: an order without it would be another one.
    ///
    /// # Errors
    /// The body is no order, or a field is not known here.
    pub(super) fn read(call: &Call) -> Result<Self, Problem> {
        let mut all: Map<String, Value> = call.json()?;
        let unknown = all.iter().find(|(name, value)| !FIELDS.contains(&name.as_str()) && !is_idle(value));
        if let Some((name, _)) = unknown {
            return Err(Problem::field(name, "this field of an order is not known here"));
        }
        if !std::str::from_utf8(&call.body).is_ok_and(|text| written_out(text, &mut all)) {
            return call.json();
        }
        serde_json::from_value(Value::Object(all))
            .map_err(|error| Problem::new(Code::BadJson, error.to_string()))
    }

    fn is_market(&self) -> bool {
        matches!(self.r#type, Some(Type::Market | Type::Stop))
    }

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
            (None, None) if self.is_market() && self.stop_price.is_none() => Ok(Life::Ioc),
            (None, None) if self.is_market() => Ok(Life::Day),
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
    ///
    /// # Errors
    /// It asks for what there is not.
    pub(super) fn wire(mut self, account: String, instrument: String) -> Result<WireCommand, Problem> {
        if self.r#type == Some(Type::Stop) {
            self.stop_price = self.stop_price.or(self.price.take());
        }
        self.check_stop()?;
        match (&self.size, &self.funds) {
            (Some(_), Some(_)) => {
                return Err(Problem::field("funds", "only one of size or funds may be given"));
            }
            (None, None) if self.is_market() => {
                return Err(Problem::field("size", "one of size or funds is required"));
            }
            (None, None) => return Err(Problem::field("size", "it is missing")),
            _ => {}
        }
        let (life, is_market) = (self.life()?, self.is_market());
        Ok(WireCommand::PlaceOrder {
            account,
            instrument,
            side: self.side,
            kind: if is_market { OrderKind::Market } else { OrderKind::Limit },
            price: self.price,
            quantity: self.size,
            funds: self.funds,
            life,
            until: None,
            post_only: self.post_only == Some(true),
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order(fields: Value) -> Result<NewOrder, serde_json::Error> {
        let mut all = json!({ "side": "buy", "product_id": "A-B", "size": "1", "price": "2" });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(all)
    }

    #[test]
    fn every_field_that_is_known_is_read() {
        for name in FIELDS.iter().filter(|name| **name != "profile_id") {
            assert!(order(json!({ *name: {} })).is_err(), "{name} is not read");
            let needed = ["side", "product_id"].contains(name);
            assert_eq!(order(json!({ *name: null })).is_err(), needed, "{name}");
        }
        assert!(is_idle(&json!(null)) && is_idle(&json!(false)) && is_idle(&json!("")));
        assert!(!is_idle(&json!(true)) && !is_idle(&json!("1")) && !is_idle(&json!(0)));
    }

    #[test]
    fn a_number_with_a_fraction_is_the_one_that_was_written() {
        let read = |text: &str| {
            let mut fields: Map<String, Value> = serde_json::from_str(text).unwrap();
            (written_out(text, &mut fields), fields["price"].clone())
        };
        assert_eq!(read(r#"{"price":98.6}"#), (true, json!("98.6")));
        assert_eq!(
            read(r#"{"size":1,"price": 98.6000000000000000001}"#),
            (true, json!("98.6000000000000000001"))
        );
        for other in [r#"{"price":1e-8}"#, r#"{"price":98}"#, r#"{"price":"98.6"}"#, r#"{"price":-1.5}"#] {
            assert!(!read(other).0, "{other}");
        }
    }

    #[test]
    fn an_order_is_translated_or_says_what_there_is_not() {
        let wire = |fields: Value| order(fields).unwrap().wire("DJ".to_owned(), "A".to_owned());
        let Ok(WireCommand::PlaceOrder { kind, life, self_trade, post_only, .. }) =
            wire(json!({ "type": "market", "price": null, "stp": "co" }))
        else {
            panic!("no order")
        };
        assert_eq!((kind, self_trade, post_only), (OrderKind::Market, SelfTrade::CancelResting, false));
        assert!(matches!(life, Life::Ioc));
        let Ok(WireCommand::PlaceOrder { kind, price, trigger, .. }) =
            wire(json!({ "type": "stop", "price": "3" }))
        else {
            panic!("no order")
        };
        assert_eq!(
            (kind, price, trigger.map(|trigger| trigger.0)),
            (OrderKind::Market, None, Some("3".to_owned()))
        );
        let Ok(WireCommand::PlaceOrder { kind, life: Life::Ioc, quantity: None, funds, .. }) =
            wire(json!({ "type": "market", "price": null, "size": null, "funds": "100.00" }))
        else {
            panic!("no order")
        };
        assert_eq!((kind, funds.map(|funds| funds.0)), (OrderKind::Market, Some("100.00".to_owned())));
        for (fields, field) in [
            (json!({ "funds": "5" }), Some("funds")),
            (json!({ "type": "market", "price": null, "funds": "5" }), Some("funds")),
            (json!({ "type": "market", "price": null, "size": null }), Some("size")),
            (json!({ "size": null }), Some("size")),
            (json!({ "cancel_after": "day" }), None),
            (json!({ "time_in_force": "GTT", "cancel_after": "hour" }), None),
            (json!({ "stop": "loss", "stop_price": "3" }), None),
            (json!({ "stop": "entry" }), None),
        ] {
            let problem = wire(fields.clone()).expect_err(&fields.to_string());
            assert_eq!(problem.field.as_deref(), field, "{fields}");
        }
    }
}
