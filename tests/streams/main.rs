//! Streams: a copy of the book that proves itself, resumption without loss, the privacy of what is private, and what happens when
//! a client is slow, silent, rude or gone.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

#[path = "../common/mod.rs"]
mod common;

mod book;
mod copy;
mod ends;
mod manners;
mod pace;
mod private;
mod queue;
mod schema;
mod socket;
mod violations;

use common::Served;
use serde_json::{Value, json};

/// Money and bills for everyone.
fn fund(served: &Served) {
    let banker = served.program("banker");
    for account in ["DJ", "HM"] {
        let deposit = json!({ "account": account, "amount": "1000000000.00", "reference": "in" });
        let proposed = banker.post("/v1/commands/deposit", &deposit).good();
        let path = format!("/v1/acts/{}/approve", proposed["act"]);
        served.program("teller").post(&path, &json!({})).good();
        let issue = json!({ "account": account, "asset": "B2609", "quantity": 10_000_000, "reason": "more" });
        let proposed = served.program("authority1").post("/v1/commands/issue", &issue).good();
        let path = format!("/v1/acts/{}/approve", proposed["act"]);
        served.program("authority2").post(&path, &json!({})).good();
    }
}

/// A limit order on the book, of so many lots.
fn order(account: &str, side: &str, price: &str, lots: u32) -> Value {
    json!({ "account": account, "instrument": "B2609", "side": side, "price": price, "quantity": lots * 1_000 })
}
