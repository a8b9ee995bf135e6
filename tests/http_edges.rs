//! The edges of HTTP, byte for byte: whom a request is for, how large it may be, what is packed and known, whose pages may ask, and how
//! many may at a time.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

mod common;

use common::client::{Got, parse};
use common::{PASSWORD, Served};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Sends bytes, and gives the answer that comes before the node closes.
fn send(served: &Served, bytes: &str) -> Got {
    parse(&served.nobody().bytes(bytes.as_bytes(), |_| false))
}

fn ask(served: &Served, lines: &str) -> Got {
    send(served, &format!("{lines}\r\nconnection: close\r\n\r\n"))
}

#[test]
fn a_request_says_once_whom_it_is_for_and_it_is_for_this_node() {
    let served = Served::with(|config| config.http.hosts = vec!["exchange.example".to_owned()]);
    for (head, status, code) in [
        ("GET /healthz HTTP/1.1\r\nx: y", 400, "bad_request"),
        ("GET /healthz HTTP/1.1\r\nhost: localhost\r\nhost: localhost", 400, "bad_request"),
        ("GET /healthz HTTP/1.1\r\nhost: localhost\r\nhost: evil.example", 400, "bad_request"),
        ("GET http://localhost/healthz HTTP/1.1\r\nx: y", 400, "bad_request"),
        ("GET /healthz HTTP/1.0\r\nx: y", 200, ""),
        ("GET /healthz HTTP/1.0\r\nhost: localhost\r\nhost: localhost", 400, "bad_request"),
        ("GET /healthz HTTP/1.1\r\nhost: localhost", 200, ""),
        ("GET /healthz HTTP/1.1\r\nhost: LOCALHOST:8080", 200, ""),
        ("GET /healthz HTTP/1.1\r\nhost: 10.1.2.3", 200, ""),
        ("GET /healthz HTTP/1.1\r\nhost: [::1]:8080", 200, ""),
        ("GET /healthz HTTP/1.1\r\nhost: exchange.example:443", 200, ""),
        ("GET /healthz HTTP/1.1\r\nhost: evil.example", 421, "misdirected"),
        ("GET / HTTP/1.1\r\nhost: evil.example:8080", 421, "misdirected"),
        ("GET /v1/time HTTP/1.1\r\nhost: 127.0.0.1.evil.example", 421, "misdirected"),
        ("GET http://evil.example/healthz HTTP/1.1\r\nhost: localhost", 421, "misdirected"),
        ("GET /coinbase/time HTTP/1.1\r\nhost: evil.example", 421, "misdirected"),
    ] {
        let got = ask(&served, head);
        assert_eq!((got.status, got.code().as_str()), (status, code), "{head}");
        assert_eq!(got.headers["x-content-type-options"], "nosniff", "{head}");
    }
    let facade = ask(&served, "GET /coinbase/time HTTP/1.1\r\nhost: evil.example");
    assert!(facade.json()["message"].is_string(), "in the words of that API");
}

