//! What is somebody's own: told to its owner, and to nobody else.

use crate::book::{Dice, business};
use crate::common::Served;
use crate::socket::{as_user, with_key};
use crate::{fund, order};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const OWN: [&str; 4] = ["orders", "fills", "settlement", "drop_copy"];

fn accounts(message: &Value) -> Vec<String> {
    let data = &message["data"];
    let lists = ["items", "orders", "fills"].iter().filter_map(|name| data[*name].as_array());
    lists.flatten().filter_map(|item| item["account"].as_str().map(str::to_owned)).collect()
}

#[test]
fn everyone_is_told_of_its_own() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let (mut buyer, mut seller) = (as_user(&served, "trader").await, as_user(&served, "other").await);
        for (socket, account) in [(&mut buyer, "DJ"), (&mut seller, "HM")] {
            for channel in OWN {
                socket.snapshot(&json!({ "channel": channel })).await;
            }
            socket.snapshot(&json!({ "channel": "holdings", "account": account })).await;
        }
        let sold = seller.command("place_order", &order("HM", "sell", "98.70", 3)).await;
        let bought = buyer.command("place_order", &order("DJ", "buy", "98.70", 2)).await;
        let seq = bought["sequence"].as_u64().unwrap();
        let quiet = Duration::from_millis(700);
        for (socket, account, side, number) in
            [(&mut buyer, "DJ", "buy", &bought), (&mut seller, "HM", "sell", &sold)]
        {
            socket.rest(quiet).await;
            let all: Vec<Value> = socket.all.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            let told: Vec<&Value> = all.iter().filter(|message| message["type"] == "update").collect();
            for message in &told {
                let of = accounts(message);
                assert!(!of.is_empty() && of.iter().all(|of| of == account), "{account}: {message}");
            }
            let last = |channel: &str| {
                let last = told.iter().rfind(|message| message["channel"] == channel);
                last.unwrap_or_else(|| panic!("{account} is told nothing of {channel}"))["data"].clone()
            };
            let of_order = &last("orders")["items"][0];
            let left = if side == "buy" { ("0", "filled") } else { ("1000", "open") };
            assert_eq!(
                (of_order["left"].as_str(), of_order["status"].as_str()),
                (Some(left.0), Some(left.1))
            );
            assert_eq!(
                (&of_order["order"], &of_order["filled"]),
                (&number["created"]["number"], &"2000".into())
            );
            let fill = &last("fills")["items"][0];
            assert_eq!((&fill["side"], &fill["amount"]), (&side.into(), &"197400.00".into()), "{fill}");
            assert_eq!(fill["role"], if side == "buy" { "taker" } else { "maker" });
            assert_eq!(last("settlement")["items"][0]["status"], "settled");
            let copy = last("drop_copy");
            assert_eq!((&copy["orders"][0], &copy["fills"][0]), (of_order, fill));
            let of_seq = told.iter().filter(|message| message["seq"] == seq).count();
            assert_eq!(of_seq, 5, "one message of the record on each stream");
        }
        let holdings = buyer.subscribe(&json!({ "channel": "holdings", "account": "DJ" })).await;
        assert_eq!(holdings["op"], "subscribed");
        let snapshot = buyer.until(|message| message["channel"] == "holdings").await;
        let path = "/v1/accounts/DJ/holdings";
        assert_eq!(snapshot["data"]["items"], served.program("trader").get(path).good()["items"]);
    });
}

/// Everything that came on a channel, the newest word on each item.
fn copy(all: &[String], channel: &str, name: &str) -> BTreeMap<String, Value> {
    let mut copy = BTreeMap::new();
    for text in all {
        let message: Value = serde_json::from_str(text).unwrap();
        if message["channel"] == channel && message["seq"].is_u64() {
            for item in message["data"]["items"].as_array().unwrap() {
                copy.insert(item[name].to_string(), item.clone());
            }
        }
    }
    copy
}

