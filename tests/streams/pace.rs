//! Market data is told at a pace, and what is private at once: nothing is missing, nothing comes twice, and a snapshot between two
//! messages fits both.

use crate::common::Served;
use crate::copy::Copy;
use crate::socket::{Socket, as_user};
use crate::{fund, order};
use serde_json::{Value, json};

/// Trades.
const TRADES: u64 = 100;

/// Trade numbers and their records, as a message lists them.
fn listed(message: &Value) -> Vec<(u64, u64)> {
    let items = message["data"]["items"].as_array().unwrap();
    let number = |item: &Value, name: &str| item[name].as_u64().unwrap();
    items.iter().map(|item| (number(item, "trade"), number(item, "sequence"))).collect()
}

/// What a stream told after its snapshot, by the rule that a client keeps.
struct Told {
    at: u64,
    from: u64,
    messages: usize,
    trades: Vec<(u64, u64)>,
}

impl Told {
    fn after(snapshot: &Value) -> Self {
        let at = snapshot["seq"].as_u64().unwrap();
        assert!(listed(snapshot).iter().all(|(_, sequence)| *sequence <= at), "{snapshot}");
        Self { at, from: at, messages: 0, trades: Vec::new() }
    }

    fn take(&mut self, message: &Value) {
        let (seq, prev) = (message["seq"].as_u64().unwrap(), message["prev"].as_u64().unwrap());
        assert!(prev <= self.at && seq > self.at, "at {}: {message}", self.at);
        let found = listed(message);
        assert!(found.iter().all(|(_, sequence)| *sequence > self.at && *sequence <= seq), "{message}");
        assert_eq!(found.last().map(|(_, sequence)| *sequence), Some(seq), "{message}");
        (self.at, self.messages) = (seq, self.messages + 1);
        self.trades.extend(found);
    }
}

/// Sends so many orders, and does not wait for their answers.
async fn burst(socket: &mut Socket, account: &str, side: &str, count: u64) {
    for _ in 0..count {
        let mut message = order(account, side, "98.70", 1);
        (message["op"], message["do"]) = ("command".into(), "place_order".into());
        socket.send(&message).await;
    }
}

/// Reads answers, and gives the record of the last.
async fn answered(socket: &mut Socket, count: u64) -> u64 {
    let mut last = 0;
    for _ in 0..count {
        let answer = socket.until(|message| message["op"] == "answer").await;
        assert!(answer["problem"].is_null(), "{answer}");
        last = last.max(answer["sequence"].as_u64().unwrap_or_else(|| panic!("{answer}")));
    }
    last
}

#[test]
fn a_busy_market_is_told_together_and_nothing_is_missing() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let (mut buyer, mut seller) = (as_user(&served, "trader").await, as_user(&served, "other").await);
        let mut reader = as_user(&served, "auditor").await;
        let topic = |channel: &str| json!({ "channel": channel, "instrument": "B2609" });
        let mut told = Told::after(&reader.snapshot(&topic("trades")).await);
        let (mut copy, mut copy_late) = (Copy::default(), Copy::default());
        copy.take(&reader.snapshot(&topic("book")).await);
        let mut fills = as_user(&served, "trader").await;
        fills.snapshot(&json!({ "channel": "fills" })).await;

        burst(&mut seller, "HM", "sell", TRADES).await;
        answered(&mut seller, TRADES).await;
        burst(&mut buyer, "DJ", "buy", TRADES).await;
        // One that comes in the middle of it.
        let mut late = as_user(&served, "watcher").await;
        let mut told_late = Told::after(&late.snapshot(&topic("trades")).await);
        let last = answered(&mut buyer, TRADES).await;
        copy_late.take(&late.snapshot(&topic("book")).await);

        for (reader, told, copy) in
            [(&mut reader, &mut told, &mut copy), (&mut late, &mut told_late, &mut copy_late)]
        {
            for message in &reader.all {
                let message: Value = serde_json::from_str(message).unwrap();
                if message["channel"] == "trades" && message["type"] == "update" {
                    told.take(&message);
                }
            }
            while told.at < last || copy.seq < last {
                let message = reader.json().await;
                match message["channel"].as_str() {
                    Some("trades") => told.take(&message),
                    Some("book") => copy.take(&message),
                    other => panic!("{other:?}: {message}"),
                }
            }
        }
        let numbers: Vec<u64> = told.trades.iter().map(|(trade, _)| *trade).collect();
        assert_eq!(numbers.len() as u64, TRADES);
        assert!(numbers.is_sorted_by(|one, next| one + 1 == *next), "{numbers:?}");
        let later = told.trades.iter().filter(|(_, sequence)| *sequence > told_late.from);
        assert_eq!(later.copied().collect::<Vec<_>>(), told_late.trades);
        assert!(told.messages < numbers.len(), "{} messages of {TRADES} trades", told.messages);
        assert_eq!(copy.shown(), copy_late.shown());

        // What is private is told record by record.
        let mut own = Vec::new();
        while own.len() < numbers.len() {
            let message = fills.json().await;
            let found = listed(&message);
            assert_eq!((found.len(), Some(found[0].1)), (1, message["seq"].as_u64()), "{message}");
            own.extend(found);
        }
        assert_eq!(own, told.trades);
    });
}

#[test]
fn the_last_change_is_told_though_no_record_follows_it() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let mut reader = as_user(&served, "auditor").await;
        let book = json!({ "channel": "book", "instrument": "B2609" });
        let mut copy = Copy::default();
        copy.take(&reader.snapshot(&book).await);
        reader.snapshot(&json!({ "channel": "ticker" })).await;
        let mut seller = as_user(&served, "other").await;
        burst(&mut seller, "HM", "sell", 30).await;
        let last = answered(&mut seller, 30).await;
        let (mut ticker, began) = (0, copy.seq);
        while copy.seq < last || ticker <= began {
            let message = reader.json().await;
            match message["channel"].as_str() {
                Some("ticker") => ticker = message["seq"].as_u64().unwrap(),
                _ => copy.take(&message),
            }
        }
        assert_eq!(
            copy.asks.values().next().map(|(_, quantity, orders)| (quantity.as_str(), *orders)),
            Some(("30000", 30))
        );
    });
}
