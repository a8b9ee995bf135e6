//! From the node's own messages to those of this feed. Everything a connection is told passes here, in order.

use super::user::{self, Firm};
use super::words::Channel;
use crate::serve::book::Level;
use crate::serve::coinbase::history::maker_side;
use crate::serve::coinbase::orders::NO_ORDER as ANOTHERS;
use crate::serve::coinbase::utc;
use crate::serve::stream::QueueChange;
use base::Side;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

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
    /// The last trade of each instrument whose trades are told or shown, by code.
    pub(super) trades: BTreeMap<String, Trade>,
    /// The same of those that made a price.
    pub(super) prices: BTreeMap<String, Trade>,
    /// What is to be told of the prices of a product at the next beat.
    pub(super) batch: BTreeMap<String, Value>,
}

/// A message of the node.
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) channel: String,
    pub(super) instrument: Option<String>,
    pub(super) seq: u64,
    time: String,
    r#type: String,
    data: Value,
}

impl Told {
    /// A message of the node; what this feed says itself is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.starts_with("{\"type\"") { None } else { serde_json::from_str(text).ok() }
    }

    /// Whether it begins a stream of trades that has told none yet: there may be some from before it began.
    pub(super) fn lacks_trades(&self) -> bool {
        let empty = || self.data.get("items").and_then(Value::as_array).is_some_and(Vec::is_empty);
        self.channel == "trades" && self.r#type == "snapshot" && empty()
    }

    /// With trades from before the stream began, in order.
    pub(super) fn with_trades(&mut self, trades: Vec<Trade>) {
        self.data = json!({ "items": trades });
    }
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

/// A trade, as everyone sees it.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Trade {
    pub(super) trade: u64,
    pub(super) time: String,
    pub(super) price: String,
    pub(super) quantity: String,
    pub(super) method: String,
    pub(super) side: Option<Side>,
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
    bid_quantity: Option<String>,
    ask: Option<String>,
    ask_quantity: Option<String>,
}

/// The time of a message, as this API writes it.
pub(super) fn time(text: &str) -> String {
    gateway::parse_time(text).map_or_else(|| text.to_owned(), utc)
}

