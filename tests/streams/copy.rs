//! A client's copy of a book.

use serde_json::Value;
use std::collections::BTreeMap;

/// See the module.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Copy {
    /// By price in hundredths; of a buyer below zero, so that the best come first.
    pub(crate) bids: BTreeMap<i64, (String, String, u64)>,
    pub(crate) asks: BTreeMap<i64, (String, String, u64)>,
    pub(crate) seq: u64,
    pub(crate) messages: u64,
}

fn cents(price: &str) -> i64 {
    price.replace('.', "").parse().unwrap()
}

impl Copy {
    /// Takes a message; its checksum must be that of the copy after it.
    pub(crate) fn take(&mut self, message: &Value) {
        let (seq, prev) = (message["seq"].as_u64().unwrap(), message["prev"].as_u64().unwrap());
        if message["type"] == "snapshot" {
            (self.bids, self.asks) = Default::default();
        } else {
            assert!(prev <= self.seq && seq > self.seq, "at {}: {message}", self.seq);
        }
        (self.seq, self.messages) = (seq, self.messages + 1);
        let data = &message["data"];
        for (side, sign, levels) in [("bids", -1, &mut self.bids), ("asks", 1, &mut self.asks)] {
            for level in data[side].as_array().unwrap() {
                let (price, quantity) = (level[0].as_str().unwrap(), level[1].as_str().unwrap());
                if quantity == "0" {
                    assert!(levels.remove(&(sign * cents(price))).is_some(), "{price} was not there");
                } else {
                    let level = (price.to_owned(), quantity.to_owned(), level[2].as_u64().unwrap());
                    levels.insert(sign * cents(price), level);
                }
            }
            assert!(levels.len() <= 50, "{side} has {} prices", levels.len());
        }
        assert_eq!(Some(u64::from(self.checksum())), data["checksum"].as_u64(), "{message}");
    }

    /// As the docs say: the ten best prices a side, one bid, one ask, and so on.
    fn checksum(&self) -> u32 {
        let (bids, asks): (Vec<_>, Vec<_>) = (self.bids.values().collect(), self.asks.values().collect());
        let mut parts = Vec::new();
        for place in 0..10 {
            for (price, quantity, _) in [bids.get(place), asks.get(place)].into_iter().flatten() {
                parts.push(format!("{price}:{quantity}"));
            }
        }
        crc32fast::hash(parts.join(":").as_bytes())
    }

    /// As the API shows a book.
    pub(crate) fn shown(&self) -> (Value, Value) {
        let side = |levels: &BTreeMap<i64, (String, String, u64)>| {
            let levels = levels.values();
            levels.map(|(price, quantity, orders)| serde_json::json!([price, quantity, orders])).collect()
        };
        (side(&self.bids), side(&self.asks))
    }
}
