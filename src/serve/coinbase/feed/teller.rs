//! From the node's own messages to those of this feed. Everything a connection is told passes here, in order.

use super::user::{self, Firm};
use super::words::Channel;
use crate::serve::book::Level;
use crate::serve::coinbase::history::maker_side;
use crate::serve::coinbase::utc;
use axum::extract::ws::Utf8Bytes;
use base::Side;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// In the place of the number of an order that is not the reader's own.
pub(super) const ANOTHERS: &str = "00000000-0000-0000-0000-000000000000";

/// What a connection is told, and how.
#[derive(Default)]
pub(super) struct Teller {
    /// For each channel the instruments that are told of, by code, and what they are called here.
    pub(super) channels: BTreeMap<Channel, BTreeMap<String, String>>,
    /// The account whose orders are told.
    pub(super) account: Option<String>,
    /// Its orders that were told.
    pub(super) known: BTreeMap<u64, user::Known>,
    /// The number of the last message: each has a higher one.
    pub(super) last: u64,
}

/// A message of the node.
#[derive(Deserialize)]
struct Told {
    channel: String,
    instrument: Option<String>,
    seq: u64,
    time: String,
    r#type: String,
    data: Value,
}

#[derive(Deserialize)]
struct Book {
    bids: Vec<Level>,
    asks: Vec<Level>,
}

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

#[derive(Deserialize)]
struct Trade {
    trade: u64,
    time: String,
    price: String,
    quantity: String,
    side: Option<Side>,
}

#[derive(Deserialize)]
struct Tick {
    code: String,
    last: Option<String>,
    open: Option<String>,
    high: Option<String>,
    low: Option<String>,
    volume: String,
    bid: Option<String>,
    ask: Option<String>,
}

/// The time of a message, as this API writes it.
pub(super) fn time(text: &str) -> String {
    gateway::parse_time(text).map_or_else(|| text.to_owned(), utc)
}

impl Teller {
    /// What is sent for a message of the node. What this feed says itself passes as it is.
    pub(super) fn translate(&mut self, text: Utf8Bytes) -> Vec<Utf8Bytes> {
        if text.starts_with("{\"type\"") {
            return vec![text];
        }
        let Ok(told) = serde_json::from_str::<Told>(&text) else { return Vec::new() };
        self.tell(told).into_iter().map(|message| message.to_string().into()).collect()
    }

