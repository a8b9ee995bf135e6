//! Who one is, and what happens to those who do not know how to ask.

use crate::book::Dice;
use crate::common::{Served, key_of};
use crate::socket::{Came, as_user, auth, open};
use crate::{fund, order};
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Error;

#[test]
fn a_signature_opens_a_stream_once() {
    let served = Served::start();
    served.runtime().block_on(async {
        let good = auth(&served, &key_of("trader"));
        let mut first = open(served.address, &[]).await.unwrap();
        first.send(&good).await;
        let said = first.json().await;
        assert_eq!(said, json!({ "op": "authenticated", "user": "trader", "participant": "DONGJIANG" }));
        let mut wrong = auth(&served, &key_of("trader"));
        wrong["sign"] = "00".repeat(32).into();
        let mut stale = auth(&served, &key_of("trader"));
        stale["time"] = "1".into();
        // Who signs the same twice signs anew; so does who copies what another signed, in vain.
        let mut second = open(served.address, &[]).await.unwrap();
        second.send(&good).await;
        let said = second.json().await;
        assert_eq!(
            (&said["problem"]["code"], &said["problem"]["retry_after"]),
            (&"replayed".into(), &1.into())
        );
        second.send(&auth(&served, &key_of("trader"))).await;
        assert_eq!(second.json().await["op"], "authenticated");
        for (message, code) in [(wrong, "bad_signature"), (stale, "stale_time")] {
            let mut socket = open(served.address, &[]).await.unwrap();
            socket.send(&message).await;
            assert_eq!(socket.json().await["problem"]["code"], code);
            assert_eq!(socket.end().await, Came::Closed(4001));
        }
        let mut nobody = open(served.address, &[]).await.unwrap();
        let said = nobody.subscribe(&json!({ "channel": "ticker" })).await;
        assert_eq!(said["problem"]["code"], "unauthenticated");
        assert_eq!(nobody.end().await, Came::Closed(4001));
    });
}

#[test]
fn a_signature_that_opened_a_stream_opens_none_of_the_next_node() {
    let served = Served::start();
    let good = auth(&served, &key_of("trader"));
    served.runtime().block_on(async {
        let mut first = open(served.address, &[]).await.unwrap();
        first.send(&good).await;
        assert_eq!(first.json().await["op"], "authenticated");
    });
    let dir = served.stop();
    let served = Served::serve(crate::common::open(dir.path()), crate::common::config(), dir);
    served.runtime().block_on(async {
        let mut again = open(served.address, &[]).await.unwrap();
        again.send(&good).await;
        assert_eq!(again.json().await["problem"]["code"], "replayed");
    });
}

#[test]
fn a_page_of_another_place_opens_no_stream() {
    let served = Served::start();
    let person = served.person("trader");
    served.runtime().block_on(async {
        let cookie = person.cookie().unwrap();
        let refused = open(served.address, &[("cookie", cookie), ("origin", "https://evil.example")]).await;
        match refused.err() {
            Some(Error::Http(response)) => assert_eq!(response.status().as_u16(), 403),
            other => panic!("expected 403, found {other:?}"),
        }
        let mut own = open(served.address, &[("cookie", cookie)]).await.unwrap();
        own.snapshot(&json!({ "channel": "orders" })).await;
    });
    let plain = served.program("trader").get("/v1/stream");
    assert_eq!((plain.status, plain.code().as_str()), (400, "bad_request"));
}

#[test]
fn market_data_that_is_open_is_open_here_too() {
    let served = Served::with(|config| config.market_data.public = true);
    served.runtime().block_on(async {
        let mut nobody = open(served.address, &[]).await.unwrap();
        nobody.snapshot(&json!({ "channel": "ticker" })).await;
        let said = nobody.subscribe(&json!({ "channel": "orders" })).await;
        assert_eq!(said["problem"]["code"], "unauthenticated");
        let answer = nobody.command("place_order", &order("DJ", "buy", "98.00", 1)).await;
        assert_eq!(answer["problem"]["code"], "unauthenticated");
        nobody.send(&auth(&served, &key_of("trader"))).await;
        nobody.until(|message| message["op"] == "authenticated").await;
        nobody.snapshot(&json!({ "channel": "orders" })).await;
    });
}

