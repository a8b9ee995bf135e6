//! Market data: the book, resumption, and what stands beside it.

use crate::common::Served;
use crate::copy::Copy;
use crate::socket::{Socket, as_user};
use crate::{fund, order};
use serde_json::{Value, json};
use std::time::Duration;

/// A small random source.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    pub(crate) fn below(&mut self, sides: usize) -> usize {
        usize::try_from(self.throw(sides as u64)).unwrap()
    }
}

/// So many random orders, amendments and cancellations of both sides. Gives the record of the last.
pub(crate) async fn business(dice: &mut Dice, sockets: &mut [(Socket, &str)], steps: u32) -> u64 {
    let mut last = 0;
    let mut standing: Vec<(usize, u64)> = Vec::new();
    for _ in 0..steps {
        let who = usize::from(dice.throw(2) == 1);
        let (socket, account) = &mut sockets[who];
        let answer = match dice.throw(4) {
            0 if !standing.is_empty() => {
                let place = usize::try_from(dice.throw(standing.len() as u64)).unwrap();
                let (owner, number) = standing.swap_remove(place);
                let (socket, account) = &mut sockets[owner];
                socket.command("cancel_order", &json!({ "account": account, "order": number })).await
            }
            kind => {
                let (side, base) = if dice.throw(2) == 1 { ("buy", 9_840) } else { ("sell", 9_850) };
                let spread = if kind == 1 { 30 } else { 80 };
                let price = base + dice.throw(spread) - if side == "buy" { spread / 2 } else { 20 };
                let price = format!("{}.{:02}", price / 100, price % 100);
                let lots = u32::try_from(1 + dice.throw(5)).unwrap();
                socket.command("place_order", &order(account, side, &price, lots)).await
            }
        };
        if answer["created"]["kind"] == "order" {
            standing.push((who, answer["created"]["number"].as_u64().unwrap()));
        }
        last = last.max(answer["sequence"].as_u64().unwrap_or(0));
        last = last.max(answer["problem"]["sequence"].as_u64().unwrap_or(0));
    }
    last
}

async fn follow(reader: &mut Socket, copy: &mut Copy) {
    for message in reader.rest(Duration::from_millis(700)).await {
        if message["channel"] == "book" {
            copy.take(&message);
        }
    }
}

#[test]
fn snapshot_and_deltas_rebuild_the_book() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let topic = json!({ "channel": "book", "instrument": "B2609" });
        let mut sockets = [(as_user(&served, "trader").await, "DJ"), (as_user(&served, "other").await, "HM")];
        let mut dice = Dice(7);
        business(&mut dice, &mut sockets, 60).await;
        let mut reader = as_user(&served, "auditor").await;
        let mut copy = Copy::default();
        copy.take(&reader.snapshot(&topic).await);
        assert!(!copy.bids.is_empty() && !copy.asks.is_empty());
        let mut late = None;
        for round in 0..4 {
            business(&mut dice, &mut sockets, 100).await;
            follow(&mut reader, &mut copy).await;
            if round == 1 {
                // One that comes in the middle of it.
                let mut reader = as_user(&served, "watcher").await;
                let mut copy = Copy::default();
                copy.take(&reader.snapshot(&topic).await);
                late = Some((reader, copy));
            }
        }
        assert!(copy.messages > 4, "{} messages", copy.messages);
        let (mut reader, mut other) = late.unwrap();
        follow(&mut reader, &mut other).await;
        assert_eq!((&other.bids, &other.asks), (&copy.bids, &copy.asks));
        let book = served.program("auditor").get("/v1/instruments/B2609/book?levels=50").good();
        assert_eq!((book["bids"].clone(), book["asks"].clone()), copy.shown());
        assert!(copy.bids.len() > 20, "{} prices", copy.bids.len());
    });
}

#[test]
fn who_comes_back_gets_what_was_missed_and_nothing_else() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let mut sockets = [(as_user(&served, "trader").await, "DJ"), (as_user(&served, "other").await, "HM")];
        let mut dice = Dice(11);
        let channels = ["book", "trades", "candles"];
        let topic = |channel: &str| json!({ "channel": channel, "instrument": "B2609" });
        let (mut stays, mut goes) = (as_user(&served, "auditor").await, as_user(&served, "auditor").await);
        let mut at = Vec::new();
        for channel in channels {
            stays.snapshot(&topic(channel)).await;
            at.push(goes.snapshot(&topic(channel)).await["seq"].as_u64().unwrap());
        }
        business(&mut dice, &mut sockets, 40).await;
        for message in goes.rest(Duration::from_millis(700)).await {
            let place = channels.iter().position(|channel| message["channel"] == *channel).unwrap();
            at[place] = message["seq"].as_u64().unwrap();
        }
        drop(goes);
        business(&mut dice, &mut sockets, 40).await;
        stays.rest(Duration::from_millis(700)).await;
        for (channel, at) in channels.iter().zip(at) {
            let mut back = as_user(&served, "auditor").await;
            let mut again = topic(channel);
            again["from"] = at.into();
            let said = back.subscribe(&again).await;
            assert_eq!(said["resumed"], true, "{said}");
            back.rest(Duration::from_millis(700)).await;
            let later = |text: &&String| {
                let message: Value = serde_json::from_str(text).unwrap();
                message["channel"] == *channel
                    && message["type"] == "update"
                    && message["seq"].as_u64() > Some(at)
            };
            let (missed, told) = (stays.all.iter().filter(later), back.all.iter().filter(later));
            let (missed, told): (Vec<_>, Vec<_>) = (missed.collect(), told.collect());
            assert!(!missed.is_empty(), "{channel}");
            assert_eq!(missed, told, "{channel}");
            let first: Value = serde_json::from_str(told[0]).unwrap();
            assert_eq!(first["prev"].as_u64(), Some(at), "{channel}");
        }
        // Before the stream began, and after the end of the log: nobody knows what was missed.
        for from in [1, 1_000_000] {
            let mut back = as_user(&served, "auditor").await;
            let mut again = topic("book");
            again["from"] = from.into();
            back.snapshot(&again).await;
        }
    });
}

