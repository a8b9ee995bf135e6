//! How connections end, and what ends with them.

use crate::common::Served;
use crate::socket::{Came, Socket, as_user, open};
use crate::{fund, order};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn open_orders(served: &Served, user: &str) -> usize {
    served.program(user).get("/v1/orders?status=open").good()["items"].as_array().unwrap().len()
}

/// Waits until a user has so many open orders.
async fn wait_for_orders(served: &Served, user: &str, count: usize) {
    let began = Instant::now();
    while open_orders(served, user) != count {
        assert!(began.elapsed() < Duration::from_secs(20), "{user} has {} orders", open_orders(served, user));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn orders_end_with_the_connection_if_it_was_chosen() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let (mut careful, mut bold) = (as_user(&served, "trader").await, as_user(&served, "other").await);
        careful.send(&json!({ "op": "cancel_on_disconnect", "on": true, "ref": 1 })).await;
        assert_eq!(careful.json().await, json!({ "op": "cancel_on_disconnect", "on": true, "ref": 1 }));
        for price in ["98.00", "98.01", "98.02"] {
            careful.command("place_order", &order("DJ", "buy", price, 1)).await;
            bold.command("place_order", &order("HM", "buy", price, 1)).await;
        }
        assert_eq!((open_orders(&served, "trader"), open_orders(&served, "other")), (3, 3));
        drop((careful, bold));
        wait_for_orders(&served, "trader", 0).await;
        assert_eq!(open_orders(&served, "other"), 3);
    });
}

#[test]
fn orders_end_when_the_dead_mans_timer_goes_off() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let mut trader = as_user(&served, "trader").await;
        trader.send(&json!({ "op": "dead_man", "seconds": 2 })).await;
        trader.until(|message| message["op"] == "dead_man").await;
        trader.command("place_order", &order("DJ", "buy", "98.00", 1)).await;
        // As long as it says something, nothing happens.
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            trader.send(&json!({ "op": "ping" })).await;
            trader.until(|message| message["op"] == "pong").await;
        }
        assert_eq!(open_orders(&served, "trader"), 1);
        let told = trader.until(|message| message["op"] == "dead_man").await;
        assert_eq!((&told["cancelled"], told["id"].is_string()), (&true.into(), true), "{told}");
        wait_for_orders(&served, "trader", 0).await;
        let placed = trader.command("place_order", &order("DJ", "buy", "98.00", 1)).await;
        assert_eq!(placed["op"], "answer", "it lives: {placed}");
        trader.send(&json!({ "op": "dead_man", "seconds": 0 })).await;
        let off = trader.until(|message| message["op"] == "dead_man").await;
        assert_eq!(off["seconds"], 0);
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(open_orders(&served, "trader"), 1);
        // Who may not trade has nothing to cancel.
        let mut auditor = as_user(&served, "auditor").await;
        for wish in
            [json!({ "op": "dead_man", "seconds": 5 }), json!({ "op": "cancel_on_disconnect", "on": true })]
        {
            auditor.send(&wish).await;
            assert_eq!(auditor.json().await["problem"]["code"], "forbidden");
        }
    });
}

/// The last commands of the log: who sent what.
fn last_sent(served: &Served, sequence: &Value, count: u64) -> Vec<(String, String)> {
    let from = sequence.as_u64().unwrap() - count;
    let records = served.program("auditor").get(&format!("/v1/log?after={from}&limit={count}")).good();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let records = records["items"].as_array().unwrap().iter();
    records.map(|record| (text(&record["command"]["do"]), text(&record["user"]))).collect()
}

#[test]
fn what_a_connection_promised_is_kept_before_its_user_is_stopped() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let mut trader = as_user(&served, "trader").await;
        trader.send(&json!({ "op": "cancel_on_disconnect", "on": true })).await;
        trader.until(|message| message["op"] == "cancel_on_disconnect").await;
        let mut other = as_user(&served, "other").await;
        other.send(&json!({ "op": "dead_man", "seconds": 3_600 })).await;
        other.until(|message| message["op"] == "dead_man").await;
        for price in ["98.00", "98.01"] {
            trader.command("place_order", &order("DJ", "buy", price, 1)).await;
            other.command("place_order", &order("HM", "buy", price, 1)).await;
        }
        // Nothing is to be waited for: who is answered that the user was stopped reads that the orders are gone.
        let reason = json!({ "user": "trader", "reason": "left the firm" });
        let stopped = served.program("manager").post("/v1/commands/deactivate_user", &reason).good();
        assert_eq!((open_orders(&served, "custodian"), open_orders(&served, "other")), (0, 2));
        let both = [("mass_cancel", "trader"), ("deactivate_user", "manager")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(last_sent(&served, &stopped["sequence"], 2), both);
        assert_eq!(trader.end().await, Came::Closed(4010));
        // A duty that is taken by two, likewise; one that is given takes nothing.
        let change = |duties: &[&str]| {
            let duties = json!({ "user": "other", "duties": duties });
            let proposed = served.program("operator1").post("/v1/commands/set_user_duties", &duties).good();
            let path = format!("/v1/acts/{}/approve", proposed["act"]);
            served.program("operator2").post(&path, &json!({})).good()
        };
        let approved = change(&["custodian", "auditor"]);
        assert_eq!(open_orders(&served, "other"), 0);
        let both = [("mass_cancel", "other"), ("approve_act", "operator2")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(last_sent(&served, &approved["sequence"], 2), both);
        assert_eq!(other.end().await, Came::Closed(4010));
    });
}