impl Teller {
    /// What is sent for a message of the node.
    pub(super) fn tell(&mut self, told: Told) -> Vec<Value> {
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
            "queue" if !snapshot => {
                let product = self.product(&[Channel::Full], told.instrument.as_deref());
                let changes = read::<Items<QueueChange>>(told.data).map_or_else(Vec::new, |all| all.items);
                let told = product.map(|product| changes.iter().map(move |one| by_order(&product, &at, one)));
                told.into_iter().flatten().collect()
            }
            "trades" => match (read::<Items<Trade>>(told.data), told.instrument) {
                (Some(trades), Some(code)) => self.traded(&code, &trades.items, snapshot, seq),
                _ => Vec::new(),
            },
            "ticker" => {
                let ticks = read::<Items<Tick>>(told.data).map_or_else(Vec::new, |ticks| ticks.items);
                ticks.iter().filter_map(|tick| self.ticked(tick, snapshot, &at, seq)).collect()
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

    /// Trades of an instrument: they are remembered, and told to who listens.
    fn traded(&mut self, code: &str, trades: &[Trade], snapshot: bool, seq: u64) -> Vec<Value> {
        for trade in trades {
            self.trades.insert(code.to_owned(), trade.clone());
            if matches!(trade.method.as_str(), "listed" | "continuous") {
                self.prices.insert(code.to_owned(), trade.clone());
            }
        }
        let Some(product) = self.product(&[Channel::Matches], Some(code)) else { return Vec::new() };
        // Whoever is told of every order is told of its trades there.
        if !snapshot && self.product(&[Channel::Full], Some(code)).is_some() {
            return Vec::new();
        }
        let (kind, from) =
            if snapshot { ("last_match", trades.len().saturating_sub(1)) } else { ("match", 0) };
        trades[from..].iter().map(|trade| self.matched(kind, &product, trade, seq)).collect()
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

    /// The prices of an instrument: told at once, or kept for the next beat of those who listen in batches.
    fn ticked(&mut self, tick: &Tick, snapshot: bool, at: &str, seq: u64) -> Option<Value> {
        let of = |channel| self.product(&[channel], Some(&tick.code));
        let (told, batched) = (of(Channel::Ticker), of(Channel::TickerBatch));
        let product = told.as_ref().or(batched.as_ref())?;
        let trade = self.prices.get(&tick.code);
        let message = json!({
            "type": "ticker",
            "product_id": product,
            "price": tick.last.as_ref().or(trade.map(|trade| &trade.price)),
            "open_24h": tick.open,
            "volume_24h": tick.volume,
            "low_24h": tick.low,
            "high_24h": tick.high,
            "best_bid": or_zero(tick.bid.as_ref()),
            "best_bid_size": or_zero(tick.bid_quantity.as_ref()),
            "best_ask": or_zero(tick.ask.as_ref()),
            "best_ask_size": or_zero(tick.ask_quantity.as_ref()),
            // Here it is the side of the order that came in.
            "side": trade.and_then(|trade| trade.side),
            "time": at,
            "trade_id": trade.map(|trade| trade.trade),
            "last_size": trade.map(|trade| &trade.quantity),
        });
        if told.is_some() || snapshot {
            return Some(self.numbered(message, seq));
        }
        self.batch.insert(product.clone(), message);
        None
    }

    /// What waited for the beat.
    pub(super) fn batched(&mut self, seq: u64) -> Vec<Value> {
        let waiting = std::mem::take(&mut self.batch);
        waiting.into_values().map(|message| self.numbered(message, seq)).collect()
    }

    fn numbered(&mut self, mut message: Value, seq: u64) -> Value {
        message["sequence"] = self.number(seq).into();
        message
    }

    /// The last trade of an instrument that is told or shown.
    pub(super) fn last_trade(&self, code: &str) -> Option<u64> {
        self.trades.get(code).map(|trade| trade.trade)
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

/// A side of a book without orders is told as zero at zero: clients read a number there.
fn or_zero(text: Option<&String>) -> &str {
    text.map_or("0", String::as_str)
}

fn read<T: serde::de::DeserializeOwned>(data: Value) -> Option<T> {
    serde_json::from_value(data).ok()
}

/// A change of the orders of a book. Its number is that of the change: one more than the last.
fn by_order(product: &str, at: &str, change: &QueueChange) -> Value {
    let QueueChange { number, what, side, price, quantity, trade, with, .. } = change;
    let order = change.order.to_string();
    let mut message = json!({
        "type": what,
        "time": at,
        "product_id": product,
        "sequence": number,
        "side": side,
        "price": price,
    });
    let own = match what.as_str() {
        "match" => json!({
            "trade_id": trade,
            "maker_order_id": order,
            "taker_order_id": with.map(|with| with.to_string()),
            "size": quantity,
        }),
        "change" => json!({ "order_id": order, "new_size": quantity }),
        "done" => {
            let reason = if change.reason.as_deref() == Some("filled") { "filled" } else { "canceled" };
            json!({ "order_id": order, "remaining_size": quantity, "reason": reason })
        }
        _ => json!({ "order_id": order, "remaining_size": quantity }),
    };
    if let (Some(all), Value::Object(own)) = (message.as_object_mut(), own) {
        all.extend(own);
    }
    message
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
        Told::read(text).map_or_else(Vec::new, |told| teller.tell(told))
    }

    #[test]
    fn a_book_is_a_snapshot_and_then_changes() {
        let mut teller = teller(&[Channel::Level2]);
        let first = r#"{"channel":"book","instrument":"B1","seq":5,"prev":0,"time":"2026-03-04T10:00:00+08:00","type":"snapshot","data":{"bids":[["98.00","1000",1]],"asks":[],"checksum":1,"phase":"continuous","indication":null}}"#;
        let wanted = json!({"type": "snapshot", "product_id": "B1-CNY", "time": "2026-03-04T02:00:00.000000Z", "bids": [["98.00", "1000"]], "asks": []});
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

    #[test]
    fn prices_are_told_with_their_trade_and_in_batches_at_the_beat() {
        let trades = r#"{"channel":"trades","instrument":"B1","seq":8,"prev":0,"time":"2026-03-04T10:00:00+08:00","type":"snapshot","data":{"items":[]}}"#;
        let tick = |kind: &str, bid: &str| {
            format!(
                r#"{{"channel":"ticker","seq":9,"prev":8,"time":"2026-03-04T10:00:00+08:00","type":"{kind}","data":{{"items":[{{"code":"B1","reference":"97.00","last":"98.00","open":"98.00","high":"98.00","low":"98.00","close":"98.00","change":"1.00","volume":"7","amount":"686.00","bid":{bid},"bid_quantity":"3","ask":null,"ask_quantity":null}}]}}}}"#
            )
        };
        let mut teller = teller(&[Channel::TickerBatch]);
        let mut begun = Told::read(trades).unwrap();
        assert!(begun.lacks_trades());
        let trade = |trade, method: &str| Trade {
            trade,
            time: "2026-03-04T10:00:00+08:00".to_owned(),
            price: "98.00".to_owned(),
            quantity: "1".to_owned(),
            method: method.to_owned(),
            side: Some(Side::Buy),
        };
        begun.with_trades(vec![trade(4, "continuous"), trade(5, "block")]);
        assert!(!begun.lacks_trades());
        assert!(teller.tell(begun).is_empty(), "nobody listens to matches");
        assert_eq!(teller.last_trade("B1"), Some(5));
        let first = told(&mut teller, &tick("snapshot", "\"97.90\""));
        let shown =
            ["price", "best_bid", "best_bid_size", "best_ask", "last_size", "side", "trade_id", "sequence"]
                .map(|name| first[0][name].clone());
        let wanted = [
            json!("98.00"),
            json!("97.90"),
            json!("3"),
            json!("0"),
            json!("1"),
            json!("buy"),
            json!(4),
            json!(9),
        ];
        assert_eq!(shown, wanted, "{first:?}");
        assert!(told(&mut teller, &tick("update", "\"97.91\"")).is_empty());
        assert!(told(&mut teller, &tick("update", "\"97.92\"")).is_empty());
        let beat = teller.batched(11);
        assert_eq!(
            (beat.len(), &beat[0]["best_bid"], &beat[0]["sequence"]),
            (1, &json!("97.92"), &json!(11))
        );
        assert!(teller.batched(12).is_empty());
    }

    #[test]
    fn every_order_is_told_to_who_asked_for_all_of_them() {
        let mut teller = teller(&[Channel::Full, Channel::Matches]);
        let change = |number: u64, what: &str, more: &str| {
            format!(
                r#"{{"number":{number},"what":"{what}","order":7,"side":"sell","price":"98.00","quantity":"3"{more}}}"#
            )
        };
        let items = [
            change(4, "open", ""),
            change(5, "match", r#","trade":2,"with":8"#),
            change(6, "change", ""),
            change(7, "done", r#","reason":"amended""#),
        ];
        let text = format!(
            r#"{{"channel":"queue","instrument":"B1","seq":9,"prev":8,"time":"2026-03-04T10:00:00+08:00","type":"update","data":{{"items":[{}]}}}}"#,
            items.join(",")
        );
        let all = told(&mut teller, &text);
        let kinds: Vec<_> = all.iter().map(|one| (one["type"].as_str().unwrap(), &one["sequence"])).collect();
        assert_eq!(
            kinds,
            [("open", &json!(4)), ("match", &json!(5)), ("change", &json!(6)), ("done", &json!(7))]
        );
        assert_eq!((&all[0]["order_id"], &all[0]["remaining_size"]), (&json!("7"), &json!("3")));
        let (maker, taker) = (&all[1]["maker_order_id"], &all[1]["taker_order_id"]);
        assert_eq!((maker, taker, &all[1]["size"]), (&json!("7"), &json!("8"), &json!("3")));
        assert_eq!((&all[2]["new_size"], &all[3]["reason"]), (&json!("3"), &json!("canceled")));
        let trade = r#"{"channel":"trades","instrument":"B1","seq":9,"prev":8,"time":"2026-03-04T10:00:00+08:00","type":"update","data":{"items":[{"trade":2,"sequence":9,"time":"2026-03-04T10:00:00+08:00","price":"98.00","quantity":"3","amount":"294.00","method":"continuous","side":"buy"}]}}"#;
        assert!(told(&mut teller, trade).is_empty(), "a trade is told once");
    }
}
