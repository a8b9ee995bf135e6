//! A book order by order: a copy that goes by its changes comes to what the node shows, and only where the node shows it.

use crate::book::{Dice, business};
use crate::common::Served;
use crate::socket::as_user;
use crate::{fund, order};
use serde_json::{Value, json};
use std::time::Duration;

/// The orders of one side, in the order in which they came to their places: price, number, what is shown.
type Side = Vec<(String, u64, u64)>;

/// A copy, as a client keeps it.
#[derive(Default)]
struct Copy {
    number: u64,
    bids: Side,
    asks: Side,
    trades: u32,
}

fn units(text: &Value) -> u64 {
    text.as_str().unwrap().parse().unwrap()
}

impl Copy {
    fn of(snapshot: &Value) -> Self {
        let side = |name: &str| -> Side {
            let all = snapshot["data"][name].as_array().unwrap().iter();
            let one = |one: &Value| {
                (
                    one["price"].as_str().unwrap().to_owned(),
                    one["order"].as_u64().unwrap(),
                    units(&one["quantity"]),
                )
            };
            all.map(one).collect()
        };
        Self {
            number: snapshot["data"]["number"].as_u64().unwrap(),
            bids: side("bids"),
            asks: side("asks"),
            trades: 0,
        }
    }

    fn take(&mut self, change: &Value) {
        assert_eq!(change["number"], self.number + 1, "{change}");
        self.number += 1;
        let side = if change["side"] == "buy" { &mut self.bids } else { &mut self.asks };
        let (order, quantity) = (change["order"].as_u64().unwrap(), units(&change["quantity"]));
        let place = side.iter().position(|one| one.1 == order);
        match (change["what"].as_str().unwrap(), place) {
            ("open", None) => side.push((change["price"].as_str().unwrap().to_owned(), order, quantity)),
            ("match", Some(place)) => {
                // What trades is the first of its price.
                let price = &side[place].0;
                assert!(side[..place].iter().all(|one| one.0 != *price), "{change}");
                self.trades += 1;
                side[place].2 -= quantity;
                if side[place].2 == 0 {
                    side.remove(place);
                }
            }
            ("change", Some(place)) => {
                assert!(quantity < side[place].2, "{change}");
                side[place].2 = quantity;
            }
            ("done", Some(place)) => drop(side.remove(place)),
            ("done", None) => assert_eq!(change["reason"], "filled", "{change}"),
            _ => panic!("{change} in {side:?}"),
        }
    }

    /// By price, each with its queue.
    fn sorted(&self) -> (Side, Side) {
        let by_price = |side: &Side, rising: bool| {
            let mut side = side.clone();
            let price = |one: &(String, u64, u64)| one.0.replace('.', "").parse::<i64>().unwrap();
            side.sort_by_key(|one| if rising { price(one) } else { -price(one) });
            side
        };
        (by_price(&self.bids, false), by_price(&self.asks, true))
    }
}

#[test]
fn a_copy_goes_by_its_changes() {
    let served = Served::with(|config| config.market_data.by_order = true);
    fund(&served);
    served.runtime().block_on(async {
        let topic = json!({ "channel": "queue", "instrument": "B2609" });
        let mut sockets = [(as_user(&served, "trader").await, "DJ"), (as_user(&served, "other").await, "HM")];
        let mut dice = Dice(23);
        business(&mut dice, &mut sockets, 40).await;
        let mut reader = as_user(&served, "auditor").await;
        let mut copy = Copy::of(&reader.snapshot(&topic).await);
        for round in 0..4 {
            business(&mut dice, &mut sockets, 80).await;
            // One that shows a part of itself, is met in several parts, and is made smaller in its place.
            let mut hidden = order("HM", "sell", "98.41", 9);
            hidden["display"] = json!(2_000);
            let answer = sockets[1].0.command("place_order", &hidden).await;
            sockets[0].0.command("place_order", &order("DJ", "buy", "98.45", 7)).await;
            let smaller = json!({ "account": "DJ", "price": "98.00", "quantity": 1_000 });
            let stands = sockets[0].0.command("place_order", &order("DJ", "buy", "98.00", 3)).await;
            for number in [&answer["created"]["number"], &stands["created"]["number"]] {
                let mut smaller = smaller.clone();
                smaller["order"] = number.clone();
                sockets[0].0.command("amend_order", &smaller).await;
            }
            for message in reader.rest(Duration::from_millis(700)).await {
                message["data"]["items"].as_array().unwrap().iter().for_each(|change| copy.take(change));
            }
            let shown = Copy::of(&as_user(&served, "watcher").await.snapshot(&topic).await);
            assert_eq!((copy.number, copy.sorted()), (shown.number, shown.sorted()), "round {round}");
        }
        assert!(copy.trades > 40, "{} trades", copy.trades);
    });
}

