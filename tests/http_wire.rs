//! What of HTTP a client may rely on: who guesses is stopped, a body is what it says it is, what is known already is not sent again,
//! and lists go on where they ended.

#![allow(clippy::unwrap_used)] // the lint does not know what a test needs

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::client::{Client, Got, fresh_ms};
use common::{PASSWORD, Served, key_of};
use hmac::{Hmac, KeyInit, Mac};
use huangpu::serve::access::{Secrets, Signed, sign};
use serde_json::{Value, json};
use sha2::Sha256;
use std::io::Write;
use totp_rs::Totp;

/// An order that DJ can always enter.
fn order(price: &str) -> Value {
    json!({ "account": "DJ", "instrument": "B2609", "side": "sell", "price": price, "quantity": 1000 })
}

#[test]
fn who_guesses_at_once_guesses_no_more_often() {
    let served = Served::start();
    let guess = || served.nobody().sign_in("trader", "a wrong one").code();
    let told: Vec<String> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..12).map(|_| scope.spawn(guess)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let wrong = told.iter().filter(|code| *code == "bad_credentials").count();
    let locked = told.iter().filter(|code| *code == "locked_out").count();
    assert_eq!((wrong, locked), (5, 7), "{told:?}");
    assert_eq!(served.nobody().sign_in("trader", PASSWORD).code(), "locked_out");
    assert_eq!(served.nobody().sign_in("other", PASSWORD).status, 200, "another name");
}

#[test]
fn the_code_that_turns_codes_on_opens_nothing() {
    let served = Served::start();
    let trader = served.person("trader");
    let shown = trader.post("/v1/session/totp", &json!({ "password": PASSWORD })).good();
    let secret = totp_rs::Secret::try_from_base32(shown["secret"].as_str().unwrap()).unwrap();
    let totp: Totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let now = u64::try_from(fresh_ms()).unwrap() / 1_000;
    let code = totp.generate(now).to_string();
    let turn_on = |code: &str| {
        trader.send("PUT", "/v1/session/totp", Some(&json!({ "code": code, "password": PASSWORD })))
    };
    let without =
        trader.send("PUT", "/v1/session/totp", Some(&json!({ "code": code, "password": "a guess" })));
    assert_eq!((without.code().as_str(), &without.json()["field"]), ("bad_credentials", &json!("password")));
    assert_eq!(turn_on("000").json()["field"], "code");
    assert_eq!(turn_on(&code).status, 204);
    let sign_in = |code: &str| {
        served.nobody().post("/v1/session", &json!({ "user": "trader", "password": PASSWORD, "code": code }))
    };
    assert_eq!(sign_in(&code).code(), "bad_credentials", "it was used");
    let next = totp.generate(now + 30).to_string();
    assert_eq!(sign_in(&next).status, 200);
    assert_eq!(sign_in(&next).code(), "bad_credentials");
    // Who has the session has not the password.
    let turn_off = |password: &str| trader.post("/v1/session/totp/off", &json!({ "password": password }));
    assert_eq!(turn_off("a guess").code(), "bad_credentials");
    assert_eq!(trader.get("/v1/session").good()["totp"], true);
    assert_eq!(turn_off(PASSWORD).status, 204);
    assert_eq!(served.nobody().sign_in("trader", PASSWORD).status, 200);
}

#[test]
fn who_signs_wrongly_asks_no_more_often_than_nobody() {
    let served = Served::with(|config| {
        config.limits.requests_per_second = 1;
        config.limits.burst = 5;
    });
    let wrong = Client::new(served.address).signing(&key_of("trader"), "not the secret");
    let told: Vec<Got> = (0..6).map(|_| wrong.get("/v1/session")).collect();
    let left = told.iter().map(|got| got.headers.get("ratelimit-remaining").unwrap().as_str());
    assert_eq!(left.collect::<Vec<_>>(), ["4", "3", "2", "1", "0", "0"]);
    let codes: Vec<String> = told.iter().map(Got::code).collect();
    assert_eq!((codes[4].as_str(), codes[5].as_str()), ("bad_signature", "rate_limited"));
    assert_eq!(served.nobody().get("/v1/time").code(), "rate_limited", "from the same address");
    assert_eq!(served.program("trader").get("/v1/session").status, 200, "whose key it is has his own");
}