#[test]
fn what_cannot_be_read_is_answered() {
    let served = Served::start();
    served.runtime().block_on(async {
        let mut trader = as_user(&served, "trader").await;
        for (text, code) in [
            ("", "bad_json"),
            ("{", "bad_json"),
            ("null", "bad_json"),
            ("[[[[", "bad_json"),
            ("{}", "bad_field"),
            ("{\"op\":7}", "bad_field"),
            ("{\"op\":\"dance\"}", "bad_field"),
            ("{\"op\":\"subscribe\"}", "bad_json"),
            ("{\"op\":\"subscribe\",\"channel\":\"book\",\"from\":1.5}", "bad_json"),
            ("{\"op\":\"ping\",\"op\":\"ping\"}", "bad_json"),
            ("{\"op\":\"dead_man\",\"seconds\":99999}", "bad_field"),
            ("{\"op\":\"auth\",\"key\":\"a\",\"time\":1,\"sign\":\"b\"}", "bad_request"),
        ] {
            trader.text(text).await;
            let said = trader.json().await;
            assert_eq!(
                (&said["op"], &said["problem"]["code"]),
                (&"error".into(), &code.into()),
                "{text}: {said}"
            );
        }
        trader
            .text(&format!(
                "{{\"op\":\"subscribe\",\"channel\":{}1{}}}",
                "[".repeat(9_000),
                "]".repeat(9_000)
            ))
            .await;
        assert_eq!(trader.json().await["problem"]["code"], "bad_json");
        trader.binary(b"\x00\xff").await;
        assert_eq!(trader.json().await["problem"]["code"], "bad_request");
        trader.text(&" ".repeat(70_000)).await;
        assert_eq!(trader.json().await["problem"]["code"], "too_large");
        // Good messages with something wrong in them, and noise.
        let good = [
            r#"{"op":"subscribe","channel":"book","instrument":"B2609","from":7,"ref":1}"#,
            r#"{"op":"command","id":"x","do":"place_order","account":"DJ","instrument":"B2609","side":"buy"}"#,
            r#"{"op":"unsubscribe","channel":"holdings","account":"DJ"}"#,
        ];
        let mut dice = Dice(5);
        for _ in 0..600 {
            let mut text: Vec<char> = good[dice.below(3)].chars().collect();
            for _ in 0..=dice.below(4) {
                let place = dice.below(text.len());
                text[place] = ['"', '{', '}', ':', '0', 'x', '\u{7f}', '\\', ',', '上'][dice.below(10)];
            }
            trader.text(&text.into_iter().collect::<String>()).await;
        }
        trader.text("{\"op\":\"ping\",\"ref\":1.50e1}").await;
        trader.until(|message| message["ref"] == 15.0).await;
        assert!(trader.all.last().is_some_and(|text| text.ends_with("\"ref\":1.50e1}")));
        trader.send(&json!({ "op": "ping", "ref": "after" })).await;
        trader.until(|message| message["ref"] == "after").await;
        trader.rest(Duration::from_millis(500)).await;
        trader.send(&json!({ "op": "ping", "ref": "still" })).await;
        assert_eq!(trader.json().await, json!({ "op": "pong", "ref": "still" }));
        trader.text(&" ".repeat(1_000_000)).await;
        let end = trader.end().await;
        assert!(matches!(end, Came::Closed(1009) | Came::BrokeOff), "{end:?}");
    });
}

#[test]
fn commands_are_answered_as_over_http() {
    let served = Served::start();
    fund(&served);
    served.runtime().block_on(async {
        let mut trader = as_user(&served, "trader").await;
        let mut named = order("DJ", "buy", "98.00", 1);
        named["id"] = "mine".into();
        let first = trader.command("place_order", &named).await;
        assert_eq!(
            (&first["op"], &first["id"], &first["repeated"]),
            (&"answer".into(), &"mine".into(), &false.into())
        );
        let again = trader.command("place_order", &named).await;
        assert_eq!((&again["sequence"], &again["repeated"]), (&first["sequence"], &true.into()), "{again}");
        named["quantity"] = 2_000.into();
        let other = trader.command("place_order", &named).await;
        assert_eq!((&other["id"], &other["problem"]["code"]), (&"mine".into(), &"id_used".into()), "{other}");
        let refused = trader.command("place_order", &order("DJ", "buy", "12.00", 1)).await;
        assert_eq!(refused["problem"]["reason"], "price_outside_band", "{refused}");
        assert!(refused["sequence"].is_u64(), "a refusal is in the log: {refused}");
        for (name, fields, code) in [
            ("place_order", order("HM", "buy", "98.00", 1), "bad_field"),
            ("place_order", json!({ "account": "DJ" }), "bad_json"),
            (
                "issue",
                json!({ "account": "DJ", "asset": "B2609", "quantity": 1, "reason": "x" }),
                "forbidden",
            ),
            ("create_user", json!({}), "bad_field"),
            ("tick", json!({}), "bad_field"),
            ("sing", json!({}), "bad_json"),
        ] {
            let answer = trader.command(name, &fields).await;
            assert_eq!(
                (&answer["op"], &answer["problem"]["code"]),
                (&"answer".into(), &code.into()),
                "{answer}"
            );
        }
        // Many at once keep their order, and each has its answer.
        for number in 0..200 {
            let mut named = order("DJ", "buy", "98.00", 1);
            (named["id"], named["op"], named["do"]) =
                (format!("n{number}").into(), "command".into(), "place_order".into());
            trader.send(&named).await;
        }
        let mut sequences = vec![0; 200];
        for _ in 0..200 {
            let answer = trader.until(|message| message["op"] == "answer").await;
            let number: usize = answer["id"].as_str().unwrap()[1..].parse().unwrap();
            sequences[number] = answer["sequence"].as_u64().unwrap_or_else(|| panic!("{answer}"));
        }
        assert!(sequences.is_sorted(), "{sequences:?}");
    });
}

#[test]
fn who_asks_too_often_is_told() {
    let served = Served::with(|config| (config.limits.requests_per_second, config.limits.burst) = (5, 10));
    served.runtime().block_on(async {
        let mut trader = as_user(&served, "trader").await;
        for _ in 0..30 {
            trader.send(&json!({ "op": "ping" })).await;
        }
        let said = trader.until(|message| message["op"] == "error").await;
        assert_eq!(
            (&said["problem"]["code"], said["problem"]["retry_after"].is_u64()),
            (&"rate_limited".into(), true)
        );
        trader.rest(Duration::from_millis(300)).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        trader.send(&json!({ "op": "ping", "ref": "again" })).await;
        trader.until(|message| message["ref"] == "again" && message["op"] == "pong").await;
    });
}