/// However close a promise comes to the stop of its user: what was confirmed is kept.
#[test]
fn a_promise_that_is_confirmed_while_its_user_is_stopped_is_kept() {
    let served = Served::start();
    fund(&served);
    let (stop, on) = (
        json!({ "user": "trader", "reason": "left the firm" }),
        r#"{"op":"cancel_on_disconnect","on":true}"#,
    );
    let wait = |time: Duration| {
        let began = Instant::now();
        while began.elapsed() < time {
            std::hint::spin_loop();
        }
    };
    let (mut kept, mut late) = (0, 0);
    for round in 0..20 {
        let mut trader = served.runtime().block_on(async {
            let mut trader = as_user(&served, "trader").await;
            trader.command("place_order", &order("DJ", "buy", "98.00", 1)).await;
            trader
        });
        let (manager, operator) = (served.program("manager"), served.program("operator1"));
        let confirmed = std::thread::scope(|scope| {
            // Each round a little later beside the stop, so that every moment of it is met; at first before it.
            let (after, lead) = (Duration::from_micros(round * 150), Duration::from_millis(1));
            let (manager, stop) = (&manager, &stop);
            let stopping = scope.spawn(move || {
                wait(lead.saturating_sub(after));
                manager.post("/v1/commands/deactivate_user", stop).good()
            });
            wait(after.saturating_sub(lead));
            let mut confirmed = false;
            served.runtime().block_on(async {
                trader.try_text(on.to_owned()).await;
                while let Some(Came::Text(text)) = trader.within(Duration::from_secs(20)).await {
                    confirmed |= text == on;
                }
            });
            stopping.join().unwrap();
            confirmed
        });
        *(if confirmed { &mut kept } else { &mut late }) += 1;
        if confirmed {
            served.runtime().block_on(wait_for_orders(&served, "custodian", 0));
        }
        operator.post("/v1/commands/mass_cancel", &json!({ "participant": "DONGJIANG" })).good();
        let again = json!({ "user": "trader", "reason": "is back" });
        let act = operator.post("/v1/commands/activate_user", &again).good();
        served.program("operator2").post(&format!("/v1/acts/{}/approve", act["act"]), &json!({})).good();
    }
    println!("{kept} promises kept, {late} not made");
    assert!(kept > 0, "no promise came before its user was stopped");
}

#[test]
fn what_a_connection_promised_is_kept_when_its_key_is_revoked() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let mut trader = as_user(&served, "trader").await;
        trader.send(&json!({ "op": "cancel_on_disconnect", "on": true })).await;
        trader.command("place_order", &order("DJ", "buy", "98.00", 1)).await;
        assert_eq!(open_orders(&served, "custodian"), 1);
        served.program("operator1").post("/v1/commands/revoke_key", &json!({ "key": "keytrader" })).good();
        assert_eq!(trader.end().await, Came::Closed(4010));
        wait_for_orders(&served, "custodian", 0).await;
    });
}

/// Asks for more than it ever reads, until nobody listens.
async fn glut(mut socket: Socket) -> Socket {
    let ask = json!({ "op": "subscribe", "channel": "book", "instrument": "B2609" }).to_string();
    for _ in 0..20_000 {
        let sent = tokio::time::timeout(Duration::from_secs(2), socket.try_text(ask.clone())).await;
        if sent != Ok(true) {
            break;
        }
    }
    socket
}