/// A request of the trader's key, signed once, to be sent as often as one likes.
struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn signed(served: &Served, method: &'static str, path: &str, body: Option<&Value>) -> Self {
        let body = body.map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default();
        let secret = Secrets::open(served.dir.path()).unwrap().of_key(&key_of("trader"));
        let time = fresh_ms().to_string();
        let signed = Signed { time: &time, method, path, body: &body };
        let signature = huangpu::node::hex(&sign(secret.as_bytes(), &signed));
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("hp-key", key_of("trader")),
            ("hp-time", time),
            ("hp-sign", signature),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
        Self { method, path: path.to_owned(), headers, body }
    }

    fn send(&self, served: &Served) -> Got {
        served.nobody().raw(self.method, &self.path, &self.headers, &self.body)
    }
}

/// Orders of the trader that stand.
fn standing(served: &Served) -> usize {
    served.program("trader").get("/v1/orders").good()["items"].as_array().unwrap().len()
}

#[test]
fn what_is_sent_again_byte_for_byte_is_done_once_before_and_after_a_restart() {
    let served = Served::start();
    let mut own = order("99.00");
    own["id"] = json!("own");
    let named = Request::signed(&served, "POST", "/v1/orders", Some(&own));
    let nameless = Request::signed(&served, "POST", "/v1/orders", Some(&order("99.01")));
    let mut dear = order("12.00");
    dear["id"] = json!("dear");
    let refused = Request::signed(&served, "POST", "/v1/orders", Some(&dear));
    let read = Request::signed(&served, "GET", "/v1/orders", None);
    let first = named.send(&served).good();
    let number = nameless.send(&served).good()["created"]["number"].clone();
    let cancel = Request::signed(&served, "DELETE", &format!("/v1/orders/{number}?account=DJ"), None);
    let cancelled = cancel.send(&served).good();
    assert_eq!((&first["repeated"], &cancelled["repeated"]), (&json!(false), &json!(false)));
    let no = refused.send(&served);
    assert_eq!((no.code().as_str(), &no.json()["repeated"]), ("refused", &json!(false)));
    let stand = standing(&served);
    let again = |served: &Served| {
        let repeated = named.send(served).good();
        assert_eq!((&repeated["sequence"], &repeated["repeated"]), (&first["sequence"], &json!(true)));
        let unclear = nameless.send(served);
        assert_eq!((unclear.status, unclear.code().as_str()), (429, "replayed"));
        assert_eq!(
            (unclear.headers["retry-after"].as_str(), unclear.json()["sequence"].is_u64()),
            ("1", true)
        );
        let repeated = cancel.send(served).good();
        assert_eq!((&repeated["sequence"], &repeated["repeated"]), (&cancelled["sequence"], &json!(true)));
        let still = refused.send(served).json();
        assert_eq!(
            (&still["sequence"], &still["repeated"]),
            (&no.json()["sequence"], &json!(true)),
            "{still}"
        );
        assert_eq!((read.send(served).status, standing(served)), (200, stand));
    };
    again(&served);
    let dir = served.stop();
    let served = Served::serve(common::open(dir.path()), common::config(), dir);
    again(&served);
}