#[test]
fn what_is_too_large_is_refused_before_it_is_sent() {
    let served = Served::start();
    let post = |path: &str, length: u64, more: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{more}\r\n"
        )
    };
    let expect = "expect: 100-continue\r\n";
    for path in ["/v1/session", "/v1/orders", "/coinbase/orders"] {
        for more in ["", expect] {
            for length in [65_537, 70_000, 9_999_999_999] {
                // Nothing of the body is ever sent.
                let answer = served.nobody().bytes(post(path, length, more).as_bytes(), |_| false);
                let got = parse(&answer);
                assert_eq!((got.status, got.code().as_str()), (413, "too_large"), "{path} {length} {more:?}");
            }
        }
    }
    // What may come is asked for, and what was said to be small and is not is refused while it comes.
    let ends = |got: &[u8]| got.windows(4).any(|end| end == b"\r\n\r\n");
    let asked = served.nobody().bytes(post("/v1/session", 65_536, expect).as_bytes(), ends);
    assert!(asked.starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&asked));
    // Who sends it all the same hears why it was in vain.
    let mut whole = post("/v1/session", 3_000_000, "").into_bytes();
    whole.resize(whole.len() + 3_000_000, b' ');
    assert_eq!(parse(&served.nobody().bytes(&whole, ends)).status, 413);

    let head = |bytes: usize| {
        let start = "GET /v1/time HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx: ";
        format!("{start}{}\r\n\r\n", "y".repeat(bytes - start.len() - 4))
    };
    for (bytes, status) in
        [(1_000, 401), (32 << 10, 401), ((32 << 10) + 1, 431), (60_000, 431), (300_000, 431)]
    {
        let got = parse(&served.nobody().bytes(head(bytes).as_bytes(), |_| false));
        assert_eq!(got.status, status, "a head of {bytes} bytes");
        if (32 << 10..=60_000).contains(&bytes) && status == 431 {
            assert_eq!(got.code(), "headers_too_large");
        }
    }
}

#[test]
fn large_answers_are_packed_and_known_documents_are_not_sent_again() {
    let served = Served::start();
    let get = |path: &str, headers: &[(&str, &str)]| {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        served.nobody().raw("GET", path, &headers, b"")
    };
    for path in ["/v1/openapi.json", "/v1/docs", "/", "/app/store.js"] {
        let (plain, packed) = (get(path, &[]), get(path, &[("accept-encoding", "br, gzip")]));
        assert_eq!((plain.status, packed.status), (200, 200), "{path}");
        assert!(!plain.headers.contains_key("content-encoding"), "{path}");
        if plain.body.len() > 1_024 {
            assert_eq!(packed.headers["content-encoding"], "gzip", "{path}");
            assert!(packed.headers["vary"].contains("accept-encoding"), "{path}");
            assert!(packed.body.len() < plain.body.len() * 2 / 3, "{path}: {}", packed.body.len());
        }
        let tag = plain.headers["etag"].as_str();
        assert_eq!(
            (packed.headers["etag"].as_str(), plain.headers["cache-control"].as_str()),
            (tag, "no-cache")
        );
        for known in [tag, tag.trim_start_matches("W/"), "\"x\", *", "*"] {
            let again = get(path, &[("if-none-match", known), ("accept-encoding", "gzip")]);
            let wanted = if known.starts_with("\"x") { 200 } else { 304 };
            assert_eq!((again.status, again.body.is_empty()), (wanted, wanted == 304), "{path} {known}");
        }
        assert_eq!(get(path, &[("if-none-match", "\"another\"")]).status, 200, "{path}");
    }
    let small = get("/healthz", &[("accept-encoding", "gzip")]);
    assert!(!small.headers.contains_key("content-encoding"));
}