#[test]
fn trades_candles_prices_and_phases() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let mut reader = as_user(&served, "auditor").await;
        for channel in ["trades", "candles", "listings"] {
            reader.snapshot(&json!({ "channel": channel, "instrument": "B2609" })).await;
        }
        let ticker = reader.snapshot(&json!({ "channel": "ticker" })).await;
        assert_eq!(ticker["data"]["items"].as_array().unwrap().len(), 2, "{ticker}");
        let status = reader.snapshot(&json!({ "channel": "status" })).await;
        assert_eq!(status["data"]["markets"].as_array().unwrap().len(), 2, "{status}");
        let (mut buyer, mut seller) = (as_user(&served, "trader").await, as_user(&served, "other").await);
        seller.command("place_order", &order("HM", "sell", "98.70", 2)).await;
        seller.command("place_order", &order("HM", "sell", "98.72", 3)).await;
        let answer = buyer.command("place_order", &order("DJ", "buy", "98.72", 4)).await;
        let seq = answer["sequence"].as_u64().unwrap();
        let (mut trades, mut candle, mut tick) = (None, None, None);
        while trades.is_none() || candle.is_none() || tick.is_none() {
            let message = reader.json().await;
            match message["channel"].as_str().unwrap() {
                "trades" => trades = Some(message),
                "candles" => candle = Some(message),
                "ticker" if message["data"]["items"][0]["last"] == "98.72" => tick = Some(message),
                _ => {}
            }
        }
        let (trades, candle, tick) = (trades.unwrap(), candle.unwrap(), tick.unwrap());
        assert_eq!((trades["seq"].as_u64(), candle["seq"].as_u64()), (Some(seq), Some(seq)));
        let items = trades["data"]["items"].as_array().unwrap();
        let shown: Vec<_> =
            items.iter().map(|item| (&item["price"], &item["quantity"], &item["side"])).collect();
        let text = |text: &str| Value::from(text);
        let (buy, first, second) = (text("buy"), text("98.70"), text("98.72"));
        assert_eq!(shown, [(&first, &text("2000"), &buy), (&second, &text("2000"), &buy)]);
        let shown = |name: &str| candle["data"][name].clone();
        assert_eq!(
            [shown("open"), shown("high"), shown("low"), shown("close"), shown("volume")],
            [text("98.70"), text("98.72"), text("98.70"), text("98.72"), text("4000")]
        );
        let one = &tick["data"]["items"][0];
        assert_eq!((&one["code"], &one["ask"], &one["volume"]), (&text("B2609"), &second, &text("4000")));

        let halt = json!({ "instrument": "B2609", "reason": "a test" });
        served.program("supervisor").post("/v1/commands/halt", &halt).good();
        let status = reader.until(|message| message["channel"] == "status").await;
        assert_eq!(status["data"]["items"][0]["halted"], true, "{status}");
        assert_eq!(status["data"]["items"].as_array().unwrap().len(), 1, "only what changed: {status}");
    });
}

#[test]
fn the_minute_that_runs_is_known_after_a_new_start() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let (mut buyer, mut seller) = (as_user(&served, "trader").await, as_user(&served, "other").await);
        seller.command("place_order", &order("HM", "sell", "98.70", 2)).await;
        buyer.command("place_order", &order("DJ", "buy", "98.70", 1)).await;
    });
    let dir = served.stop();
    let listen = ([127, 0, 0, 1], 0).into();
    let config = huangpu::config::Config { listen, ..huangpu::config::Config::default() };
    let served = Served::serve(crate::common::open(dir.path()), config, dir);
    served.runtime().block_on(async {
        let mut reader = as_user(&served, "auditor").await;
        let snapshot = reader.snapshot(&json!({ "channel": "candles", "instrument": "B2609" })).await;
        let shown = |name: &str| snapshot["data"][name].clone();
        assert_eq!(
            [shown("open"), shown("volume"), shown("trades")],
            ["98.70".into(), "1000".into(), json!(1)]
        );
        as_user(&served, "trader").await.command("place_order", &order("DJ", "buy", "98.70", 1)).await;
        let candle = reader.json().await;
        let listed =
            served.program("auditor").get("/v1/instruments/B2609/candles?interval=1m&limit=1").good();
        assert_eq!(candle["data"], listed["items"][0], "the day's orders stood through the night: {candle}");
    });
}

#[test]
fn listings_come_and_go() {
    let served = Served::start();
    served.runtime().block_on(async {
        let mut reader = as_user(&served, "auditor").await;
        reader.snapshot(&json!({ "channel": "listings", "instrument": "CEA26" })).await;
        let mut seller = as_user(&served, "trader").await;
        let listing =
            json!({ "account": "DJ", "instrument": "CEA26", "side": "sell", "price": "70.00", "quantity": 1_000 });
        let answer = seller.command("place_listing", &listing).await;
        let number = answer["created"]["number"].clone();
        let placed = reader.until(|message| message["type"] == "update").await;
        let one = &placed["data"]["asks"][0];
        assert_eq!((&one["listing"], &one["price"]), (&number, &"70.00".into()), "{placed}");
        seller.command("cancel_order", &json!({ "account": "DJ", "order": number })).await;
        let gone = reader.until(|message| message["type"] == "update").await;
        assert_eq!(gone["data"]["gone"], json!([number]), "{gone}");
    });
}