#[test]
fn a_one_time_code_is_used_once_before_and_after_a_restart() {
    let served = Served::start();
    let trader = served.person("trader");
    let shown = trader.post("/v1/session/totp", &json!({ "password": PASSWORD })).good();
    let secret = totp_rs::Secret::try_from_base32(shown["secret"].as_str().unwrap()).unwrap();
    let totp: Totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let now = u64::try_from(fresh_ms()).unwrap() / 1_000;
    let first = json!({ "code": totp.generate(now).to_string(), "password": PASSWORD });
    assert_eq!(trader.send("PUT", "/v1/session/totp", Some(&first)).status, 204);
    let next = totp.generate(now + 30).to_string();
    let sign_in = |served: &Served| {
        served.nobody().post("/v1/session", &json!({ "user": "trader", "password": PASSWORD, "code": next }))
    };
    assert_eq!(sign_in(&served).status, 200);
    let dir = served.stop();
    let served = Served::serve(common::open(dir.path()), common::config(), dir);
    assert_eq!(sign_in(&served).code(), "bad_credentials", "it was used with the node before");
}

#[test]
fn a_body_is_what_it_says_it_is() {
    let served = Served::start();
    let trader = served.person("trader");
    let send = |path: &str, extra: &[(&str, &str)], body: &[u8]| {
        let csrf = trader.get("/v1/session").good()["csrf"].as_str().unwrap().to_owned();
        let cookie = trader.cookie().unwrap().to_owned();
        let mut headers = vec![("cookie".to_owned(), cookie), ("x-csrf-token".to_owned(), csrf)];
        headers.extend(extra.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        trader.raw("POST", path, &headers, body)
    };
    let body = serde_json::to_vec(&order("99.00")).unwrap();
    for kind in ["Application/JSON", "application/json; charset=utf-8"] {
        let identity = [("content-type", kind), ("content-encoding", "identity")];
        assert_eq!(send("/v1/orders", &identity, &body).status, 200, "{kind}");
    }
    let packed = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let got = send("/v1/orders", &packed, &body);
    assert_eq!((got.status, got.code().as_str()), (415, "unsupported_media_type"));
    assert!(got.json()["detail"].as_str().unwrap().contains("gzip"));
    // Two ids that are no text would be one.
    let json = [("content-type", "application/json")];
    let mut none =
        br#"{"id":"a_","account":"DJ","instrument":"B2609","side":"sell","price":"99.00","quantity":1000}"#
            .to_vec();
    none[8] = 0xff;
    for path in ["/v1/orders", "/v1/commands/place_order"] {
        assert_eq!(send(path, &json, &none).code(), "bad_json", "{path}");
    }
}

#[test]
fn who_asks_and_does_not_read_keeps_no_place() {
    let served = Served::with(|config| {
        config.limits.connections_max = 1;
        config.limits.header_timeout_seconds = 1;
    });
    // More than all the buffers on the way hold.
    let ask = "GET /v1/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(60);
    let mut idle = std::net::TcpStream::connect(served.address).unwrap();
    idle.write_all(ask.as_bytes()).unwrap();
    assert_eq!(served.nobody().get("/healthz").status, 200, "there is room again");
    drop(idle);
}

#[test]
fn a_query_where_none_is_taken_is_refused() {
    let served = Served::start();
    let trader = served.program("trader");
    let open = || trader.get("/v1/orders").good()["items"].as_array().unwrap().len();
    let before = open();
    // Whoever puts his id there would enter the order twice.
    let got = trader.post("/v1/orders?id=once", &order("99.00"));
    assert_eq!((got.status, got.code().as_str()), (400, "bad_query"));
    assert_eq!(trader.get("/v1/accounts?account=DJ").code(), "bad_query");
    assert_eq!(trader.get("/v1/accounts?").status, 200);
    assert_eq!(open(), before);
    assert_eq!(served.nobody().get("/healthz?probe=1").status, 200);
}

#[test]
fn a_file_that_is_known_is_not_sent_again() {
    let served = Served::start();
    let tag = served.nobody().get("/").headers["etag"].clone();
    let ask = |known: &str| {
        served.nobody().raw("GET", "/", &[("if-none-match".to_owned(), known.to_owned())], b"").status
    };
    let listed = format!("\"another\", {tag}");
    for known in [tag.as_str(), &format!("W/{tag}"), &listed, "*"] {
        assert_eq!(ask(known), 304, "{known}");
    }
    assert_eq!((ask("\"another\""), ask(tag.trim_matches('"'))), (200, 200));
}

#[test]
fn reads_say_their_record_and_amounts_are_amounts() {
    let served = Served::start();
    let past = served.program("auditor").get("/v1/supervision/book?instrument=B2609&at=25");
    assert_eq!((past.headers["huangpu-sequence"].as_str(), &past.good()["sequence"]), ("25", &json!(25)));
    // Nothing was traded on this day: that is nothing, and not no number.
    let trader = served.program("trader");
    trader.post("/v1/orders", &order("99.00")).good();
    let total = trader.get("/v1/statements?market=bond-continuous").good()["total"].clone();
    let wanted = json!({ "bought": "0", "sold": "0", "paid": "0.00", "received": "0.00", "fees": "0.00", "net": "0.00" });
    assert_eq!(total, wanted);
}

/// A request of the facade, as its clients sign it: in whole seconds.
fn facade(served: &Served, name: &str, method: &'static str, path: &str, body: Option<&Value>) -> Request {
    let body = body.map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default();
    let time = format!("{}.{:03}", fresh_ms() / 1_000, fresh_ms() % 1_000);
    let secret = Secrets::open(served.dir.path()).unwrap().of_key(&key_of(name));
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(secret).unwrap()).unwrap();
    mac.update(format!("{time}{method}{path}").as_bytes());
    mac.update(&body);
    let sign = STANDARD.encode(mac.finalize().into_bytes());
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("cb-access-key", key_of(name)),
        ("cb-access-timestamp", time),
        ("cb-access-sign", sign),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
    Request { method, path: format!("/coinbase{path}"), headers, body }
}

