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
