//! The table, and what is noted against it.

use crate::common::client::{Client, Got};
use crate::common::{Served, key_of};
use huangpu::serve::access::{Secrets, Signed, sign};
use serde_json::{Value, json};

/// A part of the table, and what came back so far.
pub struct Table {
    part: &'static str,
    wanted: Vec<(String, String)>,
    found: Vec<(String, String)>,
}

impl Table {
    /// The part with a name.
    pub fn of(part: &'static str) -> Self {
        let text = include_str!("table.txt");
        let lines = text.lines().skip_while(|line| *line != format!("[{part}]")).skip(1);
        let lines = lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty());
        let rows = lines.map(|line| {
            let (what, answer) = line.split_once("  ").unwrap_or_else(|| panic!("{line:?} has no answer"));
            (what.to_owned(), answer.trim().to_owned())
        });
        let wanted: Vec<_> = rows.collect();
        assert!(!wanted.is_empty(), "there is no part {part}");
        Self { part, wanted, found: Vec::new() }
    }

    /// Notes what came of a trial.
    pub fn note(&mut self, what: &str, came: impl Into<String>) {
        self.found.push((what.to_owned(), came.into()));
    }

    /// Notes an answer.
    pub fn answered(&mut self, what: &str, got: &Got) {
        self.note(what, answer(got));
    }

    /// Every line was tried, in its order, and came out as it says.
    pub fn done(self) {
        let lines =
            |rows: &[(String, String)]| rows.iter().map(|(w, a)| format!("{w}: {a}")).collect::<Vec<_>>();
        let (wanted, found) = (lines(&self.wanted), lines(&self.found));
        let missing: Vec<_> = wanted.iter().filter(|line| !found.contains(line)).collect();
        let others: Vec<_> = found.iter().filter(|line| !wanted.contains(line)).collect();
        assert!(
            missing.is_empty() && others.is_empty(),
            "[{}]\nexpected, and not found: {missing:#?}\nfound, and not expected: {others:#?}",
            self.part
        );
    }
}

/// An answer as the table has it.
pub fn answer(got: &Got) -> String {
    if got.status < 400 {
        return got.status.to_string();
    }
    let problem = got.json();
    let reason = problem["stage"].as_str().zip(problem["reason"].as_str());
    let reason = reason.map_or_else(String::new, |(stage, reason)| format!(" {stage}/{reason}"));
    format!("{} {}{reason}", got.status, got.code()).trim_end().to_owned()
}

/// An order that stands.
pub fn order(id: &str) -> Value {
    json!({ "id": id, "account": "DJ", "instrument": "B2609", "side": "sell", "price": "99.00", "quantity": 1000 })
}

/// How many orders of the trader's stand that were entered here; one of the day before may not be over yet.
pub fn standing(served: &Served) -> usize {
    let got = served.program("trader").get("/v1/orders").good();
    let entered = |order: &&Value| !order["id"].as_str().unwrap().starts_with("0303-");
    got["items"].as_array().unwrap().iter().filter(entered).count()
}

/// A request that is signed as it is told: what is signed may differ from what is sent.
pub struct Forged<'a> {
    pub key: &'a str,
    pub time: String,
    pub method: &'a str,
    pub path: &'a str,
    pub body: &'a [u8],
}

impl Forged<'_> {
    /// The headers of a signature over this.
    pub fn headers(&self, served: &Served) -> Vec<(String, String)> {
        let secret = Secrets::open(served.dir.path()).unwrap().of_key(&key_of("trader"));
        let signed = Signed { time: &self.time, method: self.method, path: self.path, body: self.body };
        let signature = huangpu::node::hex(&sign(secret.as_bytes(), &signed));
        let headers = [
            ("content-type", "application/json"),
            ("hp-key", self.key),
            ("hp-time", &self.time),
            ("hp-sign", &signature),
        ];
        headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }
}

/// Proposes something, and gives the act's number.
pub fn proposed(client: &Client, path: &str, body: &Value) -> u64 {
    let got = client.post(path, body);
    assert_eq!(got.status, 202, "{path}: {}", got.json());
    got.json()["act"].as_u64().unwrap()
}

/// Approves an act.
pub fn approve(client: &Client, act: u64) -> Got {
    client.post(&format!("/v1/acts/{act}/approve"), &json!({}))
}
