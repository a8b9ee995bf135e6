//! Bells: what the clock brings about by itself. Every line changes its phase at once, and orders end with it.

use crate::market::{MIDNIGHT, Market, Shape};
use anyhow::Result;
use base::{Sequence, Timestamp};
use engine::{ClientId, ClientKey, Command, Envelope, Events, OPERATOR, Record};
use serde_json::{Value, json};
use std::time::Instant;

/// The bells of a day and of the morning after, in minutes of the first day: the closing call, its end, the end of the day, the next
/// day's opening call and its end.
const BELLS: [(&str, i64); 5] = [
    ("closing call", 22 * 60 + 45),
    ("close", 23 * 60),
    ("end of the day", 23 * 60 + 30),
    ("opening call", 24 * 60 + 15),
    ("opening", 24 * 60 + 30),
];

/// Rings them over a market with so many lines and orders.
///
/// # Errors
/// The market does not open.
pub(crate) fn measure(instruments: u32, standing: usize) -> Result<Value> {
    let accounts = 10_000;
    let shape = Shape { instruments, accounts, standing, commands: 0, seed: 1 };
    let market = Market::new(shape, &mut |_| ())?;
    let (mut state, mut events) = (market.open(), Events::new());
    let mut found = json!({ "instruments": instruments, "standing_orders": state.venue().standing_orders() });
    for (name, minute) in BELLS {
        let envelope = Envelope {
            actor: OPERATOR,
            user: base::UserId::NOBODY,
            client_id: ClientId::known_by(ClientKey([2; 16])),
            door: engine::Door::Unsaid,
            command: Command::Tick,
        };
        let sequence = Sequence(state.sequence().0 + 1);
        let record = Record { sequence, time: Timestamp(MIDNIGHT + minute * 60_000_000_000), envelope };
        let began = Instant::now();
        state.apply(&record, &mut events);
        let took = began.elapsed().as_secs_f64() * 1e3;
        let ms = (took * 100.0).round() / 100.0;
        found[name] = json!({
            "ms": ms, "events": events.as_slice().len(), "standing_after": state.venue().standing_orders(),
        });
    }
    Ok(found)
}