/// Asks the facade for something.
fn ask(served: &Served, name: &str, path: &str) -> Got {
    facade(served, name, "GET", path, None).send(served)
}

#[test]
fn the_facade_does_again_what_may_be_done_again() {
    let served = Served::start();
    let sell = |price: &str, own: Option<&str>| {
        let order = json!({ "client_oid": own, "side": "sell", "product_id": "B2609-CNY", "price": price, "size": "1000" });
        facade(&served, "trader", "POST", "/orders", Some(&order))
    };
    // Two deletions of all that are alike to the last byte: the order between them goes as well.
    let all = facade(&served, "trader", "DELETE", "/orders", None);
    assert_eq!(all.send(&served).status, 200);
    assert_eq!(standing(&served), 0);
    let first = sell("99.10", None).send(&served).good()["id"].clone();
    assert_eq!((all.send(&served).good(), standing(&served)), (json!([first]), 0));
    let own = sell("99.20", Some("mine"));
    let entered = own.send(&served).good()["id"].clone();
    assert_eq!((own.send(&served).good()["id"].clone(), standing(&served)), (entered.clone(), 1));
    let one = facade(&served, "trader", "DELETE", &format!("/orders/{}", entered.as_str().unwrap()), None);
    assert_eq!((one.send(&served).status, one.send(&served).status), (200, 200));
    let nameless = sell("99.30", None);
    assert_eq!(nameless.send(&served).status, 200);
    let again = nameless.send(&served);
    assert_eq!((again.status, again.code().as_str(), standing(&served)), (429, "replayed", 1));
    assert_eq!(again.headers["retry-after"], "1");
}

