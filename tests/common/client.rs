//! A client of a node: HTTP as it is written, one connection a request.
#![allow(dead_code, unreachable_pub)] // each test uses a part of it
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use huangpu::serve::access::{Signed, sign};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What came back.
#[derive(Debug)]
pub struct Got {
    /// The status.
    pub status: u16,
    /// The headers, by name in small letters.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Got {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The code of a problem.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The body, of an answer that must be a good one.
    pub fn good(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, String::from_utf8_lossy(&self.body));
        self.json()
    }
}

/// See the module.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    key: Option<(String, String)>,
    cookie: Option<String>,
    csrf: Option<String>,
}

/// No two requests have the same time: what is signed twice is refused.
static LAST: AtomicI64 = AtomicI64::new(0);

/// A time in milliseconds that was not given before.
pub fn fresh_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(since.as_millis()).unwrap();
    LAST.fetch_max(now - 1, Ordering::Relaxed);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

impl Client {
    /// One that nobody knows.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, key: None, cookie: None, csrf: None }
    }

    /// One that signs with a key.
    pub fn signing(mut self, key: &str, secret: &str) -> Self {
        self.key = Some((key.to_owned(), secret.to_owned()));
        self
    }

    /// Signs in.
    pub fn sign_in(&mut self, user: &str, password: &str) -> Got {
        let got = self.send(
            "POST",
            "/v1/session",
            Some(&serde_json::json!({ "user": user, "password": password })),
        );
        self.cookie =
            got.headers.get("set-cookie").and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
        self.csrf = got.json()["csrf"].as_str().map(str::to_owned);
        got
    }

    /// The cookie of its session.
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// Forgets the token that changes carry.
    pub fn without_csrf(mut self) -> Self {
        self.csrf = None;
        self
    }

    /// Asks for something.
    pub fn get(&self, path: &str) -> Got {
        self.send("GET", path, None)
    }

    /// Sends something.
    pub fn post(&self, path: &str, body: &Value) -> Got {
        self.send("POST", path, Some(body))
    }

    /// Sends a request.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Got {
        let body = body.map(|body| serde_json::to_vec(body).unwrap());
        let mut headers = Vec::new();
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let body = body.unwrap_or_default();
        if let Some((key, secret)) = &self.key {
            let time = fresh_ms().to_string();
            let signed = Signed { time: &time, method, path, body: &body };
            let sign = huangpu::node::hex(&sign(secret.as_bytes(), &signed));
            headers.extend([
                ("hp-key".to_owned(), key.clone()),
                ("hp-time".to_owned(), time),
                ("hp-sign".to_owned(), sign),
            ]);
        }
        if let Some(cookie) = &self.cookie {
            headers.push(("cookie".to_owned(), cookie.clone()));
        }
        if let Some(csrf) = &self.csrf {
            headers.push(("x-csrf-token".to_owned(), csrf.clone()));
        }
        self.raw(method, path, &headers, &body)
    }

    /// Sends a request with these headers and no others but those that HTTP asks for.
    pub fn raw(&self, method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Got {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).unwrap();
        // A body that is too large may be refused before it is read.
        let _ = stream.write_all(body);
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        parse(&all)
    }
}

impl Client {
    /// Asks for a stream with these headers, and gives the status of the answer.
    pub fn upgrade(&self, path: &str, headers: &[(String, String)]) -> u16 {
        let mut head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let answer =
            self.bytes(format!("{head}\r\n").as_bytes(), |got| got.windows(4).any(|end| end == b"\r\n\r\n"));
        parse(&answer).status
    }

    /// Sends bytes, and reads until enough has come or the node closes.
    pub fn bytes(&self, bytes: &[u8], enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(bytes).unwrap();
        let (mut all, mut some) = (Vec::new(), [0; 4_096]);
        while !enough(&all) {
            match stream.read(&mut some) {
                Ok(0) | Err(_) => break,
                Ok(read) => all.extend(&some[..read]),
            }
        }
        all
    }
}

/// Reads an answer.
pub fn parse(all: &[u8]) -> Got {
    let end = all.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer has a head");
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).unwrap();
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
    Got { status, headers, body: all[end + 4..].to_vec() }
}

/// What an operator of a started node chooses, once it has its link.
pub const CHOSEN: &str = "chosen by one alone";

/// The links that a start printed: user and token.
pub fn links(said: &str) -> Vec<(String, String)> {
    let links = said.lines().filter_map(|line| line.split_once("/#/enrol/")?.1.split_once('/'));
    links.map(|(user, token)| (user.to_owned(), token.to_owned())).collect()
}

/// Completes a link.
pub fn enrol(address: SocketAddr, (user, token): &(String, String)) -> Got {
    let body = serde_json::json!({ "user": user, "token": token, "password": CHOSEN });
    Client::new(address).post("/v1/session/enrol", &body)
}

/// The first operator of a started node, come in by its link and signed in.
pub fn first_operator(address: SocketAddr, said: &str) -> Client {
    let links = links(said);
    assert_eq!(enrol(address, &links[0]).status, 204);
    let mut client = Client::new(address);
    client.sign_in(&links[0].0, CHOSEN).good();
    client
}