    fn tell(&mut self, told: Told) -> Vec<Value> {
        let snapshot = told.r#type == "snapshot";
        let (at, seq) = (time(&told.time), told.seq);
        match told.channel.as_str() {
            "book" => {
                let book = read::<Book>(told.data);
                let product =
                    self.product(&[Channel::Level2, Channel::Level2Batch], told.instrument.as_deref());
                let message =
                    product.zip(book).and_then(|(product, book)| level2(&product, &at, snapshot, &book));
                message.into_iter().collect()
            }
            "trades" => {
                let trades = read::<Items<Trade>>(told.data).map_or_else(Vec::new, |trades| trades.items);
                let Some(product) = self.product(&[Channel::Matches], told.instrument.as_deref()) else {
                    return Vec::new();
                };
                let (kind, from) =
                    if snapshot { ("last_match", trades.len().saturating_sub(1)) } else { ("match", 0) };
                trades[from..].iter().map(|trade| self.matched(kind, &product, trade, seq)).collect()
            }
            "ticker" => {
                let ticks = read::<Items<Tick>>(told.data).map_or_else(Vec::new, |ticks| ticks.items);
                let tick = |tick: Tick| {
                    let product = self.product(&[Channel::Ticker], Some(&tick.code))?;
                    Some(self.ticked(&product, &tick, &at, seq))
                };
                ticks.into_iter().filter_map(tick).collect()
            }
            "drop_copy" => match read::<Firm>(told.data) {
                Some(firm) => self.of_the_account(firm, snapshot, &at, seq),
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// What an instrument is called here, if one of these channels tells of it.
    pub(super) fn product(&self, channels: &[Channel], code: Option<&str>) -> Option<String> {
        channels.iter().find_map(|channel| self.channels.get(channel)?.get(code?).cloned())
    }

    /// The number of the next message: that of its record, or one more than the last.
    pub(super) fn number(&mut self, seq: u64) -> u64 {
        self.last = seq.max(self.last + 1);
        self.last
    }

    fn matched(&mut self, kind: &str, product: &str, trade: &Trade, seq: u64) -> Value {
        json!({
            "type": kind,
            "trade_id": trade.trade,
            "maker_order_id": ANOTHERS,
            "taker_order_id": ANOTHERS,
            "side": maker_side(trade.side),
            "size": trade.quantity,
            "price": trade.price,
            "product_id": product,
            "sequence": self.number(seq),
            "time": time(&trade.time),
        })
    }

    fn ticked(&mut self, product: &str, tick: &Tick, at: &str, seq: u64) -> Value {
        json!({
            "type": "ticker",
            "sequence": self.number(seq),
            "product_id": product,
            "price": tick.last,
            "open_24h": tick.open,
            "volume_24h": tick.volume,
            "low_24h": tick.low,
            "high_24h": tick.high,
            "best_bid": tick.bid,
            "best_ask": tick.ask,
            "time": at,
        })
    }

    /// Channels and their products, as the client is told that it has them.
    pub(super) fn subscriptions(&self) -> Value {
        let channels: Vec<Value> = self
            .channels
            .iter()
            .map(|(channel, products)| {
                let names: BTreeSet<&String> = products.values().collect();
                json!({ "name": channel.name(), "product_ids": names })
            })
            .collect();
        json!({ "type": "subscriptions", "channels": channels })
    }
}

fn read<T: serde::de::DeserializeOwned>(data: Value) -> Option<T> {
    serde_json::from_value(data).ok()
}

fn level2(product: &str, at: &str, snapshot: bool, book: &Book) -> Option<Value> {
    if snapshot {
        let side = |levels: &[Level]| -> Vec<[String; 2]> {
            levels.iter().map(|Level(price, quantity, _)| [price.clone(), quantity.clone()]).collect()
        };
        let (bids, asks) = (side(&book.bids), side(&book.asks));
        return Some(
            json!({ "type": "snapshot", "product_id": product, "time": at, "bids": bids, "asks": asks }),
        );
    }
    let sides = [("buy", &book.bids), ("sell", &book.asks)];
    let changes: Vec<[&str; 3]> = sides
        .iter()
        .flat_map(|(side, levels)| {
            levels.iter().map(move |Level(price, quantity, _)| [*side, price.as_str(), quantity.as_str()])
        })
        .collect();
    let told = || json!({ "type": "l2update", "product_id": product, "time": at, "changes": changes });
    (!changes.is_empty()).then(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn teller(channels: &[Channel]) -> Teller {
        let product = || BTreeMap::from([("B1".to_owned(), "B1-CNY".to_owned())]);
        let channels = channels.iter().map(|channel| (*channel, product())).collect();
        Teller { channels, account: Some("DJ".to_owned()), ..Teller::default() }
    }

    fn told(teller: &mut Teller, text: &str) -> Vec<Value> {
        teller.translate(text.into()).iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    #[test]
    fn a_book_is_a_snapshot_and_then_changes() {
        let mut teller = teller(&[Channel::Level2]);
        let first = r#"{"channel":"book","instrument":"B1","seq":5,"prev":0,"time":"2026-03-04T10:00:00+08:00","type":"snapshot","data":{"bids":[["98.00","1000",1]],"asks":[],"checksum":1,"phase":"continuous","indication":null}}"#;
        let wanted = json!({"type": "snapshot", "product_id": "B1-CNY", "time": "2026-03-04T02:00:00Z", "bids": [["98.00", "1000"]], "asks": []});
        assert_eq!(told(&mut teller, first), [wanted]);
        let next = r#"{"channel":"book","instrument":"B1","seq":6,"prev":5,"time":"2026-03-04T10:00:01+08:00","type":"update","data":{"bids":[["98.00","0",0]],"asks":[["98.10","5",2]]}}"#;
        let changes = json!([["buy", "98.00", "0"], ["sell", "98.10", "5"]]);
        assert_eq!(told(&mut teller, next)[0]["changes"], changes);
        let phase = r#"{"channel":"book","instrument":"B1","seq":7,"prev":6,"time":"2026-03-04T10:00:01+08:00","type":"update","data":{"bids":[],"asks":[]}}"#;
        assert!(told(&mut teller, phase).is_empty(), "nothing of the levels changed");
        assert!(told(&mut teller, &first.replace("B1", "B2")).is_empty(), "another one");
        assert!(told(&mut teller, r#"{"op":"subscribed","channel":"book"}"#).is_empty());
    }

    #[test]
    fn every_match_has_the_makers_side_and_a_number_of_its_own() {
        let mut teller = teller(&[Channel::Matches]);
        let trade = |trade: u64, side: &str| {
            format!(
                r#"{{"trade":{trade},"sequence":9,"time":"2026-03-04T10:00:00+08:00","price":"98.00","quantity":"1","amount":"98.00","method":"continuous","side":{side}}}"#
            )
        };
        let text = format!(
            r#"{{"channel":"trades","instrument":"B1","seq":9,"prev":8,"time":"2026-03-04T10:00:00+08:00","type":"update","data":{{"items":[{},{}]}}}}"#,
            trade(1, "\"buy\""),
            trade(2, "null"),
        );
        let matches = told(&mut teller, &text);
        assert_eq!((&matches[0]["side"], &matches[0]["sequence"]), (&json!("sell"), &json!(9)));
        assert_eq!((&matches[1]["side"], &matches[1]["sequence"]), (&Value::Null, &json!(10)));
    }
}