/// Many orders come, change, meet and go between two messages: the queues are told as they came to stand, and trades in them in turn.
#[test]
fn what_happens_at_once_is_told_in_turn() {
    let served = Served::with(|config| config.market_data.by_order = true);
    fund(&served);
    served.runtime().block_on(async {
        let topic = json!({ "channel": "queue", "instrument": "B2609" });
        let mut socket = as_user(&served, "trader").await;
        let mut reader = as_user(&served, "auditor").await;
        let mut copy = Copy::of(&reader.snapshot(&topic).await);
        let mut dice = Dice(5);
        let mut standing: Vec<u64> = Vec::new();
        for round in 0..30 {
            let burst = (0..40).map(|_| some_act(&mut dice, &standing)).collect();
            for answer in socket.commands(burst).await {
                standing.extend(answer["created"]["number"].as_u64());
            }
            for message in reader.rest(Duration::from_millis(300)).await {
                message["data"]["items"].as_array().unwrap().iter().for_each(|change| copy.take(change));
            }
            let shown = Copy::of(&as_user(&served, "watcher").await.snapshot(&topic).await);
            assert_eq!((copy.number, copy.sorted()), (shown.number, shown.sorted()), "round {round}");
            let stands = |number: &u64| shown.bids.iter().chain(&shown.asks).any(|one| one.1 == *number);
            standing.retain(stands);
        }
        assert!(copy.trades > 100, "{} trades", copy.trades);
    });
}

/// An act on few prices, so that queues are long: a new order, one that shows a part, a change up or down, or a cancellation.
fn some_act(dice: &mut Dice, standing: &[u64]) -> (&'static str, Value) {
    let cents = 40 + dice.throw(3);
    let lots = u32::try_from(1 + dice.throw(6)).unwrap();
    let kind = dice.throw(8);
    let of = standing.get(usize::try_from(dice.throw(standing.len().max(1) as u64)).unwrap());
    match (kind, of) {
        (0, Some(order)) => ("cancel_order", json!({ "account": "DJ", "order": order })),
        (1 | 2, Some(order)) => {
            let price = format!("98.{cents}");
            (
                "amend_order",
                json!({ "account": "DJ", "order": order, "price": price, "quantity": lots * 1_000 }),
            )
        }
        _ => {
            let side = if dice.throw(2) == 1 { "buy" } else { "sell" };
            let mut placed = order("DJ", side, &format!("98.{cents}"), lots);
            placed["self_trade"] = "allow".into();
            if kind == 3 && lots > 2 {
                placed["display"] = json!(2_000);
            }
            ("place_order", placed)
        }
    }
}

#[test]
fn orders_are_not_shown_one_by_one_unless_the_node_does() {
    let served = Served::start();
    served.runtime().block_on(async {
        let mut reader = as_user(&served, "trader").await;
        let answer = reader.subscribe(&json!({ "channel": "queue", "instrument": "B2609" })).await;
        assert_eq!(answer["problem"]["code"], "forbidden", "{answer}");
    });
    let answer = served.program("trader").get("/coinbase/products/B2609-CNY/book?level=3");
    assert_ne!(answer.status, 200);
}
