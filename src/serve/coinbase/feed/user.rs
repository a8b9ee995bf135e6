//! The channel `user`: what becomes of the orders of the key's account.

use super::teller::{Teller, time};
use super::words::Channel;
use crate::serve::coinbase::history::maker_side;
use crate::serve::coinbase::orders::NO_ORDER as ANOTHERS;
use base::Side;
use serde::Deserialize;
use serde_json::{Value, json};

/// Orders and fills of a firm, as one record changed them.
#[derive(Deserialize)]
pub(super) struct Firm {
    orders: Vec<Order>,
    fills: Vec<Fill>,
}

#[derive(Deserialize)]
struct Order {
    order: u64,
    id: Option<String>,
    account: String,
    instrument: String,
    side: Side,
    kind: String,
    price: Option<String>,
    quantity: String,
    /// Of an order for an amount.
    funds: Option<String>,
    filled: String,
    left: String,
    status: String,
    listing: bool,
}

#[derive(Deserialize)]
struct Fill {
    trade: u64,
    time: String,
    account: String,
    instrument: String,
    side: Side,
    price: String,
    quantity: String,
    amount: String,
    fee: String,
    order: Option<u64>,
    role: Option<String>,
}

/// What was told of an order.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Known {
    price: Option<String>,
    quantity: String,
}

impl Teller {
    /// First what came in, then what traded, then how the orders stand after it.
    pub(super) fn of_the_account(&mut self, firm: Firm, snapshot: bool, at: &str, seq: u64) -> Vec<Value> {
        let Firm { mut orders, mut fills } = firm;
        orders.retain(|order| self.is_own(&order.account) && !order.listing);
        fills.retain(|fill| self.is_own(&fill.account));
        if snapshot {
            self.known.extend(orders.iter().map(|order| (order.order, order.known())));
            return Vec::new();
        }
        let mut messages = Vec::new();
        let is_new: Vec<bool> = orders.iter().map(|order| !self.known.contains_key(&order.order)).collect();
        for order in orders.iter().zip(&is_new).filter(|(_, new)| **new).map(|(order, _)| order) {
            messages.extend(self.received(order, at, seq));
        }
        for fill in &fills {
            messages.extend(self.filled(fill, seq));
        }
        for (order, new) in orders.iter().zip(is_new) {
            messages.extend(self.stands(order, new, at, seq));
        }
        messages
    }

    fn is_own(&self, account: &str) -> bool {
        self.account.as_deref() == Some(account)
    }

    fn received(&mut self, order: &Order, at: &str, seq: u64) -> Option<Value> {
        let product = self.product(&[Channel::User], Some(&order.instrument))?;
        let mut message = json!({
            "type": "received",
            "time": at,
            "product_id": product,
            "sequence": self.number(seq),
            "order_id": order.order.to_string(),
            "side": order.side,
            "order_type": order.kind,
            "profile_id": order.account,
        });
        // For an amount, or for a size.
        set(&mut message, "size", order.funds.is_none().then_some(&order.quantity));
        set(&mut message, "funds", order.funds.as_ref());
        set(&mut message, "price", order.price.as_ref());
        set(&mut message, "client_oid", order.id.as_ref());
        Some(message)
    }

    fn filled(&mut self, fill: &Fill, seq: u64) -> Option<Value> {
        let product = self.product(&[Channel::User], Some(&fill.instrument))?;
        let own = fill.order.map_or_else(String::new, |order| order.to_string());
        let maker = fill.role.as_deref() == Some("maker");
        let (maker_id, taker_id) = if maker { (own.as_str(), ANOTHERS) } else { (ANOTHERS, own.as_str()) };
        // It is the side of the order that stood.
        let side = if maker {
            Some(if fill.side == Side::Buy { "buy" } else { "sell" })
        } else {
            maker_side(Some(fill.side))
        };
        let mut message = json!({
            "type": "match",
            "trade_id": fill.trade,
            "sequence": self.number(seq),
            "maker_order_id": maker_id,
            "taker_order_id": taker_id,
            "time": time(&fill.time),
            "product_id": product,
            "size": fill.quantity,
            "price": fill.price,
            "side": side,
            "profile_id": fill.account,
        });
        let rate = rate(&fill.fee, &fill.amount);
        set(&mut message, if maker { "maker_fee_rate" } else { "taker_fee_rate" }, Some(&rate));
        Some(message)
    }