#[test]
fn pages_of_the_facade_go_both_ways_and_far_back() {
    let served = Served::start();
    let (trader, other) = (served.program("trader"), served.program("other"));
    let mut buy = order("98.60");
    (buy["account"], buy["side"]) = (json!("HM"), json!("buy"));
    for _ in 0..4 {
        trader.post("/v1/orders", &order("98.60")).good();
        other.post("/v1/orders", &buy).good();
    }
    let numbers = |got: &Got, name: &str| -> Vec<String> {
        let items = got.good();
        items.as_array().unwrap().iter().map(|item| item[name].to_string().replace('"', "")).collect()
    };
    for (path, name) in [("/orders?status=all", "id"), ("/fills?product_id=B2609-CNY", "trade_id")] {
        let all = numbers(&ask(&served, "trader", path), name);
        assert!(all.len() >= 5, "{path}: those of now, and those of the day before");
        // From the latest on to older ones.
        let first = ask(&served, "trader", &format!("{path}&limit=2"));
        assert_eq!(numbers(&first, name), all[..2]);
        let after = first.headers["cb-after"].clone();
        let second = ask(&served, "trader", &format!("{path}&limit=2&after={after}"));
        assert_eq!(numbers(&second, name), all[2..4]);
        // And back to what is newer than a page.
        let before = second.headers["cb-before"].clone();
        assert_eq!(numbers(&ask(&served, "trader", &format!("{path}&before={before}")), name), all[..2]);
        let newest = first.headers["cb-before"].clone();
        assert!(numbers(&ask(&served, "trader", &format!("{path}&before={newest}")), name).is_empty());
        // What is far back is found however much is newer.
        let yesterday = ask(&served, "trader", &format!("{path}&limit=1&end_date=2026-03-03T12:00:00Z"));
        assert_eq!(numbers(&yesterday, name), all[4..5]);
    }
}

#[test]
fn codes_with_hyphens_and_points_are_products_of_their_own() {
    let served = Served::start();
    let operator = served.program("operator1");
    let codes = ["ZZ3-B", "ZZ3.B", "ZZ3_B"];
    for code in codes {
        let asset = json!({ "code": code, "market": "bond-continuous", "class": "security" });
        operator.post("/v1/commands/define_asset", &asset).good();
        let listed = json!({ "code": code, "market": "bond-continuous", "reference": "98.00" });
        let proposed = operator.post("/v1/commands/list_instrument", &listed).good();
        let path = format!("/v1/acts/{}/approve", proposed["act"]);
        served.program("operator2").post(&path, &json!({})).good();
    }
    let products = ask(&served, "trader", "/products").good();
    let ids: Vec<&str> = products.as_array().unwrap().iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(ids, ["B2609-CNY", "ZZ3~B-CNY", "ZZ3.B-CNY", "ZZ3_B-CNY"]);
    for (id, code) in ids[1..].iter().zip(codes) {
        let order = json!({ "side": "buy", "product_id": id, "price": "98.00", "size": "1000" });
        let entered = facade(&served, "trader", "POST", "/orders", Some(&order)).send(&served).good();
        assert_eq!(entered["product_id"], *id);
        let number = entered["id"].as_str().unwrap();
        let seen = served.program("trader").get(&format!("/v1/orders/{number}")).good();
        assert_eq!(seen["instrument"], code, "{id}");
        assert_eq!(ask(&served, "trader", &format!("/products/{id}")).good()["id"], *id);
        let base = id.trim_end_matches("-CNY");
        assert_eq!(ask(&served, "trader", &format!("/currencies/{base}")).good()["name"], code);
    }
    // What no code is, no name finds.
    assert_eq!(ask(&served, "trader", "/products/ZZ3-B-CNY").status, 404);
}