#[test]
fn copies_of_orders_fills_and_holdings_are_what_the_node_has() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let mut sockets = [(as_user(&served, "trader").await, "DJ"), (as_user(&served, "other").await, "HM")];
        let mut dice = Dice(3);
        business(&mut dice, &mut sockets, 60).await;
        let mut reader = as_user(&served, "custodian").await;
        reader.snapshot(&json!({ "channel": "orders" })).await;
        let fills_from = reader.snapshot(&json!({ "channel": "fills" })).await["seq"].as_u64().unwrap();
        reader.snapshot(&json!({ "channel": "holdings", "account": "DJ" })).await;
        business(&mut dice, &mut sockets, 200).await;
        reader.rest(Duration::from_millis(800)).await;

        let client = served.program("trader");
        let mut orders = copy(&reader.all, "orders", "order");
        orders.retain(|_, order| order["status"] == "open");
        let listed = client.get("/v1/orders?status=open&limit=1000").good();
        let listed = listed["items"].as_array().unwrap();
        assert!(listed.len() > 5, "{} orders", listed.len());
        assert_eq!(listed.len(), orders.len());
        for order in listed {
            let own = &orders[&order["order"].to_string()];
            for (name, value) in own.as_object().unwrap() {
                assert_eq!(value, &order[name], "{name} of {order}");
            }
        }
        let fills = copy(&reader.all, "fills", "trade");
        let listed = client.get("/v1/fills?limit=1000").good();
        let later = |fill: &&Value| fill["sequence"].as_u64() > Some(fills_from);
        let listed: Vec<&Value> = listed["items"].as_array().unwrap().iter().filter(later).collect();
        assert!(listed.len() > 5, "{} fills", listed.len());
        assert_eq!(listed.len(), fills.len());
        for fill in listed {
            for (name, value) in fills[&fill["trade"].to_string()].as_object().unwrap() {
                assert_eq!(value, &fill[name], "{name} of {fill}");
            }
        }
        let holdings = copy(&reader.all, "holdings", "asset");
        for holding in client.get("/v1/accounts/DJ/holdings").good()["items"].as_array().unwrap() {
            assert_eq!(&holdings[&holding["asset"].to_string()], holding);
        }
    });
}

#[test]
fn an_order_keeps_its_name_and_ends_once() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let mut trader = as_user(&served, "trader").await;
        let mut named = order("DJ", "buy", "98.00", 2);
        named["id"] = "before".into();
        let said =
            [("life", "gtd"), ("until", "2026-03-06"), ("self_trade", "decrement"), ("display", "1000")];
        said.into_iter().for_each(|(field, value)| named[field] = value.into());
        named["post_only"] = true.into();
        let before = trader.command("place_order", &named).await;
        let snapshot = trader.snapshot(&json!({ "channel": "orders" })).await;
        let items = snapshot["data"]["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{snapshot}");
        assert_eq!(
            (&items[0]["id"], &items[0]["sequence"]),
            (&"before".into(), &before["sequence"]),
            "{snapshot}"
        );
        let rest = served.program("trader").get("/v1/orders").good();
        for (name, value) in items[0].as_object().unwrap() {
            assert_eq!(&rest["items"][0][name], value, "{name}");
        }
        for (field, value) in said {
            assert_eq!(rest["items"][0][field], value, "{field}");
        }
        assert_eq!(rest["items"][0]["post_only"], true);
        assert!(rest["items"][0]["minimum"].is_null() && items[0].get("minimum").is_none());
        let number = before["created"]["number"].clone();
        trader.command("cancel_order", &json!({ "account": "DJ", "order": number })).await;
        let mut told = trader.rest(Duration::from_millis(500)).await;
        told.extend(trader.all.iter().map(|text| serde_json::from_str(text).unwrap()));
        let ended = told
            .iter()
            .find(|message| message["type"] == "update" && message["channel"] == "orders")
            .unwrap();
        let one = &ended["data"]["items"][0];
        assert_eq!((&one["status"], &one["ended"]), (&"cancelled".into(), &"withdrawn".into()), "{ended}");
        assert_eq!((&one["id"], &one["left"]), (&"before".into(), &"0".into()), "{ended}");
    });
}

#[test]
fn what_is_not_yours_is_refused() {
    let served = Served::start();
    served.runtime().block_on(async {
        let mut trader = as_user(&served, "trader").await;
        for (fields, code) in [
            (json!({ "channel": "alerts" }), "forbidden"),
            (json!({ "channel": "operations" }), "forbidden"),
            (json!({ "channel": "holdings", "account": "HM" }), "not_found"),
            (json!({ "channel": "orders", "account": "HM" }), "not_found"),
            (json!({ "channel": "fills", "account": "NOBODY" }), "not_found"),
            (json!({ "channel": "holdings" }), "bad_field"),
            (json!({ "channel": "book" }), "bad_field"),
            (json!({ "channel": "book", "instrument": "NOTHING" }), "bad_field"),
            (json!({ "channel": "ticker", "account": "DJ" }), "bad_field"),
            (json!({ "channel": "gossip" }), "bad_field"),
        ] {
            let said = trader.subscribe(&fields).await;
            assert_eq!((&said["op"], &said["problem"]["code"]), (&"error".into(), &code.into()), "{fields}");
        }
        // Those who may.
        as_user(&served, "supervisor").await.snapshot(&json!({ "channel": "alerts" })).await;
        as_user(&served, "supervisor").await.snapshot(&json!({ "channel": "orders", "account": "HM" })).await;
        as_user(&served, "banker").await.snapshot(&json!({ "channel": "holdings", "account": "HM" })).await;
        let mut operator = as_user(&served, "operator1").await;
        operator.subscribe(&json!({ "channel": "operations" })).await;
        let figures = operator.until(|message| message["type"] == "update").await;
        assert!(figures["data"]["records"].is_u64(), "{figures}");
    });
}

