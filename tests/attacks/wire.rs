//! Paths that lead elsewhere, headers within values, and bodies of the wrong size and shape.

use crate::common::Served;
use crate::common::client::{Client, Got};
use crate::table::{Table, order, standing};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;

fn get(client: &Client, path: &str) -> Got {
    let got = client.raw("GET", path, &[], b"");
    assert!(!got.headers.contains_key("set-cookie") && !got.headers.contains_key("x-evil"), "{path}");
    got
}

#[test]
fn nothing_comes_of_what_is_written_oddly() {
    let mut table = Table::of("wire");
    let served = Served::start();
    let nobody = served.nobody();
    for (what, path) in [
        ("a path upwards", "/../Cargo.toml"),
        ("a path upwards, encoded", "/%2e%2e/%2e%2e/Cargo.toml"),
        ("a path upwards, encoded twice", "/%252e%252e%252fnode.key"),
        ("a path upwards with backslashes", "/..%5c..%5cnode.key"),
        ("a path from the root", "//etc/passwd"),
        ("the key of the node, below the console", "/app/../../node.key"),
        ("the tests of the console, which the binary leaves out", "/test/browser.mjs"),
        ("a path with a zero byte", "/index.html%00.js"),
        ("a path with a line break that begins a header", "/app%0d%0aX-Evil:%20yes"),
    ] {
        table.answered(what, &get(&nobody, path));
    }
    let got = nobody.clone().sign_in("trader\r\nX-Evil: yes", "a wrong one");
    assert!(!got.headers.contains_key("x-evil"));
    table.answered("a user name with a line break that begins a header", &got);
    let trader = served.program("trader");
    table.answered("an id with a line break", &trader.post("/v1/orders", &order("a\r\nX-Evil: yes")));
    table.answered("an id of sixty-five bytes", &trader.post("/v1/orders", &order(&"a".repeat(65))));
    bodies(&served, &mut table);
    table.answered("a price list of a market by a wildcard", &trader.get("/v1/markets/*/price-list"));
    table.done();
    assert_eq!(standing(&served), 0);
    assert_eq!(nobody.get("/healthz").status, 200, "the node goes on");
}

fn bodies(served: &Served, table: &mut Table) {
    let person = served.person("trader");
    let csrf = person.get("/v1/session").good()["csrf"].as_str().unwrap().to_owned();
    let headers =
        [("cookie", person.cookie().unwrap()), ("x-csrf-token", &csrf), ("content-type", "application/json")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let post = |body: &[u8]| person.raw("POST", "/v1/orders", &headers, body);
    table.answered("a body one byte too long", &post(&vec![b' '; 64 * 1_024 + 1]));
    table.answered("a body that is too long, in pieces", &in_pieces(served, &headers));
    table.answered("ten thousand brackets", &post("[".repeat(10_000).as_bytes()));
    let text = order("x").to_string();
    table.answered("a field twice", &post(text.replacen('{', "{\"account\":\"HM\",", 1).as_bytes()));
    table.answered("a field that nobody knows", &post(text.replacen('{', "{\"admin\":true,", 1).as_bytes()));
    table.answered(
        "a number that is no integer, for money",
        &post(text.replace("\"99.00\"", "99.5").as_bytes()),
    );
    let mut none = text.into_bytes();
    let place = none.iter().position(|byte| *byte == b'x').unwrap();
    none[place] = 0xff;
    table.answered("text that is no UTF-8", &post(&none));
    assert_eq!(person.post("/v1/orders", &json!({})).code(), "bad_json");
}

/// A body in chunks that never says how long it is.
fn in_pieces(served: &Served, headers: &[(String, String)]) -> Got {
    let mut stream = TcpStream::connect(served.address).unwrap();
    let mut head = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n",
        served.address
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    for _ in 0..20 {
        // It may be cut off before all of it was sent.
        if stream.write_all(format!("2000\r\n{}\r\n", " ".repeat(0x2000)).as_bytes()).is_err() {
            break;
        }
    }
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    crate::common::client::parse(&all)
}
