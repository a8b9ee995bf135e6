//! A clock that is put forward or back under a node that serves.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

mod common;

use base::Timestamp;
use common::Served;
use common::client::Client;
use huangpu::node::{DataDir, Until, replay};
use serde_json::{Value, json};

const DAY: i64 = 86_400;

fn order(client: &Client, id: &str) -> common::client::Got {
    let order = json!({ "id": id, "account": "DJ", "instrument": "B2609", "side": "buy", "price": "98.00", "quantity": 1_000 });
    client.post("/v1/commands/place_order", &order)
}

fn status(client: &Client) -> (u16, String, String) {
    let ready = client.get("/readyz");
    let text = |value: &Value| value.to_string();
    (ready.status, text(&ready.json()["status"]), text(&ready.json()["warnings"]))
}

/// A figure of the page of metrics.
fn figure(served: &Served, name: &str) -> String {
    let page = String::from_utf8(served.nobody().get("/metrics").body).unwrap();
    page.lines().find_map(|line| line.strip_prefix(&format!("huangpu_{name} "))).unwrap_or("none").to_owned()
}

/// The time of the last record in the log.
fn last_record(served: &Served) -> Timestamp {
    let replayed = replay(&DataDir::at(served.dir.path()), Until::End, &mut |_, _, _| Ok(())).unwrap();
    replayed.state.time()
}

#[test]
fn a_clock_that_was_put_forward_closes_no_books() {
    let (served, hand) = Served::by_hand();
    let (trader, operator, nobody) = (served.program("trader"), served.program("operator1"), served.nobody());
    order(&trader, "before").good();
    let sequence = nobody.get("/healthz").json()["sequence"].clone();
    assert_eq!(status(&nobody).0, 200);

    hand.put(400 * DAY);
    let held = order(&trader, "held");
    assert_eq!((held.status, held.code().as_str()), (503, "clock_held"), "{}", held.json());
    assert_eq!((held.json()["retry_after"].clone(), held.json()["id"].clone()), (json!(10), json!("held")));
    let (code, why, _) = status(&nobody);
    assert_eq!(code, 503);
    assert!(why.contains("put forward by 400 d 0 h"), "{why}");
    assert_eq!(
        (figure(&served, "clock_ahead_seconds"), figure(&served, "ready")),
        ((400 * DAY).to_string(), "0".to_owned())
    );
    assert_eq!(figure(&served, "clock_forward_steps_total"), "1");
    // Who reads goes on reading, and nothing has come into the log: no day has begun or ended.
    assert_eq!(trader.get("/v1/instruments/B2609").good()["phase"], "continuous");
    assert_eq!(nobody.get("/healthz").json()["sequence"], sequence);

    // Whoever is no operator confirms nothing, and an operator nothing but the time that it is.
    let confirm = |client: &Client, time: &str| client.post("/v1/clock", &json!({ "time": time }));
    assert_eq!(confirm(&trader, "2027-04-08T02:00:00Z").code(), "forbidden");
    assert_eq!(confirm(&operator, "2026-03-04T02:00:00Z").code(), "bad_field");
    assert_eq!(order(&trader, "held").code(), "clock_held");
    assert_eq!(operator.get("/v1/clock").good()["going"], "ahead");

    // It is back: so is the node, and the same command is taken.
    hand.put(-400 * DAY);
    order(&trader, "held").good();
    assert_eq!(status(&nobody).0, 200);
    assert_eq!(operator.get("/v1/clock").good()["going"], "well");
    assert_eq!(trader.get("/v1/markets").good()["items"][0]["date"], "2026-03-04");

    // An hour that a person has looked at is believed.
    hand.put(3_600);
    assert_eq!(order(&trader, "later").code(), "clock_held");
    let shows = operator.get("/v1/clock").good()["shows"].as_str().unwrap().to_owned();
    assert_eq!(confirm(&operator, &shows).good()["going"], "well");
    order(&trader, "later").good();
}

#[test]
fn a_clock_that_was_put_back_is_waited_for() {
    let (served, hand) = Served::by_hand();
    let (trader, nobody) = (served.program("trader"), served.nobody());
    hand.pass(600);
    order(&trader, "one").good();
    let stamped = last_record(&served);
    hand.put(-500);
    order(&trader, "two").good();
    assert_eq!(last_record(&served), stamped, "the last stamp is kept");
    let (code, _, warnings) = status(&nobody);
    assert_eq!(code, 200);
    assert!(warnings.contains("the clock is 500 s behind the last record"), "{warnings}");
    assert_eq!(figure(&served, "clock_behind_seconds"), "500");
    assert_eq!(figure(&served, "clock_back_steps_total"), "1");
    hand.pass(500);
    assert_eq!(status(&nobody), (200, "\"ok\"".to_owned(), "null".to_owned()));
    hand.pass(60);
    order(&trader, "three").good();
    assert_eq!(last_record(&served), stamped.after_seconds(60));
}