#[test]
fn a_slow_client_is_cut_off_and_nobody_else() {
    let served = Served::with(|config| config.limits.stream_queue_messages = 64);
    fund(&served);
    served.runtime().block_on(async {
        let mut trader = as_user(&served, "trader").await;
        for cents in 0..60 {
            let price = format!("98.{cents:02}");
            trader.command("place_order", &order("DJ", "buy", &price, 1)).await;
        }
        let mut fast = as_user(&served, "auditor").await;
        fast.snapshot(&json!({ "channel": "book", "instrument": "B2609" })).await;
        let slow = tokio::spawn(glut(as_user(&served, "other").await));
        let mut told = 0;
        for number in 0..40 {
            let price = format!("97.{:02}", 50 + number);
            let answer = trader.command("place_order", &order("DJ", "buy", "98.10", 1)).await;
            assert!(answer["sequence"].is_u64(), "{price}: {answer}");
            let message = fast.until(|message| message["type"] == "update").await;
            assert_eq!(message["seq"], answer["sequence"]);
            told += 1;
        }
        assert_eq!(told, 40);
        let mut slow = slow.await.unwrap();
        let cut = || served.program("operator1").get("/v1/operations").good()["streams"][1].as_u64();
        let began = Instant::now();
        while cut() != Some(1) {
            assert!(began.elapsed() < Duration::from_secs(20), "it was not cut off");
            // What is told goes on, to those who read it and to those who do not.
            trader.command("place_order", &order("DJ", "buy", "98.20", 1)).await;
            fast.rest(Duration::from_millis(50)).await;
        }
        // What lies on the way arrives, and then the end, if the last word still found its way.
        let end = slow.end().await;
        assert!(matches!(end, Came::Closed(4008) | Came::BrokeOff), "{end:?}");
        let answer = trader.command("place_order", &order("DJ", "buy", "98.10", 1)).await;
        assert!(answer["sequence"].is_u64());
    });
}

#[test]
fn who_is_signed_out_hears_no_more() {
    let served = Served::start();
    let person = served.person("trader");
    served.runtime().block_on(async {
        let cookie = person.cookie().unwrap().to_owned();
        let host = format!("http://{}", served.address);
        let mut socket = open(served.address, &[("cookie", &cookie), ("origin", &host)]).await.unwrap();
        socket.snapshot(&json!({ "channel": "orders" })).await;
        assert_eq!(person.send("DELETE", "/v1/session", None).status, 204);
        assert_eq!(socket.end().await, Came::Closed(4010));
        // The cookie of a session that is over opens nothing.
        let mut late = open(served.address, &[("cookie", &cookie), ("origin", &host)]).await.unwrap();
        assert_eq!(late.end().await, Came::Closed(4001));

        let mut program = as_user(&served, "other").await;
        program.snapshot(&json!({ "channel": "orders" })).await;
        let revoked = served.person("other").send("DELETE", "/v1/keys/keyother", None);
        assert!(revoked.status < 300, "{revoked:?}");
        assert_eq!(program.end().await, Came::Closed(4010));

        let mut dismissed = as_user(&served, "custodian").await;
        dismissed.snapshot(&json!({ "channel": "orders" })).await;
        let reason = json!({ "user": "custodian", "reason": "left the firm" });
        served.program("manager").post("/v1/commands/deactivate_user", &reason).good();
        assert_eq!(dismissed.end().await, Came::Closed(4010));
    });
}

/// Takes more than a minute: `cargo test --test streams -- --ignored`.
#[test]
#[ignore = "takes more than a minute"]
fn who_says_nothing_for_a_minute_is_gone() {
    use std::io::{Read, Write};
    let served = Served::start();
    let person = served.person("trader");
    // A client that knows how to begin, and then never says that it lives.
    let mut stream = std::net::TcpStream::connect(served.address).unwrap();
    let head = format!(
        "GET /v1/stream HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        served.address,
        person.cookie().unwrap()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (began, mut all) = (Instant::now(), Vec::new());
    stream.read_to_end(&mut all).unwrap();
    let took = began.elapsed().as_secs();
    assert!((55..75).contains(&took), "it ended after {took} s");
    let frames = all.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    // Two pings, and a closing frame with the code 4008.
    assert_eq!(all[frames..frames + 4], [0x89, 0, 0x89, 0]);
    let close = &all[all.len() - 2 - "silent for too long".len() - 2..];
    assert_eq!((close[0], u16::from_be_bytes([close[2], close[3]])), (0x88, 4008));
}

#[test]
fn a_node_that_stops_says_so() {
    let served = Served::start();
    fund(&served);
    let address = served.address;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut socket, mut nobody) = runtime.block_on(async {
        let mut socket = as_user(&served, "trader").await;
        socket.snapshot(&json!({ "channel": "status" })).await;
        socket.send(&json!({ "op": "cancel_on_disconnect", "on": true })).await;
        socket.command("place_order", &order("DJ", "buy", "98.00", 1)).await;
        (socket, open(address, &[]).await.unwrap())
    });
    let stopping = std::thread::spawn(move || served.stop());
    runtime.block_on(async {
        let end: Came = socket.end().await;
        assert_eq!(end, Came::Closed(1001));
        assert_eq!(nobody.end().await, Came::Closed(1001));
    });
    drop((socket, nobody));
    let dir = stopping.join().unwrap();
    let node = crate::common::open(dir.path());
    assert_eq!(node.state().venue().standing_orders(), 0, "its orders went with it");
}