    fn stands(&mut self, order: &Order, new: bool, at: &str, seq: u64) -> Option<Value> {
        let product = self.product(&[Channel::User], Some(&order.instrument));
        let before = if order.status == "open" {
            self.known.insert(order.order, order.known())
        } else {
            self.known.remove(&order.order)
        };
        let changed = before.is_some_and(|before| before != order.known());
        let kind = match order.status.as_str() {
            "open" if new => "open",
            "open" if changed => "change",
            // What traded was told.
            "open" => return None,
            _ => "done",
        };
        // Of what is done, it is what did not trade.
        let remaining =
            if kind == "done" { less(&order.quantity, &order.filled) } else { order.left.clone() };
        let mut message = json!({
            "type": kind,
            "time": at,
            "product_id": product?,
            "sequence": self.number(seq),
            "order_id": order.order.to_string(),
            "side": order.side,
            "profile_id": order.account,
        });
        set(&mut message, "remaining_size", order.funds.is_none().then_some(&remaining));
        set(&mut message, "price", order.price.as_ref());
        match kind {
            "change" => set(&mut message, "new_size", Some(&order.quantity)),
            "done" => {
                let reason = if order.status == "filled" { "filled" } else { "canceled" };
                set(&mut message, "reason", Some(&reason.to_owned()));
            }
            _ => {}
        }
        Some(message)
    }
}

impl Order {
    fn known(&self) -> Known {
        Known { price: self.price.clone(), quantity: self.quantity.clone() }
    }
}

fn set(message: &mut Value, name: &str, value: Option<&String>) {
    if let (Some(fields), Some(value)) = (message.as_object_mut(), value) {
        fields.insert(name.to_owned(), value.as_str().into());
    }
}

/// A quantity less another, with its decimals.
fn less(quantity: &str, other: &str) -> String {
    let decimals = quantity.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let units = units(quantity).saturating_sub(units(other));
    base::decimal::text(units, u8::try_from(decimals).unwrap_or(0))
}

fn units(text: &str) -> i128 {
    text.replace('.', "").parse().unwrap_or(0)
}

/// What part of an amount a fee is, to a millionth. Both have the decimals of the currency.
fn rate(fee: &str, amount: &str) -> String {
    let millionths = units(fee).saturating_mul(1_000_000).checked_div(units(amount)).unwrap_or(0);
    base::decimal::text(millionths, 6)
}

#[cfg(test)]
mod tests {
    use super::super::teller::Told;
    use super::*;
    use std::collections::BTreeMap;

    fn order(status: &str, left: &str) -> String {
        format!(
            r#"{{"order":7,"id":"a","account":"DJ","instrument":"B1","side":"buy","kind":"limit","life":"day","price":"98.00","trigger":null,"quantity":"3","filled":"0","left":"{left}","status":"{status}","ended":null,"listing":false}}"#
        )
    }

    #[test]
    fn what_is_left_of_a_quantity_has_its_decimals() {
        assert_eq!(
            (less("3", "1"), less("3.50", "1.25"), less("3", "3")),
            ("2".into(), "2.25".into(), "0".into())
        );
    }

    #[test]
    fn an_order_is_received_trades_stands_and_is_done() {
        let channels =
            BTreeMap::from([(Channel::User, BTreeMap::from([("B1".to_owned(), "B1-CNY".to_owned())]))]);
        let mut teller = Teller { channels, account: Some("DJ".to_owned()), ..Teller::default() };
        let fill = r#"{"trade":2,"sequence":9,"time":"2026-03-04T10:00:00+08:00","account":"DJ","instrument":"B1","side":"buy","price":"98.00","quantity":"1","amount":"98.00","fee":"0.49","order":7,"method":"continuous","role":"taker"}"#;
        let mut told = |orders: &str, fills: &str| -> Vec<Value> {
            let text = format!(
                r#"{{"channel":"drop_copy","seq":9,"prev":8,"time":"2026-03-04T10:00:00+08:00","type":"update","data":{{"orders":[{orders}],"fills":[{fills}]}}}}"#
            );
            teller.tell(Told::read(&text).unwrap())
        };
        let kinds = |messages: &[Value]| -> Vec<String> {
            messages.iter().map(|message| message["type"].as_str().unwrap().to_owned()).collect()
        };
        let first = told(&order("open", "2"), fill);
        assert_eq!(kinds(&first), ["received", "match", "open"]);
        assert_eq!(first[1]["taker_order_id"], "7");
        assert_eq!((&first[1]["side"], &first[1]["taker_fee_rate"]), (&json!("sell"), &json!("0.005000")));
        assert_eq!(first[2]["remaining_size"], "2");
        assert!(told(&order("open", "1"), "").is_empty());
        assert_eq!(kinds(&told(&order("open", "1").replace("98.00", "98.10"), "")), ["change"]);
        let done = told(&order("cancelled", "0"), "");
        assert_eq!((kinds(&done), &done[0]["reason"]), (vec!["done".to_owned()], &json!("canceled")));
        assert_eq!(done[0]["remaining_size"], "3", "what did not trade");
        assert!(told(&order("open", "3").replace("\"DJ\"", "\"HM\""), "").is_empty(), "another account's");
    }
}