#[test]
fn a_key_for_one_account_sees_that_account() {
    let served = Served::start();
    fund(&served);
    let asked = json!({ "account": "DJ", "duties": ["trader"] });
    let key = served.person("trader").post("/v1/keys", &asked).good();
    let path = format!("/v1/acts/{}/approve", key["act"]);
    served.person("manager").post(&path, &json!({})).good();
    served.runtime().block_on(async {
        let mut one = with_key(&served, key["key"].as_str().unwrap()).await;
        let said = one.subscribe(&json!({ "channel": "drop_copy" })).await;
        assert_eq!(said["problem"]["code"], "forbidden", "{said}");
        let said = one.subscribe(&json!({ "channel": "orders" })).await;
        assert_eq!(said["account"], "DJ", "{said}");
        assert_eq!(one.json().await["type"], "snapshot");
        one.command("place_order", &order("DJ", "buy", "98.00", 1)).await;
        one.send(&json!({ "op": "ping", "ref": "end" })).await;
        one.until(|message| message["ref"] == "end").await;
        one.rest(Duration::from_millis(500)).await;
        assert!(one.all.iter().any(|text| text.contains("\"update\"")), "{:?}", one.all);
    });
}

#[test]
fn acts_wait_and_end() {
    let served = Served::start();
    served.runtime().block_on(async {
        let (mut first, mut second) =
            (as_user(&served, "authority1").await, as_user(&served, "authority2").await);
        first.snapshot(&json!({ "channel": "acts" })).await;
        second.snapshot(&json!({ "channel": "acts" })).await;
        let issue = json!({ "account": "DJ", "asset": "B2609", "quantity": 1_000, "reason": "more" });
        let proposed = first.command("issue", &issue).await;
        assert!(proposed["act"].is_u64() && proposed["expires"].is_string(), "{proposed}");
        let told = second.until(|message| message["type"] == "update").await;
        let one = &told["data"]["items"][0];
        assert_eq!((&one["act"], &one["may_approve"]), (&proposed["act"], &true.into()), "{told}");
        served
            .program("authority2")
            .post(&format!("/v1/acts/{}/approve", proposed["act"]), &json!({}))
            .good();
        let told = second.until(|message| message["type"] == "update").await;
        assert_eq!(told["data"]["items"][0]["status"], "approved", "{told}");
    });
}

#[test]
fn an_order_is_found_by_its_long_name_after_a_new_start() {
    let served = Served::start();
    fund(&served);
    let name = "6f1c2f2e-9a50-4a0e-8b5f-5d0f9f0a7c11";
    let number = served.runtime().block_on(async {
        let mut trader = as_user(&served, "trader").await;
        let mut message = order("DJ", "buy", "98.60", 1);
        message["id"] = name.into();
        let answer = trader.command("place_order", &message).await;
        assert_eq!(answer["id"], name, "{answer}");
        let snapshot = trader.snapshot(&json!({ "channel": "orders" })).await;
        assert_eq!(snapshot["data"]["items"][0]["id"], name, "{snapshot}");
        answer["created"]["number"].clone()
    });
    let shown = |served: &Served| {
        let found = served.program("trader").get(&format!("/v1/orders/id:{name}")).good();
        assert_eq!(found["order"], number, "{found}");
        let listed = served.program("trader").get("/v1/orders?status=all").good();
        let items = listed["items"].as_array().unwrap();
        let listed = items.iter().find(|item| item["order"] == number).unwrap();
        assert_eq!(listed["id"], found["id"]);
        found["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(shown(&served), name);
    let dir = served.stop();
    let config =
        huangpu::config::Config { listen: ([127, 0, 0, 1], 0).into(), ..huangpu::config::Config::default() };
    let served = Served::serve(crate::common::open(dir.path()), config, dir);
    assert_eq!(shown(&served), name);
}