#[test]
fn pages_of_other_origins_ask_where_the_configuration_says_so() {
    let (desk, evil) = ("https://desk.example", "https://evil.example");
    let preflight = |served: &Served, origin: &str| {
        ask(
            served,
            &format!(
                "OPTIONS /v1/orders HTTP/1.1\r\nhost: localhost\r\norigin: {origin}\r\naccess-control-request-method: POST\r\naccess-control-request-headers: hp-key,content-type"
            ),
        )
    };
    let read = |served: &Served, origin: &str| {
        ask(served, &format!("GET /v1/time HTTP/1.1\r\nhost: localhost\r\norigin: {origin}"))
    };
    const ALLOWED: &str = "access-control-allow-origin";
    let stream = |served: &Served, path: &str, origin: &str| {
        let headers = [
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("origin", origin),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        served.nobody().upgrade(path, &headers.map(|(name, value)| (name.to_owned(), value.to_owned())))
    };
    let closed = Served::start();
    assert_eq!(preflight(&closed, desk).status, 405);
    assert!(!read(&closed, desk).headers.contains_key(ALLOWED));
    let own = format!("http://{}", closed.address);
    for path in ["/v1/stream", "/coinbase/ws"] {
        let got = [own.as_str(), desk, evil, "null"].map(|origin| stream(&closed, path, origin));
        assert_eq!(got, [101, 403, 403, 403], "{path}");
    }

    let open = Served::with(|config| config.http.origins = vec![desk.to_owned()]);
    let got = preflight(&open, desk);
    assert_eq!((got.status, got.headers[ALLOWED].as_str()), (200, desk));
    assert!(got.headers["access-control-allow-methods"].contains("DELETE"));
    assert!(got.headers["access-control-allow-headers"].contains("hp-sign"));
    assert!(!got.headers.contains_key("access-control-allow-credentials"), "no cookie goes with it");
    let got = read(&open, desk);
    assert_eq!((got.status, got.headers[ALLOWED].as_str()), (401, desk), "a page reads why it may not, too");
    assert!(got.headers["access-control-expose-headers"].contains("huangpu-sequence"));
    assert!(got.headers["vary"].contains("origin"));
    assert!(
        !preflight(&open, evil).headers.contains_key(ALLOWED)
            && !read(&open, evil).headers.contains_key(ALLOWED)
    );
    for path in ["/v1/stream", "/coinbase/ws"] {
        assert_eq!([desk, evil].map(|origin| stream(&open, path, origin)), [101, 403], "{path}");
    }
}

/// A connection that is kept: it has been answered, and may ask again.
fn kept(served: &Served) -> TcpStream {
    let mut stream = TcpStream::connect(served.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut some = [0; 4_096];
    let read = stream.read(&mut some).unwrap();
    assert!(some[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&some[..read]));
    stream
}

#[test]
fn when_every_seat_is_taken_operators_get_in() {
    let served = Served::with(|config| {
        config.limits.connections_max = 6;
        config.limits.connections_kept = 3;
        config.limits.header_timeout_seconds = 600;
    });
    let held = [kept(&served), kept(&served), kept(&served)];
    let nobody = served.nobody().get("/v1/openapi.json");
    assert_eq!(
        (nobody.status, nobody.code().as_str(), nobody.headers["retry-after"].as_str()),
        (503, "busy", "5")
    );
    assert_eq!(served.program("trader").get("/v1/session").code(), "busy");
    assert_eq!(
        served.nobody().get("/healthz").status,
        200,
        "whoever restarts nodes is told that this one lives"
    );
    let mut person = served.nobody();
    assert_eq!(person.sign_in("operator1", PASSWORD).status, 200, "who is an operator says so");
    assert_eq!(person.get("/v1/operations").status, 200);
    assert_eq!(served.program("operator2").get("/v1/operations").status, 200);
    drop(held);
}

#[test]
fn one_address_has_so_many_connections_and_one_user_so_many_streams() {
    let served = Served::with(|config| config.limits.connections_per_address = 2);
    let held = [kept(&served), kept(&served)];
    assert!(served.nobody().bytes(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n", |_| false).is_empty());
    drop(held);

    let served = Served::with(|config| config.limits.streams_per_user = 1);
    let person = served.person("trader");
    let cookie = person.cookie().unwrap().to_owned();
    let headers = |cookie: &str| {
        let headers = [
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("cookie", cookie),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        headers.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let mut first = TcpStream::connect(served.address).unwrap();
    let lines: String = headers(&cookie).iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    first
        .write_all(
            format!("GET /v1/stream HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n{lines}\r\n")
                .as_bytes(),
        )
        .unwrap();
    let mut status = [0; 12];
    first.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 101");
    assert_eq!(served.nobody().upgrade("/v1/stream", &headers(&cookie)), 503);
    let other = served.person("other");
    assert_eq!(served.nobody().upgrade("/v1/stream", &headers(other.cookie().unwrap())), 101);
}