#[test]
#[allow(clippy::too_many_lines)] // one order after the other: each starts from what the one before left
fn an_order_for_an_amount_comes_by_both_doors() {
    let served = Served::start();
    let (trader, other) = (served.program("trader"), served.program("other"));
    trader.post("/v1/orders", &json!({ "account": "DJ", "instrument": "B2609", "side": "sell", "price": "98.60", "quantity": 5000 })).good();
    let amount = |funds: &str| json!({ "account": "HM", "instrument": "B2609", "side": "buy", "kind": "market", "funds": funds });
    let bought = other.post("/v1/orders", &amount("200000.00")).good();
    let seen = other.get(&format!("/v1/orders/{}", bought["created"]["number"])).good();
    for (field, wanted) in [
        ("kind", "market"),
        ("life", "ioc"),
        ("funds", "200000.00"),
        ("filled", "2000"),
        ("quantity", "2000"),
        ("left", "0"),
        ("amount", "197200.00"),
        ("status", "filled"),
        ("ended", "spent"),
    ] {
        assert_eq!(seen[field], wanted, "{field}: {seen}");
    }
    let cents = |value: &Value| value.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let (spent, fee) = (cents(&seen["spent"]), cents(&seen["fee"]));
    assert_eq!(spent, 19_720_000 + fee);
    // What it sent stands in its account; nothing is set aside any more.
    let both = json!({ "account": "HM", "instrument": "B2609", "side": "buy", "kind": "market", "funds": "1", "quantity": 1000 });
    let wrong = other.post("/v1/orders", &both);
    assert_eq!((wrong.status, &wrong.json()["field"]), (422, &json!("funds")));
    let small = other.post("/v1/orders", &amount("1000.00")).json();
    assert_eq!(small["reason"], "funds_too_small", "{small}");
    assert!(seen["price"].is_null());

    let place =
        |name: &str, order: Value| facade(&served, name, "POST", "/orders", Some(&order)).send(&served);
    let market = |side: &str, funds: &str| json!({ "type": "market", "side": side, "product_id": "B2609-CNY", "funds": funds });
    let exact = cents(&seen["spent"]) / 2;
    let text = |cents: i64| base::decimal::text(cents.into(), 2);
    // To the minor unit: what two lots cost, halved, buys one; a minor unit less is too small.
    let one = place("other", market("buy", &text(exact))).good();
    let fees = cents(&one["fill_fees"]);
    for (field, wanted) in [
        ("type", "market"),
        ("side", "buy"),
        ("status", "done"),
        ("done_reason", "filled"),
        ("filled_size", "1000"),
        ("executed_value", "98600.00"),
        ("specified_funds", &text(exact)),
        ("funds", &text(exact - fees)),
        ("time_in_force", "IOC"),
    ] {
        assert_eq!(one[field], *wanted, "{field}: {one}");
    }
    assert!(one.get("size").is_none(), "{one}");
    assert_eq!(9_860_000 + fees, exact);
    let small = place("other", market("buy", &text(exact - 1)));
    assert_eq!(small.status, 400);
    assert!(small.json()["message"].as_str().unwrap().starts_with("size is too small"), "{}", small.json());
    let mut both = market("buy", "100000");
    both["size"] = json!("1000");
    let both = place("other", both);
    assert_eq!(
        (both.status, &both.json()["message"]),
        (400, &json!("funds: only one of size or funds may be given"))
    );
    let mut neither = market("buy", "1");
    neither.as_object_mut().unwrap().remove("funds");
    assert_eq!(place("other", neither).json()["message"], "size: one of size or funds is required");
    let mut whole = market("buy", "400000.00");
    whole["time_in_force"] = json!("FOK");
    let whole = place("other", whole).good();
    assert_eq!((&whole["done_reason"], &whole["filled_size"]), (&json!("canceled"), &json!("0")));
    assert_eq!(whole["time_in_force"], "FOK");

    // A sale: what is received at most, before the fee.
    trader.send("DELETE", "/v1/orders?account=DJ", None);
    let mut bid = order("98.60");
    (bid["account"], bid["side"], bid["quantity"]) = (json!("HM"), json!("buy"), json!(3000));
    served.program("trader").post("/v1/commands/mass_cancel", &json!({ "account": "DJ" })).good();
    other.post("/v1/orders", &bid).good();
    let sold = place("trader", market("sell", "197200.00")).good();
    assert_eq!((&sold["filled_size"], &sold["executed_value"]), (&json!("2000"), &json!("197200.00")));
    assert_eq!((&sold["funds"], &sold["done_reason"]), (&json!("197200.00"), &json!("filled")));
    assert_eq!(place("trader", market("sell", "98599.99")).status, 400);
    let orders = ask(&served, "trader", "/orders?status=done&limit=1").good();
    assert_eq!(orders[0]["specified_funds"], "197200.00", "{orders}");
}
